"""How somebody shows who they are: a secret comes from a terminal or a file, never as an argument."""

from __future__ import annotations

import getpass
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.gate.grants import Principal
    from bridgehead.spec.deployment import Deployment

PasswordFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Where the password is; - reads standard input. Else: asked."),
]
_LARGEST: Final = 64 * 1024
_STDIN: Final = Path("-")


def secret_of(file: Path, what: str, code: str) -> str:
    """Returns the text of a file that its owner alone can read, or of standard input for ``-``.

    Raises UserError with ``code``; no error holds any of the text.
    """
    from bridgehead.errors import UserError

    if file == _STDIN:
        raw = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            mode = file.stat().st_mode
            if not stat.S_ISREG(mode):
                raise UserError(f"{file} is no file", code=code, hint=f"Name the file that holds the {what}.")
            if stat.S_IMODE(mode) & 0o077:
                raise UserError(
                    f"others than its owner can reach {file}", code=code, hint=f"Run `chmod 600 {file}`, then again."
                )
            with file.open("rb") as opened:
                raw = opened.read(_LARGEST + 1)
        except OSError as error:
            raise UserError(
                f"{file} cannot be read: {error.strerror}", code=code, hint=f"Name the file that holds the {what}."
            ) from None
    text = raw.decode("utf-8", "replace").strip("\r\n")
    if not text.strip() or len(raw) > _LARGEST:
        raise UserError(f"there is no {what} in {file}", code=code, hint=f"Name the file that holds the {what}.")
    return text


def password_of(file: Path | None, name: str, *, new: bool = False) -> str:
    """Returns the password of a user, from a file or asked on the terminal; raises UserError (``user.password``)."""
    from bridgehead.errors import UserError

    if file is not None:
        return secret_of(file, "password", "user.password")
    if not sys.stdin.isatty():
        raise UserError(
            f"there is nobody to ask for the password of {name}",
            code="user.password",
            hint="Name a file that only you can read: --password-file FILE, or - for standard input.",
        )
    found = getpass.getpass(f"Password of {name}: ")
    if new and getpass.getpass("The same again: ") != found:
        raise UserError("the two passwords differ", code="user.password", hint="Nothing was changed.")
    return found


async def local(app: App, name: str, password: str) -> Principal:
    """Returns a local user as a principal; raises Refused for one who may not act, UserError for a wrong password.

    A wrong password and an unknown name are told apart by nothing: neither words nor time.
    """
    from bridgehead.auth.passwords import compare
    from bridgehead.errors import Refused, UserError
    from bridgehead.gate.grants import Principal

    asked = await app.users.for_sign_in(name)
    found, user = compare(password, asked.stored, old_kind=asked.old_kind), asked.user
    if not found.fits or user is None:
        raise UserError(
            f"{name} is not signed in: no user of that name has this password",
            code="user.password",
            hint="'bridgehead user list' shows who can sign in; 'bridgehead user add' sets a password.",
        )
    if found.better is not None and asked.stored is not None:
        await app.users.keep_better(name, asked.stored, found.better)
    if user.disabled:
        raise Refused(
            f"{name} may not act here: {user.disabled}", code="user.disabled", hint="An operator adds the user again."
        )
    return Principal(name, user.groups)


async def of_issuer(app: App, token: str) -> Principal:
    """Returns the subject of a token as a principal; raises as ``Issuer.principal``, and Refused for a barred one."""
    from bridgehead.auth.issuer import Issuer
    from bridgehead.errors import Refused

    found = await Issuer.of(app.settings).principal(token)
    if barred := await app.users.barred(found.issuer, found.subject):
        raise Refused(
            f"{found.subject} may not act here: {barred}",
            code="user.disabled",
            hint="An operator lifts that with 'bridgehead user add NAME --issuer'.",
        )
    return found


def check_rights(spec: Deployment, who: Principal) -> None:
    """Raises UserError (``grant.rights``) for somebody who could have nothing done by a deployment."""
    from bridgehead.errors import UserError
    from bridgehead.gate.grants import held

    if not spec.rights:
        raise UserError(
            f"{spec.name} declares no rights, so it acts for nobody",
            code="grant.rights",
            hint="Declare under `rights` in bridgehead.yaml what people may have done on their behalf.",
        )
    if not held(spec.rights, who.subject, who.groups):
        groups = ", ".join(sorted(who.groups)) or "none"
        raise UserError(
            f"{who.subject} has no right in {spec.name} (groups: {groups})",
            code="grant.rights",
            hint=f"Rights are declared for: {', '.join(spec.rights)}.",
        )
