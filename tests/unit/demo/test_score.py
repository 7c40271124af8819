"""The score of a run counts an order as right only where books and truth say the same."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bridgehead.spec.load import load
from bridgehead.templates.purchase_orders import demo
from bridgehead.templates.purchase_orders.demo.record import Work
from bridgehead.templates.purchase_orders.demo.score import Share, latency, score, worth
from tests.unit.demo.ground import booking, case, record, right, truth

FILES = Path(demo.__file__).parents[1] / "files"
ONE = booking("PO-1")
PRICE = Work("pricing", "price")


def test_clopper_pearson_bounds() -> None:
    """The bounds are the exact ones: of 0 in 20 at most 16.8 %, of 8 in 10 from 44.4 % to 97.5 %."""
    for share, low, high in ((Share(0, 20), 0, 0.16843), (Share(20, 20), 0.83157, 1), (Share(8, 10), 0.4439, 0.97479)):
        assert share.bounds == pytest.approx((low, high), abs=1e-5)


def test_right_is_what_truth_and_books_both_say() -> None:
    """An order booked in another quantity, or booked though a person was needed, is a wrong-auto-accept."""
    records = {"1.eml": record("1.eml", case("SO-2"))}
    exact = score([truth("1.eml", right(ONE))], records, {"SO-2": ONE}).whole
    other = score([truth("1.eml", right(ONE))], records, {"SO-2": booking("PO-1", quantity=11)}).whole
    held = score([truth("1.eml", right(None, owner="pricing"))], records, {"SO-2": ONE}).whole
    assert (exact.right.count, exact.wrong.count) == (1, 0)
    assert (other.right.count, other.wrong.count) == (0, 1)
    assert (held.right.count, held.wrong.count, held.possible) == (0, 1, 0)


def test_the_ceiling_is_the_truth_and_not_the_result() -> None:
    """A perfect reader's share stands beside the achieved one, whatever was achieved."""
    found = score([truth("1.eml", right(ONE))], {"1.eml": record("1.eml", case(work=PRICE))}, {}).whole
    assert (found.ceiling, found.touchless.rate) == (1.0, 0.0)


def test_a_resend_is_right_when_nothing_is_booked() -> None:
    """A resend is touchless and right attached to its case, or answered as known; booked again it is wrong."""
    resend = [truth("2.eml", right(None))]
    for one in (case(relation="resend"), case("SO-1", kind="resend")):
        found = score(resend, {"2.eml": record("2.eml", one)}, {"SO-1": ONE}).whole
        assert (found.touchless.count, found.right.count) == (1, 1)
    assert score(resend, {"2.eml": record("2.eml", case("SO-2"))}, {"SO-2": ONE}).whole.wrong.count == 1


def test_orders_of_one_document_are_paired_by_their_numbers() -> None:
    """Two orders in one document are judged each by its own case, in whatever order they were read."""
    two = booking("PO-2", quantity=30)
    both = [truth("1.eml", right(ONE), right(two, po_number="PO-2"))]
    records = {"1.eml": record("1.eml", case("SO-3", po_number="po 2"), case("SO-2"))}
    assert score(both, records, {"SO-2": ONE, "SO-3": two}).whole.right.count == 2


def test_what_is_no_order_is_right_in_its_queue() -> None:
    """A newsletter is nobody's, a delivery note is logistics' and a booked question is wrong."""
    letters = [truth(name, is_order=False, queue=queue) for name, queue in (("1", "none"), ("2", "logistics"))]
    good = {"1": record("1", state="no_case"), "2": record("2", work=(Work("logistics", "not an order"),))}
    swapped = {"1": good["2"], "2": good["1"]}
    assert score(letters, good, {}).others == Share(2, 2)
    assert score(letters, swapped, {}).others == Share(0, 2)
    assert score(letters, {"1": record("1", case("SO-2")), "2": good["2"]}, {}).others == Share(1, 2)


def test_only_needed_people_count_as_rightly_asked() -> None:
    """An order that needed nobody counts for no role; one that did counts for its owner alone."""
    truths = [
        truth("1", right(ONE)),
        truth("2", right(None, owner="pricing")),
        truth("3", right(None, owner="planner")),
    ]
    records = {name: record(name, case(work=PRICE)) for name in ("1", "2", "3")}
    found = score(truths, records, {})
    assert found.queued == Share(1, 2)
    assert found.exceptions == ((PRICE, 3),)


def test_latency_runs_from_receipt_to_the_last_decision() -> None:
    """An arrival is decided when its last order is; a resend counts from its own receipt."""
    assert latency([record("1", case("SO-2"))]).p50 == 2.0
    assert latency([record("1", case(relation="resend"))]).p99 == 1.0


def test_cost_counts_every_exception_at_its_roles_rate() -> None:
    """One exception in two orders costs pricing's 11 minutes, spread over both; a wrong one is no success."""
    deployment = load(FILES)
    truths = [truth("1", right(ONE)), truth("2", right(None, owner="pricing"))]
    records = {"1": record("1", case("SO-2")), "2": record("2", case(work=PRICE))}
    for booked, successes in ((ONE, 2), (booking("PO-1", quantity=11), 1)):
        found = score(truths, records, {"SO-2": booked})
        cost = worth(deployment, found.of_orders, found.whole, [("EUR", "0.25")])
        assert cost is not None
        assert cost.successes == successes
        people = Decimal(45) * 11 / 60
        assert cost.per_order.amount == pytest.approx((people + Decimal("0.25")) / successes)
        assert cost.by_hand.amount == pytest.approx(Decimal(38) * 11 / 60)
