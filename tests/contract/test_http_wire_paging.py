from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from bridgehead.errors import Failed
from tests.support.http_server import Asked, Told, http_server
from tests.support.http_wires import Wired

ROWS = [{"id": number, "nr": f"A{number}"} for number in range(7)]


def cursor_in_query(asked: Asked) -> Told:
    at = int(asked.query.get("cursor", "0"))
    return Told(body={"items": ROWS[at : at + 3], "next": str(at + 3) if at + 3 < len(ROWS) else None})


def cursor_in_body(asked: Asked) -> Told:
    assert isinstance(asked.json, dict)
    at = int(asked.json["page"].get("after", 0))
    return Told(body={"items": ROWS[at : at + 3], "next": at + 3 if at + 3 < len(ROWS) else ""})


def address(asked: Asked) -> Told:
    at = int(asked.query.get("at", "0"))
    more = {"next": f"/orders?at={at + 3}"} if at + 3 < len(ROWS) else {}
    return Told(body={"items": ROWS[at : at + 3], **more})


def pages(asked: Asked) -> Told:
    at = (int(asked.query["p"]) - 1) * int(asked.query["n"])
    return Told(body={"items": ROWS[at : at + int(asked.query["n"])]})


def offsets(asked: Asked) -> Told:
    at = int(asked.query["from"])
    return Told(body={"items": ROWS[at : at + 3], "total": len(ROWS)})


def links(asked: Asked) -> Told:
    at = int(asked.query.get("at", "0"))
    link = f'</other?a=1,2>; rel="prev first", </orders?at={at + 3}>; title="a, b"; rel="next"'
    return Told(body={"items": ROWS[at : at + 3]}, headers={"Link": link} if at + 3 < len(ROWS) else {})


def keys(asked: Asked) -> Told:
    beyond = asked.query.get("after", "")
    return Told(body={"items": [row for row in ROWS if str(row["nr"]) > beyond][:3]})


POST = {"path": "/orders", "method": "POST", "body": {"page": {"size": 3}}}


@pytest.mark.parametrize(
    "handler, read, asked",
    [
        (cursor_in_query, {"paging": {"cursor": {"at": "next", "param": "cursor"}}}, 3),
        (cursor_in_body, {"paging": {"cursor": {"at": "next", "param": "page.after"}}, "request": POST}, 3),
        (address, {"paging": {"cursor": {"at": "next"}}}, 3),
        (pages, {"paging": {"page": {"param": "p", "size": 3, "size_param": "n"}}}, 3),
        (pages, {"paging": {"page": {"param": "p", "size": 7, "size_param": "n"}}}, 2),
        (offsets, {"paging": {"offset": {"param": "from", "size": 3}}}, 3),
        (links, {"paging": {"link": True}}, 3),
        (keys, {"paging": {"keyset": {"field": "number", "param": "after", "size": 3}}}, 3),
    ],
)
async def test_every_page_of_a_list_is_read(
    handler: Callable[[Asked], Told], read: Mapping[str, object], asked: int
) -> None:
    """A list of several pages comes whole and in order, by whichever way the system pages."""
    async with http_server(handler) as server, Wired(server.url, read=read) as wired:
        answer = await wired.find()
    assert answer.rows == ROWS
    assert (answer.asked, len(server.asked), wired.limits.admitted) == (asked, asked, asked)


async def test_a_system_that_gives_smaller_pages_than_asked_is_followed_by_its_count() -> None:
    """Where the system says how many there are, a page that is not full does not end the list."""
    read = {"paging": {"offset": {"param": "from", "size": 5}}, "complete": {"count": "total"}}
    async with http_server(offsets) as server, Wired(server.url, read=read) as wired:
        answer = await wired.find()
    assert (answer.rows, answer.total) == (ROWS, 7)


@pytest.mark.parametrize(
    "body, headers, paging, says",
    [
        ({"items": ROWS, "next": "same"}, {}, {"cursor": {"at": "next", "param": "c"}}, "circle"),
        ({"items": ROWS}, {"Link": "</orders?at=1>; rel=next"}, {"link": True}, "circle"),
        ({"items": ROWS[:3]}, {}, {"page": {"param": "p", "size": 3}}, "p is not heeded"),
        ({"items": ROWS[:3]}, {}, {"keyset": {"field": "number", "param": "p", "size": 3}}, "circle"),
        ({"items": ROWS}, {}, {"offset": {"param": "p", "size": 3}}, "7 records where 3 were asked for"),
        ({"items": [{"id": 1}] * 2}, {}, {"keyset": {"field": "number", "param": "p", "size": 2}}, "nothing at nr"),
        ({"items": ROWS, "next": {"a": 1}}, {}, {"cursor": {"at": "next", "param": "c"}}, "no single value"),
    ],
)
async def test_a_list_that_cannot_be_followed_is_an_error(
    body: object, headers: Mapping[str, str], paging: Mapping[str, object], says: str
) -> None:
    """A list that runs in a circle, or whose pages are not what was asked for, fails; it is never taken as whole."""
    async with (
        http_server(lambda _: Told(body=body, headers=headers)) as server,
        Wired(server.url, read={"paging": paging}) as wired,
    ):
        with pytest.raises(Failed, match=says) as failed:
            await wired.find()
    assert (failed.value.error_class, failed.value.applied) == ("invalid_output", False)
    assert len(server.asked) <= 3


async def test_more_pages_than_allowed_are_an_error() -> None:
    """A list is never cut off at ``at_most``: one page more fails, exactly as many do not."""
    paging = {"cursor": {"at": "next", "param": "cursor"}}
    async with http_server(cursor_in_query) as server:
        async with Wired(server.url, read={"paging": {**paging, "at_most": 3}}) as wired:
            assert (await wired.find()).rows == ROWS
        async with Wired(server.url, read={"paging": {**paging, "at_most": 2}}) as wired:
            with pytest.raises(Failed, match="more than 2 pages") as failed:
                await wired.find()
    assert failed.value.error_class == "invalid_output"


async def test_what_tells_that_a_list_is_whole_is_handed_on() -> None:
    """Count and end mark come with the answer, from body or header, and a count that is no number is an error."""
    handler = {"told": Told(body={"items": ROWS[:2], "total": "7", "end": None}, headers={"X-Total": "9"})}
    async with http_server(lambda _: handler["told"]) as server:
        async with Wired(server.url, read={"complete": {"count": "total", "end": "end"}}) as wired:
            answer = await wired.find()
            assert (answer.total, answer.ended) == (7, False)
        async with Wired(server.url, read={"complete": {"count_header": "x-total"}}) as wired:
            answer = await wired.find()
            assert (answer.total, answer.ended) == (9, True)
        async with Wired(server.url, read={"complete": {"count": "absent"}}) as wired:
            assert (await wired.find()).total is None
        handler["told"] = Told(body={"items": [], "total": "many"})
        async with Wired(server.url, read={"complete": {"count": "total"}}) as wired:
            with pytest.raises(Failed, match="the count at total is no number"):
                await wired.find()


@pytest.mark.parametrize(
    "body, says",
    [
        ({"lists": []}, "nothing at items"),
        ({"items": [{"id": 1}, "x"]}, "entry 2 of items is no record"),
        ([], "nothing at items"),
    ],
)
async def test_an_answer_of_another_shape_is_an_error(body: object, says: str) -> None:
    """A list that is not where it was declared to be, or holds no records, is invalid output and never empty."""
    async with http_server(lambda _: Told(body=body)) as server, Wired(server.url) as wired:
        with pytest.raises(Failed, match=says) as failed:
            await wired.find()
    assert failed.value.error_class == "invalid_output"


async def test_an_empty_list_and_one_record_are_answers() -> None:
    """No content and null are an empty list; one object where the list lies is one record."""
    told = [Told(204), Told(body={"items": None}), Told(body={"items": {"id": 1}})]
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url) as wired:
        assert [list((await wired.find()).rows) for _ in range(3)] == [[], [], [{"id": 1}]]


async def test_a_list_argument_is_asked_one_by_one_side_by_side() -> None:
    """Each distinct entry is one request, all at once, and the records come in the order of the arguments."""
    waiting: list[asyncio.Event] = []

    async def handler(asked: Asked) -> Told:
        mine = asyncio.Event()
        waiting.append(mine)
        if len(waiting) == 3:
            for one in reversed(waiting):
                one.set()
        await mine.wait()
        return Told(body={"items": [{"id": asked.query["item"]}], "total": 1})

    read = {"each": "items", "request": {"path": "/p", "query": {"item": "{items}"}}, "complete": {"count": "total"}}
    async with http_server(handler) as server, Wired(server.url, read=read) as wired:
        answer = await wired.find(items=["b", "a", "b", "c"])
        assert [row["id"] for row in answer.rows] == ["b", "a", "c"]
        assert (answer.total, answer.asked, server.most) == (3, 3, 3)
        assert (await wired.find(items=[])).rows == []
        with pytest.raises(Failed, match="items is no list") as failed:
            await wired.find(items="abc")
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)


async def test_one_of_many_that_fails_fails_all() -> None:
    """When one entry of a list argument fails the read fails with its class, and nothing goes on in the background."""

    async def handler(asked: Asked) -> Told:
        if asked.query["item"] == "bad":
            return Told(404)
        await server.forever.wait()
        return Told()

    read = {"each": "items", "request": {"path": "/p", "query": {"item": "{items}"}}}
    async with http_server(handler) as server, Wired(server.url, read=read) as wired:
        with pytest.raises(Failed) as failed:
            await wired.find(items=["slow", "bad"])
        assert failed.value.error_class == "not_found"
        assert wired.limits.under_way == 0


async def test_how_old_and_which_version_an_answer_is() -> None:
    """The source's time is Date less Age, the oldest of all pages, if all say it; ETag is the version."""
    dates = [{"Date": "Wed, 25 Nov 2026 16:00:30 GMT", "Age": "45"}, {"Date": "Wed, 25 Nov 2026 16:00:31 GMT"}, {}]

    def handler(asked: Asked) -> Told:
        at = int(asked.query.get("cursor", "0"))
        more = {"next": at + 1} if at + 1 < int(asked.query["pages"]) else {}
        return Told(body={"items": [], **more}, headers={**dates[at], "ETag": f'"v{at}"'})

    read = {
        "request": {"path": "/orders", "query": {"pages": "{pages}"}},
        "paging": {"cursor": {"at": "next", "param": "cursor"}},
    }
    async with http_server(handler) as server, Wired(server.url, read=read) as wired:
        answer = await wired.find(pages=2)
        assert answer.source_time == datetime(2026, 11, 25, 15, 59, 45, tzinfo=UTC)
        assert answer.version == '"v1"'
        assert (await wired.find(pages=3)).source_time is None
        await wired.find(pages=1, primary=True)
    assert [one.headers.get("cache-control") for one in server.asked][-2:] == [None, "no-cache"]


async def test_what_the_system_says_of_more_ends_a_list() -> None:
    """A page shorter than was asked for is not the last while the system says that more follows."""

    def short(asked: Asked) -> Told:
        beyond = asked.query.get("after", "")
        left = [row for row in ROWS if str(row["nr"]) > beyond]
        return Told(body={"items": left[:2], "more": len(left) > 2})

    keyset = {"keyset": {"field": "nr", "param": "after", "size": 100}}
    async with http_server(short) as server:
        read = {"rows": "items", "paging": keyset, "complete": {"more": "more"}}
        async with Wired(server.url, read=read) as wired:
            answer = await wired.find()
        assert (len(answer.rows), answer.ended, len(server.asked)) == (len(ROWS), True, 4)


@pytest.mark.parametrize("said", [None, "false", 0, True])
async def test_a_list_that_does_not_say_it_has_ended_is_not_whole(said: object) -> None:
    """Only `false` itself ends a list; where it is gone, or is anything else, the list is not known to be whole."""
    keyset = {"keyset": {"field": "nr", "param": "after", "size": 100}}

    def silent(asked: Asked) -> Told:
        return Told(body={"items": ROWS[:1] if "after" not in asked.query else [], "more": said})

    async with http_server(silent) as server:
        read = {"rows": "items", "paging": keyset, "complete": {"more": "more"}}
        async with Wired(server.url, read=read) as wired:
            assert (await wired.find()).ended is False


async def test_a_list_of_a_hundred_thousand_is_a_wrong_argument() -> None:
    """A list that asks for more requests than a call can make is refused before the first of them."""
    read = {"each": "items", "request": {"path": "/p", "query": {"item": "{items}"}}}
    async with http_server(lambda _: Told(body={"items": []})) as server, Wired(server.url, read=read) as wired:
        with pytest.raises(Failed, match="has 100000 entries") as failed:
            await wired.find(items=[f"A-{number}" for number in range(100_000)])
    assert (failed.value.error_class, failed.value.applied, server.asked) == ("invalid_input", False, [])
