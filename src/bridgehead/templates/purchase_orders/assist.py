"""Lets a model behind an OpenAI-compatible URL help to read orders; ``documents.assisted`` fixes what it may do.

This is where the readers, which know no network, and the model's port meet. A deployment that wants it reads arrivals
with ``read_arrival(…, for_model=True)`` and begins its agent with ``read_again``; nothing asks a model otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from pydantic import JsonValue, ValidationError

from bridgehead import Case, Context
from bridgehead.cases import context
from bridgehead.documents.assisted.asking import Extraction, Question
from bridgehead.documents.assisted.assist import NOT_WANTED, Assisted, assist, wants_model
from bridgehead.documents.assisted.seen import Seen, barred, see, seen_from_json
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.errors import BridgeheadError, Failed
from bridgehead.models import Message, ModelClient, Turn, Usage
from bridgehead.spec.tool import JSON

MAX_TOKENS: Final = 8_000
"""What an answer may take: about forty items, each with all its fields."""
_AGAIN: Final = "That was no answer of the schema: {}. Answer once more, with JSON of the schema alone."


class ModelExtractor:
    """Asks a model, and once more when the answer is not what was asked; every other failure ends the asking.

    ``max_tokens`` bounds each answer. What was spent is in the ``Extraction``; its money is known to nobody here.
    """

    def __init__(self, client: ModelClient, *, max_tokens: int = MAX_TOKENS) -> None:
        self._client = client
        self._max_tokens = max_tokens

    async def extract(self, question: Question) -> Extraction:
        """Returns the answer to one question; a failure is told by its class, and nothing is raised for it."""
        schema = cast("Mapping[str, JSON]", question.schema)
        asked = (Message("system", question.instructions), Message("user", question.document))
        spent: list[Usage] = []
        failed: Failed | None = None
        turns = 0
        for _ in range(2):
            again = () if failed is None else (Message("user", _AGAIN.format(failed.message)),)
            turns += 1
            try:
                reply = await self._client.turn(
                    Turn((*asked, *again), output_schema=schema, max_tokens=self._max_tokens, temperature=0.0)
                )
            except Failed as failure:
                spent.append(Usage())  # a turn that failed may have been paid for all the same
                failed = failure
                if failure.error_class != "invalid_output" or failure.attributes.get("truncated"):
                    break
                continue
            except BridgeheadError as error:  # a setting that is wrong: the rules' reading stands
                return _spent(Extraction(None, f"{error.code}: {error.message}", turns), spent)
            spent.append(reply.usage)
            answer = cast("Mapping[str, JsonValue] | None", reply.output)
            return _spent(
                Extraction(answer, "" if answer else "the model called tools", turns, model=reply.model), spent
            )
        what = "" if failed is None else f"{failed.error_class}: {failed.message}"
        return _spent(Extraction(None, what, turns), spent)


def _spent(extraction: Extraction, usages: list[Usage]) -> Extraction:
    return Extraction(
        extraction.answer,
        extraction.failure,
        extraction.turns,
        _sum([usage.input_tokens for usage in usages]),
        _sum([usage.output_tokens for usage in usages]),
        extraction.model,
    )


def _sum(tokens: list[int | None]) -> int | None:
    """What all turns used; unknown when one of them is, for what is unknown is not zero."""
    known = [one for one in tokens if one is not None]
    return sum(known) if known and len(known) == len(tokens) else None


async def read_assisted(document: bytes, name: str, extractor: ModelExtractor) -> Assisted:
    """Reads a document by rules, and asks the model where they are not certain. Raises nothing for any document.

    Reading happens in the calling process: for documents of strangers use ``documents.isolated`` for ``read`` and
    ``see``, as ``bridgehead documents read`` does.
    """
    reading = read(document, name)
    if not wants_model(reading):
        return Assisted(reading, NOT_WANTED)
    return await assist(reading, see(document, name), extractor)


async def read_again(case: Case[Order], ctx: Context, client: ModelClient) -> Case[Order]:
    """Returns the case with its order as rules and model read it together; the case itself where none is asked.

    Its answer is recorded as a turn of the case, with its tokens, and is served from the record when the case is
    replayed. A model that fails leaves the order as it is, and the case does not wait for it. The order that the case
    was opened with, and the digest that finds resends, stay those of the rules.
    """
    reading = Orders((case.input,))
    if not wants_model(reading):
        return case
    found = await assist(reading, _shown(case.text), _Recorded(ctx, ModelExtractor(client)))
    return replace(case, input=found.reading.orders[0]) if isinstance(found.reading, Orders) else case


def _shown(text: str) -> Seen:
    """What the document shows, where ``read_arrival`` was told to keep it as the case's text."""
    try:
        return seen_from_json(text.encode())
    except (ValidationError, UnicodeError):
        return barred("the case was opened without the text for a model")


class _Recorded:
    """Asks through the case, so that each answer is recorded once."""

    def __init__(self, ctx: Context, extractor: ModelExtractor) -> None:
        self._ctx = ctx
        self._extractor = extractor

    async def extract(self, question: Question) -> Extraction:
        """Returns the recorded answer, or a fresh one."""

        async def run() -> context.Turn:
            fresh = await self._extractor.extract(question)
            reply = cast("JSON", {"answer": fresh.answer, "failure": fresh.failure, "turns": fresh.turns})
            return context.Turn(reply, fresh.model or "unknown", fresh.input_tokens, fresh.output_tokens)

        request: JSON = {"instructions": question.instructions, "document": question.document}
        reply = cast("Mapping[str, JsonValue]", await self._ctx.turn("reading", fed=None, request=request, run=run))
        answer = cast("Mapping[str, JsonValue] | None", reply["answer"])
        return Extraction(answer, str(reply["failure"]), int(str(reply["turns"])))
