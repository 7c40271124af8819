"""Checks the actions of a specification: what they ask first, send, answer, and how they are made safe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart, LookupPart
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.load_fields import check_fields
from bridgehead.connectors.load_lets import Lets, check_asked, check_conditions
from bridgehead.connectors.load_names import Names
from bridgehead.connectors.load_templates import check_request, check_template
from bridgehead.connectors.paths import parts_of
from bridgehead.errors import UserError
from bridgehead.money import Money

_SENT: Final = ("effect_key", "version", "before")
"""What a connector adds to an action's arguments when it sends it."""


def check_actions(spec: Specification, names: Names, findings: Findings) -> None:
    """Notes what is wrong with each action."""
    for name, action in spec.actions.items():
        _Action(spec, name, action, names, findings).check()


class _Action:
    def __init__(self, spec: Specification, name: str, action: ActionPart, names: Names, findings: Findings) -> None:
        self.spec, self.name, self.action = spec, name, action
        self.names, self.findings = names, findings
        self.path: Path = ("actions", name)
        self.params = names.params("action", name)
        self.lets = findings.names("actions", name, "let")

    def check(self) -> None:
        from bridgehead.connectors.load_checks import CARRIERS, check_shape

        action, path, findings = self.action, self.path, self.findings
        check_shape(action.params, (*path, "params"), findings)
        wanted = CARRIERS[self.spec.kind]
        for option in ("request", "sql", "file", "mail"):
            if option != wanted and findings.has(*path, option):
                findings.add(
                    (*path, option), f"`{wanted}`, because the connector is of kind {self.spec.kind}", option, key=True
                )
        if not findings.has(*path, wanted):
            findings.add(
                path, f"the field {wanted}", "nothing", f"a connector of kind {self.spec.kind} needs it", key=True
            )
        for option, given in (("key", action.key), ("sensitive", action.sensitive)):
            for argument in given:
                self.names.known(parts_of(argument)[0], (*path, option), "an argument of this action", self.params)
        self._safety()
        self._lets()
        for option, lookup in (("lookup", action.lookup), ("verify", action.verify)):
            if lookup is not None:
                self._lookup(lookup, (*path, option))
        self._if_match()
        self._sent()
        self._answer()

    def _safety(self) -> None:
        action, path, findings = self.action, self.path, self.findings
        looked = findings.has(*path, "lookup") or findings.has(*path, "verify")
        if action.repeat == "if_absent" and not looked:
            findings.add(
                (*path, "repeat"),
                "a `lookup` beside repeat: if_absent",
                "none",
                "only a read can show that it is absent",
            )
        if action.effect == "reversible" and not findings.has(*path, "undo"):
            findings.add((*path, "effect"), "an `undo` beside effect: reversible", "none", "or effect: irreversible")
        if action.effect == "irreversible" and findings.has(*path, "undo"):
            findings.add((*path, "effect"), "reversible, because there is an `undo`")
        if action.idempotency_header is not None and self.spec.kind != "http":
            findings.add((*path, "idempotency_header"), f"no header beside kind {self.spec.kind}", key=True)
        if action.then and self.spec.kind != "http":
            findings.add((*path, "then"), f"no requests beside kind {self.spec.kind}", key=True)
        if action.cost is not None:
            try:
                Money.parse(action.cost)
            except UserError:
                findings.add((*path, "cost"), "an amount of money such as 0.50 USD")

    def _lets(self) -> None:
        lets = Lets(self.action.let, (*self.path, "let"), self.params, self.names, self.findings)
        lets.check()

    def _lookup(self, part: LookupPart, path: Path) -> None:
        known = [*self.params, "effect_key"]
        self._asks(part.read, part.with_, path, known)
        fields = self._fields_of(part.read)
        if fields is None:
            return
        for option, conditions in (("where", part.where), ("without", part.without), ("done", part.done)):
            self._conditions(conditions, (*path, option), fields, known)
        self._conditions(part.same, (*path, "same"), fields, [*known, *self.lets])
        if part.done and not self.findings.has(*self.path, "then"):
            self.findings.add((*path, "done"), "a `then` that finishes it", "none", key=True)

    def _if_match(self) -> None:
        part = self.action.if_match
        if part is None:
            return
        path = (*self.path, "if_match")
        known = [*self.params, *self.lets, "effect_key"]
        self._asks(part.read, part.with_, path, known)
        fields = self._fields_of(part.read)
        if fields is None:
            return
        self._conditions(part.expect, (*path, "expect"), fields, known)
        of = self.names.entity_of(part.read)
        if not self.findings.has("entities", of, "version") and self.spec.kind != "http":
            self.findings.add((*path, "read"), "a read of an entity with `version`", f"{of} has none")

    def _sent(self) -> None:
        action, path, findings = self.action, self.path, self.findings
        known = [*self.params, *self.lets, *_SENT]
        if action.request is not None:
            check_request(action.request, (*path, "request"), known, findings)
        for place, request in enumerate(action.then):
            step = (*path, "then", place)
            check_request(request, step, [*known, "reply", "found"], findings)
            fields = None if action.lookup is None else self._fields_of(action.lookup.read)
            if request.when and action.lookup is None and not findings.has(*path, "lookup"):
                findings.add((*step, "when"), "a `lookup` that finds what it is compared with", "none", key=True)
            elif fields is not None:
                check_conditions(request.when, (*step, "when"), fields, known, self.names, findings)
        if action.file is not None:
            check_template(action.file.path, (*path, "file", "path"), known, findings)
            check_template(action.file.content, (*path, "file", "content"), known, findings)
        if action.mail is not None:
            texts = {"to": action.mail.to, "subject": action.mail.subject, "text": action.mail.text}
            if action.mail.from_ is not None:
                texts["from"] = action.mail.from_
            for option, template in texts.items():
                check_template(template, (*path, "mail", option), known, findings)

    def _answer(self) -> None:
        from bridgehead.connectors.load_checks import exactly_one

        part, path = self.action.result, (*self.path, "result")
        if not self.findings.has(*path):
            return
        exactly_one(path, ("entity", "fields", "read"), self.findings)
        known = [*self.params, *self.lets, *_SENT, "reply"]
        if part.entity is not None:
            self.names.known(part.entity, (*path, "entity"), "an entity of this connector", self.names.entities)
        if part.fields is not None:
            check_fields(part.fields, (*path, "fields"), self.findings)
        if part.read is not None:
            self._asks(part.read, part.with_, path, known)
            if part.rows is not None:
                self.findings.add((*path, "rows"), "either `rows` or `read`", "both", key=True)
        elif part.with_:
            self.findings.add((*path, "with"), "a `read` beside it", "with alone", key=True)
        undo = self.action.undo
        if undo is not None:
            where = (*self.path, "undo")
            self.names.call(undo.action, undo.with_, where, self.findings, kind="action")
            for argument, template in undo.with_.items():
                check_template(
                    template, (*where, "with", argument), [*self.params, "result", "effect_key"], self.findings
                )
        fields = self._result_fields()
        for field, template in self.action.preview.items():
            if fields is not None:
                self.names.known(field, (*self.path, "preview", field), "a field of the result", fields, key=True)
            check_template(template, (*self.path, "preview", field), self.params, self.findings)

    def _result_fields(self) -> tuple[str, ...] | None:
        part = self.action.result
        if part.fields is not None:
            return self.findings.names(*self.path, "result", "fields")
        if part.entity in self.names.entities and part.entity is not None:
            return self.names.fields(part.entity)
        return None if part.read is None else self._fields_of(part.read)

    def _asks(self, read: str, given: Mapping[str, object], path: Path, known: Iterable[str]) -> None:
        check_asked(read, given, path, known, self.names, self.findings)

    def _fields_of(self, read: str) -> tuple[str, ...] | None:
        return self.names.brought_by(read)

    def _conditions(
        self, conditions: Mapping[str, object], path: Path, fields: Iterable[str], known: Iterable[str]
    ) -> None:
        check_conditions(conditions, path, fields, known, self.names, self.findings)
