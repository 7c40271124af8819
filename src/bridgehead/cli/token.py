"""``token``: tokens of the API, each shown once, with scopes and an end; what uses one is named."""

from __future__ import annotations

from typing import Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, person, reason_of
from bridgehead.cli.output import clean, note, print_json, table, when

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The token's number, as `token list` shows it.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Tokens of the API: what programs may do, and until when.")
    group.command(epilog="Example: bridgehead token create 'warehouse import' --of anna --scope read")(create)
    group.command("list", epilog="Example: bridgehead token list --json")(list_)
    group.command(epilog="Example: bridgehead token revoke 3 --why 'the server is gone'")(revoke)
    app.add_typer(group, name="token")


def create(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What uses it.")],
    of: Annotated[
        str, typer.Option("--of", metavar="USER", help="Whose it is: it may do what this user may, or less.")
    ],
    scope: Annotated[list[str], typer.Option("--scope", metavar="RIGHT", help="What it may do; may be repeated.")],
    expires: Annotated[str, typer.Option("--expires", metavar="DURATION", help="How long it lasts.")] = "90d",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make a token of the API for a user, and print it, this once: only its SHA-256 is stored.

    Scopes are read, read.documents, review, operate, undo, policy, audit, admin and submit. What
    the user may not do any more, the token does not either, from the next request on.
    """
    opening.run(_create(label, of, scope, expires, person(by), as_json))


def list_(
    of: Annotated[str | None, typer.Option("--of", metavar="USER", help="Only this user's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tokens: what uses them, what they may do, when they were last used, and which are over."""
    found = opening.run_list(_listing(of))
    if as_json:
        print_json(found)
        return
    rows = [
        (str(one["id"]), str(one["label"]), str(one["of"]), ", ".join(map(str, one["scopes"])), str(one["state"]),  # type: ignore[call-overload]  # a list of texts
         when(one["ends_at"]), when(one["used_at"]) if one["used_at"] else "never")  # type: ignore[arg-type]  # times
        for one in found
    ]  # fmt: skip
    table(("token", "what uses it", "of", "may", "state", "ends", "last used"), rows, empty="There are no tokens.")


def revoke(
    number: Number,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why; it is on the record.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """End a token, from the next request on."""
    opening.run(_revoke(number, reason_of(why, "ending a token"), person(by), as_json))


async def _create(label: str, of: str, scopes: list[str], expires: str, by: str, as_json: bool) -> None:
    from datetime import timedelta

    from bridgehead.auth.roles import known
    from bridgehead.auth.tokens import make
    from bridgehead.errors import Refused
    from bridgehead.spec.tool import parse_duration

    lasts = timedelta(seconds=parse_duration(expires))
    async with opening.opened() as app:
        user, _ = await app.users.find(of)
        if user.disabled:
            raise Refused(
                f"{of} may not act here: {user.disabled}", code="user.disabled", hint="An operator adds the user again."
            )
        made = await make(app, label, scopes, lasts, of=("", of), by=by)
    if as_json:
        print_json({"id": made.id, "token": made.text, "label": label, "of": of, "scopes": sorted(set(scopes)),
                    "lasts_s": lasts.total_seconds(), "by": by})  # fmt: skip
        return
    note(f"Token {made.id} of {clean(of)}; it is shown this once:")
    print(made.text)
    if not known(user.roles):
        note(f"{clean(of)} has no role yet, so the token opens nothing: bridgehead user add {clean(of)} --role ROLE.")


async def _listing(of: str | None) -> list[dict[str, object]]:
    from bridgehead.storage.api_tokens import ApiTokens
    from bridgehead.storage.queries import person_of

    async with opening.opened() as app:
        rows = await ApiTokens(app.database).listing(None if of is None else ("", of))
    return [
        {
            "id": row.id,
            "label": row.label,
            "of": person_of(row.subject, row.issuer),
            "scopes": list(row.scopes),
            "state": f"revoked by {row.revoked_by}" if row.revoked_by else "over" if row.over else "stands",
            "why": row.revoked_why,
            "made_by": row.made_by,
            "made_at": row.made_at,
            "ends_at": row.ends_at,
            "used_at": row.used_at,
        }
        for row in rows
    ]


async def _revoke(number: int, why: str, by: str, as_json: bool) -> None:
    from bridgehead.storage.api_tokens import ApiTokens

    async with opening.opened() as app:
        changed = await ApiTokens(app.database).revoke(number, by=by, reason=why)
    if as_json:
        print_json({"id": number, "changed": changed, "by": by, "why": why})
        return
    print(f"Token {number} opens nothing any more." if changed else f"Token {number} was revoked already.")
