"""The authority that a case runs under, as values: what a human has, what is granted of it, and how it stands.

A delegation has the shape of RFC 8693: the subject is the human, the actor the deployment that acts for
them, the audience where it counts. It is the intersection of the human's rights, the release's tools and
the scope of the case, made once; every step from there can only shrink it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.deployment import Right
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON

Kind = Literal["human", "deployment"]
VALID_S: Final = 86_400.0
"""How long a grant is good where no right says otherwise, in seconds."""
SKEW_S: Final = 30.0
"""How far two clocks may be apart before a token counts as early or late (RFC 7519, section 4.1.4)."""
ISSUER: Final = "bridgehead"


@dataclass(frozen=True, slots=True)
class Grant:
    """A delegation as it stands at the moment of a call: who, through which release, and for what.

    ``tools`` are what it reaches (None: all of the release); ``expired`` and ``revoked`` were read by the caller,
    ``withdrawn`` says why it cannot be used besides. ``used`` is what the case has spent of ``limit``
    on calls that have a price.
    """

    id: str
    subject: str
    kind: Kind
    tools: frozenset[str] | None = None
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    limit: Money | None = None
    used: Money | None = None
    expired: bool = False
    revoked: bool = False
    withdrawn: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """A human who has shown who they are: a local user, or a subject of an OpenID Connect issuer.

    ``issuer`` is empty for a local user. ``until`` is when what they showed ends.
    """

    subject: str
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    issuer: str = ""
    until: datetime | None = None
    wrote: bool = False
    """Whether they wrote what they hand in themselves, so that their word stands behind it."""

    def to_json(self) -> dict[str, JSON]:
        """Returns it for the record; it holds no token and no password."""
        return {
            **({"wrote": True} if self.wrote else {}),
            "subject": self.subject,
            "groups": sorted(self.groups),
            "scopes": sorted(self.scopes),
            "issuer": self.issuer,
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> Principal:
        """Returns what ``to_json`` gave; raises ValueError for anything else."""
        until = value.get("until")
        return cls(
            _text(value, "subject"),
            _texts(value.get("groups")),
            _texts(value.get("scopes")),
            _text(value, "issuer"),
            None if until is None else datetime.fromisoformat(str(until)),
            value.get("wrote") is True,
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """What is signed: ``subject`` lets the deployment ``audience`` act for them, within these bounds.

    ``release`` is the digest that the case was opened under, in hex. ``expires_at`` is exclusive.
    """

    id: str
    subject: str
    issuer: str
    release: str
    audience: str
    tools: frozenset[str]
    groups: frozenset[str]
    scopes: frozenset[str]
    limit: Money | None
    issued_at: datetime
    expires_at: datetime
    wrote: bool = False
    """Whether the subject wrote the case's input themselves."""

    def claims(self) -> dict[str, JSON]:
        """Returns it as claims (RFC 7519; ``act``, ``may_act`` and ``scope``: RFC 8693, section 4).

        Times are whole seconds: the end is rounded down, so that signing never lengthens a grant.
        """
        actor: JSON = {"sub": f"deployment:{self.audience}"}
        return {
            "iss": ISSUER,
            "sub": self.subject,
            "act": actor,
            "may_act": actor,
            "aud": self.audience,
            "iat": math.floor(self.issued_at.timestamp()),
            "exp": math.floor(self.expires_at.timestamp()),
            "jti": self.id,
            "scope": " ".join(sorted(self.tools)),
            "release": self.release,
            "sub_iss": self.issuer,
            "groups": sorted(self.groups),
            "scopes": sorted(self.scopes),
            "limit": None if self.limit is None else str(self.limit),
            **({"wrote": True} if self.wrote else {}),
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, JSON]) -> Delegation:
        """Returns what the claims say; raises ValueError for claims that are no delegation of this form."""
        limit = claims.get("limit")
        audience = _text(claims, "aud")
        actor = claims.get("act")
        if not isinstance(actor, Mapping) or actor.get("sub") != f"deployment:{audience}":
            raise ValueError("it names another actor than its audience")
        try:
            return cls(
                id=_text(claims, "jti"),
                subject=_text(claims, "sub"),
                issuer=_text(claims, "sub_iss"),
                release=_text(claims, "release"),
                audience=audience,
                tools=frozenset(_text(claims, "scope").split()),
                groups=_texts(claims.get("groups")),
                scopes=_texts(claims.get("scopes")),
                limit=None if limit is None else Money.parse(str(limit)),
                issued_at=_moment(claims.get("iat")),
                expires_at=_moment(claims.get("exp")),
                wrote=claims.get("wrote") is True,
            )
        except UserError as error:
            raise ValueError(error.message) from None


Granting = Callable[[Principal, datetime], Delegation]
"""Makes the grant of a case for whoever opened it, at a moment; its ``id`` is set when the case has its number."""


def held(rights: Mapping[str, Right], subject: str, groups: Collection[str]) -> tuple[Right, ...]:
    """Returns the rights of a human: those of their groups and those of their own name."""
    names = {f"user:{subject}", *(f"group:{group}" for group in groups)}
    return tuple(right for name, right in rights.items() if name in names)


def reached(rights: Collection[Right], scope: Collection[str]) -> frozenset[str]:
    """Returns which tools of a case's scope some of the rights reach."""
    return frozenset(tool for tool in scope if any(right.tools is None or tool in right.tools for right in rights))


def granted(
    rights: Mapping[str, Right],
    principal: Principal,
    now: datetime,
    *,
    audience: str,
    release: str,
    scope: Collection[str],
) -> Delegation:
    """Returns the intersection of what a human may, what the release has and what the case is for.

    It ends with the shortest of the human's rights; a right with a longer time adds nothing to it. Its limit is
    the largest of those that all have one (a right without a limit sets none). Who has no right is granted
    nothing: an empty set of tools, so that every call says which right is missing.
    """
    mine = held(rights, principal.subject, principal.groups)
    lasting = [VALID_S if right.valid_for_s is None else right.valid_for_s for right in mine]
    return Delegation(
        id="",
        subject=principal.subject,
        issuer=principal.issuer,
        release=release,
        audience=audience,
        tools=reached(mine, scope),
        groups=principal.groups,
        scopes=principal.scopes,
        limit=_limit(mine),
        issued_at=now,
        expires_at=now + timedelta(seconds=min(lasting, default=VALID_S)),
        wrote=principal.wrote,
    )


def narrowed(
    grant: Delegation,
    *,
    tools: Collection[str] | None = None,
    limit: Money | None = None,
    expires_at: datetime | None = None,
    scopes: Collection[str] | None = None,
    groups: Collection[str] | None = None,
) -> Delegation:
    """Returns a sub-grant: what is given replaces what stood there, and what is not given stays.

    Raises UserError (``grant.widened``) for anything that the grant does not hold: a tool, a group, a scope,
    more money, another currency, a later end. Nothing is cut down silently.
    """
    _within("tools", tools, grant.tools)
    _within("scopes", scopes, grant.scopes)
    _within("groups", groups, grant.groups)
    if limit is not None and grant.limit is not None:
        if limit.currency != grant.limit.currency:
            raise _widened(f"a limit in {limit.currency}", f"it is in {grant.limit.currency}")
        if limit.amount > grant.limit.amount:
            raise _widened(f"a limit of {limit}", f"it is {grant.limit}")
    if expires_at is not None and expires_at > grant.expires_at:
        raise _widened(f"an end at {expires_at.isoformat()}", f"it ends at {grant.expires_at.isoformat()}")
    return replace(
        grant,
        tools=grant.tools if tools is None else frozenset(tools),
        scopes=grant.scopes if scopes is None else frozenset(scopes),
        groups=grant.groups if groups is None else frozenset(groups),
        limit=grant.limit if limit is None else limit,
        expires_at=grant.expires_at if expires_at is None else expires_at,
    )


def covers(grant: Delegation, other: Delegation) -> bool:
    """Tells whether another delegation is within this one in every respect."""
    if grant.limit is None:
        money = True
    else:
        money = (
            other.limit is not None
            and other.limit.currency == grant.limit.currency
            and other.limit.amount <= grant.limit.amount
        )
    return (
        money
        and (other.subject, other.issuer, other.audience) == (grant.subject, grant.issuer, grant.audience)
        and other.tools <= grant.tools
        and other.groups <= grant.groups
        and other.scopes <= grant.scopes
        and other.expires_at <= grant.expires_at
    )


def _within(what: str, asked: Collection[str] | None, has: frozenset[str]) -> None:
    beyond = sorted(set(asked or ()) - has)
    if beyond:
        meant = nearest(beyond[0], has)
        raise _widened(
            f"{what} {', '.join(beyond)}",
            f"it has {', '.join(sorted(has)) or 'none'}" + (f"; {meant}" if meant.startswith("did you mean") else ""),
        )


def _widened(asked: str, has: str) -> UserError:
    return UserError(
        f"the grant cannot be given {asked}: {has}",
        code="grant.widened",
        hint="A grant is only ever narrowed. For more, somebody who may have it done submits the work with --again.",
    )


def _limit(rights: Collection[Right]) -> Money | None:
    """The largest of the limits in one currency; several currencies give the smallest authority: the first's."""
    limits = [right.limit for right in rights]
    bounded = [one for one in limits if one is not None]
    if not bounded or len(bounded) < len(limits):
        return None
    currency = bounded[0].currency
    return max((one for one in bounded if one.currency == currency), key=lambda one: one.amount)


def _text(value: Mapping[str, JSON], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise ValueError(f"{name} is no text")  # noqa: TRY004  # the caller asks whether it is a delegation
    return found


def _texts(value: JSON) -> frozenset[str]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of texts is missing")  # noqa: TRY004  # the same
    return frozenset(str(one) for one in value)


def _moment(value: JSON) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a time is no number of seconds")
    return datetime.fromtimestamp(value, UTC)
