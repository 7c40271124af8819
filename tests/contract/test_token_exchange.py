"""A token of a real issuer is exchanged for a principal, or refused in words that hold none of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from bridgehead import clock
from bridgehead.auth.issuer import Issuer
from bridgehead.errors import Unavailable, UserError
from bridgehead.settings import Settings
from tests.support.oidc import IssuerProcess, running

FOREIGN: Final = RSAKey.generate_key(2048, parameters={"kid": "foreign"})


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerProcess]:
    """Gives an issuer in a process of its own."""
    with running(tmp_path_factory.mktemp("issuer")) as one:
        yield one


@pytest.fixture
def issuer(provider: IssuerProcess) -> Issuer:
    """Gives what asks it."""
    return Issuer(provider.url, "bridgehead")


async def refused(issuer: Issuer, token: str) -> str:
    with pytest.raises(UserError, match="the token shows nobody") as caught:
        await issuer.principal(token)
    assert caught.value.code == "auth.token"
    assert not token or token[:30] not in str(caught.value)
    return str(caught.value)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def test_a_token_shows_who_somebody_is(provider: IssuerProcess, issuer: Issuer) -> None:
    """A token that the issuer signed for us shows the subject with the groups that it says."""
    who = await issuer.principal(provider.sign_in("anna"))
    assert (who.subject, who.groups, who.issuer) == ("anna", frozenset({"sales"}), provider.url)
    assert who.until is not None
    assert who.until > clock.utc_now()


async def test_a_token_for_another_client_is_refused(provider: IssuerProcess, issuer: Issuer) -> None:
    """A token that the same issuer signed for another audience shows nobody here."""
    said = await refused(issuer, provider.sign_in("anna", client="another-app"))
    assert "another audience" in said


async def test_an_expired_token_is_refused(
    provider: IssuerProcess, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token counts until half a minute after its end, and not from then on."""
    token = provider.sign_in("anna")
    end = (await issuer.principal(token)).until
    assert end is not None
    monkeypatch.setattr(clock, "utc_now", lambda: end + timedelta(seconds=29))
    assert (await issuer.principal(token)).subject == "anna"
    monkeypatch.setattr(clock, "utc_now", lambda: end + timedelta(seconds=31))
    assert "expired" in await refused(issuer, token)


async def test_a_token_from_the_future_is_refused(
    provider: IssuerProcess, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that says it was issued more than half a minute from here does not count yet."""
    token = provider.sign_in("anna")
    early = clock.utc_now() - timedelta(seconds=90)
    monkeypatch.setattr(clock, "utc_now", lambda: early)
    assert "not valid yet" in await refused(issuer, token)


async def test_a_token_of_another_key_or_algorithm_is_refused(provider: IssuerProcess, issuer: Issuer) -> None:
    """A token without a signature, under a shared secret, or by a key that is not the issuer's shows nobody."""
    claims = claims_of(provider.sign_in("anna"))
    published = provider.keys()[0]
    kid = str(published.get("kid", ""))
    forged = jwt.encode({"alg": "RS256", "kid": kid}, claims, FOREIGN, algorithms=["RS256"])
    secret = OctKey.import_key(json.dumps(published))
    for token in (
        forged,
        jwt.encode({"alg": "HS256", "kid": kid}, claims, secret, algorithms=["HS256"]),
        f"{part({'alg': 'none'})}.{part(claims)}.",
        f"{part({'alg': 'RS256', 'kid': kid})}.{part(claims)}.",
        "no.token.at-all",
        "x" * 70_000,
        "",
        "töken",
    ):
        await refused(issuer, token)


async def test_only_declared_algorithms_are_taken(provider: IssuerProcess) -> None:
    """A token by an algorithm that is not set is refused, though the issuer signed it."""
    said = await refused(Issuer(provider.url, "bridgehead", algorithms="ES256"), provider.sign_in("anna"))
    assert "by any of ES256" in said


async def test_keys_are_kept(provider: IssuerProcess, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer is asked for its keys once, and a token of an unknown key makes no flood of questions."""
    asked = 0
    fetch = issuer._fetch

    async def counted() -> object:
        nonlocal asked
        asked += 1
        return await fetch()

    monkeypatch.setattr(issuer, "_fetch", counted)
    token = provider.sign_in("anna")
    for _ in range(3):
        await issuer.principal(token)
    forged = jwt.encode({"alg": "RS256", "kid": "foreign"}, claims_of(token), FOREIGN, algorithms=["RS256"])
    for _ in range(3):
        await refused(issuer, forged)
    assert asked == 1


@pytest.mark.parametrize(
    "given,code",
    [
        ({"url": "http://id.example.com"}, "auth.settings"),
        ({"url": "ftp://localhost"}, "auth.settings"),
        ({"url": "https://user:secret@id.example.com"}, "auth.settings"),
        ({"url": "nonsense"}, "auth.settings"),
        ({"url": "https://id.example.com", "audience": ""}, "auth.settings"),
        ({"url": "https://id.example.com", "algorithms": "HS256"}, "auth.settings"),
        ({"url": "https://id.example.com", "algorithms": "none"}, "auth.settings"),
        ({"url": "https://id.example.com", "algorithms": " "}, "auth.settings"),
    ],
)
def test_settings_that_are_not_safe_are_refused(given: Mapping[str, str], code: str) -> None:
    """An issuer over http elsewhere, without an audience, or with a shared secret's algorithm is refused."""
    with pytest.raises(UserError) as caught:
        Issuer(**{"audience": "bridgehead", **given})
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


async def test_an_issuer_that_does_not_answer_is_said_to_be_away() -> None:
    """Where nobody answers, or somebody else does, no token counts, and it is said that it is the issuer's."""
    with pytest.raises(Unavailable) as caught:
        await Issuer("http://127.0.0.1:9", "bridgehead").principal("a.b.c")
    assert caught.value.code == "auth.issuer"


def test_without_an_issuer_no_token_counts(settings: Settings) -> None:
    """Where no issuer is set, it is said what to set."""
    with pytest.raises(UserError, match="no issuer is set") as caught:
        Issuer.of(settings)
    assert "BRIDGEHEAD_OIDC_ISSUER" in caught.value.hint
