"""Which settings and secrets of a specification cannot be read here; what one holds is never shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from bridgehead.connectors.document import Specification
from bridgehead.connectors.references import URL, Secret
from bridgehead.errors import UserError

_READ_HERE: Final = ("env:", "file:")
_SECRETS: Final = frozenset(
    {"password", "secret", "value", "token", "client_secret", "refresh_token", "key", "secrets"}
)


def unset_settings(spec: Specification, folder: Path) -> list[str]:
    """Returns a sentence for each ``env:`` or ``file:`` that a connector needs to be opened and cannot read here."""
    return [said for said, is_secret in _unread(spec, folder) if not is_secret]


def unset_secrets(spec: Specification, folder: Path) -> list[str]:
    """Returns a sentence for each secret that a connector's calls need and cannot read here."""
    return [said for said, is_secret in _unread(spec, folder) if is_secret]


def require_settings(spec: Specification, path: Path) -> None:
    """Raises UserError ``connector.setting`` naming every setting that cannot be read here, all at once."""
    _require(path, unset_settings(spec, path.parent), "connector.setting")


def require_secrets(spec: Specification, path: Path) -> None:
    """Raises UserError ``connector.secret`` naming every secret that cannot be read here, all at once."""
    _require(path, unset_secrets(spec, path.parent), "connector.secret")


def _require(path: Path, lacking: list[str], code: str) -> None:
    if lacking:
        raise UserError(
            f"{path.name} needs what is not there: {'; '.join(lacking)}",
            code=code,
            hint="Set it with `export NAME=…`, in every terminal that checks or runs this deployment.",
        )


def _unread(spec: Specification, folder: Path) -> Iterator[tuple[str, bool]]:
    """Yields (sentence, whether it is a secret) of each reference that cannot be read."""
    for part in ("connection", "auth", "intake"):
        value = getattr(spec, part)
        if value is not None:
            yield from _of(value, (part,), folder)


def _of(value: object, path: tuple[str, ...], folder: Path) -> Iterator[tuple[str, bool]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _of(getattr(value, name), (*path, name.rstrip("_")), folder)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _of(inner, (*path, str(name)), folder)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _of(inner, path, folder)
    elif isinstance(value, str) and value.startswith(_READ_HERE):
        is_secret = bool(_SECRETS & set(path))
        is_folder = value.startswith(URL) and not is_secret
        if not is_folder and (why := _why_not(value, folder)):
            yield f"{'.'.join(path)}: {why}", is_secret


def _why_not(reference: str, folder: Path) -> str:
    scheme, _, name = reference.partition(":")
    name = name.strip()
    if scheme == "env" and not os.environ.get(name, "").strip() and not os.environ.get(f"{name}_FILE", "").strip():
        return f"{name} is not set"
    try:
        Secret.of(reference, folder).reveal()
    except UserError as error:
        return error.message
    return ""
