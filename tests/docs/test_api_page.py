"""The page of the API says what the API is."""

from __future__ import annotations

import json
import re

from bridgehead.api.declared import PREFIX
from bridgehead.api.openapi import document
from bridgehead.api.routes import ROUTES
from tests.docs import tree
from tests.docs.api_page import ANSWERS, PAGE, answers, text


def test_the_page_is_what_the_document_says() -> None:
    """The pages of the API are those that its OpenAPI document makes (python -m tests.docs.api_page)."""
    assert PAGE.read_text("utf-8") == text()
    assert ANSWERS.read_text("utf-8") == answers()


def test_each_route_that_a_guide_asks_for_is_there() -> None:
    """Whatever the guide sends is a route of the API, asked with its method."""
    guide = tree.page("howto/use-the-api.md")
    found = re.findall(rf"(?:-X (\w+) )?\"?\$URL{re.escape(PREFIX)}(/[^\s\"'?]*)", guide)
    assert found
    known = {(route.method, re.sub(r"\{\w+\}", "*", route.path)) for route in ROUTES} | {("GET", "/openapi.json")}
    for method, path in found:
        shape = re.sub(r"/[A-Z]-\d+", "/*", path)
        assert (method or "GET", shape) in known, (method, path)


def test_the_document_is_printed() -> None:
    """The document names every route once, with its right, and is JSON."""
    said = json.loads(json.dumps(document(ROUTES)))
    named = {operation["operationId"] for path in said["paths"].values() for operation in path.values()}
    assert named == {route.name for route in ROUTES}
    assert all(operation["x-right"] for path in said["paths"].values() for operation in path.values())
