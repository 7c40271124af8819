"""Takes part numbers out of a line: labelled, of either side, GTINs, and words that are built like one."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.order import Source
from bridgehead.documents.tables.item import GAP, QUANTITY_GAP, Item, blank, has_digit
from bridgehead.documents.units import UNIT_CODES

_CODE: Final = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-./_#+](?=[A-Za-z0-9])){1,34}"
_PART_WORDS: Final = (
    r"(?:art(?:ikel|icle|icolo|[ií]culo)?|item|part|produ(?:ct|kt|it|cto)|prodotto|material|mat|teil|bestell|stock|catalog(?:ue)?|sku|p/n|pn|indeks|varenr|artnr|ref(?:erence|erencia|erenz)?|r[eé]f(?:[eé]rence)?|rif(?:erimento)?"
    r"|c[oó]d(?:igo|ice|e)?|code|ident)"
)
_NUMBER_WORDS: Final = r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero)?|nummer|numero|n[°ºo]|#|code|id|art))?"
_LABELLED = re.compile(
    rf"(?:\b(?P<side>our|your|customer|supplier|vendor|client|mfr|unsere|ihre|kunden|lieferanten|hersteller|notre|votre|nos|vos|nuestra|nuestro|su|nostro|nostra|vostro|vostra|onze|ons|uw|nasz[ae]?|wasz[ae]?|v[åa]rt?|ert?|vores|jeres|noss[ao]|voss[ao]|na[šs]e?|va[šs]e?|klant|leveranciers|[nv]s)\b[ .\-]{{0,2}})?"
    rf"(?<![\w-])(?P<word>(?:kunden|lieferanten|klant|leveranciers)?[ \-]?{_PART_WORDS}){_NUMBER_WORDS}\.?(?:\s{{0,2}}(?:client|fournisseur|cliente|proveedor|fornitore|klant|leverancier))?\s{{0,2}}[:=#]?\s{{0,2}}(?P<code>\d{{2,4}}(?: \d{{2,4}}){{1,3}}(?=\s*(?:[),;]|$))|{_CODE})(?![\w])",
    re.IGNORECASE,
)
_SIDED = re.compile(
    rf"\b(?P<side>our|your|unsere?|ihre?|notre|votre|nuestr[ao]|su|nostr[ao]|vostr[ao]|onze|ons|uw|nasz[ae]?|wasz[ae]?|v[åa]rt?|ert?|vores|jeres|noss[ao]|voss[ao]|intern(?:al|[aeo])?|customer|kunden?|client|cliente|klant)\s{{0,2}}[:=]?\s{{0,2}}(?:ref|nr|no|n°|code|number|nummer)?\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<code>{_CODE})(?![\w])",
    re.IGNORECASE,
)
_OURS_WORDS: Final = "our intern internal interna interne interno customer client unsere unser kunden kunde notre nos ns nuestra nuestro nostro nostra onze ons nasz nasza nasze vår vårt var vart vores nossa nosso naše naš nase nas klant cliente"
_OURS: Final = frozenset(_OURS_WORDS.split())
_YOURS_WORDS: Final = "your supplier vendor mfr wasz wasza wasze er ert jeres vossa vosso vaše vaš vase vas ihre ihr lieferanten hersteller votre vos vs su vostro vostra uw leveranciers fournisseur proveedor fornitore leverancier"
_YOURS: Final = frozenset(_YOURS_WORDS.split())
_CONNECTING_WORDS: Final = "of von vom de d' di van x item article artikel part each the to and und et y e en à a der des mal pro je per netto net unités ref réf art units for at zu your our"
_CONNECTING: Final = frozenset(_CONNECTING_WORDS.split())
_GTIN = re.compile(r"\b(?:gtin|ean|upc)(?:[- ]?\d{1,2})?(?:[- ]?code)?\W{0,3}(\d{8}|\d{12,14})\b", re.IGNORECASE)
_BARE_GTIN = re.compile(r"(?<![\w.,-])(\d{13,14})(?![\w-]|[.,]\d)")
_GROUPS = re.compile(
    rf"{QUANTITY_GAP} *(\d{{2,4}}(?: (?:\d{{2,4}}|\d{{2,3}}[A-Z]\d{{1,3}})){{1,3}})(?=\.?(?: +[^\W\d_](?:[^\W\d_]|-[^\W\d_])|\s*[,;(–-]|\s*$))"
)
MOST_LIKELY: Final = 3
_LONG: Final = 5
_TOKEN = re.compile(rf"(?<![\w-])(?P<code>{_CODE})(?![\w])")
_DIMENSION = re.compile(
    r"(?:(?:RAL|ISO|DIN|EN|IEC|ANSI|AISI|BSP|PVC-?U)-?\d+(?:[.,/x×-]\d+)*(?:-[A-Z]\d?)?"
    r"|(?:DN|PN|NW|NB|SW|IP|PE|PVC|SS|EPDM|NBR|FKM|V2A|V4A|A[24]|CL|SCH|M|G|R|TX|PZ|PH|T|L|H|B|KW|CW|WK|PA)-?\d{1,3}(?:[.,/x×]\d+)*(?:mm)?"
    r"|\d+(?:[.,/]\d+)?(?:mm|cm|dm|km|kg|mg|kw|hz|bar|ml|ma|kv|va|vac|vdc|nm|um|µm|in|inch|qm|psi|mpa|kn|ah|mah|rpm|gb|tb|ohm|kohm|uf|pin|pol|fach|way|er|st|nd|rd|th)"
    r"|\d{1,3}(?:[.,/]\d+)?[mgvawlcx]"
    r"|m\d+x\d+(?:[.,]\d+)?|\d+(?:[.,]\d+)?(?:x\d+(?:[.,]\d+)?){1,3}(?:mm|cm|m)?|\d+/\d+|\d{1,2}[:.]\d{2}|24/7|\d\.\d{4})",
    re.IGNORECASE,
)
_PRESSURE = re.compile(r"PN\s{0,2}\d{1,3}", re.IGNORECASE)
"""A nominal pressure (EN 1333), which looks like a part number under its label."""
_ORDINAL = re.compile(r"item[ .\-]{0,2}(?:no|nr|number|#)?\.?\s{0,2}[:=#]?\s{0,2}\d{1,3}", re.IGNORECASE)
"""``Item No 10`` counts the items of a list; it is the number of none."""
_CONNECTOR = re.compile(
    rf"[{GAP}{QUANTITY_GAP}]\s*(?:of|of the|of your|von|vom|de|d[\u2019']|del|di|van|der)\s*$", re.IGNORECASE
)


def twin_of(part: str, left: str) -> bool:
    """Whether what is left of a line holds a word built like its part number, letters for letters."""
    form = _form(part)
    return code_rank(part) >= MOST_LIKELY and any(
        _form(found["code"]) == form and found["code"] != part for found in _TOKEN.finditer(left)
    )


def _form(code: str) -> str:
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", code))


def side_of(words: str) -> str | None:
    """Whose part number ``your no.`` or ``unsere Art.-Nr.`` announces, as a field of a line; None when it says not."""
    for word in words.lower().split()[:2]:
        first = word.rstrip(".")
        if first in _OURS or first in _YOURS:
            return "customer_part" if first in _OURS else "supplier_part"
        if first.startswith(_MATERIAL):
            return "customer_part"
    return None


_MATERIAL: Final = ("mat.", "mat-", "material")
"""A material number is the one of whose material it is: the customer's, as over a column."""


def take_codes(rest: str, item: Item, source: Source) -> str:
    """Takes the numbers that a word before them calls what they are; returns what is left of the line."""
    found = _GTIN.search(rest)
    if found is not None:
        item.line.gtin = found[1]
        item.line.mark("gtin", source)
        rest = blank(rest, found.start(), found.end())
    for pattern, sided in ((_LABELLED, True), (_SIDED, True), (_LABELLED, True), (_SIDED, True), (_LABELLED, False)):
        for match in pattern.finditer(rest):
            code = match["code"]
            if not has_digit(code) or len(code) < 2 or code.lower() in UNIT_CODES:
                continue
            if _PRESSURE.fullmatch(match[0]) or _ORDINAL.fullmatch(match[0].strip()):
                continue
            side = (match["side"] or "").lower()
            words = match[0][: -len(code)].lower()
            # A material number is the one of whose material it is: the customer's, as over a column.
            ours = (
                side in _OURS
                or (not side and match.groupdict().get("word", "").lower().startswith("mat"))
                or any(word in words for word in ("kunden", "client", "klant", "customer"))
            )
            yours = side in _YOURS or any(
                word in words
                for word in ("lieferant", "fournisseur", "proveedor", "fornitore", "leverancier", "supplier", "vendor")
            )
            if sided != (ours != yours):
                continue
            name = "customer_part" if ours and not yours else "supplier_part"
            if not sided and item.sided == "supplier_part":
                name = "customer_part"
            if getattr(item.line, name) is not None:
                continue
            item.sided = name if sided else item.sided or "none"
            setattr(item.line, name, code)
            item.line.mark(name, source)
            item.code_rank = 9
            rest = blank(rest, match.start(), match.end())
            break
    if item.line.gtin is None:
        bare = _BARE_GTIN.search(rest)
        if bare is not None:
            item.line.gtin = bare[1]
            item.line.mark("gtin", source)
            rest = blank(rest, bare.start(), bare.end())
    return rest


def take_bare_code(rest: str, item: Item, source: Source) -> str:
    """Takes part number and description; returns what is left of the line."""
    line = item.line
    best: tuple[int, int, int] | None = None
    rivals = 0
    if line.part is None or line.part == line.gtin or item.sided in {"customer_part", "supplier_part"}:
        grouped = _GROUPS.search(rest)
        if grouped is not None:
            best = (9, grouped.start(1), grouped.end(1))
        for match in _TOKEN.finditer(rest) if grouped is None else ():
            rank = code_rank(match["code"])
            if rank == 0:
                continue
            before = rest[: match.start()].rstrip(" (:[-–,;")
            if before.endswith((GAP, QUANTITY_GAP)) or not before or _CONNECTOR.search(before):
                rank += 3
            if rest[max(0, match.start() - 1) : match.start()] in {"(", "["}:
                rank += 1
            if best is None or rank > best[0]:
                rivals = 0 if best is None or best[0] < rank - 1 else rivals + 1
                best = (rank, match.start(), match.end())
            elif rank == best[0]:
                rivals += 1
        name = "customer_part" if item.sided == "supplier_part" else "supplier_part"
        least = 4 if item.sided or line.gtin is not None else 0
        if best is not None and best[0] >= least and getattr(line, name) is None:
            setattr(line, name, rest[best[1] : best[2]])
            line.mark(name, source)
            item.code_rank = max(best[0], item.code_rank)
            rest = blank(rest, best[1], best[2])
            if rivals and not item.sided:
                item.doubts.append("uncertain: several words of the line could be its part number")
    whole = rest
    before, _, after = rest.partition(QUANTITY_GAP)
    if item.rank == 3 and sum(one.isalpha() for one in after) > 3 and not item.listed:
        rest = after
    words = re.sub(r"[()\[\]]", " ", rest.replace(QUANTITY_GAP, GAP).replace(GAP, " \x02 "))
    pieces = [piece.strip(" -–—:,;.=@/*") for piece in words.split("\x02")]
    kept = [
        piece for piece in pieces if piece and piece.lower() not in _CONNECTING and any(one.isalpha() for one in piece)
    ]
    if kept:
        line.description = re.sub(r"\s+", " ", " ".join(kept))[:300]
        line.mark("description", source)
    return whole


def code_rank(token: str) -> int:
    """How much a word looks like a part number: 0 not at all, 1 digits only, 3 letters and digits."""
    if not has_digit(token) or len(token) < 3 or _DIMENSION.fullmatch(token):
        return 0
    if token.isdigit():
        return 1 if len(token) >= 4 else 0
    if re.fullmatch(r"\d+(?:[.,]\d+)?", token):
        return 1 if re.fullmatch(r"\d{2,}\.\d{3,}", token) else 0
    letters = [one for one in token if one.isalpha()]
    if letters and all(one.islower() for one in letters) and "-" not in token and len(token) < 6:
        return 0
    if re.fullmatch(r"\d{1,2}(?:\.\d{1,2}){1,2}", token):
        return 0
    return 3 if letters or "-" in token or "." in token or "/" in token else 1
