"""The audit of a run objects to whatever breaks what it guards."""

from __future__ import annotations

from dataclasses import replace

from bridgehead.templates.purchase_orders.demo.audit import (
    Books,
    Finding,
    audit_bookings,
    audit_changes,
    audit_doubles,
    audit_losses,
    audit_rest,
)
from bridgehead.templates.purchase_orders.demo.record import Work
from tests.unit.demo.ground import booking, cancelled, case, decision, entry, record, right, truth

OLD = entry("SO-1", booking("OLD-1"), by="history")
ONE, TWO = booking("PO-1"), booking("PO-2", quantity=30)
SENT = (truth("1.eml", right(ONE)), truth("2.eml", right(TWO, po_number="PO-2")))
DECIDED = (decision("SO-2", ONE), decision("SO-3", TWO, case="C-2"))
SOUND = Books([OLD], [OLD, entry("SO-2", ONE), entry("SO-3", TWO)])


def kinds(found: list[Finding]) -> set[str]:
    """Returns the kinds of findings."""
    return {finding.kind for finding in found}


def test_sound_books_have_no_findings() -> None:
    """P2: books that hold each decision once are those of a serial order, and the audit says nothing."""
    records = {"1.eml": record("1.eml", case("SO-2")), "2.eml": record("2.eml", case("SO-3", po_number="PO-2"))}
    assert audit_bookings(SOUND, DECIDED) == ([], 0)
    assert audit_doubles(SOUND, SENT) == []
    assert audit_changes(SOUND) == []
    assert audit_losses(SOUND, SENT, records) == []
    assert audit_rest(SENT, records) == []


def test_the_order_of_bookings_does_not_matter() -> None:
    """P2: any serial order of the same decisions is as good as another."""
    books = Books([OLD], [OLD, entry("SO-2", TWO), entry("SO-3", ONE)])
    decided = (decision("SO-3", ONE), decision("SO-2", TWO))
    assert audit_bookings(books, decided) == ([], 0)


def test_an_order_booked_twice_is_found_twice_over() -> None:
    """P2: a second booking shows in the books alone, and again beside the decisions."""
    books = Books([OLD], [*SOUND.after, entry("SO-4", ONE, endpoint="/orders/import")])
    assert kinds(audit_doubles(books, SENT)) == {"doubled"}
    assert kinds(audit_bookings(books, DECIDED)[0]) == {"unrecorded", "unbalanced"}


def test_an_order_of_people_booked_again_is_doubled() -> None:
    """P2: what a person or an earlier year booked counts as booked."""
    by_hand = entry("SO-1", ONE, by="person")
    assert kinds(audit_doubles(Books([by_hand], [by_hand, entry("SO-2", ONE)]), SENT)) == {"doubled"}


def test_an_order_booked_again_under_a_misread_number_is_doubled() -> None:
    """P2: the same lines under a PO number that nobody sent are the same order once more."""
    again = replace(ONE, po_number="P0-1")
    books = Books([OLD], [*SOUND.after, entry("SO-4", again)])
    assert kinds(audit_doubles(books, SENT)) == {"doubled"}


def test_a_cancelled_order_stands_no_more() -> None:
    """P2: one order booked, cancelled and booked again stands once; a decision whose order was cancelled is altered."""
    books = Books([OLD], [OLD, cancelled(entry("SO-2", ONE)), entry("SO-3", TWO)])
    assert audit_doubles(books, SENT) == []
    assert kinds(audit_bookings(books, DECIDED)[0]) == {"altered", "unbalanced"}


def test_a_decision_that_is_not_in_the_books_is_lost() -> None:
    """P2: a booking that our record calls committed and the books do not know is lost."""
    books = Books([OLD], [OLD, entry("SO-2", ONE)])
    assert kinds(audit_bookings(books, DECIDED)[0]) == {"lost", "unbalanced"}


def test_two_decisions_that_name_one_order_are_found() -> None:
    """P2: one entry cannot answer for two decisions."""
    decided = (decision("SO-2", ONE), decision("SO-2", ONE, case="C-2"), decision("SO-3", TWO))
    assert "doubled" in kinds(audit_bookings(SOUND, decided)[0])


def test_an_altered_booking_is_found_by_content_and_by_sums() -> None:
    """P8: another quantity than was decided is altered, and neither credit nor stock balances."""
    books = Books([OLD], [OLD, entry("SO-2", booking("PO-1", quantity=11)), entry("SO-3", TWO)])
    found, _ = audit_bookings(books, DECIDED)
    assert kinds(found) == {"altered", "unbalanced"}
    assert {finding.what.split()[0] for finding in found if finding.kind == "unbalanced"} == {"credit", "stock"}


def test_entries_of_before_must_stay_as_they_were() -> None:
    """P8: an entry from before that is gone or different is a change, and so is one that no system entered."""
    assert kinds(audit_changes(Books([OLD], []))) == {"changed"}
    assert kinds(audit_changes(Books([OLD], [cancelled(OLD)]))) == {"changed"}
    assert kinds(audit_changes(Books([OLD], [OLD, entry("SO-2", ONE, by="person")]))) == {"changed"}


def test_a_booking_in_question_may_stand_once_or_not_at_all() -> None:
    """P2: an effect that a person has yet to look up is in the books at most once."""
    open_one = (decision(None, ONE), decision("SO-3", TWO))
    without, once = [OLD, entry("SO-3", TWO)], [OLD, entry("SO-2", ONE), entry("SO-3", TWO)]
    assert audit_bookings(Books([OLD], without), open_one) == ([], 1)
    assert audit_bookings(Books([OLD], once), open_one) == ([], 1)
    twice = [*once, entry("SO-4", ONE)]
    assert "unrecorded" in kinds(audit_bookings(Books([OLD], twice), open_one)[0])


def test_an_order_that_is_nowhere_is_lost() -> None:
    """P3: a document of two orders of which one is booked and the other with nobody has lost one."""
    both = (truth("1.eml", right(ONE), right(TWO, po_number="PO-2")),)
    books = Books([OLD], [OLD, entry("SO-2", ONE)])
    assert kinds(audit_losses(books, both, {"1.eml": record("1.eml", case("SO-2"))})) == {"lost"}
    nothing = {"1.eml": record("1.eml", state="no_case")}
    assert len(audit_losses(Books([OLD], [OLD]), both, nothing)) == 2


def test_an_order_with_a_person_is_not_lost() -> None:
    """P3: a person with the case, or with the whole document, accounts for what is not booked."""
    both = (truth("1.eml", right(ONE), right(TWO, po_number="PO-2")),)
    books = Books([OLD], [OLD, entry("SO-2", ONE)])
    held = record("1.eml", case("SO-2"), case(po_number="PO-2", work=Work("pricing", "price")))
    doubtful = record("1.eml", case(work=Work("order-desk", "reading")))
    unread = record("1.eml", work=(Work("order-desk", "unreadable"),), state="review")
    for one in (held, doubtful, unread):
        assert audit_losses(books, both, {"1.eml": one}) == []
    assert kinds(audit_losses(books, both, {"1.eml": record("1.eml", case(work=Work("pricing", "price")))})) == {"lost"}


def test_a_booked_case_whose_entry_is_missing_is_lost() -> None:
    """P3: our record alone does not account for an order; the books must hold it."""
    records = {"1.eml": record("1.eml", case("SO-2"))}
    assert kinds(audit_losses(Books([OLD], [OLD]), SENT[:1], records)) == {"lost"}


def test_work_that_nobody_has_is_found() -> None:
    """P3: a document that was not stored, or not brought to an end, is named."""
    idle = replace(case(), finished=False)
    assert kinds(audit_rest(SENT, {"1.eml": record("1.eml", idle)})) == {"lost", "unfinished"}
