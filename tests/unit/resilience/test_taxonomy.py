from __future__ import annotations

import ast
import errno
from collections import Counter
from typing import get_args

import httpx
import pytest

from bridgehead.cases.failures import failure
from bridgehead.connectors import mail_smtp, store_local, store_s3
from bridgehead.errors import ERROR_CLASSES
from bridgehead.models import classes
from bridgehead.resilience.taxonomy import TABLE, UNKNOWN, Kind, Origin, Row, find, of_status, unknown, worded
from bridgehead.resilience.taxonomy.meanings import MEANINGS
from tests.docs import tree
from tests.support.failing_signs import CLASSIFIER, makes, met

ELSEWHERE = {
    "http/not_json": "tests/contract/test_taxonomy.py::test_answers_that_are_none",
    "http/broken_json": "tests/contract/test_taxonomy.py::test_answers_that_are_none",
    "http/empty": "tests/contract/test_taxonomy.py::test_answers_that_are_none",
    "http/off_schema": "tests/contract/test_taxonomy.py::test_answers_that_are_none",
    "http/undecodable": "tests/contract/test_taxonomy.py::test_answers_that_are_none",
    **{
        f"model/{sign}": "tests/contract/test_taxonomy.py::test_what_a_model_ends_with"
        for sign in (
            *("refusal", "content_filter", "length", "max_tokens", "no_finish", "cut_stream", "error_event"),
            *("not_json", "off_schema", "broken_call", "too_long", "stalled"),
        )
    },
    "smtp/unanswered": "tests/contract/test_taxonomy.py::test_a_mail_that_nobody_acknowledges",
    "smtp/broken_off": "tests/contract/test_taxonomy.py::test_a_mail_that_nobody_acknowledges",
    "smtp/no_starttls": "tests/contract/test_taxonomy.py::test_a_mail_that_nobody_acknowledges",
    "files/changing": "tests/contract/test_taxonomy.py::test_what_a_folder_says",
    "files/changed": "tests/contract/test_taxonomy.py::test_what_a_folder_says",
    "files/other_content": "tests/contract/test_taxonomy.py::test_what_a_folder_says",
    "files/too_long": "tests/contract/test_taxonomy.py::test_what_a_folder_says",
    "files/off_form": "tests/contract/test_files_wire.py::test_a_file_that_does_not_fit_says_where",
    "bridgehead/limit": "tests/unit/resilience/test_ends.py::test_an_own_limit_is_a_budget",
    "bridgehead/wrong_case": "tests/unit/resilience/test_ends.py::test_an_agent_says_what_is_not_its_own",
    "bridgehead/no_turn": "tests/unit/resilience/test_limiter.py::test_a_turn_too_late_fails_at_once_and_is_not_lost",
    "bridgehead/breaker_open": ("tests/contract/test_breakers.py::test_a_worker_that_was_idle_sends_nothing_in_vain"),
    "bridgehead/limits_unasked": (
        "tests/unit/resilience/test_limiter.py::test_limits_that_cannot_be_asked_let_nobody_pass"
    ),
    "bridgehead/missed_moment": "tests/contract/test_guards.py::test_a_call_whose_moment_has_passed_is_not_sent",
    "bridgehead/unset_secret": (
        "tests/contract/test_http_wire_auth.py::test_a_missing_secret_fails_the_call_before_anything_is_sent"
    ),
    "bridgehead/unlisted_host": "tests/contract/test_http_wire_hosts.py::test_a_next_page_elsewhere_is_refused",
    "bridgehead/unfit_argument": (
        "tests/contract/test_connector_arguments.py::test_a_read_without_its_argument_does_not_bring_everybodys_records"
    ),
    "bridgehead/no_record": "tests/contract/test_taxonomy.py::test_one_record_is_neither_none_nor_several",
    "bridgehead/several_records": "tests/contract/test_taxonomy.py::test_one_record_is_neither_none_nor_several",
    "bridgehead/taken_key": "tests/contract/test_guards.py::test_a_reworded_write_under_the_same_key_is_held",
    "python/anything_else": "tests/unit/resilience/test_taxonomy.py::test_what_no_row_knows_is_no_promise",
    "bridgehead/old_fact": "tests/contract/test_files_wire.py::test_a_file_that_is_too_old_is_stale",
    "bridgehead/other_replay": (
        "tests/contract/test_guards.py::test_an_agent_that_takes_another_way_on_replay_goes_to_a_person"
    ),
    "bridgehead/lost_reply": "tests/contract/test_mail_wire.py::test_a_lost_reply_is_left_to_a_person",
    "bridgehead/too_late": "tests/contract/test_case_life.py::test_a_deadline_hands_the_case_over_and_fences_the_agent",
}
"""Conditions are no objects: each is brought about against a real server by the test named here."""


def named(row: Row) -> str:
    return f"{row.origin}-{row.kind}-{row.sign[:40]}"


def test_each_sign_has_one_meaning() -> None:
    """No sign of one origin stands twice in the table, and each row says why and by what source."""
    assert [
        sign for sign, count in Counter((row.origin, row.kind, row.sign) for row in TABLE).items() if count > 1
    ] == []
    assert all(row.why and row.source and row.sign for row in TABLE)
    assert {row.origin for row in TABLE} == set(get_args(Origin)) == set(UNKNOWN)
    assert {row.kind for row in TABLE} == set(get_args(Kind))


def test_every_class_is_reached_and_no_other() -> None:
    """Each class of the closed list is told by some sign, and no row names a class outside of it."""
    assert {row.error_class for row in TABLE} == set(ERROR_CLASSES) == set(MEANINGS)
    assert set(UNKNOWN.values()) <= set(ERROR_CLASSES)


@pytest.mark.parametrize("row", [row for row in TABLE if makes(row)], ids=named)
def test_each_row_is_what_the_code_says(row: Row) -> None:
    """An object of the real library with a row's sign ends in the row's class, and claims no more about a write."""
    found = met(row)
    assert found.error_class == row.error_class
    assert found.applied is None or row.applied is False


def test_every_row_is_exercised() -> None:
    """A row that no object can be made for names the test that brings it about."""
    rest = {f"{row.origin}/{row.sign}" for row in TABLE if not makes(row)}
    assert rest == set(ELSEWHERE)
    for node in ELSEWHERE.values():
        file, _, name = node.partition("::")
        path = tree.ROOT / file
        assert path.is_file(), node
        tests = {one.name for one in tree.parsed(path).body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not name or name in tests, node


def test_a_status_means_what_its_own_row_says_then_its_hundred() -> None:
    """A status without a row of its own means what the rest of its hundred means; a model's rests on HTTP's."""
    assert of_status("http", 418) is find("http", "status", "4xx")
    assert of_status("http", 599) is find("http", "status", "5xx")
    assert of_status("model", 401) is find("http", "status", "401")
    assert of_status("model", 503) is find("model", "status", "503")
    assert of_status("http", 700) is None


def test_no_server_error_promises_that_nothing_happened() -> None:
    """A status from 500 on, and every error after a request was sent, leaves a write open."""
    late = {"ReadError", "WriteError", "ReadTimeout", "WriteTimeout", "RemoteProtocolError", "ECONNRESET", "EPIPE"}
    for row in TABLE:
        if row.origin in {"http", "model", "s3"} and row.kind == "status" and row.sign[0] == "5":
            assert row.applied is None, row
        if row.sign in late and row.origin == "connection":
            assert row.applied is None, row


@pytest.mark.parametrize("origin", get_args(Origin))
def test_what_is_not_in_the_table_is_no_promise(origin: Origin) -> None:
    """A sign without a row has its origin's safe class, and never says that a write did not happen."""
    assert find(origin, "code", "no such sign") is None
    assert worded(origin, "no such sign") is None
    found = unknown(origin, "what is this")
    assert (found.error_class, found.applied) == (UNKNOWN[origin], None)


def test_what_no_row_knows_is_no_promise() -> None:
    """What the code meets and cannot place is a bug, or its origin's safe class, with the write left open."""
    assert (failure(ValueError("x")).error_class, failure(ValueError("x")).applied) == ("bug", None)
    strange = CLASSIFIER.transport(httpx.TransportError("x"), writes=True)
    assert (strange.error_class, strange.applied) == ("transient", None)
    model = classes.of_response(999, {}, None)
    assert (model.error_class, model.applied) == ("transient", None)
    smtp = mail_smtp._refused("mx:25", 299, b"what")
    assert (smtp.error_class, smtp.applied) == ("transient", None)
    assert store_local._of(OSError(9999, "x"), "a", applied=None).error_class == "dependency_down"
    storage = store_s3._refused(httpx.Response(999, content=b"<Error><Code>Odd</Code></Error>"), "a", writes=True)
    assert (storage.error_class, storage.applied) == ("transient", None)


def test_an_enhanced_code_of_another_hundred_is_not_believed() -> None:
    """The enhanced code leads only where it agrees with the reply beside it (RFC 3463 section 2)."""
    assert mail_smtp._refused("mx:25", 451, b"5.1.1 no").error_class == "transient"
    assert mail_smtp._refused("mx:25", 550, b"5.1.1 no").error_class == "not_found"


def test_how_far_a_request_had_come_is_told_by_the_client_not_by_the_cause() -> None:
    """A route that is lost under a request that was sent is no proof, though the same number at a connect is one."""
    lost = OSError(errno.EHOSTUNREACH, "no route to host")
    for wrapping, applied in ((httpx.ConnectError, False), (httpx.ReadError, None), (httpx.WriteError, None)):
        wrapped = wrapping("x")
        wrapped.__cause__ = lost
        found = CLASSIFIER.transport(wrapped, writes=True)
        assert (found.error_class, found.applied) == ("dependency_down", applied)
