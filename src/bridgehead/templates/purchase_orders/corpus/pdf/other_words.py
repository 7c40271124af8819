"""What stands on papers that are no orders: the title of each first, then its sentences, in eight languages."""

from __future__ import annotations

from typing import Final

# {po} an earlier order, {part} an article, {q} a quantity with its unit.
OTHER_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "en": {
        "number": ("Our reference",), "reference": ("Concerns your delivery to our order",),
        "question": ("Request for Quotation", "Please quote your best price and lead time for the items below.", "This enquiry is not an order."),
        "complaint": ("Non-Conformance Report", "The goods listed below, delivered against {po}, were rejected at incoming inspection.", "Please let us have a corrective action report and collect the parts."),
        "delivery_note": ("Delivery Note - Return Shipment", "We return the goods listed below, received against {po}."),
        "newsletter": ("Workshop Days: everything for your stores", "Storage bins from 4.90, pallet racking from 189.00, work benches from 249.00.", "Order by the end of the month and save 15 %. Prices plus VAT and carriage."),
    },
    "de": {
        "number": ("Unser Zeichen",), "reference": ("Zu Ihrer Lieferung auf unsere Bestellung",),
        "question": ("Anfrage", "Bitte bieten Sie uns die folgenden Artikel mit Preis und Lieferzeit an.", "Diese Anfrage ist keine Bestellung."),
        "complaint": ("Mängelrüge", "Die unten aufgeführte Ware aus der Lieferung zu {po} wurde im Wareneingang beanstandet.", "Wir bitten um Stellungnahme (8D-Bericht) und um Abholung."),
        "delivery_note": ("Lieferschein - Rücksendung", "Wir senden Ihnen die folgende Ware aus {po} zurück."),
        "newsletter": ("Werkstatt-Wochen: alles für Ihr Lager", "Sichtlagerkästen ab 4,90 EUR, Palettenregale ab 189,00 EUR, Werkbänke ab 249,00 EUR.", "Jetzt bestellen und bis Monatsende 15 % sparen. Alle Preise zzgl. MwSt. und Versand."),
    },
    "fr": {
        "number": ("Notre référence",), "reference": ("Livraison relative à notre commande",),
        "question": ("Demande de prix", "Merci de nous communiquer vos meilleurs prix et délais pour les articles ci-dessous.", "La présente demande ne vaut pas commande."),
        "complaint": ("Fiche de non-conformité", "Les articles ci-dessous, livrés sur la commande {po}, ont été refusés au contrôle de réception.", "Merci de nous faire part de vos actions correctives."),
        "delivery_note": ("Bon de livraison - retour", "Nous vous retournons les articles ci-dessous, issus de la commande {po}."),
        "newsletter": ("Semaines de l'atelier", "Bacs de rangement dès 4,90 €, rayonnages dès 189,00 €, établis dès 249,00 €.", "Commandez avant la fin du mois et économisez 15 %."),
    },
    "es": {
        "number": ("Nuestra referencia",), "reference": ("Entrega de nuestro pedido",),
        "question": ("Solicitud de oferta", "Rogamos nos indiquen precio y plazo de los artículos siguientes.", "Esta solicitud no es un pedido."),
        "complaint": ("Informe de no conformidad", "El material siguiente, entregado contra {po}, ha sido rechazado en recepción.", "Rogamos nos envíen un informe y recojan las piezas."),
        "delivery_note": ("Albarán de devolución", "Devolvemos el material siguiente, recibido contra {po}."),
        "newsletter": ("Semanas del taller", "Cajas de almacenaje desde 4,90 €, estanterías desde 189,00 €, bancos de trabajo desde 249,00 €.", "Haga su pedido antes de fin de mes y ahorre un 15 %."),
    },
    "it": {
        "number": ("Ns. riferimento",), "reference": ("Consegna relativa al ns. ordine",),
        "question": ("Richiesta di offerta", "Vi chiediamo la Vs. migliore offerta con termini di consegna per gli articoli seguenti.", "La presente richiesta non costituisce ordine."),
        "complaint": ("Rapporto di non conformità", "Il materiale sotto indicato, consegnato a fronte di {po}, è stato respinto al controllo in entrata.", "Attendiamo un Vs. riscontro e il ritiro dei pezzi."),
        "delivery_note": ("Documento di trasporto - reso", "Vi restituiamo il materiale seguente, ricevuto a fronte di {po}."),
        "newsletter": ("Settimane dell'officina", "Contenitori da 4,90 €, scaffali da 189,00 €, banchi da lavoro da 249,00 €.", "Ordinate entro fine mese e risparmiate il 15 %."),
    },
    "nl": {
        "number": ("Onze referentie",), "reference": ("Betreft levering op onze order",),
        "question": ("Offerteaanvraag", "Graag ontvangen wij prijs en levertijd voor onderstaande artikelen.", "Deze aanvraag is geen bestelling."),
        "complaint": ("Afkeurrapport", "Onderstaande goederen, geleverd op {po}, zijn bij ingangscontrole afgekeurd.", "Graag uw reactie en het ophalen van de goederen."),
        "delivery_note": ("Pakbon - retourzending", "Wij zenden onderstaande goederen uit {po} retour."),
        "newsletter": ("Werkplaatsweken", "Magazijnbakken vanaf € 4,90, palletstellingen vanaf € 189,00, werkbanken vanaf € 249,00.", "Bestel voor het einde van de maand en bespaar 15 %."),
    },
    "pl": {
        "number": ("Nasz znak",), "reference": ("Dotyczy dostawy do zamówienia",),
        "question": ("Zapytanie ofertowe", "Prosimy o podanie ceny i terminu dostawy dla poniższych pozycji.", "Niniejsze zapytanie nie jest zamówieniem."),
        "complaint": ("Protokół reklamacyjny", "Towar wymieniony poniżej, dostarczony do {po}, został zakwestionowany przy odbiorze.", "Prosimy o stanowisko i odbiór towaru."),
        "delivery_note": ("Dokument WZ - zwrot", "Zwracamy poniższy towar z zamówienia {po}."),
        "newsletter": ("Tygodnie warsztatu", "Pojemniki od 19,90 zł, regały od 790,00 zł, stoły warsztatowe od 990,00 zł.", "Zamów do końca miesiąca i oszczędź 15 %."),
    },
    "sv": {
        "number": ("Vår referens",), "reference": ("Gäller leverans på vår order",),
        "question": ("Offertförfrågan", "Vi önskar pris och leveranstid på nedanstående artiklar.", "Denna förfrågan är ingen beställning."),
        "complaint": ("Avvikelserapport", "Nedanstående gods, levererat på {po}, har underkänts vid ankomstkontroll.", "Vänligen återkom med åtgärd och hämta godset."),
        "delivery_note": ("Följesedel - retur", "Vi returnerar nedanstående gods från {po}."),
        "newsletter": ("Verkstadsveckor", "Lagerlådor från 49 kr, pallställ från 1 890 kr, arbetsbänkar från 2 490 kr.", "Beställ före månadens slut och spara 15 %."),
    },
}  # fmt: skip
