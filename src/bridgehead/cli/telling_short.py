"""The account of a case in a few sentences: who wanted what, what became of it and why, and what is to be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridgehead.cli.output import brief, duration, when
from bridgehead.cli.telling_authority import lessened, of_grants
from bridgehead.cli.telling_calls import UNDO, answer, args_of, bound, effect_of, figures, sends
from bridgehead.cli.telling_document import mail_sender
from bridgehead.cli.telling_figures import bare, passes
from bridgehead.cli.telling_gist import UNNAMED, currency_read, flagged, gist, quoted_whole, sender
from bridgehead.cli.telling_outcome import not_again, rejected
from bridgehead.cli.telling_passage import in_full
from bridgehead.cli.telling_people import about, changes, until
from bridgehead.cli.telling_same import stands
from bridgehead.cli.telling_siblings import beside, not_before, standing, taken_back, waiting_about, was_before
from bridgehead.cli.telling_words import items, mapping, message, named, spelled
from bridgehead.ids import parse, show
from bridgehead.reviews.model import VERBS
from bridgehead.storage.queries_case_view import CaseReview, CaseView, DecisionView, EffectView
from bridgehead.storage.queries_explain import StopLine, Surroundings

_WHY: Final = 1_500
_FENCED: Final = ("exception", "deadline")
CHECKS_MOST: Final = 6_000
"""Letters of one sentence about a check."""
_BOOKED: Final = "Booked"
"""How the sentence of the checks opens that says what was booked otherwise than asked."""
_CUSTOMER: Final = "Customer: "
"""How the sentence of the checks opens that says whose order it is."""


def short(view: CaseView, around: Surroundings, originals: Mapping[str, bytes]) -> Iterator[str]:
    """Yields the account: what came, what became of it and why, and what somebody has to do now.

    ``originals`` are documents as they came, by arrival: a mail's own head says who sent it.
    """
    yield _came(view, around, originals)
    yield from _currency(view)
    yield from _customer(view)
    yield from _sent_back(view)
    yield from _again(view)
    told = [sentence for one in view.effects if (sentence := _became(one, view, around))]
    yield from told
    yield from (brief(one, CHECKS_MOST) for one in checks_of(view) if one.startswith(_BOOKED))
    if not told:
        yield _nothing_written(view)
        yield from _passage(view, originals)
    elif view.case.state == "with_person":
        yield from _left(view)
    yield from standing(view)
    yield from beside(view, around.siblings)
    yield from _time(view, around)
    yield from _to_do(view, around)


def checks_of(view: CaseView) -> list[str]:
    """Returns how near a case came to each of its agent's own checks, as its outcome or its hand-over lists them."""
    outcome = mapping(view.outcome)
    listed = [mapping(outcome.get("output")).get("checks"), outcome.get("checks")]
    listed += [mapping(one.shown).get("checks") for one in view.reviews if one.kind in _FENCED]
    return next(([str(one) for one in items(found)] for found in listed if items(found)), [])


def _passage(view: CaseView, originals: Mapping[str, bytes]) -> Iterator[str]:
    """Yields the whole of what a document says to its reader, where a case was left to people for it."""
    warnings = [str(one) for one in items(mapping(view.input).get("warnings"))]
    if quoted_whole(view.input):
        return
    for one in view.arrivals[:1]:
        if said := in_full(originals.get(one.id, b""), warnings):
            yield f"{said} It was quoted and not followed."


def refusals(view: CaseView, effect: int | None = None) -> Iterator[str]:
    """Yields why calls of a case, or one effect of it, were denied or held: policy, reason and remedy of each."""
    for one in view.decisions:
        wanted = effect is None or effect_of(one, view) == show("E", effect)
        if wanted and one.verdict != "allow" and not one.tool.startswith(UNDO):
            yield _gate(one, view)


def _came(view: CaseView, around: Surroundings, originals: Mapping[str, bytes]) -> str:
    line, who = view.case, sender(view.input)
    asked = gist(view.input).replace(UNNAMED, currency_read(view)[0] or UNNAMED) + was_before(view, around.siblings)
    first = view.arrivals[0] if view.arrivals else None
    how = f" with {first.name}" if first else ""
    mailed = mail_sender(originals.get(first.id, b"")) if first else ""
    if mailed:
        buyer = mapping(mapping(view.input).get("buyer"))
        who = str(buyer.get("name") or "") if str(buyer.get("email") or who) in mailed else who
        beside = f"; the document names {named(who)} as who orders" if who and who not in mailed else ""
        return f"{named(mailed)} sent {asked or 'a mail'}{beside}. It came{how} at {when(line.received_at)}."
    if who:
        return (
            f"{line.id} came{how} at {when(line.received_at)}: {asked}; the document names {named(who)} as who orders."
        )
    return f"{line.id} came{how} at {when(line.received_at)}" + (f": {asked}." if asked else ".")


def _currency(view: CaseView) -> Iterator[str]:
    """Yields where the currency of the sum comes from that the document does not name."""
    currency, tool = currency_read(view)
    if currency and UNNAMED in gist(view.input):
        yield f"The document names no currency: {currency} is what {tool} gave for its customer."


def _customer(view: CaseView) -> Iterator[str]:
    """Yields who its customer is by the checks of its agent, where the document gives a number and no name."""
    if mapping(mapping(view.input).get("buyer")).get("name"):
        return
    for one in checks_of(view):
        if one.startswith(_CUSTOMER):
            yield f"Its customer is {one.removeprefix(_CUSTOMER).partition(', found')[0].rstrip('.')}."
            return


def _sent_back(view: CaseView) -> Iterator[str]:
    """Yields which case this one was opened again from, and by whom."""
    for event in view.events:
        if event.kind == "case.opened" and event.refs.get("again") is not None:
            who = event.actor.removeprefix("person:")
            yield f"{who} gave it back to the agent, after C-{event.refs['again']} had been left to people."


def _again(view: CaseView) -> Iterator[str]:
    for one in view.arrivals:
        if one.relation == "resend":
            yield (
                f"The same came again with {one.name} ({one.id}) at {when(one.received_at)}: it was attached here, and"
                f" nothing was done a second time; {stands(view)}."
            )


def _became(one: EffectView, view: CaseView, around: Surroundings) -> str:
    """Returns what became of one writing call and why; empty for one that another took the place of."""
    decisions = [each for each in view.decisions if effect_of(each, view) == one.id and not each.tool.startswith(UNDO)]
    last = decisions[-1] if decisions else None
    reviews = [each for each in view.reviews if each.effect == one.id]
    asked = _asked(one, view, reviews)
    match one.state:
        case "superseded":
            return ""
        case "committed" | "undone":
            tried = sends(view.events, one)
            times = "" if tried <= 1 else f", sent {tried} times"
            if any(each.kind == "effect.unknown" and f"E-{each.refs.get('effect')}" == one.id for each in view.events):
                times += "; its reply was lost, and it was looked up instead of sent once more"
            back = f". It was taken back: {_undone(one, around)}" if one.state == "undone" else ""
            done = f"{one.tool} ({one.id}) happened at {when(one.settled_at)}{times}: {answer(one)}{back}."
            return f"{done} {asked or _alone(last, view, around)}".rstrip()
        case "virtual":
            would = str(mapping(one.result).get("would"))
            went = {
                "allow": "have happened",
                "hold": f"have waited for {mapping(one.result).get('role') or 'a person'}",
            }
            return (
                f"In shadow nothing is written: {one.tool} ({one.id}) would {went.get(would, 'have been denied')}."
                + (f" {_gate(last, view)}" if last is not None and last.verdict != "allow" else "")
            )
        case "held":
            return f"{one.tool} ({one.id}) waits for a person; nothing was sent." + (
                f" {_gate(last, view)}" if last else ""
            )
        case "denied" | "cancelled":
            why = f" {_gate(last, view)}" if last is not None and last.verdict == "deny" else ""
            if last is not None and of_grants(last):
                why = " ".join([why, *lessened(view)])
            return f"{one.tool} ({one.id}) did not happen; nothing was sent.{f' {asked}' if asked else ''}{why}"
        case "unknown":
            return f"{one.tool} ({one.id}) may have happened: no reply came, and nobody knows yet."
        case "failed":
            return f"{one.tool} ({one.id}) did not happen: {message(one.result)}."
        case _:
            return f"{one.tool} ({one.id}) is being sent."


def _asked(one: EffectView, view: CaseView, reviews: list[CaseReview]) -> str:
    """Returns who decided about a call, and why they were asked; empty where nobody did."""
    before = [each for each in view.effects if each.superseded_by == one.id]
    reviews = reviews + [each for each in view.reviews for old in before if each.effect == old.id]
    told = []
    for each in reviews:
        if each.decided_by is None or each.kind == "question":
            continue
        held = [
            gate for gate in view.decisions if gate.verdict == "hold" and effect_of(gate, view) in (each.effect, one.id)
        ]
        why = f", which was asked because {_reasons(held[0], view)}" if held else ""
        gave = f": {brief(each.answer, _WHY)}" if each.state == "rejected" and each.answer else ""
        edits = changes(each)
        gave = f": {'; '.join(edits)}" if edits else gave
        told.append(
            f"{each.decided_by} {each.state} it for {each.role} at {when(each.decided_at)} ({each.id}){why}{gave}."
        )
    return " ".join(told)


def _alone(last: DecisionView | None, view: CaseView, around: Surroundings) -> str:
    if last is None or last.verdict != "allow":
        return ""
    rule = figures(bound(last, view, around))
    return "Nobody was asked: " + (f"its rule is {rule}, and it kept to it." if rule else f"{_reasons(last, view)}.")


def _gate(one: DecisionView, view: CaseView) -> str:
    """Returns why a call was held or denied, by which policy, and what would have let it through."""
    verdict = f"held for {one.role or 'a person'}" if one.verdict == "hold" else "denied"
    policies = ", ".join(dict.fromkeys(str(mapping(reason).get("policy_id")) for reason in items(one.reasons)))
    remedies = dict.fromkeys(str(mapping(each)["remedy"]) for each in items(one.reasons) if mapping(each).get("remedy"))
    remedy = f" It takes: {'; '.join(remedies)}." if remedies else ""
    why = f"because {_reasons(one, view)} ({one.number})"
    return f"The call of {one.tool} was {verdict} by policy {policies}, {why}.{remedy}"


def _reasons(one: DecisionView, view: CaseView) -> str:
    told = []
    for reason in map(mapping, items(one.reasons)):
        said = str(reason.get("text") or "no reason is recorded").rstrip(".")
        if reason.get("argument") and reason.get("found"):
            said += f" ({reason['argument']} is {reason['found']}{bare(reason, args_of(one, view))})"
        elif reason.get("found") and str(reason.get("policy_id")).startswith("limits."):
            said += f" ({reason['found']}{passes(reason, one.at)})"
        told.append(said)
    return "; ".join(told) or "no reason is recorded"


def _nothing_written(view: CaseView) -> str:
    line, outcome = view.case, mapping(view.outcome)
    output = mapping(outcome.get("output"))
    own = [one for one in view.reviews if one.kind in _FENCED]
    paused = [str(event.refs["paused_tool"]) for event in view.events if event.refs.get("paused_tool")]
    if own:
        wanted = f" It had waited to call {paused[-1]}, which was paused." if paused else ""
        left = f"{own[-1].role} ({own[-1].id}) at {when(own[-1].opened_at)}: {_said(own[-1], view)}."
        return f"The agent wrote nothing and left it to {left}{wanted}"
    if line.outcome == "would_hand_over":
        why = brief(outcome.get("reason"), _WHY).rstrip(".")
        role = outcome.get("role") or "a person"
        return f"In shadow nobody is asked: the agent would have left it to {role}: {why}."
    if line.state == "done":
        kind = f" as {output['kind']}" if output.get("kind") else ""
        why = f": {brief(output['reason'], _WHY).rstrip('.')}" if output.get("reason") else ""
        return f"The agent wrote nothing and ended it{kind}{why}."
    return "The agent has written nothing so far."


def _left(view: CaseView) -> Iterator[str]:
    for one in view.reviews:
        if one.kind in _FENCED:
            yield f"The case was left to {one.role} ({one.id}) at {when(one.opened_at)}: {_why(one)}."


def _said(one: CaseReview, view: CaseView) -> str:
    """Returns why a case was left to people: where its document was flagged for that, in the words of the flag."""
    flag = flagged(view.input).get(str(mapping(one.shown).get("cause")))
    return flag.rstrip(".") if flag else _why(one)


def _why(one: CaseReview) -> str:
    return brief(about(one), _WHY).rstrip(".")


def _given_back(view: CaseView, around: Surroundings) -> CaseView | None:
    """Returns the case as which a person gave this one back to the agent; None where nobody did."""
    number = parse("C", view.case.id)
    for one in around.siblings:
        if any(event.kind == "case.opened" and event.refs.get("again") == number for event in one.events):
            return one
    return None


def _time(view: CaseView, around: Surroundings) -> Iterator[str]:
    line = view.case
    if line.state != "done" or line.closed_at is None:
        return
    later = _given_back(view, around)
    if later is not None:
        by = f" ({one.decided_by})" if (one := _last_decided(view)) is not None else ""
        yield f"A person gave it back to the agent{by} at {when(line.closed_at)}: it goes on as {later.case.id}."
        return
    took = duration((line.closed_at - line.received_at).total_seconds())
    by = f" {_closed(view)}" if line.outcome == "settled_by_person" else ""
    how = "handed back undone" if rejected(view) else "done"
    yield f"It was {how} {took} after it came, at {when(line.closed_at)}.{by}"


def _closed(view: CaseView) -> str:
    """Returns who closed a case, when, and in which words."""
    one = _last_decided(view)
    if one is None:
        return "A person closed it."
    wrote = spelled(one.answer, _WHY) if one.answer is not None else "nothing"
    return f"{one.decided_by} closed it for {one.role} at {when(one.decided_at)} ({one.id}) and wrote: {wrote}"


def _last_decided(view: CaseView) -> CaseReview | None:
    return next((one for one in reversed(view.reviews) if one.decided_by is not None), None)


def _to_do(view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields what somebody has to do now, with the command; that nobody has, where it is so."""
    line = view.case
    open_ones = [one for one in view.reviews if one.state == "open"]
    for one in open_ones:
        due = until(one)
        rest = "" if one.due_at else " No time is set by which it is due."
        command, end = f"bridgehead review {one.id}", f".{rest}" if rest else ""
        if one.kind in _FENCED:
            wanted = str(mapping(one.shown).get("to_do") or f"do by hand {_left_undone(view, around)}")
            yield (
                f"To do{due}: {one.role} is to {brief(wanted, _WHY).rstrip('.')}. Then the case is closed:"
                f' {command} answer "what was done".{rest}{_again_by(view, command)}'
            )
            yield from goes_on(one)
        elif one.kind == "unknown_effect":
            yield f"To do: {one.role} looks{due} in the target system, then says what it found: {command}{end}"
        else:
            verbs = "|".join(VERBS[one.kind])  # type: ignore[index]  # a kind
            yield f"To do: {one.role} decides{due}: {command} {verbs}{end}"
            yield from goes_on(one)
    if open_ones:
        yield from not_before(view, around.siblings)
        yield from taken_back(view, around.siblings)
    yield from _stopped(view, around)
    if not open_ones and line.state == "done":
        later = _given_back(view, around)
        about_it = waiting_about(view, around.siblings)
        if later is not None:
            yield f"To do: nothing here; see {later.case.id}."
        else:
            yield f"To do: nothing here. About the same business {about_it}" if about_it else "To do: nothing."
    elif not open_ones and line.state != "with_person":
        yield f"To do: nothing; it goes on by itself{f' after {line.waits}' if line.waits else ''}."


def goes_on(one: CaseReview) -> Iterator[str]:
    """Yields who has an open review once its time is over."""
    if one.due_at is None:
        return
    yield (
        f"If nobody decides {one.id} by then, it goes to {one.then}."
        if one.then
        else f"If nobody decides {one.id} by then, it is overdue, and stays with {one.role}."
    )


def _left_undone(view: CaseView, around: Surroundings) -> str:
    """Returns what is left of a case, where its agent did not say: what its writing tools do, and in which systems."""
    manifest = mapping(around.manifests.get(view.case.release))
    done = {one.tool for one in view.effects if one.state in ("committed", "unknown")}
    missed = [
        f"{one.tool} ({one.id})" for one in view.effects if one.state in ("denied", "failed", "cancelled", "held")
    ]
    writing = missed or [
        name
        for name, tool in mapping(manifest.get("tools")).items()
        if mapping(tool).get("effect_class") in ("reversible", "irreversible") and name not in done
    ]
    read = [str(mapping(one).get("source") or "") for step in view.steps for one in items(step.sources)]
    systems = list(dict.fromkeys(one.partition(".")[0] for one in read if one))
    what = f"what {' and '.join(writing)} would have done" if writing else "what the case asks for"
    return what + (f", in {' and '.join(systems)}" if systems else "")


def _again_by(view: CaseView, command: str) -> str:
    """Returns how a case is given back to the agent, or that it is not."""
    if refused := not_again(view):
        return f" The agent does not take it up again: {refused}."
    return (
        " The agent does not take it up again, unless you send it back once what stopped it is put right:"
        f' {command} answer "why" --again'
    )


def _stopped(view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields what became of the stop that denied a call of the case, and what brings its work back."""
    denied = [
        one
        for one in view.decisions
        if one.verdict == "deny"
        and any(mapping(each).get("policy_id") == "gate.suspended" for each in items(one.reasons))
    ]
    kills = [stop for stop in around.stops if stop.action == "kill" and denied and stop.at <= denied[-1].at]
    if not kills:
        return
    stop = kills[-1]
    what = f"{stop.kind} {stop.name}".rstrip()
    now = "still stands" if stop.lifted_at is None else f"was lifted at {when(stop.lifted_at)}"
    yield (
        f"The kill of {what} by {stop.by} ({stop.reason}) {now}. What it denied stays denied in this case;"
        f" other cases go on once it is lifted{_resume(stop)}. A pause would have let this one wait."
    )


def _resume(stop: StopLine) -> str:
    if stop.lifted_at is not None:
        return ""
    return ": " + (f"bridgehead resume --tool {stop.name}" if stop.kind == "tool" else "bridgehead controls says how")


def _undone(one: EffectView, around: Surroundings) -> str:
    found = [line for line in around.undos if line.effect == one.id and line.state == "undone"]
    return f"{when(found[-1].at)} by {found[-1].by}: {found[-1].reason}" if found else "see below"
