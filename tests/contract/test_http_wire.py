from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bridgehead.clock import perf_s, utc_now
from bridgehead.connectors import http_reply
from bridgehead.errors import ErrorClass, Failed
from tests.support.http_server import Asked, Told, http_server
from tests.support.http_wires import Wired

ORDER = {"id": 1, "nr": "A1"}
PROBLEM = {"type": "duplicate", "detail": "there is one already", "field": "po_number"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON_TYPE = {"Content-Type": "application/json"}


def refused_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    "status, error_class, applied",
    [
        (400, "invalid_input", False),
        (401, "auth_expired", False),
        (403, "forbidden", False),
        (404, "not_found", False),
        (405, "invalid_input", False),
        (408, "timeout", False),
        (409, "conflict", False),
        (410, "not_found", False),
        (412, "conflict", False),
        (422, "invalid_input", False),
        (425, "transient", False),
        (428, "conflict", False),
        (429, "throttled", False),
        (500, "transient", None),
        (501, "invalid_input", None),
        (502, "dependency_down", None),
        (503, "dependency_down", None),
        (504, "timeout", None),
        (303, "invalid_output", None),
        (307, "invalid_output", False),
    ],
)
async def test_a_status_is_a_class(status: int, error_class: ErrorClass, *, applied: bool | None) -> None:
    """Every status has its class; a refusal of a write surely did nothing, an outage leaves it open."""
    told = Told(status, PROBLEM, headers={"Location": "/elsewhere"})
    async with http_server(lambda _: told) as server, Wired(server.url, retry={"tries": 1}) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
        assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
        assert failed.value.message == "shop: there is one already"
        facts = failed.value.attributes
        assert (facts["connector"], facts["status"], facts["field"]) == ("shop", status, "po_number")
        with pytest.raises(Failed) as failed:
            await wired.find()
        assert (failed.value.error_class, failed.value.applied) == (error_class, False)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "told, said",
    [
        (Told(400, {"error": ["UserError", ["No stock.", ""]]}), "UserError No stock."),
        (Told(422, {"detail": [{"loc": ["body", "po"], "msg": "is missing"}]}), "body po is missing"),
        (Told(422, {"errors": {"po": ["is taken"]}}), "is taken"),
        (Told(500, raw=b"Lock\nwait " + b"x" * 900, headers={"Content-Type": "text/plain"}), "Lock wait xxx"),
        (Told(500, raw=b"<p>x</p>", headers={"Content-Type": "text/html"}), "it answered with status 500"),
        (Told(400, {"error": [[[[["deep"]]]]]}), "it answered with status 400"),
    ],
)
async def test_what_a_system_says_in_parts_or_plainly_is_told(told: Told, said: str) -> None:
    """A refusal that speaks in lists, objects or plain text is quoted, cut and on one line; a page of HTML is not."""
    async with http_server(lambda _: told) as server, Wired(server.url, retry={"tries": 1}) as wired:
        with pytest.raises(Failed) as failed:
            await wired.find()
    assert failed.value.message.startswith(f"shop: {said}")
    assert len(failed.value.message) < 220


@pytest.mark.parametrize(
    "told, error_class, applied",
    [
        (Told(end="close"), "transient", None),
        (Told(end="reset"), "transient", None),
        (Told(end="hang"), "timeout", None),
        (Told(body=ORDER, end="cut"), "transient", None),
        (Told(raw=b"zz\r\n{}", headers={**JSON_TYPE, "Transfer-Encoding": "chunked"}), "invalid_output", None),
        (Told(raw=b"<html>sign in</html>", headers=HTML), "invalid_output", None),
        (Told(raw=b"OK", headers={"Content-Type": "text/plain"}), "invalid_output", None),
        (Told(raw=b'{"id": 1}', headers=HTML), "invalid_output", None),
        (Told(raw=b"{'id': 1}", headers=JSON_TYPE), "invalid_output", None),
        (Told(raw=b'{"id": NaN}', headers=JSON_TYPE), "invalid_output", None),
        (Told(raw=b"[" * 200_000, headers=JSON_TYPE), "invalid_output", None),
        (Told(raw=b"\xff\xfe\xfa", headers=JSON_TYPE), "invalid_output", None),
        (Told(raw=b"abc", headers={**JSON_TYPE, "Content-Encoding": "gzip"}), "invalid_output", None),
        (
            Told(raw=gzip.compress(b"{}")[:-9], headers={**JSON_TYPE, "Content-Encoding": "gzip"}),
            "invalid_output",
            None,
        ),
        (Told(raw=b"{}", headers={**JSON_TYPE, "Content-Encoding": "zstd"}), "invalid_output", None),
    ],
)
async def test_a_reply_that_is_lost_late_or_unreadable_leaves_a_write_open(
    told: Told, error_class: ErrorClass, *, applied: bool | None
) -> None:
    """After a write was sent, no reply but a readable one tells what was done; and it is not sent a second time."""
    connection = {"timeout": "0.3s"} if told.end == "hang" else {}
    async with http_server(lambda _: told) as server, Wired(server.url, connection=connection) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
    assert len(server.asked) == 1
    assert "sign in" not in str(failed.value)


async def test_a_system_that_was_never_reached_did_nothing() -> None:
    """A refused connection, an unknown host and a certificate nobody vouches for are outages before the effect."""
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with http_server(lambda _: Told(), tls=certificate) as server:
        for url, says in (
            (refused_port(), "no connection"),
            ("http://nowhere.invalid:1", "no connection"),
            (server.url, "no TLS connection"),
        ):
            async with Wired(url) as wired:
                with pytest.raises(Failed, match=says) as failed:
                    await wired.book()
                assert (failed.value.error_class, failed.value.applied) == ("dependency_down", False)
                assert wired.limits.admitted == 3
                assert failed.value.hint


async def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer beyond the limit is refused, told beforehand, streamed or unpacked, and is never held whole."""
    bomb = zlib.compress(b" " * 50_000_000)
    told = [
        Told(raw=bomb, headers={**JSON_TYPE, "Content-Encoding": "deflate"}),
        Told(raw=b" ", headers={**JSON_TYPE, "Content-Length": str(http_reply.MAX_BYTES + 1)}),
        Told(raw=gzip.compress(b'{"items": [{"id"') + gzip.compress(b": 1}]}"), headers={"Content-Encoding": "gzip"}),
        Told(raw=zlib.compress(b'{"items": [{"id": 2}]}', wbits=-15), headers={"Content-Encoding": "deflate"}),
    ]
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url) as wired:
        for _ in range(2):
            with pytest.raises(Failed, match=f"longer than {http_reply.MAX_BYTES} bytes") as failed:
                await wired.find()
            assert failed.value.error_class == "invalid_output"
        assert [list((await wired.find()).rows) for _ in range(2)] == [[{"id": 1}], [{"id": 2}]]


@pytest.mark.parametrize(
    "rule, told, error_class, applied",
    [
        ({"status": 409, "body": {"at": "type", "matches": "dup"}}, Told(409, PROBLEM), "out_of_scope", False),
        ({"status": 409, "body": {"at": "type", "matches": "other"}}, Told(409, PROBLEM), "conflict", False),
        ({"status": "5xx", "applied": False}, Told(502, PROBLEM), "out_of_scope", False),
        ({"status": [500, 502]}, Told(502, PROBLEM), "out_of_scope", None),
        ({"header": {"X-Why": "^busy"}}, Told(500, headers={"x-why": "busy today"}), "out_of_scope", None),
        ({"header": {"X-Why": "^busy"}}, Told(500, headers={"x-why": "not busy"}), "transient", None),
        ({"text": "no such"}, Told(500, raw=b"there is no such thing", headers=HTML), "out_of_scope", None),
        ({"body": {"at": "error"}}, Told(200, {"error": {"code": 7}}), "out_of_scope", None),
        ({"body": {"at": "error"}, "applied": False}, Told(200, {"error": {"code": 7}}), "out_of_scope", False),
    ],
)
async def test_a_rule_of_the_specification_decides_first(
    rule: Mapping[str, object], told: Told, error_class: ErrorClass, *, applied: bool | None
) -> None:
    """A rule by status, header, body or text gives the class, also of an answer that calls itself a success."""
    rules = [{**rule, "error": "out_of_scope"}, {"status": 409, "error": "conflict"}]
    async with http_server(lambda _: told) as server, Wired(server.url, errors=rules, retry={"tries": 1}) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == (error_class, applied)


async def test_a_text_rule_leaves_successes_alone() -> None:
    """A rule over an error's text is not asked about an answer that succeeded."""
    rules = [{"text": "A1", "error": "bug"}, {"body": {"at": "error"}, "error": "bug"}]
    async with http_server(lambda _: Told(body=ORDER)) as server, Wired(server.url, errors=rules) as wired:
        assert (await wired.book()).body == ORDER


async def test_an_error_shows_little_of_an_answer() -> None:
    """What a system says is shown as one line of at most 200 characters."""
    told = Told(400, {"why": {"text": "x\n\ty" * 500}})
    rules = [{"status": 400, "error": "invalid_input", "message": "why.text"}]
    async with http_server(lambda _: told) as server, Wired(server.url, errors=rules) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert failed.value.message.startswith("shop: x yx yx")
    assert len(failed.value.message) <= len("shop: ") + 201


@pytest.mark.parametrize("lost", [Told(500), Told(503), Told(end="reset"), Told(504), Told(429), Told(408)])
async def test_a_read_is_tried_again(lost: Told) -> None:
    """A read that failed in a way that may pass is made again, up to the tries that the specification allows."""
    told = [lost, lost, Told(body={"items": [ORDER]})]
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url) as wired:
        answer = await wired.find()
        assert (answer.rows, answer.asked) == ([ORDER], 3)
        told[:] = [lost] * 5
        with pytest.raises(Failed):
            await wired.find()
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_a_refusal_is_not_tried_again(status: int) -> None:
    """What would be refused again is asked once."""
    async with http_server(lambda _: Told(status)) as server, Wired(server.url) as wired:
        with pytest.raises(Failed):
            await wired.find()
    assert len(server.asked) == 1


async def test_a_write_is_sent_again_only_when_it_surely_did_nothing() -> None:
    """A throttled write goes out again with the same key; one that may have been done does not."""
    told = [Told(429, headers={"Retry-After": "0"}), Told(429, headers={"Retry-After": "0"}), Told(201, ORDER)]
    action = {"idempotency_header": "Idempotency-Key"}
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url, action=action) as wired:
        assert (await wired.book()).body == ORDER
        assert [one.headers["idempotency-key"] for one in server.asked] == ["key-1"] * 3
        assert wired.limits.refusals == [0.0, 0.0]
        told[:] = [Told(429, headers={"Retry-After": "0"}), Told(500), Told(201, ORDER)]
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == ("transient", None)
    assert len(server.asked) == 5


async def test_a_wait_that_is_asked_for_is_kept_or_handed_on() -> None:
    """Retry-After, in seconds or as a date, is waited for within the call's time, told to all, and else handed on."""
    soon = format_datetime(utc_now() + timedelta(hours=1), usegmt=True)
    told = [Told(429, headers={"Retry-After": "1"}), Told(body={"items": []})]
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url) as wired:
        begun = perf_s()
        await wired.find()
        assert 1.0 <= perf_s() - begun < 3.0
        for text, least in (("600", 600.0), (soon, 3590.0)):
            told[:] = [Told(429, headers={"Retry-After": text})]
            begun = perf_s()
            with pytest.raises(Failed) as failed:
                await wired.find()
            assert perf_s() - begun < 1.0
            wait_s = failed.value.attributes["retry_after"]
            assert isinstance(wait_s, float)
            assert least <= wait_s <= 3600.0
        assert [round(one / 10) for one in wired.limits.refusals] == [0, 60, 360]


async def test_one_call_has_one_time() -> None:
    """All pages and tries of a call share its time; a read's own timeout goes before the connection's."""

    def handler(asked: Asked) -> Told:
        return Told(body={"items": [], "next": str(len(server.asked))})

    read = {"paging": {"cursor": {"at": "next", "param": "c"}, "at_most": 1_000_000}, "timeout": "0.4s"}
    async with http_server(handler) as server, Wired(server.url, read=read) as wired:
        begun = perf_s()
        with pytest.raises(Failed, match=r"within 0\.4 s") as failed:
            await wired.find()
        assert 0.4 <= perf_s() - begun < 2.0
    assert failed.value.error_class == "timeout"
    assert len(server.asked) > 3


async def test_requests_say_what_the_arguments_say() -> None:
    """Path arguments are one segment each, absent ones are left out, bodies are JSON or a form."""
    read = {
        "request": {
            "path": "/c/{name}/orders?kind=a",
            "query": {"po": "{po}", "at": "{at}", "q": "{q}"},
            "headers": {"X-Name": "{name}", "X-Absent": "{absent}"},
        }
    }
    action = {
        "request": {"method": "PUT", "path": "/form", "form": {"po": "{po}", "gone": "{gone}", "k": "{effect_key}"}}
    }
    async with (
        http_server(lambda _: Told(body={"items": []})) as server,
        Wired(f"{server.url}/api/v1/?version=2", read=read, action=action) as wired,
    ):
        await wired.find(name="..a/b c", po="1&2 ü", q="", at=None)
        await wired.book(po="ä&b")
        for name, says in (("", "path is empty"), (None, "needs name")):
            with pytest.raises(Failed, match=says) as failed:
                await wired.find(name=name)
            assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    first, second = server.asked
    assert first.path == "/api/v1/c/%2E%2Ea%2Fb%20c/orders"
    assert first.query == {"kind": "a", "version": "2", "po": "1&2 ü", "q": ""}
    assert (first.headers["x-name"], "x-absent" in first.headers) == ("..a/b c", False)
    assert (second.method, second.path, second.body) == ("PUT", "/api/v1/form", b"po=%C3%A4%26b&k=key-1")
    assert second.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a\nb", "ü", "\x00", "x\ud800"])
async def test_an_argument_cannot_become_a_header(name: str) -> None:
    """A value that would end a header line, or that HTTP cannot carry, fails before anything is sent."""
    read = {"request": {"path": "/orders", "headers": {"X-Name": "{name}"}}}
    async with http_server(lambda _: Told(body={"items": []})) as server, Wired(server.url, read=read) as wired:
        with pytest.raises(Failed, match="the header X-Name cannot carry"):
            await wired.find(name=name)
        with pytest.raises(Failed, match="what HTTP or JSON cannot carry") as failed:
            await wired.book(po="\ud800", effect_key=float("nan"))
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert server.asked == []


async def test_a_version_and_a_key_travel_in_headers() -> None:
    """Compare-and-set sends the version that was read, and the effect's key goes where the system looks for it."""
    action = {"if_match": {"read": "find"}, "idempotency_header": "X-Key"}
    async with http_server(lambda _: Told(204)) as server, Wired(server.url, action=action) as wired:
        answer = await wired.book(version='"v7"')
    (asked,) = server.asked
    assert (asked.headers["if-match"], asked.headers["x-key"], asked.json) == ('"v7"', "key-1", {"po": "PO-1"})
    assert (answer.body, answer.asked) == (None, 1)


async def test_the_requests_that_finish_an_action_are_sent_in_order_and_tried_again() -> None:
    """What follows an action is repeated on trouble; a failure never claims that nothing was done."""
    told = [Told(500), Told(204), Told(end="reset"), Told(204), Told(409)]
    action = {"then": [{"method": "POST", "path": "/a/{po}"}, {"method": "POST", "path": "/b"}]}
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url, action=action) as wired:
        await wired.wire.follow(wired.spec.actions["book"], {"po": "7"})
        assert [one.path for one in server.asked] == ["/a/7", "/a/7", "/b", "/b"]
        with pytest.raises(Failed) as failed:
            await wired.wire.follow(wired.spec.actions["book"], {"po": "7"})
    assert (failed.value.error_class, failed.value.applied) == ("conflict", None)


async def test_numbers_keep_their_value() -> None:
    """A number that a float cannot hold exactly comes as a decimal; all others are plain JSON."""
    raw = b'{"items": [{"a": 12.30, "b": 0.1, "c": 123456789012345678.91, "d": 1e400, "e": 12345678901234567890}]}'
    async with http_server(lambda _: Told(raw=raw, headers=JSON_TYPE)) as server, Wired(server.url) as wired:
        (row,) = (await wired.find()).rows
    assert [str(value) for value in row.values()] == [
        "12.3", "0.1", "123456789012345678.91", "1E+400", "12345678901234567890",
    ]  # fmt: skip


async def test_health_asks_what_is_declared_or_for_any_answer() -> None:
    """Without a request of its own any answer but an outage is health; a declared one must succeed."""
    told = [Told(404), Told(503), Told(200, {}), Told(404)]
    async with http_server(lambda _: told.pop(0)) as server:
        async with Wired(server.url) as wired:
            await wired.wire.health()
            with pytest.raises(Failed) as failed:
                await wired.wire.health()
            assert failed.value.error_class == "dependency_down"
        async with Wired(server.url, health={"request": {"path": "/up"}}) as wired:
            await wired.wire.health()
            with pytest.raises(Failed) as failed:
                await wired.wire.health()
            assert failed.value.error_class == "not_found"
    assert [one.path for one in server.asked] == ["/", "/", "/up", "/up"]


async def test_nothing_of_one_call_is_sent_with_another() -> None:
    """A cookie that an answer sets is not kept."""
    told = Told(body={"items": []}, headers={"Set-Cookie": "sid=1"})
    async with http_server(lambda _: told) as server, Wired(server.url) as wired:
        await wired.find()
        await wired.find()
    assert not any("cookie" in one.headers for one in server.asked)
