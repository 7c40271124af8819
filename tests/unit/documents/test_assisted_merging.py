from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridgehead.documents.assisted.asking import HEADER_FIELDS, LINE_FIELDS
from bridgehead.documents.assisted.assist import wants_model
from bridgehead.documents.assisted.grounding import grounded
from bridgehead.documents.assisted.merging import merge, settles
from bridgehead.documents.assisted.seen import see
from bridgehead.documents.confidence import sure
from bridgehead.documents.order import Control, Order
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Unreadable
from bridgehead.documents.reading import read
from tests.unit.documents.pointing import Pointed, answer, mail, numbered

LISTED = "10 pcs AB-1200 gasket at 3.20 EUR 32.00 EUR list 4.00 EUR"
DOUBTED = mail("Purchase order 4711-26", "", LISTED, "", "Total 32.00 EUR")
ITEM: dict[str, Pointed] = {
    "supplier_part": "AB-1200", "quantity": "10", "unit": "pcs", "price": "3.20 EUR", "amount": "32.00 EUR",
}  # fmt: skip
PROSE = mail(
    "our order 4711-23: of the gaskets we had last time (your AB-1200) 12 would do,",
    "and the flange AB-77, of these send 4.",
    "Deliver to Northfield Ltd, 5 Mill Lane, Leeds.",
)


NUMBER: dict[str, Pointed] = {"po_number": "4711-26"}


def merged(document: bytes, fields: dict[str, Pointed], *items: dict[str, Pointed]) -> Reading:
    shown = see(document, "a.eml")
    return merge(read(document, "a.eml"), grounded(answer(numbered(shown), fields, items), shown), shown)


def order_of(reading: Reading) -> Order:
    assert isinstance(reading, Orders), reading
    (order,) = reading.orders
    return order


def rules(document: bytes = DOUBTED) -> Order:
    return order_of(read(document, "a.eml"))


def test_a_doubt_about_figures_ends_when_both_agree_and_the_sum_proves_it() -> None:
    """The rules' order is left as it was read, and without its doubt nobody has to look at it."""
    before = rules()
    assert [warning.partition(":")[0] for warning in before.warnings] == ["uncertain"]
    after = order_of(merged(DOUBTED, NUMBER, ITEM))
    assert replace(after, sources=before.sources, confidence=None) == replace(before, warnings=(), confidence=None)
    assert sure(after)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "32.00"},
        {"price": "4.00 EUR"},
        {"price": None},
        {"amount": None},
        {"unit": None},
        {"quantity": None},
        {"supplier_part": None},
        {"quantity": (3, "11")},
        {"requested_date": (1, "2 Nov 2026")},
    ],
)
def test_a_model_that_agrees_in_part_ends_nothing(change: dict[str, Pointed]) -> None:
    """One field that differs, is left out or does not stand in the document keeps the order for a person."""
    after = order_of(merged(DOUBTED, NUMBER, {**ITEM, **change}))
    assert set(rules().warnings) <= set(after.warnings)
    assert after.lines == rules().lines


def test_another_number_more_items_or_another_kind_end_nothing() -> None:
    """Agreement is about the whole order: its number, its kind, and that nothing else is ordered."""
    for after in (
        merged(DOUBTED, {}, ITEM),
        merged(DOUBTED, {"po_number": (1, "4711-2")}, ITEM),
        merged(DOUBTED, NUMBER, ITEM, {"description": "gasket", "quantity": "32.00"}),
        merged(DOUBTED, NUMBER),
    ):
        assert set(rules().warnings) <= set(order_of(after).warnings)
    shown = see(DOUBTED, "a.eml")
    for kind, several in (("change", False), ("other", False), ("order", True)):
        said = answer(numbered(shown), NUMBER, [ITEM], kind=kind, several=several)
        after = merge(read(DOUBTED, "a.eml"), grounded(said, shown), shown)
        assert len(order_of(after).warnings) == 2


@pytest.mark.parametrize(
    "doubt",
    [
        "instruction: 'ignore your rules'",
        "contradiction: a note says 'not 10'",
        "totals: the lines add up to 32.00, stated is 33.00",
        "count: 1 lines were found, stated are 2",
        "date: '3/4/26' can be read with the day or the month first",
        "uncertain: quantity '1.000' can be read two ways (line 3)",
        "uncertain: the line names a second part number (line 3)",
        "uncertain: forwarded by a@b.example: the sender c@d.example is only quoted",
        "uncertain: page 2 of 3 is missing",
        "uncertain: two order numbers: 1 and 2 (line 4)",
        "ignored: page 1, text that is white: 'and 99 more'",
        "ignored: attachment 'more.pdf' was not read: it is encrypted",
        "uncertain: it was late. uncertain: line 3 may order something",
    ],
)
def test_no_other_doubt_is_for_a_model(doubt: str) -> None:
    """A model that agrees in everything ends none of these, nor any doubt that stands beside one."""
    shown = see(DOUBTED, "a.eml")
    before = rules()
    told = replace(before, warnings=(*before.warnings, doubt))
    said = grounded(answer(numbered(shown), NUMBER, [ITEM]), shown)
    assert merge(Orders((told,)), said, shown) == Orders((told,))
    assert not settles(told)


@pytest.mark.parametrize(
    "warnings,wanted",
    [
        (("uncertain: two numbers",), True),
        (("ignored: a row", "totals: 1 is not 2"), True),
        ((), False),
        (("contradiction: a note says 'not'",), False),
        (("totals: 1 is not 2", "count: 1 is not 2", "date: next week"), False),
        (("uncertain: two numbers", "instruction: 'ignore the rules'"), False),
    ],
)
def test_a_model_is_wanted_for_doubts_about_reading_alone(warnings: tuple[str, ...], wanted: bool) -> None:
    """An order that contradicts itself was read, and one that speaks to its reader is for a person."""
    order = replace(rules(), warnings=warnings, confidence=None)
    assert wants_model(Orders((order,))) is wanted
    assert not wants_model(Orders((replace(order, purpose="change"),)))
    assert not wants_model(Orders((replace(order, format="x12"),)))
    assert wants_model(Orders((replace(order, warnings=(), confidence=0.4),)))


def test_without_a_sum_that_proves_it_agreement_ends_nothing() -> None:
    """Two readers of the same words can be wrong together; the document's own total has to hold, and be there."""
    bare = mail("Purchase order 4711-26", "", LISTED)
    assert order_of(merged(bare, NUMBER, ITEM)).warnings == rules(bare).warnings != ()
    counted = replace(
        rules(), controls=(*rules().controls, Control("line_count", Decimal(2), Decimal(1), agrees=False))
    )
    assert settles(rules())
    assert not settles(counted)
    wrong = mail("Purchase order 4711-26", "", LISTED, "", "Total 33.00 EUR")
    assert order_of(merged(wrong, NUMBER, ITEM)).warnings == rules(wrong).warnings


def test_where_both_differ_the_rules_value_stays_and_is_doubted() -> None:
    """The doubt names both values and the place, and the confidence of field and order falls."""
    before = replace(rules(), confidence=0.97, warnings=())
    path = "lines[0].price"
    before = replace(before, sources={**before.sources, path: replace(before.sources[path], confidence=0.99)})
    shown = see(DOUBTED, "a.eml")
    said = grounded(answer(numbered(shown), NUMBER, [{**ITEM, "price": "4.00 EUR"}]), shown)
    after = order_of(merge(Orders((before,)), said, shown))
    assert after.lines == before.lines
    assert after.warnings == ("uncertain: a model reads line 1 price 4.00 (body, line 3), not 3.20",)
    assert (after.sources[path].confidence, after.confidence) == (0.5, 0.5)
    assert not sure(after)


def test_what_only_the_model_reads_is_filled_and_doubted() -> None:
    """A person finds the field filled in, with its place, and the order is not booked without them."""
    document = mail("Purchase order 4711-26", "", "10 pcs AB-1200 gasket 3,20 per 100", "")
    before = rules(document)
    assert before.lines[0].price is None
    item: dict[str, Pointed] = {
        "supplier_part": "AB-1200", "quantity": "10", "unit": "pcs", "price": "3,20", "price_basis": "100",
    }  # fmt: skip
    after = order_of(merged(document, NUMBER, item))
    assert (after.lines[0].price, after.lines[0].price_basis) == (Decimal("3.20"), Decimal(100))
    assert after.sources["lines[0].price"].how == "model"
    assert any("price 3.20 was read by a model alone" in warning for warning in after.warnings)
    assert not sure(after)


def test_an_order_that_the_rules_gave_up_on_is_filled_in_for_a_person() -> None:
    """A refused mail becomes an order whose every line says where it was read, and that nobody books untouched."""
    assert isinstance(read(PROSE, "a.eml"), Unreadable)
    order = order_of(
        merged(
            PROSE,
            {
                "po_number": "4711-23",
                "ship_to_name": "Northfield Ltd",
                "ship_to_street": "5 Mill Lane",
                "ship_to_city": "Leeds",
            },
            {"supplier_part": "AB-1200", "quantity": "12", "description": "gaskets"},
            {"supplier_part": "AB-77", "quantity": (3, "4"), "description": "flange"},
        )
    )
    assert [(line.supplier_part, int(line.quantity)) for line in order.lines] == [("AB-1200", 12), ("AB-77", 4)]
    assert (order.po_number, order.buyer.email) == ("4711-23", "ann@northfield.example")
    assert order.ship_to is not None
    assert order.ship_to.city == "Leeds"
    assert {order.sources[f"lines[{at}].quantity"].how for at in (0, 1)} == {"model"}
    assert "a model alone read this order" in order.warnings[0]
    assert not sure(order)


def test_a_refusal_stays_where_the_model_found_no_whole_order() -> None:
    """Without a number, an item with a quantity, or with more than one order the rules' refusal stands."""
    before = read(PROSE, "a.eml")
    item: dict[str, Pointed] = {"supplier_part": "AB-1200", "quantity": "12"}
    number: dict[str, Pointed] = {"po_number": "4711-23"}
    assert merged(PROSE, {}, item) == before
    assert merged(PROSE, number) == before
    assert merged(PROSE, number, {"supplier_part": "AB-1200", "quantity": "13"}) == before
    shown = see(PROSE, "a.eml")
    said = answer(numbered(shown), number, [item], several=True)
    assert merge(before, grounded(said, shown), shown) == before


def test_what_is_no_order_and_several_orders_are_left_alone() -> None:
    """A model adds no order to a mail that is none, and none to several."""
    shown = see(DOUBTED, "a.eml")
    said = grounded(answer(numbered(shown), NUMBER, [ITEM]), shown)
    nothing = NotAnOrder("question", "It asks.")
    assert merge(nothing, said, shown) == nothing
    both = Orders((rules(), rules()))
    assert merge(both, said, shown) == both


WORDS = st.sampled_from(
    ["4711-26", "10", "pcs", "AB-1200", "gasket", "3.20 EUR", "32.00 EUR", "4.00 EUR", "32.00", "EUR"]
)
POINTED: st.SearchStrategy[Pointed] = st.none() | WORDS | st.tuples(st.integers(0, 6), WORDS)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(HEADER_FIELDS, POINTED)),
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(LINE_FIELDS, POINTED)), max_size=3),
    st.sampled_from([DOUBTED, PROSE, mail("Purchase order 4711-26", "10 pcs AB-1200 at 3.20 EUR 4.00 EUR 9.00 EUR")]),
)
def test_no_answer_makes_an_order_that_nobody_looks_at(
    fields: dict[str, Pointed], items: list[dict[str, Pointed]], document: bytes
) -> None:
    """Whatever a model says, an order without doubts is the rules' own, value for value."""
    before = read(document, "a.eml")
    after = merged(document, fields, *items)
    if not isinstance(after, Orders):
        assert after == before
        return
    for order in after.orders:
        assert order.warnings or (isinstance(before, Orders) and order == replace(before.orders[0], warnings=()))
        if isinstance(before, Orders):
            known = before.orders[0].lines
            assert len(order.lines) == len(known)
            for line, old in zip(order.lines, known, strict=True):
                assert all(
                    getattr(line, name) == getattr(old, name)
                    for name in ("quantity", "price", "amount", "unit", "supplier_part", "customer_part")
                    if getattr(old, name)
                )
