from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridgehead.errors import Unavailable, UserError
from bridgehead.ledger.master import make_master
from bridgehead.settings import Settings

KEY = bytes(range(224, 256))


def settings(home: Path, key: str | None = None) -> Settings:
    return Settings(home=home, key=None if key is None else SecretStr(key))


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        f" {KEY.hex()}\n",
    ],
)
def test_a_key_is_taken_in_hex_and_base64(tmp_path: Path, text: str) -> None:
    """The environment's key is read in each usual spelling, and no file is made."""
    assert make_master(settings(tmp_path, text)) == KEY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "secret-passphrase", KEY.hex()[:-2], "zz" * 32, base64.b64encode(KEY * 2).decode()]
)
def test_a_key_of_another_shape_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    """A malformed key gets an error that says what is expected and never shows what was given."""
    with pytest.raises(UserError, match="BRIDGEHEAD_KEY") as caught:
        make_master(settings(tmp_path, text))
    assert caught.value.code == "settings.key"
    assert not text or text not in str(caught.value)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """On first use a key appears in the home folder, with mode 0600, and stays."""
    home = tmp_path / "deep" / "home"
    key = make_master(settings(home))
    assert len(key) == 32
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert make_master(settings(home)) == key
    assert [path.name for path in home.iterdir()] == ["key"]


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    """A made key is random."""
    assert make_master(settings(tmp_path / "a")) != make_master(settings(tmp_path / "b"))


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    """A key file that has been opened to others is not used as if it were secret."""
    make_master(settings(tmp_path))
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        make_master(settings(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"short"])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    """A damaged key file gets an error; it is not replaced, because what it sealed would be lost."""
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(UserError, match="key file"):
        make_master(settings(tmp_path))
    assert (tmp_path / "key").read_bytes() == content


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where no key can be made the error says where and what to do instead."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="BRIDGEHEAD_KEY") as caught:
        make_master(settings(tmp_path / "file" / "home"))
    assert caught.value.code == "key.file"


RACER = """
import sys
from pathlib import Path
from bridgehead.ledger.master import make_master
from bridgehead.settings import Settings
print("ready", flush=True)
for home in sys.stdin:
    print(make_master(Settings(home=Path(home.strip()))).hex(), flush=True)
"""


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    """Three processes race for the first key of forty homes, and every one of them gets the key that stays."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("BRIDGEHEAD_")}
    homes = [tmp_path / str(number) for number in range(40)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for home in homes:
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write(f"{home}\n")
                racer.stdin.flush()
            got = {racer.stdout.readline() for racer in racers if racer.stdout is not None}
            assert got == {make_master(settings(home)).hex() + "\n"}
            assert [path.name for path in home.iterdir()] == ["key"]
    finally:
        for racer in racers:
            racer.communicate(timeout=20)
    assert [racer.returncode for racer in racers] == [0, 0, 0]
