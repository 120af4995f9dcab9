"""What is assumed about the platform's records, as a list of data: each can be confirmed or contradicted by an
account."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.labels import NO_TEXT, Text
from ytxdata.records.fields import Field
from ytxdata.records.json_values import read_value
from ytxdata.records.normalize import Normalized

State = Literal["confirmed", "contradicted", "open"]
Grade = Literal["documented", "stated", "inferred", "unknown"]

STATE_TEXTS: dict[State, Text] = {
    "confirmed": Text("证实", "confirmed"),
    "contradicted": Text("不符", "contradicted"),
    "open": Text("未知", "not shown"),
}

GRADE_TEXTS: dict[Grade, Text] = {
    "documented": Text("文档写明", "documented"),
    "stated": Text("他人所述", "stated by others"),
    "inferred": Text("推断", "inferred"),
    "unknown": Text("未知", "unknown"),
}

FEW = 20
"""With fewer values than this nothing is concluded about units, zones and forms."""

NEARLY_ALL = 0.95
"""Share from which a habit is taken as the rule."""

QUIET = 0.1
"""Share of the starts that the six quietest hours may have to count as a night."""

_HAVE_ENDS = ("场有时长的会议有结束时间", "meetings with a duration have a time of ending")
_BY_DURATION = Text(
    '；时长若确为秒，可在 ytxdata.toml 写 [aliases] ended_at = ["start + duration"]，以开始加时长为结束',
    '; if durations are seconds, [aliases] ended_at = ["start + duration"] in ytxdata.toml takes them for the ends',
)

_BY_OTHER_KEY = Text(
    '；另有 {keys} 每条不同：若是会议编号，在 ytxdata.toml 写 [aliases] meeting_id = "{key}"',
    '; {keys} is another in each: if it is the id, write [aliases] meeting_id = "{key}" in ytxdata.toml',
)
_CALLED_ID = re.compile("id$|no$|num(?:ber)?$|code$|编号$|号$|代码$|编码$", re.IGNORECASE)

DURATION_UNITS: tuple[tuple[str, float, Text], ...] = (
    ("s", 1.0, Text("秒", "seconds")),
    ("ms", 1000.0, Text("毫秒", "milliseconds")),
    ("min", 1 / 60, Text("分钟", "minutes")),
    ("h", 1 / 3600, Text("小时", "hours")),
)
"""Units a duration may be in: key, units per second, name."""


class AccountRecords(NamedTuple):
    """What an account's records show: their fields and the tables they give."""

    fields: tuple[Field, ...]
    tables: Normalized


class Support(NamedTuple):
    """Whether the facts confirm an assumption, and by what."""

    state: State
    text: Text


class Assumption(NamedTuple):
    """One assumption: key, how surely it was known beforehand, what it says, and how it is tested."""

    key: str
    grade: Grade
    text: Text
    check: Callable[[AccountRecords], Support]


def duration_unit(tables: Normalized) -> tuple[str, float] | None:
    """Return the unit in which durations agree with end − start, and the share that agree; None when too few tell."""
    best: tuple[str, float] | None = None
    for table, start, end in ((tables.meetings, "started_at", "ended_at"), (tables.legs, "joined_at", "left_at")):
        span = pc.divide(_microseconds(table, end, start), 1_000_000.0).to_numpy()
        given = table["duration_s"].cast(pa.float64()).to_numpy()
        # A short meeting fits several units once it is rounded: 50 s are 1 min.
        is_telling = (span >= 60) & (given > 0)
        if np.count_nonzero(is_telling) < FEW:
            continue
        for unit, per_second, _ in DURATION_UNITS:
            expected = span[is_telling] * per_second
            slack = np.maximum(2 * per_second, 1.0 if per_second < 1 else 0.01 * expected)
            share = float(np.mean(np.abs(given[is_telling] - expected) <= slack))
            if best is None or share > best[1]:
                best = unit, share
        break
    return best


def quiet_hour(tables: Normalized) -> int | None:
    """Return the middle of the six quietest hours of starts, read as Beijing time; None when there is no rhythm to
    see."""
    starts = tables.meetings["started_at"].drop_null()
    if len(starts) < 5 * FEW:
        return None
    hours = (starts.cast(pa.int64()).to_numpy() // 3_600_000_000 + 8) % 24
    counts = np.bincount(hours, minlength=24)
    windows = [int(counts[np.arange(first, first + 6) % 24].sum()) for first in range(24)]
    if min(windows) > QUIET * len(starts):
        return None
    quietest = [first for first, n in enumerate(windows) if n == min(windows)]
    turn = np.exp(2j * np.pi * np.array(quietest) / 24).sum()  # a mean around the clock
    return round(float(np.angle(turn)) / (2 * np.pi) * 24 + 3) % 24


def _microseconds(table: pa.Table, end: str, start: str) -> pa.ChunkedArray:
    return pc.cast(pc.subtract(table[end].cast(pa.int64()), table[start].cast(pa.int64())), pa.float64())


def _feeding(facts: AccountRecords, *columns: str) -> list[Field]:
    return [field for field in facts.fields if field.feeds in columns and field.n_filled]


def _share(n: int, total: int) -> str:
    return f"{n:,}/{total:,}"


def _verdict(n: int, total: int, zh: str, en: str, least: int = 1) -> Support:
    """Judge by a share: nearly all confirm, fewer contradict, too few values leave it open."""
    shown = f"{_share(n, total)} "
    state: State = "open" if total < least else "confirmed" if n >= NEARLY_ALL * total else "contradicted"
    return Support(state, Text(shown + zh, shown + en))


def _ids(facts: AccountRecords) -> Support:
    n, lost = facts.tables.meetings.num_rows, facts.tables.rejects.num_rows
    found = _verdict(n, n + lost, "条记录有可读的编号", "records have a legible id")
    keys = _may_be_ids(facts.tables.rejects) if found.state == "contradicted" else []
    hint = _BY_OTHER_KEY.format(keys=", ".join(keys), key=keys[0]) if keys else NO_TEXT
    return Support(found.state, Text(found.text.zh + hint.zh, found.text.en + hint.en))


def _may_be_ids(rejects: pa.Table) -> list[str]:
    """Return which keys that are called like an id say something else in each record that has none.

    Only told: a key that counts anew in each answer would make other meetings of all at every sync.
    """
    raws = rejects.filter(pc.equal(rejects["reason"], "no_id"))["raw"].to_pylist()
    read = [found.value for raw in raws if (found := read_value(raw.encode("utf-8", "replace")))]
    objects = [one for one in read if isinstance(one, dict)]
    if len(objects) < 2:
        return []
    # a key that holds a number may be somebody's
    keys = [key for key in objects[0] if _CALLED_ID.search(key) and not re.search(r"\d{4}", key)]
    said = {key: {str(one.get(key) or "") for one in objects} for key in keys if key.isidentifier()}
    return [key for key, texts in said.items() if len(texts - {""}) == len(objects)][:3]


def _unique_ids(facts: AccountRecords) -> Support:
    n = facts.tables.meetings.num_rows
    return _verdict(len(facts.tables.meetings["meeting_id"].unique()), n, "个不同编号", "distinct ids", FEW)


def _times(facts: AccountRecords) -> Support:
    forms: dict[str, int] = {}
    for field in facts.fields:
        if field.feeds.endswith("_at"):
            for form, n in field.forms.items():
                forms[form] = forms.get(form, 0) + n
    shown = ", ".join(f"{form} {n:,}" for form, n in sorted(forms.items()))
    total = sum(forms.values())
    return _verdict(forms.get("wall_time", 0), total, f"个时间为此形式（{shown}）", f"times have this form ({shown})")


def _duration(facts: AccountRecords) -> Support:
    found = duration_unit(facts.tables)
    if found is None:
        return Support(
            "open", Text("时长与起止时间同时出现的太少", "too few records have a duration, a start and an end")
        )
    unit, share = found
    name = next(text for key, _, text in DURATION_UNITS if key == unit)
    if share < NEARLY_ALL:
        return Support(
            "contradicted",
            Text(
                f"没有单位与 结束 − 开始 相符；最接近{name.zh}（{share:.0%}）",
                f"no unit agrees with end − start; nearest is {name.en} ({share:.0%})",
            ),
        )
    text = Text(f"{share:.0%} 按{name.zh}与 结束 − 开始 相符", f"{share:.0%} agree with end − start in {name.en}")
    return Support("confirmed" if unit == "s" else "contradicted", text)


def _zone(facts: AccountRecords) -> Support:
    hour = quiet_hour(facts.tables)
    if hour is None:
        return Support("open", Text("会议太少，或看不出作息", "too few meetings, or no rhythm of day and night"))
    text = Text(
        f"按北京时间读，最安静的时段在 {hour} 点前后", f"read as Beijing time, the quietest hours lie around {hour}:00"
    )
    is_night = hour >= 22 or hour <= 6
    return Support("confirmed" if is_night else "contradicted", text)


def _phones(facts: AccountRecords) -> Support:
    legs = facts.tables.legs
    total = len(legs) - legs["phone"].null_count
    return _verdict(len(legs) - legs["number"].null_count, total, "个号码可拨", "phones are telephone numbers")


def _creators(facts: AccountRecords) -> Support:
    meetings, problems = facts.tables.meetings, facts.tables.problems
    total = len(meetings) - meetings["creator"].null_count
    wrong = pc.and_(pc.equal(problems["column"], "creator"), pc.equal(problems["reason"], "not_a_phone"))
    n_wrong = pc.sum(wrong).as_py() or 0
    return _verdict(total - n_wrong, total, "个发起人是电话号码", "creators are telephone numbers")


def _parties(facts: AccountRecords) -> Support:
    meetings = facts.tables.meetings
    return _verdict(
        len(meetings) - meetings["n_legs"].null_count, len(meetings), "场会议带参会名单", "meetings list their parties"
    )


def _ends(facts: AccountRecords) -> Support:
    """Judge by the meetings that lasted: without an end their minutes are unknown."""
    meetings = facts.tables.meetings
    lasted = meetings.filter(pc.and_(meetings["started_at"].is_valid(), pc.greater(meetings["duration_s"], 0)))
    found = _verdict(len(lasted) - lasted["ended_at"].null_count, len(lasted), *_HAVE_ENDS, FEW)
    hint = _BY_DURATION if found.state == "contradicted" else NO_TEXT
    return Support(found.state, Text(found.text.zh + hint.zh, found.text.en + hint.en))


def _leg_names(facts: AccountRecords) -> Support:
    """Judge by whether any leg has a name, where parties have words under keys that nobody knows: one may be the name."""
    legs, parties = facts.tables.legs, [field.path for field in _feeding(facts, "meetings.parties")]
    n = len(legs) - legs["name"].null_count
    is_unread = any(
        field.main_form == "text" and not field.feeds and field.path.startswith(tuple(parties))
        for field in facts.fields
    )
    state: State = "confirmed" if n else "contradicted" if is_unread and len(legs) >= FEW else "open"
    text = _share(n, len(legs))
    return Support(state, Text(f"{text} 条接入记录有姓名", f"{text} legs have a name"))


def _leg_times(facts: AccountRecords) -> Support:
    """Judge by whether any leg has a time: those who never answered have none."""
    legs = facts.tables.legs
    n = len(legs) - legs["joined_at"].null_count
    state: State = "open" if len(legs) < FEW else "confirmed" if n else "contradicted"
    text = _share(n, len(legs))
    return Support(state, Text(f"{text} 条接入记录有加入时间", f"{text} legs have a time of joining"))


def _leg_ends(facts: AccountRecords) -> Support:
    """Judge by who joined a meeting that has ended: without a time of leaving a leg lasts until the meeting's end."""
    legs, meetings = facts.tables.legs, facts.tables.meetings
    ended = meetings["row"].filter(meetings["ended_at"].is_valid())
    joined = legs.filter(pc.and_(legs["joined_at"].is_valid(), pc.is_in(legs["row"], value_set=ended.combine_chunks())))
    return _verdict(
        len(joined) - joined["left_at"].null_count,
        len(joined),
        "条已加入的接入记录有离开时间，其余算到会议结束",
        "legs that joined have a time of leaving, the others last until the end of the meeting",
        FEW,
    )


def _creator_listed(facts: AccountRecords) -> Support:
    legs, meetings = facts.tables.legs, facts.tables.meetings
    mine = legs.filter(pc.fill_null(legs["is_creator"], False))
    judged = meetings.filter(
        pc.and_(meetings["creator"].is_valid(), pc.greater(pc.fill_null(meetings["n_legs"], 0), 0))
    )
    return _verdict(
        len(mine["row"].unique()), len(judged), "场会议的名单含发起人", "meetings list their creator among the parties"
    )


def _one_shape(facts: AccountRecords) -> Support:
    own = [field for field in facts.fields if "." not in field.path and "[" not in field.path]
    always = [field for field in own if field.n_present == field.n_parents]
    return _verdict(len(always), len(own), "个键每条记录都有", "keys stand in every record")


def _known_keys(facts: AccountRecords) -> Support:
    own = [
        field for field in facts.fields if field.n_filled and "object" not in field.types and "list" not in field.types
    ]
    unknown = [field.path for field in own if not field.feeds]
    evidence = _verdict(len(own) - len(unknown), len(own), "个键归入某列", "keys feed a column")
    if not unknown:
        return evidence
    shown = ", ".join(unknown[:12])
    text = evidence.text
    return Support(evidence.state, Text(f"{text.zh}；未用：{shown}", f"{text.en}; not used: {shown}"))


def _one_key(facts: AccountRecords) -> Support:
    by_column: dict[str, list[str]] = {}
    for field in facts.fields:
        if field.feeds and field.n_filled:
            by_column.setdefault(f"{field.feeds}@{field.path.rpartition('.')[0]}", []).append(field.path)
    rivals = [
        f"{column.partition('@')[0]} ← {', '.join(paths)}" for column, paths in by_column.items() if len(paths) > 1
    ]
    if not by_column:
        return Support("open", Text("没有记录", "no records"))
    if rivals:
        return Support("contradicted", Text("；".join(rivals), "; ".join(rivals)))
    return Support("confirmed", Text(f"{len(by_column)} 列各一个键", f"{len(by_column)} columns, one key each"))


def _money(facts: AccountRecords) -> Support:
    amounts = facts.tables.meetings["amount_yuan"]
    given = sum(field.n_filled for field in _feeding(facts, "meetings.amount_yuan"))
    return _verdict(len(amounts) - amounts.null_count, given, "个金额可读", "amounts can be read")


def _recording(facts: AccountRecords) -> Support:
    given = sum(field.n_filled for field in _feeding(facts, "meetings.recording_url"))
    values = facts.tables.meetings["recording_url"].drop_null()
    n_urls = pc.sum(pc.match_substring(values, "://")).as_py() or 0
    return _verdict(
        given - len(values) + n_urls,
        given,
        f"个值是网址（{n_urls:,}）或 NoTapes",
        f"values are an address ({n_urls:,}) or NoTapes",
    )


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption("id", "inferred", Text("每条记录有会议编号", "every record has a meeting id"), _ids),
    Assumption("unique_id", "inferred", Text("一个编号对应一场会议", "an id stands for one meeting"), _unique_ids),
    Assumption("wall_times", "inferred", Text("时间写作 yyyy-MM-dd HH:mm:ss，不带时区", "times are written yyyy-MM-dd HH:mm:ss, without a zone"), _times),
    Assumption("zone", "stated", Text("时间为北京时间", "times are Beijing time"), _zone),
    Assumption("duration_unit", "inferred", Text("时长以秒计，等于 结束 − 开始", "durations are seconds and equal end − start"), _duration),
    Assumption("creator_phone", "inferred", Text("发起人是电话号码", "the creator is a telephone number"), _creators),
    Assumption("parties", "inferred", Text("记录带参会名单", "a record lists its parties"), _parties),
    Assumption("party_phone", "inferred", Text("参会方以电话号码标识", "a party is known by a telephone number"), _phones),
    Assumption("ends", "inferred", Text("会议有结束时间", "a meeting has a time of ending"), _ends),
    Assumption("leg_names", "unknown", Text("参会方有姓名", "a party has a name"), _leg_names),
    Assumption("leg_times", "unknown", Text("参会方有加入时间", "a party has a time of joining"), _leg_times),
    Assumption("leg_ends", "unknown", Text("参会方有离开时间", "a party has a time of leaving"), _leg_ends),
    Assumption("creator_listed", "unknown", Text("发起人在名单中", "the creator is among the parties"), _creator_listed),
    Assumption("money", "inferred", Text("金额是十进制数", "amounts are decimal numbers"), _money),
    Assumption("recording", "stated", Text("录音为网址，或 NoTapes", "a recording is an address, or NoTapes"), _recording),
    Assumption("one_shape", "unknown", Text("各记录的键相同", "all records have the same keys"), _one_shape),
    Assumption("known_keys", "unknown", Text("每个键都归入某列", "every key feeds a column"), _known_keys),
    Assumption("one_key", "unknown", Text("每列只有一个键", "each column has one key"), _one_key),
)  # fmt: skip
