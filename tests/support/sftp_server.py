"""A real OpenSSH server on loopback that serves SFTP alone, for one key."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridgehead.clock import perf_s

PROGRAM: Final = Path("/usr/sbin/sshd")
MISSING: Final = "sshd is not on this machine: make services installs it (as root)"
_START_S: Final = 20.0
_CONFIG: Final = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
PidFile none
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


@dataclass(frozen=True, slots=True)
class SftpServer:
    """One server: its port, the folder it serves, and the files that a client needs."""

    port: int
    root: Path
    key: Path
    known_hosts: Path
    user: str

    @property
    def place(self) -> str:
        """The folder as a connection's URL."""
        return f"sftp://{self.user}@127.0.0.1:{self.port}{self.root}"


def _pair(path: Path) -> str:
    key = Ed25519PrivateKey.generate()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    path.chmod(0o600)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return public.decode("ascii")


@contextmanager
def running_sftp() -> Iterator[SftpServer]:
    """Gives a running server with an empty folder."""
    folder = Path(tempfile.mkdtemp(prefix="bh-sftp-"))
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    root = folder / "files"
    root.mkdir()
    host = _pair(folder / "host")
    (folder / "authorized").write_text(_pair(folder / "key") + "\n")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, run by root, separates its privileges
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "-D", "-e", "-f", folder / "config"], stdout=log, stderr=log)
    try:
        end = perf_s() + _START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1.0) as probe:
                    assert probe.recv(4) == b"SSH-"
                    break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert perf_s() < end, (folder / "log").read_text()
        yield SftpServer(port, root, folder / "key", folder / "known_hosts", getpass.getuser())
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def sftp() -> Iterator[SftpServer]:
    """Gives a server of the module's own; skips loudly when there is none."""
    if not PROGRAM.exists():
        pytest.skip(MISSING)
    with running_sftp() as server:
        yield server
