"""Proves the promises of one read: each failure is put below the real wire, and what comes of it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from bridgehead.clock import perf_s
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.proving import http_faults as faults
from bridgehead.connectors.proving.findings import PROVED, Finding, Prove, aside, open_
from bridgehead.connectors.proving.hiding import labelled
from bridgehead.connectors.proving.personal import looks_personal
from bridgehead.connectors.proving.promises import promise_of
from bridgehead.connectors.proving.recording import Call, Promise, Recording
from bridgehead.connectors.proving.several import needs
from bridgehead.connectors.proving.spoiling import (
    Target,
    change,
    differences,
    key_paths,
    names_it,
    needed,
    rename,
    retype,
    targets,
    tells,
)
from bridgehead.connectors.proving.stage import SHORT_S, Outcome, Stage, outcome, perform, plain_result, stage
from bridgehead.connectors.proving.world import Reaction, Sent
from bridgehead.connectors.reading import Reading
from bridgehead.spec.problem import shown

_MOST: Final = 3
_PAST_S: Final = 60.0
_ALWAYS: Final = 1_000


@dataclass
class ReadProofs:
    """The proofs of one read over what was recorded of it."""

    spec: Specification
    recording: Recording
    name: str
    of: str
    entity: EntityPart
    read: ReadPart

    @property
    def calls(self) -> list[Call]:
        """What was recorded of it."""
        return self.recording.of(self.name)

    @property
    def call(self) -> Call:
        """The recorded call that the failures are put into: the one that brought most."""
        return max(self.calls, key=lambda call: len(call.result) if isinstance(call.result, list) else 1)

    def proofs(self) -> Mapping[str, Prove]:
        """Returns the proof of each behaviour that a read has."""
        return {
            "recorded": self.recorded,
            "promises": self.promises,
            "personal_data": self.personal_data,
            "expired_token": self.expired_token,
            "forbidden": self.forbidden,
            "throttled": self.throttled,
            "server_error": self.server_error,
            "timeout": self.timeout,
            "no_connection": self.no_connection,
            "cut_answer": self.cut_answer,
            "not_json": self.not_json,
            "renamed_field": self.renamed_field,
            "changed_type": self.changed_type,
            "not_whole": self.not_whole,
            "stale": self.stale,
            "second_record": self.second_record,
            "elsewhere": self.elsewhere,
            "needs": self.needs,
        }

    def on_stage(self, *, short_s: float | None = None) -> AbstractAsyncContextManager[Stage]:
        """Gives the connector over the recorded call."""
        return stage(self.spec, self.recording, self.call, short_s=short_s)

    def own(self, on: Stage) -> int:
        """Returns how many requests were its own, and not of what it reads first."""
        return sum(one.of == self.name for one in on.world.sent)

    async def asked(self, on: Stage) -> Outcome:
        """Reads as the recorded call did, from the system itself."""
        return await outcome(on.connector.read(self.name, on.arguments, primary=True))

    async def met(self, act: faults.Act, *, short_s: float | None = None, turns: int = 0) -> tuple[Outcome, Stage]:
        """Reads with something in the way of every request, or of the first ``turns``."""
        async with self.on_stage(short_s=short_s) as on:
            on.world.fault = faults.meets(self.name, act, when=lambda sent: not turns or sent.turn <= turns)
            return await self.asked(on), on

    async def recorded(self) -> Finding:
        """Plays every recorded call and compares what is mapped."""
        for call in self.calls:
            async with stage(self.spec, self.recording, call) as on:
                ended = await outcome(perform(on))
            if (found := compared(call, ended)) is not PROVED:
                return found
        return PROVED

    async def promises(self) -> Finding:
        """Compares what is promised with what was when it was recorded."""
        kept = self.recording.promises.get(self.of)
        if kept is None:
            return open_("nothing is recorded of what it promises", "Record it again.")
        return loosened(self.of, kept, promise_of(self.entity))

    async def personal_data(self) -> Finding:
        """Looks for fields whose name says that they are about a person, and that carry no label."""
        bare = [name for name, part in _unlabelled(self.entity.fields) if looks_personal(self.of, name, part)]
        if bare:
            return open_(
                f"{self.of}: {', '.join(bare)}: nothing keeps what looks personal out of recordings",
                "Add label: personal to the field, or label: public if it is about nobody.",
            )
        if any(True for _ in labelled(self.entity.fields)):
            return PROVED
        return aside("no field looks personal")

    async def expired_token(self) -> Finding:
        """Refuses the credential, once and for good."""
        kind = faults.signs_in(self.spec)
        if kind in {"", "hook"}:
            return aside("it shows no credential" if not kind else "each request is signed by a hook")
        always, on = await self.met(faults.status(401))
        if always.error_class != "auth_expired":
            return open_(f"always refused with 401, it ended as {always.ended}", "See errors: a rule may hide it.")
        if kind == "fixed":
            return PROVED if self.own(on) == 1 else open_("a refused credential was shown again")
        async with self.on_stage() as on:
            on.world.fault = faults.meets(self.name, faults.status(401), when=lambda _: on.world.tokens < 2)  # noqa: PLR2004  # the second token
            ended = await self.asked(on)
        if ended.value is None:
            return open_(f"with a token that had expired, it ended as {ended.ended}")
        return PROVED if on.world.tokens == 2 else open_(f"{on.world.tokens} tokens were asked for")  # noqa: PLR2004  # the second token

    async def forbidden(self) -> Finding:
        """Refuses the right."""
        ended, on = await self.met(faults.status(403))
        if ended.error_class != "forbidden":
            return open_(f"refused with 403, it ended as {ended.ended}", "See errors: a rule may hide it.")
        return PROVED if self.own(on) == 1 else open_(f"it was asked {self.own(on)} times")

    async def throttled(self) -> Finding:
        """Asks to wait once, and then answers."""
        began = perf_s()
        ended, on = await self.met(faults.status(429, retry_after=str(faults.WAIT_S)), turns=1)
        return waited(ended, on, perf_s() - began, tries=self.spec.retry.tries)

    async def server_error(self) -> Finding:
        """Breaks down once, and for good."""
        once, on = await self.met(faults.status(503), turns=1)
        if self.spec.retry.tries > 1 and once.value is None:
            return open_(f"after one 503 it ended as {once.ended}, and was not asked again")
        always, on = await self.met(faults.status(503))
        if always.failed is None:
            return open_(f"always answered with 503, it ended with {always.ended}")
        return PROVED if self.own(on) <= self.spec.retry.tries else open_(f"asked {self.own(on)} times")

    async def timeout(self) -> Finding:
        """Never answers."""
        ended = Outcome()
        for short_s in SHORT_S:
            ended, on = await self.met(faults.never, short_s=short_s)
            if self.own(on):
                break
        return PROVED if ended.error_class == "timeout" else open_(f"never answered, it ended as {ended.ended}")

    async def no_connection(self) -> Finding:
        """Refuses the connection."""
        ended, _ = await self.met(faults.no_connection)
        known = ended.failed is not None and ended.failed.applied is False
        return PROVED if known and ended.error_class == "dependency_down" else open_(f"it ended as {ended.ended}")

    async def cut_answer(self) -> Finding:
        """Breaks off in the middle of the answer."""
        ended, _ = await self.met(faults.cut)
        return PROVED if ended.error_class == "transient" else open_(f"it ended with {ended.ended}")

    async def not_json(self) -> Finding:
        """Answers with a page for people."""
        return unreadable((await self.met(faults.page_for_people))[0])

    async def renamed_field(self) -> Finding:
        """Takes each field away that a record needs."""
        chosen = [one for one in targets(self.entity.fields) if needed(one.part)]
        return await self._spoiled(chosen, rename, "without it")

    async def changed_type(self) -> Finding:
        """Gives each field a value of another type."""
        chosen = [one for one in targets(self.entity.fields) if one.part.type != "json" and tells(one.part)]
        return await self._spoiled(chosen, retype, "with a value of another type")

    async def _spoiled(
        self, chosen: list[Target], spoil: Callable[[list[dict[str, object]], Target], int], how: str
    ) -> Finding:
        if not chosen:
            return aside("no field has to be there")
        seen = 0
        async with self.on_stage() as on:
            for target in chosen:
                found = 0

                def act(reaction: Reaction, target: Target = target) -> None:
                    nonlocal found
                    found += spoil(faults.records(reaction, self.read.rows), target)

                on.world.reset()
                on.world.fault = faults.meets(self.name, faults.altered(act), when=self._on_page())
                ended = await self.asked(on)
                seen += found
                if found and (wrong := unnamed(ended, target, how)) is not None:
                    return wrong
        return PROVED if seen else nothing_recorded(self.name)

    async def _whole_or_refused(self) -> Finding:
        """Cuts the one answer off: where it holds everything by its nature, only that can make a list shorter."""
        async with self.on_stage() as on:
            on.world.fault = faults.meets(self.name, faults.cut)
            ended = await self.asked(on)
        if ended.error_class != "transient":
            return open_(f"an answer that was cut off ended with {ended.ended}", "Check where the answer's list lies.")
        return PROVED

    async def not_whole(self) -> Finding:
        """Leaves a record out of the last page, or takes the mark at the end away."""
        if self.read.one:
            return aside("it brings one record")
        declared = self.read.complete
        if declared is None:
            return open_(
                "nothing tells a list that is not whole from a short one",
                "Add complete: {count: PATH} (or count_header, end or more): how many there are, or a mark at the end.",
            )
        if declared.whole is not None:
            return await self._whole_or_refused()
        last = sum(one.of == self.name for one in self.call.exchanges)
        async with self.on_stage() as on:
            dropped = 0

            def act(reaction: Reaction) -> None:
                nonlocal dropped
                if declared.count or declared.count_header:
                    rows = faults.listing(reaction, self.read.rows)
                    if rows and (self.spec.kind == "http" or len(rows) > 1):
                        rows.pop()
                        dropped += 1
                elif mark := declared.end or declared.more:
                    faults.drop_end(reaction, mark)
                    dropped += 1

            on.world.fault = faults.meets(self.name, faults.altered(act), when=lambda sent: sent.turn == last)
            ended = await self.asked(on)
        if not dropped:
            return nothing_recorded(self.name)
        if ended.error_class != "invalid_output":
            return open_(f"a list with a record missing ended with {ended.ended}", "Check complete: its path.")
        if last > 1:
            async with self.on_stage() as on:
                on.world.fault = faults.meets(self.name, faults.status(500), when=lambda sent: sent.turn >= last)
                ended = await self.asked(on)
            if ended.failed is None:
                return open_(f"with its last page failing it ended with {ended.ended}")
        return PROVED

    async def stale(self) -> Finding:
        """Answers with what was known longer ago than is allowed: once, and for good."""
        bound = self.entity.max_age
        if bound is None:
            return open_(f"nothing bounds how old {self.of} may be", "Add max_age to the entity: 1m, 15m, 1d.")
        first = {part.read for part in self.read.let.values()}
        pages = sum(one.of == self.name for one in self.call.exchanges)

        async def late(sent: Sent, serve: Callable[[], Reaction], *, times: int) -> Reaction:
            # What is read first has bounds of its own: only this read's answer is old.
            again = sent.of == self.name and sent.turn > times
            on.clock.ahead_s = 0.0 if again or sent.of in first else bound + _PAST_S
            return serve()

        async with self.on_stage() as on:
            on.world.fault = partial(late, times=_ALWAYS)
            ended = await self.asked(on)
            again = on.connector.counters.extra_reads
        if ended.value is not None:
            return open_(
                "nothing says when an answer was known, so an old one looks fresh",
                "Add source_time: the field that says it; an http system may send a Date header.",
            )
        if ended.error_class != "stale_fact":
            return open_(f"an answer that is too old ended as {ended.ended}")
        if self.entity.stale == "fail":
            return PROVED if not again else open_("it was asked for again, though stale is fail")
        async with self.on_stage() as on:
            on.world.fault = partial(late, times=pages)
            ended = await self.asked(on)
        reading = ended.value
        if not isinstance(reading, Reading) or not reading.again or on.connector.counters.extra_reads != 1:
            return open_(f"an answer that is too old once ended with {ended.ended}, not asked for again once")
        return PROVED

    def _on_page(self, turn: int | None = None) -> Callable[[Sent], bool]:
        """Tells which page is spoiled: where a page's records say what is asked next, only the last one can be."""
        paging = self.read.paging
        if paging is not None and (paging.keyset or paging.offset):
            turn = sum(one.of == self.name for one in self.call.exchanges)
        return lambda sent: turn is None or sent.turn == turn

    async def second_record(self) -> Finding:
        """Brings a second record under the key of the first."""
        taken = key_paths(self.entity.fields, self.entity.key)
        chosen = [one for one in targets(self.entity.fields) if one.path not in taken and "*" not in one.path]
        if not chosen:
            return aside("its key is all that it holds")
        async with self.on_stage() as on:
            done = 0

            def act(reaction: Reaction) -> None:
                nonlocal done
                rows = faults.listing(reaction, self.read.rows)
                records = faults.records(reaction, self.read.rows)
                if rows is None or not records or done:
                    return
                other = deepcopy(records[0])
                if not any(change([other], target) for target in chosen):
                    return
                rows.append(other)
                done += 1
                faults.count_one_more(reaction, self.read)

            on.world.fault = faults.meets(self.name, faults.altered(act), when=self._on_page(1))
            ended = await self.asked(on)
        if not done:
            single = self.read.one or not any(isinstance(call.result, list) and call.result for call in self.calls)
            return aside("its answer is one record") if single and self.read.one else nothing_recorded(self.name)
        return PROVED if ended.error_class == "invalid_output" else open_(f"it ended with {ended.ended}")

    async def needs(self) -> Finding:
        """Cannot read what its request is made of."""
        return await needs(self.on_stage, self.asked, self.spec, self.name, self.read.let)

    async def elsewhere(self) -> Finding:
        """Leads to another host, by a redirect and by the address of the next page."""
        acts = [faults.moved(302)]
        if (onward := faults.leads_on(self.read)) is not None:
            acts.append(onward)
        for act in acts:
            ended, _ = await self.met(act, turns=1)
            if ended.failed is None or ended.failed.code != "connector.host":
                return open_(f"led to another host it ended as {ended.ended}")
        return reached(self.spec, self.recording)


def compared(call: Call, ended: Outcome) -> Finding:
    """Returns whether a call that was played gave what was recorded."""
    done = ended.value
    if done is None or ended.strange:
        return open_(ended.ended, "Correct the specification, or record the call again.")
    for what, old, new in (
        ("", call.result, plain_result(getattr(done, "result", None))),
        ("read back: ", call.found, plain_result(getattr(done, "found", None))),
    ):
        found = [
            f"{what}{place or 'result'}: recorded {_short(before)}, maps to {_short(after)}"
            for place, before, after in differences(old, new)
        ]
        if found:
            more = f" (and {len(found) - _MOST} more)" if len(found) > _MOST else ""
            return open_("; ".join(found[:_MOST]) + more, "Correct the mapping, or record the call again.")
    return PROVED


def loosened(of: str, kept: Promise, now: Promise) -> Finding:
    """Returns whether less is promised than when it was recorded."""
    hint = "Take it back, or record it again if it is meant."
    if list(kept.key) != list(now.key):
        return open_(f"{of}: its key was {', '.join(kept.key) or 'all arguments'} and is {', '.join(now.key)}", hint)
    if kept.max_age is not None and (now.max_age is None or now.max_age > kept.max_age):
        new = "unbounded" if now.max_age is None else f"{now.max_age:g} s"
        return open_(f"{of}: its max_age was {kept.max_age:g} s and is {new}", hint)
    for name, kind in kept.fields.items():
        if (new := now.fields.get(name, "nothing")) != kind and new != kind.removesuffix("?"):
            return open_(f"{of}: {name} was of type {kind} and is {new}" + (" (? may be missing)" * ("?" in new)), hint)
    if gone := sorted(set(kept.labels) - set(now.labels)):
        return open_(f"{of}: {', '.join(gone)} carried a label and does not", hint)
    return PROVED


def waited(ended: Outcome, on: Stage, took_s: float, *, tries: int) -> Finding:
    """Returns whether what the system asked to wait was waited, and told to the limits."""
    if on.limits.refusals != [float(faults.WAIT_S)]:
        return open_(f"the limits were told to wait {on.limits.refusals or 'nothing'}, not {faults.WAIT_S} s")
    if ended.value is None:
        told = ended.error_class == "throttled" and tries == 1
        return PROVED if told else open_(f"asked to wait {faults.WAIT_S} s once, it ended as {ended.ended}")
    return PROVED if took_s >= faults.WAIT_S else open_(f"it came again after {took_s:.1f} s")


def unreadable(ended: Outcome) -> Finding:
    """Returns whether an answer that is none was refused as one."""
    return PROVED if ended.error_class == "invalid_output" else open_(f"it ended with {ended.ended}")


def unnamed(ended: Outcome, target: Target, how: str) -> Finding | None:
    """Returns what is wrong when a spoiled field is not refused by its name; None when it is."""
    if ended.error_class != "invalid_output" or ended.failed is None:
        return open_(f"{target.name}: {how} it ended with {ended.ended}", "Say its type; leave optional out.")
    if not names_it(ended.failed.attributes, target):
        return open_(f"{target.name}: {how} the failure names another field: {ended.ended}")
    return None


def nothing_recorded(name: str) -> Finding:
    """Returns that no recorded answer holds what could be spoiled."""
    return open_(
        "no recorded answer holds a record", f"Record one that does: bridgehead connector record SPEC {name} NAME=VALUE"
    )


def reached(spec: Specification, recording: Recording) -> Finding:
    """Returns whether the allow-list holds only hosts that were reached when it was recorded."""
    from bridgehead.connectors.hosts import Hosts, base_url

    given = spec.connection.url
    base = base_url(recording.system if given.startswith(("env:", "file:")) else given, connector=spec.connector)
    used = [base, *_addresses(recording)]
    for name in spec.connection.hosts:
        alone = Hosts(spec.connector, base, (name,))
        if not any(_within(alone, url) for url in used):
            return open_(
                f"connection.hosts lists {name}, which no recorded call reached",
                "Take it out, or record a call that needs it.",
            )
    return PROVED


def _within(hosts: object, url: object) -> bool:
    from bridgehead.errors import Failed

    try:
        cast("Callable[[object], None]", getattr(hosts, "check"))(url)  # noqa: B009
    except Failed:
        return False
    return True


def _addresses(recording: Recording) -> list[object]:
    import httpx

    found: list[object] = []
    for call in recording.calls:
        for one in [*call.before, *call.exchanges, *call.after]:
            path = str(one.request.get("path", ""))
            if path.startswith(("http://", "https://")):
                found.append(httpx.URL(path))
    return found


def _unlabelled(fields: Mapping[str, FieldPart], *, before: str = "") -> list[tuple[str, FieldPart]]:
    found: list[tuple[str, FieldPart]] = []
    for name, part in fields.items():
        if part.label is not None or part.read is not None:
            continue
        if part.fields is not None:
            found += _unlabelled(part.fields, before=f"{before}{name}.")
        else:
            found.append((before + name, part))
    return found


def _short(value: object) -> str:
    return shown(value, 60)
