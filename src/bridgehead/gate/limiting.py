"""What the limits of a case and the caps of a tool leave of a call: no approval lifts any of them."""

from __future__ import annotations

from decimal import Decimal

from bridgehead.gate.caps import kinds_of, use_of
from bridgehead.gate.model import Call, Reason, View
from bridgehead.gate.shape import UnfitError
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.problem import shown


def limit(deployment: Deployment, call: Call, view: View) -> Reason | None:
    """Returns which limit of its case a call would exceed; None where it stays within."""
    limits = deployment.limits
    if view.steps_so_far >= limits.steps:
        return _exceeded("steps", "the case used all its steps", f"{view.steps_so_far} steps")
    if view.repeats >= limits.repeats:
        return _exceeded("repeats", f"{call.tool.name} was called with these arguments too often", f"{view.repeats}")
    if limits.cost is None:
        return None
    parts = [part for part in (view.cost_so_far, call.tool.cost) if part is not None]
    if any(part.currency != limits.cost.currency for part in parts):
        return Reason(
            "limits.cost", "the spend of the case is in another currency than its limit",
            "one currency", "", ", ".join(map(str, parts)), "give prices and limits in one currency",
        )  # fmt: skip
    spent = sum(part.amount for part in parts)
    used_up = view.cost_so_far is not None and view.cost_so_far.amount >= limits.cost.amount
    if used_up or spent > limits.cost.amount:
        return _exceeded("cost", "the call would spend more than the case may", " + ".join(map(str, parts)))
    return None


def cap(deployment: Deployment, call: Call, view: View) -> Reason | None:
    """What the caps of the tool leave: an approval lifts none of them, and what cannot be counted is not made."""
    rule, name = deployment.tools.get(call.tool.name), call.tool.name
    if rule is None or not rule.caps:
        return None
    try:
        use = use_of(call.tool, call.args, kinds_of(rule.caps))
        for one in rule.caps:
            needed, left = use.of(one), view.history.left.get(str(one), Decimal(0))
            if needed > left:
                waits = "" if one.window_s is None else "the window passes, "
                return Reason(
                    "limits.cap", f"{name} has used up what its cap lets it do: {one}", f"within {one}", "",
                    f"{needed:f} where {left:f} is left",
                    f"{waits}a person takes the case, or an operator raises the cap",
                )  # fmt: skip
    except UnfitError as error:
        return Reason(
            "gate.cap", f"what {name} would do cannot be counted under its caps: expected {error.expected}",
            f"{error.path or 'the call'} is {error.expected}", error.path,
            "nothing" if error.found is None else shown(error.found), f"send {error.expected}",
        )  # fmt: skip
    return None


def _exceeded(limit: str, text: str, found: str) -> Reason:
    return Reason(
        f"limits.{limit}", text, f"within limits.{limit}", "", found,
        f"a person takes the case, or an operator raises limits.{limit}",
    )  # fmt: skip
