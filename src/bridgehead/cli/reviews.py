"""``reviews`` and ``review``: the work of people, and their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, DeploymentFilter, Limit, after_id, deployment_name, one_of, person
from bridgehead.cli.output import clean, facts, heading, note, one_line, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.cli.deciding import Choice
    from bridgehead.reviews.model import Review
    from bridgehead.storage.queries import ReviewLine

_STATES: Final = (
    "open",
    "approved",
    "edited",
    "rejected",
    "answered",
    "taken",
    "superseded",
    "cancelled",
    "expired",
    "all",
)
_VERBS: Final = ("show", "approve", "edit", "reject", "answer", "take")
_WORDS: Final = {
    "approval": "a call that waits for approval",
    "question": "a question of the agent's",
    "exception": "a case that has left the agent's hands",
    "unknown_effect": "a call of which nobody knows whether it happened",
    "deadline": "a case whose deadline has passed",
    "conflict": "a call that conflicts with an earlier one",
    "document": "a document that a person must look at",
}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: bridgehead reviews --role order-desk")(reviews)
    app.command(epilog="Example: bridgehead review R-3 edit --set order.total=950.00 --by pat")(review)


def reviews(
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only work of this role.")] = None,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help=f"One of {', '.join(_STATES)}.")] = "open",
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on above this line of the page before.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the work that waits for people."""
    wanted = one_of("--state", state, _STATES)
    name = deployment_name(deployment)
    lines = opening.run(_lines(name, role, None if wanted == "all" else wanted, after_id("R", after), limit))
    if as_json:
        print_json({"reviews": lines, "next": lines[-1].id if len(lines) == limit else None})
        return
    table(
        ("review", "kind", "role", "state", "about", "error class", "opened", "due", "decided by"),
        [
            (
                line.id,
                line.kind,
                line.role,
                line.state,
                line.case or line.arrival or "-",
                line.error_class or "-",
                when(line.opened_at),
                when(line.escalate_at) + (" late" if line.overdue else ""),
                line.decided_by or "-",
            )
            for line in lines
        ],
        empty="Nobody has anything to decide." if wanted == "open" else "There are no such reviews.",
    )
    if lines and len(lines) == limit:
        note(f"There may be more: --after {lines[-1].id}")


async def _lines(
    deployment: str | None, role: str | None, state: str | None, after: int | None, limit: int
) -> Sequence[ReviewLine]:
    from bridgehead.storage.queries import Queries

    async with opening.opened() as app:
        queries = Queries(app.database, app.vault)
        return await queries.reviews(deployment=deployment, role=role, state=state, after=after, limit=limit)


def review(
    number: Annotated[str, typer.Argument(metavar="REVIEW", help="The review: R-3.")],
    verb: Annotated[str, typer.Argument(metavar="VERB", help=f"One of {', '.join(_VERBS)}.")] = "show",
    value: Annotated[
        str | None,
        typer.Argument(metavar="VALUE", help="The answer, or the reason of a rejection; - reads it from input."),
    ] = None,
    by: By = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="edit: change one argument; repeat it.")
    ] = None,
    args: Annotated[
        Path | None, typer.Option("--args", metavar="FILE", help="edit: take all arguments from a JSON file.")
    ] = None,
    happened: Annotated[
        bool | None,
        typer.Option("--happened/--did-not-happen", help="answer: whether the call took place in the other system."),
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="HEX", help="Decide only if the arguments have this digest.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="N", min=0, help="How long it took. Default: since it was opened."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DEPLOYMENT", help="Where the role's rate stands. Default: here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one piece of work, or decide it.

    approve, edit and reject decide about a call that is held; answer replies to a question,
    says whether an unknown call happened, or closes a case; take gives the case to you for good. A
    decision counts for exactly the arguments that 'show' prints, once; the second of two
    decisions is told so and exits with 1. Edited arguments are held to the tool's schema;
    without --set and --args they are opened in $EDITOR.
    """
    from bridgehead.cli.deciding import Choice
    from bridgehead.ids import parse

    chosen = one_of("the verb", verb, _VERBS)
    review_id = parse("R", number)
    if chosen == "show":
        found, deployment = opening.run(_find(review_id))
        if as_json:
            print_json(as_json_view(found, deployment))
        else:
            _show(found, deployment)
        return
    choice = Choice(
        verb=cast("str", chosen),
        value=value,
        by=person(by),
        settings=tuple(settings or ()),
        args=args,
        happened=happened,
        digest=digest,
        minutes=minutes,
        folder=folder,
    )
    deployment, decided = opening.run(_decide(review_id, choice))
    if as_json:
        print_json(as_json_view(decided, deployment))
        return
    _decided(decided)


async def _find(review_id: int) -> tuple[Review, str]:
    from bridgehead.ids import ReviewId

    async with opening.opened() as app:
        return await app.reviews.find(ReviewId(review_id))


async def _decide(review_id: int, choice: Choice) -> tuple[str, Review]:
    from bridgehead.cli.deciding import decide

    async with opening.opened() as app:
        return await decide(app, review_id, choice)


def as_json_view(review: Review, deployment: str) -> dict[str, object]:
    """Returns a review as JSON: ids as people type them, what it shows, which decisions it takes."""
    from bridgehead.ids import show
    from bridgehead.reviews.model import VERBS

    return {
        "id": show("R", review.id),
        "deployment": deployment,
        "kind": review.kind,
        "role": review.role,
        "state": review.state,
        "case": None if review.case_id is None else show("C", review.case_id),
        "arrival": None if review.arrival_id is None else show("A", review.arrival_id),
        "effect": None if review.effect_id is None else show("E", review.effect_id),
        "error_class": review.error_class,
        "shown": review.shown,
        "digest": review.args_digest,
        "takes": VERBS[review.kind] if review.state == "open" else (),
        "opened_at": review.opened_at,
        "due_at": review.escalate_at,
        "decided_at": review.decided_at,
        "decided_by": review.decided_by,
        "answer": review.answer,
        "used": review.used,
    }


def _show(review: Review, deployment: str) -> None:
    from bridgehead.ids import show
    from bridgehead.reviews.model import VERBS

    about = show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0)
    pairs = [
        ("review", f"{show('R', review.id)}, {_WORDS[review.kind]}"),
        ("about", f"{about} of {deployment}"),
        ("role", review.role),
        (
            "state",
            review.state + (f" by {review.decided_by} at {when(review.decided_at)}" if review.decided_by else ""),
        ),
        ("opened", when(review.opened_at)),
    ]
    pairs += [("due", when(review.escalate_at))] if review.escalate_at else []
    pairs += [("error class", review.error_class)] if review.error_class else []
    shown = dict(review.shown)
    for name in ("reason", "question", "conflict"):
        if name in shown:
            pairs.append((name, " ".join(str(shown.pop(name)).split())))
    facts(pairs)
    if "args" in shown:
        heading(f"What would be sent: {clean(str(shown.pop('tool', 'the call')))}")
        print_json(shown.pop("args"))
        if review.args_digest is not None:
            print(f"digest {review.args_digest.hex()}")
    why = shown.pop("why", None)
    if why:
        heading("Why a person decides")
        for reason in why if isinstance(why, list) else [why]:
            print(f"- {clean(str(reason))}")
    trace = shown.pop("traceback", None)
    if shown:
        heading("What is known")
        facts([(name, one_line(value, 1_000)) for name, value in shown.items()])
    if isinstance(trace, str):
        heading("Traceback")
        print(clean(trace, keep_lines=True))
    if review.answer is not None:
        heading("What was decided")
        print(one_line(review.answer, 2_000))
    if review.state == "open":
        takes = "|".join(VERBS[review.kind])
        note(f"\nDecide: bridgehead review {show('R', review.id)} {takes}")
        if review.arrival_id is not None:
            note(f"The original: bridgehead arrival {show('A', review.arrival_id)} --original FILE")


def _decided(review: Review) -> None:
    from bridgehead.ids import show

    what = review.shown.get("tool")
    told = f"{show('R', review.id)} is {review.state} by {review.decided_by}"
    if what is not None and review.state in ("approved", "edited", "rejected"):
        args = review.shown.get("args")
        if review.state == "edited" and isinstance(review.answer, dict):
            args = review.answer.get("args")
        told += f": {what} {one_line(args, None)}"
    print(clean(told))
    if review.case_id is not None:
        print(f"'bridgehead explain {show('C', review.case_id)}' says what comes of it.")
