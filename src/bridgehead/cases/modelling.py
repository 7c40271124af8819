"""A deployment's models joined to what they need: limits that all workers share, breakers, prices."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from decimal import ROUND_UP, Decimal
from typing import Final

from bridgehead.cases.agents import Agent
from bridgehead.cases.asking import DEFAULT
from bridgehead.costs import prices as price_list
from bridgehead.costs.prices import Prices
from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.resilience.answering import OUTPUT_TOKENS, Answering, Route
from bridgehead.resilience.dependency import Dependencies
from bridgehead.resilience.ports import Bounds, Limits, LimitStore
from bridgehead.resilience.rate import Rate
from bridgehead.resilience.tokens import TokenLimit
from bridgehead.spec.deployment import Deployment, ModelSpec, Quota
from bridgehead.spec.place import misfit, placed
from bridgehead.spec.problem import DeploymentError, nearest

CENT: Final = Decimal("0.01")
BURST: Final = 0.1
"""So much of a quota may be used at once; the rest comes evenly, so that no window holds more than the quota."""

Shared = Callable[[str, Bounds], tuple[Limits, LimitStore]]
"""Returns what counts a system, over all workers, by its name."""


def check(deployment: Deployment, agent: Agent, judges: Collection[str] = ()) -> None:
    """Raises UserError when a framework's agent lacks a model that it is to ask, or a limit of money cannot be kept.

    ``judges`` are the models that checks ask. A limit cannot be kept where prices are in another currency, nor where a
    model has no price and one turn of it may cost more than the case may: every case would fail.
    """
    if agent.asks is not None:
        needed, here = set[str](), deployment.models.get(DEFAULT)
        while here is not None:
            needed |= {name for name in (here.hedge, here.fallback) if name not in (None, DEFAULT)}
            here = deployment.models.get(here.fallback) if here.fallback is not None else None
        needed |= {one.stage for one in deployment.case.degrade if one.stage in deployment.models}
        for name in sorted(needed - agent.asks):
            raise UserError(  # what the agent was given stands in its code
                f"{deployment.agent}: bridgehead.yaml names the model {name!r} as a hedge, a fallback or a stage of"
                " case.degrade, and the agent was given none of that name",
                code="adapter.model",
                hint=nearest(name, list(agent.asks)) or f"Give it to govern(…, models={{{name!r}: MODEL}}).",
            )
    limit = deployment.limits.cost
    if limit is None or not (deployment.models or agent.models):
        return
    declared = [spec.price for spec in deployment.models.values()]
    known = bool(declared) and all(price is not None and price.input.currency == limit.currency for price in declared)
    exchanged = deployment.dollar is not None and deployment.dollar.currency == limit.currency
    if limit.currency != "USD" and not exchanged and not known:
        raise misfit(
            deployment,
            ("limits", "cost"),
            "a limit in USD, as the prices of models are",
            code="prices.currency",
            found=str(limit),
            hint=f"Say what a dollar costs in a file of its own: usd: 0.93 {limit.currency}, and name it: prices: FILE."
            f" Or give every model a price in {limit.currency}.",
        )
    _check_prices(deployment, agent, limit, judges)


def _check_prices(deployment: Deployment, agent: Agent, limit: Money, judges: Collection[str]) -> None:
    known = prices(deployment, agent)
    problems = []
    counted = _counted(deployment, judges)
    for name in unpriced(deployment, known):
        if name in deployment.models and name not in counted:
            continue  # no turn counts it, unless the agent's own code asks it
        worst = turn_at_worst(known, name, limit.currency, twice=name in judges)
        if worst is None or worst.amount <= limit.amount:
            continue
        path = ("models", name) if name in deployment.models else ("limits", "cost")
        whose = "" if name in deployment.models else f" of {known.ids[name]}, the agent's own model"
        expected = f"a price{whose}, as a turn without one counts as up to {worst} of the {limit} of a case"
        problems.append(placed(deployment, path, expected, "none", _ways_out(name, deployment)))
    if problems:
        raise DeploymentError(problems, code="prices.unknown")


def _counted(deployment: Deployment, judges: Collection[str]) -> set[str]:
    """Returns the declared models that a turn of the agent, or a check, counts before it is asked."""
    names = {DEFAULT, *judges, *(one.stage for one in deployment.case.degrade)}
    found: set[str] = set()
    while names:
        spec = deployment.models.get(name := names.pop())
        if spec is not None and name not in found:
            found.add(name)
            names |= {one for one in (spec.hedge, spec.fallback) if one is not None}
    return found


def _ways_out(name: str, deployment: Deployment) -> str:
    price = (
        f"models: {{{name if name in deployment.models else DEFAULT}: {{price: {{input: 3 USD/M, output: 15 USD/M}}}}}}"
    )
    lists = "" if price_list.available() else ", or install the price list: pip install 'bridgehead[prices]'"
    return f"give it one: {price}{lists}. Or bound its answer by max_tokens, raise limits.cost, or leave that out"


def unpriced(deployment: Deployment, known: Prices) -> list[str]:
    """Returns the models that may be asked and have no price. One whose address is not set here may have one there."""
    names = list(deployment.models) if DEFAULT in deployment.models else [*deployment.models, *known.ids]
    return [
        name
        for name in dict.fromkeys(names)
        if not known.known(name) and not (name in known.models and unset(known.models[name]))
    ]


def unset(model: ModelSpec) -> bool:
    """Returns whether the environment lacks what a model's address or name is read from."""
    return any(_plain(text).startswith("env:") for text in (model.url, model.name))


def turn_at_worst(known: Prices, name: str, currency: str, *, twice: bool = False) -> Money | None:
    """Returns what the shortest turn of a model may cost, with its hedge and maybe a repair; None: not comparable."""
    spec = known.models.get(name)
    output = OUTPUT_TOKENS if spec is None or spec.max_tokens is None else spec.max_tokens
    found = known.worst(name, 0, output, currency)
    beside = None if spec is None or spec.hedge is None else known.worst(spec.hedge, 0, output, currency)
    if found is None:
        return None
    together = found if beside is None else found + beside
    together = together + together if twice else together
    return Money(together.amount.quantize(CENT, ROUND_UP), currency)


def prices(deployment: Deployment, agent: Agent) -> Prices:
    """Returns a deployment's prices; loads the price list where models are asked, so that no case waits for it."""
    if deployment.models or agent.models:
        price_list.load()
    models = {
        name: replace(spec, url=_plain(spec.url), name=_plain(spec.name)) for name, spec in deployment.models.items()
    }
    return Prices(models, deployment.prices, deployment.dollar, agent.models)


def answering(deployment: Deployment, dependencies: Dependencies, shared: Shared) -> Answering:
    """Returns how a deployment's models are asked."""
    routes = {name: _route(name, spec, shared) for name, spec in deployment.models.items()}
    return Answering(dependencies, routes, deployment.name)


def _route(name: str, spec: ModelSpec, shared: Shared) -> Route:
    # What a provider allows is of the model at its address, whoever asks: deployments with the same one share it.
    at = f"{_plain(spec.name)} at {_plain(spec.url)}"
    requests, tokens = None, None
    if spec.requests is not None:
        requests, _ = shared(f"model {at}", Bounds(_rate(spec.requests)))
    if spec.tokens is not None:
        system, rate = f"tokens of model {at}", _rate(spec.tokens)
        tokens = TokenLimit(system, rate, shared(system, Bounds(rate))[1])
    return Route(name, spec.timeout_s, spec.hedge, spec.fallback, spec.max_tokens, requests, tokens)


def _rate(quota: Quota) -> Rate:
    burst = max(1, int(quota.count * BURST))
    even = quota.count - burst if quota.count > burst else quota.count
    return Rate(even / quota.per_s, burst)


def _plain(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Returns what ``env:NAME`` stands for, and the text itself where that is unset: whoever asks will say so."""
    if not text.startswith("env:"):
        return text
    return (os.environ if environment is None else environment).get(text[4:].strip(), "") or text
