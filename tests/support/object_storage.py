"""An S3-compatible server (moto) as a process of its own on loopback, which checks every signature."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from bridgehead.clock import perf_s, utc_now
from bridgehead.connectors.s3_signing import Credentials, signed

PROGRAM: Final = Path(".venv-moto/bin/moto_server")
MISSING: Final = "moto is not on this machine: make services installs it"
REGION: Final = "eu-central-1"
BUCKET: Final = "orders"
_START_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """One server with one bucket."""

    url: str
    credentials: Credentials

    @property
    def place(self) -> str:
        """The bucket as a connection's URL, without a prefix."""
        return f"s3+{self.url}/{BUCKET}"

    def put(self, key: str, content: bytes) -> None:
        """Puts an object."""
        self._ask("PUT", f"/{BUCKET}/{key}", content)

    def get(self, key: str) -> bytes | None:
        """Returns an object; None when there is none."""
        answer = self._ask("GET", f"/{BUCKET}/{key}", expected=404)
        return None if answer.status_code == 404 else answer.content  # RFC 9110 15.5.5

    def _ask(self, method: str, path: str, content: bytes = b"", expected: int = 200) -> httpx.Response:
        host = self.url.removeprefix("http://")
        headers = signed(
            method, host, path, {}, headers={}, content=content, credentials=self.credentials, region=REGION,
            at=utc_now(),
        )  # fmt: skip
        answer = httpx.request(method, self.url + path, headers=headers, content=content, trust_env=False)
        assert answer.status_code in {200, expected}, answer.text
        return answer


@contextmanager
def running_storage(folder: Path) -> Iterator[ObjectStorage]:
    """Gives a running server with an empty bucket."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, env={"PATH": "/usr/bin:/bin"}
        )
    try:
        url = f"http://127.0.0.1:{port}"
        end = perf_s() + _START_S
        while True:
            try:
                httpx.get(f"{url}/moto-api/data.json", trust_env=False, timeout=5.0)
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "moto.log").read_text()
                assert perf_s() < end, (folder / "moto.log").read_text()
        yield _prepared(url)
    finally:
        process.terminate()
        process.wait(10)


def _prepared(url: str) -> ObjectStorage:
    """Makes a user with keys and the bucket; from then on a request that is not signed rightly is refused."""
    iam = f"{url}/?Action="
    host = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request"}
    httpx.post(f"{iam}CreateUser&UserName=files&Version=2010-05-08", headers=host, trust_env=False)
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    httpx.post(
        url, headers=host, trust_env=False,
        data={"Action": "PutUserPolicy", "UserName": "files", "PolicyName": "all", "PolicyDocument": policy},
    )  # fmt: skip
    made = httpx.post(f"{iam}CreateAccessKey&UserName=files&Version=2010-05-08", headers=host, trust_env=False).text
    keys = {name: made.partition(f"<{name}>")[2].partition("<")[0] for name in ("AccessKeyId", "SecretAccessKey")}
    storage = ObjectStorage(url, Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]))
    where = f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    storage._ask("PUT", f"/{BUCKET}", where.encode())
    httpx.post(f"{url}/moto-api/reset-auth", content=b"0", trust_env=False)
    return storage


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    """Gives a server of the module's own; skips loudly when there is none."""
    if not PROGRAM.exists():
        pytest.skip(MISSING)
    with running_storage(tmp_path_factory.mktemp("moto")) as server:
        yield server
