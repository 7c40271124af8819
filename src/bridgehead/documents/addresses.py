"""Reads a postal address from the lines or comma-separated pieces a sender wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.draft import DraftParty
from bridgehead.documents.order import Source
from bridgehead.documents.terms import country_of

_CODE_CITY: Final = re.compile(
    r"(?:(?P<cc>[A-Z]{1,2})[- ])?(?P<code>\d{4} ?[A-Z]{2}(?![a-z])|\d{2}-\d{3}(?!\d)|\d{3} ?\d{2}(?!\d)|\d{4,5}(?:-\d{3,4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})"
    r"[ ,]+(?P<city>[^\W\d_][^\d,;()]{1,50}?)\s*(?:\((?P<prov>[A-Z]{2})\))?(?:,\s*(?P<land>[^\d]{2,30}))?"
)
_CITY_STATE: Final = re.compile(
    r"(?P<city>[^\W\d_][^\d,;]{1,40}?),?\s+(?P<state>[A-Z]{2})[,]?\s+(?P<code>\d{5}(?:-\d{4})?)"
)
_CITY_CODE: Final = re.compile(
    r"(?P<city>[^\W\d_][^\d,;]{1,40}?),?\s+(?P<code>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[AC-FHKNPRTV-Y]\d[\dW] ?[0-9AC-FHKNPRTV-Y]{4}|\d{4,5})"
)
_NUMBERED_STREET: Final = re.compile(
    r"\d{4,5} .{2,50} (?:St(?:reet)?|Ave(?:nue)?|R(?:oa)?d|Dr(?:ive)?|Blvd|Boulevard|Lane|Ln|P(?:ar)?kwa?y|Way|H(?:igh)?wa?y"
    r"|C(?:our)?t|Circle|Place|Pl|Plaza|Ter(?:race)?|Trail)\.?",
    re.IGNORECASE,
)
"""American streets, whose numbers of four digits are no postal codes (USPS Publication 28, C1)."""
_GLN: Final = re.compile(r"\b(?:GLN|ILN)\W{0,3}(\d{13})\b", re.IGNORECASE)
_SITE: Final = re.compile(
    r"\b(?:site|location|ship-?to|address|adress|lieferadress|plant|werk|dep[oô]t)[ -]?"
    # Werk Nord has no number; Werk Nr5 and Werk No. 5 have.
    r"(?:(?:id|code|no|nr)(?:\W{1,3}|(?=\d))|n[°º]\W{0,3})([A-Z0-9][A-Z0-9./-]{0,19})",
    re.IGNORECASE,
)
_ATTENTION: Final = re.compile(
    r"(?:attn|att|z\.? ?hd|c/o|t\.a\.v|a l'attention|tel|phone|fax|contact|ansprechpartner|e-?mail)\b", re.IGNORECASE
)


def read_address(lines: Sequence[tuple[str, Source]], party: DraftParty) -> None:  # noqa: C901 - one branch for each way an address is written
    """Fills ``party`` from an address block; lines that are none of its parts stay out.

    The first piece is the name unless it is already street or city; the street is the piece before
    the city.
    """
    pieces: list[tuple[str, Source]] = []
    for written, source in lines:
        text = written
        for pattern, field in ((_GLN, "gln"), (_SITE, "number")):
            found = pattern.search(text)
            if found is not None:
                party.put(field, found[1], source)
                text = text[: found.start()] + text[found.end() :]
        parts = (
            re.split(r"\s*[;|]\s*|\s*,\s+|\s+[-–·/]\s+", text)
            if len(lines) == 1
            else re.split(r"\s*[;|]\s*|\s*,\s+(?=\D*\d)", text)
        )
        pieces.extend((_trimmed(part), source) for part in parts if _trimmed(part))
    pieces = [piece for piece in pieces if _ATTENTION.match(piece[0]) is None]
    _rejoin_state(pieces)
    place = next((i for i in range(len(pieces) - 1, 0, -1) if is_place(pieces[i][0])), None)
    if place is None and pieces and is_place(pieces[0][0]) and len(pieces) <= 2:
        place = 0
    if place is None:
        if len(pieces) == 1 and any(one.isdigit() for one in pieces[0][0]):
            party.put("street", pieces[0][0], pieces[0][1])
        elif pieces:
            party.put("name", pieces[0][0], pieces[0][1])
            if len(pieces) > 1 and any(one.isdigit() for one in pieces[1][0]):
                party.put("street", pieces[1][0], pieces[1][1])
            elif len(pieces) > 1:
                party.put("city", pieces[1][0], pieces[1][1])
        return
    text, source = pieces[place]
    found = _CODE_CITY.fullmatch(text) or _CITY_STATE.fullmatch(text) or _CITY_CODE.fullmatch(text)
    if found is not None:
        groups = found.groupdict()
        party.put("postal_code", found["code"], source)
        party.put("city", found["city"].strip(" -"), source)
        country = country_of(groups.get("land") or "") or country_of(groups.get("cc") or "")
        party.put("country", country or ("US" if groups.get("state") else None), source)
    for after, origin in pieces[place + 1 : place + 3]:
        country = country_of(after)
        if country is not None:
            party.put("country", country, origin)
    before = _by_line(pieces[:place])
    if len(before) == 1 and len(pieces) > place > 1:
        before = [pieces[0], (", ".join(text for text, _ in pieces[1:place]), pieces[1][1])]
    if len(before) >= 2:
        party.put("name", before[0][0], before[0][1])
        street = next((one for one in reversed(before[1:]) if any(char.isdigit() for char in one[0])), before[-1])
        party.put("street", street[0], street[1])
    elif before and any(one.isdigit() for one in before[0][0]):
        party.put("street", before[0][0], before[0][1])
    elif before:
        party.put("name", before[0][0], before[0][1])


def _by_line(pieces: list[tuple[str, Source]]) -> list[tuple[str, Source]]:
    """Pieces of one line belong together: ``ZI Nord, 45 rue du Moulin`` is one street."""
    joined: list[tuple[str, Source]] = []
    for text, source in pieces:
        if joined and joined[-1][1] is source:
            joined[-1] = (f"{joined[-1][0]}, {text}", source)
        else:
            joined.append((text, source))
    return joined


def _trimmed(part: str) -> str:
    """A piece without what stands around it; the brackets of ``Ancona (AN)`` are its own."""
    part = part.strip(" ,;[]")
    return part if "(" in part and part.endswith(")") else part.strip("() ")


def _rejoin_state(pieces: list[tuple[str, Source]]) -> None:
    """``Dayton, OH 45402`` was split at its comma; so was ``Lyon, 69003`` or ``69003, Lyon``."""
    for index in range(len(pieces) - 1):
        text = pieces[index + 1][0]
        if index > 0 and re.fullmatch(r"[A-Z]{2},? \d{5}(?:-\d{4})?", text):
            pieces[index : index + 2] = [(f"{pieces[index][0]}, {text}", pieces[index][1])]
            return
        if (
            index > 0
            and re.fullmatch(r"(?:[A-Z]{1,2}-)?\d{4,5}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", text)
            and not any(one.isdigit() for one in pieces[index][0])
        ):
            pieces[index : index + 2] = [(f"{pieces[index][0]} {text}", pieces[index][1])]
            return


def is_place(text: str) -> bool:
    """Whether a text is a postal code and its place, in either order."""
    if len(text) > 90 or _NUMBERED_STREET.fullmatch(text) is not None:
        return False
    return any(pattern.fullmatch(text) for pattern in (_CODE_CITY, _CITY_STATE, _CITY_CODE))
