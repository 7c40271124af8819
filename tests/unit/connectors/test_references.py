"""Settings and secrets come from where a specification points, and a secret shows itself nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.errors import UserError
from tests.support.http_server import Asked, Told, http_server

VALUE = "marked-value-4711"


class Memory(KeyringBackend):
    """A backend of the real keyring package that keeps its passwords in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring gives it no types
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(service)


@pytest.fixture
def ring() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def refused(reference: str, folder: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        Secret.of(reference, folder).reveal()
    assert VALUE not in f"{caught.value!s}{caught.value.attributes}"
    return caught.value


def test_settings_are_written_out_or_referred_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting is its own text, an environment variable, or a file beside the specification."""
    monkeypatch.setenv("PLACE", " https://erp.example.com ")
    (tmp_path / "place.txt").write_text("https://file.example.com\r\n")
    assert [setting(text, folder=tmp_path) for text in ("plain", "env:PLACE", "file:place.txt")] == [
        "plain", "https://erp.example.com", "https://file.example.com",
    ]  # fmt: skip
    with pytest.raises(UserError, match="no MISSING") as caught:
        setting("env:MISSING", folder=tmp_path)
    assert caught.value.code == "connector.setting"


def test_a_secret_is_read_anew_at_each_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that was exchanged is used from then on, without its last line's end."""
    secret = Secret.of("file:key", tmp_path)
    (tmp_path / "key").write_text(f"{VALUE}\n")
    assert secret.reveal() == VALUE
    (tmp_path / "key").write_text("another\n")
    assert secret.reveal() == "another"
    monkeypatch.setenv("KEY", VALUE)
    assert Secret.of("env:KEY", tmp_path).reveal() == VALUE


def test_a_secret_shows_its_reference_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a secret is printed, its place is what is told."""
    monkeypatch.setenv("KEY", VALUE)
    secret = Secret.of("env:KEY", tmp_path)
    secret.reveal()
    assert {f"{secret}", f"{secret!r}", str([secret])[1:-1]} == {"Secret(env:KEY)"}


def test_a_file_that_everybody_can_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A secret's file open to every user of the machine is a warning, once, that does not hold the secret."""
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        (tmp_path / name).write_text(VALUE)
        (tmp_path / name).chmod(mode)
    with caplog.at_level(logging.WARNING, logger="bridgehead.connectors"):
        for name in ("open", "open", "closed"):
            assert Secret.of(f"file:{name}", tmp_path).reveal() == VALUE
    assert [record.getMessage().split()[0] for record in caplog.records] == ["open"]
    assert VALUE not in caplog.text


@pytest.mark.parametrize(
    "reference", ["env:MISSING", "file:missing", "file:.", "keyring:alone", "vault:secret/data/erp"]
)
def test_a_secret_that_is_not_there_says_where(reference: str, tmp_path: Path) -> None:
    """What cannot be read is an error that names the place."""
    error = refused(reference, tmp_path)
    assert error.code == "connector.secret"
    assert error.hint


@pytest.mark.parametrize("reference", ["env:BRIDGEHEAD_KEY", "env: BRIDGEHEAD_DATABASE_URL", "file:/proc/self/environ"])
def test_no_secret_of_ours_goes_to_another_system(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither Bridgehead's key, nor its database's password, nor a whole environment can be named as a setting."""
    monkeypatch.setenv("BRIDGEHEAD_KEY", VALUE)
    monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", f"postgresql://me:{VALUE}@db/x")
    error = refused(reference, tmp_path)
    assert error.code == "connector.secret"
    assert VALUE not in f"{error} {error.hint}"
    with pytest.raises(UserError, match=r"BRIDGEHEAD_|/proc"):
        setting(reference, folder=tmp_path)


def test_the_keyring_is_asked(tmp_path: Path, ring: Memory) -> None:
    """keyring:SERVICE/USER is the password of that user there; a service may hold slashes."""
    keyring.set_password("shop/erp", "orders", VALUE)
    assert Secret.of("keyring:shop/erp/orders", tmp_path).reveal() == VALUE
    assert "keyring set shop/erp other" in refused("keyring:shop/erp/other", tmp_path).hint


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package keyring the error says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    error = refused("keyring:shop/orders", tmp_path)
    assert (error.code, error.hint) == ("connector.extra", "Install bridgehead[keyring].")


async def test_vault_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """vault:PATH#FIELD is one field of a secret, of either version of the KV engine, asked for with our token."""
    answers = {
        "/v1/secret/data/erp": Told(body={"data": {"data": {"password": VALUE}, "metadata": {"version": 3}}}),
        "/v1/kv/erp": Told(body={"data": {"password": VALUE, "data": {"not": "this"}}}),
    }

    def answer(asked: Asked) -> Told:
        return answers.get(asked.path, Told(status=403, body={"errors": [VALUE]}))

    async with http_server(answer) as server:
        monkeypatch.setenv("VAULT_ADDR", server.url)
        (tmp_path / "token").write_text("marked-token\n")
        monkeypatch.setenv("VAULT_TOKEN_FILE", "token")
        for place in ("secret/data/erp#password", "kv/erp#password"):
            assert await asyncio.to_thread(Secret.of(f"vault:{place}", tmp_path).reveal) == VALUE
        assert {asked.headers["x-vault-token"] for asked in server.asked} == {"marked-token"}
        for place in ("secret/data/erp#other", "kv/erp#data", "secret/data/none#x"):
            error = await asyncio.to_thread(refused, f"vault:{place}", tmp_path)
            assert error.code == "connector.secret"
    error = await asyncio.to_thread(refused, "vault:secret/data/erp#password", tmp_path)
    assert "VAULT_ADDR answers" in error.hint


def test_the_redactor_knows_what_was_revealed() -> None:
    """Known secrets are taken out of any text, the longer one first; very short ones would blot out everything."""
    redactor = Redactor()
    for value in ("secret", "secret-longer", "abc"):
        redactor.add(value)
    assert redactor.clean("abc secret-longer and secret") == "abc (secret) and (secret)"


def test_a_secret_is_taken_out_however_it_is_spelt() -> None:
    """A secret is found as addresses, forms, JSON and Python write it, in either case of the digits."""
    secret = 'm4rk"ed/se+cret&7=x\\y\u00fc'
    redactor = Redactor()
    redactor.add(secret)
    spelt = [secret, quote(secret), quote(secret, safe=""), quote(secret, safe="").lower(), urlencode({"k": secret})]
    spelt += [json.dumps({"k": secret}), json.dumps({"k": secret}, ensure_ascii=False), repr({"k": secret})]
    assert not [text for text in spelt if "m4rk" in redactor.clean(f"bad: {text}")]
