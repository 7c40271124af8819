"""Somebody who acts without a session: known by a link of their own, or by who Slack says pressed a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridgehead.auth.sessions import actor_of
from bridgehead.errors import Refused
from bridgehead.storage.review_links import ReviewLinks

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor


async def actor_named(app: App, name: str, channel: str) -> Actor:
    """Returns somebody with the roles and groups of this moment; raises Refused (``user.disabled``) for nobody.

    Who was disabled, barred or removed since they were told is nobody.
    """
    holder = await ReviewLinks(app.database).holder(name)
    actor = None if holder is None else actor_of(app, holder, channel=channel)
    if actor is None:
        raise Refused(
            f"{name} may not act here any more",
            code="user.disabled",
            hint="Another member of the role decides at the desk.",
        )
    return actor
