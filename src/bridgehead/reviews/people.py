"""Who decides a review, as the store holds them to what they may at this moment. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridgehead.errors import Refused
from bridgehead.spec.problem import nearest


@dataclass(frozen=True, slots=True)
class Decider:
    """Somebody who decides: under which name, from where, and by which channel.

    ``groups`` count for a subject of an issuer; those of a local user are read where the decision is written.
    ``members`` is what the role's file says at this moment; None goes by what was registered last.
    """

    name: str
    groups: frozenset[str] = frozenset()
    issuer: str | None = None
    channel: str = "cli"
    members: tuple[str, ...] | None = None

    @property
    def subject(self) -> str:
        """Returns the name that the issuer calls them by; a local user's own."""
        return self.name if self.issuer is None else self.name.removesuffix(f" of {self.issuer}")


def unknown(what: str, name: str, known: Sequence[str]) -> Refused:
    """Returns the refusal of a name that no user has."""
    return Refused(
        f"{what} is decided by declared users, and {name!r} is none",
        code="user.unknown",
        hint=nearest(name, known) or "Name one with --by; 'bridgehead user list' shows them.",
    )


def disabled(what: str, name: str, why: str) -> Refused:
    """Returns the refusal of somebody who may not act here any more."""
    return Refused(
        f"{name} may not decide {what}: {why}",
        code="user.disabled",
        hint="Another member of the role decides, or an operator adds the user again.",
    )


def no_member(what: str, name: str, role: str, members: Sequence[str] | None) -> Refused:
    """Returns the refusal of somebody who is not in the role that is asked."""
    asked = "a role that is declared nowhere here" if members is None else role
    named = ", ".join(sorted(members or ()))
    return Refused(
        f"{name} may not decide {what}: it is for {asked}",
        code="user.member",
        hint=f"A member decides ({named}), or an operator puts the user into that group."
        if named
        else "Go to the deployment's folder (cd), or name it, so that its roles can be read.",
    )


def requester(what: str, name: str, case: str, *, lender: str | None = None) -> Refused:
    """Returns the refusal of somebody who would approve what is done in their own name, or in who lent them a role."""
    return Refused(
        f"{name} may not approve {what}: {case} acts for {name}"
        if lender is None
        else f"{name} may not approve {what} by the role of {lender}: {case} acts for {lender}",
        code="review.requester",
        hint="Somebody else of the role decides; whoever asked for a call does not approve it.",
    )
