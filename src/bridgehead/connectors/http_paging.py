"""How a list goes on from one answer to the next: cursor, page, offset, link, keyset; each ends, or is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from bridgehead.connectors.document_entity import EntityPart, NumberPaging, PagingPart
from bridgehead.connectors.fill import as_text
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.ports import Raw

_LINK: Final = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,;"]*))?)*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s,;"]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list."""

    rows: Sequence[Raw]
    body: object
    headers: httpx.Headers
    url: httpx.URL


@dataclass(frozen=True, slots=True)
class Turn:
    """What the next request has that the first has not: a parameter, or an address in place of its own."""

    param: str | None = None
    value: object = None
    url: httpx.URL | None = None


class Broken(Exception):
    """The list cannot be followed to its end; the text says why."""


class Pages:
    """Follows one list. Raises Broken rather than ending early: on a loop, and on a page beyond ``at_most``."""

    def __init__(self, part: PagingPart | None, entity: EntityPart) -> None:
        self._part = part
        self._entity = entity
        self._asked = 0
        self._rows = 0
        self._seen: set[str] = set()
        self._last: Sequence[Raw] | None = None

    def first(self) -> Sequence[Turn]:
        """Returns what the first request has beyond its template."""
        part = self._part
        if part is None:
            return ()
        counted = part.page or part.offset
        if counted is None:
            return ()
        size = () if counted.size_param is None else (Turn(counted.size_param, counted.size),)
        return (Turn(counted.param, self._number(counted)), *size)

    def then(self, page: Page, *, total: int | None = None, more: bool | None = None) -> Turn | None:
        """Returns what the next request has, or None when the list has ended.

        ``total`` as the system counts it, ``more`` whether it says that more follows.
        """
        part = self._part
        if part is None:
            return None
        self._asked += 1
        self._rows += len(page.rows)
        turn = None if more is False else self._turn(part, page, total, more=more)
        if turn is None:
            return None
        mark = str(turn.url) if turn.url is not None else as_text(turn.value)
        if mark in self._seen:
            raise Broken(f"the list runs in a circle: page {self._asked} leads to a page that was read before")
        self._seen.add(mark)
        if self._asked >= part.at_most:
            raise Broken(f"the list has more than {part.at_most} pages, which is the most that paging.at_most allows")
        return turn

    def _turn(self, part: PagingPart, page: Page, total: int | None, *, more: bool | None) -> Turn | None:
        if part.cursor is not None:
            value = find(page.body, part.cursor.at)
            if value is MISSING or value is None or value is False or value in ("", [], {}):
                return None
            if isinstance(value, Mapping | list):
                raise Broken(f"the cursor at {part.cursor.at} is no single value")
            if part.cursor.param is None:
                return Turn(url=_joined(page.url, str(value)))
            return Turn(part.cursor.param, value)
        if part.link:
            target = next_link(page.headers)
            return None if target is None else Turn(url=_joined(page.url, target))
        counted = part.page or part.offset
        if counted is not None:
            if self._ends(page, counted.size, total, more=more):
                return None
            if self._last is not None and list(self._last) == list(page.rows):
                raise Broken(f"the list runs in a circle: two pages are the same, so {counted.param} is not heeded")
            self._last = page.rows
            return Turn(counted.param, self._number(counted))
        if part.keyset is not None:
            if self._ends(page, part.keyset.size, total, more=more):
                return None
            return Turn(part.keyset.param, self._beyond(page.rows[-1], part.keyset.field))
        return None

    def _ends(self, page: Page, size: int, total: int | None, *, more: bool | None) -> bool:
        if total is not None and self._rows >= total:
            return True
        if len(page.rows) > size:
            raise Broken(f"a page holds {len(page.rows)} records where {size} were asked for")
        if not page.rows:
            return True
        # A system that gives less than was asked for on a page that is not the last is found by what it says of it.
        return len(page.rows) < size and total is None and more is None

    def _number(self, counted: NumberPaging) -> int:
        of_pages = self._part is not None and self._part.page is not None
        start = counted.start if counted.start is not None else int(of_pages)
        return start + (self._asked if of_pages else self._rows)

    def _beyond(self, row: Raw, name: str) -> object:
        field = self._entity.fields.get(name)
        path = field.from_ if field is not None and isinstance(field.from_, str) else name
        value = find(row, path)
        if value is MISSING or value is None or value == "":
            raise Broken(f"the last record of a page holds nothing at {path}, so the next page cannot be asked for")
        return value


def next_link(headers: httpx.Headers) -> str | None:
    """Returns the target of ``rel=next`` in the Link header (RFC 8288 section 3), as it stands there."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        found = _REL.search(parameters)
        if found is not None and "next" in (found[1] or found[2]).lower().split():
            return str(target)
    return None


def _joined(base: httpx.URL, target: str) -> httpx.URL:
    try:
        return base.join(target.strip())
    except httpx.InvalidURL:
        raise Broken("the address of the next page is none") from None
