"""Every host that a deployment's channels connect to, held against its ``egress`` before any does."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bridgehead.channels.mail import PORTS
from bridgehead.channels.ports import Reveal
from bridgehead.errors import UserError
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.egress import Egress, Place, place_of, told
from bridgehead.spec.notify import ChannelSpec
from bridgehead.spec.place import placed
from bridgehead.spec.problem import DeploymentError, Problem


def check_channels(deployment: Deployment, reveal: Reveal) -> None:
    """Raises DeploymentError ``deployment.egress`` for every channel that leads to a host that is not listed.

    An address that is not set here is left to where it is used.
    """
    if deployment.egress is None:
        return
    problems: list[Problem] = []
    for name, spec in deployment.channels.items():
        for field, address in _addresses(spec):
            try:
                place = placed_at(reveal(address))
            except UserError:
                continue
            if place is not None and Egress(deployment.egress).admits(place):
                continue
            problems.append(
                placed(
                    deployment,
                    ("channels", name, field),
                    f"a host under egress: {told(deployment.egress)}",
                    f"the channel {name} leads to {place or 'no host beyond doubt'}",
                    f"add {place.host} to egress" if place is not None else "",
                )
            )
    if problems:
        raise DeploymentError(problems, code="deployment.egress")


def placed_at(address: str) -> Place | None:
    """Returns where an address leads, with the port that its scheme stands for."""
    place, port = place_of(address), PORTS.get(urlsplit(address).scheme)
    return Place(place.host, port) if place is not None and place.port is None and port is not None else place


def _addresses(spec: ChannelSpec) -> Iterator[tuple[str, str]]:
    if spec.kind == "slack":
        yield "api", spec.api
    else:
        yield spec.kind, spec.address
