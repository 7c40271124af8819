"""Reads the sentences of a mail: order numbers, days, places and terms among words, and doubts what it leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from bridgehead.documents.addresses import is_place, read_address
from bridgehead.documents.dates import HOURS, Day, find_days, relative_day
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import DraftParty
from bridgehead.documents.mail.items import COUNTED
from bridgehead.documents.mail.patterns import (
    CONSTRAINT,
    DATED,
    GREETING,
    INCOTERM_USE,
    NOT_OURS,
    ORDER_DAY,
    PAYMENT,
    PO,
    REQUESTED,
    form_of,
    plausible_number,
    weekday_in,
    words_for_numbers,
)
from bridgehead.documents.mail.rows import Rows
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.item_line import read_item
from bridgehead.documents.terms import CURRENCY, incoterms_of, payment_terms_of
from bridgehead.documents.vigilance import deviation_in

_NUMBERS: Final = frozenset(["NR", "NOS"])
"""Units that are words for a number too: what follows them names something and counts nothing."""
_PLACE: Final = re.compile(
    r"\b(?:deliver(?:y|ed)?|ship(?:ment)?|send|goods|consign\w*|liefer\w*|ware|anliefer\w*|livr\w*|exp[eé]di\w*|entreg\w*|env[ií]\w*|mercanc[ií]a|consegn\w*|sped\w*|merce|(?:af)?lever\w*|stuur|bezorg\w*|skicka\w*|dostaw\w*|dostarcz\w*|wysy[łl]\w*|send\w*|dod[áae]\w*|toimit\w*|sz[áa]ll[íi]t\w*)\b"
    r"[^.!?:;\d]{0,40}?(?:\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b[^.!?:;\d]{0,20}?)?(?::|\b(?:to|at|an|nach|in|zu|[àa]|chez|en|ad|al|alla|presso|aan|naar|op|bij|till|til|hos|do|na|pod|para|em|osoitteeseen)\b)(?: (?:the )?(?:adresse?|address|adres|direcci[oó]n|indirizzo|adress(?:en)?|our site|l[’']adresse|la direcci[oó]n|l[’']indirizzo|het adres)(?: (?:suivante|siguiente|seguente))?)?\s?:?\s{1,3}(?P<place>(?:\d{1,4}[a-z]?\s)?[^\W\d_][^;]{12,200})",
    re.IGNORECASE,
)
_CUSTOMER: Final = re.compile(
    r"\(?\b(?:kunden-?\s?(?:nr|nummer|no)|kd\.?-?\s?nr|customer (?:no|number|nr|id)|n(?:°|o|um[eé]ro)\.? (?:de )?client|(?:n[°ºo]|n[uú]mero|num)\.? (?:de )?cliente|codice cliente|klantnummer|klantnr|nr klienta|numer klienta|kundnummer|kundnr)"
    r"(?![^\W_])\.?\s{0,2}[:=#]?\s{0,2}(?P<no>(?=[\w-]{0,14}\d)[A-Z0-9][A-Z0-9-]{2,14}(?![\w-]))\)?",
    re.IGNORECASE,
)
"""A sentence that names the number under which we know the customer."""
_IN_ALL: Final = re.compile(
    rf"(?:that makes|this makes|that comes to|in total|das macht|das sind|macht|son|suman?|soit|cela fait|in totale|per un totale di|sono|dat maakt|dat is|det blir|det bliver|razem|w sumie|celkem)[^\d€$£]{{0,30}}(?P<sum>(?:{CURRENCY}\s?)?\d[\d.,' \u00a0]{{0,16}}(?:\s?{CURRENCY})?)[^\d]{{0,30}}",
    re.IGNORECASE,
)
"""A sentence that says what the order comes to."""
_FIGURE: Final = re.compile(r"\d[.,]\d{2}(?!\d)")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_FEW: Final = 2
"""A figure with so few words around it is a value of something."""
_ASKED: Final = re.compile(
    r",?\s*(?:please|bitte|s[’']il vous pla[iî]t|svp|por favor|per favore|prego|a\.?u\.?b\.?|graag|tack|prosz[ęe]|tak|obrigad[oa])\s*[.!]?\s*$",
    re.IGNORECASE,
)


class Prose(Rows):
    """Sentences, on top of tables, lists and blocks."""

    def _place(self, text: str, source: Source) -> str:
        """Takes the place that a sentence asks to deliver to, where it is a whole address; returns the rest."""
        found = _PLACE.search(text)
        if found is None:
            return text
        written = _ASKED.sub("", found["place"]).strip(" .")
        party = DraftParty()
        read_address([(written, replace(source, how="pattern"))], party)
        if "postal_code" not in party.values or not {"name", "street"} & set(party.values):
            return text
        ship_to = self.draft.ship_to
        if ship_to.values:
            if ship_to.values.get("postal_code") != party.values["postal_code"]:
                self.draft.warn("uncertain", f"a second delivery address (line {source.line})")
            return text[: found.start()]
        for name, value in party.values.items():
            ship_to.put(name, value, party.sources[name])
        dated = any(map(str.isdigit, text[found.start() : found.start("place")]))
        return text[: found.start("place") if dated else found.start()]

    def _customer(self, text: str, source: Source) -> str:
        """Takes our number of the customer out of a sentence, where its word stands before it; returns the rest."""
        found = _CUSTOMER.search(text)
        if found is None or not put_field(self.draft, "customer_number", found["no"], source, self.ways):
            return text
        return text[: found.start()] + text[found.end() :]

    def _watch_loose(self) -> None:
        """Words built like the part numbers of the order, in sentences that no line was read from, may be ordered."""
        for draft in self.drafts:
            asked = draft.sources.get("requested_date")
            days = {line.requested_date for line in draft.lines} - {None, draft.requested_date}
            if asked is not None and asked.how == "pattern" and days:
                draft.warn("contradiction", f"line {asked.line} asks for {draft.requested_date}, the items for others")
        parts = {line.part for draft in self.drafts for line in draft.lines if line.part}
        forms = {form_of(part) for part in parts if code_rank(part) >= MOST_LIKELY}
        parts |= {draft.po_number for draft in self.drafts}
        for source, code in self.loose:
            if code.rstrip("./_-") not in parts and form_of(code.rstrip("./_-")) in forms:
                self.draft.warn("uncertain", f"line {source.line} names {code[:40]!r}, which no line orders")

    def _watch_places(self) -> None:
        """Warns of the lines of an address that no field holds, in an order without a place of delivery."""
        for draft in self.drafts:
            if "postal_code" in draft.ship_to.values or "number" in draft.ship_to.values:
                continue
            noted = {
                source.line: source
                for at in range(len(draft.notes))
                if (source := draft.sources.get(f"notes[{at}]")) is not None and source.part == self.part
            }
            for number, source in noted.items():
                asked = _PLACE.search(source.text)
                party = DraftParty()
                if asked is not None:
                    read_address([(asked["place"].strip(" ."), source)], party)
                if "postal_code" in party.values:
                    draft.warn("uncertain", f"line {number} may name a place of delivery: {source.text[:80]!r}")
                    continue
                above = noted.get(number - 1)
                pieces = re.split(r"\s{2,}", source.text.strip(" -*•·"))
                street, _, town = source.text.strip(" .-*•·").rpartition(", ")
                whole = is_place(town) and any(map(str.isdigit, street))
                if whole or (any(map(is_place, pieces)) and above is not None and any(map(str.isdigit, above.text))):
                    draft.warn("uncertain", f"line {number} may name a place of delivery: {source.text[:80]!r}")

    def _order_number(self, text: str, source: Source) -> str:
        """Takes the order number out of a sentence and returns the rest."""
        for found in PO.finditer(text):
            number = found["no"]
            if number.isdigit() and found["word"].lower() == "po" and text[found.start("no") - 1].isalpha():
                number = found["word"] + number
            if not plausible_number(number, found["word"], self.ways) or NOT_OURS.search(text[: found.start()]):
                continue
            days = [
                day for day in find_days(text[found.end() : found.end() + 40], self.ways.days) if day.day is not None
            ]
            lead = text[found.end() : found.end() + (days[0].start if days else 0)]
            rest = text[: found.start()] + " " + text[found.end() :]
            if days and ORDER_DAY.search(lead) and self.draft.order_date is None:
                self.draft.order_date = days[0].day
                self.draft.mark("order_date", source)
                rest = text[: found.start()] + " " + text[found.end() + days[0].end :]
            self._open_order(number, source)
            return rest
        return text

    def _terms(self, rest: str, source: Source) -> bool:
        """Takes terms of delivery and payment; whether a field holds all that the sentence says of payment."""
        code = incoterms_of(rest)
        if code is not None and INCOTERM_USE.search(rest):
            put_field(self.draft, "incoterms", code, source, self.ways)
        if PAYMENT.search(rest) and any(one.isdigit() for one in rest):
            terms = payment_terms_of(rest)
            if re.fullmatch(r"(?:\d[\d.]*/\d+ )?N\d+", terms):
                return put_field(self.draft, "payment_terms", terms, source, self.ways)
        return False

    def _sentence(self, rest: str, text: str, source: Source) -> None:
        if GREETING.match(text):
            return
        rest = self._place(rest, source)
        if not rest.strip(" .,:;-–"):
            return
        days = list(find_days(rest, self.ways.days))
        said = _IN_ALL.fullmatch(rest.strip()) if not days else None
        if said is not None and put_field(self.draft, "stated_total", said["sum"], source, self.ways):
            return
        noted = self._days(rest, days, source)
        noted = self._terms(rest, source) or noted
        self._doubt_rest(rest, text, source, dated=bool(days), noted=noted)
        if not noted:
            self._note(text.strip(), source)

    def _days(self, rest: str, days: list[Day], source: Source) -> bool:
        """Takes the day that a sentence asks for or dates the order with; whether it says nothing else."""
        draft = self.draft
        if not days:
            relative = relative_day(rest) or weekday_in(rest)
            if relative is not None and REQUESTED.search(rest):
                draft.warn("date", f"{relative!r} names no calendar day (line {source.line})")
            return False
        day = days[0].day if len({one.day for one in days}) == 1 else None
        if REQUESTED.search(rest) and not CONSTRAINT.search(rest):
            if day is None:
                draft.warn("date", f"{days[0].text!r} {days[0].doubt or 'is one of several days'} (line {source.line})")
            elif draft.requested_date is None:
                draft.requested_date = day
                draft.mark("requested_date", source)
                left = rest[: days[0].start] + rest[days[0].end :]
                return not any(map(str.isdigit, left)) and doubt_in(left) is None and deviation_in(left) is None
            elif draft.requested_date != day:
                draft.warn("contradiction", f"another day {day} (line {source.line}: {source.text[:120]!r})")
            return False
        if len(days) == 1 and day is not None and DATED.search(rest[: days[0].start]):
            if draft.order_date in {None, day}:
                draft.order_date = day
                draft.mark("order_date", source)
                return True
            draft.warn("uncertain", f"two days of the order (line {source.line})")
            return False
        draft.warn("uncertain", f"a day that no field holds (line {source.line}: {source.text[:120]!r})")
        return False

    def _doubt_rest(self, rest: str, text: str, source: Source, *, dated: bool, noted: bool) -> None:
        """Doubts a sentence that may order something, or that holds a figure without words."""
        words = re.findall(r"[A-Za-z0-9][A-Za-z0-9./_-]{2,30}", rest)
        codes = [one for one in words if code_rank(one.rstrip("./_-")) >= MOST_LIKELY]
        self.loose.extend((source, one) for one in codes)
        item = read_item(rest, self.ways, source)
        counted = (
            item is not None
            and item.rank >= COUNTED - 1
            and item.line.part is None
            and item.line.unit not in _NUMBERS
            and str(item.line.quantity) not in {draft.po_number for draft in self.drafts}
        )
        draft, shown = self.draft, f"{source.text[:120]!r}"
        if _FIGURE.search(HOURS.sub(" ", rest)) and len(_WORD.findall(rest)) <= _FEW and not dated and not noted:
            draft.warn("uncertain", f"line {source.line} holds a figure that no field holds: {shown}")
        worded = words_for_numbers(text)
        if worded is not None:
            draft.warn("uncertain", f"line {source.line} may order {worded!r}: {shown}")
        elif (codes and item is not None and item.rank >= 1 and not dated) or counted:
            draft.warn("uncertain", f"line {source.line} may order something and was not read: {shown}")
