"""A mail as an action sends it: its parts checked, its Message-ID the effect's own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from bridgehead.clock import utc_now
from bridgehead.connectors.document_action import MessagePart
from bridgehead.connectors.fill import fill_text, names_in
from bridgehead.connectors.paths import find
from bridgehead.connectors.ports import Values
from bridgehead.errors import Failed

MOST_RECIPIENTS: Final = 50
_LONGEST_HEADER: Final = 900
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ADDRESS: Final = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$")


@dataclass(frozen=True, slots=True)
class Message:
    """One mail, ready to be sent: envelope, and its bytes with CRLF line ends."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


def message_of(part: MessagePart, values: Values, *, user: str) -> Message:
    """Returns the mail that an action sends; the same Message-ID for the same effect.

    Raises Failed ``invalid_input`` (``applied=False``): a part without its argument, a line break or
    another control character in a header, an address that is none, no recipient or too many, an argument
    that brings more than one recipient (several come as a list).
    """
    sender = _addresses("from", _filled("from", part.from_ or user, values))
    _one_each("to", part.to, values)
    recipients = _addresses("to", _filled("to", part.to, values))
    if len(sender) != 1:
        raise _unfit("from", "is one address")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender[0]
    message["To"] = recipients
    message["Subject"] = _header("subject", _filled("subject", part.subject, values))
    message["Date"] = format_datetime(utc_now())
    key = str(values.get("effect_key", ""))
    if not key:
        raise _unfit("effect_key", "is missing")
    message_id = message_id_of(key, sender[0].domain)
    message["Message-ID"] = message_id
    message.set_content(_filled("text", part.text, values), cte="quoted-printable")
    return Message(
        message_id, sender[0].addr_spec, tuple(one.addr_spec for one in recipients), message.as_bytes(policy=SMTP)
    )


def message_id_of(effect_key: str, domain: str) -> str:
    """Returns the Message-ID (RFC 5322 3.6.4) of an effect, from which nobody learns the key."""
    return f"<{hashlib.sha256(effect_key.encode()).hexdigest()[:40]}@{domain}>"


def _filled(name: str, template: str, values: Values) -> str:
    text = fill_text(template, values)
    if text is None:
        raise _unfit(name, "lacks an argument")
    return text


def _header(name: str, text: str) -> str:
    if _CONTROL.search(text):
        raise _unfit(name, "holds a line break or another control character")
    if len(text) > _LONGEST_HEADER:
        raise _unfit(name, f"is longer than {_LONGEST_HEADER} characters")
    return text


def _one_each(name: str, template: str, values: Values) -> None:
    """Raises Failed for a text that would add a recipient to those that the specification means."""
    for path in names_in(template):
        value = find(values, path)
        for one in value if isinstance(value, list | tuple) else (value,):
            parsed: dict[str, object] = {"defects": []}
            if isinstance(one, str):
                AddressHeader.parse(_header(name, one), parsed)
                if set(one) & set(",;:") and len(_flat(parsed)) != 1:
                    raise _unfit(name, "takes one address from each argument; several are given as a list")


def _flat(parsed: dict[str, object]) -> list[Address]:
    return [one for group in parsed["groups"] for one in group.addresses]  # type: ignore[attr-defined]  # a list of groups


def _addresses(name: str, text: str) -> tuple[Address, ...]:
    parsed: dict[str, object] = {"defects": []}
    AddressHeader.parse(_header(name, text), parsed)
    found = _flat(parsed)
    if parsed["defects"] or not found or any(_ADDRESS.match(one.addr_spec) is None for one in found):
        raise _unfit(name, "is no address such as orders@example.com")
    if len(found) > MOST_RECIPIENTS:
        raise _unfit(name, f"has more than {MOST_RECIPIENTS} addresses")
    return tuple(found)


def _unfit(name: str, what: str) -> Failed:
    return Failed(f"mail: {name} {what}", error_class="invalid_input", applied=False, field=name)
