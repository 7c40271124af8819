"""Sessions as the site asks for them, answered by the database at each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridgehead.auth.actor import Actor
from bridgehead.auth.sessions import actor_of_session

if TYPE_CHECKING:
    from bridgehead.app import App


class SignedIn:
    """The sessions that the database knows."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def actor_of(self, token: str) -> Actor | None:
        """Returns who a session's token stands for at this moment, None for one that is unknown or over."""
        return await actor_of_session(self._app, token)
