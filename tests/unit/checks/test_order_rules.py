from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bridgehead.cli.telling_gist import flagged
from bridgehead.documents.order import Order, Party
from bridgehead.templates.purchase_orders.checks.verdict import Rules
from bridgehead.templates.purchase_orders.doing import to_do
from bridgehead.templates.purchase_orders.erp.wire import Credit, OrderStatus
from tests.unit.checks.ground import CUSTOMER, booked, facts, item, line, order, verdict


def owner(asked: Order, **changes: object) -> tuple[str, str] | None:
    """Returns role and cause of the hold that owns the order, None when it is booked."""
    hold = verdict(asked, facts(asked, **changes)).hold  # type: ignore[arg-type]  # the test names the fact
    return None if hold is None else (hold.role, hold.cause)


def test_a_plain_order_is_booked_as_it_is() -> None:
    """An order that every rule accepts is booked line by line with code IA and header AD."""
    booking = verdict(order()).booking
    assert booking is not None
    (only,) = booking.lines
    assert (only.item, only.quantity, only.unit, only.price) == ("A-1", Decimal(100), "C62", Decimal("3.1000"))
    assert (only.date, only.code) == (date(2026, 11, 20), "IA")
    assert (booking.ship_to, booking.header_code, booking.total) == ("S1", "AD", Decimal("310.00"))
    assert (booking.customer, booking.currency, booking.order_date) == ("C100", "EUR", date(2026, 10, 30))


# --- rule 1 -----------------------------------------------------------------------------------------------------


def test_an_exact_resend_books_nothing_and_asks_nobody() -> None:
    """The same content under a known PO number belongs to the order that is there."""
    first = verdict(order()).booking
    assert first is not None
    again = verdict(order(), facts(order(), earlier=(booked(first),)))
    assert (again.resend_of, again.booking, again.holds) == ("SO-1", None, ())


def test_a_resend_is_known_though_the_erp_numbers_lines_itself() -> None:
    """A document's lines 10 and 20 are the ERP's 1 and 2, in their order; in another order they are other content."""
    asked = order(line(10), line(20, quantity=Decimal(50)))
    first = verdict(asked).booking
    assert first is not None
    lines = [replace(one, line=at + 1) for at, one in enumerate(first.lines)]
    known = booked(replace(first, lines=tuple(lines)))
    assert verdict(asked, facts(asked, earlier=(known,))).resend_of == "SO-1"
    turned = replace(known, lines=tuple(replace(one, line=3 - one.line) for one in lines))
    assert verdict(asked, facts(asked, earlier=(turned,))).resend_of is None


def test_a_revision_that_rounds_to_the_same_booking_is_held() -> None:
    """A changed quantity that becomes the same sold quantity does not pass as the same order again."""
    first = verdict(order(line(quantity=Decimal(98)))).booking
    assert first is not None
    changed = order(line(quantity=Decimal(97)))
    known = facts(changed, earlier=(booked(first),), revises=True)
    assert verdict(changed, known).resend_of is None
    assert verdict(changed, replace(known, revises=False)).resend_of == "SO-1"


def test_a_resend_is_known_whatever_the_credit_says_by_now() -> None:
    """A block that came after the booking does not turn an exact resend into work for credit control."""
    first = verdict(order()).booking
    assert first is not None
    blocked = replace(CUSTOMER, credit=replace(CUSTOMER.credit, blocked=True))
    again = verdict(order(), facts(order(), earlier=(booked(first),), customer=blocked))
    assert (again.resend_of, again.hold) == ("SO-1", None)


@pytest.mark.parametrize("status, role", [("open", "order-desk"), ("in_production", "planner")])
@pytest.mark.parametrize("purpose", ["original", "change", "cancel"])
def test_other_content_under_a_known_number_is_held(purpose: str, status: OrderStatus, role: str) -> None:
    """A changed resend, a change and a cancellation go to the order desk, to the planner once production runs."""
    first = verdict(order()).booking
    assert first is not None
    changed = order(line(quantity=Decimal(105)), purpose=purpose)
    cause = "duplicate" if purpose == "original" else "change"
    found = verdict(changed, facts(changed, earlier=(booked(first, status=status),)))
    assert found.hold is not None
    assert (found.hold.role, found.hold.cause) == (role, cause)
    assert found.booking is None


@pytest.mark.parametrize("purpose", ["change", "cancel", "confirmation", "other"])
def test_only_new_orders_are_booked(purpose: str) -> None:
    """A document of any other purpose is for a person, also when no earlier order is known."""
    assert owner(order(purpose=purpose)) == ("order-desk", "change")


def test_a_cancelled_order_is_no_reason_to_book_again() -> None:
    """A PO number whose order was cancelled is known: a person says whether it is wanted again."""
    first = verdict(order()).booking
    assert first is not None
    assert owner(order(), earlier=(booked(first, status="cancelled"),)) == ("order-desk", "duplicate")


def test_a_revision_is_held() -> None:
    """A case whose key came before with another content is held, although the ERP knows no order yet."""
    assert owner(order(), revises=True) == ("order-desk", "duplicate")


def test_a_resend_with_a_warning_is_read_by_a_person() -> None:
    """A document that repeats an order and holds an instruction is not waved through as a resend."""
    first = verdict(order()).booking
    assert first is not None
    warned = order(warnings=("instruction: ship elsewhere",))
    found = verdict(warned, facts(warned, earlier=(booked(first),)))
    assert found.resend_of is None
    assert found.hold is not None


# --- rule 2 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "warning, cause",
    [
        ("instruction: ignore the limits", "instruction"),
        ("contradiction: the text says 200", "contradiction"),
        ("uncertain: quantity", "reading"),
        ("date: 03/04/26", "reading"),
        ("something nobody thought of", "reading"),
        ("totals: 5 != 6", "totals"),
        ("count: 2 lines, 3 stated", "totals"),
        ("hash: 100", "totals"),
    ],
)
def test_every_warning_reaches_the_order_desk(warning: str, cause: str) -> None:
    """No warning of a reader is booked over, known kind or not."""
    assert owner(order(warnings=(warning,))) == ("order-desk", cause)


@pytest.mark.parametrize(
    "confidence, least, held", [(None, 0.8, False), (0.8, 0.8, False), (0.79, 0.8, True), (0.79, 0.0, False)]
)
def test_a_reading_must_be_sure_enough(confidence: float | None, least: float, *, held: bool) -> None:
    """A reading whose like is often wrong is for a person even when it holds no single doubt."""
    found = verdict(order(confidence=confidence), rules=Rules(least_confidence=least)).hold
    assert (found is not None and (found.role, found.cause) == ("order-desk", "reading")) == held


def test_a_remark_holds_nothing() -> None:
    """What a person may like to know and changes nothing asks no person."""
    remarked = order(warnings=("remark: buyer: 'DE1' is no VAT number by its check digits",))
    first = verdict(remarked).booking
    assert first is not None
    assert verdict(remarked, facts(remarked, earlier=(booked(first),))).resend_of is not None


def test_an_instruction_owns_the_order_before_its_own_words_do() -> None:
    """Words that give orders are told and due as an instruction, also where they read as a contradiction too."""
    asked = order(warnings=("contradiction: a note says 'copy of'", "instruction: a note: 'agents must send a copy'"))
    holds = verdict(asked).holds
    assert [hold.cause for hold in holds] == ["instruction", "contradiction"]
    assert owner(asked) == ("order-desk", "instruction")


@pytest.mark.parametrize("po_number", ["", "  ", "9" * 61])
def test_an_order_needs_a_number(po_number: str) -> None:
    """An order without a PO number that can be booked is for a person."""
    assert owner(order(po_number=po_number)) == ("order-desk", "reading")


# --- rule 3 -----------------------------------------------------------------------------------------------------


def test_an_unknown_customer_is_held_and_lines_stay() -> None:
    """Without a customer nothing is judged but the document, and every line is still on the verdict."""
    asked = order(line(1), line(2))
    found = verdict(asked, facts(asked, customer=None, resolved=(), quotes={}, not_found="Nobody."))
    assert found.hold is not None
    assert (found.hold.role, found.hold.cause, found.hold.reason) == ("order-desk", "customer", "Nobody.")
    assert [judged.line for judged in found.lines] == [1, 2]
    assert found.proposal is None


def test_an_unknown_ship_to_is_held() -> None:
    """A ship-to that is not on file is for the order desk, who is told those that are."""
    there = Party(name="Neues Lager", street="Ring 9", city="Köln", postal_code="50667", country="DE")
    assert owner(order(ship_to=there)) == ("order-desk", "ship_to")
    reason = verdict(order(ship_to=there)).reason()
    assert "On file: S1: Werk Hafen, Hafenstraße 5, Köln; S2: Werk Süd, Am Bahnhof 12, Düren." in reason


# --- rule 4 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credit, held",
    [
        (Credit(Decimal(50000), Decimal(1000), 0, blocked=True), True),
        (Credit(Decimal(50000), Decimal(1000), 31, blocked=False), True),
        (Credit(Decimal(50000), Decimal(1000), 30, blocked=False), False),
        (Credit(Decimal(1310), Decimal(1000), 0, blocked=False), False),
        (Credit(Decimal("1309.99"), Decimal(1000), 0, blocked=False), True),
    ],
)
def test_credit(credit: Credit, *, held: bool) -> None:
    """A block, more than 30 days overdue, or more open than the limit goes to credit control; the edges do not."""
    found = owner(order(), customer=replace(CUSTOMER, credit=credit))
    assert found == (("credit-control", "credit") if held else None)


def test_credit_counts_lines_that_are_unknown() -> None:
    """A line whose item is unknown counts with its stated price, so that it cannot hide behind that."""
    asked = order(line(1), line(2, supplier_part="??"))
    tight = replace(CUSTOMER, credit=Credit(Decimal(1500), Decimal(1000), 0, blocked=False))
    assert owner(asked, customer=tight) == ("credit-control", "credit")


# --- rule 5 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, held",
    [
        ({"stated_total": Decimal("620.00")}, False),
        ({"stated_total": Decimal("620.01")}, True),
        ({"stated_line_count": 2}, False),
        ({"stated_line_count": 3}, True),
        ({"stated_quantity_total": Decimal("200.0")}, False),
        ({"stated_quantity_total": Decimal(199)}, True),
        ({"lines": (line(1), line(1))}, True),
        ({"lines": ()}, True),
        ({"lines": (line(quantity=Decimal(-5)),)}, True),
        ({"lines": (line(quantity=Decimal(0)),)}, True),
        ({"lines": (line(price_basis=Decimal(0)),)}, True),
        ({"lines": (line(amount=Decimal("310.00")),)}, False),
        ({"lines": (line(amount=Decimal("320.00")),)}, True),
        ({"lines": (line(price=Decimal("310.00"), price_basis=Decimal(100), amount=Decimal("310.00")),)}, False),
        ({"lines": (line(price=None),), "stated_total": Decimal(999)}, False),
        ({"lines": (line(price=None, amount=Decimal("310.00")),), "stated_total": Decimal("310.01")}, True),
    ],
)
def test_sums(changes: dict[str, object], *, held: bool) -> None:
    """What the document counts and adds up must agree with its lines to the cent; what it leaves out is not wrong."""
    asked = order(line(1), line(2), **changes)
    assert owner(asked) == (("order-desk", "totals") if held else None)


# --- rules 7, 11 and 12 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dated, held",
    [
        (date(2026, 10, 3), False),
        (date(2026, 10, 2), True),
        (date(2021, 11, 2), True),
        (date(2026, 11, 3), False),
        (date(2026, 11, 4), True),
        (None, False),
    ],
)
def test_an_order_does_not_choose_the_day_of_its_prices(dated: date | None, *, held: bool) -> None:
    """A price is of the order's date: one that is long past, or to come, is for whoever sets prices."""
    found = verdict(order(order_date=dated))
    assert [(hold.role, hold.cause) for hold in found.holds] == ([("pricing", "price")] if held else [])


def test_another_currency_is_held() -> None:
    """An order in a currency that is not the customer's goes to pricing; one that states none is the customer's."""
    assert owner(order(currency="USD")) == ("pricing", "price")
    assert owner(order(currency=None)) is None


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"incoterms": "DAP"}, None),
        ({"incoterms": "dap Köln (Incoterms 2020)"}, None),
        ({"incoterms": "EXW"}, ("logistics", "incoterms")),
        ({"payment_terms": "30 days net"}, None),
        ({"payment_terms": "NET 30"}, None),
        ({"payment_terms": "N30"}, None),
        ({"payment_terms": "N60"}, ("order-desk", "payment_terms")),
        ({"payment_terms": "2/10 N30"}, ("order-desk", "payment_terms")),
    ],
)
def test_terms(changes: dict[str, object], expected: tuple[str, str] | None) -> None:
    """Stated terms that are the contract's in any spelling pass; others go to logistics or the order desk."""
    assert owner(order(**changes)) == expected


@pytest.mark.parametrize("limit, held", [(Decimal(310), False), (Decimal("309.99"), True), (None, False)])
def test_the_limit_of_the_deployment(limit: Decimal | None, *, held: bool) -> None:
    """More than the limit goes to the sales lead; the limit itself is booked, and without one all is."""
    found = verdict(order(), rules=Rules(order_limit=limit)).hold
    assert (found is not None and found.role == "sales-lead") is held


# --- who owns the order -----------------------------------------------------------------------------------------


def test_the_first_rule_owns_the_order_and_all_are_told() -> None:
    """With several reasons the first rule's role owns the order, and the person sees every reason."""
    asked = order(
        line(1, supplier_part="??"),
        line(2, price=Decimal(4)),
        line(3, requested_date=date(2026, 11, 2), supplier_part="A-9"),
        incoterms="EXW",
        warnings=("contradiction: see note",),
    )
    items = {"A-1": item(), "A-9": item("A-9", stock=Decimal(0), lead_time_days=60)}
    found = verdict(asked, facts(asked, items=items))
    assert [(hold.rule, hold.role) for hold in found.holds] == [
        (2, "order-desk"),
        (6, "inside-sales"),
        (7, "pricing"),
        (10, "planner"),
        (11, "logistics"),
    ]
    assert found.hold == found.holds[0]
    assert all(hold.reason in found.reason() for hold in found.holds)


def test_a_hold_on_one_line_books_none() -> None:
    """When one line is held nothing is booked; lines that are right keep their code on the verdict."""
    asked = order(line(1), line(2, supplier_part="??"))
    found = verdict(asked)
    assert found.booking is None
    assert [(judged.line, judged.code) for judged in found.lines] == [(1, "IA"), (2, None)]


def test_what_a_person_may_lift_is_proposed() -> None:
    """Where every line can be settled, the person gets the booking that lifting the holds would make."""
    found = verdict(order(incoterms="EXW"))
    assert found.booking is None
    assert found.proposal == verdict(order()).booking


def test_an_order_without_lines_orders_nothing() -> None:
    """A document without items is told as one, and not as one whose lines are numbered badly."""
    empty = replace(order(), lines=())
    reason = verdict(empty, replace(facts(order()), resolved=())).reason()
    assert "The document orders nothing." in reason
    assert "numbered" not in reason


def test_every_reason_ends_as_a_sentence() -> None:
    """Reasons that end in a document's own words are told apart from the next one."""
    first = replace(order(), warnings=("uncertain: line 1 is wanted on 2 dates", "contradiction: see note,"))
    reason = verdict(first).reason()
    assert "on 2 dates. The document holds" in reason
    assert reason.endswith("see note.") or "see note. " in reason


def test_a_change_says_what_is_booked_and_what_would_become_of_it() -> None:
    """The order that stands is told with its sum and who booked it, and a change line by line with the new sum."""
    proposal = verdict(order()).proposal
    assert proposal is not None
    standing = (booked(proposal),)
    changed = order(line(1, quantity=Decimal(150)), purpose="change")
    assert verdict(changed, facts(changed, earlier=standing)).reason() == (
        "The document is a change of PO PO-1, booked as SO-1 (open, 310.00 EUR, booked by this system); only new orders"
        " are booked without a person. It would come to 465.00 EUR (line 1: quantity 100 became 150)."
    )
    ended = order(purpose="cancel")
    assert (
        verdict(ended, facts(ended, earlier=standing))
        .reason()
        .startswith("The document is a cancellation of PO PO-1, booked as SO-1 (open, 310.00 EUR")
    )


def test_a_cancellation_is_no_contradiction_of_itself() -> None:
    """What says that the order is cancelled is quoted with the cancellation; in an order it contradicts."""
    said = (
        "contradiction: the subject says 'cancel': 'Cancel order 45'",
        "contradiction: a note says 'cancellation' (body, line 3): 'Please confirm the cancellation.'",
        "contradiction: a note says 'only' (body, line 4): 'only line 2'",
    )
    cancelled = verdict(order(purpose="cancel", warnings=said))
    assert [hold.cause for hold in cancelled.holds] == ["change", "contradiction"]
    assert "It says: 'Cancel order 45'; 'Please confirm the cancellation.'." in cancelled.reason()
    assert "only line 2" in cancelled.holds[1].reason
    told = flagged({"purpose": "cancel", "warnings": list(said)})
    assert "Cancel order 45" not in told["contradiction"]
    assert told["purpose"].startswith("What it does with an order it says in its own words: the subject says 'cancel'")
    assert [hold.cause for hold in verdict(order(warnings=said)).holds] == ["contradiction"] * 3


def test_a_change_is_no_contradiction_of_itself() -> None:
    """A change that says that it is one is held as a change alone; what it says beside that is judged."""
    said = ("contradiction: the subject says 'geandert': 'GEÄNDERT: Bestellung 45'",)
    changed = verdict(order(purpose="change", warnings=said))
    assert [hold.cause for hold in changed.holds] == ["change"]
    doubted = (*said, "contradiction: a note says 'unless': 'unless you hear from us'")
    assert [hold.cause for hold in verdict(order(purpose="change", warnings=doubted)).holds] == [
        "change",
        "contradiction",
    ]
    assert "contradiction" in [hold.cause for hold in verdict(order(warnings=said)).holds]


def test_a_cancellation_without_lines_asks_to_cancel_and_nothing_else() -> None:
    """Its person cancels the order and reads the document; nobody is asked to book it, or for figures that add up."""
    found = verdict(replace(order(purpose="cancel", warnings=("uncertain: line 3 may name a place",)), lines=()))
    assert [hold.cause for hold in found.holds] == ["change", "reading"]
    assert to_do(found.holds) == ("cancel the order in the ERP, or tell the customer why not; read the document itself")
    assert [hold.cause for hold in verdict(replace(order(), lines=())).holds if hold.cause == "totals"]


def test_a_cancellation_is_worth_the_order_that_stands() -> None:
    """A queue sorts a cancellation by what stands; what is cancelled already counts for nothing."""
    first = verdict(order()).booking
    assert first is not None
    stands, gone = booked(first), replace(booked(first, status="cancelled"), order_number="SO-2")
    ended = replace(order(purpose="cancel"), lines=())
    value = verdict(ended, facts(ended, earlier=(gone, stands))).value
    assert value is not None
    assert (value.amount, value.currency) == (first.total, "EUR")
    assert value.what == "what the order that stands is worth (SO-1)"
    assert verdict(ended, facts(ended, earlier=(gone,))).value is None, "nothing is not 0.00"
    silent = order(line(quantity=Decimal(7), price=None, amount=None), purpose="change")
    changed = verdict(silent, facts(silent, earlier=(stands,))).value
    assert changed is not None
    assert (changed.amount, changed.what) == (value.amount, value.what)
    priced = order(line(quantity=Decimal(30), price=Decimal("6.20")), purpose="change")
    told = verdict(priced, facts(priced, earlier=(stands,))).value
    assert told is not None
    assert told.what == "what it comes to at the ERP's prices"


def test_who_cancels_an_order_is_asked_for_nothing_that_a_booking_needs() -> None:
    """Figures, goods and terms of an order that ends are of no account; who sent it and what is meant are."""
    said = ("contradiction: a note says 'only line 2' (body): 'only line 2'",)
    ended = replace(order(line(unit="PAL"), purpose="cancel", warnings=said), stated_line_count=9)
    found = verdict(ended)
    assert {"change", "contradiction", "totals", "unit"} <= {hold.cause for hold in found.holds}
    assert to_do(found.holds) == (
        "cancel the order in the ERP, or tell the customer why not; ask the customer what is meant"
    )
    assert "which figures hold" in to_do(verdict(replace(ended, purpose="original")).holds)


def test_a_repeat_with_another_note_says_that_nothing_ordered_differs() -> None:
    """Where a booking would be the same, the reason says so in place of "other content", and what differs elsewhere."""
    first = verdict(order()).booking
    assert first is not None
    doubted = order(warnings=("contradiction: a note says 'DUPLICATE' (line 2): 'Purchase order - DUPLICATE'",))
    found = verdict(doubted, facts(doubted, earlier=(booked(first),)))
    assert [hold.cause for hold in found.holds] == ["duplicate", "contradiction"]
    assert "Nothing that is ordered differs from SO-1: item, quantity" in found.reason()
    assert to_do(found.holds).startswith("make sure that it is the same order again")
    more = order(line(quantity=Decimal(200)))
    other = verdict(more, facts(more, earlier=(booked(first),)))
    assert "known with other content" in other.reason()
    assert "Nothing that is ordered differs" not in other.reason()
    again = verdict(doubted, facts(doubted, earlier=(booked(first, status="cancelled"),)))
    assert "It orders the same as SO-1, which is cancelled: a person says whether it is wanted again." in again.reason()
    assert "known with other content" not in again.reason()
