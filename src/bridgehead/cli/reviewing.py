"""One review as a person reads it: what is asked, about what, what stands against it, and how to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead.cli.output import brief, clean, facts, heading, lines_of, money, note, one_line, print_json, table, when
from bridgehead.cli.places import without_empty
from bridgehead.cli.telling_gist import flags
from bridgehead.ids import show
from bridgehead.reviews.model import FENCING, VERBS, Review
from bridgehead.reviews.stakes import sums
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.queries_case_view import Rival

_WORDS: Final = {
    "approval": "a call that waits for approval",
    "question": "a question of the agent's",
    "exception": "a case that has left the agent's hands",
    "unknown_effect": "a call of which nobody knows whether it happened",
    "deadline": "a case whose deadline has passed",
    "conflict": "a call that conflicts with an earlier one",
    "document": "a document that a person must look at",
    "audit": "a second look at what was decided",
    "seeded": "a check: a call that was wrong on purpose",
}
_SENT: Final = {"intended": "is being sent", "unknown": "may have been sent", "committed": "happened"}
_OF_MACHINES: Final = ("branch", "occurrence", "effect_class", "error_class")
"""What a review carries to be found again, or what stands in its head already."""
_REFUSALS: Final = ("policy_denied", "budget_exhausted")
"""Classes in which a refused call ends: nothing broke, so where it was raised says nothing."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a review does not carry itself: the input of its case, and the effect that holds its call's key.

    ``unserved`` is the release of its case, where no living worker serves it. ``refused`` says why calls of the case
    were held or denied: policy, reason and remedy of each.
    """

    input: JSON = None
    rival: Rival | None = None
    unserved: str | None = None
    refused: tuple[str, ...] = ()
    acts_for: str | None = None
    """The user whose authority the case has; None where it has the deployment's own."""
    not_again: str = ""
    """Why its case is not given back to the agent; empty where it may be."""


async def beside(app: App, review: Review) -> Beside:
    """Returns what stands beside a review."""
    queries = CaseQueries(app.database, app.vault)
    rival = None
    if review.kind == "conflict" and review.effect_id is not None:
        rival = await queries.rival(review.effect_id)
    if review.case_id is None:
        return Beside(None, rival)
    refused: tuple[str, ...] = ()
    stays = ""
    if review.kind in FENCING and review.state == "open":
        from bridgehead.cli.telling_outcome import not_again

        stays = not_again(await queries.case(review.case_id))
    if review.error_class in _REFUSALS or review.kind == "approval":
        from bridgehead.cli.telling_short import refusals

        refused = tuple(refusals(await queries.case(review.case_id), review.effect_id))
    return Beside(
        await queries.input(review.case_id),
        rival,
        await queries.unserved(review.case_id),
        refused,
        await queries.acts_for(review.case_id),
        stays,
    )


def show_review(review: Review, deployment: str, others: Beside) -> None:
    """Prints a review, and how to decide it."""
    about = show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0)
    pairs = [
        ("review", f"{show('R', review.id)}, {_WORDS[review.seen_as()]}"),
        ("about", f"{about} of {deployment}" + ("" if review.case_id is None else f": bridgehead case {about}")),
        *([("acts for", others.acts_for)] if others.acts_for else []),
        ("role", review.role),
        (
            "state",
            review.state + (f" by {review.decided_by} at {when(review.decided_at)}" if review.decided_by else ""),
        ),
        ("opened", f"{when(review.opened_at)} (times are in UTC)"),
    ]
    pairs += [("due", when(review.due_at))] if review.due_at else []
    pairs += _sums(review, others.input)
    pairs += _standing(review)
    pairs += [("error class", review.error_class)] if review.error_class else []
    shown = {name: value for name, value in review.shown.items() if name not in _OF_MACHINES}
    conflict = shown.pop("conflict", None)
    shown.pop("value", None)
    if "schema" in shown:
        shown["form of the answer"] = shown.pop("schema")
    for name in ("reason", "question"):
        if name in shown:
            pairs.append((name, " ".join(str(shown.pop(name)).split())))
    facts(pairs)
    args = shown.get("args")
    if "args" in shown:
        sent = "What may have been sent" if review.kind == "unknown_effect" else "What would be sent"
        heading(f"{sent}: {clean(str(shown.pop('tool', 'the call')))}")
        print_json(shown.pop("args"))
        if review.args_digest is not None:
            print(f"digest {review.args_digest.hex()}")
    why = shown.pop("why", None)
    if conflict is not None:
        _conflict(str(conflict), args, others.rival)
    elif why and not others.refused:
        _list("Why a person decides", why if isinstance(why, list) else [why])
    _list("What the gate said", others.refused)
    given = shown.pop("input", others.input)
    if given is not None and review.case_id is not None:
        heading("What the agent was given")
        print(lines_of(without_empty(given), 24, whole=f"'bridgehead case {about} --json'"))
    _list("What stands out in the document", tuple(flags(given)))
    _known(review, shown)
    if review.answer is not None:
        heading("What was decided")
        print(one_line(review.answer, 2_000))
    if review.state == "open":
        _how(review, others.not_again)


def _sums(review: Review, given: JSON) -> list[tuple[str, str]]:
    """Returns what is at stake and what that is, and how each other sum differs from it."""
    said = []
    for place, one in enumerate(sums(review.shown, given)):
        text = f"{money(one.amount, one.currency)}, {one.what}"
        if one.more is not None:
            text += f": {abs(one.more):,.2f} {'more' if one.more > 0 else 'less'}"
        said.append(("also" if place else "at stake", f"{text}. {one.why}" if one.why else text))
    return said


def _standing(review: Review) -> list[tuple[str, str]]:
    """Returns what else there is to know of a review that nobody has decided."""
    if review.state != "open":
        return [("decided for", review.decided_for)] if review.decided_for else []
    said = []
    if review.claimed_by is not None and review.claim_until is not None:
        said.append(("claimed", f"by {review.claimed_by}, until {when(review.claim_until)}"))
    if review.timed_out_at is not None:
        said.append(("late", f"nobody decided in time, and nobody comes next (since {when(review.timed_out_at)})"))
    if review.no_channel_at is not None:
        said.append(("not told", f"nobody could be told of it (since {when(review.no_channel_at)})"))
    return said


def _list(title: str, sentences: Sequence[object]) -> None:
    if sentences:
        heading(title)
        for sentence in sentences:
            print(f"- {clean(str(sentence))}")


def _known(review: Review, shown: dict[str, JSON]) -> None:
    trace = shown.pop("traceback", None)
    shown = {name: value for name, value in shown.items() if value not in (None, "", [], {})}
    if shown:
        heading("What is known")
        for name, value in shown.items():
            if isinstance(value, Mapping | list) and len(one_line(value, None)) > 100:  # noqa: PLR2004  # one line of a screen
                print(f"{clean(name)}:\n{lines_of(value, 24)}")
            else:
                facts([(name, value if isinstance(value, str) else one_line(value, None))])
    if isinstance(trace, str) and review.error_class not in _REFUSALS:
        heading("Traceback")
        print(clean(trace, keep_lines=True))


def _conflict(said: str, args: JSON, rival: Rival | None) -> None:
    """Says which other effect stands against a call, and where the two differ."""
    heading("Why a person decides")
    if rival is None:
        print(f"- {clean(said)}")
        print("- That effect does not hold the key any more.")
        return
    at = "" if rival.settled_at is None else f" at {when(rival.settled_at)}"
    state = _SENT.get(rival.state, rival.state)
    print(f"- {rival.effect} of {rival.case} has the same key and {state}{at}; a key is used once.")
    print(f"- All about it: bridgehead explain {rival.case}")
    differing = list(_differences(args, rival.args))
    if not differing:
        print("- Both have the same arguments: this would be the same call once more.")
        return
    heading(f"This call and {rival.effect}")
    table(("field", "this call", rival.effect), differing, empty="")


def _differences(ours: JSON, theirs: JSON, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yields each place where two arguments differ, with what stands there in either."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in dict.fromkeys((*ours, *theirs)):
            below = f"{path}.{name}" if path else name
            if name in ours and name in theirs:
                yield from _differences(ours[name], theirs[name], below)
            else:
                yield below, _cell(ours, name), _cell(theirs, name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, f"{path}[{at}]")
    elif ours != theirs:
        yield path or "arguments", brief(ours, 60), brief(theirs, 60)


def _cell(of: Mapping[str, JSON], name: str) -> str:
    return brief(of[name], 60) if name in of else "-"


def _how(review: Review, not_again: str) -> None:
    number = show("R", review.id)
    command = f"bridgehead review {number}"
    if review.kind == "unknown_effect":
        note("\nLook in the other system. Then say what you found:")
        note(f"  {command} answer --happened ['what the call would have returned']")
        note(f"  {command} answer --did-not-happen")
        note(f"  {command} take")
    else:
        note(f"\nDecide: {command} {'|'.join(VERBS[review.kind])}")
        if not_again:
            note(f"It is not given back to the agent: {not_again}.")
        elif review.kind in FENCING:
            note(f'Or, once what stopped it is put right, give it back to the agent: {command} answer "why" --again')
    if review.arrival_id is not None:
        note(f"The original: bridgehead arrival {show('A', review.arrival_id)} --original FILE")
