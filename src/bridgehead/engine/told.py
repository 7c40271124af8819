"""What a worker's log says of its cases: one line for each commit that an operator would want to hear of.

A line holds numbers, roles, names of tools and error classes, and nothing that was in a document.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridgehead.cases.journal import REREAD
from bridgehead.cases.ports import CaseStore, Claim, Loaded
from bridgehead.cases.writes import Finish, HandOver, ReviewOpen, StepWrite, Write
from bridgehead.ids import show

log = logging.getLogger("bridgehead.cases")


@dataclass(frozen=True, slots=True)
class Told:
    """A store of cases that says, once a commit stands, what it means for those who watch the worker."""

    store: CaseStore

    async def load(self, claim: Claim) -> Loaded:
        """Returns what the store returns."""
        return await self.store.load(claim)

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Commits, and logs afterwards; raises what the store raises, and then says nothing."""
        tokens = await self.store.commit(claim, writes, actor=actor)
        for line in sentences(writes, tokens):
            log.info("%s %s", show("C", claim.case_id), line)
        return tokens


def sentences(writes: Sequence[Write], tokens: Mapping[str, int]) -> Iterator[str]:
    """Yields what a commit's writes say, without their case; ``tokens`` gives the reviews their numbers."""
    handed = any(isinstance(write, HandOver) for write in writes)
    for write in writes:
        match write:
            case StepWrite(kind="timer") if write.name.endswith(REREAD):
                yield f"reads its facts again: {write.name.removesuffix(REREAD)} was refused"
            case StepWrite(kind="timer"):
                why = write.payload.get("error_class")
                yield f"put off: {write.name} is waited for" + (f" ({why})" if why else "")
            case ReviewOpen():
                number = show("R", tokens[write.token])
                why = f" ({write.error_class})" if write.error_class else ""
                if handed:
                    yield f"handed to {write.role} as {number}{why}"
                else:
                    yield f"waits for {write.role}: {number}, {write.kind}{why}"
            case Finish(outcome="would_hand_over" | "not_comparable"):
                yield f"{write.outcome} to {write.output.get('role')} ({write.error_class}), in shadow"
            case _:
                pass
