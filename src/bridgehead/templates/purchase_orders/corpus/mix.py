"""What a run came out as: achieved shares beside the wanted ones, and the ceiling of touchless orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bridgehead.templates.purchase_orders.corpus.model import Format, Json
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS, NOT_AN_ORDER, RATES, shares_of


@dataclass(frozen=True, slots=True)
class Share:
    """One wanted share and what came of it."""

    name: str
    wanted: float
    achieved: float
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Mix:
    """The shares of a run. ``ceiling`` is touchless orders by truth, of all orders in arrivals that are orders."""

    arrivals: int
    order_arrivals: int
    orders: int
    touchless: int
    shares: tuple[Share, ...]
    causes: tuple[tuple[str, int], ...]

    @property
    def ceiling(self) -> float:
        """Returns the touchless share of a perfect reader under the deployment's own rules."""
        return self.touchless / self.orders if self.orders else 0.0

    def as_json(self) -> dict[str, object]:
        """Returns everything as plain data."""
        return {
            "arrivals": self.arrivals,
            "order_arrivals": self.order_arrivals,
            "orders": self.orders,
            "touchless": self.touchless,
            "ceiling": round(self.ceiling, 4),
            "shares": [
                {"name": share.name, "wanted": round(share.wanted, 4), "achieved": round(share.achieved, 4),
                 "count": share.count, "of": share.of}
                for share in self.shares
            ],
            "causes": dict(self.causes),
        }  # fmt: skip

    def as_text(self) -> str:
        """Returns the table for a terminal."""
        rows = [f"{'':24}{'wanted':>9}{'achieved':>10}{'count':>8}"]
        rows.extend(
            f"{share.name:24}{share.wanted:>8.1%}{share.achieved:>10.1%}{share.count:>8}" for share in self.shares
        )
        rows.append(f"{'orders':24}{'':>9}{'':>10}{self.orders:>8}")
        rows.append(f"{'touchless by truth':24}{'':>9}{self.ceiling:>10.1%}{self.touchless:>8}")
        rows.extend(
            f"{'  held: ' + cause:24}{'':>9}{count / max(self.orders, 1):>10.1%}{count:>8}"
            for cause, count in self.causes
        )
        return "\n".join(rows)


def measure_mix(truths: Iterable[Mapping[str, Json]], chosen: Sequence[Format] = DEFAULT_FORMATS) -> Mix:
    """Returns the shares of a run from its truths; ``chosen`` are the formats that it was made of."""
    formats: Counter[str] = Counter()
    defects: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    arrivals = order_arrivals = orders = touchless = 0
    for truth in truths:
        arrivals += 1
        order_arrivals += bool(truth["is_order"])
        formats[str(truth["format"])] += 1
        defects.update(cast(list[str], truth["defects"]))
        for order in cast(list[dict[str, Json]], truth["orders"]):
            orders += 1
            touchless += bool(order["touchless"])
            if order["cause"]:
                causes[str(order["cause"])] += 1
    wanted_shares = shares_of(chosen)
    whole = sum(weight for _, weight in wanted_shares)
    shares = [
        Share(name, weight / whole, formats[name] / max(arrivals, 1), formats[name], arrivals)
        for name, weight in wanted_shares
    ]
    for name, wanted in RATES.items():
        of = arrivals if name == NOT_AN_ORDER else order_arrivals
        shares.append(Share(name, wanted, defects[name] / max(of, 1), defects[name], of))
    return Mix(arrivals, order_arrivals, orders, touchless, tuple(shares), tuple(causes.most_common()))
