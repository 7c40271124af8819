"""Reads what an EDIFACT order states outside its lines: document, days, references, terms, charges, totals."""

from __future__ import annotations

from decimal import Decimal

from bridgehead.documents.edi import watch_limits
from bridgehead.documents.edifact import codes
from bridgehead.documents.edifact.lines import close_line
from bridgehead.documents.edifact.parties import refer_party
from bridgehead.documents.edifact.syntax import Segment
from bridgehead.documents.edifact.walk import Allowance, Walk
from bridgehead.documents.order import Charge
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.terms import INCOTERMS

_CURRENCY_LENGTH = 3


def on_bgm(walk: Walk, segment: Segment) -> None:
    """BGM: C002 document name, C106 number, 1225 function."""
    draft = walk.draft
    if walk.counts["BGM"] > 1:
        raise Refusal("edifact.nesting", "BGM stands twice in one message.", segment.place)
    number, function = segment.get(2), segment.get(3)
    if not number:
        raise Refusal("edifact.missing_element", "BGM states no document number (1004).", segment.place)
    draft.po_number = number
    draft.mark("po_number", walk.source(segment, 2))
    version = segment.get(2, 2) or segment.get(2, 3)
    if version:
        draft.release = version
        draft.mark("release", walk.source(segment, 2, 2, version))
    draft.purpose = codes.PURPOSES.get(function, "other")
    if function:
        draft.mark("purpose", walk.source(segment, 3))
    walk.document = segment.get(1)
    name = codes.OTHER_ORDER_NAMES.get(walk.document)
    if walk.message.kind == "ORDCHG" or walk.document == "230":
        draft.purpose = "cancel" if draft.purpose == "cancel" else "change"
    elif walk.document == "221":
        draft.purpose = "other" if draft.purpose == "original" else draft.purpose
    elif name is not None:
        draft.warn("uncertain", f"BGM names a {name} ({segment.place})")
    elif walk.document not in codes.ORDER_NAMES:
        draft.warn("uncertain", f"BGM {walk.document[:10]!r} is no ordinary kind of order ({segment.place})")


def on_dtm(walk: Walk, segment: Segment) -> None:
    """DTM of the header, a line or a split of it; days of references, terms and rates are not the order's."""
    found = walk.stated(segment)
    qualifier = segment.get(1)
    if qualifier == "171" and walk.referred == "ON" and walk.message.kind == "ORDCHG":
        qualifier = "4"
    if found is None or qualifier in codes.OTHERS_DATES:
        return
    opened = walk.open
    source = walk.source(segment, 1, 2)
    day = found.day
    if day is None:
        return
    if found.last is not None and found.last != day:
        if codes.DATE_KINDS.get(qualifier) == "valid_until":
            walk.draft.date("valid_until", found.last, source)
        elif qualifier in codes.DELIVERY_DATES:
            walk.draft.date("not_before", day, source)
            walk.draft.date("not_after", found.last, source)
            walk.draft.warn("date", f"DTM {qualifier} names the days {day} to {found.last} ({segment.place})")
        return
    if opened is not None and opened.splits and opened.in_split and qualifier in codes.DELIVERY_DATES:
        opened.splits[-1].day = opened.splits[-1].day or day
        return
    days = walk.days if opened is None else opened.days
    known = days.setdefault(qualifier, (day, source))
    if known[0] != day:
        walk.draft.warn("uncertain", f"DTM {qualifier} is {known[0]} and {day} ({segment.place})")
    kind = codes.DATE_KINDS.get(qualifier)
    if kind is not None and opened is None:
        walk.draft.date(kind, day, source)


def on_rff(walk: Walk, segment: Segment) -> None:
    """RFF: another document, or a number of the party that NAD opened."""
    qualifier, value = segment.get(1).upper(), segment.get(1, 2)
    walk.referred = qualifier
    if not value:
        return
    source = walk.source(segment, 1, 2)
    if walk.party is not None and walk.after in {"NAD", "RFF"}:
        refer_party(walk, segment, qualifier, value)
    elif qualifier == "ON" and walk.open is None:
        walk.own_number = walk.own_number or (value, source)
    elif walk.open is not None and qualifier in codes.LINE_REFERENCES:
        return
    elif qualifier in codes.VAT_REFERENCES and walk.open is None:
        walk.draft.buyer.put("vat", value, source)
    else:
        kind = codes.REFERENCES.get(qualifier, "other")
        if walk.open is None or kind != "other":
            walk.draft.refer(kind, value, source)


def on_cux(walk: Walk, segment: Segment) -> None:
    """CUX: C504 with 6347 usage, 6345 currency; 3 is the currency of payment."""
    draft = walk.draft
    for element in (1, 2):
        usage, currency = segment.get(element), segment.get(element, 2).upper()
        if not currency or usage == "3":
            continue
        if len(currency) != _CURRENCY_LENGTH or not currency.isalpha():
            draft.warn("uncertain", f"CUX {currency[:10]!r} is no currency ({segment.place})")
        elif draft.currency is None:
            draft.currency = currency
            draft.mark("currency", walk.source(segment, element, 2))
        elif draft.currency != currency:
            draft.warn("uncertain", f"two currencies: {draft.currency} and {currency} ({segment.place})")


def on_pat(walk: Walk, segment: Segment) -> None:
    """PAT and PYT: C112 states a period; 4279 22 is a discount, whose PCD follows."""
    kind = segment.get(1)
    if segment.tag == "PYT":
        period, number = segment.get(5), segment.get(6)
        text = segment.get(2, 4) or segment.get(2, 5)
    else:
        period, number = segment.get(3, 3), segment.get(3, 4)
        text = " ".join(one for one in (segment.get(2, 4), segment.get(2, 5)) if one)
    source = walk.source(segment, 3, 4, number) if number else walk.source(segment, 2, 4, text)
    count = walk.number(segment, 3, 4) if segment.tag == "PAT" else None
    if count is None and number.isdigit():
        count = Decimal(number)
    walk.terms_percent = None
    if count is not None and period in {"D", "CD", ""}:
        walk.terms.append((f"/{count.normalize():f}" if kind == codes.DISCOUNT_TERMS else f"N{count:f}", source))
    elif count is not None:
        walk.terms.append((f"{count:f}{codes.PERIODS.get(period, ' ' + period)}", source))
    elif text:
        walk.terms.append((text, source))


def on_pcd(walk: Walk, segment: Segment) -> None:
    """PCD: the percentage of an allowance, of a payment discount, or of something that no field holds."""
    percent = walk.number(segment, 1, 2)
    if percent is None:
        return
    if walk.allowance is not None:
        walk.allowance.percent = walk.allowance.percent if walk.allowance.percent is not None else percent
    elif walk.after in {"PAT", "PYT"} and walk.terms and walk.terms[-1][0].startswith("/"):
        text, source = walk.terms[-1]
        walk.terms[-1] = (f"{percent.normalize():f}{text}", source)
    elif walk.after in {"PAT", "PYT"} and percent:
        walk.draft.warn("ignored", f"PCD states {percent} % beside the terms of payment ({segment.place})")


def on_tod(walk: Walk, segment: Segment) -> None:
    """TOD: C100 names the Incoterms rule, or says it in words."""
    code = segment.get(3).upper()
    text = " ".join(one for one in (segment.get(3, 4), segment.get(3, 5)) if one)
    if not code and text.upper() in INCOTERMS:
        code, text = text.upper(), ""
    if code[:3] in INCOTERMS and walk.draft.incoterms in {None, code[:3]}:
        walk.draft.incoterms = code[:3]
        walk.draft.mark("incoterms", walk.source(segment, 3))
    elif code[:3] in INCOTERMS:
        walk.draft.warn("uncertain", f"two terms of delivery: {walk.draft.incoterms} and {code[:3]} ({segment.place})")
    elif code and not text:
        walk.draft.warn(
            "ignored", f"TOD names the terms {code[:10]!r}, which no rule of Incoterms has ({segment.place})"
        )
    if text:
        walk.draft.note(text, walk.source(segment, 3, 4, text))


def on_tdt(walk: Walk, segment: Segment) -> None:
    """TDT: C040 number and name of the carrier; they are a note."""
    told = " ".join(one for one in (segment.get(5), segment.get(5, 4)) if one)
    if told:
        walk.draft.note(f"carrier: {told}", walk.source(segment, 5, 1, told))


def on_ftx(walk: Walk, segment: Segment) -> None:
    """FTX: C108 holds up to five pieces of free text; C107 a coded one."""
    text = " ".join(one for one in (segment.get(4, at) for at in range(1, 6)) if one)
    if not text:
        return
    source = walk.source(segment, 4, 1, text)
    walk.draft.note(text, source)
    if walk.open is not None and walk.open.counted:
        line = walk.open.line
        line.mark(f"notes[{len(line.notes)}]", source)
        line.notes.append(text)


def on_alc(walk: Walk, segment: Segment) -> None:
    """ALC opens an allowance (A) or a charge (C) of the order or the line; N is neither."""
    close_allowance(walk)
    kind = segment.get(1).upper()
    if kind not in {"A", "C"}:
        return
    code = segment.get(5) or segment.get(2)
    walk.allowance = Allowance(kind == "A", walk.source(segment, 1), code or None, segment.get(5, 4) or None)


def close_allowance(walk: Walk) -> None:
    """Adds the allowance that is open to the order or to the line."""
    found, walk.allowance = walk.allowance, None
    if found is None:
        return
    if found.amount is None and found.percent is None:
        what = "discount" if found.allowance else "charge"
        walk.draft.warn(
            "remark", f"{found.source.segment} names a {what} without its amount (line {found.source.line})"
        )
        return
    amount = None if found.amount is None else abs(found.amount)
    charge = Charge(found.allowance, amount, found.percent, found.code, found.reason)
    if walk.open is None:
        walk.draft.mark(f"charges[{len(walk.draft.charges)}]", found.source)
        walk.draft.charges.append(charge)
    else:
        line = walk.open.line
        line.mark(f"charges[{len(line.charges)}]", found.source)
        line.charges.append(charge)


def on_moa(walk: Walk, segment: Segment) -> None:
    """MOA: the amount of an allowance, of a line, or a total of the order.

    Some senders state the amount of the line (203) after its allowances.
    """
    qualifier, amount = segment.get(1), walk.number(segment, 1, 2)
    if amount is None:
        return
    allowance = walk.allowance
    if allowance is not None and not _is_of_line(walk, allowance, qualifier):
        if qualifier in codes.CHARGE_AMOUNTS:
            allowance.amount = allowance.amount if allowance.amount is not None else amount
    elif walk.open is not None:
        walk.open.amounts.setdefault(qualifier, (amount, walk.source(segment, 1, 2)))
    else:
        currency = segment.get(1, 3).upper()
        if currency and walk.draft.currency is None and len(currency) == _CURRENCY_LENGTH:
            walk.draft.currency = currency
            walk.draft.mark("currency", walk.source(segment, 1, 3))
        walk.totals.setdefault(qualifier, (amount, walk.source(segment, 1, 2), segment.place))


def _is_of_line(walk: Walk, allowance: Allowance, qualifier: str) -> bool:
    """Whether an amount after ALC is the line's: the line has none yet, and what the allowance comes to is known."""
    known = allowance.amount is not None or allowance.percent is not None
    return walk.open is not None and qualifier == "203" and known and "203" not in walk.open.amounts


def on_tax(walk: Walk, segment: Segment) -> None:
    """TAX: a rate above zero says that totals may hold taxes."""
    walk.taxed = walk.taxed or segment.get(5, 4).strip("0.,") != ""


def on_uns(walk: Walk, segment: Segment) -> None:
    """UNS ends the lines; D ends the header."""
    close_allowance(walk)
    if segment.get(1).upper() != "D":
        close_line(walk)
        walk.section = "summary"
    walk.party = None


def on_cnt(walk: Walk, segment: Segment) -> None:
    """CNT: 6069 1 is the sum of quantities, 2 the number of lines."""
    close_line(walk)
    walk.section = "summary"
    qualifier, value = segment.get(1), walk.number(segment, 1, 2)
    if value is None:
        return
    draft, source = walk.draft, walk.source(segment, 1, 2)
    if qualifier == "2" and value == value.to_integral_value() and value >= 0:
        draft.stated_line_count = int(value)
        draft.mark("stated_line_count", source)
    elif qualifier == "1":
        walk.stated_quantity = (value, segment.place)
        draft.mark("stated_quantity_total", source)


def settle(walk: Walk) -> None:
    """Settles days, order number, terms and totals once every segment was read."""
    draft = walk.draft
    for qualifier in codes.ORDER_DATES:
        if qualifier in walk.days:
            draft.order_date, source = walk.days[qualifier]
            draft.mark("order_date", source)
            break
    for qualifier in codes.DELIVERY_DATES:
        if qualifier in walk.days:
            draft.requested_date, source = walk.days[qualifier]
            draft.mark("requested_date", source)
            break
    days = [line.requested_date for line in draft.lines if line.requested_date is not None]
    watch_limits(draft, walk.days, max(days, default=draft.requested_date), codes.LIMITS)
    if walk.own_number is not None and walk.own_number[0] != draft.po_number:
        value, source = walk.own_number
        if walk.message.kind == "ORDCHG":
            draft.release = draft.release or draft.po_number
            draft.mark("release", draft.sources["po_number"])
            draft.po_number = value
            draft.mark("po_number", source)
        else:
            draft.refer("previous_order", value, source)
    if walk.terms:
        shown = [f"{text[1:]} days discount" if text.startswith("/") else text for text, _ in walk.terms]
        draft.payment_terms = " ".join(sorted(dict.fromkeys(shown), key=lambda one: one.startswith("N")))[:200]
        draft.mark("payment_terms", walk.terms[0][1])
    _settle_totals(walk)


def _settle_totals(walk: Walk) -> None:
    draft, totals = walk.draft, walk.totals
    count = draft.stated_line_count
    if count is not None and count != len(draft.lines) and count == walk.counts.get("LIN"):
        # Some senders count sub-lines among the lines.
        draft.stated_line_count = None
        draft.sources.pop("stated_line_count", None)
    if walk.stated_quantity is not None:
        value, place = walk.stated_quantity
        ordered = sum((line.quantity or Decimal(0) for line in draft.lines), Decimal(0))
        draft.stated_quantity_total = value
        # 6069 1 is the sum of all quantities of the message: senders count ordered ones, or every QTY.
        if value == ordered or value != walk.all_quantities:
            draft.state("quantity_total", value, place)
        else:
            draft.stated_quantity_total = None
            draft.sources.pop("stated_quantity_total", None)
    taxes = any(codes.TOTALS.get(one) == "tax_total" and totals[one][0] for one in totals)
    for qualifier, (amount, _, place) in totals.items():
        kind = codes.TOTALS.get(qualifier)
        if kind == "charge_total" and qualifier == "131":
            if not draft.charges and not any(line.charges for line in draft.lines) and amount:
                draft.warn("ignored", f"MOA 131 states charges or allowances of {amount} ({place})")
            continue
        if qualifier in codes.GRAND_TOTALS:
            kind = "gross_total" if taxes or walk.taxed else "net_total"
        if kind is not None:
            draft.state(kind, amount, place)
    for qualifier in (*codes.GRAND_TOTALS, "79", "125", "9"):
        if qualifier in totals:
            draft.stated_total, source, _ = totals[qualifier]
            draft.mark("stated_total", source)
            break
