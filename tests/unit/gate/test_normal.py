"""Normal forms: another way of writing a value is that value, and another value never is."""

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.labels import Labels
from bridgehead.gate.normal import forms, skeleton
from bridgehead.gate.tracing import Index, Origin
from bridgehead.spec.deployment import ToolRule
from bridgehead.spec.tool import JSON, Tool
from tests.unit.gate.deployments import deployment

KNOWN = Labels({"*": "system_of_record"})
UNVOUCHED = ("none", "untrusted")
"""A value that stands in a longer text is found there, and no more trusted for it."""
HIDDEN = "\u200b"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = st.text(LETTERS, min_size=2, max_size=12)
ACCOUNTS = st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{12,26}", fullmatch=True)
MAILS = st.builds(lambda name, host: f"{name}@{host}.example", WORDS, WORDS)
LINKS = st.builds(lambda host, path: f"https://{host}.example/{path}", WORDS, WORDS)
VALUES = st.one_of(WORDS, ACCOUNTS, MAILS, LINKS)


def known(value: JSON) -> Index:
    index = Index()
    index.note(Origin("books", KNOWN, value))
    return index


def integrity(index: Index, value: JSON) -> str:
    traced = index.trace([value], 1.0)
    assert traced is not None
    return traced.trace.integrity


@given(VALUES, st.sampled_from(["plain", "upper", "hidden", "wide", "spaces", "list", "record"]))
def test_a_value_is_found_however_it_is_written(value: str, way: str) -> None:
    """P5: case, spacing, characters that cannot be seen and wide letters do not make another value."""
    link = "://" in value
    host, _, path = value.rpartition("/")
    ways: dict[str, JSON] = {
        "plain": value,
        "upper": f"{host.upper()}/{path}" if link else value.upper(),
        "hidden": HIDDEN.join(value) if not link else value + HIDDEN,
        "wide": "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in value) if not link else value,
        "spaces": f"  {value}\u00a0\n",
        "list": [value, value],
        "record": {"inner": {"value": value}},
    }
    assert integrity(known({"field": value}), ways[way]) == "system_of_record"


@given(st.one_of(ACCOUNTS, MAILS, LINKS), st.sampled_from(["base64", "percent", "json", "twice", "bytes64url"]))
def test_an_encoding_is_taken_off(value: str, way: str) -> None:
    """P5: a value is found inside Base64, percent signs and JSON in a text, and these inside each other."""
    once = base64.b64encode(value.encode()).decode()
    written = {
        "base64": once,
        "percent": quote(value, safe="").replace("a", "%61"),
        "json": json.dumps({"value": value}),
        "twice": base64.b64encode(json.dumps([value]).encode()).decode(),
        "bytes64url": base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    }[way]
    assert integrity(known(value), written) == "system_of_record"
    assert integrity(known({"blob": written}), value) == "system_of_record"


@given(VALUES, VALUES)
def test_another_value_is_never_found(value: str, other: str) -> None:
    """P5: of two values that differ in more than case and spacing, neither vouches for the other."""
    if value.replace(" ", "").lower() != other.replace(" ", "").lower():
        assert integrity(known(value), other) in UNVOUCHED


@given(VALUES, st.integers(0, 200), st.sampled_from("0zq7"))
def test_one_changed_character_is_another_value(value: str, at: int, by: str) -> None:
    """P5: a value with one character changed, added or dropped is another value."""
    at %= len(value)
    for other in (value[:at] + by + value[at + 1 :], value[:at] + by + value[at:], value[:at] + value[at + 1 :]):
        if other.strip() and other.lower() != value.lower() and other.rstrip("/.") != value.rstrip("/."):
            assert integrity(known(value), other) in UNVOUCHED


ALIKE = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "p": "\u0440", "c": "\u0441", "x": "\u0445", "y": "\u0443"}


@given(st.one_of(WORDS, MAILS, LINKS).filter(lambda text: any(one in ALIKE for one in text)))
def test_what_only_looks_like_a_value_is_not_trusted(value: str) -> None:
    """P5: a value in look-alike letters of another script is told apart, and what it imitates is named."""
    imitated = "".join(ALIKE.get(one, one) for one in value)
    traced = known(value).trace([imitated], 1.0)
    assert traced is not None
    assert traced.trace.integrity == "none"
    assert skeleton(imitated) == skeleton(value)
    assert [source.alike for source in traced.trace.sources] == [True]


@given(st.decimals(min_value=-10_000_000, max_value=10_000_000, places=2))
def test_a_number_is_found_in_any_format(number: Decimal) -> None:
    """P5: a number is the same in English and German notation, as text, as JSON and as money."""
    english = f"{number:,.2f}"
    german = english.replace(",", "_").replace(".", ",").replace("_", ".")
    for written in (str(number), english, german, f"{english} EUR", f"{german} \u20ac", float(number)):
        assert integrity(known(written), str(number)) == "system_of_record", written
    assert integrity(known(str(number)), str(number + 1)) in ("none", "untrusted")  # 0.50 stands in -0.50


def test_a_doubtful_number_vouches_for_either_reading_and_asks_for_one() -> None:
    """P5: what was read as 1.234 may be 1234 or 1.234; what is asked for as 1.234 is what a machine reads."""
    assert integrity(known("1.234"), 1234) == integrity(known("1.234"), 1.234) == "system_of_record"
    assert integrity(known(1234), "1.234") == "none"
    assert integrity(known(1.234), "1.234") == "system_of_record"
    assert integrity(known(1234), "1,234") == "none"
    assert integrity(known("0012"), 12) == "none"


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_is_found_in_any_format(day: date) -> None:
    """P5: a day is the same in ISO 8601, in the German and in the American order, and by its month's name."""
    months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    by_name = f"{day.day} {months[day.month - 1].title()} {day.year}"
    for written in (
        f"{day:%d.%m.%Y}",
        f"{day:%m/%d/%Y}",
        f"{day:%d/%m/%Y}",
        by_name,
        f"{day:%Y%m%d}",
        f"{day}T10:00:00Z",
    ):
        assert integrity(known(written), day.isoformat()) == "system_of_record", written
    assert integrity(known(day.isoformat()), f"{day:%d.%m.%Y}") == "system_of_record"


@pytest.mark.parametrize(
    "one, other",
    [
        ("HTTPS://Shop.Example:443/a/", "https://shop.example/a"),
        ("https://shop.example/%61", "https://shop.example/a"),
        ("www.shop.example", "https://www.shop.example/"),
        ("Ada <ada@shop.example>", "ADA@shop.example."),
        ("mailto:ada@shop.example", "ada@shop.example"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_addresses_have_one_form(one: str, other: str) -> None:
    """P5: host, port, escapes and display names do not make another address (RFC 3986, RFC 5322, IDNA)."""
    assert integrity(known(one), other) == "system_of_record"


@pytest.mark.parametrize(
    "one, other",
    [
        ("https://shop.example/a", "https://shop.example/A"),
        ("https://shop.example/a", "http://shop.example/a"),
        ("https://shop.example/a?to=1", "https://shop.example/a?to=2"),
        ("https://shop.example/", "https://shop.example@evil.example/"),
        ("https://shop.example/", "https://shop.example:8443/"),
        ("ada@shop.example", "ada@shop.example.evil.example"),
        ("ada@shop.example", "evil@evil.example <ada@shop.example>"),
        ("https://shop.example/a%2fb", "https://shop.example/a/b"),
    ],
)
def test_addresses_that_lead_elsewhere_differ(one: str, other: str) -> None:
    """P5: path, scheme, query, user and port are part of a link; a longer name is another host."""
    assert integrity(known(one), other) in UNVOUCHED


def test_several_addresses_are_as_good_as_the_worst() -> None:
    """P5: a list of recipients in one text is taken apart; a stranger among them is seen."""
    index = known(["ada@shop.example", "bo@shop.example"])
    assert integrity(index, "ada@shop.example; Bo@shop.example") == "system_of_record"
    assert integrity(index, "ada@shop.example, eve@evil.example") == "none"


def test_a_form_is_kept_short() -> None:
    """A text of any length has forms of bounded length, or is known by its digest."""
    assert all(len(form) < 100 for form in forms("x" * 5_000_000, asked=False))


@pytest.mark.parametrize("way", ["list", "record", "base64", "key"])
def test_one_part_vouches_for_no_other(way: str) -> None:
    """P5: data in a text is as good as the worst of its parts, in every encoding, as the bare data is."""
    good, bad = "DE89370400440532013000", "GB29NWBK60161331926819"
    index = known([good, 5])
    both = {
        "list": json.dumps([good, bad]),
        "record": json.dumps({"to": bad, "amount": 5}),
        "base64": base64.b64encode(json.dumps([bad, 5]).encode()).decode(),
        "key": json.dumps({f"{bad}.": 5}),
    }[way]
    assert integrity(index, both) in UNVOUCHED


def test_a_payee_as_the_name_of_a_field_is_a_value() -> None:
    """P5: an account, a number or a long word as a key is traced as any value; what may be a field's name is not."""
    index = known({"iban": "DE89370400440532013000", "n": 5})
    for bad in ("GB29NWBK60161331926819", "4915112345678", "U123", "x" * 41):
        assert integrity(index, {bad: 5}) == "none"
    for name in ("iban", "ship_to", "line-2", "address1", "straße", "DE89370400440532013000"):
        assert integrity(index, {name: 5}) == "system_of_record"


@pytest.mark.parametrize("one, other", [("strasse", "straße"), ("βολοσ", "βολος")])
def test_hosts_that_only_the_old_rules_take_for_one_differ(one: str, other: str) -> None:
    """P5: a host with ß or ς is another domain under IDNA 2008, and anybody may have registered it."""
    for form in ("ada@{}.example", "https://{}.example/a"):
        index = known(form.format(one))
        assert integrity(index, form.format(one)) == "system_of_record"
        assert integrity(index, form.format(other)) in UNVOUCHED
        punycode = f"xn--{other.encode('punycode').decode()}"
        assert integrity(known(form.format(other)), form.format(punycode)) == "system_of_record"


def test_a_name_said_twice_is_no_data() -> None:
    """P5: which of two fields of one name counts depends on who reads it, so neither is believed."""
    index = known("DE89370400440532013000")
    assert integrity(index, '{"to": "DE89370400440532013000"}') == "system_of_record"
    assert integrity(index, '{"to": "GB29NWBK60161331926819", "to": "DE89370400440532013000"}') in UNVOUCHED


def test_a_field_that_the_tool_declares_is_no_value() -> None:
    """P5: names that the schema of a tool gives are its own, whatever they look like."""
    inner = {"type": "object", "properties": {"sha256_of_1": {"type": "string"}}}
    parameters = {"type": "object", "properties": {"to": inner}}
    tool = Tool("pay", "reversible", sensitive=("to",), parameters=parameters)
    gate = Gate(deployment({"pay": ToolRule(allow=True)}), {"pay": tool})
    watch = gate.watch("pay")
    assert watch.names == {"to", "sha256_of_1"}
    traced = known("x1").trace([{"sha256_of_1": "x1"}], 1.0, names=watch.names)
    assert traced is not None
    assert traced.trace.trusted
    assert integrity(known("x1"), {"sha256_of_1": "x1"}) == "none"


def test_what_is_confidential_does_not_leave_in_pieces() -> None:
    """P5: a secret in letters, numbers or decimals is above the clearance, whatever public texts hold its letters."""
    index, secret = Index(), "Kx7Qm2Lp9wKx7Qm2Lp9wKx7Q"
    for number in range(9):
        index.note(Origin("page", Labels({}), f"{number}: The quick brown fox jumps over the lazy dog, 0123456789"))
    index.note(Origin("crm", Labels({"*": "system_of_record secret"}), {"key": secret}))
    shifted = [chr(ord(one) + 1) for one in secret.lower()]
    for value in (list(secret), shifted, [ord(one) for one in secret], 0.75120558113, secret[:4], [True] * 24):
        traced = index.trace([value], 1.0)
        assert traced is not None
        assert traced.trace.confidentiality == 3, value
    for value in (12, 999_999, 0.25, "fox", ["quick", "brown"], [1, 2, 3]):
        traced = index.trace([value], 1.0)
        assert traced is not None
        assert traced.trace.confidentiality == 0, value
