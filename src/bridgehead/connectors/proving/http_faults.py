"""How an HTTP system fails, at the wire's edge: below authentication, retries, paging and classification."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, cast

import httpx

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import ReadPart
from bridgehead.connectors.paths import MISSING, find, parts_of
from bridgehead.connectors.proving.world import Fault, Reaction, Sent

ELSEWHERE: Final = "https://elsewhere.invalid/orders"
"""An address that no allow-list holds (RFC 2606)."""

WAIT_S: Final = 1

Act = Callable[[Callable[[], Reaction]], Reaction | Awaitable[Reaction]]
"""What happens to one request; it may let the system answer first."""


def meets(of: str, act: Act, *, write: bool | None = False, when: Callable[[Sent], bool] = lambda _: True) -> Fault:
    """Returns a fault that meets the requests of one read, or an action's own write (None: all), and no others."""

    async def fault(sent: Sent, serve: Callable[[], Reaction]) -> Reaction:
        if sent.of != of or write not in {None, sent.write} or not when(sent):
            return serve()
        found = act(serve)
        return await found if isinstance(found, Awaitable) else found

    return fault


def status(code: int, **headers: str) -> Act:
    """Refuses, or breaks down, before anything was done."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: {"status": code, "headers": named, "body": {"title": f"status {code}"}}


def says(state: str) -> Act:
    """Refuses as a database does, by a SQLSTATE."""
    return lambda _: {"sqlstate": state}


def broken_after(code: int) -> Act:
    """Does it, and answers with an error."""

    def act(serve: Callable[[], Reaction]) -> Reaction:
        serve()
        return {"status": code, "body": {"title": f"status {code}"}}

    return act


def no_connection(_: Callable[[], Reaction]) -> Reaction:
    """Refuses the connection."""
    raise httpx.ConnectError("Connection refused")


async def never(_: Callable[[], Reaction]) -> Reaction:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


def lost(serve: Callable[[], Reaction]) -> Reaction:
    """Does it, and the connection breaks before the answer."""
    serve()
    raise httpx.ReadError("Connection reset by peer")


def cut(serve: Callable[[], Reaction]) -> Reaction:
    """Answers, and breaks off in the middle."""
    return {**serve(), "cut": True}


def page_for_people(serve: Callable[[], Reaction]) -> Reaction:
    """Does it, and answers with a page as a proxy or a login does."""
    serve()
    return {"status": 200, "headers": {"content-type": "text/html"}, "text": "<html><body>Welcome</body></html>"}


def moved(code: int) -> Act:
    """Leads elsewhere by a redirect."""
    return status(code, location=ELSEWHERE)


def altered(change: Callable[[Reaction], None]) -> Act:
    """Answers with something changed in it."""

    def act(serve: Callable[[], Reaction]) -> Reaction:
        reaction = serve()
        change(reaction)
        return reaction

    return act


def leads_on(read: ReadPart) -> Act | None:
    """Names a next page elsewhere; None where pages have no addresses."""
    paging = read.paging
    if paging is not None and paging.link:
        return altered(lambda reaction: _headers(reaction).update(link=f'<{ELSEWHERE}>; rel="next"'))
    if paging is not None and paging.cursor is not None and paging.cursor.param is None:
        steps = parts_of(paging.cursor.at)
        return altered(lambda reaction: put(reaction, ("body", *steps), ELSEWHERE))
    return None


def records(reaction: Reaction, rows: str | None) -> list[dict[str, object]]:
    """Returns the records in an answer, to be changed in place."""
    body = reaction.get("body")
    found = body if rows is None else find(body, rows)
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, dict)]


def listing(reaction: Reaction, rows: str | None) -> list[object] | None:
    """Returns the list of records itself; None where the answer is one record."""
    body = reaction.get("body")
    found = body if rows is None else find(body, rows)
    return found if isinstance(found, list) else None


def count_one_more(reaction: Reaction, read: ReadPart) -> None:
    """Lets the answer's own count fit one record more."""
    declared = read.complete
    if declared is None:
        return
    if declared.count is not None and isinstance(body := reaction.get("body"), list):
        for row in body:
            row[declared.count] += 1  # of a SELECT each row holds the count
    elif declared.count is not None and isinstance(count := find(reaction.get("body"), declared.count), int):
        put(reaction, ("body", *parts_of(declared.count)), count + 1)
    elif declared.count_header is not None:
        headers = _headers(reaction)
        held = headers.get(declared.count_header.lower(), "")
        if str(held).isdigit():
            headers[declared.count_header.lower()] = str(int(str(held)) + 1)


def drop_end(reaction: Reaction, path: str) -> None:
    """Takes away the mark at a list's end."""
    if find(reaction.get("body"), path) is not MISSING:
        put(reaction, ("body", *parts_of(path)), None)


def put(root: object, steps: Sequence[str], value: object) -> None:
    """Puts a value at a place that exists, or whose last step can be made."""
    *before, last = steps
    for step in before:
        root = root[int(step)] if isinstance(root, list) else cast("dict[str, object]", root)[step]
    if isinstance(root, list):
        root[int(last)] = value
    elif isinstance(root, dict):
        root[last] = value


def signs_in(spec: Specification) -> str:
    """Returns how a connector shows who it is: "" for not at all, ``renewable``, or ``fixed``."""
    if spec.auth is None:
        return ""
    if spec.auth.oauth2 is not None or spec.auth.login is not None:
        return "renewable"
    return "hook" if spec.auth.hook is not None else "fixed"


def _headers(reaction: Reaction) -> dict[str, object]:
    headers = dict(cast("Mapping[str, object]", reaction.get("headers", {})))
    reaction["headers"] = headers
    return headers
