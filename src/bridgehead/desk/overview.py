"""How each deployment does: what it handled, how well, at what cost, and who is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridgehead.auth.actor import Actor
from bridgehead.storage import queries_names

if TYPE_CHECKING:
    from bridgehead.app import App


@dataclass(frozen=True, slots=True)
class DeploymentOverview:
    """One deployment at a glance."""

    name: str
    level: str


async def deployments(app: App, actor: Actor) -> Sequence[DeploymentOverview]:
    """Returns all deployments by name; raises Refused (``auth.right``) without the right to read."""
    actor.need("read")
    return [
        DeploymentOverview(name, await app.levels.level(name) or "shadow")
        for name in await queries_names.deployments(app.database, "")
    ]
