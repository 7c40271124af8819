"""Mistakes in what a read asks first, in steps and in fields are named, on the specification for Tryton."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead.connectors.load import SpecificationError, load_specification
from bridgehead.templates.purchase_orders.port import gaps
from tests.support.tryton_orders import SPECIFICATION


def test_the_specification_loads_and_gives_what_the_template_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is whole, holds no secret, and lacks nothing; the environment is not asked."""
    monkeypatch.delenv("TRYTON_PASSWORD", raising=False)  # which a real system sets for its own tests
    assert gaps(load_specification(SPECIFICATION)) == []


LET = "let: {today: {read: business_day, take: day}}"
YEAR = "{today|days:-30|%Y|number}"
QUOTE = (
    "{state: draft}\n        method: POST\n        path: /rpc/\n        body:\n"
    "          id: 1\n          method: model.sale.sale.quote"
)


@pytest.mark.parametrize(
    "before,after,says",
    [
        (LET, "let: {today: {read: busines_day}}", "a read of this connector"),
        (LET, "let: {today: {read: business_day, take: dai}}", "a field of what"),
        (LET, "let: {number: {read: business_day}}", "a name that no argument has"),
        (LET, "let: {today: {read: items, with: {numbers: [x]}}}", "without a `let`"),
        (YEAR, "{todai|days:-30|%Y|number}", "another value that is there"),
        (YEAR, "{today|days:soon|%Y|number}", "the unknown format days:soon"),
        ("{products[item.item].id}", "{products[item.item.id}", "TABLE[PATH].FIELD"),
        ("{products[item.item].id}", "{product[item.item].id}", "another value that is there"),
        ('sale,{found.sale}": "{found', 'sale,{fund.sale}": "{found', "fund.sale"),
        (QUOTE, QUOTE.replace("state", "stat", 1), "a field of what is read"),
        ("match: ^Credit blocked$", 'match: "(Credit"', "a regular expression"),
        ("pairs: ^per_(.+)$", 'pairs: "per_("', "a regular expression"),
        ("per: 86400", "per: 0", "a number above zero"),
        ("per: 86400", "per: PE, values: {H: 0}", "a number above zero"),
        ("per: 86400", "values: {H: 100}", "the field per beside it"),
        ("else: {value: 31}", "else: {from: x, value: 31}", "either `from` or `value`"),
        ("only: {delivery: true}\n", "match: x\n", "a list of texts"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    """Each mistake stops the file from loading, and says what is wrong."""
    text = SPECIFICATION.read_text("utf-8")
    assert before in text
    file = tmp_path / "erp.yaml"
    file.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(SpecificationError) as refused:
        load_specification(file)
    assert says in str(refused.value)
