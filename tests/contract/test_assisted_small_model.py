from __future__ import annotations

import pytest

from bridgehead.documents.confidence import sure
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.models import OpenAICompatible, Timeouts
from bridgehead.templates.purchase_orders.assist import ModelExtractor, read_assisted
from tests.unit.documents.pointing import mail

pytestmark = [pytest.mark.llm, pytest.mark.slow]

PROSE = mail(
    "Our order 4711-23:",
    "of the gaskets we had last time (your part AB-1200) 12 would do,",
    "and of the flange AB-77 send 4.",
)
DOUBTED = mail(
    "Purchase order 4711-26", "", "10 pcs AB-1200 gasket at 3.20 EUR 32.00 EUR list 4.00 EUR", "", "Total 32.00 EUR"
)


@pytest.mark.parametrize("document", [PROSE, DOUBTED])
async def test_a_real_model_takes_the_schema_and_is_held_to_the_text(small_model: str, document: bytes) -> None:
    """A server with a real model takes the question, and an order without doubts has the rules' values alone."""
    async with OpenAICompatible(small_model, "small", timeouts=Timeouts(300, 300, 300)) as client:
        found = await read_assisted(document, "a.eml", ModelExtractor(client, max_tokens=700))
    before = read(document, "a.eml")
    assert found.extraction is not None
    if found.extraction.answer is None:  # a model of few weights goes round in circles until its tokens end
        assert found.why_not == "invalid_output: the answer reached max_tokens before its end"
        assert found.reading == before
        return
    assert found.extraction.output_tokens
    for order in found.reading.orders if isinstance(found.reading, Orders) else ():
        assert order.warnings or (isinstance(before, Orders) and order.lines == before.orders[0].lines)
        assert sure(order) == (not order.warnings)
