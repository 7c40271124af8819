"""The how-to guides say what the code does, where it can be tried without a database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, cast

from bridgehead import NewCase, ToReview
from bridgehead.documents.assisted.merging import DISPUTED
from bridgehead.documents.assisted.seen import MAX_LETTERS, MAX_LINES
from bridgehead.documents.order import Order
from bridgehead.reviews.model import VERBS
from bridgehead.templates.purchase_orders.intake import read_arrival
from bridgehead.templates.purchase_orders.port import ACTIONS, READS
from tests.docs import tree
from tests.docs.walk import Written, steps

SHOP_ITEM: Final = {"sku": "VLV-2040", "quantity": "25", "unit": "EA", "price": 45.00}
SHOP: Final = {
    "order": "W-1",
    "account": "K-1001",
    "date": "2026-10-30",
    "currency": "EUR",
    "items": [SHOP_ITEM],
}


def test_the_port_of_the_template_is_counted_right() -> None:
    """The guide says how many reads and actions the template needs, and names the action that may be left out."""
    needed = [name for name, action in ACTIONS.items() if not action.without]
    optional = [name for name, read in READS.items() if read.without]
    assert (len(READS), len(optional), len(needed)) == (8, 3, 2)
    assert "eight reads, of which three may be left out, and two actions" in tree.page("howto/connect-your-erp.md")
    assert all(f"`{name}`" in tree.page("howto/connect-your-erp.md") for name in ACTIONS)


def shop_reader() -> Callable[[bytes, str], object]:
    """Returns the reader that the guide about documents writes."""
    (written,) = (step for step in steps(tree.page("howto/bring-documents.md")) if isinstance(step, Written))
    space: dict[str, object] = {}
    exec(compile(written.text, written.name, "exec"), space)  # noqa: S102  # the page's own code is what is tried
    return cast("Callable[[bytes, str], object]", space["read"])


def test_the_reader_of_the_guide_reads() -> None:
    """The reader that the guide writes turns its own format into an order with its numbers exact."""
    found = shop_reader()(json.dumps(SHOP).encode(), "w-1.json")
    assert isinstance(found, NewCase)
    assert isinstance(found.input, Order)
    assert (found.input.po_number, str(found.input.lines[0].price)) == ("W-1", "45.0")


def test_the_reader_of_the_guide_reads_all_or_nothing() -> None:
    """What the guide's reader cannot read whole is for a person, whatever is wrong with it."""
    read = shop_reader()
    for wrong in (b"", b"{", b"[]", b"{}", json.dumps(SHOP | {"items": [{"sku": "x"}]}).encode(), b"\xff\xfe{"):
        found = read(wrong, "w.json")
        assert isinstance(found, ToReview), wrong
        assert "Error" not in found.reason, found.reason
    nothing = read(json.dumps(SHOP | {"items": [SHOP_ITEM | {"quantity": "NaN"}]}).encode(), "w.json")
    assert isinstance(nothing, ToReview)
    assert "a quantity in it is no number" in nothing.reason


def test_the_reader_of_the_guide_leaves_the_rest_to_the_template() -> None:
    """What is not in the guide's format is read as before."""
    for document, name in ((b"", "empty.txt"), (b"ISA", "order.x12")):
        assert shop_reader()(document, name) == read_arrival(document, name)


def test_each_kind_of_review_says_what_it_takes() -> None:
    """The guide names, for each kind of review, the decisions that it takes and no other."""
    rows = re.findall(
        r"^\| `(\w+)` \| .*? \| ((?:`\w+`(?:, )?)+) \|", tree.page("howto/decide-reviews.md"), re.MULTILINE
    )
    assert {kind: tuple(re.findall(r"\w+", verbs)) for kind, verbs in rows} == dict(VERBS)


def test_the_guide_to_models_names_the_bounds_of_the_code() -> None:
    """The page about reading with a model states the bounds and the confidence that the code has, and its code runs."""
    text = tree.page("howto/read-with-a-model.md")
    assert f"at most {MAX_LINES} lines and {MAX_LETTERS:,} letters" in text
    assert f"the confidence is at most {DISPUTED}" in text
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    space: dict[str, object] = {}
    exec(compile(code, "deploy.py", "exec"), space)  # noqa: S102  # the page's own code is what is tried
    read = cast("Callable[[bytes, str], object]", space["read"])
    assert read(b"", "empty.txt") == read_arrival(b"", "empty.txt")
