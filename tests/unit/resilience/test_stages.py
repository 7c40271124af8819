"""What answers as a case's time runs out: the declared model, then the next one, then none."""

from __future__ import annotations

import asyncio

import pytest

from bridgehead import clock
from bridgehead.errors import ErrorClass, Failed
from bridgehead.resilience import deadline
from bridgehead.resilience.answering import Answering, Route, Stage

PAST, FAR = -1.0, 3_600.0


class Models:
    """Models that answer with their name, stall, or fail as the test says."""

    def __init__(self, *, stalled: str = "", failing: dict[str, ErrorClass] | None = None) -> None:
        self.asked: list[str] = []
        self._stalled = stalled
        self._failing = failing or {}

    async def one(self, name: str) -> str:
        self.asked.append(name)
        if name == self._stalled:
            await asyncio.Event().wait()
        if name in self._failing:
            raise Failed("no", error_class=self._failing[name])
        return name


def stages(*found: tuple[float, str | None]) -> list[Stage]:
    """Returns stages that begin in so many seconds."""
    return [Stage(clock.boot_s() + seconds, model) for seconds, model in found]


def answering() -> Answering:
    """Returns two models, neither of which stands in for the other."""
    return Answering(routes={"slow": Route("slow"), "fast": Route("fast")}, base_s=0.001)


@pytest.mark.parametrize(
    "declared, answers, why",
    [
        ([(FAR, "fast"), (2 * FAR, None)], "slow", ""),
        ([(PAST, "fast"), (FAR, None)], "fast", "hurry"),
        ([(2 * PAST, "slow"), (PAST, "fast")], "fast", "hurry"),
    ],
)
async def test_a_turn_is_asked_of_the_model_of_its_stage(
    declared: list[tuple[float, str | None]], answers: str, why: str
) -> None:
    """The last stage whose time has come says which model is asked, and the record says that it was for the time."""
    models, asker = Models(), answering().asker("slow", stages=stages(*declared))
    assert (await asker.ask(models.one)).value == answers
    assert models.asked == [answers]
    assert asker.answered == (answers, why)
    assert [spent.why for spent in asker.attempts] == [why]


async def test_without_a_model_none_is_asked() -> None:
    """Once the stage without a model has come a turn fails at once, as something that surely did not happen."""
    models, asker = Models(), answering().asker("slow", stages=stages((2 * PAST, "fast"), (PAST, None)))
    with pytest.raises(Failed) as caught:
        await asker.ask(models.one)
    assert (caught.value.error_class, caught.value.applied) == ("deadline", False)
    assert caught.value.attributes["no_model"] is True
    assert not models.asked


async def test_what_stalls_is_given_up_halfway_through_the_next_stage() -> None:
    """A turn under way when a stage begins may go on for half of it, and the rest is left to the next model."""
    models, asker = Models(stalled="slow"), answering().asker("slow", stages=stages((0.2, "fast")))
    began_s = clock.boot_s()
    with deadline.within(0.8):
        assert (await asker.ask(models.one)).value == "fast"
    assert 0.5 <= clock.boot_s() - began_s < 0.8
    assert models.asked == ["slow", "fast"]
    assert [(spent.model, spent.why, spent.error_class) for spent in asker.attempts] == [
        ("slow", "", "deadline"),
        ("fast", "hurry", None),
    ]


async def test_what_stalls_through_every_stage_ends_without_a_model() -> None:
    """When the second model stalls as well the turn still ends before the case's time does, and no model is left."""
    routes = {name: Route(name) for name in ("slow", "fast")}
    models = Models(stalled="slow")
    asker = Answering(routes=routes).asker("slow", stages=stages((0.1, "slow"), (0.3, None)))
    with deadline.within(0.7), pytest.raises(Failed) as caught:
        await asker.ask(models.one)
    assert caught.value.attributes["no_model"] is True
    assert models.asked == ["slow", "slow"]


async def test_a_failure_before_its_stage_is_the_turns_own() -> None:
    """A model that refuses while there is time is not passed over for a stage that has not come."""
    models = Models(failing={"slow": "forbidden"})
    asker = answering().asker("slow", stages=stages((FAR, "fast")))
    with pytest.raises(Failed) as caught:
        await asker.ask(models.one)
    assert caught.value.error_class == "forbidden"
    assert models.asked == ["slow"]
