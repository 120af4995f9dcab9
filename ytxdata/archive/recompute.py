"""Derive anew the rows and all else that follows from the raw data, and say what stored is other.

The hash in a head shows that a file is what was written. Whoever edits a table and the head that vouches for it leaves
both in agreement: only what the rows are made of shows it. Raw records in turn must stand in the answers that brought
them, whose hashes are in the chain of pulls.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ytxdata.archive.heads import Snapshot, among, batches, canonical, read
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.archive.raw_answers import FORMS, Envelope, put_together, raw_records
from ytxdata.archive.rebuild import Place, counts_of, derived_from, places_of, records_in
from ytxdata.archive.stored_files import DERIVED_TABLES, OBSERVATIONS_STORED, Numbers, hashes_of, read_run
from ytxdata.archive.verification import Damage
from ytxdata.archive.witnesses import entries, heard_again
from ytxdata.archive.write_sync import keys_of
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.reading import patient
from ytxdata.labels import Text

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
_MOST_TOLD = 20


def rows_that_differ(snapshot: Snapshot) -> tuple[int, list[Damage], list[Text]]:
    """Return how many rows were derived anew and compared, everything that differs, and what is neither shown nor
    refuted.
    """
    compared = _Compared()
    others, unheard = _witnesses(snapshot)
    found = [
        *compared.derived(snapshot),
        *_places(snapshot),
        *_counts(snapshot),
        *_index(snapshot),
        *_origins(snapshot),
        *others,
        *_periods(snapshot),
    ]
    return compared.n_rows, found, unheard


class _Compared:
    """The derived tables, record by record; it counts the rows."""

    n_rows = 0

    def derived(self, snapshot: Snapshot) -> Iterator[Damage]:
        aliases = snapshot.aliases
        n_rows = dict.fromkeys(DERIVED_TABLES, 0)
        for observed in batches(snapshot, "observations", OBSERVATIONS_STORED.names):
            numbers = np.sort(observed["obs"].to_numpy())
            for name, wanted in derived_from(observed, aliases).items():
                stored = read(snapshot, name, DERIVED_TABLES[name].names, among("obs", numbers)).sort_by("obs")
                n_rows[name] += stored.num_rows
                yield from _different(f"{snapshot.head.generation}/{name}", wanted, stored)
        for name, n in n_rows.items():
            if n != sum(file.rows for file in snapshot.files(name)):
                detail = Text("有不属于任何记录的行", "it has rows that are of no record")
                yield Damage("row", f"{snapshot.head.generation}/{name}", detail)
        self.n_rows = sum(n_rows.values())


def _different(name: str, wanted: pa.Table, stored: pa.Table) -> Iterator[Damage]:
    columns = [column for column in wanted.column_names if column not in Place._fields or "meetings" not in name]
    wanted, stored = (rows.select(columns).combine_chunks() for rows in (wanted, stored))
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
        columns = [rows[name].to_pylist() for name in ("obs", *Place._fields)]
        for number, *cells in zip(*columns, strict=True):
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


def _origins(snapshot: Snapshot) -> Iterator[Damage]:
    """Every observation stands in the answer that is said to have brought it, at its place and of its time."""
    origin = _origin_of(snapshot)
    by_pull = np.argsort(origin.pulls, kind="stable")
    edges = np.searchsorted(origin.pulls[by_pull], np.arange(len(origin.pull_ids) + 1))
    place = {pull_id: at for at, pull_id in enumerate(origin.pull_ids)}
    n_seen, strangers, known = 0, [], set[int]()
    for pulls in batches(snapshot, "pulls", ("pull_id", "asked_at", "sha256", "form", "gaps", "numbers")):
        for pull, asked_at in zip(pulls.to_pylist(), pulls["asked_at"].cast(pa.int64()).to_pylist(), strict=True):
            at = place.get(pull["pull_id"])
            if at is None:
                continue
            mine = by_pull[edges[at] : edges[at + 1]]
            # the same answer twice in one tick of a coarse clock is two pulls of one id
            n_seen += 0 if at in known else len(mine)
            known.add(at)
            listed = Envelope.from_cells(pull["form"], b"", pull["numbers"]).numbers
            strange = _not_at_its_place(mine, origin.positions[mine], listed)
            late = mine[origin.instants[mine] != asked_at]
            # what was regained is among no pull's numbers, and stands in the answer all the same
            moved = np.intersect1d(strange, listed)
            lacking = _not_in(snapshot, pull, np.setdiff1d(strange, listed))
            strangers += [*late.tolist(), *moved.tolist(), *lacking]
    missing = len(origin.pulls) - n_seen
    for number in sorted(set(strangers))[:_MOST_TOLD]:
        yield Damage("record", str(number), Text("不在它所说的回答里", "it is not in the answer that it names"))
    if missing:
        yield Damage("record", f"{missing}", Text("所属的拉取不存在", "no pull is the one they name"))


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


def _not_in(snapshot: Snapshot, pull: Mapping[str, Any], numbers: Numbers) -> list[int]:
    """Return those of some observations whose text a raw answer does not hold."""
    if not len(numbers):
        return []
    raw = put_together(snapshot, pull) or b""
    lacking = {number: text for number, text in raw_records(snapshot, numbers).items() if not _stands_in(raw, text)}
    if not lacking:
        return []
    asked_at: datetime = pull["asked_at"]
    told = {hashlib.sha256(one).digest() for one in records_in(raw, asked_at, snapshot.aliases)}
    return [number for number, text in lacking.items() if hashlib.sha256(text).digest() not in told]


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
