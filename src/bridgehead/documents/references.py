"""Names the documents that an order refers to: contracts, quotations, projects, by the words beside their numbers."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.draft import Draft
from bridgehead.documents.order import ReferenceKind, Source

_KINDS: Final[tuple[tuple[ReferenceKind, str], ...]] = (
    (
        "blanket_order",
        r"blanket (?:order|p\.?o\.?)|rahmenauftrag\w*|abrufauftrag\w*|commande ouverte|pedido (?:abierto|marco)|ordine (?:aperto|quadro)|raamorder|avropsorder",
    ),
    (
        "contract",
        r"(?:frame(?:work)? )?(?:contract|agreement)|rahmenvertrag\w*|rahmenvereinbarung|kontrakt\w*|vertrag\w*|contrat(?:-cadre)?|accord-cadre|contrato|contratto|(?:raam)?contract|(?:raam)?overeenkomst|(?:ram)?avtal\w*|umow[ay]",
    ),
    (
        "quotation",
        r"quot(?:e|ation)|offer|proposal|angebots?(?:nr|nummer)?|angebotes?|angebote?|offerte?n?|offre|devis|cotation|oferta|presupuesto|cotizaci[oó]n|offerta|preventivo|prijsopgave|offert\w*|ofert[aey]|tilbud|nab[íi]dk\w*|proposta|or[çc]amento",
    ),
    ("requisition", r"requisition|banf|bedarfsanforderung|demande d[’']achat|solicitud de (?:pedido|compra)|richiesta d[’']acquisto|inkoopaanvraag|inköpsanmodan"),
    ("cost_centre", r"cost cent(?:re|er)|kostenstelle|centre de co[uû]ts?|centro de costes?|centro di costo|kostenplaats|kostnadsst[äa]lle|mpk"),
    ("project", r"project|projekt\w*|bauvorhaben|projet|chantier|affaire|proyecto|obra|progetto|commessa|kommission"),
)  # fmt: skip
_WORDS: Final = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS)
_DAY: Final = r"(?:\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}\.? ?(?:de )?[^\W\d_]{3,10}\.?,? ?(?:de )?\d{4}|[^\W\d_]{3,10} \d{1,2},? \d{4})"
_REFERENCE: Final = re.compile(
    r"(?:\b(?:as per|according to|based on|with reference to|with regard to|per|ref(?:erence|erencia|\.)?|re|under|gem[aä][sß]s?|laut|lt\.?|bezug(?:nehmend auf)?|zu|auf basis|unter|aus|suivant|selon|conform[eé]ment [àa]|suite [àa]|seg[uú]n|conforme a|secondo|come da|rif(?:erimento)?\.?|volgens|conform|betreft|enligt|zgodnie z|wg|if[øo]lge|dle|conforme)\b[:\s]{1,3})?"
    r"(?:\b(?:your|our|the|ihre?[mnrs]?|unsere?[mnrs]?|dem|der|das|votre|vos|notre|nos|su|nuestr[ao]|vuestr[ao]|vostr[ao]|vs|nostr[ao]|uw|onze|ons|ert|er|v[åa]r|wasz[aeą]?|nasz[aeą]?|jeres|vores|va[šs]\w*|na[šs]\w*|vossa|nossa)\b\.?\s)?"
    rf"(?<![\w-])(?:{_WORDS})(?![\w-])"
    r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero|er)?|número|nummer|n\.?[°ºo]|n|#|id|ref)(?![\w]))?\.?\s{0,2}[:=]?\s{0,2}#?"
    r"(?P<value>(?=[\w./-]{0,24}\d)[A-Za-z0-9][\w./-]{1,24}[A-Za-z0-9])(?![\w])"
    rf"(?:,?\s{{0,2}}\(?(?:of|dated|from|vom|v\.|du|de|del|dd\.?|d\.d\.|van|z dnia|z|av|den|fra|ze dne|em)\s{{0,2}}{_DAY}\)?)?",
    re.IGNORECASE,
)
_LONGEST: Final = 2_000
_DAY_ALONE: Final = re.compile(_DAY)
_AMOUNT: Final = re.compile(r"\d{1,6}[.,]\d{1,4}")


def reference_kind(label: str) -> ReferenceKind:
    """The kind of document that a label such as ``Quotation no`` names."""
    for kind, words in _KINDS:
        if re.search(rf"(?<!\w)(?:{words})", label, re.IGNORECASE):
            return kind
    return "other"


def take_references(text: str, draft: Draft, source: Source) -> str:
    """Adds the documents named in a text to the order; returns the text without them and without their days."""
    rest = text
    for found in reversed(list(_REFERENCE.finditer(text[:_LONGEST]))):
        if _DAY_ALONE.fullmatch(found["value"]) or _AMOUNT.fullmatch(found["value"]):
            continue
        kind = next(kind for kind, _ in _KINDS if found[kind] is not None)
        draft.refer(kind, found["value"].rstrip("./-"), source)
        rest = rest[: found.start()] + rest[found.end() :]
    return rest
