"""What an agent gets: its case, and a Context to ask people, branch and hand over."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, NoReturn, Protocol, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from bridgehead import clock
from bridgehead.cases import asking
from bridgehead.cases.calling import Calling
from bridgehead.cases.covering import Cover
from bridgehead.cases.crosswalk import listed, question, ranked
from bridgehead.cases.deciding import timer_write
from bridgehead.cases.failures import failure_json, recorded_error
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.segment import BRANCH, Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.writes import Note, ReviewOpen, StepWrite, Write
from bridgehead.effects.keys import args_digest
from bridgehead.errors import ErrorClass, Failed, Refused, Suspended, UserError
from bridgehead.money import Money
from bridgehead.resilience import deadline
from bridgehead.resilience.answering import Asker
from bridgehead.resilience.retry import retry_after_s
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON

In = TypeVar("In")
T = TypeVar("T")
_LONG = 200


@dataclass(frozen=True, slots=True)
class Case(Generic[In]):
    """One unit of business work. ``input`` is what the deployment's reader produced, ``text`` its plain text.

    ``id`` is what people see (``C-17``); ``revises`` names the case this one changes, if any.
    """

    id: str
    input: In
    text: str
    revision: int
    revises: str | None
    level: str
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one model turn came to: the reply as JSON and the tokens it used, None where unknown."""

    reply: JSON
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None


def _written(name: str) -> str:
    """Returns a branch's name in printable characters, at most ``_LONG`` of them; other names stay other names."""
    plain = "".join(one if one.isprintable() and one != "\\" else f"\\u{ord(one):04x}" for one in name)
    if len(plain) <= _LONG:
        return plain
    return f"{plain[: _LONG - 65]}~{hashlib.sha256(plain.encode()).hexdigest()}"


class Record(Protocol):
    """Makes the record of one turn: its reply, or the failure that a replay is to meet again."""

    def __call__(self, payload: Mapping[str, JSON], *, ok: bool) -> StepWrite:
        """Returns the step."""
        ...


class Context:
    """The agent's side of one case. Everything done through it is recorded and replayed.

    Tools are called as themselves and find the case on their own; a Context is needed to ask
    a person, to name parallel branches, and to give the case away.
    """

    def __init__(self, segment: Segment, case: Case[object]) -> None:
        self._segment = segment
        self._calling = Calling(segment)
        self.case = case

    async def ask(self, role: str, question: str, type: type[T]) -> T:  # noqa: A002  # the word users expect
        """Asks a person in ``role`` and returns the answer as ``type``.

        No worker waits meanwhile: the case is put aside and the agent runs again from the top
        once somebody answered. Raises Refused when the person rejects the question.
        """
        if role not in self._segment.bench.deployment.roles:
            raise UserError(
                f"there is no role {role!r} in this deployment",
                code="case.role",
                hint=f"Roles: {', '.join(self._segment.bench.deployment.roles)}.",
            )
        adapter: TypeAdapter[T] = TypeAdapter(type)
        return await self._segment.governed(self._ask(role, question, adapter))

    async def translate(
        self, name: str, value: str, *, role: str, scope: str = "", candidates: Mapping[str, str] | None = None
    ) -> str:
        """Returns what a name of theirs means here, by the crosswalk ``name``; asks ``role`` once if nobody has said.

        ``scope`` says whose name it is (a customer's number). ``candidates`` (target → description)
        are what it may mean: the person sees the likeliest, and an answer outside them is refused.
        What was confirmed serves every later case of the deployment, with who said so and when.
        Raises Refused when the person declines.
        """
        if role not in self._segment.bench.deployment.roles:
            raise UserError(f"there is no role {role!r} in this deployment", code="case.role")
        return await self._segment.governed(self._translate(name, value, role, scope, candidates or {}))

    async def hand_over(
        self,
        role: str,
        reason: str,
        *,
        cause: str = "",
        error_class: ErrorClass = "out_of_scope",
        within_s: float | None = None,
        details: Mapping[str, JSON] | None = None,
    ) -> NoReturn:
        """Gives the case to a person for good, with everything read so far; the agent ends here.

        ``cause`` is one word that reviews are grouped by. Where nobody has decided within ``within_s``, the role's
        ``then`` is asked. ``details`` is shown beside the reason: of them, ``to_do`` is the sentence about what the
        person does, and ``checks`` are sentences about how near each check came.
        """
        if role not in self._segment.bench.deployment.roles:
            raise UserError(f"there is no role {role!r} in this deployment", code="case.role")
        await self._segment.governed(self._hand_over(role, reason, cause, error_class, within_s, details or {}))
        raise AssertionError("unreachable")  # pragma: no cover - handing over closes the segment

    @contextmanager
    def branch(self, name: str) -> Iterator[None]:
        """Names one of several parallel lines of work, so that their calls are told apart on replay.

        Any text will do, a model's too: what no database keeps as text is recorded escaped, and
        a long name by its beginning and its digest.
        """
        before, written = BRANCH.get(), _written(name)
        token = BRANCH.set(f"{before}/{written}" if before else written)
        try:
            yield
        finally:
            BRANCH.reset(token)

    async def call(self, bound: BoundTool, args: Mapping[str, JSON]) -> object:
        """Makes one governed call; tools and adapters use it, agents call their tools instead."""
        return await self._calling.call(bound, args)

    def read_age_s(self, name: str, args: Mapping[str, JSON]) -> float | None:
        """Returns how long ago a tool was last read with these arguments; None where it was not; for adapters."""
        return self._segment.journal.read_age_s(name, args_digest(self._segment.bench.hmac, name, args))

    def room(self, model: str) -> int | None:
        """Returns how many tokens a request to a model may take, as its ``window`` says; None without one.

        What an answer may take (``max_tokens``, else an eighth of the window) is kept for it. For adapters.
        """
        models = self._segment.bench.deployment.models
        spec = models.get(model) or models.get(asking.DEFAULT)
        if spec is None or spec.window is None:
            return None
        return max(0, spec.window - (spec.max_tokens or spec.window // 8))

    def cover(self, model: str) -> Cover | None:
        """Returns what is blacked out of what a model is sent, as its ``redact`` says; None: nothing. For adapters.

        Whoever uses it for every model that may answer says so: ``asker.covers = True``. Else none is asked that is
        not cleared for all that the case has read.
        """
        return asking.cover(self._segment, model)

    def asker(self, name: str, request: JSON) -> Asker:
        """Returns what asks the model of one turn as ``models`` of bridgehead.yaml says; for adapters.

        It is made for one ``turn``, and given to it beside the function that asks through it.
        """
        return asking.asker(self._segment, name, request)

    async def turn(
        self,
        name: str,
        *,
        fed: JSON,
        request: JSON,
        run: Callable[[], Awaitable[Turn]],
        asker: Asker | None = None,
    ) -> JSON:
        """Returns a model's reply, recorded or fresh; for adapters.

        ``fed`` holds the recorded results this turn rests on: a recorded reply is served only
        while they are equal, otherwise the case has diverged. ``request`` is the whole
        request; a difference there (a date in the prompt) is noted as drift and served anyway.
        A model that does not answer makes the case wait, as a read's target does; raises
        Failed when that did not help, or would not, and Refused when the case has used its limits.
        ``asker`` is what ``run`` asks through; every attempt it made is booked.
        """
        return await self._segment.governed(self._turn(name, fed, request, run, asker))

    async def _ask(self, role: str, question: str, adapter: TypeAdapter[T]) -> T:
        return (await self._asked(role, question, adapter))[0]

    async def _translate(self, name: str, value: str, role: str, scope: str, candidates: Mapping[str, str]) -> str:
        segment, branch, store = self._segment, BRANCH.get(), self._segment.bench.crosswalks
        if store is None:
            raise UserError("this worker has no crosswalks", code="crosswalk.missing")
        deployment = segment.bench.deployment.name
        step_name, about = f"crosswalk {name}", {"scope": scope, "value": value}
        digest = args_digest(segment.bench.hmac, step_name, about)
        occurrence, step = segment.journal.read(branch, step_name, digest)
        if step is None:
            await segment.fresh()
            started_at, started = clock.utc_now(), clock.perf_s()
            entry = await store.find(deployment, name, scope, value)
            told: dict[str, JSON] = {"args": about, "result": None}
            if entry is not None:
                said = {"by": entry.confirmed_by, "at": entry.confirmed_at.isoformat(), "review": entry.review_id}
                told |= {"result": entry.target, "confirmed": said}
            step_write = StepWrite(
                kind="read",
                branch=branch,
                name=step_name,
                digest=digest,
                occurrence=occurrence,
                ok=True,
                payload=told,
                started_at=started_at,
                duration_ms=(clock.perf_s() - started) * 1000,
            )
            segment.reserve(None)
            segment.record(step_write)
            found = told["result"]
        else:
            found = step.payload["result"]
        if isinstance(found, str):
            return found
        likely = ranked(value, candidates) if candidates else []
        asked = question(name, scope, value)
        answer, review = await self._asked(role, asked, TypeAdapter(str), beside=listed(likely))
        if candidates and answer not in candidates:
            raise segment.hand_over(
                "invalid_input", f"The answer {answer!r} is none of the {len(candidates)} possible."
            )
        kept_name = f"crosswalk {name}, kept"
        occurrence, kept = segment.journal.read(branch, kept_name, digest)
        if kept is not None:
            return answer
        await segment.fresh()
        # Once, and never again by a replay: what was retired since stays retired.
        started_at, started = clock.utc_now(), clock.perf_s()
        by = review.decided_by or "somebody"
        entry = await store.confirm(deployment, name, scope, value, answer, by=by, review_id=review.id)
        if entry.target != answer:
            raise segment.hand_over(
                "conflict",
                f"{value!r} was said to mean {answer!r} by {by}, and {entry.confirmed_by} had confirmed "
                f"{entry.target!r} meanwhile.",
            )
        segment.reserve(None)
        await segment.commit(
            StepWrite(
                kind="read",
                branch=branch,
                name=kept_name,
                digest=digest,
                occurrence=occurrence,
                ok=True,
                payload={"args": about, "result": answer},
                started_at=started_at,
                duration_ms=(clock.perf_s() - started) * 1000,
            )
        )
        return answer

    async def _asked(self, role: str, question: str, adapter: TypeAdapter[T], *, beside: str = "") -> tuple[T, Review]:
        """Returns an answer and its review. ``beside`` is shown below the question and is no part of what it is."""
        segment, branch = self._segment, BRANCH.get()
        digest = args_digest(segment.bench.hmac, "ask", {"role": role, "question": question})
        occurrence, review = segment.journal.question(branch, role, digest)
        if review is None or review.state == "open":
            await segment.fresh()
        if review is None:
            await segment.replayed()
            shown: dict[str, JSON] = {
                "question": SECRETS.hide(f"{question}\n{beside}" if beside else question),
                "schema": cast("JSON", adapter.json_schema()),
                "branch": branch,
                "occurrence": occurrence,
            }
            if segment.shadow:
                raise segment.hand_over("out_of_scope", question, role=role, asked=question)
            await segment.commit(
                ReviewOpen(token=segment.token(), kind="question", role=role, shown=shown, digest=digest)
            )
            raise segment.wait(stop_clock=True)
        if review.state == "answered":
            try:
                return adapter.validate_python(review.answer), review
            except ValidationError:
                raise segment.hand_over(
                    "invalid_input", f"The answer to {question!r} is not of the type the agent asked for."
                ) from None
        if review.state == "rejected":
            raise Refused(f"{review.decided_by or 'A person'} declined to answer", code="review.rejected")
        raise segment.wait(stop_clock=True)

    async def _hand_over(
        self,
        role: str,
        reason: str,
        cause: str,
        error_class: ErrorClass,
        within_s: float | None,
        details: Mapping[str, JSON],
    ) -> None:
        await self._segment.fresh()
        await self._segment.replayed()
        raise self._segment.hand_over(error_class, reason, role=role, within_s=within_s, details=details, cause=cause)

    async def _turn(
        self, name: str, fed: JSON, request: JSON, run: Callable[[], Awaitable[Turn]], asker: Asker | None
    ) -> JSON:
        segment, branch = self._segment, BRANCH.get()
        ordinal, step = segment.journal.turn(branch)
        digest = args_digest(segment.bench.hmac, "fed", {"fed": fed})
        asked = args_digest(segment.bench.hmac, "request", {"request": request})
        if step is not None:
            if step.digest != digest or step.name != name:
                raise segment.diverged()
            segment.journal.take_turn(step)
            asking.replayed(segment, step.payload)
            if not step.ok:
                raise recorded_error(step.payload)
            if step.payload.get("request") != asked.hex():
                await segment.commit(Note("drift", {"turn": ordinal, "branch": branch, "model": name}))
            return step.payload["reply"]
        await segment.fresh()
        reserved = asking.reserve(segment, asker, name)  # before it is asked: a turn that fails has been asked too
        started_at, started = clock.utc_now(), clock.perf_s()

        def record(payload: Mapping[str, JSON], *, ok: bool) -> StepWrite:
            return StepWrite(
                kind="model",
                branch=branch,
                name=name,
                digest=digest,
                occurrence=ordinal,
                ok=ok,
                payload={"request": asked.hex(), **payload},
                started_at=started_at,
                duration_ms=(clock.perf_s() - started) * 1000,
            )

        try:
            turn = await run()
        except Failed as error:
            raise await self._unanswered(name, asker, reserved, error, record) from None
        turn = replace(turn, reply=SECRETS.without(turn.reply))  # what a model prints is no secret's way out
        found = asking.booked(segment, asker, (turn.model, turn.input_tokens, turn.output_tokens))
        asking.settle(segment, reserved, found)
        reply: dict[str, JSON] = {
            "reply": turn.reply,
            "model": turn.model,
            "input_tokens": turn.input_tokens,
            "output_tokens": turn.output_tokens,
        }
        segment.record(record({**reply, **found.record}, ok=True), *found.costs)
        return turn.reply

    async def _unanswered(
        self, name: str, asker: Asker | None, reserved: Money | None, error: Failed, record: Record
    ) -> Failed | Suspended:
        """Returns what a turn without an answer raises, with what it cost on the books: the case waits, or fails."""
        segment = self._segment
        found = asking.booked(segment, asker, None)
        asking.settle(segment, reserved, found)
        tried = Note("turn.failed", {"model": name, "error_class": error.error_class}, found.record)
        writes: list[Write] = [tried, *found.costs] if asker is not None and asker.attempts else []
        parked, put_off = segment.journal.parked(name), bool(error.attributes.get("put_off"))
        after_s = retry_after_s(error) or 0.0 if put_off else asking.wake_s(segment, asker, error, parked)
        left_s = deadline.remaining_s()
        if after_s is not None and asker is not None:
            after_s = asking.until_stage(asker, after_s)
        if after_s is not None and left_s is not None and after_s + asking.WAKE_S >= left_s:
            after_s = None  # whoever waits until then has no time left to ask: a person gets it while there is some
            error = Failed(f"{error.message}; there is no time to wait for it", error_class="deadline")
        if put_off:
            segment.release(None)  # nothing was asked: no step, and nothing was waited for in vain
        elif after_s is not None:
            writes.append(timer_write(name, parked, error.error_class))
        if error.attributes.get("no_model"):
            # The agent went on by its rules: a replay does, too, whatever time there is then.
            writes.append(record({"error": failure_json(error)}, ok=False))
        if writes:
            await segment.commit(*writes)
        return error if after_s is None else segment.wait(wake_after_s=after_s)
