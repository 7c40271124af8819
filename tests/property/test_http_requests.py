from __future__ import annotations

import gzip
import json
import re
import tracemalloc
import zlib
from contextlib import suppress
from decimal import Decimal
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.hosts import Hosts
from bridgehead.connectors.http_paging import next_link
from bridgehead.connectors.http_reply import Reply, decompressed, number
from bridgehead.connectors.http_request import Request
from bridgehead.errors import Failed

BASE = httpx.URL("https://erp.example/api")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTS = ["erp.example", "evil.example", "[::1]", "%2e", "."]
PIECES = st.sampled_from(["https:", "http:", "//", "/", "\\", "@", ":", "443", ":444", "#", "?", " ", "\t", *HOSTS])


@given(st.lists(TEXT.filter(bool), min_size=2, max_size=2), TEXT)
def test_an_argument_of_a_path_is_one_segment_and_arrives_as_it_is(names: list[str], asked: str) -> None:
    """Whatever an argument holds, the path keeps its number of segments, and what is decoded is the argument."""
    part = RequestPart.model_validate({"path": "/a/{one}/b/{two}", "query": {"q": "{q}"}})
    request = Request(part, BASE, {}, connector="shop")
    values = {"one": names[0], "two": names[1], "q": asked}
    # A server that decodes first would walk these steps.
    if any("\0" in name or {".", ".."} & set(re.split(r"[/\\;?#]", name)) for name in names):
        with suppress(Failed):
            request.filled(values)
        return
    out = request.filled(values)
    path, _, query = out.url.raw_path.decode("ascii").partition("?")
    assert [unquote(one) for one in path.split("/")] == ["", "api", "a", names[0], "b", names[1]]
    assert not any(one in {".", ".."} for one in path.split("/"))
    assert unquote(query.removeprefix("q=")) == asked
    assert "&" not in query


@pytest.mark.parametrize(
    "name", [".", "..", "../customers", "a/..", "a/../b", "a\\..\\b", "..;/manager", "..?x", "a\0b"]
)
def test_an_argument_of_a_path_takes_no_step_elsewhere(name: str) -> None:
    """What a server that decodes before it looks would take for a step to another resource is never sent."""
    part = RequestPart.model_validate({"path": "/orders/{number}"})
    with pytest.raises(Failed, match="as a step") as failed:
        Request(part, BASE, {}, connector="shop").filled({"number": name})
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)


@given(st.lists(PIECES, max_size=8))
def test_no_address_in_an_answer_leads_to_a_host_that_is_not_listed(pieces: list[str]) -> None:
    """What the allow-list lets through is the listed host for another parser too, and is what is connected to."""
    with suppress(httpx.InvalidURL, Failed):
        url = BASE.join("".join(pieces))
        Hosts("shop", BASE).check(url)
        parts = urlsplit(str(url))
        assert (parts.scheme, (parts.hostname or "").rstrip("."), parts.port or 443) == ("https", "erp.example", 443)
        assert parts.username is None
        request = httpx.Request("GET", url)
        assert request.url.host.rstrip(".") == "erp.example"


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_of_an_answer_keeps_its_value(text: str) -> None:
    """However a number is written, what is read says the same value to the last digit."""
    found = json.loads(text, parse_float=number)
    assert Decimal(str(found)) == Decimal(text)


@given(
    st.lists(st.sampled_from(["<", ">", "</x?a=1,2>", ";", " rel", "=", '"', "next", "\\", ",", "\xe9"]), max_size=30)
)
def test_a_link_header_of_any_text_is_read_or_left(pieces: list[str]) -> None:
    """No Link header makes reading fail, and what is found stands in it between brackets."""
    text = "".join(pieces)
    found = next_link(httpx.Headers([(b"link", text.encode("latin-1"))]))
    assert found is None or f"<{found}>" in text


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "identity", "gzip, gzip", ""]))
def test_a_body_of_any_bytes_is_unpacked_or_refused(raw: bytes, encoding: str) -> None:
    """Bytes that are no compressed body are refused by a ValueError, and what is unpacked keeps to its bound."""
    with suppress(ValueError):
        assert len(decompressed(raw, encoding, at_most=300)) <= 300


def test_a_body_of_many_empty_parts_is_refused_at_once() -> None:
    """Each part of a gzip body costs a copy of the rest, so a body of thousands of them is not unpacked."""
    part = gzip.compress(b"")
    assert decompressed(part * 50 + gzip.compress(b"{}"), "gzip") == b"{}"
    with pytest.raises(ValueError, match="more than 100 parts"):
        decompressed(part * 100_000, "gzip")


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "utf-7", "zip", "none such"])
def test_an_answer_is_read_in_no_encoding_of_no_document(charset: str) -> None:
    """Encodings that take time in the square of the length, or run escapes, are refused without reading."""
    headers = httpx.Headers({"content-type": f"application/json; charset={charset}"})
    body = b"a" * 500_000 + b"-" + b"b9" * 500_000
    assert "JSON" in Reply(200, headers, body, BASE).json()[1]


@pytest.mark.parametrize("text", ["1e99999999999999999999", "1e999999999", "-1e-999999999", "NaN"])
def test_a_number_that_no_memory_holds_is_no_json(text: str) -> None:
    """A number whose digits would fill the memory when they are written out is refused where it is read."""
    reply = Reply(200, httpx.Headers(), f'{{"next": {text}}}'.encode(), BASE)
    assert reply.json()[1] == "the answer is not the JSON that it says it is"


@pytest.mark.parametrize(
    "date, age", [("Wed, 25 Nov 2026 17:00:00 GMT", "\xb2"), ("Wed, 25 Nov 0100 17:00:00 GMT", "9999999999")]
)
def test_an_age_that_is_none_leaves_the_time_unknown(date: str, age: str) -> None:
    """A digit of another script, or an age before the first year, dates no answer and breaks no call."""
    headers = httpx.Headers([(b"date", date.encode()), (b"age", age.encode("latin-1"))])
    assert Reply(200, headers, b"{}", BASE).known_at() is None


def test_a_bomb_is_never_held() -> None:
    """Unpacking stops at the bound: 20 MB of blanks in a few kilobytes take no more memory than is allowed."""
    bomb = zlib.compress(b" " * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="longer than 1000 bytes"):
            decompressed(bomb, "deflate", at_most=1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
