"""Who is signed in: a session is opened at sign-in, asked for at each request, and ends for good.

The cookie's value is a secret of its own that each sign-in makes anew, so a value that somebody planted or
kept from before is worth nothing afterwards (OWASP ASVS 5.0, V7.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.auth.roles import known, of_groups
from bridgehead.auth.secret import digest, fresh, possible
from bridgehead.errors import Refused
from bridgehead.ledger.vault import Unreadable
from bridgehead.storage.queries import person_of
from bridgehead.storage.sessions import Holder, Sealed, SessionRow, Sessions

if TYPE_CHECKING:
    from bridgehead.app import App

_LONGEST_TOLD: Final = 200


async def actor_of_session(app: App, cookie: str) -> Actor | None:
    """Returns who a session's cookie stands for; None for one that is unknown, over, ended or idle for too long.

    Roles and groups are those of this moment; somebody who was disabled or barred is nobody. Raises
    Unavailable where the database does not answer.
    """
    if not possible(cookie):
        return None
    idle = timedelta(hours=app.settings.session_idle_h)
    found = await Sessions(app.database).find(digest(cookie), idle=idle)
    return None if found is None else actor_of(app, found[1], session=found[0])


def actor_of(app: App, holder: Holder, *, session: int | None = None, channel: str = "console") -> Actor | None:
    """Returns the holder of a session or a token as an actor; None for one of an issuer that is set no more."""
    if holder.roles is not None:
        return Actor(
            holder.subject,
            holder.groups,
            known(holder.roles),
            channel=channel,
            session=session,
        )
    if app.settings.oidc_issuer is None or app.settings.oidc_issuer.rstrip("/") != holder.issuer:
        return None
    return Actor(
        person_of(holder.subject, holder.issuer),
        holder.groups,
        of_groups(app.settings, holder.groups),
        issuer=holder.issuer,
        channel=channel,
        session=session,
        shown=holder.shown,
    )


async def open_session(
    app: App,
    subject: str,
    *,
    issuer: str = "",
    address: str,
    browser: str,
    hint: str = "",
    instead: str = "",
) -> str:
    """Opens a session for somebody who has shown who they are; returns the value of its cookie.

    ``instead`` is the cookie that the browser brought: its session ends. ``hint`` is the issuer's own token;
    it is kept sealed, to be shown when signing out there. ``address`` and ``browser`` are shown to the person.
    """
    cookie = fresh()
    await Sessions(app.database).open(
        digest(cookie),
        issuer,
        subject,
        lasts=timedelta(hours=app.settings.session_h),
        address=_told(address),
        browser=_told(browser),
        hint=_sealed(app, hint) if hint else None,
        instead=digest(instead) if possible(instead) else None,
    )
    return cookie


async def end_session(app: App, actor: Actor) -> str:
    """Ends the session that somebody acts in; returns the issuer's own token, empty where there is none."""
    if actor.session is None:
        return ""
    hint = await Sessions(app.database).end(actor.session, by=actor.name)
    if hint is None:
        return ""
    try:
        return app.vault.unwrap(hint.wrapped).open(hint.data, hint.commitment).decode()
    except Unreadable:  # sealed under another key: the session is over all the same
        return ""


async def own_sessions(app: App, actor: Actor) -> Sequence[SessionRow]:
    """Returns the sessions of somebody that are not over, the latest first."""
    return await Sessions(app.database).of(*identity(actor))


async def end_own(app: App, actor: Actor, number: int | None) -> int:
    """Ends one session of somebody's own, or (None) all but the one that they act in; returns how many.

    Raises Refused (``session.unknown``) for one that is not theirs; whether another person has it is not told.
    """
    _sits(actor)
    store, who = Sessions(app.database), identity(actor)
    if number is None:
        return await store.end_all(*who, by=actor.name, but=actor.session)
    found = await store.find_row(number)
    if found is None or (found.issuer, found.subject) != who:
        raise Refused(
            f"you have no session {number}", code="session.unknown", hint="It may have ended. Open the page again."
        )
    await store.end(number, by=actor.name)
    return 1


def identity(actor: Actor) -> tuple[str, str]:
    """Returns issuer (empty for a local user) and subject of an actor."""
    if actor.issuer is None:
        return "", actor.name
    return actor.issuer, actor.name.removesuffix(f" of {actor.issuer}")


def need_session(actor: Actor) -> None:
    """Raises Refused (``auth.right``) for who acts by a token: a token makes no tokens and sets no passwords."""
    _sits(actor)


def _sits(actor: Actor) -> None:
    if actor.session is None:
        raise Refused(
            f"{actor.name} does that signed in, and not by a token", code="auth.right", hint="Sign in at the console."
        )


def _sealed(app: App, text: str) -> Sealed:
    wrapped, key = app.vault.new_data_key()
    sealed = key.seal(text.encode())
    return Sealed(wrapped, sealed.data, sealed.commitment)


def _told(text: str) -> str:
    """Returns what a client says of itself as it is shown: printable, and not for long."""
    return "".join(sign for sign in text if sign.isprintable())[:_LONGEST_TOLD]
