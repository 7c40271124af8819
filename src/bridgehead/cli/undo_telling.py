"""How an undo is shown: what it would do, what it comes to in money, how it ended and where that differs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bridgehead.cli.output import brief, clean, table, when

if TYPE_CHECKING:
    from bridgehead.cases.foreseeing import Foreseen
    from bridgehead.cases.undo_ports import Done, Scope, UndoPlan

_NAMED: Final = 10
"""How many cases or effects a line names."""


@dataclass(slots=True)
class Totals:
    """What effects are about, by tool and currency and without signs; ``silent`` of them have no readable amount."""

    money: dict[str, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Decimal)))
    costs: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    silent: int = 0

    @classmethod
    def of(cls, effects: Iterable[Done]) -> Totals:
        """Adds up the effects; nothing is added across currencies, and no amount takes from another."""
        from bridgehead.effects.amounts import amounts
        from bridgehead.gate.unattended import compared
        from bridgehead.money import Money

        found = cls()
        for done in effects:
            about = amounts(compared(done.rule), done.args)
            found.silent += about is None
            for unit, amount in (about or {}).items():
                found.money[done.tool][unit] += amount
            price = done.then.get("cost")
            if isinstance(price, str):
                cost = Money.parse(price)
                found.costs[cost.currency] += cost.amount
        return found

    def lines(self) -> list[str]:
        """Returns the totals as lines."""
        told = [f"  {tool}: {_listed(amounts)}" for tool, amounts in sorted(self.money.items())]
        if told:
            told.insert(0, "They are about, each amount counted without its sign:")
        if self.silent:
            told.append(f"{_count(self.silent, 'effect')} {'has' if self.silent == 1 else 'have'} no readable amount.")
        return told


def show(found: Sequence[Foreseen], scope: Scope, *, here: bool) -> None:
    """Prints what would be undone and what it comes to."""
    rows = [
        (
            f"E-{one.done.effect_id}",
            f"C-{one.done.case_id}",
            one.done.tool,
            _what(one.done),
            when(one.done.at),
            _fate(one),
        )
        for one in found
    ]
    table(("effect", "case", "tool", "what", "done", "undo"), rows, empty="No effect is in this scope.")
    going = [one for one in found if one.going]
    print()
    cases = len({one.done.case_id for one in going})
    if here:
        print(f"{len(going)} of {len(found)} effects, of {_count(cases, 'case')}, can be undone.")
    else:
        print(
            f"Not looked at: {len(going)} of {len(found)} effects, of {_count(cases, 'case')}; whether somebody"
            f" changed what they left is not known. The code of {clean(scope.deployment)} is not in this folder: go to"
            " its own (cd), or name it with --deployment FOLDER."
        )
    if depending := [one for one in going if one.depending]:
        print(
            f"Of {_count(len(depending), 'effect')} it is seen only once later effects are taken back whether somebody"
            f" changed the record: {_names('E', [one.done.effect_id for one in depending])}."
        )
    totals = Totals.of(one.done for one in going)
    for line in totals.lines():
        print(clean(line))
    if totals.costs:
        print(f"Undoing them costs {_listed(totals.costs)}.")
    for blind, count in Counter(one.blind for one in going if one.blind).items():
        print(f"Of {_count(count, 'effect')}: {blind}")
    under_way = sorted({one.done.case_id for one in going if one.done.case_state not in ("done", "with_person")})
    if under_way:
        print(f"Still under way, and handed to a person first: {_names('C', under_way)}.")
    if not here:
        print("An undo without the code is carried out by a worker that serves the deployment; it looks first.")


def tell(plan: UndoPlan, differs: Sequence[tuple[int, str]]) -> None:
    """Prints how a plan ended, and where that is not what was shown."""
    rows = [
        (
            f"E-{item.done.effect_id}", f"C-{item.done.case_id}", item.done.tool, _what(item.done),
            _became(item.state, item.why, item.detail),
            "" if item.review_id is None else f"R-{item.review_id}",
        )
        for item in plan.items
    ]  # fmt: skip
    print(f"\nU-{plan.id}, by {clean(plan.by)}: {clean(plan.reason)}")
    table(("effect", "case", "tool", "what", "became", "review"), rows, empty="The plan is empty.")
    counts = _counts(plan)
    print(f"\n{counts.get('undone', 0)} undone, {counts.get('left', 0)} left to people.")
    undone = Totals.of(item.done for item in plan.items if item.state == "undone")
    for line in undone.lines():
        print(clean(line.replace("They are about", "Undone")))
    if differs:
        print(f"{_count(len(differs), 'effect')} became something else than was shown:")
        for effect_id, why in differs:
            print(f"  E-{effect_id}: {brief(why, 200)}")


def as_json(found: Sequence[Foreseen], scope: Scope, undo_id: int | None) -> dict[str, object]:
    """Returns what would be undone."""
    totals = Totals.of(one.done for one in found if one.going)
    return {
        "undo": undo_id,
        "deployment": scope.deployment,
        "scope": scope.words,
        "since": scope.since,
        "until": scope.until,
        "money": totals.money,
        "no_readable_amount": totals.silent,
        "cost": totals.costs,
        "effects": [
            {
                **_effect_json(one.done),
                "can_be_undone": one.going if one.looked else None,
                "why": one.why,
                "told": one.told or None,
                "unseen": one.blind or None,
                "after": [f"E-{number}" for number in one.after],
                "hangs_on": [f"E-{number}" for number in one.hangs],
                "undo": None if not one.under else f"U-{one.under}",
            }
            for one in found
        ],
    }


def plan_json(plan: UndoPlan, differs: Sequence[tuple[int, str]]) -> dict[str, object]:
    """Returns how a plan ended."""
    undone = Totals.of(item.done for item in plan.items if item.state == "undone")
    return {
        "undo": f"U-{plan.id}",
        "deployment": plan.deployment,
        "scope": plan.scope,
        "by": plan.by,
        "why": plan.reason,
        "finished_at": plan.finished_at,
        "counts": _counts(plan),
        "money": undone.money,
        "no_readable_amount": undone.silent,
        "differs": [{"effect": f"E-{number}", "why": why} for number, why in differs],
        "effects": [
            {
                **_effect_json(item.done),
                "undo_state": item.state,
                "why": item.why or None,
                "told": item.detail,
                "attempts": item.attempt,
                "review": None if item.review_id is None else f"R-{item.review_id}",
            }
            for item in plan.items
        ],
    }


def _fate(one: Foreseen) -> str:
    from bridgehead.effects.undoing import WHY

    if one.done.state == "undone":
        return "undone already" + (f", by U-{one.under}" if one.under else "")
    if one.under is not None:
        return f"taken up by U-{one.under}"
    if not one.looked:
        return "not looked at"
    if one.after:
        return f"yes, if it is as it was left once {_names('E', one.after)} is taken back"
    if one.hangs and one.why is None:
        return f"yes, unless {_names('E', one.hangs)} turns out to be left"
    if one.why is None:
        return "yes; edits since cannot be seen" if one.blind else "yes"
    return f"no: {WHY[one.why]}" + (f" {brief(one.told, 300)}" if one.told else "")


def _became(state: str, why: str, detail: Mapping[str, object] | None) -> str:
    from bridgehead.effects.undoing import WHY

    if state == "undone":
        return "undone"
    told = None if detail is None else detail.get("message")
    said = WHY.get(why, why)  # type: ignore[call-overload]  # a word of WHY
    return f"{state}: {said}" + (f" {brief(told, 300)}" if told else "")


def _what(done: Done) -> str:
    """Returns what an effect is about: the arguments of its key."""
    from bridgehead.effects.keys import path_value

    named = done.then.get("key")
    if not isinstance(named, list):
        return brief(dict(done.args), 80)
    return brief({str(path): path_value(done.args, str(path)) for path in named}, 80)


def _effect_json(done: Done) -> dict[str, object]:
    return {
        "effect": f"E-{done.effect_id}",
        "case": f"C-{done.case_id}",
        "case_state": done.case_state,
        "tool": done.tool,
        "state": done.state,
        "args": done.args,
        "result": done.result,
        "at": done.at,
    }


def _counts(plan: UndoPlan) -> Mapping[str, int]:
    return Counter(item.state for item in plan.items)


def _listed(amounts: Mapping[str, Decimal]) -> str:
    """Returns amounts one after another; what has no currency is named by its argument."""
    return ", ".join(
        f"{amount:f} {unit}" if unit.isupper() else f"{amount:f} of {unit}, which has no currency"
        for unit, amount in sorted(amounts.items())
    )


def _names(letter: str, numbers: Sequence[int]) -> str:
    named = ", ".join(f"{letter}-{one}" for one in numbers[:_NAMED])
    return f"{named} …" if len(numbers) > _NAMED else named


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
