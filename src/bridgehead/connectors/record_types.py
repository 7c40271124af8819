"""The types of what connectors return: one frozen pydantic model an entity, made from its fields.

Every record goes through JSON and back unchanged (``model_dump(mode="json")``, ``model_validate``):
that is how the journal keeps it. Decimals, dates and amounts are texts there.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, create_model

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart, FieldPart
from bridgehead.connectors.unfit import UnfitError
from bridgehead.connectors.values import currency_of
from bridgehead.errors import UserError
from bridgehead.money import Money

FORBIDDEN_NAMES: Final = frozenset(name for name in dir(BaseModel) if not name.startswith("_"))
"""What every model has of its own; a field of such a name would hide it."""


def _amount(value: Money) -> Money:
    try:
        currency_of(value.currency)
    except UnfitError as error:
        raise ValueError(f"expected {error.expected}") from None
    if value.currency != value.currency.upper() or not value.amount.is_finite():
        raise ValueError("expected a finite amount and a currency in capitals")
    return value


class Record(BaseModel):
    """What the records of all entities have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=())


MoneyValue = Annotated[Money, AfterValidator(_amount)]
Moment = AwareDatetime

_TYPES: Final[Mapping[str, object]] = {
    "text": str,
    "code": str,
    "integer": int,
    "decimal": Decimal,
    "measure": Decimal,
    "money": MoneyValue,
    "price": MoneyValue,
    "date": date,
    "time": time,
    "datetime": Moment,
    "boolean": bool,
    "json": JsonValue,
}


def usable_name(name: str) -> bool:
    """Tells whether a field or argument may have this name in Python."""
    return not keyword.iskeyword(name) and name not in FORBIDDEN_NAMES


def camel(name: str) -> str:
    """Returns ``open_item`` as ``OpenItem``."""
    return "".join(part.capitalize() for part in name.replace(" ", "_").split("_"))


def record_types(spec: Specification) -> dict[str, type[BaseModel]]:
    """Returns the type of each entity by its name, and of each action's own result by ``NAME result``.

    Raises UserError when entities fill each other's fields in a circle.
    """
    types = _Types(spec)
    found: dict[str, type[BaseModel]] = {name: types.entity(name) for name in spec.entities}
    for name, action in spec.actions.items():
        if action.result.fields is not None:
            found[f"{name} result"] = types.made(camel(f"{name}_result"), action.result.fields, about=action.about)
    return found


def record_type(name: str, entity: EntityPart) -> type[BaseModel]:
    """Returns the type of an entity none of whose fields is filled by another read."""
    return _Types(None).made(camel(name), entity.fields, about=entity.about)


class _Types:
    """Makes the types of one specification, each once."""

    def __init__(self, spec: Specification | None) -> None:
        self._spec = spec
        self._known: dict[str, type[BaseModel]] = {}
        self._under_way: list[str] = []

    def entity(self, name: str) -> type[BaseModel]:
        spec = self._spec
        if spec is None:
            raise ValueError(f"{name} is filled by a read of a specification that is not given")
        if name in self._under_way:
            way = " → ".join([*self._under_way, name])
            raise UserError(
                f"{spec.connector}: the entities fill each other's fields without end: {way}",
                code="connector.circle",
                hint="Leave one of the `read:` fields out.",
            )
        if name not in self._known:
            self._under_way.append(name)
            entity = spec.entities[name]
            self._known[name] = self.made(camel(name), entity.fields, about=entity.about)
            self._under_way.pop()
        return self._known[name]

    def made(self, name: str, fields: Mapping[str, FieldPart], *, about: str | None) -> type[BaseModel]:
        """Returns the model of some fields, nested ones included."""
        made: dict[str, Any] = {field: self._field(f"{name}{camel(field)}", part) for field, part in fields.items()}
        doc = about or f"{name}, as its connector reads it."
        return cast("type[BaseModel]", create_model(name, __base__=Record, __module__=__name__, __doc__=doc, **made))

    def _field(self, name: str, part: FieldPart) -> tuple[object, Any]:
        kind = self._read(part.read) if part.read is not None else self._kind(name, part)
        described = Field(description=_described(part))
        if part.type == "list" and part.read is None:
            default = Field(default_factory=list, description=_described(part)) if part.optional else described
            return kind, default
        if part.optional or part.none:
            return cast("Any", kind) | None, Field(default=None, description=_described(part))
        return kind, described

    def _read(self, read: str) -> object:
        for of, entity in (self._spec.entities if self._spec else {}).items():
            if read in entity.reads:
                record = self.entity(of)
                return record if entity.reads[read].one else list[record]  # type: ignore[valid-type]  # a type made at run time
        raise ValueError(f"there is no read {read}: refused when the specification is loaded")

    def _kind(self, name: str, part: FieldPart) -> object:
        if part.type == "enum":
            return _choices(part)
        if part.type == "object":
            return self.made(name, part.fields or {}, about=None)
        if part.type == "list":
            entry = str if part.fields is None else self.made(name, part.fields, about=None)
            return list[entry]  # type: ignore[valid-type]  # a type made at run time
        return _TYPES[part.type]


def _choices(part: FieldPart) -> object:
    values = list(part.values.values())
    known = [value for value in values if isinstance(value, str | int | bool)]
    if part.other == "keep" or len(known) < len([value for value in values if value is not None]):
        kind: object = str if all(isinstance(value, str) for value in values) else JsonValue
    else:
        kind = Literal[tuple({(type(value), value): value for value in known}.values())]  # True and 1 are two
    return cast("Any", kind) | None if None in values else kind


def _described(part: FieldPart) -> str | None:
    said = [f"in {part.to or part.unit}"] if part.type == "measure" and not part.values else []
    if part.type == "measure" and part.values:
        said = [f"in {part.to}"]
    if part.label:
        said.append(part.label)
    return ", ".join(said) or None
