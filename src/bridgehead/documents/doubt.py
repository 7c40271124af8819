"""Words, in fourteen languages, that make an order doubtful wherever they stand: it is void, waits, depends or is no order.

Doubt costs a look, a wrong booking costs the customer; the lists lean to doubt. All of them are matched against
text without accents and capitals (``fold``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bridgehead.documents.tables.heading_parts import fold

_MOST: Final = 4_000
_VOID: Final = (
    r"cancel(?!lo\b)\w*|void(?:ed)?|disregard\w*|ignore[ds]?|withdraw\w*|withdrew|revok\w*|retract(?:ed|ing|ion|s)?|rescind\w*|forget|no longer"
    r"|(?:by|in|my|our|a) (?:mistake|error)|mistaken\w*|accidental\w*|(?:isn't|aren't|not) (?:\w+ )?(?:needed|required|wanted|valid|binding|ordered|to be)"
    r"|storn\w*|widerruf\w*|zuruck(?:ge)?z[io]\w*|zuruckge(?:nommen|stellt)|hinfallig\w*|gegenstandslos\w*|ungultig\w*|irrtum\w*|versehentlich\w*|aus versehen|vergessen sie|nicht mehr"
    r"|entfall\w*|entfallt|annul\w*|anull\w*|caduc|caduque|par erreur|(?:n')?est plus|plus besoin|oubliez|ne plus|nul et non avenu|anula\w*|por error|ya no|olvid\w*|sin efecto"
    r"|per errore|non (?:e |sono |sia )?piu|dimenticat\w*|revoc\w*|vervall\w*|vervalt|niet (?:meer|langer)|per ongeluk|vergissing|abusievelijk|per abuis|vergeet|intrekk\w*|ingetrokken"
    r"|uniewazn\w*|niewazn\w*|wycof\w*|odwol\w*|juz nie|nie jest juz|omylk\w*|pomylk\w*|zapomn\w*|rezygnuj\w*|makuler\w*|avbestall\w*|inte langre|misstag\w*|glom|ogiltig\w*|aterkall\w*|utgar"
)
_WAITS: Final = (
    r"(?:please|kindly|on|to|must|we|is|are) hold|put on hold|hold (?:this|the|it|until|back|off|for|all|do|ship\w*|deliver\w*|order)|await\w*|wait (?:for|until|with)|please wait|pending|postpon\w*|suspend\w*|defer\w*|paused?|freeze|frozen"
    r"|until (?:we|you|i|further|confirm\w*|approv\w*|released?)|before we (?:call|confirm|approve|release)|not yet|yet to be|stop (?:this|the|all|deliver\w*|ship\w*|product\w*)"
    r"|zuruckhalt\w*|zuruckstell\w*|abwarten|warten sie|bitte warten|verschieb\w*|verschoben|ausgesetzt|aussetzen|stoppen|gestoppt|bis auf weiteres|vorerst|noch nicht|pausier\w*"
    r"|en attente|attendez|attendre|suspend\w*|jusqu'a nouvel|retenir|retenez|bloquez|pas encore|aplaz\w*|reteng\w*|retener|en espera|pendiente\w*|hasta nuevo aviso|paraliz\w*|todavia no|aun no"
    r"|sospend\w*|sospes\w*|rinvia\w*|trattener\w*|trattenet\w*|bloccat\w*|bloccare|attendete|attendere|non ancora|wacht(?:en)? (?:tot|met|op)|aanhoud\w*|opschort\w*|opgeschort|uitstel\w*|uitgesteld|tot nader|vasthoud\w*|in de wacht|nog niet"
    r"|wstrzym\w*|zawies\w*|odrocz\w*|zaczeka\w*|poczeka\w*|do odwolania|jeszcze nie|avvakta\w*|vanta (?:med|pa|tills)|pausa|stoppa\w*|tills vidare|annu inte|inte an"
)
_DEPENDS: Final = (
    r"subject to|provided (?:that|you|we|the)|conditional\w*|unless|contingent|assuming|only (?:if|when|after|valid|once)|as long as|tentative\w*|provisional\w*|preliminary|to be (?:confirmed|agreed|advised|determined)|tbc|tbd"
    r"|sofern|vorausgesetzt|vorbehalt\w*|vorbehaltlich|unter der bedingung|nur (?:wenn|falls|nach|bei)|es sei denn|unverbindlich\w*|vorlaufig\w*|provisorisch\w*"
    r"|sous reserve|a condition|pourvu que|seulement si|a moins que|provisoire\w*|siempre que|sujet[oa]s? a|a condicion|a menos que|a reserva|provisionales"
    r"|a condizione|purche|a meno che|soggett[oa] a|salvo (?:approv|conferm|buon)\w*|provvisori\w*|fatta salva|mits|tenzij|voorbehoud|alleen (?:als|indien)|voorlopig\w*"
    r"|pod warunkiem|chyba ze|o ile|z zastrzezeniem|warunkow\w*|wstepn\w*|under forutsattning|forutsatt\w*|savida|forbehall\w*|preliminar\w*"
    r"|(?:board|management|budget|internal|final|your|our|written|director'?s?) approval|until approv\w*|genehmigung|freigabe|(?:notre|votre|l') ?approbation|aprobacion|autorizacion|approvazione|autorizzazione|goedkeuring|akceptacj\w*|zatwierdzen\w*|zgod[aeyz]\b|godkannande\w*"
)
_QUESTIONED: Final = r"(?:quest|quer(?:y|ies)|frage|ruckfrage|preg|duda|domand|dubb|vrag|pytan|fraga|fragor|problem|unclear|unklar|wonder|any (?:doubt|issue)|moglich|possibl|posible|possibile|mogelijk|mozliw|mojlig|necessary|necesari|nodig|erforderlich|notig)"
_IF: Final = (
    r"(?:if|falls|wenn|si(?! prega)|se (?!admit|acept|rueg|acuer|ruega|adjunt|solicit|puede|prega)|indien|als (?:u|de|er|het|dit)|jesli|jezeli|om (?:ni|inte|det|lager))\b(?![^.!?\n]{0,60}\b"
    + _QUESTIONED
    + r")"
)
_NO_ORDER: Final = (
    r"draft|test(?:s|ing)?\b(?! (?:cert|report|pressure|equip|kit|gauge|rig|bench|bed))|test (?:order|only|message|mail|purchase)|dummy|specimen|simulation|for (?:your )?(?:information|info|reference|approval|review) ?only|for review|(?:this is )?(?:not an?|no) order|proforma|pro forma"
    r"|entwurf\w*|testbestellung\w*|testauftrag\w*|probebestellung|nur zur (?:information|kenntnis|info)|zur kenntnisnahme|keine bestellung|brouillon|essai\b|a titre (?:d'information|indicatif)|pour information|projet de commande"
    r"|borrador|pedido de prueba|prueba\b|a titulo informativo|solo informativ\w*|bozza|ordine di prova|prova\b|a titolo informativo|solo per conoscenza|concept\w*|proefbestelling|testbestelling|ter informatie|ter info|geen (?:bestelling|order)"
    r"|szkic|wersja robocza|projekt zamowienia|testow\w*|probne|do wiadomosci|tylko informacyjn\w*|utkast|testbestallning|provbestallning|for kannedom|ingen (?:bestallning|order)"
    r"|(?:please|kindly|first|pls) quote(?! (?:our|the|this|purchase|po|p\.o|order|ref\w*|number|no)\b)|quote (?:first|us|me|before|price)|quotation (?:first|please)|request for (?:quot\w+|proposal)|rfq|(?:erst|zuerst|vorab|zunachst) (?:\w+ )?(?:anbieten|angebot|preis\w*)|nur anfrage|devis (?:d'abord|prealable|svp)|chiffrage|primero (?:cotiz|presup)\w*|cotizar|cotizad\w*|preventivo (?:prima|preliminare)|eerst (?:een )?offerte|najpierw (?:oferta|wycen\w*)|forst offert\w*"
)
_OURS_TO_JUDGE: Final = (
    r"overlook\w*|waive[ds]?|waiver|credit (?:block|limit|hold|check)\w*|kredit(?:limit|sperre|rahmen)\w*|limite de credit\w*|limite de credito|fido|kredietlimiet|limit\w* kredytow\w*|kreditgrans\w*|limit(?:s)? (?:lifted|raised|removed)|(?:lift|raise|remove|exceed) (?:the )?limit\w*"
    r"|signed off|without asking|no questions asked|must book|book this|ohne ruckfrage|sans demander|sin preguntar|senza chiedere|zonder te vragen|bez pytania|utan att fraga|approval code|approved by|override|previous rules|previous instructions"
    r"|do(?:n't| not) (?:confirm|process|book|enter|deliver|ship|send|produce|invoice|accept|execute|start|place)|never (?:ship|deliver|book)|nothing (?:may|must|should|is to)|(?:partial|part|split) (?:deliver\w*|ship\w*) (?:is |are )?(?:not|un)\w*|no (?:partial|part|split) (?:deliver\w*|ship\w*)"
    r"|nicht (?:\w+ )?(?:liefern|bestatigen|verarbeiten|buchen|versenden|ausliefern|produzieren|ausfuhren|erfassen)|keine (?:lieferung|teillieferung\w*)|teillieferung\w* (?:\w+ )?(?:nicht|unerwunscht|ausgeschlossen)|ne (?:pas )?(?:\w+ )?(?:livr|expedi|trait|confirm|enregistr)\w*(?: pas)?|livraisons? partielles? (?:\w+ ){0,2}(?:refus|exclu|interdit|non)\w*|pas de livraison"
    r"|no (?:\w+ )?(?:entreg|envi|proces|tramit|confirm|suministr)\w*|non (?:\w+ )?(?:consegn|sped|evad|process|conferm|inviar|inviate)\w*|niet (?:\w+ )?(?:lever|verwerk|bevestig|verzend|verstur|boek)\w*|geen (?:deel)?lever\w*|nie (?:\w+ )?(?:dostarcz|wysyl|realiz|potwierdz|przetwarz)\w*|inte (?:\w+ )?(?:lever|skick|bekraft|behandl|bok)\w*|inga (?:del)?leverans\w*"
    r"|(?:but|and) not (?:to|at)|und nicht (?:an|nach)|et (?:non|pas) [aà]|y no a|e non a|en niet naar|a nie (?:na|do|pod)|zamiast|och inte till|i stallet for"
    r"|(?:liefer\w*|versend\w*|buch\w*|bestatig\w*) (?:sie )?(?:\w+ )?nicht|(?:livrez|expediez|confirmez|traitez) (?:\w+ )?(?:pas|rien)|(?:lever\w*|verzend\w*|stuur) (?:\w+ )?niet|(?:leverera|skicka|bekrafta|boka) (?:\w+ )?inte"
)
_AGAIN: Final = (
    r"copy of|duplicate\w*|resen[dt]\w*|sent (?:yesterday|before|already|last)|already (?:sent|ordered|placed)|replac(?:e[sd]?|ing|ement) (?:for|of|our|order|po|the|purchase)|supersed\w*|corrected|amended|revised|revision \w+|rev\.? ?[2-9b-z]\b"
    r"|kopie (?:der|unserer|van|zamow\w*)|duplikat\w*|bereits (?:gesendet|bestellt|geschickt|ubermittelt)|ersetzt|ersatz fur|korrigiert\w*|berichtigt\w*|geandert\w*|copie de|duplicata|deja (?:envoye|command|transmis)\w*|remplac\w*|corrige\w*|modifie\w*|copia (?:de|del|dell\w*|di)|duplicad\w*|ya (?:enviad|pedid|remitid)\w*|sustitu\w*|reemplaz\w*|corregid\w*"
    r"|gia (?:inviat|ordinat|trasmess)\w*|sostitu\w*|corrett[oa]|reeds (?:verzonden|besteld|gestuurd)|al (?:verzonden|besteld|gestuurd)|vervang\w*|gecorrigeerd\w*|gewijzigd\w*|kopia (?:zamow\w*|av)|juz (?:wyslan|zamowion)\w*|zastepuj\w*|poprawion\w*|skorygow\w*|redan (?:skick|bestall)\w*|ersatt\w*|korrigerad\w*|andrad\w*"
)
_MORE: Final = r"(?:please |kindly |also |and )(?:add|include)\b|add (?:to|another|\d)|bitte (?:noch|auch|zusatzlich) |hinzufug\w*|erganzen sie|ajout\w*|anad\w*|agreg\w*|aggiung\w*|toevoeg\w*|voeg \w+ toe|dodac|dolacz\w*|prosz\w+ dodac|lagg till|lagga till"
_LESS: Final = r"(?:less|minus|abzgl\w*|abzuglich|moins|menos|meno|minder|mniej|avgar)\.? ?\d{1,3}(?:[.,]\d+)? ?%|discount\w*|rabatt\w*|rabat\w*|nachlass|remise|rabais|descuento\w*|dto\b|sconto|sconti|korting\w*|skonto"

_ELSEWHERE: Final = (
    r"(?:lever\w*|send\w*|ekspeder\w*|bekraeft\w*) (?:\w+ )?ikke|ikke for (?:vi|i|nar)|annuller\w*|aflys\w*|avlys\w*|kanseller\w*|bortfald\w*|bortfall\w*|ikke (?:l[ae]+ngere|lenger|bestil\w*|lever\w*|send\w*|nodvendig\w*)|ved en (?:fejl|feil)|fejlagtig\w*|glem|vent(?:er)? (?:med|til|pa)|afvent(?:er)?(?! (?:jeres|deres|din|bekr))|udskyd\w*|utsett\w*|(?:indtil|inntil) videre|endnu ikke|enna ikke|forbehold\w*|foruds[ae]\w*|forutsatt|(?:hvis|dersom|safremt|saafremt)\b(?![^.!?\n]{0,60}sp[oø]r[gs])|godkend\w*|godkjenn\w*|kladde|udkast|pro[vf]eordre|testordre|kun til (?:orientering|information|info)|i ?stedet for|erstatter|rettelse|allerede (?:bestilt|sendt)|tilfoj\w*"
    r"|por (?:engano|lapso)|ja nao|sem efeito|esque[cq]\w*|aguard\w*(?![^.!?\n]{0,40}(?:confirma|respost|retorno|noticia))|adia(?:r|d\w*|mos|m)|ate (?:nova|mais) ordem|ainda nao|desde que|sujeit[oa]s? a|caso (?:nao|haja|seja)|aprovac\w*|rascunho|encomenda de teste|apenas para informac\w*|nao (?:\w+ )?(?:entreg|envi|process|confirm|expedi)\w*|em vez de|substitui\w*|ja (?:encomend|envi|pedi)\w*|acrescent\w*|adicion\w*"
    r"|zrus\w*|omylem|neplatn\w*|uz ne\w*|zapomen\w*|pockej\w*|vyckej\w*|odloz\w*|pozastav\w*|zatim ne\w*|jeste ne\w*|az do odvolani|pod podminkou|za predpokladu|pokud(?![^.!?\n]{0,60}(?:dotaz|otaz))|schvalen\w*|s vyhradou|navrh objedn\w*|zkusebni|pouze pro informaci|nedod\w*|neposil\w*|nepotvrz\w*|misto toho|namisto|nahraz\w*|jiz (?:objedn|odesl)\w*|pridej\w*"
    r"|peruut\w*|peru (?:t[aäou]|se|n[aä]|til)\w*|vahingossa|mitatoi\w*|ei enaa|unohta\w*|odottakaa|odota\b|lykka\w*|lykat\w*|keskeyt\w*|toistaiseksi|ei viela|edellytt\w*|ehdolla|jos\b(?![^.!?\n]{0,60}(?:kysy|kysytt))|hyvaksy\w*|varauksella|luonnos|testitilaus|vain tiedoksi|alkaa (?:toimit|laheta)\w*|sijasta|korvaa\w*|lisatkaa"
    r"|torol\w*|visszavon\w*|ervenytelen\w*|tevedes\w*|mar nem|felejts\w*|varj(?:on|anak|atok)\b|halaszt\w*|felfuggeszt\w*|egyelore|meg nem|felteve|felteteles\w*|amennyiben(?![^.!?\n]{0,60}kerdes)|jovahagy\w*|fenntartas\w*|tervezet|teszt\w*|csak tajekoztat\w*|ne (?:szallits|kuldj)\w*|helyett|javitott|modositott"
)
"""The same kinds of words in Danish, Norwegian, Portuguese, Czech, Finnish and Hungarian."""

_SENTENCE: Final = re.compile(
    rf"(?<![\w-])(?:{_ELSEWHERE}|{_VOID}|{_WAITS}|{_DEPENDS}|{_IF}|{_NO_ORDER}|{_OURS_TO_JUDGE}|{_AGAIN}|{_MORE}|{_LESS})(?![\w-])"
)
_ROW: Final = re.compile(
    rf"(?<![\w-])(?:{_VOID}|{_WAITS}|{_LESS}|{_OURS_TO_JUDGE}|(?:if|falls|sofern|indien|jesli|jezeli) (?:\w+|[<>])|free of charge|kostenlos|gratuit\w*|gratis|instead of|anstatt|statt|replaces?|ersetzt|do not|don't)(?![\w-])"
)
_POLITE: Final = re.compile(
    r"(?:do not|don't|please do not) hesitate|zogern sie nicht|n'hesitez pas|no dud\w+ en|non esit\w+|aarzel niet|nie waha\w+|tveka inte|(?:we |i )?(?:look forward|await|wait)\w*(?: to| for)? (?:your|receiv\w+|hear\w*)[^.!?\n]{0,60}"
)
_SPACED: Final = re.compile(r"(?<!\w)(?:\w ){4,}\w(?!\w)")
_SCRIPTS: Final = re.compile(r"[a-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-z]")
_ENCODED: Final = re.compile(r"base64|[A-Za-z0-9+/]{40,}={0,2}")


def plain(text: str) -> str:
    """The text as the lists see it: without accents, capitals, soft hyphens and doubled blanks."""
    return re.sub(r"\s+", " ", fold(text[:_MOST].replace("\u00ad", "").replace("\u2019", "'")))


def doubt_in(text: str) -> str | None:
    """The words of a sender's own text that say the order is void, waits, depends, or is none; None without any."""
    bare = _POLITE.sub(" ", plain(text))
    found = _SENTENCE.search(bare) or _disguised(bare)
    return None if found is None else found[0].strip()[:60]


def row_doubt_in(text: str) -> str | None:
    """The words in a row of an order, or beside a code, that say the row is not to be taken as it stands."""
    found = _ROW.search(plain(text))
    return None if found is None else found[0].strip()[:60]


def _disguised(text: str) -> re.Match[str] | None:
    """Text written so that a reader of words passes over it: spaced letters, mixed alphabets, encodings."""
    return _SPACED.search(text) or _SCRIPTS.search(unicodedata.normalize("NFKC", text)) or _ENCODED.search(text)


_CANCELS: Final = re.compile(
    r"contradiction: .{0,80}?says '(?:cancel|void|withdr|revok|storn|annul|anul|avbest|makul|odwo|rezygn)\w*'",
    re.IGNORECASE,
)


_ALTERS: Final = re.compile(
    r"contradiction: .{0,80}?says '(?:geandert\w*|anderung\w*|korrigiert\w*|korrektur\w*|changed?|amend\w*|revis\w*|updated?|modif\w*|rectif\w*|cambi\w*|vari\w*|rettific\w*|gewijzigd\w*|wijzig\w*|andra\w*|andring\w*|zmian\w*|zmieni\w*|korekt\w*|endr\w*|alter\w*)'",
    re.IGNORECASE,
)


def says_its_purpose(warning: str, purpose: str) -> bool:
    """Whether a warning quotes only that an order is cancelled or changed, in a document that does so.

    That contradicts nothing.
    """
    said = {"cancel": _CANCELS, "change": _ALTERS}.get(purpose)
    return said is not None and said.match(warning) is not None
