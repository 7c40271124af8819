"""The systems that work depends on: which answer, what holds calls back, who works, and what runs out soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from cryptography.x509 import load_pem_x509_certificates

from bridgehead.auth.actor import Actor
from bridgehead.storage.queries_connections import ConnectionQueries, LimitState, SourceState, WorkerState
from bridgehead.storage.queries_overview import OverviewQueries

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.breakers import Known

SOON: Final = timedelta(days=30)
Health = Literal["answers", "tried", "left alone", "never used"]
_HEALTH: Final[dict[str, Health]] = {"closed": "answers", "open": "left alone", "half_open": "tried"}


@dataclass(frozen=True, slots=True)
class System:
    """One system or model, as its breaker, its limits and the deployments that use it have it.

    ``next_probe`` is when it is tried again; ``paused_until`` is a pause that the system itself asked for;
    ``held`` of ``places`` calls are under way over all workers.
    """

    name: str
    kind: str
    used_by: tuple[str, ...]
    health: Health
    since: datetime | None
    failures: int
    next_probe: datetime | None
    limits: str
    paused_until: datetime | None
    held: int
    places: int


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something that stops working at a moment, unless somebody sees to it."""

    what: str
    of: str
    ends_at: datetime
    days: int


@dataclass(frozen=True, slots=True)
class Connections:
    """Everything that this installation is connected to."""

    systems: tuple[System, ...]
    sources: tuple[SourceState, ...]
    workers: tuple[WorkerState, ...]
    expiring: tuple[Expiring, ...]
    now: datetime


async def connections(app: App, actor: Actor) -> Connections:
    """Returns the systems that are known; those of loaded deployments are named with who uses them."""
    actor.need("read")
    queries = ConnectionQueries(app.database)
    now = await OverviewQueries(app.database).now()
    limits = {one.system: one for one in await queries.limits()}
    breakers = {one.dependency: one for one in await app.breakers.all()}
    declared = dict(_declared(app))
    names = sorted({*declared, *breakers, *limits})
    return Connections(
        systems=tuple(_system(name, declared.get(name), breakers.get(name), limits.get(name), now) for name in names),
        sources=tuple(await queries.sources()),
        workers=tuple(await queries.workers()),
        expiring=tuple(sorted(await _expiring(app, actor, now), key=lambda one: one.ends_at)),
        now=now,
    )


def _declared(app: App) -> Iterator[tuple[str, tuple[str, tuple[str, ...], str]]]:
    """Yields each declared system by the name that its breaker has: its kind, who uses it, and its limits in words."""
    found: dict[str, tuple[str, list[str], str]] = {}
    for name, loaded in sorted(app.loaded.items()):
        for system, connected in loaded.systems.items():
            spec = connected.connector.spec
            bounds = [
                *([f"{spec.limits.rate:g}/s"] if spec.limits.rate is not None else []),
                *([f"{spec.limits.concurrency} at once"] if spec.limits.concurrency is not None else []),
            ]
            found.setdefault(system, (str(spec.kind), [], ", ".join(bounds)))[1].append(name)
        for model in loaded.deployment.models:
            found.setdefault(f"model:{model}", ("model", [], ""))[1].append(name)
    for system, (kind, users, limits) in found.items():
        yield system, (kind, tuple(users), limits)


def _system(
    name: str,
    declared: tuple[str, tuple[str, ...], str] | None,
    breaker: Known | None,
    limit: LimitState | None,
    now: datetime,
) -> System:
    kind, users, bounds = declared or ("", (), "")
    row = None if breaker is None else breaker.row
    paused = None if limit is None or limit.paused_until is None or limit.paused_until <= now else limit.paused_until
    return System(
        name=name,
        kind=kind,
        used_by=users,
        health="never used" if row is None and limit is None else "answers" if row is None else _HEALTH[row.phase],
        since=None if row is None else datetime.fromtimestamp(row.since_s, UTC),
        failures=0 if row is None else row.failures,
        next_probe=None if row is None or row.phase == "closed" else datetime.fromtimestamp(row.probe_s, UTC),
        limits=bounds,
        paused_until=paused,
        held=0 if limit is None else limit.held,
        places=0 if limit is None else limit.places,
    )


async def _expiring(app: App, actor: Actor, now: datetime) -> Sequence[Expiring]:
    """Returns what ends within ``SOON``: tokens of the API, for an admin, and the console's own certificate."""
    found = []
    if actor.may("admin"):
        for label, of, ends_at in await ConnectionQueries(app.database).tokens(SOON):
            found.append(Expiring(f"token {label}", of, ends_at, (ends_at - now).days))
    certificate = app.settings.tls_cert
    if certificate is not None and certificate.is_file():
        ends_at = min(one.not_valid_after_utc for one in load_pem_x509_certificates(certificate.read_bytes()))
        if ends_at - now <= SOON:
            found.append(Expiring("certificate of the console", certificate.name, ends_at, (ends_at - now).days))
    return found
