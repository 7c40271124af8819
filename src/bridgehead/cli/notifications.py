"""``notifications``: who was told of which work, what is still tried, and what nobody could be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, DeploymentFilter, Limit, after_id, deployment_name, one_of
from bridgehead.cli.output import clean, minute, note, one_line, print_json, table
from bridgehead.ids import parse, show

if TYPE_CHECKING:
    from bridgehead.storage.notifications import Listed, Untold

_STATES: Final = ("due", "sent", "failed", "dropped", "all")
_MOST: Final = 1_000

group = typer.Typer(
    no_args_is_help=True,
    help="Who was told of work that waits for people, what is still tried, and what nobody could be told of.",
)

ReviewFilter = Annotated[str | None, typer.Option("--review", metavar="ID", help="Only this review, such as R-3.")]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(group, name="notifications")


@group.command("list", epilog="Example: bridgehead notifications list --state failed")
def list_(
    review: ReviewFilter = None,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help=f"One of {', '.join(_STATES)}.")] = "all",
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on below this line of the page before.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List messages, newest first, and above them the open reviews that nobody could be told of."""
    wanted = one_of("--state", state, _STATES)
    number = None if review is None else parse("R", review)
    pages = opening.run_list(
        _read(deployment, number, None if wanted == "all" else wanted, after_id("N", after), min(limit, _MOST))
    )
    untold, found = pages[0] if pages else ((), ())
    if as_json:
        print_json(
            {
                "no_channel": [_untold(one) for one in untold],
                "notifications": [_facts(one) for one in found],
                "next": show("N", found[-1].id) if len(found) == limit else None,
            }
        )
        return
    for one in untold:
        again = f"; it is tried again at {minute(one.again_at)} UTC" if one.again_at is not None else ""
        note(
            f"{show('R', one.review_id)} of {clean(one.deployment)} waits for {clean(one.role)}, and nobody could be"
            f" told since {minute(one.since)} UTC{again}"
        )
    table(
        ("message", "review", "event", "channel", "to", "state", "tries", "next or last (UTC)", "why"),
        [
            (
                show("N", one.id),
                show("R", one.review_id),
                one.event,
                one.channel,
                one.person or one.role,
                one.state,
                str(one.attempts),
                minute(one.next_at or one.settled_at),
                one_line(f"{one.error_class}: {one.why}" if one.error_class else one.why, 60),
            )
            for one in found
        ],
        empty="Nobody was told of anything.",
    )
    if found and len(found) == limit:
        note(f"There may be more: --after {show('N', found[-1].id)}")


@group.command(epilog="Example: bridgehead notifications retry R-3")
def retry(
    review: Annotated[str | None, typer.Argument(metavar="[REVIEW]", help="One review; default: all.")] = None,
    deployment: DeploymentFilter = None,
    as_json: AsJson = False,
) -> None:
    """Try again at once what was given up, from the first channel on; what was taken is not sent twice.

    Only reviews that still wait for a person. A worker that serves the deployment sends.
    """
    number = None if review is None else parse("R", review)
    count = opening.run(_retry(deployment, number))
    if as_json:
        print_json({"reviews": count})
    elif count:
        print(f"{count} {'review is' if count == 1 else 'reviews are'} told of again by the next worker.")
    else:
        print("There is nothing to try again.")


async def _read(
    deployment: str | None, review: int | None, state: str | None, after: int | None, limit: int
) -> Sequence[tuple[Sequence[Untold], Sequence[Listed]]]:
    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        untold = await app.notifications.untold(deployment=name, review=review, limit=limit) if after is None else ()
        found = await app.notifications.listing(deployment=name, review=review, state=state, after=after, limit=limit)
    return [(untold, found)]


async def _retry(deployment: str | None, review: int | None) -> int:
    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        return await app.notifications.retry(review=review, deployment=name)


def _facts(one: Listed) -> dict[str, object]:
    return {
        "id": show("N", one.id),
        "review": show("R", one.review_id),
        "deployment": one.deployment,
        "role": one.role,
        "event": one.event,
        "channel": one.channel,
        "kind": one.kind,
        "person": one.person or None,
        "state": one.state,
        "attempts": one.attempts,
        "error_class": one.error_class,
        "why": one.why,
        "next_at": one.next_at,
        "settled_at": one.settled_at,
        "review_state": one.review_state,
        "dedupe": one.dedupe,
    }


def _untold(one: Untold) -> dict[str, object]:
    return {
        "review": show("R", one.review_id),
        "deployment": one.deployment,
        "role": one.role,
        "since": one.since,
        "again_at": one.again_at,
    }
