"""What the words of a mail look like where fields, order numbers, days and sums stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.dates import find_days
from bridgehead.documents.tables.cells import DIGITS, Ways
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.terms import CURRENCY

POSITION_ALONE = re.compile(
    r"(?:n\.?[°º]?\s?)?(?:pos(?:ition|ici[oó]n|izione|itie)?|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja)?|item)\.?\s{0,2}(?:no\.?|nr\.?|n°)?\s{0,2}(\d{1,5})\s?[.:)]?",
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
    r"(?<![\w-])(?P<word>(?:our |unsere[rn]? |notre |nuestro |nostro |onze |ons |purchase |new |neue |nouvelle )?(?:p\.?\s?o\.?|purchase[ -]?order|order|bestell(?:ung|nummer|nr)?|auftrag(?:s(?:nummer|nr))?|bon de commande|commande|cde|orden de compra|o\.?c\.?|pedido|ordine(?: d['’ ]?acquisto)?|o\.?d\.?a\.?|best[äa]llning(?:snr|snummer)?|ink[öo]psorder|zam[óo]wieni[ea]|inkooporder|bestelling|bestelbon|bestelnummer|ordernummer|order[- ]?reference|bestellreferenz|ref(?:erence)?\.? commande)"
    r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero|er)?|número|numero|n\.?[°ºo]|n(?=\.?\s?:?\s?[A-Z0-9#])|#|ref(?:erence)?|id))?)\.?\s{0,2}(?::|#|=)?\s{0,2}(?:is |lautet |est |es |è )?#?\s{0,1}"
    + PO_NUMBER
    + r"(?![\w/]|-\w|[.,]\d)",
    re.IGNORECASE,
)
NOT_OURS = re.compile(
    r"(?:confirmation|acknowledg\w+|best[aä]tigung|quot\w+|offer|angebot\w*|previous|last|earlier|letzte\w*|vorige\w*|fr[uü]here\w*|pr[eé]c[eé]dente?|anterior|precedente|vorige|minimum|mindest|sales|same as|as in|wie in|wie bei|repeat|replacement for|instead of|statt|framework|blanket|rahmen\w*|your|ihre[rn]?|votre|su|vostro|uw)\s{0,3}$",
    re.IGNORECASE,
)
REQUESTED = re.compile(
    r"\b(?:deliver(?:y|ed|ies)?|needed?|require[ds]?|by|due|ship(?:ment|ping|ped)?|arriv\w+|receive[d]?|no later than|liefer\w*|termin\w*|ben[oö]tig\w*|anlieferung|eintreff\w*|bis|sp[aä]testens|livr\w+|besoin|au plus tard|avant le|pour le|exp[eé]di\w+|entreg\w+|recib\w+|antes del?|para el|a m[aá]s tardar|plazo|consegn\w+|entro|ricever\w+|spedi\w+|per il|lever\w*|leverans\w*|levereras|senast|dostaw\w*|dostarcz\w*|uiterlijk|v[oó][oó]r|ontvang\w*|nodig)\b",
    re.IGNORECASE,
)
ORDER_DAY = re.compile(
    r"\b(?:dated?|vom|date du|du|con fecha|de fecha|del|in data|d\.?d\.?|van|order date|bestelldatum)\W{0,4}$",
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
    r"^\s*(?:dear|hello|hi\b|good (?:morning|afternoon|day|evening)|to whom|sehr geehrte|guten (?:tag|morgen)|hallo|liebe[rs]?\b|gr[uü](?:ß|ss) gott|moin|bonjour|madame|monsieur|messieurs|cher|ch[eè]re|estimad[oa]s?|buen(?:os|as) (?:d[ií]as|tardes)|hola|muy (?:se[nñ]or\w*|buen\w+)|gentil[ie]|buon(?:giorno|asera)|egregi\w*|spett\w*|salve|geachte|beste\b|goede(?:morgen|middag|ndag)|dag\b|team\b|hej\b|god (?:morgon|dag|middag|eftermiddag)|dzie[ńn] dobry|szanown\w*|witam)[^\d]{0,80}$",
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
    rf"\s{{0,3}}(?:[;,]\s*(?:and|und|et|y|e|en|och|i|oraz)?|\b(?:and|und|sowie|plus|et|ainsi que|y|e|ed|en|och|samt|oraz|i|as well as|along with|additionally|zus[aä]tzlich|ebenso))\s+(?:also )?(?=(?:{DIGITS})\s{{0,2}}[^\W\d_]{{0,14}}[×x.]?\s)",
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
