"""Takes the quantity out of a line, and says which of several numbers it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import DIGITS, Quantity, Ways, price_of, quantity_of, written_unit
from bridgehead.documents.tables.item import AMOUNT, GAP, QUANTITY_GAP, Item, adds_up
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.units import UNIT_CODES

_LONGEST_COUNT = 5
_SHORTEST_COUNTED = 3

_LOOSE_DIGIT = re.compile(r"(?<![\w.,/])\d{1,3}\s$")
_LABELLED_QTY = re.compile(
    rf"(?<![\w])(?:qt[eé] cd[eé]e|hoeveelheid|besteld|bestellt|orderqty|unidades|best[aä]llt antal|ilo[sś][cć] zam|antall|quantidade|qtde?|mno[žz]stv[íi]|po[čc]et|m[äa][äa]r[äa]|mennyis[ée]g|qty|quantity|quant|menge|anzahl|st[uü]ckzahl|qt[eé]|quantit[eé]|cantidad|cant|ctd|quantit[aà]|q\.?t[aà]|aantal|antal|ilo[śs][ćc]|order(?:ed)? qty|bestellmenge)\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<n>{AMOUNT})\s{{0,2}}(?P<u>[^\W\d_]{{1,14}}[²³]?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    rf"(?<![\w.,/+-])(?P<n>\d{{1,3}}(?:[\u00a0\u202f'’]\d{{3}})+(?:[.,]\d{{1,3}})?|{DIGITS})(?P<t>[^\W\d_]{{1,14}}[²³]?\.?|×)?"
)
_AFTER = re.compile(
    r"\)?\s{0,3}(?:(?P<x>[xX×*]|mal|fois|veces|volte|times|keer)(?=\s|\d|[A-Z(])|(?P<u>[^\W\d_]{1,14}[²³]?)\.?(?![\w-]))"
)
_BEFORE_CODE = re.compile(
    r"\s{1,3}(?:(?:more |further |additional |extra |weitere |zus[aä]tzliche |autres |m[aá]s |altri |extra |meer )?(?:of|von|vom|af|av|de|del|di|van|der|from) )?(?:(?:the|your|our|ihrer?|unserer?|item|part|article|artikel|art\.?|ref\.?) ){0,2}(?P<code>[A-Za-z0-9][\w./-]{2,30})"
)
"""What may stand between a bare number and the part number it counts."""
_OF_TAKEN = re.compile(rf"\s{{1,3}}(?:of|von|vom|af|av|de|del|di|van)\s{{1,3}}{GAP}")
_COUNTS_NOTHING = re.compile(
    r"(?<!\w)(?:pos(?:ition)?|items?|lines?|zeile|ligne|riga|l[ií]nea|regel|rad|linje|art(?:ikel|icle)?|no|nr|n[°º]|kw|cw|wk|week|woche|semaine|dn|pn|nw|ral|din|iso|en|rev(?:ision)?|vers(?:ion)?|werk|plant|page|seite|tel|fax|ext|from|vom|dated|type|typ|model|size|gr[oö][sß]+e|to|bis|-)[.:]?\s{0,2}$",
    re.IGNORECASE,
)
"""Words before a number that make it something else than a quantity."""
_COUNTED_UNIT = re.compile(r"\d\s?$")
"""Before a unit that has its own number, as in ``50 sets 7101153``."""
_BEFORE_UNIT = re.compile(r"(?P<u>[^\W\d_]{1,14})\.?\s{1,2}$")
_SIZES = frozenset({"mm", "cm", "cmt", "mmt"})
"""Units in which goods are described within a sentence, and hardly ever counted."""
_TIMES_BEFORE = re.compile(r"(?:^|\s)[xX×]\s{0,2}$")
_SPACED = re.compile(r"(?<![\w.,])(?<!\S)(\d{1,3}) (\d{3})(?= ?([^\W\d_]{2,14}|[xX×](?=\s)))")


@dataclass(slots=True)
class _Candidate:
    quantity: Quantity
    rank: int
    start: int
    end: int


def take_quantity(rest: str, item: Item, ways: Ways, source: Source) -> str:
    """Takes the quantity with its unit; returns what is left of the line. Two of the same rank are a doubt."""
    if item.line.price is None and item.line.amount is None:
        columns = _take_columns(rest, item, ways, source)
        if columns is not rest:
            return columns
    rest = _join_thousands(rest, item)
    candidates: list[_Candidate] = []
    labelled = _LABELLED_QTY.search(rest)
    if labelled is not None:
        unit = labelled["u"] or ""
        known = unit.lower() in UNIT_CODES
        quantity = quantity_of(labelled["n"], unit if known else "", ways)
        if quantity is not None:
            end = labelled.end() if known or not unit else labelled.start("u")
            candidates.append(_Candidate(quantity, 5, labelled.start(), end))
    stripped = rest.replace(GAP, " ")
    start_of_text = len(stripped) - len(stripped.lstrip(" -–:.,;("))
    for match in _NUMBER.finditer(rest):
        candidate = _candidate(rest, match, ways, at_start=match.start() <= start_of_text)
        if candidate is not None:
            candidates.append(candidate)
    if not candidates:
        return rest
    top = max(one.rank for one in candidates)
    best = [one for one in candidates if one.rank == top]
    chosen = best[0]
    if len({(one.quantity.value, one.quantity.unit) for one in best}) > 1:
        item.doubts.append(f"uncertain: {len(best)} numbers of the line could be its quantity")
    line = item.line
    line.quantity = chosen.quantity.value
    line.mark("quantity", source)
    line.unit = chosen.quantity.unit
    if line.unit:
        line.mark("unit", source)
    item.rank = top
    if not chosen.quantity.certain and not adds_up(line):
        item.doubts.append("uncertain: the quantity can be read two ways")
    if not adds_up(line) and _LOOSE_DIGIT.search(rest[: chosen.start]):
        item.doubts.append("uncertain: another number stands right before the quantity")
    return rest[: chosen.start] + f" {QUANTITY_GAP} " + rest[chosen.end :]


def _join_thousands(rest: str, item: Item) -> str:
    """``1 000 pcs`` is a thousand; ``1 100 pcs`` may be one hundred in line one, and is doubted."""

    def joined(match: re.Match[str]) -> str:
        if match[3].lower() not in UNIT_CODES and match[3] not in "xX×":
            return match[0]
        own_column = match.start() >= 2 and not rest[match.start() - 2 : match.start()].strip()
        first = not rest[: match.start()].strip() and not item.listed
        if first and not match[2].startswith("0") and not own_column:
            item.doubts.append(f"uncertain: {match[0]!r} can be read two ways")
        return match[1] + match[2]

    return _SPACED.sub(joined, rest)


def _take_columns(rest: str, item: Item, ways: Ways, source: Source) -> str:
    """A row without headings whose last cells are bare numbers: quantity, price and perhaps amount."""
    cells = [cell for cell in re.split(r"\s{2,}|\t|;", rest) if cell.strip(f" {GAP}")]
    tail: list[str] = []
    while cells and re.fullmatch(AMOUNT, cells[-1].strip()):
        tail.insert(0, cells.pop().strip())
    if not cells or not 2 <= len(tail) <= 3:
        return rest
    quantity = quantity_of(tail[0], "", ways)
    price = price_of(tail[1], None, None, "", ways)
    amount = price_of(tail[2], None, None, "", ways) if len(tail) == 3 else None
    if (
        quantity is None
        or price is None
        or not re.search(r"[.,]\d{2,4}$", tail[1])
        or re.search(r"[.,]\d{2}$", tail[0])
    ):
        return rest
    line = item.line
    line.quantity, line.price = quantity.value, price.value
    line.amount = amount.value if amount is not None else None
    for name in ("quantity", "price", "amount"):
        if getattr(line, name) is not None:
            line.mark(name, source)
    item.rank = 3
    proven = adds_up(line)
    if not (quantity.certain and price.certain) and not proven:
        item.doubts.append("uncertain: the numbers of the line can be read two ways")
    if amount is not None and not proven:
        item.doubts.append("uncertain: the numbers of the line do not multiply")
    return f" {GAP} ".join(cells) + f" {QUANTITY_GAP} "


def _candidate(rest: str, match: re.Match[str], ways: Ways, *, at_start: bool) -> _Candidate | None:  # noqa: C901 - one branch for each place a quantity stands in
    tail = (match["t"] or "").rstrip(".")
    end, unit, times = match.end(), "", False
    if tail:
        following = rest[end : end + 1]
        if tail.lower() in {"x", "×"} and (not following or following in " \t" or following.isalnum()):
            times = True
            if not at_start and following.isdigit():
                return None
        elif tail.lower() in UNIT_CODES and not (following.isalnum() or following in {"-", "/", "_"}):
            unit = tail
        else:
            return None
    else:
        if rest[end : end + 1] in {"-", "/", "_", "%", "°", '"', "”", "+", "#"} and rest[end : end + 2] != "- ":
            return None
        after = _AFTER.match(rest, end)
        if after is not None and after["x"]:
            if not at_start and rest[after.end() : after.end() + 4].strip()[:1].isdigit() and "x" in after["x"].lower():
                return None
            times, end = True, after.end()
        elif after is not None and after["u"].lower() in UNIT_CODES:
            unit, end = after["u"], after.end()
    number = match["n"]
    if times and not unit:
        after = _AFTER.match(rest, end)
        if after is not None and after["u"] and after["u"].lower() in UNIT_CODES and len(after["u"]) > 1:
            unit, end = after["u"], after.end()
    start = match.start()
    if not unit and not times:
        before = _TIMES_BEFORE.search(rest[:start])
        if before is not None:
            times, start = True, before.start()
        else:
            word = _BEFORE_UNIT.search(rest[:start][-20:])
            if (
                word is not None
                and word["u"].lower() in UNIT_CODES
                and len(word["u"]) > 1
                and not _COUNTED_UNIT.search(rest[: start - len(word[0])])
                and word["u"].lower() not in {"la", "to", "st", "un", "an"}
            ):
                unit = word["u"]
                start -= len(word[0])
    quantity = quantity_of(number, unit, ways)
    if quantity is None or quantity.value == 0 or len(number) > 12:
        return None
    small_unit = unit.lower() in {"m", "l", "g", "t", "mm", "u", "a", "kg", "ml"} and not at_start
    if unit.lower() in _SIZES and not at_start:
        rank = 1
    elif unit or times:
        rank = 4 if at_start else (2 if small_unit else 3)
    elif at_start:
        rank = 2 if len(number) < 6 else 0
    elif not rest[end:].replace(GAP, "").strip(" .,;)"):
        rank = 1 if len(number) < 6 and number.isdigit() else 0
    else:
        rank = 2 if _counts_code(rest, number, start, end) else 0
    if rank == 0:
        return None
    return _Candidate(quantity, rank, start, end)


def _counts_code(rest: str, number: str, start: int, end: int) -> bool:
    """Whether a bare number within a sentence stands right before the part number it counts: ``20 of AB-1001``."""
    if not number.isdigit() or len(number) > _LONGEST_COUNT or _COUNTS_NOTHING.search(rest[:start]):
        return False
    code = _BEFORE_CODE.match(rest, end)
    if (
        code is not None
        and len(code["code"]) > _SHORTEST_COUNTED
        and code_rank(code["code"].rstrip("./-")) >= MOST_LIKELY
    ):
        return True
    return _OF_TAKEN.match(rest, end) is not None


def unit_word(text: str, ways: Ways) -> str:
    """A unit written alone, in the form the order keeps; empty when it is none."""
    return written_unit(text, ways.language) if text.strip().rstrip(".").lower() in UNIT_CODES else ""
