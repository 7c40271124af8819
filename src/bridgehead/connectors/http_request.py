"""One HTTP request of a specification, filled with the arguments of a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.fill import as_text, fill, fill_text, names_in
from bridgehead.connectors.http_paging import Turn
from bridgehead.connectors.paths import parts_of
from bridgehead.errors import Failed

FORM: Final = "application/x-www-form-urlencoded"
_STEPS: Final = re.compile(r"(?:^|[/\\])\.{1,2}(?:$|[/\\;?#])")
_UNFIT: Final = re.compile(r"[^\t\x20-\x7e]|^\s|\s$")


@dataclass(slots=True)
class Outgoing:
    """One request that is about to be sent."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    content: bytes | None = None


class Request:
    """A request's templates, ready to be filled. Raises Failed ``invalid_input`` (``applied=False``) while filling."""

    def __init__(self, part: RequestPart, base: httpx.URL, headers: Mapping[str, str], *, connector: str) -> None:
        self._part = part
        self._connector = connector
        self._base = str(base.copy_with(query=None, fragment=None)).rstrip("/")
        self._fixed = dict(base.params.multi_items())
        names = {name.lower() for name in part.headers}
        self._headers = {name: value for name, value in headers.items() if name.lower() not in names}
        self._own_type = "content-type" in names or any(name.lower() == "content-type" for name in headers)
        self._in_body = part.method != "GET" and isinstance(part.body, Mapping) and part.body != {}

    def filled(
        self, values: Mapping[str, object], turns: Sequence[Turn] = (), *, more: Mapping[str, str] | None = None
    ) -> Outgoing:
        """Returns the request; ``turns`` is what paging adds, ``more`` are headers beside the template's."""
        try:
            return self._filled(values, turns, more or {})
        except (ValueError, httpx.InvalidURL):
            # Half a character, a number that JSON lacks, an address beyond every length: texts that no system sent.
            raise self._unfit("an argument holds what HTTP or JSON cannot carry", "request") from None

    def _filled(self, values: Mapping[str, object], turns: Sequence[Turn], more: Mapping[str, str]) -> Outgoing:
        part = self._part
        query = self._fixed | _texts(part.query, values)
        form = _texts(part.form, values)
        body: object = None if part.body is None else fill(part.body, values)
        address: httpx.URL | None = None
        for turn in turns:
            if turn.url is not None:
                address = turn.url
            elif turn.param is None:
                continue
            elif self._in_body and turn.param not in part.query:
                body = _put(body, parts_of(turn.param), turn.value)
            elif form and turn.param not in part.query:
                form[turn.param] = as_text(turn.value)
            else:
                query[turn.param] = as_text(turn.value)
        headers = {**self._headers, **more, **_texts(part.headers, values)}
        content: bytes | None = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        elif form:
            content = urlencode(form).encode()
        if content is not None and not self._own_type:
            headers["Content-Type"] = FORM if body is None else "application/json"
        for name, value in headers.items():
            if _UNFIT.search(value):
                raise self._unfit(f"the header {name} cannot carry what was given for it", name)
        if address is None:
            text = self._base + self._path(values)
            joined = "&" if "?" in text else "?"
            address = httpx.URL(f"{text}{joined}{urlencode(query, quote_via=quote)}" if query else text)
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
        """Returns an argument as one path segment, so that ``a/b``, ``..`` or nothing cannot name another resource.

        Many servers take ``%2E%2E`` and ``%2F`` for what they stand for before they look for the resource.
        """
        if not text:
            raise self._unfit("an argument of the path is empty", "path")
        if _STEPS.search(text) is not None or "\0" in text:
            raise self._unfit("an argument of the path has . or .. as a step, or NUL in it", "path")
        return quote(text, safe="").replace(".", "%2E")

    def _unfit(self, text: str, field: str) -> Failed:
        return Failed(
            f"{self._connector}: {text}", error_class="invalid_input", applied=False,
            connector=self._connector, field=field,
        )  # fmt: skip


def _texts(templates: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    """Returns templates filled; what asks for an argument that is absent is left out."""
    return {name: text for name, template in templates.items() if (text := fill_text(template, values)) is not None}


def _put(body: object, steps: Sequence[str], value: object) -> dict[str, object]:
    found = dict(body) if isinstance(body, Mapping) else {}
    found[steps[0]] = value if len(steps) == 1 else _put(found.get(steps[0]), steps[1:], value)
    return found
