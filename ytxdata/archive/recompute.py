"""Derive anew the rows and all else that follows from the raw data, and say what stored is other.

The hash in a head shows that a file is what was written. Whoever edits a table and the head that vouches for it leaves
both in agreement: only what the rows are made of shows it. Raw records in turn must stand in the answers that brought
them, whose hashes are in the chain of pulls.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ytxdata.archive.heads import Snapshot, canonical
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.archive.raw_answers import (
    FORMS,
    WHOLE,
    Envelope,
    never_taken_in,
    numbers_in,
    put_together,
    raw_records,
    shortened,
    unfold,
)
from ytxdata.archive.rebuild import (
    Place,
    chosen_otherwise,
    counts_of,
    derived_from,
    names_at,
    names_of,
    places_of,
    records_in,
)
from ytxdata.archive.stored_files import DERIVED_TABLES, OBSERVATIONS_STORED, Numbers, hashes_of, read_run
from ytxdata.archive.stored_rows import among, batches, read
from ytxdata.archive.verification import Damage
from ytxdata.archive.witnesses import entries, heard_again
from ytxdata.archive.write_sync import keys_of
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import patient
from ytxdata.labels import Text
from ytxdata.records.values import rows_of

_OTHER = Text("与由原始记录重新得出的不同：{columns}", "it is not what the raw records give: {columns}")
_OTHER_HEARING = Text(
    "所存的结果不是这份清单与各表核对的结果", "what is kept of it is not what its list and the tables give"
)
_OTHER_COUNT = Text("控制文件记有 {told}，实为 {n}", "the head tells of {told}, there are {n}")
_UNHEARD = Text(
    "控制文件称清单 {name} 是按其他版本的规则核对的；按现行规则核对其原文，结果不同。这不是损坏，但所存的结果未经证实：下一次同步会重新核对",
    "its head says that the list {name} was heard by rules of another version; by those of today something else comes "
    "of its bytes. That is no damage, but what is kept of it is not proven: the next sync hears it again",
)
_OTHER_RECORDS = Text(
    "按今日规则读其原始回答，所得记录与它所列的不同", "read anew, its raw answer gives other records than it lists"
)
_READ_OTHERWISE = Text(
    "有 {n} 个回答（首个为拉取 {pull}）按今日规则读出的记录与所列的不同，但所列各条确在其中：可能由早期版本按另外的边界读出，也可能被人改写，两者都没有得到证实",
    "{n} answers (the first is that of pull {pull}) give, read anew, other records than they list, and yet all of these "
    "stand in them: an earlier version may have found other borders, or somebody rewrote them, and neither is shown",
)
_LISTS_OTHERS = Text(
    "有 {n} 个回答（首个为拉取 {pull}）所列的不是本应认作的那条记录：同一文本可能在变化之后又被说起，而那次变回没有记下。"
    "可能由早期版本按另外的规则选出，也可能被人改写，两者都没有得到证实",
    "{n} answers (the first is that of pull {pull}) list another observation than the one as which what they tell is "
    "known: a text may have been told again after a change, and the change back is not kept. An earlier version may have "
    "chosen it by other rules, or somebody rewrote it, and neither is shown",
)
_MOST_TOLD = 20

_TOGETHER = 32 * 2**20
"""Answers are read together until they are about as long as that [bytes]: their records are then looked up at once."""

_LIKELY_LENGTH = 500
"""How long a record is counted before it is looked up [bytes]."""


def rows_that_differ(snapshot: Snapshot) -> tuple[int, list[Damage], list[Text]]:
    """Return how many rows were derived anew and compared, everything that differs, and what is neither shown nor
    refuted.
    """
    of_lists, unheard = _witnesses(snapshot)
    strange, read_otherwise = _answers(snapshot)
    n_rows, found = _derived(snapshot)
    found += [
        *_places(snapshot),
        *_counts(snapshot),
        *_index(snapshot),
        *strange,
        *of_lists,
        *_periods(snapshot),
    ]
    # of other rows, or of an archive that contradicts itself, it would say no more than these do
    others = [] if found else chosen_otherwise(snapshot)
    listed = [_LISTS_OTHERS.format(n=len(others), pull=others[0])] if others else []
    return n_rows, found, [*read_otherwise, *listed, *unheard]


def _derived(snapshot: Snapshot) -> tuple[int, list[Damage]]:
    """Return how many rows of the derived tables were compared, record by record, and what is other."""
    aliases, found = snapshot.aliases, list[Damage]()
    n_rows = dict.fromkeys(DERIVED_TABLES, 0)
    for observed in batches(snapshot, "observations", OBSERVATIONS_STORED.names):
        numbers = np.sort(observed["obs"].to_numpy())
        for name, wanted in derived_from(observed, aliases).items():
            stored = read(snapshot, name, DERIVED_TABLES[name].names, among("obs", numbers))
            n_rows[name] += stored.num_rows
            found += _different(f"{snapshot.head.generation}/{name}", wanted, stored)
    for name, n in n_rows.items():
        if n != sum(file.rows for file in snapshot.files(name)):
            detail = Text("有不属于任何记录的行", "it has rows that are of no record")
            found.append(Damage("row", f"{snapshot.head.generation}/{name}", detail))
    return sum(n_rows.values()), found


def _different(name: str, wanted: pa.Table, stored: pa.Table) -> Iterator[Damage]:
    columns = [column for column in wanted.column_names if column not in Place._fields or "meetings" not in name]
    # both by number: of records stored in another order nothing was compared, as the numbers alone were as many
    wanted, stored = (rows.select(columns).sort_by("obs").combine_chunks() for rows in (wanted, stored))
    if wanted.equals(stored):
        return
    if not wanted["obs"].equals(stored["obs"]):
        ours, theirs = (Counter(rows["obs"].to_pylist()) for rows in (wanted, stored))
        numbers = sorted(n for n in ours.keys() | theirs.keys() if ours[n] != theirs[n])
        yield from _told(name, {number: ["obs"] for number in numbers})
        return
    others: dict[int, list[str]] = {}
    for column in columns:
        if not wanted[column].equals(stored[column]):
            pairs = zip(wanted["obs"].to_pylist(), wanted[column].to_pylist(), stored[column].to_pylist(), strict=True)
            for number, one, other in pairs:
                if one != other:
                    others.setdefault(number, []).append(column)
    yield from _told(name, others)


def _told(name: str, others: Mapping[int, Sequence[str]]) -> Iterator[Damage]:
    for number, columns in list(others.items())[:_MOST_TOLD]:
        yield Damage("row", f"{name} {number}", _OTHER.format(columns=", ".join(dict.fromkeys(columns))))
    if len(others) > _MOST_TOLD:
        rest = len(others) - _MOST_TOLD
        detail = Text(f"另有 {rest} 行与原始记录不符", f"{rest} more rows are not what the raw records give")
        yield Damage("row", name, detail)


def _places(snapshot: Snapshot) -> Iterator[Damage]:
    """Which version is whose, and which one a row replaces: by this it is decided what is shown as the latest."""
    places = places_of(snapshot, lambda columns: read(snapshot, "meetings", columns))
    alone = Place(0, 1, None)
    others: dict[int, list[str]] = {}
    for rows in batches(snapshot, "meetings", ("obs", *Place._fields)):
        for number, *cells in rows_of(rows, ("obs", *Place._fields)):
            wanted = places.get(number, alone)
            if tuple(cells) != wanted:
                pairs = zip(Place._fields, cells, wanted, strict=True)
                others[number] = [name for name, one, other in pairs if one != other]
    yield from _told(f"{snapshot.head.generation}/meetings", others)


def _counts(snapshot: Snapshot) -> Iterator[Damage]:
    for name, n in counts_of(snapshot).items():
        if snapshot.head.counts[name] != n:
            yield Damage("law", name, _OTHER_COUNT.format(told=snapshot.head.counts[name], n=n))


def _index(snapshot: Snapshot) -> Iterator[Damage]:
    """Every key must lead to its observation: one that is lacking would make a known meeting new again."""
    wanted = [(hashes_of(rows["key"].to_pylist()), rows["obs"].to_numpy()) for rows in keys_of(snapshot)]
    stored = [read_run(path) for path in snapshot.runs]

    def ordered(runs: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
        hashes = np.concatenate([np.empty(0, np.uint64), *(run[0] for run in runs)])
        numbers = np.concatenate([np.empty(0, np.int64), *(run[1] for run in runs)])
        order = np.lexsort((numbers, hashes))
        return hashes[order], numbers[order]

    if not all(np.array_equal(*pair) for pair in zip(ordered(wanted), ordered(stored), strict=True)):
        yield Damage("index", "index", Text("与各表的编号不符", "it is not the index of these tables"))


class _Origin(NamedTuple):
    """Where observations say they come from: by observation, the place of its pull, position and instant."""

    pull_ids: list[str]
    pulls: Numbers
    positions: Numbers
    instants: Numbers


class _Pull(NamedTuple):
    """An answer to read: its row, the observations that it lists, and those that name it and are not among these."""

    row: Mapping[str, Any]
    listed: Numbers
    regained: Numbers


def _answers(snapshot: Snapshot) -> tuple[list[Damage], list[Text]]:
    """Hold every answer and the observations against each other: read anew it gives those that it lists, no more and no
    less, and each of these is of the first answer that lists it, or of one before.

    Of a pull the chain holds its answer alone: which observations it is made of is a word of the archive. Where an
    answer gives others, that is damage if one of them does not stand in its bytes, or one that it gives was never
    kept; else an earlier parser may have found other borders, or somebody others: neither is shown.
    """
    origin = _origin_of(snapshot)
    by_pull = np.argsort(origin.pulls, kind="stable")
    edges = np.searchsorted(origin.pulls[by_pull], np.arange(len(origin.pull_ids) + 1))
    place = {pull_id: at for at, pull_id in enumerate(origin.pull_ids)}
    is_known, is_listed = np.zeros(len(place), bool), np.zeros(len(origin.pulls), bool)
    strangers, reader = list[int](), _Reader(snapshot)
    columns = (
        "pull_id", "ordinal", "asked_at", "returned_n", "settle_s", "verdict", "sha256", "form", "gaps", "numbers",
    )  # fmt: skip
    for pulls in batches(snapshot, "pulls", columns):
        for pull, asked_at in zip(pulls.to_pylist(), pulls["asked_at"].cast(pa.int64()).to_pylist(), strict=True):
            at = place.get(pull["pull_id"])
            mine = by_pull[:0] if at is None else by_pull[edges[at] : edges[at + 1]]
            listed = numbers_in(pull["numbers"])
            strange = _not_at_its_place(mine, origin.positions[mine], listed)
            late = mine[origin.instants[mine] != asked_at]
            if at is not None:
                is_known[at] = True
            new = listed[~is_listed[listed]]
            is_listed[new] = True
            later = new[~is_known[origin.pulls[new]]]
            # what was regained is among no pull's numbers, and stands in the answer all the same
            strangers += [*late.tolist(), *later.tolist(), *np.intersect1d(strange, listed).tolist()]
            reader.take(_Pull(pull, listed, np.setdiff1d(strange, listed)))
    reader.read()
    missing = int(np.isin(origin.pulls, np.flatnonzero(~is_known)).sum())
    found = [
        Damage("record", str(number), Text("不在它所说的回答里", "it is not in the answer that it names"))
        for number in sorted({*strangers, *reader.strangers})[:_MOST_TOLD]
    ]
    if missing:
        found.append(Damage("record", f"{missing}", Text("所属的拉取不存在", "no pull is the one they name")))
    return [*found, *(Damage("pull", one, _OTHER_RECORDS) for one in reader.others)], [*reader.left_open()]


def _origin_of(snapshot: Snapshot) -> _Origin:
    columns = ("obs", "pull_id", "position", "observed_at")
    rows = read(snapshot, "observations", columns).sort_by("obs")
    codes = rows["pull_id"].combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy().astype(np.int64)
    instants = rows["observed_at"].cast(pa.int64()).to_numpy()
    return _Origin(codes.dictionary.to_pylist(), numbers, rows["position"].to_numpy(), instants)


def _not_at_its_place(mine: Numbers, positions: Numbers, listed: Numbers) -> Numbers:
    if not len(listed):
        return mine
    inside = (positions >= 0) & (positions < len(listed))
    at = np.where(inside, positions, 0)
    strange: Numbers = mine[~inside | (listed[at] != mine)]
    return strange


class _Reader:
    """Reads answers as cheaply as shows the same.

    An answer mostly repeats what others told. So it is read without the records that were read before, as long as
    nothing but punctuation stands beside them: what else it holds, a record that is said to be none above all, stays.
    Where that gives something else than it lists, the whole answer is read, and that alone counts.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._names = names_of(snapshot)
        self.others: list[str] = []
        self.strangers: list[int] = []
        self.unlike: list[str] = []
        self._was_read = np.zeros(snapshot.head.counts["observations"], bool)
        self._waiting: list[tuple[_Pull, Envelope]] = []
        self._size = 0

    def take(self, pull: _Pull) -> None:
        """Read an answer, now or together with others."""
        form = pull.row["form"]
        # how many records were read is of the hash of a pull; an early version listed none that it took for a duplicate
        is_of_old = pull.row["settle_s"] is None
        # a verdict is of a sync that came to its end, in which no version listed nothing of what it read
        if pull.row["returned_n"] != len(pull.listed) and not (
            is_of_old and (len(pull.listed) or not pull.row["verdict"])
        ):
            self.others.append(pull.row["pull_id"])
        if form == WHOLE or len(pull.regained):
            self._whole(pull)
            return
        shorter = shortened(Envelope(form, pull.row["gaps"], pull.listed), self._was_read)
        self._was_read[shorter.numbers] = True
        self._waiting.append((pull, shorter))
        self._size += len(shorter.gaps) + _LIKELY_LENGTH * len(shorter.numbers)
        if self._size > _TOGETHER:
            self.read()

    def read(self) -> None:
        """Read the answers that wait."""
        numbers = np.unique(np.concatenate([np.empty(0, np.int64), *(shorter.numbers for _, shorter in self._waiting)]))
        raws = raw_records(self.snapshot, numbers)
        for pull, shorter in self._waiting:
            records = [raws[number] for number in shorter.numbers.tolist()]
            if self._records(pull, b"".join(unfold(shorter, records))) != records:
                self._whole(pull)
        self._waiting, self._size = [], 0

    def _records(self, pull: _Pull, raw: bytes) -> list[bytes]:
        return records_in(raw, pull.row["asked_at"], self.snapshot.aliases)

    def _whole(self, pull: _Pull) -> None:
        raw = put_together(self.snapshot, pull.row) or b""
        raws = raw_records(self.snapshot, np.union1d(pull.listed, pull.regained))
        records, wanted = self._records(pull, raw), [raws[number] for number in pull.listed.tolist()]
        if records == wanted and not len(pull.regained):
            return
        given, told = set(records), {*raws.values()}
        strange = [number for number, text in raws.items() if text not in given]
        self.strangers += [number for number in strange if not _stands_in(raw, raws[number])]
        rest, is_left_whole = given - told, _is_left_whole(pull.row)
        is_lost = bool(self._never_kept(rest))
        if is_lost and not is_left_whole:
            self.others.append(pull.row["pull_id"])
        # what an earlier parser lost was regained since, and stands between what that one found
        among_others = iter(records)
        is_in_order = all(one in among_others for one in wanted)
        # with the first answer that holds it alone: pulls of such versions say nothing of patience, and are chained so
        is_short = is_lost if pull.row["settle_s"] is None else bool(rest)
        # by the names of its time it gave what it lists: whose names were learnt later stands in answers before as well
        then = names_at(self._names, pull.row["ordinal"])
        is_of_then = then != self.snapshot.aliases and records_in(raw, pull.row["asked_at"], then) == wanted
        if strange or ((not is_in_order or is_short) and not is_of_then):
            self.unlike.append(pull.row["pull_id"])

    def _never_kept(self, texts: Collection[bytes]) -> set[bytes]:
        digests = {hashlib.sha256(one).digest() for one in texts}
        for rows in batches(self.snapshot, "observations", ("record_hash",)) if digests else ():
            digests.difference_update(rows["record_hash"].to_pylist())
        return digests

    def left_open(self) -> Iterator[Text]:
        """Yield what is neither shown nor refuted."""
        told = [one for one in dict.fromkeys(self.unlike) if one not in self.others]
        if told:
            yield _READ_OTHERWISE.format(n=len(told), pull=told[0])


def _is_left_whole(pull: Mapping[str, Any]) -> bool:
    """Whether an answer may be kept without its records, which others brought or which were regained since.

    Which patience judged it is of the hash of a pull: where one did, its records were taken in.
    """
    return never_taken_in(pull) and pull["settle_s"] is None and pull["verdict"] is None


def _stands_in(raw: bytes, text: bytes) -> bool:
    def wide(encoding: str) -> Callable[[bytes], bytes]:
        return lambda one: one.decode("utf-8").encode(encoding)

    for dress in (*FORMS.values(), *map(wide, ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))):
        try:
            if dress(text) in raw:
                return True
        except ValueError:
            continue
    return False


def _periods(snapshot: Snapshot) -> Iterator[Damage]:
    """What a head claims must be what its evidence gives; whether that is the evidence, `claims` tells."""
    state = snapshot.head.state
    evidence = evidence_of(state)
    certificate = certify(evidence, patient(DEFAULT_POLICY, evidence))
    told = [list(one) for one in state.get("periods", ())], state.get("outside", certificate.outside)
    if told != (plain_periods(certificate), certificate.outside):
        detail = Text("与所存证据给出的不同", "it is not what the evidence that is kept gives")
        yield Damage("claim", "certificate", detail)


def _witnesses(snapshot: Snapshot) -> tuple[list[Damage], list[Text]]:
    """Return which lists come to something else than a head says by the rules of today, and which by others: these may
    well have said so, but whose rules they were is a word of the head alone, and the bytes can be heard by ours.
    """
    kept = list(entries(snapshot.head.state))
    others: list[Damage] = []
    unheard: list[Text] = []
    for entry, now in zip(kept, heard_again(snapshot, snapshot.head.state) if kept else (), strict=True):
        name, rules = entry["hearing"]["name"], now["rules"]
        # as JSON: a head that was read back has lists where a fresh hearing has tuples
        if canonical({**entry, "rules": rules}) == canonical(now):
            continue
        if entry.get("rules") == rules:
            others.append(Damage("law", f"witnesses/{name}", _OTHER_HEARING))
        else:
            unheard.append(_UNHEARD.format(name=name))
    return others, unheard
