"""A grant's token counts when this installation signed it, for this audience and this case, and never otherwise."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from bridgehead.ledger.canonical import JSON
from bridgehead.ledger.delegation import ALGORITHM, TYPE, BadGrant, new_seed, public_of, signer, verified

NOW: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SEED: Final = new_seed()
PUBLIC: Final = public_of(SEED)
MINE: Final = signer("k1", SEED)
CLAIMS: Final[dict[str, JSON]] = {
    "iss": "bridgehead",
    "sub": "anna",
    "aud": "orders",
    "jti": "G-1",
    "iat": int(NOW.timestamp()),
}
TOKEN: Final = MINE.sign(CLAIMS)


def check(token: str, **more: object) -> dict[str, object]:
    asked = {"audience": "orders", "grant_id": "G-1", "now": NOW, "skew_s": 30.0, **more}
    return dict(verified(token, {"k1": PUBLIC}, **asked))  # type: ignore[arg-type]  # one keyword at a time


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_was_signed_comes_back() -> None:
    """The claims of a token that was signed here are those that were signed."""
    assert check(TOKEN) == CLAIMS
    assert jws.extract_compact(TOKEN.encode()).headers() == {"alg": "Ed25519", "kid": "k1", "typ": TYPE}


@pytest.mark.parametrize("audience", ["other", "order", "orders2", "ORDERS", ""])
def test_a_foreign_audience_counts_for_nothing(audience: str) -> None:
    """A grant for one deployment is none for another, however alike their names are."""
    with pytest.raises(BadGrant, match="another audience"):
        check(TOKEN, audience=audience)
    with pytest.raises(BadGrant, match="another audience"):
        check(MINE.sign({**CLAIMS, "aud": ["orders", audience]}))


def test_the_grant_of_another_case_counts_for_nothing() -> None:
    """A token stands for the one grant whose id it has."""
    with pytest.raises(BadGrant, match="not that of G-2"):
        check(TOKEN, grant_id="G-2")


@pytest.mark.parametrize("ahead_s,fine", [(29, True), (30, True), (31, False), (3600, False)])
def test_clocks_may_be_half_a_minute_apart(ahead_s: int, fine: bool) -> None:
    """A token from up to 30 s in the future counts, and one from later does not."""
    token = MINE.sign({**CLAIMS, "iat": int((NOW + timedelta(seconds=ahead_s)).timestamp())})
    if fine:
        assert check(token)["sub"] == "anna"
        return
    with pytest.raises(BadGrant, match="in the future"):
        check(token)


@pytest.mark.parametrize("issued", [None, True, "now"])
def test_a_token_without_its_time_counts_for_nothing(issued: JSON) -> None:
    """A token that does not say when it was issued is none."""
    with pytest.raises(BadGrant):
        check(MINE.sign({**CLAIMS, "iat": issued}))


def test_no_other_algorithm_is_taken() -> None:
    """A token under `none`, or under HMAC with our public key as its secret, does not verify."""
    secret = OctKey.import_key(PUBLIC)
    for alg in ("HS256", "HS512"):
        header = {"alg": alg, "kid": "k1", "typ": TYPE}
        with pytest.raises(BadGrant, match="does not verify"):
            check(jwt.encode(header, dict(CLAIMS), secret, algorithms=[alg]))
    for bad in ("none", "None", "", None):
        bare = f"{part({'alg': bad, 'kid': 'k1', 'typ': TYPE})}.{part(CLAIMS)}."
        with pytest.raises(BadGrant):
            check(bare)


def test_a_token_of_another_kind_or_key_counts_for_nothing() -> None:
    """A token that we signed as something else, or that another key signed, is no grant."""
    plain = jwt.encode({"alg": ALGORITHM, "kid": "k1"}, dict(CLAIMS), MINE._key, algorithms=[ALGORITHM])
    with pytest.raises(BadGrant, match="no grant"):
        check(plain)
    for kid in ("k1", "k2"):
        with pytest.raises(BadGrant, match="does not verify"):
            check(signer(kid, new_seed()).sign(CLAIMS))


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("Aa0_-.=x"))
def test_an_altered_token_counts_for_nothing(place: int, character: str) -> None:
    """Whatever is changed in a token, it does not verify, or says the same as before."""
    altered = TOKEN[:place] + character + TOKEN[place + 1 :]
    try:
        found = check(altered)
    except BadGrant as error:
        said = str(error)
    else:
        # The last character of each part holds bits that count for nothing (RFC 4648, section 3.5).
        assert found == CLAIMS
        return
    assert TOKEN[:20] not in said


@given(st.text(max_size=200))
def test_no_text_is_a_token(text: str) -> None:
    """Any text is refused as a token, with one kind of error, and is not echoed."""
    with pytest.raises(BadGrant) as caught:
        check(text)
    assert len(text) < 12 or text not in str(caught.value)


def test_a_key_is_not_shown() -> None:
    """The private key is in no text of what holds it."""
    assert SEED.hex() not in repr(MINE)
    assert "k1" in repr(MINE)
