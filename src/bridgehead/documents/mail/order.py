"""Reads the orders of a mail: its own text, forwarded messages and attached files, and says what else it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from email.utils import getaddresses

from bridgehead.documents.dates import DayContext, day_order
from bridgehead.documents.decoding import decode
from bridgehead.documents.draft import Draft
from bridgehead.documents.language import guess_day_order, language_of
from bridgehead.documents.mail.body import Walker
from bridgehead.documents.mail.html import HtmlText, html_to_text
from bridgehead.documents.mail.intent import Intent, intent_of, is_automatic
from bridgehead.documents.mail.message import Mail, Part, parse_mail
from bridgehead.documents.mail.patterns import PO as PO_PATTERN
from bridgehead.documents.mail.patterns import plausible_number
from bridgehead.documents.mail.rest import watch_numbers, watch_other_body, watch_rest, watch_subject
from bridgehead.documents.mail.sections import Sections, TextLine, divide, forwarded_headers
from bridgehead.documents.numbers import decimal_sign
from bridgehead.documents.order import Order, Source
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.csv_order import looks_like_table, read_csv
from bridgehead.documents.vigilance import addresses_machine, instruction_in, invisible_in, watch
from bridgehead.documents.x12.order import read_x12

MAX_TEXT = 200_000
MAX_LINES = 4_000
MAX_LINE = 5_000
_UNREAD = {
    "application/pdf": "pdf",
    ".pdf": "pdf",
    ".xlsx": "spreadsheet",
    ".xls": "spreadsheet",
    ".xlsm": "spreadsheet",
    ".ods": "spreadsheet",
    ".docx": "document",
    ".doc": "document",
    ".xml": "xml",
    ".zip": "archive",
    ".rtf": "document",
}
_PLAIN = {0xA0: " ", 0x200B: None, 0x2502: "|", 0x2503: "|", 0x2551: "|"}
_DAMAGE = re.compile(
    r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]{2,}|\[[^\]\n]{0,60}\b(?:clipped|truncated|cut off|size limit|abgeschnitten|gek[uü]rzt|tronqu[eé]|truncado|troncato|afgekapt|avkortat|obci[eę]t\w*)\b[^\]\n]{0,80}\]",
    re.IGNORECASE,
)
_REPLACED = "\ufffd\ufffd".encode()
"""What a gateway writes in place of what it could not read, in whatever encoding the part claims."""
_PROSE_HEADERS = frozenset({"x-comment", "x-comments", "comments", "x-note", "x-message", "keywords"})
"""Where a sender can write what no mail program shows."""
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FORWARDED = re.compile(r"^\s*(?:fwd?|wg|tr|rv|i|vs|vb|pd|enc|doorst|r[eé]tr)\s?:", re.IGNORECASE)
_REASONS = {
    "pdf": "The order seems to be in the PDF file",
    "spreadsheet": "The order seems to be in the Excel file",
    "document": "The order seems to be in the text-processor file",
    "xml": "The order seems to be in the XML file",
    "archive": "The order seems to be in the archive",
}
_SILENT = re.compile(r"\.(?:ics|vcf|p7s|asc|sig)$|pkcs7|pgp|calendar|vcard", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|bmp|svg|webp)$|^image/(?!tif)", re.IGNORECASE)
_DECORATION = re.compile(
    r"^(?:image|img|logo|icon|banner|signatur\w*|oledata|outlook|facebook|linkedin|unnamed)[\w .-]{0,40}$",
    re.IGNORECASE,
)
"""Pictures that mail programs put into signatures; any other may be the order."""


def read_mail(document: bytes) -> Reading:
    """Reads a message.

    Raises Refusal, also ``mail.pdf_only`` and the like when the order is in a file that has no reader
    here, ``mail.no_lines`` when it orders nothing that can be named, ``uncertain``.
    """
    return _MailReader(parse_mail(document)).read()


def read_plain_text(text: str) -> Reading:
    """Reads text without mail headers as if it were the body of a mail; refuses what holds no order."""
    outcome = _MailReader(
        Mail((), (Part("text/plain", "utf-8", "", attached=False, flowed=False, body=text.encode("utf-8", "replace")),))
    ).read()
    if isinstance(outcome, NotAnOrder) and outcome.kind == "other":
        raise Refusal("unknown_format", "The text is neither X12, a table nor an order in words.", "document")
    return outcome


class _MailReader:
    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.subject = mail.get("subject")[:500]
        self.alerts: list[str] = []
        self.damage: list[str] = []
        self.whole = ""
        for name, value in mail.headers:
            if name.startswith("x-") or name in {"comments", "keywords"}:
                found = instruction_in(value) or addresses_machine(value)
                if found is not None:
                    self.alerts.append(f"header {name}: {found!r}")
                elif name in _PROSE_HEADERS and len(_WORDS.findall(value)) >= 5:
                    self.alerts.append(f"header {name} holds text: {value[:120]!r}")
        self.html: HtmlText | None = None
        self.unread: list[tuple[str, str]] = []
        self.written = mail.written
        self.forwarded_from: TextLine | None = None
        self.attached_kind: NotAnOrder | None = None
        self.numbers: set[str] = set()
        self.others: list[tuple[str, list[TextLine]]] = []
        self.read_lines: list[TextLine] = []

    def read(self) -> Reading:
        """Decides between orders, no order and refusal."""
        bodies = self._bodies()
        attached = self._attachments()
        if is_automatic(self.subject) or self.mail.get("auto-submitted").lower().startswith("auto-"):
            return NotAnOrder("auto_reply", f"The subject {self.subject[:80]!r} is that of an automatic answer.")
        best: tuple[list[Draft], Intent, Sections] | None = None
        others: list[list[Draft]] = []
        self.whole = "\n".join(text for _, lines in bodies for _, text in lines)[:20_000]
        for part, lines in bodies:
            one = self._text(part, lines)
            if best is None or _worth(one[0]) > _worth(best[0]):
                if best is not None:
                    others.append(best[0])
                best, self.read_lines = one, lines
            else:
                others.append(one[0])
        self.others = [(part, lines) for part, lines in bodies if lines is not self.read_lines]
        if best is None:
            best = self._text("body", [])
        drafts, intent, sections = best
        if any(_worth(other)[0] and _items(other) != _items(drafts) for other in others):
            for draft in drafts:
                draft.warn("contradiction", "the plain text and the HTML of the mail order different things")
        if attached:
            return self._with_attachments(drafts, attached)
        return self._decide(drafts, intent, sections)

    # Parts

    def _bodies(self) -> list[tuple[str, list[TextLine]]]:  # noqa: C901 - one branch for each kind of part and check
        plain: list[str] = []
        html: list[str] = []
        for number, part in enumerate(self.mail.parts, 1):
            if part.attached:
                continue
            if _REPLACED in part.body:
                self.damage.append(f"part {number} holds characters that were lost before")
            if part.content_type == "text/html":
                reader = html_to_text(decode(part.body, f"part {number}", part.charset))
                self._hidden(reader)
                if reader.cut_off:
                    self.damage.append("the HTML ends inside a table")
                html.extend(reader.lines)
            elif part.content_type in {"text/plain", "text/enriched", "text"}:
                text = decode(part.body, f"part {number}", part.charset)
                if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
                    raise Refusal(
                        "mail.too_long",
                        f"The text has more than {MAX_TEXT} characters or {MAX_LINES} lines.",
                        f"part {number}",
                    )
                plain.extend(_unflow(text) if part.flowed else text.splitlines())
        if len(html) > MAX_LINES:
            raise Refusal("mail.too_long", f"The HTML text has more than {MAX_LINES} lines.", "html")
        for where, lines in (("body", plain), ("html", html)):
            longest = max((len(line) for line in lines), default=0)
            if longest > MAX_LINE or sum(len(line) for line in lines) > MAX_TEXT:
                raise Refusal(
                    "mail.too_long",
                    f"The text has more than {MAX_TEXT} characters, or {MAX_LINE} in one line.",
                    where,
                )
        found: list[tuple[str, list[TextLine]]] = []
        for name, lines in (("body", plain), ("html", html)):
            numbered = [(at, line.rstrip().translate(_PLAIN)) for at, line in enumerate(lines, 1)]
            if any(line.strip() for _, line in numbered):
                found.append((name, numbered))
            raw = "\n".join(lines)
            damaged = _DAMAGE.search(raw)
            if damaged is not None:
                self.damage.append(f"{name}: {' '.join(damaged[0].split())[:60]!r}")
            instruction = instruction_in(raw)
            if instruction is not None:
                self.alerts.append(f"{name}: {instruction!r}")
            if invisible_in(raw):
                self.alerts.append(f"{name}: invisible characters")
        for key, value in self.mail.headers:
            if key in {"subject", "comments", "keywords", "thread-topic"} or key.startswith("x-"):
                instruction = instruction_in(value)
                if instruction is not None:
                    self.alerts.append(f"header {key}: {instruction!r}")
        return found

    def _hidden(self, reader: HtmlText) -> None:
        hidden = " ".join(reader.hidden).strip()
        if len(hidden) >= 3:
            self.alerts.append(f"hidden text: {hidden[:160]!r}")
        for text in reader.unseen:
            instruction = instruction_in(text)
            instruction = instruction or addresses_machine(text)
            if instruction is not None:
                self.alerts.append(f"text nobody sees: {instruction!r}")

    def _attachments(self) -> list[tuple[str, Orders]]:
        found: list[tuple[str, Orders]] = []
        for number, part in enumerate(self.mail.parts, 1):
            if not part.attached and part.content_type in {"text/plain", "text/html", "text/enriched", "text"}:
                continue
            name = part.filename or f"part {number}"
            instruction = instruction_in(name.replace("_", " ").replace("-", " "))
            if instruction is not None:
                self.alerts.append(f"file name: {instruction!r}")
            place = f"attachment {name}"
            suffix = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
            kind = _UNREAD.get(suffix) or _UNREAD.get(part.content_type)
            if kind is None and part.body.startswith(b"%PDF-"):
                kind = "pdf"
            if kind is not None:
                self.unread.append((kind, name))
                continue
            if _decorates(part, name, suffix):
                continue
            head = part.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
            is_table = suffix in {".csv", ".tsv"} or part.content_type in {"text/csv", "text/tab-separated-values"}
            if head.startswith(b"ISA"):
                outcome = read_x12(decode(part.body, place, part.charset), place)
                if isinstance(outcome, Orders):
                    found.append((name, outcome))
                continue
            if not (is_table or part.content_type.startswith("text/") or suffix in {".txt", ".edi", ".x12", ".dat"}):
                self.unread.append(("file", name))
                continue
            text = decode(part.body, place, part.charset)
            if is_table or looks_like_table(text):
                table = self._attached_table(text, place)
                if isinstance(table, Orders):
                    found.append((name, table))
                else:
                    self.attached_kind = table
                continue
            instruction = instruction_in(text)
            if instruction is not None:
                self.alerts.append(f"{place}: {instruction!r}")
            self.unread.append(("text", name))
        return found

    def _attached_table(self, text: str, place: str) -> Orders | NotAnOrder:
        try:
            return read_csv(text, place, self.written)
        except Refusal as refusal:
            number = self._subject_number() if refusal.outcome.code == "csv.missing" else None
            if number is None:
                raise
            return read_csv(
                f"PO number;{number}\n{text}" if ";" in text[:2000] else f"PO number,{number}\n{text}",
                place,
                self.written,
            )

    # Text

    def _ways(self, lines: Sequence[TextLine]) -> Ways:
        text = "\n".join(line for _, line in lines)
        language = language_of(f"{self.subject}\n{text}")
        guess = guess_day_order(f"{self.mail.sender[1]}\n{text}", language) or guess_day_order(self.whole, language)
        return Ways(decimal_sign(text), DayContext(day_order(text, guess), self.written), language)

    def _text(self, part: str, lines: list[TextLine]) -> tuple[list[Draft], Intent, Sections]:
        sections = divide(lines, forwards=_FORWARDED.match(self.subject) is not None)
        drafts = self._walk(part, sections.own)
        own = "\n".join(line for _, line in sections.own)
        intent = intent_of(self.subject, own)
        if not any(draft.lines for draft in drafts) and sections.forwarded:
            headers, inner = forwarded_headers(sections.forwarded)
            inner_sections = divide(inner)
            subject = headers.get("subject", (0, ""))[1]
            inner_drafts = self._walk(part, inner_sections.own, subject)
            inner_intent = intent_of(subject or self.subject, "\n".join(line for _, line in inner_sections.own))
            if any(draft.lines for draft in inner_drafts) or inner_intent.kind is not None:
                self.forwarded_from = headers.get("from")
                for draft in inner_drafts:
                    for note in drafts[0].notes:
                        draft.note(note, Source(part, sections.own[0][0] if sections.own else 1, note))
                return inner_drafts, inner_intent, inner_sections
        if any(draft.lines for draft in drafts) and sections.forwarded:
            below = self._walk(part, divide(forwarded_headers(sections.forwarded)[1]).own, "")
            same = {draft.po_number for draft in below} <= {draft.po_number for draft in drafts}
            if any(draft.lines for draft in below) and not (same and _items(below) == _items(drafts)):
                for draft in drafts:
                    draft.warn("ignored", f"the message forwarded below (line {sections.forwarded[0][0]}) orders too")
        if not any(draft.lines for draft in drafts) and sections.signature:
            again = self._walk(part, [*sections.own, *sections.signature])
            if any(draft.lines for draft in again):
                return again, intent, sections
        return drafts, intent, sections

    def _walk(self, part: str, lines: list[TextLine], subject: str | None = None) -> list[Draft]:
        ways = self._ways(lines)
        walker = Walker(part, ways)
        walker.walk(lines)
        drafts = walker.drafts
        number = self._subject_number(subject, ways)
        if number is not None:
            source = Source("header", 1, (subject or self.subject)[:300], column="Subject")
            first = drafts[0]
            known = {draft.po_number for draft in drafts}
            if not first.po_number:
                first.po_number = number
                first.mark("po_number", source)
            elif number not in known and len(drafts) == 1 and _close(number, first.po_number):
                pass
            elif number not in known and len(drafts) == 1:
                first.warn("uncertain", f"the subject names order {number}, the text {first.po_number}")
        return drafts

    def _subject_number(self, subject: str | None = None, ways: Ways | None = None) -> str | None:
        ways = ways or Ways(None, DayContext("dmy", self.written), None)
        found = {
            match["no"].rstrip(".-/")
            for match in PO_PATTERN.finditer(subject or self.subject)
            if plausible_number(match["no"], match["word"], ways)
        }
        if len(found) == 1:
            return found.pop()
        return None

    # Decision

    def _decide(self, drafts: list[Draft], intent: Intent, sections: Sections) -> Reading:  # noqa: C901 - one branch for each thing a mail can be
        has_lines = any(draft.lines for draft in drafts)
        bulk = bool(self.mail.get("list-unsubscribe")) or self.mail.get("precedence").lower() in {
            "bulk",
            "list",
            "junk",
        }
        kind = intent.kind
        if not intent.orders and self._subject_number() is not None and has_lines:
            intent = replace(intent, orders=True)
        if bulk and not (has_lines and intent.orders) and kind in {None, "newsletter", "question"}:
            return NotAnOrder("newsletter", "The message is a mailing.")
        acts = intent.purpose in {"change", "cancel"}
        number = next((draft.po_number for draft in drafts if draft.po_number), "")
        if acts and number and kind not in {"complaint", "delivery_note", "invoice", "newsletter"}:
            return self._orders(drafts, intent, sections)
        if kind is not None and (not has_lines or intent.kind_in_subject or not intent.orders):
            strong = (
                kind in {"complaint", "delivery_note", "invoice", "newsletter"} or intent.kind_in_subject or intent.asks
            )
            confident = (
                has_lines
                and bool(number)
                and not intent.kind_in_subject
                and not intent.asks
                and kind in {"question", "newsletter", "invoice"}
            )
            if (
                not (
                    has_lines
                    and intent.orders
                    and number
                    and kind in {"question", "delivery_note"}
                    and not intent.kind_in_subject
                )
                and (strong or not has_lines)
                and not confident
            ):
                if not has_lines and intent.orders and self.unread:
                    self._refuse_unread()
                return NotAnOrder(kind, _why(kind, self.subject))
        if not has_lines and self.attached_kind is not None:
            return self.attached_kind
        if not has_lines:
            if self.unread:
                self._refuse_unread()
            if intent.orders or number:
                raise Refusal("mail.no_lines", "The message speaks of an order and names nothing to deliver.", "body")
            return NotAnOrder("question" if intent.asks else "other", "The message orders nothing.")
        if not number:
            if not intent.orders and all(draft.warnings for draft in drafts):
                raise Refusal(
                    "uncertain", "The message may be an order, and names neither order number nor wish.", "body"
                )
            raise Refusal("mail.no_number", "The order names no order number.", "subject and body")
        if kind == "complaint":
            for draft in drafts:
                draft.warn("contradiction", f"the message also reads as a {kind.replace('_', ' ')}")
        return self._orders(drafts, intent, sections)

    def _refuse_unread(self) -> None:
        kind, name = self.unread[0]
        reason = _REASONS.get(kind, "The order seems to be in the file")
        raise Refusal(f"mail.{kind}_only", f"{reason} {name!r}, which has no reader here.", f"attachment {name}")

    def _orders(self, drafts: list[Draft], intent: Intent, sections: Sections) -> Reading:
        kept = [draft for draft in drafts if draft.lines] or drafts[:1]
        self.numbers |= {draft.po_number for draft in drafts}
        for draft in kept:
            draft.purpose = intent.purpose
            self._complete(draft, sections)
        if len(kept) > 1:
            self._common(kept)
            _share_doubts(kept)
        return Orders(tuple(draft.finish() for draft in kept))

    def _complete(self, draft: Draft, sections: Sections) -> None:
        name, address = self.mail.sender
        source = Source("header", 1, self.mail.get("from")[:300], column="From")
        if self.forwarded_from is not None:
            number, text = self.forwarded_from
            found = re.search(r"[\w.+-]{1,64}@[\w.-]{1,100}", text)
            if found is not None:
                if not self._internal() and found[0].rpartition("@")[2].lower() != address.rpartition("@")[2]:
                    draft.warn("uncertain", f"forwarded by {address}: the sender {found[0]} is only quoted")
                name, address = text.partition("<")[0].strip(" \"'"), found[0].lower()
                source = Source("body", number, text[:300])
        draft.buyer.put("email", address, source)
        for line, text in sections.signature[:14]:
            if _COMPANY.search(text) and len(text) < 90:
                draft.buyer.put("name", text.strip(" *|,"), Source("body", line, text))
                break
        if name and "@" not in name:
            draft.buyer.put("name", name, source)
        if draft.order_date is None and self.written is not None:
            draft.order_date = self.written
            draft.mark("order_date", Source("header", 1, self.mail.get("date")[:100], column="Date"))
        for damage in self.damage:
            draft.warn("uncertain", f"the text is damaged or cut off ({damage})")
        for alert in self.alerts:
            draft.warn("instruction", alert)
        for kind, file in self.unread:
            draft.warn("ignored", f"attachment {file!r} ({kind}) was not read")
        self._watch(draft, sections)

    def _watch(self, draft: Draft, sections: Sections) -> None:
        """Doubts the order for what stands where no field was read from."""
        ways = self._ways(sections.own)
        watch_subject(draft, self.subject)
        watch_rest(draft, self.numbers, sections.signature, sections.disclaimer, ways)
        watch_numbers(draft, self.numbers, sections.own, ways)
        for name, lines in self.others:
            watch_other_body(draft, (text for _, text in self.read_lines), lines, name)
        watch(draft)

    def _internal(self) -> bool:
        """Whether the mail comes from the domain it is addressed to: a colleague passed it on."""
        domain = self.mail.sender[1].rpartition("@")[2]
        receivers = {address.rpartition("@")[2].lower() for _, address in getaddresses([self.mail.get("to")[:1000]])}
        return bool(domain) and receivers == {domain}

    def _common(self, drafts: list[Draft]) -> None:
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

    def _with_attachments(self, drafts: list[Draft], attached: list[tuple[str, Orders]]) -> Reading:
        orders: list[Order] = []
        body = {draft.po_number: draft for draft in drafts if draft.lines and draft.po_number}
        for _, outcome in attached:
            orders.extend(outcome.orders)
        finished: list[Order] = []
        name, address = self.mail.sender
        for order in orders:
            cover = Draft(order.format)
            cover.notes, cover.warnings = [], []
            for note in (note for draft in drafts if not draft.lines for note in draft.notes):
                cover.note(note, Source("body", 1, note))
            for draft in drafts:
                for warning in draft.warnings:
                    cover.warnings.append(warning)
            watch(cover)
            for alert in self.alerts:
                cover.warn("instruction", alert)
            twin = body.get(order.po_number)
            if twin is not None and _items([twin]) != Counter(
                (line.supplier_part or line.customer_part or line.gtin or "", line.quantity) for line in order.lines
            ):
                cover.warn("contradiction", "the text of the mail and its attachment order different things")
            stated = {draft.po_number for draft in drafts if draft.po_number}
            if stated and order.po_number not in stated and len(orders) == 1 and not body:
                cover.warn(
                    "contradiction", f"the mail speaks of order {min(stated)}, its attachment of {order.po_number}"
                )
            sources = dict(order.sources)
            buyer = order.buyer
            if buyer.email is None and address:
                buyer = replace(buyer, email=address)
                sources["buyer.email"] = Source("header", 1, self.mail.get("from")[:300], column="From")
            if buyer.name is None and name:
                buyer = replace(buyer, name=name)
                sources["buyer.name"] = Source("header", 1, self.mail.get("from")[:300], column="From")
            for at, note in enumerate(cover.notes):
                sources[f"notes[{len(order.notes) + at}]"] = Source("body", 1, note)
            order_date: date | None = order.order_date
            if order_date is None and self.written is not None:
                order_date = self.written
                sources["order_date"] = Source("header", 1, self.mail.get("date")[:100], column="Date")
            finished.append(
                replace(
                    order,
                    buyer=buyer,
                    sources=sources,
                    order_date=order_date,
                    notes=(*order.notes, *cover.notes),
                    warnings=(*order.warnings, *cover.warnings),
                )
            )
        known = {order.po_number for order in orders}
        rest = [draft for number, draft in body.items() if number not in known]
        for draft in rest:
            self._complete(draft, Sections())
            finished.append(draft.finish())
        return Orders(tuple(finished))


_COMPANY = re.compile(
    r"\b(?:GmbH|AG|KG|OHG|SE|e\.?\s?K\.?|UG|Ltd|Limited|PLC|LLP|LLC|Inc|Corp|Co\.|Company|SARL|SAS|SASU|S\.?A\.?S?\.?|EURL|S\.?p\.?A|S\.?r\.?l|S\.?L\.?U?|B\.?V|N\.?V|BVBA|VOF|Sp\. z o\.o|A/S|AB|Oy)\b\.?"
)


def _share_doubts(drafts: list[Draft]) -> None:
    """Words against one order of a mail may mean any of them."""
    for warning in [one for draft in drafts for one in draft.warnings]:
        kind, _, text = warning.partition(": ")
        if kind in {"instruction", "contradiction"}:
            for draft in drafts:
                draft.warn(kind, text)


def _decorates(part: Part, name: str, suffix: str) -> bool:
    """Whether a part is what mail programs add by themselves: a signature, a card, a picture in the text."""
    if _SILENT.search(suffix) or _SILENT.search(part.content_type):
        return True
    picture = _PICTURE.search(suffix) or _PICTURE.search(part.content_type)
    return picture is not None and (not part.attached or _DECORATION.search(name) is not None)


def _worth(drafts: list[Draft]) -> tuple[int, int]:
    return sum(len(draft.lines) for draft in drafts), -sum(len(draft.warnings) for draft in drafts)


def _items(drafts: list[Draft]) -> Counter[tuple[str, object]]:
    return Counter((line.part or line.description or "", line.quantity) for draft in drafts for line in draft.lines)


def _close(one: str, other: str) -> bool:
    """``PO-4500123`` and ``4500123`` are the same number."""
    return one.upper().removeprefix("PO").strip("-_ ") == other.upper().removeprefix("PO").strip("-_ ")


def _unflow(text: str) -> list[str]:
    """Undoes format=flowed (RFC 3676): a long line that ends in a blank goes on in the next."""
    lines: list[str] = []
    joined = False
    for raw in text.splitlines():
        line = raw.removeprefix(" ")
        if joined and lines:
            lines[-1] += line
        else:
            lines.append(line)
        joined = line.endswith(" ") and line != "-- " and len(line) > 60
    return lines


def _why(kind: str, subject: str) -> str:
    return f"The message reads as a {kind.replace('_', ' ')} (subject {subject[:80]!r})."
