"""Where the addresses in a call lead: only to hosts that the operator listed, and no approval lifts that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridgehead.gate.expression import Path, RuleError
from bridgehead.gate.model import Call, Reason
from bridgehead.gate.provenance import values_at
from bridgehead.gate.rule import traceable
from bridgehead.gate.shape import Shape
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.egress import Egress, leads_somewhere, place_of, told
from bridgehead.spec.problem import Problem, shown
from bridgehead.spec.tool import JSON, Tool

EGRESS = "gate.egress"
"""The built-in rule that keeps calls from hosts that are not listed."""


def refusals(deployment: Deployment, call: Call) -> Iterator[Reason]:
    """Yields why the addresses of a call may not be used: each by its argument.

    An argument that the tool's rule lists under ``hosts`` is an address whatever it looks like, and leads to one of
    those hosts. Where the deployment lists its hosts under ``egress``, every other sensitive argument of a call that
    leaves is held to them as soon as it looks like an address.
    """
    tool = call.tool
    rule = deployment.tools.get(tool.name)
    hosts: Mapping[str, tuple[str, ...]] = {} if rule is None else rule.hosts
    for path, names in hosts.items():
        for value in _texts(call.args, path):
            yield from _refusal(call, path, value, names, f"tools.{tool.name}.hosts")
    if deployment.egress is None or not (tool.is_effect or tool.effect_class == "outbound_read"):
        return
    for path in tool.sensitive:
        for value in () if path in hosts else _texts(call.args, path):
            if isinstance(value, str) and leads_somewhere(value):
                yield from _refusal(call, path, value, deployment.egress, "egress")


def problems(deployment: Deployment, tools: Mapping[str, Tool], shapes: Mapping[str, Shape]) -> Iterator[Problem]:
    """Yields the arguments under ``hosts`` that a tool does not have."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    for name, rule in deployment.tools.items():
        for path in rule.hosts if name in tools else ():
            try:
                traceable(Path(tuple(path.split("."))), shapes[name], name)
            except RuleError as error:
                where = f"tools.{name}.hosts"
                yield Problem(file, rule.line, rule.column, where, f"an argument of {name}", path, error.hint)


def _texts(args: Mapping[str, JSON], path: str) -> Iterator[JSON]:
    """Yields what stands at a path, each entry of lists by itself; nothing is nothing that leads anywhere."""
    waiting = values_at(args, path)
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, list | tuple):
            waiting.extend(here)
        elif isinstance(here, Mapping):
            waiting.extend(here.values())
        elif here is not None:
            yield here


def _refusal(call: Call, path: str, value: JSON, names: tuple[str, ...], where: str) -> Iterator[Reason]:
    place = place_of(value) if isinstance(value, str) else None
    if place is not None and Egress(names).admits(place):
        return
    leads = "leads to no host beyond doubt" if place is None else f"leads to {place}"
    remedy = (
        "an address that is plainly https://HOST/PATH, its host in letters of ASCII"
        if place is None
        else f"an operator adds {place.host} to {where}"
    )
    yield Reason(
        EGRESS, f"{path} of {call.tool.name} {leads}, and {where} lists {told(names)}",
        f"{path} leads to one of {told(names)}", path, shown(value), remedy,
    )  # fmt: skip
