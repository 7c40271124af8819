"""Secrets of this process get no further: results, answers of models and errors are told without them.

Whoever reveals a secret in order to send it says so here. What comes back then holds it no more, before anything is
recorded, shown to a model or logged. Variables of the environment that are named as secrets, and the files that such
a variable with ``_FILE`` behind its name points to, are known from the start, for tools that look there themselves.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from bridgehead.spec.tool import JSON

HIDDEN: Final = "[secret]"
"""Stands where a secret was."""
_SHORTEST: Final = 8
"""A shorter one would blot out ordinary texts."""
_NAMED: Final = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|BRIDGEHEAD_KEY)(_FILE)?$", re.IGNORECASE
)
_LARGEST: Final = 8192
"""No file of a secret is larger; a larger one is not read."""
_MIXED: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{12,}", re.DOTALL)
"""A variable counts when its value, too, looks like a secret: an ordinary word must not vanish from a result."""


class Secrets:
    """What is known to be secret, for a whole process: what one system's key is, no other one has to see."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def keep(self, value: str) -> str:
        """Remembers a secret, as it is and as base64, hexadecimal, addresses and JSON spell it; returns it."""
        if len(value) >= _SHORTEST and value not in self._known:
            self._known |= {one for one in _spelt(value) if len(one) >= _SHORTEST}
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        return value

    def keep_environment(self, environment: Mapping[str, str]) -> None:
        """Remembers the variables that are named as secrets, their files, and the passwords in addresses."""
        for name, value in environment.items():
            named = _NAMED.search(name)
            text = _content(value) if named and named[1] else value.strip()
            if named and _MIXED.fullmatch(text):
                self.keep(text)
            elif "://" in value and "@" in value:
                try:
                    password = urlsplit(value).password
                except ValueError:
                    continue
                self.keep(password or "")

    def hide(self, text: str) -> str:
        """Returns a text without any secret that is known."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def without(self, value: JSON) -> JSON:
        """Returns a value without any secret that is known: the same object when it held none."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            plain = {self.hide(str(name)): self.without(inner) for name, inner in value.items()}
            return value if plain == value else plain
        if isinstance(value, list | tuple):
            told = [self.without(inner) for inner in value]
            return value if told == list(value) else told
        return value


def _spelt(value: str) -> Iterator[str]:
    """Yields the ways a text may be written; base64 of a longer text has it in one of three (RFC 4648, section 4)."""
    data = value.encode()
    yield from (value, quote(value), quote(value, safe=""), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], data.hex(), data.hex().upper())
    for coded in (base64.b64encode, base64.urlsafe_b64encode):
        yield coded(data).decode().rstrip("=")
        for before in range(3):  # bytes of what stands before it in the same group
            bits = 8 * (before + len(data))
            yield coded(bytes(before) + data).decode()[-(-8 * before // 6) : bits // 6]


def _content(file: str) -> str:
    """Returns the text of a file that holds a secret, and none where there is no such file."""
    try:
        path = Path(file).resolve()
        if path.is_relative_to("/proc") or not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


SECRETS: Final = Secrets()
"""The secrets of this process."""
