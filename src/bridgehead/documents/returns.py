"""Tells a return of goods from a delivery: by its words, in a dozen languages."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.tables.heading_parts import fold

_BACK: Final = (
    r"returns?|returned|returning|rucksend\w*|ruckliefer\w*|rucknahme\w*|retouren?\w*|retours?|retourn\w*|retour(?:zending|levering|bon|schein|ware)\w*"
    r"|devoluci\w*|devolv\w*|reso|resi|restitu\w+|zwrot\w*|zwraca\w*|retur\w*|returner\w*|devolu\w*|vracen\w*|vratk\w*|palautu\w*|visszaru\w*|visszakuld\w*"
)
_TITLE: Final = re.compile(
    r"^(?:(?:goods |customer |material )?returns? (?:note|slip|shipment|delivery|consignment|of goods|of material|of parts|advice|(?:of |for |from )?(?:po\b|purchase order|order\b))|returned goods|goods returned?\b"
    r"|(?:rucksend(?:ung|eschein)|rucklief(?:erung|erschein))(?:en)?\b(?! (?:an|bitte|adresse)\b)|(?:waren)?retouren?(?:schein|lieferschein|beleg|avis|begleitschein)\b|(?:waren)?retouren?(?=$| (?:zu|aus|zur|von|nr|\d))"
    r"|(?:bon|avis|bordereau|fiche) de retours?|retour (?:de |sur |de la )?(?:marchandises?|commande)|(?:nota|albaran|aviso|hoja) de devolucion|devolucion (?:de |del )?(?:material|mercancia|pedido)\w*"
    r"|(?:bolla|nota|ddt|documento) (?:di )?reso|reso (?:merce|materiale|da cliente|ordine)|retour(?:bon|zending|levering|formulier|goederen)\b|retour (?:bestelling|order)\b|retour(?:schein|sendung|lieferschein)\b"
    r"|(?:dokument|nota|protokol) zwrotu|zwrot (?:towaru|materialu|do zamowienia|zamowienia)|retursedel|returnota|retur (?:av (?:gods|varor)|(?:till )?(?:order|best))|returseddel|(?:guia|nota) de devolucao)"
)
_WORD: Final = re.compile(rf"\b(?:{_BACK})\b")


def is_return_title(text: str) -> bool:
    """Whether a heading or subject names a return of goods by itself."""
    return _TITLE.match(fold(text[:120]).strip(" .:-–*")) is not None


def speaks_of_return(text: str) -> bool:
    """Whether a text of a document that goes with goods says that they come back (``Delivery note - return``)."""
    return _WORD.search(fold(text)) is not None
