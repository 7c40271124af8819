"""Answers of a model for tests: each value is pointed at in the text that the model was shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from bridgehead.documents.assisted.asking import HEADER_FIELDS, LINE_FIELDS, Extraction, Question, question_about
from bridgehead.documents.assisted.seen import Seen

Pointed = str | tuple[int, str] | None
Answer = dict[str, JsonValue]


def mail(*lines: str, subject: str = "Order", headers: str = "") -> bytes:
    """Returns a mail whose text these lines are."""
    return (
        "From: Ann Lee <ann@northfield.example>\nTo: orders@works.example\n"
        f"Subject: {subject}\nDate: Mon, 2 Nov 2026 09:00:00 +0000\n{headers}"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + "\n".join(lines) + "\n"
    ).encode()


def answer(
    document: str,
    fields: Mapping[str, Pointed] = MappingProxyType({}),
    items: Sequence[Mapping[str, Pointed]] = (),
    *,
    kind: str = "order",
    several: bool = False,
) -> Answer:
    """Returns an answer of the schema; a text is pointed at in the first line that holds it, a tuple says the line.

    ``document`` is the numbered text of the question.
    """
    lines = {int(line.partition("|")[0]): line.partition("| ")[2] for line in document.splitlines()}

    def value(pointed: Pointed) -> JsonValue:
        if pointed is None:
            return None
        if isinstance(pointed, tuple):
            return {"line": pointed[0], "text": pointed[1]}
        return {"line": next((number for number, line in lines.items() if pointed in line), 1), "text": pointed}

    unknown = set(fields) - set(HEADER_FIELDS) | {name for item in items for name in item} - set(LINE_FIELDS)
    assert not unknown, unknown
    return {
        "kind": kind,
        "several_orders": several,
        **{name: value(fields.get(name)) for name in HEADER_FIELDS},
        "items": [{name: value(item.get(name)) for name in LINE_FIELDS} for item in items],
    }


def numbered(seen: Seen) -> str:
    """Returns the text as a model is shown it."""
    return question_about(seen).document


class Answering:
    """An extractor that answers by a function of the question; ``asked`` keeps the questions."""

    def __init__(self, answering: Callable[[str], Answer] | None, failure: str = "timeout: too late") -> None:
        self.asked: list[Question] = []
        self._answering = answering
        self._failure = failure

    async def extract(self, question: Question) -> Extraction:
        """Returns the answer, or the failure where there is none."""
        self.asked.append(question)
        if self._answering is None:
            return Extraction(None, self._failure, 1)
        return Extraction(json.loads(json.dumps(self._answering(question.document))), turns=1)
