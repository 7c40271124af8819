"""What was read, decided and done, in sentences: each rests on a recorded row and on the release that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bridgehead.cli.output import brief, duration, when
from bridgehead.cli.telling_figures import bare, currency_beside
from bridgehead.cli.telling_words import (
    CUT,
    Block,
    age,
    block,
    counted,
    fits,
    items,
    key_first,
    leaf,
    mapping,
    message,
    spelled,
)
from bridgehead.errors import UserError
from bridgehead.gate.unattended import compared
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView, DecisionView, EffectView, Event, StepView
from bridgehead.storage.queries_explain import Surroundings

UNDO: Final = "undo:"
_WHY: Final = 1_000
_RULE: Final = 120
"""A rule of so many letters stands whole in a line, with its figures."""
_JUST_NOW: Final = timedelta(seconds=2)
"""What a clock that tells whole seconds, and is looked at once a second, can be behind."""
_INTEGRITY: Final = {
    "system_of_record": "Vouched for by a system of record (system_of_record)",
    "user": "Vouched for by a person (user)",
    "operator": "Vouched for by the operator (operator)",
    "untrusted": "Vouched for by nobody (untrusted)",
}
_VERDICTS: Final = {"allow": "was allowed", "deny": "was denied"}


def read(step: StepView) -> str:
    """Returns what one read, model turn or timer was, and what it brought."""
    at = when(step.started_at)
    if step.kind == "timer":
        why = f": {_failed(mapping(step.error))}" if step.error else ""
        tries = len(items(step.tries)) + 1
        times = f", {tries} times in a row{_tries(step)}; the last time" if tries > 1 else ""
        return f"At {at} {step.name} did not answer{times}{why}; the case then waited to try again."
    branch = f" in branch {step.branch}" if step.branch else ""
    took = f"{step.duration_ms:.0f} ms"
    if step.unreadable:
        return f"At {at} {step.name} was called{branch}; it cannot be shown: {step.unreadable}"
    if step.kind == "model":
        tokens = f"{_count(step.input_tokens)} tokens in, {_count(step.output_tokens)} out"
        return f"At {at} the model {step.name} was asked{branch} ({took}, {tokens}) and replied {spelled(step.result)}."
    again = " again, because what it had read was too old," if step.read_again else ""
    asked = f"At {at} it read {step.name}{branch}{again} with {spelled(step.args, CUT)} ({took})"
    if step.ok:
        told = spelled(step.result) if fits(step.result) else f"{spelled(step.result, CUT)} (in full below)"
        return f"{asked} and got {told}{_known(step)}{_retried(step)}."
    return f"{asked} and failed: {message(step.error)}{_retried(step)}."


def _retried(step: StepView) -> str:
    """Returns that a call was made several times, with when and why each attempt before its last one failed."""
    tries = items(step.tries)
    return f"; this was attempt {len(tries) + 1}, after failures{_tries(step)}" if tries else ""


def _tries(step: StepView) -> str:
    told = [f"{_time(one.get('at'))} {_failed(one)}" for one in map(mapping, items(step.tries))]
    return f" ({'; '.join(told)})" if told else ""


def _failed(error: Mapping[str, JSON]) -> str:
    known = f" ({error['error_class']})" if error.get("error_class") else ""
    return f"{message(error)}{known}"


def _time(at: JSON) -> str:
    try:
        return f"at {when(datetime.fromisoformat(str(at)))}"
    except ValueError:
        return "before"


def brought(steps: Sequence[StepView]) -> Iterator[Block]:
    """Yields in full what does not fit the sentence about a read."""
    for step in steps:
        if step.kind == "read" and step.ok and not fits(step.result):
            yield block(f"{step.name}, step {step.seq}, in full", step.result)


def decision(one: DecisionView, view: CaseView, around: Surroundings) -> str:
    """Returns what the gate said of one call, why, on what, and what would change it."""
    verdict = f"was held for {one.role or 'a person'}" if one.verdict == "hold" else _VERDICTS[one.verdict]
    said = f"{one.number}: {one.tool} {verdict}"
    if one.unreadable:
        return f"{said}; the reasons cannot be shown: {one.unreadable}"
    reasons = [mapping(reason) for reason in items(one.reasons)]
    args = args_of(one, view)
    why = "; ".join(_reason(reason, args) for reason in reasons) or "no reason is recorded"
    said += f" at {when(one.at)}: {why}. Decided by {_policies(reasons)} (policy digest {one.policy_digest[:12]})."
    remedies = list(dict.fromkeys(str(reason["remedy"]) for reason in reasons if reason.get("remedy")))
    if one.verdict != "allow" and remedies:
        said += f" What would change that: {'; '.join(remedies)}."
    if any(reason.get("policy_id") == "levels.approve" for reason in reasons):
        said += " The rule itself allows it: at level canary or autonomous nobody would have been asked."
    return " ".join([said, *_nearly(one, view, around), *_rested_on(one, view, around)])


def effect_of(one: DecisionView, view: CaseView) -> str | None:
    """Returns the effect that a decision was about, as the chain says; None for one about a read."""
    for event in view.events:
        if event.refs.get("decision") == one.id and isinstance(event.refs.get("effect"), int):
            return f"E-{event.refs['effect']}"
    return next((effect.id for effect in view.effects if effect.decision == one.id), None)


def args_of(one: DecisionView, view: CaseView) -> JSON:
    """Returns the arguments that a decision was about; None where no record holds them."""
    tool = one.tool.removeprefix(UNDO)
    for effect in view.effects:
        if effect.tool == tool and effect.digest == one.digest and effect.args is not None:
            return effect.args
    return next((step.args for step in view.steps if step.name == tool and step.digest == one.digest), None)


def release_of(one: DecisionView, view: CaseView) -> str:
    """Returns the release that decided, in hex: it may be another one than the case has now."""
    rows = (event for event in view.events if event.kind == "decision" and event.refs.get("decision") == one.id)
    return next((str(event.refs["release"]) for event in rows if event.refs.get("release")), view.case.release)


def sends(events: Sequence[Event], effect: EffectView) -> int:
    """Returns how often a call was about to be sent: how many intents the chain holds."""
    return _count_of(events, effect, "effect.intended")


def effect(one: EffectView, view: CaseView) -> str:
    """Returns what one writing call was, and what became of it."""
    if one.unreadable:
        return f"{one.id}, {one.tool}, is {one.state}; it cannot be shown: {one.unreadable}"
    recorded = mapping(one.result)
    name = f"{one.id}, {one.tool} with {brief(one.args, CUT)}"
    at = when(one.settled_at)
    tried = sends(view.events, one)
    tries = f" at attempt {tried}" if tried > 1 else ""
    replied = (step.duration_ms for step in view.steps if step.effect == one.id and step.duration_ms >= 1)
    took = next((f", answered within {ms:.0f} ms" for ms in replied), "")
    once = ", sent once" if tried == 1 else f", sent {tried} times"
    match one.state:
        case "committed":
            by = recorded.get("settled_by")
            lost = ", after its reply was lost" if _count_of(view.events, one, "effect.unknown") else ""
            how = "" if by is None else f"{lost}, found by reading it back" if by == "read back" else f", as {by} said"
            return f"{name}, happened{tries} and was settled at {at}{once}{took}{how}: {answer(one)}."
        case "virtual":
            would = {
                "hold": f"would have waited for {recorded.get('role') or 'a person'}",
                "allow": "would have happened",
            }
            told = would.get(str(recorded.get("would")), "would have been denied")
            result = spelled(recorded.get("result"), CUT)
            return f"{name}, {told}; in shadow nothing was sent, and the agent went on with {result}."
        case "held":
            return f"{name}, waits for a person's decision; nothing was sent."
        case "intended":
            return f"{name}, is on its way{tries}."
        case "unknown":
            return f"{name}, may have been sent{tries}: no reply came ({message(recorded)}). {_looked(one, view)}"
        case "denied" | "cancelled":
            return f"{name}, did not happen: {message(recorded)}."
        case "superseded":
            other = f"{one.superseded_by} with the arguments that a person gave"
            return f"{name}, was replaced by {other}; nothing was sent."
        case "failed":
            if not _count_of(view.events, one, "effect.unknown"):
                return f"{name}, did not happen{tries}: {message(recorded)}."
            again = _tried_again(one, view)
            return f"{name}, may have been sent{tries}: no reply came. Then {message(recorded)}{again}."
        case "undone":
            return f"{name}, happened ({answer(one)}) and was taken back{_undone(one, view)}."
        case _:
            return f"{name}, is {one.state}."


def answer(one: EffectView) -> str:
    """Returns what the target answered besides what it was sent: numbers it gave, times, states."""
    result = mapping(one.result).get("result")
    sent = mapping(one.args)
    inner = {name: value for part in sent.values() for name, value in mapping(part).items()}
    if not isinstance(result, Mapping):
        return "it answered nothing" if result is None else f"it answered {spelled(result, CUT)}"
    own = {name: value for name, value in result.items() if value not in (sent.get(name), inner.get(name))}
    return f"it answered {spelled(key_first(own), CUT)}" if own else "it answered with what it was sent"


def sent(one: EffectView) -> Iterator[Block]:
    """Yields what was sent, in full."""
    if one.args is not None and one.state != "superseded":
        yield block(f"{one.id}: the call of {one.tool} in full", one.args)


def undoing(view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields how each effect that stands is taken back, what was tried, and which cannot be."""
    for line in around.undos:
        done = {"undone": "was taken back", "left": "was not taken back"}.get(line.state, "is being taken back")
        rest = f" ({line.why}; see {line.review})" if line.state == "left" else ""
        yield f"{line.effect} {done} by {line.by} at {when(line.at)} under {line.undo}: {line.reason}{rest}."
    standing = [one for one in view.effects if one.state == "committed"]
    can = [one for one in standing if _tool(one.tool, view.case.release, around).get("has_undo")]
    if can:
        told = ", ".join(f"{one.id} ({one.tool})" for one in can)
        command = f"bridgehead undo --case {view.case.id}"
        yield f'To take back {told}: {command} --why "…"; {command} --dry-run shows first what it would come to.'
        yield "Call it in the folder of the deployment, or with --deployment FOLDER: it takes the code."
    for one in standing:
        if one not in can:
            declared = _tool(one.tool, view.case.release, around)
            what = "is irreversible" if declared.get("effect_class") == "irreversible" else "declares no undo"
            yield f"{one.id}: {one.tool} {what}; a person puts it right in the target system."
    if not standing and not around.undos:
        yield "Nothing of it stands in a target system, so there is nothing to undo."


def bound(one: DecisionView, view: CaseView, around: Surroundings) -> str:
    """Returns the rule that an allowed call was held against, and what stood there; empty where there is none."""
    rule = mapping(mapping(around.manifests.get(release_of(one, view), {}).get("rules")).get(one.tool))
    allow = rule.get("allow")
    if one.verdict != "allow" or not isinstance(allow, str):
        return ""
    args = args_of(one, view)
    try:
        found = [_stood(args, path) for path in compared(allow)]
    except UserError:  # a rule of another version's grammar
        found = []
    return allow + (f" ({', '.join(found)})" if found else "")


def _stood(args: JSON, path: str) -> str:
    """Returns what stood at a path that a rule compares; of money, that the rule looks at the number alone."""
    value, currency = leaf(args, path), currency_beside(args, path)
    told = f"{path} = {spelled(value, 80)}"
    return f"{told} {currency} compared as a bare number" if currency and not isinstance(value, Mapping) else told


def figures(rule: str) -> str:
    """Returns a rule as it reads in a line: of a long one the terms that compare, with what stood there."""
    if len(rule) <= _RULE:
        return rule
    terms, _, found = rule.partition(" (")
    parts = re.split(r"\s+and\s+", " ".join(terms.split()))
    compare = [part for part in parts if re.search(r"[<>=]", part)]
    kept = compare or parts[:1]
    stood = [part for part in found.rstrip(")").split(", ") if any(part.split(" = ")[0] in one for one in kept)]
    rest = len(parts) - len(kept)
    told = " and ".join(kept) + (f" and {counted(rest, 'more condition')}" if rest else "")
    return told + (f" ({', '.join(stood)})" if stood else "")


def _nearly(one: DecisionView, view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields how near an allowed call came to its bound: the rule, what stood there, and what happens beyond it."""
    rule = figures(bound(one, view, around))
    if not rule:
        return
    manifest = around.manifests.get(release_of(one, view), {})
    role = mapping(mapping(mapping(manifest.get("rules")).get(one.tool)).get("otherwise")).get("hold")
    beyond = f"held for {role}" if role else "denied"
    approved = mapping(mapping(one.view).get("approval"))
    told = "A person was asked and let it through" if approved else "The nearest it came to a person"
    yield f"{told}: its rule is {rule}; a call off it is {beyond}."


def _rested_on(one: DecisionView, view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields what a decision rested on: traced facts, what had been read and how old that was, counts, an approval."""
    if one.tool.startswith(UNDO):
        return
    seen, manifest = mapping(one.view), around.manifests.get(release_of(one, view), {})
    yield from _vouched({path: mapping(trace) for path, trace in mapping(seen.get("facts")).items()})
    descriptor = mapping(mapping(manifest.get("tools")).get(one.tool))
    if descriptor.get("effect_class") not in (None, "read"):
        rested = rested_on(view, one.at, around)
        if rested:
            yield f"Read before it: {rested}."
    most = mapping(manifest.get("limits")).get("steps")
    made = seen.get("steps_so_far", 0)
    if isinstance(made, int) and seen:
        yield f"It was call {made + 1}" + (f" of at most {most}" if most else "") + f", at level {seen.get('level')}."
        suspended = [str(name) for name in items(seen.get("suspended_tools"))]
        if suspended:
            yield f"Stopped by operators at that moment: {', '.join(suspended)}."
    if seen.get("cost_so_far") and not str(seen["cost_so_far"]).startswith("0 "):
        yield f"{seen['cost_so_far']} were spent before it."
    approval = mapping(seen.get("approval"))
    if approval:
        both = f" and {approval['second']}" if approval.get("second") else ""
        yield f"It had the approval R-{approval.get('review_id')} by {approval.get('by')}{both}."
    grant = mapping(seen.get("grant"))
    if grant.get("kind") not in (None, "deployment"):
        limit = (
            f", at most {grant['limit']} of which {grant.get('used', 'nothing')} was used" if grant.get("limit") else ""
        )
        yield f"It acted for {grant.get('subject')} under grant {grant.get('id')}{limit}."
    before = {**mapping(mapping(seen.get("history")).get("counts"))}
    if before:
        yield f"Counted before it: {', '.join(f'{name} {value}' for name, value in before.items())}."


def rested_on(view: CaseView, at: datetime, around: Surroundings) -> str:
    """Returns what a case had read up to a moment, each with its age then and the age that its tool allows."""
    manifest = around.manifests.get(view.case.release, {})
    reads = [step for step in view.steps if step.kind == "read" and step.ok and step.started_at <= at]
    return ", ".join(_aged(step, at, manifest) for step in reads)


def _vouched(traces: Mapping[str, Mapping[str, JSON]]) -> Iterator[str]:
    """Yields who vouches for the values of arguments: what each was found in, and how old that was."""
    by_word: dict[str, list[str]] = {}
    for path, trace in traces.items():
        where = "; ".join(_source(mapping(source)) for source in items(trace.get("sources")))
        stale = ", older than its tool allows" if trace.get("stale") else ""
        by_word.setdefault(str(trace.get("integrity")), []).append(path + (f" ({where}{stale})" if where else stale))
    for integrity, told in by_word.items():
        if integrity == "none":
            yield f"Found in nothing that the case had read: {', '.join(told)}."
        else:
            yield f"{_INTEGRITY.get(integrity, integrity)}: {', '.join(told)}."


def _source(source: Mapping[str, JSON]) -> str:
    """Returns one recorded value that an argument was found in, and how exactly."""
    how = ", a part of its text" if source.get("within") else ""
    how += ", only alike" if source.get("alike") else ""
    at = f", {source['path']}" if source.get("path") else ""
    return f"{source.get('name')}{at}{how}"


def _aged(step: StepView, at: datetime, manifest: Mapping[str, JSON]) -> str:
    """Returns a read with the age of its values at a moment, by the source's own time where it told one."""
    stamps = [mapping(source).get("as_of") for source in items(step.sources)]
    known = [_since(datetime.fromisoformat(stamp), step.started_at) for stamp in stamps if isinstance(stamp, str)]
    oldest = min([*known, step.started_at])
    dated = [datetime.fromisoformat(stamp) for stamp in stamps if isinstance(stamp, str)]
    back = (
        f"; its source, whose clock tells whole seconds, dates it {age(min(dated), at)} back"
        if (dated and min(dated) < oldest and step.started_at - min(dated) >= timedelta(seconds=1))
        else ""
    )
    most = mapping(mapping(manifest.get("tools")).get(step.name)).get("max_age_s")
    limit = f", at most {duration(most)}" if isinstance(most, int | float) else ""
    return f"{step.name} ({age(oldest, at)} old{limit}{back})"


def _since(stamp: datetime, started_at: datetime) -> datetime:
    """Returns since when a value was known: one that its source dates in whole seconds, just now, is as of its read."""
    within = stamp.microsecond == 0 and timedelta() <= started_at - stamp < _JUST_NOW
    return started_at if within else stamp


def _policies(reasons: Sequence[Mapping[str, JSON]]) -> str:
    return ", ".join(dict.fromkeys(str(reason.get("policy_id")) for reason in reasons)) or "no policy"


def _tool(name: str, release: str, around: Surroundings) -> Mapping[str, JSON]:
    found = mapping(mapping(around.manifests.get(release, {}).get("tools")).get(name))
    return found or next(
        (tool for manifest in around.manifests.values() if (tool := mapping(mapping(manifest.get("tools")).get(name)))),
        {},
    )


def _known(step: StepView) -> str:
    """Returns where a read's values come from, and what became of an older reading."""
    told = {
        f"{source.get('source')} as of {source.get('as_of')}{' by a copy' if source.get('copy') else ''}"
        for source in map(mapping, items(step.sources))
    }
    parts = [f"from {', '.join(sorted(told))}"] if told else []
    if step.read_again is not None:
        parts.append("it had changed" if step.read_again == "changed" else "nothing had changed")
    return f" ({'; '.join(parts)})" if parts else ""


def _reason(reason: Mapping[str, JSON], args: JSON) -> str:
    said = str(reason.get("text", ""))
    if reason.get("argument") and reason.get("found"):
        said += f" (found {reason['argument']} = {reason['found']}{bare(reason, args)})"
    elif reason.get("found") and reason["found"] not in ("none", "forbidden"):
        said += f" (found {reason['found']})"
    return said


def _count_of(events: Sequence[Event], one: EffectView, kind: str) -> int:
    return sum(1 for event in events if event.kind == kind and f"E-{event.refs.get('effect')}" == one.id)


def _undone(one: EffectView, view: CaseView) -> str:
    """Returns when an effect was undone, by whom and why, as its chain says."""
    for event in view.events:
        if event.kind == "effect.undone" and f"E-{event.refs.get('effect')}" == one.id:
            at = when(datetime.fromisoformat(event.at))
            return f" at {at} by {event.refs.get('by')} (U-{event.refs.get('undo')}): {event.refs.get('why')}"
    return ""


def _looked(one: EffectView, view: CaseView) -> str:
    """Returns what became of looking whether a call happened, as far as it is recorded."""
    reviews = [review for review in view.reviews if review.kind == "unknown_effect" and review.effect == one.id]
    asked = reviews[-1] if reviews else None
    if asked is None:
        return "It is read back until it is known whether it happened; until then nothing else is sent."
    found = brief(mapping(asked.shown).get("reason") or "It could not be read back.", _WHY).rstrip(".")
    return f"{found}. So {asked.role} was asked ({asked.id}); nothing else is sent meanwhile."


def _tried_again(one: EffectView, view: CaseView) -> str:
    """Returns which effect took the place of one that did not happen, and nothing where none did."""
    number = int(one.id.removeprefix("E-"))
    later = (
        other.id
        for other in view.effects
        if other.tool == one.tool and other.args == one.args and int(other.id.removeprefix("E-")) > number
    )
    found = next(later, None)
    return "" if found is None else f", so it was tried again as {found}"


def _count(tokens: int | None) -> str:
    return "an unknown number of" if tokens is None else str(tokens)
