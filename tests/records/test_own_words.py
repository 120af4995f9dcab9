"""Whose a word of a party is that has something in front: its own words feed it, any other is another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.records.aliases import DEFAULT
from ytxdata.records.normalize import Normalized

Rows = Callable[..., Normalized]
WHEN = {"jointime": "2026-01-05 10:00:00", "leavetime": "2026-01-05 11:00:00"}


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("phone", "phone"), ("phoneNumber", "phone"), ("mobile_phone", "phone"), ("contactTel", "phone"), ("caller_id_number", "phone"),
        ("userPhoneNumber", "phone"), ("guestPhone", "phone"), ("fromNumber", "phone"), ("ns2:phone", "phone"),
        ("strMobile", "phone"), ("member.number", "phone"), ("parties[0].phone", "phone"), ("workPhone", "phone"),
        ("first_join_time", "joined_at"), ("callStartTime", "joined_at"), ("confJoinTime", "joined_at"),
        ("final_leave_time", "left_at"), ("attendEndTime", "left_at"), ("sessionEndTime", "left_at"), ("ns2:leavetime", "left_at"),
        ("in_meeting_duration", "duration_s"), ("talkDuration", "duration_s"), ("totalDuration", "duration_s"),
        ("nickName", "name"), ("displayName", "name"), ("员工姓名", "name"), ("参会人姓名", "name"), ("memberStatus", "state"),
    ],
)  # fmt: skip
def test_words_of_its_own_feed_a_party(key: str, column: str) -> None:
    match = DEFAULT.leg(key)
    assert match is not None
    assert match.column == column
    assert match.rank[0] == (key.rpartition(":")[2] not in ("phone", "leavetime"))


@pytest.mark.parametrize(
    "key",
    [
        *("accessNumber", "dialInNumber", "bridgeNumber", "calledNumber", "inviterPhone", "departmentPhone", "billNumber"),
        *("ownerMobile", "memberNumber", "transferNumber", "seatNumber", "hotel", "emergencyContactPhone", "callInNumber"),
        *("muteEndTime", "shareEndTime", "raiseHandEndTime", "recordEndTime", "handupEndTime", "networkEndTime"),
        *("inviteLeaveTime", "waitingRoomJoinTime", "attendTime", "sendTime", "updateTime", "statusTime", "muteStartTime"),
        *("departmentName", "inviterName", "cityName", "主持人姓名", "muteStatus", "ringDuration", "avgDuration"),
    ],
)  # fmt: skip
def test_words_of_another_feed_no_party(key: str) -> None:
    assert DEFAULT.leg(key) is None


@pytest.mark.parametrize("key", ["accessNumber", "inviterPhone", "ownerMobile", "memberNumber"])
@pytest.mark.parametrize("blank", [{"phone": ""}, {"phone": None}, {}])
@pytest.mark.parametrize("n", [1, 5])
def test_a_number_that_several_dialled_is_nobodys(rows: Rows, key: str, blank: dict[str, Any], n: int) -> None:
    """They were one person, with nobody withheld, and no second of talk."""
    parties = [{"name": name, **blank, key: "01065501234", **WHEN} for name in "ab"]
    found = rows(*({"parties": parties} for _ in range(n)))
    assert found.legs["number"].null_count == 2 * n
    assert found.meetings["n_people"].to_pylist() == [0] * n
    told = [(one["leg"], one["reason"], one["raw_value"]) for one in found.problems.to_pylist()]
    assert told == [(leg, "unread_phone", f"{key}: 01065501234") for leg in (1, 2)] * n


@pytest.mark.parametrize("phone", ["15400000001", "010-65520000-802"])
def test_the_phone_of_another_beside_a_full_number_is_not_told(rows: Rows, phone: str) -> None:
    found = rows({"parties": [{"phone": phone, "inviterPhone": "15400000002", "ownerMobile": 15400000003}]})
    assert (found.legs["phone"].to_pylist(), found.problems.num_rows) == ([phone], 0)


@pytest.mark.parametrize("key", ["muteEndTime", "shareEndTime", "raiseHandEndTime", "recordEndTime"])
def test_who_is_heard_again_has_not_left(rows: Rows, key: str) -> None:
    party = {"phone": "15400000001", **WHEN, "leavetime": "", key: "2026-01-05 10:10:00"}
    assert rows({"parties": [party]}).legs["left_at"].to_pylist() == [None]
    found = rows({"parties": [{**party, **WHEN}]})
    assert (found.legs["left_at"].null_count, found.problems.num_rows) == (0, 0)


LINE, A, B = "01012345678", "15400000001", "02066667777"


@pytest.mark.parametrize(
    ("calling", "called"),
    [
        ("callerNumber", "calledNumber"), ("callerNumber", "calleeNumber"), ("callingNumber", "calledNumber"), ("fromNumber", "toNumber"),
        ("callerPhone", "calleePhone"), ("caller_id_number", "callee_number"), ("callerNumber", "被叫号码"), ("callerPhone", "callee"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 5])
def test_who_was_called_is_told_beside_the_line_that_called(rows: Rows, calling: str, called: str, n: int) -> None:
    """All parties were the one line that the platform calls from, and their own numbers were nowhere."""
    record = {"parties": [{calling: LINE, called: one, **WHEN} for one in (A, B)]}
    told = [(one["reason"], one["raw_value"]) for one in rows(*[record] * n).problems.to_pylist()]
    assert told == [("unread_phone", f"{called}: {one}") for one in (A, B)] * n


@pytest.mark.parametrize("n", [1, 5])
def test_who_was_called_is_told_whatever_other_records_call_their_parties(rows: Rows, n: int) -> None:
    record = {"parties": [{"phone": A, "caller": LINE, "called": "15400000008", **WHEN}]}
    other = {"parties": [{"callerPhone": A, **WHEN}]}
    for more in ([], [other], [other] * 5):
        told = [one["raw_value"] for one in rows(*[record] * n, *more).problems.to_pylist()]
        assert told == ["called: 15400000008"] * n


@pytest.mark.parametrize(
    "parties",
    [
        [{"callerNumber": one, "calledNumber": LINE} for one in (A, B, A)],  # who dials in
        [{"callerNumber": A, "calledNumber": A}],
        [{"callerNumber": A, "calledNumber": "95040"}, {"callerNumber": B, "calledNumber": ""}],
        [{"phone": A, "callerNumber": LINE, "calledNumber": LINE}],
        [{"phone": A, "callerNumber": A, "calledNumber": A}, {"phone": B, "calledNumber": LINE}],
    ],
)
def test_what_was_dialled_to_get_in_is_not_told(rows: Rows, parties: list[dict[str, Any]]) -> None:
    found = rows({"parties": [{**one, **WHEN} for one in parties]})
    assert found.legs["number"].null_count == found.problems.num_rows == 0


@pytest.mark.parametrize(
    ("party", "number", "extension"),
    [
        ({"areaCode": "0755", "phone": "88880000"}, "+8675588880000", None),
        ({"区号": "020", "phone": "88880000", "ext": "8012"}, "+862088880000", "8012"),
        ({"areaCode": "0755", "phone": "88880000-802"}, "+8675588880000", "802"),
        ({"area": "020", "phone": "8888 0000转802"}, "+862088880000", "802"),
        *(
            ({key: "0755", "phone": "88880000"}, "+8675588880000", None)
            for key in ("phonePrefix", "cityCode", "长途区号")
        ),
        *(({key: "+852", "phone": "61234567"}, "+85261234567", None) for key in ("dialCode", "phoneCode", "国家区号")),
        ({"area": "华南", "cityCode": "440300", "phoneCode": "4711", "phone": "075588880000"}, "+8675588880000", None),
        ({"countryCode": "852", "phone": "61234567"}, "+85261234567", None),
        *(
            ({key: "0755", "phone": "88880000"}, "+8675588880000", None)
            for key in ("城市区号", "zoneCode", "telPrefix", "stdCode", "prefix", "trunkCode")
        ),
        *(
            ({key: "852", "phone": "61234567"}, "+85261234567", None)
            for key in ("mobilePrefix", "phone_prefix", "isdCode", "国码", "国家码", "countryPrefix")
        ),
        *(({key: "+852", "phone": "61234567"}, "+85261234567", None) for key in ("prefix", "stateCode")),
        *(
            ({key: digit, "phone": "15400000001"}, "+8615400000001", None)
            for key in ("dialPrefix", "telPrefix", "phonePrefix", "telCode", "prefix")
            for digit in ("9", "0", "8")
        ),
        ({"mobilePrefix": "154", "stateCode": "86", "phone": "15400000001"}, "+8615400000001", None),
        ({"countryCode": 852, "phone": "85261234567"}, "+85261234567", None),
        ({"countryCode": "91", "phone": "9123456789"}, "+919123456789", None),
        ({"countryCode": "39", "phone": "3921234567"}, "+393921234567", None),
        ({"countryCode": 49, "phone": "4915112345678"}, "+4915112345678", None),
        ({"countryCode": "1", "phone": "12125551234"}, "+12125551234", None),
        ({"phone": {"countryCode": "1", "number": "2125551234"}}, "+12125551234", None),
        ({"countryCode": "+1", "area_code": "212", "phone": "5551234"}, "+12125551234", None),
        ({"areaCode": "+852", "phone": "61234567"}, "+85261234567", None),
        ({"areaCode": "1", "phone": "2125551234"}, "+12125551234", None),
        ({"areaCode": "1", "phone": "212-555-1234"}, "+12125551234", None),
        ({"areaCode": "44", "phone": 2071234567}, "+442071234567", None),
        ({"stateCode": "852", "mobileAreaCode": "852", "phone": "61234567"}, "+85261234567", None),
        *(({"countryCode": "39", "phone": text}, "+390612345678", None) for text in ("0612345678", "+39 06 1234 5678")),
        ({"countryCode": "44", "phone": "02071234567"}, "+442071234567", None),
        ({"countryCode": "852", "phone": "061234567"}, "+85261234567", None),
        ({"phone": "075588880000", "分机号": 8012}, "+8675588880000", "8012"),
        ({"countryCode": "852", "phone": "28880000", "ext": "801"}, "+85228880000", "801"),
        ({"phone": "4008001234", "ext": "#801"}, "+864008001234", "801"),
        ({"phone": "+85261234567", "ext": "801"}, "+85261234567", None),
        # the state of a call, and a region's own number
        ({"areaCode": "0755", "stateCode": 200, "area": 65, "phone": "88880000"}, "+8675588880000", None),
        ({"stateCode": 200, "area": 200, "phone": "755888800"}, "+86755888800", None),
        ({"area": 33, "countryCode": "852", "phone": "61234567"}, "+85261234567", None),
        # where a mobile was sold, a state of the call, a number that begins with its area
        ({"areaCode": "352", "area": "86", "stateCode": 1, "phone": "15400000001"}, "+8615400000001", None),
        ({"areaCode": "21", "phone": "2125551234", "ext": '{"v": 1}'}, "+862125551234", None),
        # what is whole by itself keeps its own
        ({"areaCode": "0755", "phone": "15400000001", "extension": "8012"}, "+8615400000001", None),
        ({"areaCode": "86", "countryCode": "CN", "phone": "15400000001"}, "+8615400000001", None),
        ({"countryCode": "86", "phone": "0755-88880000-802", "ext": "802"}, "+8675588880000", "802"),
        ({"countryCode": "1", "phone": "+852 6123 4567", "ext": ""}, "+85261234567", None),
        ({"countryCode": 0, "areaCode": "0000", "ext": 0.0, "phone": "075588880000"}, "+8675588880000", None),
        ({"ext": {"a": 1}, "phone": "15400000001"}, "+8615400000001", None),
        # behind words of the party's own
        ({"memberPhone": "88880000", "memberAreaCode": "0755", "userExt": "8012"}, "+8675588880000", "8012"),
        ({"attendeePhone": "61234567", "attendeeCountryCode": "852"}, "+85261234567", None),
        ({"phone": "88880000", "电话区号": "0755"}, "+8675588880000", None),
        ({"phone": "61234567", "手机区号": "852"}, "+85261234567", None),
        *(
            ({"phone": "075588880000", key: 8012}, "+8675588880000", "8012")
            for key in ("extensionNumber", "ext_number", "phoneExt", "telExt", "member.ext")
        ),
        ({"extensionNumber": "8012"}, None, "8012"),
        # beside its own, those of other lines: the last in the alphabet won
        ({"phone": "075588880000", "ext": "8012", "userExt": "1", "homeExt": "9001"}, "+8675588880000", "8012"),
        ({"phone": "88880000", "areaCode": "0755", "homeAreaCode": "010"}, "+8675588880000", None),
        ({"phone": "2025550123", "countryCode": "1", "userCountryCode": "86"}, "+12025550123", None),
        # a bare key may be a district's or a word for something else
        *(
            ({"phone": "88880000", "areaCode": one, "phoneAreaCode": "0755"}, "+8675588880000", None)
            for one in ("440300", "深圳")
        ),
        ({"phone": "88880000", "areaCode": "0755", "ext": "normal", "extension": "8012"}, "+8675588880000", "8012"),
        *(
            ({"phone": "88880000", "telAreaCode": one}, "+8675588880000", None)
            for one in ("+86755", "0086755", "0755-")
        ),
        ({"phone": "15400000001", "workAreaCode": "010", "homeAreaCode": "0755"}, "+8615400000001", None),
        ({"phone": "88880000", "workAreaCode": "0755", "userAreaCode": "0755"}, "+8675588880000", None),
        (
            {"phone": "88880000", "officeArea": "65", "inviterAreaCode": "0755", "areaCode": "020"},
            "+862088880000",
            None,
        ),
    ],
)
@pytest.mark.parametrize("n", [1, 5])
def test_codes_and_extensions_beside_a_phone_are_part_of_it(
    rows: Rows, party: dict[str, Any], number: str | None, extension: str | None, n: int
) -> None:
    """88880000 in two cities were one person, and 212 555 1234 was somebody in China."""
    found = rows(*[{"parties": [{**party, **WHEN}]}] * n)
    assert found.legs.select(["number", "extension"]).to_pylist() == [{"number": number, "extension": extension}] * n
    assert found.problems.num_rows == 0


@pytest.mark.parametrize("code", ["440300", "华南", "A3", "SZ-01"])
def test_a_region_or_an_sms_code_beside_a_local_number_is_no_part_of_it(rows: Rows, code: str) -> None:
    party = {
        "area": "华南",
        "cityCode": "440300",
        "phoneCode": "4711",
        "userAreaCode": code,
        "phone": "88880000",
        **WHEN,
    }
    assert rows({"parties": [party]}).problems.num_rows == 0


@pytest.mark.parametrize(
    "code",
    [
        {"areaCode": "852"},
        {"area": "852"},
        {"areaCode": "49", "phone": "15112345678"},
        {"areaCode": "27", "phone": "82345678-1"},  # Wuhan, with an extension, was South Africa
        {"areaCode": "351", "phone": "2345678转80"},
        {"countryCode": "US"},
        {"country_code": "999"},
        {"countryCode": "358", "phone": "358480707"},  # a line in Tampere, or a mobile of six digits
        {"workAreaCode": "010", "homeAreaCode": "0755"},
        {"workExt": "8012", "userExt": "1", "phone": "075588880000"},
        {"phoneAreaCode": "(0755)"},
    ],
)
def test_codes_that_make_no_number_are_told(rows: Rows, code: dict[str, str]) -> None:
    party = {"phone": "88880000", **WHEN, **code}
    told = rows({"parties": [party]}).problems.to_pylist()
    assert [(one["reason"], f'"phone": "{party["phone"]}"' in one["raw_value"]) for one in told] == [
        ("unread_phone", True)
    ]


CITIES, COUNTRIES = (("0755", "010"), "88880001"), (("852", "65"), "91234567")


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        *(
            (key, CITIES)
            for key in ("城市区号", "zoneCode", "telPrefix", "stdCode", "prefix", "trunkCode", "quhao", "前缀")
        ),
        *(
            (key, COUNTRIES)
            for key in ("stateCode", "mobilePrefix", "phone_prefix", "isdCode", "国码", "memberStateCode")
        ),
        *((key, (("+852", "+65"), "91234567")) for key in ("wherefrom", "prefix", "stateCode")),
        *((key, (("0852", "0853"), "28880001")) for key in ("telPrefix", "城市区号")),
        ("stateCode", ((852, 65), 91234567)),
        # a number of JSON has no 0 in front
        *(
            (key, ((755, 20), 88880000))
            for key in ("cityCode", "stdCode", "trunkCode", "phoneArea", "城市代码", "地区码", "memberCityCode")
        ),
        *((key, (("755", "10"), phone)) for key in ("城市码", "telPrefix") for phone in ("88880000", "88880000-802")),
        ("stateCode", (("0065", "00852"), "9123-4567")),
        *((key, said) for key in ("归属", "qh", "x") for said in (CITIES, COUNTRIES)),
    ],
)
def test_two_people_with_one_local_number_are_told_by_their_codes(
    rows: Rows, key: str, said: tuple[tuple[Any, Any], Any], n: int
) -> None:
    """88880001 in Shenzhen and in Beijing were one person, without a word, under keys of codes that nobody knows."""
    codes, phone = said
    found = rows(*[{"parties": [{"phone": phone, key: code, **WHEN} for code in codes]}] * n)
    told = [one["raw_value"] for one in found.problems.to_pylist() if one["reason"] == "unread_phone"]
    numbers = set(found.legs["number"].to_pylist())
    assert len(numbers) == 2 or [next(iter(json.loads(one).values())) for one in told] == [*map(str, codes)] * n


@pytest.mark.parametrize(
    "party",
    [
        *({"stateCode": one} for one in (0, 1, 2, 100, 180, 200, 404, 486, 603, "86", "+86", "0086", "OK")),
        *({"stateCode": one, "phone": "88880000"} for one in (10, 20, 21, 755)),
        *({"cityCode": one} for one in (0, 1, 100, 200, 404, 1001, 4403, 440300, -1, True)),
        *({"cityCode": one, "phone": "02088880000"} for one in (20, 755)),
        *({key: 755} for key in ("seat", "userCode", "deptCode", "provinceCode", "roomNo", "cityId", "area_id")),
        *({"phone": one, "stateCode": "852"} for one in ("15400000001", "075588880000", "+8675588880000", "95588")),
        *({"phone": "4008001234", key: "1"} for key in ("stateCode", "mobilePrefix")),
        *({key: "0311"} for key in ("工号", "seat", "empNo", "userCode", "deptCode", "roomNumber", "pin", "号")),
        *({key: "852"} for key in ("userCode", "duration2", "billing", "cost", "provinceCode", "roomNo", "编号", "sn")),
        *({"stateCode": "852", "phone": one} for one in ("1234567", "anonymous", "8001")),
        {"mobileCode": "4711", "zoneCode": "440300", "国码": "中国", "prefix": "Mr", "城市": "深圳", "区": "南山"},
        {"isdCode": None, "stdCode": "", "telPrefix": 0, "prefix": "0", "stateCode": {"a": 852}, "mobilePrefix": [852]},
    ],
    ids=str,
)
def test_what_is_no_code_of_a_number_is_not_told(rows: Rows, party: dict[str, Any]) -> None:
    given = {"phone": "88880001", **WHEN, **party}
    for n in (1, 20):
        problems = rows(*[{"parties": [given, {**given, "phone": "15400000009"}]}] * n).problems
        assert [one for one in problems.to_pylist() if one["reason"] == "unread_phone"] == []
