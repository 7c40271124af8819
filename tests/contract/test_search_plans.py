"""Every list of cases, effects and arrivals is read by an index, whatever it is narrowed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from bridgehead.app import App
from bridgehead.cases.finding import sought
from bridgehead.clock import utc_now
from bridgehead.storage.queries_search import (
    CaseFilters,
    CasePlace,
    EffectFilters,
    SearchQueries,
    arrival_query,
    case_query,
    effect_query,
)
from tests.support.filled import fill

CASES = 40_000
BIG = {"cases", "effects", "arrivals", "case_terms", "case_amounts", "arrival_terms"}
AGO = timedelta(days=5)


def filters() -> dict[str, CaseFilters]:
    """Returns what a list of cases may be narrowed to, and some of it together."""
    since = utc_now() - AGO
    return {
        "nothing": CaseFilters(),
        "deployment": CaseFilters(deployment="orders"),
        "a deployment that rests": CaseFilters(deployment="old"),
        "key": CaseFilters(key="PO-4711"),
        "customer": CaseFilters(customer="K-17"),
        "words of a customer": CaseFilters(customer="firm k-17"),
        "a frequent word": CaseFilters(customer="firm"),
        "words that none has": CaseFilters(customer="firm nobody"),
        "customer and state": CaseFilters(customer="K-17", state="done"),
        "key and customer": CaseFilters(key="PO-4711", customer="K-17"),
        "open": CaseFilters(state="waiting"),
        "done": CaseFilters(state="done"),
        "open of a deployment": CaseFilters(state="with_person", deployment="orders"),
        "class": CaseFilters(error_class="conflict"),
        "outcome": CaseFilters(outcome="settled_by_person"),
        "amounts": CaseFilters(amount_from=Decimal(5000)),
        "few amounts": CaseFilters(amount_from=Decimal(9999), currency="EUR"),
        "no amounts": CaseFilters(amount_from=Decimal(10**9)),
        "since": CaseFilters(since=since),
        "until": CaseFilters(until=since),
        "a day long ago": CaseFilters(since=since - timedelta(days=1), until=since),
        "time and class": CaseFilters(since=since, error_class="conflict"),
        "all of it": CaseFilters(
            deployment="orders", customer="K-17", state="done", amount_from=Decimal(1), since=since, currency="EUR"
        ),
    }


@pytest.fixture
async def filled(app: App) -> App:
    """Gives an app over many cases."""
    release = b"\1" * 32
    await app.levels.register("orders", release, b"{}", start="autonomous")
    fill(app.database.url, app.vault, release, cases=CASES)
    return app


async def scanned(app: App, text: str, values: Mapping[str, object]) -> set[str]:
    """Returns the big tables that a statement would read whole."""
    async with app.database.connection() as conn:
        row = await (await conn.execute(f"explain (format json) {text}".encode(), values)).fetchone()
    assert row is not None
    plan = row["QUERY PLAN"]
    found: set[str] = set()
    todo = [cast("dict[str, object]", (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])]
    while todo:
        node = todo.pop()
        if node["Node Type"] in ("Seq Scan", "Parallel Seq Scan") and node.get("Relation Name") in BIG:
            found.add(str(node["Relation Name"]))
        todo += cast("list[dict[str, object]]", node.get("Plans", []))
    return found


async def test_no_list_reads_a_table_whole(filled: App) -> None:
    """Cases, effects and arrivals: the first page and a later one of each list go by indexes alone."""
    place = CasePlace(CASES // 2, utc_now() - AGO)
    for name, wanted in filters().items():
        for after in (None, place):
            text, values = case_query(filled.vault, wanted, after=after, limit=50)
            assert await scanned(filled, text, values) == set(), (name, after, text)
    for kind in (
        EffectFilters(), EffectFilters(deployment="orders"), EffectFilters(deployment="old"),
        EffectFilters(tool="refund"), EffectFilters(state="failed"), EffectFilters(state="committed"),
        EffectFilters(state="unknown"), EffectFilters(case_id=17), EffectFilters(tool="refund", state="failed"),
    ):  # fmt: skip
        for unknown in (True, False):
            text, values = effect_query(kind, unknown=unknown, bound=None, limit=50)
            assert await scanned(filled, text, values) == set(), (kind, text)
    for deployment in (None, "orders", "old"):
        for state in (None, "review", "read"):
            text, values = arrival_query(deployment=deployment, state=state, after=CASES // 2, limit=50)
            assert await scanned(filled, f"select * from arrivals a {text}", values) == set(), (deployment, state)
        for typed in ("order", "order 3", "nothing"):
            terms = sought(filled.vault.hmac, "document", typed)
            for below in (None, CASES // 2):
                text, values = arrival_query(deployment=deployment, state=None, terms=terms, after=below, limit=50)
                assert await scanned(filled, f"select * from arrivals a {text}", values) == set(), (typed, below)
    async with filled.database.connection() as conn:  # the check sees an index that is missing
        await conn.execute("drop index effects_case")
    text, values = effect_query(EffectFilters(case_id=17), unknown=False, bound=None, limit=50)
    assert await scanned(filled, text.replace("order by e.id desc", ""), values) == {"effects"}


async def test_lists_are_right_on_many_cases(filled: App) -> None:
    """What a list says on many cases is what a plain count of the tables says."""
    queries = SearchQueries(filled.database, filled.vault)
    found = await queries.cases(CaseFilters(customer="k-17", state="done"), after=None, limit=200)
    assert [one.id for one in found] == [f"C-{n}" for n in range(CASES, 0, -1) if n % 1000 == 17]
    effects = await queries.effects(EffectFilters(), after=None, limit=3)
    assert [one.id for one in effects] == ["E-9", f"E-{CASES}", f"E-{CASES - 1}"]
    assert [one.state for one in effects] == ["unknown", "committed", "committed"]
    rest = await queries.effects(EffectFilters(), after=(True, 9), limit=1)
    assert [one.id for one in rest] == [f"E-{CASES}"]
    old = await queries.cases(CaseFilters(deployment="old"), after=None, limit=1)
    assert [one.id for one in old] == ["C-400"]
