"""A fault proxy: it stands before a system, does to its traffic what a scenario says, and records what it did.

For tests and drills, on loopback. The format of a scenario is in ``docs/reference/drill-proxy.md``.
"""

from bridgehead.drill.proxy.choosing import Injected
from bridgehead.drill.proxy.scenario import Rule, Scenario, When, load_scenario, parse_scenario
from bridgehead.drill.proxy.serving import FaultProxy

__all__ = ["FaultProxy", "Injected", "Rule", "Scenario", "When", "load_scenario", "parse_scenario"]
