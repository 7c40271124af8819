"""A grant is an intersection, and every step from there can only shrink it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import UserError
from bridgehead.gate.grants import Delegation, Principal, covers, granted, held, narrowed
from bridgehead.money import Money
from bridgehead.spec.deployment import Right

NOW: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TOOLS: Final = ("book", "cancel", "customer", "send_mail")
GROUPS: Final = ("sales", "desk", "leads")
amounts = st.decimals(0, 10_000, places=2).map(lambda amount: Money(amount, "EUR"))
some_tools = st.frozensets(st.sampled_from(TOOLS))
some_groups = st.frozensets(st.sampled_from(GROUPS))
holders = st.sampled_from([*(f"group:{name}" for name in GROUPS), "user:anna", "user:bert"])
rights = st.dictionaries(
    holders,
    st.builds(
        Right,
        st.just(""),
        st.none() | some_tools.map(lambda tools: tuple(sorted(tools))),
        st.none(),
        st.none() | amounts,
        st.none() | st.floats(60, 100_000),
    ),
    max_size=4,
)
delegations = st.builds(
    Delegation,
    id=st.just("G-1"),
    subject=st.sampled_from(["anna", "bert"]),
    issuer=st.just(""),
    release=st.just("ab" * 32),
    audience=st.just("orders"),
    tools=some_tools,
    groups=some_groups,
    scopes=some_groups,
    limit=st.none() | amounts,
    issued_at=st.just(NOW),
    expires_at=st.integers(0, 100_000).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


def grant(declared: dict[str, Right], groups: frozenset[str], scope: frozenset[str]) -> Delegation:
    who = Principal("anna", groups)
    return granted(declared, who, NOW, audience="orders", release="ab" * 32, scope=scope)


@given(rights, some_groups, some_tools)
def test_a_grant_is_the_intersection(declared: dict[str, Right], groups: frozenset[str], scope: frozenset[str]) -> None:
    """A granted tool is in the scope of the case and in a right of the human; nothing else is granted."""
    made = grant(declared, groups, scope)
    mine = held(declared, "anna", groups)
    for tool in TOOLS:
        allowed = tool in scope and any(right.tools is None or tool in right.tools for right in mine)
        assert (tool in made.tools) == allowed


@given(rights, some_groups, some_groups, some_tools, some_tools)
def test_less_gives_less(
    declared: dict[str, Right],
    groups: frozenset[str],
    left: frozenset[str],
    scope: frozenset[str],
    smaller: frozenset[str],
) -> None:
    """Taking away groups or scope never adds a tool."""
    assert grant(declared, groups & left, scope & smaller).tools <= grant(declared, groups, scope).tools


@given(delegations, delegations)
def test_a_sub_grant_only_shrinks(whole: Delegation, asked: Delegation) -> None:
    """Whatever is asked of a grant, what comes is within it, or nothing comes and it says that it would be widened."""

    def ask() -> Delegation:
        return narrowed(
            whole,
            tools=asked.tools,
            limit=asked.limit,
            expires_at=asked.expires_at,
            scopes=asked.scopes,
            groups=asked.groups,
        )

    wanted = replace(asked, subject=whole.subject, limit=asked.limit or whole.limit)
    if covers(whole, wanted):
        assert ask() == wanted
        assert covers(whole, ask())
        return
    with pytest.raises(UserError, match="cannot be given") as caught:
        ask()
    assert caught.value.code == "grant.widened"
    assert caught.value.hint


@given(delegations, st.lists(st.tuples(some_tools, st.integers(0, 100_000)), max_size=4))
def test_a_chain_of_sub_grants_stays_within_the_first(
    whole: Delegation, steps: list[tuple[frozenset[str], int]]
) -> None:
    """However often a grant is narrowed, the last is within the first."""
    here = whole
    for tools, seconds in steps:
        end = min(here.expires_at, NOW + timedelta(seconds=seconds))
        here = narrowed(here, tools=here.tools & tools, expires_at=end)
        assert covers(whole, here)


@pytest.mark.parametrize(
    "more",
    [
        {"tools": ["book", "cancel"]},
        {"scopes": ["desk"]},
        {"groups": ["sales", "leads"]},
        {"limit": Money.parse("100.01 EUR")},
        {"limit": Money.parse("1 USD")},
        {"expires_at": NOW + timedelta(hours=2)},
    ],
)
def test_widening_is_refused(more: dict[str, object]) -> None:
    """A tool, a scope, a group, more money, another currency or a later end: refused, with what the grant has."""
    base = Delegation(
        "G-1", "anna", "", "ab", "orders", frozenset({"book"}), frozenset({"sales"}), frozenset(),
        Money.parse("100 EUR"), NOW, NOW + timedelta(hours=1),
    )  # fmt: skip
    with pytest.raises(UserError, match="the grant cannot be given") as caught:
        narrowed(base, **more)  # type: ignore[arg-type]  # one keyword at a time
    assert caught.value.code == "grant.widened"


@given(delegations)
def test_claims_bring_it_back(made: Delegation) -> None:
    """What is signed says all of a grant, and says it in RFC 8693's words."""
    claims = json.loads(json.dumps(made.claims()))
    assert Delegation.from_claims(claims) == made
    assert (claims["sub"], claims["aud"], claims["act"]) == (made.subject, "orders", {"sub": "deployment:orders"})


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "other"}, {"act": None}, {"scope": 3}, {"exp": "tomorrow"}, {"exp": True}, {"limit": "a lot"},
     {"groups": "sales"}, {"jti": None}],
)  # fmt: skip
def test_claims_of_another_form_are_none(wrong: dict[str, object]) -> None:
    """Claims that name another actor, or have another type, are no delegation."""
    base = grant({}, frozenset(), frozenset())
    with pytest.raises(ValueError, match=r"."):
        Delegation.from_claims({**base.claims(), **wrong})  # type: ignore[dict-item]  # wrong on purpose


def test_the_limit_of_several_rights() -> None:
    """The largest limit counts where every right has one; a right without a limit sets none."""
    some = {
        "group:sales": Right("group:sales", limit=Money.parse("10 EUR")),
        "user:anna": Right("user:anna", limit=Money.parse("20 EUR")),
    }
    assert grant(some, frozenset({"sales"}), frozenset(TOOLS)).limit == Money.parse("20 EUR")
    assert grant({**some, "group:desk": Right("group:desk")}, frozenset({"desk"}), frozenset(TOOLS)).limit is None


def test_a_grant_ends_with_the_shortest_right() -> None:
    """A grant lasts as long as the shortest of the rights it rests on, and a day where none says so."""
    some = {"group:sales": Right("group:sales", valid_for_s=600.0), "user:anna": Right("user:anna", valid_for_s=6000.0)}
    assert grant(some, frozenset({"sales"}), frozenset()).expires_at == NOW + timedelta(seconds=600)
    assert grant({}, frozenset(), frozenset()).expires_at == NOW + timedelta(days=1)


def test_a_principal_comes_back_from_the_record() -> None:
    """Who a case is opened for comes back from its arrival as it was."""
    who = Principal("anna", frozenset({"sales"}), frozenset({"openid"}), "https://id.example.com", NOW)
    assert Principal.from_json(json.loads(json.dumps(who.to_json()))) == who
