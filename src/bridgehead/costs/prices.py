"""What a model turn costs: by the deployment's own prices, else by a price list, else unknown, which is never zero.

The list is the package ``genai-prices`` (the extra ``prices``), from the data that it brings along: nothing is
ever fetched. Prices are of a million tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Final

from bridgehead import clock
from bridgehead.money import Money
from bridgehead.spec.deployment import ModelPrice, ModelSpec

MILLION: Final = 1_000_000
WORST: Final = ModelPrice(Money(Decimal(150), "USD"), Money(Decimal(600), "USD"))
"""What a model without a price is thought to cost: the dearest of the pinned list (a test holds the two together)."""
MAKERS: Final = ("openai", "anthropic", "google", "mistral")
"""Whose models a bare name may mean: of others, many hosts ask different prices for one name."""
PLACES: Final = Decimal("0.00000001")
LIST: Final = "genai-prices"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a turn used; None is unknown. ``cached`` is part of the input."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A cost with where its price is from and of what time it is. ``at_least``: only a part could be counted."""

    money: Money
    source: str
    at: datetime
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one deployment.

    ``models`` are the models it declares, by name. ``own`` are negotiated prices by a model's id. ``dollar`` is what
    a US dollar costs in the currency of the limit. ``ids`` are those of models that an agent brings along, by name.
    """

    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    own: Mapping[str, ModelPrice] = field(default_factory=dict)
    dollar: Money | None = None
    ids: Mapping[str, str] = field(default_factory=dict)

    def cost(self, name: str, answered: str, tokens: Tokens) -> Priced | None:
        """Returns what a turn of the model ``name`` cost that ``answered`` gave; None where that is unknown.

        ``answered`` is the model's id as its server or framework told it. Without a count of the output the
        input's cost is at least what the turn cost; without one of the input nothing is known.
        """
        if tokens.input is None:
            return None
        now = clock.utc_now()
        at_least = tokens.output is None
        found = self._declared(name, answered)
        if found is not None:
            price, source = found
            return Priced(_cost(price, tokens), source, now, at_least)
        spec = self.models.get(name)
        listed = _listed(answered or (spec.name if spec is not None else ""), spec, tokens, now)
        return None if listed is None else Priced(*listed, now, at_least)

    def worst(self, name: str, input_tokens: int, output_tokens: int, currency: str) -> Money | None:
        """Returns what a turn may cost at most, in ``currency``; None where the two currencies cannot be compared."""
        tokens = Tokens(input_tokens, output_tokens)
        return self.exchanged(self._known(name, tokens) or _cost(WORST, tokens), currency)

    def known(self, name: str) -> bool:
        """Returns whether a price of the model ``name`` is known before it is asked."""
        return self._known(name, Tokens(MILLION, MILLION)) is not None

    def _known(self, name: str, tokens: Tokens) -> Money | None:
        found, spec = self._declared(name, self.ids.get(name, "")), self.models.get(name)
        if found is not None:
            return _cost(found[0], tokens)
        listed = _listed(self.ids.get(name, "") if spec is None else spec.name, spec, tokens, clock.utc_now())
        return None if listed is None else listed[0]

    def exchanged(self, money: Money, currency: str) -> Money | None:
        """Returns an amount in another currency, by the price of a dollar that the deployment declares."""
        if money.currency == currency:
            return money
        if money.currency == "USD" and self.dollar is not None and self.dollar.currency == currency:
            return Money((money.amount * self.dollar.amount).quantize(PLACES), currency)
        return None

    def _declared(self, name: str, answered: str) -> tuple[ModelPrice, str] | None:
        spec = self.models.get(name)
        if spec is not None and spec.price is not None:
            return spec.price, f"bridgehead.yaml: models.{name}.price"
        asked = "" if spec is None else spec.name
        for known in (answered, answered.partition(":")[2], asked):
            if known and known in self.own:
                return self.own[known], f"the deployment's prices: {known}"
        return None


def _cost(price: ModelPrice, tokens: Tokens) -> Money:
    cached = min(tokens.cached or 0, tokens.input or 0)
    amount = (
        price.input.amount * ((tokens.input or 0) - cached)
        + (price.cached or price.input).amount * cached
        + price.output.amount * (tokens.output or 0)
    )
    return Money((amount / MILLION).quantize(PLACES), price.input.currency)


def available() -> bool:
    """Returns whether the price list is installed."""
    return find_spec("genai_prices") is not None


@cache
def _list() -> Any:  # noqa: ANN401  # an optional package, loaded when the first price is looked up
    return import_module("genai_prices") if available() else None


@cache
def _source() -> str:
    return f"{LIST} {version(LIST)}"


def load() -> None:
    """Loads the price list, which takes a moment: before the first case, so that none waits for it."""
    _list()


def _listed(answered: str, spec: ModelSpec | None, tokens: Tokens, at: datetime) -> tuple[Money, str] | None:
    """Returns the cost by the price list and where it is from, None for a model that it does not know.

    A model that the deployment declares is looked up under its URL alone: a server of one's own that calls its
    model like a provider's has no price of that provider's.
    """
    listing = _list()
    if listing is None or not answered or answered.startswith("env:"):
        return None
    used = listing.Usage(
        input_tokens=tokens.input or 0,
        output_tokens=tokens.output or 0,
        cache_read_tokens=min(tokens.cached or 0, tokens.input or 0),
    )
    provider, colon, model = answered.partition(":")
    if spec is not None:
        ways: list[dict[str, str]] = [{"provider_api_url": spec.url}]
        names = [model if colon else answered]
    elif colon:
        ways, names = [{"provider_id": _PROVIDERS.get(provider, provider)}], [model]
    else:
        ways, names = [{"provider_id": maker} for maker in MAKERS], [answered]
    for way in ways:
        try:
            found = listing.calc_price(used, model_ref=names[0], genai_request_timestamp=at, **way)
        except (LookupError, ValueError):
            continue
        money = Money(Decimal(found.total_price).quantize(PLACES), "USD")
        return money, f"{_source()}: {found.provider.id}/{found.model.id}"
    return None


_PROVIDERS: Final[Mapping[str, str]] = {
    "google-gla": "google",
    "google-vertex": "google",
    "openai-chat": "openai",
    "openai-responses": "openai",
    "bedrock": "aws",
    "grok": "x-ai",
    "xai": "x-ai",
}
"""Providers that frameworks call otherwise than the price list does."""
