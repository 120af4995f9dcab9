"""What is served is the truth, whatever shape, dialect and encoding it comes in. The reader here is the tests' own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from ytxdata.emulator import CHOICES, Emulator
from ytxdata.emulator.company import NASTY
from ytxdata.emulator.dialects import DIALECTS, SHAPES

CHINA = timezone(timedelta(hours=8))
Start = Callable[..., tuple[Emulator, Any]]
HOLDING = [name for name, shape in SHAPES.items() if shape.kind == "records"]

NAMES = {
    "meeting_id": ("meid", "confid", "meetingid", "conferenceid"),
    "name": ("meetingname", "name", "subject", "confname"),
    "creator": ("creator", "caller", "host"),
    "app_id": ("appid",),
    "created_at": ("createtime",),
    "booked_at": ("booktime",),
    "started_at": ("starttime", "stime", "begintime"),
    "ended_at": ("endtime", "etime"),
    "duration_s": ("duration",),
    "state": ("status", "state", "statedesc"),
    "is_booked": ("bookmeeting",),
    "display_number": ("shownumber", "srcclid"),
    "amount_yuan": ("oriamount",),
    "recording_url": ("tapesurl",),
    "legs": ("parties", "members", "participants", "memberlist", "users"),
    "phone": ("phone", "mobile", "number"),
    "joined_at": ("jointime", "starttime", "entertime", "memberjointime"),
    "left_at": ("leavetime", "endtime", "exittime", "memberleavetime"),
}


def value(record: dict[str, Any], fact: str) -> Any:
    plain = {re.sub("[_-]", "", key).lower(): given for key, given in record.items()}
    found = [plain[name] for name in NAMES[fact] if name in plain]
    return None if not found or found[0] in ("", None) else found[0]


def instant(given: Any) -> str | None:
    if given is None:
        return None
    text = str(given)
    if not text.isdigit():
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    elif len(text) == 14:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    else:
        moment = datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), CHINA)
    return moment.astimezone(UTC).isoformat()


def found_records(data: Any) -> list[Any]:
    if isinstance(data, str):
        return found_records(json.loads(data)) if data else []
    if isinstance(data, list):
        return data
    if data is None:
        return []
    if "page" in data or "list" in data:
        return found_records(data["list"])
    if "meeting" in data:
        return found_records(data["meeting"])
    looks_keyed = bool(data) and all(isinstance(inner, dict) and len(key) == 29 for key, inner in data.items())
    return list(data.values()) if looks_keyed else [data]


def as_truth(record: dict[str, Any]) -> dict[str, Any]:
    amount, duration = value(record, "amount_yuan"), value(record, "duration_s")
    recording = value(record, "recording_url")
    return {
        "meeting_id": str(value(record, "meeting_id")),
        "name": value(record, "name"),
        "app_id": value(record, "app_id"),
        "state": value(record, "state"),
        "is_booked": str(value(record, "is_booked")) == "1",
        **{name: instant(value(record, name)) for name in ("created_at", "booked_at", "started_at", "ended_at")},
        "duration_s": None if duration is None else int(duration),
        "amount_yuan": None if amount is None else Decimal(str(amount)).quantize(Decimal("0.001")),
        "display_number": value(record, "display_number"),
        "recording_url": None if recording == "NoTapes" else recording,
    }


def check(records: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    expected = {row["meeting_id"]: row for row in truth["meetings"]}
    assert len(records) == len(expected)
    legs: dict[str, list[dict[str, Any]]] = {}
    for leg in truth["legs"]:
        legs.setdefault(leg["meeting_id"], []).append(leg)
    for record in records:
        seen = as_truth(record)
        real = expected[seen["meeting_id"]]
        wanted = {key: real[key] for key in seen}
        if wanted["amount_yuan"] is not None:
            wanted["amount_yuan"] = Decimal(wanted["amount_yuan"])
        assert seen == wanted
        assert str(value(record, "creator")) in (real["creator"], real["creator_number"])
        served = value(record, "legs") or []
        for leg, true in zip(served, legs[real["meeting_id"]], strict=True):
            phone = value(leg, "phone")
            assert (None if phone is None else str(phone)) in (true["phone"], true["number"])
            assert instant(value(leg, "joined_at")) == true["joined_at"]
            assert instant(value(leg, "left_at")) == true["left_at"]


@pytest.mark.parametrize("dialect", CHOICES["dialect"])
@pytest.mark.parametrize("shape", HOLDING)
def test_truth_is_what_is_served(start: Start, shape: str, dialect: str) -> None:
    server, client = start(shape=shape, dialect=dialect, encoding="gb18030", until="2026-03-03T09:40")
    truth = server.truth()
    assert truth["running"]
    got = client.ask("1000")
    if dialect != "upper":
        with pytest.raises(UnicodeDecodeError):
            got.body.decode("utf-8")
    check(found_records(got.json["data"]), truth)
    one = truth["meetings"][3]
    alone = found_records(client.ask("1", one["meeting_id"]).json["data"])
    assert [as_truth(record)["meeting_id"] for record in alone] == [one["meeting_id"]]


@pytest.mark.parametrize("shape", ["object", "object_string", "wrapped_object"])
def test_a_single_record_stands_alone_in_shapes_of_one(start: Start, shape: str) -> None:
    _, client = start(shape=shape)
    data = client.ask("1").json["data"]
    data = json.loads(data) if isinstance(data, str) else data
    assert "meid" in data.get("meeting", data)


@pytest.mark.parametrize(("shape", "nothing"), [("null", None), ("empty", "")])
def test_shapes_without_records(start: Start, shape: str, nothing: object) -> None:
    server, client = start(shape=shape)
    assert client.ask().json["data"] == nothing
    server.options.shape = "absent"
    assert "data" not in client.ask().json
    assert client.ask().code == "0"


@pytest.mark.parametrize("shape", HOLDING)
def test_every_shape_says_nothing_in_valid_json(start: Start, shape: str) -> None:
    _, client = start(meetings=0, shape=shape)
    assert found_records(client.ask().json["data"] or None) == [] or shape == "keyed"


@pytest.mark.slow
def test_nasty_names_come_out_as_they_went_in(start: Start) -> None:
    server, client = start()
    ids = [row["meeting_id"] for row in server.truth()["meetings"]]
    for meeting_id, name in zip(ids, NASTY, strict=False):
        server.mutate(meeting_id, name=name)
    for encoding in CHOICES["encoding"]:
        for dialect in DIALECTS:
            for shape in ("array", "string", "string_under_key"):
                server.options.encoding, server.options.dialect, server.options.shape = encoding, dialect, shape
                served = {
                    as_truth(r)["meeting_id"]: as_truth(r)["name"] for r in found_records(client.ask("99").json["data"])
                }
                assert [served[meeting_id] for meeting_id in ids[: len(NASTY)]] == list(NASTY)


def test_the_content_type_names_utf8_only_when_it_is(start: Start) -> None:
    server, client = start()
    assert "utf-8" in client.ask().headers["content-type"]
    server.options.encoding = "gb18030"
    assert client.ask().headers["content-type"] == "application/json"


def test_ids_may_be_hexadecimal(start: Start) -> None:
    _, client = start(id_style="hex")
    assert all(re.fullmatch("[0-9a-f]{32}", meeting_id) for meeting_id in client.ids())


def test_answers_to_the_same_questions_are_the_same_bytes(start: Start) -> None:
    _, one = start()
    _, two = start()
    assert [one.ask("9").body for _ in range(2)] == [two.ask("9").body for _ in range(2)]
    assert one.ask("9").json["data"] == two.ask("8").json["data"] + one.records("9")[8:]
