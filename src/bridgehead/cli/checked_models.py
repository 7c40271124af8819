"""What ``check`` shows of a deployment's models: who is asked, beside whom, instead of whom, and at what price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bridgehead.cli.output import clean, duration, heading, table

if TYPE_CHECKING:
    from bridgehead.app import LoadedDeployment
    from bridgehead.costs.prices import Prices
    from bridgehead.spec.deployment import ModelSpec


def show(loaded: LoadedDeployment) -> None:
    """Prints the models of a deployment, and what a case makes do with as its time runs out."""
    from bridgehead.cases.modelling import prices

    spec = loaded.deployment
    known = prices(spec, loaded.agent)
    rows = [
        (
            name,
            model.name,
            model.url,
            f"{model.timeout_s:g} s",
            model.hedge or "-",
            model.fallback or "-",
            _price(loaded, known, name),
        )
        for name, model in spec.models.items()
    ]
    rows += [
        (name, named, "as the agent says", "-", "-", "-", _price(loaded, known, name)) for name, named in _own(loaded)
    ]
    if rows:
        heading("Models")
        columns = ("model", "name", "at", "timeout", "hedged by", "falls back to", "price, input and output")
        table(columns, rows, empty="")
    if spec.limits.cost is not None:
        print(f"A case may spend {spec.limits.cost}.")
    if spec.case.degrade:
        stages = ", ".join(f"{clean(one.stage)} when {duration(one.left_s)} are left" for one in spec.case.degrade)
        print(f"As a case's time runs out: {stages}.")


def remarks(loaded: LoadedDeployment) -> Iterator[str]:
    """Yields what of models is allowed and may still not be meant."""
    from bridgehead.cases.modelling import prices, turn_at_worst, unpriced, unset

    spec = loaded.deployment
    known, limit = prices(spec, loaded.agent), spec.limits.cost
    for name, model in known.models.items():
        if unset(model):
            yield f"models.{name}: its address or name is not set in this environment, so its price was not looked up."
    for name in unpriced(spec, known):
        if limit is None:
            yield f"Model {name} has no price: what it costs is unknown in every report."
        else:
            worst = turn_at_worst(known, name, limit.currency)
            yield f"Model {name} has no price: each of its turns counts as up to {worst} or more of {limit} a case."


def as_json(loaded: LoadedDeployment) -> dict[str, object]:
    """Returns the same for ``check --json``."""
    from bridgehead.cases.modelling import prices

    spec = loaded.deployment
    known = prices(spec, loaded.agent)
    return {
        "models": [
            {
                "model": name,
                "name": model.name,
                "url": model.url,
                "timeout_s": model.timeout_s,
                "hedge": model.hedge,
                "fallback": model.fallback,
                "max_tokens": model.max_tokens,
                "price": _money(model),
                "price_known": known.known(name),
            }
            for name, model in spec.models.items()
        ],
        "degrade": [{"stage": one.stage, "left_s": one.left_s} for one in spec.case.degrade],
        "limit": None if spec.limits.cost is None else str(spec.limits.cost),
    }


def _own(loaded: LoadedDeployment) -> list[tuple[str, str]]:
    return [(name, model) for name, model in loaded.agent.models.items() if name not in loaded.deployment.models]


def _price(loaded: LoadedDeployment, known: Prices, name: str) -> str:
    from bridgehead.cases.modelling import unset

    spec = loaded.deployment.models.get(name)
    declared = None if spec is None else _money(spec)
    if declared is not None:
        return f"{declared['input']}/M, {declared['output']}/M"
    if spec is not None and unset(known.models[name]):
        return "not looked up"
    return "by a list" if known.known(name) else "unknown"


def _money(model: ModelSpec) -> dict[str, str] | None:
    price = model.price
    return None if price is None else {"input": str(price.input), "output": str(price.output)}
