"""S3-compatible object storage as a store, over HTTP: what is put is there whole or not at all.

A file is made by ``If-None-Match: *``, which the store itself decides; a store that does not know it says
so (501), and is then looked into first, which leaves a gap between the look and the write.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote
from xml.etree import ElementTree as ET

import httpx

from bridgehead.clock import utc_now
from bridgehead.connectors.document import Specification
from bridgehead.connectors.hosts import is_loopback
from bridgehead.connectors.http_reply import http_date
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.connectors.s3_signing import Credentials, canonical_query, signed
from bridgehead.connectors.stores import Exists, Stat, check_host, failed, is_shown
from bridgehead.errors import Failed, UserError
from bridgehead.resilience.taxonomy import UNKNOWN, find, of_status
from bridgehead.resilience.taxonomy.signs import broken

MOST_ENTRIES: Final = 100_000
_MOST_PAGES: Final = 1_000
_MOST_ANSWERED: Final = 8 * 1024 * 1024
_XML: Final = re.compile(r"^\{[^}]*\}")
_NOT_FOUND: Final = 404
_EXISTS: Final = 412
_UNKNOWN: Final = 501


class S3Store:
    """Objects below one prefix of one bucket, addressed by path."""

    def __init__(
        self, base: httpx.URL, bucket: str, prefix: str, region: str, *, credentials: Callable[[], Credentials],
        tls: ssl.SSLContext, times: httpx.Timeout,
    ) -> None:  # fmt: skip
        self._base, self._bucket, self._prefix, self._region = base, bucket, prefix, region
        self._credentials = credentials
        # The transport itself: no client that logs addresses, follows redirects or looks for proxies around it.
        self._transport = httpx.HTTPTransport(verify=tls, trust_env=False)
        self._times = times

    @classmethod
    def of(cls, spec: Specification, parts: SplitResult, *, folder: Path, redactor: Redactor) -> S3Store:
        """Returns the store of an ``s3`` URL; raises UserError for one that lacks region, bucket or credentials."""
        name, connection = spec.connector, spec.connection
        region = parse_qs(parts.query).get("region", [""])[0]
        path = unquote(parts.path).strip("/")
        if parts.scheme == "s3":
            base = httpx.URL(f"https://s3.{region}.amazonaws.com")
            bucket, prefix = parts.netloc, path
        else:
            base = httpx.URL(scheme=parts.scheme.removeprefix("s3+"), host=parts.hostname or "", port=parts.port)
            bucket, _, prefix = path.partition("/")
        if not region or not bucket or "@" in parts.netloc:
            raise UserError(
                f"connector {name}: connection.url lacks a bucket or a region", code="connector.url",
                hint="Write s3://BUCKET/PREFIX?region=REGION or s3+https://HOST/BUCKET/PREFIX?region=REGION.",
            )  # fmt: skip
        if base.scheme == "http" and not is_loopback(base.host):
            raise UserError(
                f"connector {name}: {base.host} would be reached without TLS", code="connector.tls",
                hint="Write s3+https://; plain HTTP is for this machine alone.",
            )  # fmt: skip
        basic = spec.auth.basic if spec.auth is not None else None
        if basic is None:
            raise UserError(
                f"connector {name}: nothing says whose the bucket's keys are", code="connector.auth",
                hint="Write auth: {basic: {user: env:ACCESS_KEY, password: env:SECRET_KEY}}.",
            )  # fmt: skip
        check_host(spec, base.host, base.port or (443 if base.scheme == "https" else 80), folder=folder)
        password = Secret.of(basic.password, folder)

        def credentials() -> Credentials:
            value = password.reveal()
            redactor.add(value)
            return Credentials(setting(basic.user, folder=folder), value)

        ca = connection.tls.ca if connection.tls is not None else None
        context = ssl.create_default_context(cafile=None if ca is None else str(folder / ca))
        times = httpx.Timeout(connection.timeout, connect=connection.connect_timeout)
        return cls(base, bucket, prefix, region, credentials=credentials, tls=context, times=times)

    def entries(self, folder: str) -> Sequence[Stat]:
        """See the port; more than ``MOST_ENTRIES``, or a list without end, are an error, never cut off."""
        under = "".join(f"{part}/" for part in (self._prefix, folder) if part)
        asked = {"list-type": "2", "prefix": under, "delimiter": "/"}
        found: list[Stat] = []
        for _ in range(_MOST_PAGES):
            top = _parsed(self._ask("GET", "", query=asked).content)
            for one in _all(top, "Contents"):
                key = _text(one, "Key")
                name = key.removeprefix(under)
                if name and "/" not in name and key.startswith(under) and is_shown(name):
                    found.append(_listed(one, f"{folder}/{name}" if folder else name))
            if len(found) > MOST_ENTRIES:
                raise failed(f"{folder or 'the folder'}: more than {MOST_ENTRIES} files", "invalid_output")
            more = _text(top, "NextContinuationToken")
            if _text(top, "IsTruncated") != "true" or not more:
                return found
            if more == asked.get("continuation-token"):
                break
            asked["continuation-token"] = more
        raise failed(f"{folder or 'the folder'}: the list of files comes to no end", "invalid_output")

    def stat(self, path: str) -> Stat | None:
        """See the port."""
        answer = self._ask("HEAD", path, expected=(_NOT_FOUND,))
        return None if answer.status_code == _NOT_FOUND else _stat(answer, path)

    def read(self, path: str, limit: int) -> tuple[Stat, bytes] | None:
        """See the port."""
        answer = self._ask("GET", path, expected=(_NOT_FOUND,), at_most=limit)
        if answer.status_code == _NOT_FOUND:
            if _code(answer.content) == "NoSuchBucket":
                raise failed(f"there is no bucket {self._bucket}", "not_found")
            return None
        return _stat(answer, path), answer.content

    def create(self, path: str, content: bytes) -> Stat:
        """See the port."""
        if self.stat(path) is not None:
            raise Exists
        only = {"if-none-match": "*"}
        answer = self._ask("PUT", path, content=content, headers=only, expected=(_EXISTS, _UNKNOWN), writes=True)
        if answer.status_code == _UNKNOWN:
            answer = self._ask("PUT", path, content=content, writes=True)
        if answer.status_code == _EXISTS:
            raise Exists
        try:
            made = self.stat(path)
        except Failed as error:
            error.applied = None
            raise
        if made is None or made.size != len(content):
            raise failed(f"{path}: was written and is not there", "conflict", applied=None)
        return made

    def remove(self, seen: Stat) -> bool:
        """See the port. A store that does not know ``If-Match`` for DELETE is looked into just before."""
        there = self.stat(seen.path)
        if there is None:
            return False
        if there.version != seen.version:
            raise failed(f"{seen.path}: has changed since", "conflict")
        only = {"if-match": f'"{seen.version}"'}
        answer = self._ask("DELETE", seen.path, headers=only, expected=(_NOT_FOUND, _UNKNOWN), writes=True)
        if answer.status_code == _UNKNOWN:
            answer = self._ask("DELETE", seen.path, expected=(_NOT_FOUND,), writes=True)
        return answer.status_code != _NOT_FOUND

    def move(self, path: str, target: str) -> bool:
        """See the port: copied while it is what was seen, then taken away; a crash between leaves both."""
        seen = self.stat(path)
        if seen is None:
            return False
        copied = {"x-amz-copy-source": self._path(path), "x-amz-copy-source-if-match": f'"{seen.version}"'}
        answer = self._ask("PUT", target, headers=copied, expected=(_NOT_FOUND,), writes=True)
        if answer.status_code == _NOT_FOUND:
            return False
        if code := _code(answer.content):
            row = find("s3", "code", code)
            known = UNKNOWN["s3"] if row is None else row.error_class
            raise failed(f"{path}: could not be copied: {code}", known, applied=None)
        return self.remove(seen)

    def close(self) -> None:
        """See the port."""
        self._transport.close()

    def _path(self, path: str) -> str:
        key = "/".join(part for part in (self._prefix, path) if part)
        return quote(f"/{self._bucket}/{key}" if path else f"/{self._bucket}", safe="/-_.~")

    def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, content: bytes = b"", expected: Sequence[int] = (),
        at_most: int = _MOST_ANSWERED, writes: bool = False,
    ) -> httpx.Response:  # fmt: skip
        """Returns an answer that succeeded, or has an expected status; its content at most one byte too long."""
        way, asked = self._path(path), dict(query or {})
        host = self._base.netloc.decode("ascii")
        try:
            credentials = self._credentials()
        except UserError as error:
            raise failed(error.message, "auth_expired", hint=error.hint) from error
        sent = signed(
            method, host, way, asked, headers=headers or {}, content=content, credentials=credentials,
            region=self._region, at=utc_now(),
        )  # fmt: skip
        raw = f"{way}?{canonical_query(asked)}" if asked else way
        request = httpx.Request(
            method, self._base.copy_with(raw_path=raw.encode("ascii")), headers=sent, content=content,
            extensions={"timeout": self._times.as_dict()},
        )  # fmt: skip
        try:
            response = self._transport.handle_request(request)
            response.request = request
            try:
                body = _bounded(response, at_most)
            finally:
                response.close()
        except (httpx.TransportError, ssl.SSLError) as error:
            found = broken(error)
            raise failed(
                f"{host} is not reached: {found.why}", found.error_class, applied=found.applied if writes else False
            ) from error
        answer = httpx.Response(response.status_code, headers=_without_length(response.headers), content=body)
        if answer.is_success or answer.status_code in expected:
            return answer
        raise _refused(answer, path or self._bucket, writes=writes)


def _refused(answer: httpx.Response, what: str, *, writes: bool) -> Failed:
    status, code = answer.status_code, _code(answer.content)
    row = find("s3", "code", code) or of_status("s3", status)
    known = UNKNOWN["s3"] if row is None else row.error_class
    applied = (None if row is None else row.applied) if writes else False
    return failed(f"{what}: refused with status {status} {code}".rstrip(), known, applied=applied)


def _bounded(response: httpx.Response, at_most: int) -> bytes:
    parts: list[bytes] = []
    left = at_most + 1
    for part in response.iter_raw():
        parts.append(part[:left])
        left -= len(parts[-1])
        if left <= 0:
            break
    return b"".join(parts)


def _without_length(headers: httpx.Headers) -> httpx.Headers:
    told = headers.copy()
    if "content-length" in told:
        told["x-length"] = told.pop("content-length")
    return told


def _stat(answer: httpx.Response, path: str) -> Stat:
    changed = http_date(answer.headers.get("last-modified", ""))
    length = answer.headers.get("x-length", "")
    size = int(length) if length.isdecimal() else len(answer.content)
    version = answer.headers.get("etag", "").strip('"')
    if changed is None:
        raise failed(f"{path}: the store does not say of when it is", "invalid_output")
    return Stat(path, size, changed, version)


def _listed(one: ET.Element, path: str) -> Stat:
    """Returns one file of a list; raises Failed ``invalid_output`` for a size or a time that is none."""
    try:
        changed = datetime.fromisoformat(_text(one, "LastModified"))
        return Stat(path, int(_text(one, "Size") or 0), changed, _text(one, "ETag").strip('"'))
    except ValueError:
        raise failed(f"{path[:100]}: the list of files gives it a strange size or time", "invalid_output") from None


def _parsed(content: bytes) -> ET.Element:
    # In UTF-16 a document type would not be seen; a list of files is UTF-8.
    if b"<!DOCTYPE" in content or b"\0" in content:
        raise failed("the list of files holds a document type, which is not read", "invalid_output")
    try:
        return ET.fromstring(content)  # noqa: S314  # no DOCTYPE, so no entity is defined in it
    except ET.ParseError as error:
        raise failed("the list of files cannot be read", "invalid_output") from error


def _code(content: bytes) -> str:
    if b"<Error>" not in content[:1_000]:
        return ""
    try:
        return _text(_parsed(content), "Code")[:60]
    except Failed:
        return ""


def _all(top: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in top if _XML.sub("", one.tag) == name]


def _text(top: ET.Element, name: str) -> str:
    return next((one.text or "" for one in _all(top, name)), "")
