"""Forgeries of an evidence pack: each is what somebody would do who can mend every hash inside it."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.audit.authority import SEEN, Authority
from tests.audit.forger import main, mend, refused, run_verifier
from tests.audit.office import Story, tell
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.pack_check import RELEASED
from ytxdata.audit.verifier import canonical, is_signed, sha256, verify
from ytxdata.errors import DamagedError, UsageError


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def shorten(path: Path) -> None:
    """Take the last row away."""
    path.write_text("".join(path.read_text("utf-8").splitlines(True)[:-1]), "utf-8")


@pytest.mark.slow
def test_a_pack_that_was_only_mended_is_a_pack(folder: Path) -> None:
    """The forger's tool itself breaks nothing: what follows is noticed for its own sake."""
    mend(folder)
    assert any("recompute" in line for line in audit.verify_pack(folder, recompute=True))


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


@pytest.mark.slow
def test_a_pack_of_the_first_release_still_verifies() -> None:
    """Made by 0.1.0 of an emulated company, before tables had keyed hashes and manifests a parser."""
    path = Path(__file__).parent / "packs" / "pack-0.1.0.zip"
    lines = audit.verify_pack(path)
    assert any("that of release 0.1.0 " in line for line in lines)
    assert "--include-raw" in lines[-1]


@pytest.mark.slow
@pytest.mark.usefixtures("derived_once")
def test_a_stranger_cannot_sign_in_place_of_the_maker(
    made: dict[str, Path], planted_once: Story, tmp_path: Path
) -> None:
    forms = [made[form] for form in ("key.pub", "key.pub.pem")]
    for key in forms:
        assert any("as asked for" in line for line in audit.verify_pack(made["raw.zip"], public_key=key))
    forged = tmp_path / "forged.zip"
    audit.pack(planted_once.archive, forged, sign_with=made["stranger.pem"])
    assert audit.verify_pack(forged, require_signature=True)
    for key in forms:
        refused(forged, "by a stranger", public_key=key)
    audit.pack(planted_once.archive, forged)
    for key in forms:
        refused(forged, "no signature", public_key=key)
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
@pytest.mark.every_case
@pytest.mark.parametrize(
    "forge",
    [
        change_amount,
        drop_finding,
        change_answer,
        lambda f: rewrite(f / "pulls.json", '"returned_n":', '"returned_n":1'),
    ],
    ids=[
        "a cell", "a finding left out everywhere", "an answer", "a count of a pull",
    ],
)  # fmt: skip
def test_what_agrees_and_is_false_is_noticed_when_all_is_derived_anew(
    folder: Path, forge: Callable[[Path], object]
) -> None:
    forge(folder)
    mend(folder)
    assert verify(folder)[1] is True  # nothing but the answers can tell
    refused(folder, "recompute", recompute=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["raw.zip", "bare.zip"])
def test_heads_that_were_published_agree_with_archive_and_packs(
    made: dict[str, Path], planted_once: Story, name: str
) -> None:
    assert any("2 published heads agree" in line for line in audit.verify_pack(made[name], heads=made["heads.jsonl"]))
    assert "up to pull 2 of 2" in audit.verify_heads(planted_once.archive, made["heads.jsonl"]).line.en


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


@pytest.mark.parametrize("nothing", ["", "\n\n"])
def test_a_file_without_a_head_agrees_with_nothing(planted_once: Story, nothing: str, tmp_path: Path) -> None:
    (tmp_path / "heads.jsonl").write_text(nothing)
    with pytest.raises(UsageError, match="no published heads"):
        audit.verify_heads(planted_once.archive, tmp_path / "heads.jsonl")


def test_heads_of_another_time_prove_nothing(made: dict[str, Path], tmp_path: Path) -> None:
    later = {**json.loads(made["heads.jsonl"].read_text().splitlines()[-1]), "pulls": 1_000_000}
    (tmp_path / "heads.jsonl").write_text(json.dumps(later))
    refused(made["bare.zip"], "none of the heads", heads=tmp_path / "heads.jsonl")
    for nothing in ("", "[" * 200_000):
        (tmp_path / "heads.jsonl").write_text(nothing)
        with pytest.raises(UsageError, match="no published heads"):
            audit.verify_pack(made["bare.zip"], heads=tmp_path / "heads.jsonl")


def test_a_published_head_is_no_hash_of_what_is_hidden(made: dict[str, Path], planted_once: Story) -> None:
    plain = {sha256(planted_once.archive.answer(one)) for one in planted_once.archive.pulls()["pull_id"]}
    ends = set(planted_once.archive.pulls()["previous_sha256"].dropna())
    text = made["heads.jsonl"].read_text()
    assert ends
    assert not [one for one in plain | ends if one in text or one[:16] in text]


@pytest.mark.slow
def test_a_head_is_published_with_a_sync(made: dict[str, Path], story: Story, tmp_path: Path) -> None:
    with Authority.make().serving() as address:
        line = audit.publish_head(story.archive, address)
    audit.publish_head(story.archive, str(tmp_path / "heads.jsonl"))
    audit.publish_head(story.archive, str(tmp_path / "heads.jsonl"))
    assert (tmp_path / "heads.jsonl").read_text().splitlines() == [line, line]
    assert line == made["heads.jsonl"].read_text().splitlines()[-1]
    assert main(["verify", str(story.archive.path), "--heads", str(tmp_path / "heads.jsonl")]) == 0
    (tmp_path / "heads.jsonl").write_bytes(f"{line}\n{line[:99]}".encode())  # cut when the disk was full
    audit.publish_head(story.archive, str(tmp_path / "heads.jsonl"))
    assert audit.verify_heads(story.archive, tmp_path / "heads.jsonl").line.en.startswith("2 published heads agree")
    with pytest.raises(UsageError, match="not published"):
        audit.publish_head(story.archive, address)


@pytest.mark.slow
@pytest.mark.usefixtures("derived_once")
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
@pytest.mark.usefixtures("derived_once")
@pytest.mark.parametrize("where", ["http://127.0.0.1:9/", "nowhere.tsr"])
def test_an_authority_that_does_not_answer_leaves_no_pack(planted_once: Story, tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError, match="gave no timestamp"):
        audit.pack(planted_once.archive, tmp_path / "pack.zip", timestamp_from=where)
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("text", ["", "\n \n"], ids=["empty", "blank"])
def test_a_file_without_heads_proves_nothing(made: dict[str, Path], tmp_path: Path, text: str) -> None:
    (tmp_path / "heads.jsonl").write_text(text, "utf-8")
    done = run_verifier(str(made["bare.zip"]), "--heads", str(tmp_path / "heads.jsonl"))
    assert done.returncode == 2
    with pytest.raises(UsageError, match="no published heads"):
        audit.verify_pack(made["bare.zip"], heads=tmp_path / "heads.jsonl")


@pytest.mark.slow
def test_later_heads_leave_a_pack_open(made: dict[str, Path], tmp_path: Path) -> None:
    lines = made["heads.jsonl"].read_text("utf-8").splitlines()
    later = canonical({**json.loads(lines[-1]), "pulls": 99}).decode()
    (tmp_path / "heads.jsonl").write_text("\n".join([*lines, later]), "utf-8")
    told = audit.verify_pack(made["bare.zip"], heads=tmp_path / "heads.jsonl")
    assert any(line.startswith("OPEN") and "1 later heads" in line for line in told)
    assert main(["verify", str(made["bare.zip"]), "--heads", str(tmp_path / "heads.jsonl")]) == 1
    assert run_verifier(str(made["bare.zip"]), "--heads", str(tmp_path / "heads.jsonl")).returncode == 1
    assert not any("Proven:" in line for line in told)
