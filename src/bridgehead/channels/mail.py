"""A mail with a link that is one person's, decides once, and decides nothing by being opened.

The mail says which review waits, for whom and until when. The link's code is 256 random bits that stand in this mail
alone; its digest is stored before the mail is handed in, so that no mail holds a link that nobody knows.
"""

from __future__ import annotations

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from bridgehead.channels.ports import MailPost, MailServer, Reveal, revealed
from bridgehead.channels.words import facts, headline
from bridgehead.clock import utc_now
from bridgehead.errors import Failed
from bridgehead.reviews.ports import Message
from bridgehead.spec.channels import LOOPBACK, mail_server
from bridgehead.spec.egress import Egress, Place, place_of, told
from bridgehead.spec.notify import ChannelSpec

PORTS: Final = {"smtps": 465, "smtp": 587}


class Mail:
    """A channel to people's mailboxes."""

    def __init__(self, spec: ChannelSpec, post: MailPost, reveal: Reveal, *, egress: tuple[str, ...] | None) -> None:
        self._spec = spec
        self._post = post
        self._reveal = reveal
        self._egress = egress

    async def send(self, message: Message) -> str:
        """Hands one mail in for the person of the message; its Message-ID is the same at each attempt."""
        recipient = self._spec.people.get(message.person)
        if recipient is None:
            raise Failed(
                f"channel {self._spec.name}: {message.person} has no address in it",
                error_class="not_found",
                applied=False,
            )
        server = self._server(await revealed(self._reveal, self._spec.address))
        password = await revealed(self._reveal, self._spec.secrets[0]) if self._spec.secrets else ""
        content = mail_of(message, sender=self._spec.sender, recipient=recipient)
        await asyncio.to_thread(self._post, server, password, self._spec.sender, recipient, content)
        return ""

    def _server(self, address: str) -> MailServer:
        if not mail_server(address):
            raise self._forbidden("its address is no smtps:// or smtp:// address without a user")
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        found = place_of(address)
        place = Place(host if found is None else found.host, port)
        if self._egress is not None and not Egress(self._egress).admits(place):
            raise self._forbidden(f"{place} is not under egress: {told(self._egress)}")
        return MailServer(
            host=host,
            port=port,
            tls=parts.scheme == "smtps",
            starttls=parts.scheme == "smtp" and host not in LOOPBACK,
            user=self._spec.user,
            timeout_s=self._spec.timeout_s,
        )

    def _forbidden(self, why: str) -> Failed:
        return Failed(f"channel {self._spec.name}: {why}", error_class="forbidden", applied=False, code="channel.host")


def mail_of(message: Message, *, sender: str, recipient: str) -> bytes:
    """Returns a mail as it is handed in. No text of a document is in a header."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = " ".join(headline(message).split())[:200]
    mail["Date"] = format_datetime(utc_now())
    mail["Message-ID"] = f"<{message.dedupe}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to it
    lines = [f"{headline(message)}.", ""]
    lines += [f"{name}: {value}" for name, value in facts(message)]
    if message.summary is not None:
        lines += ["", f"{message.summary.title}:"]
        lines += [f"  {name}: {value}" for name, value in message.summary.lines]
        if not message.summary.whole:
            lines.append("  There is more; the page behind the link shows all of it.")
        lines += [f"  {why}" for why in message.summary.why]
    lines += ["", message.link, ""]
    if message.single_use:
        lines += [
            "This link is yours alone: whoever has it can decide in your name. Opening it decides nothing.",
            "It works for one decision, and not once the review is decided elsewhere.",
        ]
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return mail.as_bytes()
