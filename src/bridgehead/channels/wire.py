"""One POST to one host that an operator named: no redirect is followed, no answer is believed to be small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from bridgehead.clock import utc_now
from bridgehead.errors import Failed
from bridgehead.resilience.taxonomy import UNKNOWN, of_status
from bridgehead.resilience.taxonomy.signs import broken
from bridgehead.spec.channels import web
from bridgehead.spec.egress import Egress, place_of, told

MOST_BYTES: Final = 256 * 1024
_LONGEST_WAIT_S: Final = 3_600.0
_CONNECT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire:
    """How one channel reaches its host; ``egress`` is the deployment's list of hosts, None for none."""

    def __init__(self, channel: str, *, timeout_s: float, egress: tuple[str, ...] | None) -> None:
        self._channel = channel
        self._egress = egress
        self._timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Sends a body and returns the answer of a success (2xx).

        Raises Failed with the class that the table of failures gives to the status or the broken connection; the
        address stands in none of its words, because it may be a secret.
        """
        self._check(url)
        try:
            # Nothing of the environment: a proxy that it names would be a host that nobody has listed.
            async with (
                httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", url, content=content, headers=dict(headers)) as response,
            ):
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        break
                answer = Answer(response.status_code, dict(response.headers), bytes(body[:MOST_BYTES]))
        except (httpx.TransportError, httpx.DecodingError) as error:
            found = broken(error)
            raise Failed(
                f"channel {self._channel}: {found.why}", error_class=found.error_class, applied=found.applied
            ) from error
        if not httpx.codes.is_success(answer.status):
            raise self.refused(answer)
        return answer

    def refused(self, answer: Answer) -> Failed:
        """Returns what an answer that is no success stands for."""
        row = of_status("http", answer.status)
        return Failed(
            f"channel {self._channel}: it answered with status {answer.status}",
            error_class=UNKNOWN["http"] if row is None else row.error_class,
            applied=None if row is None else row.applied,
            status=answer.status,
            retry_after=retry_after_s(answer.headers),
        )

    def _check(self, url: str) -> None:
        place = place_of(url)
        if place is None or not web(url):
            raise self._forbidden("its address is no https:// address without a user (http:// for this machine alone)")
        if self._egress is not None and not Egress(self._egress).admits(place):
            raise self._forbidden(f"{place} is not under egress: {told(self._egress)}")

    def _forbidden(self, why: str) -> Failed:
        return Failed(f"channel {self._channel}: {why}", error_class="forbidden", applied=False, code="channel.host")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds of a ``Retry-After`` (RFC 9110, 10.2.3), an hour at most; None where it says nothing."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), _LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return min(max(0.0, (at - utc_now()).total_seconds()), _LONGEST_WAIT_S)
