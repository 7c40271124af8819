"""A real Dovecot on loopback whose mailboxes a test owns: plain IMAP, IMAPS, passwords and OAuth2 tokens.

It is stopped, killed and started again on its ports with the mail it had. Mail comes by SMTP through
``smtp_sink`` or is dropped into the maildir at once by ``Dovecot.drop``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imapclient import IMAPClient

from bridgehead.clock import perf_s, utc_now
from bridgehead.ids import random_bytes

MISSING: Final = "dovecot is not on this machine: make services installs it (as root)"
USER: Final = "orders@example.com"
PASSWORD: Final = "kennwort-7 (ä)"
START_S: Final = 20.0

_CONFIG: Final = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
mail_uid = {mail}
mail_gid = {mail_gid}
mail_home = {folder}/mail/%u
mail_location = maildir:~/box
mail_fsync = never
mailbox_list_index = no
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_max_userip_connections = 100
{capability}
service imap-login {{
  {chroot}
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  {chroot}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
{oauth2}
userdb {{
  driver = static
  args = uid={mail} gid={mail_gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
_OAUTH2: Final = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_INTROSPECTION: Final = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


class Absent(Exception):
    """There is no Dovecot to start; the message names what installs it."""


class DidNotStart(Exception):
    """Dovecot ended or did not answer; the message holds the end of its log."""


@dataclass(slots=True)
class Dovecot:
    """One server: its folder, its ports on loopback, and its process while it runs."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes] | None = None
    _dropped: int = field(default=0, repr=False)

    @property
    def ca(self) -> Path:
        """The certificates that a client has to trust to reach it over TLS."""
        return self.folder / "server.pem"

    def start(self) -> None:
        """Starts it on its ports, with the mail it had; raises DidNotStart.

        A server that was killed between making a lock and writing its name into it leaves a lock that the next one
        waits for two minutes, in which no client is answered: nobody waits for it here.
        """
        for lock in (self.folder / "mail").rglob("*.lock"):
            lock.unlink(missing_ok=True)
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(
                [_found(), "-F", "-c", str(self.folder / "dovecot.conf")],
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        end = perf_s() + START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1.0) as probe:
                    if probe.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            if self.process.poll() is not None or perf_s() > end:
                raise DidNotStart(self.log()[-3000:] + (self.folder / "out").read_text(errors="replace")[-2000:])
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)

    def stop(self) -> None:
        """Lets it end in order; its clients are told BYE."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kills it with every process it has started, as a power cut does; nobody is told."""
        self._end(signal.SIGKILL)

    def _end(self, sent: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        # Its children share its process group, unless they have become others: then their parent's end ends them.
        with contextlib.suppress(ProcessLookupError):
            if sent is signal.SIGKILL:
                os.killpg(process.pid, sent)
            else:
                process.send_signal(sent)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(START_S)
        for left in ("run", "state"):
            shutil.rmtree(self.folder / left, ignore_errors=True)

    def log(self) -> str:
        """Returns what it wrote."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    @contextmanager
    def client(self, user: str = USER) -> Iterator[IMAPClient]:
        """Gives a mail program's connection as the mailbox's user, for looking and for moving by hand."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=10.0)
        try:
            client.plain_login(user, PASSWORD)
            yield client
            client.logout()
        finally:
            with contextlib.suppress(OSError):
                client.shutdown()

    def mails(self, folder: str, user: str = USER) -> list[bytes]:
        """Returns the mails of a folder as bytes, in its order; none for a folder that is not there."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search("ALL") or [], ["BODY.PEEK[]"])
            return [found[number][b"BODY[]"] for number in sorted(found)]

    def flags(self, folder: str, user: str = USER) -> list[set[bytes]]:
        """Returns the flags of each mail of a folder, in its order, but for Recent."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.get_flags(client.search("ALL") or [])
            return [set(found[number]) - {b"\\Recent"} for number in sorted(found)]

    def append(self, *mails: bytes, folder: str = "INBOX", user: str = USER) -> None:
        """Puts mails into a folder by IMAP, one after the other."""
        with self.client(user) as client:
            for mail in mails:
                client.append(folder, mail)

    def drop(self, mails: Sequence[bytes], *, folder: str = "INBOX", user: str = USER) -> None:
        """Delivers mails into the maildir at once, as a delivery agent does; works while the server is away too."""
        box = self.folder / "mail" / user / "box"
        place = box if folder == "INBOX" else box / f".{folder.replace('/', '.')}"
        for part in ("tmp", "new", "cur"):
            _make(place / part)
        for mail in mails:
            self._dropped += 1
            name = f"{1_000_000_000 + self._dropped}.M{self._dropped}P{os.getpid()}.test"
            file = place / "tmp" / name
            file.write_bytes(mail)
            _give(file)
            file.rename(place / "new" / name)

    def forget_uids(self, folder: str = "INBOX", user: str = USER) -> None:
        """Loses the folder's index for one with another UIDVALIDITY and other numbers; only while the server is away.

        A server left to itself takes the second of the loss as UIDVALIDITY, which may be the one it had.
        """
        box = self.folder / "mail" / user / "box"
        place = box if folder == "INBOX" else box / f".{folder.replace('/', '.')}"
        listed = (place / "dovecot-uidlist").read_text(encoding="utf-8").split(None, 4)
        validity, following = (int(word[1:]) for word in listed[1:3])
        for file in [*place.glob("dovecot*")]:
            file.unlink(missing_ok=True)
        header = f"3 V{validity + 1000} N{following + 1000} G{random_bytes(16).hex()}\n"
        (place / "dovecot-uidlist").write_text(header, encoding="utf-8")
        _give(place / "dovecot-uidlist")


@contextmanager
def running_dovecot(*, introspection_url: str | None = None, without: Sequence[str] = ()) -> Iterator[Dovecot]:
    """Gives a running server; ``without`` names capabilities that it does not tell, such as MOVE and IDLE.

    Raises Absent when there is none on this machine, and DidNotStart.
    """
    _found()
    # Not under pytest's own folder: a socket's path may have 107 characters, and others than root go through it.
    folder = Path(tempfile.mkdtemp(prefix="bh-dc-"))
    folder.chmod(0o755)
    port, tls_port = _two_free_ports()
    server = Dovecot(folder, port, tls_port)
    try:
        _make(folder / "mail")
        _certificate(folder)
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\nother@example.com:{{PLAIN}}{PASSWORD}\n", "utf-8")
        if introspection_url is not None:
            (folder / "oauth2.conf").write_text(_INTROSPECTION.format(url=introspection_url), "utf-8")
        (folder / "dovecot.conf").write_text(_config(server, introspection_url is not None, without), "utf-8")
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _config(server: Dovecot, oauth2: bool, without: Sequence[str]) -> str:
    root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid())
    mail = _mail_owner()
    told = [name for name in _CAPABILITIES if name not in without]
    return _CONFIG.format(
        folder=server.folder,
        port=server.port,
        tls_port=server.tls_port,
        internal="dovecot" if root else me.pw_name,
        internal_group="dovecot" if root else _group(me.pw_gid),
        login="dovenull" if root else me.pw_name,
        mail=mail.pw_name,
        mail_gid=_group(mail.pw_gid),
        chroot="" if root else "chroot =",
        capability=f"imap_capability = {' '.join(told)}" if without else "",
        oauth2=_OAUTH2.format(folder=server.folder) if oauth2 else "",
    )


_CAPABILITIES: Final = (
    "IMAP4rev1",
    "SASL-IR",
    "LITERAL+",
    "ENABLE",
    "IDLE",
    "UIDPLUS",
    "MOVE",
    "UNSELECT",
    "NAMESPACE",
)


def _group(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


def _mail_owner() -> pwd.struct_passwd:
    """Whose the mail is: Dovecot opens no mailbox as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        owner = _mail_owner()
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _make(path: Path) -> None:
    """Makes a folder and the ones above it that are missing, all of them the mail owner's."""
    if not path.exists():
        _make(path.parent)
        path.mkdir(mode=0o755)
        _give(path)


def _certificate(folder: Path) -> None:
    """Writes a certificate for localhost and 127.0.0.1 that signs itself, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _found() -> str:
    path = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Absent(MISSING)
    return path


def _two_free_ports() -> tuple[int, int]:
    """Returns two ports that were free at the same time, so that they are two."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Sink:
    """An SMTP server that delivers each mail into a mailbox before it says 250."""

    server: Dovecot
    folder: str = "INBOX"
    port: int = 0
    taken: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Delivers one mail with the trace headers that a delivery adds (RFC 5321, 4.4)."""
        assert isinstance(envelope.content, bytes)
        at = f"{utc_now():%a, %d %b %Y %T} +0000"
        trace = f"Return-Path: <{envelope.mail_from}>\r\nReceived: from localhost by sink; {at}\r\n"
        for user in envelope.rcpt_tos:
            await asyncio.to_thread(
                self.server.drop, [trace.encode() + envelope.content], folder=self.folder, user=user
            )
            self.taken[user] += 1
        return "250 OK"


@contextmanager
def smtp_sink(server: Dovecot, *, folder: str = "INBOX") -> Iterator[Sink]:
    """Gives an SMTP server on a free port of loopback that delivers into the mailboxes of ``server``."""
    sink = Sink(server, folder, _free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def trusted(server: Dovecot) -> ssl.SSLContext:
    """Returns a context that trusts the server's certificate and verifies it."""
    return ssl.create_default_context(cafile=server.ca)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """Gives a running Dovecot of this test's own; skips loudly when there is none."""
    try:
        with running_dovecot() as server:
            yield server
    except Absent as absent:
        pytest.skip(str(absent))
