"""Who may what: roles give rights, a token narrows them, and an admin alone decides nothing."""

from __future__ import annotations

import pytest

from bridgehead.auth.actor import ALL_RIGHTS, MEANINGS, RIGHTS, ROLES, Actor, ConsoleRole, Right, holders
from bridgehead.errors import Refused


def somebody(
    *roles: ConsoleRole, scopes: frozenset[Right] | None = None, groups: frozenset[str] = frozenset()
) -> Actor:
    return Actor("anna", groups, frozenset(roles), scopes=scopes)


def test_each_role_has_rights_and_each_right_a_role() -> None:
    """Every role is in the table, every right is had by some role, and each can be said in words."""
    assert set(RIGHTS) == set(ROLES)
    assert set(MEANINGS) == set(ALL_RIGHTS)
    assert all(holders(right) for right in ALL_RIGHTS)


def test_an_admin_alone_neither_decides_nor_undoes() -> None:
    """The role admin gives no right over cases but to see them: who gives roles does not use them."""
    assert somebody("admin").rights == {"read", "admin"}


def test_only_an_admin_gives_roles() -> None:
    """No other role, and no sum of all other roles, manages users."""
    others = somebody(*(role for role in ROLES if role != "admin"))
    assert not others.may("admin")
    assert holders("admin") == {"admin"}


def test_who_has_no_role_may_nothing() -> None:
    """A person without a role has no right at all."""
    assert somebody().rights == frozenset()


def test_two_roles_give_the_rights_of_both() -> None:
    """Who has several roles may do what any of them may."""
    assert somebody("reviewer", "author").rights == RIGHTS["reviewer"] | RIGHTS["author"]


def test_a_token_never_does_more_than_its_owner() -> None:
    """A scope that its owner's roles do not give is worth nothing."""
    token = somebody("viewer", scopes=frozenset({"read", "admin"}))
    assert token.rights == {"read"}
    with pytest.raises(Refused, match="takes the role admin"):
        token.need("admin")


def test_a_token_does_less_than_its_owner() -> None:
    """What a token was not made for is refused although its owner may, and the words say so."""
    token = somebody("reviewer", scopes=frozenset({"read"}))
    token.need("read")
    with pytest.raises(Refused, match="this token of anna may not decide reviews") as refused:
        token.need("review")
    assert refused.value.code == "auth.right"


def test_a_refusal_names_the_roles_that_would_do() -> None:
    """Who lacks a right is told which roles have it."""
    with pytest.raises(Refused) as refused:
        somebody("viewer").need("read.documents")
    assert refused.value.code == "auth.right"
    assert "auditor or operator or reviewer" in refused.value.hint


def test_membership_is_by_name_or_group() -> None:
    """A role's members are named, with or without user:, or are in a group of its."""
    anna = somebody("reviewer", groups=frozenset({"order-desk"}))
    assert anna.is_one_of(["anna"])
    assert anna.is_one_of(["user:anna"])
    assert anna.is_one_of(["group:order-desk"])
    assert not anna.is_one_of(["order-desk", "group:anna", "bert"])


def test_a_subject_of_an_issuer_is_not_the_local_user_of_that_name() -> None:
    """A role that names the local user anna lets no issuer's anna in; the record calls them differently too."""
    other = Actor("anna of https://login.example", frozenset(), frozenset({"reviewer"}), issuer="https://login.example")
    assert not other.is_one_of(["anna", "user:anna"])
    assert other.person == "person:anna of https://login.example"
