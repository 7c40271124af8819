"""One HTTP request of a specification, filled with the arguments of a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.fill import fill, fill_text, names_in
from bridgehead.connectors.http_auth import Outgoing
from bridgehead.connectors.http_paging import Turn
from bridgehead.connectors.paths import parts_of
from bridgehead.errors import Failed

FORM: Final = "application/x-www-form-urlencoded"
_UNFIT: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]|^\s|\s$")


class Request:
    """A request's templates, ready to be filled. Raises Failed ``invalid_input`` (``applied=False``) while filling."""

    def __init__(self, part: RequestPart, base: httpx.URL, headers: Mapping[str, str], *, connector: str) -> None:
        self._part = part
        self._connector = connector
        self._base = str(base.copy_with(query=None, fragment=None)).rstrip("/")
        self._fixed = dict(base.params.multi_items())
        names = {name.lower() for name in part.headers}
        self._headers = {name: value for name, value in headers.items() if name.lower() not in names}
        self._in_body = part.method != "GET" and isinstance(part.body, Mapping) and part.body != {}

    @property
    def changes(self) -> bool:
        """True when it is no GET."""
        return self._part.method != "GET"

    def filled(
        self, values: Mapping[str, object], turns: Sequence[Turn] = (), *, more: Mapping[str, str] | None = None
    ) -> Outgoing:
        """Returns the request; ``turns`` is what paging adds, ``more`` are headers beside the template's."""
        part = self._part
        query: dict[str, str] = dict(self._fixed)
        for name, template in part.query.items():
            text = fill_text(template, values)
            if text is not None:
                query[name] = text
        body: object = None if part.body is None else fill(part.body, values)
        address: httpx.URL | None = None
        for turn in turns:
            if turn.url is not None:
                address = turn.url
            elif turn.param is None:
                continue
            elif self._in_body and turn.param not in part.query:
                body = _put(body, parts_of(turn.param), turn.value)
            else:
                query[turn.param] = str(turn.value)
        headers = {**self._headers, **(more or {})}
        for name, template in part.headers.items():
            text = fill_text(template, values)
            if text is not None:
                headers[name] = text
        content: bytes | None = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        elif part.form:
            form = {name: text for name, value in part.form.items() if (text := fill_text(value, values)) is not None}
            headers.setdefault("Content-Type", FORM)
            content = urlencode(form).encode()
        for name, value in headers.items():
            if _UNFIT.search(value):
                raise self._unfit(f"the header {name} cannot carry what was given for it", name)
        if address is None:
            text = self._base + self._path(values)
            address = httpx.URL(f"{text}?{urlencode(query, quote_via=quote)}" if query else text)
        return Outgoing(part.method, address, headers, content)

    def _path(self, values: Mapping[str, object]) -> str:
        path = fill_text(self._part.path, values, escape=self._segment)
        if path is None:
            absent = sorted(name for name in names_in(self._part.path) if fill_text(f"{{{name}}}", values) is None)
            raise self._unfit(
                f"the path needs {', '.join(absent)}, which was not given", absent[0] if absent else "path"
            )
        return path if path.startswith("/") or not path else f"/{path}"

    def _segment(self, text: str) -> str:
        """Returns an argument as one path segment, so that ``a/b``, ``..`` or nothing cannot name another resource."""
        if not text:
            raise self._unfit("an argument of the path is empty", "path")
        return quote(text, safe="").replace(".", "%2E")

    def _unfit(self, text: str, field: str) -> Failed:
        return Failed(
            f"{self._connector}: {text}", error_class="invalid_input", applied=False,
            connector=self._connector, field=field,
        )  # fmt: skip


def _put(body: object, steps: Sequence[str], value: object) -> dict[str, object]:
    found = dict(body) if isinstance(body, Mapping) else {}
    found[steps[0]] = value if len(steps) == 1 else _put(found.get(steps[0]), steps[1:], value)
    return found
