"""A history: the records of one or several answers as tables, every one accounted for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from ytxdata import times
from ytxdata.files import make_private_folder, refuse_archive, telling_unwritable, write_whole
from ytxdata.history.proof.answer_facts import pull_facts
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.rules import certify_history
from ytxdata.labels import Text, counted
from ytxdata.platform.codes import OK, lookup
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer, call_row
from ytxdata.records.merge import Counts, MergedTables, merge_answers
from ytxdata.records.schema import PULLS, arrow_schema, to_pandas
from ytxdata.selection import Selectable
from ytxdata.templates import facts_card


class Unreadable(NamedTuple):
    """A saved answer that cannot be read: its file, why, and its bytes."""

    file: str
    why: Text
    raw: bytes


@dataclass(frozen=True, repr=False, eq=False)
class History(Selectable):
    """The records of one or several answers. Made by a `Client` or by `read_answers`; immutable.

    `meetings` has one row per meeting, `legs` one per party and connection, `rejects` one per record that cannot be a
    meeting, `problems` one per value that could not be read or believed, `pulls` one per answer. Instants are shown in
    Asia/Shanghai; unknown is null; empty frames have the columns and types of full ones.

    Parameters
    ----------
    answers
        The answers, as they came.
    aliases
        What columns are called in them.
    unreadable
        Saved answers that cannot be read; each counts as one rejected record.
    notes
        What else a reader of the files should know.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> counts = history.counts
    >>> counts.received == counts.meetings + counts.rejected + counts.duplicates
    True
    """

    answers: tuple[Answer, ...]
    aliases: Aliases = field(default=DEFAULT)
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[Text, ...] = ()

    @classmethod
    def from_answers(
        cls,
        answers: Iterable[Answer],
        aliases: Aliases = DEFAULT,
        unreadable: Iterable[Unreadable] = (),
        notes: Iterable[Text] = (),
    ) -> History:
        """Return the history that some answers make together; of a meeting listed twice the answer asked later
        counts.
        """
        ordered = sorted(answers, key=lambda answer: answer.asked_at)
        return cls(tuple(ordered), aliases, tuple(unreadable), tuple(notes))

    @cached_property
    def tables(self) -> MergedTables:
        """The records as Arrow tables."""
        tables = merge_answers(self.answers, self.aliases)
        if not self.unreadable:
            return tables
        rejects = pa.Table.from_pylist([_reject(one) for one in self.unreadable], schema=tables.rejects.schema)
        n, n_bytes = len(self.unreadable), sum(len(one.raw) for one in self.unreadable)
        return tables._replace(
            rejects=pa.concat_tables([tables.rejects, rejects]), counts=tables.counts.with_rejected(n, n_bytes)
        )

    @cached_property
    def meetings(self) -> pd.DataFrame:
        """One row per meeting, in the order in which the platform listed them."""
        return to_pandas(self.tables.meetings)

    @cached_property
    def legs(self) -> pd.DataFrame:
        """One row per party of a meeting; a re-join is another leg."""
        return to_pandas(self.tables.legs)

    @cached_property
    def rejects(self) -> pd.DataFrame:
        """One row per record that cannot be a meeting, with its reason and raw text."""
        return to_pandas(self.tables.rejects)

    @cached_property
    def problems(self) -> pd.DataFrame:
        """One row per value that could not be read or believed; the meeting itself is kept."""
        return to_pandas(self.tables.problems)

    @property
    def counts(self) -> Counts:
        """How many records came and what became of them: received = meetings + rejected + duplicates.

        `counts.bytes` says the same of bytes: received = envelope + meetings + rejected + duplicates.
        """
        return self.tables.counts

    @cached_property
    def pulls(self) -> pd.DataFrame:
        """One row per answer: when it was asked, for how many, what came, and its hash."""
        return to_pandas(
            pa.Table.from_pylist([call_row(answer) for answer in self.answers], schema=arrow_schema(PULLS))
        )

    @cached_property
    def certificate(self) -> Certificate:
        """How complete the history is. Without an archive PROBABLE at best: an answer cannot show what it leaves out."""
        listed = [(one, one.meetings) for one in self.tables.listings if not one.answer.confid]
        facts = [pull_facts(one.answer, found, len(one.record_rows) - found.num_rows) for one, found in listed]
        return certify_history(facts, self.answers[-1].asked_at if self.answers else times.now())

    @property
    def warnings(self) -> tuple[Text, ...]:
        """What the answers themselves leave in doubt, each said once."""
        said = (warning for answer in self.answers for warning in (*answer.warnings, *_refusal(answer)))
        return tuple(dict.fromkeys((*said, *self.notes)))

    @property
    def line(self) -> Text:
        """The history in one line."""
        counts = self.counts
        named = bool(self.answers) and all(answer.confid for answer in self.answers)
        verdict = self.certificate.worst
        claim = _ONLY_NAMED if named else Text(f"完整性 {verdict}", verdict)
        told = Text(
            "回答 {n} 次，收到 {received} 条 = {meetings} 场会议 + {rejected} 条拒收 + {duplicates} 条重复",
            "answers: {n}; {records} = {of_meetings} + {rejected} rejected + {repeated}",
        ).format(
            records=counted(counts.received, "record"),
            of_meetings=counted(counts.meetings, "meeting"),
            repeated=counted(counts.duplicates, "duplicate"),
            n=len(self.answers),
            received=f"{counts.received:,}",
            meetings=f"{counts.meetings:,}",
            rejected=f"{counts.rejected:,}",
            duplicates=f"{counts.duplicates:,}",
        )
        return Text(f"{told.zh}；{claim.zh}", f"{told.en}; {claim.en}")

    def save_raw(self, directory: str | Path) -> list[Path]:
        """Write every answer as it came to `directory`, one file named by its pull; `read_answers` reads them back.

        What could not be read as an answer has a file of its own (empty where nothing of it is left), so that reading
        back counts it again.
        Only their owner may read the files, and the directory if it is made here: raw answers hold telephone numbers.

        Raises
        ------
        UsageError
            The directory is an archive's, or cannot be written.
        """
        folder = Path(directory)
        refuse_archive(folder)
        paths = [folder / f"{answer.pull_id}.json" for answer in self.answers]
        lost = [folder / f"unreadable-{i:04}-{_file_name(one.file)}.json" for i, one in enumerate(self.unreadable, 1)]
        with telling_unwritable(folder):
            make_private_folder(folder)
            for path, answer in zip(paths, self.answers, strict=True):
                write_whole(path, answer.raw)
                os.utime(path, times=(answer.asked_at.timestamp(), answer.asked_at.timestamp()))
            for path, one in zip(lost, self.unreadable, strict=True):
                write_whole(path, one.raw)
        return paths + lost

    def __repr__(self) -> str:
        return f"<History {self.line.en}>"

    def _repr_html_(self) -> str:
        counts, starts = self.counts, self.meetings["started_at"].dropna()
        span = f"{starts.min():%Y-%m-%d %H:%M} – {starts.max():%Y-%m-%d %H:%M}" if len(starts) else "–"
        rows = [
            (Text("会议", "meetings"), f"{counts.meetings:,}"),
            (Text("接入", "legs"), f"{len(self.legs):,}"),
            (Text("最早与最晚开始（北京时间）", "first and last start (Beijing time)"), span),
            (
                Text("收到 = 会议 + 拒收 + 重复", "received = meetings + rejected + duplicates"),
                f"{counts.received:,} = {counts.meetings:,} + {counts.rejected:,} + {counts.duplicates:,}",
            ),
            (Text("存疑的值", "values in doubt"), f"{len(self.problems):,}"),
            (Text("平台调用", "calls"), f"{len(self.answers):,}"),
            *((Text("提醒", "warning"), warning.in_()) for warning in self.warnings),
        ]
        return facts_card(
            Text("会议历史", "meeting history"), rows, note=self.certificate.sentence, verdict=self.certificate.badge
        )


def _file_name(text: str) -> str:
    """Return what of a name may stand in a file's name on any system."""
    return re.sub(r"[^\w.#-]+", "_", text)[-60:]


_ONLY_NAMED = Text(
    "只问了指定的会议，不说明其余", "only the meetings that were named were asked for, which says nothing of others"
)


def _reject(file: Unreadable) -> dict[str, object]:
    return {
        "pull_id": None,
        "position": None,
        "reason": "unreadable_answer",
        "detail": f"{file.file}: {file.why.en}",
        "meeting_id": None,
        "raw": file.raw.decode("utf-8", "backslashreplace"),
    }


def _refusal(answer: Answer) -> tuple[Text, ...]:
    """Tell of a saved answer that is a refusal; a live one was raised as an error."""
    if answer.status_code in (OK, None):
        return ()
    code = lookup(str(answer.status_code), answer.status_msg)
    name = answer.source or answer.pull_id
    return (
        Text(
            f"{name}：状态码 {code.code} {code.text.zh}，{code.cause.zh}",
            f"{name}: status code {code.code} {code.text.en}, {code.cause.en}",
        ),
    )
