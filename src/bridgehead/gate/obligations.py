"""What a policy asks for besides its yes or no: ``@hold``, ``@second``, ``@redact``, and the second of two persons."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import cedarpy

from bridgehead.gate.expression import parse
from bridgehead.gate.rule import Term, resolve
from bridgehead.gate.shape import Shape
from bridgehead.spec.deployment import Otherwise
from bridgehead.spec.problem import Problem, nearest

ANNOTATIONS: Final = ("id", "owner", "reason", "remedy", "hold", "second", "redact")
"""Every annotation that a policy may have; another one is a mistake."""

_ASKED: Final[Mapping[str, str]] = {
    "reason": "why it is there, for whoever is told no",
    "remedy": "what would allow the call",
}
_APPROVED: Final = {".": {"left": {"Var": "context"}, "attr": "approved"}}
_SECONDED: Final = {".": {"left": {"Var": "context"}, "attr": "seconded"}}


def problems_of(where: str, name: str, policy: Mapping[str, Any], roles: Collection[str]) -> Iterator[Problem]:
    """Yields what is wrong with the annotations of a parsed policy (``policies_to_json_str`` of cedarpy)."""
    annotations = {key: value or "" for key, value in policy.get("annotations", {}).items()}
    for key in annotations:
        if key not in ANNOTATIONS:
            yield Problem(where, 0, 0, f"{name} @{key}", "a known annotation", key, nearest(key, ANNOTATIONS))
    for key, meaning in _ASKED.items():
        if not annotations.get(key, "").strip():
            yield Problem(where, 0, 0, name, f"an @{key}", "none", f'write @{key}("…") above it: {meaning}')
    for key in ("hold", "second"):
        role = annotations.get(key)
        if role is None:
            continue
        if role not in roles:
            yield Problem(where, 0, 0, f"{name} @{key}", "a role under `roles`", role, nearest(role, roles))
        if policy["effect"] != "forbid":
            hint = "a permit holds nothing: write a forbid of the calls that a person has to see"
            yield Problem(where, 0, 0, f"{name} @{key}", f"@{key} on a forbid", "a permit", hint)


def redacted(annotations: Mapping[str, str | None]) -> tuple[str, ...]:
    """Returns the paths of ``@redact``."""
    return tuple(part.strip() for part in (annotations.get("redact") or "").split(",") if part.strip())


def obliged(text: str) -> str:
    """Returns Cedar policies in which a forbid with ``@hold`` or ``@second`` gives way to the approval it asks for.

    ``@hold`` gives way to one person, ``@second`` to two different ones. A text without either is returned as it is.
    """
    parsed = json.loads(cedarpy.policies_to_json_str(text))
    changed = False
    for policy in parsed["staticPolicies"].values():
        annotations = policy.get("annotations", {})
        if policy["effect"] == "forbid" and ("hold" in annotations or "second" in annotations):
            both = {"&&": {"left": _APPROVED, "right": _SECONDED}}
            body = both if "second" in annotations else _APPROVED
            policy["conditions"].append({"kind": "unless", "body": body})
            changed = True
    return str(cedarpy.policies_from_json_str(json.dumps(parsed))) if changed else text


def seconds(otherwise: Otherwise, arguments: Shape, moves: str | None, to_policy: Callable[[Term, Shape], str]) -> str:
    """Returns what the permit of an approved call asks for besides: a second person, above an amount.

    An amount that is not given, or is in another currency, is above it. Raises RuleError where it cannot be compared.
    """
    second = otherwise.second
    if second is None:
        return ""
    if second.above is None or moves is None:
        return " && context.seconded"
    shape = arguments.at(tuple(moves.split(".")))
    amount = f"{second.above.amount:f}" if shape is not None and shape.kind in ("decimal", "long") else second.above
    term = resolve(parse(f"{moves} <= {amount}"), arguments, moves)
    return f" && (context.seconded || {to_policy(term, arguments)})"
