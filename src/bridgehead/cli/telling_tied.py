"""Which cases are about one order though their business keys differ: one order number, and one customer by some name.

A document names its customer by a number, another one by an address of its mail: only what the agent read tells that
both are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bridgehead.cases.words import words
from bridgehead.cli.telling_words import mapping
from bridgehead.effects.keys import spelled
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseLine, CaseView

_NAMES: Final = ("number", "gln", "duns", "vat", "email", "name")


def order_number(view: CaseView) -> str:
    """Returns the number of the order that a case is about, as its document gives it; empty where it gives none."""
    number = mapping(view.input).get("po_number")
    return number.strip() if isinstance(number, str) else ""


def customers(view: CaseView) -> frozenset[str]:
    """Returns by which numbers the agent asked for what a system holds of the case's customer."""
    asked: list[JSON] = [mapping(step.args).get("customer") for step in view.steps]
    return frozenset(_texts(asked))


def tied(view: CaseView, other: CaseView) -> bool:
    """Tells whether two cases are about one order of one customer.

    Where the agent found a customer for both, that decides; else a name that both documents give: a number, an
    address of mail, or the same name.
    """
    number = order_number(view)
    if not number or view.case.id == other.case.id or view.case.deployment != other.case.deployment:
        return False
    if spelled(number) != spelled(order_number(other)):
        return False
    found = customers(view), customers(other)
    if all(found):
        return bool(found[0] & found[1])
    return bool((found[0] | _named(view)) & (found[1] | _named(other)))


def may_be_tied(view: CaseView, line: CaseLine) -> bool:
    """Tells, by what a list has of a case, whether it is worth looking whether it is about the same order."""
    if line.id in {view.case.id, *view.revisions} or spelled(line.number or "") != spelled(order_number(view)):
        return False
    own, other = set(words(view.case.customer or "")), set(words(line.customer or ""))
    return not own or not other or bool(own & other)


def how_tied(view: CaseView, other: CaseView) -> str:
    """Returns in a sentence why two cases of different business keys are told as one business."""
    both = sorted(customers(view) & customers(other))
    of = f"customer {both[0]} by what the agent read" if both else "one customer by what both documents give"
    return f"{other.case.id} names its customer otherwise; it is tied to this by order {order_number(view)} of {of}."


def _named(view: CaseView) -> frozenset[str]:
    buyer = mapping(mapping(view.input).get("buyer"))
    return frozenset(_texts([buyer.get(name) for name in _NAMES]))


def _texts(values: Sequence[JSON]) -> Iterator[str]:
    yield from (str(spelled(one)) for one in values if isinstance(one, str) and one.strip())
