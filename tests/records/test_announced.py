"""How many records an answer says there are, of which list it says so, and what is no such word."""

from __future__ import annotations

import pytest

from tests.records.accounted import ALL, STATUS, doubts, read, text


@pytest.mark.parametrize("key", ["total", "totalCount", "count"])
def test_a_number_that_disagrees_is_told(key: str) -> None:
    for shape in ('"data":{"%s":%d,"list":%s}', '"%s":"%d","data":%s', '"data":{"page":{"%s":%d},"list":%s}'):
        answer, _ = read(f"{{{STATUS},{shape % (key, 30, text(ALL))}}}")
        assert answer.announced == 30
        assert answer.is_doubtful
        assert any("30 records, and 24 were read" in warning.en for warning in answer.warnings)
        agreed, _ = read(f"{{{STATUS},{shape % (key, 24, text(ALL))}}}")
        assert (agreed.announced, agreed.is_doubtful, agreed.warnings) == (24, False, ())


@pytest.mark.parametrize(
    "said",
    [
        *(
            f'"total":{number}'
            for number in ("30.0", '"30.0"', '"30条"', '"30\\u6761"', '"1,234"', '{"value":30,"relation":"eq"}')
        ),
        *(f'"{key}":30' for key in ("totalRow", "totalRows", "recordsTotal", "totalItems", "totalRecord", "rowCount")),
        *(f'"{key}":30' for key in ("totalResults", "总数", "total_count")),
        '"page":{"total":30,"pageNum":1,"hasNext":false}',
        '"pageInfo":{"total":30,"current":1}',
        '"meta":{"totalCount":30,"took":3,"server":"a1"}',
        '"meta":{"pagination":{"total":30,"perPage":10}}',
        '"x":{"total":30,"pageSize":10,"sort":"asc"}',
        '"hasMore":true',
        '"hasNext":"true"',
        '"isEnd":false',
        '"nextCursor":"abc"',
        '"nextPage":2',
        '"paging":{"hasMore":1,"x":"y"}',
        '"count":24,"nextPage":2',
        '"total":24,"nextCursor":"abc"',
        '"total":0,"nextPage":2',
        '"meta":{"count":50}',
        '"last":false',
        *(f'"{key}":"http://x?page=2"' for key in ("next_page_url", "next", "@odata.nextLink", "__next")),
        *(f'"{key}":{{"next":{link}}}' for key in ("links", "_links", "paging") for link in ('"/x"', '{"href":"/x"}')),
        *(f'"{now}":1,"{all_}":9' for now in ("page", "pageNum", "current_page") for all_ in ("pages", "totalPages")),
        *(f'"page":1,"{key}":9' for key in ("totalPage", "last_page", "pageCount")),
        *(f'"{key}":"x1"' for key in ("NextMarker", "nextOffset", "continuationToken")),
        *(f'"{key}":true' for key in ("isTruncated", "more")),
        '"LastEvaluatedKey":{"id":"1"}',
        '"pagination":{"more":true}',
        '"remaining":3',
        '"total":{"#text":"30"}',
        *(f'"{key}":30' for key in ("@odata.count", "@total", "iTotalRecords", "allCount", "resultCount", "itemCount")),
        *(f'"{key}":30' for key in ("recordTotal", "meetingCount", "total_entries", "TotalRecordCount")),
    ],
)
def test_more_than_was_read_is_told_in_whatever_form_it_is_said(said: str) -> None:
    """Not heard, an answer that says it lacks records would be proven complete."""
    for shape in ('"data":{%s,"list":%s}', '%s,"data":%s', '"data":{"x":{%s,"rows":%s}}'):
        answer, _ = read(f"{{{STATUS},{shape % (said, text(ALL))}}}")
        assert answer.is_doubtful, shape
        assert any("proves nothing" in warning.en for warning in answer.warnings)
    assert read(f'{{{STATUS},"data":{{{said},"list":[]}}}}')[0].is_doubtful
    assert read(f'{{{STATUS},"data":{{{said}}}}}')[0].is_doubtful
    assert not read(f'{{{STATUS},{said},"data":{text(ALL)}}}', asked_n=24)[0].is_doubtful


@pytest.mark.parametrize(
    "said",
    [
        '"total":24,"hasMore":false,"nextPage":0,"nextCursor":null',
        '"total":{"value":24,"relation":"eq"},"took":3,"nextCursor":""',
        '"total":-1,"isEnd":null,"hasMore":""',
        '"page":{"total":24,"pageNum":1,"pageSize":50,"pages":1,"hasNext":false,"isLast":true}',
        '"pageInfo":{"total":"24条","current":1,"size":50,"sort":"asc"}',
        '"meta":{"pagination":{"total":24,"perPage":50,"next_cursor":"abc","has_more":false}}',
        '"params":{"count":50,"page":1}',
        '"query":{"meetingcount":50,"total":50}',
        '"stats":{"total":500,"ended":480,"running":20}',
        '"quota":{"total":"1000元","used":3}',
        '"others":[{"count":7}]',
        '"hasMoreRights":true,"next":"x"',
        '"page":{"total":24,"nextPage":1}',
        '"pageInfo":{"total":24,"pageNum":1,"nextPage":2,"pages":1}',
        '"total":0,"pages":0',
        '"page":{"total":0,"list":null}',
        '"quota":{"total":1000}',
        '"unread":{"count":3}',
        '"last":true,"nextOffset":50',
        '"links":{"first":"http://x","last":"http://x","next":null},"_links":{"self":{"href":"/x"},"next":{}}',
        '"page":0,"totalPages":1,"more":"details","last":"2026-01-05"',
        '"total":24,"page":1,"pageCount":24',
        '"isTruncated":false,"NextMarker":"","remaining":0,"LastEvaluatedKey":{}',
        '"confid":"","meetingcount":"50"',
        '"sms":{"remaining":5}',
    ],
)
def test_what_agrees_or_counts_another_thing_raises_no_doubt(said: str) -> None:
    for shape in ('"data":{%s,"list":%s}', '%s,"data":%s'):
        answer, _ = read(f"{{{STATUS},{shape % (said, text(ALL))}}}")
        assert (answer.is_doubtful, doubts(answer)) == (False, []), shape


def test_a_number_that_was_asked_for_may_be_repeated() -> None:
    body = f'{{{STATUS},"meetingcount":"50","data":{text(ALL)}}}'
    assert not read(body, asked_n=50)[0].is_doubtful
    assert read(body, asked_n=40)[0].is_doubtful
    assert read(body.replace("meetingcount", "total"), asked_n=50)[0].is_doubtful


@pytest.mark.parametrize("key", ["query", "input", "req"])
def test_a_question_that_is_repeated_is_no_meeting(key: str) -> None:
    asked = {key: {"confid": "8001", "meetingcount": "50", "action": "x"}}
    for records in ([], ALL):
        for body in ({"data": {"list": records, **asked}}, {"data": records, **asked}):
            answer, tables = read(text({"statusCode": "0", **body}))
            assert (tables.counts.received, answer.is_doubtful, answer.warnings) == (len(records), False, ())
    one = {"statusCode": "0", "data": {key: {"confid": "8001", "starttime": "2026-01-05 10:00:00"}}}
    assert read(text(one))[1].counts.received == 1


def test_numbers_inside_of_records_raise_no_doubt() -> None:
    odd = [{**one, "count": 7, "page": {"total": 3, "hasNext": True}, "hasMore": True} for one in ALL]
    short = [{"meid": f"m{i}", "extra": {"total": 7, "page": 1}} for i in range(9)]
    own = {
        "场次": 30,
        "个数": 30,
        "总场次": 30,
        "endFlag": "N",
        "moreFlag": "Y",
        "是否完整": "否",
        "已截断": "是",
        "是否录音": "是",
    }
    for records in (odd, short, [{"conf": one, "y": [{"total": 3}]} for one in ALL], [{**one, **own} for one in ALL]):
        assert not read(f'{{{STATUS},"data":{text(records)},"x":[]}}')[0].is_doubtful


def test_each_page_speaks_of_the_list_beside_it() -> None:
    two = {"a": {"page": {"total": 2}, "rows": ALL[:2]}, "b": {"page": {"total": 1, "sort": "x"}, "rows": ALL[2:3]}}
    assert not read(f'{{{STATUS},"data":{text(two)}}}')[0].is_doubtful
    two["b"]["page"] = {"total": 3}
    assert read(f'{{{STATUS},"data":{text(two)}}}')[0].is_doubtful


@pytest.mark.parametrize(
    "page",
    [
        '"page":{"total":0,"pageNum":1,"pageSize":50,"hasNext":false}',
        '"total":{"value":0,"relation":"eq"}',
        '"total":0,"current":1',
    ],
)
def test_an_empty_page_is_no_reject(page: str) -> None:
    answer, tables = read(f'{{{STATUS},"data":{{{page},"list":[]}}}}')
    assert (tables.counts.received, answer.is_doubtful, answer.warnings) == (0, False, ())


@pytest.mark.parametrize(
    "page",
    [
        '"meta":{"total":24,"links":[]}',
        '"meta":{"pagination":{"total":24,"links":[]}}',
        '"page":{"total":24,"orders":[],"optimizeCountSql":true}',
        '"page":{"totalElements":24,"sort":[]}',
        '"meta":{"total":24,"errors":[],"hints":[]}',
        '"page":{"total":24,"navigatepageNums":[1]}',
    ],
)
def test_an_empty_list_of_a_page_is_not_what_it_counts(page: str) -> None:
    for shape in ('"data":%s,%s', '"data":{"list":%s,%s}'):
        answer, tables = read(f"{{{STATUS},{shape % (text(ALL), page)}}}")
        assert (answer.is_doubtful, answer.warnings, tables.counts.rejected) == (False, (), 0)
        assert read(f"{{{STATUS},{shape % (text(ALL), page.replace('24', '30'))}}}")[0].is_doubtful
    assert read(f'{{{STATUS},"data":[],{page}}}')[0].is_doubtful
    assert read(f'{{{STATUS},"data":{{"a":{{"total":24,"rows":[]}},"b":{text(ALL)}}}}}')[0].is_doubtful


def test_an_answer_that_is_full_may_know_of_more() -> None:
    body = f'{{{STATUS},"data":{{"total":500,"list":{text(ALL)}}}}}'
    assert not read(body, asked_n=24)[0].is_doubtful
    assert read(body, asked_n=25)[0].is_doubtful


@pytest.mark.parametrize(
    "word",
    ['"resultsWithheld":true', '"返回全部":false', '"allSent":"no"', '"符合":30', '"matching":"31"', '"rowCap":"是"'],
)
@pytest.mark.parametrize("form", ['{{%s,{word},"data":{data}}}', '{{%s,"data":{{{word},"list":{data}}}}}'])
def test_what_nobody_reads_beside_the_records_is_told_and_doubted_by_nobody(word: str, form: str) -> None:
    """In each round of attacks there was a word for `there are more` that went unheard, and nothing said so."""
    for records in ([], ALL):
        answer, tables = read((form % STATUS).format(word=word, data=text(records)))
        key, said = word.replace('"', "").split(":")
        told = [one.en for one in answer.warnings]
        assert [f"{key}: {said}, which nothing here reads" in one for one in told] == [True]
        assert (answer.is_doubtful, tables.counts.received) == (False, len(records))


ALL_IS_WELL = (
    "success|Success.|OK|ok!|操作成功|查询成功。|请求成功!|提交成功|查询会议列表成功|获取会议历史记录成功|执行完成|请求已处理|Query OK"
    "|Data retrieved successfully|Operation completed successfully.|The request was successful|200 OK|0:success"
    "|查询成功，共24条记录|成功返回24条数据|24 records found|success, total 24|OK (24 rows)|暂无更多数据|没有更多了|已全部加载|no more data"
    "|end of list|全部数据已返回|无错误|no error|正常|N/A|null|2026-11-29 10:00:00|"
)
MORE_THAN_WELL = (
    "提交成功，仅返回最近30天数据|另有5场会议因权限不足未显示|Result set was limited to 500 rows.|Older meetings are not included"
    "|5 records were skipped|查询成功（部分）|success (partial)|Query successful but some records were omitted"
    "|only the newest 500 returned|data returned with errors|成功返回部分数据|查询成功 24/50|仅显示前500条|得到 500 条, 其余省略"
    "|成功返回25条数据|success with warnings|部分|系统将于周五维护"
)


@pytest.mark.parametrize("key", ["msg", "message", "statusMsg", "remark", "tip", "提示", "resultDesc"])
def test_messages_are_told_unless_they_say_that_all_went_well(key: str) -> None:
    for said in ALL_IS_WELL.split("|"):
        answer, _ = read(f'{{"statusCode":"0","{key}":"{said}","data":{text(ALL)}}}')
        assert (answer.warnings, answer.is_doubtful) == ((), False), said
    for said in MORE_THAN_WELL.split("|"):
        answer, tables = read(f'{{"statusCode":"0","{key}":"{said}","data":{text(ALL)}}}')
        assert any(f".{key}: {said}" in one.en for one in answer.warnings), said
        assert tables.counts.received == 24


@pytest.mark.parametrize(
    "said",
    [
        '"message":"结果已截断"', '"warning":"结果已截断"', '"msg":"partial result: shard 2 did not respond"', '"state":"incomplete"',
        '"hasPreviousPage":true', '"isFirstPage":false', '"previous":"https://x/m?page=1"',
    ],
)  # fmt: skip
def test_a_message_that_the_list_was_cut_and_pages_before_this_one_prove_nothing(said: str) -> None:
    answer, _ = read(f'{{{STATUS},"data":{text(ALL)},{said}}}')
    assert answer.is_doubtful
    assert answer.warnings


def test_a_flag_that_says_neither_yes_nor_no_is_told() -> None:
    answer, _ = read(f'{{{STATUS},"data":{text(ALL)},"truncated":"部分"}}')
    assert "truncated: 部分" in answer.warnings[0].en


@pytest.mark.parametrize("said", ["missingNodes", "hiddenMeetings", "skippedIds", "omitted", "无权限"])
def test_lists_of_what_was_left_out_are_told(said: str) -> None:
    for value, n in (('["n2"]', 1), ("[]", 0)):
        answer, _ = read(f'{{{STATUS},"data":{text(ALL)},"{said}":{value}}}')
        assert [f"{said}: [1]" in one.en for one in answer.warnings] == [True] * n


def test_a_message_is_quoted_on_one_line_without_numbers_of_people_and_secrets() -> None:
    said = "详情请拨打 15400000001\\n token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY"
    answer, _ = read(f'{{{STATUS},"data":{text(ALL)},"notice":"{said + "长" * 90}"}}')
    told = answer.warnings[0].en
    assert "详情请拨打 154****0001 token" in told
    assert all(one not in told for one in ("15400000001", "eyJhbGciOiJIUzI1NiJ9", "\n", "长" * 80))


PLACES = (
    "%s",
    '"page":{"pageNum":1,"pageSize":100,%s}',
    '"head":{"code":0,"message":"ok",%s}',
    '"summary":{%s}',
    '"meta":{"pagination":{%s}}',
    '"result":{"code":0,%s}',
)


@pytest.mark.parametrize(
    "word",
    [
        *(f'"resultsWithheld":{said}' for said in ('"Y"', "1", "1.0", '"on"', '"有"', '"T"', '{"value":true}')),
        *(f'"全量":{said}' for said in ('"30条"', "30.0", '"30 条"')),
        *(
            f'"{key}":true'
            for key in ("overLimit", "autoTruncated", "hasErrors", "showRest", "withErrors", "exceedsRowLimit")
        ),
        *('"isCapped":1', '"omitted":3', '"omittedRows":60', '"numberOfRowsWithheld":60', '"额外":60'),
    ],
)
def test_what_nobody_reads_is_told_in_each_form_and_in_what_speaks_of_the_list(word: str) -> None:
    key = word.split('"')[1]
    for place in PLACES:
        answer, tables = read(f'{{{STATUS},"data":{{{place % word},"list":{text(ALL)}}}}}')
        assert any(f"{key}: " in one.en and "nothing here reads" in one.en for one in answer.warnings), place
        assert tables.counts.received == 24


@pytest.mark.parametrize(
    "key", ["recordsWithheld", "allRecordsDelivered", "resultsWithheldByPolicy", "rowsnotdelivered"]
)
def test_a_word_that_nobody_reads_is_told_by_its_name(key: str) -> None:
    """It was hidden as if it were a secret; and behind five others nothing said that there was one more."""
    told = read(f'{{{STATUS},"data":{{"{key}":true,"list":{text(ALL)}}}}}')[0].warnings[0].en
    assert f".{key}: true" in told
    assert "…" not in told
    more = ",".join(f'"rowsWithheld{i}":true' for i in "abcde")
    assert "…" in read(f'{{{STATUS},"data":{{{more},"{key}":true,"list":{text(ALL)}}}}}')[0].warnings[0].en
    token = "aB3dE6gH9jK2mN5pQ8sT"
    answer, _ = read(f'{{{STATUS},"data":{{"{token}":true,"list":{text(ALL)}}}}}')
    assert token not in " ".join(one.en for one in answer.warnings)


@pytest.mark.parametrize(
    "words",
    [
        '"hasMore":false,"total":24,"pageNum":1,"costTime":35,"success":true,"code":0',
        '"traceId":"x1","serverTime":1772676012000,"version":3,"isSuccess":true,"took":124,"timestamp":"1772676012"',
        '"耗时":135,"错误码":200,"成功":"是","服务器时间":"1772676012","请求次数余额":900',
        '"first":true,"empty":false,"size":50,"numberOfElements":24,"optimizeCountSql":true,"draw":25,"每页条数":50',
        '"count":24,"matches":24,"n":7,"list":null',
        '"unAuthorizedRequest":false,"__abp":true,"flag":true,"succ":true,"exception":false,"targetUrl":null',
        '"总人数":120,"memberCount":120,"总费用":216,"participantsTotal":120,"未读":30,"录音数":30,"分钟数合计":900',
        '"hasErrors":false,"hasError":"N","resultsWithheld":false,"overLimit":"否","omitted":0,"retryLimit":30,"备注":"无"',
        '"pager":{"reasonable":false,"pageSizeZero":false,"orderByOnly":false},"autoRecord":true',
        '"summary":{"participants":120,"minutes":900,"amount":"12.50"},"config":{"darkMode":true},"user":{"vip":true}',
    ],
)
def test_what_an_answer_says_of_itself_is_told_of_nobody(words: str) -> None:
    """Flags of a call and of how its page was made, times, codes, costs; and no number that is not above what came."""
    for body in (f'{{{STATUS},{words},"data":{text(ALL)}}}', f'{{{STATUS},"data":{{{words},"rows":{text(ALL)}}}}}'):
        answer, _ = read(body)
        assert (answer.is_doubtful, answer.warnings) == (False, ())


@pytest.mark.parametrize(
    "said",
    [
        '"links":{"prev":"/q?page=1"}', '"_links":{"prev":{"href":"/q?page=1"}}', '"links":[{"rel":"prev","href":"/q?page=1"}]',
        '"pageInfo":{"hasPreviousPage":true,"startCursor":"a"}', '"first":false', '"firstPage":false', '"previousCursor":"abc"',
        '"page":2', '"pagination":{"page":2,"size":500}', '"当前页":2', '"msg":"第2页/共2页"', '"message":"page 2 of 2"',
        '"startRow":501', '"offset":500', '"from":25', '"batch":"2/2"', '"上一页":"http://x?page=1"', '"prev":"/m?page=1"',
    ],
)  # fmt: skip
def test_what_is_not_the_first_page_proves_nothing(said: str) -> None:
    """The pages before it were given to nobody, and the period was PROVEN."""
    for body in (f'"data":{text(ALL)},{said}', f'"data":{{"list":{text(ALL)},{said}}}'):
        answer, tables = read(f"{{{STATUS},{body}}}")
        assert answer.is_doubtful
        assert tables.counts.received == 24


@pytest.mark.parametrize(
    "said",
    [
        '"page":1', '"page":"1"', '"pageInfo":{"page":1,"hasPreviousPage":false}', '"message":"page 1 of 1"', '"prev":null',
        '"hasPrev":false', '"first":true', '"firstPage":true', '"msg":"第1页/共1页"', '"message":"未截断"', '"offset":0',
        '"message":"not truncated"', '"message":"结果未被截断"', '"startRow":1', '"batch":"1/1"', '"previousCursor":""',
        '"links":{"prev":null,"self":"/m"}', '"_links":{"prev":[]}', '"links":[{"rel":"prev","href":null}]', '"previous_cursor":0',
        '"page":0', '"from":1', '"上一页":null', '"next":{"offset":0,"limit":24}',
    ],
)  # fmt: skip
def test_the_first_page_that_says_so_raises_no_doubt(said: str) -> None:
    for body in (f'"data":{text(ALL)},{said}', f'"data":{{"list":{text(ALL)},{said}}}'):
        answer, _ = read(f"{{{STATUS},{body}}}")
        assert (answer.is_doubtful, answer.warnings) == (False, ())


@pytest.mark.parametrize(
    "key", ["messages", "result", "results", "prompt", "msg_zh", "msgCn", "messageEn", "resultMsg"]
)
def test_words_that_say_the_list_was_cut_are_heard_under_every_usual_key(key: str) -> None:
    for value in ('"结果已截断"', '["结果已截断"]'):
        answer, _ = read(f'{{{STATUS},"data":{text(ALL)},"{key}":{value}}}')
        assert answer.is_doubtful
