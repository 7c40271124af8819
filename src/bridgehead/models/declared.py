"""The models that a deployment declares, behind one client each, made when it is first asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridgehead.cases.ports import Answered, Question
from bridgehead.errors import Failed, UserError
from bridgehead.models.governed import complaint
from bridgehead.models.openai_compatible import MAX_BYTES, OpenAICompatible
from bridgehead.models.port import Message, Turn
from bridgehead.spec.deployment import ModelSpec
from bridgehead.spec.problem import nearest

MAX_TOKENS: Final = 1_024
"""How long an answer may get where ``max_tokens`` of its model does not say."""


class DeclaredModels:
    """Asks models of ``bridgehead.yaml`` by their names; used in one event loop."""

    def __init__(self, specs: Mapping[str, ModelSpec], *, max_bytes: int = MAX_BYTES) -> None:
        self._specs, self._max_bytes = specs, max_bytes
        self._clients: dict[str, OpenAICompatible] = {}

    async def answer(self, name: str, question: Question, wrong: Failed | None = None) -> Answered:
        """Returns what a model answers, held to the question's schema.

        Raises Failed with the class that says what happened, UserError for a name or a setting that is wrong.
        """
        spec = self._specs.get(name)
        if spec is None:
            raise UserError(
                f"there is no model {name!r} under models",
                code="model.unknown",
                hint=nearest(name, list(self._specs)) or "Declare it in bridgehead.yaml: models.",
            )
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = OpenAICompatible.from_spec(spec, max_bytes=self._max_bytes)
        asked = (Message("system", question.instructions), Message("user", question.text))
        reply = await client.turn(
            Turn(
                (*asked, *(() if wrong is None else complaint(wrong))),
                output_schema=question.schema,
                max_tokens=spec.max_tokens or MAX_TOKENS,
            )
        )
        return Answered(reply.output, reply.model or spec.name, reply.usage.input_tokens, reply.usage.output_tokens)

    async def aclose(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()
