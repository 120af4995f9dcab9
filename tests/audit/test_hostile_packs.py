"""Packs that were made to hurt whoever opens them, or to be read in two ways: names, links, answers, words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.audit.forger import main, mend, refused, run_verifier
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.verifier import canonical, sha256, verify
from ytxdata.labels import UNPRINTABLE


@pytest.mark.slow
def test_a_pack_without_raw_answers_is_not_damaged_and_it_is_open_what_follows_from_them(
    made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, anew = (audit.verify_pack(made["bare.zip"], recompute=one) for one in (False, True))
    told = [line for line in anew if "recompute" in line]
    assert told == [
        "OPEN  recompute 重算: there are no raw answers, so nothing was derived anew / 没有原始回答，没有重算"
    ]
    assert len(anew) == len(plain) + 1
    assert main(["--lang", "en", "verify", "--recompute", str(made["bare.zip"])]) == 1
    assert "does not hold" not in "".join(capsys.readouterr())
    with zipfile.ZipFile(made["bare.zip"]) as pack:
        pack.extractall(tmp_path)
    (tmp_path / "findings.json").write_bytes(b"[]")
    refused(tmp_path, "findings", recompute=True)


@pytest.mark.parametrize(
    "name",
    [
        unicodedata.normalize("NFD", "tables/café.csv"), "tables/CAFÉ.csv", "tables\\café.csv", "tables/café.csv.",
        "tables/café.csv ",
    ],
    ids=["accents", "case", "backslash", "dot", "blank"],
)  # fmt: skip
def test_two_names_that_are_one_elsewhere_are_refused(made: dict[str, Path], tmp_path: Path, name: str) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files["tables/café.csv"] = files[name] = b"x"
        list_all(files)
    lines, holds = verify(tmp_path / "altered.zip")
    assert not holds
    assert "one name on some machines" in lines[-1]


@pytest.mark.parametrize(
    "name", ["../out.csv", "/etc/out.csv", "C:out.csv", "a/./b.csv", "a//b.csv", "a\x00b.csv", "a\u202eb.csv"]
)
def test_a_name_that_leads_elsewhere_is_refused(made: dict[str, Path], tmp_path: Path, name: str) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = b"x"
        list_all(files)
    lines, holds = verify(tmp_path / "altered.zip")
    assert not holds, lines
    assert not (tmp_path.parent / "out.csv").exists()


@pytest.mark.parametrize("name", [".DS_Store", "tables/Thumbs.db", "desktop.ini", "more.txt", "__pycache__/verify.pyc"])
def test_a_file_that_nobody_vouches_for_is_refused(
    made: dict[str, Path], folder: Path, tmp_path: Path, name: str
) -> None:
    mend(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"payload")
    refused(folder, "added")
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = b"payload"
    refused(tmp_path / "altered.zip", "added")


def test_a_link_in_place_of_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "README.txt", tmp_path / "README.txt")
    (folder / "README.txt").symlink_to(tmp_path / "README.txt")
    refused(folder, "no plain file")


@contextmanager
def altered(source: Path, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """Give the files of a pack, and write them as another ZIP."""
    with zipfile.ZipFile(source) as whole:
        files = {name: whole.read(name) for name in whole.namelist() if name != "signature.json"}
    yield files
    with zipfile.ZipFile(tmp_path / "altered.zip", "w", zipfile.ZIP_DEFLATED) as whole:
        for name, data in files.items():
            mark = zipfile.ZipInfo("x")
            mark.filename = name  # as it is: the constructor would tidy it
            whole.writestr(mark, data)


def list_all(files: dict[str, bytes]) -> None:
    body = json.loads(files["manifest.json"])
    del body["sha256"]
    body["files"] = [
        {"path": name, "size": len(data), "sha256": sha256(data)}
        for name, data in files.items()
        if name not in verifier.UNLISTED
    ]
    files["manifest.json"] = canonical({**body, "sha256": sha256(canonical(body))})


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "pulls.json", "certificate.json", "findings.json", "tables/usage.about.json", "signature.json"],
)
@pytest.mark.parametrize(
    "nested", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000], ids=["open", "objects", "closed"]
)
def test_deep_json_ends_in_exit_code_5_and_no_traceback(
    made: dict[str, Path], tmp_path: Path, name: str, nested: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = nested
        if name != "manifest.json":
            list_all(files)
    done = run_verifier(str(tmp_path / "altered.zip"))
    assert (done.returncode, done.stderr) == (5, ""), done.stdout[-300:]
    assert main(["verify", str(tmp_path / "altered.zip")]) == 5
    assert "Traceback" not in capsys.readouterr().err


def edge_of_time(place: int, edge: str, instant: str) -> Callable[[Any], object]:
    return lambda one: one["periods"][place].update({edge: instant})


BEYOND: dict[str, tuple[str, Callable[[Any], object]]] = {
    "the end of time": ("certificate.json", edge_of_time(-1, "end", "9999-12-31T23:59:59+00:00")),
    "the begin of time": ("certificate.json", edge_of_time(0, "start", "0001-01-01T00:00:00+14:00")),
    "no number": ("findings.json", lambda one: one["findings"][0].update(measured=10**400)),
}


@pytest.mark.parametrize("name", BEYOND)
def test_a_value_beyond_what_python_holds_does_not_hold(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback ends with 1, which means of a verifier: all holds, something is open."""
    wild_json(*BEYOND[name])(folder)
    mend(folder)
    done = run_verifier(str(folder))
    assert (done.returncode, done.stderr) == (5, ""), done.stdout[-300:]
    assert main(["verify", str(folder)]) == 5
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("told", [{"settle_s": 1e20}, {"settle_s": -1e20}])
def test_what_nothing_can_be_derived_with_does_not_hold(
    folder: Path, told: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    wild_json("manifest.json", lambda one: one.update(told))(folder)
    mend(folder)
    assert main(["--lang", "en", "verify", "--recompute", str(folder)]) == 5
    said = capsys.readouterr().err
    assert "FAIL  recompute: OverflowError" in said
    assert "Traceback" not in said


def test_the_verifier_ends_no_other_way_where_it_breaks_itself(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "verify.py"
    text = Path(verifier.__file__).read_text("utf-8")
    broken.write_text(text.replace("lines, holds = verify(given.pack, asked)", "raise AssertionError"), "utf-8")
    done = subprocess.run([sys.executable, "-I", str(broken), str(folder)], capture_output=True, check=False)
    assert done.returncode == 5


def test_a_large_json_is_not_read_at_once(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_JSON_BYTES", 1000)
    refused(made["raw.zip"], "too large")


def with_raw(folder: Path, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """Change the first raw answer that a finding rests on; return the id of a record that the finding names."""
    told = json.loads((folder / "findings.json").read_bytes())
    one = next(one for one in told["findings"] if one["records_in_archive"] and one["pulls"])
    record: bytes = one["records_in_archive"][0].encode()
    for pull in one["pulls"]:
        raw = folder / "raw" / f"{pull}.json"
        raw.write_bytes(change(raw.read_bytes(), record))
    mend(folder)
    return record


def test_each_answer_is_unpacked_once_for_all_findings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = verifier.Unpacked.read

    def counted(pack: verifier.Unpacked, name: str) -> bytes:
        read.append(name)
        return whole(pack, name)

    mend(folder)
    monkeypatch.setattr(verifier.Unpacked, "read", counted)
    assert verify(folder)[1]
    raw = [name for name in read if name.startswith("raw/")]
    assert raw
    assert len(raw) == len(set(raw))


@pytest.mark.parametrize("glue", [b"x%b", b"%bx", b"\\n%b", b"\\\\n%b", b"(%b)"])
def test_an_id_is_found_however_an_answer_writes_it(folder: Path, glue: bytes) -> None:
    with_raw(folder, lambda text, record: text.replace(record, b"-") + glue % record)
    assert verify(folder)[1]


def test_an_id_that_stands_in_none_of_its_answers_is_told(folder: Path) -> None:
    record = with_raw(folder, lambda text, record: text.replace(record, b"-"))
    refused(folder, f"record {record.decode()} stands in none")


def test_what_takes_too_long_to_look_for_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_raw(folder, lambda text, record: text.replace(record, b"x" + record))
    assert verify(folder)[1]
    monkeypatch.setattr(verifier, "MOST_LOOKS", 1000)
    refused(folder, "more than can be looked for")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["", "findings.csv", "raw/1.json"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    place = folder / name
    if place == folder:
        place = folder.with_name("pipe.zip")
        folder = place
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    command = [sys.executable, "-I", verifier.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=30)
    assert (done.returncode, done.stderr) == (5, "")
    assert "no plain file" in done.stdout
    refused(folder, "no plain file")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["nothing.zip"], 2, "there is no "),
        (["whole.zip", "--public-key", "key.pub"], 2, "key.pub: No such file or directory"),
        (["an archive"], 5, "there is no manifest.json in it: it is no evidence pack"),
        (["cut.zip"], 5, "as if cut on its way"),
        (["anew.zip"], 5, "it was zipped anew: unpack it and verify the folder"),
    ],
)
def test_what_is_no_pack_is_called_so_by_whoever_has_python_alone(
    folder: Path, given: list[str], code: int, said: str
) -> None:
    """All of it was damage, with the words of Python."""
    at = folder.parent
    shutil.make_archive(str(at / "anew"), "zip", at, folder.name)
    (at / "an archive").mkdir(exist_ok=True)
    (at / "cut.zip").write_bytes((at / "anew.zip").read_bytes()[:5000])
    (at / "whole.zip").write_bytes(b"")
    done = run_verifier(*(str(at / one) if not one.startswith("--") else one for one in given))
    assert done.returncode == code
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["OPINION.html", "tables/costs.json", "raw/1.json"])
def test_a_file_that_no_pack_holds_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    mend(folder)
    refused(folder, "no files of a pack|answers of no pull")


WILD = "\x1b[2J\x1b[H\nok    signature 签名: as asked for\r\nok    heads\x85ok    rest\u2028ok    more\x9b8m\u202e"
"""A screen that is cleared, and lines that look like those of the verifier."""


def wild_json(name: str, put: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        body = json.loads((folder / name).read_bytes())
        put(body)
        is_about = name.endswith(".about.json")
        told = json.dumps(body, ensure_ascii=False, indent=2).encode() if is_about else canonical(body)
        (folder / name).write_bytes(told)

    return forge


FINDING = ("finding_id", "check", "severity", "status", "zh", "en", "measured", "reason", "by")
WILDLY: dict[str, Callable[[Path], Any]] = {
    "pulls of a period": wild_json("certificate.json", lambda one: one["periods"][0].update(pulls=[WILD])),
    "verdict": wild_json("certificate.json", lambda one: one["periods"][0].update(verdict=WILD)),
    "sentence": wild_json("certificate.json", lambda one: one["sentence"].update(en=WILD, zh=WILD)),
    "a key": wild_json("certificate.json", lambda one: one.update({WILD: 1})),
    "worst": wild_json("certificate.json", lambda one: one.update(worst=WILD)),
    **{
        f"{key} of a finding": wild_json("findings.json", lambda one, key=key: one["findings"][0].update({key: WILD}))  # type: ignore[misc]  # its own key
        for key in FINDING
    },
    "pulls of a finding": wild_json("findings.json", lambda one: one["findings"][0].update(pulls=[WILD])),
    "records of a finding": wild_json("findings.json", lambda one: one["findings"][0].update(record_ids=[WILD])),
    "why not": wild_json("findings.json", lambda one: one["not_run"].update({WILD: {"zh": WILD, "en": WILD}})),
    "parameters": wild_json("findings.json", lambda one: one["parameters"].update({WILD: {}})),
    "pull_id": wild_json("pulls.json", lambda one: one[0].update(pull_id=WILD)),
    "request_id": wild_json("pulls.json", lambda one: one[0].update(request_id=WILD)),
    "verdict of a pull": wild_json("pulls.json", lambda one: one[0].update(verdict=WILD)),
    "a note": wild_json("findings.about.json", lambda one: one.update(notes=[{"zh": WILD, "en": WILD}])),
    "title": wild_json("tables/usage.about.json", lambda one: one.update(title={"zh": WILD, "en": WILD})),
    "file": wild_json("tables/usage.about.json", lambda one: one.update(file=WILD)),
    "version": wild_json("manifest.json", lambda one: one.update(package_version=WILD)),
    "as_of": wild_json("manifest.json", lambda one: one.update(as_of=WILD)),
    "audited": wild_json("manifest.json", lambda one: one.update(audited=[WILD, None])),
    "parser": wild_json("manifest.json", lambda one: one["parser"]["meetings"].append([WILD, [WILD]])),
    "names of fields": wild_json("manifest.json", lambda one: one["parser"]["meetings"][0][1].append(WILD)),
    "clocks": wild_json("manifest.json", lambda one: one.update(clocks=[[WILD, 86400.0]])),
    "settles": wild_json("manifest.json", lambda one: one.update(settles=[[WILD, WILD]])),
    "earlier names": wild_json("manifest.json", lambda one: one.update(names=[[WILD, one["parser"]]])),
    "a table": lambda folder: (folder / "tables/meetings.csv").write_text(f'"{WILD}"\n"{WILD}"\n', "utf-8"),
    "a path": lambda folder: (folder / "raw" / WILD.replace("/", "")).write_bytes(b"x"),
}


@pytest.mark.slow
@pytest.mark.usefixtures("recomputed_once")
@pytest.mark.by_chance(8)
@pytest.mark.parametrize("name", WILDLY)
def test_nothing_that_a_maker_wrote_repaints_a_terminal_or_passes_for_a_line_of_ours(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    WILDLY[name](folder)
    mend(folder)
    monkeypatch.setattr(sys, "argv", ["verify.py", str(folder)])
    verifier.main()
    alone = capsys.readouterr()
    main(["--lang", "both", "verify", "--recompute", str(folder)])
    ours = capsys.readouterr()
    for printed in (alone.out, alone.err, ours.out, ours.err):
        assert not UNPRINTABLE.search(printed), repr(printed)
        lines = [line.strip() for line in printed.splitlines() if "ok    heads" in line]
        assert all(line.startswith(("FAIL", "OPEN")) for line in lines), lines


@pytest.mark.slow
def test_words_about_heads_that_are_none_are_one_line(made: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "heads").write_text(json.dumps({"format": WILD, "asked_at": WILD}) + "\n")
    (tmp_path / "heads 2").write_text(json.dumps({"format": verifier.HEAD_FORMAT, "pulls": 1, "asked_at": WILD}))
    for given in ("heads", "heads 2"):
        done = run_verifier(str(made["bare.zip"]), "--heads", str(tmp_path / given))
        assert done.returncode == 2
        assert not UNPRINTABLE.search(done.stderr)
