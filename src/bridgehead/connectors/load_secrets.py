"""Finds secrets that are written out in a connector specification: they belong where ``env:`` or ``file:`` point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.references import is_ours
from bridgehead.spec.yamlfile import Spot

_NAME: Final = re.compile(
    r"(?:^|[-_.])(?:pass(?:word|wd|phrase)?|secret|(?:auth|access|refresh|api|session|csrf|private|id)?[-_]?token"
    r"|(?:api|access|private|secret|subscription|account)[-_]?key|apikey|authorization|cookie|credentials?)$",
    re.IGNORECASE,
)
_SENT: Final = frozenset({"headers", "query", "form", "body"})
_REFERENCES: Final = ("env:", "file:", "keyring:", "vault:")
_SCHEME: Final = re.compile(r"^(?:bearer|basic|token|apikey)\s+[^\s{]{8,}$", re.IGNORECASE)
_EXPECTED: Final = "no secret in this file"
_HINT: Final = "write env:NAME or file:PATH, under `auth` where it is a credential"
_FOUND: Final = "one written out"


def check_secrets(findings: Findings) -> None:
    """Notes every password in an address, and every value that is sent under a secret's name and is no reference.

    What stands there is never shown. A reference to Bridgehead's own key or database is noted too.
    """
    for path, spot in _scalars(findings.top, ()):
        text = spot.value
        if isinstance(text, str) and text.startswith("env:") and is_ours(text[4:]):
            findings.add(path, "a variable that is made for this connector", text[:60], "Bridgehead's own stay with it")
        if not isinstance(text, str) or text.startswith(_REFERENCES):
            continue
        if _in_address(text) or (_is_sent(path) and _is_secret(path, text)):
            findings.add(path, _EXPECTED, _FOUND, _HINT)


def _scalars(spot: Spot, path: Path) -> Iterator[tuple[Path, Spot]]:
    if not spot.children:
        yield path, spot
    for name, child in spot.children.items():
        yield from _scalars(child, (*path, name))


def _in_address(text: str) -> bool:
    if "://" not in text and not text.startswith("/"):
        return False
    try:
        parts = urlsplit(text)
        if parts.password and "{" not in parts.password:
            return True
        return any(_NAME.search(name) and value and "{" not in value for name, value in parse_qsl(parts.query))
    except ValueError:
        return False


def _is_sent(path: Path) -> bool:
    """Tells whether a place is one whose names and values go to the system as they are."""
    return any(part in _SENT for part in path[:-1])


def _is_secret(path: Path, text: str) -> bool:
    if _SCHEME.match(text):
        return True
    names = [part for part in path if isinstance(part, str)]
    return bool(text.strip()) and "{" not in text and _NAME.search(names[-1]) is not None
