"""Reads the parties of an EDIFACT order: NAD with the RFF, CTA and COM of its group."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.addresses import read_address
from bridgehead.documents.draft import DraftParty
from bridgehead.documents.edi import country_code
from bridgehead.documents.edifact import codes
from bridgehead.documents.edifact.syntax import Segment
from bridgehead.documents.edifact.values import is_gtin
from bridgehead.documents.edifact.walk import Walk
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal

_IS_COUNTRY = re.compile("[A-Z]{2}")
_GLN_DIGITS = 13
_DUNS_DIGITS = 9
_MOST_NUMBERS = 50
_JOINING: Final = frozenset("& + - , / und and et y e en i och".split())  # noqa: SIM905 - a list of words
_LEGAL: Final = frozenset(
    "& co kg kgaa gmbh ag se ohg mbh ltd limited plc llc inc corp sa sas sarl srl sl spa bv nv ab oy as aps sp z oo".split()  # noqa: SIM905, E501 - a list of words
)
"""Words after which a company's name goes on in the second line of 35 characters, and words that end a name."""


def on_nad(walk: Walk, segment: Segment) -> None:
    """NAD: C082 number, C058 unstructured lines, C080 name, C059 street, 3164 city, 3251 code, 3207 country."""
    role = segment.get(1).upper()
    if not role:
        raise Refusal("edifact.missing_element", "NAD states no role (3035).", segment.place)
    party = DraftParty()
    walk.party, walk.role = party, role
    _read(walk, segment, party)
    if walk.open is not None:
        if role in codes.FINAL_PLACES and walk.open.counted:
            walk.draft.warn("uncertain", f"line {walk.open.line.number} goes to a place of its own ({segment.place})")
        return
    if role in walk.parties:
        if role in {"BY", *codes.FINAL_PLACES} and walk.parties[role].values != party.values:
            walk.draft.warn("uncertain", f"a second party {role} ({segment.place})")
        return
    walk.parties[role] = party


def _read(walk: Walk, segment: Segment, party: DraftParty) -> None:
    number, agency = segment.get(2), segment.get(2, 3).upper()
    _identify(walk, party, number, agency, walk.source(segment, 2))
    name = _joined(segment, 4, " ", 5)
    if name:
        party.put("name", name, walk.source(segment, 4, 1, name))
    lines = [(segment.get(3, at), walk.source(segment, 3, at)) for at in range(1, 6) if segment.get(3, at)]
    street = _joined(segment, 5, ", ", 4)
    if street:
        party.put("street", street, walk.source(segment, 5, 1, street))
    if segment.get(6):
        party.put("city", segment.get(6), walk.source(segment, 6))
    code, country = 8, 9
    if not segment.get(9) and _IS_COUNTRY.fullmatch(segment.get(8)) and any(map(str.isdigit, segment.get(7))):
        # The region (3229) between city and code was left out, not left empty.
        code, country = 7, 8
        walk.draft.warn("remark", f"NAD lacks an element before the postal code ({segment.place})")
    elif segment.get(7):
        party.put("region", segment.get(7), walk.source(segment, 7))
    if segment.get(code):
        party.put("postal_code", segment.get(code), walk.source(segment, code))
    party.put("country", country_code(segment.get(country)), walk.source(segment, country))
    if len(lines) > 1 and _goes_on(lines[0][0], lines[1][0]):
        whole = f"{lines[0][0]} {lines[1][0]}"
        lines[:2] = [(whole, walk.source(segment, 3, 1, whole))]
    if lines and not name:
        read_address(lines, party)
        party.put("name", lines[0][0], lines[0][1])


def _goes_on(first: str, second: str) -> bool:
    """Whether the second line of an address without structure still belongs to the name."""
    words = second.lower().replace(",", " ").split()
    legal = len(words) < 7 and all(word.replace(".", "").replace("/", "") in _LEGAL for word in words)
    return legal or first.lower().split()[-1][-4:] in _JOINING or first[-1] in "&+-,/"


def _identify(walk: Walk, party: DraftParty, number: str, agency: str, source: Source) -> None:
    """3039 under 3055: 9 is GS1, 16 DUNS, 91 the seller, 92 the buyer; a buyer's own number for itself is not ours."""
    if not number:
        return
    is_gln = len(number) == _GLN_DIGITS and number.isascii() and number.isdigit()
    if is_gln and (agency in {"9", "14"} or (agency not in {"91", "92"} and is_gtin(number))):
        party.put("gln", number, source)
    elif agency == "16" and number[:_DUNS_DIGITS].isdigit() and len(number) >= _DUNS_DIGITS:
        party.put("duns", number[:_DUNS_DIGITS], source)
        if number[_DUNS_DIGITS:]:
            party.put("number", number, source)
    elif agency in {"", "9", "91", "92", "ZZ", "ZZZ", "90", "87", "86"} and not (
        agency == "92" and walk.role in {"BY", "OB", "SO"}
    ):
        party.put("number", number, source)
    else:
        party.identify(agency or "3039", number, source)


def _joined(segment: Segment, element: int, glue: str, most: int) -> str:
    return glue.join(one for one in (segment.get(element, at) for at in range(1, most + 1)) if one)


def refer_party(walk: Walk, segment: Segment, qualifier: str, value: str) -> None:
    """RFF of a NAD group: VAT number, customer number, or a number under its own qualifier."""
    party = walk.party
    if party is None:
        return
    source = walk.source(segment, 1, 2)
    if qualifier in codes.VAT_REFERENCES:
        party.put("vat", value.replace(" ", ""), source)
    elif (
        qualifier in codes.CUSTOMER_NUMBER_REFERENCES
        and walk.role not in codes.SELLERS
        and "number" not in party.values
    ):
        party.put("number", value, source)
    elif len(party.identifiers) < _MOST_NUMBERS:
        party.identify(qualifier, value, source)


def on_cta(walk: Walk, segment: Segment) -> None:
    """CTA: the name of the contact, or its number where no name is given; outside a party one of the buyer."""
    party = _spoken_of(walk)
    component = 2 if segment.get(2, 2) else 1
    if party is not None:
        party.put("contact", segment.get(2, component), walk.source(segment, 2, component))


def on_com(walk: Walk, segment: Segment) -> None:
    """COM: number and channel (3155: EM mail, TE and AL telephone)."""
    party = _spoken_of(walk)
    if party is None:
        return
    for element in range(1, len(segment.elements)):
        number, channel = segment.get(element), segment.get(element, 2).upper()
        source = walk.source(segment, element)
        if channel == "EM":
            party.put("email", number.lower(), source)
        elif channel in {"TE", "AL"}:
            party.put("phone", number, source)


def _spoken_of(walk: Walk) -> DraftParty | None:
    if walk.party is None and walk.section == "header":
        return walk.parties.setdefault("", DraftParty())
    return walk.party


def assign_parties(walk: Walk) -> None:
    """Gives buyer, ship-to, bill-to and seller the party of the first role that is there."""
    draft, parties = walk.draft, walk.parties
    for field, roles in (
        ("buyer", codes.BUYERS),
        ("ship_to", codes.SHIP_TO),
        ("bill_to", codes.BILL_TO),
        ("seller", codes.SELLERS),
    ):
        found = next((parties[role] for role in roles if role in parties), None)
        if found is not None:
            setattr(draft, field, found)
    spoken = parties.get("", DraftParty())
    for name, value in spoken.values.items():
        draft.buyer.put(name, value, spoken.sources[name])
    places = [role for role in codes.SHIP_TO[:5] if role in parties]
    if walk.place is not None and not draft.ship_to.values:
        value, source = walk.place
        draft.ship_to.put("gln" if is_gtin(value) and len(value) == _GLN_DIGITS else "number", value, source)
    if len(places) > 1 and _differ(parties[places[0]], parties[places[-1]]):
        draft.warn("uncertain", f"the goods go to {places[0]}, and {', '.join(places[1:])} is another party")
    header = walk.message.interchange
    if header is not None and not {"name", "number", "duns", "gln"} & draft.buyer.values.keys():
        sender, qualifier = header.get(2), header.get(2, 2)
        source = Source(walk.part, header.line, sender, segment="UNB/02")
        if qualifier == "14" and len(sender) == _GLN_DIGITS and sender.isdigit():
            draft.buyer.put("gln", sender, source)
        elif qualifier in {"1", "01"} and sender[:_DUNS_DIGITS].isdigit():
            draft.buyer.put("duns", sender[:_DUNS_DIGITS], source)
        else:
            draft.buyer.identify(f"UNB {qualifier}".strip(), sender, source)


def _differ(one: DraftParty, other: DraftParty) -> bool:
    shared = one.values.keys() & other.values.keys() & {"gln", "number", "duns", "postal_code", "name"}
    return not shared or any(one.values[name] != other.values[name] for name in shared)
