"""Saved answers: the same tables without a network."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ytxdata as ytx
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError


def test_saved_answers_give_the_same_history_as_live_ones(server: Emulator, tmp_path: Path) -> None:
    live = ytx.Client(base_url=server.url, **server.credentials).fetch_history()
    paths = live.save_raw(tmp_path / "saved")
    saved = ytx.read_answers(tmp_path / "saved" / "*.json")
    assert [path.read_bytes() for path in paths] == [answer.raw for answer in live.answers]
    assert saved.counts == live.counts
    same = ["meeting_id", "name", "started_at", "ended_at", "record_hash"]
    pd.testing.assert_frame_equal(saved.meetings[same], live.meetings[same])
    pd.testing.assert_frame_equal(saved.legs, live.legs)


def test_a_file_that_is_no_answer_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"statusCode":"0","data":[{"meid":"1"}]}')
    (tmp_path / "b.json").write_bytes(b"<html>502 Bad Gateway</html>")
    (tmp_path / "c.json").write_bytes(b'{"statusCode":"0","data":[{"meid":"2"},{"mei')
    history = ytx.read_answers(str(tmp_path / "*.json"))
    assert history.meetings["meeting_id"].tolist() == ["1", "2"]
    counts = history.counts
    assert counts.rejected == 2
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates
    assert history.rejects["detail"].dropna().str.split(":").str[0].tolist() == ["b.json"]
    assert '{"mei' in history.rejects["raw"].tolist()


def test_a_saved_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"statusCode":"-203","statusMsg":"AuthToken验证失败"}', encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.json")
    assert len(history.meetings) == 0
    assert any("-203" in warning.en for warning in history.warnings)


def test_no_file_at_all_is_an_error_that_names_the_pattern(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing-here"):
        ytx.read_answers(tmp_path / "nothing-here-*.json")


def test_the_samples_that_come_along_can_be_read() -> None:
    history = ytx.read_answers(Path(__file__).parents[2] / "data" / "answers" / "*.json")
    counts = history.counts
    assert counts.meetings > 0
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates


STATUS = {"statusCode": "0", "statusMsg": "提交成功"}
MEETINGS = [{"meid": f"m{i}", "meetingname": "周例会", "starttime": f"2026-01-05 10:0{i}:00"} for i in range(6)]
TWO = [{**STATUS, "data": MEETINGS[:3]}, {**STATUS, "data": MEETINGS[3:]}]


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def har(bodies: list[bytes]) -> bytes:
    def call(url: str, content: dict[str, Any]) -> dict[str, Any]:
        request = {"method": "POST", "url": url, "headers": [{"name": "Authorization", "value": "secret-token"}]}
        response = {"status": 200, "content": content}
        return {
            "startedDateTime": "2026-01-05T10:00:00.000+08:00",
            "time": 20,
            "request": request,
            "response": response,
        }

    entries = [call("https://example.com/app.js", {"text": "let x"})]
    url = "https://example.com/queryMeeting?sig=1"
    entries += [call(url, {"text": b64encode(body).decode(), "encoding": "base64"}) for body in bodies]
    return compact({"log": {"version": "1.2", "entries": entries}}).encode()


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members.items():
            file.writestr(name, body)


FORMS: dict[str, Callable[[], bytes]] = {
    "json": lambda: compact({**STATUS, "data": MEETINGS}).encode(),
    "lines of answers": lambda: "\n".join(map(compact, TWO)).encode(),
    "lines of records": lambda: "\n".join(map(compact, MEETINGS)).encode() + b"\n",
    "answers in a row": lambda: "".join(json.dumps(one, indent=2) for one in TWO).encode(),
    "a bare list": lambda: compact(MEETINGS).encode(),
    "printed": lambda: str({**STATUS, "data": MEETINGS}).encode(),
    "printed on lines": lambda: "\n".join(map(str, TWO)).encode(),
    "utf-16": lambda: compact({**STATUS, "data": MEETINGS}).encode("utf-16-le"),
    "utf-16 lines": lambda: "\n".join(map(compact, TWO)).encode("utf-16-be"),
    "gb18030": lambda: "\n".join(map(compact, TWO)).encode("gb18030"),
    "gzip": lambda: gzip.compress("\n".join(map(compact, TWO)).encode()),
    "har": lambda: har([compact(one).encode() for one in TWO]),
    "gzip of har": lambda: gzip.compress(har([compact(one).encode() for one in TWO])),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_saved_answer_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "saved").write_bytes(FORMS[form]())
    history = ytx.read_answers(tmp_path / "saved")
    assert sorted(history.meetings["meeting_id"]) == [one["meid"] for one in MEETINGS]
    assert history.counts[:4] == (6, 6, 0, 0)
    size = history.counts.bytes
    assert size.received == size.envelope + size.meetings + size.rejected + size.duplicates
    assert "secret-token" not in repr(history.rejects.to_dict())


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 05 Jan 2026 02:00:00 GMT\r\n\r\n"
IN_FRONT = {
    "an HTTP message": (HEAD + compact(TWO[0]), 1),
    "a log": (
        "".join(f"2026-01-05 10:00:0{i} INFO {{req={i}}} answer: {compact(one)}\n" for i, one in enumerate(TWO)),
        2,
    ),
    "records in a log": ("".join(f"10:00 {compact(one)}\n" for one in MEETINGS), 6),
}


@pytest.mark.parametrize("form", IN_FRONT)
def test_text_in_front_of_an_answer_is_a_reject_and_costs_nothing_of_it(tmp_path: Path, form: str) -> None:
    text, n_in_front = IN_FRONT[form]
    (tmp_path / "saved").write_text(text, encoding="utf-8", newline="")
    history = ytx.read_answers(tmp_path / "saved")
    n_meetings = 3 if n_in_front == 1 else 6
    assert history.counts[:4] == (n_meetings + n_in_front, n_meetings, n_in_front, 0)
    assert {answer.status_code for answer in history.answers} == {None if n_in_front == 6 else "0"}
    assert {raw[:4] for raw in history.rejects["raw"]} == {text[:4] if n_in_front != 6 else "10:0"}


def test_members_of_a_zip_and_files_in_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / ".hidden").write_bytes(b"x")
    first, second = (compact(one).encode() for one in TWO)
    zipped(tmp_path / "in" / "a.zip", {"x/1.json": first, "readme.txt": b"hello"})
    (tmp_path / "in" / "deep" / "b.json.gz").write_bytes(gzip.compress(second))
    history = ytx.read_answers(tmp_path / "in")
    assert history.counts[:4] == (7, 6, 1, 0)
    (reject,) = history.rejects.to_dict("records")
    assert reject["detail"].startswith("a.zip/readme.txt: ")
    assert reject["raw"] == "hello"


def test_what_no_reader_understands_is_a_reject_with_its_reason(tmp_path: Path) -> None:
    whole = gzip.compress(compact({**STATUS, "data": MEETINGS}).encode() * 50)
    for name, body, reason in (
        ("empty", b"", "empty"),
        ("text", b"x" * 5000, "not JSON"),
        ("cut.gz", whole[:-20], "damaged or cut"),
        ("bad.zip", b"PK\x03\x04junk", "damaged"),
        ("number", b"7", "not JSON"),
    ):
        (tmp_path / name).write_bytes(body)
        history = ytx.read_answers(tmp_path / name)
        assert history.counts.rejected >= 1, name
        assert reason in str(history.rejects["detail"].tolist()), name
    assert ytx.read_answers(tmp_path / "text").rejects["raw"].tolist() == ["x" * 5000]


@pytest.mark.slow
def test_a_file_cut_anywhere_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    text = compact({**STATUS, "data": MEETINGS}).encode()
    ends = [text.index(compact(one).encode()) + len(compact(one).encode()) for one in MEETINGS]
    for cut in range(len(text) // 5, len(text), 7):
        (tmp_path / "cut.json").write_bytes(text[:cut])
        history = ytx.read_answers(tmp_path / "cut.json")
        assert len(history.meetings) == sum(end <= cut for end in ends)
        assert history.counts.rejected <= 1
        assert history.warnings


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    damaged = compact(TWO[0]).replace('"m1"', '"m1')
    (tmp_path / "a.jsonl").write_text(f"{damaged}\n{compact(TWO[1])}\n", encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.jsonl")
    assert sorted(history.meetings["meeting_id"]) == ["m0", "m2", "m3", "m4", "m5"]
    assert history.counts.rejected == 1
    assert len(history.answers) == 2


def test_a_bomb_is_a_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ytxdata.packed.LARGEST", 1000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"[" * 100_000))
    zipped(tmp_path / "bomb.zip", {"a": b"[" * 100_000})
    for name in ("bomb.gz", "bomb.zip"):
        history = ytx.read_answers(tmp_path / name)
        assert "MiB" in str(history.rejects["detail"].tolist())


@pytest.mark.parametrize("lost", [1, 5, 9])
def test_a_compressed_file_without_its_last_bytes_is_read_up_to_there_and_told(tmp_path: Path, lost: int) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    body = b'{"statusCode":"0","data":[{"meid":"1"},{"meid":"2"}]}'
    (folder / "a.json.gz").write_bytes(gzip.compress(body)[:-lost])
    with zipfile.ZipFile(folder / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.json", body.replace(b'"1"', b'"3"'))
        archive.writestr("two.json", body.replace(b'"1"', b'"4"'), zipfile.ZIP_STORED)
    (folder / "b.zip").write_bytes((folder / "b.zip").read_bytes()[:-lost])
    history = ytx.read_answers(folder)
    assert sorted(history.meetings["meeting_id"]) == ["1", "2", "3", "4"]
    assert sorted(history.rejects["detail"].str.split(":").str[0]) == ["a.json.gz", "b.zip"]


def test_hidden_files_are_not_left_out_in_silence(tmp_path: Path) -> None:
    body = b'{"statusCode":"0","data":[{"meid":"1"}]}'
    folder = tmp_path / "saved"
    (folder / "__MACOSX").mkdir(parents=True)
    for name in ("a.json", ".b.json", "__MACOSX/c.json"):
        (folder / name).write_bytes(body)
    with zipfile.ZipFile(folder / "d.zip", "w") as archive:
        archive.writestr("d.json", body)
        archive.writestr("__MACOSX/e.json", body)
    told = " ".join(warning.en for warning in ytx.read_answers(folder).warnings)
    assert all(name in told for name in (".b.json", "__MACOSX/c.json", "__MACOSX/e.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "fault"),
    [("array", "no_id=4"), ("string", "not_object=5"), ("wrapped", "no_id=4"), ("string_under_key", "not_object=5"), ("keyed", "no_id=4"), ("array", "not_object=5")],
)  # fmt: skip
def test_bad_records_are_counted_in_every_shape(tmp_path: Path, shape: str, fault: str) -> None:
    with Emulator(meetings=20, shape=shape, faults=[fault]) as server:
        client = ytx.Client(base_url=server.url, **server.credentials)
        live = client.fetch_history()
        live.save_raw(tmp_path / "saved")
        archive = ytx.Archive(tmp_path / "archive")
        archive.sync(client)
    n = 20 + int(fault[-1])
    assert live.counts.received == ytx.read_answers(tmp_path / "saved").counts.received == n
    assert len(archive.meetings()) + len(archive.rejects().drop_duplicates("raw")) == n


def test_what_could_not_be_read_is_saved_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_bytes(b'{"statusCode":"0","data":[{"meid":"1"}]}')
    (tmp_path / "in" / "b c.html").write_bytes(b"<html>502 Bad Gateway</html>")
    (tmp_path / "in" / "d.json").write_bytes(b"")
    (tmp_path / "in" / "e.gz").write_bytes(b"\x1f\x8bnothing")
    first = ytx.read_answers(tmp_path / "in")
    assert first.counts.rejected == 3
    paths = first.save_raw(tmp_path / "out")
    again = ytx.read_answers(tmp_path / "out" / "*.json")
    assert len(paths) == 4
    assert again.counts == first.counts
    assert again.rejects["raw"].tolist() == first.rejects["raw"].tolist()


def test_what_stands_elsewhere_in_a_recording_is_read_or_told(tmp_path: Path) -> None:
    record = '{"meid":"%s","starttime":"2026-01-05 10:00:00"}'
    call = {"request": {"url": "https://example.org/"}, "response": {}}
    socket = call | {
        "_webSocketMessages": [
            {"type": "send", "data": record % "asked"},
            {"type": "receive", "data": '{"statusCode":"0","data":[' + record % "1" + "]}"},
            # a chat in the same page: its words are no sign of a meeting outside a record
            {"type": "receive", "data": json.dumps({"chat": '{"users":[1],"creator":"x"}'})},
        ]
    }
    recording = {
        "log": {"entries": [call, socket, "text", [json.loads(record % "lost")]]},
        "data": [json.loads(record % "2")],
    }
    (tmp_path / "a.har").write_text(json.dumps(recording), encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.har")
    assert sorted(history.meetings["meeting_id"]) == ["1", "2"]
    assert len(history.rejects) == 2
    assert history.rejects["raw"].str.contains("lost").any()
    assert any("1 other requests" in warning.en for warning in history.warnings)
    del recording["data"]
    (tmp_path / "b.har").write_text(json.dumps({**recording, "about": {"by": "x"}}), encoding="utf-8")
    assert any("not read: about" in warning.en for warning in ytx.read_answers(tmp_path / "b.har").warnings)


def test_text_behind_a_compressed_answer_is_read(tmp_path: Path) -> None:
    first, second = (compact(one).encode() for one in TWO)
    forms = [
        gzip.compress(first) + b"\n" + second,
        gzip.compress(first) + second + b"\n",
        gzip.compress(first) + b"\n" + gzip.compress(second),
        gzip.compress(first[:9]) + gzip.compress(first[9:]) + b"\n" + second,
    ]
    for form in forms:
        (tmp_path / "a.json.gz").write_bytes(form)
        history = ytx.read_answers(tmp_path / "a.json.gz")
        assert history.counts[:4] == (6, 6, 0, 0)


def test_foreign_text_behind_a_compressed_answer_is_a_reject_with_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(compact(TWO[0]).encode()) + b"\n<html>502</html>")
    history = ytx.read_answers(tmp_path / "a.json.gz")
    assert history.counts[:4] == (4, 3, 1, 0)
    assert history.rejects["raw"].tolist() == ["<html>502</html>"]
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(compact(TWO[0]).encode()) + b"\n\0\0")
    assert ytx.read_answers(tmp_path / "a.json.gz").counts[:4] == (3, 3, 0, 0)


def zip_of(*members: tuple[str, bytes], comment: bytes = b"", packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        archive.comment = comment
        for name, body in members:
            archive.writestr(name, body)
    return out.getvalue()


def streamed(name: str, body: bytes) -> bytes:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.out = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.out += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return pipe.out


FIRST, SECOND = (compact(one).encode() for one in TWO)
JOINED: dict[str, Callable[[], bytes]] = {
    "zip and zip": lambda: zip_of(("a.json", FIRST)) + zip_of(("b.json", SECOND)),
    "zip and text": lambda: zip_of(("a.json", FIRST)) + b"\n" + SECOND + b"\n",
    "zip, a page and gzip": lambda: zip_of(("a.json", FIRST)) + b"\0\0" + gzip.compress(SECOND),
    "streams": lambda: streamed("a.json", FIRST) + streamed("b.json", SECOND),
    "zip in zip and zip": lambda: (
        zip_of(("a.zip", zip_of(("a.json", FIRST))), packing=zipfile.ZIP_STORED) + zip_of(("b.json", SECOND))
    ),
    "zip and what is behind 64 KiB": lambda: zip_of(("a.json", FIRST)) + b" " * 70_000 + SECOND,
    "in the comment": lambda: zip_of(("a.json", FIRST), comment=SECOND),
    "zip with a comment and zip": lambda: zip_of(("a.json", FIRST), comment=b"of May") + zip_of(("b.json", SECOND)),
}


@pytest.mark.parametrize("form", JOINED)
def test_all_of_what_was_put_into_one_file_with_a_zip_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.zip").write_bytes(JOINED[form]())
    assert ytx.read_answers(tmp_path / "a.zip").counts[:4] == (6, 6, 0, 0)


def test_what_a_zip_does_not_list_is_read_and_told(tmp_path: Path) -> None:
    whole, other = zip_of(("a.json", FIRST), ("b.json", SECOND)), zip_of(("b.json", SECOND))
    start = whole.index(b"PK\x01\x02")
    only = whole[: whole.index(b"PK\x03\x04", 4)]
    end = zip_of(("a.json", FIRST))[len(only) :]
    patched = bytearray(whole[:start] + end)
    patched[-6:-2] = start.to_bytes(4, "little")
    for raw in (bytes(patched), other[: other.index(b"PK\x01\x02")] + zip_of(("a.json", FIRST))):
        (tmp_path / "a.zip").write_bytes(raw)
        history = ytx.read_answers(tmp_path / "a.zip")
        assert sorted(history.meetings["meeting_id"]) == [one["meid"] for one in MEETINGS]
        assert history.rejects["detail"].str.contains("directory is missing").tolist() == [True]


@pytest.mark.slow
def test_what_belongs_to_a_zip_is_nothing_behind_it(tmp_path: Path) -> None:
    padded = zip_of(("a.json", FIRST), ("b/", b""), comment=b"made by hand") + b"\0" * 512
    for raw in (padded, streamed("a.json", FIRST), zip_of(("a.json", FIRST), packing=zipfile.ZIP_STORED)):
        (tmp_path / "a.zip").write_bytes(raw)
        assert ytx.read_answers(tmp_path / "a.zip").counts[:4] == (3, 3, 0, 0)
    (tmp_path / "a.zip").write_bytes(zip_of(("a.json", FIRST)) * 600)
    assert ytx.read_answers(tmp_path / "a.zip").counts[:4] == (1800, 3, 0, 1797)
    (tmp_path / "a.zip").write_bytes(zip_of(("a.json", FIRST)) + b"<html>502</html>")
    assert ytx.read_answers(tmp_path / "a.zip").rejects["raw"].tolist() == ["<html>502</html>"]


@pytest.mark.parametrize("url", ["https://example.org/queryMeeting", "https://example.org/api"])
def test_a_recording_that_is_wrong_about_its_encoding_is_read(tmp_path: Path, url: str) -> None:
    text = compact(TWO[0])
    contents = [{"text": text, "encoding": "base64"}, {"text": b64encode(text.encode()).decode()}]
    for content in contents:
        entry = {"request": {"url": url}, "response": {"content": content}}
        (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")
        history = ytx.read_answers(tmp_path / "a.har")
        assert history.counts[:4] == (3, 3, 0, 0)
        assert not any("nothing to do" in warning.en for warning in history.warnings)


@pytest.mark.parametrize("status", [{"statusCode": "0"}, {"statuscode": "0"}, {}])
def test_an_answer_behind_another_address_is_known_by_the_meetings_it_names(
    tmp_path: Path, status: dict[str, str]
) -> None:
    meetings = [{"meid": f"2026{n:010d}", "starttime": "2026-03-05 09:00:00"} for n in range(80)]
    answer = compact({"data": meetings, **status})
    told = json.loads(har([b""]))
    script = told["log"]["entries"][0]
    script["response"]["content"]["text"] = 'let known = {"meid": 1}'
    other = {**told["log"]["entries"][1], "request": {"url": "https://example.com/rest"}}
    told["log"]["entries"] = [script, {**other, "response": {"status": 200, "content": {"text": answer}}}]
    (tmp_path / "a.har").write_text(compact(told), "utf-8")
    history = ytx.read_answers(tmp_path / "a.har")
    assert len(history.meetings) == 80
    assert any("1 other requests" in warning.en for warning in history.warnings)


def test_people_that_a_console_asks_for_by_the_address_of_their_meeting_are_rejected(tmp_path: Path) -> None:
    """As such an answer is that is saved alone: they were in no leg, and "nothing to do with the history"."""
    people = [{"phone": "15400000008", "jointime": "2026-03-05 09:00:10"}]
    bodies: list[Any] = [
        {"code": 0, "data": people},
        {"code": 0, "data": {"starttime": "2026-03-05 09:00:00", "participants": people}},
        {"code": 0, "data": [{"phone": "15400000008", "startTime": "2026-03-05 09:00:10", "url": "x"}]},
        {"code": 0, "data": {"name": "甲", "mobile": "15400000008", "createTime": "2026-03-05 09:00:10"}},
    ]
    entries = [
        {"request": {"url": f"https://x.cn/api/m{i}"}, "response": {"content": {"text": compact(body)}}}
        for i, body in enumerate(bodies)
    ]
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.har")
    assert ["15400000008" in raw for raw in history.rejects["raw"]] == [True, True]
    assert any("2 other requests" in warning.en for warning in history.warnings)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://h:8883/201612/sid/ab/call/MeetingQuery.wx?Sign=AB", "{}"), ("https://example.org/queryMeeting", "{}"),
        ("https://proxy.example.org/api", '{"action":"queryMeeting","meetingcount":"100"}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "content",
    [
        {"size": 50000},
        {"text": compact({"code": "0", "list": [{"hyid": f"20260305{i}", "kssj": "2026-03-05 09:00:00"} for i in (1, 2)]})},
        {"text": "<r><m><meid>20260305</meid><starttime>2026-03-05 09:00:00</starttime></m></r>"},
    ],
)  # fmt: skip
def test_an_answer_of_the_platform_that_nobody_can_read_is_told(
    tmp_path: Path, url: str, asked: str, content: dict[str, Any]
) -> None:
    """The platform's own address was "nothing to do with the history"."""
    request = {"method": "POST", "url": url, "postData": {"text": asked}}
    leave = {"request": {**request, "method": "OPTIONS", "postData": {}}, "response": {"content": {}}}
    entries = [leave, {"request": request, "response": {"content": content}}]
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.har")
    assert len(history.rejects) > 0
    assert [one.en for one in history.warnings if "nothing to do" in one.en] == [
        "a.har: 1 other requests have nothing to do with the history and were not read"
    ]
