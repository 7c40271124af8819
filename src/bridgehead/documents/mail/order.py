"""Reads the orders of a mail: its own text, forwarded messages and attached files, and says what else it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from email.utils import getaddresses
from typing import Final

from bridgehead.documents.departments import is_department
from bridgehead.documents.draft import Draft
from bridgehead.documents.mail.attachments import MAX_NESTED, Attachments, read_attachments
from bridgehead.documents.mail.bodies import read_bodies
from bridgehead.documents.mail.intent import Intent, announces_attachment, is_automatic
from bridgehead.documents.mail.merging import Sender, against, besides, cover, told_apart
from bridgehead.documents.mail.message import Mail, Part, parse_mail
from bridgehead.documents.mail.rest import bare, watch_numbers, watch_other_body, watch_rest, watch_subject
from bridgehead.documents.mail.texts import Texts
from bridgehead.documents.order import Order, Source
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Reading, ReadPart, Refusal
from bridgehead.documents.vigilance import watch

_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,100}")
_COMPANY: Final = re.compile(
    r"\b(?:GmbH|AG|KG|OHG|SE|e\.?\s?K\.?|UG|Ltd|Limited|PLC|LLP|LLC|Inc|Corp|Co\.|Company|SARL|SAS|SASU|S\.?A\.?S?\.?|EURL|S\.?p\.?A|S\.?r\.?l|S\.?n\.?c|S\.?a\.?s|S\.?L\.?U?|B\.?V|N\.?V|BVBA|VOF|Sp\. ?z o\. ?o|Sp\. ?[jk]|A/S|ApS|AB|Oy|Oyj|s\.r\.o|a\.s|v\.o\.s|Kft|Zrt|Nyrt|Lda|GbR|KGaA|plc)\b\.?"
)
_SIGNED: Final = 14
"""Lines of a signature in which the company's name is looked for."""
_STRONG: Final[frozenset[Kind]] = frozenset({"complaint", "delivery_note", "goods_return", "invoice", "newsletter"})
_BULK: Final = frozenset({"bulk", "list", "junk"})


def read_mail(document: bytes, read_part: ReadPart) -> Reading:
    """Reads a message; ``read_part`` reads what is attached to it.

    Raises Refusal: that of the attached file the order seems to be in, ``mail.no_lines`` when the message orders
    nothing that can be named (``mail.no_lines.attachment`` when it announces a file that is not there),
    ``mail.no_number``, ``mail.encrypted``, ``uncertain``, and those of ``parse_mail`` and ``read_bodies``.
    """
    return _MailReader(parse_mail(document), read_part, Hints(), 0).read()


def read_plain_text(text: str, read_part: ReadPart, hints: Hints | None = None) -> Reading:
    """Reads text without mail headers as if it were the body of a mail; refuses what holds no order."""
    return _read_alone(text, "text/plain", read_part, hints)


def read_html(text: str, read_part: ReadPart, hints: Hints | None = None) -> Reading:
    """Reads a page that came as a file as if it were the body of a mail; refuses what holds no order."""
    return _read_alone(text, "text/html", read_part, hints)


def _read_alone(text: str, kind: str, read_part: ReadPart, hints: Hints | None) -> Reading:
    part = Part(kind, "utf-8", "", attached=False, flowed=False, body=text.encode("utf-8", "replace"))
    outcome = _MailReader(Mail((), (part,)), read_part, hints or Hints(), 0).read()
    if isinstance(outcome, NotAnOrder) and outcome.kind == "other":
        raise Refusal("unknown_format", "The text is neither X12, a table nor an order in words.", "document")
    return outcome


class _MailReader:
    def __init__(self, mail: Mail, read_part: ReadPart, hints: Hints, depth: int) -> None:
        if depth > MAX_NESTED:
            raise Refusal("mail.too_deep", f"Messages are nested more than {MAX_NESTED} deep.", f"message {depth}")
        self.mail = mail
        self.read_part = read_part
        self.hints = hints
        self.depth = depth
        self.subject = mail.get("subject")[:500]
        self.written = mail.written or hints.written
        bodies = read_bodies(mail)
        self.damage = bodies.damage
        self.texts = Texts(mail, bodies, self.written)
        self.text = self.texts.best
        self.attachments = self._attachments()
        self.alerts = [*bodies.alerts, *self.attachments.alerts]
        self.numbers: set[str] = set()

    def read(self) -> Reading:
        """Decides between orders, no order and refusal."""
        if is_automatic(self.subject) or self.mail.get("auto-submitted").lower().startswith("auto-replied"):
            return NotAnOrder("auto_reply", f"The subject {self.subject[:80]!r} is that of an automatic answer.")
        drafts, intent = self.text.drafts, self.text.intent
        if self.attachments.orders:
            return self._with_attachments(drafts, intent)
        return self._decide(drafts, intent)

    def _attachments(self) -> Attachments:
        number = self.texts.subject_number() or next((one.po_number for one in self.text.drafts if one.po_number), "")
        hints = Hints(self.written, self.mail.sender[1], self.texts.language or "", number)
        return read_attachments(self.mail, self.read_part, self._message, hints)

    def _message(self, document: bytes) -> Reading:
        """Reads a message within this one: its orders are its own sender's, whom this one only quotes."""
        mail = parse_mail(document)
        outcome = _MailReader(mail, self.read_part, Hints(written=self.written), self.depth + 1).read()
        address, inner = self.mail.sender[1], mail.sender[1]
        if not isinstance(outcome, Orders) or not inner or not address or self._internal():
            return outcome
        if inner.rpartition("@")[2] == address.rpartition("@")[2]:
            return outcome
        doubt = f"uncertain: forwarded by {address}: the sender {inner} is only quoted"
        return Orders(tuple(replace(order, warnings=(*order.warnings, doubt)) for order in outcome.orders))

    def _decide(self, drafts: list[Draft], intent: Intent) -> Reading:
        has_lines = any(draft.lines for draft in drafts)
        bulk = bool(self.mail.get("list-unsubscribe")) or self.mail.get("precedence").lower() in _BULK
        kind = intent.kind
        if not intent.orders and self.texts.subject_number() is not None and has_lines:
            intent = replace(intent, orders=True)
        if bulk and not (has_lines and intent.orders) and kind in {None, "newsletter", "question"}:
            return NotAnOrder("newsletter", "The message is a mailing.")
        acts = intent.purpose in {"change", "cancel"}
        number = next((draft.po_number for draft in drafts if draft.po_number), "")
        if acts and number and kind not in _STRONG:
            return self._orders(drafts, intent)
        if kind is not None and (not has_lines or intent.kind_in_subject or not intent.orders):
            strong = kind in _STRONG or intent.kind_in_subject or intent.asks
            confident = (
                has_lines
                and bool(number)
                and not intent.kind_in_subject
                and not intent.asks
                and kind in {"question", "newsletter", "invoice", "delivery_note", "goods_return"}
            )
            mentioned = (
                has_lines
                and intent.orders
                and number
                and kind in {"question", "delivery_note", "goods_return"}
                and not intent.kind_in_subject
            )
            if not mentioned and (strong or not has_lines) and not confident:
                if not has_lines and intent.orders:
                    self._refuse_attached()
                return NotAnOrder(kind, _why(kind, self.subject))
        if not has_lines:
            return self._nothing(intent, number)
        if not number and self.hints.po_number:
            number = drafts[0].po_number = self.hints.po_number
            drafts[0].mark("po_number", Source("header", 1, number, column="Subject", how="pattern"))
        if not number:
            if kind is not None and (intent.asks or intent.kind_in_subject):
                return NotAnOrder(kind, _why(kind, self.subject))
            if not intent.orders and all(draft.warnings for draft in drafts):
                raise Refusal(
                    "uncertain", "The message may be an order, and names neither order number nor wish.", "body"
                )
            raise Refusal("mail.no_number", "The order names no order number.", "subject and body")
        if kind == "complaint" or (kind in {"delivery_note", "goods_return"} and not intent.orders):
            for draft in drafts:
                draft.warn("contradiction", f"the message also reads as a {kind.replace('_', ' ')}")
        return self._orders(drafts, intent)

    def _nothing(self, intent: Intent, number: str) -> Reading:
        """What a mail is whose text names no item and whose files hold no order."""
        self._refuse_attached()
        told = [other for _, other in self.attachments.others]
        plain = next((other for other in told if other.kind != "other"), None)
        if plain is not None:
            return plain
        own = "\n".join(text for _, text in self.text.sections.own)
        ordered = bool(intent.orders or number)
        announced = (ordered or not intent.asks) and announces_attachment(f"{self.subject}\n{own}")
        if told and (ordered or announced):
            file, other = self.attachments.others[0]
            speaks = "speaks of an order" if ordered else "announces a file"
            raise Refusal(
                "mail.no_lines",
                f"The message {speaks}, and its attachment {file.name!r} orders nothing: {other.reason}",
                f"attachment {file.name}",
            )
        if announced:
            raise Refusal("mail.no_lines.attachment", "The message announces a file and carries none.", "body")
        if ordered:
            raise Refusal("mail.no_lines", "The message speaks of an order and names nothing to deliver.", "body")
        return NotAnOrder("question" if intent.asks else "other", "The message orders nothing.")

    def _refuse_attached(self) -> None:
        """Raises the refusal of the file that the order seems to be in."""
        for file, refused in self.attachments.refused:
            raise Refusal(
                refused.code,
                f"The order seems to be in {file.name!r}, which was not read: {refused.reason}",
                f"attachment {file.name}"
                + (f", {refused.where}" if refused.where and "attachment" not in refused.where else ""),
            )

    def _orders(self, drafts: list[Draft], intent: Intent) -> Reading:
        kept = [draft for draft in drafts if draft.lines] or drafts[:1]
        self.numbers |= {draft.po_number for draft in drafts}
        for draft in kept:
            draft.purpose = intent.purpose
            self._complete(draft)
        if len(kept) > 1:
            _common(kept)
            _share_doubts(kept)
        for draft in kept:
            self._name_files(draft)
        return Orders(tuple(draft.finish() for draft in kept))

    def _name_files(self, draft: Draft) -> None:
        """Tells which files came with the order and are none."""
        for file in besides(self.attachments):
            draft.note(f"[{file.name}]", Source(f"attachment {file.name}", 1, file.name, how="place"))

    def _complete(self, draft: Draft) -> None:
        sender = self._sender(draft)
        draft.buyer.unname_department()
        draft.buyer.put("email", sender.email, sender.source)
        if sender.company is not None:
            draft.buyer.put("name", *sender.company)
        draft.buyer.put("name", sender.name, sender.source)
        draft.buyer.put("contact", sender.contact, sender.source)
        if draft.order_date is None and sender.day is not None:
            draft.order_date = sender.day[0]
            draft.mark("order_date", sender.day[1])
        for damage in self.damage:
            draft.warn("uncertain", f"the text is damaged or cut off ({damage})")
        for alert in self.alerts:
            draft.warn("instruction", alert)
        for kind, words in against(self.attachments, written=True):
            draft.warn(kind, words)
        self._watch(draft)

    def _sender(self, draft: Draft | None = None) -> Sender:
        """Who orders: who wrote the mail, or whom a colleague's forwarded message names."""
        name, address = self.mail.sender
        source = Source("header", 1, self.mail.get("from")[:300], column="From")
        if self.text.forwarded_from is not None:
            number, text = self.text.forwarded_from
            found = _ADDRESS.search(text)
            if found is not None:
                if (
                    draft is not None
                    and not self._internal()
                    and found[0].rpartition("@")[2].lower() != address.rpartition("@")[2]
                ):
                    draft.warn("uncertain", f"forwarded by {address}: the sender {found[0]} is only quoted")
                name, address = text.partition("<")[0].strip(" \"'"), found[0].lower()
                source = Source(self.text.part, number, text[:300], how="label")
        company: tuple[str, Source] | None = None
        for line, text in self.text.sections.signature[:_SIGNED]:
            if _COMPANY.search(text) and len(text) < 90:
                company = (text.strip(" *|,"), Source(self.text.part, line, text, how="place"))
                break
        day = None
        if self.mail.written is not None:
            day = (self.mail.written, Source("header", 1, self.mail.get("date")[:100], column="Date"))
        name = "" if "@" in name else name
        contact = name if is_department(name) else ""
        own, mailed = self.mail.sender
        alike = mailed.rpartition("@")[2] == address.rpartition("@")[2]
        if contact and company is None and alike and own and "@" not in own and not is_department(own):
            # A department wrote what another of its company passed on: the company stands before the address alone.
            company = (own, Source("header", 1, self.mail.get("from")[:300], column="From"))
        return Sender("" if contact else name, address, source, company, day, contact)

    def _watch(self, draft: Draft) -> None:
        """Doubts the order for what stands where no field was read from."""
        sections = self.text.sections
        ways = self.texts.ways(sections.own)
        watch_subject(draft, self.subject)
        watch_rest(draft, self.numbers, sections.signature, sections.disclaimer, ways)
        watch_numbers(draft, self.numbers, sections.own, ways)
        for other in self.texts.others:
            watch_other_body(draft, (text for _, text in self.text.lines), other.lines, other.part)
        watch(draft)

    def _internal(self) -> bool:
        """Whether the mail comes from the domain it is addressed to: a colleague passed it on."""
        domain = self.mail.sender[1].rpartition("@")[2]
        receivers = {address.rpartition("@")[2].lower() for _, address in getaddresses([self.mail.get("to")[:1000]])}
        return bool(domain) and receivers == {domain}

    def _with_attachments(self, drafts: list[Draft], intent: Intent) -> Reading:
        if intent.kind is not None and intent.kind_in_subject and not intent.orders and intent.kind != "question":
            return NotAnOrder(intent.kind, _why(intent.kind, self.subject))
        orders = told_apart(self.attachments)
        known = {bare(order.po_number) for order in orders}
        self.numbers |= {order.po_number for order in orders} | {draft.po_number for draft in drafts if draft.po_number}
        body = [draft for draft in drafts if draft.lines]
        rest = [draft for draft in body if draft.po_number and bare(draft.po_number) not in known]
        about = [draft for draft in drafts if draft not in rest]
        alone = len(orders) == 1 and not rest
        sender = self._sender()
        beside = against(self.attachments, written=bool(body))
        found = [self._covered(cover(order, about, sender, alone=alone), intent, beside) for order in orders]
        for draft in rest:
            draft.purpose = intent.purpose
            self._complete(draft)
            found.append(draft.finish())
        if len(found) > 1:
            found = _shared(found)
        return Orders(tuple(found))

    def _covered(self, order: Order, intent: Intent, beside: Sequence[tuple[str, str]]) -> Order:
        """The order with the doubts that the mail around it raises."""
        doubts = Draft(order.format)
        self._watch_cover(doubts)
        for kind, words in beside:
            doubts.warn(kind, words)
        for alert in self.alerts:
            doubts.warn("instruction", alert)
        for damage in self.damage:
            doubts.warn("uncertain", f"the text is damaged or cut off ({damage})")
        if intent.kind is not None and not intent.orders:
            doubts.warn("contradiction", f"the message reads as a {intent.kind.replace('_', ' ')}")
        self._name_files(doubts)
        sources = dict(order.sources)
        for at in range(len(doubts.notes)):
            sources[f"notes[{len(order.notes) + at}]"] = doubts.sources[f"notes[{at}]"]
        purpose = order.purpose
        if purpose == "original" and intent.purpose != "original":
            purpose = intent.purpose
            sources["purpose"] = Source("body", 1, self.subject, how="pattern")
        return replace(
            order,
            purpose=purpose,
            notes=(*order.notes, *doubts.notes),
            warnings=tuple(dict.fromkeys((*order.warnings, *doubts.warnings))),
            sources=sources,
        )

    def _watch_cover(self, doubts: Draft) -> None:
        sections = self.text.sections
        ways = self.texts.ways(sections.own)
        watch_subject(doubts, self.subject)
        watch_rest(doubts, self.numbers, sections.signature, sections.disclaimer, ways)
        watch_numbers(doubts, self.numbers, sections.own, ways)
        for other in self.texts.others:
            watch_other_body(doubts, (text for _, text in self.text.lines), other.lines, other.part)


def _common(drafts: list[Draft]) -> None:
    """What stands before the second order number holds for all; what stands in one only is doubted."""
    first = drafts[0]
    for draft in drafts[1:]:
        if draft.currency is None and first.currency is not None:
            draft.currency = first.currency
            draft.sources["currency"] = first.sources["currency"]
    shipped = [draft for draft in drafts if draft.ship_to.values]
    if shipped and len(shipped) < len(drafts):
        before_lines = shipped[0] is first
        for draft in drafts:
            if not draft.ship_to.values and before_lines:
                draft.warn("uncertain", "the delivery address stands with another order of the message")


def _share_doubts(drafts: list[Draft]) -> None:
    """Words against one order of a mail may mean any of them."""
    for warning in [one for draft in drafts for one in draft.warnings]:
        kind, _, text = warning.partition(": ")
        if kind in {"instruction", "contradiction"}:
            for draft in drafts:
                draft.warn(kind, text)


def _shared(orders: Sequence[Order]) -> list[Order]:
    """The same of orders that are finished; what a file says against itself is its own."""
    words = [one for order in orders for one in order.warnings if one.startswith("instruction")]
    return [replace(order, warnings=tuple(dict.fromkeys((*order.warnings, *words)))) for order in orders]


def _why(kind: str, subject: str) -> str:
    return f"The message reads as a {kind.replace('_', ' ')} (subject {subject[:80]!r})."
