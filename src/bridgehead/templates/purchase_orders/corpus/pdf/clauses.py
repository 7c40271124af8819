"""Conditions of purchase, as they stand on the back of an order; they say nothing about the order in front of them."""

from __future__ import annotations

from typing import Final

CLAUSES: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "These conditions govern every order placed by us. The supplier's own conditions of sale do not become part of the contract, even where they are printed on an acknowledgement and are not expressly rejected by us.",
        "The supplier shall acknowledge the order in writing. A deviation from the order binds us only where we have agreed to it in writing.",
        "Goods are packed so that they are not damaged in transit. A delivery note stating our order number, the line and the quantity accompanies every consignment.",
        "Title passes to us on delivery. The risk is borne by the supplier until the goods have been received at the agreed place.",
        "We inspect goods within a reasonable time after receipt. Hidden defects may be notified as soon as they are found.",
        "The supplier warrants that the goods conform to the drawing, the specification and the statutory requirements in force at the place of delivery.",
        "Drawings, tools and samples made available by us remain our property, are to be kept confidential and are returned on request.",
        "Rights and duties under this order may not be assigned without our consent. The courts at our registered office have jurisdiction.",
    ),
    "de": (
        "Für unsere Bestellungen gelten ausschließlich diese Bedingungen. Abweichende Bedingungen des Lieferanten werden nicht Vertragsbestandteil, auch wenn wir ihnen nicht ausdrücklich widersprechen.",
        "Der Lieferant bestätigt die Bestellung schriftlich. Abweichungen von der Bestellung sind nur wirksam, wenn wir ihnen schriftlich zugestimmt haben.",
        "Die Ware ist so zu verpacken, dass Transportschäden vermieden werden. Jeder Sendung ist ein Lieferschein mit Bestellnummer, Position und Menge beizufügen.",
        "Das Eigentum geht mit der Übergabe auf uns über. Die Gefahr trägt bis zur Annahme am Bestimmungsort der Lieferant.",
        "Offene Mängel rügen wir innerhalb angemessener Frist nach Eingang, verdeckte Mängel nach ihrer Entdeckung.",
        "Der Lieferant steht dafür ein, dass die Ware der Zeichnung, der Spezifikation und den am Lieferort geltenden Vorschriften entspricht.",
        "Zeichnungen, Werkzeuge und Muster, die wir überlassen, bleiben unser Eigentum, sind vertraulich zu behandeln und auf Verlangen zurückzugeben.",
        "Gerichtsstand ist unser Sitz. Es gilt das Recht unseres Landes unter Ausschluss des UN-Kaufrechts.",
    ),
    "fr": (
        "Les présentes conditions s'appliquent à toutes nos commandes. Les conditions de vente du fournisseur ne nous sont pas opposables, même en l'absence de réserve expresse de notre part.",
        "Le fournisseur accuse réception de la commande par écrit. Toute modification requiert notre accord écrit.",
        "Les marchandises sont emballées de façon à éviter toute avarie. Un bon de livraison rappelant notre numéro de commande accompagne chaque envoi.",
        "Le transfert de propriété a lieu à la livraison. Les risques restent à la charge du fournisseur jusqu'à la réception au lieu convenu.",
        "Le fournisseur garantit la conformité des produits aux plans, aux spécifications et à la réglementation en vigueur.",
        "Tout litige relève des tribunaux du lieu de notre siège social.",
    ),
    "es": (
        "Las presentes condiciones rigen todos nuestros pedidos. Las condiciones de venta del proveedor no formarán parte del contrato aunque no las rechacemos expresamente.",
        "El proveedor confirmará el pedido por escrito. Toda modificación exige nuestra conformidad por escrito.",
        "La mercancía se embalará de modo que no sufra daños durante el transporte e irá acompañada de un albarán con nuestro número de pedido.",
        "La propiedad se transmite con la entrega. El riesgo corre a cargo del proveedor hasta la recepción en el lugar convenido.",
        "El proveedor garantiza que los productos se ajustan a los planos, a las especificaciones y a la normativa vigente.",
        "Para cualquier litigio serán competentes los tribunales de nuestro domicilio social.",
    ),
    "it": (
        "Le presenti condizioni regolano tutti i nostri ordini. Le condizioni di vendita del fornitore non hanno efficacia, anche se non espressamente rifiutate.",
        "Il fornitore conferma l'ordine per iscritto. Ogni variazione richiede il nostro consenso scritto.",
        "La merce deve essere imballata in modo da evitare danni durante il trasporto ed essere accompagnata da DDT con il nostro numero d'ordine.",
        "La proprietà passa alla consegna. Il rischio resta a carico del fornitore fino al ricevimento nel luogo convenuto.",
        "Il fornitore garantisce la conformità dei prodotti ai disegni, alle specifiche e alle norme vigenti.",
        "Per ogni controversia è competente il foro della nostra sede legale.",
    ),
    "nl": (
        "Op al onze bestellingen zijn uitsluitend deze voorwaarden van toepassing. Verkoopvoorwaarden van de leverancier worden van de hand gewezen.",
        "De leverancier bevestigt de bestelling schriftelijk. Afwijkingen gelden slechts met onze schriftelijke instemming.",
        "De goederen worden zo verpakt dat schade tijdens het vervoer wordt voorkomen. Iedere zending gaat vergezeld van een pakbon met ons ordernummer.",
        "De eigendom gaat over bij aflevering. Het risico blijft tot de ontvangst op de overeengekomen plaats bij de leverancier.",
        "De leverancier staat ervoor in dat de goederen voldoen aan tekening, specificatie en geldende voorschriften.",
        "Geschillen worden voorgelegd aan de rechter van onze vestigingsplaats.",
    ),
    "pl": (
        "Niniejsze warunki mają zastosowanie do wszystkich naszych zamówień. Warunki sprzedaży dostawcy nie stają się częścią umowy.",
        "Dostawca potwierdza zamówienie na piśmie. Odstępstwa od zamówienia wymagają naszej pisemnej zgody.",
        "Towar należy zapakować tak, aby nie uległ uszkodzeniu w transporcie. Do każdej przesyłki dołącza się dokument WZ z numerem zamówienia.",
        "Własność przechodzi na nas z chwilą wydania towaru. Ryzyko ponosi dostawca do chwili odbioru w uzgodnionym miejscu.",
        "Dostawca gwarantuje zgodność towaru z rysunkiem, specyfikacją i obowiązującymi przepisami.",
        "Spory rozstrzyga sąd właściwy dla naszej siedziby.",
    ),
    "sv": (
        "Dessa villkor gäller för alla våra beställningar. Leverantörens försäljningsvillkor blir inte en del av avtalet.",
        "Leverantören bekräftar beställningen skriftligen. Avvikelser gäller endast om vi har godkänt dem skriftligen.",
        "Godset ska förpackas så att transportskador undviks. Varje sändning åtföljs av en följesedel med vårt ordernummer.",
        "Äganderätten övergår vid leverans. Leverantören bär risken till dess godset tagits emot på överenskommen plats.",
        "Leverantören garanterar att varorna överensstämmer med ritning, specifikation och gällande föreskrifter.",
        "Tvister avgörs av domstol på vår ort.",
    ),
}
