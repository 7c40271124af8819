"""The guide about confirmations says what the writers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast, get_args

from bridgehead.documents.acknowledgement import HeaderCode, LineCode
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.documents.writers.acknowledge import Written as Document
from tests.docs import tree
from tests.docs.walk import Written, steps
from tests.unit.documents.foreign import x12_lines, x12_segments

PAGE: Final = "howto/confirm-orders.md"
RECEIVED: Final = (
    b"ISA*00*          *00*          *ZZ*KERNGMBH       *ZZ*WORKS          *261102*0903*U*00401*000001270*0*P*>~"
    b"GS*PO*KERNGMBH*WORKS*20261102*0903*1270*X*004010~ST*850*0001~BEG*00*SA*PO-4711**20261030~"
    b"PO1*10*20*EA*3.2*PE*VN*AB-1001~PO1*20*8*BX*12.5*PE*VN*AB-2002~PO1*30*1*EA***VN*AB-3~CTT*3~SE*7*0001~"
    b"GE*1*1270~IEA*1*000001270~"
)


def shown(name: str, function: str) -> Callable[..., object]:
    """Returns a function of a file that the page writes."""
    (text,) = (step.text for step in steps(tree.page(PAGE)) if isinstance(step, Written) and step.name == name)
    space: dict[str, object] = {}
    exec(compile(text, name, "exec"), space)  # noqa: S102  # the page's own code is what is tried
    return cast("Callable[..., object]", space[function])


def order() -> Order:
    """Returns the order in the file that came."""
    found = read(RECEIVED, "order.x12")
    assert isinstance(found, Orders)
    return found.orders[0]


def test_the_answer_of_the_page_is_written() -> None:
    """The order that came is answered by an 855 which tells each line what the page decides about it."""
    written = shown("answer.py", "answer")(order(), RECEIVED)
    assert isinstance(written, Document)
    assert written.kind == "x12 855"
    told = list(x12_lines(x12_segments(written.content)))
    assert [(line.code, line.quantity, line.later) for line in told] == [
        ("IA", 20, None),
        ("IQ", 4, 4),
        ("IH", None, None),
    ]


def test_the_receipt_of_the_page_is_written() -> None:
    """A file that is read is accepted, and one that is broken is rejected, under the numbers that it had."""
    receipt = shown("receipt.py", "receipt")
    for received, verdict in ((RECEIVED, "A"), (RECEIVED.replace(b"*20*EA", b"*many*EA"), "R")):
        written = receipt(received)
        assert isinstance(written, bytes)
        answers = [one for one in x12_segments(written) if one[0] in {"AK1", "AK5"}]
        assert [one[1] for one in answers] == ["PO", verdict]


def test_every_code_is_on_the_page() -> None:
    """The page names every code of a line and of an order."""
    page = tree.page(PAGE)
    assert all(f"`{code}`" in page for code in (*get_args(LineCode), *get_args(HeaderCode)))
