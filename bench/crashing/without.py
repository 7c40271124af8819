"""Takes one guard away from the code in this process and in all it forks: then the crash bench must miss a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridgehead.cases import effecting, settling
from bridgehead.cases.writes import EffectMove
from bridgehead.effects.keys import idempotency_key
from bridgehead.storage import looking


def intent() -> None:
    """Calls first and records afterwards, as an agent without an intent does."""

    async def intended(self: Any, *given: Any) -> Any:  # noqa: ANN401  # stands in for a method
        proposal, _, writes, known, _, call = given
        segment = self._segment
        key = idempotency_key(proposal.key, proposal.occurrence)
        result = await proposal.bound.invoke(proposal.args, key=key)
        await call.ended(None)
        tokens = await segment.commit(*writes)
        number = known if isinstance(known, int) else tokens[known]
        await segment.commit(EffectMove(number, "intended", "committed", {"result": result}))
        self._keep(proposal, number, "committed", {"result": result})
        return result

    effecting.Effecting._intended = intended  # type: ignore[assignment]  # noqa: SLF001  # that is what is taken away


def fencing() -> None:
    """Lets a worker write to a case that others have, as a store without epochs does."""
    fence = looking._FENCE.replace(b"where c.epoch = v.epoch and c.state = 'running'", b"where true")  # noqa: SLF001  # as above
    assert fence != looking._FENCE  # noqa: SLF001  # as above
    vars(looking)["_FENCE"] = fence


def verify() -> None:
    """Sends again what nobody knows of, without a look."""

    async def read_back(*_: object) -> object:
        return "absent", None, ""

    settling.Settling._read_back = read_back  # type: ignore[assignment]  # noqa: SLF001  # that is what is taken away
    vars(settling)["next_step"] = lambda *_: "resend"


GUARDS: Final[Mapping[str, Callable[[], None]]] = {"intent": intent, "fencing": fencing, "verify": verify}
