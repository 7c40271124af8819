"""Every place that a deployment's connectors and models may connect to, held against its ``egress`` before any does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import getproxies, proxy_bypass  # noqa: TID251  # what httpx asks, too: reads the environment

from bridgehead.connectors.document import Specification
from bridgehead.connectors.references import setting
from bridgehead.connectors.toolset import Connected
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.egress import Egress, place_of, told
from bridgehead.spec.place import placed
from bridgehead.spec.problem import DeploymentError, Problem

_PORTS = {"imaps": 993, "imap": 143, "smtps": 465, "smtp": 587}


def check_egress(deployment: Deployment, systems: Mapping[str, Connected]) -> None:
    """Raises DeploymentError ``deployment.egress`` for every place that is declared somewhere and not under ``egress``.

    A connector reaches no other host than those it declares, whatever an answer, a link to a next page or a redirect
    says; so what is declared is all there is. A model whose address is not set here is left to where it is asked.
    """
    problems: list[Problem] = []
    for index, file in enumerate(deployment.connect):
        place = (deployment.folder / file).resolve()
        for system in systems.values():
            if system.path == place:
                for field, address in reach(system.connector.spec, folder=place.parent):
                    problems += _unlisted(deployment, ("connect", index), f"{field} of {file}", address)
    for name, model in deployment.models.items():
        url = model.url
        if url.startswith("env:"):
            url = os.environ.get(url[4:].strip(), "")
        if url:
            problems += _unlisted(deployment, ("models", name, "url"), f"the model {name}", url)
            proxy = _proxy(url)
            if proxy:
                problems += _unlisted(deployment, ("models", name, "url"), f"the proxy of the model {name}", proxy)
    if problems:
        raise DeploymentError(problems, code="deployment.egress")


def _proxy(url: str) -> str:
    """Returns by which proxy of the environment (``HTTPS_PROXY``, ``NO_PROXY``) a model is asked, or nothing."""
    parts, known = urlsplit(url), getproxies()
    proxy = known.get(parts.scheme.lower()) or known.get("all") or ""
    return "" if not proxy or proxy_bypass(parts.hostname or "") else _ported(proxy)


def _unlisted(deployment: Deployment, path: tuple[str | int, ...], what: str, address: str) -> Iterator[Problem]:
    names = deployment.egress or ()
    place = place_of(address)
    if place is not None and Egress(names).admits(place):
        return
    found = f"{what} leads to {place or 'no host beyond doubt'}"
    hint = f"add {place.host} to egress" if place is not None else "write the host in letters of ASCII, with its port"
    yield placed(deployment, path, f"a host under egress: {told(names)}", found, hint)


def reach(spec: Specification, *, folder: Path) -> Iterator[tuple[str, str]]:
    """Yields (field of the specification, address or ``HOST:PORT``) for every place a connector may connect to.

    Files of this machine are no place. Raises UserError for a setting that is not there.
    """
    connection = spec.connection
    for name in connection.hosts:
        yield "connection.hosts", setting(name, folder=folder)
    if connection.url:
        url = setting(connection.url, folder=folder).strip()
        yield from (("connection.url", place) for place in _places(spec, url))
    if connection.replica is not None:
        url = setting(connection.replica.url, folder=folder).strip()
        yield from (("connection.replica.url", place) for place in _places(spec, url))
    for field, text in (("connection.proxy", connection.proxy), ("connection.smtp", connection.smtp)):
        if text is not None:
            yield field, _ported(setting(text, folder=folder).strip())
    oauth2 = None if spec.auth is None else spec.auth.oauth2
    if oauth2 is not None:
        token_url = setting(oauth2.token_url, folder=folder).strip()
        if not token_url.startswith("/"):
            yield "auth.oauth2.token_url", token_url


def _places(spec: Specification, url: str) -> Iterator[str]:
    if spec.kind == "sql":
        from bridgehead.connectors.sql_pool import targets_of

        for host, port in targets_of(url, connector=spec.connector):
            named = f"[{host}]" if ":" in host else host
            yield named if port is None else f"{named}:{port}"
        return
    if spec.kind == "files":
        parts = urlsplit(url)
        if parts.scheme in {"", "file"}:
            return
        if parts.scheme == "s3":
            yield f"https://s3.{parse_qs(parts.query).get('region', [''])[0]}.amazonaws.com"
            return
        yield f"{parts.scheme.removeprefix('s3+')}://{parts.netloc.rpartition('@')[2]}"
        return
    yield _ported(url)


def _ported(url: str) -> str:
    """Returns an address of a mail server with its port, any other one as it is; no user is kept in it."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    port = _PORTS.get(parts.scheme)
    if port is None or parts.port is not None:
        return f"{parts.scheme}://{place}" if place else url
    return f"{place}:{port}"
