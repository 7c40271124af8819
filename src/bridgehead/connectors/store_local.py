"""A folder of this machine as a store: no link is followed below its root, and a file appears whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from bridgehead.connectors.document import Specification
from bridgehead.connectors.stores import Exists, Stat, failed, is_shown
from bridgehead.errors import Failed, UserError
from bridgehead.ids import random_hex
from bridgehead.resilience.taxonomy import UNKNOWN, find
from bridgehead.resilience.taxonomy.signs import os_name

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAKE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LocalStore:
    """Files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def of(cls, spec: Specification, url: str, *, folder: Path) -> LocalStore:
        """Returns the folder that a path or a file URL names; raises UserError when there is none."""
        path = unquote(url.removeprefix("file://")) if url.startswith("file://") else url
        root = (folder / path).resolve()
        if not root.is_dir():
            raise UserError(
                f"connector {spec.connector}: connection.url: there is no folder {path}", code="connector.url",
                hint="Make it; a relative path starts at the specification's folder.",
            )  # fmt: skip
        return cls(root)

    def entries(self, folder: str) -> Sequence[Stat]:
        """See the port."""
        with _said(folder):
            try:
                place = self._open(folder.split("/") if folder else [])
            except FileNotFoundError:
                return []
            try:
                names = sorted(name for name in os.listdir(place) if is_shown(name))  # noqa: PTH208  # a descriptor is no path
                found = [_stat_at(place, name, f"{folder}/{name}" if folder else name) for name in names]
            finally:
                os.close(place)
            return [one for one in found if one is not None]

    def stat(self, path: str) -> Stat | None:
        """See the port."""
        with _said(path), self._at(path) as (place, name):
            return None if place is None else _stat_at(place, name, path)

    def read(self, path: str, limit: int) -> tuple[Stat, bytes] | None:
        """See the port. A file that was written to meanwhile is Failed ``transient``."""
        with _said(path), self._at(path) as (place, name):
            if place is None:
                return None
            try:
                descriptor = os.open(name, _READ, dir_fd=place)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as stream:
                before = _regular(os.fstat(descriptor), path)
                if before is None:
                    raise failed(f"{path}: is no regular file", "forbidden")
                content = stream.read(limit + 1)
                after = _regular(os.fstat(descriptor), path)
            if before != after:
                raise failed(f"{path}: was written to while it was read", "transient")
            return before, content

    def create(self, path: str, content: bytes) -> Stat:
        """See the port: a temporary name, on disk, linked to its own name, which fails where there is one."""
        parts = path.split("/")
        temporary = f".{random_hex()}.part"
        linked = False
        try:
            place = self._open(parts[:-1], make=True)
            try:
                descriptor = os.open(temporary, _MAKE, 0o640, dir_fd=place)
                try:
                    with os.fdopen(descriptor, "wb") as stream:
                        stream.write(content)
                        stream.flush()
                        os.fsync(stream.fileno())
                    os.link(temporary, parts[-1], src_dir_fd=place, dst_dir_fd=place, follow_symlinks=False)
                    linked = True
                finally:
                    with contextlib.suppress(OSError):
                        os.unlink(temporary, dir_fd=place)
                os.fsync(place)
                made = _stat_at(place, parts[-1], path)
            finally:
                os.close(place)
        except FileExistsError as error:
            raise Exists from error
        except OSError as error:
            raise _of(error, path, applied=None if linked else False) from error
        if made is None:
            raise failed(f"{path}: was written and is gone", "conflict", applied=None)
        return made

    def remove(self, seen: Stat) -> bool:
        """See the port."""
        with _said(seen.path), self._at(seen.path) as (place, name):
            there = None if place is None else _stat_at(place, name, seen.path)
            if there is None:
                return False
            if there != seen:
                raise failed(f"{seen.path}: has changed since", "conflict")
            try:
                os.unlink(name, dir_fd=place)
            except FileNotFoundError:
                return False
            return True

    def move(self, path: str, target: str) -> bool:
        """See the port."""
        with _said(path), self._at(path) as (place, name):
            if place is None:
                return False
            parts = target.split("/")
            there = self._open(parts[:-1], make=True)
            try:
                os.rename(name, parts[-1], src_dir_fd=place, dst_dir_fd=there)
            except FileNotFoundError:
                return False
            finally:
                os.close(there)
            return True

    def close(self) -> None:
        """See the port."""

    @contextmanager
    def _at(self, path: str) -> Iterator[tuple[int | None, str]]:
        """Gives the open folder of a file (None when there is none) and its name."""
        *folders, name = path.split("/")
        try:
            place = self._open(folders)
        except FileNotFoundError:
            yield None, name
            return
        try:
            yield place, name
        finally:
            os.close(place)

    def _open(self, parts: Sequence[str], *, make: bool = False) -> int:
        """Opens a folder step by step, so that no link leads out of the root."""
        place = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts:
            try:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o750, dir_fd=place)
                inner = os.open(part, _FOLDER, dir_fd=place)
            finally:
                os.close(place)
            place = inner
        return place


@contextmanager
def _said(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _of(error, path, applied=False) from error


def _of(error: OSError, path: str, *, applied: bool | None) -> Failed:
    row = find("files", "errno", os_name(error))
    known = UNKNOWN["files"] if row is None else row.error_class
    why = "a link, which is not followed" if error.errno == errno.ELOOP else error.strerror or type(error).__name__
    return failed(f"{path or 'the folder'}: {why}", known, applied=applied)


def _stat_at(place: int, name: str, path: str) -> Stat | None:
    try:
        return _regular(os.stat(name, dir_fd=place, follow_symlinks=False), path)
    except FileNotFoundError:
        return None


def _regular(status: os.stat_result, path: str) -> Stat | None:
    if not modes.S_ISREG(status.st_mode):
        return None
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return Stat(path, status.st_size, changed, f"{status.st_mtime_ns}-{status.st_ino}-{status.st_size}")
