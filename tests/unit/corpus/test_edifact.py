"""Every interchange is valid by ISO 9735, shows exactly what its truth says, and is broken only where it is to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from bridgehead.templates.purchase_orders.corpus.generate import Arrival
from bridgehead.templates.purchase_orders.corpus.habits import EDIFACT_LAYOUTS
from tests.unit.corpus.showing import Line, Shown, differences, made_in, matters, readings

ARRIVALS = 900
Segment = list[list[str]]
ENCODINGS = {b"UNOA": "ascii", b"UNOB": "ascii", b"UNOC": "latin-1", b"UNOW": "utf-8"}
WORDS = ("IMD", "FTX")
PARTS = {"SA": "supplier_part", "VP": "supplier_part", "IN": "customer_part", "BP": "customer_part", "EN": "gtin",
         "SRV": "gtin"}  # fmt: skip


def split(document: bytes) -> tuple[str, list[Segment]]:
    """Returns the decimal mark and the segments, each a list of elements of components (ISO 9735, sections 8 and 9)."""
    raw = document.removeprefix(b"\xef\xbb\xbf")
    text = raw.decode(ENCODINGS[re.search(rb"UNO[A-Z]", raw)[0]])  # type: ignore[index]  # every UNB has one
    text = re.sub(r"[\r\n]", "", text)
    advice = ":+.? '"
    if text.startswith("UNA"):
        advice, text = text[3:9], text[9:]
    component, element, mark, release, _, end = list(advice)
    segments: list[Segment] = []
    segment: Segment = [[""]]
    signs = iter(text)
    for sign in signs:
        if sign == release != " ":
            segment[-1][-1] += next(signs)
        elif sign == component:
            segment[-1].append("")
        elif sign == element:
            segment.append([""])
        elif sign == end:
            segments.append(segment)
            segment = [[""]]
        else:
            segment[-1][-1] += sign
    if segment != [[""]]:
        raise ValueError("the last segment has no end")
    return mark, segments


def faults(document: bytes) -> list[str]:
    """Returns what is wrong with an interchange: nesting, counts and references (ISO 9735, section 8)."""
    if b"\0" in document:
        return ["NUL"]
    try:
        _, segments = split(document)
    except ValueError as error:
        return [str(error)]
    found = [f"no tag {segment[0]}" for segment in segments if not re.fullmatch("[A-Z]{3}", segment[0][0])]
    if segments[-1][0][0] != "UNZ":
        return [*found, "UNZ"]
    began, reference, messages, groups = None, None, 0, 0
    for index, segment in enumerate(segments):
        values = [element[0] for element in segment]
        match values:
            case ["UNG", *_]:
                groups += 1
            case ["UNH", number, *_]:
                if began is not None:
                    found.append("UNH within a message")
                began, reference, messages = index, number, messages + 1
            case ["UNT", count, number]:
                if began is None or int(count) != index - began + 1 or number != reference:
                    found.append("UNT")
                began = None
            case ["UNE", count, number]:
                if int(count) != messages or number != segments[1][5][0]:
                    found.append("UNE")
            case ["UNZ", count, control]:
                if began is not None or int(count) != (groups or messages) or control != segments[0][5][0]:
                    found.append("UNZ")
    return found


def _day(segment: Segment) -> str:
    _, text, stamp = segment[1]
    year = f"20{text[:2]}" if stamp == "101" else text[:4]
    rest = text[2:] if stamp == "101" else text[4:]
    if stamp == "718":
        assert text[:8] == text[8:]
    return f"{year}-{rest[:2]}-{rest[2:4]}"


def messages(document: bytes) -> Iterator[Shown]:
    """Yields the orders and changes of an interchange."""
    mark, segments = split(document)
    body: list[Segment] = []
    for segment in segments:
        if segment[0][0] == "UNH":
            body = []
        elif segment[0][0] == "UNT":
            yield shown(body, mark)
        else:
            body.append(segment)


def shown(body: list[Segment], mark: str) -> Shown:  # noqa: C901 - one case a segment
    """Returns what a message shows."""

    def number(text: str) -> Decimal:
        return Decimal(text.replace(mark, "."))

    order = Shown(body[0][2][0], {"9": "original", "4": "change", "5": "change", "1": "cancel"}[body[0][3][0]])
    line: Line | None = None
    changes = body[0][1][0] == "230"
    for segment in body[1:]:
        values = segment[1] if len(segment) > 1 else [""]
        match segment[0][0], values[0]:
            case "DTM", "137" if not changes:
                order.order_date = _day(segment)
            case "DTM", "4":
                order.order_date = _day(segment)
            case "DTM", "2" | "63" if line is None:
                order.requested_date = _day(segment)
            case "DTM", "2" if line is not None:
                line.requested_date = _day(segment)
            case "RFF", "ON":
                order.po_number = values[1]
            case "FTX", _:
                order.texts += " ".join(segment[4])
            case "NAD", role:
                text = " ".join(part for element in segment[2:] for part in element)
                if role in {"DP", "ST"}:
                    order.ship_to = text
                elif role == "IV":
                    order.bill_to = text
            case "CUX", "2":
                order.currency = values[1]
            case "PAT", _:
                order.payment_terms = f"N{segment[3][3]}"
            case "TOD", _:
                order.incoterms = segment[3][0]
            case "LIN", _:
                line = Line(int(values[0]), Decimal(0), "")
                order.lines.append(line)
                if len(segment) > 3:
                    setattr(line, PARTS[segment[3][1]], segment[3][0])
            case "PIA", _ if line is not None:
                for part in segment[2:]:
                    setattr(line, PARTS[part[1]], part[0])
            case "IMD", _ if line is not None:
                line.description = " ".join([line.description or "", *segment[3][3:]])
            case "QTY", "21" if line is not None:
                line.quantity, line.unit = number(values[1]), values[2]
            case "PRI", "AAA" if line is not None:
                line.price = number(values[1])
                line.price_basis = Decimal(values[4]) if len(values) > 4 else Decimal(1)
            case "MOA", "203" if line is not None:
                line.amount = number(values[1])
            case "MOA", "79" | "86":
                order.stated_total = number(values[1])
            case "CNT", "1":
                order.stated_quantity_total = number(values[1])
            case "CNT", "2":
                order.stated_line_count = int(values[1])
    return order


def _whole() -> list[Arrival]:
    return [arrival for arrival in made_in("edifact", ARRIVALS) if "broken_document" not in matters(arrival)]


def test_interchanges_are_valid() -> None:
    """Whole interchanges have right counts and references, and never the test indicator."""
    for arrival in _whole():
        assert faults(arrival.document) == [], arrival.name
        head = split(arrival.document)[1][0]
        assert head[0] == ["UNB"]
        assert len(head) <= 11, arrival.name


def test_an_interchange_shows_exactly_what_its_truth_says() -> None:
    """Every field of the truth stands in its segment, and a field that the truth leaves out stands nowhere."""
    compared = 0
    for arrival in _whole():
        wanted = readings(arrival)
        if not wanted:
            continue
        for order, reading in zip(messages(arrival.document), wanted, strict=True):
            assert list(differences(order, reading)) == [], arrival.name
            compared += 1
    assert compared > ARRIVALS * 0.8


def test_every_style_and_directory_is_used() -> None:
    """All styles of partners occur, in five directories, with separators of seven kinds."""
    styles = {arrival.document[:9] for seed in (7, 8) for arrival in made_in("edifact", ARRIVALS, seed)}
    assert len({style for style in styles if style.startswith(b"UNA")}) >= 6
    assert any(style.startswith(b"UNB") for style in styles)
    found: Counter[str] = Counter()
    for seed in (7, 8):
        for arrival in made_in("edifact", ARRIVALS, seed):
            found.update(re.findall(r"D[:\x1f#](9[367]A|0[13]B)", arrival.document.decode("latin-1")))
    assert set(found) == {"93A", "96A", "97A", "01B", "03B"}
    assert len(EDIFACT_LAYOUTS) >= 4


def test_signs_within_texts_and_parts_are_released() -> None:
    """Part numbers and remarks hold separators, released as the standard has it."""
    parts = {
        line.customer_part or "" for arrival in _whole() for order in messages(arrival.document) for line in order.lines
    }
    assert any(set(part) & set("+:'?") for part in parts)
    assert any(b"?:" in arrival.document for arrival in _whole())


def test_broken_interchanges_are_broken() -> None:
    """Every broken interchange breaks a rule of its envelope, in several ways."""
    broken = [arrival for seed in (7, 8) for arrival in made_in("edifact", ARRIVALS, seed)
              if "broken_document" in matters(arrival)]  # fmt: skip
    assert len(broken) > 20
    ways = Counter(tuple(faults(arrival.document)) for arrival in broken)
    assert () not in ways
    assert len(ways) >= 5


@pytest.mark.parametrize("kind", ["question", "delivery_note"])
def test_what_is_no_order_is_another_message(kind: str) -> None:
    """An arrival that is no order holds none of the messages that order."""
    queue = {"question": "order-desk", "delivery_note": "logistics"}[kind]
    others = [arrival for arrival in _whole() if arrival.truth["queue"] == queue]
    names = {segment[2][0] for arrival in others for segment in split(arrival.document)[1] if segment[0] == ["UNH"]}
    assert names
    assert not names & {"ORDERS", "ORDCHG"}


def test_instructions_to_the_reader_stand_in_a_text() -> None:
    """Every interchange said to hold an instruction has it in FTX."""
    found = [arrival for arrival in _whole() if "hidden_instructions" in matters(arrival)]
    assert len(found) > 5
    for arrival in found:
        said = max(readings(arrival), key=lambda reading: len(reading["notes"]))["notes"][-1]
        texts = " ".join(order.texts for order in messages(arrival.document))
        assert re.sub(r"\W", "", said).upper()[:4] in re.sub(r"\W", "", texts).upper(), arrival.name
