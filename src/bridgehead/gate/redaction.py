"""What is blacked out of a call before anybody is shown it, and before it is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, cast

from bridgehead.spec.tool import JSON

BLACKED_OUT: Final = "[redacted]"


def blacked_out(args: Mapping[str, JSON], paths: Collection[str], *, texts: bool = False) -> Mapping[str, JSON]:
    """Returns the arguments with what stands at these paths blacked out.

    Places in lists are left out of a path; ``*`` is every place or field. ``texts``: what is no text stays as it is,
    for a sink to refuse.
    """
    found: JSON = args
    for path in paths:
        found = _blackened(found, path.split("."), texts=texts)
    return cast("Mapping[str, JSON]", found)


def _blackened(value: JSON, path: Sequence[str], *, texts: bool) -> JSON:
    if isinstance(value, str):
        return value if path or not value else BLACKED_OUT
    if isinstance(value, Mapping):
        if not path:
            return {name: _blackened(inner, (), texts=texts) for name, inner in value.items()}
        return {
            name: _blackened(inner, path[1:], texts=texts) if path[0] in (name, "*") else inner
            for name, inner in value.items()
        }
    if isinstance(value, Sequence):
        below = path[1:] if path and path[0] == "*" else path
        return [_blackened(inner, below, texts=texts) for inner in value]
    return value if path or texts or value is None else BLACKED_OUT
