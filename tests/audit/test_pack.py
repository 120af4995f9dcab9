"""The evidence pack: checked on another machine with Python alone, and broken in every way that matters."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.office import Story
from ytxdata import Archive, audit, times
from ytxdata.audit import verifier
from ytxdata.audit.verifier import canonical, is_signed, sha256, verify
from ytxdata.errors import DamagedError, NotAnArchiveError, UsageError
from ytxdata.tables import described as about

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key.pem"
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture(scope="module")
def packs(planted_once: Story, key: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, audit.Pack]:
    """One pack with raw answers, signed; one without, with its digest beside."""
    folder = tmp_path_factory.mktemp("packs")
    findings = planted_once.audit(remember=False)
    write = {"raw": {"include_raw": True, "sign_with": key}, "bare": {"digest_file": folder / "bare.sha256"}}
    return {
        name: audit.pack(planted_once.archive, folder / f"{name}.zip", findings=findings, **options)  # type: ignore[arg-type]
        for name, options in write.items()
    }


@pytest.fixture(params=["raw", "bare"])
def folder(request: pytest.FixtureRequest, packs: dict[str, audit.Pack], tmp_path: Path) -> Path:
    """A pack, unpacked somewhere else."""
    with zipfile.ZipFile(packs[request.param].path) as whole:
        whole.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_it_verifies_with_python_alone_and_says_what_it_cannot_prove(folder: Path) -> None:
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("ok ") == 8
    assert "Not proven by this pack alone" in done.stdout
    assert ("--include-raw" in done.stdout) is not (folder / "raw").exists()
    assert not (folder / "__pycache__").exists()


def test_the_verifier_imports_the_standard_library_only() -> None:
    source = Path(verifier.__file__).read_text("utf-8")
    names = set(re.findall(r"^(?:from|import) (\w+)", source, flags=re.M))
    assert names <= set(sys.stdlib_module_names) | {"__future__"}


def test_one_changed_byte_in_any_file_is_found(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert verify(folder)[1] is False, (path.name, at)
        path.write_bytes(data)
    assert verify(folder)[1] is True


def rewrite(folder: Path, change: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> None:
    """Change the pulls and mend every hash of the manifest that a forger can mend without the chain."""
    pulls = canonical(change(json.loads((folder / "pulls.json").read_bytes())))
    (folder / "pulls.json").write_bytes(pulls)
    body = json.loads((folder / "manifest.json").read_bytes())
    del body["sha256"]
    for mark in body["files"]:
        if mark["path"] == "pulls.json":
            mark.update(size=len(pulls), sha256=sha256(pulls))
    (folder / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))


@pytest.mark.every_case
@pytest.mark.parametrize(
    "change",
    [
        lambda pulls: pulls[1:],
        lambda pulls: pulls[:-1],
        lambda pulls: pulls[::-1],
        lambda pulls: [*pulls, pulls[-1]],
        lambda pulls: [pulls[0] | {"returned_n": 1}, *pulls[1:]],
        lambda pulls: [*pulls[:-1], pulls[-1] | {"returned_n": 1}],
    ],
    ids=["first removed", "last removed", "reordered", "added", "first changed", "last changed"],
)
def test_a_pull_removed_added_reordered_or_changed_is_found(
    folder: Path, change: Callable[[list[dict[str, object]]], list[dict[str, object]]]
) -> None:
    rewrite(folder, change)
    lines, holds = verify(folder)
    assert not holds
    assert "chain" in lines[-1]
    assert run(folder).returncode == 5


def test_a_manifest_that_is_changed_and_a_file_added_or_removed_are_found(folder: Path) -> None:
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(manifest.replace(b'"n_pulls":2', b'"n_pulls":3'))
    assert not verify(folder)[1]
    (folder / "manifest.json").write_bytes(manifest.replace(b",", b", ", 1))
    assert not verify(folder)[1]
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "more.json").write_bytes(b"{}")
    assert not verify(folder)[1]
    (folder / "more.json").unlink()
    (folder / ".DS_Store").touch()
    assert verify(folder)[1]
    (folder / "findings.csv").unlink()
    assert not verify(folder)[1]


@pytest.mark.parametrize("garbage", [b"", b"[]", b"{}", b"null", b"\xff", b'{"sha256": 1}'])
def test_garbage_in_place_of_a_manifest_is_no_crash(folder: Path, garbage: bytes) -> None:
    (folder / "manifest.json").write_bytes(garbage)
    done = run(folder)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def test_the_signature_holds_for_this_manifest_and_no_other(packs: dict[str, audit.Pack], tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(packs["raw"].path) as whole:
        whole.extractall(unpacked)
    assert str(packs["raw"].public_key) in run(unpacked).stdout
    body = json.loads((unpacked / "manifest.json").read_bytes())
    body["files"] = body["files"][::-1]
    del body["sha256"]
    (unpacked / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))
    lines, holds = verify(unpacked)
    assert not holds
    assert "signature" in lines[-1]


@settings(max_examples=12)
@given(message=st.binary(max_size=80), flip=st.integers(0, 511))
def test_signatures_are_verified_as_the_library_does(message: bytes, flip: int) -> None:
    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert is_signed(public, message, signature)
    wrong = bytearray(signature)
    wrong[flip // 8] ^= 1 << flip % 8
    assert not is_signed(public, message, bytes(wrong))
    assert not is_signed(public, message + b".", signature)


def test_a_vector_of_the_standard() -> None:
    """RFC 8032, section 7.1, test 2."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert is_signed(public, b"\x72", signature)
    assert not is_signed(public, b"\x73", signature)


def test_the_digest_is_that_of_the_file(packs: dict[str, audit.Pack]) -> None:
    bare = packs["bare"]
    assert bare.sha256 == hashlib.sha256(bare.path.read_bytes()).hexdigest()
    assert bare.path.with_suffix(".sha256").read_text() == f"{bare.sha256}  bare.zip\n"


def test_two_packs_of_one_state_are_one_file(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = audit.pack(story.archive, tmp_path / "one.zip", include_raw=True)
    later = times.now() + timedelta(days=3)
    for module in (times, about):
        monkeypatch.setattr(module, "now", lambda: later)
    two = audit.pack(Archive(story.archive.path), tmp_path / "two.zip", include_raw=True)
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.manifest_sha256 in audit.verify_pack(two.path)[0]
    assert one.manifest_sha256 in one.text.en


def test_without_raw_answers_no_number_is_in_it(packs: dict[str, audit.Pack], planted_once: Story) -> None:
    phones = {leg["phone"] for leg in planted_once.truth["legs"] if re.fullmatch(r"\+?\d{10,}", leg["phone"] or "")}
    assert len(phones) > 50
    with zipfile.ZipFile(packs["bare"].path) as whole:
        text = "\n".join(whole.read(name).decode() for name in whole.namelist())
    assert not [phone for phone in phones if phone in text]
    with zipfile.ZipFile(packs["raw"].path) as whole:
        raw = b"".join(whole.read(name) for name in whole.namelist() if name.startswith("raw/"))
    assert any(phone.encode() in raw for phone in phones)


def test_raw_answers_are_those_of_the_archive(packs: dict[str, audit.Pack], planted_once: Story) -> None:
    with zipfile.ZipFile(packs["raw"].path) as whole:
        for pull_id in planted_once.archive.pulls()["pull_id"]:
            assert whole.read(f"raw/{pull_id}.json") == planted_once.archive.answer(pull_id)


def test_a_finding_whose_record_stands_in_no_answer_is_found(packs: dict[str, audit.Pack], tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(packs["raw"].path) as whole:
        whole.extractall(unpacked)
    pack = verifier.Unpacked(unpacked)
    for look in (pack.check_manifest, pack.check_files, pack.check_chain, pack.check_raw, pack.check_findings):
        look()
    body = json.loads((unpacked / "findings.json").read_bytes())
    next(one for one in body["findings"] if one["records_in_archive"])["records_in_archive"] = ["0" * 29]
    (unpacked / "findings.json").write_bytes(canonical(body))
    with pytest.raises(verifier.BrokenError, match="none of its answers"):
        pack.check_findings()


def test_zip_and_folder_are_verified_in_process_too(packs: dict[str, audit.Pack], tmp_path: Path) -> None:
    for pack in packs.values():
        assert len(audit.verify_pack(pack.path)) >= 6
    data = bytearray(packs["bare"].path.read_bytes())
    for at in range(100, len(data), len(data) // 7):
        broken = tmp_path / "broken.zip"
        broken.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(DamagedError):
            audit.verify_pack(broken)
    (tmp_path / "none.zip").write_bytes(b"PK")
    with pytest.raises(DamagedError):
        audit.verify_pack(tmp_path / "none.zip")
    with pytest.raises(UsageError):
        audit.verify_pack(tmp_path / "nowhere.zip")


def test_what_cannot_be_packed_is_refused(story: Story, tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        audit.pack(Archive(tmp_path / "nowhere"), tmp_path / "p.zip")
    wrong = tmp_path / "key.pem"
    wrong.write_text("no key")
    with pytest.raises(UsageError, match="ed25519"):
        audit.pack(story.archive, tmp_path / "p.zip", sign_with=wrong)
    victim = next(path for path in story.archive.path.rglob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedError):
        audit.pack(story.archive, tmp_path / "p.zip", findings=None)
    assert not (tmp_path / "p.zip").exists()


def test_the_key_is_never_shown(key: Path) -> None:
    from ytxdata.audit.anchors import Signer

    signer = Signer.load(key)
    assert "key=" not in repr(signer)
