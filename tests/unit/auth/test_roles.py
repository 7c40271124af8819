"""Groups of an issuer give roles as the setting says, and a setting that says something else is refused."""

from __future__ import annotations

import pytest

from bridgehead.auth.local import network
from bridgehead.auth.oidc import check_settings
from bridgehead.auth.roles import checked, given, known, of_groups
from bridgehead.auth.secret import derived, digest, fresh, possible
from bridgehead.errors import UserError
from bridgehead.settings import Settings


def settings(said: str) -> Settings:
    return Settings.model_validate({"oidc_roles": said})


def test_groups_give_roles() -> None:
    """Each group gives the roles that are said, a role may be given by several groups, and other groups give none."""
    said = settings("admin=it-ops, reviewer=order-desk,reviewer=night-desk")
    assert given(said) == {"admin": {"it-ops"}, "reviewer": {"order-desk", "night-desk"}}
    assert of_groups(said, {"night-desk", "it-ops"}) == {"admin", "reviewer"}
    assert of_groups(said, {"sales"}) == frozenset()
    assert of_groups(settings(""), {"it-ops"}) == frozenset()


@pytest.mark.parametrize("said", ["admin", "admin=", "boss=it-ops", "=it-ops", "adnim=it-ops"])
def test_a_setting_of_another_form_is_refused(said: str) -> None:
    """A part that gives no role to a group is refused by name and not passed over."""
    with pytest.raises(UserError) as refused:
        given(settings(said))
    assert refused.value.code == "auth.settings"


@pytest.mark.parametrize(
    "said",
    [
        {"oidc_roles": "boss=it"},
        {"oidc_issuer": "https://id.example"},
        {"oidc_issuer": "http://id.example", "oidc_audience": "x"},
    ],
)
def test_settings_by_which_nobody_could_sign_in_are_refused_at_the_start(said: dict[str, str]) -> None:
    """Roles of another form, an issuer without a client, and one without TLS are refused before anything is served."""
    with pytest.raises(UserError) as refused:
        check_settings(Settings.model_validate(said))
    assert refused.value.code == "auth.settings"
    check_settings(Settings.model_validate({"oidc_issuer": "https://id.example", "oidc_audience": "x"}))


def test_a_misspelt_role_is_named() -> None:
    """A role that there is not is refused with the nearest one; one of a later version gives nothing."""
    with pytest.raises(UserError, match="reviewer"):
        checked(["reviwer"])
    assert known(["reviewer", "of a later version"]) == {"reviewer"}


def test_an_address_of_ipv6_is_counted_by_its_network() -> None:
    """Who has 2^64 addresses has one count; IPv4 in IPv6 counts as itself, and what is no address as one place."""
    assert network("2001:db8::1") == network("2001:db8::ffff:1") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("") == network("nonsense") == "unknown"


def test_secrets_are_long_and_their_parts_tell_nothing_of_each_other() -> None:
    """A secret has 256 bits, what is derived from it differs by use, and texts that can be none are known at once."""
    secret = fresh()
    assert len(secret) == 43
    assert len({secret, fresh(), derived(secret, "nonce"), derived(secret, "verifier")}) == 4
    assert derived(secret, "nonce") == derived(secret, "nonce")
    assert len(digest(secret)) == 32
    assert not possible("")
    assert not possible("ü" * 10)
    assert not possible("x" * 201)
