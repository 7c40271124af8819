"""Divides the lines of a mail into what the sender wrote, the signature, quoted threads and forwarded messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridgehead.documents.addresses import is_place

TextLine = tuple[int, str]
"""Line number (1-based) and text."""

_FORWARD = re.compile(
    r"^[\s>*_-]{0,20}(?:begin forwarded message|forwarded message|weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-mail)|(?:d[eé]but du )?message (?:transf[eé]r[eé]|r[eé]exp[eé]di[eé])|(?:inicio del )?mensaje reenviado|(?:inizio (?:del )?)?messaggio inoltrato|(?:b[öo]rjan av )?vidarebefordrat meddelande|pocz[ąa]tek przekaz(?:yw)?anej wiadomo[śs]ci|(?:begin )?doorgestuurd bericht|vidarebefordrat (?:brev|meddelande)|wiadomo[śs][ćc] przekazana dalej|przekazana wiadomo[śs][ćc]|videresendt (?:besked|meddelelse|melding|e-?mail)|mensagem (?:re)?encaminhada|p[řr]eposlan[áa] zpr[áa]va|v[äa]litetty viesti|tov[áa]bb[íi]tott [üu]zenet)\b[\s:>*_-]{0,40}$",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^[\s>*_-]{0,20}(?:original message|original appointment|urspr[uü]ngliche nachricht|originalnachricht|message d[’']origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande|wiadomo[śs][ćc] oryginalna|oryginalna wiadomo[śs][ćc]|oprindelig (?:besked|meddelelse)|opprinnelig melding|mensagem original|p[ůu]vodn[íi] (?:zpr[áa]va|e-?mail)|alkuper[äa]inen viesti|eredeti [üu]zenet)\b[\s:>*_-]{0,40}$",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"^\s*(?:(?:on|am|le|el|il|op|den|w dniu|dnia|em|no dia|a|dne|kl|pe|ma|ke|to|mon|tue|wed|thu|fri|sat|sun)\b|\d{1,4}[-./ ]|\d{6}\s).{5,200}\b(?:wrote|schrieb|a [eé]crit|escribi[oó]|ha scritto|schreef|skrev|napisa[łl]\(?a?\)?|escreveu|napsal\(?a?\)?|kirjoitti|[íi]rta)\b.{0,80}:\s*$",
    re.IGNORECASE,
)
_BLOCK_FROM = re.compile(
    r"^\s*\*{0,2}(?:from|von|de|da|van|expéditeur|från|od|fra|remitente|l[äa]hett[äa]j[äa]|felad[óo])\s?\*{0,2}:\*{0,2}\s*\S",
    re.IGNORECASE,
)
_QUOTED_HEAD = re.compile(rf"^>\s?{_BLOCK_FROM.pattern.removeprefix('^')}", re.IGNORECASE)
_BLOCK_NEXT = re.compile(
    r"^\s*\*{0,2}(?:sent|date|gesendet|datum|envoy[eé]|enviado|fecha|inviato|data|verzonden|skickat|wys[łl]ano|sendt|odesl[áa]no|l[äa]hetetty|elk[üu]ldve|til|komu|vastaanottaja|c[íi]mzett|emne|assunto|p[řr]edm[ěe]t|aihe|t[áa]rgy|data|till|do|[äa]mne|temat|to|an|[àa]|para|aan|subject|betreff|objet|asunto|oggetto|onderwerp|cc)\s?\*{0,2}:",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s*(?:(?:with |my |our )?(?:best|kind|kindest|warm|warmest)(?: regards| wishes)?|regards|sincerely|yours (?:faithfully|sincerely|truly)|many thanks(?: and)?(?: (?:best|kind))?(?: regards)?|thank(?:s| you)(?: (?:and|in advance|very much|so much))?(?:,? (?:and )?(?:best|kind) regards)?|cheers|rgds|br"
    r"|(?:mit )?(?:freundliche[nm]?|besten?|herzliche[nm]?|viele[n]?|sch[oö]ne[n]?|liebe[n]?) (?:gr(?:ü|ue|u)(?:ß|ss)e?n?|gr[uü]ss)(?: aus .{2,30})?|mfg|vg|lg|hochachtungsvoll|gru(?:ß|ss)|danke und gru(?:ß|ss)|(?:vielen|besten|herzlichen) dank(?: (?:im voraus|und .{3,30}))?|i\. ?a\."
    r"|(?:bien |tr[eè]s )?cordialement|(?:meilleures |sinc[eè]res |cordiales )?salutations(?: distingu[eé]es)?|bien à vous|(?:nous vous prions|veuillez|je vous prie) (?:d[’']agr[eé]er|agr[eé]er|de croire).{0,120}|(?:merci(?: d[’']avance| par avance| beaucoup)?(?: et .{3,30})?)|cdlt"
    r"|(?:un )?(?:cordial )?(?:saludos?|saludo)(?: cordiales| cordial)?|atentamente|atte\.?|(?:le |les )?(?:saluda|saludamos) atentamente|(?:muchas )?gracias(?: de antemano| por adelantado)?(?: y .{3,30})?|reciba un cordial saludo"
    r"|(?:cordiali|distinti|cari|migliori|un cordiale) salut[oi]|cordialmente|saluti|(?:grazie|ringraziando)(?: mille| in anticipo)?(?: e .{3,30})?"
    r"|(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|mvg|m\.?v\.?g\.?|groet(?:en|jes)?|hoogachtend|(?:med )?(?:v[äa]nlig|b[äa]sta|hj[äa]rtliga)\w* h[äa]lsning(?:ar)?|mvh|h[äa]lsningar|(?:tack|stort tack)(?: p[åa] f[öo]rhand)?|z (?:wyrazami szacunku|powa[żz]aniem)|(?:serdecznie )?pozdrawiam(?:y)?|(?:z )?pozdrowieni\w+|(?:dzi[ęe]kuj[ęe]|z g[óo]ry dzi[ęe]kuj[ęe])(?: i .{3,30})?|(?:alvast )?(?:hartelijk )?(?:bedankt|dank)(?: voor.{0,30}| en .{3,30})?|met dank|(?:med )?venn?lig(?:e)? hilsen(?:er)?|(?:de bedste |bedste |mange )?hilsn?(?:er|en)|mvh|(?:com os )?(?:melhores |cordiais )?cumprimentos|atenciosamente|(?:muito )?obrigad[oa](?: e .{3,30})?|s (?:pozdravem|p[řr][áa]n[íi]m .{3,30})|d[ěe]kuj(?:i|eme)(?: .{3,30})?|(?:yst[äa]v[äa]llisin )?terveisin|kiitos(?: etuk[äa]teen)?|(?:sz[íi]v[ée]lyes )?[üu]dv[öo]zlettel|tisztelettel|k[öo]sz[öo]n[öo]m|k[öo]sz[öo]nettel|(?:p[åa] )?forh[åa]nd tak|(?:mange )?takk?(?: p[åa] forh[åa]nd)?)\s*[,.!]*\s*$",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"^\W{0,4}(?:(?:this|the) (?:e-?mail|message|communication|information|transmission|electronic mail)\b.{0,200}|.{0,40}\bconfidential(?:ity)?\b.{0,200}|diese (?:e-?mail|nachricht|information).{0,200}|der inhalt dieser e-?mail.{0,200}|ce (?:message|courriel|mail|courrier).{0,200}|les informations contenues.{0,200}|este (?:mensaje|correo|e-?mail).{0,200}|la informaci[oó]n contenida.{0,200}|(?:questo|il presente|la presente) (?:messaggio|e-?mail|comunicazione).{0,200}|le informazioni contenute.{0,200}|dit (?:bericht|e-?mail).{0,200}|deze e-?mail.{0,200}|de informatie (?:in|verzonden).{0,200}|disclaimer\b.{0,200}|det(?:ta|ta e-?)\s?(?:meddelande|mejl|e-?postmeddelande).{0,200}|denna e-?post.{0,200}|(?:ta |niniejsza )?wiadomo[śs][ćc] (?:jest|ta|zawiera|e-?mail).{0,200}|t[äa]nk p[åa] milj[öo]n.{0,200}|(?:please )?(?:consider|think of) (?:the )?environment.{0,200}|avis de confidentialit[eé].{0,200}|aviso legal.{0,200}|avviso.{0,10}riservat.{0,200}|sent from my .{0,60}|von meinem .{0,30} gesendet.{0,30}|envoy[eé] de mon .{0,60}|enviado desde mi .{0,60}|inviato da(?:l mio)? .{0,60}|verzonden vanaf .{0,60})$",
    re.IGNORECASE,
)
_CONFIDENTIAL = re.compile(
    r"confiden|vertraulich|konfidentiell|poufn|adressat|adresat|milj|[śs]rodowisk|confidenc|riservat|vertrouwelijk|intended|bestimmt|destinat|bestemd|addressee|empf[aä]nger|privileg|sent from|gesendet|envoy|enviado|inviato|verzonden|environment|disclaimer|aviso legal",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"^\s*(?:p\.?\s?s\.?|nota bene|n\.?b\.?)\s*[:.\-]", re.IGNORECASE)


_DEPARTMENT = re.compile(
    r"^\W{0,3}(?:the |i\. ?[av]\. |p\. ?p\. )?(?:purchas(?:ing|e|es)|procurement|buying|supply chain|sourcing|(?:zentral|strategischer |operativer |abteilung |abt\. )?einkauf(?:sabteilung)?|beschaffung|(?:service|d[eé]partement|direction)(?: des)? achats|achats|approvisionnements?|(?:dpto\.?|dep(?:arta|to)?\w*\.?)(?: de)? compras|compras|ufficio acquisti|acquisti|(?:afdeling )?inkoop(?:afdeling)?|ink[öo]p(?:savdelning\w*)?|indk[øo]b(?:safdeling\w*)?|innkj[øo]p(?:savdeling\w*)?|dzia[łl] zakup[óo]w|zakupy|n[áa]kup|osto(?:-?osasto|t)?|beszerz[ée]s)"
    r"(?: (?:department|dept\.?|office|team|division))?\W{0,3}$",
    re.IGNORECASE,
)
_REACHED = re.compile(
    r"^\W{0,3}(?:(?:tel(?:efon|[eé]fono|e?foon)?|phone|ph|fon|fax|mobile?|m[oó]vil|cell|t[eé]l(?:[eé]phone)?)\b[\s.:]{0,4}\+?[\d(]|\+\d|(?:e-?mail:? )?[\w.+-]{1,64}@[\w.-]{3,80}$|(?:web:? )?(?:https?://|www\.))",
    re.IGNORECASE,
)
_SIGNED_LINES = 8
"""An address of a department with more lines than this is no signature."""

_COVER_LINES = 12
"""A cover of more lines than this is a letter of its own."""


@dataclass(slots=True)
class Sections:
    """The lines by what they are. ``forwarded`` is the first forwarded message, ``quoted`` all older threads."""

    own: list[TextLine] = field(default_factory=list)
    signature: list[TextLine] = field(default_factory=list)
    quoted: list[TextLine] = field(default_factory=list)
    forwarded: list[TextLine] = field(default_factory=list)
    disclaimer: list[TextLine] = field(default_factory=list)


def divide(lines: Sequence[TextLine], *, forwards: bool = False) -> Sections:
    """Divides a mail body; ``forwards`` says that the subject announces a forwarded message."""
    sections = Sections()
    target = sections.own
    for index, (number, text) in enumerate(lines):
        if target is sections.quoted or target is sections.forwarded:
            target.append((number, text))
            continue
        if _FORWARD.match(text[:200]):
            target = sections.forwarded
            continue
        if _ORIGINAL.match(text[:200]) or _wrote(lines, index) or _header_block(lines, index):
            if forwards and sum(1 for _, one in sections.own if one.strip()) <= _COVER_LINES:
                target = sections.forwarded
                if _ORIGINAL.match(text[:200]) is None:
                    sections.forwarded.append((number, text))
                continue
            target = sections.quoted
            sections.quoted.append((number, text))
            continue
        if text.startswith(">") and not text.startswith(">>>"):
            sections.quoted.append((number, text.lstrip("> ")))
            continue
        if text.rstrip() == "--" and target is sections.own and any(one.strip() for _, one in sections.own):
            target = sections.signature
            continue
        if _DISCLAIMER.match(text[:400].strip()) and _CONFIDENTIAL.search(text):
            target = sections.disclaimer
        elif target is sections.own and len(text) < 160 and not text.endswith(":") and _CLOSING.match(text):
            if _more_follows(lines, index):
                continue
            target = sections.signature
        elif target is sections.signature and _POSTSCRIPT.match(text):
            sections.own.append((number, text))
            continue
        target.append((number, text))
    if not sections.signature:
        _sign(sections)
    return sections


def _sign(sections: Sections) -> None:
    """Takes for the signature what ends the text without a closing: a buying department, its address, its telephone."""
    own = sections.own
    end = len(own)
    while end and not own[end - 1][1].strip():
        end -= 1
    first = end
    while first and end - first < _SIGNED_LINES and _REACHED.match(own[first - 1][1][:200]):
        first -= 1
    if first == end:
        return
    for at in range(first - 1, max(end - _SIGNED_LINES, 0) - 1, -1):
        if not own[at][1].strip():
            return
        if _DEPARTMENT.match(own[at][1][:80]):
            if any(is_place(text.strip()) for _, text in own[at + 1 : first]):
                sections.signature = own[at:]
                del own[at:]
            return


def _wrote(lines: Sequence[TextLine], index: int) -> bool:
    text = lines[index][1]
    if len(text) > 300 or not text.strip():
        return False
    if _WROTE.match(text):
        return True
    return (
        index + 1 < len(lines)
        and not text.rstrip().endswith((".", ":"))
        and bool(_WROTE.match(f"{text} {lines[index + 1][1]}"[:300]))
    )


def _header_block(lines: Sequence[TextLine], index: int) -> bool:
    if index == 0 or not _BLOCK_FROM.match(lines[index][1][:200]):
        return False
    following = [text for _, text in lines[index + 1 : index + 5]]
    return sum(1 for text in following if _BLOCK_NEXT.match(text[:200])) >= 2


def _more_follows(lines: Sequence[TextLine], index: int) -> bool:
    """Whether a thank-you stands in the middle: what follows is long text or another closing."""
    following = [text for _, text in lines[index + 1 : index + 25] if text.strip()]
    return (
        any(_CLOSING.match(text[:160]) for text in following[:12])
        and len(lines[index][1]) < 160
        and bool(
            re.match(
                r"^\s*(?:thank|danke|vielen dank|besten dank|merci|gracias|grazie|bedankt|alvast|muchas|many thanks|hartelijk)",
                lines[index][1],
                re.IGNORECASE,
            )
        )
    )


def _unquoted(lines: Sequence[TextLine]) -> Sequence[TextLine]:
    """The lines of a message whose first ones are all quoted, those without one sign of quoting; others as they are."""
    first = next((at for at, (_, text) in enumerate(lines) if text.strip()), None)
    if first is None or not _QUOTED_HEAD.match(lines[first][1][:200]):
        return lines
    end = next((at for at in range(first, len(lines)) if not lines[at][1].startswith(">")), len(lines))
    return [*((number, text[1:].removeprefix(" ")) for number, text in lines[first:end]), *lines[end:]]


def forwarded_headers(lines: Sequence[TextLine]) -> tuple[dict[str, TextLine], list[TextLine]]:
    """The header block at the start of a forwarded message, by English name, and the lines after it.

    Where the program that forwarded it quoted it (``> From: ...``), the lines after it are those that it quoted,
    without their sign, and then what follows them.
    """
    lines = _unquoted(lines)
    names = {
        "von": "from",
        "de": "from",
        "da": "from",
        "van": "from",
        "gesendet": "date",
        "sent": "date",
        "datum": "date",
        "envoyé": "date",
        "enviado": "date",
        "fecha": "date",
        "inviato": "date",
        "data": "date",
        "verzonden": "date",
        "från": "from",
        "od": "from",
        "fra": "from",
        "remitente": "from",
        "lähettäjä": "from",
        "feladó": "from",
        "sendt": "date",
        "odesláno": "date",
        "lähetetty": "date",
        "elküldve": "date",
        "emne": "subject",
        "assunto": "subject",
        "předmět": "subject",
        "aihe": "subject",
        "tárgy": "subject",
        "skickat": "date",
        "wysłano": "date",
        "ämne": "subject",
        "temat": "subject",
        "betreff": "subject",
        "objet": "subject",
        "asunto": "subject",
        "oggetto": "subject",
        "onderwerp": "subject",
    }
    found: dict[str, TextLine] = {}
    start = 0
    for index, (number, text) in enumerate(lines[:14]):
        if found and text.strip().startswith("<") and "@" in text:
            # The address of a sender whose line was too long stands in the next.
            last = next(reversed(found))
            found[last] = (found[last][0], f"{found[last][1]} {text.strip()}")
            start = index + 1
            continue
        label, colon, value = text.replace("*", "").lstrip("> ").partition(":")
        key = label.strip().lower()
        if not text.strip() and not found:
            continue
        if (
            colon
            and len(key) < 14
            and (
                key in names
                or key
                in {
                    "from",
                    "to",
                    "date",
                    "subject",
                    "cc",
                    "an",
                    "para",
                    "aan",
                    "à",
                    "a",
                    "till",
                    "do",
                    "dw",
                    "til",
                    "komu",
                    "vastaanottaja",
                    "címzett",
                }
            )
        ):
            found.setdefault(names.get(key, key), (number, value.strip()))
            start = index + 1
        elif found:
            break
    return found, list(lines[start:])
