"""What answers say of how many records there are: heard by the words that keys are made of, and no more than is meant."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.records.accounted import doubts
from tests.records.paged import ALL, N, read, words
from ytxdata.records.answer import read_answer
from ytxdata.records.paging import TOTAL
from ytxdata.records.reported_losses import LOST, totals_and_losses
from ytxdata.records.spans import Member


@pytest.mark.parametrize(
    "said",
    [
        *(
            {key: 30}
            for key in ("numFound", "recordsFiltered", "TotalRowsCount", "total_number", "totalCnt", "recordNum")
        ),
        *({key: 30} for key in ("confCount", "totalNumber", "numberOfRecords", "nbHits", "total_qty", "entry_count")),
        *(
            {key: 30}
            for key in (
                "记录总数",
                "总计",
                "总条数",
                "会议总数",
                "合计条数",
                "共计",
                "数据总量",
                "iTotalDisplayRecords",
            )
        ),
        *(
            {"total": said}
            for said in ("30条会议记录", "30+", "共30场会议", "1-24 of 30", "超过24条", ">24", "30 records")
        ),
        {"total": {"value": 24, "relation": "gte"}},
        {"has_remaining": True},
        {"next_pos": 3},
        {"page": 0, "page_size": 3, "next_page_uri": "/2010/x?Page=1"},
        {"done": False, "nextRecordsUrl": "/x-200"},
        {"navigation": {"nextPage": {"uri": "https://x?page=2"}}},
        {"paging": {"next": {"after": "MzM="}}},
        {"incomplete_results": True},
        {"metadata": {"continue": "abc", "remainingItemCount": 27}},
        {"continue": {"sroffset": 10, "continue": "-||"}},
        {"Marker": "abc", "MaxItems": 3},
        *({key: True} for key in ("truncated", "@Microsoft.Dynamics.CRM.morerecords", "isMore", "hasMoreData")),
        *({key: True} for key in ("exceededTransferLimit", "moreAvailable", "timed_out", "partialResults")),
        *(
            {key: False}
            for key in ("isFinish", "isFinished", "noMore", "noMoreData", "endOfRecords", "isDone", "completed")
        ),
        {"pageSize": 3, "pageNumber": 1, "nextUri": "/x?pageNumber=2"},
        {"meta": {"count": N, "current_page": 1, "per_page": 3, "next_page_link": "https://x"}},
        {"page": 1, "total": 2, "records": 30},
        {"page": 1, "total": 1, "records": "30"},
        *(
            {key: 3}
            for key in ("totalPages", "pages", "total_page", "page_count", "pageTotal", "last_page", "numPages")
        ),
        *({key: 3} for key in ("总页数", "页数", "全部页数", "allPages", "nbPages", "number_of_pages", "totalPageNum")),
        *({"totalPages": said} for said in ("3", 3.0, "3页", "共 3 页")),
        *({"page": said} for said in ("第1页/共3页", "1/3", "1 of 3", "Page 1 of 3", "第 1 页，共 3 页")),
        *(
            {key: True}
            for key in ("还有更多", "是否有更多", "有下一页", "是否还有下一页", "有更多数据", "terminated_early")
        ),
        {"是否有更多": "是"},
        {"是否最后一页": False},
        {"没有更多": False},
        *({key: 6} for key in ("剩余条数", "剩余记录数", "剩余")),
        *({"下一页": said} for said in (2, "https://x.example/?page=2")),
        {"_shards": {"total": 5, "successful": 4, "failed": 1}},
        {"Content-Range": "items 0-23/30"},
        {"range": "items 0-23/30"},
        *({key: 30} for key in ("estimatedTotalHits", "approximateTotal", "totals", "counts", "X-Total-Count")),
        *({key: {"meetings": 30, "parties": 60}} for key in ("total", "totals", "counts")),
        {"total": {"low": 30, "high": 0, "unsigned": False}},
        *({key: True} for key in ("hasAdditionalPages", "hasFurtherResults", "existMore", "existsMoreData")),
        *(
            {key: True}
            for key in ("responseTruncated", "resultsTruncated", "listIsTruncated", "超出上限", "达到条数上限")
        ),
        *({key: 1} for key in ("more_pages", "moreRecords", "truncatedResults")),
        {"resumptionToken": "oai|20"},
        {"next_max_id": "99"},
        *({key: 6} for key in ("未返回", "未返回条数")),
        *(
            {"msg": said}
            for said in (
                "共30条，显示24条",
                "查询成功，共 30 条记录",
                "Showing 1 to 24 of 30 entries",
                "显示第1-24条，共30条",
            )
        ),
        {"Link": '<https://x.example/?page=2>; rel="next"'},
        *(
            {key: 30}
            for key in words(
                "总场次 总笔数 总件数 总次数 总项数 总份数 总宗数 总行数 会议个数 会议场次 会议次数 会议场数 场数 个数 笔数 件数 全部条数"
                " 全部会议数 所有会议数 累计场次 合计笔数 共计场次 总会议场次 会议数目 结果总数 明细条数 zongshu zongTiaoShu"
                " zong_chang_ci zongji huiyishu jilushu tiaoshu allNum noOfMeetings meetingsNumber grandTotal"
            )
        ),
        *({"total": said} for said in ("30场次", "共30份")),
        *(
            {key: said}
            for key in words(
                "已截断 截断 是否截断 数据被截断 不完整 数据不全 是否部分 部分结果 未完 未完待续 有后续 是否有后续数据 存在下一页"
                " 是否还有更多标识 moreFlag hasMoreFlag isMoreFlag nextFlag nextPageFlag hasNextYn more_ind flagMore remainFlag"
                " truncatedFlag truncFlag isTruncated isTruncate isCut overflow continueFlag needContinue isPartial bHasMore"
            )
            for said in (True, "Y", "是")
        ),
        *(
            {key: said}
            for key in words(
                "是否完整 完整 已全部返回 全部返回 是否取完 是否完成 是否结束 结束标志 是否最后 是否末尾 是否到底 最后一批"
                " endFlag isEndFlag finishFlag lastPageFlag completeFlag listEnd dataComplete allLoaded"
            )
            for said in (False, "N", "否")
        ),
        *({key: 1} for key in ("moreFlag", "更多标志", "nextFlag", "truncatedFlag", "截断", "未完", "是否截断")),
        *({key: "0"} for key in ("endFlag", "finishFlag", "lastPageFlag", "结束标志", "是否完整", "是否结束")),
        {"more": False, "moreFlag": True},
        *(
            {key: 30}
            for key in words(
                "总条目数 条目总数 匹配总数 totalMatches matchCount 命中总数 命中数 符合条件总数 满足条件的记录数 匹配条数 条目数"
            )
        ),
        *(
            {key: 6}
            for key in words(
                "remainingMeetings meetingsRemaining recordsLeft remainingConferenceCount 还剩条数 剩下条数 其余条数 未显示条数"
                " 未列出 剩余条目数 剩余结果 页总数 页数总计 页面总数 pageTotalCount 下一批"
            )
        ),
        *(
            {key: "eyJpZCI6MTIz"}
            for key in words("下一页游标 下页游标 下一批游标 下一页令牌 下一页地址 下一页链接 后续游标 nextChunk")
        ),
        *(
            {key: said}
            for key in words(
                "还有数据 还有 是否还有 还有会议 还有未返回 尚有数据 仍有更多 还有没有更多 有没有更多 还有剩余 未返回全部 未全部返回"
                " notAllReturned 没返回全部 没有返回全部 未取完 没取完 未返回完 moreToCome moreToFollow moreFollows moreDataToFetch"
                " hasNextBatch tooManyResults resultsTooMany 结果过多 数据太多"
            )
            for said in (True, "是")
        ),
        *(
            {key: said}
            for key in words(
                "已返回全部 全部数据已返回 数据已全部返回 已全部加载 全部加载完 已加载完毕 数据加载完成 returnedAll fetchedAll"
                " allDataReturned allMeetingsListed 已显示全部 是否返回完 isLastBatch lastBatch finalBatch isLastChunk 最后批次"
            )
            for said in (False, "否")
        ),
    ],
)
def test_that_there_is_more_is_heard_by_the_words_of_a_key(said: dict[str, Any]) -> None:
    """Thirty-one forms were not heard, and an answer that said that it lacks meetings was PROVEN complete."""
    for body in (
        {"data": {"list": ALL, **said}},
        {"data": ALL, **said},
        {"data": {**said, "x": {"rows": ALL, **said}}},
    ):
        answer = read(body)
        assert answer.is_doubtful
        assert any("prove" in warning.en for warning in answer.warnings)


NEXT = {"href": "https://x.example/m?page=2"}
LEADS_ON: list[dict[str, Any]] = [
    {"links": [{"rel": "self", "href": "/m"}, {"rel": "next", **NEXT, "method": "GET"}]},
    {"link": [{"relation": "self", "url": "/m"}, {"relation": "next", "url": "/m?page=2"}]},
    {"link": [{"@rel": "self", "@href": "/m"}, {"@rel": "next", "@href": "/m?page=2"}]},
    {"links": [{"rel": ["self", "first"], "href": "/m"}, {"rel": ["next"], **NEXT}]},
    {"links": [{"rel": "next", "href": "/m?page=2", "prompt": "Next", "render": "link"}]},
    {"links": [{"rel": "http://www.iana.org/assignments/relation/next", **NEXT}]},
    {"_links": {"self": [{"href": "/m"}], "next": [NEXT]}},
    {"paging": {"links": [{"rel": "next", **NEXT}]}},
    {"hydra:view": {"@id": "/m", "hydra:first": "/m", "hydra:next": "/m?page=2"}},
    {"view": {"@id": "/m", "next": "/m?page=2"}},
    {"hydra:totalItems": 30},
    {"opensearch:totalResults": 30},
    {"@iot.nextLink": "/m?page=2"},
    *({"next": said} for said in ({"page": 2, "limit": 200}, {"offset": 24, "limit": 24}, {"pageNumber": 2})),
    *({"more": said} for said in (1, 3, "yes", "Y", "T", "/m?page=2")),
    *({key: said} for key in ("has_more", "hasMore", "hasNext") for said in ("T", "Yes", "有", "on", ["true"])),
    *({key: 0} for key in ("end", "eof", "isLastPage")),
    *({key: "yes"} for key in ("truncated", "partial", "incomplete")),
    *({key: "eyJpZCI6MTIzfQ"} for key in ("cursor_next", "pageTokenNext", "next_cursor")),
    *({key: True} for key in ("limitExceeded", "limitReached", "sizeLimitExceeded", "exceededLimit", "is_limit_hit")),
    *({key: 1} for key in ("limitExceeded", "timedOut", "truncated")),
    *(
        {"total": said}
        for said in (
            "5/30", "5 of 30", "24 out of 30", "共30条，显示5条", "共 30 条，每页 5 条", "Showing 1 to 5 of 30 entries",
            "Showing 1 to 5 of 30 entries (filtered from 100 total entries)", "Showing 1 to 5 of 30 rows", "总共30条",
            "显示第 1 到第 5 条记录，总共 30 条记录", "显示第 1 至 5 项结果，共 30 项", ["30"], {"ended": 20, "running": 10},
            {"已结束": 20, "进行中": 10},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("said", LEADS_ON)
def test_a_link_to_the_next_page_is_heard_in_every_usual_form(said: dict[str, Any]) -> None:
    """Lists were left out, and 22 meetings of the second page were missing in what was PROVEN."""
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}, {"data": {"x": {"rows": ALL, **said}}}):
        answer = read(body)
        assert (answer.is_doubtful, len(answer.records)) == (True, N)
        assert not read(body, N).is_doubtful


ONLY_PAGE: list[dict[str, Any]] = [
    {"links": [{"rel": "self", "href": "/m"}, {"rel": "first", "href": "/m"}, {"rel": "last", "href": "/m"}]},
    {"links": [{"rel": "next", "href": None}, {"rel": "prev", "href": ""}]},
    {"link": [{"relation": "self", "url": "/m"}]},
    {"link": [{"@rel": "self", "@href": "/m", "@type": "application/json"}]},
    {"links": [{"rel": ["self"], "href": "/m"}], "class": ["meetings"]},
    {"links": [{"rel": "self", "href": "/m", "prompt": "x", "render": "link", "name": "y"}]},
    {"_links": {"next": None, "self": [{"href": "/m"}], "first": [{"href": "/m", "templated": False}]}},
    {"_links": {"self": [{"href": "/m", "name": "x"}], "next": []}},
    {"hydra:view": {"@id": "/m", "@type": "x", "hydra:first": "/m", "hydra:last": "/m"}, "hydra:totalItems": N},
    {"opensearch:totalResults": N, "opensearch:itemsPerPage": 50, "opensearch:startIndex": 1},
    {"previous": {"page": 1, "limit": 10}},
    {"more": 0},
    {"more": "no"},
    {"last": {"page": 1, "limit": 200}, "next": {"page": 0}},
    {"start": 0, "end": 0},
    {"from": 0, "end": 0},
    {"end": 1, "eof": "1", "finished": 0, "running": 3},
    *({key: False} for key in ("limitExceeded", "limitReached")),
    {"limit": 200, "maxLimit": 500, "cursorNext": None, "limitReached": 0},
    *({"total": said} for said in (f"{N}/{N}", f"共{N}条，显示{N}条", f"Showing 1 to {N} of {N} entries", [str(N)])),
    {"total": {"ended": 20, "running": 4}},
    {"total": {"meetings": N, "minutes": 900}},
    {"totals": {"duration": 900, "amount": "12.5"}},
    {"total": {"参会人次": 100}},
]


@pytest.mark.parametrize("said", ONLY_PAGE)
def test_links_of_the_only_page_are_no_doubt_and_no_reject(said: dict[str, Any]) -> None:
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}):
        answer = read(body)
        assert (answer.is_doubtful, doubts(answer), len(answer.records)) == (False, [], N)


@pytest.mark.parametrize(
    "states",
    words("已结束/进行中 已完成/未开始 结束/开始 finished/running completed/ongoing done/open last/next 已归档/部分"),
)
def test_meetings_in_lists_by_their_state_are_no_flag(states: str) -> None:
    """Each was told that it holds more than it gives, and nothing was ever PROVEN from it."""
    first, second = states.split("/")
    for n in (0, 1, 2, N - 1, N):
        lists = {first: ALL[n:], second: ALL[:n]}
        shapes = [lists, {key: {"items": one} for key, one in lists.items()}]
        shapes += [{key: {str(it["meid"]): it for it in one} for key, one in lists.items()}]
        for data in shapes:
            answer = read({"data": data})
            assert (len(answer.records), answer.is_doubtful, answer.warnings) == (N, False, ()), data


@pytest.mark.parametrize("id_", [1923847, {"$numberLong": "1923847"}, "1923847"])
def test_a_cursor_of_mongo_that_is_open_has_more(id_: Any) -> None:
    for batch in ("firstBatch", "nextBatch"):
        assert read({"cursor": {batch: ALL, "id": id_, "ns": "x.meetings"}, "ok": 1}).is_doubtful
        assert not read({"cursor": {batch: ALL, "id": 0, "ns": "x.meetings"}, "ok": 1}).is_doubtful


LINK = "https://x.example/meetings?page=1"
FULL: dict[str, dict[str, Any]] = {
    "Spring": {"totalElements": N, "totalPages": 1, "last": True, "first": True, "size": 50, "number": 0, "numberOfElements": N, "empty": False, "pageable": {"pageNumber": 0, "offset": 0, "paged": True}},
    "PageHelper": {"total": N, "pageNum": 1, "pageSize": 50, "size": N, "startRow": 1, "endRow": N, "pages": 1, "prePage": 0, "nextPage": 0, "isFirstPage": True, "isLastPage": True, "hasNextPage": False, "navigatePages": 8, "navigateFirstPage": 1},
    "MyBatis-Plus": {"total": N, "size": 50, "current": 1, "pages": 1, "orders": [], "optimizeCountSql": True, "searchCount": True},
    "Laravel": {"current_page": 1, "from": 1, "last_page": 1, "next_page_url": None, "path": LINK, "per_page": 50, "prev_page_url": None, "to": N, "total": N},
    "Django": {"count": N, "next": None, "previous": None},
    "DataTables": {"draw": 1, "recordsTotal": N, "recordsFiltered": N},
    "old DataTables": {"sEcho": 1, "iTotalRecords": N, "iTotalDisplayRecords": N},
    "jqGrid": {"page": 1, "total": 1, "records": N},
    "layui": {"code": 0, "count": N, "msg": ""},
    "Kaminari": {"meta": {"current_page": 1, "next_page": None, "prev_page": None, "total_pages": 1, "total_count": N}},
    "Relay": {"pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": "YQ==", "endCursor": "eg=="}, "totalCount": N},
    "JSON:API": {"links": {"self": LINK, "first": LINK, "last": LINK, "next": None}, "meta": {"total": N}},
    "HAL": {"_links": {"self": {"href": LINK}, "find": {"href": LINK, "templated": True}}, "page": {"size": 50, "totalElements": N, "totalPages": 1, "number": 0}},
    "OData": {"@odata.context": LINK, "@odata.count": N},
    "Solr": {"numFound": N, "start": 0, "numFoundExact": True, "maxScore": 1.0},
    "Elasticsearch": {"took": 3, "timed_out": False, "_shards": {"total": 5, "successful": 5, "skipped": 0, "failed": 0}, "total": {"value": N, "relation": "eq"}},
    "Salesforce": {"totalSize": N, "done": True},
    "Twilio": {"page": 0, "page_size": 50, "start": 0, "end": N - 1, "first_page_uri": "/x?Page=0", "next_page_uri": None, "previous_page_uri": None, "uri": "/x"},
    "GitHub": {"total_count": N, "incomplete_results": False},
    "AWS": {"IsTruncated": False, "MaxItems": 100, "Marker": "", "KeyCount": N},
    "Kubernetes": {"metadata": {"resourceVersion": "1234", "selfLink": "/api"}},
    "Google": {"kind": "x#list", "etag": "abc", "resultSizeEstimate": 100},
    "Tencent": {"total_count": N, "current_size": N, "has_remaining": False, "next_pos": 0},
    "Zoom": {"page_count": 1, "page_number": 1, "page_size": 50, "total_records": N, "next_page_token": ""},
    "RingCentral": {"navigation": {"firstPage": {"uri": LINK}, "lastPage": {"uri": LINK}}, "paging": {"page": 1, "perPage": 50, "pageStart": 0, "pageEnd": N - 1, "totalPages": 1, "totalElements": N}},
    "Genesys": {"pageSize": 50, "pageNumber": 1, "total": N, "firstUri": "/x", "selfUri": "/x", "lastUri": "/x", "pageCount": 1},
    "Feishu": {"has_more": False, "page_token": ""},
    "Stripe": {"object": "list", "url": "/v1/x", "has_more": False},
    "Slack": {"ok": True, "response_metadata": {"next_cursor": ""}},
    "Jira": {"startAt": 0, "maxResults": 50, "total": N, "isLast": True},
    "Cloudflare": {"success": True, "result_info": {"page": 1, "per_page": 50, "total_pages": 1, "count": N, "total_count": N}},
    "Algolia": {"nbHits": N, "page": 0, "nbPages": 1, "hitsPerPage": 50, "exhaustiveNbHits": True},
    "Typesense": {"found": N, "out_of": 500, "page": 1, "search_cutoff": False, "search_time_ms": 3},
    "Yii": {"_meta": {"totalCount": N, "pageCount": 1, "currentPage": 1, "perPage": 50}},
    "ArcGIS": {"exceededTransferLimit": False},
    "GBIF": {"offset": 0, "limit": 50, "endOfRecords": True, "count": N},
}  # fmt: skip


@pytest.mark.parametrize("name", FULL)
def test_the_only_page_of_a_framework_raises_no_doubt(name: str) -> None:
    for body in ({"data": {"list": ALL, **FULL[name]}}, {"data": ALL, **FULL[name]}):
        answer = read(body)
        assert (answer.is_doubtful, answer.warnings, len(answer.records)) == (False, (), N)
    answer = read({"data": {"list": [], **json.loads(json.dumps(FULL[name]).replace(str(N), "0"))}})
    assert (answer.is_doubtful, answer.warnings, answer.records) == (False, (), ())


@pytest.mark.parametrize(
    "said",
    [
        {"nextMeetingTime": "2026-03-06 10:00:00", "nextMeeting": "周会", "nextStart": "2026-03-06 10:00:00"},
        {"hasMoreRights": True, "remainingMinutes": 300, "remainingTime": 30, "nextBillingDate": "2026-04-01"},
        {
            "totalMinutes": 900,
            "totalDuration": 54000,
            "totalAmount": "12.5",
            "memberCount": 7,
            "totalUsers": 9,
            "totalPages": 1,
        },
        {
            "account": "x1",
            "discount": 8,
            "countdown": 60,
            "roomNumber": 8001,
            "confNum": 8001,
            "rowNum": 50,
            "limitCount": 50,
        },
        {"每页条数": 50, "当前页": 1, "会议总时长": 900, "数据": 5},
        *(
            {key: said}
            for key in ("totalPages", "pages", "pageCount", "last_page", "总页数")
            for said in (0, 1, "1", None)
        ),
        {"currentPage": 1, "allPages": 1},
        {"pageCount": N, "total": N},
        {"当前页": "第1页/共1页", "page": "1/1", "还有更多": False, "剩余条数": 0, "下一页": "无", "没有更多": True},
        {"最后一页": True, "是否最后一页": "是", "是否有更多": "否", "剩余分钟": 30, "有效页": 3, "首页": 3},
        {"maxPages": 100, "pageSize": 50, "pageNo": 1, "landingPage": "3", "homepages": 3, "pageId": 3},
        {"Content-Range": f"items 0-{N - 1}/{N}", "Link": f'<{"x"}>; rel="prev"', "terminated_early": False},
        {"_shards": {"total": 5, "successful": 5, "failed": 0}, "shards": 3},
        {"nextOffset": N, "total": N},
        {"done": 1, "last": "2026-03-05", "end": N, "complete": "5", "partial": 3},
        {"isEnd": "", "hasMore": None, "noMore": None},
        {"total": {"meetings": N, "parties": 60}, "totals": {"records": 60, "meetings": N}, "counts": {"meetings": N}},
        {
            "total": {"low": N, "high": 0, "unsigned": False},
            "totals": {"parties": 60, "minutes": 900},
            "estimatedTotalHits": N,
        },
        {
            "msg": f"查询成功，共{N}条",
            "message": f"Showing 1 to {N} of {N} entries",
            "pager": "1/1",
            "range": f"0-{N - 1}/{N}",
        },
        {"msg": "共 3 条未读消息", "message": "step 1 of 3 done", "tips": "共3页", "info": "2026-03-05 10:00:00"},
        {
            "more_pages": 0,
            "additional": 1,
            "further": 5,
            "additionalInfo": True,
            "responseTruncated": False,
            "超出上限": False,
        },
        {"resumptionToken": "", "next_max_id": None, "未返回": 0, "existMore": False, "上限": 50, "限制条数": 50},
        # a session's own number, what is asked or counted of something else, and where meetings stand
        {
            "场次": 30,
            "次数": 30,
            "行数": 50,
            "每页笔数": 50,
            "每页场次": 50,
            "本场次": 30,
            "参会人次": 100,
            "总人次": 100,
        },
        {
            "项目数": 30,
            "项目总数": 30,
            "总份额": 30,
            "总时长": 900,
            "总分钟数": 900,
            "总通数": 90,
            "通话总数": 90,
            "累计": 900,
        },
        {
            "累计分钟数": 900,
            "共享数": 30,
            "剩余场次": "不限",
            "可用场次": 30,
            "今日调用次数": 300,
            "总费用": 30,
            "heji": "12.5",
        },
        {"meetingNum": 8001, "confNo": 8001, "callTotal": 90, "zong": 30, "shu": 30, "gongsi": 30, "jiage": 30},
        {"已结束": 0, "进行中": 1, "完成": 0, "未完成": 1, "已完成": 0, "结束": 0, "开始": 0, "最后": "2026-03-05"},
        {
            "remain": 1,
            "overflow": 0,
            "continued": 0,
            "endFlag": "Y",
            "moreFlag": "N",
            "nextFlag": 0,
            "lastPageFlag": "1",
        },
        {
            "flag": 0,
            "endTimeFlag": "N",
            "flagged": True,
            "recordFlag": "Y",
            "deleteFlag": "N",
            "chargeFlag": 1,
            "blast": 0,
        },
        {
            "是否录音": "是",
            "录音是否完整": "否",
            "会议是否结束": "否",
            "是否完整": "是",
            "已截断": "否",
            "截断": 0,
            "部分": 3,
        },
        {"hasMoreRights": "Y", "nextMeeting": "无", "remainingTime": 1, "完整性": 1, "后续": "无", "是否有后续": "否"},
        {"总条目数": N, "匹配总数": N, "totalMatches": N, "matchCount": N, "remainingMeetings": 0, "页总数": 1},
        {
            "下一页游标": "",
            "下一页令牌": None,
            "下一页地址": "无",
            "还有数据": False,
            "还有": "否",
            "moreToCome": False,
        },
        {
            "已返回全部": True,
            "全部加载完": True,
            "加载完成": True,
            "isLastBatch": True,
            "未返回全部": False,
            "未取完": 0,
        },
        {
            "lastBatch": "2026-03-05",
            "批次": 3,
            "batchNo": 3,
            "batchSize": 50,
            "segments": 3,
            "chunk": 1,
            "isFirstBatch": False,
        },
        # what came, what is asked for, and what of a meeting is shown
        {"返回": N, "已返回": N, "返回条数": N, "已显示": N, "返回结果": False, "获取时间": "2026-03-05 10:00:00"},
        {
            "返回全部": False,
            "显示全部": "否",
            "是否返回全部": False,
            "showAll": False,
            "returnAll": False,
            "allSent": False,
        },
        {
            "未显示号码": True,
            "未加载录音": True,
            "还有效": True,
            "没有录音": True,
            "有数据": True,
            "hasData": True,
            "没收": True,
        },
        {
            "地址": "北京",
            "链接": "https://x",
            "游标": "a1",
            "令牌": "x",
            "列表": "是",
            "完": 1,
            "未完结": 1,
            "结束批次": 3,
        },
        {"匹配": True, "匹配度": 98, "命中": True, "命中率": 30, "matches": 30, "matchMode": 1, "符合": 30, "条目": 30},
        {
            "下一步": 3,
            "剩余链接": 3,
            "剩余会议时长": 30,
            "完成数": 30,
            "pending": 3,
            "coming": 1,
            "toomany": 0,
            "moreInfo": True,
        },
        {
            "maxRecords": 50,
            "range": "2026-03-01/2026-03-31",
            "summary": {"meetings": 30},
            "headers": {"X-Total-Count": "30"},
        },
    ],
)
def test_what_is_made_of_other_words_is_not_heard(said: dict[str, Any]) -> None:
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}):
        assert (read(body).is_doubtful, doubts(read(body))) == (False, [])


PAGE_OF_WHICH = {"page", "pageNum", "pageNumber", "current", "current_page", "currentPage", "number", "page_number"}


@pytest.mark.parametrize("name", FULL)
def test_the_only_page_raises_no_doubt_where_it_has_no_number(name: str) -> None:
    said = {key: one for key, one in FULL[name].items() if isinstance(one, dict) or key not in PAGE_OF_WHICH}
    if name == "jqGrid":  # `total` is then of whatever it says
        return
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}):
        answer = read(body)
        assert (answer.is_doubtful, answer.warnings, len(answer.records)) == (False, (), N)


@pytest.mark.parametrize(
    "said", [{"totalPages": 0}, {"page": 1, "records": 0}, {"page": 0}, {"total": 0}, {"总页数": 0}, {"numFound": 0}]
)
def test_a_number_of_thousands_of_digits_is_none(said: dict[str, int]) -> None:
    digits = "1" * 5000
    for number in (digits, f'"{digits}"'):  # written out: Python makes no text of such a number
        body = ", ".join(f'"{key}": {one or number}' for key, one in said.items())
        answer = read_answer(f'{{"data": {json.dumps(ALL)}, {body}}}'.encode())
        assert (len(answer.records), answer.announced) == (N, None)


def test_no_number_takes_long() -> None:
    start = time.process_time()
    for piece in ("第1", "1 ", "1,", "共1页"):
        assert (
            totals_and_losses([Member(key, f'"{piece * 40_000}"'.encode(), 0, 0) for key in ("total", "pages", "page")])
            == []
        )
    assert totals_and_losses([Member("errors", f'"0{" " * 40_000}x"'.encode(), 0, 0)]) == [LOST]
    assert time.process_time() - start < 5


def test_no_key_takes_long() -> None:
    start = time.process_time()
    for word in (
        "条数",
        "total",
        "confconference",
        "numnumber",
        "记录数",
        "item",
        "doc",
        "i",
        "数量",
        "list",
        "all",
        "匹配",
        "批",
        "more",
    ):
        assert not TOTAL.fullmatch(word * 20_000 + "x")
        assert (
            totals_and_losses(
                [Member(f"{one}{word * 2_000}x", b"1", 0, 0) for one in ("next", "pages", "是否", "剩余")]
            )
            == []
        )
    assert time.process_time() - start < 5


@pytest.mark.parametrize("word", ["data", "list", "record", "word", "errors", "会议", "has", "未返回", "warn"])
def test_no_answer_takes_long_by_a_key(word: str) -> None:
    long = word * 5_000
    start = time.process_time()
    for beside in ({long: 7}, {long: {"total": 7, long: True}}, {"links": [{"rel": long, "href": "/m"}]}):
        assert not read({"data": {**beside, "list": ALL}}).is_doubtful
    assert time.process_time() - start < 3


PLACE = {"pageNum": 1, "pageSize": 50, "pages": 3, "hasNextPage": True, "total": 30}
HEARD_FORMS: list[dict[str, Any]] = [
    # a cursor or an address holds whatever digits it likes
    *({key: "1772672400000"} for key in ("nextCursor", "nextSince", "下一页游标", "LastEvaluatedKey", "marker")),
    *({key: "/m?before=2026-02-26 12:00:00"} for key in ("next", "more", "nextPageUrl")),
    {"next": "https://x.example/v1/accounts/12345678/meetings?page=2"},
    {"_links": {"next": {"href": "/meetings?before=2026-02-26 12:00:00"}}},
    {"nextId": 987654321},
    # a page repeats the question, and says how long it took
    *({key: {**PLACE, "startTime": "2026-01-01 00:00:00"}} for key in ("page", "meta", "pageInfo", "分页")),
    {"meta": {**PLACE, "duration": 35}},
    {"pagination": {**PLACE, "id": "1", "createTime": "2026-03-05 10:00:00"}},
    {"meta": {"pagination": {"total": 30, "startTime": "2026-01-01 00:00:00"}}},
    # what an object's key names is what its total counts: the answer, or nothing else
    *({key: {"code": 0, "msg": "ok", "total": 30}} for key in ("head", "result", "status", "respHeader", "查询结果")),
    {"header": {"code": 0, "message": "ok", "hasMore": True}},
    {"head": {"code": 0, "time": "2026-03-05 10:00:00", "total": 30}},
    {"ResponseMetadata": {"RequestId": "x1", "TotalCount": 30}},
    {"pageResult": {"total": 30, "orderBy": "starttime"}},
    *({key: {"会议总数": 30, "总时长": 900}} for key in ("统计", "汇总", "summary")),
    *({key: {"total": 30}} for key in ("summary", "rs", "x", "confData", "meetingStats", "ext")),
    # in an object that only counts, by whatever name that is not of another thing
    *(
        {key: {"total": 30, "limit": 100, "offset": 0}}
        for key in words("pageVO pageBean pageModel pageDTO 翻页 分页参数 概况 collection range listing window 情况")
    ),
    {"翻页": {"总数": 30}},
    # that nothing was cut says nothing of the next page
    *({key: False, "nextPageToken": "eyJ"} for key in ("truncated", "responseTruncated", "overflow", "已截断", "isCut")),
    {"truncated": False, "next": "https://x.example/m?page=2"},
    # flags as numbers with a point, as how many there are, as words
    *({key: said} for key in ("hasMore", "has_more", "hasNext") for said in (1.0, "1.0", 6, "有更多", "还有更多", "more")),
    *({"isEnd": said} for said in (0.0, "0.0", "未结束", "未完", "not finished", {"code": 0, "desc": "否"})),
    {"hasMore": {"code": 1, "desc": "是"}},
    *(
        {"total": said}
        for said in (
            "共30条，本次返回24条", "共30条，2页", "24条/共30条", "1～24/30", "第1-24条/共30条", "合计：30条",
            {"已结束": "29", "进行中": "1"}, {"ended": 29.0, "running": 1.0},
        )
    ),
    *(
        {"statusMsg": said}
        for said in (
            "查询成功，共查询到30条记录", "共找到30条，返回24条", "总条数：30", "返回24条，总计：30条", "Total records: 30",
            "Found 30 records, showing first 24", "Returned 24 of 30 records", "30 records found", "共30场会议，已返回24场",
        )
    ),
    *({key: 2} for key in words("下一页码 下页码 后一页 最大页码 maxPage max_page_no")),
    *({key: "eyJ"} for key in words("nextScrollId moreUrl moreLink")),
    *({key: {"next": "eyJ"}} for key in ("cursor", "cursors")),
    {"link": {"@rel": "next", "@href": "/m?page=2"}},
    *({"pageInfo": said} for said in ("第1页/共2页", "1/2")),
    *({key: "第1页，共2页"} for key in ("分页", "pager")),
    *(
        {key: True}
        for key in words(
            "resultSetTruncated maxResultsReached 已达上限 达到上限 已达到最大条数 返回结果不完整 mayHaveMore canLoadMore"
        )
    ),
    *({key: False} for key in words("记录是否完整 数据是否完整 没有更多了 reachedEnd 已经到底了")),
]  # fmt: skip


@pytest.mark.parametrize("said", HEARD_FORMS)
def test_that_there_is_more_is_heard_in_whatever_form_it_is_said(said: dict[str, Any]) -> None:
    """Each went unheard: a fifth of the meetings was missing in what was PROVEN. Escaped, a word is the same word."""
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}):
        assert (read(body).is_doubtful, len(read(body).records)) == (True, N)
        assert not read(body, N).is_doubtful
        assert read_answer(json.dumps(body).encode()).is_doubtful


ALL_PLACE = {"pageNum": 1, "pageSize": 50, "pages": 1, "hasNextPage": False, "total": N}
OTHER_FORMS: list[dict[str, Any]] = [
    # times and long numbers of the next meeting
    *({"next": said} for said in ("2026-03-06 10:00:00", "20260306", 1772672400000)),
    *({key: "20260306100000"} for key in ("nextMeeting", "nextStart", "more", "下一场")),
    {"remaining": 99999999},
    {"page": {**ALL_PLACE, "startTime": "2026-01-01 00:00:00", "endTime": "2026-12-31 23:59:59"}},
    {"head": {"code": 0, "msg": "ok", "total": N}},
    {"header": {"code": 0, "hasMore": False}},
    {"header": {"total": "合计", "meid": "会议号"}},
    *({key: {"total": 500, "ended": 480, "running": 20}} for key in ("stats", "status", "统计")),
    *({"truncated": False, key: said} for key in ("next", "nextPageToken") for said in ("", None, "-")),
    *({"hasMore": said} for said in (0.0, "0.0", "没有更多", "无更多", "no more", -1, "unknown", {"code": 0, "desc": "否"})),
    *({"isEnd": said} for said in (1.0, "1.0", "已结束", "finished", "到底了")),
    {"remain": 6, "state": "未结束", "last": "done", "end": "未结束", "limitReached": 0},
    *({"total": said} for said in (f"共{N}条，本次返回{N}条", f"1～{N}/{N}", "1000元", "共3页", "共8个会议室", "2026-03-05")),
    {"total": {"已结束": str(N - 1), "进行中": "1"}},
    # a sentence counts what its noun says
    *(
        {"message": said}
        for said in (
            f"查询成功，共查询到{N}条记录", f"Returned {N} of {N} records", "您的企业共8个会议室", "公告：共3条规则更新",
            "本月合计2笔账单", "共5条录音待下载", "您已开通共30条线路", "共有5个会议号可用", "共30条通话录音", "共2项服务到期",
            "Found 3 meeting rooms", "合计：30元", "总时长：300", "今日共30次调用", "total: 5400 ms", "page 1 of 3 loaded",
        )
    ),
    # words for nothing
    *(
        {"nextCursor": said}
        for said in ("undefined", "nil", "N/A", "-", "end", "END", "0.0", "没有更多", "已到末页", "last page", "[]", "暂无")
    ),
    *({"nextPage": said} for said in (0.0, -1.0, "末页", "没有下一页")),
    # what another thing's object counts
    *(
        {key: {"total": 99}}
        for key in words(
            "participants recordings duration timings members rooms sms fee invoices tags notifications licenses 人数 录音"
            " 账单 短信 参会人 部门 话费 并发 线路 会议室 号码 未读"
        )
    ),
    *({key: {"total": 99}} for key in words("attendees speakers hosts minutes onlineUsers pageViews 话单 会场 主持人 时长 终端 文件")),
    {"费用": {"合计": 99}, "余额": {"总计": 300}, "未读": {"总数": 3}},
    {"recordings": {"count": 3, "totalCount": 7}},
    *({key: {"total": 30, "list": ["系统维护通知"]}} for key in ("notices", "公告", "departments", "tags", "热词")),
    {"logs": {"hasMore": True, "list": ["登录", "查询"]}, "公告": {"总数": 9, "列表": ["3月5日维护"]}},
    {"cursor": {"next": None, "prev": "abc"}, "cursors": {"after": "x", "before": "y"}},
    {"link": {"@rel": "self", "@href": "/m"}},
    {"pager": "1/1", "pageInfo": "第1页/共1页", "maxPage": 1, "最大页码": 1, "最大页数": 100, "下一页码": 0},
    {"resultSetTruncated": False, "maxResults": 50, "已达上限": False, "canLoadMore": False, "reachedEnd": True},
]  # fmt: skip


@pytest.mark.parametrize("said", OTHER_FORMS)
def test_what_says_that_this_is_all_or_counts_another_thing_raises_no_doubt(said: dict[str, Any]) -> None:
    for body in ({"data": {"list": ALL, **said}}, {"data": ALL, **said}):
        assert (read(body).is_doubtful, len(read(body).records)) == (False, N)
        assert not read_answer(json.dumps(body).encode()).is_doubtful


def test_a_page_that_repeats_the_question_is_no_reject_and_no_meeting() -> None:
    for page in ({**PLACE, "startTime": "2026-01-01 00:00:00", "total": 0, "pages": 0, "hasNextPage": False},):
        answer = read({"data": {"page": page, "list": []}})
        assert (answer.records, answer.is_doubtful) == ((), False)
    for whole in ({"page": ALL[0]}, {"head": {"roomNo": 9, "begin": "10:00", "total": 0}}):
        assert len(read({"data": {"list": [], **whole}}).records) == 1  # what may be a meeting is told


@pytest.mark.parametrize("word", words("meta data list page result set load more not reach max 未 到 已 码 了"))
def test_no_word_of_a_page_takes_long_where_it_is_repeated(word: str) -> None:
    start = time.process_time()
    for key in (word * 1000 + "xyz", word * 1000 + "总xyz"):
        assert not read({"data": ALL, key: {"total": 30}}).is_doubtful
        assert not read({"data": ALL, "hasMore": key, "msg": key}).is_doubtful
    assert time.process_time() - start < 5
