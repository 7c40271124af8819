"""What a model is shown of a long run."""

from __future__ import annotations

import json
import random

import pytest

from bridgehead.cases.conversing import (
    MESSAGE_TOKENS,
    AgeOf,
    Asked,
    Said,
    assemble,
    canonical,
    tokens,
)
from bridgehead.errors import Failed

GOAL = (Said("system", "Buy what is cheap."), Said("user", "Buy a lamp for at most 20 EUR."))


def read(number: int, item: str, text: str, tool: str = "price") -> list[Said]:
    """Returns a turn that reads, and its result."""
    call = Asked(f"c{number}", tool, canonical({"item": item}))
    return [Said("assistant", "", (call,)), Said("tool", text, answers=call.id)]


def age(seconds: float = 0.0) -> AgeOf:
    """Returns the age of every read; buying is none."""
    return lambda call: None if call.name == "buy" else seconds


def size(said: list[Said], sent: list[tuple[int, str | None]]) -> int:
    total = 0
    for index, text in sent:
        one = said[index]
        total += tokens(one.text if text is None else text) + MESSAGE_TOKENS
        total += sum(tokens(call.name) + tokens(call.args) + MESSAGE_TOKENS for call in one.calls)
    return total


def test_what_holds_and_fits_is_sent_as_it_is() -> None:
    """Nothing of a short conversation is changed."""
    said = [*GOAL, *read(1, "lamp", "19"), *read(2, "desk", "90"), *read(3, "lamp", "19")]
    assert [(one.index, one.text) for one in assemble(said, age(), room=10_000)] == [(n, None) for n in range(8)]


def test_a_fact_that_was_read_again_and_differs_is_marked() -> None:
    """P5: of two readings of one thing a model sees the newest alone."""
    said = [*GOAL, *read(1, "lamp", "19"), *read(2, "desk", "90"), *read(3, "lamp", "25")]
    sent = {one.index: one.text for one in assemble(said, age())}
    assert sent[3] == "[superseded: price was read again later and says otherwise]"
    assert sent[5] is None
    assert sent[7] is None


def test_what_was_done_twice_is_marked_nowhere() -> None:
    """The results of two effects are both history, and none of them is out of date."""
    said = [*GOAL, *read(1, "lamp", "bought 1", "buy"), *read(2, "lamp", "bought 2", "buy")]
    assert all(one.text is None for one in assemble(said, age()))


def test_an_old_fact_says_how_old_it_is() -> None:
    """P5: a fact stands before the model with its age."""
    said = [*GOAL, *read(1, "lamp", "19")]
    assert assemble(said, age(59))[3].text is None
    assert assemble(said, age(720))[3].text == "19\n[read 12 min ago]"
    assert assemble(said, age(7_300))[3].text == "19\n[read 2 h ago]"


def test_effects_outlast_reads() -> None:
    """What was done stays in a conversation whose old reads had to go."""
    said = [*GOAL, *read(0, "lamp", "bought", "buy")]
    for number in range(1, 100):
        said += read(number, f"item {number}", "x" * 400)
    sent = assemble(said, age(), room=1_500)
    indexes = [one.index for one in sent]
    assert {0, 1, 2, 3} <= set(indexes)
    assert 4 not in indexes
    assert indexes[-2:] == [len(said) - 2, len(said) - 1]


@pytest.mark.parametrize("seed", range(40))
def test_no_request_is_larger_than_its_room(seed: int) -> None:
    """Whatever a run holds, the goal is sent whole, calls keep their answers, and the room is kept."""
    chance = random.Random(seed)
    said = list(GOAL)
    for number in range(chance.randrange(1, 120)):
        tool = chance.choice(["price", "price", "stock", "buy"])
        said += read(number, f"item {chance.randrange(12)}", "é1 " * chance.randrange(0, 700), tool)
    room = chance.randrange(8_000, 30_000)
    sent = [(one.index, one.text) for one in assemble(said, age(90), room=room, beside=400)]
    assert size(said, sent) + 400 <= room
    assert sent[:2] == [(0, None), (1, None)]
    assert [index for index, _ in sent] == sorted({index for index, _ in sent})
    shown = [said[index] for index, _ in sent]
    assert {call.id for one in shown for call in one.calls} == {one.answers for one in shown if one.answers}


def test_what_is_pinned_and_does_not_fit_is_an_overflow() -> None:
    """A goal that is larger than the model is refused before it is sent."""
    with pytest.raises(Failed) as failed:
        assemble([Said("user", "x" * 9_000), *read(1, "lamp", "19")], age(), room=1_000)
    assert failed.value.error_class == "context_overflow"


def test_equal_arguments_are_equal_in_any_order() -> None:
    """A read is the same read however a model orders its arguments."""
    assert canonical({"a": 1, "b": [2]}) == canonical(json.loads('{"b": [2], "a": 1}'))
