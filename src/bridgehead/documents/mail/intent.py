"""Tells what a mail is for: an order, a change, a cancellation, or something that orders nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.order import Purpose
from bridgehead.documents.outcome import Kind
from bridgehead.documents.returns import is_return_title, speaks_of_return

_ORDERS: Final = re.compile(
    r"\b(?:(?:we|i)(?:'d| would)?(?: hereby| now| herewith| also| kindly| please)?(?: like to| want to| wish to| need to)?(?: place)?(?: an?| the| our| this| following)* ?(?:order|purchase)(?!\s*(?:number|no\b|#|from|of|was|has))"
    r"|place (?:an?|the|our|this|following) (?:following )?(?:new )?order|please (?:\w+ ){0,2}(?:supply|deliver|send us|ship|enter|process|book|dispatch|arrange|accept (?:this|our)|find (?:below |attached |enclosed )?our (?:new )?(?:purchase )?order|send (?:us )?(?:the following|\d))|we (?:need|require) (?:the following|\d)|purchase order|new order|our order below|kindly (?:supply|deliver|ship|send|process)"
    r"|(?:hiermit |wir |ich |gerne |möchten )+(?:\w+ ){0,5}(?:bestell\w*|ordern)|bestellen (?:wir|ich|hiermit|bei|folgende)|bestelle ich|bitte (?:\w+ ){0,3}(?:liefer\w*|schicken|senden|buchen|einplanen)|wir benötigen|unsere bestellung|neue bestellung|folgende (?:artikel|positionen|bestellung)|erhalten sie unsere"
    r"|(?:nous |je )(?:vous )?(?:command\w+|souhait\w+ (?:vous )?(?:passer|commander))|passer (?:la |une )?commande|(?:veuillez|merci de) (?:\w+ ){0,3}(?:livrer|expédier|enregistrer|fournir|traiter|envoyer|noter|trouver)|bon de commande|notre commande (?:suivante|ci-)|nouvelle commande|voici notre commande"
    r"|(?:deseamos|queremos|quisiéramos|solicitamos|pedimos|realizamos|hacemos|efectuamos|les pedimos) (?:\w+ ){0,4}(?:pedi\w+|siguiente\w*|art[ií]culos?|material\w*|\d)|(?:rogamos|por favor|ruego)[, ]+(?:\w+ ){0,3}(?:env\w+|sumin\w+|entreg\w+|sirvan|tramit\w+)|orden de compra|(?:les|le|os) (?:pasamos|remitimos|adjuntamos|enviamos|hacemos) (?:\w+ ){0,3}pedido|siguiente pedido|hacer (?:el|un) (?:siguiente )?pedido|nuevo pedido|adjunto nuestro pedido|nuestro pedido"
    r"|(?:vi |con la presente )?ordiniamo|(?:desideriamo|vorremmo|intendiamo) (?:\w+ ){0,2}ordin\w+|(?:vi preghiamo di|vogliate|si prega di|prego) (?:\w+ ){0,3}(?:fornir\w*|inviar\w*|evader\w*|spedir\w*|consegnar\w*|registrar\w*|inserir\w*)|ordine d['’ ]?acquisto|nuovo ordine|nostro ordine|il seguente ordine"
    r"|(?:wij |we |ik |graag |hierbij |willen )+(?:\w+ ){0,4}bestel\w*|bestellen (?:wij|we|ik)|(?:gelieve|graag|wilt u|verzoeke?n?) (?:\w+ ){0,4}(?:te )?(?:lever\w*|stur\w*|verwerk\w*|zend\w*|ontvangen)|(?:vi |jag |härmed |vill )+(?:\w+ ){0,3}best[äa]ll\w*|ink[öo]psorder|v[åa]r best[äa]llning|(?:v[äa]nligen|var god) (?:leverera|skicka)|prosz[ęe](?:my)? o (?:\w+ ){0,2}(?:przyj[ęe]cie|realizacj[ęe]|dostaw[ęe]|dostarczenie|wys[łl]anie)|prosimy o (?:\w+ ){0,2}(?:przyj[ęe]cie|realizacj[ęe]|dostaw[ęe]|dostarczenie|wys[łl]anie)|zamawia(?:my|m)|sk[łl]adamy zam[óo]wienie|(?:nasze|nowe) zam[óo]wienie|inkooporder|bestelbon|onze bestelling|nieuwe bestelling"
    r"|(?:can|could|may) (?:i|we) (?:please )?(?:also )?order|(?:pls|plz) (?:send|ship|supply|deliver|order)|please order|(?:i|we)(?:'ll| will) (?:take|have|need)|(?:i|we) need (?:another |a further )?\d"
    r"|(?:vi |jeg |hermed )+(?:vil gerne |[øo]nsker (?:at |[åa] )?|skal |kan vi )?(?:bestille[r]?)|bestilles hermed|venligst (?:send|lever|fremsend)\w*|vennligst (?:send|lever)\w*|vores (?:ordre|bestilling)|v[åa]r (?:ordre|bestilling)|indk[øo]bsordre|innkj[øo]psordre|f[øo]lgende bestilling"
    r"|(?:gostar[ií]amos|gostaria|desejamos|pretendemos|queremos|vimos) (?:\w+ ){0,3}encomend\w+|encomend(?:amos|o)|nota de encomenda|ordem de compra|pedido de compra|noss[ao] (?:encomenda|pedido)|(?:agradecemos|solicitamos) (?:\w+ ){0,3}(?:envi\w+|forneciment\w+|entreg\w+)|por favor,? (?:forne\w+|envi\w+|entreg\w+)"
    r"|objedn[áa]v[áa]me|objedn[áa]v[áa]m|objedn[áa]vk[au]|pros[íi]m(?:e)? o (?:dod[áa]n[íi]|zasl[áa]n[íi]|dod[áa]vku)|tilaamme|tilaan|haluamme tilata|tilauksemme|ostotilaus|megrendel(?:j[üu]k|em|ni|[ée]s\w*)|szeretn[ée]nk (?:meg)?rendelni|rendelni szeretn[ée]\w*)\b",
    re.IGNORECASE,
)
_CONFIRMS: Final = re.compile(
    r"(?:confirm(?:ing|ation of|s)?|confirme)\b[^.\n]{0,30}\b(?:phone|telephone|verbal|telephonic|yesterday's)\b[^.\n]{0,20}order|best[aä]tig\w*[^.\n]{0,40}telefonisch\w*[^.\n]{0,30}(?:bestell|auftr)|confirm\w*[^.\n]{0,30}commande[^.\n]{0,20}t[eé]l[eé]phon|confirm\w*[^.\n]{0,30}pedido[^.\n]{0,20}tel[eé]f|conferm\w*[^.\n]{0,30}ordine[^.\n]{0,20}telefon|bevestig\w*[^.\n]{0,30}telefonische[^.\n]{0,20}bestelling",
    re.IGNORECASE,
)
_ORDER_NOUN: Final = r"(?:purchase order|order|p\.?o\.?|bestellung|auftrag|commande|pedido|orden|ordine|bestelling|inkooporder|bestellnummer|bestellnr|bestelnummer|best[äa]llning|ink[öo]psorder|zam[óo]wieni[ea]|cde|ordre|bestilling|encomenda|objedn[áa]vk[auy]|tilaus|(?:meg)?rendel[ée]s)\w{0,3}"
_CANCELS: Final = re.compile(
    rf"(?:\bcancel(?:l?ation|l?ed|l?ing)?|\bmakuler\w*|\bavbest[äa]ll\w*|\banulow\w*|\banulacj\w*|\bwycofuj\w*|\bstorn\w+|\bannul\w+|\banul\w+|\bcancelar\w*|\bcancelaci[oó]n|\bannuller\w*|\bkanseller\w*|\bzru[šs]\w*|\bperu(?:a|u|t)\w*|\bt[öo]r[öo]l\w*|\bwithdraw\w*|\bzur[uü]ckzieh\w*)\b[^.!?\n]{{0,60}}?\b{_ORDER_NOUN}\b"
    rf"|\b{_ORDER_NOUN}\b[^.!?\n]{{0,60}}?(?:\bcancel(?:l?ation|l?ed)?|\bstorn\w+|\bannul\w+|\banul\w+|\bcancelar\w*|\bwithdrawn)\b|^\s*(?:re:\s*)?(?:cancellation|storno|stornierung|annulation|anulaci[oó]n|cancelaci[oó]n|annullamento|annulering)\b|auftragsstorno|bestellstorno",
    re.IGNORECASE | re.MULTILINE,
)
_CHANGES: Final = re.compile(
    rf"(?:\b(?:change|amendment|amend|amending|revision|revised?|update|updated|modif(?:y|ied|ication)|correct(?:ion|ed)|replaces?|supersedes?)\b(?: request| order| notice)?|\b(?:[aä]nderung\w*|ge[aä]nderte?\w*|[aä]ndern|korrektur|korrigierte?|ersetzt)\b|\b(?:modification|modifier|modifiez|rectificatif|rectification|avenant|remplace)\b|\b(?:modificaci[oó]n|modificar|cambio|cambiar|rectificaci[oó]n|sustituye)\b|\b(?:modific\w+|variazione|rettifica|sostituisce)\b|\b(?:wijzig\w+|gewijzigde?|aanpassing|vervangt|correctie)\b|\b(?:[äa]ndring\w*|[äa]ndra\w*|[äa]ndrad\w*|ers[äa]tter)\b|\b(?:zmian[aęy]\w*|zmieni\w*|korekt\w*|zast[ęe]puje)\b|\b(?:[æe]ndring\w*|[æe]ndre\w*|endring\w*|altera[çc]\w+|alterar|zm[ěe]n\w*|muut\w*|m[óo]dos[íi]t\w*)\b)[^.!?\n]{{0,40}}?\b{_ORDER_NOUN}\b"
    rf"|\b{_ORDER_NOUN}\b[^.!?\n]{{0,50}}?\b(?:change request|amendment|amended|revised|revision \d|rev\.? ?\d|has changed|[aä]nderung|ge[aä]ndert|[aä]ndern|modification|modifi[eé]e?|modificaci[oó]n|modificado|modifica|modificato|wijziging|gewijzigd|wijzigen)\b|bestell[aä]nderung|auftrags[aä]nderung|order change|change order|bestelwijziging|orderwijziging",
    re.IGNORECASE,
)
_BENIGN_CHANGE: Final = re.compile(
    r"\b(?:any|possible|no|eventuelle?n?|allf[aä]llige|toute?|[eé]ventuelle?s?|cualquier|qualsiasi|eventuali|eventuele)\s+(?:\w+\s+)?(?:changes?|amendments?|modif\w+|[aä]nderung\w*|cambios?|wijziging\w*|variazion\w*|corrections?|korrektur\w*)[^.!?\n]*",
    re.IGNORECASE,
)
_KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    (
        "complaint",
        re.compile(
            r"\b(?:complaint|complain\w*|claim\b|damaged|defective|faulty|broken|wrong (?:item|part|goods|quantity|article)s?|(?:short|missing) (?:delivery|shipment|quantit\w+|items?)|short[- ]shipped|not (?:acceptable|satisf\w+)|non-?conform\w+|reklam\w+|bem[aä]ngel\w*|m[aä]ngel\w*|besch[aä]digt\w*|defekt\w*|falsch geliefert|falsch-?liefer\w*|fehl-?liefer\w*|ander\w+ (?:artikel|ware|teil\w*) geliefert|mauvaise livraison|erreur de livraison|entrega (?:err[oó]nea|equivocada)|consegna (?:errata|sbagliata)|(?:verkeerde|foutieve) levering|felleverans\w*|b[łl][ęe]dn\w+ dostaw\w*|fejllever\w*|wrong deliver\w*|fehlmenge|fehlteil\w*|falsche\w* (?:ware|artikel|lieferung|teile)|r[eé]clamation|endommag\w+|d[eé]fectueu\w+|cass[eé]e?s?|non conforme\w*|litige|manquant\w*|reclamaci[oó]n|reclamo|da[nñ]ad\w+|defectuos\w+|roto?s?|no conform\w+|danneggiat\w+|difettos\w+|difform\w+|merce errata|klacht\w*|beschadigd\w*|kapot|gebrek\w*|verkeerd(?:e)? (?:geleverd|artikel\w*|product\w*)|ontbre\w+|reclamatie|skada[dt]\w*|felaktig\w*|fel (?:vara|artikel)|saknas|reklamacj\w*|uszkodzon\w*|wadliw\w*|niezgodn\w*|reklamation\w*|beskadiget\w*|skadet|reclama[çc][ãa]o|danificad\w*|defeituos\w*|reklamac[ei]\w*|po[šs]kozen\w*|vadn[ýáéi]\w*|reklamaatio\w*|vaurioitun\w*|reklam[áa]ci\w*|s[ée]r[üu]lt\w*)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "delivery_note",
        re.compile(
            r"\b(?:delivery note|packing (?:list|slip)|dispatch (?:note|advice|notification)|despatch (?:note|advice)|shipping (?:notice|notification|advice)|shipment notification|advance shipping|has been (?:shipped|dispatched)|have (?:shipped|dispatched)|lieferschein\w*|lieferavis|versandanzeige|versandbest[aä]tigung|versandmitteilung|wurde (?:heute )?versandt|packliste|bon de livraison|bordereau (?:de livraison|d[’']exp[eé]dition)|avis d[’']exp[eé]dition|albar[aá]n|nota de entrega|aviso de env[ií]o|bolla di (?:consegna|accompagnamento)|documento di trasporto|d\.?d\.?t\b|avviso di spedizione|pakbon|vrachtbrief|leverbon|verzendbevestiging|afleverbon|f[öo]ljesedel\w*|leveransavi\w*|har skickats|awizo|dokument wz|zosta[łl]\w* wys[łl]an\w*)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "invoice",
        re.compile(
            r"\b(?:(?:our|attached|the|your) invoice|invoice (?:no|number|#|\d)|payment reminder|overdue|rechnung (?:nr|nummer|\d)|unsere rechnung|zahlungserinnerung|mahnung|notre facture|facture n|rappel de paiement|factura n|nuestra factura|fattura n|sollecito|factuur n|onze factuur|betalingsherinnering|remittance)",
            re.IGNORECASE,
        ),
    ),
    (
        "question",
        re.compile(
            r"(?:\b(?:request for (?:quot\w+|a quote|offer|proposal|information)|rfq|rfi|please (?:\w+ ){0,2}quote|quote (?:us|for|request)|(?:your|a|best|an) (?:quotation|offer|quote)\b|price (?:inquiry|enquiry|request|list)|inquiry|enquiry|could you (?:please )?(?:tell|let|confirm|inform|advise|check|send|quote)|can you (?:please )?(?:tell|let|confirm|advise|check|send|quote)|when (?:will|can|do)|where is|what is the (?:status|price|lead)|do you (?:have|stock|offer|still|also)|is it possible|(?:order|delivery) status|status of|availab\w+\?|lead time|question|would you be able"
            r"|anfrage|preisanfrage|angebotsanfrage|r[uü]ckfrage|bitte (?:um )?(?:ein )?angebot|frage (?:zu|zur|zum|bez)|wann (?:wird|kommt|k[oö]nnen|ist|d[uü]rfen)|wo bleibt|k[oö]nnen sie (?:uns|bitte|mir)|k[oö]nnten sie|lieferstatus|lieferzeit|ist .{3,40} lieferbar|haben sie"
            r"|demande de (?:prix|devis|renseignement\w*|cotation|disponibilit\w+)|devis|pouvez-vous|pourriez-vous|quand (?:sera|allez|pouvez|est-ce)|o[uù] en est|avez-vous|quel(?:le)? est|question"
            r"|solicitud de (?:presupuesto|oferta|precio|cotizaci[oó]n|informaci[oó]n)|presupuesto|cotizaci[oó]n|consulta|podr[ií]an?|pueden|cu[aá]ndo|d[oó]nde est[aá]|tienen|estado del pedido"
            r"|richiesta (?:di )?(?:offerta|preventivo|prezzo|informazioni|disponibilit[aà])|preventivo|potete|potreste|quando|dov'[eè]|avete|stato dell'ordine|a che punto"
            r"|offerteaanvraag|prijsaanvraag|aanvraag|offerte|kunt u|zou u|wanneer|waar blijft|hebben jullie|heeft u|vraag (?:over|m\.?b\.?t|aangaande)|vraagje|informatie over|levertijd|offertf[öo]rfr[åa]gan|f[öo]rfr[åa]gan|kan ni|kunde ni|n[äa]r (?:kan|kommer)|har ni|zapytanie\w*|czy (?:mog[ąa]|mo[żz]\w+|macie|posiadaj\w*)|kiedy|foresp[øo]rgsel|foresp[øo]rsel|(?:et |om )tilbud|hvorn[åa]r|kan i (?:oplyse|sende)|pedido de (?:cota[çc][ãa]o|or[çc]amento)|or[çc]amento|cota[çc][ãa]o|popt[áa]vk\w*|cenov\w+ nab[íi]dk\w*|tarjouspyynt\w*|milloin|[áa]raj[áa]nlat\w*|mikor|prosz[ęe] o (?:ofert[ęe]|wycen[ęe]|informacj[ęe])|prosimy o (?:ofert[ęe]|wycen[ęe]|informacj[ęe]))\b)",
            re.IGNORECASE,
        ),
    ),
    (
        "newsletter",
        re.compile(
            r"\b(?:unsubscribe|newsletter|abmelden|abbestellen|austragen|d[eé]sabonner|d[eé]sinscri\w+|lettre d'information|infolettre|darse? de baja|bolet[ií]n|cancellarsi|disiscri\w+|annulla(?:re)? l'iscrizione|uitschrijven|afmelden|nieuwsbrief|nyhetsbrev\w*|avregistrera\w*|wypisz\w*|zrezygnuj\w*|view (?:this (?:e-?mail )?)?in (?:your )?browser|im browser (?:an)?zeigen|webinar|special offer|sonderangebot\w*|trade (?:fair|show)|messe\w*|ofertas? especial\w*|black friday)\b",
            re.IGNORECASE,
        ),
    ),
)
_AUTO_SUBJECT: Final = re.compile(
    r"^\s*(?:re:\s*)?(?:out of (?:the )?office|automatic reply|auto(?:matische)? ?(?:reply|antwort|r[eé]ponse)|abwesenheit\w*|r[eé]ponse automatique|absence|respuesta autom[aá]tica|fuera de la oficina|risposta automatica|fuori sede|automatisch antwoord|autosvar|fr[åa]nvarande|automatyczna odpowied[źz]|nieobecno[śs][ćc]|afwezig\w*|undeliver\w+|mail delivery|delivery status notification|unzustellbar)",
    re.IGNORECASE,
)


_ANSWER: Final = re.compile(r"^(?:\s*(?:re|aw|fwd?|wg|tr|rv|i|sv|vs|odp|enc)\s*:)+\s*", re.IGNORECASE)
_ANNOUNCES: Final = re.compile(
    r"\b(?:attach(?:ed|ment|ments|ing)?|enclos(?:ed|ing|ure)|im anhang|in der anlage|als anlage|anbei|beigef[uü]gt\w*|angeh[aä]ngt\w*|siehe anlage|anh[aä]ngend\w*|beiliegend\w*"
    r"|ci-?joint\w*|en pi[eè]ce jointe|pi[eè]ces? jointes?|joint [aà] ce|adjunt\w*|en anexo|em anexo|anexo|anexad\w*|in allegato|allegat[oaie]|alleghiamo|bijgevoegd\w*|bijlagen?|in bijlage|bijgaand\w*"
    r"|bifoga(?:d|t|de|s|r)?|bilaga(?:n|or)?|vedlagt|vedh[aæ]ftet|vedlegg|vedh[aæ]ft\w*|w za[łl][aą]czeni\w+|za[łl][aą]czon\w+|za[łl][aą]cznik\w*|za[łl][aą]cz\w+|v p[rř][ií]lo\w+|p[rř]ilo[zž]en\w*|liitteen[aä]|mell[eé]kel\w*)\b",
    re.IGNORECASE,
)


def announces_attachment(text: str) -> bool:
    """Whether a text says that something is attached, in twelve languages."""
    return _ANNOUNCES.search(text[:4000]) is not None


@dataclass(frozen=True, slots=True)
class Intent:
    """What the words of a mail say it is for. ``kind`` is the strongest reading that orders nothing."""

    orders: bool
    purpose: Purpose
    kind: Kind | None
    kind_in_subject: bool
    asks: bool


def intent_of(subject: str, text: str) -> Intent:
    """Reads subject and own text (up to 4,000 characters)."""
    text = text[:4000]
    spoken = f"{subject}\n{text}"
    cleaned = _BENIGN_CHANGE.sub(" ", spoken)
    purpose: Purpose = "original"
    if _CANCELS.search(cleaned):
        purpose = "cancel"
    elif _CHANGES.search(cleaned):
        purpose = "change"
    elif _CONFIRMS.search(spoken):
        purpose = "confirmation"
    kind: Kind | None = None
    in_subject = False
    for name, pattern in _KINDS:
        if pattern.search(subject):
            kind, in_subject = name, True
            break
    if kind is None:
        for name, pattern in _KINDS:
            if pattern.search(text):
                kind = name
                break
    if kind in {None, "delivery_note"} and is_return_title(_ANSWER.sub("", subject)):
        kind, in_subject = "goods_return", True
    elif kind == "delivery_note" and speaks_of_return(spoken):
        kind = "goods_return"
    return Intent(_ORDERS.search(spoken) is not None, purpose, kind, in_subject, "?" in text)


def is_automatic(subject: str) -> bool:
    """Whether the subject is one that absence and delivery robots write."""
    return _AUTO_SUBJECT.search(subject) is not None
