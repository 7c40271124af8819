"""Schemas of an OpenAPI document as fields of entities, and as arguments and bodies of actions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bridgehead.connectors.proposing.draft import Draft, Noted, one_line, scalar
from bridgehead.connectors.proposing.naming import (
    argument,
    currency_among,
    is_code,
    is_money,
    is_personal,
    snake,
    unique,
)
from bridgehead.connectors.proposing.openapi_document import Api, Schema

DEEPEST: Final = 5
MOST_FIELDS: Final = 200
_MOMENTS: Final = {"date": "date", "date-time": "datetime", "time": "time"}
_PLACE: Final = "^."


@dataclass(frozen=True, slots=True)
class Made:
    """One field that was made: its own name, the system's, its type and what it may be."""

    name: str
    raw: str
    kind: str
    optional: bool
    choices: tuple[str, ...] = ()


def fields_of(
    api: Api, draft: Draft, schema: Schema, *, key: str | None = None
) -> tuple[dict[str, object], list[Made]]:
    """Returns an object's properties as fields, and what was made; ``key`` is never optional."""
    return _Fields(api, draft).of(schema, (), depth=0, around="", currency=None, key=key)


class _Fields:
    def __init__(self, api: Api, draft: Draft) -> None:
        self._api, self._draft = api, draft

    def of(
        self, schema: Schema, refs: tuple[str, ...], *, depth: int, around: str, currency: str | None, key: str | None
    ) -> tuple[dict[str, object], list[Made]]:
        """``around`` names the object that holds them, ``currency`` the path to one that holds outside it."""
        found: dict[str, object] = {}
        made: list[Made] = []
        own = currency_among(schema.properties)
        here = _escaped(own) if own else currency
        for raw_name, raw in list(schema.properties.items())[:MOST_FIELDS]:
            if not raw_name.strip() or ".." in raw_name or raw_name.startswith("."):
                self._draft.gaps.append(f"the property {one_line(raw_name, 60)!r}, whose name no path can hold")
                continue
            child = self._api.schema(raw)
            name = unique(snake(raw_name), found)
            optional = raw_name != key and (raw_name not in schema.required or child.nullable)
            part, notes = self._part(child, name, refs, raw=raw_name, depth=depth, around=around, currency=here)
            if raw_name != name or part.get("from") is not None:
                part = {"from": part.pop("from", _escaped(raw_name)), **part}
            else:
                part = {"from": raw_name, **part}
            if optional:
                part["optional"] = True
            if is_personal(name) and part.get("type", "text") in {"text", "code", "date", "list"}:
                part["label"] = "personal"
            simple = part["from"] if set(part) == {"from"} else part
            found[name] = Noted(simple, tuple(notes)) if notes else simple
            made.append(Made(name, raw_name, str(part.get("type", "text")), optional, tuple(map(str, child.choices))))
        return found, made

    def _part(
        self,
        child: Schema,
        name: str,
        refs: tuple[str, ...],
        *,
        raw: str,
        depth: int,
        around: str,
        currency: str | None,
    ) -> tuple[dict[str, object], list[str]]:
        if child.choices:
            values = {scalar(one) if isinstance(one, bool) else str(one): _choice(one) for one in child.choices}
            return {"type": "enum", "values": values}, []
        if child.kind == "object" or child.properties:
            return self._object(child, name, refs, raw=raw, depth=depth, currency=currency)
        if child.kind == "array":
            return self._array(child, name, refs, depth=depth, currency=currency)
        if child.kind == "boolean":
            return {"type": "boolean"}, []
        number = child.kind in {"integer", "number"} or (child.kind == "string" and child.format == "decimal")
        if number and currency and is_money(f"{around}_{name}"):
            return self._money(child, currency)
        if child.kind == "integer":
            return {"type": "integer"}, self._maybe_time(name)
        if number:
            return {"type": "decimal"}, []
        if child.kind == "string" or (not child.kind and not child.several):
            if child.format in _MOMENTS:
                return {"type": _MOMENTS[child.format]}, []
            if child.format == "uuid" or is_code(name):
                return {"type": "code"}, []
            return ({} if child.kind else {"type": "json"}), []
        return {"type": "json"}, ["several forms are possible here; it is kept as JSON"] if child.several else []

    def _money(self, child: Schema, currency: str) -> tuple[dict[str, object], list[str]]:
        part: dict[str, object] = {"type": "money", "currency": currency}
        notes = [self._draft.guess(f"an amount by its name, beside the currency in {currency}")]
        if child.kind == "integer":
            answer, asked = self._draft.question(
                "Is this whole number in the currency's smallest unit (cents)?", ("no", "scale 2"), "no"
            )
            if answer != "no":
                part["scale"] = 2
            notes += asked
        return part, notes

    def _maybe_time(self, name: str) -> list[str]:
        if name.endswith(("_at", "timestamp", "created", "updated", "modified")):
            return [f"ASK: is {name} a time? Then: type: datetime, format: epoch (or epoch_ms)"]
        return []

    def _object(
        self, child: Schema, name: str, refs: tuple[str, ...], *, raw: str, depth: int, currency: str | None
    ) -> tuple[dict[str, object], list[str]]:
        pair = self._amount(child)
        if pair is not None:
            value, money = pair
            own = _escaped(raw)
            notes = [self._draft.guess("an object of an amount and its currency")]
            return {"from": f"{own}.{_escaped(value)}", "type": "money", "currency": f"{own}.{_escaped(money)}"}, notes
        if not child.properties:
            return {"type": "json"}, []
        if depth >= DEEPEST or (child.ref and child.ref in refs):
            return {"type": "json"}, ["it holds itself, or lies too deep: kept as JSON"]
        outer = None if currency is None else f"{_PLACE}{currency}"
        inner, _ = self.of(child, (*refs, child.ref), depth=depth + 1, around=name, currency=outer, key=None)
        return ({"type": "object", "fields": inner}, []) if inner else ({"type": "json"}, [])

    def _amount(self, child: Schema) -> tuple[str, str] | None:
        money = currency_among(child.properties)
        if money is None or len(child.properties) > 3:  # noqa: PLR2004  amount, currency and perhaps its precision
            return None
        value = next((one for one in ("amount", "value", "number", "net") if one in child.properties), None)
        return None if value is None else (value, money)

    def _array(
        self, child: Schema, name: str, refs: tuple[str, ...], *, depth: int, currency: str | None
    ) -> tuple[dict[str, object], list[str]]:
        entry = self._api.schema(child.items)
        if entry.properties and depth < DEEPEST and not (entry.ref and entry.ref in refs):
            outer = None if currency is None else f"{_PLACE}{currency}"
            inner, _ = self.of(entry, (*refs, entry.ref), depth=depth + 1, around=name, currency=outer, key=None)
            if inner:
                return {"type": "list", "fields": inner}, []
        if entry.kind in {"string", "integer", "number"}:
            return {"type": "list"}, []
        return {"type": "json"}, []


def _choice(value: object) -> object:
    return value if isinstance(value, bool | int) else str(value)


def _escaped(name: str) -> str:
    return name.replace(".", "\\.")


def argument_word(schema: Schema, name: str) -> str:
    """Returns the type word of an argument."""
    if schema.kind == "boolean":
        return "boolean"
    if schema.kind == "integer":
        return "integer"
    if schema.kind == "number" or schema.format == "decimal":
        return "decimal"
    if schema.format in _MOMENTS:
        return _MOMENTS[schema.format]
    if schema.choices or schema.format == "uuid" or is_code(name):
        return "code"
    return "text" if schema.kind == "string" else "json"


class Bodies:
    """Turns the schema of a body into arguments and the template that fills it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of(
        self, schema: Schema, taken: Mapping[str, object], *, leave: Collection[str] = ()
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Returns (arguments by name, template) of a body.

        ``taken`` holds names that are arguments already, ``leave`` properties that something else fills.
        """
        shape: dict[str, object] = {}
        template: dict[str, object] = {}
        for raw_name, raw in list(schema.properties.items())[:MOST_FIELDS]:
            child = self._api.schema(raw)
            if child.read_only or raw_name in leave:
                continue
            name = argument(snake(raw_name), {**taken, **shape})
            needed = raw_name in schema.required and not child.nullable
            if len(child.choices) == 1:
                if needed:
                    template[raw_name] = child.choices[0]
                continue
            shape[name], filled = self._argument(child, name, name, needed=needed, depth=0, refs=(schema.ref,))
            template[raw_name] = filled
        return shape, template

    def _argument(
        self, child: Schema, name: str, path: str, *, needed: bool, depth: int, refs: tuple[str, ...]
    ) -> tuple[object, object]:
        """Returns (form, template) of one property; what is optional and no single value is JSON."""
        deep = depth >= DEEPEST or (child.ref != "" and child.ref in refs)
        if needed and not deep and child.properties:
            return self._inside(child, path, depth=depth, refs=refs)
        entry = self._api.schema(child.items) if child.kind == "array" else Schema()
        if needed and not deep and entry.properties:
            form, template = self._inside(entry, "item", depth=depth, refs=(*refs, child.ref))
            return [form], {"each": path, "do": template}
        if needed and child.kind == "array" and entry.kind in {"string", "integer", "number"}:
            return [argument_word(entry, name)], f"{{{path}}}"
        word = argument_word(child, name)
        template = f"{{{path}|number}}" if child.kind == "number" else f"{{{path}}}"
        return word if needed else f"{word}?", template

    def _inside(self, schema: Schema, path: str, *, depth: int, refs: tuple[str, ...]) -> tuple[object, object]:
        form: dict[str, object] = {}
        template: dict[str, object] = {}
        for raw_name, raw in list(schema.properties.items())[:MOST_FIELDS]:
            child = self._api.schema(raw)
            if child.read_only:
                continue
            name = unique(snake(raw_name), form)
            needed = raw_name in schema.required and not child.nullable
            if len(child.choices) == 1:
                if needed:
                    template[raw_name] = child.choices[0]
                continue
            form[name], template[raw_name] = self._argument(
                child, name, f"{path}.{name}", needed=needed, depth=depth + 1, refs=(*refs, schema.ref)
            )
        return form, template
