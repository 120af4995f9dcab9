"""What the tests of audits share: an office to write down, one check to run, a planted company in an archive."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.audit.office import NOW, Finder, Office, Rows, Story, tell
from ytxdata import Archive, audit
from ytxdata.audit import verifier
from ytxdata.audit.anchors import heads_of
from ytxdata.audit.verifier import canonical


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def find() -> Finder:
    """Run one check and return the rows of what it found; a check that could not run fails the test."""

    def run(
        check: str, source: Any, *, roster: Any = None, invoice: Any = None, as_of: str = NOW, **parameters: Any
    ) -> Rows:
        if isinstance(source, Office):
            source = source.frames
        period = {edge: parameters.pop(edge) for edge in ("start", "end") if edge in parameters}
        config = {check: parameters} if parameters else None
        found = audit.run(source, roster=roster, invoice=invoice, as_of=as_of, checks=[check], config=config, **period)
        assert not found.not_run, found.not_run
        rows: Rows = found.frame.to_dict("records")
        return rows

    return run


@pytest.fixture(scope="session")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(1, tmp_path_factory.mktemp("planted"))


@pytest.fixture
def story(planted_once: Story, tmp_path: Path) -> Story:
    """The planted company, in an archive of this test's own."""
    place = tmp_path / "company.archive"
    shutil.copytree(planted_once.archive.path, place)
    return Story(Archive(place), planted_once.truth)


def write_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def derived(planted_once: Story) -> tuple[audit.Findings, dict[bool, list[tuple[str, bytes]]]]:
    """Some findings of the planted company, and what its packs hold, with raw answers and without, once asked for."""
    return planted_once.few(remember=False), {}


@pytest.fixture
def derived_once(
    derived: tuple[audit.Findings, dict[bool, list[tuple[str, bytes]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packs of the planted company are derived once, where what is done with the files is the subject."""
    module, (findings, known) = import_module("ytxdata.audit.pack"), derived
    derive = module.parts

    def once(*asked: Any) -> Iterator[tuple[str, bytes]]:
        if (is_raw := asked[-1] is None) not in known:
            known[is_raw] = [*derive(*asked)]
        return iter(known[is_raw])

    monkeypatch.setattr(module, "parts", once)
    monkeypatch.setattr(module, "run", lambda *_, **__: findings)


@pytest.fixture(scope="session")
def known_answers() -> dict[tuple[str, ...], Any]:
    """What was derived from the answers of packs, by all that it is derived from."""
    return {}


@pytest.fixture
def recomputed_once(known_answers: dict[tuple[str, ...], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from the answers of a pack is derived once, where what a pack says beside them is the subject:
    another answer, another word of the manifest, other parameters or another certificate, and all is derived anew.
    """
    module = import_module("ytxdata.audit.pack_check")
    recomputed, run, parts, state = module.recomputed, module.run, module.parts, [""]

    def noted(pack: verifier.Unpacked) -> Any:
        manifest = {key: value for key, value in pack.json("manifest.json").items() if key not in ("files", "sha256")}
        rest = [verifier.sha256(pack.read(name)) for name in ("pulls.json", "certificate.json")]
        rest += [verifier.sha256(pack.read(f"raw/{one['pull_id']}.json")) for one in pack.json("pulls.json")]
        rest += [verifier.sha256(pack.read(one["path"])) for one in pack.witnesses]
        state[0] = repr((manifest, rest, pack.json("findings.json")["parameters"]))
        return recomputed(pack)

    def run_once(judged: Any, **asked: Any) -> audit.Findings:
        key = (state[0], "run", repr(asked))
        if key not in known_answers:
            known_answers[key] = run(judged, **asked)
        found: audit.Findings = known_answers[key]
        return found

    def parts_once(judged: Any, snapshot: Any, pulls: Any, findings: audit.Findings, raw: None) -> Iterator[Any]:
        key = (state[0], "parts", repr(id(findings)))  # all are kept, and no id is given twice
        if key not in known_answers:
            known_answers[key] = [*parts(judged, snapshot, pulls, findings, raw)]
        return iter(known_answers[key])

    for name, one in (("recomputed", noted), ("run", run_once), ("parts", parts_once)):
        monkeypatch.setattr(module, name, one)


@pytest.fixture
def folder(made: dict[str, Path], tmp_path: Path) -> Path:
    """The pack with raw answers, unpacked and without its signature: a forger's working copy."""
    with zipfile.ZipFile(made["raw.zip"]) as whole:
        whole.extractall(tmp_path / "forged")
    (tmp_path / "forged" / "signature.json").unlink()
    return tmp_path / "forged"
