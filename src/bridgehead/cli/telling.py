"""A case or an arrival in sentences: every one of them rests on a recorded row, and none on a guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.cli.output import brief, duration, size, when
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import (
    ArrivalView,
    CaseReview,
    CaseView,
    ChainStatus,
    CostLine,
    DecisionView,
    EffectView,
    Event,
    StepView,
)

_CUT: Final = 240
_WHY: Final = 1_000
_LEVELS: Final = {
    "shadow": "reads are real and writes are virtual",
    "approve": "a person decides about every write",
    "canary": "writes happen as the rules say",
    "autonomous": "writes happen as the rules say",
}
_OUTCOMES: Final = {
    "completed": "The agent completed it",
    "settled_by_person": "A person settled it",
    "would_hand_over": "The agent would have handed it to a person (in shadow nobody is asked)",
    "not_comparable": "The agent needed what only a real write would have made, so it compares with nothing",
}
_RELATIONS: Final = {
    "opened": "opened this case",
    "resend": "said the same again and was attached",
    "revision": "changed what an earlier case had been about, and opened this one",
}
_STATES: Final = {
    "stored": "It is stored and not read yet.",
    "no_case": "It was read and needs no work.",
    "read": "It was read.",
    "review": "A person must look at it.",
    "settled": "A person settled it.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one heading."""

    title: str
    sentences: tuple[str, ...]


def of_case(view: CaseView) -> list[Section]:
    """Returns a case in sections, those without anything to say left out."""
    reads = [step for step in view.steps if step.kind in ("read", "model", "timer")]
    found = [
        Section("What came", tuple(_came(view))),
        Section("What the agent read", tuple(map(_read, reads))),
        Section("What was decided about its calls", tuple(map(_decision, view.decisions))),
        Section("What it did", tuple(_effect(effect, view) for effect in view.effects)),
        Section("What people did", tuple(map(_review, view.reviews))),
        Section("What it cost", tuple(_costs(view.costs))),
        Section("How it stands", tuple(_stands(view))),
        Section("The record", tuple(_record(view.chain, view.events))),
    ]
    return [section for section in found if section.sentences]


def of_arrival(view: ArrivalView) -> list[Section]:
    """Returns an arrival in sections, those without anything to say left out."""
    line = view.arrival
    became = [_STATES.get(line.state, line.state)]
    became += [
        f"The reason: {event.refs['reason']}"
        for event in view.events
        if event.kind.startswith("arrival.") and event.refs.get("reason")
    ]
    became += [
        f"C-{event.refs.get('case')}: it {_RELATIONS.get(str(event.refs.get('relation')), 'belongs to it')}."
        for event in view.events
        if event.kind == "arrival.case"
    ]
    came = f"{line.name}, {size(line.size_bytes)}, came from {line.source} for {line.deployment}"
    found = [
        Section("What came", (f"{came} and was stored at {when(line.received_at)}.",)),
        Section("What became of it", tuple(became)),
        Section("What people did", tuple(map(_review, view.reviews))),
        Section("The record", tuple(_record(view.chain, view.events))),
    ]
    return [section for section in found if section.sentences]


def _came(view: CaseView) -> Iterator[str]:
    for one in view.arrivals:
        yield (
            f"{one.id}, {one.name} ({size(one.size_bytes)}), came from {one.source} at {when(one.received_at)}"
            f" and {_RELATIONS[one.relation]}."
        )
    line = view.case
    yield (
        f"The case was opened at {when(line.opened_at)} for {line.deployment}, release {line.release[:12]},"
        f" at level {line.level}: {_LEVELS[line.level]}."
    )
    if line.revises:
        yield f"It is revision {line.revision}, a change of {line.revises}."
    if view.unreadable:
        yield f"What it was given cannot be shown: {view.unreadable}"


def _read(step: StepView) -> str:
    at = when(step.started_at)
    if step.kind == "timer":
        return f"At {at} {step.name} did not answer, and the case waited before it tried again."
    branch = f" in branch {step.branch}" if step.branch else ""
    took = f"{step.duration_ms:.0f} ms"
    if step.unreadable:
        return f"At {at} {step.name} was called{branch}; it cannot be shown: {step.unreadable}"
    if step.kind == "model":
        tokens = f"{_count(step.input_tokens)} tokens in, {_count(step.output_tokens)} out"
        return f"At {at} the model {step.name} was asked{branch} ({took}, {tokens}) and replied {_cut(step.result)}."
    again = " again, because what it had read was too old," if step.read_again else ""
    asked = f"At {at} it read {step.name}{branch}{again} with {_cut(step.args)} ({took})"
    if step.ok:
        return f"{asked} and got {_cut(step.result)}{_known(step)}."
    return f"{asked} and failed: {_message(step.error)}."


def _known(step: StepView) -> str:
    """Returns where a read's values come from, and what became of an older reading."""
    told = {
        f"{source.get('source')} as of {source.get('as_of')}{' by a copy' if source.get('copy') else ''}"
        for source in (step.sources if isinstance(step.sources, list) else [])
        if isinstance(source, dict)
    }
    parts = [f"from {', '.join(sorted(told))}"] if told else []
    if step.read_again is not None:
        parts.append("it had changed" if step.read_again == "changed" else "nothing had changed")
    return f" ({'; '.join(parts)})" if parts else ""


def _decision(decision: DecisionView) -> str:
    verdict = {
        "allow": "was allowed",
        "hold": f"was held for {decision.role or 'a person'}",
        "deny": "was denied",
    }.get(decision.verdict, decision.verdict)
    if decision.unreadable:
        return f"{decision.tool} {verdict}; the reasons cannot be shown: {decision.unreadable}"
    reasons = [reason for reason in _list(decision.reasons) if isinstance(reason, Mapping)]
    why = "; ".join(_reason(reason) for reason in reasons)
    remedies = list(dict.fromkeys(str(reason["remedy"]) for reason in reasons if reason.get("remedy")))
    said = f"{decision.tool} {verdict} at {when(decision.at)}: {why or 'no reason is recorded'}."
    if decision.verdict != "allow" and remedies:
        said += f" What would change that: {'; '.join(remedies)}."
    return said


def _reason(reason: Mapping[str, JSON]) -> str:
    said = str(reason.get("text", ""))
    if reason.get("argument") and reason.get("found"):
        said += f" (found {reason['argument']} = {reason['found']})"
    elif reason.get("found") and reason["found"] not in ("none", "forbidden"):
        said += f" (found {reason['found']})"
    return said


def sends(events: Sequence[Event], effect: EffectView) -> int:
    """Returns how often a call was about to be sent: how many intents the chain holds."""
    return _count_of(events, effect, "effect.intended")


def _count_of(events: Sequence[Event], effect: EffectView, kind: str) -> int:
    return sum(1 for event in events if event.kind == kind and f"E-{event.refs.get('effect')}" == effect.id)


def _effect(effect: EffectView, view: CaseView) -> str:
    if effect.unreadable:
        return f"{effect.id}, {effect.tool}, is {effect.state}; it cannot be shown: {effect.unreadable}"
    recorded = effect.result if isinstance(effect.result, Mapping) else {}
    name = f"{effect.id}, {effect.tool} with {_cut(effect.args)}"
    at = when(effect.settled_at)
    tried = sends(view.events, effect)
    tries = f" at attempt {tried}" if tried > 1 else ""
    match effect.state:
        case "committed":
            by = recorded.get("settled_by")
            how = "" if by is None else ", found by reading it back" if by == "read back" else f", as {by} said"
            return f"{name}, happened{tries} and was settled at {at}{how}: {_cut(recorded.get('result'))}."
        case "virtual":
            would = {
                "hold": f"would have waited for {recorded.get('role') or 'a person'}",
                "allow": "would have happened",
            }
            told = would.get(str(recorded.get("would")), "would have been denied")
            result = _cut(recorded.get("result"))
            return f"{name}, {told}; in shadow nothing was sent, and the agent went on with {result}."
        case "held":
            return f"{name}, waits for a person's decision; nothing was sent."
        case "intended":
            return f"{name}, is on its way{tries}."
        case "unknown":
            return f"{name}, may have been sent{tries}: no reply came ({_message(recorded)}). {_looked(effect, view)}"
        case "denied" | "cancelled":
            return f"{name}, did not happen: {_message(recorded)}."
        case "superseded":
            other = f"{effect.superseded_by} with the arguments that a person gave"
            return f"{name}, was replaced by {other}; nothing was sent."
        case "failed":
            if not _count_of(view.events, effect, "effect.unknown"):
                return f"{name}, did not happen{tries}: {_message(recorded)}."
            again = _tried_again(effect, view)
            return f"{name}, may have been sent{tries}: no reply came. Then {_message(recorded)}{again}."
        case "undone":
            return f"{name}, happened and was taken back{_undone(effect, view)}."
        case _:
            return f"{name}, is {effect.state}."


def _undone(effect: EffectView, view: CaseView) -> str:
    """Returns when an effect was undone, by whom and why, as its chain says."""
    for event in view.events:
        if event.kind == "effect.undone" and f"E-{event.refs.get('effect')}" == effect.id:
            return f" at {event.at} by {event.refs.get('by')} (U-{event.refs.get('undo')}): {event.refs.get('why')}"
    return ""


def _looked(effect: EffectView, view: CaseView) -> str:
    """Returns what became of looking whether a call happened, as far as it is recorded."""
    reviews = [one for one in view.reviews if one.kind == "unknown_effect" and one.effect == effect.id]
    asked = reviews[-1] if reviews else None
    if asked is None:
        return "It is read back until it is known whether it happened; until then nothing else is sent."
    shown = asked.shown if isinstance(asked.shown, Mapping) else {}
    found = brief(shown.get("reason") or "It could not be read back.", _WHY).rstrip(".")
    return f"{found}. So {asked.role} was asked ({asked.id}); nothing else is sent meanwhile."


def _tried_again(effect: EffectView, view: CaseView) -> str:
    """Returns which effect took the place of one that did not happen, and nothing where none did."""
    number = int(effect.id.removeprefix("E-"))
    later = (
        other.id
        for other in view.effects
        if other.tool == effect.tool and other.args == effect.args and int(other.id.removeprefix("E-")) > number
    )
    found = next(later, None)
    return "" if found is None else f", so it was tried again as {found}"


def _review(review: CaseReview) -> str:
    about = _about(review)
    asked = f"{review.id} ({review.kind}) asked {review.role} at {when(review.opened_at)}: {about.rstrip('.')}."
    if review.state == "open":
        return f"{asked} Nobody has decided yet."
    if review.state in ("superseded", "cancelled", "expired"):
        return f"{asked} It was {review.state} before anybody decided."
    took = "" if review.minutes is None else f" after {review.minutes:.1f} minutes"
    said = f"{asked} {review.decided_by} {review.state} it at {when(review.decided_at)}{took}"
    return f"{said}: {_cut(review.answer)}." if review.answer is not None else f"{said}."


def _about(review: CaseReview) -> str:
    """Returns what a person was asked, and why: what ``bridgehead review`` shows of both."""
    if review.unreadable:
        return f"what cannot be shown, {review.unreadable}"
    shown = review.shown if isinstance(review.shown, Mapping) else {}
    names = ("reason", "question") if shown.get("reason") or shown.get("question") else ("tool", "conflict")
    told = [brief(shown[name], _WHY).rstrip(".") for name in names if shown.get(name)]
    return (". " if names[0] == "reason" else ": ").join(told) or review.kind


def _costs(costs: Sequence[CostLine]) -> Iterator[str]:
    known: dict[str, Decimal] = {}
    unknown = 0
    minutes = 0.0
    for cost in costs:
        minutes += cost.minutes or 0.0
        if cost.amount is None:
            unknown += 1
        else:
            currency = cost.currency or "?"
            known[currency] = known.get(currency, Decimal(0)) + Decimal(cost.amount)
    if not costs:
        yield "Nothing that was called has a price, and nobody worked on it."
        return
    total = ", ".join(f"{amount} {currency}" for currency, amount in known.items()) or "nothing"
    rest = f"; the price of {unknown} more is unknown, which is not zero" if unknown else ""
    yield f"{total} for what has a price{rest}."
    tokens = [(cost.input_tokens, cost.output_tokens) for cost in costs if cost.kind == "model"]
    if tokens:
        ins, outs = (sum(pair[side] or 0 for pair in tokens) for side in (0, 1))
        yield f"{len(tokens)} model turns used {ins} tokens in and {outs} out, as far as they were counted."
    if minutes:
        yield f"People spent {minutes:.1f} minutes on it."


def _stands(view: CaseView) -> Iterator[str]:
    line = view.case
    if line.state == "done":
        took = "" if line.closed_at is None else duration((line.closed_at - line.received_at).total_seconds())
        ended = _OUTCOMES.get(line.outcome or "", str(line.outcome))
        yield f"It is done since {when(line.closed_at)}, {took} after it came: {ended}."
    elif line.state == "with_person":
        yield f"It is with a person: {line.waits}. The agent can no longer act on it."
    elif line.state == "waiting":
        waits = str(line.waits)
        yield f"It waits {waits if waits.startswith('until ') else f'for {waits}'}; no worker is bound meanwhile."
    elif line.state == "due":
        yield f"It is due and waits for {line.waits or 'a worker'}."
    else:
        yield "A worker is running it."
    if line.error_class:
        yield f"It left the agent's hands with error class {line.error_class}."
    if line.deadline_at:
        yield f"By {when(line.deadline_at)} it is done, or with a person."
    outcome = view.outcome if isinstance(view.outcome, Mapping) else {}
    if "output" in outcome:
        yield f"The outcome: {brief(outcome['output'], _CUT)}"
    elif outcome.get("reason"):
        yield f"The reason: {outcome['reason']}" + (f" (for {outcome['role']})" if outcome.get("role") else "")
    if view.revisions:
        yield f"Other revisions of the same business: {', '.join(view.revisions)}."


def _record(chain: ChainStatus, events: Sequence[Event]) -> Iterator[str]:
    drifts = sum(1 for event in events if event.kind.startswith("drift"))
    if drifts:
        yield f"In {drifts} replays a model's request differed from the recorded one; the recorded reply was served."
    if not chain.whole:
        yield f"THE CHAIN IS BROKEN: {chain.broken}. Treat this account as unproven."
    elif not chain.differences:
        yield f"The chain of {chain.rows} rows is whole, and this account agrees with it."
    else:
        yield (
            f"THIS ACCOUNT DOES NOT AGREE WITH THE LEDGER: the chain of {chain.rows} rows is whole, and the tables"
            " that the sentences above were told from were changed. Believe what the chain says:"
        )
        yield from (f"{each}." for each in chain.differences)


def _message(value: JSON) -> str:
    if isinstance(value, Mapping):
        for name in ("message", "refused", "error_class"):
            if value.get(name):
                return " ".join(str(value[name]).split()).rstrip(".")
    return _cut(value)


def _cut(value: JSON) -> str:
    """Returns text on one line as it reads, and other values as JSON, both cut to a length."""
    return brief(value, _CUT)


def _count(tokens: int | None) -> str:
    return "an unknown number of" if tokens is None else str(tokens)


def _list(value: JSON) -> list[JSON]:
    return list(value) if isinstance(value, list) else []
