"""Actions of a connector: looked up first, sent once, finished, read back, undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from bridgehead.connectors.agreeing import agrees, difference, matches, meant
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart, LookupPart
from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.fill import fill, names_in, plain
from bridgehead.connectors.mapping import HIDDEN, Mapper
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.ports import Answer, Finds, Values, Wire
from bridgehead.connectors.reading import Reads
from bridgehead.connectors.shapes import declared
from bridgehead.errors import Failed, Mismatch, UserError
from bridgehead.spec.problem import nearest

_REPLY: Final = "reply"


class Actions:
    """The actions of one connector over its wire and its reads."""

    def __init__(self, spec: Specification, wire: Wire, reads: Reads) -> None:
        self.name = spec.connector
        self.spec = spec
        self.wire = wire
        self._reads = reads
        self._failed = reads.failed

    async def act(self, name: str, args: Values, *, key: str) -> object:
        """Does an action once and returns its result as the action's type.

        With a ``lookup`` the system is asked first: what is there already with equal content is the
        result and nothing is sent, except what finishes it (counted in ``counters.finished``); other
        content is Failed ``conflict`` (``applied=False``). A
        failure after the request was sent leaves ``applied`` None: only ``verify`` can tell. A missing
        or unknown argument is Failed ``invalid_input``; what ``params`` does not declare inside of an
        argument is left out.
        """
        action = self._action(name)
        self._reads.check_given(name, action.params, _given(args))
        values: dict[str, object] = {**_given(declared(action.params, args)), "effect_key": key}
        lookup, there = action.lookup, None
        try:
            if lookup is not None:
                self._reads.counters.looked_up += 1
                there = await self._look(name, action, lookup, values)
        except Failed as error:
            raise _unsent(error) from error
        except Mismatch as error:
            raise self._conflict(error, name, applied=False) from error
        if lookup is not None and there is not None:
            return await self._finished(name, action, lookup, values, there)
        try:
            values |= await self._reads.let(action.let, values)
            values |= await self._version_of(name, action, values)
        except Failed as error:
            # Nothing was sent yet, whatever a read says of itself.
            raise _unsent(error) from error
        try:
            answer = await self.wire.act(action, values)
        finally:
            self._reads.forget()  # also when the reply is lost: it may have been carried out
        self._reads.counters.actions += 1
        try:
            values[_REPLY] = answer.body
            if action.then and lookup is not None and asks_found(action):
                there = await self._look(name, action, lookup, values)
                if there is None:
                    raise self._failed(f"{name} was answered with success and is not there", "transient", action=name)
                return await self._finished(name, action, lookup, values, there)
            if action.then:
                await self.wire.follow(action, values)
            return await self._result(name, action, answer, values)
        except Failed as error:
            # It was sent and answered with success: whatever follows, the effect is there.
            raise _unknown(error) from error
        except Mismatch as error:
            raise self._conflict(error, name, applied=None) from error

    async def verify(self, name: str, args: Values, *, key: str) -> object | None:
        """Reads an action back: its result, or None when the system does not hold it.

        An unfinished one is finished first by its ``then`` requests. Raises Mismatch when
        something else is there, UserError when the action declares no lookup and the wire cannot tell.
        """
        action = self._action(name)
        lookup = action.verify or action.lookup
        values: dict[str, object] = {**_given(declared(action.params, args)), "effect_key": key}
        if lookup is None:
            if not isinstance(self.wire, Finds):
                raise UserError(f"{self.name}.{name} cannot be read back", code="connector.verify")
            answer = await self.wire.find(action, values)
            return None if answer is None else await self._result(name, action, answer, values)
        there = await self._look(name, action, lookup, values)
        if there is None:
            return None
        return self._from_record(action, await self._finish(name, action, lookup, values, there))

    async def undo(self, name: str, args: Values, result: object, *, key: str) -> object:
        """Takes an action back by the action that its specification names, whose own effect key is ``key``."""
        action = self._action(name)
        if action.undo is None:
            raise UserError(f"{self.name}.{name} cannot be undone", code="connector.undo")
        return await self.act(action.undo.action, self._to_undo(action, args, result, key), key=key)

    async def undone(self, name: str, args: Values, result: object, *, key: str) -> bool | None:
        """Tells whether the undo of an action with this key is there: True, or None when that cannot be told."""
        action = self._action(name)
        if action.undo is None:
            return None
        back = self._action(action.undo.action)
        if back.verify is None and back.lookup is None:
            return None
        found = await self.verify(action.undo.action, self._to_undo(action, args, result, key), key=key)
        return None if found is None else True

    def _to_undo(self, action: ActionPart, args: Values, result: object, key: str) -> dict[str, object]:
        values = {**_given(declared(action.params, args)), "effect_key": key, "result": result}
        return {one: fill(template, values) for one, template in (action.undo.with_ if action.undo else {}).items()}

    async def asked_first(self, name: str, args: Values) -> dict[str, object]:
        """Returns what an action reads before it sends anything (its ``let``); nothing is sent."""
        action = self._action(name)
        return await self._reads.let(action.let, _given(declared(action.params, args)))

    def preview(self, name: str, args: Values) -> object:
        """Returns what the action would answer, as its specification says; nothing is asked or sent."""
        action = self._action(name)
        if action.result.entity is None and action.result.read is None:
            return {field: fill(template, args) for field, template in action.preview.items()}
        of = action.result.entity or self._reads.read_named(action.result.read or "")[0]
        return self._reads.typed(of, {field: fill(template, args) for field, template in action.preview.items()}, 1)

    async def _look(
        self, name: str, action: ActionPart, lookup: LookupPart, values: Values
    ) -> tuple[bool, BaseModel] | None:
        """Returns (finished, record) of what the action would have made; None when nothing is there."""
        asked = {one: fill(template, values) for one, template in lookup.with_.items()}
        found = await self._reads.read(lookup.read, asked, primary=True)
        there = [
            (record, sent)
            for record, sent in zip(found.records, found.raw, strict=True)
            if matches(record, lookup.where, values)
            and not (lookup.without and matches(record, lookup.without, values))
        ]
        if not there:
            return None
        if lookup.same and any(name_.partition(".")[0] in action.let for name_ in names_in(lookup.same)):
            values = {**values, **await self._reads.let(action.let, values)}
        wanted = {field: meant(template, values) for field, template in lookup.same.items()}
        differing: list[str] = []
        for record, sent in there:
            told = [self._difference(lookup.read, field, value, record) for field, value in wanted.items()]
            found_here = [one for one in told if one is not None]
            if not found_here:
                self._reads.show(lookup.read, record, sent, ignore=lookup.ignore)
                return matches(record, lookup.done, values), record
            # Of several records the one that is most like what was meant says most.
            differing = found_here if not differing or len(found_here) < len(differing) else differing
        raise Mismatch(
            f"{self.name}.{name}: something else is there already: {'; '.join(differing)}",
            hint="Compare the two and settle the effect by hand.",
        )

    def _difference(self, read: str, field: str, wanted: object, record: BaseModel) -> str | None:
        """Returns where a field of a record is not as it was meant, and how, in words; None when it is."""
        differs = difference(wanted, find(record, field), field)
        if differs is None:
            return None
        place, sent, there = differs
        if self._reads.is_labelled(read, place):
            return f"{place}: it differs {HIDDEN}"
        return f"{place}: sent {self._reads.brief(sent)}, there: {self._reads.brief(there)}"

    async def _finished(
        self,
        name: str,
        action: ActionPart,
        lookup: LookupPart,
        values: dict[str, object],
        there: tuple[bool, BaseModel],
    ) -> object:
        """Returns the result of an effect that is there, finished first; a failure leaves open what was done."""
        try:
            return self._from_record(action, await self._finish(name, action, lookup, values, there))
        except Failed as error:
            raise _unknown(error) from error
        except Mismatch as error:
            raise self._conflict(error, name, applied=None) from error

    def _conflict(self, error: Mismatch, name: str, *, applied: bool | None) -> Failed:
        text = error.message.removeprefix(f"{self.name}.")
        return self._failed(text, "conflict", applied=applied, hint=error.hint, action=name)

    async def _finish(
        self,
        name: str,
        action: ActionPart,
        lookup: LookupPart,
        values: dict[str, object],
        there: tuple[bool, BaseModel] | None,
    ) -> BaseModel:
        """Sends the requests that are still due for an effect that is there, until it is finished.

        One that was carried out although its reply was lost is refused the second time, so what a refusal
        means is read from the record: as long as the effect moves on, what is due then is sent.
        """
        before: BaseModel | None = None
        refused: Failed | None = None
        while there is not None and not there[0] and there[1] != before:
            before = there[1]
            told = {**values, _REPLY: plain(before.model_dump(mode="python")), "found": before}
            due = [step for step in action.then if matches(before, step.when, told)]
            self._reads.counters.finished += len(due)
            try:
                await self.wire.follow(action.model_copy(update={"then": due}), told)
            except Failed as error:
                refused = error
            self._reads.forget()
            there = await self._look(name, action, lookup, values)
        if there is None or not there[0]:
            raise refused or self._failed(f"{name} is there and could not be finished", "transient", action=name)
        return there[1]

    async def _version_of(self, name: str, action: ActionPart, values: Values) -> dict[str, object]:
        part = action.if_match
        if part is None:
            return {}
        asked = {one: fill(template, values) for one, template in part.with_.items()}
        found = await self._reads.read(part.read, asked, primary=True)
        if len(found.records) != 1:
            text = f"{name}: {part.read} found {len(found.records)} records to compare with"
            raise self._failed(text, "not_found" if not found.records else "conflict", applied=False, action=name)
        for field, template in part.expect.items():
            if not agrees(meant(template, values), find(found.one, field)):
                raise self._failed(
                    f"{name}: {field} has changed since", "conflict", applied=False, action=name, field=field
                )
        if found.version is None:
            raise self._failed(f"{name}: the system gave no version to compare with", "invalid_output", applied=False)
        return {"version": found.version, "before": found.one}

    async def _result(self, name: str, action: ActionPart, answer: Answer, values: Values) -> object:
        part = action.result
        if part.read is not None:
            asked = {one: fill(template, values) for one, template in part.with_.items()}
            found = await self._reads.read(part.read, asked, primary=True)
            if len(found.records) != 1:
                raise self._failed(
                    f"{name} was done, and {part.read} shows {len(found.records)} records of it", "invalid_output"
                )
            return found.one
        sent = find(answer.body, part.rows) if part.rows else answer.body
        if isinstance(sent, Sequence) and not isinstance(sent, str) and len(sent) == 1:
            sent = sent[0]
        if not isinstance(sent, Mapping):
            if answer.rows:
                sent = answer.rows[0]
            elif part.fields is not None and sent is not MISSING:
                sent = {"value": sent}
            else:
                raise self._failed(f"{name} was done, and its answer holds no record", "invalid_output", action=name)
        if part.entity is not None:
            return self._reads.typed(part.entity, self._reads.mappers[part.entity].record(sent, row=1), 1)
        return self._own(name, sent)

    def _own(self, name: str, sent: Mapping[str, object]) -> object:
        record = self._result_mapper(name).record(sent, row=1)
        return self._reads.typed(f"{name} result", record, 1)

    def _result_mapper(self, name: str) -> Mapper:
        known = self._reads.mappers.get(f"{name} result")
        if known is None:
            fields = self._action(name).result.fields
            if fields is None:
                raise AssertionError("a result of its own declares its fields")
            entity = EntityPart.model_construct(fields=fields, key=(), reads={})
            known = self._reads.mappers[f"{name} result"] = self._reads.mapper(f"{name} result", entity)
        return known

    def _from_record(self, action: ActionPart, record: BaseModel) -> object:
        """Returns a record that was read back in the form in which the action answers."""
        part = action.result
        if part.fields is None:
            return record
        of = next(f"{name} result" for name, known in self.spec.actions.items() if known is action)
        return self._reads.typed(of, {field: getattr(record, field, None) for field in part.fields}, 1)

    def _action(self, name: str) -> ActionPart:
        found = self.spec.actions.get(name)
        if found is None:
            raise UserError(
                f"{self.name} has no action {name!r}", code="connector.action", hint=nearest(name, self.spec.actions)
            )
        return found


def asks_found(action: ActionPart) -> bool:
    """Tells whether what follows an action's request depends on the record that its lookup finds."""
    parts = [step.model_dump(mode="python") for step in action.then]
    return any(step.when for step in action.then) or any(name.split(".")[0] == "found" for name in names_in(parts))


def _given(args: Values) -> dict[str, object]:
    return {name: value for name, value in args.items() if value is not None}


def _unsent(error: Failed) -> Failed:
    return _said(error, applied=False)


def _unknown(error: Failed) -> Failed:
    return _said(error, applied=None)


def _said(error: Failed, *, applied: bool | None) -> Failed:
    return Failed(
        error.message,
        error_class=error.error_class,
        applied=applied,
        hint=error.hint,
        code=error.code,
        **error.attributes,
    )
