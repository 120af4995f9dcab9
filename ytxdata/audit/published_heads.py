"""An archive held against heads that were published: what they show of it, and what came after the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.heads import Snapshot, at_head, canonical, read_head, sequences
from ytxdata.archive.stored_files import WITNESSES
from ytxdata.archive.witnesses import entries
from ytxdata.audit.anchors import control_files, given_heads, head_key, heads_of
from ytxdata.errors import DamagedError
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.labels import Text


@dataclass(frozen=True)
class Agreement:
    """What comes of an archive beside heads that were published: how many agree, and what they do not show."""

    line: Text
    left_open: tuple[Text, ...] = ()


def verify_heads(archive: Archive, path: str | Path) -> Agreement:
    """Check that the history of an archive is the one whose heads were published.

    Returns
    -------
    Agreement
        The pulls are those that were published. Control files that are others are left open: an honest `rebuild` makes
        them anew where they were lost, and whoever rewrites them does as well.

    Raises
    ------
    DamagedError
        It was rewritten or cut; the message says from where on.
    UsageError
        The file holds no heads.
    NotAnArchiveError
        There is no archive.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> archive, heads = ytx.sample("archive"), Path(tempfile.mkdtemp()) / "heads.jsonl"
    >>> _ = ytx.audit.publish_head(archive, str(heads))
    >>> ytx.audit.verify_heads(archive, heads).line.en[:23]
    '1 published heads agree'
    """
    given, known, agreed = given_heads(path), heads_of(archive), 0
    for head in sorted(given, key=lambda one: one["pulls"]):
        n = head["pulls"]
        own = known[n - 1] if 0 < n <= len(known) else None
        if own is None or (own["chain"], own["masked_chain"]) != (head.get("chain"), head.get("masked_chain")):
            raise DamagedError(
                Text(
                    f"历史被改写：第 {agreed} 次之后、第 {n} 次及之前的拉取，与 {head.get('asked_at')} 公布的不符（存档现有 {len(known)} 次）",
                    f"history was rewritten after pull {agreed} and up to pull {n}: it is not the one published at {head.get('asked_at')} (the archive has {len(known)})",
                ),
                remedy=Text("与备份比较，查明是谁改写", "compare it with a backup, and find out who rewrote it"),
            )
        agreed = n
    line = Text(
        f"{len(given)} 个公布的链首一致，至第 {agreed} 次拉取（共 {len(known)} 次）",
        f"{len(given)} published heads agree, up to pull {agreed} of {len(known)}",
    )
    covered, left_open = _of_control_files(archive, given)
    since, others = _since(archive, covered) if covered else (Text("", ""), [])
    left_open += [*others, *_back_dated(given, known)]
    return Agreement(Text(f"{line.zh}{since.zh}", f"{line.en}{since.en}"), tuple(left_open))


def _of_control_files(archive: Archive, given: Sequence[Mapping[str, Any]]) -> tuple[int, list[Text]]:
    """Return up to which control file the published heads agree, 0 where none does; and what they do not show of those:
    kinds, clocks, evidence, how lists are read.
    """
    told, secret, found = [one for one in given if "heads" in one], archive.secret, list[Text]()
    assert secret is not None  # the heads of its pulls were made with it
    own = dict(control_files(archive.path, head_key(secret))) if told else {}
    others = [one for one in told if own.get(str(one.get("head"))) != one["heads"]]
    if others:
        found.append(_OTHER_FILES.format(n=len(others), of=len(told), at=others[-1]["asked_at"]))
    last = max((one["pulls"] for one in told), default=0)
    if bare := sum(one["pulls"] > last for one in given):
        found.append(_PULLS_ALONE.format(n=bare))
    return max((int(one["head"]) for one in told if one not in others), default=0), found


def _since(archive: Archive, covered: int) -> tuple[Text, list[Text]]:
    """Return what came after the last control file that was published, and which lists are not those of then: what a
    total adds up to can be given another way by whoever hands the list in once more, and no pull says so.
    """
    root, snapshot = archive.path.absolute(), archive.snapshot()
    newer = [number for number in sequences(root) if number > covered]
    if snapshot is None or not newer:
        return Text("", ""), []
    since = _SINCE.format(n=len(newer), last=covered, at=read_head(root, newer[0]).body["written_at"])
    now = _lists_of(snapshot)
    before: dict[str, Mapping[str, Any]] | None = None
    with suppress(DamagedError):  # its list of files went: with it, what it said of lists
        before = _lists_of(at_head(root, covered))
    if before is None:
        return since, [_LISTS_SINCE.format(last=covered)] if now or _may_tell_of_lists(root, covered) else []
    return since, [
        _LIST_OTHERWISE.format(name=name, last=covered, then=_said(one), now=_said(now.get(name)))
        for name, one in before.items()
        if _handed_in(one) != _handed_in(now.get(name))
    ]


def _lists_of(snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    """Return what a head says of each list, with the hash of its bytes: others were put at the same place."""
    hashes = {file.path: file.sha256 for file in snapshot.listed.get(WITNESSES, ())}
    return {one["hearing"]["name"]: {**one, "sha256": hashes.get(one["file"])} for one in entries(snapshot.head.state)}


def _handed_in(entry: Mapping[str, Any] | None) -> object:
    """Return what of a list somebody said: its bytes and how they are read. What it comes to follows from meetings."""
    return entry and (entry["file"], entry["sha256"], canonical(entry["reading"]))


def _may_tell_of_lists(root: Path, covered: int) -> bool:
    """Whether lists may have stood at a head whose second line went: by the kinds of those up to it; all are there for
    90 days, unless somebody let them go.
    """
    there = [number for number in sequences(root) if number <= covered]
    return len(there) < covered or any(read_head(root, number).body["kind"] == "witness" for number in there)


def _back_dated(given: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """Yield that pulls came after a published one and say that they were asked before it: what was known at an instant
    that was published is then another than it was.
    """
    last: datetime | None = None
    published = {one["pulls"] for one in given}
    found: list[Mapping[str, Any]] = []
    for one in known:
        asked_at = datetime.fromisoformat(one["asked_at"])
        if last is not None and asked_at < last - DEFAULT_POLICY.jitter:
            found.append(one)
        if one["pulls"] in published:
            last = max(last or asked_at, asked_at)
    if found:
        yield _ASKED_BEFORE.format(n=len(found), pulls=found[0]["pulls"], at=found[0]["asked_at"])


def _said(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "–"
    totals = ", ".join(f"{key} {value}" for key, value in entry["reading"]["totals"].items() if value is not None)
    return f"{entry['hearing']['finding']} ({totals or '–'})"


_SINCE = Text(
    "；此后另有 {n} 个控制文件（自 {at} 起），不在公布的链首（至控制文件 {last}）之内",
    "; {n} control files came after the last published one ({last}), the first at {at}: no published head covers them",
)
_LIST_OTHERWISE = Text(
    "清单 {name} 在最后公布的控制文件 {last} 之后被重新提交或收回：公布时为 {then}，现为 {now}（括号内为另给的合计）。"
    "据此所称的完整没有公布作证；再公布一次只能证明从那时起如此",
    "the list {name} was handed in again, or taken back, after the last published control file ({last}): it was {then} "
    "and is {now} now (totals that were typed beside it in brackets). What is claimed by that rests on nothing published",
)
_LISTS_SINCE = Text(
    "最后公布的控制文件 {last} 对清单的记载已不可查：此后是否有清单被收回、被替换或换了读法，没有得到证实。请再公布一次",
    "what the last published control file ({last}) said of lists is kept no more: whether one was taken back since, took "
    "the place of another or is read in another way is not shown. Publish once more",
)
_ASKED_BEFORE = Text(
    "在公布之后才保存的 {n} 次拉取（首个为第 {pulls} 次）自称提问于此前（{at}）：本机时钟曾被调回，或有人倒填日期。"
    "那段时间“当时已知”的内容（as_of）没有公布作证",
    "{n} pulls that were kept after a published head (the first is pull {pulls}) say that they were asked before it "
    "({at}): this machine's clock was set back, or somebody dated them back. What was known then (as_of) rests on nothing "
    "published",
)
_OTHER_FILES = Text(
    "公布的 {of} 个链首中有 {n} 个（最后一个在 {at}）所含的控制文件不是这里的：控制文件丢失后由 rebuild 重新生成，或被人改写。"
    "拉取本身一致；此前的控制文件对时钟、未完成的同步和清单读法的记载没有得到证实",
    "{n} of {of} published heads (the last at {at}) are of other control files than those here: lost, and made anew by "
    "rebuild, or rewritten. The pulls are the same; what control files said until then of clocks, of syncs that came to "
    "no end and of how lists are read is not shown",
)
_PULLS_ALONE = Text(
    "{n} 个公布的链首只含拉取：由早期版本公布，不含控制文件对时钟、未完成的同步和清单读法的记载。请再公布一次",
    "{n} published heads are of the pulls alone, as earlier versions published them: what control files say of clocks, of "
    "syncs that came to no end and of how lists are read is not in them. Publish once more",
)
