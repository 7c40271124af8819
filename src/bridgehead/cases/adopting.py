"""A case whose release nobody serves any more goes on under another one, if that would have done the same so far.

The agent of the other release runs from the top over what is recorded, and nothing else: no send, no read, no
model, no write. It may go on from there when every recorded entry was met. Otherwise a person gets the case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from bridgehead.cases.agents import Agent
from bridgehead.cases.ports import Claim
from bridgehead.cases.runner import replay, with_facts
from bridgehead.cases.segment import Bench, Segment
from bridgehead.cases.writes import Adopt, Finish, HandOver, ReviewOpen, Write
from bridgehead.errors import ErrorClass, LeaseLost
from bridgehead.gate.labels import Label, LabelError, Labels
from bridgehead.gate.normal import leaves
from bridgehead.ids import show
from bridgehead.spec.deployment import LEVELS, Level
from bridgehead.spec.tool import JSON

log = logging.getLogger("bridgehead.adopting")
REPLAY_S: Final = 30.0
"""How long an agent may take to go over its record: nothing outside is called, so this is its own work."""
LabelsOfTools = Mapping[str, Mapping[str, str]]
"""For each tool, the words about its result by path."""
OF_CODE: Final[frozenset[ErrorClass]] = frozenset({"bug", "diverged", "invalid_input", "invalid_output"})
"""Classes in which an agent ends that does not fit to its record; the others it may have ended in before, too."""


def lowest(case: Level, deployment: Level) -> Level:
    """Returns the level of a case that is adopted: its own, or its deployment's where that is lower by now.

    A case that acts never becomes a shadow, and a shadow never acts: what it has done so far was of the one kind.
    """
    if case == "shadow":
        return case
    return min(case, max(deployment, "approve", key=LEVELS.index), key=LEVELS.index)


async def adopt(
    bench: Bench,
    claim: Claim,
    agent: Agent,
    *,
    release: bytes,
    level: Level,
    labels: LabelsOfTools,
    watch: Callable[[Segment], None] | None = None,
) -> Claim | None:
    """Returns the claim under ``release`` when the agent meets everything recorded; None when the case left its hands.

    ``claim`` is of the release that the case had, and ``labels`` are what that said of the results of its tools: what
    was read under them does not become more trusted. ``level`` is its deployment's. Raises LeaseLost when somebody else
    has the case.
    """
    segment = Segment(bench, claim, await bench.store.load(claim), dry=True)
    if watch is not None:
        watch(segment)
    await replay(segment, agent, within_s=REPLAY_S)
    if segment.closed is not None and segment.closed.why == "lost":
        raise LeaseLost
    why, missing = unlike(segment)
    why = why or relabelled(segment, labels)
    if not why:
        level = lowest(claim.level, level)
        await bench.store.commit(claim, [Adopt(release, level)], actor=bench.actor)
        log.info("%s goes on under release %s", show("C", claim.case_id), release.hex()[:12])
        return replace(claim, release=release, level=level)
    await bench.store.commit(claim, _to_person(segment, release, why, missing), actor=bench.actor)
    log.info("%s does not fit to release %s: %s", show("C", claim.case_id), release.hex()[:12], why)
    return None


def unlike(segment: Segment) -> tuple[str, tuple[str, ...]]:
    """Returns why a dry replay did not meet what is recorded, and the entries that it missed; empty: it met all."""
    missing = tuple(segment.journal.waiting_for())
    closed = segment.closed
    ending = None if closed is None else closed.ending
    told = "" if closed is None or closed.review is None else str(closed.review.shown.get("reason", ""))
    if isinstance(ending, Finish) and not told:
        told = str(ending.output.get("reason", ""))
    if ending is not None and ending.error_class in OF_CODE:
        return told or "The agent ended otherwise.", missing
    if missing:
        return f"The agent did not repeat what it did before: {', '.join(missing[:5])} was not met again.", missing
    return "", ()


def relabelled(segment: Segment, labels: LabelsOfTools) -> str:
    """Returns which recorded result would be trusted more, or kept less close, under this release; empty: none."""
    results = [(step.name, step.payload.get("result")) for step in segment.loaded.steps if step.kind == "read"]
    results += [(row.tool, (row.result or {}).get("result")) for row in segment.loaded.effects]
    ranks = segment.bench.deployment.confidentiality
    for tool in dict.fromkeys(name for name, _ in results):
        now = segment.bench.gate.watch(tool).labels
        try:
            before = Labels(labels.get(tool, {}), ranks)
        except LabelError as error:
            return f"What {tool} brought was labelled in words that are gone: {error.message}."
        for name, result in results:
            if name != tool:
                continue
            if any(_gains(before.of(path), now.of(path)) for path, _ in leaves(result)):
                return f"What {tool} brought before would be trusted more, or kept less close, than when it was read."
    return ""


def _gains(before: Label, now: Label) -> bool:
    vouched = now.trusted and now.integrity != before.integrity
    return (
        vouched or now.confidentiality < before.confidentiality or bool(before.region and now.region != before.region)
    )


def _to_person(segment: Segment, release: bytes, why: str, missing: tuple[str, ...]) -> list[Write]:
    old, role = segment.claim.release.hex()[:12], segment.bench.deployment.fallback.role_for("diverged")
    reason = (
        f"No worker serves its release {old} any more, and release {release.hex()[:12]} would go another way. {why}"
    )
    shown: dict[str, JSON] = {"reason": reason, "error_class": "diverged", "missing": list(missing)}
    if segment.shadow:
        return [Finish("would_hand_over", {**shown, "role": role}, "diverged")]
    review = ReviewOpen(token=segment.token(), kind="exception", role=role, shown=shown, error_class="diverged")
    return [with_facts(review, segment), HandOver("diverged")]
