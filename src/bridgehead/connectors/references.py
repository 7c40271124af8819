"""Where settings and secrets are found: a specification holds references, never a secret."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from bridgehead.cases.hiding import SECRETS
from bridgehead.connectors.secret_stores import from_keyring, from_vault
from bridgehead.errors import UserError

log = logging.getLogger("bridgehead.connectors")

URL: Final = "file://"
"""How an address of a folder begins (RFC 8089), which is no reference to a file's content."""
_OURS: Final = "BRIDGEHEAD_"
_SHORTEST: Final = 4
_SHOWN_INSTEAD: Final = "(secret)"
_WARNED: Final[set[Path]] = set()


def setting(text: str, *, folder: Path) -> str:
    """Returns a value that is written out, or stands in ``env:NAME`` or ``file:PATH``; raises UserError.

    Where ``NAME`` is not set, ``NAME_FILE`` may name a file that holds the value.
    """
    if text.startswith("env:"):
        return _environment(text[4:].strip(), "connector.setting")
    if text.startswith("file:") and not text.startswith(URL):
        return _file(folder / text[5:].strip(), "connector.setting")
    return text


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A reference to a secret; its value is read at each ``reveal`` and shown by nothing else."""

    reference: str
    folder: Path

    @classmethod
    def of(cls, reference: str, folder: Path) -> Secret:
        """Returns the secret that a reference names."""
        return cls(reference, folder)

    def reveal(self) -> str:
        """Returns the value; raises UserError ``connector.secret`` when there is none."""
        scheme, _, rest = self.reference.partition(":")
        if scheme == "env":
            return _environment(rest.strip(), "connector.secret")
        if scheme == "file":
            path = self.folder / rest.strip()
            value = _file(path, "connector.secret")
            _warn_of_readers(path)
            return value
        if scheme == "keyring":
            return from_keyring(rest.strip())
        if scheme == "vault":
            return from_vault(rest.strip(), folder=self.folder)
        raise UserError(
            f"secrets cannot be read from {scheme}:",
            code="connector.secret",
            hint="Use env:, file:, keyring: or vault:.",
        )

    def __repr__(self) -> str:
        return f"Secret({self.reference})"


class Redactor:
    """Knows every secret that was revealed, and takes it out of any text, also as addresses and JSON spell it."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, value: str) -> None:
        """Remembers a secret; very short ones would blot out ordinary texts and are left."""
        SECRETS.keep(value)
        if len(value) >= _SHORTEST:
            self._known |= {value, quote(value), quote(value, safe=""), quote_plus(value)}
            self._known |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}

    def clean(self, text: str) -> str:
        """Returns the text without any secret that is known."""
        if not self._known:
            return text
        # In one pass, the longest first: what stands instead is not looked through again.
        longest_first = sorted(self._known, key=len, reverse=True)
        # Hosts and the digits behind a percent sign come back in lower case.
        return re.sub("|".join(map(re.escape, longest_first)), _SHOWN_INSTEAD, text, flags=re.IGNORECASE)


def is_ours(name: str) -> bool:
    """Tells whether a variable is one of Bridgehead's own, which hold its key and its database's password."""
    return name.strip().upper().startswith(_OURS)


def _environment(name: str, code: str) -> str:
    if is_ours(name):
        raise UserError(
            f"{name} is Bridgehead's own and goes to no other system", code=code,
            hint="Name a variable that is made for this connector.",
        )  # fmt: skip
    value = os.environ.get(name, "").strip()
    if value:
        return value
    file = os.environ.get(f"{name}_FILE", "").strip()
    if file:
        return _file(Path(file), code, said=f"{name}_FILE: ")
    raise UserError(
        f"the environment holds no {name}", code=code, hint=f"Set {name} for the process, or {name}_FILE to its file."
    )


def _file(path: Path, code: str, *, said: str = "") -> str:
    if path.resolve().is_relative_to("/proc"):
        # The environment of a process stands there, whole.
        raise UserError(f"{said}{path.name} lies in /proc, which holds no setting", code=code, hint="Name a file.")
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{said}{path.name} cannot be read", code=code, hint="Check the file that is named, seen from here."
        ) from error


def _warn_of_readers(path: Path) -> None:
    """Says in the log, once a file, that a secret can be read by every user of the machine."""
    try:
        open_to_all = path.stat().st_mode & stat.S_IROTH
    except OSError:
        return
    if open_to_all and path not in _WARNED:
        _WARNED.add(path)
        log.warning("%s holds a secret and can be read by every user of this machine: chmod o-r", path.name)
