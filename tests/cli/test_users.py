"""People on the command line: who opens cases, who decides, whose grant it is; and no secret is anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.calls import Cli
from tests.cli.test_reviews import books, held
from tests.support.oidc import IssuerProcess, running

CANARY = "canary-horse-battery-staple"
RIGHTS = """
rights:
  group:sales: {tools: [customer, book], when: amount <= 100}
  user:dirk: {tools: [customer]}
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerProcess]:
    """Gives an issuer in a process of its own."""
    with running(tmp_path_factory.mktemp("issuer")) as one:
        yield one


@pytest.fixture
def rights(orders: Path) -> Path:
    """Gives the folder of a small deployment that acts for people."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text() + RIGHTS)
    return orders


def secret(folder: Path, name: str, text: str = CANARY) -> Path:
    file = folder / name
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file


def dump() -> bytes:
    """Returns every row of every table, and every body of the ledger."""
    told = []
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        for (table,) in conn.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
            told += [str(row).encode() for row in conn.execute(f'select to_jsonb(t) from "{table}" t'.encode())]
        told += [bytes(body) for (body,) in conn.execute("select body from ledger")]
    return b"\n".join(told)


def document(folder: Path, **order: object) -> Path:
    file = folder / f"{order['po']}.json"
    file.write_text(json.dumps(order))
    return file


def anna(cli: Cli, rights: Path, group: str = "sales") -> Path:
    """Adds anna, lets the deployment act alone, and returns the file of her password."""
    password = secret(cli.folder, "anna.pw")
    cli.ok("user", "add", "anna", "--group", group, "--password-file", password, "--by", "ops")
    cli.ok("promote", rights, "--to", "autonomous", "--why", "a test", "--by", "lee")
    return password


def test_a_user_submits_with_their_rights(cli: Cli, rights: Path) -> None:
    """What a user submits is booked as far as their right goes, and the grant says whose it was."""
    password = anna(cli, rights)
    small, large = document(cli.folder, po="P-1", amount=100), document(cli.folder, po="P-2", amount=101)
    cli.ok("submit", rights, small, large, "--as", "anna", "--password-file", password)
    cli.work(rights)
    assert [entry["po"] for entry in books(rights)] == ["P-1"]
    grants = cli.ok("grant", "list", "--of", "anna", "--json").json
    assert [(one["case"], one["state"], one["tools"]) for one in grants] == [
        ("C-2", "stands", ["book", "customer"]),
        ("C-1", "stands", ["book", "customer"]),
    ]
    told = cli.ok("grant", "show", "C-1").out
    assert "of anna, a local user" in told
    assert "amount <= 100" in cli.ok("explain", "C-2").out
    assert cli.ok("grant", "rotate-key", "--by", "ops", "--json").json["kid"]
    assert cli.ok("grant", "show", "C-1", "--json").json["state"] == "stands"


@pytest.mark.parametrize(
    "flags,stdin,code,said",
    [
        (["--as", "anna", "--password-file", "-"], b"wrong password here", 2, "is not signed in"),
        (["--as", "nobody", "--password-file", "-"], CANARY.encode(), 2, "is not signed in"),
        (["--as", "anna"], b"", 2, "nobody to ask"),
        (["--as", "anna", "--token-file", "x"], b"", 2, "two people"),
        (["--password-file", "anna.pw"], b"", 2, "goes with --as"),
        (["--token-file", "-"], b"a.b.c", 2, "no issuer is set"),
        (["--as", "anna", "--password-file", "missing"], b"", 2, "cannot be read"),
        (["--as", "anna", "--password-file", "open.pw"], b"", 2, "others than its owner"),
    ],
)
def test_who_is_not_signed_in_submits_nothing(
    cli: Cli, rights: Path, flags: list[str], stdin: bytes, code: int, said: str
) -> None:
    """A wrong password, an unknown user, two people or a readable secret: refused, and nothing is stored."""
    anna(cli, rights)
    secret(cli.folder, "open.pw").chmod(0o644)
    done = cli("submit", rights, document(cli.folder, po="P-1", amount=1), *flags, stdin=stdin)
    assert (done.code, said in done.err) == (code, True), done
    assert CANARY not in done.err + done.out
    assert cli.ok("arrivals", "--json").json["arrivals"] == []


def test_who_has_no_right_submits_nothing(cli: Cli, rights: Path, orders: Path) -> None:
    """A user without a right, and a deployment without rights, are named before anything is stored."""
    password = anna(cli, rights, group="marketing")
    file = document(cli.folder, po="P-1", amount=1)
    done = cli("submit", rights, file, "--as", "anna", "--password-file", password)
    assert done.code == 2
    assert "anna has no right in orders (groups: marketing)" in done.err
    yaml = orders / "bridgehead.yaml"
    yaml.write_text(yaml.read_text().replace(RIGHTS, ""))
    done = cli("submit", orders, file, "--as", "anna", "--password-file", password)
    assert "declares no rights" in done.err


def test_a_disabled_user_submits_nothing(cli: Cli, rights: Path) -> None:
    """Who was disabled is refused with who did it and why; added again, they may act again."""
    password = anna(cli, rights)
    cli.ok("user", "disable", "anna", "--why", "left", "--by", "ops")
    file = document(cli.folder, po="P-1", amount=1)
    done = cli("submit", rights, file, "--as", "anna", "--password-file", password)
    assert (done.code, "disabled by ops: left" in done.err) == (3, True)
    assert "disabled by ops: left" in cli.ok("user", "list").out
    assert "already" in cli.ok("user", "disable", "anna", "--why", "left", "--by", "ops").out
    cli.ok("user", "add", "anna", "--group", "sales", "--by", "ops")
    cli.ok("submit", rights, file, "--as", "anna", "--password-file", password)


def test_a_token_of_the_issuer_opens_cases(
    cli: Cli, rights: Path, provider: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who signed in at the issuer has their cases opened under its name, until the subject is barred here."""
    monkeypatch.setenv("BRIDGEHEAD_OIDC_ISSUER", provider.url)
    monkeypatch.setenv("BRIDGEHEAD_OIDC_AUDIENCE", "bridgehead")
    cli.ok("promote", rights, "--to", "autonomous", "--why", "a test", "--by", "lee")
    token = secret(cli.folder, "token", provider.sign_in("anna"))
    file = document(cli.folder, po="P-1", amount=1)
    cli.ok("submit", rights, file, "--token-file", token)
    cli.work(rights)
    assert [entry["po"] for entry in books(rights)] == ["P-1"]
    (grant,) = cli.ok("grant", "list", "--json").json
    assert (grant["subject"], grant["issuer"], grant["groups"]) == ("anna", provider.url, ["sales"])
    stored = dump()
    assert b"group" in stored
    assert not any(part.encode() in stored for part in token.read_text().strip().split("."))
    foreign = secret(cli.folder, "foreign", provider.sign_in("anna", client="another"))
    refused = cli("submit", rights, file, "--token-file", foreign)
    assert refused.code == 2
    assert "another audience" in refused.err
    cli.ok("user", "disable", "anna", "--issuer", "--why", "left", "--by", "ops")
    barred = cli("submit", rights, file, "--token-file", token)
    assert (barred.code, "barred by ops: left" in barred.err) == (3, True)
    assert "may act again" in cli.ok("user", "add", "anna", "--issuer", "--by", "ops").out
    cli.ok("submit", rights, file, "--token-file", token)


def test_members_of_the_role_decide(cli: Cli, orders: Path) -> None:
    """Once users are declared, a known user who may act and is in the role decides, and nobody else."""
    review = held(cli, orders)
    cli.ok("user", "add", "anna", "--group", "sales", "--no-password", "--by", "ops")
    cli.ok("user", "add", "kim", "--group", "desk", "--no-password", "--by", "ops")
    cli.ok("user", "add", "pat", "--group", "desk", "--no-password", "--by", "ops")
    cli.ok("user", "disable", "kim", "--why", "left", "--by", "ops")
    for by, said in (("ann", "did you mean"), ("anna", "is for desk"), ("kim", "disabled by ops: left")):
        done = cli("review", review, "approve", "--by", by)
        assert done.code == 3, done
        assert said in done.err
    assert books(orders) == []
    cli.ok("review", review, "approve", "--by", "pat")
    cli.work(orders)
    assert len(books(orders)) == 1
    undone = cli("undo", "--case", "C-1", "--deployment", orders, "--why", "a test", "--yes", "--by", "anna")
    assert undone.code == 3, undone


def test_without_users_who_decides_is_as_said(cli: Cli, orders: Path) -> None:
    """Where no user is declared a review is decided under the name that is given, and the list of users says so."""
    review = held(cli, orders)
    assert "taken as --by says" in cli.ok("user", "list").out
    cli.ok("review", review, "approve", "--by", "whoever")


def test_a_grant_is_revoked_and_narrowed(cli: Cli, rights: Path) -> None:
    """A revoked grant ends a case before its next call, a narrowed one reaches less, and neither is ever widened."""
    password = anna(cli, rights)
    cli.ok("submit", rights, document(cli.folder, po="P-1", amount=1), "--as", "anna", "--password-file", password)
    cli.work(rights)
    assert cli("grant", "show", "C-99").code == 2
    assert cli("grant", "revoke", "C-99", "--why", "x", "--by", "ops").code == 2
    assert cli("grant", "revoke", "C-1", "--by", "ops").code == 2
    narrowed = cli.ok("grant", "narrow", "C-1", "--tool", "customer", "--why", "less", "--by", "ops", "--json").json
    assert (narrowed["tools"], narrowed["narrowed"]) == (["customer"], 1)
    wider = cli("grant", "narrow", "C-1", "--tool", "book", "--why", "more", "--by", "ops")
    assert (wider.code, "only ever narrowed" in wider.err) == (2, True)
    misspelt = cli("grant", "narrow", "C-1", "--tool", "custmer", "--why", "less", "--by", "ops")
    assert (misspelt.code, "did you mean customer?" in misspelt.err) == (2, True)
    less = cli.ok("grant", "narrow", "C-1", "--limit", "30 EUR", "--why", "less", "--by", "ops").out
    assert less.startswith("The grant of C-1 reaches customer, within 30 EUR, until ")
    said = ("--why", "shift ends", "--by", "ops")
    sooner = cli.ok("grant", "narrow", "C-1", "--until", "1h", *said, "--json").json
    assert (sooner["narrowed"], sooner["expires_at"] < narrowed["expires_at"]) == (3, True)
    for until, wanted in (("9d", "only ever narrowed"), ("2020-01-01", "grant revoke"), ("soon", "neither a time")):
        refused = cli("grant", "narrow", "C-1", "--until", until, *said)
        assert (refused.code, wanted in refused.err) == (2, True), refused.err
    cli.ok("grant", "revoke", "C-1", "--why", "over", "--by", "ops")
    assert "already" in cli.ok("grant", "revoke", "C-1", "--why", "over", "--by", "ops").out
    assert "revoked by ops: over" in cli.ok("grant", "show", "C-1").out
    assert cli.ok("ledger", "verify").code == 0


def test_no_secret_is_anywhere(cli: Cli, rights: Path) -> None:
    """A password and a signing key are in no output, no argument, no log, no ledger row and no dump of the database."""
    password = anna(cli, rights)
    environment = {**os.environ, "BRIDGEHEAD_LOG": "debug"}
    command = [sys.executable, "-m", "bridgehead", "submit", str(rights), str(document(cli.folder, po="P-1", amount=1))]
    with subprocess.Popen(
        [*command, "--as", "anna", "--password-file", "-"], env=environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        listed = Path(f"/proc/{process.pid}/cmdline").read_bytes() if Path("/proc").is_dir() else b""
        out, err = process.communicate(password.read_bytes(), timeout=60)
    assert process.returncode == 0, err
    done = cli.ok("worker", rights, "--until-idle")
    shown = [cli.ok(*words).out for words in (["grant", "list", "--json"], ["user", "list"], ["explain", "C-1"])]
    told = [listed, out, err, done.out.encode(), done.err.encode(), *(one.encode() for one in shown)]
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        bodies = b"".join(bytes(body) for (body,) in conn.execute("select body from ledger"))
        assert b"grant.made" in bodies
        assert b"user.added" in bodies
        (token,) = conn.execute("select token from grants").fetchone() or ("",)
    told += [bodies, dump()]
    everything = b"\n".join(told)
    for form in (CANARY.encode(), CANARY.encode().hex().encode()):
        assert form not in everything
    assert token.encode() not in b"\n".join([bodies, out, err, *(one.encode() for one in shown)])


def test_standard_input_is_their_own_word(cli: Cli, rights: Path) -> None:
    """What a user writes to standard input is recorded as theirs, what stands in a file is not."""
    password = anna(cli, rights)
    cli.ok("submit", rights, document(cli.folder, po="P-1", amount=1), "--as", "anna", "--password-file", password)
    written = json.dumps({"po": "P-2", "amount": 1}).encode()
    cli.ok("submit", rights, "-", "--as", "anna", "--password-file", password, stdin=written)
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        found = [json.loads(row[0]).get("wrote", False) for row in conn.execute("select principal from mandates")]
    assert sorted(found) == [False, True]


def denied_then_given(cli: Cli, rights: Path) -> tuple[str, Path, Path]:
    """Lets a right deny anna's order, then gives her a larger one; returns the review, her password and the order."""
    yaml = rights / "bridgehead.yaml"
    yaml.write_text(yaml.read_text().replace("when: amount <= 100", "when: amount <= 50"))
    password = anna(cli, rights)
    file = document(cli.folder, po="P-1", amount=60)
    cli.ok("submit", rights, file, "--as", "anna", "--password-file", password)
    cli.work(rights)
    assert books(rights) == []
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    yaml.write_text(yaml.read_text().replace("when: amount <= 50", "when: amount <= 200"))
    return line["id"], password, file


def test_what_a_right_denied_is_given_back_once_the_right_is_there(cli: Cli, rights: Path) -> None:
    """The remedy of the denial works: the case is opened again for its user, whose rights of then its new grant has."""
    review, _, _ = denied_then_given(cli, rights)
    assert "--again" in cli.ok("explain", "C-1").out
    cli.ok("user", "disable", "anna", "--why", "left", "--by", "ops")
    refused = cli("review", review, "answer", "given", "--again", "--by", "anna2")
    assert refused.code == 3
    cli.ok("user", "add", "pat", "--group", "desk", "--no-password", "--by", "ops")
    barred = cli("review", review, "answer", "given", "--again", "--by", "pat")
    assert (barred.code, "anna may not act here: disabled by ops: left" in barred.err) == (2, True), barred
    cli.ok("user", "add", "anna", "--group", "none", "--by", "ops")
    without = cli("review", review, "answer", "given", "--again", "--by", "pat")
    assert (without.code, "anna has no right there (groups: none)" in without.err) == (2, True), without
    cli.ok("user", "add", "anna", "--group", "sales", "--by", "ops")
    cli.ok("review", review, "answer", "given", "--again", "--by", "pat")
    cli.work(rights)
    assert [entry["po"] for entry in books(rights)] == ["P-1"]
    grant = cli.ok("grant", "show", "C-2", "--json").json
    assert (grant["subject"], grant["state"]) == ("anna", "stands")
    cli.ok("ledger", "verify")


def test_somebody_who_has_the_right_has_it_done_again_once(cli: Cli, rights: Path) -> None:
    """A resend is said to be attached; with --again another case does it, and what stands by then is not done twice."""
    review, password, file = denied_then_given(cli, rights)
    once = file.with_name("renamed.json")
    once.write_bytes(file.read_bytes())
    said = ("--as", "anna", "--password-file", password)
    known = cli.ok("submit", rights, file, *said)
    assert "it is C-1 already; nothing more is done" in known.out
    assert '--as USER --again "why"' in known.out
    cli.ok("submit", rights, once, *said)
    cli.work(rights)
    (attached,) = cli.ok("submit", rights, once, *said, "--json").json["arrivals"][0]["attached"]
    assert (attached["case"], "attached to C-1 as the same order" in attached["means"]) == ("C-1", True)
    assert cli("submit", rights, once, "--again", "why").code == 2
    again = ("--again", "she has the right by now")

    def refused() -> str:
        """Submits again, and returns the refusal that a worker found."""
        cli.ok("submit", rights, once, *said, *again)
        cli.work(rights)
        number = cli.ok("arrivals", "--json").json["arrivals"][0]["id"]
        with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
            rows = conn.execute("select body from ledger where chain = %s order by seq", (number,)).fetchall()
        bodies = [json.loads(bytes(row[0])) for row in rows]
        return str(next(one["refs"]["not_again"] for one in bodies if one["kind"] == "arrival.case"))

    assert f"C-1 is with a person. Close it first: bridgehead review {review} answer" in refused()
    assert len(cli.ok("cases", "--json").json["cases"]) == 1
    cli.ok("user", "add", "pat", "--group", "desk", "--no-password", "--by", "ops")
    cli.ok("review", review, "answer", "anna submits it again", "--by", "pat")
    with subprocess.Popen(
        [sys.executable, "-m", "bridgehead", "worker", str(rights)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as worker:
        try:
            assert "C-2 does again what C-1 was to do" in cli.ok("submit", rights, once, *said, *again, "--wait").out
            second = cli("submit", rights, once, *said, *again, "--json")
        finally:
            worker.terminate()
            worker.communicate(timeout=60)
    assert second.code == 3
    (told,) = second.json["arrivals"][0]["attached"]
    assert (told["case"], "of C-2 happened, or may have" in told["not_done_again"]) == ("C-2", True)
    assert [one["id"] for one in cli.ok("cases", "--json").json["cases"]] == ["C-2", "C-1"]
    assert [entry["po"] for entry in books(rights)] == ["P-1"]
    assert "of C-2 happened, or may have, and would be done twice" in refused()
    assert len(books(rights)) == 1
    assert cli.ok("grant", "show", "C-2", "--json").json["subject"] == "anna"
    assert cli.ok("case", "C-2", "--json").json["case"]["revision"] == 2
    cli.ok("ledger", "verify")


@pytest.mark.parametrize(
    "change, said",
    [
        (["grant", "revoke", "C-1"], "ops revoked the authority of C-1: less"),
        (["grant", "narrow", "C-1", "--tool", "customer"], "the grant of C-1 was narrowed and does not reach book"),
        (["user", "disable", "anna"], "anna may not act here: disabled by ops: less"),
    ],
)
def test_a_call_that_lost_its_authority_is_not_approved(cli: Cli, rights: Path, change: list[str], said: str) -> None:
    """An approval of what would be denied is refused with why, and its review stays open."""
    yaml = rights / "bridgehead.yaml"
    yaml.write_text(yaml.read_text().replace("allow: amount <= 100", "allow: amount <= 5"))
    password = anna(cli, rights)
    cli.ok("submit", rights, document(cli.folder, po="P-1", amount=60), "--as", "anna", "--password-file", password)
    cli.work(rights)
    cli.ok("user", "add", "pat", "--group", "desk", "--no-password", "--by", "ops")
    (line,) = cli.ok("reviews", "--json").json["reviews"]
    cli.ok(*change, "--why", "less", "--by", "ops")
    refused = cli("review", line["id"], "approve", "--by", "pat")
    assert (refused.code, said in refused.err, "review.grant" in refused.err) == (2, True, True), refused
    edited = cli("review", line["id"], "edit", "--set", "amount=7", "--by", "pat")
    assert (edited.code, said in edited.err) == (2, True), edited
    (still,) = cli.ok("reviews", "--json").json["reviews"]
    assert still["state"] == "open"
    cli.ok("review", line["id"], "reject", "--by", "pat")
