"""What strangers write (names, numbers, the platform's own words, file names) through every verb, picture, page and
workbook: nothing runs, nothing breaks.
"""

from __future__ import annotations

import json
import os
import threading
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

import pytest

from tests.effort import some
from ytxdata import metrics, plots
from ytxdata.archive import Archive
from ytxdata.cli import main
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client
from ytxdata.labels import UNPRINTABLE
from ytxdata.metrics.groups import resolve
from ytxdata.pages import html_report
from ytxdata.plots.canvas import legible
from ytxdata.tables.table import record_table

ESC, BELL, BIDI = "\x1b", "\x07", "\u202e"
PAYLOADS = (
    # matplotlib reads these as formulas
    r"$\badcommand{$x", r"$_{x$", "$", "$$", r"$\frac{1}{0}$", r"\$5", r"$\mathdefault{x}$", r"$^$", r"$\alpha", "100$ - 200$",
    # terminals obey these
    f"{ESC}[2J", f"{ESC}[31mred", f"{ESC}]0;title{BELL}", f"{ESC}]8;;http://x{BELL}link", "\x9b31m", "\x9d0;t\x9c", BELL, "\x08\x08\x08", "a\rb", "\x00", "\x7f", "\x85next",
    f"{ESC}Pq#0{ESC}\\", "\x0e\x0f",
    # text that is turned around or hidden
    f"{BIDI}gpj.exe", "\u2066x\u2069", "\u061cx", "\u200ex\u200f", "\u202axy\u202c", "\ufeffx", "\u200bx", "x\u2028y\u2029z", "\ufffe", "\uffff",
    # pages run these
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'-alert(1)-'", "</style><script>alert(1)</script>", "</title><b>", "javascript:alert(1)",
    "<!--", "]]>", "&lt;b&gt;", "{{ 7*7 }}", "{% raw %}", "${7*7}", "%s%n", "<a href=//x>y</a>",
    # spreadsheets run these
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "\t=1+1", "＝1+1", "=cmd|'/c calc'!A0", "'=1",
    # what is only long or odd
    "x" * 5000, "\n\n\n", "𝒳" * 40, "👨‍👩‍👧‍👦", "../../etc/passwd", "a\tb",
)  # fmt: skip


class Running(HTMLParser):
    """Collects what of a page would run or load something, besides the one script that belongs to it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and given.get("type") != "application/json":
            self.scripts.append("")
        refers = [value or "" for name, value in attrs if name in ("href", "src", "action", "xlink:href")]
        if tag in ("img", "iframe", "object", "embed", "base", "form") or any(name.startswith("on") for name in given):
            self.found.append(self.get_starttag_text() or tag)
        self.found += [one for one in refers if not one.startswith(("#", "data:"))]

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts and not self.scripts[-1]:
            self.scripts[-1] = data


class _Platform(BaseHTTPRequestHandler):
    """Gives one answer to whatever is asked."""

    answer: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    """A platform on which every meeting is named, opened and attended by somebody who means harm."""
    with Emulator(meetings=len(PAYLOADS), seed=8) as source:
        raw = Client(base_url=source.url, **source.credentials).fetch_meetings(len(PAYLOADS)).answers[0].raw
        env = dict(source.env)
    told = json.loads(raw)
    told["statusMsg"] = f"ok{ESC}[31m{BIDI}"
    for payload, meeting in zip(PAYLOADS, told["data"], strict=False):
        meeting["meetingname"] = meeting["creator"] = meeting["status"] = payload
        for party in meeting["parties"]:
            party["name"] = payload
        if meeting["parties"]:
            meeting["parties"][0]["phone"] = meeting["parties"][0]["stateDesc"] = payload
    answer = json.dumps(told).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Hostile", (_Platform,), {"answer": answer}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield env | {"YTX_BASE_URL": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _settled(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def archive(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Archive:
    kept = Archive(tmp_path_factory.mktemp("hostile") / f"m{BIDI}.archive")
    given: dict[str, Any] = {name.removeprefix("YTX_").lower(): value for name, value in settings.items()}
    kept.sync(Client(**given))
    assert len(kept.meetings()) >= 60
    return kept


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a verb, look at what a terminal would get, and return stdout."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    out, err = capsys.readouterr()
    assert int(ended.value.code or 0) in (0, 1, 2, 4, 5), (arguments, err[-2000:])
    assert "Traceback" not in err
    assert not UNPRINTABLE.findall(out + err), (arguments, UNPRINTABLE.findall(out + err)[:5])
    return out


VERBS = (
    ["fetch"], ["fetch", "--json"], ["sync"], ["sync", "--json"], ["explain"], ["explain", "--json"], ["explain", "--report", "creators", "--row", "3"],
    ["explain", "--report", "creators", "--row", "0", "--show-phones"], ["explain", "--report", "presence", "--row", "1", "--json"], ["audit"], ["audit", "--json"], ["verify"],
    ["doctor"], ["doctor", "--json"], ["sql", "select * from meetings join legs using (meeting_key)"], ["sql", "select * from legs", "--format", "json", "--show-phones"],
    ["sql", f"select '{ESC}[2J' as \"{ESC}[31m{BIDI}\" from {BIDI}"],
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "lang"),
    [(verb, lang) for verb in VERBS for lang in (("zh",) if {"--json", "--format"} & {*verb} else ("zh", "en"))],
    ids=lambda one: one if isinstance(one, str) else " ".join(one),
)
def test_no_verb_lets_a_terminal_obey(
    verb: list[str], lang: str, archive: Archive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name, *options = verb
    at = {
        "sync": ["--archive", str(tmp_path / f"n{ESC}[2J.archive")],
        "verify": [str(archive.path)],
        "fetch": [],
        "doctor": ["--archive", str(archive.path)],
    }
    out = said(capsys, "--lang", lang, name, *at.get(name, ["--archive", str(archive.path)]), *options)
    if "--json" in options:
        json.loads(out)


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
def test_files_hold_it_as_text_and_nothing_runs(
    archive: Archive, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / f"o{ESC}[31m{BIDI}"
    full, masked = ["--lang", "en", "--format", "all", "--show-phones"], ["--lang", "both", "--format", "excel,html"]
    for more in some((full, masked), 1):
        if more is masked:  # with all that numbers may say the pictures are there
            monkeypatch.setattr(html_report, "SIZES", ())
        said(capsys, "report", "--archive", str(archive.path), "--out", str(out), *more)
        page = (out / "report.html").read_text(encoding="utf-8")
        assert not UNPRINTABLE.search(page)
        runs = Running(page)
        assert not runs.found
        assert [one.lstrip()[:11] for one in runs.scripts] == ["/*ytxdata*/"]
        with zipfile.ZipFile(out / "report.xlsx") as book:
            for name in book.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    root = ET.fromstring(book.read(name))
                    assert not [one for one in root.iter() if one.tag.endswith("}f")], name
                    assert not UNPRINTABLE.search("".join(root.itertext())), name
        said(capsys, "verify", str(out))
    said(capsys, "pack", "--archive", str(archive.path), str(tmp_path / f"p{BIDI}.zip"))
    for form in ("parquet", "csv"):
        said(
            capsys,
            "export",
            str(tmp_path / f"e{ESC}[31m{BIDI}{form}"),
            "--archive",
            str(archive.path),
            "--format",
            form,
        )
    written = tmp_path / f"q{ESC}[2J.json"
    said(capsys, "sql", "select name from legs", "--archive", str(archive.path), "--format", "json", "--out", str(written), "--show-phones")  # fmt: skip
    assert written.stat().st_mode & 0o077 == 0 or os.name != "posix"


@pytest.mark.slow
@pytest.mark.parametrize("show_phones", [False, True])
def test_every_picture_draws_it_as_it_is(show_phones: bool, archive: Archive, tmp_path: Path) -> None:
    frame, source, others = archive.legs(), resolve(archive), cycle(("png", "pdf"))
    for name, picture in plots.PICTURES.items():
        if name in ("coverage", "presence"):
            continue
        if show_phones and not picture.is_personal:
            continue  # the same picture again
        more = {"show_phones": show_phones} if picture.is_personal else {}
        asked = {"unit": "person"} if name == "network" else {}  # a department needs a book
        axes = picture.draw(getattr(metrics, name)(source, **asked), **more)
        # every format meets the texts, and a picture two of them
        for suffix in ("svg",) if show_phones else ("svg", next(others)):
            plots.save(axes, tmp_path / f"{name}.{suffix}")
        assert not UNPRINTABLE.search((tmp_path / f"{name}.svg").read_text("utf-8"))
    if not show_phones:
        plots.save(plots.coverage(archive.certificate()), tmp_path / "coverage.svg")
    # two parties of each meeting, of ten meetings in one picture; masked it draws a few of these texts alone
    meetings = frame["meeting_id"].unique()[:: 1 if show_phones else 6]
    for first in some(range(0, len(meetings), 10), 2):
        legs = frame[frame["meeting_id"].isin(meetings[first : first + 10])].groupby("meeting_id").head(2)
        axes = plots.presence(record_table(legs.assign(meeting_id="m"), "legs"), show_phones=show_phones)
        plots.save(axes, tmp_path / "presence.svg")
        names = {legible(name)[:9] for name in legs["name"].dropna()} if show_phones else set()
        drawn = " ".join(label.get_text() for label in axes.get_yticklabels())
        assert all(name in drawn for name in names), names


def test_the_list_is_long_enough_and_says_no_thing_twice() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60
