"""Spoils what a system sends, field by field: names that are gone, values of another type, other content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.paths import MISSING, find, parts_of

WRONG: Final[Mapping[str, object]] = {"unexpected": ["value"]}
"""What no scalar can be read from."""

_NUMBER: Final = re.compile(r"-?\d+([.,]\d+)?")
_NUMBERS: Final = frozenset({"integer", "decimal", "money", "price", "measure"})


@dataclass(frozen=True, slots=True)
class Target:
    """One field, by its dotted name, and where it stands in a record; ``*`` stands for every entry of a list."""

    name: str
    path: tuple[str, ...]
    part: FieldPart


def targets(fields: Mapping[str, FieldPart], *, name: str = "", before: Sequence[str] = ()) -> Iterator[Target]:
    """Returns every field that stands at a place of its own in the record."""
    for own, part in fields.items():
        if part.read is not None or isinstance(part.from_, list) or "value" in part.model_fields_set:
            continue
        written = part.from_ or own.replace(".", "\\.")
        if written.startswith("^.") or written == "@":
            continue
        path = (*before, *parts_of(written.removeprefix("@.")))
        yield Target(name + own, path, part)
        if part.fields is not None and part.pairs is None:
            inside = (*path, "*") if part.type == "list" else path
            yield from targets(part.fields, name=f"{name}{own}.", before=inside)


def needed(part: FieldPart) -> bool:
    """Tells whether a record without the field is refused."""
    chosen = part.type == "list" and part.match is not None  # what does not fit is left out of it
    return not (part.optional or part.none or part.else_ is not None or chosen)


def tells(part: FieldPart) -> bool:
    """Tells whether a value of another type is refused; with ``match``, what does not fit is none."""
    return part.match is None or needed(part)


def rename(records: Sequence[dict[str, object]], target: Target) -> int:
    """Gives the field's last name another one in every record; returns how many times it stood there."""
    return _each(records, target.path, _renamed)


def retype(records: Sequence[dict[str, object]], target: Target) -> int:
    """Puts a value of another type in the field's place in every record; returns how many times."""
    structured = target.part.fields is not None or (target.part.type == "list" and target.part.split is None)
    value: object = "unexpected" if structured else dict(WRONG)

    def put(holder: dict[str, object], key: str) -> None:
        holder[key] = value

    return _each(records, target.path, put)


def change(records: Sequence[dict[str, object]], target: Target) -> int:
    """Gives the field other content of the same type in every record; returns how many times that was possible."""
    changed = 0

    def put(holder: dict[str, object], key: str) -> None:
        nonlocal changed
        other = _other(holder[key], target.part)
        if other is not MISSING:
            holder[key] = other
            changed += 1

    _each(records, target.path, put)
    return changed


def _other(value: object, part: FieldPart) -> object:
    if isinstance(value, bool):
        return not value if part.type == "boolean" else MISSING
    if isinstance(value, int | Decimal | float):
        return value + 1
    if isinstance(value, list) and value:
        return value[:-1]
    if not isinstance(value, str) or not value.strip():
        return MISSING
    if part.values:
        return next((code for code in part.values if code != value.strip()), MISSING)
    if part.type in _NUMBERS:
        return f"1{value.strip()}" if _NUMBER.fullmatch(value.strip()) else MISSING
    if part.type in {"date", "datetime"}:
        return re.sub(r"^\d{4}", "2001", value) if re.match(r"^\d{4}-", value) else MISSING
    return value + "X" if part.type in {"text", "code"} else MISSING


def _renamed(holder: dict[str, object], key: str) -> None:
    holder[f"{key}_renamed"] = holder.pop(key)


def _each(records: Sequence[object], path: Sequence[str], act: object) -> int:
    return sum(_inside(record, path, act) for record in records)


def _inside(value: object, path: Sequence[str], act: object) -> int:
    step, *rest = path
    if step == "*":
        return sum(_inside(one, rest, act) for one in value) if isinstance(value, list) else 0
    if isinstance(value, list) and step.isdecimal():
        return _inside(value[int(step)], rest, act) if rest and int(step) < len(value) else 0
    if not isinstance(value, dict) or step not in value:
        return 0
    if rest:
        return _inside(value[step], rest, act)
    if callable(act):
        act(value, step)
    return 1


def names_it(attributes: Mapping[str, object], target: Target) -> bool:
    """Tells whether a failure's attributes name a field: by its name, or by where it stands."""
    field = re.sub(r"\.\d+", "", str(attributes.get("field", "")))
    path = re.sub(r"\.\d+", "", str(attributes.get("path", "")))
    return field == target.name or path == ".".join(step for step in target.path if step != "*")


def differences(old: object, new: object, *, at: str = "") -> Iterator[tuple[str, object, object]]:
    """Returns (path, old, new) of everything that differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(one for one in new if one not in old)]:
            yield from differences(old.get(key, MISSING), new.get(key, MISSING), at=f"{at}.{key}" if at else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield at or "the list", f"{len(old)} entries", f"{len(new)} entries"
        for number, (before, after) in enumerate(zip(old, new, strict=False)):
            yield from differences(before, after, at=f"{at}.{number}" if at else str(number))
    elif old != new:
        yield at, old, new


def held(records: Sequence[Mapping[str, object]], target: Target) -> bool:
    """Tells whether a field stands in at least one record."""
    return any(_inside(dict(record), target.path, None) for record in records)


def key_paths(fields: Mapping[str, FieldPart], key: Sequence[str]) -> set[tuple[str, ...]]:
    """Returns where the fields of a key stand."""
    return {target.path for target in targets(fields) if target.name in key}


def at(record: Mapping[str, object], target: Target) -> object:
    """Returns what stands at a field's place."""
    return find(record, ".".join(target.path))
