"""Forgeries of an evidence pack: each is what somebody would do who can mend every hash inside it."""

from __future__ import annotations

import csv
import io
import json
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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import ytxdata as ytx
from tests.audit.authority import SEEN, Authority
from tests.audit.office import Story, tell
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.anchors import heads_of
from ytxdata.audit.pack_check import RELEASED
from ytxdata.audit.verifier import canonical, is_signed, sha256, verify
from ytxdata.cli import main as cli
from ytxdata.errors import DamagedError, UsageError


def main(arguments: list[str]) -> int:
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as left:
        cli(arguments)
    return int(left.value.code or 0)


def write_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


@pytest.fixture(scope="module")
def made(planted_once: Story, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Packs with and without raw answers, signed; the keys; the published heads."""
    folder = tmp_path_factory.mktemp("forgeries")
    key = write_key(folder / "key.pem")
    write_key(folder / "stranger.pem")
    public = key.public_key()
    (folder / "key.pub").write_text(public.public_bytes_raw().hex() + "\n")
    (folder / "key.pub.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    heads = heads_of(planted_once.archive)
    (folder / "heads.jsonl").write_text("".join(canonical(one).decode() + "\n" for one in heads))
    findings = planted_once.audit(remember=False)
    for name, raw in (("raw", True), ("bare", False)):
        audit.pack(
            planted_once.archive,
            folder / f"{name}.zip",
            findings=findings,
            include_raw=raw,
            sign_with=folder / "key.pem",
        )
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def folder(made: dict[str, Path], tmp_path: Path) -> Path:
    """The pack with raw answers, unpacked and without its signature: a forger's working copy."""
    with zipfile.ZipFile(made["raw.zip"]) as whole:
        whole.extractall(tmp_path / "forged")
    (tmp_path / "forged" / "signature.json").unlink()
    return tmp_path / "forged"


def mend(folder: Path) -> None:
    """Make every hash in a pack fit again, as its maker can."""
    for about in folder.rglob("*.about.json"):
        table = about.with_name(about.name.removesuffix(".about.json") + ".csv")
        if table.exists():
            told, fits = json.loads(about.read_bytes()), sha256(table.read_bytes())
            if told["sha256"] != fits:
                about.write_bytes(json.dumps({**told, "sha256": fits}, ensure_ascii=False, indent=2).encode())
    pulls = json.loads((folder / "pulls.json").read_bytes())
    previous = None
    for pull in pulls:
        pull["previous_sha256"] = previous
        raw = folder / "raw" / f"{pull['pull_id']}.json"
        if raw.exists():
            pull.update(sha256=sha256(raw.read_bytes()), bytes=raw.stat().st_size)
        previous = sha256(canonical(pull))
    (folder / "pulls.json").write_bytes(canonical(pulls))
    body = json.loads((folder / "manifest.json").read_bytes())
    del body["sha256"]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in verifier.UNLISTED]
    body["files"] = [
        {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": sha256(path.read_bytes())}
        for path in files
    ]
    body |= {"chain_sha256": previous, "n_pulls": len(pulls)}
    (folder / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def shorten(path: Path) -> None:
    """Take the last row away."""
    path.write_text("".join(path.read_text("utf-8").splitlines(True)[:-1]), "utf-8")


def refused(place: Path, match: str, **options: Any) -> None:
    with pytest.raises(DamagedError, match=match):
        audit.verify_pack(place, **options)


@pytest.mark.slow
def test_a_pack_that_was_only_mended_is_a_pack(folder: Path) -> None:
    """The forger's tool itself breaks nothing: what follows is noticed for its own sake."""
    mend(folder)
    assert any("recompute" in line for line in audit.verify_pack(folder, recompute=True))


# ── whose verifier, whose key ──
def test_a_verifier_that_always_agrees_is_not_believed(folder: Path) -> None:
    (folder / "verify.py").write_text("print('ok')\n")
    mend(folder)
    refused(folder, "of no known release")


def test_a_verifier_of_an_earlier_release_is_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(len(one) == 64 for one in RELEASED)
    (folder / "verify.py").write_bytes(b"print('earlier')")
    mend(folder)
    monkeypatch.setitem(RELEASED, sha256(b"print('earlier')"), "0.0.9")
    assert any("0.0.9" in line for line in audit.verify_pack(folder))


def test_a_pack_of_the_first_release_still_verifies() -> None:
    """Made by 0.1.0 of an emulated company, before tables had keyed hashes and manifests a parser."""
    path = Path(__file__).parent / "packs" / "pack-0.1.0.zip"
    lines = audit.verify_pack(path)
    assert any("that of release 0.1.0 " in line for line in lines)
    assert "--include-raw" in lines[-1]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["key.pub", "key.pub.pem"])
def test_a_stranger_cannot_sign_in_place_of_the_maker(
    made: dict[str, Path], planted_once: Story, tmp_path: Path, form: str
) -> None:
    assert any("as asked for" in line for line in audit.verify_pack(made["raw.zip"], public_key=made[form]))
    forged = tmp_path / "forged.zip"
    audit.pack(planted_once.archive, forged, sign_with=made["stranger.pem"])
    assert audit.verify_pack(forged, require_signature=True)
    refused(forged, "by a stranger", public_key=made[form])
    audit.pack(planted_once.archive, forged)
    refused(forged, "no signature", public_key=made[form])
    refused(forged, "no signature", require_signature=True)
    (tmp_path / "none.pub").write_text("00ff")
    with pytest.raises(UsageError, match="public key"):
        audit.verify_pack(forged, public_key=tmp_path / "none.pub")


@pytest.mark.slow
def test_a_key_of_small_order_signs_nothing() -> None:
    """With such a key and the neutral commitment, one signature in eight or so would fit any message without a
    secret.
    """
    p = 2**255 - 19
    small = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]
    assert p > 0
    for key in small:
        for message in range(40):
            for commitment in small:
                assert not is_signed(bytes.fromhex(key), bytes([message]), bytes.fromhex(commitment) + bytes(32))


def test_a_key_with_a_small_part_is_no_key() -> None:
    """A key plus a point of order two verifies about every other message as the key itself does."""
    key = Ed25519PrivateKey.generate()
    public = verifier._point(key.public_key().public_bytes_raw())
    two = verifier._point(bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))
    assert public
    assert two
    x, y, z, _ = verifier._add(public, two)
    inverse = pow(z, -1, verifier._P)
    mixed = (y * inverse % verifier._P | (x * inverse % verifier._P & 1) << 255).to_bytes(32, "little")
    for message in range(16):
        assert not is_signed(mixed, bytes([message]), key.sign(bytes([message])))


# ── everything in the pack agrees ──
def change_json_findings(folder: Path) -> None:
    body = json.loads((folder / "findings.json").read_bytes())
    body["findings"][0]["severity"] = "warn"
    (folder / "findings.json").write_bytes(canonical(body))


@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (change_json_findings, "findings.csv says another severity"),
        (lambda f: rewrite(f / "findings.csv", ',"crit",', ',"warn",'), "findings.csv says another severity"),
        (lambda f: rewrite(f / "findings.csv", "stand for one meeting", "stand for two meetings"), "another en"),
        (lambda f: shorten(f / "findings.csv"), "rows"),
        (lambda f: (f / "tables/usage.about.json").unlink(), "no description"),
        (lambda f: rewrite(f / "tables/usage.about.json", '"rows": ', '"rows": 1'), "other columns or rows"),
        (lambda f: rewrite(f / "tables/usage.csv", "period", "month"), "other columns or rows"),
        (lambda f: rewrite(f / "findings.json", '{"findings"', '{ "findings"'), "canonical"),
        (lambda f: rewrite(f / "certificate.json", '"worst":', '"worst":"PROVEN","worst":'), "canonical"),
    ],
    ids=[
        "findings.json", "findings.csv", "a sentence", "a finding less", "no description", "rows", "a column", "blanks",
        "a key twice",
    ],
)  # fmt: skip
def test_parts_that_disagree_are_noticed(folder: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(folder)
    mend(folder)
    assert verify(folder)[1] is False
    refused(folder, match)


def test_a_description_of_another_table_is_noticed(folder: Path) -> None:
    mend(folder)
    shutil.copy(folder / "tables/moved.about.json", folder / "tables/usage.about.json")
    body = json.loads((folder / "manifest.json").read_bytes())
    del body["sha256"]
    for mark in body["files"]:
        data = (folder / mark["path"]).read_bytes()
        mark.update(size=len(data), sha256=sha256(data))
    (folder / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))
    refused(folder, "another file")


def flip_verdict(folder: Path) -> None:
    body = json.loads((folder / "certificate.json").read_bytes())
    for one in body["periods"]:
        one["verdict"] = "PROVEN"
    (folder / "certificate.json").write_bytes(canonical({**body, "worst": "PROVEN"}))


def drop_finding(folder: Path) -> None:
    """Out of both lists, its description and the summary."""
    body = json.loads((folder / "findings.json").read_bytes())
    gone = next(one for one in body["findings"] if one["check"] == "over_long" and one["severity"] == "crit")
    body["findings"].remove(gone)
    (folder / "findings.json").write_bytes(canonical(body))
    lines = (folder / "findings.csv").read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if gone["finding_id"] not in line]
    (folder / "findings.csv").write_bytes("".join(kept).encode())
    rewrite(folder / "findings.about.json", f'"rows": {len(lines) - 1}', f'"rows": {len(kept) - 1}')
    rows = list(csv.DictReader(io.StringIO((folder / "tables/audit_summary.csv").read_text("utf-8"))))
    for row in rows:
        if row["check"] == "over_long":
            row.update(crit=str(int(row["crit"]) - 1), new=str(int(row["new"]) - 1))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "tables/audit_summary.csv").write_bytes(text.getvalue().encode())


def change_answer(folder: Path) -> None:
    """A shorter meeting in an answer, and the same in no table."""
    path = sorted((folder / "raw").iterdir())[-1]
    text = path.read_text("utf-8")
    at = text.index('"duration"') if '"duration"' in text else text.index("duration")
    digit = next(i for i in range(at + 10, len(text)) if text[i].isdigit() and text[i] != "9")
    path.write_text(text[:digit] + "9" + text[digit + 1 :], "utf-8")


def change_amount(folder: Path) -> None:
    """One cell of the table of meetings."""
    path = folder / "tables/meetings.csv"
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    place = rows[0].index("amount_yuan")
    row = next(row for row in rows[1:] if row[place])
    rewrite(path, f'"{row[0]}"', f'"{row[0]}"')
    text = path.read_text("utf-8")
    line = next(one for one in text.splitlines() if row[0] in one)
    path.write_bytes(text.replace(line, line.replace(f'"{row[place]}"', '"9999.99"'), 1).encode())


@pytest.mark.slow
@pytest.mark.parametrize(
    "forge",
    [
        change_amount,
        flip_verdict,
        drop_finding,
        change_answer,
        lambda f: rewrite(f / "pulls.json", '"returned_n":', '"returned_n":1'),
        lambda f: rewrite(f / "tables/audit_summary.csv", '"时间过长","over-long","', '"时间过长","over-long","1'),
    ],
    ids=[
        "a cell", "PROVEN everywhere", "a finding left out everywhere", "an answer", "a count of a pull", "the summary",
    ],
)  # fmt: skip
def test_what_agrees_and_is_false_is_noticed_when_all_is_derived_anew(
    folder: Path, forge: Callable[[Path], object]
) -> None:
    forge(folder)
    mend(folder)
    assert verify(folder)[1] is True  # nothing but the answers can tell
    refused(folder, "recompute", recompute=True)


def test_nothing_can_be_derived_without_raw_answers(made: dict[str, Path]) -> None:
    refused(made["bare.zip"], "no raw answers", recompute=True)


# ── names ──
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


def test_two_files_of_one_name_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    shutil.copy(made["raw.zip"], path)
    with zipfile.ZipFile(path, "a") as whole, pytest.warns(UserWarning, match="Duplicate"):
        whole.writestr("findings.csv", b"another")
    refused(path, "two files are called")


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


# ── hostile packs ──
def run_verifier(*given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", verifier.__file__, *given]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


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


def test_a_zip_that_grows_a_thousandfold_is_refused_before_it_is_read(made: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole,
        whole.open("raw/zeros.json", "w", force_zip64=True) as file,
    ):
        for _ in range(256):
            file.write(bytes(1024**2))
    assert path.stat().st_size * 900 < 256 * 1024**2
    refused(path, "would grow")
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, "")
    assert "would grow" in done.stdout


def test_a_size_that_is_a_lie_is_noticed(made: dict[str, Path], tmp_path: Path) -> None:
    """The directory of the ZIP says one byte; the content is a mebibyte."""
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("manifest.json", bytes(1024**2))
    data = path.read_bytes()
    size = (1024**2).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (1).to_bytes(4, "little")))
    assert run_verifier(str(path)).returncode == 5


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_FILES", 10)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as whole:
        for place in range(11):
            whole.writestr(str(place), b"")
    refused(tmp_path / "many.zip", "more than a pack may hold")


def test_a_large_json_is_not_read_at_once(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_JSON_BYTES", 1000)
    refused(made["raw.zip"], "too large")


# ── published heads ──
@pytest.mark.parametrize("name", ["raw.zip", "bare.zip"])
def test_heads_that_were_published_agree_with_archive_and_packs(
    made: dict[str, Path], planted_once: Story, name: str
) -> None:
    assert any("2 published heads agree" in line for line in audit.verify_pack(made[name], heads=made["heads.jsonl"]))
    assert "up to pull 2 of 2" in audit.verify_heads(planted_once.archive, made["heads.jsonl"]).en


@pytest.mark.slow
def test_an_insider_who_rewrites_the_disk_is_found_out(
    made: dict[str, Path], planted_once: Story, folder: Path, tmp_path: Path
) -> None:
    """He has every secret of the archive and can mend everything in it, but not what others keep."""
    last = sorted((folder / "raw").iterdir())[-1]
    last.write_bytes(last.read_bytes() + b" ")
    mend(folder)
    refused(folder, "after pull 1 and up to pull 2", heads=made["heads.jsonl"])
    first = sorted((folder / "raw").iterdir())[0]
    first.write_bytes(first.read_bytes() + b" ")
    mend(folder)
    refused(folder, "after pull 0 and up to pull 1", heads=made["heads.jsonl"])
    other = tell(2, tmp_path, meetings=60, planted=False)
    with pytest.raises(DamagedError, match="after pull 0 and up to pull 1"):
        audit.verify_heads(other.archive, made["heads.jsonl"])
    published = made["heads.jsonl"].read_text().splitlines()
    later = json.loads(published[-1]) | {"pulls": 3}
    (tmp_path / "heads.jsonl").write_text("\n".join([*published, json.dumps(later)]))
    with pytest.raises(DamagedError, match="after pull 2 and up to pull 3"):
        audit.verify_heads(planted_once.archive, tmp_path / "heads.jsonl")


def test_heads_of_another_time_prove_nothing(made: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "heads.jsonl").write_text("")
    refused(made["bare.zip"], "none of the heads", heads=tmp_path / "heads.jsonl")
    (tmp_path / "heads.jsonl").write_text("[" * 200_000)
    with pytest.raises(UsageError, match="no published heads"):
        audit.verify_pack(made["bare.zip"], heads=tmp_path / "heads.jsonl")


def test_a_published_head_is_no_hash_of_what_is_hidden(made: dict[str, Path], planted_once: Story) -> None:
    plain = {sha256(planted_once.archive.answer(one)) for one in planted_once.archive.pulls()["pull_id"]}
    ends = set(planted_once.archive.pulls()["previous_sha256"].dropna())
    text = made["heads.jsonl"].read_text()
    assert ends
    assert not [one for one in plain | ends if one in text or one[:16] in text]


def test_a_head_is_published_with_a_sync(made: dict[str, Path], story: Story, tmp_path: Path) -> None:
    with Authority.make().serving() as address:
        line = audit.publish_head(story.archive, address)
    audit.publish_head(story.archive, str(tmp_path / "heads.jsonl"))
    audit.publish_head(story.archive, str(tmp_path / "heads.jsonl"))
    assert (tmp_path / "heads.jsonl").read_text().splitlines() == [line, line]
    assert line == made["heads.jsonl"].read_text().splitlines()[-1]
    assert main(["verify", str(story.archive.path), "--heads", str(tmp_path / "heads.jsonl")]) == 0
    with pytest.raises(UsageError, match="not published"):
        audit.publish_head(story.archive, address)


# ── time that an authority witnesses ──
@pytest.mark.slow
def test_a_timestamp_says_when_the_manifest_was_there(
    made: dict[str, Path], planted_once: Story, folder: Path, tmp_path: Path
) -> None:
    authority, path = Authority.make(), tmp_path / "stamped.zip"
    (tmp_path / "root.pem").write_bytes(authority.root)
    (tmp_path / "other.pem").write_bytes(Authority.make("witness").root)
    with authority.serving() as address:
        assert main(["pack", str(path), "--archive", str(planted_once.archive.path), "--timestamp", address]) == 0
    assert any(SEEN.isoformat() in line for line in audit.verify_pack(path, authority=tmp_path / "root.pem"))
    assert any("certificate shows" in line for line in audit.verify_pack(path))
    assert run_verifier(str(path)).returncode == 0
    refused(path, "does not hold", authority=tmp_path / "other.pem")
    refused(made["bare.zip"], "one was asked for", authority=tmp_path / "root.pem")
    with zipfile.ZipFile(path) as whole:
        token = whole.read("timestamp.tsr")
    (tmp_path / "token.tsr").write_bytes(token)
    again = audit.pack(planted_once.archive, tmp_path / "again.zip", timestamp_from=tmp_path / "token.tsr")
    assert again.path.read_bytes() == path.read_bytes()
    with pytest.raises(UsageError, match="another manifest"):
        audit.pack(planted_once.archive, tmp_path / "more.zip", include_raw=True, timestamp_from=tmp_path / "token.tsr")
    assert not (tmp_path / "more.zip").exists()
    mend(folder)
    (folder / "timestamp.tsr").write_bytes(token)
    refused(folder, "does not hold", authority=tmp_path / "root.pem")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["http://127.0.0.1:9/", "nowhere.tsr"])
def test_an_authority_that_does_not_answer_leaves_no_pack(planted_once: Story, tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError, match="gave no timestamp"):
        audit.pack(planted_once.archive, tmp_path / "pack.zip", timestamp_from=where)
    assert not list(tmp_path.glob("*.zip"))


def test_options_of_packs_are_refused_elsewhere(planted_once: Story) -> None:
    assert main(["verify", str(planted_once.archive.path), "--require-signature"]) == 2


# ── what a pack claims beside its cells ──
def claim_all_is_proven(folder: Path) -> None:
    path = folder / "tables/meetings.about.json"
    told = json.loads(path.read_bytes())
    told["completeness"] = {"verdict": "PROVEN", "zh": "已证实", "en": "proven"}
    path.write_bytes(json.dumps({**told, "notes": [], "excluded": []}, ensure_ascii=False, indent=2).encode())


def silence_checks(folder: Path, *, named: bool = False) -> None:
    """Every check that found something, with all it found: out of both lists, the parameters and the summary."""
    body = json.loads((folder / "findings.json").read_bytes())
    gone = {one["check"] for one in body["findings"]}
    body["findings"] = []
    if not named:
        for part in ("parameters", "not_run"):
            body[part] = {key: value for key, value in body[part].items() if key not in gone}
    (folder / "findings.json").write_bytes(canonical(body))
    lines = (folder / "findings.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "findings.csv").write_bytes(lines[0].encode())
    for name, kept in (("findings", 0), ("tables/audit_summary", None)):
        about = json.loads((folder / f"{name}.about.json").read_bytes())
        if kept is None:
            header, *rows = (folder / f"{name}.csv").read_text("utf-8").splitlines(keepends=True)
            rows = [row for row in rows if row.split('"')[1] not in gone]
            (folder / f"{name}.csv").write_bytes("".join([header, *rows]).encode())
            kept = len(rows)
        (folder / f"{name}.about.json").write_bytes(json.dumps({**about, "rows": kept}).encode())


def change_finding(folder: Path, check: str, name: str, value: Any) -> None:
    """One cell of the first finding of a check, in both lists."""
    body = json.loads((folder / "findings.json").read_bytes())
    place = next(place for place, one in enumerate(body["findings"]) if one["check"] == check)
    assert body["findings"][place][name] != value
    body["findings"][place][name] = value
    (folder / "findings.json").write_bytes(canonical(body))
    rows = list(csv.reader(io.StringIO((folder / "findings.csv").read_text("utf-8"), newline="")))
    if name in rows[0]:
        rows[place + 1][rows[0].index(name)] = str(value)
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    (folder / "findings.csv").write_bytes(text.getvalue().encode())


def change_json(path: Path, **values: Any) -> None:
    """Some of what a JSON file says; descriptions are indented, all else is canonical."""
    body = {**json.loads(path.read_bytes()), **values}
    is_about = path.name.endswith(".about.json")
    path.write_bytes(json.dumps(body, ensure_ascii=False, indent=2).encode() if is_about else canonical(body))


def leave_out(folder: Path, name: str) -> None:
    for end in (".csv", ".about.json"):
        (folder / f"{name}{end}").unlink()


NICE = {"zh": "一切完整。", "en": "All of it is complete."}


def change_manifest(folder: Path, **values: Any) -> None:
    body = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(canonical({**body, **values}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (claim_all_is_proven, "about.json"),
        (silence_checks, "follows from the answers"),
        (lambda f: change_manifest(f, as_of="2020-01-01T00:00:00+00:00"), "as_of"),
        (lambda f: (f / "README.txt").write_text("everything is proven", "utf-8"), "README"),
        (lambda f: change_finding(f, "coverage_gap", "en", "nothing is missing"), "coverage_gap|en is"),
        (lambda f: change_finding(f, "coverage_gap", "finding_id", "0123456789abcdef"), "finding_id"),
        (lambda f: change_finding(f, "coverage_gap", "measured", 1.0), "measured"),
        (lambda f: change_finding(f, "over_long", "pulls", []), "pulls"),
        (lambda f: change_finding(f, "over_long", "records_in_archive", []), "records_in_archive"),
        (lambda f: change_json(f / "certificate.json", sentence=NICE), "sentence"),
        (lambda f: change_json(f / "tables/audit_summary.about.json", notes=[NICE]), "notes"),
        (lambda f: change_json(f / "tables/usage.about.json", period=None), "period"),
        (lambda f: leave_out(f, "tables/moved"), "moved"),
    ],
    ids=[
        "a description", "checks kept silent", "its instant", "its README", "what is missing", "the id of a gap", "how long a gap is",
        "what proves a finding", "whose finding it is", "the certificate's sentence", "a note of the summary", "a period",
        "a table left out",
    ],
)  # fmt: skip
def test_a_claim_that_does_not_follow_is_refused(folder: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(folder)
    mend(folder)
    refused(folder, match, recompute=True)


def test_a_one_in_the_manifest_switches_no_comparison_off(folder: Path) -> None:
    flip_verdict(folder)
    change_manifest(folder, witnesses=1)
    mend(folder)
    refused(folder, "lists others than the manifest", recompute=True)


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ytx.Archive, Path]:
    """An archive with a bill that agrees in one month and lacks a meeting in another, and its pack with all that is raw."""
    place = tmp_path_factory.mktemp("witnessed")
    archive = ytx.sample("archive")
    audit.pack(archive, place / "pack.zip", include_raw=True)
    return archive, place / "pack.zip"


@pytest.mark.slow
def test_what_rests_on_a_list_from_elsewhere_follows_from_that_list(witnessed: tuple[ytx.Archive, Path]) -> None:
    archive, place = witnessed
    assert any(one.reason_key == "witnessed" for one in archive.certificate().periods)
    told = audit.verify_pack(place, recompute=True)
    left = [line for line in told if line.startswith("OPEN")]
    assert len(left) == len(archive.witnesses()) > 0
    assert all("the list bill-" in line and "vouches" in line for line in left), "anybody can write a bill"
    assert main(["verify", str(place), "--recompute"]) == 1


@pytest.mark.slow
def test_a_masked_pack_names_its_lists_by_key_alone(witnessed: tuple[ytx.Archive, Path], tmp_path: Path) -> None:
    archive, place = witnessed
    audit.pack(archive, tmp_path / "masked.zip")
    assert main(["verify", str(tmp_path / "masked.zip")]) == 0
    with zipfile.ZipFile(place) as whole, zipfile.ZipFile(tmp_path / "masked.zip") as hidden:
        lists = json.loads(hidden.read("witnesses.json"))
        raws = [sha256(whole.read(one["path"])) for one in lists]
        assert lists
        assert not [name for name in hidden.namelist() if name.startswith("raw/")]
        assert not [name for name in hidden.namelist() for raw in raws if raw.encode() in hidden.read(name)]


@pytest.mark.slow
def test_the_name_of_a_bill_leaves_as_names_of_meetings_do(witnessed: tuple[ytx.Archive, Path], tmp_path: Path) -> None:
    """People name a bill after whom it was sent to."""
    archive = ytx.sample("archive")
    archive.witness(b"meeting_id\nM1\n", kind="console", start="2025-03", end="2025-04", name="bill-13812345678-03.csv")
    audit.pack(archive, tmp_path / "masked.zip")
    assert main(["verify", str(tmp_path / "masked.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "masked.zip") as whole:
        assert b"138****5678" in whole.read("witnesses.json")
        assert not [name for name in whole.namelist() if b"13812345678" in whole.read(name)]
    for command in (
        ["report", "--format", "csv,parquet", "--out", str(tmp_path / "r")],
        ["export", str(tmp_path / "e")],
    ):
        assert main([*command, "--archive", str(archive.path)]) == 0
    assert (
        main(
            [
                "sql",
                "from coverage",
                "--archive",
                str(archive.path),
                "--format",
                "csv",
                "--out",
                str(tmp_path / "c.csv"),
            ]
        )
        == 0
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"13812345678" in path.read_bytes()]


def complete(folder: Path) -> None:
    """A list as its maker wishes it had been: every line of it in the archive, and the hash beside it made to fit."""
    lists = json.loads((folder / "witnesses.json").read_bytes())
    for one in lists:
        raw = (folder / one["path"]).read_bytes()
        shorter = b"\n".join(raw.splitlines()[:3]) + b"\n"
        (folder / one["path"]).write_bytes(shorter)
        one |= {"bytes": len(shorter), "sha256": sha256(shorter)}
    (folder / "witnesses.json").write_bytes(canonical(lists))


def forget_a_list(folder: Path) -> None:
    lists = json.loads((folder / "witnesses.json").read_bytes())
    (folder / lists[-1]["path"]).unlink()
    (folder / "witnesses.json").write_bytes(canonical(lists[:-1]))
    change_manifest(folder, witnesses=len(lists) - 1)


@pytest.mark.parametrize(("forge", "match"), [(complete, "certificate.json"), (forget_a_list, "rests on a pull")])
def test_another_list_does_not_carry_what_was_claimed(
    witnessed: tuple[ytx.Archive, Path], tmp_path: Path, forge: Callable[[Path], object], match: str
) -> None:
    with zipfile.ZipFile(witnessed[1]) as whole:
        whole.extractall(tmp_path / "open")
    forge(tmp_path / "open")
    mend(tmp_path / "open")
    refused(tmp_path / "open", match, recompute=True)


def name_the_file_of_a_pull(folder: Path) -> None:
    """An answer is changed, and a list claims its file with the hash that fits now; chain and heads stay untouched."""
    pull = json.loads((folder / "pulls.json").read_bytes())[-1]
    name = f"raw/{pull['pull_id']}.json"
    new = (folder / name).read_bytes() + b" "
    (folder / name).write_bytes(new)
    reading = {
        "name": "bill.csv",
        "kind": "invoice",
        "start": "2026-01-01T00:00:00+00:00",
        "end": "2026-02-01T00:00:00+00:00",
    }
    listed = [{"path": name, "bytes": len(new), "sha256": sha256(new), "reading": reading}]
    (folder / "witnesses.json").write_bytes(canonical(listed))
    change_manifest(folder, witnesses=1)


def wave_away(folder: Path) -> None:
    """Every finding gets a status of the maker's own."""
    body = json.loads((folder / "findings.json").read_bytes())
    for one in body["findings"]:
        one |= {"status": "dismissed", "reason": "no fault", "by": "KPMG"}
    (folder / "findings.json").write_bytes(canonical(body))


def say_it_twice(folder: Path) -> None:
    about = folder / "tables" / "usage.about.json"
    about.write_bytes(about.read_bytes().replace(b"{", b'{"notes":[{"en":"PROVEN","zh":"x"}],', 1))


@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (name_the_file_of_a_pull, "names raw/"),
        (wave_away, "no finding is"),
        (say_it_twice, "stands twice"),
        (lambda f: (f / "timestamp.tsr").write_bytes(b"<html>anything</html>"), "none of this manifest"),
        (lambda f: (f / "timestamp.tsr").write_bytes(b"0\x03" + b"abc"), "none of this manifest"),
    ],
    ids=["an answer under a list's name", "findings dismissed", "a key twice", "a page as timestamp", "another timestamp"],
)  # fmt: skip
def test_what_stands_beside_the_chain_is_held_too(folder: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(folder)
    mend(folder)
    refused(folder, match)


@pytest.mark.slow
def test_opinions_of_people_are_named(folder: Path) -> None:
    body = json.loads((folder / "findings.json").read_bytes())
    first = body["findings"][0]["finding_id"]
    body["findings"][0] |= {"reason": "checked: no fault", "by": "KPMG"}
    (folder / "findings.json").write_bytes(canonical(body))
    header, *rows = csv.reader((folder / "findings.csv").read_text("utf-8").splitlines())
    for row in rows:
        if row[header.index("finding_id")] == first:
            row[header.index("reason")], row[header.index("by")] = "checked: no fault", "KPMG"
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    (folder / "findings.csv").write_bytes(text.getvalue().encode())
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and "1 findings carry somebody's word" in line for line in lines)


@pytest.mark.slow
def test_a_note_of_an_audit_that_was_given_lists_is_named(folder: Path) -> None:
    change_json(folder / "findings.about.json", notes=[NICE])
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and NICE["en"] in line for line in lines)


@pytest.mark.slow
def test_fields_that_the_maker_chose_are_named(folder: Path) -> None:
    parser = json.loads((folder / "manifest.json").read_bytes())["parser"]
    parser["meetings"] = [[key, [*names, "x_other"] if key == "name" else names] for key, names in parser["meetings"]]
    change_manifest(folder, parser=parser)
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and "meetings.name" in line and "x_other" in line for line in lines)


@pytest.mark.parametrize("name", ["OPINION.html", "tables/costs.json", "raw/1.json"])
def test_a_file_that_no_pack_holds_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    mend(folder)
    refused(folder, "no files of a pack|answers of no pull")


def test_a_manifest_says_nothing_unknown(folder: Path) -> None:
    change_manifest(folder, note="certified")
    mend(folder)
    refused(folder, "no pack says")


def test_findings_without_their_columns_are_refused(folder: Path) -> None:
    header, *rows = csv.reader((folder / "findings.csv").read_text("utf-8").splitlines())
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([row[:2] for row in (header, *rows)])
    (folder / "findings.csv").write_bytes(text.getvalue().encode())
    about = json.loads((folder / "findings.about.json").read_bytes())
    about["columns"] = about["columns"][:2]
    (folder / "findings.about.json").write_bytes(json.dumps({**about, "rows": len(rows)}).encode())
    mend(folder)
    refused(folder, "other columns")


def test_later_heads_leave_a_pack_open(made: dict[str, Path], tmp_path: Path) -> None:
    lines = made["heads.jsonl"].read_text("utf-8").splitlines()
    later = canonical({**json.loads(lines[-1]), "pulls": 99}).decode()
    (tmp_path / "heads.jsonl").write_text("\n".join([*lines, later]), "utf-8")
    told = audit.verify_pack(made["bare.zip"], heads=tmp_path / "heads.jsonl")
    assert any(line.startswith("OPEN") and "1 later heads" in line for line in told)
    assert main(["verify", str(made["bare.zip"]), "--heads", str(tmp_path / "heads.jsonl")]) == 1
    assert run_verifier(str(made["bare.zip"]), "--heads", str(tmp_path / "heads.jsonl")).returncode == 1
    assert not any("Proven:" in line for line in told)


def a_link(mark: zipfile.ZipInfo) -> None:
    mark.external_attr, mark.create_system = 0o120777 << 16, 3


def another_name(mark: zipfile.ZipInfo) -> None:
    mark.extra = b"\x75\x70\x06\x00\x01\0\0\0\0x"


@pytest.mark.parametrize(
    "change",
    [
        a_link,
        another_name,
        lambda mark: setattr(mark, "compress_type", zipfile.ZIP_LZMA),
        lambda mark: setattr(mark, "comment", b"PROVEN"),
    ],
    ids=["link", "Unicode Path", "LZMA", "comment"],
)  # fmt: skip
def test_an_entry_that_others_read_otherwise_is_refused(
    made: dict[str, Path], tmp_path: Path, change: Callable[[zipfile.ZipInfo], object]
) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(made["raw.zip"]) as whole, zipfile.ZipFile(path, "w") as odd:
        for one in whole.infolist():
            data = whole.read(one)
            if one.filename == "README.txt":
                change(one)
            odd.writestr(one, data)
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, "")
    assert "README.txt" in done.stdout


@pytest.mark.parametrize("where", ["before", "behind", "comment", "folder"])
def test_a_zip_with_something_between_its_files_is_refused(made: dict[str, Path], tmp_path: Path, where: str) -> None:
    path = tmp_path / "odd.zip"
    data = made["raw.zip"].read_bytes()
    path.write_bytes({"before": b"PK\3\4" + data, "behind": data + b"more"}.get(where, data))
    if where in ("comment", "folder"):
        with zipfile.ZipFile(path, "a") as whole:
            if where == "comment":
                whole.comment = b"all is proven"
            else:
                whole.writestr("CERTIFIED/", b"")
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, ""), done.stdout


def test_a_pack_with_numbers_is_its_owners(made: dict[str, Path]) -> None:
    assert made["raw.zip"].stat().st_mode & 0o777 == 0o600


def test_the_id_of_a_finding_is_no_oracle(made: dict[str, Path]) -> None:
    """Who knows all of an answer but one number must not be able to try numbers until an id fits: both packs, keyed
    and plain, give ids from times alone.
    """
    with zipfile.ZipFile(made["raw.zip"]) as whole:
        found = [
            one for one in json.loads(whole.read("findings.json"))["findings"] if one["check"] == "mutated_after_close"
        ]
        pulls = [one["pull_id"] for one in json.loads(whole.read("pulls.json"))]
    assert found
    for one in found:
        of = [
            sha256(json.dumps([one["check"], *one["record_ids"], str(version), at], ensure_ascii=False).encode())[:16]
            for version in range(9)
            for at in (pull.partition("-")[0] for pull in pulls)
        ]
        assert one["finding_id"] in of
