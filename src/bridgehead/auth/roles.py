"""Which roles groups of the issuer give: ``BRIDGEHEAD_OIDC_ROLES``, read once and checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from bridgehead.auth.actor import ROLES, ConsoleRole
from bridgehead.errors import UserError
from bridgehead.settings import Settings
from bridgehead.spec.problem import nearest


def given(settings: Settings) -> Mapping[ConsoleRole, frozenset[str]]:
    """Returns which groups give each role, of ``admin=it-ops,reviewer=order-desk,reviewer=night-desk``.

    Raises UserError (``auth.settings``) for a role that there is not, or a part of another form.
    """
    found: dict[ConsoleRole, set[str]] = {}
    for part in filter(None, (one.strip() for one in settings.oidc_roles.split(","))):
        role, equals, group = (one.strip() for one in part.partition("="))
        if not equals or not group or role not in ROLES:
            raise UserError(
                f"BRIDGEHEAD_OIDC_ROLES: {part!r} gives no role to a group",
                code="auth.settings",
                hint=nearest(role, ROLES) or f"Write ROLE=GROUP, with commas between: {', '.join(ROLES)} are roles.",
            )
        found.setdefault(role, set()).add(group)
    return {role: frozenset(groups) for role, groups in found.items()}


def of_groups(settings: Settings, groups: Collection[str]) -> frozenset[ConsoleRole]:
    """Returns the roles that an issuer's groups give."""
    return frozenset(role for role, giving in given(settings).items() if not giving.isdisjoint(groups))


def known(roles: Iterable[str]) -> frozenset[ConsoleRole]:
    """Returns the roles among these names; one that a later version wrote gives nothing."""
    return frozenset(role for role in roles if role in ROLES)


def checked(roles: Iterable[str]) -> frozenset[ConsoleRole]:
    """Returns the roles of these names; raises UserError (``user.role``) for one that there is not."""
    asked = frozenset(roles)
    for role in sorted(asked):
        if role not in ROLES:
            raise UserError(
                f"there is no role {role!r}", code="user.role", hint=nearest(role, ROLES) or f"Of: {', '.join(ROLES)}."
            )
    return known(asked)
