"""What a case knows: everything it has read, with its source, age and label, put before the gate for each call.

Nothing of it is stored: it is derived from the journal when a segment begins, and grows with what the segment
records. A deployment without sensitive arguments, and without a rule or a label that asks for it, pays nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bridgehead import clock
from bridgehead.cases.covering import Cover
from bridgehead.cases.ports import EffectRow, Loaded, StepRow
from bridgehead.cases.tools import BoundTool
from bridgehead.gate.facts import Read, Trace
from bridgehead.gate.grants import Delegation
from bridgehead.gate.labels import USER, Labels
from bridgehead.gate.provenance import Sink, Watch, values_at
from bridgehead.gate.redaction import BLACKED_OUT, blacked_out
from bridgehead.gate.tracing import Index, Origin
from bridgehead.ids import show
from bridgehead.spec.tool import JSON, Tool

if TYPE_CHECKING:
    from bridgehead.cases.ports import Decider

CROSSWALK: Final = "crosswalk "
"""Begins the name of a step that looks up what a person confirmed."""
_DONE: Final = frozenset({"committed", "undone", "virtual"})
_SENT: Final = frozenset({"intended", "unknown", "committed", "undone"})
_MAPPINGS: Final = (dict, Mapping)
"""A dict is told apart ten times faster than by its protocol."""
_NONE: Final = frozenset[str]()
_PEOPLE: Final = Labels({"*": USER.integrity})


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How a recorded read is made again: its call, its slot in the journal, and what was done since.

    ``step`` is its record where an earlier segment made it; ``sent`` how many effects stood when it was made.
    """

    tool: str
    args: Mapping[str, JSON]
    branch: str
    digest: bytes
    occurrence: int
    result: JSON
    step: StepRow | None
    sent: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the gate is told about one call."""

    facts: Mapping[str, Trace] = field(default_factory=dict)
    read: Read = field(default_factory=Read)
    carried: Mapping[str, Read] = field(default_factory=dict)


NOTHING: Final = Known()


class Knowing:
    """The facts of one segment. ``started_s`` is when it was loaded, on the clock of ``bridgehead.clock.boot_s``."""

    def __init__(self, gate: Decider, loaded: Loaded, started_s: float, tools: Mapping[str, BoundTool]) -> None:
        self._gate, self._loaded, self._started_s, self._tools = gate, loaded, started_s, tools
        self.active = gate.heeds_facts
        self._index = Index()
        self._origins: list[Origin] = []
        if self.active:
            self._load()

    @property
    def read(self) -> Read:
        """The join of everything read so far."""
        return self._index.read

    def cover(self, sink: Sink) -> Cover:
        """Returns what is blacked out of what such a sink is sent."""
        return Cover(sink, self._origins, lambda tool: self._gate.watch(tool).labels)

    def _note(self, origin: Origin, slot: Hashable = None) -> None:
        if origin.labels.marks:
            self._origins.append(origin)
        self._index.note(origin, slot)

    def _load(self) -> None:
        loaded, labels = self._loaded, self._gate.case_labels
        if isinstance(loaded.grant, Delegation) and loaded.grant.wrote:
            labels = self._gate.written_labels
        # The text holds every field: it is theirs only where all of it is.
        text_labels = labels if labels.single is not None else self._gate.case_labels
        first_s = self._started_s - max((step.age_s for step in loaded.steps), default=0.0)
        self._note(Origin("case.input", labels, loaded.input, first_s))
        if loaded.text:
            self._note(Origin("case.text", text_labels, loaded.text, first_s))
        for review in loaded.reviews:
            if review.kind == "question" and review.state == "answered":
                self._person(review.id, review.answer)
            elif review.state == "returned":
                self._person(review.id, {"guidance": review.answer})
            elif review.state == "edited" and isinstance(review.answer, Mapping):
                self._person(review.id, _changed(review.shown.get("args"), review.answer.get("args")))
        # In the order in which it happened: what was known before a call is not what the call brought.
        sent, effects = 0, {row.id: row for row in loaded.effects}
        for step in loaded.steps:
            if step.kind == "effect":
                sent += 1
                row = effects.pop(step.payload.get("effect"), None)  # type: ignore[arg-type]  # an id, or none at all
                if row is not None:
                    self._effect(row, self._started_s - step.age_s)
            elif step.kind == "read" and step.ok:
                self._step(step, sent)
        for row in effects.values():
            self._effect(row, self._started_s)

    def _effect(self, row: EffectRow, at_s: float) -> None:
        if row.state in _DONE and row.result is not None:
            self.effect(row, at_s)
        elif row.state in _SENT:
            self._index.sent(dict(row.args), self._gate.watch(row.tool).names)

    def _person(self, review_id: int, value: JSON) -> None:
        self._note(Origin(show("R", review_id), _PEOPLE, value, self._started_s))

    def _step(self, step: StepRow, sent: int) -> None:
        if step.name.startswith(CROSSWALK):
            self._note(Origin(step.name, _PEOPLE, step.payload.get("result"), self._started_s - step.age_s))
            return
        args = step.payload.get("args")
        back = ReadBack(
            step.name,
            args if isinstance(args, Mapping) else {},
            step.branch,
            step.digest,
            step.occurrence,
            step.payload.get("result"),
            step,
            sent,
        )
        known_s = step.payload.get("known_s")
        older_s = float(known_s) if isinstance(known_s, int | float) else 0.0
        self.was_read(back, read_s=self._started_s - step.age_s, older_s=older_s)

    def was_read(self, back: ReadBack, *, read_s: float, older_s: float = 0.0) -> None:
        """Takes in the result of a read; what the same call brought before is history."""
        if not self.active:
            return
        bound, watch = self._tools.get(back.tool), self._gate.watch(back.tool)
        tool = None if bound is None else bound.tool
        if tool is not None and tool.source_time is not None:
            older_s = max(older_s, self._older_s(back.result, tool.source_time, read_s))
        origin = Origin(
            back.tool,
            watch.labels,
            back.result,
            read_s,
            older_s,
            None if tool is None else tool.max_age_s,
            None if back.step is None else back.step.seq,
            again=back,
            sent=dict(back.args),
            declared=watch.names,
        )
        self._note(origin, (back.tool, back.digest))

    def effect(self, row: EffectRow, at_s: float | None = None) -> None:
        """Takes in what a call that wrote has answered."""
        if self.active and row.result is not None:
            watch = self._gate.watch(row.tool)
            answer = Origin(
                row.tool,
                watch.labels,
                row.result.get("result"),
                clock.boot_s() if at_s is None else at_s,
                sent=dict(row.args),
                wrote=row.state != "virtual",
                declared=watch.names,
            )
            self._note(answer, (row.tool, row.key))

    def sent(self, tool: Tool, args: Mapping[str, JSON]) -> None:
        """Takes in what is sent into the world from here on, before anything can bring it back."""
        if self.active:
            self._index.sent(dict(args), self._gate.watch(tool.name).names)

    def of(self, tool: Tool, args: Mapping[str, JSON], *, now_s: float | None = None) -> Known:
        """Returns what the gate is told about a call."""
        if not self.active:
            return NOTHING
        watch = self._gate.watch(tool.name)
        now_s = clock.boot_s() if now_s is None else now_s
        facts: dict[str, Trace] = {}
        defaults = _defaults(tool)
        for path in watch.paths:
            traced = self._index.trace(
                _given(defaults, args, path),
                now_s,
                watch.within_s.get(path),
                watch.constants.get(path, _NONE),
                watch.names,
                keyed=watch.keyed,
                argument=path,
                wanted=watch.named.get(path, ()),
            )
            if traced is not None:
                facts[path] = traced.trace
        return Known(facts, self._index.read, self._carried(watch, args, now_s))

    def stale(self, tool: Tool, args: Mapping[str, JSON]) -> tuple[ReadBack, ...]:
        """Returns the reads that a call rests on and that must be made again before it is decided."""
        if not self.active:
            return ()
        watch, now_s, defaults = self._gate.watch(tool.name), clock.boot_s(), _defaults(tool)
        found = dict[int, ReadBack]()
        # Where nothing that was read has an age of its own, only the bounds of the rule can make anything stale.
        for path in watch.paths if self._index.aging else watch.within_s:
            traced = self._index.trace(
                _given(defaults, args, path),
                now_s,
                watch.within_s.get(path),
                argument=path,
                wanted=watch.named.get(path, ()),
            )
            for origin in () if traced is None else traced.stale:
                if isinstance(origin.again, ReadBack):
                    found[id(origin)] = origin.again
        return tuple(found.values())

    def redacted(self, tool: Tool, args: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Returns the arguments with those blacked out that are above the sink's clearance and listed for it."""
        watch = self._gate.watch(tool.name)
        sink = watch.sink if self.active else None
        if sink is None or not sink.redact or not sink.refuses(self.read.confidentiality, self.read.regions):
            return args
        found = args
        for path in sink.redact:
            traced = self._index.trace(values_at(args, path), clock.boot_s(), names=watch.names, keyed=watch.keyed)
            if traced is not None and sink.refuses(traced.trace.confidentiality, traced.trace.regions):
                found = blacked_out(found, (path,), texts=True)
        return found

    def _carried(self, watch: Watch, args: Mapping[str, JSON], now_s: float) -> Mapping[str, Read]:
        """Returns what each argument may hold, where not everything that was read may go to the sink."""
        sink, read = watch.sink, self._index.read
        if sink is None or not sink.refuses(read.confidentiality, read.regions):
            return {}
        found = dict[str, Read]()
        for name, value in args.items():
            traced = self._index.trace([_without(value)], now_s, names=watch.names, keyed=watch.keyed)
            if traced is not None:
                found[name] = Read(traced.trace.confidentiality, traced.trace.regions)
        return found

    def _older_s(self, result: JSON, path: str, read_s: float) -> float:
        """Returns how old a result was when it was read, by its own time; a time that is none counts as old."""
        stamps = [value for value in values_at({"": result}, f".{path}") if value is not None]
        moments = [_moment(value) for value in stamps]
        if not moments:
            return 0.0
        if any(moment is None for moment in moments):
            return float("inf")
        read_at = self._loaded.now + timedelta(seconds=read_s - self._started_s)
        return max((read_at - moment).total_seconds() for moment in moments if moment is not None)


def _moment(value: JSON) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _defaults(tool: Tool) -> Mapping[str, Mapping[str, JSON]]:
    """Returns the schemas of the arguments that have a default, by name."""
    properties = tool.parameters.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {name: one for name, one in properties.items() if isinstance(one, _MAPPINGS) and "default" in one}


def _given(defaults: Mapping[str, Mapping[str, JSON]], args: Mapping[str, JSON], path: str) -> list[JSON]:
    """Returns what stands under a path, less the default that the tool itself declares."""
    values = values_at(args, path)
    schema = defaults.get(path) if defaults else None
    return values if schema is None else [value for value in values if value != schema["default"]]


def _changed(before: JSON, after: JSON) -> JSON:
    """Returns what a person wrote into arguments: what they left as it was is the agent's, and vouches for nothing."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return {name: _changed(before.get(name), inner) for name, inner in after.items()}
    if isinstance(after, Sequence) and not isinstance(after, str):
        stood = before if isinstance(before, Sequence) and not isinstance(before, str) else ()
        return [one for one in after if one not in stood]
    return None if after == before else after


def _without(value: JSON) -> JSON:
    """Returns a value less what was blacked out of it."""
    if value == BLACKED_OUT:
        return None
    if isinstance(value, Mapping):
        return {name: _without(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without(inner) for inner in value]
    return value
