"""What operators have stopped, as a running case heeds it: at every decision, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from bridgehead.cases.authority import Authority

if TYPE_CHECKING:
    from bridgehead.cases.segment import Segment
    from bridgehead.cases.tools import BoundTool

ASIDE_S: Final = 0.5
"""How long a case that was put aside waits before it may be claimed again; a pause holds it back from there on."""
LOOK_AGAIN_S: Final = 15.0
"""How often a case that has come to a paused tool looks whether it may go on; each look leaves a row on its chain."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What is stopped for the cases of one release.

    ``killed`` and ``paused`` say why the whole of it is (empty: it is not). ``killed_tools`` are denied,
    ``paused_tools`` wait; ``paused`` also stands for a state that nobody could read lately. ``told`` says of a killed
    tool by whom, why, and what lets it go on.
    """

    killed: str = ""
    paused: str = ""
    killed_tools: frozenset[str] = frozenset()
    paused_tools: frozenset[str] = frozenset()
    told: Mapping[str, str] = field(default_factory=dict)
    authority: Authority | None = None
    """For whom may be acted; None: nobody can say, as outside of a worker, and nobody is acted for."""


NOTHING: Final = Stops()


class Stopping(Protocol):
    """Knows what operators have stopped, at most a second late."""

    async def stops(self, deployment: str, release: bytes, *, fresh: bool = False) -> Stops:
        """Returns what is stopped for the cases of a release, asked anew if ``fresh``; never raises."""
        ...


async def heed(segment: Segment, bound: BoundTool) -> None:
    """Returns when the call may be decided, with ``segment.stops`` as it stands.

    A case of something that was killed is handed over, a paused one is put aside: raises
    Suspended. A tool that was killed is denied by the gate, paused elsewhere or not; one that is
    only paused waits.
    """
    stopping = segment.bench.stopping
    if stopping is None:
        return
    stops = await stopping.stops(segment.claim.deployment, segment.claim.release)
    segment.stops = stops
    if stops.killed:
        raise segment.hand_over("policy_denied", f"An operator stopped it: {stops.killed}")
    if stops.paused:
        raise segment.wait(wake_after_s=ASIDE_S)
    if bound.tool.name in stops.paused_tools - stops.killed_tools:
        raise segment.wait(wake_after_s=LOOK_AGAIN_S, paused_tool=bound.tool.name)
    if stops.authority is not None and stops.authority.narrowed.get(segment.claim.case_id, 0) > segment.loaded.narrowed:
        raise segment.wait(wake_after_s=ASIDE_S)  # it begins again with the grant as it stands


async def unstopped(segment: Segment, bound: BoundTool) -> None:
    """Returns when a call that was decided may still be sent; it may have waited for its turn since.

    Raises Suspended otherwise: the case comes again, and is decided anew.
    """
    stopping = segment.bench.stopping
    if stopping is None:
        return
    stops = await stopping.stops(segment.claim.deployment, segment.claim.release)
    if stops.killed or stops.paused or bound.tool.name in stops.paused_tools | stops.killed_tools:
        raise segment.wait(wake_after_s=ASIDE_S)
    decided, known = segment.stops.authority, stops.authority
    if decided is None or known is None or decided.version == known.version:
        return
    if segment.loaded.grant is not None or segment.claim.case_id in known.revoked:
        raise segment.wait(wake_after_s=ASIDE_S)
