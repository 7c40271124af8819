"""The signature of requests to object storage."""

from __future__ import annotations

from datetime import UTC, datetime

from bridgehead.connectors.s3_signing import Credentials, signed

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = datetime(2013, 5, 24, tzinfo=UTC)


def test_the_signature_is_the_published_one() -> None:
    """The two GET examples of the S3 API reference come out as they are printed there."""
    host = "examplebucket.s3.amazonaws.com"
    got = signed(
        "GET", host, "/test.txt", {}, headers={"range": "bytes=0-9"}, content=b"", credentials=KEYS,
        region="us-east-1", at=AT,
    )  # fmt: skip
    assert got["authorization"].endswith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    listed = signed(
        "GET", host, "/", {"prefix": "J", "max-keys": "2"}, headers={}, content=b"", credentials=KEYS,
        region="us-east-1", at=AT,
    )  # fmt: skip
    assert listed["authorization"].endswith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    assert "wJalr" not in repr(KEYS)
