"""Tokens and roles on the command line, and a console in a process of its own that nobody finds a secret of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

import httpx
import pytest

from tests.cli.calls import Cli
from tests.cli.test_users import dump, secret

PASSWORD = "canary-of-the-owner-4711"
SECOND = "canary-typed-as-a-name-4712"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def test_roles_are_given_and_kept(cli: Cli) -> None:
    """Roles that are named are exactly those, without any they stay, `none` takes all; a misspelt one is refused."""
    added = cli.ok(
        "user", "add", "kim", "--role", "reviewer", "--role", "viewer", "--no-password", "--by", "ops", "--json"
    )
    assert added.json["roles"] == ["reviewer", "viewer"]
    cli.ok("user", "add", "kim", "--group", "desk", "--by", "ops", "--no-password")
    (kim,) = cli.ok("user", "list", "--json").json
    assert (kim["groups"], kim["roles"]) == (["desk"], ["reviewer", "viewer"])
    wrong = cli("user", "add", "kim", "--role", "reviwer", "--by", "ops", "--no-password")
    assert (wrong.code, "did you mean reviewer" in wrong.err) == (2, True)
    cli.ok("user", "add", "kim", "--role", "none", "--by", "ops", "--no-password")
    assert cli.ok("user", "list", "--json").json[0]["roles"] == []
    assert "--role" in cli("user", "add", "eve", "--issuer", "--role", "admin", "--by", "ops").err
    cli.ok("ledger", "verify")


def test_a_token_is_made_shown_once_and_revoked(cli: Cli) -> None:
    """A token is printed when it is made and nowhere else; it is listed with its state, and ended on the record."""
    cli.ok("user", "add", "kim", "--role", "viewer", "--no-password", "--by", "ops")
    made = cli.ok(
        "token", "create", "import", "--of", "kim", "--scope", "read", "--expires", "2d", "--by", "ops", "--json"
    )
    text = made.json["token"]
    assert text.startswith("bh_")
    assert made.json["lasts_s"] == 2 * 86400
    plain = cli.ok("token", "create", "another", "--of", "kim", "--scope", "read", "--by", "ops")
    assert plain.out.strip().startswith("bh_")
    listed = cli.ok("token", "list", "--json")
    assert [(one["label"], one["of"], one["state"]) for one in listed.json] == [
        ("another", "kim", "stands"), ("import", "kim", "stands"),
    ]  # fmt: skip
    assert cli("token", "revoke", "1", "--by", "ops").code == 2
    cli.ok("token", "revoke", "1", "--why", "lost", "--by", "ops")
    assert "revoked by ops" in cli.ok("token", "list", "--of", "kim").out
    assert "already" in cli.ok("token", "revoke", "1", "--why", "lost", "--by", "ops").out
    assert cli("token", "revoke", "99", "--why", "x", "--by", "ops").code == 2
    assert text not in listed.out
    assert text.encode() not in dump()
    cli.ok("ledger", "verify")


@pytest.mark.parametrize(
    "flags,said",
    [
        (["--of", "nobody", "--scope", "read"], "there is no user"),
        (["--of", "kim", "--scope", "raed"], "did you mean read"),
        (["--of", "kim", "--scope", "read", "--expires", "2y"], "no duration"),
        (["--of", "kim", "--scope", "read", "--expires", "400d"], "366 days"),
    ],
)
def test_a_token_that_cannot_be_is_refused(cli: Cli, flags: list[str], said: str) -> None:
    """An unknown user, a misspelt scope, or too long an end: refused, and nothing is made."""
    cli.ok("user", "add", "kim", "--role", "viewer", "--no-password", "--by", "ops")
    done = cli("token", "create", "x", *flags, "--by", "ops")
    assert (done.code, said in done.err) == (2, True), done
    assert cli.ok("token", "list", "--json").json == []


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[Queue[str]]:
    """Runs the console alone, at a free port; gives the lines that it prints."""
    environment = {**os.environ, "BRIDGEHEAD_HTTP_PORT": "0", "BRIDGEHEAD_LOG": "debug"}
    lines: Queue[str] = Queue()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridgehead", "serve", str(folder), "--no-worker"],
            env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    out = process.stdout
    assert out is not None
    reader = Thread(target=_read, args=(out, lines), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        process.terminate()
        process.wait(30)
        out.close()


def _read(out: IO[str], lines: Queue[str]) -> None:
    for line in out:
        lines.put(line)


def running() -> bytes:
    """Returns every command line of this machine."""
    found = b""
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            found += one.read_bytes()
    return found


def link_of(lines: Queue[str], log: Path) -> tuple[str, str]:
    """Returns the console's address and the first owner's link, as they are printed."""
    told = ""
    while True:
        try:
            told += lines.get(timeout=60)
        except Empty:
            raise AssertionError(told + log.read_text()) from None
        found = re.search(r"console at (http://\S+)/\n(?s:.*)\n  (http://\S+)\n", told)
        if found is not None:
            return found[1], found[2]


def test_no_secret_of_a_signed_in_person_is_anywhere(cli: Cli, orders: Path) -> None:
    """Link, passwords, cookies and token of a real console are in no log, table, ledger row, list or command line."""
    log = cli.folder / "serve.log"
    secret(cli.folder, "other.pw", SECOND)
    with serving(orders, log) as lines, httpx.Client(trust_env=False, timeout=30) as http:
        console, link = link_of(lines, log)
        cookies: list[str] = []

        def send(page: str, path: str, **form: object) -> httpx.Response:
            """Sends the form of a page as a browser does."""
            found = _CSRF.search(http.get(page if "://" in page else console + page).text)
            assert found is not None, page
            answer = http.post(console + path, data={"csrf": found[1], **form}, headers={"Origin": console})
            cookies.append(http.cookies.get("bridgehead_session") or "")
            return answer

        code = link.partition("code=")[2]
        twice = {"password": PASSWORD, "again": PASSWORD}
        assert send(link, "/first-run", code=code, name="olga", role=["reviewer"], **twice).status_code == 303
        made = send("/account", "/account/tokens", label="import", scope=["read"], days="7")
        token = made.text.split('<pre id="token">')[1].split("</pre>")[0]
        assert http.get(f"{console}/api/v1/cases", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert http.get(f"{console}/api/v1/cases", headers={"Authorization": f"Bearer {token}x"}).status_code == 401
        assert send("/account", "/sign-out").status_code == 200
        assert send("/sign-in", "/sign-in", name=SECOND, password="typed in the wrong field").status_code == 403
        assert send("/sign-in", "/sign-in", name="olga", password=PASSWORD).status_code == 303
        assert http.get(f"{console}/nowhere?{PASSWORD}").status_code == 404
        groups = cli.ok("user", "list", "--json").json[0]["groups"]
        assert groups == ["desk"], "the owner is a member of the roles that are served"
        commands = running()
    told = {
        "log": log.read_bytes(),
        "dump": dump(),
        "commands": commands,
        "users": cli.ok("user", "list", "--json").out.encode(),
        "tokens": cli.ok("token", "list", "--json").out.encode(),
    }
    kept = [one for one in {*cookies} if one]
    assert len(kept) == 2
    for one in (code, PASSWORD, SECOND, token, *kept):
        for form in (one.encode(), one.encode().hex().encode()):
            assert [name for name, text in told.items() if form in text] == [], one
    assert b"S-authority" in told["dump"]
