"""What the words of a mail look like where fields, order numbers, days and sums stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.dates import MONTHS, find_days
from bridgehead.documents.tables.cells import DIGITS, Ways
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

POSITION_WORDS: Final = r"(?:n\.?[°º]?\s?)?(?:pos(?:ition|ici[oó]n|izione|itie)?|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja)?|item|linje|linha|pol(?:o[žz]ka)?|rivi|t[ée]tel)"
POSITION_ALONE = re.compile(
    rf"{POSITION_WORDS}\.?\s{{0,2}}(?:no\.?|nr\.?|n°)?\s{{0,2}}(\d{{1,5}})\s?[.:)]?",
    re.IGNORECASE,
)
MAX_LINES: Final = 2_000
TWINS: Final = 200
MAX_WORK: Final = 12_000_000
"""Sum of the squares of line lengths: what reading a text costs at worst."""
POSITION_AND_PART = re.compile(
    r"\s{1,12}(?P<pos>0{0,4}[1-9]\d{0,4})\s{1,6}(?P<code>(?=[A-Za-z./_-]{0,20}\d)[A-Za-z0-9][A-Za-z0-9./_-]{2,30})(?:\s{1,3}\((?P<other>[^()]{2,60})\))?\s*"
)
NUMBERED = re.compile(r"(?=[\w./-]{0,30}\d)[A-Za-z0-9][\w./-]{2,29}")
PO_NUMBER: Final = r"(?P<no>(?=[A-Za-z0-9/_.-]{0,24}\d)[A-Za-z0-9][A-Za-z0-9/_.-]{1,30}[A-Za-z0-9])"
PO = re.compile(
    r"(?<![\w-])(?P<word>(?:our |unsere[rn]? |notre |nuestro |nostro |onze |ons |vores |v[åa]r |nossa |na[šs]e |purchase |new |neue |nouvelle )?(?:p\.?\s?o\.?|purchase[ -]?order|order|bestell(?:ung|nummer|nr)?|auftrag(?:s(?:nummer|nr))?|bon de commande|commande|cde|orden de compra|pedido de compra|o\.?c\.?|pedido|ordine(?: d['’ ]?acquisto)?|o\.?d\.?a\.?|best[äa]llning(?:snr|snummer)?|ink[öo]psorder|zam[óo]wieni[ea]|ordre|bestilling(?:s(?:nr|nummer))?|ordrenr|ordrenummer|indk[øo]bsordre|innkj[øo]psordre|encomenda|ordem de compra|nota de encomenda|objedn[áa]vk[aouy]|ostotilaus|tilaus(?:numero|nro)?|(?:meg)?rendel[ée]s(?:sz[áa]m|i sz[áa]m)?|inkooporder|bestelling|bestelbon|bestelnummer|ordernummer|order[- ]?reference|bestellreferenz|ref(?:erence)?\.? commande)"
    r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero|er)?|número|numero|n\.?[°ºo]|n(?=\.?\s?:?\s?[A-Z0-9#])|#|ref(?:erence)?|id))?)\.?(?:\s(?:for|zu|f[uü]r|pour|para|per|voor|f[öo]r|do)\s(?:this|that|it|these|dies\w{0,2}|das|cela|ceci|esto|questo|deze|dit|detta|tego)(?:\s[^\W\d_]{2,12})?)?\s{0,2}(?::|#|=)?\s{0,2}(?:is |ist |lautet |est |es |è |[äa]r |to |er )?#?\s{0,1}"
    r"(?:(?<![^\W\d_])|(?![^\W\d_]))" + PO_NUMBER + r"(?![\w/]|-\w|[.,]\d)",
    re.IGNORECASE,
)
NOT_OURS = re.compile(
    r"(?:confirmation|acknowledg\w+|best[aä]tigung|quot\w+|offer|angebot\w*|previous|last|earlier|letzte\w*|vorige\w*|fr[uü]here\w*|pr[eé]c[eé]dente?|anterior|precedente|vorige|minimum|mindest|sales|same as|as in|wie in|wie bei|repeat|replacement for|instead of|statt|framework|blanket|rahmen\w*|your|ihre[rn]?|votre|su|vostro|uw)\s{0,3}$",
    re.IGNORECASE,
)
REQUESTED = re.compile(
    r"\b(?:deliver(?:y|ed|ies)?|need(?:ed|s)?|require[ds]?|by|due|ship(?:ment|ping|ped)?|arriv\w+|receive[d]?|no later than|liefer\w*|termin\w*|ben[oö]tig\w*|anlieferung|eintreff\w*|bis|sp[aä]testens|livr\w+|besoin|au plus tard|avant le|pour le|exp[eé]di\w+|entreg\w+|recib\w+|antes del?|para el|a m[aá]s tardar|plazo|consegn\w+|entro|ricever\w+|spedi\w+|per il|lever\w*|leverans\w*|levereras|senast|dostaw\w*|dostarcz\w*|uiterlijk|v[oó][oó]r|ontvang\w*|nodig|leveres|levering\w*|senest|entrega\w*|fornec\w*|at[ée]|dod[áa]n[íi]|dodejte|do\b|toimit\w*|viimeist[äa]{2}n|sz[áa]ll[íi]t\w*|hat[áa]rid\w*)\b",
    re.IGNORECASE,
)
ORDER_DAY = re.compile(
    r"\b(?:dated?|vom|date du|du|con fecha|de fecha|del|in data|d\.?d\.?|van|order date|bestelldatum)\W{0,4}$",
    re.IGNORECASE,
)
DATED: Final = re.compile(
    r"\b(?:dated|(?:order ?date|bestelldatum|datum|date|fecha|data|dato)(?: de \w+| del? \w+| d[’']\w+)? (?:is|ist|est|es|[eè]|[äa]r|er|to)(?: (?:der|the|le|el|il|den))?|(?:fecha|datum|data|date|dato|dat[ąę]|datem)(?: (?:de|del|du|van|vom|di))?|order date is|ordered on|of|datiert (?:vom|auf)|datum(?: ist)?|vom|dat[eé]e? du|est du|con fecha|de fecha|es del|datato|del|in data|gedateerd|van|daterad|dat(?:owan\w*|ov[aá]n\w*)|z dnia|dateret|datada)\b\W{0,3}$",
    re.IGNORECASE,
)
ALL: Final = re.compile(
    r"\b(?:all|everything|alle[sm]?|tout|toutes?|tous|tod[oa]s?|tutt[oaie]|allemaal|allt|alla|wszystk\w+|ca[łl]o[śs][ćc]|tudo|v[šs]e|kaikki)\b",
    re.IGNORECASE,
)
CONSTRAINT = re.compile(
    r"\b(?:not before|no earlier|earliest|not later|nicht vor|fr[uü]hestens|pas avant|au plus t[oô]t|no antes|non prima|niet voor|vroegst\w*|closed|geschlossen|ferm[eé]e?s?|cerrad\w+|chius\w+|gesloten|holiday\w*|urlaub|cong[eé]s|vacaciones|ferie|vakantie|valid until|g[uü]ltig)\b",
    re.IGNORECASE,
)
SUM = re.compile(
    rf"^[\s*_>-]{{0,6}}(?P<label>[^\d:€$£|]{{3,44}}?)[\s:=.|_-]{{0,30}}(?P<value>(?:{CURRENCY}\s?)?{DIGITS}(?:[ \u00a0]\d{{3}})*(?:[.,]\d+)?(?:,-)?\s?(?:{CURRENCY})?)\s{{0,2}}(?:\(?(?:net(?:to)?|excl\.? \w+|ht|h\.t\.|zzgl\.? \w+|\+ ?\w+|ex(?:cl)? vat)\)?\.?)?[\s*_]{{0,4}}$",
    re.IGNORECASE,
)
GREETING = re.compile(
    r"^\s*(?:dear|hello|hi\b|good (?:morning|afternoon|day|evening)|to whom|sehr geehrte|guten (?:tag|morgen)|hallo|liebe[rs]?\b|gr[uü](?:ß|ss) gott|moin|bonjour|madame|monsieur|messieurs|cher|ch[eè]re|estimad[oa]s?|buen(?:os|as) (?:d[ií]as|tardes)|hola|muy (?:se[nñ]or\w*|buen\w+)|gentil[ie]|buon(?:giorno|asera)|egregi\w*|spett\w*|salve|geachte|beste\b|goede(?:morgen|middag|ndag)|dag\b|team\b|hej\b|god (?:morgon|dag|middag|eftermiddag)|dzie[ńn] dobry|szanown\w*|witam|k[æa]re|hei\b|god dag|bom dia|boa tarde|ol[áa]|car[oa]s?\b|exm\w*|prezad\w*|dobr[ýy] den|v[áa][žz]en\w*|hyv[äa]\b|moi\b|tisztelt|kedves|j[óo] napot)[^\d]{0,80}$",
    re.IGNORECASE,
)
PAYMENT = re.compile(
    r"\b(?:payment|terms|zahlung\w*|zahlbar|paiement|r[eè]glement|pago|pagamento|betaling\w*|net)\b", re.IGNORECASE
)
INCOTERM_USE = re.compile(
    r"\b(?:incoterms?|deliver\w*|liefer\w*|livr\w*|entreg\w*|consegn\w*|lever\w*|resa|terms|free|frei|franco|porto|20[12]\d)\b",
    re.IGNORECASE,
)
JOIN = re.compile(
    rf"\s{{0,3}}(?:[;,]\s*(?:and|und|et|y|e|en|och|i|oraz|og|a|ja|[ée]s)?|[+&](?=\s)|\b(?:and|und|sowie|og|samt|ja|[ée]s|a(?=\s+\d{{1,6}}\s+(?:ks|kus|krabic|balen|sad|m|kg))|plus|et|ainsi que|y|e|ed|en|och|samt|oraz|i|as well as|along with|additionally|zus[aä]tzlich|ebenso))\s+(?:also |n[.°ºr]{{0,2}}\s?)?(?=(?:{DIGITS})\s{{0,2}}[^\W\d_]{{0,14}}[×x.]?\s)",
    re.IGNORECASE,
)
SUMS = frozenset(["stated_total", "gross_total", "tax", "stated_line_count", "stated_quantity_total"])
BLOCK_FIELDS = frozenset(
    [
        "part",
        "article",
        "customer_part",
        "supplier_part",
        "gtin",
        "description",
        "quantity",
        "unit",
        "price",
        "price_basis",
        "amount",
        "position",
        "po_or_part",
    ]
)
ADDRESS_END = re.compile(r"[:?!]|\b(?:please|bitte|veuillez|merci|por favor|prego|graag|we|wir|nous)\b", re.IGNORECASE)


def states_sum(cells: Sequence[str]) -> bool:
    """Whether a row is a sum and its name, and nothing else."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) == 2 and label_of(filled[0]) in SUMS


def form_of(number: str) -> str:
    """The number with every letter and digit alike: two of one form are likely of one kind."""
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", number))


def plausible_number(number: str, word: str, ways: Ways) -> bool:
    """Whether what follows an order word is an order number and not a day, a quantity or a year."""
    if any(day.end - day.start >= len(number) - 1 for day in find_days(number, ways.days)):
        return False
    explicit = (
        re.search(r"(?:no|nr|num\w*|n[°ºo]|#|ref\w*|id|nummer|numero|p\.?\s?o)\.?$", word.strip(), re.IGNORECASE)
        is not None
    )
    if number.isdigit():
        return len(number) >= (3 if explicit else 4) and not (not explicit and re.fullmatch(r"20[2-4]\d", number))
    return any(one.isdigit() for one in number) and len(number) >= 3


_COUNTING = (
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty fifty hundred dozen another zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
    " zwanzig dreißig fünfzig hundert dutzend deux trois quatre cinq sept huit neuf dix onze douze vingt trente cinquante cent douzaine dos tres cuatro cinco seis siete ocho"
    " nueve diez doce veinte treinta cincuenta cien docena due tre quattro cinque sei sette otto nove dieci dodici venti trenta cinquanta cento dozzina twee drie vier vijf zes"
    " zeven acht negen tien twaalf twintig dertig vijftig honderd dozijn två fyra fem sex sju åtta nio tio tolv tjugo femtio hundra dwa dwie trzy cztery pięć sześć siedem osiem"
    " dziewięć dziesięć dwanaście dwadzieścia pięćdziesiąt sto fire seks syv otte ni ti tyve halvtreds hundrede åtte tjue dois duas três quatro oito dez vinte dúzia dva dvě tři"
    " čtyři pět šest sedm osm devět deset dvacet kaksi kolme neljä viisi kuusi kymmenen kaksikymmentä két három négy öt hat tíz húsz"
)
_WORDED = re.compile(
    rf"(?<![\w-])(?P<word>{'|'.join(sorted(set(_COUNTING.split()), key=len, reverse=True))}) (?P<what>[\w./-]{{2,30}})",
    re.IGNORECASE,
)


def words_for_numbers(text: str) -> str | None:
    """A quantity in words, in a dozen languages: a number word right before a unit or a part number; None without.

    It is never read, for ``two boxes`` may be told of an earlier order; it is a doubt.
    """
    for found in _WORDED.finditer(text[:2000]):
        what = found["what"].rstrip("./-")
        if (what.lower() in UNIT_CODES and len(what) > 1) or code_rank(what) >= MOST_LIKELY:
            return found[0]
    return None


_WORD = r"[A-ZÀ-Þ][a-zß-ÿ]+"
_LETTER = r"[A-ZÀ-Þ] [a-zß-ÿ]"
"""A sentence that begins with a word of a single letter: ``À livrer``."""
_SENTENCE_END = re.compile(
    rf"(?<=[?!])\s+(?=\S)|(?<=[^\W\d_]{{4}})\.\s+(?={_WORD}\b|{_LETTER})"
    rf"|(?<=[\d)])\.\s+(?={_WORD}\s|{_LETTER})"
    rf"|(?<=\d r)\.\s+(?={_WORD}\b|{_LETTER})|(?<=\dr)\.\s+(?={_WORD}\b|{_LETTER})"
    rf"|(?<=[A-Z0-9][A-Z0-9])\.\s+(?={_WORD}[\s:]|{_LETTER})"
)
_LAST_WORD = re.compile(r"([^\W\d_]+)$")


def sentences(text: str) -> list[str]:
    """The sentences of a line; none is divided behind an abbreviated unit, or within a day."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text[:2000]):
        word = _LAST_WORD.search(text[: end.start()])
        following = text[end.end() : end.end() + 20].split(" ", 1)[0].lower().rstrip(".,")
        if (word is not None and word[1].lower() in UNIT_CODES) or following in MONTHS:
            continue
        found.append(text[start : end.start()])
        start = end.end()
    return [*found, text[start:]]


WEEKDAY: Final = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag)\b|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi)\b"
    r"|\b(?:lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado)\b|\b(?:luned[iì]|marted[iì]|mercoled[iì]|gioved[iì]|venerd[iì]|sabato)\b|\b(?:maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag)\b"
    r"|\b(?:m[åa]ndag|tisdag|onsdag|torsdag|fredag|l[öo]rdag|mandag|tirsdag)\b|\b(?:poniedzia[łl]\w*|wtorek|wtorku|[śs]rod[aęy]|czwart\w*|pi[ąa]t(?:ek|ku)|sobot[aęy])\b|\b(?:segunda|ter[çc]a|quarta|quinta|sexta)-feira\b"
    r"|\b(?:pond[ěe]l[íi]|[úu]ter[ýy]|st[řr]ed[auy]|[čc]tvrt(?:ek|ku)|p[áa]tek|p[áa]tku)\b",
    re.IGNORECASE,
)


def weekday_in(text: str) -> str | None:
    """The day of the week that a text names, which is no calendar day."""
    found = WEEKDAY.search(text)
    return None if found is None else found[0]
