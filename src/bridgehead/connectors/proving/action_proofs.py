"""Proves the promises of one action: whatever happens to its request, it is never done twice and never lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar

from bridgehead.clock import perf_s
from bridgehead.connectors.acting import asks_found
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart, LookupPart
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.fill import fill, names_in
from bridgehead.connectors.proving import http_faults as faults
from bridgehead.connectors.proving.findings import PROVED, Finding, Prove, aside, open_
from bridgehead.connectors.proving.read_proofs import compared, loosened, nothing_recorded, unnamed, waited
from bridgehead.connectors.proving.recording import Call, Promise, Recording
from bridgehead.connectors.proving.several import needs, unfinished
from bridgehead.connectors.proving.spoiling import Target, change, needed, rename, retype, targets, tells
from bridgehead.connectors.proving.stage import (
    SHORT_S,
    Outcome,
    Performed,
    Stage,
    effect_key_of,
    outcome,
    perform,
    plain_result,
    stage,
)
from bridgehead.connectors.proving.world import Reaction
from bridgehead.errors import ErrorClass

_NOT_SENT = "the time was over before the request was sent"
_ADD_LOOKUP = "Add lookup: {read: …, with: …, same: …}, so that a lost reply can be read back."


@dataclass
class ActionProofs:
    """The proofs of one action over what was recorded of it. ``spoils_write``: the write's answer holds the result."""

    spoils_write: ClassVar[bool] = True

    spec: Specification
    recording: Recording
    name: str
    action: ActionPart

    @property
    def call(self) -> Call:
        """The recorded call that the failures are put into."""
        return self.recording.of(self.name)[0]

    @property
    def back(self) -> LookupPart | None:
        """How it is read back."""
        return self.action.verify or self.action.lookup

    def proofs(self) -> Mapping[str, Prove]:
        """Returns the proof of each behaviour that an action has."""
        return {
            "recorded": self.recorded,
            "promises": self.promises,
            "expired_token": self.expired_token,
            "forbidden": self.forbidden,
            "throttled": self.throttled,
            "server_error": self.server_error,
            "timeout": self.timeout,
            "no_connection": self.no_connection,
            "lost_reply": self.lost_reply,
            "cut_answer": self.cut_answer,
            "not_json": self.not_json,
            "renamed_field": self.renamed_field,
            "changed_type": self.changed_type,
            "repeated": self.repeated,
            "other_content": self.other_content,
            "compare_and_set": self.compare_and_set,
            "lookup_down": self.lookup_down,
            "elsewhere": self.elsewhere,
            "needs": self.needs,
            "unfinished": self.unfinished,
            "undo": self.undo,
        }

    def on_stage(self, *, short_s: float | None = None) -> AbstractAsyncContextManager[Stage]:
        """Gives the connector over the recorded call."""
        return stage(self.spec, self.recording, self.call, short_s=short_s)

    async def acted(self, on: Stage) -> Outcome:
        """Acts as the recorded call did."""
        return await outcome(on.connector.act(self.name, on.arguments, key=effect_key_of(self.call)))

    async def verified(self, on: Stage) -> Outcome:
        """Reads the effect back, without anything in the way."""
        on.world.fault = None
        return await outcome(on.connector.verify(self.name, on.arguments, key=effect_key_of(self.call)))

    async def met(self, act: faults.Act, *, turns: int = 0) -> tuple[Outcome, Stage]:
        """Acts with something in the way of every writing request, or of the first ``turns``."""
        async with self.on_stage() as on:
            self.hinder(on, act, turns=turns)
            return await self.acted(on), on

    def hinder(self, on: Stage, act: faults.Act, *, turns: int = 0) -> None:
        """Puts something in the way of the action's own writing requests."""
        on.world.fault = faults.meets(self.name, act, write=True, when=lambda _: not turns or on.writes <= turns)

    async def recorded(self) -> Finding:
        """Plays every recorded call: absent before, done once, found after, with the same results."""
        for call in self.recording.of(self.name):
            async with stage(self.spec, self.recording, call) as on:
                ended = await outcome(perform(on))
                writes = on.world.applied
            if (found := compared(call, ended)) is not PROVED:
                return found
            done = ended.value
            if isinstance(done, Performed) and done.there is not None:
                return open_("it was found before it was done", "Check its lookup: where, without, same.")
            if writes != 1:
                return open_(f"it was written {writes} times")
        return PROVED

    async def promises(self) -> Finding:
        """Compares its key with what it was when it was recorded."""
        kept = self.recording.promises.get(self.name)
        if kept is None:
            return open_("nothing is recorded of what it promises", "Record it again.")
        return loosened(self.name, kept, Promise(key=self.action.key))

    async def expired_token(self) -> Finding:
        """Refuses the credential of the write, once and for good."""
        kind = faults.signs_in(self.spec)
        if kind in {"", "hook"}:
            return aside("it shows no credential" if not kind else "each request is signed by a hook")
        always, on = await self.met(faults.status(401))
        if always.error_class != "auth_expired" or not nothing_done(always, on):
            return open_(f"always refused with 401, it ended as {always.ended}", "See errors: a rule may hide it.")
        if kind == "fixed":
            return PROVED if on.writes == 1 else open_("a refused credential was shown again")
        async with self.on_stage() as on:
            on.world.fault = faults.meets(
                self.name, faults.status(401), write=True, when=lambda _: on.world.tokens < 2  # noqa: PLR2004  # the second token
            )  # fmt: skip
            ended = await self.acted(on)
        if ended.value is None or on.world.applied != 1:
            return open_(f"with a token that had expired, it ended as {ended.ended}, written {on.world.applied} times")
        return PROVED

    async def forbidden(self) -> Finding:
        """Refuses the right."""
        ended, on = await self.met(faults.status(403))
        if ended.error_class != "forbidden" or not nothing_done(ended, on):
            return open_(f"refused with 403, it ended as {ended.ended}", "See errors: a rule may hide it.")
        return PROVED if on.writes == 1 else open_(f"it was sent {on.writes} times")

    async def throttled(self) -> Finding:
        """Asks to wait once, and then takes it."""
        began = perf_s()
        ended, on = await self.met(faults.status(429, retry_after=str(faults.WAIT_S)), turns=1)
        if on.world.applied > 1:
            return open_(f"it was written {on.world.applied} times")
        return waited(ended, on, perf_s() - began, tries=self.spec.retry.tries)

    async def server_error(self) -> Finding:
        """Answers with an error, before it was done and after."""
        return await self._settled({"503": (faults.status(503), False), "500": (faults.broken_after(500), True)})

    async def timeout(self) -> Finding:
        """Never answers."""
        found = open_("its request never came")
        for short_s in SHORT_S:
            found = await self._settled({"no answer": (faults.never, False)}, short_s=short_s)
            if found[1] != _NOT_SENT:
                break
        return found

    async def lost_reply(self) -> Finding:
        """Does it, and the connection breaks; then it is called once more."""
        found = await self._settled({"a lost reply": (faults.lost, True)})
        if found is not PROVED or self.action.lookup is None:
            return found
        async with self.on_stage() as on:
            self.hinder(on, faults.lost)
            await self.acted(on)
            on.world.fault = None
            again = await self.acted(on)
        if again.value is None:
            return open_(f"called again after it, it ended as {again.ended}")
        return PROVED if on.writes == 1 else open_(f"called again after it, it was sent {on.writes} times")

    async def _settled(self, ways: Mapping[str, tuple[faults.Act, bool]], *, short_s: float | None = None) -> Finding:
        """Acts with a failure that leaves open what was done, and reads back: found if it was done, else absent."""
        if self.back is None:
            return open_("nothing can tell whether it happened", _ADD_LOOKUP)
        for how, (act, applied) in ways.items():
            async with self.on_stage(short_s=short_s) as on:
                self.hinder(on, act)
                ended = await self.acted(on)
                if ended.error_class == "timeout" and not on.writes:
                    return open_(_NOT_SENT)
                if ended.failed is None or ended.failed.applied is not None:
                    return open_(f"after {how} it ended as {ended.ended}, which is not known", "See errors.")
                if on.writes != 1:
                    return open_(f"after {how} it was sent {on.writes} times")
                back = await self.verified(on)
                if short_s is not None and back.error_class == "timeout":
                    return open_(_NOT_SENT)
            if applied and (back.value is None or plain_result(back.value) != self.call.found):
                return open_(f"after {how} it was done, and reading back ended with {back.ended}")
            if not applied and (back.failed or back.strange or back.mismatch or back.value is not None):
                return open_(f"after {how} it was not done, and reading back ended with {back.ended}")
        return PROVED

    async def no_connection(self) -> Finding:
        """Refuses the connection."""
        ended, on = await self.met(faults.no_connection)
        known = ended.error_class == "dependency_down" and nothing_done(ended, on)
        return PROVED if known else open_(f"it ended as {ended.ended}")

    async def cut_answer(self) -> Finding:
        """Does it, and breaks off in the middle of the answer."""
        return await self._unreadable(faults.cut, "transient")

    async def not_json(self) -> Finding:
        """Does it, and answers with a page for people."""
        return await self._unreadable(faults.page_for_people, "invalid_output")

    async def _unreadable(self, act: faults.Act, error_class: ErrorClass) -> Finding:
        ended, on = await self.met(act)
        if ended.failed is None or ended.failed.applied is not None or ended.error_class != error_class:
            return open_(f"it ended as {ended.ended}")
        return PROVED if on.writes == 1 else open_(f"it was sent {on.writes} times")

    async def renamed_field(self) -> Finding:
        """Takes each field of the answer away that the result needs."""
        return await self._spoiled(rename, "without it", all_of_them=False)

    async def changed_type(self) -> Finding:
        """Gives each field of the answer a value of another type."""
        return await self._spoiled(retype, "with a value of another type", all_of_them=True)

    async def _spoiled(
        self, spoil: Callable[[list[dict[str, object]], Target], int], how: str, *, all_of_them: bool
    ) -> Finding:
        fields = self._answered()
        if fields is None:
            return aside(f"its result is read by {self._read_back}, which is proved by itself")
        chosen = [
            one
            for one in targets(fields)
            if one.part.type != "json" and (tells(one.part) if all_of_them else needed(one.part))
        ]
        seen = 0
        async with self.on_stage() as on:
            for target in chosen:
                found = 0

                def act(reaction: Reaction, target: Target = target) -> None:
                    nonlocal found
                    found += spoil(faults.records(reaction, self.action.result.rows), target)

                on.world.reset()
                on.world.fault = faults.meets(self.name, faults.altered(act), write=self.spoils_write)
                ended = await self.acted(on)
                seen += found
                if not self.spoils_write and found and nothing_done(ended, on):
                    continue  # refused before anything was kept
                if found and (wrong := unnamed(ended, target, how)) is not None:
                    return wrong
                if found and ended.failed is not None and ended.failed.applied is not None:
                    return open_(f"{target.name}: {how} it ended as {ended.ended}, and it was done")
        return PROVED if seen else aside("its answer holds no field of the result")

    @property
    def _read_back(self) -> str | None:
        """The read that gives its result, where its own answer does not."""
        lookup = self.action.lookup
        follows = bool(self.action.then) and asks_found(self.action)
        return lookup.read if follows and lookup is not None else self.action.result.read

    def _answered(self) -> Mapping[str, FieldPart] | None:
        part = self.action.result
        if self._read_back:
            return None
        if part.fields is not None:
            return part.fields
        return self.spec.entities[part.entity].fields if part.entity is not None else None

    async def repeated(self) -> Finding:
        """Calls it when it is there already."""
        if self.action.lookup is None:
            return await self._keyed()
        async with self.on_stage() as on:
            on.world.done_before()
            ended = await self.acted(on)
        if ended.value is None:
            return open_(f"what is there already ended it as {ended.ended}")
        return PROVED if not on.writes else open_("it was sent though it is there already")

    async def other_content(self) -> Finding:
        """Finds its key taken by something else."""
        back = self.back
        if back is None:
            return open_("nothing tells what is there under its key", _ADD_LOOKUP)
        if not back.same and set(self.action.params) <= _asked_of(back):
            return aside("its key is all that it says")
        if not back.same:
            return open_("what is there is not compared", "Add same: {FIELD: template} to its lookup.")
        entity, read = self._read_of(back)
        taken = {*entity.key, *back.where} if len(back.same) > 1 else set(back.where)
        chosen = [one for one in targets(entity.fields) if one.name in back.same and one.name not in taken]
        done = 0

        def act(reaction: Reaction) -> None:
            nonlocal done
            records = faults.records(reaction, read.rows)
            done += any(change(records, target) for target in chosen)

        async with self.on_stage() as on:
            on.world.done_before()
            on.world.fault = faults.meets(back.read, faults.altered(act))
            found = await outcome(on.connector.verify(self.name, on.arguments, key=effect_key_of(self.call)))
            if not done:
                return nothing_recorded(back.read)
            if found.mismatch is None:
                return open_(f"other content under its key, read back, ended with {found.ended}", "Check same.")
            if self.action.lookup is None and self.action.idempotency_header is not None:
                return PROVED  # the system itself refuses another body under this key
            if self.action.lookup is None:
                return open_("it is not looked up before it is sent", _ADD_LOOKUP)
            ended = await self.acted(on)
        if ended.error_class != "conflict" or not _nothing_sent(ended, on):
            return open_(f"other content under its key ended it as {ended.ended}, sent {on.writes} times")
        return PROVED

    async def _keyed(self) -> Finding:
        """Looks whether the system is given the key by which it drops a second request."""
        header = self.action.idempotency_header
        if header is None:
            return open_("it is not looked up before it is sent", _ADD_LOOKUP)
        async with self.on_stage() as on:
            await self.acted(on)
            await self.acted(on)
            sent = [
                dict(_mapping(one.request.get("headers"))).get(header.lower()) for one in on.world.sent if one.write
            ]
        keyed = len(sent) > 1 and set(sent) == {effect_key_of(self.call)}
        return PROVED if keyed else open_(f"sent twice, {header} was {' and '.join(map(str, sent))}")

    def _read_of(self, back: LookupPart) -> tuple[EntityPart, ReadPart]:
        entity = next(one for one in self.spec.entities.values() if back.read in one.reads)
        return entity, entity.reads[back.read]

    async def compare_and_set(self) -> Finding:
        """Was changed meanwhile."""
        part = self.action.if_match
        if part is None:
            return aside("it declares no if_match")
        async with self.on_stage() as on:
            self.hinder(on, faults.status(412))
            ended = await self.acted(on)
            sent = [one.request for one in on.world.sent if one.write]
        header = (part.header or "").lower()
        if header and not any(header in dict(_mapping(one.get("headers"))) for one in sent):
            return open_(f"it was sent without {part.header}")
        if ended.error_class != "conflict" or not nothing_done(ended, on):
            return open_(f"refused with 412 it ended as {ended.ended}", "See errors: a rule may hide it.")
        return PROVED if on.writes == 1 else open_(f"it was sent {on.writes} times")

    async def lookup_down(self) -> Finding:
        """Cannot be looked up."""
        lookup = self.action.lookup
        if lookup is None and self.action.idempotency_header is not None:
            return aside(f"the system drops a second request by {self.action.idempotency_header}")
        if lookup is None:
            return open_("it is not looked up before it is sent", _ADD_LOOKUP)
        async with self.on_stage() as on:
            on.world.fault = faults.meets(lookup.read, faults.status(503))
            ended = await self.acted(on)
        return PROVED if _nothing_sent(ended, on) else open_(f"it ended as {ended.ended}, sent {on.writes} times")

    async def needs(self) -> Finding:
        """Cannot read what its request is made of."""
        return await needs(self.on_stage, self.acted, self.spec, self.name, self.action.let)

    async def unfinished(self) -> Finding:
        """Breaks off between its requests."""
        return await unfinished(self)

    async def elsewhere(self) -> Finding:
        """Leads the write to another host."""
        for code in (302, 307):
            ended, on = await self.met(faults.moved(code))
            if ended.failed is None or ended.failed.code != "connector.host" or on.writes != 1:
                return open_(f"led to another host by {code} it ended as {ended.ended}, sent {on.writes} times")
        return PROVED

    async def undo(self) -> Finding:
        """Takes the recorded effect back by what was recorded of its undo."""
        part = self.action.undo
        if part is None:
            return aside("it declares no undo")
        async with self.on_stage() as on:
            ended = await self.acted(on)
            if ended.value is None:
                return open_(f"it could not be done: {ended.ended}")
            values = {**on.arguments, "effect_key": effect_key_of(self.call), "result": ended.value}
            asked = {one: fill(template, values) for one, template in part.with_.items()}
            arguments = on.arguments
        called = next((call for call in self.recording.of(part.action) if dict(call.arguments) == asked), None)
        if called is None:
            given = " ".join(f"{name}={value}" for name, value in asked.items())
            return open_(
                f"{part.action} is not recorded for what it did",
                f"Record it: bridgehead connector record SPEC {part.action} {given} --write",
            )
        async with stage(self.spec, self.recording, called) as on:
            back = await outcome(
                on.connector.undo(self.name, arguments, ended.value, key=effect_key_of(called))
            )  # fmt: skip
        return PROVED if back.value is not None and on.world.applied == 1 else open_(f"it ended as {back.ended}")


def nothing_done(ended: Outcome, on: Stage) -> bool:
    """Tells whether a failure promises that nothing was done, and nothing was."""
    return ended.failed is not None and ended.failed.applied is False and not on.world.applied


def _nothing_sent(ended: Outcome, on: Stage) -> bool:
    return ended.failed is not None and ended.failed.applied is False and not on.writes


def _asked_of(back: LookupPart) -> set[str]:
    return {name.partition(".")[0] for name in names_in([dict(back.with_), dict(back.where)])}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
