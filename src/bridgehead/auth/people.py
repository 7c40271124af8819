"""Who may decide: members of a role, where users are declared."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bridgehead.errors import Refused
from bridgehead.spec.deployment import Role
from bridgehead.spec.problem import nearest

if TYPE_CHECKING:
    from bridgehead.storage.users import User, Users


def is_member(user: User, role: Role) -> bool:
    """Tells whether a user is named by a role, or is in one of its groups."""
    names = {user.name, f"user:{user.name}", *(f"group:{group}" for group in user.groups)}
    return not names.isdisjoint(role.members)


async def check_decider(users: Users, by: str, roles: Collection[Role], what: str) -> bool:
    """Returns whether users are declared; where they are, ``by`` is one of them, may act, and is in one of the roles.

    Raises Refused otherwise: ``user.unknown``, ``user.disabled`` or ``user.member``. Without declared users anybody
    who can reach the database decides under the name that they give.
    """
    everybody = await users.listing()
    if not everybody:
        return False
    found = next((user for user in everybody if user.name == by), None)
    if found is None:
        raise Refused(
            f"{what} is decided by declared users, and {by!r} is none",
            code="user.unknown",
            hint=nearest(by, [user.name for user in everybody])
            or "Name one with --by; 'bridgehead user list' shows them.",
        )
    if found.disabled:
        raise Refused(
            f"{by} may not decide {what}: {found.disabled}",
            code="user.disabled",
            hint="Another member of the role decides, or an operator adds the user again.",
        )
    if not any(is_member(found, role) for role in roles):
        asked = " or ".join(sorted(role.name for role in roles)) or "a role that is declared nowhere here"
        raise Refused(
            f"{by} may not decide {what}: it is for {asked}",
            code="user.member",
            hint=_members(roles) or "Go to the deployment's folder (cd), or name it, so that its roles can be read.",
        )
    return True


def _members(roles: Collection[Role]) -> str:
    named = sorted({member for role in roles for member in role.members})
    return f"A member decides ({', '.join(named)}), or an operator puts the user into that group." if named else ""
