"""A model of the framework that is asked as ``models`` of bridgehead.yaml says: hedged, again, or another instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from bridgehead.adapters.pydantic_ai.failing import classified
from bridgehead.resilience.answering import Asker

Show = Callable[[str, list[ModelMessage]], list[ModelMessage]]
"""Returns what of a conversation the model of a name is sent."""


class Asked(WrapperModel):
    """Stands in for the agent's model in one request. It answers once, and asks as often as the ``asker`` decides.

    A model's hook may call the framework's own handler only once, so repeating is the model's part. Streams pass
    as they are: what their reader has seen cannot be taken back.
    """

    def __init__(self, wrapped: Model, others: Mapping[str, Model], asker: Asker, show: Show) -> None:
        super().__init__(wrapped)
        self._show = show
        self._others = others
        self._asker = asker

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Returns a complete response of whichever model gave one; raises Failed."""

        async def one(name: str) -> ModelResponse:
            model, shown = self._others.get(name, self.wrapped), self._show(name, messages)
            try:
                response = await model.request(shown, model_settings, model_request_parameters)
            except Exception as error:  # the boundary to a model: whatever it raises is classified
                raise classified(error) from error
            response.model_id = response.model_id or model.model_id
            return response

        answer = await self._asker.ask(one, used=lambda response: response.usage.total_tokens or None)
        return answer.value
