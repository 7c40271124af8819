"""What a deployment's file says of a role, as the desk goes by it: who, when, how fast, and who comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from bridgehead.money import Money
from bridgehead.reviews.calendar import Calendar, add_business_time, calendar_of
from bridgehead.spec.deployment import Deployment

CLAIM_S: Final = 900.0
"""So long a claim counts where the role says nothing of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One role of a deployment. ``within_s`` is working time; ``claims``: so many one person may have before them."""

    deployment: str
    role: str
    members: tuple[str, ...]
    hours: str | None = None
    holidays: tuple[date, ...] = ()
    within_s: float | None = None
    then: str | None = None
    claim_s: float = CLAIM_S
    claims: int | None = None
    rate: Money | None = None
    idle_cap_minutes: float | None = None
    resume_s: float = 300.0

    @property
    def calendar(self) -> Calendar:
        """Returns when the role is at work."""
        return calendar_of(self.hours, frozenset(self.holidays))

    def due(self, now: datetime, within_s: float) -> datetime:
        """Returns when so much of the role's working time will have passed."""
        return add_business_time(now, timedelta(seconds=within_s), self.calendar)


def terms_of(spec: Deployment) -> tuple[Terms, ...]:
    """Returns what a deployment says of its roles."""
    return tuple(
        Terms(
            deployment=spec.name,
            role=role.name,
            members=role.members,
            hours=role.hours,
            holidays=role.holidays,
            within_s=role.within_s,
            then=role.then,
            claim_s=role.claim_s,
            claims=role.claims,
            rate=role.rate,
            idle_cap_minutes=role.idle_cap_minutes,
            resume_s=spec.case.resume_s,
        )
        for role in spec.roles.values()
    )


def is_member(name: str, groups: Collection[str], members: Collection[str]) -> bool:
    """Tells whether a person is named by a role (``NAME``, ``user:NAME``), or is in one of its groups."""
    names = {name, f"user:{name}", *(f"group:{group}" for group in groups)}
    return not names.isdisjoint(members)
