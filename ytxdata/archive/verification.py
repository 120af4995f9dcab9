"""What a verification says: how much was checked, every damage by name, and what of it can be made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pandas as pd

from ytxdata.archive.ownership import IDENTITY
from ytxdata.archive.stored_files import DERIVE_AGAIN, DERIVED
from ytxdata.errors import DamagedError
from ytxdata.labels import Text, counted, preferred_lang, printable
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.templates import facts_card

Kind = Literal["control", "commit", "data", "index", "record", "row", "pull", "law", "claim", "stray", "lacking"]

KINDS: dict[Kind, Text] = {
    "control": Text("控制文件", "control file"),
    "commit": Text("提交记录", "commit"),
    "data": Text("数据文件", "data file"),
    "index": Text("索引", "index"),
    "record": Text("记录", "record"),
    "row": Text("派生数据行", "derived row"),
    "pull": Text("拉取", "pull"),
    "law": Text("守恒", "law"),
    "claim": Text("主张", "claim"),
    "stray": Text("多余文件", "stray file"),
    "lacking": Text("缺少的文件", "lacking file"),
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
    n_rows: int | None = None
    """Rows that were derived anew from the raw records and compared; None when that was not done."""
    is_recomputed: bool = False
    """Whether what is claimed was judged anew from the raw answers."""
    beside: tuple[str, ...] = ()
    """What lies in the archive's folder and is nothing of it: not checked, and no damage."""
    unlike: tuple[Text, ...] = ()
    """Where tables, lists or claims are, by a word of the head alone, another version's: how they differ from what this
    one gives. Nothing shows that they are what came of it then, nor that they are damaged."""
    chosen: tuple[Text, ...] = ()
    """What somebody chose, or let go when it was damaged, and no answer proves."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged, and every row that was looked at is what the raw records give."""
        return not self.damages and not self.unlike

    @property
    def left_open(self) -> tuple[Text, ...]:
        """What was asked and is neither shown nor refuted, a sentence each."""
        return (*self.unlike, *self.chosen)

    @property
    def can_be_mended(self) -> bool:
        """Whether all that is damaged follows from raw data: then `Archive.rebuild` makes it anew."""
        # these follow from raw data, or lack in the newest state alone; of a record, a pull or the key nothing that is
        # left says what it was
        return all(
            damage.kind in ("index", "law", "row", "stray", "lacking")
            or (damage.kind == "control" and damage.name != IDENTITY and damage.detail != HOLE)
            or (damage.kind == "data" and damage.name.startswith(f"{DERIVED}/"))
            for damage in self.damages
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row per damage: `kind`, `name`, `zh`, `en`."""
        rows = [(d.kind, d.name, d.detail.zh, d.detail.en) for d in self.damages]
        return pd.DataFrame(rows, columns=["kind", "name", "zh", "en"], dtype="string")

    @property
    def line(self) -> Text:
        """The result in one line."""
        checked: dict[str, object] = {"n_files": self.n_files, "n_records": self.n_records, "n_pulls": self.n_pulls}
        for noun in ("file", "record", "pull"):
            checked[f"{noun}s"] = counted(getattr(self, f"n_{noun}s"), noun)
        if self.damages:
            return _DAMAGED.format(n=len(self.damages), **checked)
        said = [
            (_WRITTEN if self.unlike else _SOUND).format(**checked),
            _NO_ROWS if self.n_rows is None else _ROWS.format(n=self.n_rows),
        ]
        said.append(_NO_CLAIMS if not self.is_recomputed else _CLAIMS_OPEN if self.unlike else _CLAIMS)
        if self.beside:
            names = (printable(name, line=True) for name in self.beside[:5])
            said.append(_BESIDE.format(names=", ".join(names), n=len(self.beside)))
        return Text("".join(one.zh for one in said), "".join(one.en for one in said))

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values, for programs."""
        return {
            "is_sound": self.is_sound,
            "n_files": self.n_files,
            "n_records": self.n_records,
            "n_pulls": self.n_pulls,
            "n_rows": self.n_rows,
            "is_recomputed": self.is_recomputed,
            "beside": list(self.beside),
            "left_open": [one.en for one in self.left_open],
            "damages": [{"kind": d.kind, "name": d.name, **d.detail._asdict()} for d in self.damages],
        }

    def raise_if_damaged(self) -> None:
        """Raise DamagedError that names the damages, unless there are none."""
        if self.damages:
            mends = DERIVE_AGAIN if self.can_be_mended else _REMEDY
            raise DamagedError(_listed(self.line, self.damages), remedy=mends)

    def __str__(self) -> str:
        return self.line.in_(preferred_lang())

    def _repr_html_(self) -> str:
        lang = preferred_lang()
        rows = [(KINDS[damage.kind], f"{damage.name}: {damage.detail.in_(lang)}") for damage in self.damages]
        return facts_card(
            Text("存档校验", "archive verification"), rows, note=Text(*map(hide_in_text, self.line)), lang=lang
        )


def _listed(line: Text, damages: Sequence[Damage], most: int = 20) -> Text:
    rest = len(damages) - most
    called = [(KINDS[d.kind], printable(d.name, line=True), d.detail) for d in damages]
    lines = [(f"{kind.zh} {name}：{what.zh}", f"{kind.en} {name}: {what.en}") for kind, name, what in called]
    more = [(f"……另有 {rest} 处", f"… and {rest} more")] if rest > 0 else []
    return Text(*("\n  ".join([head, *texts]) for head, *texts in zip(line, *lines[:most], *more, strict=True)))


HOLE = Text(
    "文件不见了，而留下的控制文件都没有记下其哈希：请从备份或镜像恢复；如都没有，先备份，再把 heads/ 整个移走并运行 ytxdata rebuild：全部回答会重新判断",
    "gone, and no head that is left holds the hash of all of them: bring them back from a backup or a mirror; where there "
    "is none, keep a copy, move the whole of heads/ away and run ytxdata rebuild, which judges all answers anew",
)
"""Of one head that is gone the next one holds the hash. Of several side by side it holds that of the last alone."""

_SOUND = Text(
    "存档完好：{n_files} 个文件、{n_records} 条记录、{n_pulls} 次拉取均与写入时一致",
    "the archive is sound: {files}, {records} and {pulls} are what was written",
)
_WRITTEN = Text(
    "{n_files} 个文件、{n_records} 条记录、{n_pulls} 次拉取均与写入时一致",
    "{files}, {records} and {pulls} are what was written",
)
_ROWS = Text("；{n} 行派生数据与由原始记录重新得出的一致", "; {n} derived rows are what the raw records give")
_NO_ROWS = Text("；派生数据未重新得出", "; derived rows were not derived anew")
_CLAIMS = Text("；完整性结论与由原始回答重新判断的一致", "; what it claims is what the rules say of the raw answers")
_CLAIMS_OPEN = Text(
    "；完整性结论已由原始回答重新判断，尚有未能核对之处",
    "; what it claims was judged anew, and something of it is left open",
)
_NO_CLAIMS = Text("；完整性结论未重新判断（--recompute）", "; what it claims was not judged anew (--recompute)")
_BESIDE = Text(
    "；另有 {n} 项不属于存档，未核对：{names}", "; not of the archive, and not checked: {names} ({n} in all)"
)
_DAMAGED = Text(
    "存档有 {n} 处损坏（已检查 {n_files} 个文件、{n_records} 条记录、{n_pulls} 次拉取）",
    "the archive is damaged in {n} places ({files}, {records} and {pulls} checked)",
)
_REMEDY = Text(
    "从备份恢复所列文件；在此之前不要同步；若是镜像，则在存档处运行 ytxdata archive mirror 地址 --recheck",
    "restore the files named here from a backup; do not sync before that; of a mirror run ytxdata archive mirror ADDRESS "
    "--recheck where the archive is",
)
