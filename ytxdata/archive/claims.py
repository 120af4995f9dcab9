"""Judge anew what an archive claims, from its raw answers alone, and say where its newest head says something else.

What a head claims rests on evidence that all syncs before it left behind, so no part of that can be judged by itself.
All raw answers go through the rules once more, sync by sync, into an archive of their own (`replay`).

Whoever edits what is claimed can edit every other word of the newest head, too. So none of these switches a comparison
off: what follows from the answers is compared, what earlier heads said already must be said still, and what neither
shows is told as open.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.archive.heads import Snapshot, newest, read_head, sequences, whole_head
from ytxdata.archive.known_meetings import Unjudged, evidence_of, exempt_of
from ytxdata.archive.rebuild import by_names, named_by, names_of, names_told
from ytxdata.archive.replay import beside, keep, patience, recorded, replay, verdicts_of
from ytxdata.archive.stored_rows import read
from ytxdata.archive.witnesses import entries
from ytxdata.archive.write_sync import ALL_TAKEN_IN, ANEW, CLAIMING, TAKEN_IN
from ytxdata.errors import DamagedError
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.evidence import Evidence, named
from ytxdata.history.proof.policy import DEFAULT_POLICY, Verdict
from ytxdata.history.proof.rules import patient
from ytxdata.labels import Text
from ytxdata.times import EARLIEST, steps_after

CLOCK = timedelta(minutes=10)
"""How far edges of what is claimed may lie elsewhere: heads of an earlier version kept steps of five minutes only."""

_CLAIMS = ("periods", "outside", "evidence", "exempt", "clocks", "unjudged")


@dataclass
class Disagreements:
    """What a head claims beside what its answers give: what is other, what is neither shown nor refuted, and what
    somebody chose, or an earlier version judged, so that no answer proves it.
    """

    others: list[Text] = field(default_factory=list)
    unshown: list[Text] = field(default_factory=list)
    chosen: list[Text] = field(default_factory=list)

    def by_others(self, at: datetime | None, *, is_shown: bool) -> None:
        """Tell that an earlier version judged up to then; where no earlier head shows it, as the newest one's word."""
        text = (_BY_OTHERS if is_shown else _SAID_BY_OTHERS).format(at=at and at.isoformat())
        (self.chosen if is_shown else self.unshown).append(text)


def claims_of(snapshot: Snapshot) -> Disagreements:
    """Return what a head claims and its answers do not give.

    Parsed, judged and written again, each sync costs what it cost then; the copy lies in a temporary folder meanwhile.
    """
    kept = list(_kept_heads(snapshot))
    spans = list(_spans(snapshot, kept))
    evidence, earlier = evidence_of(snapshot.head.state), [one.evidence for one in kept[:-1]]
    settle = patient(DEFAULT_POLICY, evidence).settle
    told, (derived, unclaimed) = _comparable(snapshot), _judged_anew(snapshot, spans)
    others, unshown = _taken_back(snapshot, kept[:-1])
    found = Disagreements(others, unshown, [*_chosen(told, settle)])
    if any(span.is_of_old for span in spans):
        found.chosen.append(_CLOCK_LOST)
    if any(span.is_lost and span.settle == settle for span in spans):  # raised since, it covers those, too
        found.chosen.append(_SETTLE_LOST.format(hours=f"{settle.total_seconds() / 3600:g}"))
    # what a sync found must not be hidden by a head that says it came to no end
    if any(_hidden(told, unclaimed)) or (any(one.has_verdict for one in spans) and any(_too_much(told, unclaimed))):
        found.unshown.append(_UNCLAIMED)
    if evidence.is_of_bytes or evidence.reopened_at:
        # other rules asked other questions and took other syncs for finished: what is claimed modestly is no damage
        found.others += [*_too_much(told, derived), *_hidden(told, derived)]
        at = evidence.reopened_at or evidence.last_asked_at
        found.by_others(at, is_shown=any(one.is_of_bytes and one.last_asked_at == at for one in earlier))
        return found
    if lacking := derived.get("evidence", {}).keys() - told.get("evidence", {}).keys():
        found.unshown.append(_LACKING.format(names=", ".join(sorted(lacking))))
    others = [*_other_claims(told, derived)]
    is_mixed, at = any(one.is_mixed for one in spans), evidence.barred_since
    if others and (is_mixed or at):
        # other rules left other evidence: what is claimed modestly is no damage
        others = [*_too_much(told, derived), *_hidden(told, derived)]
        found.unshown += [_SETTLE_RAISED] if is_mixed else []
        if at is not None:
            found.by_others(at, is_shown=any(one.barred_since == one.last_asked_at == at for one in earlier))
    found.others += others
    return found


def _other_claims(told: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[Text]:
    """Yield what of all that is claimed is other than what the answers give."""
    for name in _CLAIMS:
        where = next(_differences(name, told.get(name), _said(derived.get(name), told.get(name))), None)
        if where is not None:
            other = _OTHER_INSTANT if _apart(where[1], where[2]) is not None else _OTHER_CLAIM
            yield other.format(where=where[0], told=str(where[1])[:80], derived=str(where[2])[:80])


def settles_of(snapshot: Snapshot) -> list[list[Any]]:
    """Return from which pull on meetings might be listed how late, in seconds, as the syncs assumed."""
    pulls = iter(read(snapshot, "pulls", ("pull_id", "settle_s")).to_pylist())
    found = list[tuple[str, int]]()
    for span in _spans(snapshot, list(_kept_heads(snapshot))):
        mine = list(islice(pulls, span.n_pulls))
        settle_of = patience(mine, span.otherwise)
        found += [(pull["pull_id"], int(settle_of(pull["pull_id"]).total_seconds())) for pull in mine]
    return steps_after((), found)


def _judged_anew(snapshot: Snapshot, spans: Sequence[_Span]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what the answers give, where those that nothing is claimed by are kept without a claim; and what they
    would give, were those judged, too, that may be of syncs that came to their end.
    """
    names, n_done = names_of(snapshot), 0
    every = read(snapshot, "pulls", ("pull_id", "settle_s", "verdict")).to_pylist()
    pulls, verdicts = iter(every), verdicts_of(every)
    with beside() as folder:
        root, other = folder / "archive", folder / "other"
        answers = recorded(snapshot, names)
        for span in spans:
            settle_of = patience(islice(pulls, span.n_pulls), span.otherwise)
            if span.is_doubtful and root.exists() and not other.exists():
                shutil.copytree(root, other)
            for aliases, n in by_names(names, n_done, span.n_pulls):
                mine = list(islice(answers, n))
                if span.is_doubtful:
                    replay(other, mine, aliases, settle_of)
                for one in (root, other) if other.exists() and not span.is_doubtful else (root,):
                    replay(one, mine, aliases, settle_of, verdicts) if span.is_claimed else keep(one, mine, aliases)
            n_done += span.n_pulls
        for one in filter(Path.exists, (root, other)):  # fields that were named since the last pull
            keep(one, (), snapshot.aliases)
        return _comparable(newest(root)), _comparable(newest(other))


def _comparable(snapshot: Snapshot | None) -> Mapping[str, Any]:
    """Return what a head claims so that two archives of the same answers say the same: hidden records by their hash, as
    their numbers differ, and clocks in the whole minutes that the rules see, as heads of earlier versions do not.
    """
    if snapshot is None:
        return {}
    state = snapshot.head.state
    clocks = [(name, None if ahead is None else 60.0 * round(ahead / 60)) for name, ahead in state.get("clocks", ())]
    kept = Unjudged.of(state)
    cells = ((digest, kept.since.get(obs)) for obs, digest in kept.hashes(snapshot).items())
    unjudged = sorted([digest.hex(), since.isoformat() if since else ""] for digest, since in cells)
    if "evidence" in state:  # as it counts: an earlier version told sizes of gaps, which have none
        kept_evidence = {name: value for name, value in state["evidence"].items() if name != "barred_since"}
        state = {**state, "evidence": {**kept_evidence, "windows": evidence_of(state).to_dict()["windows"]}}
    return {**state, "clocks": steps_after((), clocks), "unjudged": unjudged}


def _chosen(told: Mapping[str, Any], settle: timedelta) -> Iterator[Text]:
    """Yield what edges of what is claimed rest on, and no answer shows."""
    if settle != DEFAULT_POLICY.settle:
        seconds = [f"{one.total_seconds():.0f}" for one in (settle, DEFAULT_POLICY.settle)]
        yield _SETTLE.format(chosen=seconds[0], default=seconds[1])
    for pull_id, ahead_s in told["clocks"]:
        if ahead_s is not None and abs(ahead_s) > DEFAULT_POLICY.jitter.total_seconds():
            yield _CLOCK_OFF.format(pull=pull_id, ahead=f"{ahead_s:.0f}")


def _taken_back(snapshot: Snapshot, earlier: Sequence[_KeptHead]) -> tuple[list[Text], list[Text]]:
    """Return what earlier heads say of heads of answers, of names of fields and of how a list is read, and the newest
    otherwise: the first two only grow, and the last stays while the list does. No answer says any: a head is all there
    is to hold them against; and where the newest does not speak of names, an earlier version may not have kept them.
    """
    now, told, others, unshown = snapshot.head.state, names_of(snapshot), list[Text](), list[Text]()
    readings = {entry["file"]: (entry["reading"], entry["hearing"]["name"]) for entry in entries(now)}
    for one in earlier:
        before = list(one.state.get("clocks", ()))
        if list(now.get("clocks", ()))[: len(before)] != before:
            others.append(_OTHER_CLOCKS.format(n=one.number))
        names = named_by(one.state)
        known = names_told(names, one.parser) if one.parser else told
        are_others = told[: len(known)] != known or any(n < one.n_pulls for n, _ in told[len(known) :])
        if named_by(now)[: len(names)] != names or (are_others and "names" in now):
            others.append(_OTHER_NAMES.format(n=one.number))
        elif are_others:
            unshown.append(_NAMES_NOT_TOLD.format(n=one.number))
        for entry in entries(one.state):
            reading, name = readings.get(entry["file"], (entry["reading"], ""))
            if reading != entry["reading"]:
                others.append(_OTHER_READING.format(name=name, n=one.number))
    return others, unshown[:1]


def _too_much(told: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[Text]:
    """Yield what is called PROVEN and no answer reached: no rule makes an answer reach further than it did."""
    yield from (_TOO_MUCH.format(**edges) for edges in _only_in(_certificate(told), _certificate(derived), "PROVEN"))


def _hidden(told: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[Text]:
    """Yield the gaps and the vanished meetings that are not told: to be judged otherwise covers no gap."""
    if derived:
        yield from (_NO_GAP.format(**edges) for edges in _only_in(_certificate(derived), _certificate(told), "GAP"))
        ids = [{named(one)[0] for one in exempt_of(state)} for state in (derived, told)]
        yield from (_NO_VANISHED.format(meeting_id=one) for one in sorted(ids[0] - ids[1]))


def _certificate(state: Mapping[str, Any]) -> Certificate:
    """Return what a head claims of all time up to its last period: what lies before the first is a claim as well."""
    at = datetime.fromisoformat
    periods = (Period(at(start), at(end), reason) for start, end, reason, _ in state.get("periods", ()))
    return Certificate.of(periods, state.get("outside", Evidence().outside)).over(EARLIEST, None)


def _only_in(one: Certificate, other: Certificate, verdict: Verdict) -> Iterator[dict[str, str]]:
    """Yield the edges of the periods to which one certificate gives a verdict, and another does not."""
    for said in (period for period in one.periods if period.verdict == verdict):
        first, last = said.start + CLOCK, said.end - CLOCK
        if first < last and any(part.verdict != verdict for part in other.over(first, last).periods):
            yield {"start": said.start.isoformat(), "end": said.end.isoformat()}


_OTHER_CLAIM = Text(
    "{where} 为 {told}，由原始回答按现行规则得出的是 {derived}",
    "{where} is {told}; by the rules of today {derived} follows from the raw answers",
)

_OTHER_INSTANT = Text(
    f"{_OTHER_CLAIM.zh}（若由未记录时钟偏差的旧版本同步，而当时本机时钟与平台的 Date 不一致，也会如此，并非损坏）",
    f"{_OTHER_CLAIM.en} (no damage, if an earlier version, which kept no offsets, synced while this machine's clock and "
    "the platform's Date differed)",
)


_TOO_MUCH = Text(
    "{start} 至 {end} 标为 PROVEN，由原始回答按现行规则得不出（若由早期版本按当时的规则提问和判断，则并非损坏）",
    "{start} to {end} is called PROVEN, which by the rules of today does not follow from the raw answers (no damage, if "
    "an earlier version asked and judged by rules of its own)",
)
_NO_GAP = Text(
    "{start} 至 {end} 未标为间隙，由原始回答按现行规则得出的是间隙（若由早期版本按当时的规则提问和判断，则并非损坏）",
    "{start} to {end} is not called a gap, and by the rules of today it is one in the raw answers (no damage, if an "
    "earlier version asked and judged by rules of its own)",
)
_NO_VANISHED = Text(
    "会议 {meeting_id} 在其必在的回答中消失，此处却未载明（若由早期版本按当时的规则提问和判断，则并非损坏）",
    "the meeting {meeting_id} vanished from an answer in whose window it must be, which is not told (no damage, if an "
    "earlier version asked and judged by rules of its own)",
)
_UNCLAIMED = Text(
    "控制文件称有些拉取不属于完成的同步，或失去过控制文件，因此不据以下结论；若按完成的同步判断，则另有间隙或消失的会议未载明，或能证明的更少。"
    "若是最后几次拉取，请再次同步后核对",
    "a head says that pulls are of no sync that came to its end, or had lost their head, so that nothing is claimed by "
    "them; judged as such they show a gap, or a vanished meeting, that is not told, or prove less. If these are the last "
    "pulls, sync, then verify again",
)
_BY_OTHERS = Text(
    "截至 {at} 由早期版本按当时的规则判断：与原始回答核对过的只有 PROVEN 的时段、间隙和消失的会议，其余证据没有核对",
    "up to {at} an earlier version judged, by rules of its own: what is PROVEN, gaps and vanished meetings were held "
    "against the raw answers, and the rest of its evidence was not",
)
_SAID_BY_OTHERS = Text(
    f"{_BY_OTHERS.zh}。这一点只有控制文件自己说，此前的控制文件都没有显示",
    f"{_BY_OTHERS.en}. That it did is a word of the newest head alone, and no earlier one shows it",
)
_LACKING = Text(
    "所存证据中没有 {names}，因此没有核对：或由早期版本留下，或被人删去。请运行 ytxdata sync，然后再次核对",
    "its evidence lacks {names}, which were not compared: an earlier version left it, or somebody took them out. Run "
    "ytxdata sync, then verify again",
)
_SETTLE = Text(
    "沉降时间由人指定：{chosen} 秒（默认 {default} 秒）",
    "somebody chose that a record counts as settled after {chosen} s, by default {default} s",
)
_SETTLE_LOST = Text(
    "控制文件曾经丢失，由 rebuild 收回了它们带来的内容：平台最迟多少小时后列出会议也随之丢失，此后按 {hours} 小时判断。"
    "如果平台列出得更晚，请用 sync --settle-hours 同步",
    "heads were lost once, and rebuild took in what they had brought: how late the platform may list a meeting went with "
    "them, and {hours} h stand in its place. Where it lists them later, sync with --settle-hours",
)
_CLOCK_LOST = Text(
    "控制文件曾经丢失，由 rebuild 收回了它们带来的内容：早期版本的拉取没有记下平台的 Date，如同没有 Date 判断；如果当时本机时钟不准，PROVEN 可能伸得太远",
    "heads were lost once, and rebuild took in what they had brought: the pulls are of an earlier version and do not say "
    "what the platform's Date did, so that they were judged as if none was sent. Where this machine's clock was off then, "
    "PROVEN may reach too far",
)
_SETTLE_RAISED = Text(
    "沉降时间曾被调高，而调高前后的控制文件已不在，不知是在哪一次同步：核对过的只有 PROVEN 的时段、间隙和消失的会议，其余证据没有核对",
    "the time after which a record counts as settled was raised, and the heads from before and after went, so that nobody "
    "can tell at which sync: what is PROVEN, gaps and vanished meetings were held against the raw answers, and the rest "
    "of its evidence was not",
)
_CLOCK_OFF = Text(
    "自拉取 {pull} 起，本机时钟比平台快 {ahead} 秒：时段的边界以此为据，而没有回答为它作证",
    "from pull {pull} on this machine's clock was {ahead} s ahead of the platform's: edges of what is claimed rest on "
    "that, and no answer vouches for it",
)
_OTHER_CLOCKS = Text(
    "此前的控制文件 {n} 所记的时钟偏差与现在的不同，而已记下的不会再变",
    "head {n}, an earlier one, tells of other offsets of the clock, and what was told once does not change",
)
_OTHER_NAMES = Text(
    "此前的控制文件 {n} 所记的字段名与现在的不同，而已记下的不会再变",
    "head {n}, an earlier one, tells of other names of fields, and what was told once does not change",
)
_NAMES_NOT_TOLD = Text(
    "此前的控制文件 {n} 所用的字段名与现在的不同，而最新的控制文件没有说明从何时起：或由早期版本写入，或被人删去",
    "head {n}, an earlier one, went by other names of fields, and the newest does not say since when: an earlier version "
    "left it, or somebody took it out",
)
_OTHER_READING = Text(
    "清单 {name} 的读法（类别、时段、列或合计）与此前的控制文件 {n} 所记的不同",
    "the list {name} is read in another way (kind, period, columns, totals) than head {n}, an earlier one, says",
)


def _said(derived: Any, told: Any) -> Any:
    """Return of what is derived that of which an earlier version, too, left evidence: the next sync keeps the rest."""
    is_part = isinstance(told, dict) and isinstance(derived, dict) and "windows" in told
    return {name: value for name, value in derived.items() if name in told} if is_part else derived


class _KeptHead(NamedTuple):
    """What a head says that is still there; of an old one the certificate alone, and no evidence."""

    number: int
    kind: str
    n_pulls: int
    state: Mapping[str, Any]
    parser: Mapping[str, Any]

    @property
    def evidence(self) -> Evidence:
        """What the syncs up to it had left behind."""
        return evidence_of(self.state)

    def settle(self, chosen: Collection[timedelta]) -> timedelta:
        """Return how late a meeting might be listed: as its evidence says; where that went, one that somebody chose.

        The certificate stays, and its last period is what may still settle: that time, and how far the clocks differed.
        """
        if "evidence" in self.state:
            return patient(DEFAULT_POLICY, self.evidence).settle
        last = [
            map(datetime.fromisoformat, one[:2]) for one in self.state.get("periods", ())[-1:] if one[2] == "settling"
        ]
        length = max((end - start for start, end in last), default=DEFAULT_POLICY.settle)
        return max((one for one in chosen if one <= length), default=DEFAULT_POLICY.settle)


def _kept_heads(snapshot: Snapshot) -> Iterator[_KeptHead]:
    root = snapshot.root
    for number in sequences(root):
        with suppress(DamagedError):
            raw = read_head(root, number)
            told = None if raw.line_below is None else whole_head(root, number, raw)[0]
            of_it = (told.state, told.parser) if told else (raw.body["state"], {})
            if number <= snapshot.head.sequence:
                yield _KeptHead(number, raw.body["kind"], raw.body["counts"].get("pulls", 0), *of_it)


class _Span(NamedTuple):
    """Pulls from one kept head to the next.

    Parameters
    ----------
    is_claimed
        False for those that nothing is claimed by, as the head says.
    has_verdict
        Nothing is claimed by them, and yet one bears a verdict, which a sync that came to no end does not write.
    settle
        How late a meeting may be listed, as their syncs assumed where the pulls do not say it: with the patience of a
        later one they would have claimed less, and left other edges.
    is_mixed
        The heads of some of these syncs went, and that time was raised between them: by which nothing shows.
    is_lost
        No pull and no head that is left says it: it may have been raised.
    is_of_old
        Their heads went, and the pulls are of an earlier version, which do not say what the platform's `Date` did.
    is_last
        Nothing that is claimed came after them.
    """

    n_pulls: int
    is_claimed: bool
    settle: timedelta
    is_mixed: bool = False
    is_lost: bool = False
    is_of_old: bool = False
    has_verdict: bool = False
    is_last: bool = False

    def otherwise(self, _pull_id: str) -> timedelta:
        """Return how late a meeting might be listed, by a pull that does not say it."""
        return self.settle

    @property
    def is_doubtful(self) -> bool:
        """Whether nothing but a head says that nothing is to be claimed by them."""
        return self.has_verdict or (self.is_last and not self.is_claimed)


def _spans(snapshot: Snapshot, kept: Sequence[_KeptHead]) -> Iterator[_Span]:
    """Yield the pulls between heads that are kept, as far as these tell; where heads went, of many syncs together.

    A verdict stands in the chain of pulls, and so in every head that was published: what a head says of its kind
    stands nowhere else.
    """
    # what was taken in anew knows no head before it
    anew = max((place for place, one in enumerate(kept) if one.kind in (ANEW, ALL_TAKEN_IN)), default=0)
    pulls = read(snapshot, "pulls", ("verdict", "settle_s"))
    verdicts, settles = (pulls[name].is_valid().to_pylist() for name in ("verdict", "settle_s"))
    found, done = list[_Span](), 0
    chosen = {timedelta(seconds=one.evidence.settle_s) for one in kept}
    for before, one in pairwise([_KeptHead(0, "", 0, {}, {}), *kept[anew:]]):
        if one.n_pulls > done:
            went = one.kind not in (ANEW, ALL_TAKEN_IN) and one.number > before.number + 1
            is_claimed = one.kind in CLAIMING or went
            has_verdict = not is_claimed and any(verdicts[done : one.n_pulls])
            settle = one.settle(chosen)
            is_told, is_raised = all(settles[done : one.n_pulls]), settle != before.settle(chosen)
            is_of_old = one.kind in (TAKEN_IN, ALL_TAKEN_IN) and not is_told
            is_lost = is_of_old and not is_raised
            is_mixed = went and is_raised and not is_told
            found.append(_Span(one.n_pulls - done, is_claimed, settle, is_mixed, is_lost, is_of_old, has_verdict))
            done = one.n_pulls
    n_claimed = max((place for place, span in enumerate(found, start=1) if span.is_claimed), default=0)
    yield from (span._replace(is_last=place >= n_claimed) for place, span in enumerate(found))


def _differences(where: str, told: Any, derived: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the places where two JSON values differ, instants by more than the clocks may have been apart."""
    if isinstance(told, dict) and isinstance(derived, dict) and told.keys() == derived.keys():
        for key in told:
            yield from _differences(f"{where}.{key}", told[key], derived[key])
    elif isinstance(told, list | tuple) and isinstance(derived, list | tuple) and len(told) == len(derived):
        for place, pair in enumerate(zip(told, derived, strict=True)):
            yield from _differences(f"{where}[{place}]", *pair)
    elif isinstance(told, dict) and isinstance(derived, dict):
        name = min(told.keys() ^ derived.keys())
        yield f"{where}.{name}", told.get(name), derived.get(name)
    elif told != derived and ((apart := _apart(told, derived)) is None or apart > CLOCK):
        yield where, told, derived


def _apart(told: Any, derived: Any) -> timedelta | None:
    with suppress(ValueError, TypeError):
        return abs(datetime.fromisoformat(told) - datetime.fromisoformat(derived))
    return None
