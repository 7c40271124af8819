"""What took the place of an item that is no longer sold: what it is, how it differs, and what this customer pays."""

from __future__ import annotations

from decimal import Decimal
from difflib import SequenceMatcher
from typing import Final

from bridgehead.templates.purchase_orders.checks.verdict import Ground, Settled
from bridgehead.templates.purchase_orders.erp.wire import Item, Quote

_LONGEST_UNIT: Final = 3


def by_successor(ground: Ground, settled: Settled) -> str:
    """Returns the successor of a superseded item for its reason; empty where the ERP names none."""
    found = settled.item
    if found is None or not found.superseded_by:
        return ""
    new = ground.facts.successors.get(found.superseded_by)
    if new is None:
        return f" by {found.superseded_by}"
    differs = difference(found.description, new.description)
    said = f"which is {new.description}" if not differs else f"{new.description}, which is another one: {differs}"
    price = _price(ground, new)
    sold = "" if new.status == "active" else f"; it is {new.status} itself"
    asked = f", where {_figure(settled.asked)} is asked" if settled.asked is not None else ""
    return f" by {new.number}, {said}{f'; it costs this customer {price}{asked}' if price else ''}{sold}"


def ask_for_successor(ground: Ground, settled: Settled) -> str:
    """Returns what a person asks the customer; empty where there is no successor that could be sold."""
    found = settled.item
    new = None if found is None else ground.facts.successors.get(found.superseded_by or "")
    if found is None or new is None or new.status != "active":
        return ""
    price = _price(ground, new)
    at = f" at {price}" if price else ""
    return (
        f"ask the customer whether {new.number} ({new.description}){at} will do in place of {found.number}, and book it"
        " in the ERP where it does"
    )


def difference(old: str, new: str) -> str:
    """Returns in which words a description differs from an earlier one; empty where only their case does."""
    before, after = old.split(), new.split()
    was, now = ([one.casefold() for one in words] for words in (before, after))
    spans = [part for part in SequenceMatcher(None, was, now, autojunk=False).get_opcodes() if part[0] != "equal"]
    if not spans:
        return ""
    first, last = spans[0], spans[-1]
    new_words, old_words = _with_unit(after, first[3], last[4]), _with_unit(before, first[1], last[2])
    if not new_words or not old_words:
        return f"{new_words} is added" if new_words else f"{old_words} is left out"
    return f"{new_words} instead of {old_words}"


def _with_unit(words: list[str], begins: int, ends: int) -> str:
    """Returns words, with the unit that follows where they end in a figure: ``M18 2 mm``."""
    after = words[ends] if ends < len(words) else ""
    unit = begins < ends and words[ends - 1][-1:].isdigit() and after.isalpha() and len(after) <= _LONGEST_UNIT
    return " ".join(words[begins : ends + unit])


def _price(ground: Ground, new: Item) -> str:
    quote: Quote | None = ground.facts.quotes.get(new.number)
    if quote is None or quote.price is None:
        return ""
    money = f" {ground.facts.customer.currency}" if ground.facts.customer is not None else ""
    kind = "contract price" if quote.source == "contract" else "list price"
    return f"{_figure(quote.price)}{money} per {new.base_unit} ({kind})"


def _figure(price: Decimal) -> str:
    """Returns a price with two places, and with as many more as it needs."""
    return f"{price:.2f}" if price == round(price, 2) else f"{price.normalize():f}"
