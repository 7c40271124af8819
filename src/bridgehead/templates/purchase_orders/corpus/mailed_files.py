"""Orders that are files of their own: one is sent as it is, several come attached to one mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_MAILBOX, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder


def one_or_mailed(
    sending: Envelope,
    orders: Sequence[WrittenOrder],
    write: Callable[[Envelope, WrittenOrder], bytes],
    *,
    resent: bool = False,
) -> bytes:
    """Returns the only order's file, or a mail with a file for each of several."""
    if len(orders) == 1:
        return write(sending, orders[0])
    files = [
        (f"order_{order.po_number.replace('/', '-')}.xml", "application/xml", write(sending, order)) for order in orders
    ]
    return _mail(sending, files, resent=resent)


def _mail(sending: Envelope, files: Sequence[tuple[str, str, bytes]], *, resent: bool) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = sending.customer.emails[0]
    message["To"] = OUR_MAILBOX
    message["Subject"] = "Orders"
    message["Date"] = format_datetime(sending.at)
    message["Message-ID"] = f"<{sending.serial}.{sending.customer.number}@{sending.customer.email_domains[0]}>"
    message.set_content("Orders attached." if not resent else "Orders attached once more.")
    for name, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    message.set_boundary(f"=_{sending.serial:08}")
    return bytes(message)
