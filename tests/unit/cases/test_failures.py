from __future__ import annotations

import socket

import httpx
import pytest

from bridgehead.cases.failures import RETRIED, failure
from bridgehead.errors import ErrorClass, Failed

REQUEST = httpx.Request("POST", "http://erp.example.com/orders")


def nobody_listens() -> str:
    """Returns a URL on loopback that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.mark.parametrize(
    "error, wanted",
    [
        (httpx.ConnectError("x", request=REQUEST), "dependency_down"),
        (httpx.ConnectTimeout("x", request=REQUEST), "dependency_down"),
        (httpx.ReadTimeout("x", request=REQUEST), "timeout"),
        (httpx.ReadError("x", request=REQUEST), "transient"),
        (httpx.RemoteProtocolError("x", request=REQUEST), "transient"),
        (ConnectionRefusedError("x"), "dependency_down"),
        (ConnectionResetError("x"), "transient"),
    ],
)
def test_a_broken_connection_is_asked_again_and_proves_nothing(error: Exception, wanted: ErrorClass) -> None:
    """A connection that fails is no bug of the tool, so reads try again; and no write counts as not sent by it."""
    found = failure(error)
    assert (found.error_class, found.applied) == (wanted, None)
    assert found.error_class in RETRIED


async def test_a_refused_second_request_hides_a_write_that_happened() -> None:
    """A refused connection is no proof: a client that follows a redirect raises it after its write was carried out."""
    # The server answers the write with 303 (RFC 9110, section 15.4.4) to an address where nobody listens.
    written: list[str] = []
    away = nobody_listens()

    async def answer(request: httpx.Request) -> httpx.Response:
        written.append(request.method)
        return httpx.Response(303, headers={"location": away})

    mounts = {"all://erp.example.com": httpx.MockTransport(answer)}
    async with httpx.AsyncClient(mounts=mounts, follow_redirects=True, trust_env=False) as client:
        with pytest.raises(httpx.ConnectError) as refused:
            await client.post("http://erp.example.com/orders")
    assert written == ["POST"]
    assert failure(refused.value).applied is None


@pytest.mark.parametrize("make", [ValueError, type("ConnectError", (Exception,), {})])
def test_what_only_sounds_like_a_connection_is_a_bug(make: type[Exception]) -> None:
    """Another library's class of the same name, or any other exception, is a bug of the tool's code."""
    assert failure(make("x")).error_class == "bug"


def test_a_tool_that_knows_that_nothing_was_sent_is_believed() -> None:
    """What a tool says itself stands as it is."""
    said = Failed("no connection", error_class="dependency_down", applied=False)
    assert failure(said) is said
