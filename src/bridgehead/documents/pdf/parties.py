"""Reads who orders, who supplies, where goods and invoices go, from the blocks of an order's pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.addresses import read_address
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft, DraftParty
from bridgehead.documents.order import Source
from bridgehead.documents.pdf.roles import Role, role_of
from bridgehead.documents.pdf.titles import order_title, other_title
from bridgehead.documents.pdf.vocabulary import label
from bridgehead.documents.pdf.words import Piece, Row
from bridgehead.documents.terms import country_of
from bridgehead.documents.vigilance import deviation_in

MOST_LINES: Final = 9
_WIDE_PT: Final = 400.0
"""An address on one line that is longer may go on in the next."""
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE: Final = re.compile(
    r"^(?:tel(?:efon|[eé]fono|\.)?|phone|ph|fon|t|mobile?|m[oó]vil|cell)\b\.?\s*(?:no\.?|nr\.?)?\s*:?\s*(?P<no>\+?[\d(][\d\s()/.-]{5,24})",
    re.IGNORECASE,
)
_BARE_PHONE: Final = re.compile(r"^\+?[\d(][\d\s()/.-]{6,24}$")
_SKIP: Final = re.compile(
    r"^(?:fax|tel|phone|www\.|https?:|web(?:site)?|e-?mail|mobile|iban|bic|swift|bank|hrb|amtsgericht|gesch[aä]ftsf|registr|siren|siret|rcs|kvk|cvr|nip|regon|krs|steuer|p\.? ?iva|c\.?f\.?|cif|nif|vat|ust|tva|btw|eori|capital|page|seite)\b",
    re.IGNORECASE,
)
_VAT: Final = re.compile(
    r"\b(?i:vat|ust|tva|btw|iva|moms|nip|nif|cif|mva|uid)\b[^\w]{0,3}(?i:id|reg|nr|no|number|intracom\w*|p)?[\w .-]{0,12}?:?\s*(?P<no>[A-Z]{2}\s?(?=[\dA-Z .]{0,14}\d{3})[\dA-Z][\d A-Z.]{6,14})\b"
)
_GLN: Final = re.compile(r"\b(?:GLN|ILN)\W{0,3}(\d{13})\b", re.IGNORECASE)
_CONTACT: Final = re.compile(
    r"^(?:attn|attention|att|z\.? ?hd|zu h[aä]nden|contact(?: person)?|c/o|ansprechpartner(?:in)?|kontakt(?:person)?|t\.?a\.?v|a la atenci[oó]n|all'attenzione|contatto|contacto|à l'attention de|contactpersoon|osoba kontaktowa)\b\.?\s*:?\s*(?P<who>\D{3,60})$",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"^(?:[A-Z]{1,2}[- ])?(?:\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{3} \d{2}|\d{4,5}(?:-\d{3,4})?)[ ,]+[^\W\d_][^\d]{1,50}$"
    r"|^[^\W\d_][^\d]{1,40}?,?\s+(?:[A-Z]{2},?\s+)?(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d[\dW] ?[A-Z\d]{4}|\d{4})(?:,?\s+[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)?$"
)
_COMPANY: Final = re.compile(
    r"\b(?:GmbH|AG|KG|KGaA|OHG|SE|e\.?K\.?|UG|mbH|Inc|Corp(?:oration)?|LLC|L\.L\.C|Ltd|Limited|plc|PLC|LLP|Company|Co|S\.?A\.?S?|SARL|S\.?à\.?r\.?l|S\.?p\.?A|S\.?r\.?l|S\.?L|B\.?V|N\.?V|AB|Oy|A/S|AS|ApS|Sp\. ?z ?o\. ?o|Lda|Ltda|S\.?A\. ?de C\.?V|Pty|SNC|EURL|SCA|Industries|Group|Werke?|Holding|Technologies|Systems)\b\.?"
)
_SENDER: Final = re.compile(r"\s*[·•|–]\s*|\s+-\s+|\s*\*\s*")
_PERSON: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Herr|Frau|Dr|M|Mme|Sr|Sra|Sig|Dhr|Mevr|Pan|Pani)\.? )?[A-ZÀ-Þ][a-zà-ÿ.-]+(?: [A-ZÀ-Þ][a-zà-ÿ.-]*){1,2}"
)


@dataclass(slots=True)
class Block:
    """Lines that stand below one another, with what they are the address of."""

    role: Role | None
    lines: list[tuple[str, Source]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    @property
    def placed(self) -> bool:
        """Whether a line holds a postal code and a place."""
        return any(_has_place(text) for text, _ in self.lines)

    def keep_first_place(self) -> None:
        """Leaves out what stands below the first place and its country when it holds another place.

        It is an address of its own, whose label is not known: read into this one, its street would count.
        """
        first, *further = [at for at, (text, _) in enumerate(self.lines) if _has_place(text)] or [0]
        if not further:
            return
        labels = len(self.pieces) - len(self.lines)  # 1 where the label stands in a piece of its own
        end = first + 1
        while end < further[0] and (country_of(self.lines[end][0]) is not None or _beside_place(self.lines[end][0])):
            end += 1
        del self.lines[end:], self.pieces[end + labels :]


def _has_place(text: str) -> bool:
    return any(_PLACE.match(one.strip()) for one in (text, *text.split(", ")[1:]))


def _beside_place(text: str) -> bool:
    """Whether a line below a place still belongs to its address: how to reach who is there, or a number of theirs."""
    return any(one.search(text) for one in (_MAIL, _VAT, _GLN)) or any(
        one.match(text) for one in (_PHONE, _CONTACT, _SKIP)
    )


_CITY_WORDS: Final = 3
"""What an address in one line, with its place, may still have below it: the rest of a long name of a place."""
_SENTENCE: Final = 4
"""So many words in a line below an address may say something of the order."""


def read_parties(draft: Draft, rows: Sequence[Row], head: Sequence[Row], used: set[int], part: str) -> set[int]:
    """Fills the parties of the order: by labels in ``rows``, and without one in its ``head``.

    Returns the identities of the words used.
    """
    blocks = _labelled_blocks(rows, part)
    taken = {id(word) for block in blocks for piece in block.pieces for word in piece.words}
    loose = _loose_blocks(head, used | taken, part)
    known = {block.role for block in blocks if block.lines}
    placed = [block for block in loose if block.placed]
    if len(placed) == 1 and "ship_to" in known and not known & {"buyer", "seller"} and _sender(placed[0]) is None:
        place = next(block for block in blocks if block.role == "ship_to")
        if not _same_name(placed[0], place):
            placed[0].role = "seller"
            known |= {"buyer", "seller"}
    loose += _give_roles(loose, known)
    ordered = sorted((*blocks, *loose), key=lambda block: _ORDERED.index(block.role or "other"))
    for block in ordered:
        if block.role is None or block.role == "other" or not block.lines:
            continue
        party = _party(draft, block.role)
        if (
            block.role == "buyer"
            and len(block.lines) == 1
            and _PERSON.fullmatch(block.lines[0][0])
            and not _COMPANY.search(block.lines[0][0])
        ):
            party.put("contact", *block.lines[0])
            continue
        if block in loose and party.values.keys() & {"street", "city", "postal_code"}:
            continue
        if _seen_to(block):
            party.put("contact", *block.lines.pop(0))
        fill(party, block.lines, draft.buyer.values.get("name", ""))
        for text, source in block.lines:
            spoken = len(text.split()) >= _SENTENCE and text not in party.values.values() and not _beside_place(text)
            if spoken and (doubt_in(text) or deviation_in(text)):
                draft.note(text, source)
        taken |= {id(word) for piece in block.pieces for word in piece.words}
    _name_buyer(draft, head, part)
    if (
        "name" not in draft.buyer.values
        and "name" in draft.ship_to.values
        and draft.ship_to.values["name"] != draft.seller.values.get("name")
    ):
        draft.buyer.put("name", draft.ship_to.values["name"], draft.ship_to.sources["name"])
    if "name" not in draft.buyer.values and "name" in draft.bill_to.values:
        for key, value in draft.bill_to.values.items():
            draft.buyer.put(key, value, draft.bill_to.sources[key])
    return taken


def _seen_to(block: Block) -> bool:
    """Whether a block that a word for a clerk opens begins with that person's name, above an address."""
    opened = block.pieces and _PERSONS.fullmatch(block.pieces[0].text.strip(" :")) is not None
    named = len(block.lines) > 1 and _PERSON.fullmatch(block.lines[0][0]) and not _COMPANY.search(block.lines[0][0])
    return bool(opened and named and _COMPANY.search(block.lines[1][0]))


def _same_name(one: Block, other: Block) -> bool:
    """Whether any line of the one is the first of the other, as when goods go to who orders them."""
    named = other.lines[0][0].partition(",")[0].strip().lower()
    return any(text.lower().startswith(named) for text, _ in one.lines)


_ORDERED: Final[tuple[Role, ...]] = ("buyer", "seller", "ship_to", "bill_to", "other")


def _party(draft: Draft, role: Role) -> DraftParty:
    return {"buyer": draft.buyer, "seller": draft.seller, "ship_to": draft.ship_to, "bill_to": draft.bill_to}[role]


def fill(party: DraftParty, lines: Sequence[tuple[str, Source]], own: str = "") -> None:
    """Fills a party from the lines of its block: numbers, contact and address.

    A person above the buyer's ``own`` name in an address is a contact.
    """
    kept: list[tuple[str, Source]] = []
    for text, source in lines:
        mail, phone, contact, vat, gln = (
            _MAIL.search(text), _PHONE.match(text), _CONTACT.match(text), _VAT.search(text), _GLN.search(text)
        )  # fmt: skip
        if mail is not None:
            party.put("email", mail[0].lower(), source)
        if vat is not None:
            party.put("vat", re.sub(r"[\s.]", "", vat["no"]).upper(), source)
        if gln is not None:
            party.put("gln", gln[1], source)
        if phone is not None:
            party.put("phone", phone["no"].strip(), source)
        elif contact is not None:
            party.put("contact", contact["who"].strip(" :"), source)
        elif _BARE_PHONE.match(text) and sum(one.isdigit() for one in text) >= 7 and not _PLACE.match(text):
            party.put("phone", text, source)
        elif mail is None and vat is None and not _SKIP.match(text):
            number = re.match(
                r"(?:customer|kunden|client|account|ship-?to|location|site|address|adress|id|code)\W{0,3}(?:no|nr|id|number|nummer|code)?\W{0,3}:?\s*(?P<no>[\w/-]*\d[\w/-]*)$",
                text,
                re.IGNORECASE,
            )
            if number is not None:
                party.put("number", number["no"], source)
            elif gln is None or len(text) > len(gln[0]) + 4:
                kept.append((text, source))
    if (
        len(kept) > 2
        and own
        and kept[1][0].strip().lower() == own.lower()
        and kept[0][0].strip().lower() != own.lower()
    ):
        party.put("contact", kept[0][0], kept[0][1])
        kept = kept[1:]
    if kept:
        read_address(kept, party)
        if len(kept) > 1 and country_of(kept[-1][0]) is not None:
            party.put("country", country_of(kept[-1][0]), kept[-1][1])


def _source(part: str, piece: Piece, text: str) -> Source:
    return Source(part, piece.line, text[:200], page=piece.page, how="place")


def _labelled_blocks(rows: Sequence[Row], part: str) -> list[Block]:
    blocks: list[Block] = []
    for at, row in enumerate(rows):
        for index, piece in enumerate(row.pieces):
            found = role_of(piece.text)
            if found is None:
                continue
            role, value = found
            if value and _wrong_value(value):
                continue
            block = _collect(rows, at, index, role, value, part)
            if (
                block.lines
                and not _wrong_value(block.lines[0][0])
                and not (role in {"buyer", "seller"} and _is_number_only(block))
            ):
                blocks.append(block)
    return blocks


def _wrong_value(value: str) -> bool:
    """Whether what stands behind the label is no name or address: a day, a number."""
    return re.fullmatch(r"[\d./\s:-]{4,}|\d{1,2}\.? \w{3,12}\.? \d{4}|\w{3,12} \d{1,2}, \d{4}", value) is not None


def _is_number_only(block: Block) -> bool:
    return len(block.lines) == 1 and re.fullmatch(r"[\w-]{0,6}\d[\w/-]{2,}", block.lines[0][0]) is not None


def _collect(rows: Sequence[Row], at: int, index: int, role: Role, value: str, part: str) -> Block:
    piece = rows[at].pieces[index]
    block = Block(role, pieces=[piece])
    left = piece.x0
    last = piece
    if value:
        words = value.split()
        left = piece.words[-len(words)].x0 if len(words) <= len(piece.words) else piece.x0
        block.lines.append((value, _source(part, piece, value)))
    else:
        below = _first_below(rows, at, piece)
        beside = rows[at].pieces[index + 1] if index + 1 < len(rows[at].pieces) else None
        if beside is not None and (_stops(beside) or beside.x0 - piece.x1 > 220 or piece.page != beside.page):
            beside = None
        if below is None and beside is None:
            return block
        first = (
            beside
            if below is None
            or (beside is not None and piece.text.rstrip().endswith(":") and abs(below.x0 - beside.x0) < 5)
            else below
        )
        if (
            beside is not None
            and below is not None
            and first is below
            and piece.text.rstrip().endswith(":")
            and below.x0 - piece.x0 > 5
        ):
            first = beside
        if first is None:
            return block
        left, last = first.x0, first
        block.lines.append((first.text, _source(part, first, first.text)))
        block.pieces.append(first)
    _follow(rows, at, block, last, (left, piece.x0), part)
    block.keep_first_place()
    if value.count(",") > 1:
        ends = len(block.lines) > 1 and _has_place(value) and len(block.lines[1][0].split()) > _CITY_WORDS
        wrapped = (
            len(block.pieces) > 1
            and piece.x1 - piece.x0 > _WIDE_PT
            and block.pieces[1].x1 - piece.x0 < 0.5 * _WIDE_PT
            and not ends
        )
        more = f" {block.lines[1][0]}" if wrapped else ""
        block.lines = [(value + more, block.lines[0][1])]
        block.pieces = block.pieces[: 2 if wrapped else 1]
    return block


def _follow(rows: Sequence[Row], at: int, block: Block, last: Piece, lefts: tuple[float, float], part: str) -> None:
    for other in rows[at + 1 :]:
        if other.page != last.page or len(block.lines) >= MOST_LINES:
            return
        if other.top <= last.top + 0.3 * last.size:
            continue
        aligned = [
            one for one in other.pieces if min(abs(one.x0 - left) for left in lefts) <= 6 and one not in block.pieces
        ]
        gap = other.top - last.bottom
        if gap > 1.05 * max(last.size, 6):
            return
        if not aligned:
            continue
        found = aligned[0]
        if _stops(found):
            return
        block.lines.append((found.text, _source(part, found, found.text)))
        block.pieces.append(found)
        last = found


def _first_below(rows: Sequence[Row], at: int, piece: Piece) -> Piece | None:
    for other in rows[at + 1 : at + 5]:
        if other.page != piece.page or other.top - piece.bottom > 2.2 * piece.size:
            return None
        if other.top <= piece.top + 0.3 * piece.size:
            continue
        near = [one for one in other.pieces if -16 <= one.x0 - piece.x0 <= 40]
        if near:
            return None if _stops(near[0]) else near[0]
    return None


_PERSONS: Final = re.compile(
    r"(?:your |our |ihr(?:e)? |unser(?:e)? |uw |onze |ert? |v[åa]rt? |votre |notre |ns\.? |vs\.? )?"
    r"(?:contact(?: person)?|kontakt(?:person)?|contacto|contatto|contactpersoon|ansprechpartner(?:in)?|(?:sach|auftrags)?bearbeiter(?:in)?(?:/-?in)?|bearbeitet (?:von|durch)|zust[aä]ndig(?:er?)?"
    r"|buyer|clerk(?: in charge)?|placed by|handled by|(?:case |order )?handler|processed by|prepared by|person in charge|requested by|requisitioner|requester"
    r"|gestionnaires?|charg[eé]e? (?:de|du) dossier|(?:dossier |affaire )?suivie? par|trait[eé]e? par|interlocut(?:eur|rice)|approvisionneu(?:r|se)"
    r"|gestora?|tramitad[oa] por|gestionad[oa] por|persona de contacto|encargad[oa]|referente|addett[oa](?: acquisti)?|incaricat[oa]|(?:pratica )?seguit[oa] da|compilat[oa] da"
    r"|behandelaar(?:ster)?|behandeld door|handl[aä]ggare|handl[aä]gg(?:s|es) av|ink[oö]pare|sagsbehandler|saksbehandler|osoba kontaktowa|osoba prowadz[aą]ca|prowadz[aą]c[ya]|referent(?:ka)?|opracowa[lł](?:a)?|wystawi[lł](?:a)?"
    r"|respons[aá]vel|vy[rř]izuje|[uü]gyint[eé]z[oő]|yhteyshenkil[oö]|k[aä]sittelij[aä]|phone|telefon|tel\.?|e-?mail)",
    re.IGNORECASE,
)
"""What pages call the person who sees to an order, in a dozen languages: no name, and no line of an address."""


def _stops(piece: Piece) -> bool:
    """Whether a piece begins something else than a line of an address."""
    text = piece.text
    if role_of(text) is not None or _PERSONS.fullmatch(text.strip(" :")) is not None:
        return True
    before, colon, _ = text.partition(":")
    name = label(before if colon else text)
    if name is None or name in {
        "customer_name",
        "article",
        "position",
        "unit",
        "price_basis",
        "quantity",
        "part",
        "price",
    }:
        return False
    if name.startswith("ship_to.") or name in {"email", "ignore", "buyer.vat", "buyer.gln", "buyer.duns"}:
        return False
    return colon != "" or (len(text.split()) <= 3 and not any(one.isdigit() for one in text))


def _loose_blocks(rows: Sequence[Row], used: set[int], part: str) -> list[Block]:
    """Blocks of lines without a label, on the first page, from top to bottom."""
    blocks: list[Block] = []
    first = rows[0].page if rows else 1
    for row in rows:
        if row.page != first:
            break
        for piece in row.pieces:
            if any(id(word) in used for word in piece.words) or order_title(piece.text) or other_title(piece.text):
                continue
            home = next(
                (
                    block
                    for block in reversed(blocks)
                    if _aligned(block.pieces[-1], piece)
                    and 0
                    <= piece.top - block.pieces[-1].bottom + 2
                    <= 0.95 * max(piece.size, block.pieces[-1].size) + 2
                    and len(block.lines) < MOST_LINES
                ),
                None,
            )
            if home is None:
                home = Block(None)
                blocks.append(home)
                if _PERSONS.fullmatch(piece.text.strip(" :")) is not None:
                    home.pieces.append(piece)  # names who sees to the order, and no line of the address below it
                    continue
            home.lines.append((piece.text, _source(part, piece, piece.text)))
            home.pieces.append(piece)
    return [block for block in blocks if block.placed or _sender(block) is not None]


def _aligned(above: Piece, below: Piece) -> bool:
    """Whether two lines begin at one edge, or end at one, as in a letterhead at the right of the page."""
    return abs(above.x0 - below.x0) <= 3 or abs(above.x1 - below.x1) <= 1


def _sender(block: Block) -> list[str] | None:
    """The pieces of a sender's line: name, street and place on one line, parted by dots or bars."""
    for text, _ in block.lines[:2]:
        parts = [one for one in _SENDER.split(text) if one.strip()]
        if len(parts) < 3:
            parts = [one for one in re.split(r",\s+", text) if one.strip()]
        if len(parts) >= 3 and any(_PLACE.match(one.strip()) for one in parts[1:]):
            return [one.strip() for one in parts]
    return None


def _give_roles(loose: Sequence[Block], known: set[Role | None]) -> list[Block]:
    """Who the unlabelled blocks are: a sender's line or the topmost block orders, the next below it supplies.

    Returns the block below a sender's line, which stands in one block with it.
    """
    waiting: list[Role] = []
    if "buyer" not in known:
        waiting.append("buyer")
    if "seller" not in known:
        waiting.append("seller")
    more: list[Block] = []
    senders = [block for block in loose if _sender(block) is not None]
    if "buyer" in waiting and senders:
        sender = senders[0]
        parts = _sender(sender) or []
        at = next((i for i, (text, _) in enumerate(sender.lines) if len(_SENDER.split(text)) >= 3), 0)
        source = sender.lines[at][1]
        rest = sender.lines[at + 1 :]
        sender.role = "buyer"
        if rest and "seller" in waiting and any(_PLACE.match(text) for text, _ in rest):
            more.append(Block("seller", rest, sender.pieces[at + 1 :]))
            waiting.remove("seller")
        sender.lines = [(one, source) for one in parts]
        waiting.remove("buyer")
    for block in loose:
        if not waiting:
            break
        if block.role is None and block.placed:
            block.role = waiting.pop(0)
    return more


def _name_buyer(draft: Draft, rows: Sequence[Row], part: str) -> None:
    """The name at the head of the page, where nothing else names who orders."""
    if "name" in draft.buyer.values or not rows:
        return
    first = rows[0].page
    others = {source.line for party in (draft.seller, draft.ship_to) for source in party.sources.values()}
    for row in rows[:8]:
        if row.page != first:
            break
        for piece in row.pieces:
            text = piece.text
            if row.line in others and text in {*draft.seller.values.values(), *draft.ship_to.values.values()}:
                continue
            if order_title(text) or other_title(text) or label(text) or role_of(text) or ":" in text:
                continue
            if _COMPANY.search(text) and not _PLACE.match(text) and len(text) <= 60:
                draft.buyer.put("name", text, _source(part, piece, text))
                return
