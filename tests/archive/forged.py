"""A newest head as somebody leaves it who knows how heads are sealed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from ytxdata.archive import Archive
from ytxdata.archive.heads import write_head
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.archive.raw_answers import FORMS, WHOLE, numbers_in, whole_answer
from ytxdata.archive.rebuild import derive_again
from ytxdata.archive.stored_files import OBSERVATIONS_STORED, PULLS_STORED
from ytxdata.archive.stored_rows import read
from ytxdata.archive.write_sync import Writer
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import patient


def rewritten(archive: Archive, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the newest head claims and all that follows from it, and seal it again."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = json.loads(json.dumps(snapshot.head.state))
    change(state)
    if "evidence" in state:
        evidence = evidence_of(state)
        state["periods"] = plain_periods(certify(evidence, patient(DEFAULT_POLICY, evidence)))
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)


class Rewritten:
    """The raw rows of an archive, written again below one more head: no hash that was published changes."""

    def __init__(self, archive: Archive) -> None:
        snapshot = archive.snapshot()
        assert snapshot is not None
        self.root, self.snapshot = archive.path, snapshot
        self.observations: list[dict[str, Any]] = read(snapshot, "observations", OBSERVATIONS_STORED.names).to_pylist()
        self.pulls: list[dict[str, Any]] = read(snapshot, "pulls", PULLS_STORED.names).to_pylist()
        for pull in self.pulls:
            pull["listed"] = numbers_in(pull["numbers"]).tolist()

    def say(self, number: int, text: bytes) -> None:
        """Let an observation be of another text."""
        self.observations[number] |= {"raw": text, "record_hash": hashlib.sha256(text).digest()}

    def invent(self, pull: dict[str, Any], text: bytes) -> int:
        """Let an answer be said to have brought one more text; return its number."""
        self.observations.append({"pull_id": pull["pull_id"], "observed_at": pull["asked_at"], "position": 0})
        number = len(self.observations) - 1
        self.observations[number]["obs"] = number
        self.say(number, text)
        return number

    def leave_whole(self, pull: dict[str, Any]) -> None:
        """Keep an answer as one that fits no form."""
        if pull["form"] != WHOLE:
            pull["gaps"], pull["form"] = whole_answer(self.snapshot, pull), WHOLE

    def let_drop(self, number: int) -> None:
        """Let the last observation be none: its text stands in the gaps of its answers."""
        assert number == len(self.observations) - 1
        text = self.observations.pop()["raw"]
        for pull in (one for one in self.pulls if number in one["listed"]):
            place, gaps = pull["listed"].index(number), msgspec.msgpack.decode(pull["gaps"], type=list[bytes])
            gaps[place : place + 2] = [gaps[place] + FORMS[pull["form"]](text) + gaps[place + 1]]
            pull["gaps"] = msgspec.msgpack.encode(gaps)
            del pull["listed"][place]
            for one in self.observations:
                one["position"] -= one["pull_id"] == pull["pull_id"] and one["position"] > place

    def seal(self, **changes: Any) -> None:
        """Write all rows, and what follows from them, below one more head."""
        writer = Writer(self.root, self.snapshot)
        writer.files["observations"] = writer.files["pulls"] = ()
        for pull in self.pulls:
            pull["numbers"] = np.diff(np.array(pull["listed"], dtype=np.int64), prepend=0).astype("<i8").tobytes()
        for name, rows, schema in (
            ("observations", self.observations, OBSERVATIONS_STORED),
            ("pulls", self.pulls, PULLS_STORED),
        ):
            plain = [{column: row[column] for column in schema.names} for row in rows]
            writer.append(name, pa.Table.from_pylist(plain, schema))
        counts = {**self.snapshot.head.counts, "observations": len(self.observations)}
        counts |= derive_again(writer, self.snapshot.aliases)
        writer.promote("compact", counts=counts, **changes)
