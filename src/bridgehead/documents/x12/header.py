"""Reads what an X12 order states outside its lines: purpose, number, days, references, terms, charges, totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bridgehead.documents.edi import preferred, watch_limits
from bridgehead.documents.order import Charge
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.x12 import codes
from bridgehead.documents.x12.envelope import Segment
from bridgehead.documents.x12.lines import close_line
from bridgehead.documents.x12.walk import Walk, parse_x12_date

_CENT = Decimal(100)
_MOST_DAYS_DIGITS = 4


def on_beg(walk: Walk, segment: Segment) -> None:
    """BEG: 353 purpose, 92 kind, 324 number, 328 release, 373 day."""
    _opening(walk, segment, number=3, release=4, ordered=5)
    kind, draft = segment.get(2), walk.draft
    if kind == "CP":
        draft.purpose = "change"
    elif kind in {"BK", "BE", "BL"}:
        draft.purpose = "other"
    elif kind and kind not in codes.ORDER_TYPES:
        draft.warn("uncertain", f"BEG02 {kind[:10]!r} is no ordinary kind of order ({segment.place})")


def on_bch(walk: Walk, segment: Segment) -> None:
    """BCH: as BEG; an 860 never orders anew."""
    _opening(walk, segment, number=3, release=4 if segment.get(4) else 5, ordered=6)
    if walk.draft.purpose in {"original", "other"}:
        walk.draft.purpose = "change"


def _opening(walk: Walk, segment: Segment, *, number: int, release: int, ordered: int) -> None:
    if walk.counts[segment.tag] > 1:
        raise Refusal("x12.nesting", f"{segment.tag} stands twice in one transaction set.", segment.place)
    draft = walk.draft
    draft.purpose = codes.PURPOSES.get(segment.get(1), "other")
    draft.mark("purpose", walk.source(segment, 1))
    if not segment.get(number):
        raise Refusal("x12.missing_element", f"{segment.tag}{number:02d} (order number) is empty.", segment.place)
    draft.po_number = segment.get(number)
    draft.mark("po_number", walk.source(segment, number))
    if segment.get(release):
        draft.release = segment.get(release)
        draft.mark("release", walk.source(segment, release))
    draft.order_date = walk.day(segment, ordered)
    if draft.order_date is not None:
        draft.mark("order_date", walk.source(segment, ordered))
    elif not segment.get(ordered) and segment.tag == "BEG":
        draft.warn("remark", f"BEG05 (day of the order) is empty ({segment.place})")


def on_cur(walk: Walk, segment: Segment) -> None:
    """CUR: 98 whose currency, 100 its code."""
    currency, draft = segment.get(2).upper(), walk.draft
    if not currency:
        return
    if draft.currency is not None and draft.currency != currency:
        draft.warn("uncertain", f"two currencies: {draft.currency} and {currency[:10]} ({segment.place})")
        return
    draft.currency = currency
    draft.mark("currency", walk.source(segment, 2))


def on_ref(walk: Walk, segment: Segment) -> None:
    """REF: 128 kind and number; words beside it are kept."""
    _refer(walk, segment)
    if segment.get(3):
        walk.draft.note(segment.get(3), walk.source(segment, 3))


def on_n9(walk: Walk, segment: Segment) -> None:
    """N9: a reference, or the name of the text that MSG or MTX bring."""
    if segment.get(1) not in codes.TEXT_REFERENCES:
        _refer(walk, segment)
    if segment.get(3):
        walk.text(segment, 3)


def _refer(walk: Walk, segment: Segment) -> None:
    kind, value = segment.get(1), segment.get(2)
    if not value or (kind == "PO" and value == walk.draft.po_number) or (walk.line is not None and kind == "LI"):
        return
    if walk.party is not None and kind in {"TJ", "VX", "EI"}:
        walk.party.put("vat", value, walk.source(segment, 2))
        return
    known = codes.REFERENCES.get(kind, "other")
    if walk.line is None or known != "other":
        walk.draft.refer(known, value, walk.source(segment, 2))


def on_itd(walk: Walk, segment: Segment) -> None:
    """ITD: discount percent and days, net days, or the terms in words."""
    draft = walk.draft
    if draft.payment_terms is not None:
        draft.warn("uncertain", f"a second statement of payment terms ({segment.place})")
        return
    net = segment.get(7)
    percent, days = walk.number(segment, 3), segment.get(5)
    short = net.isascii() and net.isdigit() and len(net) <= _MOST_DAYS_DIGITS
    terms = f"N{int(net)}" if short else segment.get(12)
    if percent and days and terms.startswith("N"):
        terms = f"{percent.normalize():f}/{days} {terms}"
    if terms:
        draft.payment_terms = terms
        draft.mark("payment_terms", walk.source(segment, 7 if net else 12))


def on_fob(walk: Walk, segment: Segment) -> None:
    """FOB: 335 in FOB05 is an Incoterms rule; 146 who pays the freight, and the place, are notes."""
    code = segment.get(5).upper()
    if len(code) == 3 and code.isalpha() and walk.draft.incoterms is None:
        walk.draft.incoterms = code
        walk.draft.mark("incoterms", walk.source(segment, 5))
    paid = codes.FREIGHT.get(segment.get(1), segment.get(1))
    told = ", ".join(one for one in (paid, segment.get(3), segment.get(7)) if one)
    if told:
        walk.keep(f"freight: {told}", walk.source(segment, 1))


def on_td5(walk: Walk, segment: Segment) -> None:
    """TD5: 67 number and 387 name of the carrier, 284 level of service; they are a note."""
    told = " ".join(one for one in (segment.get(3), segment.get(5), segment.get(12)) if one)
    if told:
        walk.keep(f"carrier: {told}", walk.source(segment, 3 if segment.get(3) else 5))


def on_dtm(walk: Walk, segment: Segment) -> None:
    """DTM: 374 what for, 373 day; or 1250 and 1251, D8 a day, RD8 a period."""
    qualifier, draft = segment.get(1), walk.draft
    if walk.sub_line:
        return
    if not segment.get(2) and segment.get(5) == "RD8":
        _period(walk, segment)
        return
    element = 6 if not segment.get(2) and segment.get(5) in {"D8", "DB", "DT"} else 2
    found = _day_and_time(walk, segment, element)
    if found is None:
        return
    source = walk.source(segment, element)
    if qualifier in codes.VAGUE_DATES:
        draft.warn("date", f"DTM {qualifier} names {codes.VAGUE_DATES[qualifier]} {found} ({segment.place})")
        return
    days = walk.days if walk.line is None else walk.line_days
    known = days.setdefault(qualifier, (found, source))
    if known[0] != found:
        draft.warn("uncertain", f"DTM {qualifier} is {known[0]} and {found} ({segment.place})")
    kind = codes.DATE_KINDS.get(qualifier)
    if kind is not None and walk.line is None:
        draft.date(kind, found, source)


def _day_and_time(walk: Walk, segment: Segment, element: int) -> date | None:
    if element == 6 and segment.get(5) == "DT":
        found = parse_x12_date(segment.get(6)[:8])
        if found is None:
            walk.draft.warn("date", f"DTM06 {segment.get(6)[:30]!r} is no date ({segment.place})")
        return found
    return walk.day(segment, element)


def _period(walk: Walk, segment: Segment) -> None:
    first, _, last = segment.get(6).partition("-")
    days, source, draft = (parse_x12_date(first), parse_x12_date(last)), walk.source(segment, 6), walk.draft
    if days[0] is None or days[1] is None:
        draft.warn("date", f"DTM06 {segment.get(6)[:30]!r} is no period ({segment.place})")
        return
    if segment.get(1) in codes.DELIVERY_DATES:
        draft.date("not_before", days[0], source)
        draft.date("not_after", days[1], source)
        draft.warn("date", f"DTM {segment.get(1)} names the days {days[0]} to {days[1]} ({segment.place})")
    else:
        draft.date("other", days[0], source)


def on_sac(walk: Walk, segment: Segment) -> None:
    """SAC: 248 A or C, 1300 code, amount with two implied decimals (N2), percent, rate and quantity, words."""
    kind = segment.get(1)
    amount, percent = walk.number(segment, 5, signed=True), walk.number(segment, 7, signed=True)
    rate, quantity = walk.number(segment, 8, signed=True), walk.number(segment, 10, signed=True)
    if amount is not None and "." not in segment.get(5):
        amount /= _CENT
    if amount is None and percent is None and rate is not None and quantity is not None:
        amount = rate * quantity
    code, reason = segment.get(2) or segment.get(4) or None, segment.get(15) or None
    place, draft = segment.place, walk.draft
    if reason is not None:
        walk.text(segment, 15)
    if walk.sub_line or kind == "N" or (not amount and not percent):
        if rate and not walk.sub_line and kind != "N":
            draft.warn("ignored", f"SAC states a rate of {rate} without an amount ({place})")
        elif amount is None and percent is None and not walk.sub_line and kind in {"A", "C"}:
            what = "allowance" if kind == "A" else "charge"
            draft.warn("ignored", f"SAC states an {what} {code or ''} without amount ({place})".replace("an c", "a c"))
        return
    if kind not in {"A", "C"}:
        draft.warn("ignored", f"SAC of the kind {kind[:3]!r} states {reason or code} of {amount or percent} ({place})")
        return
    charge = Charge(kind == "A", None if amount is None else abs(amount), percent, code, reason)
    source = walk.source(segment, 5 if amount is not None else 7)
    if walk.line is not None:
        walk.line.mark(f"charges[{len(walk.line.charges)}]", source)
        walk.line.charges.append(charge)
    else:
        draft.mark(f"charges[{len(draft.charges)}]", source)
        draft.charges.append(charge)


def on_txi(walk: Walk, segment: Segment) -> None:
    """TXI: the amount of a tax of the order."""
    amount = walk.number(segment, 2, signed=True)
    if amount and walk.line is None:
        walk.draft.state("tax_total", amount, segment.place)


def on_msg(walk: Walk, segment: Segment) -> None:
    """MSG: free text."""
    walk.text(segment, 1)


def on_mtx(walk: Walk, segment: Segment) -> None:
    """MTX and NTE: free text after its kind."""
    walk.text(segment, 2)


def on_ctt(walk: Walk, segment: Segment) -> None:
    """CTT: number of lines, hash total of the quantities; ends the lines."""
    close_line(walk)
    walk.summary = True
    count, total = walk.number(segment, 1), walk.number(segment, 2, signed=True)
    if count is not None:
        walk.draft.stated_line_count = int(count)
        walk.draft.mark("stated_line_count", walk.source(segment, 1))
    if total is not None:
        walk.draft.stated_quantity_total = total
        walk.draft.mark("stated_quantity_total", walk.source(segment, 2))


def on_amt(walk: Walk, segment: Segment) -> None:
    """AMT: 522 what for; of the line (1) or of the order (TT, GV)."""
    amount = walk.number(segment, 2, signed=True)
    if amount is None:
        return
    walk.sub_line = False
    if walk.line is not None and segment.get(1) not in {"TT", "GV"}:
        if segment.get(1) == "1":
            walk.line.amount = amount
            walk.line.mark("amount", walk.source(segment, 2))
    elif segment.get(1) in codes.TOTALS:
        walk.draft.stated_total = amount
        walk.draft.mark("stated_total", walk.source(segment, 2))


def settle(walk: Walk) -> None:
    """Settles days and the number of lines once every segment was read."""
    draft = walk.draft
    chosen = preferred(walk.days, codes.DELIVERY_DATES)
    if chosen is not None:
        draft.requested_date, source = chosen
        draft.mark("requested_date", source)
    if draft.order_date is None and "004" in walk.days:
        draft.order_date, source = walk.days["004"]
        draft.mark("order_date", source)
    count = draft.stated_line_count
    if count is not None and count != len(draft.lines) and count == len(draft.lines) + walk.counts.get("SLN", 0):
        # Some senders count sub-lines among the lines.
        draft.stated_line_count = None
        draft.sources.pop("stated_line_count", None)
    days = [line.requested_date for line in draft.lines if line.requested_date is not None]
    watch_limits(draft, walk.days, max(days, default=draft.requested_date), codes.LIMITS)
