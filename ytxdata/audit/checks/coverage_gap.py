"""Time for which meetings may be missing."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.labels import Text
from ytxdata.times import beijing_text


@check(
    "coverage_gap",
    "覆盖缺口",
    "coverage gap",
    severity=Text(
        "GAP 为 crit，每段一条；PROBABLE 合为一条 warn",
        "GAP is crit, one for each period; all PROBABLE periods together are one warn",
    ),
    origin="an interface that gives the newest N and says nothing about the rest",
    needs=("certificate",),
)
def coverage_gap(data: Data) -> Iterator[Finding]:
    """Periods with the verdict GAP, and, together, those that are only PROBABLE."""
    assert data.certificate is not None
    for period in data.certificate.periods:
        if period.verdict == "GAP":
            edges = f"{beijing_text(period.start)} – {beijing_text(period.end)}"
            yield Finding(
                record_ids=(),
                severity="crit",
                measured=(period.end - period.start).total_seconds(),
                threshold=0,
                mark=("GAP", period.start.isoformat(), period.reason_key),
                at=period.start,
                pull_ids=period.pull_ids,
                text=Text(
                    f"{edges} 的会议可能缺失：{period.reason.zh}",
                    f"meetings from {edges} may be missing: {period.reason.en}",
                ),
            )
    probable = [period for period in data.certificate.periods if period.verdict == "PROBABLE"]
    if probable:
        widest = max(probable, key=lambda period: (period.end - period.start, period.start))
        days = sum((period.end - period.start).total_seconds() for period in probable) / 86400
        yield Finding(
            record_ids=(),
            measured=sum((period.end - period.start).total_seconds() for period in probable),
            threshold=0,
            mark=("PROBABLE",),
            at=probable[0].start,
            pull_ids=tuple(sorted({pull for period in probable for pull in period.pull_ids})),
            text=Text(
                f"{len(probable)} 段、共 {days:.1f} 天很可能完整但未证实；最长一段 {beijing_text(widest.start)} – {beijing_text(widest.end)}：{widest.reason.zh}",
                f"{len(probable)} periods, {days:.1f} days in all, are probably complete and not proven; the longest, {beijing_text(widest.start)} – {beijing_text(widest.end)}: {widest.reason.en}",
            ),
        )
