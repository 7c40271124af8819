"""Tokens of the API: ``bh_`` and 256 random bits, shown once; each does less than its owner, for a while.

A token is its owner's: whatever the owner may not do any more, it does not, from the next request on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from bridgehead.auth.actor import ALL_RIGHTS, Actor, Right
from bridgehead.auth.secret import digest, fresh, possible
from bridgehead.auth.sessions import actor_of, identity, need_session
from bridgehead.errors import Refused, UserError
from bridgehead.spec.problem import nearest
from bridgehead.storage.api_tokens import ApiTokens, TokenRow, unknown_token

if TYPE_CHECKING:
    from bridgehead.app import App

PREFIX: Final = "bh_"
LONGEST: Final = timedelta(days=366)
USUAL: Final = timedelta(days=90)
_LONGEST_LABEL: Final = 100


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token that was just made; ``text`` is shown this once and stored nowhere."""

    id: int
    text: str

    def __repr__(self) -> str:
        return f"MadeToken(id={self.id})"


async def actor_of_token(app: App, bearer: str) -> Actor:
    """Returns whom a token acts for, with its scopes.

    Raises Refused (``auth.unknown``) for one that is unknown, revoked or over, or whose owner may not act:
    nothing tells these apart. Raises Unavailable where the database does not answer.
    """
    if bearer.startswith(PREFIX) and possible(bearer):
        found = await ApiTokens(app.database).find(digest(bearer))
        if found is not None:
            _, scopes, holder = found
            actor = actor_of(app, holder, channel="api")
            if actor is not None:
                return replace(actor, scopes=frozenset(one for one in scopes if one in ALL_RIGHTS))
    raise Refused(
        "this token opens nothing: it is unknown, revoked or over, or its owner may not act",
        code="auth.unknown",
        hint="Make another one at the console, or with 'bridgehead token create'.",
    )


async def make_own(app: App, actor: Actor, label: str, scopes: Collection[str], lasts: timedelta = USUAL) -> MadeToken:
    """Makes a token for whoever is signed in.

    Raises Refused (``auth.right``) for a scope that the person has not, and for who acts by a token itself;
    UserError (``token.scope``, ``token.label``, ``token.lasts``) for one that cannot be.
    """
    need_session(actor)
    for scope in checked(scopes):
        actor.need(scope)
    return await make(app, label, scopes, lasts, of=identity(actor), by=actor.name)


async def make(
    app: App, label: str, scopes: Collection[str], lasts: timedelta, *, of: tuple[str, str], by: str
) -> MadeToken:
    """Makes a token for somebody (issuer and subject). Raises UserError as ``make_own``."""
    asked = checked(scopes)
    if not label.strip() or len(label) > _LONGEST_LABEL or not label.isprintable():
        raise UserError(
            f"a token has a name of 1 to {_LONGEST_LABEL} characters",
            code="token.label",
            hint="Name what uses it, such as 'warehouse import'.",
        )
    if not timedelta(0) < lasts <= LONGEST:
        raise UserError(
            f"a token lasts between a moment and {LONGEST.days} days", code="token.lasts", hint="Make it anew in time."
        )
    text = PREFIX + fresh()
    number = await ApiTokens(app.database).make(digest(text), label.strip(), *of, asked, lasts=lasts, by=by)
    return MadeToken(number, text)


async def own_tokens(app: App, actor: Actor) -> Sequence[TokenRow]:
    """Returns the tokens of somebody, the latest first."""
    return await ApiTokens(app.database).listing(identity(actor))


async def revoke_own(app: App, actor: Actor, number: int) -> bool:
    """Ends a token of somebody's own; False where that was so. Raises UserError (``token.unknown``) for another's."""
    need_session(actor)
    if number not in {row.id for row in await own_tokens(app, actor)}:
        raise unknown_token(number)
    return await ApiTokens(app.database).revoke(number, by=actor.name, reason="its owner ended it")


def checked(scopes: Collection[str]) -> frozenset[Right]:
    """Returns scopes as rights; raises UserError (``token.scope``) for none, or one that there is not."""
    if not scopes:
        raise UserError(
            "a token needs a scope", code="token.scope", hint=f"Of: {', '.join(ALL_RIGHTS)}. Most need read alone."
        )
    for scope in sorted(scopes):
        if scope not in ALL_RIGHTS:
            raise UserError(
                f"there is no scope {scope!r}",
                code="token.scope",
                hint=nearest(scope, ALL_RIGHTS) or f"Of: {', '.join(ALL_RIGHTS)}.",
            )
    return frozenset(cast("Right", scope) for scope in scopes)
