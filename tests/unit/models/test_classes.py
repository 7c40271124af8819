from __future__ import annotations

import email.utils
from datetime import timedelta

import httpx
import pytest

from bridgehead.clock import utc_now
from bridgehead.errors import ErrorClass
from bridgehead.models import classes
from bridgehead.resilience.taxonomy import first


@pytest.mark.parametrize(
    "status,expected",
    [
        (400, "invalid_input"),
        (401, "auth_expired"),
        (403, "forbidden"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "conflict"),
        (413, "context_overflow"),
        (418, "invalid_input"),
        (307, "invalid_input"),
        (429, "throttled"),
        (500, "transient"),
        (502, "transient"),
        (503, "transient"),
        (504, "timeout"),
        (529, "transient"),
    ],
)
def test_each_status_has_its_class(status: int, expected: ErrorClass) -> None:
    """A status alone decides the error class where the body says nothing."""
    assert classes.of_response(status, {}, None).error_class == expected


@pytest.mark.parametrize(
    "status,error,expected",
    [
        (400, {"code": "context_length_exceeded"}, "context_overflow"),
        (400, {"type": "exceed_context_size_error"}, "context_overflow"),
        (400, {"message": "This model's maximum context length is 8192 tokens."}, "context_overflow"),
        (400, {"code": "content_filter"}, "refused_by_model"),
        (400, {"message": "The prompt triggered our content management policy."}, "refused_by_model"),
        (400, {"code": "unknown_parameter", "message": "no such field"}, "invalid_input"),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, "budget_exhausted"),
        (429, {"code": "rate_limit_exceeded"}, "throttled"),
        (400, {"code": None, "type": "invalid_request_error"}, "invalid_input"),
        (500, {"message": "maximum context length"}, "transient"),
    ],
)
def test_a_code_in_the_body_is_more_exact(status: int, error: dict[str, object], expected: ErrorClass) -> None:
    """A known code wins over the status, and a wording counts for a 400 alone."""
    assert classes.of_response(status, {}, {"error": error}).error_class == expected


def test_every_transport_error_has_its_class() -> None:
    """Each transport error of the HTTP library is classified by its own row or that of its parent."""
    kinds: list[type[httpx.TransportError]] = [httpx.TransportError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert [kind.__name__ for kind in kinds if first("connection", "exception", [kind.__name__]) is None] == []
    assert classes.of_transport(httpx.ConnectError("")).error_class == "dependency_down"
    assert classes.of_transport(httpx.ReadTimeout("")).error_class == "timeout"
    assert classes.of_transport(httpx.PoolTimeout("")).error_class == "timeout"
    assert classes.of_transport(httpx.ReadError("")).error_class == "transient"


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "9", "Retry-After-Ms": "250"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e12"}, 86_400.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_the_wait_a_server_asks_for(headers: dict[str, str], expected: float | None) -> None:
    """A wait is read in seconds or milliseconds, bounded to a day, and ignored where it makes no sense."""
    assert classes.retry_after_s(headers) == expected
    assert classes.of_response(429, headers, None).attributes["retry_after"] == expected


def test_a_wait_may_be_a_date() -> None:
    """A date in Retry-After gives the seconds from now until then."""
    then = email.utils.format_datetime(utc_now() + timedelta(minutes=5), usegmt=True)
    wait = classes.retry_after_s({"retry-after": then})
    assert wait is not None
    assert 290 < wait <= 300


def test_what_looks_like_a_key_is_removed() -> None:
    """A provider that quotes a key in its message does not get it into ours."""
    said = "Incorrect API key provided: sk-proj-abcdefghijkl. See also AKIA1234567890ABCDEF1234567890AB."
    failure = classes.of_response(401, {}, {"error": {"message": said, "code": "invalid_api_key"}})
    assert "abcdefghijkl" not in str(failure)
    assert "AKIA" not in str(failure)
    assert failure.error_class == "auth_expired"


@pytest.mark.parametrize("body", [None, [], "x", {"error": None}, {"error": []}, {"error": {"message": 5, "code": {}}}])
def test_a_strange_body_is_no_error_of_ours(body: object) -> None:
    """Whatever stands in the body of a refusal, the status still decides."""
    assert classes.of_response(503, {}, body).error_class == "transient"


def test_a_long_message_is_cut() -> None:
    """A stranger's text takes at most 300 characters of ours."""
    failure = classes.of_response(400, {}, {"error": {"message": "no " * 1000}})
    assert len(failure.message) < 360


@pytest.mark.parametrize("status,applied", [(400, False), (429, False), (500, None), (504, None)])
def test_a_refused_request_was_not_carried_out(status: int, applied: bool | None) -> None:
    """Only a refusal promises that the request did nothing."""
    assert classes.of_response(status, {}, None).applied is applied
