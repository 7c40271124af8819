"""Tells from its headings what a table is that orders nothing: a delivery note, a complaint, an invoice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.outcome import Kind
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.tables.table import header_score

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


SAID: Final[dict[Kind, str]] = {
    "complaint": "a complaint",
    "delivery_note": "a delivery note",
    "invoice": "an invoice",
    "forecast": "a forecast",
    "order_status": "a list of how orders stand, without items and quantities",
    "catalogue": "a price list",
    "stock_report": "a stock list",
    "other": "no order",
}
"""The kinds in a sentence."""
_STATUS: Final = re.compile(r"(?:status|statut|stato|estado|stan|stav|tila)\s*$")
_DONE: Final = re.compile(
    r"^(?:shipped|dispatched|delivered|fulfilled|complete[d]?|closed|invoiced|paid|returned|refunded|rejected|on hold|versandt|versendet|geliefert|ausgeliefert|erledigt|abgeschlossen|berechnet"
    r"|expedie\w*|livre\w*|termine\w*|cloture\w*|facture\w*|enviad\w*|entregad\w*|cerrad\w*|facturad\w*|spedit\w*|consegnat\w*|chius\w*|fatturat\w*|evas\w*|verzonden|geleverd|afgehandeld|gesloten"
    r"|wyslan\w*|dostarczon\w*|zrealizowan\w*|zamknie\w*|skickad\w*|levererad\w*|avslutad\w*|afsendt|leveret|afsluttet)"
)


_STATES: Final = 2
"""Columns of a state in a table without quantities: a list of how orders stand."""


def is_status(heading: str) -> bool:
    """Whether a column says how far its row has come."""
    return _STATUS.search(fold(heading.replace("_", " ").strip())) is not None


def done_in(cell: str) -> bool:
    """Whether a status says that nothing is left to be delivered, in eight languages."""
    return _DONE.match(fold(cell.strip()[:40])) is not None


def table_kind(headings: Sequence[str]) -> Kind | None:
    """What a table with these headings is when it is no order; None when the headings do not say.

    One heading is not enough: an order may name an invoice address. A table of states without quantities is a list
    of how orders stand.
    """
    folded = [fold(one.replace("_", " ")) for one in headings if one.strip()]
    for kind, pattern in _KINDS:
        if sum(1 for one in folded if pattern.search(one)) >= 2:
            return kind
    if sum(1 for one in folded if _STATUS.search(one)) >= _STATES and not header_score(headings):
        return "order_status"
    return None


_LISTS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    (
        "catalogue",
        re.compile(
            r"price ?list|pricelist|preisliste|catalog|katalog|tarif|liste de prix|lista (?:de )?precios|listino|prijslijst|prislist|cennik|tabela de precos|cenik|hinnasto"
        ),
    ),
    (
        "stock_report",
        re.compile(
            r"\b(?:stock|inventory|bestand\w*|lagerbestand|inventaire|existencias|giacenz\w*|voorraad|lagersaldo|stany)\b"
        ),
    ),
    (
        "other",
        re.compile(
            r"\b(?:instructions?|anleitung|hinweise|mode d'emploi|instrucciones|istruzioni|instructies|instrukcja|help|hilfe|readme|example|beispiel|exemple|ejemplo|esempio|voorbeeld|przyklad|exempel|sample|muster|template|vorlage|archiv\w*|old|alt|history|historie|terms|agb|lookup|lists?|data ?validation|dropdown\w*)\b"
        ),
    ),
)


def list_kind(title: str) -> Kind | None:
    """What the title of a sheet says it is when it orders nothing: a price list, a stock list, instructions."""
    folded = fold(title.replace("_", " "))[:400]
    return next((kind for kind, pattern in _LISTS if pattern.search(folded)), None)
