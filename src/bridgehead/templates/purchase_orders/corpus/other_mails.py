"""Mails that change or cancel an order, and mails that are no order: questions, complaints, newsletters, delivery notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.mail import write_letter
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine
from bridgehead.templates.purchase_orders.corpus.sheet_words import SHEET

# {q} a quantity, {part} a part number, {po} an order number; the first text of each is the subject.
_QUESTIONS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "en": (("Request for quotation", "Please let us have your best price and lead time for:", "{q} {part}", "We look forward to your offer."),
           ("Status of PO {po}?", "Could you tell me when our order {po} will ship? We were expecting {part} last week."),
           ("Availability {part}", "Do you have {q} of {part} in stock? If so we may place an order this week.")),
    "de": (("Anfrage", "bitte bieten Sie uns an:", "{q} {part}", "Preis und Lieferzeit bitte bis Ende der Woche."),
           ("Liefertermin zu Bestellung {po}?", "wann können wir mit der Lieferung zu unserer Bestellung {po} rechnen? Es fehlt noch {part}."),
           ("Verfügbarkeit {part}", "haben Sie {q} {part} ab Lager? Dann würden wir diese Woche noch bestellen.")),
    "fr": (("Demande de prix", "merci de nous communiquer vos prix et délais pour :", "{q} {part}"),
           ("Suivi commande {po}", "pouvez-vous nous indiquer la date d'expédition de notre commande {po} ? Il nous manque {part}.")),
    "es": (("Solicitud de oferta", "rogamos nos coticen:", "{q} {part}", "Indiquen plazo de entrega."),
           ("Estado del pedido {po}", "¿nos pueden decir cuándo sale nuestro pedido {po}? Nos falta {part}.")),
    "it": (("Richiesta di offerta", "Vi chiediamo la Vs. migliore offerta per:", "{q} {part}", "Restiamo in attesa."),
           ("Sollecito ordine {po}", "quando spedite il ns. ordine {po}? Ci manca ancora {part}.")),
    "nl": (("Prijsaanvraag", "graag ontvangen wij prijs en levertijd voor:", "{q} {part}"),
           ("Status bestelling {po}", "wanneer wordt onze bestelling {po} geleverd? We missen nog {part}.")),
    "pl": (("Zapytanie ofertowe", "prosimy o podanie ceny i terminu na:", "{q} {part}"),
           ("Termin zamówienia {po}", "kiedy możemy spodziewać się dostawy do zamówienia {po}? Brakuje {part}.")),
    "sv": (("Offertförfrågan", "vi önskar pris och leveranstid på:", "{q} {part}"),
           ("Status order {po}", "när levereras vår order {po}? Vi saknar {part}.")),
}  # fmt: skip
_COMPLAINTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "en": (("Damaged goods, PO {po}", "Of the delivery for our order {po} we must reject {q} of {part}: the surface is damaged. Please advise."),
           ("Wrong parts delivered", "We ordered {part} with PO {po} but received something else. Please collect and replace.")),
    "de": (("Reklamation zu Bestellung {po}", "bei der Lieferung zu {po} sind {q} {part} beschädigt. Bitte um Ersatz oder Gutschrift."),
           ("Falschlieferung {po}", "zu unserer Bestellung {po} wurde statt {part} ein anderer Artikel geliefert. Bitte abholen lassen.")),
    "fr": (("Réclamation commande {po}", "sur la livraison de la commande {po}, {q} {part} sont abîmés. Merci de nous proposer une solution."),),
    "es": (("Reclamación pedido {po}", "del pedido {po} hemos recibido {q} {part} en mal estado. Rogamos reposición o abono."),),
    "it": (("Reclamo ordine {po}", "della consegna relativa all'ordine {po} risultano danneggiati {q} {part}. Attendiamo riscontro."),),
    "nl": (("Klacht bestelling {po}", "van de levering op {po} zijn {q} {part} beschadigd. Graag vervangen of crediteren."),),
    "pl": (("Reklamacja do zamówienia {po}", "z dostawy do zamówienia {po} uszkodzonych jest {q} {part}. Prosimy o wymianę."),),
    "sv": (("Reklamation order {po}", "av leveransen på order {po} är {q} {part} skadade. Vänligen ersätt eller kreditera."),),
}  # fmt: skip
_NEWSLETTERS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "en": (("Save 20 % on warehouse equipment this November", "Order now: 50 storage bins for only 199.00!", "Offer ends 30 November. "
            "Unsubscribe at any time with the link below."),
           ("Industry News 11/2026", "Trade fair review, steel prices and a new packaging directive.", "You receive this because you subscribed.")),
    "de": (("Newsletter November: Messerückblick und neue Seminare", "Jetzt anmelden und 15 % Frühbucherrabatt sichern!", "Abmelden können Sie sich jederzeit "
            "über den Link unten."),
           ("Aktion: 100 Stapelboxen nur 249,00 EUR", "Bestellen Sie bis 30.11. und sparen Sie die Versandkosten.", "Newsletter abbestellen")),
    "fr": (("Lettre d'information novembre", "Jusqu'à 30 % de remise sur le mobilier d'atelier, commandez vite !", "Se désabonner"),),
    "es": (("Boletín de noviembre", "Hasta un 25 % de descuento en estanterías. ¡Haga ya su pedido!", "Darse de baja"),),
    "it": (("Newsletter di novembre", "Sconti fino al 30% su scaffalature, ordina subito!", "Cancella iscrizione"),),
    "nl": (("Nieuwsbrief november", "Bestel nu magazijnstellingen met 20% korting!", "Afmelden voor deze nieuwsbrief"),),
    "pl": (("Newsletter listopad", "Zamów regały magazynowe z rabatem 20%!", "Wypisz się"),),
    "sv": (("Nyhetsbrev november", "Beställ lagerhyllor med 20 % rabatt!", "Avregistrera dig här"),),
}  # fmt: skip
_NOTES: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Delivery note / return shipment {po}", "Delivery note for the return of parts from order {po}, collected by our carrier today:"),
    "de": ("Lieferschein Rücksendung zu {po}", "Lieferschein zur Rücksendung aus Bestellung {po}, heute von der Spedition abgeholt:"),
    "fr": ("Bon de livraison retour {po}", "bon de livraison du retour concernant la commande {po}, enlevé ce jour :"),
    "es": ("Albarán de devolución {po}", "albarán de la devolución del pedido {po}, recogida hoy por el transportista:"),
    "it": ("DDT reso ordine {po}", "DDT di reso relativo all'ordine {po}, ritirato oggi dal corriere:"),
    "nl": ("Pakbon retour {po}", "pakbon van de retourzending uit order {po}, vandaag opgehaald:"),
    "pl": ("Dokument WZ, zwrot {po}", "WZ zwrotu z zamówienia {po}, dziś odebrane przez przewoźnika:"),
    "sv": ("Följesedel retur {po}", "följesedel för returen från order {po}, hämtad idag:"),
}  # fmt: skip


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns a mail that asks to change or to cancel an order sent before: in sentences, or in a table of old and new."""
    letter = Letter(sending)
    order = change.order
    key = "cancel" if change.kind == "cancel" else "change"
    lines = [letter.say("hello"), "", letter.say(key, po=order.po_number), ""]
    html = letter.habit.layout.html and letter.voice % 2 == 0
    if change.kind in {"quantity", "date"} and letter.voice % 3 == 1 and not html:
        return write_letter(
            sending, letter.say(f"{key}_subject", po=order.po_number), [*lines, *_old_and_new(letter, change)]
        )
    for before, line in zip(change.before, order.lines, strict=True):
        lines.append(
            letter.say(
                f"change_{change.kind}",
                pos=line.number,
                part=letter.part(line),
                new=letter.quantity(line),
                old=letter.number(before.quantity),
                date=letter.day(line.requested_date) if line.requested_date else "",
            )
        )
    return write_letter(sending, letter.say(f"{key}_subject", po=order.po_number), lines, html=html)


def _old_and_new(letter: Letter, change: Change) -> list[str]:
    """Returns a table of the lines concerned, with the value so far and the one wanted."""
    dated = change.kind == "date"
    old, new = (SHEET[letter.language][key][1 if dated else 0] for key in ("old", "new"))
    rows = [[letter.title("line"), letter.title("theirs" if change.before[0].theirs else "ours"), old, new]]
    for before, line in zip(change.before, change.order.lines, strict=True):
        if dated:
            known = before.requested_date
            values = [
                letter.day(known) if known else "-",
                letter.day(line.requested_date) if line.requested_date else "-",
            ]
        else:
            values = [letter.number(before.quantity), letter.quantity(line)]
        rows.append([str(line.number), letter.part(line), *values])
    widths = [max(len(row[index]) for row in rows) + 2 for index in range(4)]
    return ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns a mail that is no order: ``question``, ``complaint``, ``newsletter`` or ``delivery_note``."""
    letter = Letter(sending)
    line = lines[0]
    values = {"q": letter.quantity(line), "part": letter.part(line), "po": reference}
    if kind == "newsletter":
        subject, *text = letter.dice.one(_NEWSLETTERS[letter.language])
        address = (
            '"Workshop Supplies" <news@mailing.example.net>'
            if letter.voice % 2
            else '"Trade News" <newsletter@trade-news.example.org>'
        )
        return write_letter(sending, subject, text, html=True, address=address)
    if kind == "delivery_note":
        subject, opening = _NOTES[letter.language]
        listed = [f"{letter.quantity(each)}  {letter.part(each)}" for each in lines]
        body = [letter.say("hello"), "", opening.format(**values), "", *listed]
        return write_letter(sending, subject.format(**values), body)
    texts = _QUESTIONS if kind == "question" else _COMPLAINTS
    subject, *text = letter.dice.one(texts[letter.language])
    body = [letter.say("hello"), "", *(part.format(**values) for part in text)]
    if kind == "question":
        more = (
            [f"{letter.quantity(each)} {letter.part(each)}" for each in lines[1:]]
            if "{q}" in text[-1] or len(text) > 1
            else []
        )
        body.extend(more)
    return write_letter(
        sending, subject.format(**values), body, html=letter.habit.layout.html and letter.voice % 2 == 0
    )
