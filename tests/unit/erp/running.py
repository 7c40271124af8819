"""The ERP as a process of its own, for tests over real HTTP on loopback."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.unit.erp import small_master

START_S = 30.0


@dataclass(slots=True)
class RunningErp:
    """A server over one folder: books survive ``kill``, ``start`` runs it again on them."""

    folder: Path
    flags: tuple[str, ...] = ("--faults",)
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    secret: str = ""
    _pause: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Starts the server and returns when it accepts connections."""
        master = self.folder / "master.json"
        if not master.exists():
            small_master.written(self.folder, small_master.master())
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "bridgehead.templates.purchase_orders.erp", "--master", str(master)]
        command += ["--db", str(self.folder / "erp.sqlite"), "--port-file", str(port_file), *self.flags]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        for _ in range(int(START_S / 0.02)):
            if port_file.exists():
                self.url = f"http://127.0.0.1:{port_file.read_text()}"
                self.secret = (self.folder / "erp.secret").read_text().strip()
                return
            if self.process.poll() is not None:
                break
            self._pause.wait(0.02)
        assert self.process.stderr is not None
        self.process.kill()
        raise AssertionError(self.process.stderr.read().decode())

    def token(self, scope: str = "") -> str:
        """Returns a token that the client's secret brings, for these scopes or for all but offline_access."""
        form = {"grant_type": "client_credentials", "scope": scope}
        reply = httpx.post(f"{self.url}/oauth/token", data=form, auth=("bridgehead", self.secret), trust_env=False)
        return str(reply.raise_for_status().json()["access_token"])

    def http(self, scope: str = "", timeout_s: float = 20.0) -> httpx.AsyncClient:
        """Returns an HTTP client that sends a token of its own."""
        headers = {"Authorization": f"Bearer {self.token(scope)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=timeout_s, trust_env=False)

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the server politely."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        if self.process.stderr is not None:
            self.process.stderr.close()
        self.process = None
