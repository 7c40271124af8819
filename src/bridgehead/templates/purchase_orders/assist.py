"""Lets a model behind an OpenAI-compatible URL help to read orders; ``documents.assisted`` fixes what it may do.

This is where the readers, which know no network, and the model's port meet. A deployment that wants it makes one
``ModelExtractor`` and calls ``read_assisted``; nothing asks a model otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from pydantic import JsonValue

from bridgehead.documents.assisted.asking import Extraction, Question
from bridgehead.documents.assisted.assist import NOT_WANTED, Assisted, assist, wants_model
from bridgehead.documents.assisted.seen import see
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
