"""What a model turn costs: declared, listed or unknown, and the worst that budgets take."""

from __future__ import annotations

import socket
from decimal import Decimal

import pytest
from genai_prices import data_snapshot
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.costs import prices
from bridgehead.costs.prices import WORST, Prices, Tokens
from bridgehead.money import Money
from bridgehead.spec.deployment import ModelPrice, ModelSpec

OWN = ModelPrice(Money(Decimal(2), "EUR"), Money(Decimal(8), "EUR"), Money(Decimal("0.5"), "EUR"))
COUNTS = st.integers(0, 10_000_000)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def test_a_declared_price_comes_before_the_list() -> None:
    """The price of a model's own entry counts, with the place where it stands."""
    found = Prices({"default": ModelSpec("https://api.openai.com/v1", "gpt-4o", price=OWN)}).cost(
        "default", "gpt-4o", Tokens(1_000_000, 500_000, 400_000)
    )
    assert found is not None
    assert found.money == Money(Decimal("5.4"), "EUR")  # 0.6 M at 2, 0.4 M at 0.5, 0.5 M at 8
    assert found.source == "bridgehead.yaml: models.default.price"
    assert not found.at_least


@pytest.mark.parametrize("answered", ["gpt-4o", "openai:gpt-4o"])
def test_a_negotiated_price_is_found_by_the_models_id(answered: str) -> None:
    """The file of negotiated prices names a model as its server does, with its provider or without."""
    found = Prices(own={"gpt-4o": OWN}).cost("agent", answered, Tokens(1_000_000, 0))
    assert found is not None
    assert found.money == Money(Decimal(2), "EUR")


@pytest.mark.parametrize("answered", ["openai:gpt-4o", "gpt-4o", "gpt-4o-2024-08-06"])
def test_a_listed_price_says_where_it_is_from(answered: str) -> None:
    """A model of a known maker costs what the pinned list says, which names itself and its version."""
    found = Prices().cost("agent", answered, Tokens(1_000, 100))
    assert found is not None
    assert found.money == usd("0.0035")
    assert found.source.startswith("genai-prices ")
    assert found.source.endswith(": openai/gpt-4o")


@pytest.mark.parametrize("answered", ["test", "function:model:", "llama-9", "nobody:gpt-4o", "", "openai:nothing"])
def test_an_unknown_price_is_unknown_and_not_zero(answered: str) -> None:
    """A model that no list knows has no price."""
    assert Prices().cost("agent", answered, Tokens(1_000, 100)) is None


def test_a_server_of_ones_own_has_no_providers_price() -> None:
    """A model that is declared under another address costs nothing that is known, whatever it calls itself."""
    found = Prices({"default": ModelSpec("http://127.0.0.1:8080/v1", "gpt-4o")})
    assert found.cost("default", "gpt-4o", Tokens(1_000, 100)) is None
    listed = Prices({"default": ModelSpec("https://api.openai.com/v1", "gpt-4o")})
    assert listed.cost("default", "gpt-4o", Tokens(1_000, 100)) is not None


def test_without_a_count_the_cost_is_at_least_the_inputs() -> None:
    """A cancelled attempt costs at least its input, and one whose input nobody counted is unknown."""
    found = Prices().cost("agent", "openai:gpt-4o", Tokens(1_000, None))
    assert found is not None
    assert (found.money, found.at_least) == (usd("0.0025"), True)
    assert Prices().cost("agent", "openai:gpt-4o", Tokens(None, 10)) is None


@given(COUNTS, COUNTS)
def test_the_worst_is_never_less_than_the_cost(asked: int, answered: int) -> None:
    """What budgets take beforehand covers what a turn of so many tokens costs, whoever answers."""
    for name, spec in {"a": ModelSpec("https://api.openai.com/v1", "gpt-4o"), "b": ModelSpec("http://m", "m")}.items():
        given_prices = Prices({name: spec})
        worst = given_prices.worst(name, asked, answered, "USD")
        cost = given_prices.cost(name, spec.name, Tokens(asked, answered))
        assert worst is not None
        assert cost is None or cost.money.amount <= worst.amount
        assert worst.amount > 0 or asked + answered == 0 or (asked + answered) < 100


def test_an_unknown_model_is_thought_as_dear_as_the_dearest_listed() -> None:
    """The price that budgets take for an unknown model is the highest of the pinned list, or above it."""
    dearest = {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            listed = [each.prices for each in model.prices] if isinstance(model.prices, list) else [model.prices]
            for price in listed:
                for field in ("input_mtok", "output_mtok"):
                    value = getattr(price, field, None)
                    amounts = [] if value is None else [getattr(value, "base", value)]
                    amounts += [tier.price for tier in getattr(value, "tiers", ())]
                    dearest[field] = max([dearest[field], *amounts])
    assert WORST.input.amount >= dearest["input_mtok"] > 0
    assert WORST.output.amount >= dearest["output_mtok"] > 0


def test_a_limit_in_another_currency_needs_the_price_of_a_dollar() -> None:
    """Prices in dollars count against a limit in euros by the declared price of a dollar, and by nothing else."""
    spec = {"default": ModelSpec("https://api.openai.com/v1", "gpt-4o")}
    assert Prices(spec).worst("default", 1_000, 100, "EUR") is None
    exchanged = Prices(spec, dollar=Money(Decimal("0.9"), "EUR")).worst("default", 1_000, 100, "EUR")
    assert exchanged == Money(Decimal("0.00315"), "EUR")


def test_prices_are_looked_up_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No price is fetched: the list's own data are used, and no connection is opened."""

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    prices.load()
    assert Prices().cost("agent", "anthropic:claude-sonnet-4-20250514", Tokens(1_000, 100)) is not None


def test_without_the_list_everything_undeclared_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is optional: without it a declared price still counts, and any other is unknown."""
    monkeypatch.setattr(prices, "_list", lambda: None)
    assert Prices().cost("agent", "openai:gpt-4o", Tokens(1_000, 100)) is None
    assert Prices(own={"gpt-4o": OWN}).cost("agent", "openai:gpt-4o", Tokens(1_000, 100)) is not None
