from __future__ import annotations

import hashlib
import traceback

import pytest

from bridgehead.ledger.chain import EMPTY, check, link
from bridgehead.ledger.vault import Sealed, Unreadable, Vault
from tests.unit.ledger.chains import START

MASTER = bytes(range(32))


def vault() -> Vault:
    return Vault(MASTER)


def test_what_is_sealed_opens_with_the_unwrapped_key_after_a_restart() -> None:
    """A payload opens again from the stored bytes and the master key alone."""
    wrapped, key = vault().new_data_key()
    sealed = key.seal(b"one order\x00")
    assert vault().unwrap(wrapped).open(sealed.data, sealed.commitment) == b"one order\x00"


def test_nothing_readable_is_stored() -> None:
    """Neither the payload, nor its plain digest, nor a data key shows in what is stored."""
    payload = b"customer 4711 orders 12 pieces"
    wrapped, key = vault().new_data_key()
    sealed = key.seal(payload)
    assert payload not in sealed.data
    assert sealed.commitment != hashlib.sha256(payload).digest()
    assert MASTER not in wrapped


def test_equal_payloads_have_unequal_commitments() -> None:
    """A commitment cannot be guessed from a likely payload, because each has its own salt."""
    _, key = vault().new_data_key()
    assert key.seal(b"yes").commitment != key.seal(b"yes").commitment


def test_another_data_key_opens_nothing() -> None:
    """One case's key opens nothing of another case."""
    sealed = vault().new_data_key()[1].seal(b"x")
    with pytest.raises(Unreadable) as caught:
        vault().new_data_key()[1].open(sealed.data, sealed.commitment)
    assert caught.value.code == "ledger.wrong_key"


def test_another_master_key_unwraps_nothing_and_says_what_to_do() -> None:
    """A wrong BRIDGEHEAD_KEY is named as such."""
    wrapped, _ = vault().new_data_key()
    with pytest.raises(Unreadable, match="BRIDGEHEAD_KEY") as caught:
        Vault(bytes(32)).unwrap(wrapped)
    assert caught.value.code == "ledger.wrong_key"


@pytest.mark.parametrize("place", [0, 1, 12, 13, 30, -1])
def test_altered_bytes_do_not_open(place: int) -> None:
    """A single changed bit of a sealed payload or a wrapped key is noticed."""
    wrapped, key = vault().new_data_key()
    sealed = key.seal(b"a payload")
    data, wrap = bytearray(sealed.data), bytearray(wrapped)
    data[place] ^= 1
    wrap[place] ^= 1
    with pytest.raises(Unreadable):
        key.open(bytes(data), sealed.commitment)
    with pytest.raises(Unreadable):
        vault().unwrap(bytes(wrap))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01" + bytes(27), b"\x02" + bytes(60)])
def test_bytes_of_no_known_form_are_named_as_such(data: bytes) -> None:
    """Short bytes and later versions are refused before anything is decrypted."""
    with pytest.raises(Unreadable) as caught:
        vault().new_data_key()[1].open(data, bytes(32))
    assert caught.value.code == "ledger.tampered"


def test_a_payload_put_in_another_ones_place_is_refused() -> None:
    """A payload of the same case does not pass for the one that was committed to."""
    _, key = vault().new_data_key()
    one, other = key.seal(b"approve 10"), key.seal(b"approve 10000")
    with pytest.raises(Unreadable) as caught:
        key.open(other.data, one.commitment)
    assert caught.value.code == "ledger.tampered"


def test_a_wrapped_key_does_not_pass_for_a_payload() -> None:
    """Each use of a key is separate: what was sealed for one does not open for another."""
    _, key = vault().new_data_key()
    with pytest.raises(Unreadable):
        vault().unwrap(key.seal(bytes(16)).data)


def test_an_erased_key_forgets_the_payload_and_leaves_the_chain_whole() -> None:
    """After the wrapped key is gone the payload cannot be read, and every row still verifies."""
    stored_key: bytes | None
    stored_key, key = vault().new_data_key()
    blobs: list[Sealed] = [key.seal(f"line {number}".encode()) for number in range(3)]
    head, rows = EMPTY, []
    for blob in blobs:
        row, head = link(head, "C-1", at=START, kind="k", actor="a", refs={}, commitments={"input": blob.commitment})
        rows.append(row)
    stored_key = None
    with pytest.raises(Unreadable) as caught:
        vault().unwrap(stored_key)
    assert caught.value.code == "ledger.erased"
    assert list(check(rows, {"C-1": head}, {"C-1": head})) == []


def test_keyed_digests_are_separate_by_purpose_and_by_key() -> None:
    """A digest is stable for one key, purpose and value, and unrelated for any other."""
    digests = [
        vault().hmac("business-key", b"x"),
        vault().hmac("business-key", b"y"),
        vault().hmac("source-key", b"x"),
        Vault(bytes(32)).hmac("business-key", b"x"),
        vault().hmac("business", b"-key\x00x"),
    ]
    assert len(set(digests)) == len(digests)
    assert vault().hmac("business-key", b"x") == digests[0]
    assert {len(digest) for digest in digests} == {32}


@pytest.mark.parametrize("purpose", ["", "a\x00b", "schlüssel"])
def test_an_ambiguous_purpose_is_refused(purpose: str) -> None:
    """A purpose that could run into the data is refused."""
    with pytest.raises(ValueError, match="printable ASCII"):
        vault().hmac(purpose, b"")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_refused(length: int) -> None:
    """A key that is too short to protect anything is never used."""
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(bytes(length))


def test_no_key_shows_in_text_or_errors() -> None:
    """Neither a printed vault or data key, nor an error with its traceback, holds key bytes."""
    wrapped, key = vault().new_data_key()
    shown = [repr(vault()), str(vault()), repr(key), str(key), f"{key!r:>5}"]
    with pytest.raises(Unreadable) as caught:
        Vault(bytes(32)).unwrap(wrapped)
    shown.append("".join(traceback.format_exception(caught.value)))
    shown.append(repr(caught.value.attributes))
    for text in shown:
        assert MASTER.hex() not in text
        assert repr(MASTER)[2:-1] not in text
        assert "_cipher" not in text
