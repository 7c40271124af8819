"""Keeps the free text of an order's pages as notes, and watches what neither a field nor a note holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from bridgehead.documents.dates import find_days
from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Source
from bridgehead.documents.pdf.roles import role_of
from bridgehead.documents.pdf.titles import other_title
from bridgehead.documents.pdf.vocabulary import PAGE_OF, label
from bridgehead.documents.pdf.words import Piece, Row, Sheet
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in, names_item

_NUMBER: Final = re.compile(
    r"[-– ]*\d{1,3}[-– ]*|(?:page|seite|pagina|sida|side|strona|p[aá]gina|blatt)\W{0,2}\d{1,3}", re.IGNORECASE
)
_MOST_TERMS: Final = 14
"""Lines of prose behind the table beyond which they are terms of business, not a note."""
_USUAL: Final = re.compile(
    r"\btel\b|\btelefono\b|\btelephone\b|\btelefoon\b|\btelefon\b|\bphone\b|\w@\w|\bfax\b|\biban\b|\bbic\b|\bvat (?:id|no|reg)|ust-?id|www\.|https?:|registered (?:office|in)|company (?:no|reg)|if you have any (?:question|quer)|questions? (?:about|concerning|regarding)|thank you|(?:please )?(?:quote|state|show|indicate|mention|include|reference)\b.{0,60}\b(?:number|no\b|reference|invoice|p\.?o\b)|(?:terms and conditions|general (?:terms|conditions)|conditions of purchase|our terms)|acknowledge?(?: receipt)?|confirm(?:ation)?\b.{0,60}\b(?:receipt|order|delivery|writing|hours|days|e-?mail|return)|invoices?\b|this (?:is a computer|document|order is (?:valid|computer|generated|electronically))|authori[sz]ed (?:by|signature|signatory)|signature|payment will|notify us immediately|enter this order|in accordance with|send (?:all|two|one|copies)|copies of|correspondence"
    r"|rechnung|bestatig|auftragsbestatigung|einkaufsbedingung|geschaftsbedingung|agb\b|allgemeine|lieferschein|bestellnummer (?:an|auf|in)|geben sie|bei ruckfragen|fur ruckfragen|mit freundlich|freundliche gru|maschinell|unterschrift|ohne unterschrift|hiermit bestellen|wir bestellen|wir bitten um|bitte (?:liefern sie|bestatigen|beachten)|geschaftsfuhr|amtsgericht|handelsregister|ust-?id|steuernummer|bankverbindung|iban|unfrei|sehr geehrte|vielen dank"
    r"|facture|accuse de reception|confirm(?:er|ez|ation)|conditions generales|nous vous (?:prions|remercions)|veuillez (?:agreer|rappeler|indiquer|nous)|merci de|bon pour accord|cachet|salutations|siret|capital"
    r"|factura|confirm|condiciones generales|rogamos|agradec|atentamente|firma|sello|registro mercantil|fattura|conferma|condizioni general|vi preghiamo|distinti saluti|timbro|cap\. ?soc|factuur|bevestig|voorwaarden|inkoopvoorwaarden|handtekening|met vriendelijke|kvk"
    r"|faktur|potwierdz|warunki|podpis|z powazaniem|dziekuj|bekraft|ordererkannande|villkor|underskrift|vanliga halsningar|mvh|betingelser|vilkar|bekreft|hilsen|fatura|cumprimentos|assinatura|condicoes gerais"
)
"""Sentences that forms print under every order; they say nothing of this one."""
_SPEAKS: Final = re.compile(
    r"instruction|anweisung|prompt|assistant|assistent|agent|\bmodel|automat|parser|\bbots?\b|reader|genehmig|approv|freigeb|istruzion|instruccion|instrukcj|ignor"
)
"""What an instruction to the reader says that terms of business do not."""
_AGENTS: Final = re.compile(
    r"\b(?:bots?|llm|parser|(?:automat\w*|ai|ki|ia|order|software)\W+(?:agent\w*|assist[ae]n\w*|reader|model\w*))\b"
)
"""Readers by machine that no form speaks to, whatever else its sentence says."""
_CLAUSE: Final = re.compile(r"(?:§+ ?)?\d{1,2}(?:\.\d{1,2})*[.)]?\s+[^\W\d_]")
"""How a clause of terms begins: a number, then words."""
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_FEW_WORDS: Final = 4
_SMALL: Final = 0.82
"""The share of the usual size of letters below which a text is the fine print of the form."""


def furniture_of(sheets: Sequence[Sheet]) -> set[int]:
    """Lines that repeat at the same height of several pages, at head or foot: letterheads, footers, page numbers."""
    seen: dict[tuple[str, int], list[Row]] = {}
    for sheet in sheets:
        for row in sheet.rows:
            high = row.top < 0.3 * sheet.height or row.top > 0.82 * sheet.height
            if high:
                seen.setdefault((_counted(row.text), round(row.top / 4)), []).append(row)
    found: set[int] = set()
    for rows in seen.values():
        pages = {row.page for row in rows}
        if len(pages) > 1 and 2 * len(pages) >= len(sheets) - 1:
            found |= {row.line for row in rows if not _may_be_item(row)}
    for sheet in sheets:
        for row in (*sheet.rows[:4], *sheet.rows[-4:]):
            if len(row.pieces) <= 2 and any(PAGE_OF.fullmatch(piece.text.strip()) for piece in row.pieces):
                found.add(row.line)
    return found


def _counted(text: str) -> str:
    """The text without what counts pages, which alone may differ in rows that repeat."""
    bare = PAGE_OF.sub("#", text)
    return "#" if _NUMBER.fullmatch(bare) else bare


def _may_be_item(row: Row) -> bool:
    """Whether a repeated row has the figures of an item."""
    return len(row.pieces) >= 4 and len(re.findall(r"\d+[.,]\d{2}\b", row.text)) >= 2


def take_notes(draft: Draft, rows: Sequence[Row], used: set[int], part: str) -> set[int]:
    """Keeps the texts that labels announce as notes (``Remarks: ...``); returns the words used."""
    taken: set[int] = set()
    for at, row in enumerate(rows):
        for piece in row.pieces:
            if any(id(word) in used or id(word) in taken for word in piece.words):
                continue
            before, colon, after = piece.text.partition(":")
            if label(before if colon else piece.text) != "note":
                continue
            texts = [after.strip()] if after.strip() else []
            pieces = [piece]
            texts += [one.text for one in _under(rows, at, piece, used, pieces)]
            taken |= {id(word) for one in pieces for word in one.words}
            if texts:
                draft.note(" ".join(texts)[:2000], Source(part, row.line, texts[0][:200], page=row.page, how="label"))
    return taken


def _under(rows: Sequence[Row], at: int, piece: Piece, used: set[int], pieces: list[Piece]) -> Iterator[Piece]:
    last = piece
    for other in rows[at + 1 : at + 12]:
        if other.page != piece.page or other.top - last.bottom > 1.3 * max(last.size, other.size):
            return
        near = [
            one
            for one in other.pieces
            if abs(one.x0 - piece.x0) < 30 and not any(id(word) in used for word in one.words)
        ]
        if not near:
            continue
        before, colon, _ = near[0].text.partition(":")
        if (colon and label(before) is not None) or role_of(near[0].text) is not None:
            return
        last = near[0]
        pieces.append(last)
        yield last


def watch_rest(draft: Draft, rows: Sequence[Row], used: set[int], furniture: set[int], part: str) -> None:
    """Keeps sentences as notes, and warns of any text that speaks to the reader or sets something beside the data.

    What speaks to the reader is told wherever it stands, in a field as well as beside all of them.
    """
    seen = [(row, piece) for row in rows for piece in row.pieces if row.line not in furniture]
    left = [(row, piece) for row, piece in seen if not any(id(word) in used for word in piece.words)]
    sizes = [row.size for row in rows]
    usual = median(sizes) if sizes else 10.0
    paragraphs = _paragraphs(left)
    terms = sum(1 for texts in paragraphs for _, piece in texts if len(_WORDS.findall(piece.text)) > 4)
    terms_from = next((row.line for row, piece in left if other_title(piece.text) == "master_data"), 10**9)
    spoken: set[int] = set()
    for texts, said in spoken_in(seen, legal=terms > _MOST_TERMS):
        row = texts[0][0]
        draft.warn("instruction", f"page {row.page}, line {row.line}: {said!r}")
        spoken |= {id(piece) for _, piece in texts}
    told = instruction_in("\n".join(piece.text for _, piece in left))
    for texts in paragraphs:
        if any(id(piece) in spoken for _, piece in texts):
            told = None
            continue
        text = " ".join(piece.text for _, piece in texts)
        row = texts[0][0]
        words = len(_WORDS.findall(text))
        if (row.line >= terms_from or _CLAUSE.match(text)) and words >= 5:
            continue
        small = texts[0][1].size < _SMALL * usual
        pair = len(texts) == 2 and re.fullmatch(r"[\w./ -]*\d[\w./ -]*", texts[1][1].text) is not None
        if small or words < 3 or (pair and len(texts[0][1].words) <= 6) or (terms > _MOST_TERMS and len(texts) > 2):
            continue
        if ((_USUAL.search(fold(text)) is None or names_item(text, draft)) and _is_sentence(text)) or (
            words >= 3 and _USUAL.search(fold(text)) is None and deviation_in(text) and ":" not in text
        ):
            draft.note(text[:2000], Source(part, row.line, text[:200], page=row.page, how="place"))
    if told is not None and terms <= _MOST_TERMS:
        draft.warn("instruction", f"the pages say {told!r}")


def watch_days(draft: Draft, rows: Sequence[Row], used: set[int], furniture: set[int], ways: Ways) -> None:
    """Warns of a day in the letters of the order that no field holds: it may be the one that is asked for."""
    held = {draft.order_date, draft.requested_date, *(line.requested_date for line in draft.lines)}
    held |= {stated.day for stated in draft.dates}
    usual = median([row.size for row in rows]) if rows else 10.0
    for row in rows:
        for piece in row.pieces if row.line not in furniture else ():
            if piece.size < _SMALL * usual or any(id(word) in used for word in piece.words):
                continue
            for found in find_days(piece.text, ways.days):
                if found.day not in held:
                    where = f"page {row.page}, line {row.line}: {piece.text[:120]!r}"
                    draft.warn("uncertain", f"a day that no field holds ({where})")
                    held.add(found.day)


def spoken_in(pieces: Sequence[tuple[Row, Piece]], *, legal: bool) -> Iterator[tuple[list[tuple[Row, Piece]], str]]:
    """The paragraphs that speak to whoever reads by machine, each with the words that do.

    ``legal`` is set for pages with terms of business, which speak of instructions and approvals to everybody.
    """
    sizes = [row.size for row, _ in pieces]
    usual = median(sizes) if sizes else 10.0
    for texts in _paragraphs(pieces):
        text = " ".join(piece.text for _, piece in texts)
        said = instruction_in(text) or instruction_in("\n".join(piece.text for _, piece in texts))
        if said is not None and legal and _SPEAKS.search(fold(text)) is None:
            said = None
        if said is None and texts[0][1].size >= _SMALL * usual and len(_WORDS.findall(text)) >= _FEW_WORDS:
            plain = fold(text)
            form = _USUAL.search(plain) is not None and _AGENTS.search(plain) is None
            said = None if form or (legal and len(texts) > 2) else addresses_machine(text)
        if said is not None:
            yield texts, said


def _is_sentence(text: str) -> bool:
    words = text.split()
    lower = sum(1 for word in words if word[:1].islower())
    return len(words) >= 5 and lower >= 2


def _paragraphs(left: Sequence[tuple[Row, Piece]]) -> list[list[tuple[Row, Piece]]]:
    """Pieces that stand below one another at the same left edge, as one paragraph."""
    found: list[list[tuple[Row, Piece]]] = []
    for row, piece in left:
        home = next(
            (
                one
                for one in reversed(found[-6:])
                if one[-1][1].page == piece.page
                and abs(one[-1][1].x0 - piece.x0) < 4
                and -2 <= piece.top - one[-1][1].bottom <= 0.6 * piece.size
                and row.line != one[-1][0].line
            ),
            None,
        )
        if home is None:
            found.append([(row, piece)])
        else:
            home.append((row, piece))
    return found
