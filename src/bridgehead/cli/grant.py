"""``grant``: for whom cases act, within what, and how that is ended or made smaller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, DeploymentFilter, Limit, person, reason_of
from bridgehead.cli.output import clean, facts, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.money import Money
    from bridgehead.storage.grants import Found

CaseOf = Annotated[str, typer.Argument(metavar="C-17", help="The case whose grant it is.")]
Why = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why; it is on the record.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Grants: for whom cases act, and within what.")
    group.command("list", epilog="Example: bridgehead grant list --of anna")(list_)
    group.command(epilog="Example: bridgehead grant show C-17")(show)
    group.command(epilog="Example: bridgehead grant revoke C-17 --why 'the customer withdrew it'")(revoke)
    group.command(epilog="Example: bridgehead grant narrow C-17 --tool get_customer --why 'no booking today'")(narrow)
    group.command("rotate-key", epilog="Example: bridgehead grant rotate-key")(rotate_key)
    app.add_typer(group, name="grant")


def list_(
    of: Annotated[str | None, typer.Option("--of", metavar="NAME", help="Only grants of this person.")] = None,
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List grants, the newest first: whose, for which case, what they reach, and whether they stand."""
    found = opening.run_list(_listing(of, deployment, limit))
    if as_json:
        print_json([_json(one) for one in found])
        return
    rows = [
        (f"C-{one.case_id}", one.deployment, one.subject, one.stands, _tools(one), when(one.expires_at))
        for one in found
    ]
    table(("case", "deployment", "of", "how", "reaches", "until"), rows, empty="No case acts for anybody.")


def show(case: CaseOf, as_json: AsJson = False) -> None:
    """Show the grant of a case: whose it is, what it reaches, until when, and whether it stands."""
    from bridgehead.ids import parse

    one = opening.run(_find(parse("C", case)))
    if as_json:
        print_json(_json(one))
        return
    pairs = [
        ("grant", f"of {one.subject}" + (f" at {one.issuer}" if one.issuer else ", a local user")),
        ("for", f"C-{one.case_id} of {one.deployment}, which is {one.state}"),
        ("how", one.stands if one.reason is None else f"{one.stands} by {one.revoked_by}: {one.reason}"),
        ("until", f"{when(one.expires_at)} (UTC)"),
    ]
    if one.fault:
        pairs.append(("fault", one.fault))
    if one.grant is not None:
        pairs += [
            ("reaches", _tools(one)),
            ("groups", ", ".join(sorted(one.grant.groups)) or "-"),
            ("scopes", ", ".join(sorted(one.grant.scopes)) or "-"),
            ("limit", "-" if one.grant.limit is None else str(one.grant.limit)),
            ("narrowed", f"{one.narrowed} times"),
        ]
    facts(pairs)


def revoke(case: CaseOf, why: Why = None, by: By = None, as_json: AsJson = False) -> None:
    """End a case's authority: its next call is denied, and a person gets the case.

    In force in every worker within a second; also for a case that acts with the deployment's own
    authority. There is no way back: somebody else who may have it done submits the work with --again.
    """
    from bridgehead.ids import parse

    number, reason, who = parse("C", case), reason_of(why, "a revocation"), person(by)
    changed = opening.run(_revoke(number, who, reason))
    if as_json:
        print_json({"case": f"C-{number}", "changed": changed, "by": who, "why": reason})
        return
    print(
        f"C-{number} may call nothing more, within a second in every worker."
        if changed
        else f"The authority of C-{number} was revoked already; nothing was changed."
    )


def narrow(
    case: CaseOf,
    tool: Annotated[
        list[str] | None, typer.Option("--tool", metavar="TOOL", help="Keep this tool; may be repeated.")
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="MONEY", help="The most it may spend, less than before.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WHEN", help="When it ends, sooner than before: a time (UTC), or 2h from now."),
    ] = None,
    why: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make the grant of a case smaller: to the tools that are named, to less money, or to a sooner end.

    What it does not hold cannot be given to it. In force within a second.
    """
    from bridgehead.errors import UserError
    from bridgehead.ids import parse
    from bridgehead.money import Money

    if tool is None and limit is None and until is None:
        raise UserError("it is not said what is left", code="grant.widened", hint="Name --tool, --limit or --until.")
    number, reason, who = parse("C", case), reason_of(why, "narrowing a grant"), person(by)
    money, end = None if limit is None else Money.parse(limit), None if until is None else _end(until)
    found = opening.run(_narrow(number, who, reason, tool, money, end))
    if as_json:
        print_json(_json(found))
        return
    bound = found.grant.limit if found.grant is not None else None
    within = "without a limit of its own" if bound is None else f"within {bound}"
    print(f"The grant of C-{number} reaches {clean(_tools(found))}, {within}, until {when(found.expires_at)} (UTC).")


def _end(text: str) -> datetime | timedelta:
    """Returns a moment, given as a date and time (UTC if it has no zone), or how long it is until then."""
    from bridgehead.errors import UserError
    from bridgehead.spec.tool import parse_duration

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return timedelta(seconds=parse_duration(text))
        except UserError as error:
            raise UserError(
                f"--until {text}: neither a time nor how long from now", code="input.since",
                hint="Write it like 2h, 3d, 2026-03-01 or 2026-03-01T09:00.",
            ) from error  # fmt: skip
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def rotate_key(by: By = None, as_json: AsJson = False) -> None:
    """Sign grants with a new key from now on; what older keys signed stays good until it ends."""
    who = person(by)
    kid = opening.run(_rotate(who))
    if as_json:
        print_json({"kid": kid, "by": who})
        return
    print(f"Grants are signed with the key {kid} from now on.")


async def _listing(of: str | None, deployment: str | None, limit: int) -> list[Found]:
    from bridgehead.cli.options import deployment_name

    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        return await app.grants.listing(subject=of, deployment=name, limit=max(1, min(limit, 1000)))


async def _find(number: int) -> Found:
    async with opening.opened() as app:
        return await app.grants.find(number)


async def _revoke(number: int, by: str, reason: str) -> bool:
    async with opening.opened() as app:
        return await app.grants.revoke(number, by=by, reason=reason)


async def _narrow(
    number: int, by: str, reason: str, tools: list[str] | None, limit: Money | None, end: datetime | timedelta | None
) -> Found:
    from bridgehead.errors import UserError
    from bridgehead.storage.undo_scope import moment

    async with opening.opened() as app:
        now = await moment(app.database, 0.0)
        ends = now + end if isinstance(end, timedelta) else end
        if ends is not None and ends <= now:
            raise UserError(
                f"--until {when(ends)} (UTC) is over", code="input.since", hint="To end it now: 'grant revoke'."
            )
        await app.grants.narrow(number, by=by, reason=reason, tools=tools, limit=limit, expires_at=ends)
        return await app.grants.find(number)


async def _rotate(by: str) -> str:
    async with opening.opened() as app:
        return await app.grants.rotate(by=by)


def _tools(one: Found) -> str:
    return "-" if one.grant is None else ", ".join(sorted(one.grant.tools)) or "nothing"


def _json(one: Found) -> dict[str, object]:
    grant = one.grant
    return {
        "case": f"C-{one.case_id}",
        "deployment": one.deployment,
        "case_state": one.state,
        "subject": one.subject,
        "issuer": one.issuer or None,
        "state": one.stands,
        "fault": one.fault or None,
        "tools": None if grant is None else sorted(grant.tools),
        "groups": None if grant is None else sorted(grant.groups),
        "scopes": None if grant is None else sorted(grant.scopes),
        "limit": None if grant is None or grant.limit is None else str(grant.limit),
        "release": None if grant is None else grant.release,
        "narrowed": one.narrowed,
        "expires_at": one.expires_at,
        "revoked_by": one.revoked_by,
        "revoked_at": one.revoked_at,
        "why": one.reason,
    }
