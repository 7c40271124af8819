"""Watches what no order of a mail was read from: signature, disclaimer, forwarded text, its other body, its subject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from bridgehead.documents.doubt import doubt_in, plain
from bridgehead.documents.draft import Draft
from bridgehead.documents.mail.items import COUNTED
from bridgehead.documents.mail.patterns import NOT_OURS, PO, plausible_number
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.item_line import read_item
from bridgehead.documents.vigilance import deviation_in, instruction_in, names_item

_LEGAL: Final = re.compile(
    r"(?:do not|don't|please no) reply|no-?reply|nicht (?:\w+ )?(?:darauf )?(?:zu )?antworten|(?:ne )?pas (?:y )?repondre|no (?:\w+ )?respond\w*|non rispond\w*|niet (?:\w+ )?(?:te )?(?:be)?antwoord\w*|svara inte|besvara inte|(?:nie|prosimy nie) odpowiad\w*|svar ikke|nao responda|neodpovidejte|confiden|vertraulich|poufn|adress?at|recipient|empfanger|destinat|bestemd|addressee|privileg|\bmails?\b|e-?mail|druck|envoye depuis|envoye de mon|inviato da|verzonden vanaf|skickat fran|wyslano z|enviado desde|meddelande|wiadomosc|courriel|umwelt|environment|milieu|ambiente|miljo|srodowisk|imprimer|imprimir|print|gesendet|sent from"
)
_ORDER: Final = re.compile(
    r"\b(?:orders?|p\.?o\.?|bestell\w*|auftrag\w*|commandes?|pedidos?|ordin[ei]|bestelling\w*|bestallning\w*|zamowieni\w*|deliver\w*|liefer\w*|livr\w*|entreg\w*|consegn\w*|lever\w*|dostaw\w*)\b"
)
_ASKS: Final = re.compile(
    r"\b(?:please|kindly|bitte|veuillez|merci de|s'il vous|por favor|rogamos|prego|si prega|gelieve|graag|prosimy|prosze|vanligen|var god)\b"
)
_END: Final = re.compile(r"(?<=[.!?;])\s+")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_SPLIT_LIMIT: Final = 200


def paragraphs(lines: Iterable[TextLine]) -> list[TextLine]:
    """Lines that follow one another without a blank one between, as one text each, with the first line's number."""
    found: list[tuple[int, list[str]]] = []
    open_ = False
    for number, text in lines:
        if not text.strip():
            open_ = False
        elif open_:
            found[-1][1].append(text.strip())
        else:
            found.append((number, [text.strip()]))
            open_ = True
    return [(number, " ".join(texts)) for number, texts in found]


def watch_rest(
    draft: Draft, known: set[str], signature: Sequence[TextLine], disclaimer: Sequence[TextLine], ways: Ways
) -> None:
    """Warns of anything below the closing or in a disclaimer that may change, stop or extend the order."""
    legal: list[TextLine] = []
    for number, text in paragraphs(disclaimer):
        if _LEGAL.search(plain(text)):
            legal.append((number, text))
        else:
            _watch_line(draft, number, text)
    for number, text in signature:
        if _LEGAL.search(plain(text)):
            legal.append((number, text))
        else:
            _watch_line(draft, number, text)
    for number, text in legal:
        for sentence in _END.split(text[:4000])[:_SPLIT_LIMIT]:
            found = doubt_in(sentence) if _ORDER.search(plain(sentence)) else None
            if found is not None:
                draft.warn("contradiction", f"line {number}, in the disclaimer, says {found!r}: {sentence[:160]!r}")
    for number, text in (*signature, *disclaimer):
        instruction = instruction_in(text.replace("\u00ad", ""))
        if instruction is not None:
            draft.warn("instruction", f"line {number}: {instruction!r}")
        _watch_items(draft, known, number, text, ways)


def _watch_line(draft: Draft, number: int, text: str) -> None:
    found = doubt_in(text) or deviation_in(text) or names_item(text, draft)
    if found is None and _ASKS.search(plain(text)) and len(_WORD.findall(text)) > 2:
        found = "a wish"
    if found is not None:
        draft.warn("contradiction", f"line {number}, below the closing, says {found!r}: {text.strip()[:160]!r}")


def _watch_items(draft: Draft, known: set[str], number: int, text: str, ways: Ways) -> None:
    item = read_item(text[:300], ways, Source("body", number, text[:300]))
    ordered = item is not None and item.rank >= 3 and (item.code_rank >= 3 or item.priced or item.rank >= COUNTED)
    if ordered and item is not None and item.line.part is not None:
        draft.warn("uncertain", f"line {number}, below the closing, may order something: {text.strip()[:120]!r}")
    watch_numbers(draft, known, ((number, text),), ways)


def watch_numbers(draft: Draft, known: set[str], lines: Iterable[TextLine], ways: Ways) -> None:
    """Warns of an order number that no order of the mail has."""
    for number, text in lines:
        for match in PO.finditer(text[:2000]):
            found = match["no"].rstrip(".-/")
            if not plausible_number(found, match["word"], ways) or NOT_OURS.search(text[: match.start()]):
                continue
            if bare(found) not in {bare(one) for one in known}:
                draft.warn("uncertain", f"line {number} names another order, {found}: {text.strip()[:120]!r}")


def watch_other_body(draft: Draft, read: Iterable[str], other: Sequence[TextLine], name: str) -> None:
    """Warns of words of the body that was not read (the HTML beside the text) which the one that was read lacks."""
    said = plain_words(read)
    for number, text in other:
        if plain(text) and plain(text) in said:
            continue
        if _LEGAL.search(plain(text)):
            continue
        found = instruction_in(text) or doubt_in(text)
        if found is not None and found not in said:
            draft.warn("contradiction", f"{name}, line {number}, says {found!r}, which the other text does not")


def plain_words(lines: Iterable[str]) -> str:
    """All of a text as one line, as ``plain`` writes it."""
    return " ".join(plain(line) for line in lines)


def watch_subject(draft: Draft, subject: str) -> None:
    """Warns of a subject that says the order is void, waits, or is no new one."""
    found = doubt_in(subject)
    if found is not None:
        draft.warn("contradiction", f"the subject says {found!r}: {subject[:120]!r}")


def bare(number: str) -> str:
    """An order number without the marks and the word that senders put before it."""
    return re.sub(r"[^A-Z0-9]", "", number.upper().removeprefix("PO"))
