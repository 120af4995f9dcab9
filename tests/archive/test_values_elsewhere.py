"""What a column hides is hidden wherever its values stand: in the ledger, among problems, in raw text, in findings."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.platform.settings import Settings
from ytxdata.platform.transport import authorization, sign
from ytxdata.records.answer import read_answer
from ytxdata.redact import without_signatures

pytestmark = pytest.mark.usefixtures("drawn_once")

NOW = datetime(2026, 1, 6, tzinfo=UTC)
NAMES = ("zhangwei", "zhaoliu", "liu.qiang", "sunqi77", "tang88")
EXTENSIONS = ("8802", "8813", "8804", "8814", "8001", "8004", "8812")


@pytest.fixture
def changed(archive: Archive, platform: Any) -> Archive:
    """An archive with names and short numbers where telephone numbers belong, which change."""

    def party(phone: Any, **more: Any) -> dict[str, Any]:
        return {"name": "甲", "phone": phone, **more}

    before = platform.record(1) | {
        "creator": "zhangwei",
        "parties": [*map(party, ("15412345678", "010-65527788-8802", "01065527788,8804", "zhaoliu88", "8001", "liu.qiang@corp.cn"))],
    }  # fmt: skip
    reject = platform.record(2) | {
        "caller": "tang88",
        "parties": [party("sunqi77", ext="8812"), party("x", extNo=8812)],
    }
    del reject["meid"]
    platform.records = [reject, before]
    archive.sync(platform)
    after = [
        *map(party, ("15412345678", "010-65527788-8813", "01065527788,8814", "zhaoliu89", "8004", "liu.qiang2@corp.cn"))
    ]
    platform.records = [reject, before | {"creator": "zhangwei2", "caller": "zhangwei3", "parties": after}]
    archive.sync(platform)
    return archive


def _written(folder: Path) -> dict[str, str]:
    """Return the text of every file that was written, by its name."""
    texts: dict[str, str] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if path.suffix == ".parquet":
            texts[path.name] = json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as whole:
                texts |= {
                    f"{path.name}!{name}": whole.read(name).decode("utf-8", "replace") for name in whole.namelist()
                }
        else:
            texts[path.name] = path.read_text("utf-8-sig")
    return texts


@pytest.mark.slow
def test_no_exit_tells_elsewhere_what_its_column_hides(changed: Archive, tmp_path: Path) -> None:
    out, at = tmp_path / "out", ["--archive", str(changed.path)]
    for call in (
        ["report", *at, "--out", str(out / "report"), "--format", "csv,excel,parquet"],
        ["audit", *at, "--out", str(out / "audit")],
        ["pack", str(out / "pack.zip"), *at],
        ["export", str(out / "export"), *at, "--format", "csv"],
        ["sql", "select * from changes", *at, "--out", str(out / "changes.csv")],
        ["sql", "select raw_value from problems", *at, "--out", str(out / "problems.csv")],
        ["sql", "select new from changes", *at, "--out", str(out / "new.csv")],
    ):
        _run(*call)
    for name, text in _written(out).items():
        if not name.endswith("verify.py"):
            assert not [one for one in NAMES if one in text], name
            cells = text.replace("\\", "").replace('""', '"').replace(",", '"').replace(" ", '"').replace("-", '"')
            assert not [one for one in EXTENSIONS if f'"{one}"' in cells], name
    shown = changed.sql("select raw_value from problems", masked=False).arrow["raw_value"].to_pylist()
    assert {"zhaoliu89", "caller=zhangwei3"} <= set(shown), "whoever asks for it still sees it"


@pytest.mark.slow
def test_a_known_key_in_front_of_a_hidden_value_stays(changed: Archive) -> None:
    told = changed.sql("select raw_value from problems where reason = 'other_value'").arrow["raw_value"].to_pylist()
    assert told == ["caller=****"]


def _run(*call: str | Path) -> None:
    assert run(*map(str, call)) == 0, call


@pytest.fixture
def titled(archive: Archive, platform: Any) -> Archive:
    """An archive with a title that tells the masked number of another meeting's party, of another month."""
    platform.records = [platform.record(0, meetingname="88886666 的会议")]
    archive.sync(platform)
    return archive


def _call_in(platform: Any, i: int, phone: str) -> None:
    platform.records = [platform.record(i, parties=[{"name": "李", "phone": phone}])]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_hides_what_a_title_of_another_month_tells(
    titled: Archive, platform: Any, tmp_path: Path, form: Any
) -> None:
    out = tmp_path / "out"
    first = titled.export(out, form)
    assert any("88886666" in text for text in _written(out).values()), "nobody's number so far"
    _call_in(platform, 6000, "13900000009")
    titled.sync(platform)
    assert titled.export(out, form).unchanged == first.written, "a number that no title tells masks no month anew"
    _call_in(platform, 6001, "010-88886666")
    titled.sync(platform)
    titled.export(out, form)
    assert not [name for name, text in _written(out).items() if "88886666" in text]


@pytest.mark.slow
def test_sql_hides_in_one_table_what_another_masks(titled: Archive, platform: Any, tmp_path: Path) -> None:
    assert titled.sql("select name from meetings").arrow["name"].to_pylist() == ["88886666 的会议"]
    book = tmp_path / "book.csv"
    book.write_text("phone,name,department\n010-88886666,李,研发部\n", "utf-8")
    of_book = titled.sql("select m.name, b.number from meetings m, book b", book=book)
    assert of_book.to_dicts() == [{"name": "****6666 的会议", "number": "010****6666"}]
    _call_in(platform, 1, "010-88886666")
    titled.sync(platform)
    joined = titled.sql(
        "select m.name, l.phone from meetings m, legs l where m.name <> '周会 1' and phone like '%6666'"
    )
    assert joined.to_dicts() == [{"name": "****6666 的会议", "phone": "010****6666"}]
    assert "88886666 的会议" in titled.sql("from meetings", masked=False).arrow["name"].to_pylist()


@pytest.mark.slow
def test_an_audit_hides_in_the_ledger_what_it_masks_there(archive: Archive, platform: Any, tmp_path: Path) -> None:
    before = platform.record(1, parties=[{"name": "李", "phone": "010-88886661"}])
    platform.records = [before]
    archive.sync(platform)
    platform.records = [
        before | {"meetingname": "88886666 的会议", "parties": [{"name": "李", "phone": "010-88886666"}]}
    ]
    archive.sync(platform)
    _run("audit", "--archive", archive.path, "--out", tmp_path / "out")
    _run("pack", tmp_path / "out" / "pack.zip", "--archive", archive.path)
    assert not [name for name, text in _written(tmp_path / "out").items() if "88886666" in text]


@pytest.mark.slow
def test_names_and_departments_of_a_book_hide_the_numbers_in_them(
    archive: Archive, platform: Any, tmp_path: Path
) -> None:
    platform.records = [platform.record(1, creator="15400000077", parties=[{"name": "李", "phone": "010-88886666"}, {"name": "赵", "phone": "15400000077"}])]  # fmt: skip
    archive.sync(platform)
    book, out = tmp_path / "book.csv", tmp_path / "out"
    book.write_text("phone,name,department\n15400000077,赵 15400000077,88886666\n010-88886666,李 13912345678,总机 010-88886666\n", "utf-8")  # fmt: skip
    _run("report", "--archive", archive.path, "--out", out, "--book", book, "--group", "department", "--format", "csv,excel,html")  # fmt: skip
    told = _written(out)
    assert any("赵 154****0077" in text for text in told.values())
    assert not [(name, one) for name, text in told.items() for one in ("15400000077", "13912345678", "88886666") if one in text]  # fmt: skip


@pytest.mark.slow
def test_what_signs_a_call_leaves_nowhere(archive: Archive, platform: Any, tmp_path: Path) -> None:
    told = Settings.load(account_sid="a1b2c3d4e5f60718293a4b5c6d7e8f90", auth_token="c0ffee", app_id="app")
    signed, header = sign(told, "20260105100000"), authorization(told, "20260105100000")
    records = [platform.record(1, meetingname=f"Sign={signed}", status=f"Authorization: {header}"), {"Authorization": header, "Sign": signed}]  # fmt: skip
    answer = json.dumps({"statusCode": "0", "requestId": header, "data": records}).encode()
    platform.query_meeting = lambda confid="", meetingcount=1: read_answer(answer, asked_at=NOW, asked_n=meetingcount)
    archive.sync(platform)
    out, at = tmp_path / "out", ("--archive", archive.path)
    for place, forms, more in (("masked", "csv,excel,html", ()), ("open", "csv", ("--show-phones",))):
        _run("report", *at, "--out", out / place / "report", "--format", forms, *more)
        _run("export", out / place / "export", *at, "--format", "csv", *more)
        _run("sql", "select * from pulls", *at, "--out", out / place / "pulls.csv", *more)
    _run("pack", out / "pack.zip", *at)
    _run("verify", out / "pack.zip")
    texts = _written(out)
    assert not [name for name, text in texts.items() if signed in text or header in text]
    assert any("Sign=***" in text and "Authorization: ***" in text for text in texts.values())


@pytest.mark.parametrize(
    "form", ['{"name": "Sign", "value": "%s"}', '{"value":"%s","name":"Sign"}', '{\\"name\\":\\"sign\\",\\"value\\":\\"%s\\"}', "sign,value=%s",
             r"http://h/x?Sign\u003d%s\u0026confid\u003d1", r"?Sign\x3d%s", "%%3FSign%%3D%s%%26x%%3D1", "%%253Fsign%%253D%s", "Sign%%3D%s", "?Sign&#61;%s&amp;n=1",
             '{"parameters": {"Sign": ["%s"]}}', r'{\"Sign\":[\"%s\"]}', '{"Sign":{"value":"%s"}}', "{Sign=[%s]}", "[Sign] => %s", '["Sign", "%s"]', "Sign: %s",
             '{"name":"Sign","description":"of a call","in":"query","value":"%s"}', '{"value":"%s","enabled":true,"key":"Sign"}', '<param name="Sign" type="q" value="%s"/>',
             "<Sign>%s</Sign>", '<ns:Sign xsi:type="xs">%s</ns:Sign>', "<Sign><![CDATA[%s]]></Sign>", "<name>Sign</name><value>%s</value>", "requestSign=%s", "签名错误：%s"]
)  # fmt: skip
def test_what_is_said_back_as_name_and_value_is_no_longer_signed(form: str) -> None:
    assert without_signatures(form % "0A1B2C3D4E5F60718293A4B5C6D7E8F9") == form % "***"


@pytest.mark.parametrize(
    "text", ["sign=周会", '{"meid":"0f0e0d0c0b0a09080706050403020100","name":"signature day"}', "签名失败，会议编号：0f0e0d0c0b0a09080706050403020100", "sign up at 5 -> 0f0e0d0c0b0a09080706050403020100", '{"sign":"","md5":"0f0e0d0c0b0a09080706050403020100"}', "design=0f0e0d0c0b0a09080706050403020100", '[{"name":"Sign"},{"name":"meetingid","value":"0f0e0d0c0b0a09080706050403020100"}]', "Sign=0f0e0d0c0b0a09080706050403020100a", '{"name":"md5","value":"0f0e0d0c0b0a09080706050403020100"}', "Authorization: Q3 plan", "app 0f0e0d0c0b0a09080706050403020100", "a" * 64, "c2lkfDIwMjYwMTA1", "/9j/4AAQSkZJRgABAQAAAQABAAD"]
)  # fmt: skip
def test_what_only_looks_signed_stays(text: str) -> None:
    assert without_signatures(text) == text


@pytest.mark.slow
def test_pseudonyms_hide_in_texts_the_names_that_they_replace(archive: Archive, platform: Any, tmp_path: Path) -> None:
    parties = [{"name": "尹慧伟", "phone": "15400000077", "status": "尹慧伟 挂断"}, {"name": "Lin", "phone": "15400000078", "status": "Lin, Lina"}]  # fmt: skip
    platform.records = [
        platform.record(1, status="由尹慧伟主持", parties=parties),
        platform.record(0, meid="尹慧伟的会议室"),
    ]
    archive.sync(platform)
    out = tmp_path / "out"
    _run(
        "report",
        "--archive",
        archive.path,
        "--out",
        out,
        "--format",
        "csv,excel,html",
        "--pseudonyms",
        tmp_path / "key",
    )
    told = _written(out)
    assert not [name for name, text in told.items() if "尹慧伟" in text]
    first, second = (next(line for line in told["legs.csv"].splitlines() if one in line) for one in ("挂断", "Lina"))
    called = first.split(",")[2].strip('"')
    assert called.startswith("N-")
    assert f'"{called} 挂断"' in first
    assert f"由{called}主持" in told["meetings.csv"]
    assert "Lin, " not in second
    room = next(line.split(",")[0] for line in told["meetings.csv"].splitlines() if line.startswith('"T-'))
    assert room in told["legs.csv"], "rows are joined by it as before"
    shown = archive.sql("select state from legs where leg = 1 and state is not null").arrow["state"].to_pylist()
    assert shown == ["尹慧伟 挂断"], "without pseudonyms names stay"
