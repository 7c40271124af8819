"""Finds text that tries to instruct the reader, and free text that contradicts the data of an order."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bridgehead.documents.confidence import FAMILIES
from bridgehead.documents.doubt import doubt_in, row_doubt_in
from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Source
from bridgehead.documents.tables.heading_parts import fold

_INSTRUCTION: Final = re.compile(
    r"(?:ignor\w+|disregard|forget|override|bypass|vergiss|missacht\w+|oublie[zr]?|ignorez|olvid\w+|dimentica\w*|negeer)\W+(?:\w+\W+){0,4}"
    r"(?:instruction|instruktion|anweisung|prompt|rule|regel|check|polic|consigne|r[eè]gle|instruccion|reglas|istruzion|regole|instructies|guideline|guardrail|limit|pr[uü]fung)"
    r"|\b(?:system|developer)[ _-]?(?:prompt|message|override|instruction|note)\b|<\|?(?:system|assistant|im_start)|\[/?(?:inst|system)\]|\[system\b|^ ?(?:system|assistant) ?:"
    r"|\byou are (?:now |an? )?(?:ai|assistant|language model|llm|bot|agent|order (?:processing )?(?:agent|bot|assistant))"
    r"|\b(?:language model|large language|llm|chatgpt|gpt-?\d|claude|gemini|copilot|ki-agent|ki-assistent|ai[- ](?:agent|assistant|system|model|reader)|ai processing|agent[e]? (?:ia|ai)|modelo de lenguaje|mod[eè]le de langage|modello linguistico|taalmodel|sprachmodell|intelligence artificielle|inteligencia artificial|intelligenza artificiale|k[uü]nstliche intelligenz|kunstmatige intelligentie)\b"
    r"|\b(?:auto(?:matically|matisch|matiquement|m[aá]ticamente|maticamente)?[- ]?(?:approv|accept|confirm|genehmig|freigeb|best[aä]tig|approuv|valid|aprob|acept|approv|accett|goedkeur))"
    r"|\b(?:pre-?approved|vorab genehmigt|bereits freigegeben|d[eé]j[aà] approuv|ya aprobad|gi[aà] approvat|reeds goedgekeurd)"
    r"|\b(?:without|skip|ohne|sans|sin|senza|zonder|no|overspringen?|[uü]berspring\w*|sauter?|omit\w*|saltare?|sla)\W+(?:\w+\W+){0,4}(?:human|manual|manuell\w*|credit|price|pricing|kredit|preis)?\W*(?:review|approval|check(?:s|ing)?|validation|verification|pr[uü]fung|kontrolle|freigabe|genehmigung|v[eé]rification|validation|contr[oô]le|revisi[oó]n|verificaci[oó]n|aprobaci[oó]n|verifica|controllo|approvazione|controle|goedkeuring)\b"
    r"|\b(?:note|message|attention|hinweis|instruction|anweisung|nota|note|bericht|mensaje|messaggio)\W+(?:to|for|an|f[uü]r|an den|an das|aan|para|pour|per|al|[àa])\W+(?:\w+\W+){0,2}(?:reader|parser|processor|automat\w*|system|bot|agent|machine|maschine|software|robot)"
    r"|^\W{0,3}(?:to|for|an|f[uü]r|aan|voor|all?|allo|para|per|[àa]|aux?|pour|till?|f[oö]r|do|dla)\W+(?:[^\W\d_]+[\W_]+){0,3}?(?:[\w-]*system[aoeu]?t?|syst[eè](?:me|em)|sistema|bots?|agent[eoa]?[ns]?|parser\w*|robots?|assist[ae]nte?[ns]?|automat\w{0,6}|ai|ki|ia)(?:\W+(?:automat|autom[aá]ti)\w{1,8})?\s?:"
    r"|\b(?:mark|treat|flag|set|book|classify|confirm|markier\w*|verbuch\w*|buche|behandel\w*|marque[zr]?|marca\w*|considera\w*|markeer)\W+(?:\w+\W+){0,5}(?:as|to|als|comme|como|come)\W+(?:approved|verified|trusted|paid|urgent priority|genehmigt|gepr[uü]ft|freigegeben|bezahlt|approuv\w+|valid[eé]\w*|aprobad\w+|approvat\w+|goedgekeurd)"
    r"|\b(?:do not|don't|never|nicht|ne pas|no|non|niet)\W+(?:\w+\W+){0,3}(?:flag|escalate|forward to (?:a )?human|hold this|eskalier\w*|escalad\w*|escalar|escalar|escaleren|melden)\b"
    r"|\b(?:change|set|use|apply|adjust|setze?n?|[aä]nder\w*|appliqu\w+|aplic\w+|applic\w+|pas)\W+(?:\w+\W+){0,4}(?:price|prices|unit price|credit limit|bank (?:account|details)|discount|preise?|kreditlimit|bankverbindung|rabatt|prix|remise|precios?|descuento|prezz[oi]|sconto|prijs|korting)\b\W+(?:\w+\W+){0,4}(?:to|of|auf|von|[àa]|au|de|al?|naar|van|=)\W*(?:zero|0\b|\d|null|free)"
    r"|\b(?:release|book|process|execute|ship|freigeben|buchen|ausf[uü]hren)\W+(?:\w+\W+){0,3}(?:immediately|sofort|now)\W+(?:and\W+)?(?:without|regardless|irrespective|ohne|ungeachtet)",
    re.MULTILINE,
)
_BLANK_LINES: Final = re.compile(r"\n\s+")
_INVISIBLE: Final = re.compile("[\u200b\u2060\u2062\u2063\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")

_DEVIATES: Final = re.compile(
    r"\b(?:instead(?: of)?|rather than|statt(?:dessen)?|anstatt|anstelle|au lieu d\w*|en lugar de|en vez de|invece d\w*|anzich\w*|in plaats van"
    r"|not (?:as|the|to be|to the)|ignore|disregard|correct(?:ion|ed)|korrektur|korrigier\w*|abweichend\w*|entgegen|deviat\w+|contrary|contradict\w*|differ\w*"
    r"|corrections?|rectific\w+|correzione|correctie|wijkt|afwijk\w*|contrairement|contrariamente|diff[eé]rent\w*|distint[oa]s? (?:de|a)|divers[oia] d\w+"
    r"|please (?:change|cancel|remove|omit|drop|skip|hold|only)|bitte (?:nur|nicht|streichen|[aä]ndern|weglassen|zur[uü]ckhalten)|nur noch|actually|eigentlich|tats[aä]chlich|en r[eé]alit[eé]|en fait|en realidad|in realt[aà]|eigenlijk|in feite"
    r"|(?:do not|don't|please no|not yet|nicht|kein(?:e|en)?|ne pas|pas encore|no|non|niet|geen)\W+(?:\w+\W+){0,4}(?:deliver|ship|send|produce|book|liefer\w*|versend\w*|verschick\w*|livr\w*|exp[eé]di\w*|envi\w*|entreg\w*|consegn\w*|sped\w*|lever\w*|verzend\w*)"
    r"|cancel|cancelled|storn\w+|annul\w+|anula\w*|delete|streich\w*|supprim\w*|elimin\w*|schrap\w*|double the|doppelte|doubl\w+\b(?![ -](?:wrap|box|bag|pack|wall|side|stack|layer|row|strand|glaz|acting|check)\w*)|duplic\w+|verdubbel\w*|twice|half the"
    r"|wrong|falsch|veraltet|outdated|erron[eé]\w*|incorrect\w*|equivocad\w*|sbagliat\w*|errat[oia]|onjuist|fout\w*|obsol[eè]t\w*|supersed\w+|overrid\w*|replaces|ersetzt|remplace|reemplaza|sostituisce|vervangt"
    r"|free of charge|kostenlos|gratuit\w*|gratis|in fact|not \d|nicht \d|pas \d|no \d|non \d|niet \d|but only|aber nur|mais seulement|pero solo|ma solo|maar slechts|sondern"
    r"|new (?:delivery )?address|neue (?:liefer)?adresse|nouvelle adresse|nueva direcci[oó]n|nuovo indirizzo|nieuw (?:lever)?adres|elsewhere|as discussed|wie besprochen|wie telefonisch|as agreed|comme convenu|seg[uú]n lo acordado|come concordato|zoals besproken|wie vereinbart|unlike|except|au[sß]er|sauf|excepto|salvo|tranne|behalve|above (?:price|quantit)\w*|(?:do|does) not apply|gilt nicht|gelten nicht)\b",
    re.IGNORECASE,
)
_MACHINES: Final = re.compile(
    r"\b(?:system\w*|syst[eè]me\w*|sistem[ai]\w*|automat\w*|robot\w*|bot|bots|agents?|assistants?|assistent\w*|parser|reader|software|algorithm\w*|ai|ki|ia)\b"
)
_ORDERS_IT: Final = re.compile(
    r"\b(?:must|shall|should|soll\w*|muss|m[uü]ssen|d[oö]it|doivent|debe\w*|deve|devono|moet\w*|ska|skall|ma|musi\w*|skip|book\w*|buch\w*|verbuch\w*|confirm\w*|best[aä]tig\w*|accept\w*|approv\w*|enregistr\w*|registr\w*|confirme\w*|conferm\w*"
    r"|bevestig\w*|bekr[aä]fta\w*|potwierd\w*|zatwierd\w*|pomin\w*|hoppa|saut\w*|omit\w*|salta\w*|z?ignor\w*|zastosuj\w*|bortse|send|forward|copy|set|treat\w*|note|kontrol\w*|check\w*|pruf\w*|pruef\w*|valid\w*)\b"
)
_APPROVED: Final = re.compile(
    r"\b(?:(?:ist|sind|wurde|wird|is|are|was|been|est|sont|esta|estan|e|sono|ar|jest|zosta\w+)\W+(?:\w+\W+){0,6})?(?:freigegeben|pre-?approved|genehmigt|autorizzat[oa]|autorizad[oa]|approuvee?|aprobad[oa]|approvat[oa]|goedgekeurd|godkan[dt]|zatwierdzon\w+)\b"
    r"|\b(?:ohne|without|sans|sin|senza|zonder|utan|bez)\W+(?:\w+\W+){0,3}(?:pruf\w*|pruef\w*|kontroll?\w*|check\w*|verif\w*|control\w*|valid\w*|revis\w*|sprawdz\w*|review)\b"
)
_UNSIGNED: Final = re.compile(
    r"\b(?:(?:and|und|et|y|e|en|och|i|is|ist|est|es|is|ar|jest|sono)\W+){0,2}(?:valid|gultig|valable|valide|valid[oa]|geldig|giltig\w*|wazn[aey]\w*)\W+(?:auch\W+|also\W+)?"
    r"(?:without|ohne|sans|sin|senza|zonder|utan|bez)\W+(?:\w+\W+)?(?:signature|unterschrift|firma|handtekening|underskrift|podpisu)\b"
    r"|\b(?:ohne|without|sans|sin|senza|zonder|utan|bez)\W+(?:\w+\W+)?(?:signature|unterschrift|firma|handtekening|underskrift|podpisu)\W+(?:valid|gultig|valable|valid[oa]|geldig|giltig|wazn\w*)\b"
)
"""A document that a machine made is valid without being signed: that is no approval."""
_MENTIONS: Final = re.compile(
    r"\b(?:pos|position|posicion|posizione|item|line|zeile|ligne|poste|linea|riga|regel|rad|poz|pozycj[aeięy])\b\.?\s?(?:no|nr|n)?\.?\s?\d{1,5}\b"
    r"|\b(?:price|preise?|prix|precios?|prezz[oi]|prijs|prijzen|pris|priset|cen[aęy])\b"
    r"|\b(?:quantity|qty|menge|stuckzahl|quantite|qte|cantidad|quantita|aantal|hoeveelheid|ilosc|antal)\W+(?:\w+\W+){0,2}\d"
    r"|\b(?:our|unser\w*|notre|nos|nuestr[oa]s?|nostr[oaie]|ons|onze|v[aå]rt?|v[aå]ra|nasz\w*)\s+(?:\w+\s+){0,2}(?:plant|works|site|warehouse|depot|branch|factory|werk|lager|niederlassung|standort|usine|entrepot|depot|agence"
    r"|planta|fabrica|almacen|sede|stabilimento|magazzino|filiale|fabriek|vestiging|magazijn|fabrik|anlaggning|zaklad\w*|magazyn\w*|oddzial\w*)\b"
    r"|\b(?:usual|habitual|habituel\w*|ublich\w*|solit[oa]|gebruikelijk\w*|normale?|vanlig\w*|zwykl\w*)\W+(?:delivery |shipping )?(?:address|adress\w*|direccion|indirizzo|adres\w*)\b"
    r"|\b(?:only|nur|seulement|seul|solo|soltanto|slechts|alleen|enbart|endast|bara|tylko)\s+(?:\w+\s+){0,2}\d"
    r"|\b(?:utgar|stryk\w*|ska inte|inte skicka|skicka \w+ inte|nie wysyla\w*|rezygnuj\w*|wycof\w*|pomij\w*)\b"
    r"|\b(?:by phone|on the phone|verbally|telefonisch\w*|telephon\w*+(?!\W{0,4}(?:n[or]?\W{1,3})?\d)|telefonic\w*|par telephone|por telefono|telefono(?!\W{0,4}(?:n[or]?\W{1,3})?\d)|per telefoon|telefonsamtal|telefoniczn\w*)\b"
)
"""Free text that speaks of an item, a price or another place than the fields do is for a person, whatever it says."""
_PAPER: Final = r"(?:cert(?:ifica[td]|ifikat|yfikat)\w*|mill test\w*|test reports?|\w*(?:zeugnis|zertifikat)\w*|attestations?|swiadectw\w*|atest\w{0,2}|intyg\w*|3\.[12]\b)"
_NEEDED: Final = (
    r"(?:require\w*|mandatory|needed|must|obligatory|necessary|erforderlich|notwendig|notig|benotigt|gefordert|zwingend|beizulegen|beizufugen|beifugen|mitzuliefern|exige\w*|requis\w*|obligatoire\w*|necessaire\w*"
    r"|requerid\w+|obligatori\w+|necesari\w+|exigid\w+|imprescindible|richiest\w+|obbligatori\w+|necessari\w+|vereist|verplicht|nodig|wymagan\w+|konieczn\w+|obowiazk\w+|kravs|erfordras|obligatorisk\w*)"
)
_CONDITIONS: Final = re.compile(
    rf"\b{_PAPER}[^!?;\n]{{0,60}}\b{_NEEDED}\b|\b(?:requir\w+|must|erforderlich|exig\w+|requi\w+|richied\w+|vereis\w+|wymaga\w*|krav\w*)\W+(?:\w+\W+){{0,4}}{_PAPER}"
    r"|\b(?:must|has to|have to|needs? to|shall|should) (?:only )?be (?:\w+ )?(?:complete|in full|in one)|\b(?:complete|full|single) (?:deliver\w*|ship\w*|order) (?:only|required|must)|\bonly (?:deliver |ship |in )?(?:complete|full)(?:ly)?\b|\b(?:deliver|ship)\w* (?:complete|in full)(?:ly)? only"
    r"|\bnur (?:komplett|vollstandig|als (?:ganzes|komplett))\w*|\bkomplettlieferung\w*|\b(?:muss|mussen|soll|ist|sind) (?:\w+ )?(?:komplett|vollstandig)\b"
    r"|\blivraison (?:complete|totale|unique)|\b(?:doit|doivent) etre (?:\w+ )?(?:complet|livree?s? (?:complet|en une))\w*|\b(?:debe|tiene que|deben) (?:ser|estar|entregarse) (?:\w+ )?complet\w+|\b(?:solo|unicamente) (?:entrega |el pedido )?complet[oa]|\bentrega completa"
    r"|\b(?:deve|devono|dovra) essere (?:\w+ )?complet\w+|\bconsegna (?:unica|completa)|\bmoet(?:en)? (?:\w+ )?compleet|\balleen compleet|\bcomplete levering|\b(?:musi|ma) byc (?:\w+ )?kompletn\w+|\btylko kompletn\w+"
    r"|\b(?:maste|ska) (?:vara |levereras )?komplett\w*|\bendast komplett\w*"
)
"""Conditions of the whole delivery: that it comes complete, or with papers that have to be made for it."""
_NO_CHANGE: Final = re.compile(
    r"\b(?:(?:only|nur|seulement|uniquement|solo|soltanto|slechts|alleen|enbart|endast|bara|tylko)\s+)?(?:(?:between|from|zwischen|von|ab|entre|de|dalle|tra|tussen|van|mellan|od|miedzy)\s+)?"
    r"\d{1,2}[:.h]\d{2}\s?(?:uhr|hrs?|h|a\.?m\.?|p\.?m\.?)?\s?(?:-|\u2013|to|till|until|and|bis|und|[a\u00e0]|et|y|e|alle|tot|en|till|och|do|i)\s?\d{1,2}[:.h]\d{2}(?![.:]?\d)(?:\s?(?:uhr|hrs?|h|a\.?m\.?|p\.?m\.?|uur)\b)?"
    r"|\b(?:ring|rings?|call|knock|honk|klingeln|klingle?)\s(?:the bell\s|bell\s)?(?:twice)\b|\bbell twice\b",
    re.IGNORECASE,
)
"""The hours of a gate, and how to be let in."""
_DAY: Final = re.compile(
    r"(?<![\w.,/-])(?:2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d{4}-\d{2}-\d{2}|\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*[- ]\d{2,4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w* \d{1,2},? \d{2,4}|\d{1,2}\.? [a-z]{3,10} 20\d{2})(?!\w)"
)
_AMOUNTS: Final = re.compile(
    r"(?<![\w.,/-])\d{1,6}(?:[.,]\d{1,4})?\s?(?:x\b|×|%|€|\$|£|(?:pcs?|ea|sets?|sztuk|szt|pieces?|st(?:k|ck|ück|uks?)?|units?|unidades|pi[eè]ces?|piezas?|pezzi|pz|box(?:es)?|cartons?|kartons?|eur|usd|gbp|chf|sek|pln)\b)",
    re.IGNORECASE,
)


def instruction_in(text: str) -> str | None:
    """The words of ``text`` that instruct whoever reads it by machine; None when there are none."""
    spaced = re.sub(r"[^\S\n]+", " ", _BLANK_LINES.sub("\n", unicodedata.normalize("NFKC", text[:200_000])))
    # The pattern is lower case: a search that ignores case takes two and a half times as long.
    found = _INSTRUCTION.search(spaced.translate(_DOTTED).lower())
    return None if found is None else " ".join(spaced[found.start() : found.end()].split())[:120]


_DOTTED: Final = str.maketrans("\u0130\u0131", "ii")
"""The Turkish letters that are an ``i`` in capitals; without the first, lowering keeps the length."""


def addresses_machine(text: str) -> str | None:
    """The sentence of a note that speaks to an automatic reader or claims an approval; None when none does.

    For the free text of an order only: a signature or footer may well speak of systems.
    """
    plain = fold(text[:4000])
    for sentence in re.split(r"[.!?\n]\s", plain):
        if _APPROVED.search(_UNSIGNED.sub(" ", sentence)) or (
            _MACHINES.search(sentence) and _ORDERS_IT.search(_UNSIGNED.sub(" ", sentence))
        ):
            return " ".join(sentence.split())[:120]
    return None


def invisible_in(text: str) -> bool:
    """Whether characters that show nothing or turn the writing direction stand inside the text."""
    return len(_INVISIBLE.findall(text)) >= 3


def deviation_in(text: str) -> str | None:
    """The words of a note that set something beside the data: another quantity, price, day or place."""
    if _HARMLESS.match(fold(text[:200])) or _NO_ANSWER.fullmatch(fold(text[:200]).strip()):
        return None
    text = _NO_CHANGE.sub(" ", text[:4000])
    plain = fold(text)
    found = (
        _DEVIATES.search(text)
        or _AMOUNTS.search(text)
        or _MENTIONS.search(plain)
        or _DAY.search(plain)
        or _CONDITIONS.search(plain)
    )
    return None if found is None else found[0].strip()[:80]


_HARMLESS: Final = re.compile(
    r"[^.!?]{0,40}\b(?:invoices?|rechnung\w*|factures?|facturas?|fatture?|factu(?:ur|ren)|fakturo?r?|faktur[ay]?)\b[^.!?]{0,120}[.!]?$",
    re.IGNORECASE,
)
"""Where the invoice goes changes nothing about the order."""
_NO_ANSWER: Final = re.compile(
    r"(?:please|kindly|bitte|merci de|veuillez|por favor|rogamos|si prega di|prego|gelieve|graag|prosimy|prosze|vanligen|var god)?\W{0,3}"
    r"(?:do not|don't|nicht|ne pas|no|non|niet|nie|inte|ikke)\W+(?:\w+\W+){0,3}"
    r"(?:reply|respond|antworten|repondre|responder|responda\w*|respondan|contestar|contesten|rispondere|beantwoorden|antwoorden|odpowiadac|svara|besvara|svare?)"
    r"(?: (?:to|on|auf|a|al|este|this|diese|deze|questo|questa|ce|cet|na|te|darauf|e-?mail|mail|message|nachricht|bericht|correo|mensaje|messaggio|wiadomosc|meddelande|det|detta)){0,4}\W{0,3}"
)
"""That nobody answers at an address changes nothing either."""


def names_item(text: str, draft: Draft) -> str | None:
    """The part number of the order that a text names; None when it names none."""
    return _named_in(text, _part_numbers(draft))


def _part_numbers(draft: Draft) -> dict[str, str]:
    """The part numbers of an order of four characters and more, by their capitals."""
    return {
        part.upper(): part
        for line in draft.lines
        for part in (line.supplier_part, line.customer_part, line.gtin)
        if part and len(part) >= 4
    }


def _named_in(text: str, parts: dict[str, str]) -> str | None:
    """The part number that stands in the text; of very many, only one that stands there as a word is found."""
    upper = text.upper()
    if len(parts) > _FEW_PARTS:
        return next((parts[word] for word in _PART_WORD.findall(upper) if word in parts), None)
    return next((part for capitals, part in parts.items() if capitals in upper), None)


_FEW_PARTS: Final = 1_000
"""Every note is searched for every part number of an order of so many; of more, minutes would pass."""
_PART_WORD: Final = re.compile(r"[^\s,;:()\"']{4,60}(?<![.!?])")


def _place(source: Source | None) -> str:
    if source is None:
        return ""
    return f" ({source.part}, line {source.line}{f', {source.segment}' if source.segment else ''})"


def _said_beside(text: str, where: str) -> str | None:
    """What a sentence in the note of a line sets beside its data."""
    return deviation_in(text) if where.endswith(" note") and len(text.split()) >= _SENTENCE else None


_SENTENCE: Final = 5


def watch(draft: Draft) -> None:
    """Adds ``instruction`` and ``contradiction`` warnings for the notes and texts of an order."""
    texts = [(note, "note") for note in draft.notes]
    places = [_place(draft.sources.get(f"notes[{at}]")) for at in range(len(draft.notes))]
    texts += [(line.description, f"line {line.number}") for line in draft.lines if line.description]
    texts += [
        (value, f"{name}")
        for party in (draft.buyer, draft.ship_to, draft.bill_to)
        for name, value in party.values.items()
    ]
    told = set(draft.notes)
    texts += [(note, f"line {line.number}, note") for line in draft.lines for note in line.notes if note not in told]
    parts = _part_numbers(draft)
    for at, (text, where) in enumerate(texts):
        found = instruction_in(text) or (addresses_machine(text) if where.endswith("note") else None)
        if found is not None:
            draft.warn("instruction", f"{where}: {found!r}")
        elif invisible_in(text):
            draft.warn("instruction", f"{where} holds invisible characters")
        elif where == "note":
            deviating = deviation_in(text) or _named_in(text, parts) or doubt_in(text)
            if deviating is not None:
                draft.warn("contradiction", f"a note says {deviating!r}{places[at]}: {text[:200]!r}")
        elif where.endswith(" note") and FAMILIES.get(draft.format) == "coded":
            continue  # facts of the item under their names; what their readers know as words, they watch
        elif where.startswith("line ") and (doubted := row_doubt_in(text) or _said_beside(text, where)) is not None:
            draft.warn("contradiction", f"{where} says {doubted!r}: {text[:200]!r}")
