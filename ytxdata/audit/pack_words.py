"""The words in a pack, held against those of this package: without raw answers nothing else tells whose they are."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.replay import replay
from ytxdata.audit.cadence import WORDS
from ytxdata.audit.checking import CHECKS
from ytxdata.audit.data import NEEDS, NO_RECORDS
from ytxdata.audit.pack import chained_pulls, parts
from ytxdata.audit.revisions import moved_note
from ytxdata.audit.run import not_run_note, run
from ytxdata.audit.verifier import FINDINGS, MANIFEST, TABLES, BrokenError, Unpacked
from ytxdata.history.proof.certificate import Period
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.policy import REASONS as VERDICTS_OF
from ytxdata.history.proof.witness_check import RULES
from ytxdata.labels import Text
from ytxdata.metrics.calendar import Workdays
from ytxdata.metrics.definitions import REASONS
from ytxdata.metrics.report import UNJUDGED
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import read_answer

_OF_THE_HOUSE = ("format", "name", "title", "zone", "columns", "definitions", "encoding", "file")
"""What is said beside a table and is the same in every pack."""

_VALUE = r"-?\d[\d :.,–-]*(?:[天小时分钟秒年、]|d|h|min|s|, )*[\d :.,-]*"
"""A figure, an instant, a span, years: what is left open in a note. No word has room in it."""

SEEN_LATER = "{name}: {n} rows were seen later than they tell / {name}：有 {n} 行实际最近见到的时刻晚于所记"

UNCLAIMED = (
    "{n} answers (the first is pull {pull}) bear no verdict, and nothing was claimed by them: kept beside damage, or "
    "silenced by its maker"
    " / {n} 个回答（首个为拉取 {pull}）没有结论，未据以主张任何内容：或因数据损坏而另存，或被制作者隐去"
)
OTHER_RULES = (
    f"the list {{name}} was heard by rules {{n}}, not {RULES} as here: what rests on it is as its maker tells it, and was not "
    f"derived / 名单 {{name}} 按规则 {{n}} 核对，本版规则为 {RULES}：以它为据的结论依制作者所述，没有重算"
)
OTHER_VERDICTS = (
    "{n} pulls (the first is {pull}) bear another verdict than follows from the answers: judged by names "
    "of fields that went with lost heads, or written by somebody / {n} 次拉取（首个为 {pull}）的结论与由回答得出的不同：或按随控制文件丢失的字段名判断，或由人写入"
)
"""What is open of a pack that is derived anew."""


def strange_words(pack: Unpacked) -> Iterator[str]:
    """Yield what is said in a pack in no words of this package, a line each: whoever made it wrote that."""
    if pack.json(MANIFEST)["include_raw"]:
        return  # what is said beside tables is derived anew, and compared to the letter
    ours = _of_nothing()
    for name in TABLES:
        about, known = pack.description(f"{name}.about.json"), ours[name]
        for key in _OF_THE_HOUSE:
            if about[key] != known[key]:
                yield _line(f"{name}.about.json, {key}", _differs(about[key], known[key]))
        for one in about["excluded"]:
            if (
                REASONS.get(one["reason"]) != Text(one["zh"], one["en"])
                or type(one["count"]) is not int
                or len(one) != 4
            ):
                yield _line(f"{name}.about.json, excluded", one)
        not_run = [_said(why) for why in pack.json(FINDINGS)["not_run"].values()] if name == "findings" else []
        for one in [*map(_said, about["notes"]), *not_run]:
            if not any(form.fullmatch(one) for form in known["forms"]):
                yield _line(f"{name}.about.json, notes", one)
    for key, given in pack.json(FINDINGS)["parameters"].items():
        usual = json.loads(json.dumps(CHECKS[key].parameters, default=str)) if key in CHECKS else {}
        for name, value in given.items():
            if value != usual.get(name) and not isinstance(value, (int, float)):
                yield _line(f"{FINDINGS}, {name} of {key}", value)


def _differs(told: Any, known: Any) -> Any:
    """Return the part that is not ours."""
    if isinstance(told, list):
        return next((one for one in told if one not in known), told)
    return told


def _said(note: dict[str, str]) -> str:
    return f"{note['en']} / {note['zh']}"


def _line(where: str, said: Any) -> str:
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"the words of whoever made the pack, {where}: {text[:300]} / 制作者自己的话，{where}：{text[:300]}"


@cache
def _of_nothing() -> dict[str, dict[str, Any]]:
    """Return what this package says beside each table of a pack of an archive without meetings, and the forms of the
    notes.
    """
    nothing = read_answer(b'{"statusCode":"0","data":[]}', asked_at=datetime(2026, 1, 1, tzinfo=UTC), asked_n=1)
    with tempfile.TemporaryDirectory(prefix="ytxdata-words-", ignore_cleanup_errors=True) as folder:
        archive = Archive(Path(folder) / "archive")
        replay(archive.path, [nothing], DEFAULT, lambda _: DEFAULT_POLICY.settle)
        snapshot, findings = archive.snapshot(), run(archive, remember=False)
        assert snapshot is not None
        files = dict(parts(archive, snapshot, chained_pulls(snapshot), findings, archive.secret or b""))
    known: dict[str, dict[str, Any]] = {name: json.loads(files[f"{name}.about.json"]) for name in TABLES}
    for name, about in known.items():
        texts = [Text(**note) for note in about["notes"]] + list(_MORE.get(name, ()))
        about["forms"] = [re.compile(_form(_said(text._asdict()))) for text in texts]
    return known


def _form(text: str) -> str:
    """Return what a note looks like whatever figures it has: those of a sample, and the places of a template."""
    return _VALUE.join(map(re.escape, re.split(_VALUE + r"|\{\w+\}", text)))


_LACKS = [(check, why) for check in CHECKS.values() for need in check.needs for why in (NEEDS[need][1], NO_RECORDS)]
_MORE = {
    "findings": (
        *WORDS, *Workdays().notes([date(2199, 1, 1)]), *(why for _, why in _LACKS),
        *(not_run_note(check, why) for check, why in _LACKS),
    ),
    "tables/moved": (moved_note(1),), "tables/usage": (UNJUDGED,),
}  # fmt: skip
"""Notes that depend on what an archive holds."""


_CHINESE = re.compile("[\u4e00-\u9fff]")
_NAMED = re.compile("(\\w+) +([\u4e00-\u9fff]+): ", re.ASCII)


def in_either(line: str) -> Text:
    """Return what the verifier told in each language: it has no session, and writes `English / 中文` throughout.

    Examples
    --------
    >>> in_either("ok    files     文件: 2 files, 1 tables / 2 个文件，1 个表格").zh
    'ok    文件: 2 个文件，1 个表格'
    """
    if "\n" in line:  # the closing words
        lines = line.strip("\n").split("\n")
        chinese = [bool(_CHINESE.search(one)) for one in lines]
        zh, en = (
            "\n".join(one for one, is_zh in zip(lines, chinese, strict=True) if is_zh == want) for want in (True, False)
        )
        return Text(f"\n{zh}", f"\n{en}")
    status, name, chinese_name, said = line[:6], "", "", line[6:]
    if named := _NAMED.match(said):
        name, chinese_name, said = f"{named[1]}: ", f"{named[2]}: ", said[named.end() :]
    english, _, chinese_said = said.partition(" / ")
    if " / " in chinese_said:  # a name in the pack has the mark of our two halves in it: it is told whole
        english = chinese_said = said
    return Text(f"{status}{chinese_name}{chinese_said or said}", f"{status}{name}{english}")


_KEYS = {(one.verdict, one.text.zh, one.text.en): key for key, one in VERDICTS_OF.items()}
"""What a pack says of a period → the reason it says it for."""


def period_told(told: dict[str, Any]) -> Period:
    """Return a period of a pack's certificate, whose words must be those of a reason."""
    key = _KEYS.get((told["verdict"], told["zh"], told["en"]))
    if key is None:
        raise BrokenError(
            f"certificate.json: no reason of this version: {told['verdict']} {told['en']} / 不认识的理由：{told['verdict']} {told['en']}"
        )
    start, end = (datetime.fromisoformat(told[edge]) for edge in ("start", "end"))
    return Period(start, end, key, tuple(told["pulls"]))
