"""Arguments of reads and actions: from the words of a specification to Python types and signatures."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, JsonValue, StringConstraints, create_model

from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.record_types import Moment, MoneyValue, Record, camel
from bridgehead.errors import UserError

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]

WORDS: Final[Mapping[str, object]] = {
    "text": str,
    "code": Code,
    "integer": int,
    "decimal": Decimal,
    "money": MoneyValue,
    "date": date,
    "time": time,
    "datetime": Moment,
    "boolean": bool,
    "json": JsonValue,
}
"""The type words. A trailing ``?`` makes an argument that may be left out."""


def parameters(shape: Mapping[str, object], *, owner: str) -> list[inspect.Parameter]:
    """Returns the keyword parameters that a shape declares, typed; ``owner`` names the types of objects in it.

    Raises UserError ``connector.shape`` for what is no type word, mapping or list of one entry.
    """
    found = []
    for name, form in shape.items():
        kind, default = _typed(form, name, camel(f"{owner}_{name}"))
        found.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
    return found


def is_form(form: object) -> bool:
    """Tells whether a form of one argument is a word, a mapping or a list of one entry, all the way down."""
    return unknown_form(form) is None


def unknown_form(form: object, path: tuple[str | int, ...] = ()) -> tuple[tuple[str | int, ...], object] | None:
    """Returns the place of the first form that is none, and what stands there; None when all are."""
    if isinstance(form, str):
        return None if form.removesuffix("?") in WORDS else (path, form)
    if isinstance(form, Mapping) and form:
        places = (unknown_form(one, (*path, str(name))) for name, one in form.items())
        return next((place for place in places if place is not None), None)
    if isinstance(form, list | tuple) and len(form) == 1:
        return unknown_form(form[0], (*path, 0))
    return path, form


def declared(shape: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Returns arguments cut to what a shape declares, inside of lists and objects too; what is left out stays out."""
    return {name: _cut(form, values[name]) for name, form in shape.items() if name in values}


def _cut(form: object, value: object) -> object:
    if isinstance(form, Mapping) and (isinstance(value, Mapping | BaseModel) or is_dataclass(value)):
        inside = ((str(name), one, find(value, str(name).replace(".", "\\."))) for name, one in form.items())
        return {name: _cut(one, there) for name, one, there in inside if there is not MISSING}
    if isinstance(form, list | tuple) and len(form) == 1 and isinstance(value, list | tuple):
        return [_cut(form[0], one) for one in value]
    return value


def _typed(form: object, name: str, type_name: str) -> tuple[object, Any]:
    if isinstance(form, str) and form.removesuffix("?") in WORDS:
        kind = WORDS[form.removesuffix("?")]
        return (cast("Any", kind) | None, None) if form.endswith("?") else (kind, inspect.Parameter.empty)
    if isinstance(form, Mapping) and form:
        fields: dict[str, Any] = {}
        for inner, one in form.items():
            kind, default = _typed(one, str(inner), type_name + camel(str(inner)))
            fields[str(inner)] = (kind, ... if default is inspect.Parameter.empty else default)
        made = create_model(type_name, __base__=Record, __module__=__name__, **fields)
        return cast("type[BaseModel]", made), inspect.Parameter.empty
    if isinstance(form, list | tuple) and len(form) == 1:
        kind, _ = _typed(form[0], name, type_name)
        return list[kind], inspect.Parameter.empty  # type: ignore[valid-type]  # a type made at run time
    raise UserError(
        f"{name}: {form!r} is no type of an argument",
        code="connector.shape",
        hint=f"Known: {', '.join(WORDS)}, a mapping for an object, [one] for a list; a trailing ? makes it optional.",
    )
