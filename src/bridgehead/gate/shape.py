"""The arguments of a tool as the gate understands them: types from its JSON Schema, values checked against them.

How JSON becomes Cedar: whole numbers are longs (64 bit), other numbers and decimal texts are
Cedar decimals (four places), texts, booleans and records are themselves, lists are sets, null
is an absent attribute. A value that does not fit is an error, never left out: a rule that
forbids must not lose its ground because an amount was too long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final, Literal, cast

from bridgehead.spec.tool import JSON

Kind = Literal["long", "decimal", "string", "bool", "money", "record", "set", "opaque"]

LONG_MAX: Final = 2**63 - 1
DECIMAL_MAX: Final = Decimal("922337203685477.5807")
MONEY_FIELDS: Final = frozenset({"amount", "currency"})
_DEEPEST: Final = 24
_MAPPINGS: Final = (dict, Mapping)
_SEQUENCES: Final = (list, Sequence)
"""A dict or a list is told apart ten times faster than by its protocol."""
_WALKED: Final = frozenset({"record", "set", "money"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,4})?")
_CURRENCY: Final = re.compile("[A-Z]{3}")
_PLACES: Final = Decimal("0.0001")
_EXACT: Final = Context(prec=80, Emax=9_999, Emin=-9_999, traps=[Inexact, InvalidOperation, Overflow])


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of one argument or field.

    ``fields``, ``required`` and ``closed`` describe a record (closed: a field that is not named
    is unknown); ``item`` the members of a set. ``opaque`` is a value no rule can read.
    """

    kind: Kind
    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    closed: bool = False
    item: Shape | None = None
    walked: tuple[tuple[str, Shape], ...] = field(init=False, repr=False, compare=False)
    """The fields that hold fields of their own."""

    def __post_init__(self) -> None:
        walked = tuple((name, inner) for name, inner in self.fields.items() if inner.kind in _WALKED)
        object.__setattr__(self, "walked", walked)

    def at(self, path: Sequence[str]) -> Shape | None:
        """Returns the shape at a dotted path, or None where the schema names none."""
        here: Shape | None = self
        for part in path:
            if here is not None and here.kind == "money":
                here = Shape("string") if part == "currency" else None
            else:
                here = here.fields.get(part) if here is not None and here.kind == "record" else None
        return here


class UnfitError(Exception):
    """A call's argument that the gate cannot read as its schema says; the call is denied."""

    def __init__(self, path: str, expected: str, found: object) -> None:
        super().__init__(path)
        self.path, self.expected, self.found = path, expected, found


def arguments_shape(parameters: Mapping[str, object]) -> Shape:
    """Returns the shape of a tool's arguments: always a closed record, whatever the schema leaves open."""
    shape = _shape(parameters, parameters, ())
    if shape.kind != "record":
        return Shape("record", closed=True)
    return Shape("record", shape.fields, shape.required, closed=True)


def result_shape(schema: Mapping[str, object]) -> Shape:
    """Returns the shape of what a tool returns, opaque where it declares nothing."""
    return _shape(schema, schema, ()) if schema else Shape("opaque")


def unknown_path(shape: Shape, value: JSON) -> str | None:
    """Returns the dotted path of the first argument or field that the schema does not name, or None."""
    # Nearly every call is fine: the path is looked for only once it is known that there is one.
    return None if _all_known(shape, value) else _unknown(shape, value, "")


def _all_known(shape: Shape, value: JSON) -> bool:
    if isinstance(value, _MAPPINGS):
        if shape.kind == "money":
            return value.keys() <= MONEY_FIELDS
        if shape.kind != "record":
            return True
        if shape.closed and not value.keys() <= shape.fields.keys():
            return False
        for name, inner in shape.walked:  # noqa: SIM110  a generator makes the check slower by half
            if name in value and not _all_known(inner, value[name]):
                return False
        return True
    item = shape.item
    if item is None or item.kind not in _WALKED or not isinstance(value, _SEQUENCES):
        return True
    for inner_value in value:  # noqa: SIM110  a generator makes the check slower by half
        if not _all_known(item, inner_value):
            return False
    return True


def _unknown(shape: Shape, value: JSON, path: str) -> str | None:
    if isinstance(value, Mapping):
        if shape.kind == "money":
            extra = value.keys() - MONEY_FIELDS
            return f"{path}.{min(map(str, extra))}" if extra else None
        if shape.kind == "record":
            return _unknown_field(shape, value, path)
    elif shape.item is not None and shape.item.kind in _WALKED and isinstance(value, Sequence):
        for index, inner in enumerate(value):
            if (found := _unknown(shape.item, inner, f"{path}[{index}]")) is not None:
                return found
    return None


def _unknown_field(shape: Shape, value: Mapping[str, JSON], path: str) -> str | None:
    prefix = f"{path}." if path else ""
    if shape.closed and not value.keys() <= shape.fields.keys():
        return prefix + next(str(name) for name in value if name not in shape.fields)
    for name, inner in shape.walked:
        if name in value:
            found = _unknown(inner, value[name], prefix + name)
            if found is not None:
                return found
    return None


def reduced(shape: Shape, names: frozenset[str]) -> Shape:
    """Returns the shape with only the fields that some policy names, at every depth.

    What no policy can read need not fit Cedar, so that a long free number elsewhere in an
    order does not deny it.
    """
    if shape.kind == "set" and shape.item is not None:
        return Shape("set", item=reduced(shape.item, names))
    if shape.kind != "record":
        return shape
    kept = {
        name: reduced(inner, names) for name, inner in shape.fields.items() if name in names and inner.kind != "opaque"
    }
    return Shape("record", kept, shape.required & kept.keys(), shape.closed)


def cedar_type(shape: Shape) -> dict[str, object]:
    """Returns the Cedar schema type (JSON form) of a shape that holds no opaque part."""
    if shape.kind == "record":
        attributes = {
            name: {**cedar_type(inner), "required": name in shape.required} for name, inner in shape.fields.items()
        }
        return {"type": "Record", "attributes": attributes}
    if shape.kind == "money":
        return {"type": "Record", "attributes": {"amount": _DECIMAL_TYPE, "currency": {"type": "String"}}}
    if shape.kind == "set" and shape.item is not None:
        return {"type": "Set", "element": cedar_type(shape.item)}
    return dict(_SCALARS[shape.kind])


_DECIMAL_TYPE: Final = {"type": "Extension", "name": "decimal"}
_SCALARS: Final[Mapping[str, Mapping[str, object]]] = {
    "long": {"type": "Long"},
    "decimal": _DECIMAL_TYPE,
    "string": {"type": "String"},
    "bool": {"type": "Boolean"},
}


def to_cedar(shape: Shape, value: JSON, path: str = "") -> object:
    """Returns the value as Cedar context JSON; raises UnfitError where it is not what the shape says."""
    match shape.kind:
        case "record":
            return _record_to_cedar(shape, value, path)
        case "set":
            if isinstance(value, str) or not isinstance(value, _SEQUENCES) or shape.item is None:
                raise UnfitError(path, "a list", value)
            return [to_cedar(shape.item, inner, f"{path}[{index}]") for index, inner in enumerate(value)]
        case "string":
            if not isinstance(value, str):
                raise UnfitError(path, "a text", value)
            return value
        case "bool":
            if not isinstance(value, bool):
                raise UnfitError(path, "true or false", value)
            return value
        case "long":
            return _long(value, path)
        case "decimal":
            return decimal_text(value, path)
        case "money":
            return _money(value, path)
        case _:
            raise UnfitError(path, "a value that a rule can read", value)


def _record_to_cedar(shape: Shape, value: JSON, path: str) -> dict[str, object]:
    if not isinstance(value, _MAPPINGS):
        raise UnfitError(path, "an object", value)
    found: dict[str, object] = {}
    for name, inner in shape.fields.items():
        here = f"{path}.{name}" if path else name
        part = value.get(name)
        if part is not None:
            found[name] = to_cedar(inner, part, here)
        elif name in shape.required:
            raise UnfitError(here, "a value", None)
    return found


def decimal_text(value: object, path: str = "") -> str:
    """Returns a number or decimal text as Cedar writes it (``12.50``); raises UnfitError when it does not fit.

    Cedar's decimal is a 64-bit whole number of ten-thousandths.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise UnfitError(path, "a number", value)
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise UnfitError(path, "a number", value)
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite() or not -DECIMAL_MAX <= number <= DECIMAL_MAX:
        raise UnfitError(path, "a number below 922 337 203 685 477", value)
    try:
        exact = number.quantize(_PLACES, context=_EXACT)
    except (Inexact, InvalidOperation, Overflow) as error:
        raise UnfitError(path, "a number with at most four decimals", value) from error
    return f"{exact:f}" if exact else "0.0000"


def _long(value: object, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitError(path, "a whole number", value)
    if not -LONG_MAX - 1 <= value <= LONG_MAX:
        raise UnfitError(path, "a whole number of 64 bits", value)
    return value


def _money(value: JSON, path: str) -> dict[str, object]:
    if isinstance(value, str):
        amount, _, currency = value.strip().partition(" ")
        value = {"amount": amount, "currency": currency.strip()}
    if not isinstance(value, _MAPPINGS):
        raise UnfitError(path, "an amount of money", value)
    code = value.get("currency")
    if not isinstance(code, str) or _CURRENCY.fullmatch(code) is None:
        raise UnfitError(f"{path}.currency", "a currency code such as EUR", code)
    return {"amount": decimal_text(value.get("amount"), f"{path}.amount"), "currency": code}


def _shape(schema: object, root: Mapping[str, object], within: tuple[str, ...]) -> Shape:
    """``within`` holds the references on the way here: a type that contains itself ends as opaque."""
    if not isinstance(schema, Mapping) or len(within) > _DEEPEST:
        return Shape("opaque")
    if "$ref" in schema:
        name = str(schema["$ref"])
        return Shape("opaque") if name in within else _shape(_resolved(name, root), root, (*within, name))
    within = (*within, "")
    union = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(union, Sequence):
        return _union([_shape(part, root, within) for part in union if part != {"type": "null"}])
    every = schema.get("allOf")
    if isinstance(every, Sequence) and len(every) == 1:
        return _shape(every[0], root, within)
    kind = schema.get("type")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        return _union([_shape({**schema, "type": part}, root, within) for part in kind if part != "null"])
    if kind is None:
        return _constant(schema)
    if kind == "object":
        return _record(schema, root, within)
    if kind == "array":
        item = _shape(schema.get("items"), root, within)
        return Shape("opaque") if item.kind == "opaque" else Shape("set", item=item)
    if kind == "string":
        return {"decimal": Shape("decimal"), "money": Shape("money")}.get(str(schema.get("format")), Shape("string"))
    return Shape(_KINDS.get(str(kind), "opaque"))


_KINDS: Final[Mapping[str, Kind]] = {"integer": "long", "number": "decimal", "boolean": "bool"}


def _record(schema: Mapping[str, object], root: Mapping[str, object], within: tuple[str, ...]) -> Shape:
    properties = cast("Mapping[str, object]", schema.get("properties") or {})
    if not properties:
        return Shape("record" if schema.get("additionalProperties") is False else "opaque", closed=True)
    fields = {name: _shape(inner, root, within) for name, inner in properties.items()}
    required = frozenset(
        name
        for name in cast("Sequence[str]", schema.get("required") or ())
        if name in properties and not _nullable(properties[name], root)
    )
    if fields.keys() == MONEY_FIELDS and fields["amount"].kind in ("decimal", "long") and required == MONEY_FIELDS:
        return Shape("money")
    return Shape("record", fields, required, closed=not schema.get("additionalProperties"))


def _union(parts: Sequence[Shape]) -> Shape:
    """One type where all branches agree; a number or its text is how a decimal travels in JSON."""
    kinds = {part.kind for part in parts}
    if kinds in ({"decimal", "string"}, {"decimal", "long"}):
        return Shape("decimal")
    return parts[0] if parts and all(part == parts[0] for part in parts) else Shape("opaque")


def _constant(schema: Mapping[str, object]) -> Shape:
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if isinstance(values, Sequence) and all(isinstance(value, str) for value in values if value is not None):
        return Shape("string")
    return Shape("opaque")


def _nullable(schema: object, root: Mapping[str, object], within: tuple[str, ...] = ()) -> bool:
    if not isinstance(schema, Mapping):
        return True
    if "$ref" in schema:
        name = str(schema["$ref"])
        return name in within or _nullable(_resolved(name, root), root, (*within, name))
    kind = schema.get("type")
    union = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(union, Sequence):
        return any(_nullable(part, root, within) for part in union)
    return kind == "null" or (isinstance(kind, Sequence) and "null" in kind and not isinstance(kind, str))


def _resolved(reference: str, root: Mapping[str, object]) -> Mapping[str, object] | None:
    here: object = root
    if not reference.startswith("#/"):
        return None
    for part in reference[2:].split("/"):
        here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
    return cast("Mapping[str, object]", here) if isinstance(here, Mapping) else None
