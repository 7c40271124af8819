"""Knows the titles that documents bear: orders in every language of the trade, and what is no order."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.outcome import Kind
from bridgehead.documents.returns import is_return_title, speaks_of_return
from bridgehead.documents.tables.heading_parts import fold

_ORDER_TITLE: Final = re.compile(
    r"\b(?:bestellanderung|auftragsanderung|anderungsbestellung|bestellstorno|stornierung|storno|change order|order (?:change|amendment|cancellation)|cancellation|purchase ?order|p\.?o\.?\b(?= ?(?:no|number|#|nr|\d))|order form|work order|supply order|blanket order|release order|call-?off(?: order)?|bestellung|nachbestellung|einkaufsbestellung|lieferantenbestellung|bestellformular|abrufbestellung|lieferabruf|bestellschein|bestellauftrag|auftrag(?=\s*(?:nr|$|:|an\b))|bon de commande|commande(?: fournisseur| d'achat)?|bc n|orden de compra|pedido(?: de compra| a proveedor)?|hoja de pedido"
    r"|ordine(?: d'? ?acquisto| di acquisto| a fornitore| fornitore)?|ordine cliente|buono d'ordine|inkooporder|bestelling|bestelbon|inkoopbestelling|inkopsorder|bestallning|zamowienie(?: zakupu| do dostawcy)?|indkobsordre|innkjopsordre|bestilling|rekvisition|encomenda|nota de encomenda|ordem de compra|order)\b"
)

_OTHER_TITLES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("order_response", re.compile(
        r"order (?:confirmation|acknowledge?ment|response)|sales order(?: confirmation| acknowledge?ment)?$|confirmation of (?:your )?order|acknowledge?ment of order|auftragsbestatigung|bestellbestatigung|confirmation de (?:la |votre )?commande|accuse de reception de (?:la |votre )?commande|confirmacion (?:de |del )?pedido|conferma (?:d'? ?|di |dell'? ?)?ordine|orderbevestiging|opdrachtbevestiging|orderbekraftelse|ordererkannande|potwierdzenie (?:przyjecia )?zamowienia|ordrebekraeftelse|ordrebekreftelse|confirmacao (?:de |da )?encomenda")),
    ("quotation_request", re.compile(r"request for (?:quotation|quote|proposal|tender)|\brfq\b|anfrage|preisanfrage|angebotsanfrage|demande de (?:prix|devis|cotation)|solicitud de (?:oferta|cotizacion|presupuesto)|richiesta (?:di |d')?(?:offerta|preventivo)|offerteaanvraag|prijsaanvraag|offertforfragan|zapytanie ofertowe|pedido de cotacao")),
    ("quotation", re.compile(r"quotation|quote\b|sales quote|offer\b|angebot|kostenvoranschlag|devis|offre(?: de prix)?|presupuesto|cotizacion|oferta|preventivo|offerta|offerte|offert\b|tilbud|orcamento|proposta")),
    ("delivery_note", re.compile(r"goods receipt|wareneingangsschein|advance ship(?:ping|ment) not(?:e|ice)|shipping (?:advice|list|notice)|delivery (?:note|docket|slip|ticket)|packing (?:slip|list|note)|despatch note|dispatch note|goods received note|bill of lading|waybill|lieferschein|packliste|warenbegleitschein|bon de livraison|bordereau (?:de livraison|d'expedition)|albaran(?: de entrega)?|nota de entrega|documento di trasporto|\bd\.?d\.?t\b|bolla di|pakbon|leverbon|vrachtbrief|foljesedel|dokument wz|list przewozowy|folgeseddel|pakkseddel|guia de remessa")),
    ("payment", re.compile(r"remittance advice|payment advice|zahlungsavis|avis de paiement|aviso de pago|avviso di pagamento|receipt\b|quittung|kassenbon|bank statement|kontoauszug|account statement|statement of account|mahnung|payment reminder|zahlungserinnerung")),
    ("invoice", re.compile(r"(?:tax |commercial |proforma |pro forma |pro-forma )?invoice|credit note|credit memo|debit note|(?:pro-?forma-? ?)?rechnung|schlussrechnung|gutschrift|facture(?: proforma)?|avoir|factura(?: proforma)?|nota de credito|fattura|nota di credito|factuur|creditnota|faktura|kreditnota|fatura")),
    ("catalogue", re.compile(r"price ?list|catalog(?:ue)?|preisliste|katalog|tarif|liste de prix|catalogue|lista de precios|listino(?: prezzi)?|catalogo|prijslijst|catalogus|prislista|cennik|prisliste|lista de precos")),
    ("stock_report", re.compile(r"stock (?:report|list)|inventory report|bestandsliste|lagerbestand")),
    ("forecast", re.compile(r"forecast|bedarfsvorschau|prevision(?:nel)?|prognose?")),
    ("complaint", re.compile(r"complaint|claim form|reklamation|mangelruge|reclamation|reclamacion|reclamo|klacht|reklamacja|non-?conformance report|return (?:form|authori[sz]ation)|\brma\b")),
    ("order_status", re.compile(r"order status|auftragsstatus|open order report|statut de commande|estado del pedido")),
    ("master_data", re.compile(r"data ?sheet|datenblatt|fiche technique|ficha tecnica|scheda tecnica|safety data|sicherheitsdatenblatt|certificate|zertifikat|zeugnis|terms and conditions|(?:general |our |standard )?(?:purchase |purchasing )?(?:terms|conditions) of (?:purchas\w*|business|contract|order)|purchas\w+ (?:terms|conditions)|(?:bestell|einkaufs)bedingungen|condiciones (?:generales )?de compra|conditions (?:generales )?d'achat|condizioni (?:generali )?(?:di|d') ?acquisto|inkoopvoorwaarden|(?:ogolne )?warunki zakup\w+|inkopsvillkor|allmanna inkop\w*|allgemeine (?:geschafts|einkaufs|verkaufs)\w*|conditions generales|condiciones generales|condizioni generali|algemene voorwaarden")),
    ("other", re.compile(r"trade confirmation|confirmation$|newsletter|user (?:guide|manual)|manual\b|guide\b|handbuch|bedienungsanleitung|configuration guide|installation|meeting minutes|protokoll|report$|contract\b|vertrag|contrat\b|contrato\b|contratto\b|agreement\b|brochure|certificate|presentation|curriculum|application form")),
)  # fmt: skip


def order_title(text: str) -> bool:
    """Whether a heading of a page says that the document is an order."""
    plain = fold(text[:120]).strip(" .:-–*")
    found = _ORDER_TITLE.search(plain)
    return found is not None and (found.start() == 0 or len(plain.split()) <= 6)


_BEFORE_TITLE: Final = re.compile(
    r"^(?:(?:your|our|the|customer|sales|final|partial|original|copy of|copy|duplicate|vat|electronic|simplified|monthly|collective|consolidated|supplier|vendor|draft|revised|updated|annual|new|official"
    r"|ihre|unsere|original|kopie|duplikat|sammel|teil|schluss|abschlags|votre|notre|copie|su|nuestra|copia|vostra|nostra|copia di|uw|onze|kopie van|er|var|wasza|nasza)[ -]+){1,3}"
)
"""Words that stand before the title proper: ``Original Tax Invoice``."""


def other_title(text: str) -> Kind | None:
    """What a heading of a page says the document is when it is no order; None when it does not say."""
    plain = fold(text[:120]).strip(" .:-–")
    plain = _BEFORE_TITLE.sub("", plain)
    if is_return_title(plain):
        return "goods_return"
    for kind, pattern in _OTHER_TITLES:
        found = pattern.match(plain)
        if found is not None and (kind != "other" or len(plain.split()) <= 5):
            return "goods_return" if kind == "delivery_note" and speaks_of_return(plain) else kind
    return None
