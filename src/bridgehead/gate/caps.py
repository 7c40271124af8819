"""What one call counts for under the caps of its tool: calls, money, recipients, records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.errors import UserError
from bridgehead.gate.shape import Shape, UnfitError, decimal_text
from bridgehead.money import Money
from bridgehead.spec.caps import Cap, CapKind
from bridgehead.spec.tool import JSON, Tool

_APART: Final = re.compile(r"[,;\s]+")
"""What stands between several recipients in one text: a model could name a thousand in one argument."""
SINGLE: Final = frozenset({"string", "long", "decimal"})
"""The kinds of an argument that is one value: a call touches at least one record by it."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one call counts for. ``currency`` is empty where the tool takes a bare number: whatever its cap is in."""

    calls: int = 1
    money: Decimal | None = None
    currency: str = ""
    recipients: int | None = None
    records: int | None = None

    def of(self, cap: Cap) -> Decimal:
        """Returns what the call takes of a cap; raises UnfitError where that cannot be counted."""
        if cap.kind == "money":
            if self.money is not None and self.currency not in ("", cap.currency):
                raise UnfitError("", f"an amount in {cap.currency}, as its cap is", self.currency)
            found: Decimal | int | None = self.money
        else:
            found = getattr(self, cap.kind)
        if found is None:
            raise UnfitError("", f"{cap.kind} that can be counted", None)
        return Decimal(found)


_CALL: Final = Use()
_COUNTED: Final[tuple[CapKind, CapKind, CapKind]] = ("money", "recipients", "records")


def use_of(tool: Tool, args: Mapping[str, JSON], kinds: frozenset[CapKind]) -> Use:
    """Returns what a call counts for, as far as the kinds ask; raises UnfitError naming the argument that does not fit.

    An argument that is left out is not zero: what is not said cannot be counted. A text that names no record counts
    as one.
    """
    amount, currency = None, ""
    if "money" in kinds and tool.moves is not None:
        amount, currency = _money(_at(args, tool.moves), tool.moves)
    reached = _several(_at(args, tool.reaches), tool.reaches) if "recipients" in kinds and tool.reaches else None
    touched = None
    if "records" in kinds and tool.touches is not None:
        named = _at(args, tool.touches)
        touched = max(int(isinstance(named, str)), _several(named, tool.touches))
    return Use(1, amount, currency, reached, touched)


def seen_of(tool: Tool, args: Mapping[str, JSON], kinds: frozenset[CapKind]) -> Use:
    """Returns what can be counted of a call, each kind by itself: what cannot be takes none of the others along."""
    found: dict[CapKind, Use] = {}
    for kind in kinds:
        try:
            found[kind] = use_of(tool, args, frozenset((kind,)))
        except UnfitError:
            continue
    money, reached, touched = (found.get(kind, _CALL) for kind in _COUNTED)
    return Use(1, money.money, money.currency, reached.recipients, touched.records)


def kinds_of(caps: Sequence[Cap]) -> frozenset[CapKind]:
    """Returns what the caps count."""
    return frozenset(cap.kind for cap in caps)


def countable(tool: Tool, arguments: Shape, cap: Cap) -> str:
    """Returns why a cap cannot count the calls of a tool, or nothing."""
    field = {"money": "moves", "recipients": "reaches", "records": "touches"}.get(cap.kind)
    if field is None:
        return ""
    path = getattr(tool, field)
    if path is None:
        return f"{tool.name} does not declare which argument {field}"
    shape = arguments.at(tuple(path.split(".")))
    if shape is None:
        return f"{field}={path!r} is no argument of {tool.name}"
    if cap.kind == "money" and shape.kind not in ("money", "decimal", "long", "string", "opaque"):
        return f"{field}={path!r} is no amount of money"
    if cap.kind != "money" and shape.kind not in (*SINGLE, "set", "opaque"):
        return f"{field}={path!r} is neither a text nor a list"
    return ""


def _at(args: Mapping[str, JSON], path: str) -> JSON:
    here: JSON = args
    for part in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here


def _money(value: JSON, path: str) -> tuple[Decimal, str]:
    amount, currency = value, ""
    if isinstance(value, Mapping):
        amount, currency = value.get("amount"), str(value.get("currency"))
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):  # noqa: PLR2004  ISO 4217
            raise UnfitError(path, "an amount with a currency such as EUR", value)
    elif isinstance(value, str) and not value.strip()[-1:].isdigit():
        try:
            read = Money.parse(value)
        except UserError:
            raise UnfitError(path, "an amount of money", value) from None
        amount, currency = str(read.amount), read.currency
    number = Decimal(decimal_text(amount, path))
    if number < 0:
        raise UnfitError(path, "an amount that is not negative", value)
    return number, currency


def _several(value: JSON, path: str) -> int:
    if isinstance(value, str):  # each address has one @, whatever stands between two
        return max(len([part for part in _APART.split(value) if part]), value.count("@"))
    if isinstance(value, bool | None):
        raise UnfitError(path, "a text or a list", value)
    if isinstance(value, Sequence):
        return sum(max(1, _several(one, path)) for one in value)
    if isinstance(value, Mapping):  # one thing with its fields, unless these hold several
        inner = (one for one in value.values() if not isinstance(one, str) or "@" in one)
        return max(1, sum(_several(one, path) for one in inner if isinstance(one, str | Sequence | Mapping)))
    return 1
