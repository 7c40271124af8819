"""What Cedar is told of a call: the schema of its actions, and the context of one request.

A request holds only what some policy over its action reads: Cedar checks every attribute against the schema, and
that takes most of the time of a decision. What is left out is absent from the schema too, so that it is no question
of luck whether a policy finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.gate import provenance, rights
from bridgehead.gate.history import KINDS, WINDOWS, History
from bridgehead.gate.model import Approval, View
from bridgehead.gate.normal import two_people
from bridgehead.gate.provenance import Watch
from bridgehead.gate.shape import DECIMAL_MAX, Shape, cedar_type, decimal_text
from bridgehead.spec.tool import EFFECT_CLASSES, Tool

GROUP: Final = "class:"
"""Prefix of the action groups: ``class:effect`` and one for each effect class."""

UNDO: Final = "undo:"
"""Prefix of the action that takes a tool's effect back; all of them are in the group ``class:undo``."""

_LONG: Final = {"type": "Long"}
_TEXT: Final = {"type": "String"}
_TRUTH: Final = {"type": "Boolean"}
_DECIMAL: Final = {"type": "Extension", "name": "decimal"}
_COUNTED: Final = tuple(f"{kind}_{window}" for kind in KINDS for window in ("case", *WINDOWS))
_ATTRIBUTES: Final[Mapping[str, Mapping[str, object]]] = {
    "approved": _TRUTH,
    "approver": {**_TEXT, "required": False},
    "seconded": _TRUTH,
    "history": {
        "type": "Record",
        "attributes": {
            "tools": {"type": "Set", "element": _TEXT},
            **{name: _DECIMAL if name.startswith("money_") else _LONG for name in _COUNTED},
        },
    },
    "level": _TEXT,
    "release": _TEXT,
    "steps": _LONG,
    "repeats": _LONG,
    "grant": rights.GRANT_TYPE,
}
"""What a policy may read besides the arguments and the facts behind them, with its type."""


def context(heeded: Sequence[str], arguments: object, view: View, approval: Approval | None) -> dict[str, object]:
    """Returns the context of one request, fitting the schema, as far as it is not of facts."""
    found: dict[str, object] = {"args": arguments}
    for name in heeded:
        value = _TOLD[name](view, approval)
        if value is not None:
            found[name] = value
    return found


def _history(history: History) -> dict[str, object]:
    """Returns the counts of a case, and of the tool in windows, as Cedar reads them."""
    counts = history.counts
    found: dict[str, object] = {"tools": sorted(history.tools)}
    for name in _COUNTED:
        count = counts.get(name, Decimal(0))
        found[name] = decimal_text(min(count, DECIMAL_MAX)) if name.startswith("money_") else int(count)
    return found


_TOLD: Final[Mapping[str, Callable[[View, Approval | None], object]]] = {
    "approved": lambda _, approval: approval is not None,
    "approver": lambda _, approval: (approval.by or None) if approval is not None else None,
    "seconded": lambda _, approval: (
        approval is not None
        and approval.second != ""
        and (approval.by == "" or two_people(approval.by, approval.second))  # a probe is by nobody
    ),
    "history": lambda view, _: _history(view.history),
    "level": lambda view, _: view.level,
    "release": lambda view, _: view.release,
    "steps": lambda view, _: view.steps_so_far,
    "repeats": lambda view, _: view.repeats,
    "grant": lambda view, _: rights.attributes(view.grant),
}


def heeded(policies: Sequence[Mapping[str, object]], actions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns for each action the attributes that a policy over it may read, from parsed policies.

    A policy over one action counts for that one, every other for all: rather one attribute too many.
    """
    everywhere = set[str]()
    of_one: dict[str, set[str]] = {name: set() for name in actions}
    for policy in policies:
        action = _one_action(policy.get("action"))
        (of_one.get(action, set()) if action else everywhere).update(words(policy["conditions"]))
    return {
        name: tuple(one for one in _ATTRIBUTES if one in everywhere or one in found) for name, found in of_one.items()
    }


def _one_action(scope: object) -> str:
    if not isinstance(scope, Mapping) or scope.get("op") != "==":
        return ""
    entity = scope.get("entity")
    return str(entity.get("id", "")) if isinstance(entity, Mapping) else ""


def words(node: object) -> Iterator[str]:
    """Yields every text in a policy's conditions: each name it can read an argument by is among them."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, inner in node.items():
            yield key
            yield from words(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from words(inner)


def schema(
    tools: Mapping[str, Tool],
    ruled: Mapping[str, Shape],
    watches: Mapping[str, Watch],
    read: Mapping[str, Sequence[str]],
) -> dict[str, object]:
    """Returns the Cedar schema (JSON form) of a deployment's tools; ``read`` is what ``heeded`` found."""
    groups = ["effect", "undo", *EFFECT_CLASSES]
    actions: dict[str, object] = {f"{GROUP}{name}": {} for name in groups}
    for name, tool in tools.items():
        classes = [tool.effect_class, *(["effect"] if tool.is_effect else [])]
        facts = provenance.schema(watches[name])
        actions[name] = _action(classes, "Agent", {**_attributes(ruled[name], read[name]), **facts})
        if tool.has_undo:
            actions[UNDO + name] = _action(["undo"], "Operator", _attributes(ruled[name], read[UNDO + name]))
    return {"": {"entityTypes": {"Agent": {}, "Operator": {}, "Deployment": {}}, "actions": actions}}


def readable() -> frozenset[str]:
    """Returns the attributes of the context that a policy may name."""
    return frozenset(("args", "facts", *_ATTRIBUTES))


def _attributes(arguments: Shape, read: Sequence[str]) -> dict[str, object]:
    return {"args": cedar_type(arguments), **{name: dict(_ATTRIBUTES[name]) for name in read}}


def _action(groups: Sequence[str], principal: str, attributes: Mapping[str, object]) -> dict[str, object]:
    return {
        "memberOf": [{"id": f"{GROUP}{group}"} for group in groups],
        "appliesTo": {
            "principalTypes": [principal],
            "resourceTypes": ["Deployment"],
            "context": {"type": "Record", "attributes": attributes},
        },
    }
