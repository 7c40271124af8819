"""Which places of an answer may be written down: mapped and unlabelled ones as they are, all others as stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.fill import names_in
from bridgehead.connectors.mapping import fixed_currency, fixed_number
from bridgehead.connectors.paths import MISSING, find, parts_of
from bridgehead.connectors.picking import otherwise
from bridgehead.connectors.proving.standins import StandIns

Place = tuple[str | int, ...]

_OPAQUE: Final = FieldPart(label="opaque")


def hides(part: FieldPart) -> bool:
    """Tells whether a field's label keeps it out of recordings."""
    return part.hides


def labelled(fields: Mapping[str, FieldPart], *, before: str = "") -> Iterator[str]:
    """Returns the dotted names of all fields with a label that hides."""
    for name, part in fields.items():
        if hides(part):
            yield before + name
        elif part.fields is not None:
            yield from labelled(part.fields, before=f"{before}{name}.")


@dataclass(slots=True)
class _Marks:
    """Places of one record: hidden ones with their field, and those below which all is kept."""

    hidden: dict[Place, FieldPart] = field(default_factory=dict)
    kept: set[Place] = field(default_factory=set)


class Hider:
    """Takes out of answers what must not be written down; one for each recording, so that stand-ins agree."""

    def __init__(self, spec: Specification) -> None:
        self.spec = spec
        self.stand_ins = StandIns()
        self._blurred = StandIns()
        self._closed = {
            found
            for entity in spec.entities.values()
            for part in entity.fields.values()
            if part.read is not None and hides(part)
            for found, other in spec.entities.items()
            if part.read in other.reads
        }

    def body(self, of: str, body: object) -> object:
        """Returns the JSON that a read or an action was answered with, fit to be written down."""
        read = self._read(of)
        if read is not None:
            paging = read[1].paging.cursor if read[1].paging is not None else None
            cursor = paging.at if paging is not None and paging.param is not None else None
            told = [self._place(path) for path in _told_by_read(read[1])]
            return self._rows_in(body, read[1].rows, read[0].fields, told, closed=read[2], cursor=cursor)
        action = self.spec.actions.get(of)
        if action is None:
            return self._masked(body, (), _Marks())
        fields, closed = self._result(action)
        told = _told_by_action(action)
        if any(part.take for part in action.sql or ()):
            told = ["*"]  # its columns are bound in what follows
        return self._rows_in(body, action.result.rows, fields, told, closed=closed)

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """Returns arguments fit to be written down: one named like a labelled field is hidden like it."""
        named = {
            name.rpartition(".")[2]: part
            for entity in self.spec.entities.values()
            for name, part in _with_names(entity.fields)
            if hides(part)
        }
        found = {name: self._hidden(value, named[name]) if name in named else value for name, value in given.items()}
        replaced = self.stand_ins.everywhere(found)
        return replaced if isinstance(replaced, dict) else {}

    def _place(self, path: str) -> str:
        """Returns where a count stands: beside the records, or as a column in each of them."""
        return f"*.{path}" if self.spec.kind == "sql" else path

    def _hidden(self, value: object, part: FieldPart) -> object:
        if isinstance(value, Mapping):
            return {key: self._hidden(one, part) for key, one in value.items()}
        if _is_list(value):
            return [self._hidden(one, part) for one in value]
        return self.stand_ins.of(value, part)

    def _read(self, of: str) -> tuple[EntityPart, ReadPart, bool] | None:
        for name, entity in self.spec.entities.items():
            if of in entity.reads:
                return entity, entity.reads[of], name in self._closed
        return None

    def _result(self, action: ActionPart) -> tuple[Mapping[str, FieldPart], bool]:
        part = action.result
        if part.fields is not None:
            return part.fields, False
        if part.entity is not None:
            return self.spec.entities[part.entity].fields, part.entity in self._closed
        return {}, False

    def _rules(self) -> list[str]:
        parts = self.spec.errors
        return [part.body.at for part in parts if part.body is not None] + [one.message for one in parts if one.message]

    def _rows_in(
        self,
        body: object,
        rows: str | None,
        fields: Mapping[str, FieldPart],
        told: Iterable[str],
        *,
        closed: bool,
        cursor: str | None = None,
    ) -> object:
        marks = _Marks(kept=set(_expanded(body, [*told, *self._rules()])))
        # What a cursor is made of only the system knows; the filters may be in it.
        marks.hidden |= dict.fromkeys(_expanded(body, [cursor] if cursor else []), _OPAQUE)
        records: list[Place] = []
        for place in _expanded(body, [rows or "@"]):
            found = _at(body, place)
            records += [(*place, number) for number in range(len(found))] if _is_list(found) else [place]
        for record in records:
            inside = self._marks(body, fields, [record], closed=closed)
            marks.hidden |= inside.hidden
            marks.kept |= inside.kept
        return self._masked(body, (), marks, records=records)

    def _marks(self, root: object, fields: Mapping[str, FieldPart], scope: Sequence[Place], *, closed: bool) -> _Marks:
        marks = _Marks()
        for name, part in fields.items():
            if part.read is None:
                self._mark(marks, root, name, part, scope, hidden=closed or hides(part))
                if (other := otherwise(part)) is not None:
                    self._mark(marks, root, name, other, scope, hidden=closed or hides(part))
        return marks

    def _mark(
        self, marks: _Marks, root: object, name: str, part: FieldPart, scope: Sequence[Place], *, hidden: bool
    ) -> None:
        for base, path in _paths(name, part, scope):
            for place in _expanded(_at(root, base), [path], before=base):
                found = _at(root, place)
                if hidden or (part.pairs is not None and any(True for _ in labelled(part.fields or {}))):
                    marks.hidden |= dict.fromkeys(_leaves(found, place), part)
                elif part.fields is None or part.pairs is not None:
                    marks.kept.add(place)
                else:
                    entries = [(*place, at) for at in range(len(found))] if _is_list(found) else [place]
                    for entry in entries:
                        marks.kept |= set(_expanded(_at(root, entry), part.only, before=entry))
                        deeper = self._marks(root, part.fields, [*scope, entry], closed=False)
                        marks.hidden |= deeper.hidden
                        marks.kept |= deeper.kept

    def _masked(self, value: object, place: Place, marks: _Marks, *, records: Sequence[Place] = ()) -> object:
        if isinstance(value, Mapping):
            return {key: self._masked(one, (*place, key), marks, records=records) for key, one in value.items()}
        if _is_list(value):
            return [self._masked(one, (*place, at), marks, records=records) for at, one in enumerate(value)]
        if place in marks.hidden:
            return self.stand_ins.of(value, marks.hidden[place])
        if any(place[:length] in marks.kept for length in range(len(place) + 1)):
            return value
        inside = any(place[: len(record)] == record for record in records)
        if not inside and isinstance(value, bool | int):
            return value  # counts and flags around the records
        return self._blurred.of(value)


def _told_by_read(read: ReadPart) -> list[str]:
    told = [read.paging.cursor.at] if read.paging is not None and read.paging.cursor is not None else []
    if read.complete is not None:
        told += [path for path in (read.complete.count, read.complete.end, read.complete.more) if path]
    return told


def _told_by_action(action: ActionPart) -> list[str]:
    asked: set[str] = set()
    for part in action.then:
        asked |= names_in([part.path, dict(part.query), dict(part.headers), part.body, dict(part.form)])
    for templates in (action.result.with_, action.undo.with_ if action.undo is not None else {}):
        asked |= names_in(templates)
    return [name.removeprefix("reply.") for name in sorted(asked) if name.startswith("reply.")]


def _with_names(fields: Mapping[str, FieldPart]) -> Iterator[tuple[str, FieldPart]]:
    for name, part in fields.items():
        yield name, part
        if part.fields is not None:
            yield from _with_names(part.fields)


def _paths(name: str, part: FieldPart, scope: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Returns (record, path in it) of what a field is made of, its currency and unit included."""
    if "value" in part.model_fields_set:
        return
    written = [name.replace(".", "\\.")] if part.from_ is None else part.from_
    for path in [written] if isinstance(written, str) else written:
        yield _outwards(path, scope)
    if hides(part):
        return
    for aside in (part.currency, part.per, part.unit):
        if aside and not fixed_currency(aside) and fixed_number(aside) is None:
            yield _outwards(aside, scope)


def _outwards(path: str, scope: Sequence[Place]) -> tuple[Place, str]:
    outwards = 1
    while path.startswith("^."):
        path, outwards = path.removeprefix("^."), outwards + 1
    return scope[-min(outwards, len(scope))], path


def _expanded(root: object, paths: Iterable[str], *, before: Place = ()) -> Iterator[Place]:
    """Returns every place that a path leads to, one for each entry behind ``*``."""
    for path in paths:
        if isinstance(root, Mapping) and path in root:
            yield (*before, path)
        elif path == "@":
            yield before
        else:
            yield from _walked(root, parts_of(path.removeprefix("@.")), before)


def _walked(value: object, parts: Sequence[str], before: Place) -> Iterator[Place]:
    if not parts:
        yield before
        return
    part, *rest = parts
    if part == "*" and _is_list(value):
        for at, one in enumerate(value):
            yield from _walked(one, rest, (*before, at))
    elif isinstance(value, Mapping) and part in value:
        yield from _walked(value[part], rest, (*before, part))
    elif _is_list(value) and part.isdecimal() and int(part) < len(value):
        yield from _walked(value[int(part)], rest, (*before, int(part)))


def _at(root: object, place: Place) -> object:
    for step in place:
        root = root[step] if isinstance(root, Mapping) or (_is_list(root) and isinstance(step, int)) else MISSING  # type: ignore[index]  # a list is stepped into by numbers alone
    return root


def _leaves(value: object, place: Place) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, (*place, key))
    elif _is_list(value):
        for at, one in enumerate(value):
            yield from _leaves(one, (*place, at))
    else:
        yield place


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def masked_result(result: object, names: Iterable[str]) -> object:
    """Returns a mapped result without its labelled fields, so that one with stand-ins can be compared with it."""
    for name in names:
        result = _without(result, name.split("."))
    return result


def _without(value: object, steps: Sequence[str]) -> object:
    if _is_list(value):
        return [_without(one, steps) for one in value]
    if not isinstance(value, Mapping) or steps[0] not in value:
        return value
    rest = steps[1:]
    inner = None if not rest else _without(find(value, steps[0]), rest)
    return {**value, steps[0]: inner}
