"""What a sync tells: one line for a log, a card for a notebook, fields for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.evidence import Note
from ytxdata.labels import Text, preferred_lang
from ytxdata.templates import VERDICTS, facts_card


@dataclass(frozen=True)
class SyncReport:
    """The result of one completed sync.

    Every record that came in is exactly one of `new`, `changed`, `unchanged`, `rejected`, `duplicates`.

    Parameters
    ----------
    certificate
        What may be claimed about the archive after this sync.
    received
        Records of all answers of this sync.
    new, changed
        Meetings not known before, and new versions of known ones; both are stored now.
    unchanged
        Records that are stored already, byte for byte.
    rejected
        Records that cannot be a meeting; kept with the reason.
    duplicates
        Records that came more than once in this sync.
    calls
        Questions asked.
    bytes
        Size of all answers [bytes].
    drift
        How the shape of the records changed since the sync before.
    notes
        What else was noticed.
    """

    certificate: Certificate
    received: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    duplicates: int
    calls: int
    bytes: int
    drift: tuple[Text, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def line(self) -> Text:
        """The result in one line."""
        verdict = VERDICTS[self.certificate.worst]
        return _LINE.format(
            **self._numbers(), verdict_zh=verdict.zh, verdict_en=verdict.en, verdict=self.certificate.worst
        )

    @property
    def warnings(self) -> tuple[Text, ...]:
        """What a reader should know: changes of shape and things noticed."""
        return (*self.drift, *(note.text for note in self.notes))

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values, for programs."""
        return {
            **self._numbers(),
            "verdict": self.certificate.worst,
            "sentence": self.certificate.sentence._asdict(),
            "warnings": [text._asdict() for text in self.warnings],
        }

    def _numbers(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in _NUMBERS}

    def __str__(self) -> str:
        return self.line.in_(preferred_lang())

    def _repr_html_(self) -> str:
        rows = [(name, f"{getattr(self, field):,}") for field, name in _NUMBERS.items()]
        lang = preferred_lang()
        rows += [(_WARNING, text.in_(lang)) for text in self.warnings]
        return facts_card(_TITLE, rows, note=self.certificate.sentence, verdict=self.certificate.worst, lang=lang)


@dataclass(frozen=True)
class RebuildReport:
    """What was derived again from the raw records: observations read, meetings found in them."""

    observations: int
    meetings: int

    def __str__(self) -> str:
        return _REBUILT.format(observations=self.observations, meetings=self.meetings).in_(preferred_lang())


_REBUILT = Text(
    "已由 {observations} 条原始记录重新生成：{meetings} 场会议",
    "derived again from {observations} raw records: {meetings} meetings",
)
_TITLE = Text("同步结果", "sync")
_WARNING = Text("提醒", "warning")
_NUMBERS: Mapping[str, Text] = {
    "received": Text("收到记录", "records received"),
    "new": Text("新会议", "new meetings"),
    "changed": Text("有变化", "changed"),
    "unchanged": Text("无变化", "unchanged"),
    "rejected": Text("拒收", "rejected"),
    "duplicates": Text("重复", "duplicates"),
    "calls": Text("调用次数", "calls"),
    "bytes": Text("字节", "bytes"),
}
_LINE = Text(
    "收到 {received} 条 = 新 {new} + 变化 {changed} + 未变 {unchanged} + 拒收 {rejected} + 重复 {duplicates}；"
    "调用 {calls} 次，{bytes} 字节；完整性 {verdict}（{verdict_zh}）",
    "{received} records = {new} new + {changed} changed + {unchanged} unchanged + {rejected} rejected + {duplicates} duplicates; "
    "calls: {calls}, bytes: {bytes}; completeness {verdict} ({verdict_en})",
)
