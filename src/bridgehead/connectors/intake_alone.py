"""The wire of a connector that only sends us work: a webhook, a mailbox, a place of files."""

from __future__ import annotations

from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.ports import Answer, Values
from bridgehead.errors import Failed


class IntakeAlone:
    """Carries nothing: there is nothing that could be asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:  # noqa: ARG002  # the port's signature
        """Raises Failed."""
        raise self._nothing()

    async def act(self, action: ActionPart, values: Values) -> Answer:  # noqa: ARG002  # the port's signature
        """Raises Failed."""
        raise self._nothing()

    async def follow(self, action: ActionPart, values: Values) -> None:  # noqa: ARG002  # the port's signature
        """Raises Failed."""
        raise self._nothing()

    async def health(self) -> None:
        """Returns: how its intake fares is in the log of who watches it."""

    async def aclose(self) -> None:
        """Closes nothing."""

    def _nothing(self) -> Failed:
        return Failed(
            f"{self._name} has no reads and no actions", error_class="invalid_input", applied=False,
            hint="Add entities and actions to its specification.",
        )  # fmt: skip
