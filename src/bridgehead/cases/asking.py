"""A model's turn in a case: what it may cost beforehand, what it came to afterwards, and how its case waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead import clock
from bridgehead.cases.covering import Cover
from bridgehead.cases.failures import PARKS, RETRIED
from bridgehead.cases.segment import Segment
from bridgehead.cases.writes import CostWrite
from bridgehead.costs.meter import Cost
from bridgehead.costs.prices import Priced, Tokens
from bridgehead.errors import ErrorClass, Failed, Refused
from bridgehead.gate.provenance import CLEARANCE, Sink
from bridgehead.money import Money
from bridgehead.resilience.answering import OUTPUT_TOKENS, Asker, Spent, Stage, counted
from bridgehead.resilience.retry import full_jitter_s, retry_after_s
from bridgehead.spec.deployment import PERSON, RULES, Deployment
from bridgehead.spec.tool import JSON

DEFAULT: Final = "default"
"""The entry under ``models`` that says how the agent's own model is asked."""
BYTES_A_TOKEN: Final = 3
"""A request is thought to have a token in so many bytes: more tokens than texts in Latin letters have."""
PARK_S: Final = 1.0
PARK_MOST_S: Final = 60.0
WAKE_S: Final = 1.0
"""So long it may take until a case that is woken runs, and what it needs to ask anything then."""
_LONGEST_ID: Final = 200
BILLED: Final[frozenset[ErrorClass]] = frozenset(
    {"timeout", "transient", "invalid_output", "refused_by_model", "deadline"}
)
"""Failures in which the model may have worked, so that its input is paid for. The others turn a request away."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What one turn came to: entries of the books, its record, and the money that budgets count for it.

    ``unpriced`` is what budgets take for entries without a price.
    """

    costs: tuple[CostWrite, ...]
    record: Mapping[str, JSON]
    known: tuple[Money, ...]
    unpriced: Money | None


def asker(segment: Segment, name: str, request: JSON) -> Asker:
    """Returns what asks for one turn of the agent's own model, as ``models: default`` says, or a turn's own name."""
    bench = segment.bench
    return bench.answering.asker(
        DEFAULT if DEFAULT in bench.deployment.models else name,
        size=len(json.dumps(request, default=str).encode()) // BYTES_A_TOKEN,
        criticality=bench.deployment.case.criticality,
        repeat=segment.journal.parked(name) > 0,
        stages=stages(segment),
    )


def stages(segment: Segment) -> tuple[Stage, ...]:
    """Returns what a case makes do with as its time runs out, as ``case.degrade`` declares it, and from when."""
    loaded = segment.loaded
    if loaded.deadline_at is None:
        return ()
    over_s = segment.started_s + (loaded.deadline_at - loaded.now).total_seconds()
    return tuple(
        Stage(over_s - one.left_s, None if one.stage == RULES else one.stage)
        for one in segment.bench.deployment.case.degrade
        if one.stage != PERSON
    )


def until_stage(asking: Asker, after_s: float) -> float:
    """Returns when a case that waits for its model comes again: with its next stage, if that begins before."""
    now_s = clock.boot_s()
    return min([after_s, *(one.from_s - now_s for one in asking.stages if one.from_s > now_s)])


def reserve(segment: Segment, asking: Asker | None, name: str) -> Money | None:
    """Counts one step and the most that the turn may cost; returns that, None where no limit is declared.

    Raises Refused (``policy.limit``) when the case has used its steps, or may spend more than is left.
    """
    cleared(segment, asking, name)
    limits = segment.bench.deployment.limits
    if segment.steps >= limits.steps:
        raise Refused(f"the case has used its {limits.steps} steps", code="policy.limit")
    most = None
    if limits.cost is not None:
        most = _worst(segment, asking, name, limits.cost.currency)
        spent = segment.spent.get(limits.cost.currency, Decimal(0))
        if spent + most.amount > limits.cost.amount:
            raise Refused(
                f"{name}: the turn may cost {most}, and {Money(limits.cost.amount - spent, most.currency)} are left of"
                f" the {limits.cost} of the case",
                code="policy.limit",
                hint="Raise limits.cost, declare max_tokens, or the model's price if it has none: models.NAME.price.",
            )
    segment.reserve(most)
    return most


def cleared(segment: Segment, asking: Asker | None, name: str) -> None:
    """Raises Refused (``policy.refused``) unless every model that may answer may be told what the case has read."""
    read, deployment = segment.knowing.read, segment.bench.deployment
    if not read.confidentiality and not read.regions:
        return
    names = [name]
    if asking is not None:
        firsts = [asking.name, *(one.model for one in asking.stages if one.model is not None)]
        routes = [route for first in firsts for route in segment.bench.answering.chain(first)]
        names = [*firsts, *(one for route in routes for one in (route.name, route.hedge) if one is not None)]
    ranks = deployment.confidentiality
    for model in dict.fromkeys(names):
        spec, to = deployment.models.get(model), sink(deployment, model)
        clearance, region = to.clearance, to.region
        barred = to.refuses(read.confidentiality, read.regions)
        if not barred or (spec is not None and spec.redact and asking is not None and asking.covers):
            continue
        if barred == CLEARANCE:
            rank = ranks[read.confidentiality]
            why = f"the case has read what is {rank}, and the model {model} is cleared for {ranks[clearance]}"
            remedy = f"models.{model}.clearance: {rank}"
        else:
            where = ", ".join(sorted(read.regions - {region}))
            why = f"the case has read what must stay in {where}, and the model {model} is elsewhere"
            remedy = f"models.{model}.region: {where}"
        raise Refused(f"{name}: {why}", code="policy.refused", hint=f"Where that is true, set {remedy}.")


def sink(deployment: Deployment, model: str) -> Sink:
    """Returns what a model may be told: nothing but the lowest where it is not declared."""
    spec = deployment.models.get(model)
    clearance = 0 if spec is None or spec.clearance is None else deployment.confidentiality.index(spec.clearance)
    return Sink(clearance, "" if spec is None or spec.region is None else spec.region)


def cover(segment: Segment, model: str) -> Cover | None:
    """Returns what is blacked out of what a model is sent, None where nothing has to be."""
    deployment, read = segment.bench.deployment, segment.knowing.read
    spec, to = deployment.models.get(model), sink(deployment, model)
    if spec is None or not spec.redact or not to.refuses(read.confidentiality, read.regions):
        return None
    return segment.knowing.cover(to)


def booked(segment: Segment, asking: Asker | None, turn: tuple[str, int | None, int | None] | None) -> Booked:
    """Returns what a turn came to; ``turn`` is the id of the model that answered and its tokens, None if none did."""
    prices, limit = segment.bench.prices, segment.bench.deployment.limits.cost
    if (
        turn is not None
    ):  # as its server tells it: whatever that says can be put on the books, and nothing asks for free
        turn = _written(turn[0]), counted(turn[1]) or None, counted(turn[2])
    attempts = [] if asking is None else asking.attempts
    entries: list[tuple[Cost, Priced | None, str, Tokens]] = []
    record: dict[str, JSON] = {}
    if turn is not None:
        model, name = turn[0], "" if asking is None or asking.answered is None else asking.answered[0]
        tokens = Tokens(turn[1], turn[2])
        entries.append(_entry(model, prices.cost(name, model, tokens), name, tokens))
        record["price"] = _price(entries[0][1])
        if asking is not None and asking.answered is not None:
            record["answered_by"] = {"model": asking.answered[0], "why": asking.answered[1]}
    size = turn[1] if turn is not None else None if asking is None else asking.size
    for spent in attempts:
        if not _billed(spent):
            continue
        spec = prices.models.get(spent.model)
        model = spec.name if spec is not None else spent.model if turn is None else turn[0]
        ended = "cancelled" if spent.ending == "cancelled" else f"failed: {spent.error_class}"
        tokens = Tokens(size, None) if spent.tokens is None else Tokens(*spent.tokens)
        entries.append(_entry(f"{model}, {ended}", prices.cost(spent.model, model, tokens), spent.model, tokens))
    if len(attempts) > 1 or any(spent.why for spent in attempts) or turn is None:
        record["attempts"] = [_told(spent) for spent in attempts]
        record["prices"] = [_price(priced) for _, priced, _, _ in entries]
    unpriced: Money | None = None
    if limit is not None:
        for _, priced, name, tokens in entries:
            if priced is None or prices.exchanged(priced.money, limit.currency) is None:
                output = OUTPUT_TOKENS if tokens.output is None else tokens.output
                one = _most(segment, name, (tokens.input or 0, output), limit.currency)
                unpriced = one if unpriced is None else unpriced + one
    if unpriced is not None:
        record["unpriced"] = str(unpriced)
    known = [priced.money for _, priced, _, _ in entries if priced is not None]
    if limit is not None:
        known = [found for money in known if (found := prices.exchanged(money, limit.currency)) is not None]
    return Booked(tuple(CostWrite(cost) for cost, _, _, _ in entries), record, tuple(known), unpriced)


def settle(segment: Segment, reserved: Money | None, found: Booked) -> None:
    """Puts what a turn came to in the place of what was reserved for it; its step stays counted."""
    segment.refund(reserved)
    count(segment, found)


def count(segment: Segment, found: Booked) -> None:
    """Counts what a turn came to for the budgets of its case."""
    for money in (*found.known, *(() if found.unpriced is None else (found.unpriced,))):
        segment.spend(money)


def replayed(segment: Segment, recorded: Mapping[str, JSON]) -> None:
    """Counts again what budgets took for a recorded turn without a price: the books' sum leaves it out."""
    unpriced = recorded.get("unpriced")
    if isinstance(unpriced, str):
        segment.spend(Money.parse(unpriced))


def wake_s(segment: Segment, asking: Asker | None, failed: Failed, parked: int) -> float | None:
    """Returns when a case comes again whose model failed, None when the failure is final.

    While a breaker is not closed nothing is final but the case's deadline.
    """
    dependency = None if asking is None else segment.bench.answering.dependency(asking.name)
    turn_s = None if dependency is None else dependency.wake_s()
    if failed.error_class not in RETRIED or (parked >= PARKS and turn_s is None):
        return None
    if turn_s is not None:
        return max(turn_s, retry_after_s(failed) or 0.0)
    return full_jitter_s(parked, PARK_S, PARK_MOST_S, retry_after_s(failed))


def _written(model: str) -> str:
    """Returns a model's id as a server told it, in printable characters and no longer than a line."""
    return "".join(one if one.isprintable() else "\ufffd" for one in model[:_LONGEST_ID])


def _entry(name: str, priced: Priced | None, model: str, tokens: Tokens) -> tuple[Cost, Priced | None, str, Tokens]:
    money = None if priced is None else priced.money
    cost = Cost("model", name, money, input_tokens=tokens.input, output_tokens=tokens.output)
    return cost, priced, model, tokens


def _billed(spent: Spent) -> bool:
    if not spent.sent or spent.ending == "answered":
        return False
    return spent.ending == "cancelled" or spent.error_class in BILLED


def _price(priced: Priced | None) -> JSON:
    if priced is None:
        return None
    told: dict[str, JSON] = {"money": str(priced.money), "source": priced.source, "at": priced.at.isoformat()}
    return told | {"at_least": True} if priced.at_least else told


def _told(spent: Spent) -> JSON:
    return {
        "model": spent.model,
        "ending": spent.ending,
        "why": spent.why,
        "error_class": spent.error_class,
        "took_s": round(spent.took_s, 3),
    }


def _worst(segment: Segment, asking: Asker | None, name: str, currency: str) -> Money:
    """Returns what a turn may cost: the dearest of the models that may answer, and its hedge beside it."""
    if asking is None:
        return _most(segment, name, (0, OUTPUT_TOKENS), currency)
    dearest = Money(Decimal(0), currency)
    firsts = [asking.name, *(one.model for one in asking.stages if one.model is not None)]
    for route in (route for name in firsts for route in segment.bench.answering.chain(name)):
        names = [route.name] if route.hedge is None else [route.name, route.hedge]
        output = route.max_tokens or OUTPUT_TOKENS
        together = Money(Decimal(0), currency)
        for one in names:
            together += _most(segment, one, (asking.size, output), currency)
        if asking.repairs:
            together += together
        dearest = max(dearest, together, key=lambda money: money.amount)
    return dearest


def _most(segment: Segment, name: str, tokens: tuple[int, int], currency: str) -> Money:
    found = segment.bench.prices.worst(name, *tokens, currency)
    if found is None:
        raise Refused(
            f"{name}: its price is in another currency than the case's limit in {currency}",
            code="policy.limit",
            hint=f"Say what a dollar costs in the file that `prices` names: usd: 0.93 {currency}. Or give the model a"
            " price in that currency: models.NAME.price.",
        )
    return found
