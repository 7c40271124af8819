"""``user``: who may open cases and decide, on the record; passwords are asked or read from a file."""

from __future__ import annotations

from typing import Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, person, reason_of
from bridgehead.cli.output import clean, note, print_json, table, when
from bridgehead.cli.signing_in import PasswordFile, password_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name, or the subject of the issuer's tokens.")]
OfIssuer = Annotated[
    bool, typer.Option("--issuer", help="A subject of the issuer that is set (BRIDGEHEAD_OIDC_ISSUER), no local user.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Users: who may open cases, and who decides.")
    group.command(epilog="Example: bridgehead user add anna --group sales-1000")(add)
    group.command("list", epilog="Example: bridgehead user list --json")(list_)
    group.command(epilog="Example: bridgehead user disable anna --why 'left the company'")(disable)
    app.add_typer(group, name="user")


def add(
    name: Name,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="GROUP", help="A group; may be repeated.")
    ] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="The user decides, and opens no cases.")] = False,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="A role in the console; may be repeated. `none` takes all away."),
    ] = None,
    password_file: PasswordFile = None,
    issuer: OfIssuer = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Add a user, or give one that is there these groups, and a new password if one is given.

    From the first user on, reviews are decided and effects undone by users alone, by members of
    the role that is asked. Groups that are not named are taken away, within a second in every
    worker; roles in the console (viewer, reviewer, operator, author, auditor, admin) stay unless
    some are named. Who was disabled may act again.
    """
    from bridgehead.auth.links import checked_name
    from bridgehead.auth.roles import checked

    groups = sorted(set(group or ()))
    for one in (name, *groups):
        checked_name(one)
    roles: list[str] | None = None if role is None else [*sorted(checked([] if role == ["none"] else role))]
    opening.run(_add(name, groups, roles, no_password, password_file, issuer, person(by), as_json))


def list_(as_json: AsJson = False) -> None:
    """List local users: their groups and roles, whether they sign in here, and who may act no more."""
    found = opening.run_list(_listing())
    if as_json:
        print_json(found)
        return
    rows = [
        (str(one["name"]), *(", ".join(map(str, one[each])) or "-" for each in ("groups", "roles")),  # type: ignore[call-overload]  # lists of texts
         "yes" if one["signs_in"] else "no", str(one["disabled"]) or "-", when(one["added_at"]))  # type: ignore[arg-type]  # a time
        for one in found
    ]  # fmt: skip
    table(
        ("name", "groups", "roles", "signs in", "disabled", "since"),
        rows,
        empty="No users are declared: who decides is taken as --by says.",
    )


def disable(
    name: Name,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why; it is on the record.")] = None,
    issuer: OfIssuer = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let a user act no more: neither decide nor open cases, and open cases of theirs go to a person.

    Their sessions and tokens end, and do not come back with them. In force at the next call of every
    worker, within a second.
    """
    opening.run(_disable(name, reason_of(why, "disabling somebody"), issuer, person(by), as_json))


async def _add(
    name: str,
    groups: list[str],
    roles: list[str] | None,
    no_password: bool,
    password_file: object,
    issuer: bool,
    by: str,
    as_json: bool,
) -> None:
    from pathlib import Path

    from bridgehead.auth.issuer import Issuer
    from bridgehead.auth.passwords import kept
    from bridgehead.errors import UserError

    async with opening.opened(makes=True) as app:
        if issuer:
            if groups or roles is not None or no_password or password_file is not None:
                raise UserError(
                    "--issuer lets a barred subject act again; its groups and its password are the issuer's",
                    code="user.name",
                    hint="Leave --group, --role and --password-file away; BRIDGEHEAD_OIDC_ROLES gives roles to groups.",
                )
            changed = await app.users.admit(Issuer.of(app.settings).url, name, by=by)
            if as_json:
                print_json({"name": name, "issuer": app.settings.oidc_issuer, "changed": changed, "by": by})
            else:
                print(
                    f"{clean(name)} may act again."
                    if changed
                    else f"{clean(name)} was not barred; nothing was changed."
                )
            return
        known = {user.name: user for user in await app.users.listing()}
        password = None
        if not no_password and (password_file is not None or name not in known):
            file = password_file if isinstance(password_file, Path) else None
            password = kept(password_of(file, name, new=True))
        fresh = await app.users.add(name, groups, password, by=by, roles=roles)
        held = sorted((await app.users.find(name))[0].roles)
    if as_json:
        print_json({"name": name, "groups": groups, "roles": held, "password_set": password is not None,
                    "added": fresh, "by": by})  # fmt: skip
        return
    told = ", ".join(groups) or "no group"
    console = f"; in the console {', '.join(held)}" if held else ""
    print(f"{clean(name)} is {'added' if fresh else 'changed'}: {clean(told)}{clean(console)}.")
    if not known:
        note("From now on users decide reviews and undo effects, as members of the role that is asked.")


async def _listing() -> list[dict[str, object]]:
    async with opening.opened() as app:
        return [
            {
                "name": one.name,
                "groups": sorted(one.groups),
                "roles": sorted(one.roles),
                "signs_in": one.signs_in,
                "disabled": one.disabled,
                "added_by": one.added_by,
                "added_at": one.added_at,
            }
            for one in await app.users.listing()
        ]


async def _disable(name: str, why: str, issuer: bool, by: str, as_json: bool) -> None:
    from bridgehead.auth.issuer import Issuer

    async with opening.opened() as app:
        if issuer:
            changed = await app.users.bar(Issuer.of(app.settings).url, name, by=by, reason=why)
        else:
            changed = await app.users.disable(name, by=by, reason=why)
    if as_json:
        print_json({"name": name, "changed": changed, "by": by, "why": why})
        return
    print(
        f"{clean(name)} may act no more, within a second in every worker."
        if changed
        else f"{clean(name)} was disabled already; nothing was changed."
    )
