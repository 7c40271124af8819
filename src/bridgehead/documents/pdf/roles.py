"""Knows what pages call the parties of an order: who orders, supplies, receives the goods and the invoice."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from bridgehead.documents.pdf.vocabulary import label
from bridgehead.documents.tables.heading_parts import fold

Role = Literal["buyer", "seller", "ship_to", "bill_to", "other"]

_ROLES: Final[tuple[tuple[Role, re.Pattern[str]], ...]] = (
    ("other", re.compile(r"(?:ship ?from|remit ?to|return ?to|pick ?up|notify|carrier|spediteur|absender$|buyer requisition\w*|requisition\w*|end customer|endkunde)")),
    ("ship_to", re.compile(
        r"(?:ship(?:ping|ment)?[ -]?to|deliver(?:y)?[ -]?(?:to|address|location|site|point)?$|delivery (?:to|address)|ship(?:ping)? address|place of delivery|goods to|consignee|receiver|destination|liefer(?:adresse|anschrift|ort|ung an|ung nach)|anlieferadresse|anlieferung an|warenempfanger|empfangsstelle|liefern an|versand(?:adresse|anschrift)|versand an|entladestelle|abladestelle|entladeort|abladeort|unloading (?:point|place|address)|lieu de dechargement|lugar de descarga|luogo di scarico|losadres|losplaats|lossning(?:splats|sadress)|rozladunek|miejsce rozladunku|adresse de livraison|livraison [a]|lieu de livraison|livrer [a]|a livrer [a]|livraison$|destinataire"
        r"|direccion de (?:entrega|envio)|lugar de entrega|entregar en|enviar a|entrega$|indirizzo di (?:consegna|spedizione)|luogo di consegna|destinazione(?: merce)?|consegnare a|destinatario(?: merce)?|afleveradres|leveradres|leveringsadres|afleveren (?:op|aan|bij)|(?:te )?leveren (?:aan|bij)(?= |$)|levering aan|dostarczyc (?:do|na|pod)|wysylka do|bezorgadres|leveransadress|levereras till|godsmottagare|godsadress|leverans till|adres (?:dostawy|wysylki)|miejsce dostawy|dostawa do|odbiorca(?: towaru)?|leveringsadresse|levering til|leveres til"
        r"|morada de entrega|endereco de entrega|local de entrega|entregar em)")),
    ("bill_to", re.compile(
        r"(?:bill(?:ing)?[ -]?to|invoice[ -]?(?:to|address|recipient)|billing (?:address|information)|send invoices? to|mail invoices? to|invoicee|invoices? (?:to|address)|rechnung(?:s)?(?:adresse|anschrift|empfanger| an| bitte an)|rechnungsstellung|adresse de facturation|facturation(?: a)?$|facturer a|facture[rz]? a|direccion de (?:facturacion|factura)|facturar a|facturacion$|indirizzo di fatturazione|fatturare a|intestazione fattura|fatturazione$|factuuradres|factureren aan|facturatie(?:adres)?"
        r"|fakturaadress|faktureras till|fakturering|adres (?:do faktury|faktury|fakturowania)|faktura na|dane do faktury|platnik|fakturaadresse|faktureres til|morada de faturacao|endereco de (?:faturacao|cobranca)|faturar a)")),
    ("seller", re.compile(
        r"(?:vendor(?: (?:name|address|information))?|supplier(?: (?:name|address|information))?|seller|sold by|to$|order(?:ed)? (?:to|from)|lieferant(?:enadresse|enanschrift)?$|lieferfirma|verkaufer|auftragnehmer|an$|an die firma|fournisseur|vendeur|a l'attention de|proveedor|vendedor|fornitore|venditore|spett\.?(?:le|\.le)?|leverancier|verkoper|aan$|leverantor|saljare|till$|dostawca|sprzedawca|sprzedajacy|leverandor|selger|saelger|fornecedor|contractor$)")),
    ("buyer", re.compile(
        r"(?:buyer|customer(?: (?:name|address))?|purchaser|bill & ship to|sold[ -]?to|ordered by|ordering (?:party|company)|issued by|from$|company$|client$|besteller|kaufer|auftraggeber|kunde$|rechnungs- und lieferadresse|acheteur|client(?:e)?$|donneur d'ordre|commande par|emetteur|comprador|cliente$|emisor|acquirente|committente|ordinante|cliente|koper|opdrachtgever|klant$|besteld door|kopare|bestallare|kund$|nabywca|zamawiajacy|kupujacy|klient$|koper$|kjoper|kunde$|rekvirent|comprador|adquirente)")),
)  # fmt: skip


@lru_cache(maxsize=2048)
def role_of(text: str) -> tuple[Role, str] | None:
    """The party that a label opens, and what stands behind the label in the same piece."""
    text = text.strip()
    if text.endswith(".") and text[:1].islower():  # the end of a sentence
        return None
    before, colon, after = text.partition(":")
    candidate = before if colon else text
    plain = fold(candidate.strip(" .*#-–")[:60])
    if not plain or len(plain) > 46:
        return None
    plain = _POLITE.sub("", plain)
    if re.search(r"/ ?(?:tel|phone|fon|telefon|mail|e-mail|fax)", plain):
        return None
    parts = [plain, *[one.strip() for one in re.split(r"[/|]", plain) if one.strip()]]
    for part in parts:
        for role, pattern in _ROLES:
            found = pattern.match(part)
            if found is None:
                continue
            rest = part[found.end() :].strip(" .:()/-")
            if not rest or rest in _TAILS:
                return role, after.strip() if colon else ""
    named = label(candidate)
    if named == "ship_to":
        return "ship_to", after.strip() if colon else ""
    if named == "bill_to":
        return "bill_to", after.strip() if colon else ""
    return None


_POLITE: Final = re.compile(
    r"^(?:please|kindly|bitte|veuillez|merci de|por favor|si prega di|gelieve(?: te)?|prosimy|var god) +|^(?:the |die |der |la |le |el |il )?(?:goods|ware|marchandise|mercancia|merce|goederen) +(?:are )?(?:to be +)?"
)

_TAILS: Final = frozenset(
    [
        "address",
        "adresse",
        "adress",
        "adres",
        "anschrift",
        "indirizzo",
        "direccion",
        "endereco",
        "name",
        "information",
        "info",
        "details",
        "data",
        "dane",
        "party",
        "location",
        "site",
        "to",
        "company",
        "is",
        ":",
        "no",
    ]
)
