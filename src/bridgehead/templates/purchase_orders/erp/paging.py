"""Pages of a list by keyset: a cursor names the last row that was given, so that rows added meanwhile shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from bridgehead.templates.purchase_orders.erp.problems import RequestError

PARAMETERS: Final = ("limit", "cursor")
DEFAULT_LIMIT: Final = 50
MOST_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """What a request asks for: rows after ``after`` (None: from the first), at most ``limit``, under its filters."""

    limit: int
    after: str | None
    path: str
    filters: Mapping[str, str]

    def cursor(self, last: str) -> str:
        """Returns the cursor of the page that follows the row ``last``; good with the same filters only."""
        text = json.dumps([last, self._mark()], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def link(self, cursor: str | None) -> dict[str, str]:
        """Returns the Link header (RFC 8288) to the next page; nothing on the last one."""
        if cursor is None:
            return {}
        query = urlencode({**self.filters, "limit": str(self.limit), "cursor": cursor})
        return {"Link": f'<{self.path}?{query}>; rel="next"'}

    def _mark(self) -> str:
        return _mark(self.path, self.filters)


def read_page(path: str, query: dict[str, str]) -> Page:
    """Takes ``limit`` and ``cursor`` out of a query; raises RequestError 400 for one that is no number or not of it.

    A limit beyond the server's largest page is lowered to it.
    """
    limit_text, cursor = query.pop("limit", str(DEFAULT_LIMIT)), query.pop("cursor", None)
    if not limit_text.isascii() or not limit_text.isdigit() or int(limit_text[:9]) < 1:
        raise RequestError(400, "limit is a whole number from 1", field="limit")
    return page_of(path, query, limit=int(limit_text[:9]), cursor=cursor)


def page_of(path: str, filters: Mapping[str, str], *, limit: int, cursor: str | None) -> Page:
    """Returns the page that is asked for; raises RequestError 400 for a cursor of another list."""
    after = None if cursor is None else _after(cursor, _mark(path, filters))
    return Page(min(limit, MOST_LIMIT), after, path, filters)


def _after(cursor: str, mark: str) -> str:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        after, of = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise RequestError(400, "this cursor was not given out here", field="cursor") from error
    if not isinstance(after, str) or of != mark:
        raise RequestError(400, "this cursor belongs to another list or other filters", field="cursor")
    return after


def _mark(path: str, filters: Mapping[str, str]) -> str:
    return sha256(json.dumps([path, sorted(filters.items())]).encode()).hexdigest()[:12]
