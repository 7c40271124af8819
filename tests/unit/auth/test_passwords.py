"""Passwords: what is kept of them, and that nobody learns by the clock whose there are."""

from __future__ import annotations

import hashlib
import time
import unicodedata

import pytest

from bridgehead.auth import passwords
from bridgehead.auth.passwords import compare, fits, kept
from bridgehead.errors import Unavailable, UserError

PASSWORD = "a horse that nobody rides"


def by_scrypt(password: str, salt: bytes = b"0123456789abcdef") -> bytes:
    """Returns what version 0.1.0 kept of a password."""
    made = hashlib.scrypt(password.encode(), salt=salt, n=1 << 16, r=8, p=2, dklen=32, maxmem=1 << 28)
    return b"\x01" + salt + made


def cpu_s(password: str, stored: bytes | None, *, old_kind: bool = False) -> float:
    """Returns the processor time that a comparison takes, of all threads: a busy machine does not change it."""
    before = time.process_time()
    fits(password, stored, old_kind=old_kind)
    return time.process_time() - before


def test_what_is_kept_is_argon2id_at_the_cost_of_the_rfc() -> None:
    """A password is kept as argon2id with 64 MiB, three passes and four lanes, each time with another salt."""
    one, other = kept(PASSWORD), kept(PASSWORD)
    assert one.startswith(b"$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert fits(PASSWORD, one)
    assert not fits(PASSWORD + "!", one)
    assert compare(PASSWORD, one).better is None


def test_an_earlier_hash_fits_and_is_replaced() -> None:
    """A password that is kept as scrypt still fits, and comes back as argon2id; a wrong one comes back as nothing."""
    found = compare(PASSWORD, by_scrypt(PASSWORD), old_kind=True)
    assert found.fits
    assert found.better is not None
    assert fits(PASSWORD, found.better)
    wrong = compare("another horse altogether", by_scrypt(PASSWORD), old_kind=True)
    assert (wrong.fits, wrong.better) == (False, None)


@pytest.mark.parametrize("stored", [None, b"", b"\x01short", b"$argon2id$broken", b"$argon2i$v=19$m=8,t=1,p=1$YQ$YQ"])
def test_what_is_no_hash_fits_nothing(stored: bytes | None) -> None:
    """No password, and none that is unreadable, is ever taken for right, not even an empty one."""
    assert not fits("", stored)
    assert not fits(PASSWORD, stored)


def test_a_name_that_nobody_has_takes_as_long() -> None:
    """Comparing with no hash at all takes the same work as comparing with one, also while old hashes are left."""
    new, old = kept(PASSWORD), by_scrypt(PASSWORD)
    wrong = "another horse altogether"
    assert cpu_s(wrong, None) > cpu_s(wrong, new) / 2
    assert cpu_s(wrong, None, old_kind=True) > cpu_s(wrong, old, old_kind=True) / 2
    assert cpu_s(wrong, new, old_kind=True) > cpu_s(wrong, old, old_kind=True) / 2


def test_letters_are_the_same_however_they_were_composed() -> None:
    """A password with ü fits whether the keyboard sends one sign or two."""
    composed = "ein Käfig für Vögel"
    taken_apart = unicodedata.normalize("NFD", composed)
    assert composed != taken_apart
    assert fits(taken_apart, kept(composed))


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001])
def test_a_password_is_neither_short_nor_endless(password: str) -> None:
    """Less than 12 characters and more than 1000 are refused, and the refusal does not repeat them."""
    with pytest.raises(UserError) as refused:
        kept(password)
    assert refused.value.code == "user.password"
    assert not password or password not in str(refused.value)


async def test_a_crowd_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """More comparisons than may wait are refused at once, so that a flood takes neither memory nor threads."""
    monkeypatch.setattr(passwords, "_queued", passwords._WAITING)
    with pytest.raises(Unavailable) as refused:
        await passwords.compare_soon(PASSWORD, None)
    assert refused.value.code == "auth.busy"
