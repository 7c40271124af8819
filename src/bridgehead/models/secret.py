"""A secret is named, and its value is read only at the moment it is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bridgehead.cases.hiding import SECRETS
from bridgehead.errors import UserError

_OURS: Final = "BRIDGEHEAD_"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """``env:NAME``: where a secret is, and never the secret itself.

    So it may be shown, logged and compared. Raises UserError when made from anything else, or from a
    variable of Bridgehead's own: its key goes to no model.
    """

    reference: str
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.reference.startswith("env:") or not self.reference[4:].strip():
            # The text is not repeated: somebody may have put the secret itself there.
            raise UserError(
                "a secret is given by reference, and this is none",
                code="model.key",
                hint="Write env:NAME, and set NAME in the environment of the worker.",
            )
        _check_name(self.reference[4:].strip(), "model.key")

    def reveal(self) -> str:
        """Returns the value; raises UserError when it is unset or cannot stand in an HTTP header."""
        name = self.reference[4:].strip()
        value = self.environment.get(name, "").strip()
        if not value:
            raise UserError(
                f"the environment holds no {name}",
                code="model.key",
                hint=f"Set {name} for the process that runs the worker.",
            )
        # A header line with a control or non-ASCII character fails in the HTTP library, which would quote it.
        if not all("!" <= character <= "~" for character in value):
            raise UserError(
                f"the value of {name} holds characters that no key has",
                code="model.key",
                hint="Look for line breaks, spaces and quotation marks around the key.",
            )
        return SECRETS.keep(value)


def resolve(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Returns plain text as it is, and the value of ``env:NAME``; raises UserError when NAME is unset.

    For addresses and names, which may be shown. Secrets stay references.
    """
    if not text.startswith("env:"):
        return text
    name = text[4:].strip()
    _check_name(name, "model.setting")
    value = (os.environ if environment is None else environment).get(name, "").strip()
    if not value:
        raise UserError(
            f"the environment holds no {name}",
            code="model.setting",
            hint=f"Set {name}, or write the value in place of {text}.",
        )
    return value


def _check_name(name: str, code: str) -> None:
    if name.upper().startswith(_OURS):
        raise UserError(
            f"{name} is Bridgehead's own and goes to no other system",
            code=code,
            hint="Name a variable that is made for this model.",
        )
