"""Sign-in of local users: by name and password, a few guesses at a time, and no answer tells names apart.

A wrong password, an unknown name, a user without a password and an account in its pause are told in the same
words after the same work.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from bridgehead.auth.passwords import compare_soon, kept_soon
from bridgehead.auth.roles import known
from bridgehead.auth.sessions import need_session
from bridgehead.errors import Refused, UserError
from bridgehead.storage.signing_in import Attempts, Bound
from bridgehead.storage.users import User

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor

ACCOUNT_FREE: Final = 5
"""Guesses at one account before the pauses begin, each twice as long as the one before."""
ADDRESS_FREE: Final = 30
"""The same for one address, behind which a whole office may sit."""
PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 900.0
_LONGEST_NAME: Final = 200
_NET: Final = 64


async def sign_in(app: App, name: str, password: str, *, address: str) -> User:
    """Returns the user who has this name and password.

    Raises Refused: ``auth.sign_in`` where there is none or it was tried too often, ``user.disabled`` for one
    who may not act, ``auth.no_role`` for one without a role; Unavailable where too many sign in at once.
    """
    account, place = _bounds(app, name, address)
    attempts = Attempts(app.database)
    free = await attempts.take((account, place))
    asked = await app.users.for_sign_in(name if len(name) <= _LONGEST_NAME and "\0" not in name else "")
    compared = await compare_soon(password, asked.stored, old_kind=asked.old_kind)
    if asked.user is None or asked.stored is None or not compared.fits or not free:
        raise Refused(
            "no user of that name has this password, or it was tried too often",
            code="auth.sign_in",
            hint="Wait a little and try again. An admin can send you a link that sets a new password.",
        )
    await attempts.forgive(account, place)
    if compared.better is not None:
        await app.users.keep_better(asked.user.name, asked.stored, compared.better)
    if asked.user.disabled:
        raise Refused(
            f"{asked.user.name} may not act here: {asked.user.disabled}",
            code="user.disabled",
            hint="An operator adds the user again.",
        )
    if not known(asked.user.roles):
        raise Refused(
            f"{asked.user.name} has no role here", code="auth.no_role", hint="An admin gives you one: ask them to."
        )
    return asked.user


async def change_password(
    app: App, actor: Actor, before: str, after: str, *, address: str, tokens: bool = False
) -> None:
    """Sets another password for who is signed in, and ends all their sessions: they sign in anew.

    With ``tokens`` all their tokens end too; otherwise programs go on.

    Raises Refused (``auth.sign_in``) for a wrong present one, UserError (``user.password``) for one that is too
    short, and for a subject of an issuer, whose password is kept there.
    """
    need_session(actor)
    if actor.issuer is not None:
        raise UserError(
            f"the password of {actor.name} is kept by their issuer", code="user.password", hint="Change it there."
        )
    stored = await kept_soon(after)
    await sign_in(app, actor.name, before, address=address)
    await app.users.set_password(actor.name, stored, by=actor.name, tokens=tokens)


def _bounds(app: App, name: str, address: str) -> tuple[Bound, Bound]:
    """Returns what guesses are counted by. What was typed as a name may be a password: its keyed digest is kept."""
    account = app.vault.hmac("sign-in", name.encode("utf-8", "surrogatepass"))
    place = app.vault.hmac("sign-in", network(address).encode())
    return (
        Bound("account", account, ACCOUNT_FREE, PAUSE_S, LONGEST_PAUSE_S),
        Bound("address", place, ADDRESS_FREE, PAUSE_S, LONGEST_PAUSE_S),
    )


def network(address: str) -> str:
    """Returns what one party has of an address: itself, of IPv6 the first 64 bits (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NET), strict=False))
    return str(found)
