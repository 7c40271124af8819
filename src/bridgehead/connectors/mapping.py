"""From what a system sent to typed values: every field of an entity, at its place, or a failure that names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn, cast

from bridgehead.connectors.document_entity import EntityPart, FieldPart
from bridgehead.connectors.measures import converter, is_unit
from bridgehead.connectors.paths import MISSING
from bridgehead.connectors.picking import Read, Scope, at, otherwise, taken
from bridgehead.connectors.ports import Raw
from bridgehead.connectors.unfit import UnfitError
from bridgehead.connectors.values import currency_of, exact_ratio, number_reader, scalar, text_reader, whole
from bridgehead.errors import Failed
from bridgehead.money import Money
from bridgehead.spec.problem import shown

HIDDEN: Final = "(hidden)"
_SHOWN: Final = 80


class Mapper:
    """Reads the records of one entity. Made once; then a record costs its fields and nothing else.

    ``clean`` takes secrets out of a text: a system may send back what it was shown.
    """

    def __init__(
        self, name: str, entity: EntityPart, *, connector: str = "", clean: Callable[[str], str] = str
    ) -> None:
        self._clean = clean
        self.name = name
        self.connector = connector
        self.read_fields: Mapping[str, FieldPart] = {
            field: part for field, part in entity.fields.items() if part.read is not None
        }
        """The fields that another read fills; ``record`` leaves them out."""
        self._fields = _compiled(entity.fields)

    def record(self, raw: Raw, *, row: int) -> dict[str, object]:
        """Returns the typed values of one record, by field.

        Raises Failed ``invalid_output`` with connector, entity, field, path, row and the value,
        which is cut, or hidden where the field carries a label.
        """
        try:
            return _record(self._fields, (raw,))
        except UnfitError as error:
            self._fail(error, row)

    def _fail(self, error: UnfitError, row: int) -> NoReturn:
        field, path = ".".join(error.fields), ".".join(error.path)
        found = HIDDEN if error.hidden else _cut(error.found, self._clean)
        place = f"{self.connector}: {self.name}, record {row}" if self.connector else f"{self.name}, record {row}"
        raise Failed(
            f"{place}: {field or 'the record'}{f' (at {path})' if path else ''}: "
            f"expected {error.expected}, found {found}",
            error_class="invalid_output",
            hint=error.hint,
            connector=self.connector,
            entity=self.name,
            field=field,
            path=path,
            row=row,
            value=found,
        ) from None  # the chain below would show a value that a label hides


@dataclass(frozen=True, slots=True)
class Beside:
    """One field as it was sent (MISSING when it was not) and as it is mapped; ``unfit`` when it does not fit.

    ``used`` is the field, or the ``else`` that stood in for it, which ``path`` and ``raw`` are of.
    """

    name: str
    part: FieldPart
    used: FieldPart
    path: str
    raw: object
    value: object = None
    unfit: UnfitError | None = None


def beside(fields: Mapping[str, FieldPart], scope: Scope) -> Iterator[Beside]:
    """Yields each field that what was sent holds itself, beside what it becomes; for people who write a mapping."""
    for name, part in fields.items():
        if part.read is not None:
            continue
        used, raw = _used(name, part, scope)
        try:
            yield Beside(name, part, used, _written(name, used), raw, _field(name, part)(scope))
        except UnfitError as unfit:
            yield Beside(name, part, used, _written(name, used), raw, unfit=unfit)


def _used(name: str, part: FieldPart, scope: Scope) -> tuple[FieldPart, object]:
    """Returns the field, or the first of its ``else`` that holds something, and what that is."""
    raw, other = taken(name, part)(scope), otherwise(part)
    if other is None:
        return part, raw
    try:
        holds = raw is not MISSING and raw is not None and _converter(part)(raw, scope) is not None
    except UnfitError:
        holds = True
    if holds:
        return part, raw
    used, found = _used(name, other, scope)
    return (part, raw) if found is MISSING else (used, found)


def _compiled(fields: Mapping[str, FieldPart]) -> list[tuple[str, str, bool, Read]]:
    """Returns (field, path as written, hidden, reader) of each field that what was sent holds itself."""
    return [
        (name, _written(name, part), part.hides, _field(name, part))
        for name, part in fields.items()
        if part.read is None
    ]


def _record(fields: Sequence[tuple[str, str, bool, Read]], scope: Scope) -> dict[str, object]:
    if not isinstance(scope[-1], Mapping):
        raise _found(UnfitError("an object with fields"), scope[-1])
    found: dict[str, object] = {}
    for name, path, hidden, read in fields:
        try:
            found[name] = read(scope)
        except UnfitError as error:
            error.fields = (name, *error.fields)
            error.path, error.aside = (error.aside or path, *error.path), ""
            error.hidden = error.hidden or hidden
            raise
    return found


def _found(error: UnfitError, value: object) -> UnfitError:
    if not error.has_found:
        error.found, error.has_found = value, True
    return error


def _written(name: str, part: FieldPart) -> str:
    if part.from_ is None:
        return name
    return part.from_ if isinstance(part.from_, str) else " + ".join(part.from_)


def _field(name: str, part: FieldPart) -> Read:
    """Returns what reads one field out of a record."""
    take = taken(name, part)
    joined = isinstance(part.from_, list)  # whose texts are decoded, each by itself, before they are joined
    convert = _converter(part.model_copy(update={"encoding": None}) if joined else part)
    other = otherwise(part)
    instead = None if other is None else _field(name, other)
    needed = not (part.optional or part.none)
    empty: Callable[[], object] = list if part.type == "list" else lambda: None
    expected = f"a {part.type}" if part.type[0] not in "aeiou" else f"an {part.type}"

    def read(scope: Scope) -> object:
        value = take(scope)
        try:
            if value is not MISSING and value is not None:
                found = convert(value, scope)
                if found is not None:
                    return found
        except UnfitError as error:
            raise _found(error, value) from None
        if instead is not None:
            return instead(scope)
        if needed:
            raise _found(UnfitError(expected, "Say `optional: true` if it may be missing."), value)
        return empty()

    return read


def _converter(part: FieldPart) -> Callable[[object, Scope], object]:
    if part.type in {"money", "price"}:
        return _money(part)
    if part.type == "measure":
        return _measure(part)
    if part.type in {"integer", "decimal"} and part.per is not None:
        return _counted(part)
    if part.type == "object":
        fields = _compiled(part.fields or {})
        return lambda value, scope: _record(fields, (*scope, value))
    if part.type == "list":
        return _list(part)
    read = scalar(part)
    return lambda value, _: read(value)


def _money(part: FieldPart) -> Callable[[object, Scope], object]:
    number = number_reader(part)
    currency = _currency(part.currency or "")
    per = _per(part) if part.type == "price" and part.per else None

    def money(value: object, scope: Scope) -> object:
        amount = number(value)
        if amount is None:
            return None
        if per is not None:
            amount = exact_ratio(amount, per(scope))
        return Money(amount, currency if isinstance(currency, str) else currency(scope))

    return money


def _counted(part: FieldPart) -> Callable[[object, Scope], object]:
    """Returns a reader of how many times ``per`` is in a number: 86400 makes seconds to days."""
    number, per, integer = number_reader(part), _per(part), part.type == "integer"

    def counted(value: object, scope: Scope) -> object:
        found = number(value)
        if found is None:
            return None
        found = exact_ratio(found, per(scope))
        return whole(found) if integer else found

    return counted


def fixed_currency(text: str) -> bool:
    """Tells whether ``currency`` is a code itself (three capitals) and no path to one."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()  # noqa: PLR2004  ISO 4217


def fixed_number(text: str) -> Decimal | None:
    """Returns the number that ``per`` is, or None for a path to one."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _currency(text: str) -> str | Callable[[Scope], str]:
    if fixed_currency(text):
        return text
    place, read = at(text), text_reader(FieldPart())

    def found(scope: Scope) -> str:
        value = place(scope)
        try:
            return currency_of(None if value is MISSING or value is None else read(value))
        except UnfitError as error:
            error.aside = text
            raise _found(error, value) from None

    return found


def _per(part: FieldPart) -> Callable[[Scope], Decimal]:
    fixed = fixed_number(part.per or "")
    if fixed is not None:
        return lambda _: fixed
    listed = {code: Decimal(str(number)) for code, number in part.values.items()}
    text = part.per or ""
    place, number = at(text), number_reader(FieldPart())

    def told(value: object) -> Decimal | None:
        if isinstance(value, str):
            for form in (value, value.strip()):
                if form in listed:
                    return listed[form]
        return None if value is MISSING or value is None else number(value)

    def per(scope: Scope) -> Decimal:
        value = place(scope)
        try:
            found = told(value)
        except UnfitError as error:
            error.aside = text
            raise _found(error, value) from None
        if found is None:
            unfit = UnfitError("how many the price is for", "List its codes, also the empty one, under `values`.")
            unfit.aside = text
            raise _found(unfit, value)
        return found

    return per


def _measure(part: FieldPart) -> Callable[[object, Scope], object]:
    number, text = number_reader(part), part.unit or ""
    if not part.values:
        turn = converter(text, part.to or text) if is_unit(text) else None
        if turn is None:
            raise ValueError(f"{text} cannot be turned into {part.to}: refused when the specification is loaded")
        return lambda value, _: None if (found := number(value)) is None else turn(found)
    turns = {code: converter(str(unit), part.to or "") for code, unit in part.values.items()}
    place, read = at(text), text_reader(FieldPart())

    def measure(value: object, scope: Scope) -> object:
        amount = number(value)
        if amount is None:
            return None
        unit = place(scope)
        code = None if unit is MISSING or unit is None else read(unit)
        turn = turns.get(code or "")
        if turn is None:
            error = UnfitError(f"a unit out of {', '.join(turns)}", "Add the unit under `values`.")
            error.aside = text
            raise _found(error, unit)
        return turn(amount)

    return measure


def _list(part: FieldPart) -> Callable[[object, Scope], object]:
    fields = None if part.fields is None else _compiled(part.fields)
    text = text_reader(FieldPart(strip=part.strip, lstrip=part.lstrip, encoding=part.encoding, none=part.none))
    split = part.split

    def entries(value: object, scope: Scope) -> object:
        if split is not None:
            whole = text(value)
            # An empty text is a list without entries; one that is missing is for the caller to judge.
            return [] if whole is None else [found for one in whole.split(split) if (found := text(one)) is not None]
        if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
            raise UnfitError("a list")
        found_: list[object] = []
        for number, one in enumerate(cast("Sequence[object]", value)):
            try:
                found_.append(_entry(one, scope))
            except UnfitError as error:
                error.fields, error.path = (str(number), *error.fields), (str(number), *error.path)
                raise
        return found_

    def _entry(one: object, scope: Scope) -> object:
        if fields is not None:
            return _record(fields, (*scope, one))
        found = None if one is None else text(one)
        if found is None:
            raise _found(UnfitError("a text in each entry"), one)
        return found

    return entries


def _cut(value: object, clean: Callable[[str], str]) -> str:
    if value is MISSING:
        return "nothing"
    if isinstance(value, str):
        value = clean(value)  # before it is cut: half a secret is not recognised
    if isinstance(value, str | bytes):
        value = value[: _SHOWN + 1]
    try:
        return clean(shown(value, _SHOWN))
    except ValueError:  # a whole number too long to be written (sys.int_info.default_max_str_digits)
        return "a number of thousands of digits"
