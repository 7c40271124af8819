"""``delegate``: who stands in for whom, for how long; on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, person, reason_of
from bridgehead.cli.output import clean, note, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.reviews_people import Delegation


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead delegate order-desk kim --for 14d --why 'on holiday' --by pat")(delegate)


def delegate(
    role: Annotated[str | None, typer.Argument(metavar="ROLE", help="The role that is handed on.")] = None,
    to: Annotated[str | None, typer.Argument(metavar="PERSON", help="Who decides in it meanwhile.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until when, such as 2026-12-24T18:00+01:00.")
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="For how long, from now on: 12h, 14d.")
    ] = None,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why, for the record.")] = None,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", metavar="NAME", help="Whose role; may be left out where only one has it."),
    ] = None,
    end: Annotated[int | None, typer.Option("--end", metavar="NUMBER", help="Take a role back at once.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Hand one of your roles to somebody else for a time, take it back, or list who stands in for whom.

    The other decides under their own name, as long as you have the role yourself. A role that was
    handed to you is not handed on.
    """
    from bridgehead.errors import UserError

    if end is not None:
        ended = opening.run(_end(end, person(by)))
        print(f"Delegation {end} is over." if ended else f"Delegation {end} was over already.")
        return
    if role is None:
        found = opening.run_list(_listing())
        print_json(found) if as_json else _print(found)
        return
    if to is None or (until is None) == (lasting is None):
        raise UserError(
            "it is not clear to whom the role is handed, or for how long",
            code="delegation.until",
            hint="bridgehead delegate ROLE PERSON --for 14d --why TEXT",
        )
    reason = reason_of(why, "who reads the record asks why somebody else decided")
    made = opening.run(_hand(deployment, role, to, until, lasting, reason, person(by)))
    if as_json:
        print_json(made)
    else:
        print(
            clean(f"{made.to_person} decides for {made.role} of {made.deployment} until {when(made.until_at)} (UTC).")
        )
        note(f"Taken back by: bridgehead delegate --end {made.id}")


def _print(found: Sequence[Delegation]) -> None:
    table(
        ("number", "role", "deployment", "of", "decides", "until (UTC)", "why"),
        [
            (str(one.id), one.role, one.deployment, one.from_person, one.to_person, when(one.until_at), one.reason)
            for one in found
        ],
        empty="Nobody stands in for anybody.",
    )


async def _listing() -> Sequence[Delegation]:
    async with opening.opened() as app:
        return await app.delegations.listing()


async def _end(number: int, by: str) -> bool:
    from bridgehead.cli.deciding import actor_of
    from bridgehead.desk.reviewing_delegation import end_delegation

    async with opening.opened() as app:
        return await end_delegation(app, actor_of(by), number)


async def _hand(
    deployment: str | None, role: str, to: str, until: str | None, lasting: str | None, reason: str, by: str
) -> Delegation:
    from bridgehead.cli.deciding import actor_of
    from bridgehead.desk.reviewing_delegation import delegate
    from bridgehead.spec.tool import parse_duration

    async with opening.opened() as app:
        name = await _deployment(app, deployment, role)
        moment = (
            await app.reviews.now() + timedelta(seconds=parse_duration(lasting))
            if lasting is not None
            else _moment(until or "")
        )
        return await delegate(app, actor_of(by), name, role, to, until=moment, reason=reason)


async def _deployment(app: App, deployment: str | None, role: str) -> str:
    """Returns whose role is meant; raises UserError where several deployments have one of that name, or none does."""
    from bridgehead.cli.options import deployment_name
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest

    if deployment is not None:
        return await deployment_name(app, deployment) or deployment
    known = await app.roles.listing()
    having = [one.deployment for one in known if one.role == role]
    if len(having) != 1:
        raise UserError(
            f"{len(having)} deployments have a role {role!r}",
            code="role.unknown",
            hint=f"Name one of {', '.join(having)} with --deployment."
            if having
            else nearest(role, [one.role for one in known]) or "A role is known once its deployment was served.",
        )
    return having[0]


def _moment(text: str) -> datetime:
    from bridgehead.errors import UserError

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is no moment", code="delegation.until", hint="Write 2026-12-24T18:00+01:00, or --for 14d."
        ) from None
