"""Puts one labelled value into the order being read: the same rules for files and mails."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.addresses import read_address
from bridgehead.documents.beyond import beside_rule, beside_terms, labelled_rest, split_value
from bridgehead.documents.dates import read_day, relative_day
from bridgehead.documents.draft import Draft, DraftParty
from bridgehead.documents.order import Purpose, Source
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.terms import country_of, currency_of, incoterms_of, payment_terms_of

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PLACE_NUMBER = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9./_-]{1,19}")
_CODE = re.compile(r"[A-Za-z0-9][\w./#-]{0,39}")


def put_field(draft: Draft, name: str, value: str, source: Source, ways: Ways) -> bool:
    """Sets the field unless it is set; a second, different value is warned of. False when it is no such value.

    What follows the value in its text is read as the field that its label names, or kept as a note.
    """
    value = value.strip().strip("*_").strip()
    if not value:
        return False
    if name not in _FREE:
        value, rest = split_value(name, value)
        while rest:
            labelled = labelled_rest(rest)
            head, further = split_value("note", rest) if labelled is None else split_value(*labelled)
            if labelled is None or not _put(draft, labelled[0], head, source, ways):
                _note(draft, rest, source, ways)
                break
            rest = further
    return _put(draft, name, value, source, ways)


_FREE: Final = frozenset(["note", "description"])


def _put(draft: Draft, name: str, value: str, source: Source, ways: Ways) -> bool:
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(draft, value, source, ways)
    if name.startswith("ship_to."):
        field = name.removeprefix("ship_to.")
        if field == "country":
            value = country_of(value) or value
        elif field in {"street", "name"} and "," in value:
            whole = DraftParty()
            read_address([(value, source)], whole)
            if "postal_code" in whole.values:
                return _ship_to(draft, value, source, ways)
        old = draft.ship_to.values.get(field)
        if old is not None and old != value:
            draft.warn("uncertain", f"two values for {name}: {old!r} and {value[:60]!r} (line {source.line})")
        draft.ship_to.put(field, value, source)
        return True
    if name in _BUYER:
        draft.buyer.put(_BUYER[name], value, source)
        return True
    return False


_BUYER = {
    "customer_number": "number",
    "customer_name": "name",
    "buyer.vat": "vat",
    "buyer.gln": "gln",
    "buyer.duns": "duns",
}


def _once(draft: Draft, name: str, value: object, source: Source) -> bool:
    old = getattr(draft, name)
    if old is None or old == "":
        setattr(draft, name, value)
        draft.mark(name, source)
    elif old != value:
        draft.warn("uncertain", f"two values for {name}: {old} and {value} (line {source.line})")
    return True


def _po_number(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    found = _CODE.match(value.lstrip("# "))
    if found is None or not any(one.isdigit() for one in found[0]) or len(value) - found.end() > 12:
        return False
    return _once(draft, "po_number", found[0].rstrip(".-/"), source)


def _day_field(draft: Draft, name: str, value: str, source: Source, ways: Ways) -> bool:
    day = read_day(value, ways.days)
    if day is not None and day.day is not None:
        return _once(draft, name, day.day, source)
    if day is not None:
        draft.warn("date", f"{day.text[:40]!r} {day.doubt} (line {source.line})")
        return True
    if relative_day(value) is not None:
        draft.warn("date", f"{value[:60]!r} names no calendar day (line {source.line})")
        return True
    return False


def _order_date(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    return _day_field(draft, "order_date", value, source, ways)


def _requested_date(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    return _day_field(draft, "requested_date", value, source, ways)


def _currency(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    currency = currency_of(value)
    return currency is not None and _once(draft, "currency", currency, source)


def _incoterms(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    code = incoterms_of(value.upper())
    if code is None:
        return False
    _beside(draft, beside_rule(value), source, ways)
    return _once(draft, "incoterms", code, source)


def _beside(draft: Draft, rest: str, source: Source, ways: Ways) -> None:
    if rest:
        draft.warn("ignored", f"{rest[:120]!r} stands beside a term (line {source.line})")
        _note(draft, rest, source, ways)


def _payment_terms(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    terms = payment_terms_of(value)
    if terms != " ".join(value.split()):
        _beside(draft, beside_terms(value), source, ways)
    return _once(draft, "payment_terms", terms, source)


def _release(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    return _once(draft, "release", value[:40], source)


def _email(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    found = _MAIL.search(value[:200])
    if found is None:
        return False
    draft.buyer.put("email", found[0].lower(), source)
    return True


def _note(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    if value not in draft.notes:
        draft.note(value, source)
    return True


def _stated_total(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    price = read_price(value.rstrip(". "), ways)
    if price is None:
        return False
    if price.currency is not None:
        _once(draft, "currency", price.currency, source)
    return _once(draft, "stated_total", price.value, source)


def _line_count(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    word = value.split(maxsplit=1)[0]
    return word.isascii() and word.isdigit() and len(word) < 7 and _once(draft, "stated_line_count", int(word), source)


def _quantity_total(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    found = read_quantity(value, ways)
    return found is not None and _once(draft, "stated_quantity_total", found.value, source)


_PURPOSES: Final[tuple[tuple[Purpose, re.Pattern[str]], ...]] = (
    ("cancel", re.compile(r"cancel|storn|annul|anul|makuler|avbest|usun|delet|l[oö]sch|^del$|^01$", re.IGNORECASE)),
    (
        "change",
        re.compile(
            r"chang|(?:[aä]|ae)nde?r|modif|wijzig|cambi|zmian|amend|revis|updat|korrekt|variaz|^chg$|^mod$|^04$|^05$",
            re.IGNORECASE,
        ),
    ),
    (
        "original",
        re.compile(
            r"new|neu|orig|order|bestell|nouv|nuev|nuov|nieuw|^ny|now|create|add|anleg|insert|commande|pedido|ordine|zam|standard|^00$",
            re.IGNORECASE,
        ),
    ),
)


def _purpose(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    purpose = next((name for name, pattern in _PURPOSES if pattern.search(value)), None)
    if purpose is None:
        draft.warn("uncertain", f"{value[:40]!r} may say what the order is for (line {source.line})")
        return True
    if draft.purpose == "original":
        draft.purpose = purpose
        draft.mark("purpose", source)
    return True


def _ship_to(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    if _PLACE_NUMBER.fullmatch(value):
        draft.ship_to.put("number", value, source)
        return True
    read_address([(value, source)], draft.ship_to)
    return True


def _bill_to(draft: Draft, value: str, source: Source, ways: Ways) -> bool:
    read_address([(value, source)], draft.bill_to)
    return True


_HANDLERS = {
    "po_number": _po_number,
    "po_or_part": _po_number,
    "order_date": _order_date,
    "requested_date": _requested_date,
    "currency": _currency,
    "incoterms": _incoterms,
    "payment_terms": _payment_terms,
    "release": _release,
    "email": _email,
    "note": _note,
    "stated_total": _stated_total,
    "stated_line_count": _line_count,
    "stated_quantity_total": _quantity_total,
    "ship_to": _ship_to,
    "bill_to": _bill_to,
    "purpose": _purpose,
}
