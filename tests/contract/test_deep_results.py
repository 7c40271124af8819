"""A result that is nested absurdly deep is an error of its read, and leaves no write unknown that was made."""

from __future__ import annotations

from bridgehead.cases.depth import CHARACTERS, CUT, LEVELS, cut, too_deep
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

CODE = """
def nested(levels):
    value = "the end"
    for _ in range(levels):
        value = {"in": value}
    return value

@read
async def look(po: str) -> dict:
    return nested(900)

@read
async def all_of_it(po: str) -> list[str]:
    return ["x" * 1_000_000] * 50

@reversible(key="po", verify=find)
async def book(po: str) -> dict:
    enter(po=po, number="N", amount=1)
    return {"number": "N-1", **nested(900)}

@irreversible(key="po")
async def mail(po: str) -> object:
    enter(po=po, number="M", amount=1)
    return nested(900)

async def agent(case: Case[dict], ctx: Context) -> str:
    if case.input["do"] == "look":
        return str(await look(case.input["po"]))[:10]
    if case.input["do"] == "all":
        return str(len(await all_of_it(case.input["po"])))
    if case.input["do"] == "mail":
        return str(type(await mail(case.input["po"])))
    return (await book(case.input["po"]))["number"]
"""


async def run(world: World, what: str) -> dict[str, object]:
    """Runs one case and returns its row."""
    await world.deploy(CODE, tools="look: allow\nall_of_it: allow\nbook: allow\nmail: allow")
    await world.submit({"po": "1", "do": what})
    await world.settle()
    (case,) = await world.cases()
    return case


async def test_a_read_that_is_nested_too_deep_is_invalid_output(world: World) -> None:
    """P4: a read's result deeper than the limit is invalid_output, with the limit in the message, and no bug."""
    case = await run(world, "look")
    assert (case["state"], case["error_class"]) == ("with_person", "invalid_output")
    (review,) = await world.reviews()
    assert f"the result of look is nested deeper than {LEVELS} levels" in str(review.shown["reason"])


async def test_a_read_of_fifty_megabytes_is_invalid_output(world: World) -> None:
    """P4: a read's result of 50 MB is not recorded; the case is with a person who is told the size and the limit."""
    case = await run(world, "all")
    assert (case["state"], case["error_class"]) == ("with_person", "invalid_output")
    (review,) = await world.reviews()
    assert f"the result of all_of_it is larger than {CHARACTERS >> 20} MB: 47 MB" in (
        said := str(review.shown["reason"])
    )
    assert "page by page" in said
    (row,) = await world.rows("select max(octet_length(sealed)) as largest from blobs")
    assert int(str(row["largest"])) < 100_000


async def test_a_write_whose_result_is_too_deep_is_committed(world: World) -> None:
    """P2: that a write was made is known though its result cannot be kept whole: it is committed, and cut off."""
    for what in ("book", "mail"):
        case = await run(world, what) if what == "book" else (await again(world))
        assert case["outcome"] == "completed", what
    assert [row["state"] for row in await world.rows("select state from effects")] == ["committed", "committed"]
    view = await CaseQueries(world.app.database, world.app.vault).case(1)
    assert CUT in str(view.effects[0].result)
    assert [entry["number"] for entry in world.books()] == ["N", "M"]


async def again(world: World) -> dict[str, object]:
    """Runs a second case, which mails, and returns its row."""
    await world.submit({"po": "2", "do": "mail"})
    await world.settle()
    return (await world.cases())[-1]


def test_what_is_cut_is_as_deep_as_allowed() -> None:
    """What is at the limit stays as it is, and what is cut is at the limit; a value that holds itself is too deep."""
    fits: JSON = "x"
    for _ in range(LEVELS):
        fits = [fits]
    assert not too_deep(fits)
    assert cut(fits) == fits
    assert too_deep([fits])
    assert not too_deep(cut([fits]))
    own: list[object] = []
    own.append(own)
    assert too_deep(own)
    assert not too_deep(cut(own))
    assert too_deep({"a": own, "b": (own, own)})
    assert cut({"a": own, "b": (own, own)}) == {"a": [CUT], "b": [[CUT], [CUT]]}
