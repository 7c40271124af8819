"""A deployment's models joined to what they need: limits that all workers share, breakers, prices."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from bridgehead.cases.agents import Agent
from bridgehead.cases.asking import DEFAULT
from bridgehead.costs import prices as price_list
from bridgehead.costs.prices import Prices
from bridgehead.errors import UserError
from bridgehead.resilience.answering import Answering, Route
from bridgehead.resilience.dependency import Dependencies
from bridgehead.resilience.ports import Bounds, Limits, LimitStore
from bridgehead.resilience.rate import Rate
from bridgehead.resilience.tokens import TokenLimit
from bridgehead.spec.deployment import Deployment, ModelSpec, Quota
from bridgehead.spec.problem import nearest

BURST: Final = 0.1
"""So much of a quota may be used at once; the rest comes evenly, so that no window holds more than the quota."""

Shared = Callable[[str, Bounds], tuple[Limits, LimitStore]]
"""Returns what counts a system, over all workers, by its name."""


def check(deployment: Deployment, agent: Agent) -> None:
    """Raises UserError when a framework's agent lacks a model that it is to ask, or prices cannot be compared."""
    if agent.asks is not None:
        needed, here = set[str](), deployment.models.get(DEFAULT)
        while here is not None:
            needed |= {name for name in (here.hedge, here.fallback) if name not in (None, DEFAULT)}
            here = deployment.models.get(here.fallback) if here.fallback is not None else None
        for name in sorted(needed - agent.asks):
            raise UserError(
                f"{deployment.agent}: bridgehead.yaml names the model {name!r} as a hedge or fallback, and the agent"
                " was given none of that name",
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
        raise UserError(
            f"limits.cost is in {limit.currency}, and prices of models are in USD",
            code="prices.currency",
            hint=f"Say what a dollar costs in a file of its own: usd: 0.93 {limit.currency}, and name it: prices: FILE."
            f" Or give every model a price in {limit.currency}.",
        )


def prices(deployment: Deployment, agent: Agent) -> Prices:
    """Returns a deployment's prices; loads the price list where models are asked, so that no case waits for it."""
    if deployment.models or agent.models:
        price_list.load()
    models = {
        name: replace(spec, url=_plain(spec.url), name=_plain(spec.name)) for name, spec in deployment.models.items()
    }
    return Prices(models, deployment.prices, deployment.dollar)


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
