"""What a mail program quotes of a forwarded order is the order, in whatever language it announces it."""

from __future__ import annotations

import pytest

from tests.unit.documents.samples import doubts, mail, only

BEGINNINGS = [
    "Begin forwarded message:",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message transféré :",
    "Inicio del mensaje reenviado:",
    "Inizio messaggio inoltrato:",
    "Begin doorgestuurd bericht:",
    "Początek przekazywanej wiadomości:",
    "Vidarebefordrat brev:",
]
COVER = "Hi,\n\nplease enter this one for us.\n\nRegards\n\nPurchasing\nKern Ltd\n\n"
INNER = (
    "From: Workshop <workshop@kern.example>\nSent: 02/11/2026 07:27\nTo: Purchasing <buying@kern.example>\n"
    "Subject: PO 4711\n\nHi,\n\nPO no.: 4711\n\n10   200 pcs   AB-1001   at EUR 6.82 each\n"
    "20   1,500 pcs   AB-2002   at EUR 0.109 each\n\nRegards\nWorkshop"
)
BELOW = "\n\nPlease consider the environment.\n\nOn 24/10/2026, orders@works.example wrote:\n> 99 pcs   AB-9999\n"


def forwarded(beginning: str, below: str = "") -> bytes:
    quoted = "\n".join(f"> {line}".rstrip() for line in INNER.splitlines())
    return mail(
        f"{COVER}{beginning}\n\n{quoted}\n{below}", subject="FW: Order", sender="Kern Ltd <buying@kern.example>"
    )


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_what_was_quoted_to_forward_it_is_ordered(beginning: str) -> None:
    """The lines of the message that was passed on are read without their signs, and its subject names the order."""
    order = only(forwarded(beginning))
    assert [(line.supplier_part, str(line.quantity)) for line in order.lines] == [
        ("AB-1001", "200"),
        ("AB-2002", "1500"),
    ]
    assert order.po_number == "4711"
    assert doubts(order) == set()


def test_what_follows_the_quoted_order_is_not_ordered() -> None:
    """An older thread below the forwarded message adds no line."""
    order = only(forwarded(BEGINNINGS[0], BELOW))
    assert [line.supplier_part for line in order.lines] == ["AB-1001", "AB-2002"]


def test_who_passes_on_the_wish_of_a_department_orders() -> None:
    """The workshop of a company is whom to ask; the company that passed its wish on orders."""
    order = only(
        mail(
            COVER.replace("\nKern Ltd", "") + "-----Original Message-----\n" + INNER,
            subject="FW: Order",
            sender="Kern Ltd <buying@kern.example>",
        )
    )
    assert (order.buyer.name, order.buyer.contact) == ("Kern Ltd", "Workshop")
