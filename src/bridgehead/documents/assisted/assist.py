"""Decides when a model is worth asking about a document, asks it once, and merges what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, TypeAdapter

from bridgehead.documents.assisted.asking import Extraction, Extractor, question_about
from bridgehead.documents.assisted.grounding import Grounded, grounded
from bridgehead.documents.assisted.merging import RESCUED, merge
from bridgehead.documents.assisted.seen import Seen
from bridgehead.documents.confidence import sure
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders, Reading, Unreadable

_ORDER: Final = TypeAdapter(Order)
NOT_WANTED: Final = "the rules are certain, or a model could not tell more"
_UNREAD: Final = frozenset({"uncertain", "ignored"})
"""Doubts about the reading; the others are about what the document says."""
_SHOWN: Final = frozenset({"email", "pdf"})


@dataclass(frozen=True, slots=True)
class Assisted:
    """The reading after a model was asked, or not; ``why_not`` says why its answer changed nothing.

    ``extraction`` is None when no model was asked, ``answer`` is what of its answer the document bears out.
    """

    reading: Reading
    why_not: str = ""
    extraction: Extraction | None = None
    answer: Grounded | None = None


def wants_model(reading: Reading) -> bool:
    """Whether the rules are not certain how one new order in text is read, or found none where one may be.

    An order that speaks to its reader is for a person whatever a model says of it, and one that only contradicts
    itself was read: there a model could tell nothing.
    """
    if isinstance(reading, Unreadable):
        return reading.code in RESCUED
    if not isinstance(reading, Orders) or len(reading.orders) != 1:
        return False
    order = reading.orders[0]
    if order.format not in _SHOWN or order.purpose != "original":
        return False
    kinds = {warning.partition(":")[0] for warning in order.warnings}
    if "instruction" in kinds:
        return False
    return bool(kinds & _UNREAD) if kinds else not sure(order)


async def assist(reading: Reading, seen: Seen, extractor: Extractor) -> Assisted:
    """Asks about a document that ``wants_model``; a model that fails leaves the rules' reading as it is.

    Raises nothing that the extractor does not raise.
    """
    if not wants_model(reading):
        return Assisted(reading, NOT_WANTED)
    if seen.barred:
        return Assisted(reading, seen.barred)
    extraction = await extractor.extract(question_about(seen))
    if extraction.answer is None:
        return Assisted(reading, extraction.failure or "the model gave no answer", extraction)
    found = grounded(extraction.answer, seen)
    merged = merge(reading, found, seen)
    return Assisted(merged, "" if merged != reading else "the model adds nothing", extraction, found)


def reading_of(rows: Sequence[Mapping[str, JsonValue]]) -> Reading | None:
    """The reading behind the rows of ``telling.tell``; None where no model is ever asked about such a reading."""
    if len(rows) != 1:
        return None
    row = rows[0]
    if row["status"] == "order":
        return Orders((_ORDER.validate_python(row["order"]),))
    return Unreadable(str(row["kind"]), str(row["reason"])) if row["status"] == "refused" else None
