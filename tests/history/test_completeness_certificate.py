"""What is said about completeness, and how windows become periods."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ytxdata import times
from ytxdata.fleet import FleetCertificate
from ytxdata.history.proof.certificate import Certificate, Period, certify
from ytxdata.history.proof.evidence import Bulk, Evidence, NothingKnown, PullFacts, Seen, Window
from ytxdata.history.proof.policy import DEFAULT_POLICY, NOTES, REASONS, VERDICTS
from ytxdata.history.proof.rules import rewound, with_upper
from ytxdata.history.proof.unprovable import MOST_SPANS, merged
from ytxdata.history.proof.verdict import compact, confirmed, rebased
from ytxdata.history.proof.window import look
from ytxdata.times import beijing_text

DAY = timedelta(days=1)
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def day(n: float) -> datetime:
    return T0 + n * DAY


def window(reason: str, start: float, end: float, **more: object) -> Window:
    plain = Window(reason, (f"p{end}",), day(end + 1), day(start), day(end))
    return replace(plain, **more)  # type: ignore[arg-type]


def painted(*windows: Window) -> list[tuple[str, float, float]]:
    periods = certify(Evidence(windows=windows), DEFAULT_POLICY).periods
    return [(one.reason_key, (one.start - T0) / DAY, (one.end - T0) / DAY) for one in periods]


def test_the_verdict_of_a_period_is_that_of_its_reason() -> None:
    assert Period(day(0), day(1), "anchored").verdict == "PROVEN"
    assert {reason.verdict for reason in REASONS.values()} == set(VERDICTS)


def test_every_reason_and_note_speaks_both_languages() -> None:
    for text in [reason.text for reason in REASONS.values()] + list(NOTES.values()):
        assert text.zh
        assert text.en
        assert text.zh != text.en


def test_the_worst_verdict_counts_and_no_claim_at_all_is_a_gap() -> None:
    proven, gap = Period(day(0), day(1), "anchored"), Period(day(1), day(2), "unreached")
    assert Certificate.of([proven]).worst == "PROVEN"
    assert Certificate.of([proven, gap]).worst == "GAP"
    assert Certificate().worst == "GAP"


def test_equal_neighbours_are_one_period_and_a_hole_between_two_is_a_gap() -> None:
    certificate = Certificate.of(
        [
            Period(day(0), day(1), "anchored", ("a",)),
            Period(day(1), day(2), "anchored", ("b",)),
            Period(day(3), day(4), "anchored", ("c",)),
        ]
    )
    assert [(one.verdict, one.pull_ids) for one in certificate.periods] == [
        ("PROVEN", ("a", "b")),
        ("GAP", ()),
        ("PROVEN", ("c",)),
    ]


def test_where_a_meeting_may_be_missing_nothing_is_proven_and_a_gap_stays_a_gap() -> None:
    proven = window("anchored", 0, 9, proven_from=day(2), anchored_by=day(1), anchored_from=day(0))
    moved = ((day(1), day(3)), (day(5), day(6)), (day(8.5), day(30)))
    evidence = Evidence(windows=(window("unreached", -3, 0), proven), moved=((day(-2), day(-1)), *moved))
    periods = certify(evidence, DEFAULT_POLICY).periods
    assert [(one.reason_key, (one.start - T0) / DAY, (one.end - T0) / DAY) for one in periods] == [
        ("unreached", -3, 0),
        ("unanchored", 0, 2),
        ("moved", 2, 3),
        ("anchored", 3, 5),
        ("moved", 5, 6),
        ("anchored", 6, 8.5),
        ("moved", 8.5, 9),
        ("settling", 9, 10),
    ]
    assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence


def test_the_first_whole_answer_after_an_empty_one_covers_its_time_and_no_sliver_of_a_gap_is_left() -> None:
    def at(hour: float, window: Window, **more: object) -> Window:
        return replace(window, asked_at=day(hour / 24), upper=day(hour / 24 - 1), **more)  # type: ignore[arg-type]

    def told(*windows: Window) -> list[tuple[str, float, float]]:
        return [(key, round(24 * start, 3), round(24 * end, 3)) for key, start, end in painted(*windows)]

    proof = window("anchored", 0, 9, proven_from=day(0), anchored_by=day(0), anchored_from=day(0))
    nothing = replace(
        window("empty", 3, 4), asked_at=day(4) + timedelta(seconds=0.4), upper=day(4) + timedelta(seconds=0.4)
    )
    before, after = at(96 - 24, proof), at(96 + 1, proof)
    assert told(before, nothing) == [("anchored", 0, 48), ("settling", 48, 72), ("empty", 72, 96)]
    assert told(after, nothing) == [("anchored", 0, 73), ("settling", 73, 97)]
    assert told(at(97, proof, reason="fell_off", proven_from=None), nothing)[1:] == [
        ("empty", 72, 96),
        ("settling", 96, 97),
    ]
    assert told(after, replace(nothing, asked_at=day(98 / 24), upper=day(98 / 24)))[1:] == [("empty", 73, 98)]
    a_day_later = replace(proof, asked_at=day(5) + timedelta(seconds=0.2), upper=day(4))
    assert told(a_day_later, nothing)[:1] == [("anchored", 0, 96)]
    assert "empty" not in {key for key, _, _ in told(a_day_later, nothing)}


def test_of_too_many_spans_the_oldest_are_one() -> None:
    spans = [(day(2 * n), day(2 * n + 1)) for n in range(MOST_SPANS + 5)]
    assert merged(spans)[:2] == ((day(0), day(11)), (day(12), day(13)))
    assert len(merged(reversed(spans))) == MOST_SPANS


def test_a_part_of_a_certificate_says_what_holds_for_that_part_and_what_lies_outside_every_claim() -> None:
    certificate = Certificate.of([Period(day(1), day(5), "anchored"), Period(day(5), day(6), "settling")])
    assert certificate.over(day(2), day(4)).worst == "PROVEN"
    parts = certificate.over(day(0), day(9)).periods
    assert [one.reason_key for one in parts] == ["before_first", "anchored", "settling", "not_asked"]
    assert certificate.over(day(7), day(9)).worst == certificate.over(day(7), day(9)).badge == "GAP"
    assert Certificate.of(certificate.periods, "not_read").over(day(-3), day(0)).worst == "GAP"
    assert certificate.over(day(-3), day(0)).worst == "PROBABLE"
    assert Certificate().over(day(0), day(1)).worst == "GAP"


def test_time_to_come_is_no_gap_and_time_that_went_by_unread_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate.of([Period(day(1), day(5), "anchored"), Period(day(5), day(6), "settling")])
    monkeypatch.setattr(times, "now", lambda: day(6) + timedelta(hours=1))
    running = certificate.so_far(day(1), day(30))
    assert (running.worst, running.end, running.goes_on_to) == ("PROBABLE", day(6), day(30))
    assert running.sentence.en.endswith(f" The period asked for is not yet over: it ends at {beijing_text(day(30))}.")
    assert "尚未结束" in running.sentence.zh
    plain = running.about(day(1), day(30))
    assert [(one.start, one.end, one.reason_key) for one in plain.periods] == [(day(1), day(6), "settling")]
    assert (plain.goes_on_to, certificate.about(day(1), day(9)).periods[0].end) == (day(30), day(9))
    assert certificate.so_far(day(1), day(5)) == certificate.over(day(1), day(5))
    assert "not yet over" not in certificate.so_far(day(1), day(5)).sentence.en
    assert Certificate().so_far(day(1), day(30)).worst == "GAP"
    monkeypatch.setattr(times, "now", lambda: day(8))
    stale = certificate.so_far(day(1), day(30))
    assert (stale.worst, stale.end, stale.goes_on_to) == ("GAP", day(8), day(30))
    assert [one.reason_key for one in stale.periods] == ["anchored", "settling", "not_asked"]


@pytest.mark.parametrize(
    ("start", "end", "reason", "until", "goes_on_to"),
    [
        (7, 30, "not_begun", 30, None),
        (400, 430, "not_begun", 430, None),
        (6.1, 30, "not_yet_read", 6.5, 30),
        (6, 30, "not_yet_read", 6.5, 30),
        (6.1, None, "not_yet_read", 6.5, None),
    ],
)
def test_of_what_could_not_be_read_yet_nothing_is_said_and_it_is_no_gap(
    monkeypatch: pytest.MonkeyPatch,
    start: float,
    end: float | None,
    reason: str,
    until: float,
    goes_on_to: float | None,
) -> None:
    certificate = Certificate.of([Period(day(1), day(5), "anchored"), Period(day(5), day(6), "settling")])
    monkeypatch.setattr(times, "now", lambda: day(6.5))
    asked = certificate.so_far(day(start), None if end is None else day(end))
    assert [(one.verdict, one.reason_key, one.end) for one in asked.periods] == [("PROBABLE", reason, day(until))]
    assert asked.goes_on_to == (None if goes_on_to is None else day(goes_on_to))
    assert asked.badge == "UNREAD"
    assert "nothing can be said yet" in asked.sentence.en
    assert "complete" not in asked.sentence.en
    assert "尚无从判断" in asked.sentence.zh
    assert Certificate().so_far(day(start), None if end is None else day(end)).worst == "GAP"


def test_of_what_no_answer_reaches_back_to_nothing_is_known_and_the_verdict_stays() -> None:
    certificate = Certificate.of([Period(day(3), day(5), "anchored"), Period(day(5), day(6), "settling")])
    asked = certificate.over(day(1), day(2))
    assert [(one.verdict, one.reason_key) for one in asked.periods] == [("PROBABLE", "before_first")]
    assert (asked.worst, asked.badge) == ("PROBABLE", "UNKNOWN")
    assert "nothing is known" in asked.sentence.en
    assert "complete" not in asked.sentence.en
    assert "无从得知" in asked.sentence.zh
    assert "完整" not in asked.sentence.zh
    partly = certificate.over(day(2), day(5))
    assert (partly.worst, partly.badge) == ("PROBABLE", "PROBABLE")
    assert [one.badge for one in partly.periods] == ["UNKNOWN", "PROVEN"]
    fleet = FleetCertificate({"north": asked, "south": certificate.over(day(1), day(1.5))})
    assert (fleet.worst, fleet.badge) == ("PROBABLE", "UNKNOWN")
    assert FleetCertificate({"north": asked, "south": partly}).badge == "PROBABLE"


def test_what_has_begun_is_a_gap_once_more_than_a_day_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate.of([Period(day(1), day(5), "anchored"), Period(day(5), day(6), "settling")])
    monkeypatch.setattr(times, "now", lambda: day(7.1))
    assert [one.reason_key for one in certificate.so_far(day(6.5), day(30)).periods] == ["not_asked"]
    assert [one.reason_key for one in certificate.so_far(day(8), day(30)).periods] == ["not_begun"]
    assert [one.reason_key for one in certificate.so_far(day(6), day(7)).periods] == ["not_asked"]


def test_what_was_read_stays_proven_whatever_the_clock_says_now(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate.of([Period(day(1), day(5), "anchored"), Period(day(5), day(6), "settling")])
    monkeypatch.setattr(times, "now", lambda: day(0))
    assert certificate.so_far(day(2), day(3)).worst == "PROVEN"
    assert [one.reason_key for one in certificate.so_far(day(4), day(30)).periods] == ["anchored", "settling"]
    assert [one.reason_key for one in certificate.so_far(day(7), day(8)).periods] == ["not_begun"]


def test_the_frame_is_typed_and_empty_equals_full() -> None:
    full = Certificate.of([Period(day(0), day(1), "anchored", ("a", "b"))]).frame
    assert list(full.columns) == [
        "start", "end", "verdict", "reason", "reason_zh", "reason_en", "pulls",
        "possible_zh", "possible_en", "excluded_by_zh", "excluded_by_en", "expected_at",
    ]  # fmt: skip
    assert str(full["expected_at"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert str(full["start"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert full.loc[0, "pulls"] == "a b"
    assert (Certificate().frame.dtypes == full.dtypes).all()


@pytest.mark.parametrize("reason", list(REASONS))
def test_the_sentence_names_the_period_and_the_reason_in_both_languages(reason: str) -> None:
    certificate = Certificate.of([Period(day(0), day(1), reason)])
    assert "2026-01-01 08:00:00" in certificate.sentence.zh
    assert REASONS[reason].text.zh in certificate.sentence.zh
    assert REASONS[reason].text.en in certificate.sentence.en


def test_a_notebook_shows_badge_periods_and_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_LANG", "both")
    html = Certificate.of([Period(day(0), day(1), "anchored"), Period(day(1), day(2), "settling")])._repr_html_()
    assert "ytx-PROBABLE" in html
    assert REASONS["settling"].text.en in html.replace("&#x27;", "'")


def test_a_window_is_proven_from_where_it_says_and_its_young_part_may_settle() -> None:
    assert painted(window("anchored", 0, 9, proven_from=day(4))) == [
        ("unanchored", 0, 4),
        ("anchored", 4, 9),
        ("settling", 9, 10),
    ]


def test_what_was_proven_stays_so_when_a_later_answer_is_suspicious() -> None:
    assert painted(window("anchored", 0, 5, proven_from=day(0)), window("cap_round", 2, 9)) == [
        ("anchored", 0, 5),
        ("cap_round", 5, 9),
        ("settling", 9, 10),
    ]


def test_a_gap_is_not_healed_by_a_suspicious_answer_but_by_a_good_one() -> None:
    gap = window("unreached", 3, 5)
    assert ("unreached", 3, 5) in painted(gap, window("cap_round", 0, 9))
    assert painted(gap, window("full", 0, 9)) == [("full", 0, 9), ("settling", 9, 10)]
    assert painted(gap, window("anchored", 0, 9, proven_from=day(0)))[0] == ("anchored", 0, 9)


def test_a_gap_between_two_windows_is_not_forgotten_by_later_ones() -> None:
    windows = [window("anchored", 0, 5, proven_from=day(0)), window("unreached", 5, 7), window("fell_off", 7, 9)]
    later = [window("anchored", 8, end, proven_from=day(9)) for end in (11, 12, 13)]
    assert ("unreached", 5, 7) in painted(*compact([*windows, *later]))


def test_a_chain_of_syncs_is_one_window_with_its_oldest_and_newest_pull() -> None:
    chain = [window("anchored", n, n + 4, proven_from=day(n)) for n in range(10)]
    assert compact(chain) == (replace(chain[-1], lower=day(0), proven_from=day(0), pull_ids=("p4", "p13")),)


def test_full_answers_of_one_length_are_one_window_unless_the_later_lacks_what_is_old() -> None:
    one = window("full", 2, 8, n_records=7)
    assert len(compact([one, window("full", 2, 9, n_records=7)])) == 1
    assert len(compact([one, window("full", 3, 9, n_records=7)])) == 2
    assert len(compact([one, window("full", 2, 9, n_records=8)])) == 2


def test_gaps_that_grow_are_one() -> None:
    gaps = [window("order_broken", 5, end) for end in range(6, 40)]
    assert compact(gaps) == (replace(gaps[-1], pull_ids=("p6", "p39")),)
    apart = [window("unreached", 0, 4), window("unreached", 7, 9), window("order_broken", 7, 12)]
    assert compact(apart) == tuple(apart)


def test_upper_edges_of_years_stay_few_and_the_first_and_the_newest_are_kept() -> None:
    uppers: tuple[datetime, ...] = ()
    for n in range(5000):
        uppers = with_upper(uppers, day(n))
    assert len(uppers) <= 64
    assert list(uppers) == sorted(uppers)
    assert uppers[0] == day(0)
    assert uppers[-32:] == tuple(day(n) for n in range(4968, 5000))


def test_windows_that_do_not_join_are_not_chained() -> None:
    apart = [window("anchored", 0, 4, proven_from=day(0)), window("anchored", 3, 9, proven_from=day(5))]
    assert compact(apart) == tuple(apart)


def test_full_answers_that_wait_to_be_confirmed_stay_few() -> None:
    waiting = [window("full", 0, n, n_records=n, size=Bulk(n)) for n in range(1, 60)]
    kept = compact(waiting)
    assert len(kept) <= 12
    assert kept[0] == waiting[0]
    assert kept[-1] == waiting[-1]
    equal = [window("full", 0, n, n_records=7) for n in range(1, 60)]
    assert len(compact(equal)) == 1


# ---- this machine's clock


SYNCED = Evidence(
    windows=(
        window("full", 0, 20, proven_from=day(0)),
        window("unreached", 20, 22),
        window("anchored", 22, 50, proven_from=day(23)),
        window("full", 2, 50),
        window("full", 40, 50),
        window("empty", 45, 51),
    ),
    uppers=tuple(day(n) for n in (20, 21, 25, 30, 50)),
    last_asked_at=day(51),
    joins_at=day(50),
    listed_at=day(51),
    full_at=day(51),
)  # fmt: skip


@pytest.mark.parametrize("late", [0, 5, -5])
def test_a_clock_that_goes_forward_or_is_set_right_by_minutes_changes_nothing(late: int) -> None:
    assert rewound(SYNCED, day(51) + timedelta(minutes=late), DEFAULT_POLICY) is SYNCED


def test_a_clock_that_goes_back_takes_back_what_rests_on_later_syncs() -> None:
    cut = rewound(SYNCED, day(29), DEFAULT_POLICY)
    assert cut.windows == (
        SYNCED.windows[0],
        SYNCED.windows[1],
        replace(SYNCED.windows[2], upper=day(25), asked_at=day(26)),
        replace(SYNCED.windows[3], upper=day(25), asked_at=day(26), reason="clock"),
    )
    assert cut.uppers == tuple(day(n) for n in (20, 21, 25))
    assert (cut.last_asked_at, cut.joins_at, cut.full_at, cut.listed_at) == (day(26), day(25), day(26), day(26))
    assert (cut.unsure_from, cut.unsure_to) == (day(29), day(51))
    assert rewound(cut, day(29), DEFAULT_POLICY) is cut


def test_when_every_sync_was_asked_later_than_now_nothing_stays_claimed_but_where_the_claims_began() -> None:
    cut = rewound(SYNCED, day(10), DEFAULT_POLICY)
    assert cut.windows == ()
    assert cut.uppers == (day(0),)
    assert cut.unsure_to == day(40)
    assert Evidence.from_dict(json.loads(json.dumps(cut.to_dict()))) == cut


# ---- maturing: an earlier full answer (100 meetings, asked on day 10) and a later one


EARLIER = Window(
    "full", ("p",), day(10), day(0), day(9),
    oldest=day(0), n_records=100, n_ids=100, size=Bulk(50_000, 50_000, 400), largest=Bulk(600, 600, 4),
)  # fmt: skip


EMPTY = look(PullFacts("q", day(12), day(12), 1, []), NothingKnown(), Evidence(joins_at=day(9)), DEFAULT_POLICY)


def later(
    n_new: int,
    *,
    each: Bulk = Bulk(1000, 1000, 8),  # noqa: B008  # frozen
    first: float = 11,
    n_old: int = 100,
    doubled: int = 0,
    distinct: int = 100,
    size: Bulk | None = EARLIER.size,
    **more: object,
) -> str:
    """What becomes of the earlier window when a full answer brings n new meetings."""
    from tests.history.simulator_archive import MemoryLand
    from ytxdata.history.proof.evidence import Known

    def one(key: str, start: float, size: Bulk) -> Seen:
        return Seen(key, day(start), day(start + 0.01), key, None, size)

    old = [one(f"o{n}", n / 12, Bulk(500, 500, 4)) for n in range(100)]
    land = MemoryLand()
    for record in old:
        land.put(Known(record.meeting_id, record.started_at, record.ended_at, record.record_hash, day(10)))
    records = old[100 - n_old :] + [one(f"n{n}", first + n / 1000, each) for n in range(n_new)]
    facts = PullFacts(
        "q", day(12), day(12), 10_000, records, 0, Bulk(*map(sum, zip(*(one.size for one in records), strict=True)))
    )
    reason = str(more.pop("reason", "full"))
    sighting = look(replace(facts, **more), land, Evidence(joins_at=day(9)), DEFAULT_POLICY)  # type: ignore[arg-type]
    earlier = replace(EARLIER, n_records=doubled or EARLIER.n_records, n_ids=distinct, size=size)
    matured = confirmed(earlier, sighting, reason, [sighting], reason)
    return "matured" if matured.proven_from == EARLIER.lower else matured.reason


def test_a_full_answer_matures_when_a_later_one_is_longer() -> None:
    assert later(43) == "matured"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("it is equally long", {"n_new": 0}),
        ("it is longer in records but not by a large record in bytes", {"n_new": 43, "each": Bulk(100, 1000, 8)}),
        ("it is longer in bytes but not by a large record in characters", {"n_new": 43, "each": Bulk(3000, 700, 8)}),
        ("it is longer in bytes but not by a meeting of many parties", {"n_new": 43, "each": Bulk(1000, 1000, 5)}),
        ("old ones fell off", {"n_new": 80, "n_old": 70}),
        ("it brings an unknown meeting that began before the earlier one was asked", {"n_new": 43, "first": 9.99}),
        ("the earlier one held as many, some of them twice", {"n_new": 43, "doubled": 143}),
        ("it holds as many distinct meetings as the earlier one", {"n_new": 43, "distinct": 143}),
        ("it brings a meeting that began the second the earlier window ends", {"n_new": 43, "first": 9}),
        ("it is itself suspicious", {"n_new": 43, "reason": "cap_round"}),
    ],
)
def test_a_full_answer_does_not_mature_when(name: str, answer: dict[str, object]) -> None:
    assert later(**answer) == "full", name  # type: ignore[arg-type]


def test_an_answer_of_which_an_earlier_version_kept_the_bytes_alone_is_confirmed_by_no_length() -> None:
    plain = json.loads(json.dumps(Evidence(windows=(EARLIER,)).to_dict()))
    old = {**plain["windows"][0], "n_bytes": 50_000, "largest": 600}
    del old["size"]
    window = Evidence.from_dict({**plain, "windows": [old]}).windows[0]
    assert (window.size, window.largest, window.n_records) == (None, None, 100)
    assert later(43) == "matured"
    assert later(43, size=None) == "full"


def test_an_anchored_answer_alone_confirms_no_full_one() -> None:
    assert confirmed(EARLIER, EMPTY, "anchored", [EMPTY], None) == EARLIER


def test_an_anchored_window_grows_downwards_once_what_it_rests_on_is_confirmed() -> None:
    anchored = window("anchored", 8, 12, proven_from=day(11), anchored_by=day(10), anchored_from=day(8))
    assert rebased(anchored, [EARLIER]) == anchored
    assert rebased(anchored, [replace(EARLIER, proven_from=day(0))]).proven_from == day(8)
    assert rebased(anchored, [replace(EARLIER, proven_from=day(0), asked_at=day(9.9))]) == anchored


@pytest.mark.parametrize("first", [5, -3])
def test_a_full_answer_that_lacked_a_meeting_from_before_its_end_is_incomplete_for_ever(first: float) -> None:
    assert later(43, first=first) == "incomplete"


def test_evidence_is_plain_json() -> None:
    evidence = Evidence(windows=(EARLIER,), n_syncs=1)
    assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence
