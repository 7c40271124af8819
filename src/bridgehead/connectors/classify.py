"""What an HTTP system's refusal means, as tables: status, header, body and transport error to error class.

Sources: RFC 9110 section 15, RFC 6585 and RFC 8470 for statuses; RFC 9457 for problem documents.
A specification's own rules (``errors:``) are asked first; the first that fits decides.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import httpx

from bridgehead.clock import utc_now
from bridgehead.connectors.document_connection import ErrorPart
from bridgehead.connectors.http_reply import Reply, http_date
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.references import Redactor
from bridgehead.errors import Attribute, ErrorClass, Failed

REFUSALS: Final[Mapping[int, ErrorClass]] = {
    401: "auth_expired",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    425: "throttled",
    428: "conflict",
    429: "throttled",
}
"""The statuses from 400 to 499 say that nothing was done; those not listed are invalid_input."""

OUTAGES: Final[Mapping[int, ErrorClass]] = {502: "dependency_down", 503: "dependency_down", 504: "timeout"}
"""The statuses from 500 on leave open what was done; those not listed are transient."""

TRANSPORT: Final[Sequence[tuple[type[Exception], ErrorClass, bool, str]]] = (
    (httpx.ConnectTimeout, "timeout", False, "no connection in time"),
    (httpx.PoolTimeout, "timeout", False, "no free connection in time"),
    (httpx.ProxyError, "dependency_down", False, "the proxy gave no connection"),
    (httpx.ConnectError, "dependency_down", False, "no connection"),
    (httpx.UnsupportedProtocol, "invalid_input", False, "an address that is neither http nor https"),
    (httpx.LocalProtocolError, "invalid_input", False, "a request that HTTP cannot carry"),
    (httpx.TimeoutException, "timeout", True, "no answer in time"),
    (httpx.TransportError, "transient", True, "the connection broke"),
)
"""Error, class, whether the system may have acted, and its words; the first that fits, so the exact ones come first."""

RETRYABLE: Final[frozenset[ErrorClass]] = frozenset({"transient", "throttled", "timeout", "dependency_down"})
"""Classes after which the same request may succeed."""

LONGEST_QUOTE: Final = 200
"""Characters of an answer that an error may show."""

_DEEPEST: Final = 4
"""How far inside of an error's body texts are looked for."""

_LONGEST_WAIT_S: Final = 86_400.0
_WORD: Final = re.compile(r"^[\w.-]{1,64}$")


@dataclass(frozen=True, slots=True)
class _Rule:
    part: ErrorPart
    headers: tuple[tuple[str, re.Pattern[str]], ...]
    body: re.Pattern[str] | None
    text: re.Pattern[str] | None

    def fits(self, reply: Reply, body: object) -> bool:
        part = self.part
        if part.status is not None and not any(_is_status(reply.status, one) for one in part.status):
            return False
        if not all(name in reply.headers and form.search(reply.headers[name]) for name, form in self.headers):
            return False
        if part.body is not None:
            value = find(body, part.body.at)
            if value is MISSING or value is None or value is False:
                return False
            if self.body is not None and not self.body.search(_plain_text(value)):
                return False
        if self.text is not None:
            # A text is looked for in errors alone, unless the rule names a status of success.
            if reply.status < httpx.codes.BAD_REQUEST and part.status is None:
                return False
            return self.text.search(reply.content.decode("utf-8", "replace")) is not None
        return True


class Classifier:
    """Says of every answer and every error of one connector which class it is, and whether the system acted."""

    def __init__(self, connector: str, rules: Iterable[ErrorPart], redactor: Redactor) -> None:
        self._connector = connector
        self._redactor = redactor
        self._rules = tuple(
            _Rule(
                part,
                tuple((name, re.compile(form)) for name, form in part.header.items()),
                re.compile(part.body.matches) if part.body is not None and part.body.matches is not None else None,
                re.compile(part.text) if part.text is not None else None,
            )
            for part in rules
            if part.status or part.header or part.body or (part.text and part.sqlstate is None and part.code is None)
        )
        # Only these can make a failure of an answer that succeeded by its status.
        self._on_success = any(rule.part.status is None or _names_success(rule.part.status) for rule in self._rules)

    def asks_about(self, status: int) -> bool:
        """True when a rule may fit an answer of this status."""
        return bool(self._rules) if status >= httpx.codes.BAD_REQUEST else self._on_success

    def answer(self, reply: Reply, body: object, *, writes: bool) -> Failed | None:
        """Returns what an answer stands for, None where it is a success.

        ``body`` is its parsed JSON or MISSING. The failure's attributes are ``connector``, ``status``
        and, where the system said them, ``field`` and ``retry_after`` (seconds).
        """
        status = reply.status
        rule = next((one for one in self._rules if one.fits(reply, body)), None) if self.asks_about(status) else None
        if rule is None and httpx.codes.is_success(status):
            return None
        acted = writes and (status >= httpx.codes.INTERNAL_SERVER_ERROR or status < httpx.codes.BAD_REQUEST)
        # RFC 9110 15.4.8 and 15.4.9: a 307 or 308 asks for the same request elsewhere, so it was not carried out here.
        acted = acted and status not in {httpx.codes.TEMPORARY_REDIRECT, httpx.codes.PERMANENT_REDIRECT}
        if rule is not None:
            error_class = rule.part.error
            applied = False if rule.part.applied is False or not acted else None
            said = _said_at(body, rule.part.message) or _said(body) or _plainly(reply)
        else:
            error_class = _by_status(status)
            applied = None if acted else False
            said = _said(body) or _plainly(reply)
        if not said and "location" in reply.headers and httpx.codes.is_redirect(status):
            said = f"it answered with a redirect (status {status}), and redirects are not followed"
        return self.failed(
            said or f"it answered with status {status}",
            error_class,
            applied=applied,
            status=status,
            field=_field(body),
            retry_after=retry_after_s(reply.headers),
        )

    def transport(self, error: Exception, *, writes: bool) -> Failed:
        """Returns what an error of the connection, before an answer's beginning, stands for."""
        _, error_class, sent, words = next(row for row in TRANSPORT if isinstance(error, row[0]))
        hint = "Check connection.url, and whether the system runs." if error_class == "dependency_down" else ""
        cause = _cause(error, ssl.SSLError)
        if cause is not None:
            words, hint = "no TLS connection", "Name the authority that signed its certificate under connection.tls.ca."
            if isinstance(cause, ssl.SSLCertVerificationError):
                words += f": {cause.verify_message}"
        elif sent and error_class == "transient":
            words += f" ({type(error).__name__})"
        return self.failed(words, error_class, applied=None if sent and writes else False, hint=hint)

    def unreadable(self, what: str, *, writes: bool, status: int | None = None) -> Failed:
        """Returns the failure for an answer that came and is not what was agreed."""
        return self.failed(what, "invalid_output", applied=None if writes else False, status=status)

    def failed(
        self,
        text: str,
        error_class: ErrorClass,
        *,
        applied: bool | None,
        hint: str = "",
        status: int | None = None,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> Failed:
        """Returns a failure in this connector's name: one line, cut, without a secret."""
        line = " ".join(self._redactor.clean(text).split())
        shown = line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE] + "…"
        failed = Failed(
            f"{self._connector}: {shown}",
            error_class=error_class,
            applied=applied,
            hint=hint,
            connector=self._connector,
        )
        known: dict[str, Attribute] = {"status": status, "retry_after": retry_after}
        known["field"] = None if field is None else self._redactor.clean(field)
        failed.attributes.update({name: value for name, value in known.items() if value is not None})
        return failed


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Returns the wait that ``Retry-After`` asks for (RFC 9110 10.2.3: seconds or a date), at most a day, or None."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_WAIT_S)
    moment = http_date(text)
    return None if moment is None else min(max((moment - utc_now()).total_seconds(), 0.0), _LONGEST_WAIT_S)


def _by_status(status: int) -> ErrorClass:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return OUTAGES.get(status, "transient")
    if status >= httpx.codes.BAD_REQUEST:
        return REFUSALS.get(status, "invalid_input")
    return "invalid_output"


def _is_status(status: int, named: str) -> bool:
    return named == str(status) or (named[1:] == "xx" and named[0] == str(status)[0])


def _names_success(named: Sequence[str]) -> bool:
    return any(one[0] in "123" for one in named)


def _plain_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _said_at(body: object, path: str | None) -> str:
    value = MISSING if path is None else find(body, path)
    return "" if value is MISSING or value is None else _plain_text(value)


def _said(body: object) -> str:
    """Returns why, from a problem document or a common error body; empty where it says nothing."""
    paths = ("detail", "title", "error_description", "message", "error.message", "errors.0.message", "error", "errors")
    for path in paths:
        said = " ".join(islice(_texts(find(body, path), depth=0), 20)).strip()
        if said:
            return said
    return ""


def _texts(value: object, *, depth: int) -> Iterator[str]:
    """Yields the texts in a message that a system sends in parts, a list or an object of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and depth < _DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one, depth=depth + 1)


def _plainly(reply: Reply) -> str:
    """Returns what a refusal says as plain text; a page of HTML says nothing."""
    if reply.status < httpx.codes.BAD_REQUEST or not reply.headers.get("content-type", "").startswith("text/plain"):
        return ""
    return reply.content[: 4 * LONGEST_QUOTE].decode("utf-8", "replace")


def _field(body: object) -> str | None:
    value = find(body, "field")
    return value if isinstance(value, str) and _WORD.match(value) else None


def _cause(error: BaseException | None, kind: type[Exception]) -> BaseException | None:
    seen = 0
    while error is not None and seen < 10:  # noqa: PLR2004 - a chain of causes is short; this bounds a loop in it
        if isinstance(error, kind):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
