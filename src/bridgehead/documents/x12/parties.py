"""Reads the N1 loops of an X12 order: names, numbers, addresses and contacts."""

from __future__ import annotations

from bridgehead.documents.draft import DraftParty
from bridgehead.documents.edi import country_code
from bridgehead.documents.order import Source
from bridgehead.documents.x12 import codes
from bridgehead.documents.x12.envelope import Segment
from bridgehead.documents.x12.walk import Walk

_DUNS_DIGITS = 9
_GLN_DIGITS = 13
_BUYER_CONTACTS = frozenset({"BD", "OC", "IC", "PD", "CN", "BU"})


def on_n1(walk: Walk, segment: Segment) -> None:
    """N1: 98 role, name, 66 qualifier and number."""
    _open_party(walk, segment, name=2, number=3)


def on_nm1(walk: Walk, segment: Segment) -> None:
    """NM1: as N1, with 1065 person or company and the name in parts; some senders name parties so."""
    _open_party(walk, segment, name=3, number=8)
    first = segment.get(4)
    if first and walk.party is not None:
        walk.party.put("contact", f"{first} {segment.get(3)}".strip(), walk.source(segment, 4))


def _open_party(walk: Walk, segment: Segment, *, name: int, number: int) -> None:
    role, draft = segment.get(1), walk.draft
    walk.party, walk.role = DraftParty(), role
    if walk.line is not None:
        if role in {"ST", *codes.FINAL_PLACES} and not walk.sub_line:
            draft.warn("uncertain", f"line {walk.line.number} has a ship-to of its own ({segment.place})")
        return
    party = walk.party
    party.put("name", segment.get(name), walk.source(segment, name))
    _identify(walk, segment, party, number)
    if role in walk.parties:
        if role in {"BY", "ST", "BT"}:
            draft.warn("uncertain", f"a second party {role} ({segment.place})")
        return
    walk.parties[role] = party
    if role in codes.FINAL_PLACES:
        draft.warn("ignored", f"the goods are for another party in the end: {role} ({segment.place})")


def _identify(walk: Walk, segment: Segment, party: DraftParty, element: int) -> None:
    """66: 1 DUNS, 9 DUNS with four digits of its own, UL GLN, 91 the seller, 92 the buyer, whose own is not ours."""
    qualifier, number = segment.get(element), segment.get(element + 1)
    source = walk.source(segment, element + 1)
    if not number:
        return
    if qualifier in {"1", "9"} and len(number) >= _DUNS_DIGITS and number[:_DUNS_DIGITS].isdigit():
        party.put("duns", number[:_DUNS_DIGITS], source)
        if qualifier == "9" and walk.role != "BY":
            party.put("number", number, source)
    elif qualifier == "UL":
        party.put("gln", number, source)
    elif qualifier in {"91", "92", "ZZ", "93", "94", "54", ""} and not (qualifier == "92" and walk.role == "BY"):
        party.put("number", number, source)
    elif qualifier in {"FI", "24"}:
        party.put("vat", number, source)
    else:
        party.identify(qualifier, number, source)


def on_n2(walk: Walk, segment: Segment) -> None:
    """N2: further names; the first counts where N1 has none, others are notes."""
    party = walk.party
    if party is None:
        return
    for element in (1, 2):
        name, source = segment.get(element), walk.source(segment, element)
        if name and "name" in party.values and walk.line is None:
            walk.draft.note(f"{walk.role}: {name}", source)
        party.put("name", name, source)


def on_n3(walk: Walk, segment: Segment) -> None:
    """N3: one or two lines of the street."""
    if walk.party is not None:
        street = ", ".join(one for one in (segment.get(1), segment.get(2)) if one)
        walk.party.put("street", street, walk.source(segment, 1, street))


def on_n4(walk: Walk, segment: Segment) -> None:
    """N4: city, state, postal code, country."""
    if walk.party is not None:
        walk.party.put("city", segment.get(1), walk.source(segment, 1))
        walk.party.put("region", segment.get(2), walk.source(segment, 2))
        walk.party.put("postal_code", segment.get(3), walk.source(segment, 3))
        walk.party.put("country", country_code(segment.get(4)), walk.source(segment, 4))


def on_per(walk: Walk, segment: Segment) -> None:
    """PER: a contact of the party that is open; outside a loop one of the buyer."""
    if walk.line is not None:
        return
    party = walk.party
    if party is None:
        party = walk.parties.setdefault("", DraftParty())
        if segment.get(1) not in _BUYER_CONTACTS and segment.get(1):
            party = DraftParty()
    party.put("contact", segment.get(2), walk.source(segment, 2))
    for element in (3, 5, 7):
        number, source = segment.get(element + 1), walk.source(segment, element + 1)
        if segment.get(element) == "EM":
            party.put("email", number.lower(), source)
            if walk.party is None or walk.role == "BY":
                walk.draft.buyer.put("email", number.lower(), source)
        elif segment.get(element) in {"TE", "WP", "CP"}:
            party.put("phone", number, source)


def assign_parties(walk: Walk) -> None:
    """Gives buyer, ship-to, bill-to and seller the party of the first role that is there."""
    draft, parties = walk.draft, walk.parties
    spoken = draft.buyer
    for field, roles in (
        ("buyer", codes.BUYERS),
        ("ship_to", codes.SHIP_TO),
        ("bill_to", codes.BILL_TO),
        ("seller", codes.SELLERS),
    ):
        found = next((parties[role] for role in roles if role in parties), None)
        if found is not None:
            setattr(draft, field, found)
    for other in (spoken, parties.get("")):
        if other is not None and other is not draft.buyer:
            for name, value in other.values.items():
                draft.buyer.put(name, value, other.sources[name])
    if not {"name", "number", "duns", "gln"} & draft.buyer.values.keys():
        isa = walk.transaction.interchange
        source = Source(walk.part, isa.line, isa.get(6), segment="ISA/06")
        sender = isa.get(6)
        if isa.get(5) in {"01", "14"} and sender[:_DUNS_DIGITS].isdigit():
            draft.buyer.put("duns", sender[:_DUNS_DIGITS], source)
        elif isa.get(5) in {"08", "UP"} and sender.isdigit() and len(sender) == _GLN_DIGITS:
            draft.buyer.put("gln", sender, source)
        elif sender:
            draft.buyer.identify(f"ISA {isa.get(5)}", sender, source)
