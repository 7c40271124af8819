r"""One connection to one folder of an IMAP server (RFC 3501), with the few things an intake does there.

Nothing here sets ``\Seen`` or takes a mail away by itself: a mail is fetched with BODY.PEEK, and only
``settle`` and ``refuse`` change anything. Every call blocks; one thread makes them all.
"""

from __future__ import annotations

import contextlib
import logging
import re
import select
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, Self

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from bridgehead.clock import boot_s
from bridgehead.errors import ErrorClass, Failed, UserError
from bridgehead.resilience.taxonomy import UNKNOWN, find, first
from bridgehead.resilience.taxonomy.signs import broken

# The library writes what goes over the wire, mails among it, at the level debug.
logging.getLogger("imapclient").setLevel(logging.WARNING)

SLICE_S: Final = 0.25
IDLE_S: Final = 25 * 60.0
"""A server may drop who idles for 30 minutes (RFC 2177)."""
_SHOWN: Final = 200
_CODE: Final = re.compile(r"\[([A-Z][A-Z0-9-]{2,30})\b")
_DELETED: Final = b"\\Deleted"
_KEYWORD: Final = re.compile(r"^[$A-Za-z0-9_.-]{1,64}$")
_UNSET: Final = {"\\SEEN": "UNSEEN", "\\FLAGGED": "UNFLAGGED", "\\ANSWERED": "UNANSWERED"}

Auth = Literal["password", "xoauth2", "oauthbearer"]
Tls = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a mailbox is and who we are there.

    ``secret`` is asked at each login for the password or the access token. ``ca`` names a file of
    certificates to trust instead of the system's. Without TLS only loopback is reached.
    """

    name: str
    host: str
    port: int
    user: str
    secret: Callable[[], Awaitable[str]] = field(repr=False)
    auth: Auth = "password"
    tls: Tls = "tls"
    ca: Path | None = None
    connect_s: float = 10.0
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class After:
    """What becomes of a mail at its source once it is stored: moved or flagged; refused ones are moved."""

    move_to: str | None = None
    flag: str | None = None
    refused: str = "Refused"


class Declined(Failed):
    """The server answered NO or BAD, or what cannot be read: this one thing does not go."""


class Dropped(Failed):
    """The server is not reached, or the connection is lost."""


def check(mailbox: Mailbox, folder: str, after: After) -> None:
    """Raises UserError ``intake.mail`` for settings that cannot work together; asks nobody."""

    def wrong(text: str, hint: str) -> UserError:
        return UserError(f"mailbox {mailbox.name}: {text}", code="intake.mail", hint=hint)

    if mailbox.tls == "none" and not _loopback(mailbox.host):
        raise wrong(
            f"{mailbox.host} would be reached without TLS",
            "Use TLS (port 993) or STARTTLS. Without, the password crosses the network readable.",
        )
    if mailbox.ca is not None and not mailbox.ca.is_file():
        raise wrong(f"there is no file of certificates {mailbox.ca}", "Correct tls.ca, or leave it out.")
    if (after.move_to is None) == (after.flag is None):
        raise wrong("a stored mail is either moved or flagged", "Write move_to: FOLDER or flag: KEYWORD, one of them.")
    if after.flag is not None and after.flag.upper() not in _UNSET and not _KEYWORD.match(after.flag):
        raise wrong(f"{after.flag!r} is no keyword", "Write one such as $Stored, or \\Seen, \\Flagged or \\Answered.")
    for target in (after.move_to, after.refused):
        if target is not None and _same(target, folder):
            raise wrong(
                f"mails of {folder} would be moved to {target}",
                "Name another folder: a mail that stays where it is would be taken again and again.",
            )


class Session:
    """A connection that is logged in and has selected one folder."""

    def __init__(self, client: IMAPClient, mailbox: Mailbox, after: After, secret: str) -> None:
        self._client = client
        self._mailbox = mailbox
        self._after = after
        self._secret = secret
        self._opened_s = boot_s()
        self._can: frozenset[str] = frozenset()
        self._selected = ""
        self.uidvalidity = 0

    @classmethod
    def open(cls, mailbox: Mailbox, secret: str, folder: str, after: After) -> Self:
        """Connects, logs in and selects the folder; makes the folders that mails are moved to.

        Raises Dropped when the server is not reached or shows no certificate that is trusted, and
        Declined when it refuses the login, has no such folder or cannot keep the flag.
        """
        where = f"{mailbox.host}:{mailbox.port}"
        with _telling(f"{where} is not reached", secret):
            timeout = SocketTimeout(connect=mailbox.connect_s, read=mailbox.timeout_s)
            context = ssl.create_default_context(cafile=mailbox.ca)
            client = IMAPClient(
                mailbox.host, port=mailbox.port, ssl=mailbox.tls == "tls", ssl_context=context, timeout=timeout
            )
        session = cls(client, mailbox, after, secret)
        try:
            with session._telling("the connection is not secured"):
                if mailbox.tls == "starttls":
                    client.starttls(context)
            session._log_in()
            session._select(folder)
        except BaseException:
            session.close()
            raise
        return session

    def _log_in(self) -> None:
        user, secret = self._mailbox.user, self._secret
        with self._telling(f"{self._mailbox.user} cannot log in"):
            if self._mailbox.auth == "password":
                # PLAIN takes any UTF-8 (RFC 4616); LOGIN is for servers that know no better.
                if self._client.has_capability("AUTH=PLAIN"):
                    self._client.plain_login(user, secret)
                else:
                    self._client.login(user, secret)
            else:
                first = _xoauth2(user, secret) if self._mailbox.auth == "xoauth2" else _oauthbearer(user, secret)
                self._client.sasl_login(self._mailbox.auth.upper(), _once(first))
            self._can = frozenset(name for name in ("IDLE", "MOVE", "UIDPLUS") if self._client.has_capability(name))

    def _select(self, folder: str) -> None:
        with self._telling(f"the folder {folder} cannot be opened"):
            found = self._client.select_folder(folder)
        self._selected = folder
        self.uidvalidity = int(found.get(b"UIDVALIDITY", 0))
        if b"READ-ONLY" in found:
            raise Declined(f"the folder {folder} may only be read", error_class="forbidden")
        flag = self._after.flag
        kept = {bytes(one).upper() for one in found.get(b"PERMANENTFLAGS", ())}
        if flag is not None and not kept & {b"\\*", flag.upper().encode()}:
            raise Declined(
                f"the folder {folder} keeps no flag {flag}",
                error_class="invalid_input",
                hint="Use move_to: FOLDER, or a flag that the server keeps, such as \\Seen.",
            )
        for target in (self._after.move_to, self._after.refused):
            if target is not None:
                self._make(target)

    def _make(self, folder: str) -> None:
        with self._telling(f"the folder {folder} cannot be made"):
            if not self._client.folder_exists(folder):
                try:
                    self._client.create_folder(folder)
                except IMAPClientError:
                    if not self._client.folder_exists(folder):  # else another worker was faster
                        raise

    @property
    def age_s(self) -> float:
        """Seconds since it was opened."""
        return boot_s() - self._opened_s

    def waiting(self) -> list[int]:
        """Returns the UIDs of mails that are not settled, oldest first."""
        criteria = ["UNDELETED"]
        flag = self._after.flag
        if flag is not None:
            unset = _UNSET.get(flag.upper())
            criteria += [unset] if unset is not None else ["UNKEYWORD", flag]
        with self._telling("the folder cannot be looked at"):
            self._client.noop()
            return sorted(int(uid) for uid in self._client.search(criteria))

    def fetch(self, uid: int, limit: int) -> bytes | None:
        """Returns at most ``limit`` bytes of a mail and one more, without a mark on it; None when it is gone."""
        with self._telling(f"mail {uid} cannot be fetched"):
            found = self._client.fetch([uid], [f"BODY.PEEK[]<0.{limit + 1}>"])
            if uid not in found:
                return None
            for name, value in found[uid].items():
                if name.startswith(b"BODY[]") and isinstance(value, bytes):
                    return value
            # A server may also tell so that somebody has just taken it away.
            self._client.noop()
            if uid not in self._client.search(["UID", str(uid)]):
                return None
            raise IMAPClientError("no content was sent")

    def settle(self, uid: int) -> None:
        """Moves or flags a mail that is stored; one that another worker has settled is no error."""
        with self._telling(f"mail {uid} cannot be settled"):
            if self._after.flag is not None:
                self._client.add_flags([uid], [self._after.flag], silent=True)
            elif self._after.move_to is not None:
                self._move(uid, self._after.move_to)

    def refuse(self, uid: int) -> None:
        """Moves a mail to the folder of those that are not taken."""
        with self._telling(f"mail {uid} cannot be moved to {self._after.refused}"):
            self._move(uid, self._after.refused)

    def _move(self, uid: int, folder: str) -> None:
        try:
            self._move_once(uid, folder)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            self._make(folder)  # which somebody may have cleared away
            self._move_once(uid, folder)

    def _move_once(self, uid: int, folder: str) -> None:
        if "MOVE" in self._can:
            self._client.move([uid], folder)
            return
        # Looked at first: a mail that another worker has moved must not be copied a second time.
        flags = self._client.get_flags([uid]).get(uid)
        if flags is None or _DELETED in flags:
            return
        self._client.copy([uid], folder)
        self._client.add_flags([uid], [_DELETED], silent=True)
        if "UIDPLUS" in self._can:
            # Never a plain EXPUNGE: it would take what others have marked for deletion with it.
            self._client.uid_expunge([uid])

    def wait(self, seconds: float, halted: threading.Event) -> None:
        """Returns after so long, when the folder changes (where the server has IDLE), or when halted."""
        if "IDLE" not in self._can:
            halted.wait(seconds)
            return
        with self._telling("the connection was lost while waiting"):
            self._client.idle()
            end = boot_s() + min(seconds, IDLE_S)
            line = self._client.socket()
            poll = select.poll()
            poll.register(line.fileno(), select.POLLIN)
            while not halted.is_set() and (left := end - boot_s()) > 0:
                if (isinstance(line, ssl.SSLSocket) and line.pending()) or poll.poll(min(left, SLICE_S) * 1000):
                    break
            self._client.idle_done()

    def close(self) -> None:
        """Says goodbye where somebody listens, and closes the connection."""
        with contextlib.suppress(IMAPClientError, OSError, ValueError):
            self._client.logout()
            return
        self.drop()

    def drop(self) -> None:
        """Closes the connection without a word."""
        with contextlib.suppress(IMAPClientError, OSError, ValueError):
            self._client.shutdown()

    def cut(self) -> None:
        """Ends what the thread waits for on this connection; another thread calls this."""
        with contextlib.suppress(OSError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    def _telling(self, what: str) -> contextlib.AbstractContextManager[None]:
        return _telling(what, self._secret)


@contextlib.contextmanager
def _telling(what: str, secret: str) -> Iterator[None]:
    """Turns what the library raises into Dropped and Declined, whose texts never hold the secret."""
    try:
        yield
    except IMAPClientAbortError as error:
        raise Dropped(f"{what}: {_shown(error, secret)}", error_class="dependency_down") from None
    except OSError as error:
        raise Dropped(f"{what}: {_shown(error, secret)}", error_class=broken(error).error_class) from None
    except (IMAPClientError, ValueError, TypeError, LookupError, AssertionError) as error:
        # The latter four are how the library meets an answer that is no IMAP.
        raise Declined(f"{what}: {_shown(error, secret)}", error_class=_class_of(error)) from None


def _class_of(error: Exception) -> ErrorClass:
    """Returns the class of an answer NO or BAD: by its response code (RFC 5530), where it has one."""
    codes = _CODE.findall(str(error)) if isinstance(error, IMAPClientError) else []
    row = first("imap", "code", codes)
    if row is None:
        row = find("imap", "condition", "login" if isinstance(error, LoginError) else "no")
    return UNKNOWN["imap"] if row is None else row.error_class


def _shown(error: BaseException, secret: str) -> str:
    """Returns what went wrong in a text that is short, printable and without the secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"its certificate is not trusted: {error.verify_message}"
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    else:
        text = str(error) or type(error).__name__
    if secret:
        text = text.replace(secret, "(secret)")
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_SHOWN]


def _xoauth2(user: str, token: str) -> str:
    """Returns the client's answer of Google's and Microsoft's XOAUTH2."""
    return f"user={user}\1auth=Bearer {token}\1\1"


def _oauthbearer(user: str, token: str) -> str:
    """Returns the client's answer of RFC 7628, section 3.1."""
    escaped = user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={escaped},\1auth=Bearer {token}\1\1"


def _once(answer: str) -> Callable[[bytes], str]:
    """Returns a mechanism that answers once; to the error that may follow it says only that it has read it."""
    left = [answer]
    return lambda _challenge: left.pop() if left else "\1"


def _loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _same(one: str, other: str) -> bool:
    """Whether two names are one folder: INBOX is it in any case (RFC 3501, 5.1)."""
    return one == other or (one.upper() == other.upper() == "INBOX")
