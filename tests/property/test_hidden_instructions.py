from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, get_args

import pytest

from bridgehead.documents.order import Order, to_json
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.corpus.compose import Writer, compose
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.forms import FORMS
from bridgehead.templates.purchase_orders.corpus.generate import start
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import Format
from bridgehead.templates.purchase_orders.corpus.texts import benign_note

SEED: Final = 504
DOCUMENTS: Final = 25
PAGED: Final = frozenset({"email_pdf", "orderx"})
PAGES: Final = 8
PROSE: Final = frozenset({"sources", "warnings", "notes", "confidence"})
"""What a document says in words and where; a description may hold a remark that stands in its cell."""
NOBODY: Final = frozenset({"newsletter", "auto_reply", "acknowledgement"})


def pairs(form: Format, count: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Yields documents with an instruction to the reader, each beside itself with a harmless remark in its place."""
    run = start(SEED, count, (form,))
    customers = [one for one in run.world.customers if one.channel == form]
    for serial in range(1, count + 1):
        customer = customers[serial % len(customers)]
        habit = run.habits[customer.number]
        dice = Dice(SEED, "order", serial)
        order = compose(
            Writer(run.world, customer, habit, dice), f"PO-{serial:06}", frozenset({"hidden_instructions"})
        ).order
        assert order.instruction
        at = run.world.as_of
        sent = []
        plain = f"{benign_note(Dice(SEED, 'remark', serial), habit.language)} " * 20
        # As long as the instruction: how wide a text is may move what stands beside it on a page.
        for said in (order.instruction, plain[: len(order.instruction)].strip()):
            envelope = Envelope(
                customer,
                habit,
                datetime(at.year, at.month, at.day, 9, tzinfo=UTC),
                serial,
                Dice(SEED, "sending", serial),
            )
            sent.append(FORMS[form].write_orders(envelope, [replace(order, instruction=said)]))
        yield f"{serial}.{FORMS[form].extension(habit, 1)}", sent[0], sent[1]


def fields(order: Order) -> dict[str, Any]:
    """Returns what would be booked."""
    plain: dict[str, Any] = json.loads(to_json(order))
    for line in plain["lines"]:
        del line["notes"], line["description"]
    for control in plain["controls"]:
        del control["where"]
    return {name: value for name, value in plain.items() if name not in PROSE}


def held(reading: Reading) -> bool:
    """Whether a person sees what was read before anything is booked."""
    if isinstance(reading, Orders):
        return all(any(not one.startswith("remark") for one in order.warnings) for order in reading.orders)
    return not isinstance(reading, NotAnOrder) or reading.kind not in NOBODY


@pytest.mark.parametrize("form", get_args(Format))
def test_instructions_hidden_in_documents_change_nothing(form: Format) -> None:
    """Wherever words to the reader hide, the fields are those of the document without them, and it is held."""
    compared = 0
    for name, told, plain in pairs(form, PAGES if form in PAGED else DOCUMENTS):
        reading, other = read(told, name), read(plain, name)
        assert held(reading), f"{form} {name}: {reading}"
        if isinstance(reading, Orders) and isinstance(other, Orders):
            assert [*map(fields, reading.orders)] == [*map(fields, other.orders)], f"{form} {name}"
            compared += told != plain
    assert compared > 0
