"""Chooses how an order is answered: in the form that it came in, or by mail where that form has no answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridgehead.documents.acknowledgement import Acknowledgement, Unwritable
from bridgehead.documents.writers.cxml_confirmation import CxmlEnvelope, write_confirmation_request
from bridgehead.documents.writers.edifact_envelope import EdifactEnvelope
from bridgehead.documents.writers.edifact_ordrsp import write_ordrsp
from bridgehead.documents.writers.mail_confirmation import MailEnvelope, write_mail
from bridgehead.documents.writers.ubl_response import UblEnvelope, write_order_response
from bridgehead.documents.writers.x12_855 import write_855
from bridgehead.documents.writers.x12_envelope import X12Envelope

Envelope = X12Envelope | EdifactEnvelope | UblEnvelope | CxmlEnvelope | MailEnvelope


@dataclass(frozen=True, slots=True)
class Written:
    """A document that was written: what it is (``x12 855``), its media type, the ending of its file name, its bytes."""

    kind: str
    media_type: str
    suffix: str
    content: bytes


_OWN: Final[dict[str, type[Envelope]]] = {
    "x12": X12Envelope,
    "edifact": EdifactEnvelope,
    "ubl": UblEnvelope,
    "cxml": CxmlEnvelope,
}


def answered_by(form: str) -> type[Envelope]:
    """Returns the kind of envelope that answers an order of a form (``Order.format``): its own, else a mail's."""
    return _OWN.get(form, MailEnvelope)


def acknowledge(ack: Acknowledgement, *envelopes: Envelope) -> Written:
    """Writes an acknowledgement in the form that the order came in; tables, PDFs and mails are answered by mail.

    ``envelopes`` are those that this customer can be reached with, at most one of a kind. Raises Unwritable when the
    one that the order asks for is not among them, or when the decision does not fit the form.
    """
    wanted = answered_by(ack.order.format)
    for envelope in envelopes:
        if isinstance(envelope, wanted):
            return write(ack, envelope)
    raise Unwritable(
        f"An order in the form {ack.order.format!r} is answered with a {wanted.__name__}, and none is given.",
        where="envelopes",
        hint="Give one, or write in another form on purpose with write().",
    )


def write(ack: Acknowledgement, envelope: Envelope) -> Written:
    """Writes an acknowledgement in the form that the envelope belongs to, whatever form the order came in."""
    match envelope:
        case X12Envelope():
            return Written("x12 855", "application/edi-x12", ".x12", write_855(ack, envelope))
        case EdifactEnvelope():
            return Written("edifact ORDRSP", "application/edifact", ".edi", write_ordrsp(ack, envelope))
        case UblEnvelope():
            return Written("ubl OrderResponse", "application/xml", ".xml", write_order_response(ack, envelope))
        case CxmlEnvelope():
            content = write_confirmation_request(ack, envelope)
            return Written("cxml ConfirmationRequest", "application/xml", ".xml", content)
        case MailEnvelope():
            return Written("mail", "message/rfc822", ".eml", write_mail(ack, envelope))
