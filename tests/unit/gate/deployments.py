"""Deployments and tools that the gate's tests ask about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bridgehead.gate.model import Approval, Call, View
from bridgehead.money import Money
from bridgehead.spec.deployment import CaseSpec, Deployment, Fallback, Limits, Role, ToolRule
from bridgehead.spec.tool import JSON, EffectClass, Tool

MONEY_SCHEMA: Final = {
    "type": "object",
    "properties": {"amount": {"type": "string", "format": "decimal"}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
}
ORDER_SCHEMA: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {
        "order": {"$ref": "#/$defs/Order"},
        "quantity": {"type": "integer"},
        "price": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        "tier": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "urgent": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "free": {"type": "object"},
    },
    "required": ["order", "price"],
    "$defs": {
        "Order": {
            "type": "object",
            "properties": {
                "total": MONEY_SCHEMA,
                "freight": MONEY_SCHEMA,
                "note": {"type": "string"},
                "lines": {"type": "array", "items": {"type": "object", "properties": {"item": {"type": "string"}}}},
            },
            "required": ["total"],
        }
    },
}
DIGEST: Final = b"\x01" * 32


def tool(
    name: str = "book",
    effect_class: EffectClass = "reversible",
    parameters: Mapping[str, object] = ORDER_SCHEMA,
    cost: Money | None = None,
) -> Tool:
    """Returns a tool over the order's arguments."""
    return Tool(name, effect_class, parameters=parameters, cost=cost)


def deployment(
    rules: Mapping[str, ToolRule],
    *,
    limits: Limits | None = None,
    policies: Mapping[str, str] | None = None,
    fallback: Fallback | None = None,
) -> Deployment:
    """Returns a deployment with these rules and one role beside the fallback."""
    return Deployment(
        name="orders",
        agent="deploy:orders",
        owner="order-desk@example.com",
        case=CaseSpec(("po_number",), 1800.0),
        fallback=fallback or Fallback("order-desk"),
        roles={name: Role(name, (f"group:{name}",)) for name in ("order-desk", "sales-lead")},
        folder=Path("orders"),
        tools=rules,
        limits=limits or Limits(),
        policies=policies or {},
        file=Path("orders/bridgehead.yaml"),
    )


def order(amount: JSON = "100.00", currency: JSON = "EUR", **arguments: JSON) -> dict[str, JSON]:
    """Returns the arguments of a call that books an order of this total."""
    return {"order": {"total": {"amount": amount, "currency": currency}}, "price": "1.50", **arguments}


def call(arguments: Mapping[str, JSON] | None = None, of: Tool | None = None, digest: bytes = DIGEST) -> Call:
    """Returns a call of the tool, by default an order of 100 EUR."""
    return Call(of or tool(), order() if arguments is None else arguments, digest)


def approval(digest: bytes = DIGEST, *, passed: bool = False, used: bool = False) -> Approval:
    """Returns a person's yes to the arguments with this digest."""
    return Approval(7, digest, "desk@example.com", valid_until_passed=passed, used=used)


ALONE: Final = View("autonomous")
