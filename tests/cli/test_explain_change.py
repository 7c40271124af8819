"""A newcomer reads of a change what it was before, in which currency, and what the codes mean, and opens nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from bridgehead.cli.telling_sums import unread_totals
from bridgehead.spec.tool import JSON
from tests.cli.calls import Cli

CODE: Final = '''
"""A desk whose documents are orders as JSON, and which leaves all of them to people."""
import json

from bridgehead import Case, Context, NewCase, read

STANDING = {
    "po_number": "PO-9", "order_number": "SO-9", "header_code": "AD", "currency": "EUR",
    "lines": [
        {"line": 1, "item": "P1", "quantity": "40", "unit": "C62", "price": "2.00", "date": "2026-12-01", "code": "IA"}
    ],
}


@read(max_age="15m")
async def find_customer(name: str) -> dict:
    return {"items": [{"number": "10300", "currency": "EUR", "incoterms": "DAP", "payment_terms": "N45"}]}


@read(max_age="15m")
async def find_orders(po_number: str) -> dict:
    return {"items": [STANDING] if po_number == "PO-9" else []}


def reader(document, name):
    order = json.loads(document)["order"]
    order = {"warnings": [], "sources": {}, "controls": [], **order}
    return NewCase(input=order, content=order, key={"po": order["po_number"]})


async def agent(case: Case[dict], ctx: Context) -> str:
    await find_customer("Kern")
    await find_orders(case.input["po_number"])
    checks = ["Sums: no total was read in the document, so none was compared."]
    await ctx.hand_over("desk", "a person decides", cause="change", details={"checks": checks})
'''
YAML: Final = """
deployment: orders
agent: {module}:agent
reader: {module}:reader
owner: desk@example.com
case: {{key: [po], deadline: 30m}}
tools: {{find_customer: allow, find_orders: allow}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""
LINE: Final[dict[str, JSON]] = {
    "number": 1, "supplier_part": "P1", "quantity": "100", "unit": "STK", "unit_code": "C62", "price": "1.37",
}  # fmt: skip


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Path:
    """Gives the desk's folder, acting on its own."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / f"{cli.module}.py").write_text(CODE)
    (folder / "bridgehead.yaml").write_text(YAML.format(module=cli.module))
    cli.ok("promote", folder, "--to", "autonomous", "--why", "a test", "--by", "pat")
    return folder


def came(cli: Cli, desk: Path, name: str, order: dict[str, JSON], said: str = "") -> None:
    """Hands in an order, with words beside it, and lets the desk work."""
    cli.ok("submit", desk, "-", "--name", name, stdin=json.dumps({"order": order, "said": said}, indent=1).encode())
    cli.work(desk)


def test_a_change_says_in_its_first_sentence_what_it_was(cli: Cli, desk: Path) -> None:
    """The line as it was stands beside the line as it shall be: by the case before, else by the order that stands."""
    first: dict[str, JSON] = {"po_number": "PO-1", "requested_date": "2026-11-13", "lines": [LINE]}
    came(cli, desk, "first.json", first)
    changed: list[JSON] = [{**LINE, "requested_date": "2026-11-20"}]
    came(cli, desk, "second.json", {"po_number": "PO-1", "purpose": "change", "lines": changed})
    came(cli, desk, "other.json", {"po_number": "PO-9", "purpose": "change", "lines": changed})
    told = cli.ok("explain", "C-2").out
    assert re.search(
        r"In short\n- .* a change of order PO-1: line 1, 100 STK P1 at 1\.37 for 2026-11-20; 137\.00 EUR in all;"
        r" before, in C-1, line 1 was 100 STK at 1\.37, which is 137\.00 for the line, for 2026-11-13",
        told,
    ), told
    assert "before, in the order that stands, line 1 was 40 C62 at 2.00" in cli.ok("explain", "C-3").out
    assert "for 2026-12-01" in cli.ok("explain", "C-3").out.splitlines()[3]
    assert re.search(r"wanted by *\n1 .*2026-11-13", cli.ok("explain", "C-1").out)


def test_a_cancellation_says_what_the_order_that_stands_holds(cli: Cli, desk: Path) -> None:
    """Who cancels an order reads its lines, prices and days: of the one that stands, else of the case before it."""
    came(cli, desk, "ended.json", {"po_number": "PO-9", "purpose": "cancel", "lines": []})
    assert (
        "- The order that stands holds line 1 (P1): 40 C62 at 2.00, which is 80.00 for the line, for 2026-12-01.\n"
        in cli.ok("explain", "C-1").out
    )
    came(cli, desk, "first.json", {"po_number": "PO-1", "lines": [LINE]})
    came(cli, desk, "second.json", {"po_number": "PO-1", "purpose": "cancel", "lines": []})
    assert (
        "- Asked in C-2, and cancelled here: line 1 (P1): 100 STK at 1.37, which is 137.00 for the line.\n"
        in cli.ok("explain", "C-3").out
    )


def test_a_repeat_that_orders_the_same_names_the_fields_that_differ(cli: Cli, desk: Path) -> None:
    """An address and a note are named with what they were, and nothing ordered differs; a ship-to is ordered."""
    first: dict[str, JSON] = {"po_number": "PO-1", "lines": [LINE], "buyer": {"email": "a@kern.example"}, "notes": []}
    came(cli, desk, "first.json", first)
    again: dict[str, JSON] = {**first, "buyer": {"email": "b@kern.example"}, "notes": ["DUPLICATE"]}
    came(cli, desk, "again.json", again)
    told = cli.ok("explain", "C-2").out
    assert "(P1): 100 STK at 1.37, which is 137.00 for the line; the line is asked as in C-1 before. Nothing" in told
    assert (
        "Nothing that is ordered differs; what differs is buyer.email: a@kern.example to b@kern.example; notes" in told
    )
    assert "DUPLICATE" in told.partition("what differs is")[2].partition("\n")[0]
    came(cli, desk, "third.json", {**again, "ship_to": {"city": "Hull"}})
    assert "asked as in C-2 before. What differs is ship_to: absent to " in cli.ok("explain", "C-3").out


def test_a_currency_that_is_not_named_is_told_with_where_it_comes_from(cli: Cli, desk: Path) -> None:
    """The sum has the currency that a system gave for the customer, and says so; one that is named says nothing."""
    came(cli, desk, "first.json", {"po_number": "PO-1", "lines": [LINE]})
    came(cli, desk, "second.json", {"po_number": "PO-2", "currency": "CHF", "lines": [LINE]})
    told = cli.ok("explain", "C-1").out
    assert "137.00 EUR in all" in told
    assert "The document names no currency: EUR is what find_customer gave for its customer." in told
    came(cli, desk, "again.json", {"po_number": "PO-1", "lines": [LINE]})
    assert re.search(r"C-1 is about order PO-1: .*; 137\.00 EUR in all", cli.ok("explain", "A-3").out)
    named = cli.ok("explain", "C-2").out
    assert "137.00 CHF in all" in named
    assert "names no currency" not in named


def test_codes_of_a_case_that_is_held_stand_in_words(cli: Cli, desk: Path) -> None:
    """Units as written and in Recommendation 20, answers to orders, Incoterms and terms are told in words."""
    came(cli, desk, "other.json", {"po_number": "PO-9", "lines": [LINE]})
    told = cli.ok("explain", "C-1").out
    assert "Units, by UN/ECE Recommendation 20: STK is C62, one piece." in told
    (codes,) = [line for line in told.splitlines() if line.startswith("- Codes in what was read")]
    for one in (
        "AD: acknowledged with details and without a change", "IA: accepted as asked", "C62: one piece",
        "DAP: delivered at place", "N45: to be paid within 45 days, net",
    ):  # fmt: skip
        assert one in codes


def test_a_total_that_was_not_read_is_pointed_at(cli: Cli, desk: Path) -> None:
    """What the lines add up to stands in the document: the check that had no total to compare says where."""
    two: list[JSON] = [LINE, {**LINE, "number": 2}]
    came(cli, desk, "first.json", {"po_number": "PO-1", "lines": two}, said="274,00")
    checks = cli.ok("explain", "C-1").out.partition("How near its own checks came")[2]
    assert re.search(
        r"- Sums: no total was read.*\n- The number 274,00 looks like a total \(line \d+\), which is what the lines add"
        r" up to; it was not read as one\.",
        checks,
    ), checks


def test_a_number_beside_the_word_for_a_total_is_pointed_at() -> None:
    """A total that the lines do not add up to is told too; what a line states is none, nor is a second one."""
    given: dict[str, JSON] = {"po_number": "PO-1", "lines": [{**LINE, "amount": "137.00"}]}
    text = b"PO-1\n\n100 P1 1,37 137,00\n\nGesamtbetrag netto 1.137,00 EUR\n"
    (told,) = unread_totals(text, given)
    assert told == (
        "The number 1.137,00 looks like a total (line 5), and the lines add up to 137.00; it was not read as one."
    )
    assert not list(unread_totals(text, {**given, "stated_total": "1137.00"}))
    assert not list(unread_totals(b"100 P1 1,37 137,00\n", given))
