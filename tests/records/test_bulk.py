"""The quick way through records that are alike says what the general way says, to the last problem; and it is taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ytxdata.emulator.company import Company
from ytxdata.emulator.dialects import DIALECTS, write
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.bulk import BulkReader
from ytxdata.records.encodings import is_utf8
from ytxdata.records.normalize import Normalized, normalize

WORDS = st.sampled_from(
    [
        *("", " ", "m1", "m2", "甲", "a\u3000", '"\\/\n\t\0', "\U0001f600", "15400000001", "+86 154 0000 0001", "010-00000003"),
        *("2026-01-05 10:00:00", "2026-01-05 09:00:00", "2026-01-05 24:00:00", "20260105100000", "1767578400", "1970-01-01 08:00:00"),
        *("2026-02-30 10:00:00", "0000-00-00 00:00:00", "60", "00:45:10", "-5", "2.5", "1e3", "0x10", "0", "1", "yes", "1,234.50", "1,23"),
        *("NoTapes", "https://r.example/1", "[]", "{", "NaN", "null"),
    ]
)  # fmt: skip
WHOLE = st.sampled_from([0, 1, -1, 60, 15400000001, 1767578400, 1767578400000, 20260105100000, 2**63 - 1])
AMOUNTS = st.sampled_from([0, 1, 0.1, 12.5, 0.30000000000000004, 1e-19, 1e19, -3.25, 99999999999999999999])
KINDS = (WORDS, WHOLE, AMOUNTS, st.booleans(), st.none(), st.lists(WORDS, max_size=2), st.just({"phone": "1", "x": {}}))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, 2**70, 1.5, 1e300, float("nan"), float("inf"), True, "", "odd", [], {}, [[]], [None], {"meid": "2"}]
)
MEETING_KEYS = (
    *("meid", "confId", "name", "meetingname", "creator", "starttime", "endTime", "confStartTime", "duration", "status"),
    *("stateDesc", "bookmeeting", "oriamount", "tapesurl", "shownumber", "srcclid", "customParm", "extra", ""),
)  # fmt: skip
LEG_KEYS = (
    "name",
    "nickname",
    "phone",
    "mobile",
    "joinTime",
    "starttime",
    "leaveTime",
    "memberDuration",
    "status",
    "x",
)
EXTRA = DEFAULT.with_extra({"amount_yuan": "fee", "meeting_id": "", "parties": "people"})


def in_general(raws: Sequence[bytes], aliases: Aliases = DEFAULT) -> Normalized:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BulkReader, "read_some", lambda *_: None)
        return normalize(raws, aliases)


def check(raws: Sequence[bytes], aliases: Aliases = DEFAULT) -> None:
    for table, expected in zip(normalize(raws, aliases), in_general(raws, aliases), strict=True):
        table.validate(full=True)
        assert table.to_pylist() == expected.to_pylist()
        assert table.schema == expected.schema


def is_alike(raws: Sequence[bytes], aliases: Aliases = DEFAULT) -> bool:
    return BulkReader(aliases).read(raws) is not None


@st.composite
def objects(draw: st.DrawFn, keys: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of objects with the same keys and, nearly always, types."""
    used = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=7, unique=True))
    kinds = {key: draw(st.sampled_from((WORDS, WORDS, WORDS, *KINDS))) for key in used}
    n_always = draw(st.integers(0, len(used)))
    return st.fixed_dictionaries(
        {key: kinds[key] for key in used[:n_always]}, optional={key: kinds[key] for key in used[n_always:]}
    )


@st.composite
def texts(draw: st.DrawFn) -> list[bytes]:
    """Return records that are nearly alike."""
    meetings = draw(objects(MEETING_KEYS))
    lists: st.SearchStrategy[Any] = st.lists(draw(objects(LEG_KEYS)), max_size=3) | st.just([])
    parties_keys = draw(st.lists(st.sampled_from(["parties", "memberList", "people"]), max_size=2, unique=True))
    ids = draw(st.sampled_from([st.just("m1"), WORDS, WHOLE]))
    parties = dict.fromkeys(parties_keys, draw(st.sampled_from([lists, lists | st.none(), st.lists(WORDS)])))
    whole = st.tuples(meetings, st.fixed_dictionaries({"meid": ids, **parties}))
    records = [one | own for one, own in draw(st.lists(whole, min_size=1, max_size=5))]
    if draw(st.sampled_from([False, False, False, True])):
        place: Any = draw(st.sampled_from(records))
        for party in next((one for one in place.values() if isinstance(one, list) and one), []):
            place = party if isinstance(party, dict) else place
        place[draw(st.sampled_from(MEETING_KEYS + LEG_KEYS))] = draw(ODD)
    return [json.dumps(one, ensure_ascii=draw(st.booleans())).encode() for one in records]


@pytest.mark.slow
@given(texts())
def test_records_that_are_nearly_alike(raws: list[bytes]) -> None:
    check(raws)
    check(raws, EXTRA)


@pytest.mark.parametrize("zero", ["0000-00-00 00:00:00", "0001-01-01 00:00:00"])
@pytest.mark.parametrize("key", ["starttime", "endtime", "createtime"])
def test_a_time_of_nothing_says_nothing_either_way(key: str, zero: str) -> None:
    """Read one by one, it was told as another start: of the same record `verify` said that it gave other rows."""
    raws = [json.dumps({"meid": f"m{i}", key: zero}).encode() for i in range(2)]
    assert is_alike(raws)
    check(raws)
    assert normalize(raws, DEFAULT).problems.num_rows == 0


@pytest.mark.slow
@given(texts(), st.data())
def test_any_bytes_changed(raws: list[bytes], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(raws) - 1))
    text = bytearray(raws[i])
    start, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 2))
    text[start : start + length] = data.draw(
        st.binary(max_size=2) | st.sampled_from([b"{}", b"}{", b'"', b",", b"\n", b"NaN"])
    )
    check([*raws[:i], bytes(text), *raws[i + 1 :]])


LEG = '{"phone":"15400000001","jointime":"2026-01-05 10:00:00"}'
GOOD = f'{{"meid":"m1","name":"a","oriamount":0.5,"n":1.5,"flag":true,"parties":[{LEG},{LEG}]}}'
HARMLESS = {
    "pretty": json.dumps(json.loads(GOOD), indent=2).replace("\n", "\r\n"),
    "escapes": GOOD.replace('"a"', r'"\ud83d\ude00\u0000\/\""').replace('"name"', r'"n\u0061me"'),
    "another order": json.dumps(dict(reversed(json.loads(GOOD).items()))),
    "absent key": GOOD.replace('"name":"a",', ""),
    "null": GOOD.replace('"a"', "null").replace("0.5", "null").replace("true", "null"),
    "null list": json.dumps(json.loads(GOOD) | {"parties": None}),
    "empty list": json.dumps(json.loads(GOOD) | {"parties": []}),
    "amount with exponent": GOOD.replace("0.5", "-125E-2"),
    "whole amount": GOOD.replace("0.5", "5"),
    "names in brackets": GOOD.replace('"phone"', '"name":"[外部]王芳","state":"[已接通]","phone"'),
    "rounded away": GOOD.replace("0.5", "0.5000000000000000000000"),
}
HARMFUL = {
    "number": "7",
    "array": "[1]",
    "empty": "",
    "blank": " ",
    "null": "null",
    "no id": '{"name":"x"}',
    "no key": "{}",
    "blank id": GOOD.replace('"m1"', '" "'),
    "number as text": GOOD.replace('"a"', "1"),
    "object as text": GOOD.replace('"a"', "{}"),
    "nan": GOOD.replace("0.5", "NaN"),
    "unused nan": GOOD.replace("1.5", "NaN"),
    "infinity": GOOD.replace("0.5", "-Infinity"),
    "much money": GOOD.replace("0.5", "100000000000000000000"),
    "mobile as money": GOOD.replace("0.5", "13812345678"),
    "fine money": GOOD.replace("0.5", "0.1234567890123456789"),
    "endless number": GOOD.replace("0.5", "1" * 5000),
    "out of bounds": GOOD.replace("1.5", "1e999999"),
    "leading zero": GOOD.replace("0.5", "007"),
    "doubled key": GOOD.replace('"name"', '"name":"b","name"'),
    "doubled null": GOOD.replace('"name"', '"name":null,"name"'),
    "doubled in a party": GOOD.replace('"phone"', '"phone":null,"phone"'),
    "doubled unused": GOOD.replace('"n":1.5', '"n":1.5,"n":2.5'),
    "unknown key": GOOD.replace('"n":1.5', '"n":1.5,"m":NaN'),
    "control": GOOD.replace('"a"', '"a\x01"'),
    "newline": GOOD.replace('"a"', '"a\nb"'),
    "surrogate": GOOD.replace('"a"', r'"\udc00"'),
    "escape": GOOD.replace('"a"', r'"\x"'),
    "invalid byte": GOOD.replace('"a"', '"\udcff"'),
    "encoded surrogate": GOOD.replace('"a"', '"\udced\udca0\udc80"'),
    "sittings as text": GOOD.replace('"phone"', f'"state":{json.dumps(f"[{LEG},{LEG}]")},"phone"'),
    "callers as text": GOOD.replace('"phone"', f'"name":{json.dumps(f" [{LEG}]")},"phone"'),
    "null party": GOOD.replace(LEG, "null"),
    "empty party": GOOD.replace(LEG, "{}"),
    "phone as party": GOOD.replace(LEG, '"15400000001"'),
    "two in one": GOOD + GOOD,
    "something behind": f"{GOOD} null",
    "member": f'"m9": {GOOD}',
    "cut": GOOD[:-3],
    "open list": f'{{"meid":"1","parties":[{LEG},',
    "list goes on": f"{LEG}]}}",
    "trailing comma": GOOD.replace("}]}", "},]}"),
    "deep": GOOD.replace('"a"', "[" * 20_000 + "]" * 20_000),
    "deep unused": GOOD.replace("1.5", '{"x":' * 800 + "1" + "}" * 800),
    "deep unknown": GOOD.replace('"n"', '"m":' + "[" * 700 + "]" * 700 + ',"n"'),
}


def encoded(*records: str) -> list[bytes]:
    return [record.encode("utf-8", "surrogateescape") for record in records]


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_the_quick_way_takes(kind: str) -> None:
    raws = encoded(GOOD, HARMLESS[kind], GOOD)
    assert is_alike(raws)
    check(raws)


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_it_refuses_harms_nobody(kind: str) -> None:
    for raws in (
        [GOOD, HARMFUL[kind]],
        [HARMFUL[kind], GOOD],
        [GOOD] * 70 + [HARMFUL[kind], GOOD],
        [HARMFUL[kind]] * 2,
    ):
        check(encoded(*raws))
    assert not is_alike(encoded(GOOD, HARMFUL[kind])) or kind in ("no id", "no key", "blank id", "unknown key")


def test_no_record_goes_on_in_the_next() -> None:
    check(encoded(HARMFUL["open list"], HARMFUL["list goes on"], GOOD + GOOD))
    check(encoded(HARMFUL["open list"][:-1], "]}", GOOD + GOOD))
    check(encoded("", GOOD + GOOD))


def taken(raws: Sequence[bytes]) -> list[bool]:
    read = BulkReader(DEFAULT).read_some(raws)
    return [] if read is None else read[1].tolist()


@pytest.mark.slow
def test_one_odd_record_costs_no_other_the_quick_way() -> None:
    raws = [json.dumps({"meid": str(i) if i != 777 else i}).encode() for i in range(1000)]
    assert taken(raws) == [i != 777 for i in range(1000)]
    check(raws)


TWICE = {"parties": [{"phone": "15400000001"}]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [{"detail": {"meid": "m1", "creator": "15400000001"}}, TWICE | {"members": []}, {"fee": 1, "oriamount": 2}]
)
def test_what_cannot_be_read_in_bulk_costs_no_other_the_quick_way(more: dict[str, Any]) -> None:
    raws = [json.dumps({"meid": f"m{i}", **TWICE, **(more if i % 10 == 2 else {})}).encode() for i in range(1000)]
    assert BulkReader(EXTRA).read_some(raws) is not None
    check(raws, EXTRA)


TELLING: list[Any] = [
    {"phone": "802"},
    {"x": {"jointime": "2026-01-05 10:00:00"}},
    {"attendees": "张三,李四"},
    {"x": [{"attendees": ["张三"]}]},
    {"x": "15400000001"},
    {"x": ["154-0000-0001"]},
    ["tel:110"],
    ["１５４００００００００１"],
    {"x": 15400000001},
    [8880000],
    {"x": 15400000001.0},
    {"x": '[{"phone":"15400000001"}]'},
    {"x": ' {"phone":"15400000001","jointime":"2026-01-05 10:00:00"}'},
    {"15400000001": {"name": "张三"}},
]
SILENT: list[Any] = [
    {"name": "A", "floor": 3, "equipment": {"screen": True}},
    ["季度", "x"],
    [{"n": 1}, None],
    {},
    [[None]],
]


@pytest.mark.parametrize("value", TELLING + SILENT, ids=str)
def test_what_is_nested_is_looked_into_where_it_may_tell_of_parties(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = [{"phone": "15400000002"}]
    raws = [
        json.dumps({"meid": f"m{i}", "parties": parties, **({"x": value} if i % 3 else {})}).encode() for i in range(9)
    ]
    assert all(taken(raws))
    check(raws)
    monkeypatch.setattr("ytxdata.records.normalize.unread_parties", None)
    if value in SILENT:
        normalize(raws)
    else:
        with pytest.raises(TypeError):
            normalize(raws)


@pytest.mark.slow
@pytest.mark.parametrize("every", range(2, 12))
def test_what_is_odd_at_even_distances_is_read_in_bulk(every: int) -> None:
    raws = [json.dumps({"meid": f"m{i}", **({"x": {"y": 1}} if i % every == 1 else {})}).encode() for i in range(2000)]
    assert all(taken(raws))
    check(raws)


@pytest.mark.parametrize(
    "kind", [kind for kind in HARMFUL if not kind.startswith(("doubled", "deep unk", "no ", "blank id"))]
)
@pytest.mark.parametrize("every", [2, 3, 10])
def test_odd_records_among_others_are_told_apart(kind: str, every: int) -> None:
    raws = encoded(*(HARMFUL[kind] if i % every == 1 else GOOD.replace("m1", f"m{i}") for i in range(60)))
    in_values = ("much money", "mobile as money", "fine money", "empty party", "unknown key")
    if every > 2 and kind not in (*in_values, "sittings as text", "callers as text"):
        assert taken(raws) == [i % every != 1 for i in range(60)]
    check(raws)


def test_records_without_an_id_are_told_among_those_read_in_bulk() -> None:
    raws = encoded(*(HARMFUL["no id"] if i % 3 else GOOD.replace("m1", f"m{i}") for i in range(60)))
    check(raws)
    tables = normalize(raws)
    assert tables.rejects["row"].to_pylist() == [i for i in range(60) if i % 3]


@pytest.mark.parametrize("batch", [3, 7, 100])
def test_batches_may_differ(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr("ytxdata.records.normalize._BATCH", batch)
    kinds = [
        GOOD,
        GOOD,
        '{"meid":1}',
        '{"meid":"x","name":"y"}',
        "7",
        GOOD.replace("0.5", "5"),
        '{"meid":"1","parties":null}',
    ]
    check(encoded(*(kinds[i * i % len(kinds)] for i in range(50)), *kinds))


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_it_takes_of_the_emulators_dialects(dialect: str) -> None:
    meetings = islice(Company(3, 8.0, "app").before(1_780_000_000), 300)
    raws = [write(meeting, DIALECTS[dialect]).encode() for meeting in meetings]
    assert is_alike(raws) == (dialect not in ("snake", "bare"))  # a list of mixed types; ids of 29 bare digits
    check(raws)


@pytest.mark.slow
@given(
    st.binary(max_size=12)
    | st.text(st.characters(exclude_categories=()), max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@example(b"\xf4\x90\x80\x80")
@example(b"\xc0\x80")
@example(b"\xed\xa0\x80")
def test_utf8_is_what_python_says(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        assert not is_utf8(body)
    else:
        assert is_utf8(body)


def test_layout_is_exact() -> None:
    table = BulkReader(DEFAULT).read(encoded('{"meid":"2026-01-05","oriamount":1,"duration":60,"n":1,"parties":[]}'))
    assert table is not None
    assert table.schema.types[:3] == [pa.string(), pa.decimal128(38, 18), pa.int64()]


@pytest.mark.parametrize("name", ["[]", "{}", "[1]", '{"a":1}', '["x"]'])
def test_a_party_may_be_called_like_json(name: str) -> None:
    check([json.dumps({"meid": "m1", "parties": [{"name": name}, {"name": name, "phone": "15400000000"}]}).encode()])
