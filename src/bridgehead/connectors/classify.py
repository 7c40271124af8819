"""What an HTTP system's refusal means: read off its answer or off the connection's error, told by the taxonomy.

A specification's own rules (``errors:``) are asked first; the first that fits decides. RFC 9457 for problem
documents.
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
from bridgehead.resilience.dispositions import RETRIED
from bridgehead.resilience.taxonomy import UNKNOWN, of_status, worded
from bridgehead.resilience.taxonomy.signs import broken

RETRYABLE: Final = RETRIED
"""Classes after which the same request may succeed."""

LONGEST_QUOTE: Final = 200
"""Characters of an answer that an error may show."""

_DEEPEST: Final = 4
"""How far inside of an error's body texts are looked for."""

_LONGEST_WAIT_S: Final = 86_400.0
_WORD: Final = re.compile(r"^[\w.-]{1,64}$")
_TLS_HINTS: Final[Mapping[ErrorClass, str]] = {
    "dependency_down": "Name the authority that signed its certificate under connection.tls.ca.",
    "auth_expired": "Renew the certificate that connection.tls names.",
    "forbidden": "Ask the system's owner what the certificate under connection.tls may do.",
}


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
        row = of_status("http", status)
        applied = (None if row is None else row.applied) if writes else False
        if rule is not None:
            error_class = rule.part.error
            applied = False if rule.part.applied is False else applied
            said = _said_at(body, rule.part.message) or _said(body) or _plainly(reply)
        else:
            error_class = UNKNOWN["http"] if row is None else row.error_class
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
        found = broken(error)
        words, hint = found.why, ""
        if found.tls is not None:
            words, hint = f"no TLS connection: {_tls_reason(found.tls)}", _TLS_HINTS.get(found.error_class, "")
        elif found.error_class == "dependency_down":
            hint = "Check connection.url, and whether the system runs."
        elif found.applied is None and found.error_class == "transient":
            words += f" ({type(error).__name__})"
        return self.failed(words, found.error_class, applied=found.applied if writes else False, hint=hint)

    def broken_off(self, error: Exception, *, writes: bool) -> Failed:
        """Returns what an error of the protocol inside of an answer stands for: it was cut short, or is none."""
        cut = worded("connection", str(error))
        if cut is None:
            return self.unreadable("the answer is not the HTTP that it began as", writes=writes)
        return self.failed(cut.why, cut.error_class, applied=cut.applied if writes else False)

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


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (getattr(error, "reason", None) or type(error).__name__).replace("_", " ").lower()
