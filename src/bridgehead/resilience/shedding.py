"""Who is put off first when there is not room for everybody: by how critical a case is, decided from two numbers.

Source: "Handling Overload", Site Reliability Engineering, O'Reilly 2016, chapter 21 ("Criticality").
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bridgehead.spec.deployment import Criticality

PATIENCE_S: Final[Mapping[Criticality, float]] = MappingProxyType({"critical": 2.0, "normal": 1.0, "sheddable": 0.0})
"""How long a call waits in its worker for its turn before its case is put off, in seconds."""
DEPENDENCY_LOAD: Final[Mapping[Criticality, float]] = MappingProxyType({"normal": 2.0, "sheddable": 1.0})
"""Callers of a dependency to its places: from here on a case is put off. A critical one never is."""
WORKER_LOAD: Final[Mapping[Criticality, float]] = MappingProxyType({"sheddable": 0.85})
"""Calls under way in a worker to its places: the last ones are not for cases that can wait."""
AGAIN_S: Final = 2.0
"""About so long a case that was put off waits; it is not lost, and its deadline holds."""


def shed(criticality: Criticality, *, dependency: float, worker: float) -> bool:
    """Returns whether a case is put off, given how loaded its dependency and its worker are (callers by places)."""
    forever = float("inf")
    return dependency >= DEPENDENCY_LOAD.get(criticality, forever) or worker >= WORKER_LOAD.get(criticality, forever)
