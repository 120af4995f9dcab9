"""What a pack says beside what follows from its raw answers: every cell compared, and named what the answers do not
prove.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from ytxdata.audit.checking import CHECKS
from ytxdata.audit.findings import OPEN
from ytxdata.audit.pack import README, certificate_json
from ytxdata.audit.run import not_run_note
from ytxdata.audit.verifier import CERTIFICATE, FINDINGS, PULLS, BrokenError, Unpacked
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.rules import DEFAULT_POLICY, REASONS
from ytxdata.labels import Text
from ytxdata.records.normalize import parser_mark
from ytxdata.records.schema import DEFAULT

GIVEN = {"roster", "invoice", "exports"}
"""What is given beside an archive and is in no pack: what needs it cannot be derived from one."""


def chosen_by_its_maker(manifest: dict[str, Any], told: dict[str, Any], witnesses: list[dict[str, Any]]) -> list[str]:
    """Return what the maker of a pack chose and no answer proves, a line each: names of fields, waiting, period,
    thresholds, checks, opinions, lists from elsewhere.
    """
    left = list(_parser_lines(manifest["parser"]))
    if timedelta(seconds=manifest["settle_s"]) != DEFAULT_POLICY.settle:
        left.append(
            f"a record counts as settled after {manifest['settle_s']} s, by default {DEFAULT_POLICY.settle.total_seconds():.0f} s / 沉降时间由制作者指定：{manifest['settle_s']} 秒"
        )
    if manifest["audited"] != [None, None]:
        left.append(f"only this period was audited: {manifest['audited']} / 只审计了此时段：{manifest['audited']}")
    # anybody can write a bill of the archive's own meetings: that what it says follows from it proves no more than that
    for read in (one["reading"] for one in witnesses):
        what = f"{read['name']} ({read['kind']}, {read['start']} – {read['end']})"
        left.append(
            f"the list {what}: no answer and no published head vouches for it / 名单 {what} 由制作者给出，没有回答或已公布的链首为它作证"
        )
    return [*left, *_checks_lines(told)]


def _parser_lines(parser: dict[str, Any]) -> Iterator[str]:
    usual = json.loads(json.dumps(parser_mark(DEFAULT)))
    if parser.get("version") != usual["version"]:
        yield f"the maker's parser is version {parser.get('version')}, this one {usual['version']} / 解析器版本不同"
    for kind in ("meetings", "legs"):
        known, given = dict(usual[kind]), dict(parser[kind])
        for column in (*given, *(one for one in known if one not in given)):
            if given.get(column) != known.get(column):
                fields = f"{kind}.{column} was read from the fields {given.get(column)}, by default {known.get(column)}"
                yield f"{fields}: the maker's choice / 字段名由制作者指定：{fields}"


def _checks_lines(told: dict[str, Any]) -> Iterator[str]:
    for key, given in told["parameters"].items():
        usual = json.loads(json.dumps(CHECKS[key].parameters, default=str)) if key in CHECKS else given
        if other := {name: value for name, value in given.items() if value != usual.get(name)}:
            yield f"thresholds of {key} are not the default ones: {other} / {key} 的阈值不是默认值：{other}"
    if silent := [key for key in CHECKS if key not in told["parameters"]]:
        yield f"checks that its maker did not run: {', '.join(silent)} / 制作者没有运行的检查：{', '.join(silent)}"
    beside = [key for key in told["parameters"] if key not in CHECKS or set(CHECKS[key].needs) & GIVEN]
    if ran := [key for key in beside if key not in told["not_run"]]:
        yield f"not without what was given beside the archive: {', '.join(ran)} / 缺少另给的名单等，未重算：{', '.join(ran)}"
    judged = [one["status"] in ("accepted", "resolved") or one["reason"] or one["by"] for one in told["findings"]]
    if n := sum(map(bool, judged)):
        yield f"{n} findings carry somebody's word (a status, a reason, a name) / {n} 条发现带有人给出的状态、理由或署名"


CLOCK = timedelta(minutes=10)
"""How far the platform's clock may have been off before a sync says so itself."""

_OF_ITS_TIME = ("package_version", "previous_sha256")
"""What a pull says of the program that kept it; the chain vouches for it, and no answer does."""

OPINION = ("status", "reason", "by")
"""What a finding owes to audits before and to people."""


@dataclass
class PackComparison:
    """A pack beside what follows from its answers; `left` tells what could not be held against them."""

    pack: Unpacked
    again: Sequence[str]
    left: list[str] = field(default_factory=list)

    def compare(self, name: str, data: bytes) -> int:
        """Compare one file; return how many cells agree."""
        if name not in self.pack.files.sizes:
            raise BrokenError(f"{name} follows from the answers and is not in the pack / {name} 应有而没有")
        if name == PULLS:
            return _same(name, *(
                [{key: value for key, value in pull.items() if key not in _OF_ITS_TIME} for pull in pulls]
                for pulls in (self.pack.json(PULLS), json.loads(data))
            ))  # fmt: skip
        if name == CERTIFICATE:
            return _same(name, [self.pack.json(name)], [json.loads(data)])
        if name == FINDINGS:
            return self._findings(self.pack.json(FINDINGS), json.loads(data))
        if name == README:
            return _same(name, [{"text": self.pack.read(name).decode()}], [{"text": data.decode()}])
        if name.endswith(".about.json"):
            return self._about(name, self.pack.description(name), json.loads(data))
        if name == "tables/audit_summary.csv":
            return self._summary(data)
        if not name.startswith("tables/") or not name.endswith(".csv"):
            return 0
        return self._table(name, data)

    def _table(self, name: str, data: bytes) -> int:
        header, *told = self.pack.rows(name)
        known, *derived = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        if header != known or len(told) != len(derived):
            raise BrokenError(
                f"{name}: {len(told)} rows, {len(derived)} follow from the answers / {name} 有 {len(told)} 行，由回答得出 {len(derived)} 行，或列不同"
            )
        return sum(
            _same(f"{name}, row {place}", *([dict(zip(header, cells, strict=True))] for cells in (row, other)))
            for place, (row, other) in enumerate(zip(told, derived, strict=True), start=1)
        )

    def certificate(self, derived: Certificate) -> Certificate:
        """Compare what is claimed of every period with what follows, and return the claims."""
        told = self.pack.json(CERTIFICATE)
        _periods_agree(told["periods"], certificate_json(derived)["periods"])
        return Certificate(tuple(_period(one) for one in told["periods"]), derived.outside)

    def _findings(self, told: dict[str, Any], derived: dict[str, Any]) -> int:
        """Findings of every check that runs on answers alone, and which of these did not run and why."""
        if strange := sorted({one["check"] for one in told["findings"]} - {*told["parameters"]}):
            raise BrokenError(f"findings of checks that did not run: {strange} / 没有运行的检查有发现：{strange}")
        n = _same(FINDINGS, *(
            [
                {key: value for key, value in one.items() if key not in OPINION}
                for one in found["findings"]
                if one["check"] in self.again and one["status"] != "resolved"
            ]
            for found in (told, derived)
        ))  # fmt: skip
        mine = {key for key in self.again if key in told["parameters"]}
        _same("findings.json, not run", *(
            [{key: why for key, why in found["not_run"].items() if key in mine}] for found in (told, derived)
        ))  # fmt: skip
        return n

    def _about(self, name: str, told: dict[str, Any], derived: dict[str, Any]) -> int:
        """What stands beside a table claims no more than follows; hash and rows were held against the table itself."""
        skipped = {"sha256", "bytes", "rows", "version", "written_at"}
        if name == "findings.about.json":
            skipped.add("notes")
            self._notes(told, derived)
        return _same(name, *(
            [{key: value for key, value in one.items() if key not in skipped}] for one in (told, derived)
        ))  # fmt: skip

    def _notes(self, told: dict[str, Any], derived: dict[str, Any]) -> None:
        """Notes of an audit also tell its instant, the lists it was given, and checks that could not run without them."""
        body = self.pack.json(FINDINGS)
        known = {_coarse(note) for note in derived["notes"]}
        known |= {
            _coarse(not_run_note(CHECKS[key], Text(**why))._asdict())
            for key, why in body["not_run"].items()
            if key in CHECKS
        }
        strange = [note["en"] for note in told["notes"] if _coarse(note) not in known]
        if strange and not [key for key in body["parameters"] if key not in self.again and key not in body["not_run"]]:
            raise BrokenError(
                f"findings.about.json: does not follow from the answers: {strange[0][:200]!r} / findings.about.json 与原始回答不符：{strange[0][:200]!r}"
            )
        self.left += [
            f"findings.about.json: of what was given beside the archive: {one[:200]} / 出自另给的名单：{one[:200]}"
            for one in strange
        ]

    def _summary(self, data: bytes) -> int:
        """The summary counts the findings that the pack lists, for every check that ran, and says of each what
        follows.
        """
        header, *rows = self.pack.rows("tables/audit_summary.csv")
        known, *others = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        told = self.pack.json(FINDINGS)
        if header != known or sorted(row[header.index("check")] for row in rows) != sorted(told["parameters"]):
            raise BrokenError("audit_summary has other checks than findings.json / 检查与 findings.json 不符")
        derived = {row[known.index("check")]: dict(zip(known, row, strict=True)) for row in others}
        for row in (dict(zip(header, cells, strict=True)) for cells in rows):
            mine = [one for one in told["findings"] if one["check"] == row["check"]]
            counted = Counter(one["status"] for one in mine) + Counter(
                one["severity"] for one in mine if one["status"] in OPEN
            )
            for key in COUNTS:
                _same(f"audit_summary, {row['check']}", [{key: int(row[key])}], [{key: counted[key]}])
            if row["check"] in self.again:
                _same(f"audit_summary, {row['check']}", *(
                    [{key: cell for key, cell in one.items() if key not in COUNTS}] for one in (row, derived[row["check"]])
                ))  # fmt: skip
        return len(header) * len(rows)


COUNTS = ("warn", "crit", "new", "persisting", "resolved", "accepted")


def _coarse(value: Any) -> str:
    """A note without its instants: an audit says when it was made."""
    return re.sub(
        r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", "…", json.dumps(value, ensure_ascii=False, sort_keys=True)
    )


_KEYS = {(one.verdict, one.text.zh, one.text.en): key for key, one in REASONS.items()}
"""What a pack says of a period → the reason it says it for."""


def _period(told: dict[str, Any]) -> Period:
    key = _KEYS.get((told["verdict"], told["zh"], told["en"]))
    if key is None:
        raise BrokenError(
            f"certificate.json: no reason of this version: {told['verdict']} {told['en']} / 不认识的理由：{told['verdict']} {told['en']}"
        )
    start, end = (datetime.fromisoformat(told[edge]) for edge in ("start", "end"))
    return Period(start, end, key, tuple(told["pulls"]))


def _periods_agree(told: list[dict[str, Any]], derived: list[dict[str, Any]]) -> None:
    """Compare what is claimed of every period. An edge may lie a little elsewhere: how far the platform's clock was off is kept in no pull."""
    _same(CERTIFICATE, *(
        [{key: value for key, value in one.items() if key not in ("start", "end")} for one in given]
        for given in (told, derived)
    ))  # fmt: skip
    for one, other in zip(told, derived, strict=True):
        for edge in ("start", "end"):
            apart = datetime.fromisoformat(one[edge]) - datetime.fromisoformat(other[edge])
            if abs(apart) > CLOCK:
                raise BrokenError(
                    f"certificate.json: {edge} is {one[edge]}, {other[edge]} follows from the answers / certificate.json 的 {edge} 为 {one[edge]}，由原始回答得出的是 {other[edge]}"
                )


def _same(name: str, told: Sequence[dict[str, Any]], derived: Sequence[dict[str, Any]]) -> int:
    """Return how many cells two lists of rows have in common; refuse the first that differs."""
    nothing: dict[str, Any] = {}
    for one, other in zip_longest(told, derived, fillvalue=nothing):
        for key in (*one, *(key for key in other if key not in one)):
            if one.get(key) != other.get(key):
                raise BrokenError(
                    f"{name}: {key} is {str(one.get(key))[:80]!r}, {str(other.get(key))[:80]!r} follows from the answers / {name} 的 {key} 与原始回答不符"
                )
    return sum(map(len, told))
