"""What people were shown and decided, and what a case cost, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.cli.output import brief, duration, when
from bridgehead.cli.telling_words import Block, age, block, counted, mapping, spelled
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseReview, CostLine

_LEAST_MINUTES: Final = 0.05
"""Below it the rate cannot be told from rounded minutes and money."""
_WHY: Final = 1_000
_HOUR: Final = 3_600
_ABSENT: Final = object()


def review(one: CaseReview) -> str:
    """Returns what was asked of whom, and what was decided, by whom, when, how long after, and what work that was."""
    asked = f"{one.id} ({one.kind}) asked {one.role} at {when(one.opened_at)}: {about(one).rstrip('.')}."
    if one.state == "open":
        due = f"; it is due{until(one)}" if one.due_at else "; no time is set by which it is due"
        return f"{asked} Nobody has decided yet{due}."
    if one.state in ("superseded", "cancelled", "expired"):
        return f"{asked} It was {one.state} before anybody decided."
    took = "" if one.decided_at is None else f", {age(one.opened_at, one.decided_at)} after the review opened"
    work = "" if one.minutes is None else f"; {one.minutes:.1f} minutes of work are recorded"
    said = f"{asked} {one.decided_by} {one.state} it at {when(one.decided_at)}{took}{work}"
    used = ""
    if one.kind == "approval" and one.state in ("approved", "edited"):
        used = " It was used once, for exactly that call." if one.used else " It was not used yet."
    if one.answer is None:
        return f"{said}.{used}"
    changed = changes(one)
    told = f"changed {'; '.join(changed)}" if changed else spelled(one.answer)
    return f"{said}: {told}.{used}"


def until(one: CaseReview) -> str:
    """Returns by when an open review is due and how much of its role's time that is; empty where no time is set."""
    if one.due_at is None:
        return ""
    if one.within_s is None:
        return f" by {when(one.due_at)}"
    hours = one.within_s / _HOUR
    given = f"{hours:.0f} h" if hours >= 1 and hours.is_integer() else duration(one.within_s)
    work = f" of its working hours, {one.hours}" if one.hours else ""
    return f" by {when(one.due_at)} (within {given}{work})"


def shown(one: CaseReview) -> Iterator[Block]:
    """Yields the call that a person was shown, and the one that took its place."""
    args = mapping(one.shown).get("args")
    if args is None:
        return
    yield block(f"{one.id}: the call that was shown ({mapping(one.shown).get('tool')})", args)
    edited = mapping(one.answer).get("args")
    if one.state == "edited" and edited is not None:
        yield block(f"{one.id}: the call as {one.decided_by} changed it", edited)


def changes(one: CaseReview) -> list[str]:
    """Returns what an edit changed, path by path."""
    before, after = mapping(one.shown).get("args"), mapping(one.answer).get("args")
    return [] if one.state != "edited" or after is None else differences(before, after)


def differences(before: JSON, after: JSON) -> list[str]:
    """Returns where two values differ, path by path: what stood there, and what stands there instead."""
    return list(_changed(before, after, ""))


def about(one: CaseReview) -> str:
    """Returns what a person was asked, and why: what ``bridgehead review`` shows of both."""
    if one.unreadable:
        return f"what cannot be shown, {one.unreadable}"
    given = mapping(one.shown)
    names = ("reason", "question") if given.get("reason") or given.get("question") else ("tool", "conflict")
    told = [brief(given[name], _WHY).rstrip(".") for name in names if given.get(name)]
    why = given.get("why")
    if names[0] == "tool" and isinstance(why, list):
        told += [brief(str(reason), _WHY) for reason in why]
    if names[0] == "tool" and len(told) > 1 and told[1].startswith(f"{told[0]} "):
        told = told[1:]  # the reason names the tool itself
    return (". " if names[0] == "reason" else ": ").join(told) or one.kind


def costs(lines: Sequence[CostLine], calls: int = 0) -> Iterator[str]:
    """Yields what a case cost: models, tools and people apart, then the sum; unknown is not zero.

    ``calls`` is how many calls of tools the case made: those without a price declared are in no line.
    """
    if not lines:
        yield f"No model was called, {_unpriced(calls)}, and nobody worked on it."
        return
    models, people = [one for one in lines if one.kind == "model"], [one for one in lines if one.minutes is not None]
    tools = [one for one in lines if one not in models and one not in people]
    yield from _models(models)
    yield (
        f"Tools: {counted(len(tools), 'call')} with a price, {_money(tools)}."
        if tools
        else f"Tools: {_unpriced(calls)}."
    )
    yield from map(_worked, people)
    if not people:
        yield "People: nobody worked on it."
    unknown = sum(one.amount is None for one in lines)
    rest = f"; the price of {counted(unknown, 'entry', 'entries')} is unknown, which is not zero" if unknown else ""
    yield f"Together: {_money(lines)} for what has a price{rest}."


def _models(lines: Sequence[CostLine]) -> Iterator[str]:
    if not lines:
        yield "Models: none was called."
        return
    ins, outs = sum(one.input_tokens or 0 for one in lines), sum(one.output_tokens or 0 for one in lines)
    yield (
        f"Models: {counted(len(lines), 'turn')}, {_money(lines)}; {counted(ins, 'token')} in and {outs:,} out, as far"
        " as they were counted."
    )
    priced = sum(one.amount is not None for one in lines)
    yield f"A price is known of {priced} of them ({priced / len(lines):.1%})."


def _worked(one: CostLine) -> str:
    """Returns what a person's work came to, at which rate: the one that stood in the deployment when they decided."""
    minutes = one.minutes or 0.0
    said = f"People: {one.name} spent {minutes:.1f} minutes on it, decided at {when(one.at)}"
    if one.amount is None:
        return (
            f"{said}; at which rate is not recorded, so its price is unknown. Deciding with --folder DEPLOYMENT records"
            " the role's rate."
        )
    money = f"{said}: {_rounded(Decimal(one.amount))} {one.currency}"
    hourly = Decimal(one.amount) * 60 / Decimal(str(minutes)) if minutes >= _LEAST_MINUTES else None
    return f"{money}." if hourly is None else f"{money}, at {hourly.quantize(Decimal(1))} {one.currency} an hour."


def _unpriced(calls: int) -> str:
    return (
        f"{counted(calls, 'call')} of tools {'has' if calls == 1 else 'have'} no price declared"
        if calls
        else "no tool was called"
    )


def _money(lines: Sequence[CostLine]) -> str:
    known: dict[str, Decimal] = {}
    for one in lines:
        if one.amount is not None:
            known[one.currency or "?"] = known.get(one.currency or "?", Decimal(0)) + Decimal(one.amount)
    return ", ".join(f"{_rounded(amount)} {currency}" for currency, amount in known.items()) or "nothing"


def _rounded(amount: Decimal) -> Decimal:
    """Returns an amount without needless noughts, with at least two places."""
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    return plain if isinstance(exponent, int) and exponent < -2 else amount.quantize(Decimal("0.01"))  # noqa: PLR2004  # cents


def _changed(before: JSON, after: JSON, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            here = f"{path}.{name}" if path else name
            old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
            if old is _ABSENT or new is _ABSENT:
                yield f"{here}: {_told(old)} to {_told(new)}"
            elif old != new:
                yield from _changed(before[name], after[name], here)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                yield from _changed(old, new, f"{path}[{number}]")
    else:
        yield f"{path or 'it'}: {_told(before)} to {_told(after)}"


def _told(value: object) -> str:
    return "absent" if value is _ABSENT else spelled(value, 120)  # type: ignore[arg-type]  # JSON but for the mark
