"""Tells from its headings what a table is that orders nothing: a delivery note, a complaint, an invoice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.outcome import Kind
from bridgehead.documents.tables.heading_parts import fold

_KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    (
        "complaint",
        re.compile(
            r"claim|complaint|reject|defect|reklam|beanstand|fehlerbild|reclam|rechaz|litige|refus|klacht|afgekeurd|non.?conform|scart|contest|nie.?zgod|return reason"
        ),
    ),
    (
        "delivery_note",
        re.compile(
            r"delivery note|packing (?:slip|list)|despatch|dispatch|shipped|tracking|lieferschein|liefermenge|versanddatum|gelieferte|\bbl\b|bon de livraison|qte livree"
            r"|date expedition|albaran|cant\w*\.? (?:entregada|enviada)|\bddt\b|bolla|spedi[tz]|consegnata|pakbon|verzenddatum|geleverd|foljesedel|levererat|utskeppat|\bwz\b|wydan"
        ),
    ),
    ("invoice", re.compile(r"invoice|rechnung|facture|factura|fattura|factuur|faktur|due amount|open amount")),
    ("forecast", re.compile(r"forecast|vorschau|prevision|prognos|previsi")),
)


def table_kind(headings: Sequence[str]) -> Kind | None:
    """What a table with these headings is when it is no order; None when the headings do not say.

    One heading is not enough: an order may name an invoice address.
    """
    folded = [fold(one.replace("_", " ")) for one in headings if one.strip()]
    for kind, pattern in _KINDS:
        if sum(1 for one in folded if pattern.search(one)) >= 2:
            return kind
    return None
