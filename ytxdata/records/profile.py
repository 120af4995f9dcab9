"""The schema detective: what an account's records really look like, and what that says about our assumptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple, Protocol

import pandas as pd

from ytxdata.labels import Text, preferred_lang
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer
from ytxdata.records.assumptions import ASSUMPTIONS, GRADE_TEXTS, STATE_TEXTS, AccountRecords, Grade, State
from ytxdata.records.fields import FORM_TEXTS, TYPE_TEXTS, Field, survey
from ytxdata.records.json_values import read_object
from ytxdata.records.normalize import normalize
from ytxdata.records.spans import RawRecord

Shape = Mapping[str, Mapping[str, Any]]
"""Path → `types` (list), `form` (the main one), `present` (share of objects, 0–1), `n` (objects that could have it):
JSON-able, to compare with later."""

SAMPLE = 64
"""Records that tell the shape of an account: enough to miss no common field, few enough to cost next to nothing."""

_NEEDED = ("id", "ends", "leg_names", "leg_times", "leg_ends")
"""Assumptions about ids, who the parties were, when they came and went, and when meetings ended."""

_CERTAIN = 0.99
"""How unlikely it must be that a key is absent by chance before it is called vanished or new."""

_COLUMNS = ("path", "feeds", "types", "forms", "fill_rate", "n_present", "n_parents", "examples")


class JudgedAssumption(NamedTuple):
    """What the records say about one assumption."""

    key: str
    state: State
    grade: Grade
    text: Text
    evidence: Text


class Drift(NamedTuple):
    """A field that is new, has vanished, or comes in another type or form; its text names nobody."""

    kind: str
    path: str
    text: Text


@dataclass(frozen=True, repr=False)
class Profile:
    """What records look like. Made by `profile`.

    Parameters
    ----------
    n_records, n_rejected
        How many records were looked at, and how many of them cannot be a meeting.
    fields
        Every path that occurs.
    findings
        What they say about each assumption, contradictions first.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> found = ytx.profile(history)
    >>> len(found.frame) > 5
    True
    """

    n_records: int
    n_rejected: int
    fields: tuple[Field, ...]
    findings: tuple[JudgedAssumption, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per path: what it feeds, types, forms, fill rate [0–1], counts, masked examples."""
        rows = [
            (
                field.path,
                field.feeds,
                ", ".join(field.types),
                ", ".join(field.forms),
                field.fill_rate,
                field.n_present,
                field.n_parents,
                " · ".join(field.examples),
            )
            for field in self.fields
        ]
        kinds = dict.fromkeys(_COLUMNS, "string") | {
            "fill_rate": "float64",
            "n_present": "Int64",
            "n_parents": "Int64",
        }
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(kinds)

    @property
    def shape(self) -> Shape:
        """The fields in a form that can be kept as JSON, for a later `drift`."""
        return _shape(self.fields)

    def to_dict(self) -> dict[str, Any]:
        """Return findings and fields as plain data that JSON can hold; phones and names are masked."""
        return {
            "n_records": self.n_records,
            "n_rejected": self.n_rejected,
            "findings": [
                {**finding._asdict(), "text": finding.text._asdict(), "evidence": finding.evidence._asdict()}
                for finding in self.findings
            ],
            "fields": [{**field._asdict(), "fill_rate": field.fill_rate} for field in self.fields],
        }

    def to_markdown(self) -> str:
        """Return a page about the account's records, in both languages; phones and names are masked."""
        lines = [
            "# 会议记录的样子 / What the meeting records look like",
            "",
            f"{self.n_records:,} 条记录，其中 {self.n_rejected:,} 条不能成为会议。 / "
            f"{self.n_records:,} records, {self.n_rejected:,} of which cannot be a meeting.",
            "",
            "## 假设 / Assumptions",
            "",
            "| | 假设 / assumption | 事先 / beforehand | 证据 / evidence |",
            "|---|---|---|---|",
            *(
                _line(
                    STATE_TEXTS[one.state].in_(),
                    _cell(one.text.in_()),
                    GRADE_TEXTS[one.grade].in_(),
                    _cell(one.evidence.in_()),
                )
                for one in self.findings
            ),
            "",
            "## 字段 / Fields",
            "",
            "| 路径 / path | 列 / column | 类型 / types | 形式 / forms | 有值 / filled | 例（已遮盖）/ examples (masked) |",
            "|---|---|---|---|---|---|",
            *(
                _line(
                    f"`{_cell(field.path)}`",
                    field.feeds or "–",
                    _names(field.types, TYPE_TEXTS),
                    _names(field.forms, FORM_TEXTS),
                    f"{field.fill_rate:.1%}",
                    _cell(" · ".join(field.examples)),
                )
                for field in self.fields
            ),
            "",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        n_contradicted = sum(finding.state == "contradicted" for finding in self.findings)
        told = f"{len(self.fields)} fields, {n_contradicted} assumptions contradicted"
        return f"<Profile of {self.n_records:,} records: {told}>"

    def _repr_html_(self) -> str:
        lines = ((STATE_TEXTS[one.state], one.text, one.evidence) for one in self.findings)
        lang = preferred_lang()
        rows = ("".join(f"<td>{escape(text.in_(lang))}</td>" for text in line) for line in lines)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>{self.frame.to_html(index=False)}"


class HasAnswers(Protocol):
    """What keeps the answers it was made from, as a `History` does."""

    @property
    def answers(self) -> Sequence[Answer]:
        """The answers."""
        ...


class HasRawRecords(Protocol):
    """What can give back its raw records, as an archive does."""

    def raw_records(self) -> Sequence[bytes]:
        """Return the raw records, each distinct meeting once."""
        ...


Source = Sequence[RawRecord | bytes] | Sequence[RawRecord] | Sequence[bytes] | HasAnswers | HasRawRecords


def profile(source: Source, aliases: Aliases = DEFAULT) -> Profile:
    """Return what records really look like: every path, and what it says about the assumptions of `ASSUMPTIONS`.

    Parameters
    ----------
    source
        A history, an archive, or raw records (or their bytes alone, UTF-8). Of several answers each distinct record
        counts once.
    aliases
        Which keys feed which column.

    Returns
    -------
    Profile
        Without records it has no fields, and every assumption is open.

    Notes
    -----
    Holds all decoded records at once: some 10 KB a record with eight parties.

    Examples
    --------
    >>> found = profile([b'{"meid":"1","creator":"15412345678","x":true}'])
    >>> found.frame[["path", "feeds", "examples"]].values.tolist()
    [['meid', 'meetings.meeting_id', '1'], ['creator', 'meetings.creator', '154****5678'], ['x', '', 'tr… (4)']]
    """
    raws = _raws(source)
    objects = [read_object(raw, aliases).value for raw in raws]
    tables = normalize(raws, aliases)
    facts = AccountRecords(survey([one for one in objects if one is not None], aliases), tables)
    findings = [
        JudgedAssumption(assumption.key, evidence.state, assumption.grade, assumption.text, evidence.text)
        for assumption in ASSUMPTIONS
        for evidence in (assumption.check(facts),)
    ]
    order: list[State] = ["contradicted", "confirmed", "open"]
    findings.sort(key=lambda finding: order.index(finding.state))
    return Profile(len(raws), tables.rejects.num_rows, facts.fields, tuple(findings))


def shape_of(raws: Sequence[bytes], aliases: Aliases = DEFAULT) -> Shape:
    """Return the shape of raw records alone, for a `drift`: a profile also makes their tables, at three times the cost."""
    objects = (read_object(raw, aliases).value for raw in raws)
    return _shape(survey([one for one in objects if one is not None], aliases))


def _shape(fields: Sequence[Field]) -> Shape:
    return {
        field.path: {
            "types": sorted(set(field.types) - {"null"}),
            "form": field.main_form,
            "present": round(field.n_present / max(field.n_parents, 1), 6),
            "n": field.n_parents,
        }
        for field in fields
    }


def _raws(source: Source) -> list[bytes]:
    if isinstance(source, Sequence):
        return [record if isinstance(record, bytes) else record.raw for record in source]
    if hasattr(source, "raw_records"):
        return list(source.raw_records())
    return list(dict.fromkeys(record.raw for answer in source.answers for record in answer.records))


def missing(found: Profile) -> tuple[Text, ...]:
    """Return which times meetings and their parties lack, so that minutes, peaks and costs are others than they seem;
    and that nobody has a name.
    """
    missed = (one for one in found.findings if one.key in _NEEDED and one.state == "contradicted")
    return tuple(Text(f"{one.text.zh}？{one.evidence.zh}", f"{one.text.en}? {one.evidence.en}") for one in missed)


def drift(before: Profile | Shape, after: Profile | Shape) -> tuple[Drift, ...]:
    """Return which fields are new, have vanished, or come in another type or form.

    A rare field that is merely not among a few records has not vanished: it is told only when its absence
    by chance is less likely than 1 %.

    Examples
    --------
    >>> old, new = profile([b'{"meid":"1","a":1}'] * 9), profile([b'{"meid":"1","b":"x"}'] * 9)
    >>> [(change.kind, change.path) for change in drift(old, new)]
    [('vanished', 'a'), ('new', 'b')]
    """
    old = before.shape if isinstance(before, Profile) else before
    new = after.shape if isinstance(after, Profile) else after
    gone = [path for path in old if path not in new and _is_missed(old[path], _n_chances(path, new))]
    come = [path for path in new if path not in old and _is_missed(new[path], _n_chances(path, old))]
    both = [path for path in new if path in old and old[path]["types"] and new[path]["types"]]
    return (
        *(
            Drift("vanished", path, Text(f"字段 {_told(path)} 不再出现", f"field {_told(path)} no longer occurs"))
            for path in gone
        ),
        *(Drift("new", path, Text(f"出现新字段 {_told(path)}", f"new field {_told(path)}")) for path in come),
        *(
            Drift("retyped", path, _retyped(path, old[path], new[path]))
            for path in both
            if _is_retyped(old[path], new[path])
        ),
    )


def _is_missed(field: Mapping[str, Any], n_chances: int) -> bool:
    return bool((1 - field["present"]) ** n_chances <= 1 - _CERTAIN)


def _n_chances(path: str, there: Shape) -> int:
    """Return in how many objects of the other side the field could have been: as many as its siblings there could."""
    parent = path.rpartition(".")[0]
    return max((field["n"] for other, field in there.items() if other.rpartition(".")[0] == parent), default=0)


def _is_retyped(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(set(new["types"]) - set(old["types"])) or bool(
        old["form"] and new["form"] and old["form"] != new["form"]
    )


def _retyped(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Text:
    was, now = (f"{'/'.join(field['types'])} ({field['form']})" for field in (old, new))
    return Text(f"字段 {_told(path)} 的类型或形式由 {was} 变为 {now}", f"field {_told(path)} was {was}, now is {now}")


def _told(path: str) -> str:
    """Return a path without what may be about a person: parties may be keyed by their name or number, so keys of an
    object are shown of the record itself and of what stands in a list, none that holds a number, and in a list none
    that is no word of a program: `[{"王五": "139…"}]` is a list of parties too.
    """
    keys = path.split(".")
    return ".".join(
        key if not re.search(r"\d{4}", key) and (not parent or (parent.endswith("[]") and key.isascii())) else "*"
        for parent, key in zip(["", *keys[:-1]], keys, strict=True)
    )


def _names(keys: Mapping[str, int], texts: Mapping[str, Text]) -> str:
    return ", ".join(texts[key].in_() for key in keys) or "–"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    # Keys and examples are the sender's text: a pipe or a line break in one would break the table.
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")
