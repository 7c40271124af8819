"""The journal of a case: what was recorded, found again by content, and what is still to be replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from bridgehead import clock
from bridgehead.cases.ports import EffectRow, Loaded, StepRow
from bridgehead.cases.writes import StepKind
from bridgehead.effects.states import EffectState
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON

_SENT: frozenset[EffectState] = frozenset({"intended", "unknown", "committed", "undone"})
"""States of an effect that the world has seen, or may have."""
_SETTLED: frozenset[EffectState] = frozenset(
    {"committed", "virtual", "denied", "held", "superseded", "cancelled", "failed", "undone"}
)
REREAD: Final = " read again"
"""Ends the name of the timer that an effect leaves when its target refused it because the facts were old."""


class Journal:
    """Matches the calls of one segment against what earlier segments recorded (D4).

    A read is found by (branch, name, digest, occurrence), a model turn by (branch, ordinal),
    an effect by its key, a question by its digest. ``unconsumed`` counts entries of earlier
    segments that no call of this segment has met: while it is not zero, nothing final happens.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._steps: dict[tuple[StepKind, str, str, bytes, int], StepRow] = {}
        self._turns: dict[tuple[str, int], StepRow] = {}
        self._open: set[tuple[str, int]] = set()
        self._timers: Counter[str] = Counter()
        self._seen: Counter[tuple[str, str, str, bytes]] = Counter()
        self._calls: Counter[tuple[str, bytes]] = Counter()
        self._effects: dict[int, EffectRow] = {}
        self._by_key: dict[tuple[str, bytes, int], list[int]] = {}
        self._effect_steps: dict[JSON, int] = {}
        self._reviews: dict[int, Review] = {review.id: review for review in loaded.reviews}
        self._read_s: dict[tuple[str, bytes], float] = {}
        self._loaded_s = clock.boot_s()
        self._stale = 0
        self.progress = 0
        self.read_since_sent = False
        """Whether the agent has read anything since the last effect that the world has seen."""
        self.recorded = 0
        for step in loaded.steps:
            self._add_step(step)
        for effect in loaded.effects:
            self.put_effect(effect)
            if effect.state in _SETTLED and not _redone(effect):
                self._open.add(("effect", effect.id))
        for review in loaded.reviews:
            if review.kind == "question" and review.state != "open":
                self._open.add(("review", review.id))

    @property
    def unconsumed(self) -> int:
        """How many entries of earlier segments this segment has not met yet."""
        return len(self._open)

    def waiting_for(self) -> list[str]:
        """Returns the unmet entries in words, for a person who looks at a divergence."""
        names = []
        for kind, number in sorted(self._open):
            if kind == "step":
                step = next(s for s in (*self._steps.values(), *self._turns.values()) if s.seq == number)
                names.append(f"{step.kind} {step.name}")
            elif kind == "effect":
                names.append(f"effect {self._effects[number].tool}")
            else:
                names.append(f"question R-{number}")
        return names

    def read(self, branch: str, name: str, digest: bytes) -> tuple[int, StepRow | None]:
        """Returns this call's occurrence and its recorded step, consuming it."""
        self.read_since_sent = True
        self._calls[(name, digest)] += 1
        occurrence = self._next("read", branch, name, digest)
        step = self._take(self._steps.get(("read", branch, name, digest, occurrence)))
        if step is not None:
            self._read_s[name, digest] = self._loaded_s - step.age_s
        return occurrence, step

    def fresh(self, name: str, digest: bytes) -> None:
        """Notes that a read was made at this moment."""
        self._read_s[name, digest] = clock.boot_s()

    def read_age_s(self, name: str, digest: bytes) -> float | None:
        """Returns how long ago the newest read with these arguments was made, None where this segment met none."""
        read_s = self._read_s.get((name, digest))
        return None if read_s is None else max(0.0, clock.boot_s() - read_s)

    def acted_on(self, step: StepRow) -> bool:
        """Whether something was sent to the world after a read was recorded: then what it said is history."""
        last = 2**63
        return any(
            effect.state in _SENT and self._effect_steps.get(effect.id, last) > step.seq
            for effect in self._effects.values()
        )

    def stale(self, step: StepRow) -> bool:
        """Whether a read was made before a target refused what rested on it, so that it must be made again."""
        return step.seq < self._stale and not self.acted_on(step)

    def void(self, step: StepRow) -> None:
        """Lets go of the reads and model turns recorded after ``step``: what they rest on has changed.

        Effects and answers stay to be met: an agent that goes another way with one of them open has diverged.
        """
        self._let_go(step.seq, 2**63)

    def turn(self, branch: str) -> tuple[int, StepRow | None]:
        """Returns this model turn's ordinal within its branch and its recorded step, not yet consumed."""
        ordinal = self._next("model", branch, "", b"")
        return ordinal, self._turns.get((branch, ordinal))

    def take_turn(self, step: StepRow) -> None:
        """Consumes a recorded turn that was served."""
        self._take(step)

    def question(self, branch: str, name: str, digest: bytes) -> tuple[int, Review | None]:
        """Returns this question's occurrence and the review that carries it, consuming a decided one."""
        occurrence = self._next("question", branch, name, digest)
        for review in self._reviews.values():
            shown = review.shown
            if (
                review.kind == "question"
                and review.args_digest == digest
                and shown.get("branch") == branch
                and shown.get("occurrence") == occurrence
            ):
                self._drop("review", review.id)
                return occurrence, review
        return occurrence, None

    def effect_occurrence(self, tool: str, key: bytes, *, repeatable: bool) -> int:
        """Returns 0 for ordinary tools; counts calls under one key for repeatable ones."""
        return self._next("effect", "", tool, key) if repeatable else 0

    def effect(self, tool: str, key: bytes, occurrence: int, digest: bytes) -> EffectRow | None:
        """Returns the newest effect under a key with these very arguments, else the newest under the key.

        Only an effect with equal arguments is consumed: another one was some other call.
        """
        rows = [self._effects[number] for number in self._by_key.get((tool, key, occurrence), ())]
        same = [row for row in rows if row.digest == digest]
        if same:
            for row in same:  # an edit that changed nothing leaves two rows with equal arguments
                self._met(row)
            return same[-1]
        return rows[-1] if rows else None

    def follow(self, effect: EffectRow) -> EffectRow:
        """Returns the effect that stands in place of a superseded one, consuming every link.

        A replacement that failed may have been attempted again: the newest attempt counts.
        """
        while True:
            if effect.superseded_by is not None:
                effect = self._met(self._effects[effect.superseded_by])
                continue
            newest = self.effect(effect.tool, effect.key, effect.occurrence, effect.digest)
            if newest is None or newest.id <= effect.id:
                return effect
            effect = newest

    def effects(self) -> Sequence[EffectRow]:
        """Returns all effects of the case, oldest first."""
        return [self._effects[number] for number in sorted(self._effects)]

    def review_of(self, effect_id: int) -> Review | None:
        """Returns the newest review about an effect."""
        about = [review for review in self._reviews.values() if review.effect_id == effect_id]
        return max(about, key=lambda review: review.id, default=None)

    def held_read(self, branch: str, name: str, digest: bytes, occurrence: int) -> Review | None:
        """Returns the newest review about a read that was held."""
        about = [
            review
            for review in self._reviews.values()
            if review.kind == "approval" and review.effect_id is None and review.args_digest == digest
            and [review.shown.get(part) for part in ("tool", "branch", "occurrence")] == [name, branch, occurrence]
        ]  # fmt: skip
        return max(about, key=lambda review: review.id, default=None)

    def put_effect(self, effect: EffectRow) -> None:
        """Keeps the state a commit of this segment has given an effect."""
        if effect.state in _SENT and effect.state != "intended":  # it may yet turn out not to have happened
            self.read_since_sent = False
        slot = self._by_key.setdefault((effect.tool, effect.key, effect.occurrence), [])
        if effect.id not in self._effects:
            slot.append(effect.id)
        self._effects[effect.id] = effect

    def count_call(self, name: str, digest: bytes) -> int:
        """Counts one more identical call and returns how many were made before it in this segment."""
        before = self._calls[(name, digest)]
        self._calls[(name, digest)] += 1
        return before

    def repeats(self, name: str, digest: bytes) -> int:
        """Returns how often this very call was made in this segment, the current one included."""
        return self._calls[(name, digest)]

    def parked(self, name: str) -> int:
        """Returns how often the case has already waited for the dependency behind a call."""
        return self._timers[name]

    def _add_step(self, step: StepRow) -> None:
        self.recorded += 1
        if step.kind == "timer":
            self._timers[step.name] += 1
            if step.name.endswith(REREAD):
                self._stale = step.seq
            return
        if step.kind == "effect":
            self._effect_steps[step.payload.get("effect")] = step.seq
            return
        before: StepRow | None
        if step.kind == "model":
            before = self._turns.get((step.branch, step.occurrence))
            self._turns[(step.branch, step.occurrence)] = step
        else:
            slot = (step.kind, step.branch, step.name, step.digest, step.occurrence)
            before = self._steps.get(slot)
            self._steps[slot] = step
        if before is not None:  # made again since: the newest stands for it
            self._open.discard(("step", before.seq))
            if step.payload.get("changed"):
                self._let_go(before.seq, step.seq)
        self._open.add(("step", step.seq))

    def _next(self, kind: str, branch: str, name: str, digest: bytes) -> int:
        slot = (kind, branch, name, digest)
        self._seen[slot] += 1
        return self._seen[slot] - 1

    def _let_go(self, after: int, before: int) -> None:
        """Drops unmet reads and turns recorded between two steps."""
        for slot, step in [*self._steps.items()]:
            if after < step.seq < before and ("step", step.seq) in self._open:
                self._take(self._steps.pop(slot))
        for turn, step in [*self._turns.items()]:
            if after < step.seq < before and ("step", step.seq) in self._open:
                self._take(self._turns.pop(turn))

    def _take(self, step: StepRow | None) -> StepRow | None:
        if step is not None:
            self._drop("step", step.seq)
        return step

    def _met(self, effect: EffectRow) -> EffectRow:
        if effect.state in _SENT:
            self.read_since_sent = False
        self._drop("effect", effect.id)
        return effect

    def _drop(self, kind: str, number: int) -> None:
        if (kind, number) in self._open:
            self._open.remove((kind, number))
            self.progress += 1


def _redone(effect: EffectRow) -> bool:
    """A failed attempt that may be made again is no record an agent has to meet."""
    return effect.state == "failed" and bool(effect.result and effect.result.get("again"))
