"""What a way of writing orders can show, whatever channel it belongs to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """What a way of writing can show. A field that it cannot show is never part of the order written in it.

    ``firm`` names what the form demands: of price, currency, total, description and bill_to. ``bare_places`` says that
    a place may be named by its number alone.
    """

    name: str
    weight: int = 1
    amounts: bool = True
    line_dates: bool = True
    descriptions: bool = True
    both_parts: bool = True
    prices: bool = True
    units: bool = True
    max_lines: int = 9
    counts: bool = False
    bases: bool = True
    terms: bool = True
    html: bool = False
    numbered: bool = True
    hashes: bool = False
    bill_to: bool = False
    bare_places: bool = False
    firm: frozenset[str] = frozenset()
