"""Who acts, and what they may do: one value that the command line, the API and the console hand to every verb.

This is the one place that says which role has which right. A role holds what its work needs and no more:
an admin gives roles and can neither decide reviews nor undo effects with that role alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from bridgehead.errors import Refused

ConsoleRole = Literal["viewer", "reviewer", "operator", "author", "auditor", "admin"]
Right = Literal["read", "read.documents", "review", "operate", "undo", "policy", "audit", "admin", "submit"]

ROLES: Final[tuple[ConsoleRole, ...]] = get_args(ConsoleRole)
ALL_RIGHTS: Final[tuple[Right, ...]] = get_args(Right)

RIGHTS: Final[Mapping[ConsoleRole, frozenset[Right]]] = {
    "viewer": frozenset({"read"}),
    "reviewer": frozenset({"read", "read.documents", "review", "submit"}),
    "operator": frozenset({"read", "read.documents", "operate", "undo", "submit"}),
    "author": frozenset({"read", "policy"}),
    "auditor": frozenset({"read", "read.documents", "audit"}),
    "admin": frozenset({"read", "admin"}),
}
"""What each role may do. Who has several roles may do what any of them may."""

MEANINGS: Final[Mapping[Right, str]] = {
    "read": "see cases, effects, failures and connections",
    "read.documents": "see documents and what people wrote",
    "review": "decide reviews",
    "operate": "pause, resume, stop, settle and repair",
    "undo": "undo effects",
    "policy": "write and try policies",
    "audit": "read and verify the record",
    "admin": "manage users, roles and tokens",
    "submit": "hand in work",
}
"""What each right lets somebody do, as it reads after "may"."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who was signed in, or named on the command line, with what they hold at this moment.

    ``name`` is what the record calls them after ``person:``: a local user's name, ``SUBJECT of ISSUER`` for
    a subject of an issuer (no local name holds a space, so neither can pass for the other). ``channel`` is
    where they act: console, api, cli, mail, slack; it is written with each decision. ``scopes`` are a token's:
    it never does more than the roles of its owner, and None narrows nothing. ``shown`` is how pages call them;
    nothing is decided by it.
    """

    name: str
    groups: frozenset[str]
    roles: frozenset[ConsoleRole]
    issuer: str | None = None
    channel: str = "console"
    scopes: frozenset[Right] | None = None
    session: int | None = None
    shown: str = ""

    @property
    def person(self) -> str:
        """Returns the actor as rows of the record name it: ``person:NAME``."""
        return f"person:{self.name}"

    @property
    def rights(self) -> frozenset[Right]:
        """Returns all that the actor may do: what the roles give, narrowed by a token's scopes."""
        given: frozenset[Right] = frozenset().union(*(RIGHTS[role] for role in self.roles))
        return given if self.scopes is None else given & self.scopes

    def may(self, right: Right) -> bool:
        """Tells whether the actor has a right."""
        return right in self.rights

    def need(self, right: Right) -> None:
        """Raises Refused (``auth.right``) for an actor without a right, saying which roles have it."""
        if self.may(right):
            return
        having = holders(right)
        if self.scopes is not None and not having.isdisjoint(self.roles):
            raise Refused(
                f"this token of {self.name} may not {MEANINGS[right]}",
                code="auth.right",
                hint=f"It was made without the scope {right}; make another one that has it.",
            )
        raise Refused(
            f"{self.name} may not {MEANINGS[right]}",
            code="auth.right",
            hint=f"That takes the role {' or '.join(sorted(having))}; an admin gives it.",
        )

    def is_one_of(self, members: Collection[str]) -> bool:
        """Tells whether ``members`` of a role (``NAME``, ``user:NAME``, ``group:GROUP``) include the actor."""
        names = {self.name, f"user:{self.name}", *(f"group:{group}" for group in self.groups)}
        return not names.isdisjoint(members)


def holders(right: Right) -> frozenset[ConsoleRole]:
    """Returns the roles that have a right."""
    return frozenset(role for role, rights in RIGHTS.items() if right in rights)
