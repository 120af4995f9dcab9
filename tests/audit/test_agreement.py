"""What two parts of a pack say of one thing they say alike, or the pack is refused, though every hash in it fits."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from tests.audit.forger import both_refuse, mend
from tests.audit.office import Story, tell
from ytxdata import Archive, audit
from ytxdata.audit.pack import certificate_json
from ytxdata.audit.verifier import canonical, comes_to, verify
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate, Period

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack without raw answers, of a history with gaps, with findings of many checks."""
    place = tmp_path_factory.mktemp("agreement") / "pack.zip"
    audit.pack(ytx.sample("archive"), place)
    return place


@pytest.fixture
def forged(bare: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(bare) as whole:
        whole.extractall(tmp_path / "forged")
    return tmp_path / "forged"


def edit(name: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    """Change a JSON of a pack."""

    def forge(folder: Path) -> None:
        body = json.loads((folder / name).read_bytes())
        change(body)
        is_laid_out = name.endswith(".about.json")
        (folder / name).write_bytes(json.dumps(body, ensure_ascii=False).encode() if is_laid_out else canonical(body))

    return forge


def cell(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Change the first place in a table that a pattern finds."""

    def forge(folder: Path) -> None:
        path = folder / f"tables/{name}.csv"
        text, n = re.subn(old, new, path.read_text("utf-8"), count=1, flags=re.MULTILINE)
        assert n == 1
        path.write_bytes(text.encode())

    return forge


def proven(body: dict[str, Any]) -> None:
    body.update(worst="PROVEN", sentence={"en": "All is proven.", "zh": "已证实"})


def whole_is_proven(folder: Path, *, also: tuple[str, ...] = ()) -> None:
    """Every period, the worst, the sentence, and some descriptions."""
    path = folder / "certificate.json"
    body = json.loads(path.read_bytes())
    good = next(one for one in body["periods"] if one["verdict"] == "PROVEN")
    for one in body["periods"]:
        one.update({key: good[key] for key in ("verdict", "en", "zh", "pulls")})
    told = comes_to(body["periods"])
    body.update(worst=told["verdict"], sentence={lang: told[lang] for lang in ("zh", "en")})
    path.write_bytes(canonical(body))
    for about in also:
        edit(about, lambda one: one.update(completeness=told))(folder)


ABOUTS = (
    "findings.about.json",
    *(f"tables/{name}.about.json" for name in ("audit_summary", "meetings", "legs", "usage", "changes", "moved")),
)
CLAIM = {"verdict": "PROVEN", "zh": "已证实", "en": "All is proven."}
FEWER = {"zh": "1 场会议的 1 个字段", "en": "1 fields of 1 meetings"}


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (edit("certificate.json", proven), "certificate.json, worst and sentence"),
        (edit("certificate.json", lambda c: c.update(worst="PROBABLE")), "certificate.json, worst and sentence"),
        (edit("certificate.json", lambda c: c["sentence"].update(en="All is proven.")), "worst and sentence"),
        (edit("certificate.json", lambda c: c["periods"][5].update(verdict="PROBABLE")), "verdict"),
        (edit("certificate.json", lambda c: c["periods"].pop(1)), "end"),
        (whole_is_proven, "findings.about.json, completeness"),
        (lambda f: whole_is_proven(f, also=ABOUTS[:-1]), "moved.about.json, completeness"),
        (lambda f: whole_is_proven(f, also=ABOUTS), "findings.json, measured of coverage_gap"),
        *((edit(name, lambda a: a.update(completeness=CLAIM)), f"{name}, completeness") for name in ABOUTS),
        (edit("tables/usage.about.json", lambda a: a.update(completeness=None)), "usage.about.json, completeness"),
        (edit("manifest.json", lambda m: m.update(audited=["2025-10-01T00:00:00+00:00", None])), "completeness"),
        (edit("tables/legs.about.json", lambda a: a.update(period={"start": "a", "end": "b"})), "legs.about.json, period"),
        (cell("audit_summary", '"58","0","58","0"', '"0","0","0","0"'), "audit_summary, warn of off_hours"),
        (cell("audit_summary", '"58","0","58","0"', '"58","0","0","58"'), "audit_summary, new of off_hours"),
        (cell("audit_summary", '^("over_long".*)"已运行","ran"', r'\1"未要求","not asked"'), "state of over_long"),
        (edit("findings.json", lambda f: f["not_run"].pop("enumeration")), "state of enumeration"),
        (edit("findings.about.json", lambda a: a["notes"].pop()), "checks that did not run"),
        (cell("meetings", '"false","4","4"', '"false","9","4"'), "meetings and legs"),
        (cell("usage", '"2024-01","54"', '"2024-01","1054"'), "usage, meetings"),
        (cell("changes", '~[0-9a-f]{16}","(duration|end)', r'~0123456789abcdef","\1'), "pulls of no chain"),
        (cell("changes", '^"20250625145808347452669353269"', '"20250625145808347452669353260"'), "unknown meetings"),
        (edit("tables/changes.about.json", lambda a: a.update(notes=[FEWER])), "changes.about.json, notes"),
        (lambda f: (f / "README.txt").write_text("All is proven.", "utf-8"), "README.txt is that of no release"),
    ],
)  # fmt: skip
def test_a_pack_that_contradicts_itself_is_refused(forged: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(forged)
    mend(forged)
    both_refuse(forged, match)


def test_a_finding_of_no_known_severity_is_refused(forged: Path) -> None:
    """It would be in no count."""
    edit("findings.json", lambda f: f["findings"][0].update(severity="info"))(forged)
    mend(forged)
    both_refuse(forged, "no finding is")


@pytest.mark.parametrize("table", ["audit_summary", "moved"])
def test_a_pack_without_one_of_its_tables_is_refused(forged: Path, table: str) -> None:
    for end in (".csv", ".about.json"):
        (forged / f"tables/{table}{end}").unlink()
    mend(forged)
    both_refuse(forged, table)


QUICK = ["coverage_gap", "off_hours", "short_call", "small_group"]
"""Checks some of which find something in any company, and one of which cannot run."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A small company, seen twice."""
    return tell(3, tmp_path_factory.mktemp("clean"), meetings=40, planted=False).archive


@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    "asked",
    [
        {"start": 0.5}, {"end": 0.5}, {"start": 0.3, "end": 0.4}, {"start": -0.2, "end": 1.2}, {"start": -0.2, "end": 0.1},
        {"as_of": 0.5, "checks": ["over_long"]},
    ],
    ids=["from", "to", "within", "from before to after", "from before to within", "one check, as it was known"],
)  # fmt: skip
def test_a_pack_of_an_audit_of_a_part_verifies(clean: Archive, tmp_path: Path, asked: dict[str, Any]) -> None:
    certificate = clean.certificate()
    begin, over = certificate.start, certificate.end
    assert begin is not None
    assert over is not None
    given: dict[str, Any] = {
        name: begin + (over - begin) * one + timedelta(microseconds=700_000) if isinstance(one, float) else one
        for name, one in asked.items()
    }
    findings = audit.run(clean, **({"checks": QUICK} | given), remember=False)
    audit.pack(clean, tmp_path / "pack.zip", findings=findings)
    lines, holds = verify(tmp_path / "pack.zip")
    assert holds, lines


@pytest.mark.parametrize(
    "reasons", [["anchored"], ["full", "anchored", "settling"], ["unreached", "full", "not_read"], []]
)
def test_the_verifier_says_of_periods_what_a_certificate_says(reasons: list[str]) -> None:
    begin = ytx.sample("archive").certificate().start
    assert begin is not None
    edges = [begin + timedelta(days=place**2) for place in range(len(reasons) + 1)]
    certificate = Certificate.of([Period(edges[n], edges[n + 1], one) for n, one in enumerate(reasons)])
    told = certificate_json(certificate)
    assert comes_to(told["periods"]) == {"verdict": told["worst"], **told["sentence"]}


def test_findings_of_another_state_of_the_archive_are_not_packed(story: Story, tmp_path: Path) -> None:
    """They would contradict the certificate, and whoever receives the pack would refuse it."""
    findings = audit.run(story.archive, remember=False)
    later = replace(findings, certificate=story.archive.certificate().over(None, story.archive.certificate().start))
    with pytest.raises(UsageError, match="not of the archive as it is now"):
        audit.pack(story.archive, tmp_path / "pack.zip", findings=later)
    assert not list(tmp_path.glob("pack.zip*"))
