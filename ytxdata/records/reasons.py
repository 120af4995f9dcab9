"""Why a record is no meeting, and what can be wrong with a value: keys and their texts, as data."""

from __future__ import annotations

from ytxdata.labels import Text

REJECTS: dict[str, Text] = {
    "broken_text": Text("文本损坏，无法按 JSON 读出", "its text is broken and cannot be read as JSON"),
    "not_object": Text("不是对象", "it is no object"),
    "no_id": Text("没有会议编号", "it has no meeting id"),
    "bad_id": Text("会议编号不是文本或整数", "its meeting id is neither text nor a whole number"),
}

PROBLEMS: dict[str, Text] = {
    "broken_text": Text("记录文本有损坏之处，已宽松读取", "the record's text is damaged and was read leniently"),
    "doubled_key": Text("同一对象中键重复，取最后一个；此处为被覆盖的值", "a key stands twice in one object and the last one counts; here is the other value"),
    "too_deep": Text("嵌套过深，未读取", "nested too deeply, not read"),
    "not_a_number": Text("NaN 或无穷不是合法的 JSON 数", "NaN or infinity is no JSON number"),
    "other_value": Text("另一候选键给出不同的值，未采用", "another candidate key gives a different value, not used"),
    "wrong_type": Text("值的类型不对，已置空", "a value of the wrong type, set to null"),
    "inexact_number": Text("编号或号码以浮点数给出，可能已失真；保留原文", "an id or phone given as a floating number, perhaps already rounded; its text is kept"),
    "not_a_phone": Text("不是电话号码；保留原文", "it is no telephone number; its text is kept"),
    "unreadable_time": Text("无法读出时间，已置空", "a time that cannot be read, set to null"),
    "absurd_time": Text("时间早于 2000 年或晚于十年后，已置空", "a time before 2000 or more than ten years ahead, set to null"),
    "unreadable_duration": Text("无法读出时长，已置空", "a duration that cannot be read, set to null"),
    "negative_duration": Text("时长为负，已置空", "a negative duration, set to null"),
    "fractional_duration": Text("时长带小数，已取整秒", "a duration with a fraction, rounded to whole seconds"),
    "unreadable_flag": Text("无法读出是非值，已置空", "neither yes nor no, set to null"),
    "unreadable_amount": Text("无法读出金额，已置空", "an amount that cannot be read, set to null"),
    "rounded_amount": Text("金额超过 18 位小数，已四舍五入", "an amount with more than 18 decimals, rounded"),
    "unreadable_parties": Text("无法读出参会名单，视为未知", "a list of parties that cannot be read, taken as unknown"),
    "not_a_party": Text("名单中的此项不是参会方，未计入", "an entry of the list that is no party, not counted"),
    "end_before_start": Text("结束早于开始；两者都保留", "it ends before it starts; both are kept"),
    "duration_mismatch": Text("时长与 结束 − 开始 相差超过 2 秒；都保留", "its duration differs from end − start by more than 2 s; all are kept"),
    "same_id_again": Text("同一次应答中编号重复而内容不同，取后一条", "the same id again in one answer with other contents; the later one counts"),
    "id_collision": Text("同一编号用于两场不可能相同的会议；两者都保留", "one id for two meetings that cannot be the same; both are kept"),
}  # fmt: skip
