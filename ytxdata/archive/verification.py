"""What a verification found: nothing, or what is damaged, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pandas as pd

from ytxdata.errors import DamagedError
from ytxdata.labels import Text, preferred_lang
from ytxdata.templates import facts_card

Kind = Literal["control", "commit", "data", "index", "record", "pull", "law"]

KINDS: dict[Kind, Text] = {
    "control": Text("控制文件", "control file"),
    "commit": Text("提交记录", "commit"),
    "data": Text("数据文件", "data file"),
    "index": Text("索引", "index"),
    "record": Text("记录", "record"),
    "pull": Text("调用", "pull"),
    "law": Text("守恒", "law"),
}


class Damage(NamedTuple):
    """One thing that is not what was written: its kind, its name (a path, a record's number, a pull), what is wrong."""

    kind: Kind
    name: str
    detail: Text

    def __str__(self) -> str:
        return f"{KINDS[self.kind].in_()} {self.name}: {self.detail.in_()}"


@dataclass(frozen=True)
class Verification:
    """The result of `Archive.verify`: what was checked, and every damage found (none when the archive is sound)."""

    n_files: int
    n_records: int
    n_pulls: int
    damages: tuple[Damage, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages

    @property
    def frame(self) -> pd.DataFrame:
        """One row per damage: `kind`, `name`, `zh`, `en`."""
        rows = [(d.kind, d.name, d.detail.zh, d.detail.en) for d in self.damages]
        return pd.DataFrame(rows, columns=["kind", "name", "zh", "en"], dtype="string")

    @property
    def line(self) -> Text:
        """The result in one line."""
        checked = {"n_files": self.n_files, "n_records": self.n_records, "n_pulls": self.n_pulls}
        return (_SOUND if self.is_sound else _DAMAGED).format(n=len(self.damages), **checked)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values, for programs."""
        return {
            "is_sound": self.is_sound,
            "n_files": self.n_files,
            "n_records": self.n_records,
            "n_pulls": self.n_pulls,
            "damages": [{"kind": d.kind, "name": d.name, **d.detail._asdict()} for d in self.damages],
        }

    def raise_if_damaged(self) -> None:
        """Raise DamagedError that names the damages, unless there are none."""
        if self.damages:
            raise DamagedError(_listed(self.line, self.damages), remedy=_REMEDY)

    def __str__(self) -> str:
        return self.line.in_(preferred_lang())

    def _repr_html_(self) -> str:
        lang = preferred_lang()
        rows = [(KINDS[damage.kind], f"{damage.name}: {damage.detail.in_(lang)}") for damage in self.damages]
        return facts_card(_TITLE, rows, note=self.line, lang=lang)


def _listed(line: Text, damages: Sequence[Damage], most: int = 20) -> Text:
    rest = len(damages) - most
    lines = [
        (f"{KINDS[d.kind].zh} {d.name}：{d.detail.zh}", f"{KINDS[d.kind].en} {d.name}: {d.detail.en}") for d in damages
    ]
    more = [(f"……另有 {rest} 处", f"… and {rest} more")] if rest > 0 else []
    return Text(*("\n  ".join([head, *texts]) for head, *texts in zip(line, *lines[:most], *more, strict=True)))


_TITLE = Text("存档校验", "archive verification")
_SOUND = Text(
    "存档完好：{n_files} 个文件、{n_records} 条记录、{n_pulls} 次调用均与写入时一致",
    "the archive is sound: {n_files} files, {n_records} records and {n_pulls} pulls are what was written",
)
_DAMAGED = Text(
    "存档有 {n} 处损坏（已检查 {n_files} 个文件、{n_records} 条记录、{n_pulls} 次调用）",
    "the archive is damaged in {n} places ({n_files} files, {n_records} records and {n_pulls} pulls checked)",
)
_REMEDY = Text(
    "从备份恢复所列文件；在此之前不要同步", "restore the files named here from a backup; do not sync before that"
)
