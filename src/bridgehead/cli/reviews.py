"""``reviews`` and ``review``: the work of people, and their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import (
    AsJson,
    By,
    DeploymentFilter,
    Limit,
    after_id,
    check_role,
    deployment_name,
    one_of,
    person,
)
from bridgehead.cli.output import brief, clean, minute, money, note, one_line, print_json, table

if TYPE_CHECKING:
    from bridgehead.cli.deciding import Choice
    from bridgehead.cli.reviewing import Beside
    from bridgehead.cli.reviews_triage import Order
    from bridgehead.desk.reviewing_rows import ReviewRow
    from bridgehead.reviews.model import Review
    from bridgehead.storage.queries_reviews import ReviewLine

_STATES: Final = (
    "open",
    "approved",
    "edited",
    "rejected",
    "answered",
    "taken",
    "returned",
    "superseded",
    "cancelled",
    "expired",
    "all",
)
_WHY: Final = 90
_VERBS: Final = (
    "show",
    "approve",
    "edit",
    "reject",
    "answer",
    "back",
    "take",
    "claim",
    "release",
    "second",
    "seed",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    from bridgehead.cli import reviews_delegate

    app.command(epilog="Example: bridgehead reviews --role order-desk")(reviews)
    reviews_delegate.register(app)
    app.command(epilog="Example: bridgehead review R-3 edit --set order.total=950.00 --by pat")(review)


def reviews(
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only work of this role.")] = None,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help=f"One of {', '.join(_STATES)}.")] = "open",
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on above this line of the page before.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="ORDER", help="Open work grouped by reason, or one by one by due, age or money at stake."
        ),
    ] = None,
    measures: Annotated[
        bool, typer.Option("--measures", help="How reviewers do: time, agreement, planted mistakes that were caught.")
    ] = False,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="With --measures: decided within this time, such as 30d.")
    ] = "30d",
    as_json: AsJson = False,
) -> None:
    """List the work that waits for people."""
    if measures:
        _measures(deployment, since, as_json=as_json)
        return
    if by is not None:
        _chosen(by, deployment, role, state, after, as_json=as_json)
        return
    wanted = one_of("--state", state, _STATES)
    lines = opening.run_list(_lines(deployment, role, None if wanted == "all" else wanted, after_id("R", after), limit))
    if as_json:
        print_json({"reviews": lines, "next": lines[-1].id if len(lines) == limit else None})
        return
    undecided = wanted == "open"
    table(
        ("review", "about", "whom", "why", "at stake", "role", "due" if undecided else "decided"),
        [
            (
                line.id,
                line.case or line.arrival or "-",
                "-" if line.subject in (line.case, line.arrival) else line.subject,
                _why(line),
                "-" if line.stake is None else money(Decimal(line.stake), line.stake_currency or ""),
                line.role,
                minute(line.escalate_at) + (" late" if line.overdue else "") if undecided else _ended(line),
            )
            for line in lines
        ],
        empty="Nobody has anything to decide." if wanted == "open" else "There are no such reviews.",
    )
    if lines and len(lines) == limit:
        note(f"There may be more: --after {lines[-1].id}")


def _measures(deployment: str | None, since: str, *, as_json: bool) -> None:
    from bridgehead.cli import reviews_measures
    from bridgehead.spec.tool import parse_duration

    found = opening.run(reviews_measures.measured(deployment, parse_duration(since), person(None)))
    if as_json:
        print_json(reviews_measures.as_json(found))
    else:
        reviews_measures.print_measures(found)


def _chosen(by: str, deployment: str | None, role: str | None, state: str, after: str | None, *, as_json: bool) -> None:
    """Lists all open work so that people can choose what to do first."""
    from bridgehead.cli.reviews_triage import MOST, ORDERS, groups, print_groups, print_works, sorted_by, work_of
    from bridgehead.clock import utc_now
    from bridgehead.errors import UserError

    order = one_of("--by", by, ORDERS)
    if state != "open" or after is not None:
        raise UserError(
            "--by looks at all open work at once",
            code="reviews.by",
            hint="Leave --state and --after away.",
        )
    works = [work_of(one, subject) for one, subject in opening.run(_listing(deployment, role, MOST))]
    if order == "reason":
        found = groups(works)
        if as_json:
            print_json({"groups": found})
        else:
            print_groups(found, utc_now())
    else:
        works = sorted_by(works, cast("Order", order))
        if as_json:
            print_json({"reviews": works})
        else:
            print_works(works, utc_now())
    if len(works) == MOST:
        note(f"Only the oldest {MOST:,} are here: choose a role by --role.")


async def _listing(deployment: str | None, role: str | None, limit: int) -> Sequence[tuple[Review, str]]:
    """Returns open reviews, each with whom and what it is about."""
    from bridgehead.desk.reviewing_rows import subjects_of

    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        await check_role(app, role)
        found = [one for one, _ in await app.reviews.listing(deployment=name, role=role, limit=limit)]
        return list(zip(found, await subjects_of(app, found), strict=True))


def _why(line: ReviewLine) -> str:
    """Returns what kind of work it is and why it is there, the cause first, in a cell."""
    from bridgehead.reviews.gist import words_of

    cause = "" if line.reason.startswith(line.kind) else f" ({words_of(line.reason)})"
    named = line.reason if line.reason.startswith(line.kind) else f"{line.kind}{cause}"
    return brief(f"{named}: {line.why}" if line.why else named, _WHY)


def _ended(line: ReviewLine) -> str:
    by = f" by {line.decided_by}" if line.decided_by else ""
    return f"{line.state}{by}" + (f" {minute(line.decided_at)}" if line.decided_at else "")


async def _lines(
    deployment: str | None, role: str | None, state: str | None, after: int | None, limit: int
) -> Sequence[ReviewLine]:
    from bridgehead.storage.queries_reviews import review_lines

    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        await check_role(app, role)
        return await review_lines(
            app.database, app.vault, deployment=name, role=role, state=state, after=after, limit=limit
        )


def review(
    number: Annotated[str, typer.Argument(metavar="REVIEW", help="The review: R-3.")],
    verb: Annotated[str, typer.Argument(metavar="VERB", help=f"One of {', '.join(_VERBS)}.")] = "show",
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE", help="The answer, the reason of a rejection, or guidance; - reads it from input."
        ),
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
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="answer: give a case that has left the agent's hands back to it, as another case."
        ),
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="REVIEW", help="approve, reject: another held call of the case, all or none; repeat it."
        ),
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="HEX", help="Decide only if the arguments have this digest.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes", metavar="N", min=0, max=525_600, help="How long it took. Default: since it was opened."
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DEPLOYMENT", help="Where the role's rate stands. Default: here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one piece of work, or decide it.

    approve, edit and reject decide about a call that is held; back sends it back to the agent with
    what it should do instead; answer replies to a question, says whether an unknown call happened,
    or closes a case; take gives the case to you for good. A decision counts for exactly the
    arguments that 'show' prints, once; the second of two decisions is told so and exits with 1.
    Edited arguments are held to the tool's schema; without --set and --args they are opened in
    $EDITOR. claim tells others that you are at it, and release that you are not any more. second
    asks somebody else the same, blind; seed puts a wrong copy before the role, which is never sent.
    """
    from bridgehead.cli.deciding import Choice
    from bridgehead.cli.reviewing import show_review
    from bridgehead.ids import parse

    chosen = one_of("the verb", verb, _VERBS)
    review_id = parse("R", number)
    if chosen == "show":
        found, deployment, beside = opening.run(_find(review_id))
        if as_json:
            print_json(as_json_view(found, deployment, beside))
        else:
            show_review(found, deployment, beside)
        return
    if chosen in ("second", "seed"):
        number = opening.run(_look(review_id, chosen, person(by), settings or ()))
        print_json({"id": number}) if as_json else print(f"{number} is open.")
        return
    if chosen in ("claim", "release"):
        _claimed(opening.run(_claim(review_id, chosen, person(by), folder)), as_json=as_json)
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
        again=again,
        also=tuple(parse("R", one) for one in also or ()),
    )
    deployment, decided, beside, rest = opening.run(_decide(review_id, choice))
    if as_json:
        with_it = [as_json_view(one, deployment, beside) for one in rest]
        print_json(as_json_view(decided, deployment, beside) | ({"with": with_it} if also else {}))
        return
    for one in (decided, *rest):
        _decided(one, beside.unserved)


async def _find(review_id: int) -> tuple[Review, str, Beside]:
    from bridgehead.cli.reviewing import beside
    from bridgehead.ids import ReviewId

    async with opening.opened() as app:
        found, deployment = await app.reviews.find(ReviewId(review_id))
        return found, deployment, await beside(app, found)


async def _look(review_id: int, verb: str, by: str, settings: Sequence[str]) -> str:
    from bridgehead.cli.deciding import actor_of
    from bridgehead.desk import reviewing_measures

    async with opening.opened() as app:
        if verb == "second":
            return await reviewing_measures.second_look(app, actor_of(by), review_id)
        return await reviewing_measures.seed(app, actor_of(by), review_id, settings)


async def _claim(review_id: int, verb: str, by: str, folder: Path | None) -> ReviewRow:
    from bridgehead.cli.deciding import actor_of, described
    from bridgehead.desk import reviewing
    from bridgehead.ids import ReviewId

    async with opening.opened() as app:
        _, deployment = await app.reviews.find(ReviewId(review_id))
        described(app, deployment, folder)
        act = reviewing.claim if verb == "claim" else reviewing.release
        return await act(app, actor_of(by), review_id)


def _claimed(row: ReviewRow, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    elif row.claimed_by is None:
        print(f"{row.name} is before nobody.")
    else:
        print(clean(f"{row.name} is before {row.claimed_by} until {minute(row.claim_until)} (UTC)."))


async def _decide(review_id: int, choice: Choice) -> tuple[str, Review, Beside, Sequence[Review]]:
    from bridgehead.cli.deciding import decide
    from bridgehead.cli.reviewing import beside

    async with opening.opened() as app:
        deployment, decided, rest = await decide(app, review_id, choice)
        return deployment, decided, await beside(app, decided), rest


def as_json_view(review: Review, deployment: str, beside: Beside) -> dict[str, object]:
    """Returns a review as JSON: ids as people type them, what it shows, which decisions it takes."""
    from bridgehead.ids import show
    from bridgehead.reviews.model import VERBS

    return {
        "id": show("R", review.id),
        "deployment": deployment,
        "kind": review.seen_as(),
        "role": review.role,
        "state": review.state,
        "case": None if review.case_id is None else show("C", review.case_id),
        "arrival": None if review.arrival_id is None else show("A", review.arrival_id),
        "effect": None if review.effect_id is None else show("E", review.effect_id),
        "error_class": review.error_class,
        "shown": review.shown,
        "acts_for": beside.acts_for,
        "conflict_with": beside.rival,
        "digest": review.args_digest,
        "takes": VERBS[review.kind] if review.state == "open" else (),
        "opened_at": review.opened_at,
        "due_at": review.due_at,
        "claimed_by": review.claimed_by,
        "claim_until": review.claim_until,
        "decided_at": review.decided_at,
        "decided_by": review.decided_by,
        "answer": review.answer,
        "used": review.used,
    }


def _revealed(review: Review) -> None:
    if review.kind == "seeded":
        told = "you noticed" if review.state != "approved" else "you approved it"
        print(f"It was a check: the call was wrong on purpose, and {told}. Nothing is sent, whatever was decided.")
    else:
        print("It was a second look at what was decided before; nothing is sent.")


def _decided(review: Review, unserved: str | None) -> None:
    from bridgehead.ids import show
    from bridgehead.reviews.model import LOOKING

    what = review.shown.get("tool")
    told = f"{show('R', review.id)} is {review.state} by {review.decided_by}"
    if what is not None and review.state in ("approved", "edited", "rejected", "returned"):
        args = review.shown.get("args")
        if review.state == "edited" and isinstance(review.answer, dict):
            args = review.answer.get("args")
        told += f": {what} {one_line(args, None)}"
    print(clean(told))
    if review.kind in LOOKING:
        _revealed(review)
    elif review.case_id is not None:
        print(f"'bridgehead explain {show('C', review.case_id)}' says what comes of it.")
        if unserved is not None:
            note(f"No worker serves its release {unserved[:12]}: it goes on once one does.")
