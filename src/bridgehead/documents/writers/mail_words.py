"""The sentences and words of a confirmation by mail, in eight languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridgehead.documents.acknowledgement import HeaderCode, LineCode
from bridgehead.documents.language import Language


@dataclass(frozen=True, slots=True)
class Words:
    """One language: ``{po}`` stands for the customer's order number; ``day`` is a strftime format.

    ``minimum`` and ``multiple`` say why a quantity was raised; ``{quantity}`` stands for the least that is sold, or for
    what it is sold in multiples of.
    """

    title: dict[HeaderCode, str]
    opening: dict[HeaderCode, str]
    status: dict[LineCode, str]
    greeting: str
    our_number: str
    line: str
    item: str
    ordered: str
    confirmed: str
    later: str
    price: str
    per: str
    delivery: str
    state: str
    total: str
    closing: str
    day: str
    minimum: str
    multiple: str
    mark: str = ","


def _headers(accepted: str, changed: str, held: str, rejected: str) -> dict[HeaderCode, str]:
    return {"AD": accepted, "AC": changed, "AH": held, "RJ": rejected}


def _states(*words: str) -> dict[LineCode, str]:
    codes: tuple[LineCode, ...] = ("IA", "IP", "IQ", "DR", "IC", "IB", "IH", "IR")
    return dict(zip(codes, words, strict=True))


WORDS: Final[dict[Language, Words]] = {
    "en": Words(
        _headers("Order confirmation", "Order confirmation with changes", "Order received", "Order not accepted"),
        _headers(
            "Thank you for your order {po}. We confirm it as ordered.",
            "Thank you for your order {po}. Please note what has changed or is still open in the lines below.",
            "Thank you for your order {po}. We have received it and are checking it; nothing is confirmed yet.",
            "We are sorry that we cannot accept your order {po}.",
        ),
        _states(
            "accepted as ordered",
            "accepted, price changed",
            "accepted, quantity changed",
            "accepted, date changed",
            "accepted with several changes",
            "back-ordered",
            "being checked, not confirmed",
            "not accepted",
        ),
        "Hello,",
        "Our order number",
        "Line",
        "Item",
        "Ordered",
        "Confirmed",
        "Follows later",
        "Price",
        "per",
        "Delivery",
        "Status",
        "Total of the confirmed lines",
        "Kind regards",
        "%Y-%m-%d",
        "our minimum quantity is {quantity}",
        "sold in multiples of {quantity}",
        ".",
    ),
    "de": Words(
        _headers(
            "Auftragsbestätigung",
            "Auftragsbestätigung mit Änderungen",
            "Eingang Ihrer Bestellung",
            "Bestellung nicht angenommen",
        ),
        _headers(
            "vielen Dank für Ihre Bestellung {po}. Wir bestätigen sie wie bestellt.",
            "vielen Dank für Ihre Bestellung {po}. Bitte beachten Sie, was in den Positionen unten geändert oder noch "
            "offen ist.",
            "vielen Dank für Ihre Bestellung {po}. Wir haben sie erhalten und prüfen sie; bestätigt ist noch nichts.",
            "leider können wir Ihre Bestellung {po} nicht annehmen.",
        ),
        _states(
            "angenommen wie bestellt",
            "angenommen, Preis geändert",
            "angenommen, Menge geändert",
            "angenommen, Termin geändert",
            "angenommen mit mehreren Änderungen",
            "im Rückstand",
            "in Prüfung, nicht bestätigt",
            "nicht angenommen",
        ),
        "Guten Tag,",
        "Unsere Auftragsnummer",
        "Position",
        "Artikel",
        "Bestellt",
        "Bestätigt",
        "Folgt später",
        "Preis",
        "je",
        "Lieferung",
        "Status",
        "Summe der bestätigten Positionen",
        "Mit freundlichen Grüßen",
        "%d.%m.%Y",
        "unsere Mindestmenge ist {quantity}",
        "lieferbar in Vielfachen von {quantity}",
    ),
    "fr": Words(
        _headers(
            "Confirmation de commande",
            "Confirmation de commande avec modifications",
            "Commande reçue",
            "Commande non acceptée",
        ),
        _headers(
            "Nous vous remercions de votre commande {po}. Nous la confirmons telle quelle.",
            "Nous vous remercions de votre commande {po}. Veuillez noter ci-dessous ce qui a été modifié ou reste à "
            "confirmer.",
            "Nous vous remercions de votre commande {po}. Nous l'avons reçue et l'examinons ; rien n'est encore "
            "confirmé.",
            "Nous regrettons de ne pas pouvoir accepter votre commande {po}.",
        ),
        _states(
            "acceptée telle quelle",
            "acceptée, prix modifié",
            "acceptée, quantité modifiée",
            "acceptée, date modifiée",
            "acceptée avec plusieurs modifications",
            "en reliquat",
            "en cours d'examen, non confirmée",
            "non acceptée",
        ),
        "Bonjour,",
        "Notre numéro de commande",
        "Ligne",
        "Article",
        "Commandé",
        "Confirmé",
        "Suivra plus tard",
        "Prix",
        "par",
        "Livraison",
        "Statut",
        "Total des lignes confirmées",
        "Cordialement",
        "%d/%m/%Y",
        "notre quantité minimale est de {quantity}",
        "vendu par multiples de {quantity}",
    ),
    "es": Words(
        _headers(
            "Confirmación de pedido", "Confirmación de pedido con cambios", "Pedido recibido", "Pedido no aceptado"
        ),
        _headers(
            "Gracias por su pedido {po}. Lo confirmamos tal como fue pedido.",
            "Gracias por su pedido {po}. Rogamos tengan en cuenta lo que cambia o queda pendiente en las líneas de "
            "abajo.",
            "Gracias por su pedido {po}. Lo hemos recibido y lo estamos revisando; todavía no hay nada confirmado.",
            "Lamentamos no poder aceptar su pedido {po}.",
        ),
        _states(
            "aceptada tal como fue pedida",
            "aceptada, precio modificado",
            "aceptada, cantidad modificada",
            "aceptada, fecha modificada",
            "aceptada con varios cambios",
            "pendiente de existencias",
            "en revisión, no confirmada",
            "no aceptada",
        ),
        "Buenos días:",
        "Nuestro número de pedido",
        "Línea",
        "Artículo",
        "Pedido",
        "Confirmado",
        "Llegará más tarde",
        "Precio",
        "por",
        "Entrega",
        "Estado",
        "Total de las líneas confirmadas",
        "Saludos cordiales",
        "%d/%m/%Y",
        "nuestra cantidad mínima es de {quantity}",
        "se vende en múltiplos de {quantity}",
    ),
    "it": Words(
        _headers("Conferma d'ordine", "Conferma d'ordine con modifiche", "Ordine ricevuto", "Ordine non accettato"),
        _headers(
            "Grazie per il vostro ordine {po}. Lo confermiamo come ordinato.",
            "Grazie per il vostro ordine {po}. Vi preghiamo di notare nelle righe qui sotto che cosa è cambiato o è "
            "ancora aperto.",
            "Grazie per il vostro ordine {po}. Lo abbiamo ricevuto e lo stiamo verificando; nulla è ancora confermato.",
            "Siamo spiacenti di non poter accettare il vostro ordine {po}.",
        ),
        _states(
            "accettata come ordinata",
            "accettata, prezzo modificato",
            "accettata, quantità modificata",
            "accettata, data modificata",
            "accettata con più modifiche",
            "in arretrato",
            "in verifica, non confermata",
            "non accettata",
        ),
        "Buongiorno,",
        "Nostro numero d'ordine",
        "Riga",
        "Articolo",
        "Ordinato",
        "Confermato",
        "Seguirà più tardi",
        "Prezzo",
        "per",
        "Consegna",
        "Stato",
        "Totale delle righe confermate",
        "Cordiali saluti",
        "%d/%m/%Y",
        "la nostra quantità minima è di {quantity}",
        "si vende in multipli di {quantity}",
    ),
    "nl": Words(
        _headers(
            "Orderbevestiging",
            "Orderbevestiging met wijzigingen",
            "Bestelling ontvangen",
            "Bestelling niet geaccepteerd",
        ),
        _headers(
            "Hartelijk dank voor uw bestelling {po}. Wij bevestigen deze zoals besteld.",
            "Hartelijk dank voor uw bestelling {po}. Let op wat in de regels hieronder is gewijzigd of nog openstaat.",
            "Hartelijk dank voor uw bestelling {po}. Wij hebben deze ontvangen en controleren haar; er is nog niets "
            "bevestigd.",
            "Helaas kunnen wij uw bestelling {po} niet accepteren.",
        ),
        _states(
            "geaccepteerd zoals besteld",
            "geaccepteerd, prijs gewijzigd",
            "geaccepteerd, aantal gewijzigd",
            "geaccepteerd, datum gewijzigd",
            "geaccepteerd met meerdere wijzigingen",
            "in nalevering",
            "wordt gecontroleerd, niet bevestigd",
            "niet geaccepteerd",
        ),
        "Goedendag,",
        "Ons ordernummer",
        "Regel",
        "Artikel",
        "Besteld",
        "Bevestigd",
        "Volgt later",
        "Prijs",
        "per",
        "Levering",
        "Status",
        "Totaal van de bevestigde regels",
        "Met vriendelijke groet",
        "%d-%m-%Y",
        "onze minimale hoeveelheid is {quantity}",
        "leverbaar in veelvouden van {quantity}",
    ),
    "sv": Words(
        _headers(
            "Orderbekräftelse", "Orderbekräftelse med ändringar", "Beställning mottagen", "Beställning ej accepterad"
        ),
        _headers(
            "Tack för er beställning {po}. Vi bekräftar den enligt beställning.",
            "Tack för er beställning {po}. Observera vad som har ändrats eller ännu är öppet på raderna nedan.",
            "Tack för er beställning {po}. Vi har tagit emot den och granskar den; inget är bekräftat ännu.",
            "Vi kan tyvärr inte acceptera er beställning {po}.",
        ),
        _states(
            "accepterad enligt beställning",
            "accepterad, pris ändrat",
            "accepterad, antal ändrat",
            "accepterad, datum ändrat",
            "accepterad med flera ändringar",
            "restnoterad",
            "granskas, ej bekräftad",
            "ej accepterad",
        ),
        "Hej,",
        "Vårt ordernummer",
        "Rad",
        "Artikel",
        "Beställt",
        "Bekräftat",
        "Kommer senare",
        "Pris",
        "per",
        "Leverans",
        "Status",
        "Summa av bekräftade rader",
        "Med vänlig hälsning",
        "%Y-%m-%d",
        "vår minsta kvantitet är {quantity}",
        "säljs i multiplar av {quantity}",
    ),
    "pl": Words(
        _headers(
            "Potwierdzenie zamówienia",
            "Potwierdzenie zamówienia ze zmianami",
            "Otrzymaliśmy zamówienie",
            "Zamówienie nieprzyjęte",
        ),
        _headers(
            "Dziękujemy za zamówienie {po}. Potwierdzamy je bez zmian.",
            "Dziękujemy za zamówienie {po}. Prosimy zwrócić uwagę, co w pozycjach poniżej zmieniono lub pozostaje "
            "otwarte.",
            "Dziękujemy za zamówienie {po}. Otrzymaliśmy je i sprawdzamy; nic nie jest jeszcze potwierdzone.",
            "Niestety nie możemy przyjąć zamówienia {po}.",
        ),
        _states(
            "przyjęta bez zmian",
            "przyjęta, cena zmieniona",
            "przyjęta, ilość zmieniona",
            "przyjęta, termin zmieniony",
            "przyjęta z kilkoma zmianami",
            "w zaległości",
            "sprawdzana, niepotwierdzona",
            "nieprzyjęta",
        ),
        "Dzień dobry,",
        "Nasz numer zamówienia",
        "Pozycja",
        "Artykuł",
        "Zamówiono",
        "Potwierdzono",
        "Dostarczymy później",
        "Cena",
        "za",
        "Dostawa",
        "Status",
        "Suma potwierdzonych pozycji",
        "Z poważaniem",
        "%d.%m.%Y",
        "nasza minimalna ilość to {quantity}",
        "sprzedajemy w wielokrotnościach {quantity}",
    ),
}
