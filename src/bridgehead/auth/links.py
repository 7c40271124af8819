"""One-time links: the first owner comes in by one, and so does everybody whose password an admin lets them set.

A link's code is 256 random bits, of which the SHA-256 is kept; it works once and for a while. Looking at its
page does not use it up, so a program that previews links breaks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import ROLES
from bridgehead.auth.passwords import kept_soon
from bridgehead.auth.roles import checked, given
from bridgehead.auth.secret import digest, fresh, possible
from bridgehead.errors import Refused, UserError
from bridgehead.storage.signing_in import Link, OneTimeLinks

if TYPE_CHECKING:
    from bridgehead.app import App

FIRST: Final = timedelta(hours=1)
INVITED: Final = timedelta(days=3)
PATH: Final = "/first-run"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+:/-]{0,199}")


async def first_owner(app: App, groups: Collection[str] = ()) -> str | None:
    """Returns the path by which the first owner comes in, once and within an hour; None where there is an admin.

    ``groups`` are those that the owner is put into, such as the members of a deployment's roles. None also
    where groups of the issuer give the role admin. Raises UserError for settings that do not fit.
    """
    if await app.users.has_admin() or "admin" in given(app.settings):
        return None
    code = fresh()
    await OneTimeLinks(app.database).make(digest(code), "", groups, lasts=FIRST, by="bridgehead")
    return f"{PATH}?code={code}"


async def invitation(app: App, name: str, *, by: str) -> str:
    """Returns the path by which a user sets a password, once and within three days; an older one works no more."""
    code = fresh()
    await OneTimeLinks(app.database).make(digest(code), name, (), lasts=INVITED, by=by)
    return f"{PATH}?code={code}"


async def look(app: App, code: str) -> Link:
    """Returns what a link is for and leaves it as it is; raises Refused (``auth.link``) for one that works no more."""
    found = await OneTimeLinks(app.database).find(digest(code)) if possible(code) else None
    if found is None:
        raise _no_link()
    return found


async def use(
    app: App, code: str, *, name: str, password: str, roles: Collection[str] = ROLES, tokens: bool = False
) -> str:
    """Uses a link up and returns the name of its user, who has this password from now on.

    With ``tokens`` the tokens that the user has end.
    The first owner takes ``name`` and ``roles`` (admin at least); for others the link says who it is.
    Raises Refused: ``auth.link`` for one that works no more, ``admin.there``, ``user.taken``; UserError:
    ``user.name``, ``user.password``, ``user.role``. Until it was used, the link goes on working.
    """
    found = await look(app, code)
    who = found.name or checked_name(name)
    asked = checked(roles) | {"admin"}
    used = await OneTimeLinks(app.database).use(digest(code), who, await kept_soon(password), asked, tokens=tokens)
    if used is None:
        raise _no_link()
    return used


def checked_name(name: str) -> str:
    """Returns a name of a user or a group; raises UserError (``user.name``) for what is none."""
    if _NAME.fullmatch(name) is None:
        raise UserError(
            f"{name!r} is no name of a user or a group",
            code="user.name",
            hint="Letters, digits and . _ - @ + : / are, at most 200 of them.",
        )
    return name


def _no_link() -> Refused:
    return Refused(
        "this link works no more: it was used, is too old, or was never one",
        code="auth.link",
        hint="Ask an admin for another one. For the first owner, start 'bridgehead serve' again: it prints one.",
    )
