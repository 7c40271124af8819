"""Signs requests to S3-compatible stores: AWS Signature Version 4, in the header (Amazon S3 API reference)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Whose requests these are; shown by nothing."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def escaped(text: str) -> str:
    """Returns a text as it stands in a canonical query: all but A-Z a-z 0-9 - _ . ~ is encoded."""
    return quote(text, safe="-_.~")


def canonical_query(query: Mapping[str, str]) -> str:
    """Returns a query in the order and form in which it is signed, and sent."""
    return "&".join(sorted(f"{escaped(name)}={escaped(value)}" for name, value in query.items()))


def signed(
    method: str, host: str, path: str, query: Mapping[str, str], *, headers: Mapping[str, str], content: bytes,
    credentials: Credentials, region: str, at: datetime,
) -> dict[str, str]:  # fmt: skip
    """Returns the headers of a request with those that sign it. ``path`` is encoded already, ``at`` is UTC."""
    stamp, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    digest = hashlib.sha256(content).hexdigest()
    sent = {**headers, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    covered = {name.lower(): " ".join(value.split()) for name, value in {**sent, "host": host}.items()}
    names = ";".join(sorted(covered))
    lines = "".join(f"{name}:{covered[name]}\n" for name in sorted(covered))
    request = "\n".join([method, path, canonical_query(query), lines, names, digest])
    scope = f"{day}/{region}/s3/aws4_request"
    to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    sent["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope},SignedHeaders={names},Signature={signature}"
    )
    return sent
