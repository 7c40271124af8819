"""The composition root: the only place that joins adapters to the core."""

from __future__ import annotations

import hashlib
import importlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from bridgehead.cases import modelling
from bridgehead.cases.agents import Agent, as_agent
from bridgehead.cases.allowing import Allowances
from bridgehead.cases.checking import OutcomeCheck, models_of, name_of
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.segment import Bench
from bridgehead.cases.tools import DECLARED, SYSTEMS, BoundTool, Check
from bridgehead.cases.undoing import Undoing
from bridgehead.engine.queue import ProcrastinateDispatch
from bridgehead.engine.told import Told
from bridgehead.engine.worker import Served, Worker
from bridgehead.errors import BridgeheadError, UserError
from bridgehead.gate.decide import Gate
from bridgehead.ledger.master import find_master, make_master, missing_master
from bridgehead.ledger.vault import Vault
from bridgehead.resilience.dependency import Dependencies
from bridgehead.resilience.ports import Bounds, Limits, LimitStore
from bridgehead.reviews.terms import terms_of
from bridgehead.settings import Settings
from bridgehead.spec.deployment import Deployment, Level
from bridgehead.spec.load import load
from bridgehead.spec.place import misfit
from bridgehead.spec.problem import nearest
from bridgehead.spec.release import Release, code_digest, release_digest
from bridgehead.storage.adoptions import Adoptions
from bridgehead.storage.allowances import AllowanceRows
from bridgehead.storage.arrivals import Arrivals
from bridgehead.storage.breakers import BreakerRows
from bridgehead.storage.cases import Cases
from bridgehead.storage.controls import Controls
from bridgehead.storage.crosswalks import CrosswalkTables
from bridgehead.storage.cursors import Cursors
from bridgehead.storage.database import Database, url_of
from bridgehead.storage.grants import Grants
from bridgehead.storage.levels import Levels
from bridgehead.storage.migrate import migrate
from bridgehead.storage.notifications import Notifications
from bridgehead.storage.reviews import Reviews
from bridgehead.storage.reviews_people import Delegations
from bridgehead.storage.reviews_terms import RoleTerms
from bridgehead.storage.revisions import RevisionRows
from bridgehead.storage.sealing import check_key, has_keys
from bridgehead.storage.turns import Turns
from bridgehead.storage.undoing import Undos
from bridgehead.storage.users import Users
from bridgehead.storage.workers import Lease, Workers

if TYPE_CHECKING:
    from bridgehead.channels.office import Office
    from bridgehead.channels.opening import Means
    from bridgehead.channels.ports import MailServer
    from bridgehead.connectors.toolset import Connected
    from bridgehead.models.declared import DeclaredModels
    from bridgehead.storage.limits import SharedLimits

DEFAULT_READER = "bridgehead.cases.intake:plain_reader"


@dataclass(frozen=True, slots=True)
class LoadedDeployment:
    """A deployment with its code: agent, tools, gate and release, ready to be served."""

    deployment: Deployment
    agent: Agent
    tools: Mapping[str, BoundTool]
    gate: Gate
    release: Release
    systems: Mapping[str, Connected] = field(default_factory=dict)
    """Its connectors by name."""
    outcome: OutcomeCheck | None = None


def load_deployment(path: Path) -> LoadedDeployment:
    """Loads ``bridgehead.yaml`` and the code it names; nothing is started and no database is touched.

    Raises UserError for anything that does not fit together, naming the nearest right word.
    """
    deployment = load(path)
    systems = _systems(deployment)
    if deployment.egress is not None:
        from bridgehead.connectors.reach import check_egress

        check_egress(deployment, systems)
        if deployment.channels:
            from bridgehead.channels.reach import check_channels

            check_channels(deployment, means(deployment).reveal)
    if any(intake.kind != "folder" for intake in deployment.intake):
        from bridgehead.connectors.source_checks import check_sources

        check_sources(deployment, systems)
    listed = SYSTEMS.set(systems)
    try:
        agent = as_agent(_object(deployment, deployment.agent, "agent"), deployment.agent)
        if deployment.reader is not None:
            _object(deployment, deployment.reader, "reader")
        outcome = _outcome(deployment)
    finally:
        SYSTEMS.reset(listed)
    tools = _tools(deployment, agent, systems)
    judges = _judges(deployment, [bound.check for bound in tools.values()], outcome)
    modelling.check(deployment, agent, judges)
    descriptors = {name: bound.tool for name, bound in tools.items()}
    gate = Gate(deployment, descriptors)
    release = release_digest(
        deployment,
        descriptors,
        code=code_digest(deployment.folder, without=deployment.intake_folders),
        prompts=agent.prompts,
        models={**{name: model.name for name, model in deployment.models.items()}, **agent.models},
        connectors={name: _digest(system) for name, system in systems.items()},
    )
    return LoadedDeployment(deployment, agent, tools, gate, release, systems, outcome)


def _outcome(deployment: Deployment) -> OutcomeCheck | None:
    """Returns what checks the outcomes of a deployment; raises UserError where it is no function."""
    spec = deployment.outcome
    if spec is None:
        return None
    named = {"outcome.check": spec.check, **({} if spec.repair is None else {"outcome.repair": spec.repair})}
    found = [_object(deployment, name, where) for where, name in named.items()]
    for (where, name), one in zip(named.items(), found, strict=True):
        if not callable(one):
            raise misfit(
                deployment,
                where.split("."),
                "a function, as a check is one",
                code="check.import",
                found=f"{name!r}, which is a {type(one).__name__}",
                hint="Write it as def check(*, args, result), and name it as module:object.",
            )
    check, *repairs = found
    return OutcomeCheck(cast("Check", check), cast("Check", repairs[0]) if repairs else None)


def _judges(deployment: Deployment, checks: Iterable[Check | None], outcome: OutcomeCheck | None) -> set[str]:
    """Returns the models that checks ask; raises UserError for one that the deployment does not declare."""
    asked = [(check, name, ["models"]) for check in checks if check is not None for name in models_of(check)]
    if outcome is not None:
        asked += [(outcome.check, name, ["outcome", "check"]) for name in models_of(outcome.check)]
    for check, name, path in asked:
        if name not in deployment.models:
            raise misfit(
                deployment,
                path,
                f"a model {name!r} under models, because the check {name_of(check)!r} asks the model {name!r}",
                code="check.model",
                found="none of that name",
                hint=nearest(name, list(deployment.models))
                or f'Declare it: models: {{{name}: {{url: "env:MODEL_URL", name: "env:MODEL_NAME"}}}}.',
            )
    return {name for _, name, _ in asked}


def _systems(deployment: Deployment) -> dict[str, Connected]:
    """Returns the connectors that a deployment lists, by their own names; raises UserError when two share one."""
    systems: dict[str, Connected] = {}
    if not deployment.connect:
        return systems  # loads nothing of the connectors' room
    from bridgehead.connectors.opening import connect

    for file in deployment.connect:
        found = connect((deployment.folder / file).resolve())
        name = found.connector.name
        if name in systems:
            raise UserError(
                f"{systems[name].path.name} and {found.path.name} both call themselves {name!r}",
                code="connector.ambiguous",
                hint="Give each connector a name of its own in its first line.",
            )
        systems[name] = found
    return systems


def _digest(system: Connected) -> str:
    """Returns the SHA-256 of what a connector's file says, but for how the system sends us work."""
    said = system.connector.spec.model_dump_json(exclude={"intake"})
    return hashlib.sha256(said.encode()).hexdigest()


def _object(deployment: Deployment, name: str, where: str) -> object:
    """Returns what ``module:object`` names at a field; the module is looked for in the deployment's folder first."""
    module, _, attribute = name.partition(":")
    found = _module(deployment, name, module, where)
    value: object = found
    for part in attribute.split("."):
        value = getattr(value, part, None)
    if value is None:
        guess = nearest(attribute, [word for word in vars(found) if not word.startswith("_")])
        text = f"{name!r}: {module} has no {attribute!r}"
        raise _not_loaded(deployment, where, text, guess or "Write it as module:object.")
    return value


def _module(deployment: Deployment, name: str, module: str, where: str) -> ModuleType:
    folder = deployment.folder
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            hint = "Install it into the environment that runs Bridgehead."
            text = f"{name!r} imports {error.name!r}, which is not installed"
            raise _not_loaded(deployment, where, text, hint) from error
        here = [file.stem for file in folder.glob("*.py")]
        hint = f"It is looked for in {folder} and in the environment; {nearest(module, here) or 'no .py is there'}"
        raise _not_loaded(deployment, where, f"{name!r}: there is no module {module!r}", hint) from error
    except BridgeheadError:
        raise
    except Exception as error:  # the boundary to a deployment's code: importing it may raise anything
        text = f"{name!r} cannot be imported: {type(error).__name__}: {error} ({_where(error)})"
        hint = f"Correct the code, and try it alone: python -c 'import {module}'"
        raise _not_loaded(deployment, where, text, hint) from error
    own, loaded = folder.resolve() / Path(*module.split(".")).with_suffix(".py"), getattr(found, "__file__", None)
    if own.is_file() and (loaded is None or Path(loaded).resolve() != own):
        raise _not_loaded(
            deployment,
            where,
            f"{name!r}: another module {module!r} is loaded already, from {loaded or 'elsewhere'}",
            "Two deployments in one process need modules of different names: rename one, or start a worker for each.",
        )
    return found


def _not_loaded(deployment: Deployment, where: str, text: str, hint: str) -> UserError:
    return misfit(
        deployment,
        where.split("."),
        "module:object that can be loaded",
        code="agent.import" if where == "agent" else "reader.import" if where == "reader" else "check.import",
        found=text,
        hint=hint,
    )


def _where(error: BaseException) -> str:
    """Returns file and line where the code of a deployment raised, the innermost frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown place" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _tools(deployment: Deployment, agent: Agent, systems: Mapping[str, Connected]) -> dict[str, BoundTool]:
    """Returns the tools of a deployment: its agent's, its connectors' and declared ones of the rules' names."""
    tools: dict[str, BoundTool] = dict(agent.tools)
    connected: dict[str, list[tuple[str, BoundTool]]] = {}
    for system in systems.values():
        for name, bound in system.bound.items():
            connected.setdefault(name, []).append((system.connector.name, bound))
    for name, rule in deployment.tools.items():
        if name in tools:
            continue
        declared = DECLARED.get(name, ())
        offered = connected.get(name, [])
        rivals = _rivals(declared, deployment.folder)
        if len(offered) > 1 or (offered and rivals):
            owners = [owner for owner, _ in offered] + rivals
            raise UserError(
                f"bridgehead.yaml:{rule.line} has a rule for {name!r}, and {' and '.join(owners)} each declare one",
                code="tool.ambiguous",
                hint="Give the tools different names.",
            )
        if offered:
            tools[name] = offered[0][1]
            continue
        if not declared:
            known = [*tools, *connected, *DECLARED]
            guess = nearest(name, known)
            raise misfit(
                deployment,
                ("tools", name),
                f"a rule for a tool that is declared, and no tool of that name is ({name!r})",
                code="tool.undeclared",
                hint=guess
                or "No tool is declared: decorate a function (@read, @reversible, @irreversible) or connect a system.",
            )
        tools[name] = _meant(name, rule.line, declared, deployment.folder)
    return tools


def _meant(name: str, line: int, declared: Sequence[BoundTool], folder: Path) -> BoundTool:
    """Returns the tool a rule means: one of the deployment's own folder, then one of a package, then any other.

    What another deployment of this process declares in its own folder is not meant where a package has one. A
    process may serve several deployments, so a name alone says too little: reading back or undoing through another
    deployment's tool would ask the wrong system. Within one module the last declaration counts, as a later ``def``
    does.
    """
    by_module = {bound.function.__module__: bound for bound in declared}
    own = {module: bound for module, bound in by_module.items() if _lies_in(module, folder)}
    packaged = {module: bound for module, bound in by_module.items() if "." in module}
    candidates = own or packaged or by_module
    if len(candidates) > 1:
        raise UserError(
            f"bridgehead.yaml:{line} has a rule for {name!r}, and {' and '.join(sorted(candidates))} each declare one",
            code="tool.ambiguous",
            hint="Give the tools different names.",
        )
    return next(iter(candidates.values()))


def _rivals(declared: Sequence[BoundTool], folder: Path) -> list[str]:
    """Returns the modules whose tool a deployment may mean instead of its connector's of the same name.

    Its own code, and packages, which it may import (a template's tools). The code of another deployment
    that this process serves is none: it is a module of its own folder.
    """
    modules = {bound.function.__module__ for bound in declared}
    return sorted(module for module in modules if "." in module or _lies_in(module, folder))


def _lies_in(module: str, folder: Path) -> bool:
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder.resolve())


class App:
    """Bridgehead in one process: settings, database, and everything that is joined to them."""

    def __init__(self, settings: Settings, database: Database, vault: Vault) -> None:
        self.settings = settings
        self.database = database
        self.vault = vault
        self.dispatch = ProcrastinateDispatch(database.pool, database.url)
        self.cases = Cases(database, self.dispatch)
        self.workers = Workers(database, self.dispatch, vault)
        self.arrivals = Arrivals(database, self.dispatch, vault)
        self.cursors = Cursors(database)
        self.reviews = Reviews(database, self.dispatch, vault)
        self.levels = Levels(database, vault)
        self.turns = Turns(database)
        self.crosswalks = CrosswalkTables(database)
        self.breakers = BreakerRows(database)
        self.dependencies = Dependencies(self.breakers, concurrency=settings.concurrency)
        self.controls = Controls(database)
        self.allowances = Allowances(AllowanceRows(database))
        self.undos = Undos(database, vault)
        self.grants = Grants(database, vault)
        self.users = Users(database)
        self.notifications = Notifications(database, vault)
        self.roles = RoleTerms(database)
        self.delegations = Delegations(database)
        self.described: dict[str, Deployment] = {}
        """The deployments that this process has loaded, by name."""
        self.loaded: dict[str, LoadedDeployment] = {}
        """The deployments whose code this process has, by name, as they were registered."""
        self._limits: list[SharedLimits] = []
        self._models: list[DeclaredModels] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: Settings | None = None) -> AsyncIterator[App]:
        """Gives the app over an open, migrated database, and closes it afterwards.

        A key is made for a database that nothing was sealed in yet, and only there: raises
        UserError (``key.missing``) when there is no key for one that has its own.
        """
        settings = settings or Settings()
        master, url = find_master(settings), url_of(settings)
        SECRETS.keep_environment({**os.environ, "": url})
        database = Database(url, size=max(8, settings.concurrency + 4))
        await database.open()
        try:
            await migrate(database, queue_schema=ProcrastinateDispatch(database.pool, database.url).schema)
            if master is None:
                async with database.connection() as conn:
                    if await has_keys(conn):
                        raise missing_master(settings)
                master = make_master(settings)
            app = cls(settings, database, Vault(master))
            try:
                yield app
            finally:
                await app.allowances.close()
                await app.dependencies.aclose()
                for models in app._models:  # this class's own
                    await models.aclose()
                for limits in app._limits:
                    await limits.aclose()
        finally:
            await database.close()

    async def register(self, loaded: LoadedDeployment) -> Level:
        """Registers the release and returns the deployment's level; a new deployment starts where its file says."""
        self.described[loaded.deployment.name] = loaded.deployment
        await self.roles.put(loaded.deployment.name, terms_of(loaded.deployment))
        self.loaded[loaded.deployment.name] = loaded
        return await self.levels.register(
            loaded.deployment.name,
            loaded.release.digest,
            loaded.release.manifest,
            start=loaded.deployment.autonomy.level,
        )

    async def serve(self, loaded: LoadedDeployment, *, actor: str | None = None) -> Served:
        """Registers a deployment and returns it as a worker serves it.

        Raises Unreadable when the database belongs to another master key.
        """
        async with self.database.connection() as conn:
            await check_key(conn, self.vault)
        await self.register(loaded)
        self._share(loaded.systems.values())
        deployment = loaded.deployment
        level: Callable[[], Awaitable[Level | None]] = partial(self.levels.level, deployment.name)
        return Served(
            deployment=deployment,
            release=loaded.release.digest,
            agent=loaded.agent,
            bench=Bench(
                deployment=deployment,
                store=Told(self.cases),
                gate=loaded.gate,
                tools=loaded.tools,
                hmac=self.vault.hmac,
                actor=actor or f"worker:{_name()}",
                send_s=self.settings.send_s,
                systems=loaded.systems,
                crosswalks=self.crosswalks,
                revisions=RevisionRows(self.database),
                stopping=self.controls,
                dependencies=self.dependencies,
                answering=modelling.answering(deployment, self.dependencies, self._limit),
                prices=modelling.prices(deployment, loaded.agent),
                outcome=loaded.outcome,
                models=self._asked(deployment),
                allowances=self.allowances,
            ),
            reader=deployment.reader or DEFAULT_READER,
            level=level,
        )

    def _asked(self, deployment: Deployment) -> DeclaredModels | None:
        """Returns the models of a deployment for its checks; loads nothing of their room where it declares none."""
        if not deployment.models:
            return None
        from bridgehead.models.declared import DeclaredModels

        models = DeclaredModels(deployment.models, max_bytes=self.settings.max_answer_mb * 2**20)
        self._models.append(models)
        return models

    def _undoing_of(self, served: Served) -> Undoing:
        bench = served.bench
        return Undoing(
            store=self.undos,
            deployment=served.deployment,
            gate=bench.gate,
            tools=bench.tools,
            systems=bench.systems,
            stopping=self.controls,
            actor=bench.actor,
            send_s=bench.send_s,
        )

    def undoing(self, loaded: LoadedDeployment) -> Undoing:
        """Returns what undoes the effects of a deployment with this code; nothing is registered."""
        self._share(loaded.systems.values())
        return Undoing(
            store=self.undos,
            deployment=loaded.deployment,
            gate=loaded.gate,
            tools=loaded.tools,
            systems=loaded.systems,
            stopping=self.controls,
            actor=f"undo:{_name()}",
            send_s=self.settings.send_s,
        )

    def _share(self, systems: Iterable[Connected]) -> None:
        """Counts what connectors send by this database, over all its workers."""
        if not systems:
            return
        from bridgehead.connectors.sharing import bounds_of
        from bridgehead.storage.limits import SharedLimits

        for system in systems:
            found = system.connector
            if found.spec.limits.concurrency is not None:
                self.dependencies.places[found.name] = found.spec.limits.concurrency
            if found.limits is not None:
                shared = SharedLimits(self.database, found.name, bounds_of(found.spec.limits))
                self._limits.append(shared)
                found.limits.use(shared)

    def _limit(self, system: str, bounds: Bounds) -> tuple[Limits, LimitStore]:
        """Returns the limits of a model, counted by this database over all its workers, and what counts them."""
        from bridgehead.storage.limits import LimitRows, SharedLimits

        shared = SharedLimits(self.database, system, bounds)
        self._limits.append(shared)
        return shared, LimitRows(self.database, system)

    def office(self, deployments: Sequence[Deployment]) -> Office:
        """Returns what tells the people of these deployments of their work."""
        from bridgehead.channels.office import Office
        from bridgehead.channels.opening import open_channel
        from bridgehead.connectors.references import setting

        return Office(
            self.notifications,
            deployments,
            open_channel=lambda spec, deployment: open_channel(spec, deployment, means(deployment)),
            setting=lambda deployment, text: setting(text, folder=deployment.folder),
            poll_s=min(1.0, self.settings.sweep_s),
        )

    def worker(self, served: Sequence[Served]) -> Worker:
        """Returns a worker over the deployments; ``run`` it."""
        return Worker(
            served=served,
            workers=self.workers,
            arrivals=self.arrivals,
            dispatch=self.dispatch,
            register=partial(Lease, self.database.url, name=_name(), pid=os.getpid(), lease_s=self.settings.lease_s),
            settings=self.settings,
            adoptions=Adoptions(self.database, self.vault),
            beside=[
                self.controls.watch,
                *(self._undoing_of(one).watch for one in served),
                self.office([one.deployment for one in served]).watch,
            ],
        )


def means(deployment: Deployment) -> Means:
    """Returns what the channels of a deployment are made with: secrets by reference, and a way to hand in a mail."""
    from bridgehead.channels.opening import Means
    from bridgehead.connectors.references import Secret
    from bridgehead.spec.forms import REFERENCES

    def reveal(text: str) -> str:
        if not text.startswith(REFERENCES):
            return text
        return SECRETS.keep(Secret.of(text, deployment.folder).reveal())

    return Means(reveal, _hand_in)


def _hand_in(server: MailServer, password: str, sender: str, recipient: str, content: bytes) -> None:
    from bridgehead.connectors.mail_handing import hand_in

    hand_in(
        server.host,
        server.port,
        tls=server.tls,
        starttls=server.starttls,
        user=server.user,
        password=password,
        sender=sender,
        recipient=recipient,
        content=content,
        timeout_s=server.timeout_s,
    )


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
