"""The client against the served platform: what comes is all there is, as tables, and every record is accounted for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import ytxdata as ytx
from ytxdata.emulator import Emulator
from ytxdata.emulator.dialects import DIALECTS, SHAPES
from ytxdata.errors import CredentialsError, MeetingNotFoundError, MissingStatusError, ServerFaultError, UsageError
from ytxdata.phones import normalize
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS

EMPTY_SHAPES = {"null", "empty", "absent"}


def client_of(server: Emulator, **options: Any) -> ytx.Client:
    return ytx.Client(base_url=server.url, **server.credentials, **options)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def accounted_for(history: ytx.History) -> bool:
    counts = history.counts
    return counts.received == counts.meetings + counts.rejected + counts.duplicates


def test_one_call_gives_the_answer_as_it_came(server: Emulator) -> None:
    answer = client_of(server).query_meeting(meetingcount=5)
    assert answer.status_code == "0"
    assert len(answer.records) == 5
    assert all(record.raw in answer.raw for record in answer.records)


def test_the_newest_meetings_come_with_one_call(server: Emulator) -> None:
    history = client_of(server).fetch_meetings(50)
    assert len(history.meetings) == 50
    assert len(history.answers) == 1
    newest = sorted((one["started_at"] for one in server.truth()["meetings"]), reverse=True)[:50]
    assert len(newest) == len(history.meetings)


def test_a_history_grows_until_the_platform_has_no_more(server: Emulator) -> None:
    history = client_of(server).fetch_history()
    truth = {meeting["meeting_id"] for meeting in server.truth()["meetings"]}
    assert set(history.meetings["meeting_id"]) == truth
    assert accounted_for(history)
    assert history.counts.duplicates > 0
    assert history.certificate.worst == "PROBABLE"


def test_one_meeting_is_found_by_its_id(server: Emulator) -> None:
    wanted = server.truth()["meetings"][7]["meeting_id"]
    history = client_of(server).fetch_meeting(wanted)
    assert history.line.en.endswith("says nothing of others")
    assert history.meetings["meeting_id"].tolist() == [wanted]


def test_a_meeting_the_platform_does_not_know_is_an_error_that_names_it(server: Emulator) -> None:
    with pytest.raises(MeetingNotFoundError, match="00000000000000000000000000000"):
        client_of(server).fetch_meeting("0" * 29)


@pytest.mark.parametrize("confid", ["", "   ", None, 5])
def test_what_is_no_id_never_becomes_a_question_for_everything(server: Emulator, confid: Any) -> None:
    with pytest.raises(UsageError):
        client_of(server).fetch_meeting(confid)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_of_data_gives_the_same_meetings(shape: str) -> None:
    with Emulator(meetings=30, seed=3, shape=shape) as server:
        history = client_of(server).fetch_meetings(30)
        truth = {meeting["meeting_id"] for meeting in server.truth()["meetings"]}
    expected = set() if shape in EMPTY_SHAPES else truth
    found = set(history.meetings["meeting_id"])
    assert found == expected or (shape in {"object", "object_string"} and len(found) == 1 and found < expected)
    assert accounted_for(history)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_spelling_and_encoding_gives_the_truth(dialect: str, encoding: str) -> None:
    with Emulator(meetings=40, seed=5, dialect=dialect, encoding=encoding) as server:
        history = client_of(server).fetch_meetings(40)
        truth = {meeting["meeting_id"]: meeting for meeting in server.truth()["meetings"]}
    assert set(history.meetings["meeting_id"]) == set(truth)
    for row in history.tables.meetings.to_pylist():
        meeting = truth[row["meeting_id"]]
        assert row["name"] == (meeting["name"] or None)
        assert normalize(row["creator"]) == meeting["creator_number"]
        assert row["started_at"] == instant(meeting["started_at"])
        assert row["ended_at"] == instant(meeting["ended_at"])


def test_frames_of_nothing_have_the_columns_and_types_of_full_ones(server: Emulator) -> None:
    full = client_of(server).fetch_meetings(5)
    with Emulator(meetings=0) as nobody:
        empty = client_of(nobody).fetch_history()
    for name, columns in {
        "meetings": MEETINGS,
        "legs": LEGS,
        "rejects": REJECTS,
        "problems": PROBLEMS,
        "pulls": PULLS,
    }.items():
        assert list(getattr(empty, name).columns) == [column.name for column in columns]
        assert getattr(empty, name).dtypes.equals(getattr(full, name).dtypes), name
    assert empty.counts[:4] == (0, 0, 0, 0)


def test_a_wrong_token_is_refused_with_the_remedy(server: Emulator) -> None:
    credentials = server.credentials
    credentials["auth_token"] = "wrong"
    with pytest.raises(CredentialsError, match=r"(?i)token") as caught:
        ytx.Client(base_url=server.url, **credentials).query_meeting()
    assert caught.value.exit_code == 3


def test_an_answer_without_code_and_records_is_never_taken_for_success() -> None:
    with Emulator(meetings=0, faults=["no_code"]) as server, pytest.raises(MissingStatusError):
        client_of(server).query_meeting(meetingcount=5)


@pytest.mark.slow
def test_a_fault_that_passes_is_survived_and_one_that_stays_is_told() -> None:
    from ytxdata.emulator import Fault

    with Emulator(meetings=3, faults=[Fault("server_fault", count=1)]) as server:
        assert client_of(server).query_meeting(meetingcount=3).attempts == 2
    with Emulator(meetings=3, faults=["server_fault"]) as server, pytest.raises(ServerFaultError):
        client_of(server, total_timeout=2).query_meeting()


def test_names_of_an_account_are_taught_by_an_argument() -> None:
    body = b'{"statusCode":"0","data":[{"room_no":"7","meetingname":"x"}]}'
    from ytxdata.records.aliases import DEFAULT
    from ytxdata.records.answer import read_answer

    taught = DEFAULT.with_extra({"meeting_id": ["room_no"]})
    assert len(ytx.History.from_answers([read_answer(body, aliases=taught)], taught).meetings) == 1


def test_progress_is_told_after_every_call(server: Emulator) -> None:
    seen: list[int] = []
    client_of(server, progress=lambda answer: seen.append(len(answer.records))).fetch_history()
    assert seen == [200, 300]


def test_what_a_notebook_shows_holds_no_secret_and_no_markup_of_the_platform(server: Emulator) -> None:
    client = client_of(server)
    history = client.fetch_history()
    for shown in (client, history, history.certificate, history.answers[0]):
        page = shown._repr_html_()
        assert "<table" in page
        assert server.credentials["auth_token"] not in page
        assert server.credentials["account_sid"] not in page
