"""What ``make demo`` can be told: how many orders, which, and how many workers are killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridgehead.errors import UserError

SEED: Final = 7
ORDERS: Final = 300
FEWEST: Final = 10
MOST: Final = 20_000
MOST_KILLS: Final = 100


@dataclass(frozen=True, slots=True)
class Options:
    """One run: the same seed and number of orders give the same documents, ``kills`` workers die at its moments."""

    seed: int = SEED
    orders: int = ORDERS
    kills: int = 0
    once: bool = False
    """Whether it ends with the run; else its desk is open until somebody ends it."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Options:
        """Reads SEED, ORDERS, KILLS and DEMO; raises UserError naming the one that is wrong."""
        which = environment.get("DEMO", "").strip()
        if which not in {"", "orders", "once"}:
            raise UserError(
                f"there is no demo {which!r}",
                code="demo.option",
                hint="There is one: DEMO=orders. DEMO=once ends with its run and opens no desk.",
            )
        return cls(
            seed=_whole(environment, "SEED", SEED, 0, 2**31 - 1),
            orders=_whole(environment, "ORDERS", ORDERS, FEWEST, MOST),
            kills=_whole(environment, "KILLS", 0, 0, MOST_KILLS),
            once=which == "once",
        )


def _whole(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise UserError(
            f"{name}={text!r} is no whole number from {least} to {most}",
            code="demo.option",
            hint=f"Leave it away for {default}, or write one: make demo {name}={max(default, least)}",
        )
    return value
