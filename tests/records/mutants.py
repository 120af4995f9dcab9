"""Answers of every shape, damaged at random, and what must hold for them whatever was done.

`python tests/records/mutants.py 200000` tries that many, as before each release; every test run tries 500.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ytxdata.errors import AnswerError
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers

BYTES = b'{}[]",:\\ \n0a\xff\xe5'
PIECES = (b"]}", b"},{", b'"},{"', b"[{", b'":"', b"null", b'{"meid":"zz"}', b"\\\\", b'\\"', b"<br>")


class Whole(NamedTuple):
    """A sound answer: its bytes, the records in it, and where each stands."""

    shape: str
    body: bytes
    records: list[bytes]
    places: list[tuple[int, int]]


def meeting(rng: random.Random, i: int) -> dict[str, Any]:
    parties = [
        {"name": rng.choice(["张三", 'a "b"', "}{", "李四"]), "phone": f"154000000{j:02}"}
        for j in range(rng.randint(0, 3))
    ]
    one = {"meid": f"m{i}-{rng.randrange(10**9)}", "name": rng.choice(["周例会", 'x "y" \\', "[1]", ""]), "creator": "15400000001",
           "starttime": f"2026-01-05 10:{i % 60:02}:00", "duration": i, "parties": parties}  # fmt: skip
    return one if rng.random() < 0.8 else dict(reversed(one.items()))


def dump(value: object, **how: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **{"separators": (",", ":"), **how})


def escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def whole(rng: random.Random) -> Whole:
    """Make a sound answer; a record that is part of a JSON string stands there escaped."""
    records = [dump(meeting(rng, i)) for i in range(rng.randint(1, 12))]
    status = '"statusCode":"0","statusMsg":"提交成功"'
    shapes: dict[str, tuple[str, str, str, Callable[[str], str]]] = {
        "array": (f'{{{status},"data":[', ",", "]}", str),
        "spaced": (f'{{{status}, "data": [\n  ', ",\n  ", "\n]\n}\n", str),
        "wrapped": (f'{{{status},"data":{{"total":{len(records)},"list":[', ",", "]}}", str),
        "deeper": (
            f'{{{status},"data":{{"result":{{"page":{{"no":1}},"rows":[',
            ",",
            '],"x":[1,2]}},"after":"y"}',
            str,
        ),
        "elsewhere": (f'{{{status},"cdr":[', ",", "]}", str),
        "single": (f'{{{status},"data":', "", "}", str),
        "single beside": (f'{{{status},"total":1,"data":{{"meeting":', "", "}}", str),
        "bare": ("[", ",", "]", str),
        "lines": ("", "\n", "\n", str),
        "answers": (f'{{{status},"data":[', f']}}\n{{{status},"data":[', "]}\n", str),
        "string": (f'{{{status},"data":"[', ",", ']"}', escaped),
        "string twice": (f'{{{status},"data":"\\"[', ",", ']\\""}', lambda text: escaped(escaped(text))),
        "string wrapped": (f'{{{status},"data":"{{\\"list\\":[', ",", ']}","z":null}', escaped),
    }
    shape = rng.choice(sorted(shapes))
    head, comma, tail, dress = shapes[shape]
    if shape.startswith("single"):
        del records[1:]
    body, places = head.encode(), []
    for i, record in enumerate(records):
        body += comma.encode() if i else b""
        text = dress(record).encode()
        places.append((len(body), len(body) + len(text)))
        body += text
    return Whole(shape, body + tail.encode(), [record.encode() for record in records], places)


def damaged(rng: random.Random, one: Whole) -> tuple[bytes, list[bytes]]:
    """Damage an answer in one to three places; return it with the records whose bytes nobody touched."""
    body, places = bytearray(one.body), dict(enumerate(one.places))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(body) + 1)
        n = rng.choice([1, 1, 2, 5, 11, 40, 200])
        kind = rng.choice(["delete", "insert", "piece", "flip", "double", "cut", "marks"])
        marks = [i for i in range(len(body)) if body[i] in b'{}[]"\\'] if kind == "marks" else []
        if marks:  # one bracket, quote or backslash is lost
            at, n, kind = rng.choice(marks), 1, "delete"
        gone, new = {
            "delete": (n, b""),
            "insert": (0, bytes(rng.choices(BYTES, k=min(n, 5)))),
            "piece": (0, rng.choice(PIECES)),
            "flip": (1, bytes([rng.choice(BYTES) if rng.random() < 0.5 else rng.randrange(256)])),
            "double": (0, bytes(body[at : at + n])),
            "cut": (len(body), b"") if rng.random() < 0.3 else (0, b""),
            "marks": (0, b""),
        }[kind]
        gone = min(gone, len(body) - at)
        if not gone and not new:
            continue
        body[at : at + gone] = new
        places = {
            i: (start, end) if end <= at else (start + len(new) - gone, end + len(new) - gone)
            for i, (start, end) in places.items()
            if end <= at or start >= at + gone
        }
        if not body:
            break
    return bytes(body), [one.records[i] for i in sorted(places)]


def check(body: bytes, intact: list[bytes], *, deeply: bool) -> str:
    """Assert what must hold; return what became of it."""
    try:
        answer = read_answer(body, is_whole=False)
    except AnswerError:
        assert not intact or body.strip()[:1] not in (b"{", b"[")
        return "refused"
    text, at = answer.text, 0
    found = [record.raw for record in answer.records]
    for span in answer.spans:
        assert at <= span.start < span.end <= len(text)
        assert not text[at : span.start].strip()
        at = span.end
        if span.kind == "envelope":
            piece = text[span.start : span.end].replace(b"\\", b"")
            # where a beginning was doubled, the record behind it is whole
            told = [
                one[0] for one in re.finditer(rb'"meid":"m\d[^"]*"', piece) if not any(one[0] in raw for raw in found)
            ]
            assert not told, f"a record hides in the envelope: {piece!r}"
    assert not text[at:].strip()
    for raw in intact:
        assert raw in found, f"an intact record is lost: {raw.decode()}"
    if deeply:
        tables = merge_answers([answer])
        shown = set(tables.meetings["meeting_id"].to_pylist())
        for raw in intact:
            assert json.loads(raw)["meid"] in shown
    return "read"


def mutants(seed: int, n: int) -> Iterator[tuple[str, bytes, list[bytes]]]:
    """Yield damaged answers with the records that are still whole in them; the same for the same seed."""
    for i in range(n):
        yield mutant(f"{seed}/{i}")


def mutant(name: str) -> tuple[str, bytes, list[bytes]]:
    """Return one of them by seed and number, with its shape behind the name."""
    rng = random.Random(name)
    one = whole(rng)
    return f"{name} {one.shape}", *damaged(rng, one)


def main(n: int, seed: int = 1) -> int:
    failed: dict[str, int] = {}
    for i, (name, body, intact) in enumerate(mutants(seed, n)):
        try:
            check(body, intact, deeply=i % 20 == 0)
        except Exception as error:
            shape = name.split(" ", 1)[1]
            failed[shape] = failed.get(shape, 0) + 1
            if sum(failed.values()) <= 10:
                say(f"{name}\n  {type(error).__name__}\n  {str(error)[:300]}")
    say(f"{n} mutants, {sum(failed.values())} failed {failed}")
    return len(failed)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
