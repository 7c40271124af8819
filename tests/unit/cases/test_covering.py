"""What is blacked out of what a model is sent."""

from __future__ import annotations

from typing import Final

import pytest

from bridgehead.cases.covering import Cover
from bridgehead.errors import Refused
from bridgehead.gate.labels import Labels
from bridgehead.gate.provenance import Sink
from bridgehead.gate.tracing import Origin
from bridgehead.spec.tool import JSON

LABELS: Final = Labels({"*": "system_of_record", "secrets": "secret", "lines.*.iban": "confidential", "eu": "eu"})
PLAIN: Final = Labels({"*": "system_of_record"})
VALUE: Final[JSON] = {
    "name": "Anna",
    "secrets": {"word": 'Z\u00fcrich "n"', "pin": 7, "open": True, "rate": 12.5},
    "lines": [{"iban": "DE89370400440532013000", "note": "kept"}],
    "eu": "Main Street 1\nBerlin",
}


LOWEST: Final = Sink(0)


def cover(sink: Sink = LOWEST) -> Cover:
    """Returns what is blacked out for a sink once VALUE was read by ``customer``."""
    return Cover(sink, [Origin("customer", LABELS, VALUE)], _labels)


def _labels(tool: str) -> Labels:
    return LABELS if tool == "customer" else PLAIN


def test_the_fields_of_a_result_are_blacked_out_by_their_labels() -> None:
    """Booleans and small numbers too, in an object and in the JSON text of one; what is cleared stays."""
    covered = {
        "name": "Anna",
        "secrets": {"word": "[redacted]", "pin": "[redacted]", "open": "[redacted]", "rate": "[redacted]"},
        "lines": [{"iban": "[redacted]", "note": "kept"}],
        "eu": "[redacted]",
    }
    assert cover().result("customer", VALUE) == covered
    assert cover().result("customer", '{"name": "Anna", "secrets": {"pin": 7}}') == (
        '{"name": "Anna", "secrets": {"pin": "[redacted]"}}'
    )


def test_a_text_in_which_a_short_value_cannot_be_known_is_blacked_out_whole() -> None:
    """What a framework printed in its own way holds a pin of one digit: none of it is shown."""
    assert cover().result("customer", "name='Anna' pin=7") == "[redacted]"
    assert cover().result("other", "pin=7") == "pin=7"


@pytest.mark.parametrize(
    "text",
    [
        "to DE89370400440532013000.",
        "to DE89 3704 0044 0532 0130 00",
        "to de89-3704-0044-0532-0130-00",
        'says Z\u00fcrich "n"',
        'says Z\\u00fcrich \\"n\\"',
        'says Z\u00fcrich \\"n\\"',
        'says z\u00fcrich   "N"',
        "lives in Main Street 1",
        "lives in\nBerlin",
        "at 12.5 percent",
    ],
)
def test_a_value_is_known_in_the_spellings_of_people_and_of_programs(text: str) -> None:
    """Groups, escapes, case, spaces and single lines make no other value."""
    found = cover().text(text)
    assert "[redacted]" in found
    assert not any(part in found for part in ("DE89", "de89", "rich", "Main", "Berlin", "12.5"))


@pytest.mark.parametrize("text", ["112.57 and 12.55", "7 of 7, true", "Anna is kept", ""])
def test_what_was_not_read_above_the_clearance_stays(text: str) -> None:
    """Numbers count as whole words, and values of one or two characters not at all outside the tool's result."""
    assert cover().text(text) == text


@pytest.mark.parametrize(
    "sink, left",
    [(Sink(3, "eu"), ["DE89370400440532013000", "Berlin", "rich"]), (Sink(2, "us"), ["DE89370400440532013000"])],
)
def test_what_a_sink_is_cleared_for_stays(sink: Sink, left: list[str]) -> None:
    """Only what the sink refuses is blacked out."""
    text = str(cover(sink).said(VALUE))
    assert [one for one in ("DE89370400440532013000", "Berlin", "rich") if one in text] == left


def test_names_of_fields_are_values_too() -> None:
    """A value that stands as a key is blacked out as well."""
    assert cover().said({"DE89370400440532013000": 1}) == {"[redacted]": 1}


def test_what_is_sent_beside_the_messages_is_not_silently_wrong() -> None:
    """Instructions that hold a value above the clearance keep the model from being asked."""
    cover().check("m", ["Be brief."])
    with pytest.raises(Refused, match="instructions or tools"):
        cover().check("m", ["Pay to DE89370400440532013000."])


SECRET: Final = Labels({"*": "system_of_record secret"})
BALANCES: Final[JSON] = {
    "balances": {"DE89370400440532013000": 12345.5, "anna@blau.example": {"open": 1234567}},
    "owner": "M\u00fcller & S\u00f6hne",
}


def _balances() -> Cover:
    labels = {"balances": SECRET}
    return Cover(LOWEST, [Origin("balances", SECRET, BALANCES)], lambda tool: labels.get(tool, PLAIN))


def test_what_stands_as_the_name_of_a_field_is_blacked_out_with_it() -> None:
    """An account or an address as a key is a value: neither the result nor a later text tells it, and none is lost."""
    told = {"balances": {"[redacted]": "[redacted]", "[redacted] 2": {"open": "[redacted]"}}, "owner": "[redacted]"}
    assert _balances().result("balances", BALANCES) == told
    assert _balances().text("of DE89 3704 0044 0532 0130 00 or anna@blau.example") == "of [redacted] or [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "12345.50", "12,345.50", "12.345,50", "12 345,5", "12'345.500", "1,234,567", "1.234.567,00", "1234567.0",
        "M\u00fcller &amp; S\u00f6hne", "Mu\u0308ller & So\u0308hne", "M%C3%BCller+%26+S%C3%B6hne",
    ],
)  # fmt: skip
def test_a_value_is_known_as_people_and_formats_write_it(text: str) -> None:
    """Groups of thousands, commas and zeros behind, HTML, addresses and decomposed letters hide nothing."""
    assert _balances().text(f"so: {text} EUR") == "so: [redacted] EUR"


@pytest.mark.parametrize("text", ["112345.5", "12345.51", "12,345.505", "12345", "1234567.5", "21,234,567"])
def test_another_number_is_not_blacked_out(text: str) -> None:
    """A number of which a barred one is a part, or that is near it, stays."""
    assert _balances().text(text) == text


def test_a_number_is_known_though_it_is_written_as_another_type() -> None:
    """The whole number that was read is the same as a fraction."""
    assert _balances().said({"sum": [1234567.0, "12345.50", 7]}) == {"sum": ["[redacted]", "[redacted]", 7]}
