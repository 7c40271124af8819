"""Which hosts may be reached: names of hosts as an operator lists them, and addresses held against that list.

An address is read as strictly as RFC 3986 and the WHATWG URL standard together allow. Whatever two readers could take
for two hosts leads nowhere: a user before the host, a backslash, spaces, percent signs, letters beyond ASCII, numbers
that only some readers take for an IP address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from itertools import dropwhile, islice
from typing import Final

FORM: Final = "HOST, HOST:PORT or *.DOMAIN, in letters of ASCII (xn--… for others)"
LONGEST: Final = 8_192
"""So many characters of an address are read; a longer one leads nowhere."""

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "sftp": 22, "ssh": 22}
_SCHEME: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_WEB: Final = re.compile(r"(?:https?|wss?|ftp):|[/\\]{2}|www\.", re.IGNORECASE)
_HEAD: Final = 64
"""So many characters of a text say whether it begins as an address."""
_PLACE: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MOST_PORTS: Final = 65_535
_LONGEST_NAME: Final = 253
_PLAIN: Final = range(0x21, 0x7F)


@dataclass(frozen=True, slots=True)
class Place:
    """A host, in the one form in which it is compared, and a port (None: the scheme's own, or every one)."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Egress:
    """A list of hosts. A name stands for every port, ``*.DOMAIN`` for all names below the domain and not for it."""

    names: tuple[str, ...] = ()

    def admits(self, place: Place) -> bool:
        """Tells whether a place is on the list."""
        return any(_covers(name, place) for name in self.names)


def place_of(address: str) -> Place | None:
    """Returns where an address leads, or None where that is not beyond doubt.

    Without a scheme, what stands before the first ``/`` is the host.
    """
    if len(address) > LONGEST or any(ord(letter) not in _PLAIN for letter in address) or "\\" in address:
        return None
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme is not None else address.removeprefix("//")
    found = _place(re.split("[/?#]", rest, maxsplit=1)[0])
    if found is None or found.port is not None or scheme is None:
        return found
    return Place(found.host, _PORTS.get(scheme["scheme"].lower()))


def leads_somewhere(text: str) -> bool:
    """Tells whether a text is an address: it begins with a scheme and a host, or as browsers complete it.

    What the WHATWG URL standard passes over is passed over here: what cannot be seen, before an address and in it,
    and slashes behind the scheme of the web that are missing or turned round.
    """
    seen = dropwhile(str.isspace, filter(str.isprintable, text))
    return bool(_SCHEME.match(text.strip()) or _WEB.match(unicodedata.normalize("NFKC", "".join(islice(seen, _HEAD)))))


def listed(name: str) -> str | None:
    """Returns the name of a host as it is compared, or None for what is no such name."""
    bare = name.strip()
    if bare.startswith("*."):
        domain = _place(bare.removeprefix("*."))
        fits = domain is not None and "." in domain.host and not _is_ip(domain.host)
        return f"*.{domain}" if fits else None
    found = _place(f"[{bare}]" if bare.count(":") > 1 and not bare.startswith("[") else bare)
    return None if found is None else str(found)


def told(places: Sequence[str]) -> str:
    """Returns names of hosts as a sentence lists them."""
    return ", ".join(places) or "none"


def _covers(name: str, place: Place) -> bool:
    below = name.startswith("*.")
    mine = _place(name.removeprefix("*."))
    if mine is None or mine.port not in (None, place.port):
        return False
    return place.host.endswith(f".{mine.host}") if below else place.host == mine.host


def _place(text: str) -> Place | None:
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    host = _host(found["host"].lower())
    port = None if found["port"] is None else int(found["port"])
    return None if host is None or (port is not None and not 0 < port <= _MOST_PORTS) else Place(host, port)


def _host(text: str) -> str | None:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except AddressValueError:
            return None
        return str(address.ipv4_mapped or address)
    name = text.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            return None
    return name if len(name) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, labels)) else None


def _is_ip(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()
