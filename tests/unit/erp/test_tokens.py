from __future__ import annotations

from dataclasses import dataclass

import pytest

from bridgehead.templates.purchase_orders.erp.tokens import OFFLINE, Client, GrantError, Issuer
from bridgehead.templates.purchase_orders.erp.traffic import Throttle, Window

ONE = Client("one", "s1", frozenset({"read", "write", OFFLINE}))
TWO = Client("two", "s2", frozenset({"read", OFFLINE}))


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    at_s: float = 100.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    return Issuer([ONE, TWO], lifetime_s=60, now_s=clock)


def refused(code: str, issuer: Issuer, client: Client, token: str, scope: str = "") -> None:
    with pytest.raises(GrantError) as error:
        issuer.refresh(client, token, scope)
    assert error.value.code == code


def test_a_token_ends_with_its_last_second(issuer: Issuer, clock: Clock) -> None:
    """An access token is good until its lifetime is over, and not at that moment."""
    token = issuer.grant(ONE).access_token
    clock.at_s += 59.9
    assert issuer.check(token) is not None
    clock.at_s += 0.1
    assert issuer.check(token) is None


def test_a_refresh_token_is_asked_for(issuer: Issuer) -> None:
    """Only the scope offline_access brings a refresh token, and no scope means all but that one."""
    plain = issuer.grant(ONE)
    assert (plain.refresh_token, plain.scopes) == (None, frozenset({"read", "write"}))
    assert issuer.grant(ONE, "read offline_access").refresh_token is not None


def test_a_refresh_token_is_good_once(issuer: Issuer) -> None:
    """A refresh token that comes twice ends every token of its family, those of its thief and its owner alike."""
    first = issuer.grant(ONE, "read offline_access")
    second = issuer.refresh(ONE, str(first.refresh_token))
    assert issuer.check(second.access_token) is not None
    refused("invalid_grant", issuer, ONE, str(first.refresh_token))
    assert issuer.check(second.access_token) is None
    refused("invalid_grant", issuer, ONE, str(second.refresh_token))


def test_a_refresh_neither_widens_nor_narrows_what_was_granted(issuer: Issuer) -> None:
    """A refresh may ask for less for one access token, never for more, and the next one may have all again."""
    first = issuer.grant(ONE, "read write offline_access")
    less = issuer.refresh(ONE, str(first.refresh_token), "read")
    assert less.scopes == {"read"}
    assert issuer.refresh(ONE, str(less.refresh_token)).scopes == {"read", "write", OFFLINE}
    narrow = issuer.grant(ONE, "read offline_access")
    refused("invalid_scope", issuer, ONE, str(narrow.refresh_token), "write")


def test_tokens_belong_to_one_client(issuer: Issuer) -> None:
    """Nobody refreshes or revokes with the token of another client."""
    held = issuer.grant(ONE, "read offline_access")
    refused("invalid_grant", issuer, TWO, str(held.refresh_token))
    issuer.revoke(TWO, held.access_token)
    assert issuer.check(held.access_token) is not None
    issuer.revoke(ONE, held.access_token)
    assert issuer.check(held.access_token) is None


def test_revoking_a_refresh_token_ends_its_family(issuer: Issuer) -> None:
    """With the refresh token its access tokens end too; another grant's stay good."""
    held, other = issuer.grant(ONE, "read offline_access"), issuer.grant(ONE)
    issuer.revoke(ONE, str(held.refresh_token))
    assert issuer.check(held.access_token) is None
    assert issuer.check(other.access_token) is not None
    refused("invalid_grant", issuer, ONE, str(held.refresh_token))


@pytest.mark.parametrize("client_id, secret", [("one", "s2"), ("one", ""), ("three", "s1"), ("", "")])
def test_a_wrong_secret_names_no_client(issuer: Issuer, client_id: str, secret: str) -> None:
    """Only the right pair is a client, and the refusal does not say which half was wrong."""
    with pytest.raises(GrantError, match="unknown client or wrong secret"):
        issuer.client(client_id, secret)


def test_a_rate_holds_for_each_client_alone(clock: Clock) -> None:
    """After its burst a client waits as long as it is told and no longer, whatever another one asks."""
    throttle = Throttle(0.5, 3, now_s=clock)
    assert [throttle.take("one") for _ in range(4)] == [None, None, None, 2]
    assert throttle.take("two") is None
    clock.at_s += 1.9
    assert throttle.take("one") == 1
    clock.at_s += 0.1
    assert throttle.take("one") is None
    clock.at_s += 1000
    assert [throttle.take("one") for _ in range(4)] == [None, None, None, 2]


def test_the_busiest_second_is_any_second(clock: Clock) -> None:
    """The busiest window need not begin with a full second, and events exactly one second apart do not share one."""
    window = Window(now_s=clock)
    for at_s in (100.6, 100.9, 101.2, 101.5, 101.6, 103.0):
        clock.at_s = at_s
        window.add()
    assert (window.most, round(window.span_s, 3)) == (4, 2.4)
