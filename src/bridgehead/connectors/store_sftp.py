"""An SFTP server as a store: its key is known beforehand, no link leads out of the root, a file appears whole.

A file is written under a temporary name and renamed, which fails where the name is taken, as version 3 of
the protocol demands (draft-ietf-secsh-filexfer-02, 6.5) and OpenSSH does in one step.
"""

from __future__ import annotations

import contextlib
import stat as modes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote

from bridgehead.connectors.document import Specification
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.connectors.stores import Exists, Stat, check_host, failed, is_shown
from bridgehead.errors import Failed, UserError
from bridgehead.ids import random_hex
from bridgehead.resilience.taxonomy import UNKNOWN, find
from bridgehead.resilience.taxonomy.signs import by_name, os_name

if TYPE_CHECKING:
    from paramiko import SFTPAttributes, SFTPClient, SSHClient

MOST_ENTRIES: Final = 100_000
_PORT: Final = 22
_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the server is, who we are there, and which keys are trusted."""

    host: str
    port: int
    user: str
    root: str
    known_hosts: Path
    password: Secret | None
    key: Path | None
    connect_s: float
    timeout_s: float


class SftpStore:
    """Files below one folder of a server; connections are kept for the next call."""

    def __init__(self, place: _Place, redactor: Redactor) -> None:
        self._place = place
        self._redactor = redactor
        self._idle: list[tuple[SSHClient, SFTPClient, str]] = []
        self._lock = threading.Lock()

    @classmethod
    def of(cls, spec: Specification, parts: SplitResult, *, folder: Path, redactor: Redactor) -> SftpStore:
        """Returns the store of an ``sftp`` URL; raises UserError when it says too little, or paramiko is missing."""
        try:
            import paramiko  # noqa: F401  # only whether it is there
        except ImportError as error:
            raise UserError(
                f"connector {spec.connector}: SFTP needs paramiko", code="connector.extra",
                hint="Install it: pip install 'bridgehead[files]'",
            ) from error  # fmt: skip
        basic = spec.auth.basic if spec.auth is not None else None
        tls = spec.connection.tls
        user = setting(basic.user, folder=folder) if basic is not None else unquote(parts.username or "")
        if not user or (basic is None and (tls is None or tls.key is None)):
            raise UserError(
                f"connector {spec.connector}: nothing says who we are at the SFTP server", code="connector.auth",
                hint="Write auth.basic, or sftp://USER@HOST/PATH and connection.tls.key: file:KEY.",
            )  # fmt: skip
        host, port = parts.hostname or "", parts.port or _PORT
        check_host(spec, host, port, folder=folder)
        given = tls.ca if tls is not None and tls.ca is not None else None
        known = folder / given if given is not None else Path("~/.ssh/known_hosts").expanduser()
        key = tls.key.removeprefix("file:") if tls is not None and tls.key is not None else None
        place = _Place(
            host, port, user, unquote(parts.path).rstrip("/") or "/", known,
            None if basic is None else Secret.of(basic.password, folder),
            None if key is None else folder / key, spec.connection.connect_timeout, spec.connection.timeout,
        )  # fmt: skip
        return cls(place, redactor)

    def entries(self, folder: str) -> Sequence[Stat]:
        """See the port."""
        with self._session(folder) as (sftp, root):
            try:
                found = sftp.listdir_attr(_folder(sftp, root, folder))
            except FileNotFoundError:
                return []
            if len(found) > MOST_ENTRIES:
                raise failed(f"{folder or 'the folder'}: more than {MOST_ENTRIES} files", "invalid_output")
            shown = sorted((one for one in found if is_shown(one.filename)), key=lambda one: one.filename)
            stats = [_stat(one, f"{folder}/{one.filename}" if folder else one.filename) for one in shown]
            return [one for one in stats if one is not None]

    def stat(self, path: str) -> Stat | None:
        """See the port."""
        with self._session(path) as (sftp, root):
            return _stat_at(sftp, root, path)

    def read(self, path: str, limit: int) -> tuple[Stat, bytes] | None:
        """See the port. A file that was written to meanwhile is Failed ``transient``."""
        with self._session(path) as (sftp, root):
            before = _stat_at(sftp, root, path)
            if before is None:
                return None
            parts: list[bytes] = []
            left = min(limit, before.size) + 1
            with sftp.open(_at(sftp, root, path), "rb") as stream:
                while left and (part := stream.read(min(left, _PIECE))):
                    parts.append(part)
                    left -= len(part)
            if _stat_at(sftp, root, path) != before:
                raise failed(f"{path}: was written to while it was read", "transient")
            return before, b"".join(parts)

    def create(self, path: str, content: bytes) -> Stat:
        """See the port."""
        renaming = False
        try:
            with self._session(path) as (sftp, root):
                if _stat_at(sftp, root, path, make=True) is not None:
                    raise Exists
                target = _at(sftp, root, path)
                temporary = f"{target.rpartition('/')[0]}/.{random_hex()}.part"
                try:
                    with sftp.open(temporary, "wbx") as stream:
                        stream.write(content)
                    renaming = True
                    sftp.rename(temporary, target)
                except OSError:
                    with contextlib.suppress(OSError):
                        sftp.remove(temporary)
                    if renaming and _stat_at(sftp, root, path) is not None:
                        raise Exists from None
                    raise
                made = _stat_at(sftp, root, path)
        except Failed as error:
            if renaming:
                error.applied = None
            raise
        if made is None or made.size != len(content):
            raise failed(f"{path}: was written and is not there", "conflict", applied=None)
        return made

    def remove(self, seen: Stat) -> bool:
        """See the port; between the look and the removal lies one exchange with the server."""
        with self._session(seen.path, writes=True) as (sftp, root):
            there = _stat_at(sftp, root, seen.path)
            if there is None:
                return False
            if there != seen:
                raise failed(f"{seen.path}: has changed since", "conflict")
            sftp.remove(_at(sftp, root, seen.path))
            return True

    def move(self, path: str, target: str) -> bool:
        """See the port."""
        with self._session(path, writes=True) as (sftp, root):
            if _stat_at(sftp, root, path) is None:
                return False
            _stat_at(sftp, root, target, make=True)
            sftp.posix_rename(_at(sftp, root, path), _at(sftp, root, target))
            return True

    def close(self) -> None:
        """See the port."""
        with self._lock:
            idle, self._idle = self._idle, []
        for client, _, _ in idle:
            client.close()

    @contextmanager
    def _session(self, path: str, *, writes: bool = False) -> Iterator[tuple[SFTPClient, str]]:
        """Lends a connection and its root; one that failed is closed."""
        import paramiko

        with self._lock:
            held = self._idle.pop() if self._idle else None
        if held is not None and not _alive(held[0]):
            held[0].close()
            held = None
        client, sftp, root = held or self._open()
        keep = False
        try:
            yield sftp, root
            keep = True
        except (Failed, Exists):
            keep = True
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            # Of a missing file and of a right that is missing the server has told, so the connection is well.
            keep = isinstance(error, FileNotFoundError | PermissionError)
            raise _of(error, path, self._redactor, writes=writes) from error
        finally:
            if keep:
                with self._lock:
                    self._idle.append((client, sftp, root))
            else:
                client.close()

    def _open(self) -> tuple[SSHClient, SFTPClient, str]:
        import paramiko

        place = self._place
        where = f"{place.host}:{place.port}"
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            password = None if place.password is None else place.password.reveal()
            if password is not None:
                self._redactor.add(password)
            with contextlib.suppress(FileNotFoundError):
                client.load_host_keys(str(place.known_hosts))
            client.connect(
                place.host, place.port, place.user, password=password if place.key is None else None,
                passphrase=password if place.key is not None else None,
                key_filename=None if place.key is None else str(place.key), timeout=place.connect_s,
                banner_timeout=place.connect_s, auth_timeout=place.timeout_s, allow_agent=False, look_for_keys=False,
            )  # fmt: skip
            sftp = client.open_sftp()
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(place.timeout_s)
            root = sftp.normalize(place.root)
            return client, sftp, root.rstrip("/")
        except UserError as error:
            raise failed(error.message, "auth_expired", hint=error.hint) from error
        except paramiko.SSHException as error:
            client.close()
            unknown_key = isinstance(error, paramiko.BadHostKeyException) or "known_hosts" in str(error)
            if unknown_key:
                raise failed(
                    f"{where} shows a key that is not known", "forbidden", code="connector.host",
                    hint="Put its line of known_hosts into the file that connection.tls.ca names (ssh-keyscan HOST).",
                ) from error  # fmt: skip
            raise _of(error, f"{where}, as {place.user}", self._redactor, writes=False) from error
        except FileNotFoundError as error:
            client.close()
            raise failed(f"{place.root}: there is no such folder, or no such key", "not_found") from error
        except (OSError, EOFError) as error:
            client.close()
            tried: dict[object, OSError] = getattr(error, "errors", {})  # one for each address of the host
            cause = next(iter(tried.values()), error)
            row = find("connection", "errno", os_name(cause)) if isinstance(cause, OSError) else None
            why = f"{'no connection' if row is None else row.why} ({type(error).__name__})"
            known = "dependency_down" if row is None else row.error_class
            raise failed(f"{where} is not reached: {why}", known) from error


def _of(error: Exception, what: str, redactor: Redactor, *, writes: bool) -> Failed:
    """Returns what an exception of the library means; its own words are quoted where it says more than its class."""
    row = by_name("sftp", error)
    said = "" if isinstance(error, FileNotFoundError | PermissionError) else redactor.clean(str(error))[:100]
    why = "the connection broke" if row is None else row.why
    applied = (None if row is None else row.applied) if writes else False
    known = UNKNOWN["sftp"] if row is None else row.error_class
    return failed(f"{what}: {why}{f' ({said})' if said else ''}", known, applied=applied)


def _alive(client: SSHClient) -> bool:
    transport = client.get_transport()
    return transport is not None and transport.is_active()


def _folder(sftp: SFTPClient, root: str, folder: str, *, make: bool = False) -> str:
    """Returns a folder's own path; raises FileNotFoundError, and Failed where a link leads elsewhere."""
    here = root
    for part in folder.split("/") if folder else ():
        here = f"{here}/{part}"
        if make:
            try:
                sftp.lstat(here)
            except FileNotFoundError:
                with contextlib.suppress(OSError):
                    sftp.mkdir(here, 0o750)
        if modes.S_ISLNK(sftp.lstat(here).st_mode or 0):
            raise failed(f"{folder}: a link, which is not followed", "forbidden")
    return here or "/"


def _at(sftp: SFTPClient, root: str, path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{_folder(sftp, root, folder).rstrip('/')}/{name}"


def _stat_at(sftp: SFTPClient, root: str, path: str, *, make: bool = False) -> Stat | None:
    folder, _, name = path.rpartition("/")
    try:
        place = _folder(sftp, root, folder, make=make)
        found = sftp.lstat(f"{place.rstrip('/')}/{name}")
    except FileNotFoundError:
        return None
    if modes.S_ISLNK(found.st_mode or 0):
        raise failed(f"{path}: a link, which is not followed", "forbidden")
    return _stat(found, path)


def _stat(found: SFTPAttributes, path: str) -> Stat | None:
    if not modes.S_ISREG(found.st_mode or 0):
        return None
    changed = datetime.fromtimestamp(found.st_mtime or 0, UTC)
    return Stat(path, found.st_size or 0, changed, f"{found.st_mtime}-{found.st_size}")
