"""Operations of an OpenAPI document that change something, each with what makes it safe as far as that can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridgehead.connectors.proposing.draft import Draft, Noted, one_line
from bridgehead.connectors.proposing.naming import argument, snake, unique
from bridgehead.connectors.proposing.openapi_document import Api, Operation
from bridgehead.connectors.proposing.openapi_fields import Bodies, argument_word, fields_of
from bridgehead.connectors.proposing.openapi_reads import Entity, Read, path_template, segments

_UNDOES: Final = ("cancel", "void", "delete", "reverse", "revoke", "withdraw", "archive")
_GONE: Final = ("cancelled", "canceled", "void", "voided", "reversed", "withdrawn", "archived", "deleted")
_NAMING: Final = ("number", "reference", "ref", "external", "key", "po", "code", "id")
_OWN_HEADERS: Final = ("authorization", "accept", "content-type", "if-match")


@dataclass(slots=True)
class _Action:
    """One action that was found."""

    name: str
    operation: Operation
    entity: Entity | None
    params: dict[str, object]
    by_raw: dict[str, str]
    part: dict[str, object]


class Acting:
    """Finds the actions of a document."""

    def __init__(self, api: Api, draft: Draft, entities: list[Entity], names: set[str]) -> None:
        self._api, self._draft, self._entities, self._names = api, draft, entities, names
        self._bodies = Bodies(api)
        self._found: list[_Action] = []

    def add(self, operation: Operation) -> None:
        """Adds an action, or notes why it is left out."""
        where = f"{operation.method} {one_line(operation.path, 80)}"
        if operation.body is None and operation.body_required:
            self._draft.gaps.append(f"{where}: its body is no JSON and no form")
            return
        if operation.body is not None and not operation.body.properties:
            self._draft.gaps.append(f"{where}: its body declares no fields")
            return
        name = unique(snake(operation.id or f"{operation.method} {' '.join(segments(operation.path))}"), self._names)
        self._names.add(name)
        params: dict[str, object] = {}
        by_raw: dict[str, str] = {}
        query: dict[str, object] = {}
        headers: dict[str, object] = {}
        key_header = operation.header("idempotency")
        for one in operation.parameters:
            if one.where == "cookie" or one.name.lower() in _OWN_HEADERS or one == key_header:
                continue
            given = argument(snake(one.name), params)
            word = argument_word(one.schema, given)
            params[given] = word if one.required else f"{word}?"
            by_raw[one.name] = given
            if one.where != "path":
                (query if one.where == "query" else headers)[one.name] = f"{{{given}}}"
        request: dict[str, object] = {"method": operation.method, "path": path_template(operation.path, by_raw)}
        if query:
            request["query"] = query
        if key_header is not None:
            headers[key_header.name] = "{effect_key}"
        if operation.body is not None:
            shape, template = self._bodies.of(operation.body, params)
            params |= shape
            if "form" in operation.body_type:
                request["form"] = {key: value for key, value in template.items() if isinstance(value, str)}
            else:
                request["body"] = template
                if operation.body_type not in {"application/json", "*/*"}:
                    headers["Content-Type"] = operation.body_type
        if headers:
            request["headers"] = headers
        part: dict[str, object] = {}
        if operation.about:
            part["about"] = one_line(operation.about, 100)
        part |= {"effect": "irreversible", "params": params}
        self._found.append(_Action(name, operation, self._entity_of(operation), params, by_raw, part))
        part["request"] = request
        if key_header is not None:
            part["idempotency_header"] = Noted(
                key_header.name, (self._draft.guess("a header of this name; does the system drop a second request?"),)
            )

    def written(self) -> dict[str, object]:
        """Returns the actions as they are written."""
        for one in self._found:
            self._safety(one)
        for one in self._found:
            self._undo(one)
        return {one.name: self._ordered(one.part) for one in self._found}

    @staticmethod
    def _ordered(part: dict[str, object]) -> dict[str, object]:
        order = ("about", "effect", "params", "key", "lookup", "verify", "if_match", "request", "idempotency_header",
                 "result", "undo", "visible_within")  # fmt: skip
        return {name: part[name] for name in order if name in part}

    def _entity_of(self, operation: Operation) -> Entity | None:
        ref = operation.answer.ref if operation.answer is not None else ""
        by_ref = next((one for one in self._entities if ref and one.schema.ref == ref), None)
        if by_ref is not None:
            return by_ref
        path = operation.path.rstrip("/")
        held = [one for one in self._entities if path == one.collection or path.startswith(f"{one.collection}/")]
        return max(held, key=lambda one: len(one.collection), default=None)

    def _detail(self, one: _Action) -> tuple[Read, dict[str, object]] | None:
        """Returns the read of the record that an action's path names, with its arguments."""
        detail = one.entity.detail() if one.entity is not None else None
        if detail is None:
            return None
        asked: dict[str, object] = {}
        for raw, given in detail.by_raw.items():
            if raw not in one.by_raw:
                return None
            asked[given] = f"{{{one.by_raw[raw]}}}"
        return detail, asked

    def _safety(self, one: _Action) -> None:
        part, detail = one.part, self._detail(one)
        if one.operation.header("if-match") is not None and detail is not None:
            part["if_match"] = {"read": detail[0].name, "with": detail[1]}
        lookup = self._lookup_by_detail(one, detail) or self._lookup_by_list(one)
        if lookup is not None:
            part["lookup"] = lookup
        else:
            told = (
                "ASK: how can it be seen afterwards whether this happened? Say it under lookup (a read, with its "
                "arguments); without it a lost reply goes to a person."
            )
            self._draft.open_questions += 1
            part["request"] = Noted(part["request"], (told,))
        part["result"] = self._result(one, detail)
        if lookup is not None:
            seconds, notes = self._draft.question("How long until a read shows what was written?", (), "2s")
            part["visible_within"] = Noted(seconds, notes)

    def _lookup_by_detail(self, one: _Action, detail: tuple[Read, dict[str, object]] | None) -> Noted | None:
        """Of a cancellation: the record's state tells whether it happened."""
        last = snake(segments(one.operation.path)[-1]) if segments(one.operation.path) else ""
        ends = next((word for word in _UNDOES if last == word), None)
        if detail is None or one.entity is None or ends is None:
            return None
        for made in one.entity.made:
            gone = next((choice for choice in made.choices if choice.lower() in _GONE), None)
            if made.kind == "enum" and gone is not None:
                said = self._draft.guess(f"{made.name} can be {gone}")
                return Noted({"read": detail[0].name, "with": detail[1], "where": {made.name: gone}}, (said,))
        return None

    def _lookup_by_list(self, one: _Action) -> Noted | None:
        """Of a creation: a list that can be asked by what the record was made of, a number of the asker's among it."""
        entity = one.entity
        if entity is None or one.operation.method != "POST" or one.operation.path_parameters:
            return None
        own = {argument for argument, form in one.params.items() if form in ("code", "text", "integer", "date")}
        for read in entity.reads:
            shared = [argument for argument in read.params if argument in own]
            needed = {argument for argument, form in read.params.items() if not str(form).endswith("?")}
            names = [word for argument in shared for word in argument.split("_") if argument != "customer"]
            if read.one or not shared or not needed <= set(shared) or not any(word in _NAMING for word in names):
                continue
            asked: dict[str, object] = {"read": read.name, "with": {name: f"{{{name}}}" for name in shared}}
            for made in entity.made:
                gone = next((choice for choice in made.choices if choice.lower() in _GONE), None)
                if made.kind == "enum" and gone is not None:
                    asked["without"] = {made.name: gone}
            same = self._same(one, entity)
            if same:
                asked["same"] = same
            one.part["key"] = shared if len(shared) > 1 else shared[0]
            return Noted(asked, (self._draft.guess(f"{read.name} can be asked by {' and '.join(shared)}"),))
        return None

    @staticmethod
    def _same(one: _Action, entity: Entity) -> dict[str, object]:
        made = {field.raw: field for field in entity.made}
        found: dict[str, object] = {}
        for raw in one.operation.body.properties if one.operation.body is not None else ():
            field = made.get(raw)
            form = one.params.get(snake(raw))
            if (
                field is not None
                and field.kind in {"money", "decimal", "integer", "date"}
                and form in ("decimal", "integer", "date")
            ):
                found[field.name] = f"{{{snake(raw)}}}"
        return found

    def _result(self, one: _Action, detail: tuple[Read, dict[str, object]] | None) -> object:
        answer = one.operation.answer
        if answer is not None and one.entity is not None and answer.ref and answer.ref == one.entity.schema.ref:
            return {"entity": one.entity.name}
        if answer is not None and answer.properties:
            made, _ = fields_of(self._api, self._draft, answer)
            if made:
                return {"fields": made}
        if detail is not None and one.operation.method != "DELETE":
            return {"read": detail[0].name, "with": detail[1]}
        return Noted(
            {"fields": {"answer": {"from": "@", "type": "json", "optional": True}}}, ("It answers nothing of its own.",)
        )

    def _undo(self, one: _Action) -> None:
        entity = one.entity
        if entity is None or one.operation.method != "POST" or one.operation.path_parameters or len(entity.key) != 1:
            return
        if one.part.get("result") != {"entity": entity.name}:
            return
        for other in self._found:
            parts = segments(other.operation.path)
            ends = parts and snake(parts[-1]) in _UNDOES
            if other.entity is not entity or len(other.operation.path_parameters) != 1:
                continue
            if not (ends or other.operation.method == "DELETE"):
                continue
            needed = [name for name, form in other.params.items() if not str(form).endswith("?")]
            if len(needed) != 1:
                continue
            one.part["effect"] = Noted("reversible", (self._draft.guess(f"{other.name} takes it back"),))
            one.part["undo"] = {"action": other.name, "with": {needed[0]: f"{{result.{entity.key[0]}}}"}}
            return
