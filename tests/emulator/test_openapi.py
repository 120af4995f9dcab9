"""The description of the operation is valid, agrees with the code table, and with what the emulator does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from ytxdata.emulator import CHOICES, Emulator
from ytxdata.platform.codes import CODES

Start = Callable[..., tuple[Emulator, Any]]
FILE = Path(__file__).parents[2] / "docs" / "openapi.yaml"
SPEC: dict[str, Any] = dict(read_from_filename(str(FILE))[0])
(PATH,) = SPEC["paths"]
QUERY = SPEC["components"]["schemas"]["Query"]
WHY = {
    "action": {"-2", "-3"},
    "appid": {"-2", "-101", "-205"},
    "confid": {"-1", "-2", "-101"},
    "meetingcount": {"-2", "-101"},
}


def answer_errors(answer: dict[str, Any]) -> list[str]:
    schema = {**SPEC["components"]["schemas"]["Answer"], "components": SPEC["components"]}
    return [error.message for error in OAS31Validator(schema).iter_errors(answer)]


def is_valid(fields: dict[str, Any]) -> bool:
    return not list(OAS31Validator(QUERY).iter_errors(fields))


@pytest.fixture(scope="module")
def talk(client_of: Callable[[Emulator], Any]) -> Iterator[tuple[Emulator, Any]]:
    with Emulator(meetings=12, until="2026-03-03T09:40") as server:
        yield server, client_of(server)


def test_the_description_is_valid() -> None:
    validate(SPEC)


def test_the_description_lists_every_code() -> None:
    assert set(SPEC["components"]["schemas"]["Answer"]["properties"]["statusCode"]["enum"]) == set(CODES)


@pytest.mark.parametrize("until", ["2026-03-03T09:40", "2026-03-04"])
def test_answers_are_as_described(start: Start, until: str) -> None:
    _, client = start(until=until)
    assert answer_errors(client.ask("100").json) == []
    assert answer_errors(client.ask("0").json) == []
    assert answer_errors({"statusCode": 0, "statusMsg": ""}) != []


@pytest.mark.parametrize("shape", CHOICES["shape"])
def test_every_shape_is_described(start: Start, shape: str) -> None:
    _, client = start(shape=shape, meetings=2)
    assert answer_errors(client.ask("1").json) == []


# Python's "$" also matches before a last newline, which the patterns of the description do not mean.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
ODD = st.one_of(st.none(), st.integers(), st.booleans(), TEXT, st.lists(TEXT, max_size=2))
RIGHT = {
    "action": st.just("queryMeeting"),
    "appid": st.just(""),
    "confid": st.from_regex(r"\A[0-9A-Za-z_-]{0,64}\Z"),
    "meetingcount": st.from_regex(r"\A0{0,2}[1-9][0-9]{0,15}\Z"),
}


@pytest.mark.slow
@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_generated_requests_are_judged_as_described(talk: tuple[Emulator, Any], data: st.DataObject) -> None:
    """Requests made from the schema are accepted; with one part made otherwise, refused for a cause of that part."""
    server, client = talk
    fields: dict[str, Any] = {name: data.draw(values, name) for name, values in RIGHT.items()}
    fields["appid"] = server.env["YTX_APP_ID"]
    broken = data.draw(st.sampled_from([None, *RIGHT]), "broken")
    if broken is not None:
        if data.draw(st.booleans(), "missing"):
            del fields[broken]
        else:
            fields[broken] = data.draw(ODD, "odd")
    got = client.ask(body=json.dumps(fields).encode())
    assert answer_errors(got.json) == []
    if is_valid(fields) and fields["appid"] == server.env["YTX_APP_ID"]:
        assert got.code == "0"
    else:
        assert broken is not None
        assert got.code in WHY[broken]
