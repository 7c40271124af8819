"""What stands for a field in what was sent: by its path or paths, as a constant, or by the part that fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.fill import as_text
from bridgehead.connectors.paths import MISSING, find, parts_of
from bridgehead.connectors.values import text_reader

Scope: TypeAlias = tuple[object, ...]
"""The record being read, after those around it: ``^.`` in a path goes one outwards."""
Read: TypeAlias = Callable[[Scope], object]

_OUTWARDS: Final = "^."
_OWN: Final = frozenset({"from_", "value", "else_", "match", "join", "format", "optional", "none"})
"""What an ``else`` does not take over from the field it stands in for."""


def taken(name: str, part: FieldPart) -> Read:
    """Returns what finds a field's value in a scope, as it was sent; MISSING where there is none."""
    if "value" in part.model_fields_set:
        return lambda _: part.value
    if part.from_ is None or isinstance(part.from_, str):
        place = at(part.from_ or name.replace(".", "\\."))
    else:
        place = _joined([at(path) for path in part.from_], part)
    if part.type == "list":
        return _listed(place, part)
    if part.match is None:
        return place
    pattern = re.compile(part.match)
    return lambda scope: _first_fit(place(scope), pattern)


def at(path: str) -> Read:
    """Returns what finds a path; the common one, a name of its own, without a walk."""
    outwards = 1
    while path.startswith(_OUTWARDS):
        path, outwards = path.removeprefix(_OUTWARDS), outwards + 1
    if len(parts_of(path)) == 1 and path not in {"@", "*"} and "\\" not in path:

        def own(scope: Scope) -> object:
            raw = scope[-outwards] if outwards <= len(scope) else MISSING
            return raw.get(path, MISSING) if isinstance(raw, Mapping) else find(raw, path)

        return own
    return lambda scope: find(scope[-outwards], path) if outwards <= len(scope) else MISSING


def otherwise(part: FieldPart) -> FieldPart | None:
    """Returns a field's ``else`` with what it takes over from the field: its type and what belongs to the type."""
    other = part.else_
    if other is None:
        return None
    inherited = {
        name: getattr(part, name) for name in part.model_fields_set - other.model_fields_set if name not in _OWN
    }
    return other.model_copy(update=inherited)


def _joined(places: Sequence[Read], part: FieldPart) -> Read:
    # Each by itself: the join of a text that is damaged and one that is not cannot be repaired.
    join, text = part.join, text_reader(FieldPart(encoding=part.encoding))

    def one(value: object) -> str | None:
        return as_text(value) if isinstance(value, bool) else text(value)

    def joined(scope: Scope) -> object:
        values = [place(scope) for place in places]
        texts = [one(value) for value in values if value is not MISSING and value is not None]
        return join.join(one for one in texts if one is not None) if texts else MISSING

    return joined


def _listed(place: Read, part: FieldPart) -> Read:
    """Returns what finds a list: of an object's entries if asked for, of the entries that count."""
    pairs = None if part.pairs is None else re.compile(part.pairs)
    match = None if part.match is None else re.compile(part.match)
    only = [(path, value if isinstance(value, list) else [value]) for path, value in part.only.items()]

    def listed(scope: Scope) -> object:
        value = place(scope)
        if pairs is not None and isinstance(value, Mapping):
            named = ((_fit(str(name), pairs), one) for name, one in value.items())
            value = [{"key": name, "value": one} for name, one in named if name is not None]
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            return value
        for path, wanted in only:
            value = [entry for entry in value if find(entry, path) in wanted]
        if match is not None:
            fits = [_fit(entry, match) for entry in value]
            value = list(dict.fromkeys(fit for fit in fits if fit is not None))
        return value

    return listed


def _first_fit(value: object, pattern: re.Pattern[str]) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        fits = (_fit(entry, pattern) for entry in value)
        return next((fit for fit in fits if fit is not None), MISSING)
    fit = _fit(value, pattern)
    return MISSING if fit is None else fit


def _fit(value: object, pattern: re.Pattern[str]) -> str | None:
    """Returns the part of a text that counts, or None; what is no text or number fits nothing."""
    if value is MISSING or not isinstance(value, str | int | float):
        return None
    found = pattern.search(as_text(value))
    if found is None:
        return None
    return found[1] if pattern.groups else found[0]
