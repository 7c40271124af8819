"""Decides a call over 30 policies in at most 1.75 times what Cedar alone takes, 1 ms at the 99th percentile.

Ten tools with a rule each (an expression, and a role otherwise: two policies a tool) and ten Cedar
policies over all effects; the 12 that can apply to a call's tool meet it. Calls are allowed, held
and denied in turn; no answer is kept. Times are processor time of the deciding thread, so that a
busy machine counts against nobody; Cedar alone is measured in the same run, inside every tenth pass.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Final

import cedarpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bridgehead.gate.decide import Gate
from bridgehead.gate.facts import Source, Trace
from bridgehead.gate.model import Call, View
from bridgehead.spec.deployment import CaseSpec, Deployment, Fallback, Otherwise, Role, ToolRule
from bridgehead.spec.tool import JSON, Tool

TOOLS: Final = 10
FACTS: Final = 20
FILE_POLICIES: Final = 10
KINDS: Final = ("allow", "hold", "deny")
MONEY: Final = {
    "type": "object",
    "properties": {"amount": {"type": "string", "format": "decimal"}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
}
LINE: Final = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "quantity": {"type": "integer"}, "price": MONEY},
    "required": ["item", "quantity", "price"],
}
PARAMETERS: Final = {
    "type": "object",
    "properties": {
        "po_number": {"type": "string"},
        "order": {
            "type": "object",
            "properties": {
                "customer": {"type": "string"},
                "total": MONEY,
                "rush": {"type": "boolean"},
                **{f"part_{number}": {"type": "string"} for number in range(FACTS - 1)},
                "lines": {"type": "array", "items": LINE},
            },
            "required": ["customer", "total", "lines"],
        },
    },
    "required": ["po_number", "order"],
}


SENSITIVE: Final = ("order.customer", *(f"order.part_{number}" for number in range(FACTS - 1)))


def build(*, facts: bool = False) -> tuple[Gate, list[Tool]]:
    """Returns a gate; with ``facts`` each call's 20 sensitive arguments are looked at by a policy each."""
    sensitive = SENSITIVE if facts else ()
    tools = [
        Tool(f"book_{number}", "reversible", parameters=PARAMETERS, sensitive=sensitive) for number in range(TOOLS)
    ]
    condition = 'order.total <= 5000 EUR and order.customer != "C-0"'
    if facts:
        condition += " and order.customer from system_of_record and age of order.customer <= 15m"
    rule = ToolRule(condition, Otherwise("desk", 7200.0))
    policies = "".join(
        f'@id("stop-{number}")\n@reason("r")\n@remedy("m")\n'
        'forbid (principal, action in Action::"class:effect", resource)\n'
        f'when {{ context.args.order.customer == "blocked-{number}" }};\n'
        for number in range(FILE_POLICIES)
    )
    deployment = Deployment(
        name="orders",
        agent="deploy:orders",
        owner="desk@example.com",
        case=CaseSpec(("po_number",), 1800.0),
        fallback=Fallback("desk"),
        roles={"desk": Role("desk", ("group:desk",))},
        folder=Path(),
        tools={tool.name: rule for tool in tools},
        policies={"stops.cedar": policies},
    )
    return Gate(deployment, {tool.name: tool for tool in tools}, answers=0), tools


def calls(tools: list[Tool]) -> list[tuple[str, Call]]:
    line: dict[str, JSON] = {"item": "A-1", "quantity": 3, "price": {"amount": "12.50", "currency": "EUR"}}
    made = []
    for number, tool in enumerate(tools):
        for kind in KINDS:
            order: dict[str, JSON] = {
                "customer": f"blocked-{number}" if kind == "deny" else "C-1017",
                "total": {"amount": "9000.00" if kind == "hold" else "375.00", "currency": "EUR"},
                "lines": [line] * 10,
                **{f"part_{part}": f"value {part}" for part in range(FACTS - 1)},
            }
            made.append((kind, Call(tool, {"po_number": f"PO-{number}", "order": order}, b"\0" * 32)))
    return made


def measure(gate: Gate, mixed: list[tuple[str, Call]], view: View, passes: int) -> dict[str, list[float]]:
    """Returns the seconds of each decision by verdict, after checking that each verdict is the expected one."""
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(passes):
        for kind, call in mixed:
            started = thread_time()
            decision = gate.decide(call, view)
            took[kind].append(thread_time() - started)
            assert decision.verdict == kind
    return took


@contextmanager
def cedar_watched(spent: list[float]) -> Iterator[None]:
    """Adds the seconds of each evaluation by Cedar to ``spent``."""
    evaluate = cedarpy.is_authorized

    def timed(*arguments: object, **named: object) -> object:
        started = thread_time()
        try:
            return evaluate(*arguments, **named)  # type: ignore[arg-type]  # passed through
        finally:
            spent.append(thread_time() - started)

    cedarpy.is_authorized = timed  # type: ignore[assignment]  # the same call, watched
    try:
        yield
    finally:
        cedarpy.is_authorized = evaluate


def with_facts() -> View:
    """Returns a view with a fact behind every sensitive argument."""
    traces = {
        path: Trace(
            "system_of_record",
            age_s=12.5,
            sources=(Source("get_order", path, "system_of_record", 12.5, 3),),
            origins=frozenset({"system_of_record"}),
        )
        for path in SENSITIVE
    }
    return View("autonomous", release="ab" * 32, facts=traces)


def percentile(values: list[float], share: float) -> float:
    """Returns the value in microseconds below which the share of all values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e6


def main() -> int:
    report = Report("gate", __doc__.splitlines()[0], packages="cedarpy")
    rounds, passes = (3, 100) if report.quick else (7, 500)
    gate, tools = build()
    mixed, view = calls(tools), View("autonomous", release="ab" * 32)
    measure(gate, mixed, view, 10)
    measured = []
    over_cedar = []
    for number in range(rounds):
        report.progress(f"round {number + 1} of {rounds}")
        measured.append(measure(gate, mixed, view, passes))
        alone: list[float] = []
        with cedar_watched(alone):
            whole = measure(gate, mixed, view, passes // 10)
        over_cedar.append(sum(sum(values) for values in whole.values()) / sum(alone))
    together = [[value for values in took.values() for value in values] for took in measured]
    rows: list[dict[str, Cell]] = [
        {
            "verdict": kind,
            "p50 us": median(percentile(took[kind], 0.50) for took in measured),
            "p99 us": median(percentile(took[kind], 0.99) for took in measured),
        }
        for kind in KINDS
    ]
    report.table("one decision (median of rounds)", rows)
    report.figure("decisions", median(len(values) / sum(values) for values in together), unit="1/s")
    report.figure("median", median(percentile(values, 0.50) for values in together), unit="us")
    report.figure("a decision over Cedar alone", median(over_cedar), unit="times", at_most=1.75)
    report.figure("99th percentile", median(percentile(values, 0.99) for values in together), unit="us", at_most=1_000)
    judged, tools = build(facts=True)
    mixed, view = calls(tools), with_facts()
    measure(judged, mixed, view, 10)
    rounds_with = [measure(judged, mixed, view, passes // 5) for _ in range(rounds)]
    pooled = [[value for values in took.values() for value in values] for took in rounds_with]
    report.figure(
        f"with {FACTS} facts: median", median(percentile(one, 0.50) for one in pooled), unit="us", at_most=200
    )
    report.figure(
        f"with {FACTS} facts: 99th percentile",
        median(percentile(one, 0.99) for one in pooled),
        unit="us",
        at_most=1_000,
    )
    met = judged.policies_text.count("@id") - (TOOLS - 1) * 3  # of each other tool its rule, the approval, its facts
    report.condition("policies that meet a call with facts", met)
    report.condition("policies", gate.policies_text.count("@id"))
    report.condition("rounds x decisions", f"{rounds} x {passes * len(mixed):,}")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
