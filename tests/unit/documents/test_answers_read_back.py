from __future__ import annotations

import pytest

from bridgehead.documents.outcome import NotAnOrder, Orders
from bridgehead.documents.reading import read
from bridgehead.documents.writers.acknowledge import Envelope, write
from tests.unit.documents.answers import DECIDED, EDIFACT, ENVELOPES, X12, answer


@pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda one: type(one).__name__)
def test_our_own_reader_takes_no_answer_for_an_order(envelope: Envelope) -> None:
    """An answer that comes back to us is recognised or refused, and never read as an order."""
    outcome = read(write(answer(DECIDED), envelope).content, "answer")
    assert not isinstance(outcome, Orders)
    if envelope in {X12, EDIFACT}:
        assert isinstance(outcome, NotAnOrder)
        assert outcome.kind == "order_response"
