"""Cases and arrivals for people: found, looked at, explained, verified, and handed in.

Whoever may not see documents sees how a case goes and nothing of what it holds: no input, no argument, no result, no
word that a person wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from bridgehead.auth.actor import Actor
from bridgehead.desk import paging
from bridgehead.desk.paging import MOST, Page, keys_of
from bridgehead.errors import ERROR_CLASSES, UserError
from bridgehead.ids import parse, show
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries import Queries
from bridgehead.storage.queries_case_view import (
    ArrivalLine,
    ArrivalView,
    CaseLine,
    CaseView,
    ChainStatus,
    DecisionView,
    StepView,
)
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.storage.queries_letters import lettered
from bridgehead.storage.queries_names import deployments
from bridgehead.storage.queries_search import CaseFilters, CasePlace, SearchQueries

if TYPE_CHECKING:
    from bridgehead.app import App

CaseState = Literal["due", "running", "waiting", "with_person", "done"]
Outcome = Literal["completed", "settled_by_person", "would_hand_over", "not_comparable"]
ArrivalState = Literal["stored", "read", "no_case", "review", "settled"]

HIDDEN: Final = "It takes the right to see documents to see this."
NAMELESS: Final = "a document"
"""Stands for a document's name, which may be a mail's subject, for who may not see documents."""


@dataclass(frozen=True, slots=True)
class Original:
    """A document as it came."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Submitted:
    """A document that is safe. ``known``: it was there before, under this name and with this content."""

    arrival: str
    deployment: str
    name: str
    known: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of a case on a common time line, in milliseconds since the case was opened.

    ``tries`` are attempts before it that failed, each with its own moment; ``waited_ms`` is how long nothing of the
    case ran before it, as while a person decides or a timer runs.
    """

    seq: int
    kind: str
    name: str
    branch: str
    ok: bool
    starts_ms: float
    lasts_ms: float
    waited_ms: float
    tries: tuple[Mapping[str, JSON], ...]
    effect: str | None


async def search(
    app: App, actor: Actor, wanted: CaseFilters, *, cursor: str | None = None, limit: int = 50
) -> Page[CaseLine]:
    """Returns a page of cases, newest first.

    To look for a key or a customer needs the right to see documents: whoever may not see them would guess, word by
    word, whose a case is. Raises UserError for an unknown deployment or error class, a range that is none, a wrong
    cursor or limit.
    """
    actor.need("read")
    if wanted.key is not None or wanted.customer is not None:
        actor.need("read.documents")
    await _check_deployment(app, wanted.deployment)
    if wanted.error_class is not None and wanted.error_class not in ERROR_CLASSES:
        raise UserError(
            f"there is no error class {wanted.error_class!r}",
            code="input.choice",
            hint=nearest(wanted.error_class, ERROR_CLASSES),
        )
    low, high = wanted.amount_from, wanted.amount_to
    if (low is not None and high is not None and low > high) or (
        wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until
    ):
        raise UserError("the range ends before it begins", code="input.range", hint="Give the smaller end first.")
    queries = SearchQueries(app.database, app.vault)
    bound = place_of(cursor)
    lines = await queries.cases(wanted, after=bound, limit=checked(limit) + 1)
    if not actor.may("read.documents"):
        lines = [nameless(one) for one in lines]
    return Page(lines) if len(lines) <= limit else Page(lines[:limit], cursor_of(lines[limit - 1]))


async def case(app: App, actor: Actor, number: int) -> CaseView:
    """Returns everything recorded about one case; raises UserError (``case.unknown``) where there is none.

    Without the right to see documents nothing of their content is in it.
    """
    actor.need("read")
    view = await CaseQueries(app.database, app.vault).case(number)
    return view if actor.may("read.documents") else without_documents(view)


async def chain(app: App, actor: Actor, number: int) -> ChainStatus:
    """Returns whether the record of a case is whole and the tables are as it says."""
    actor.need("audit")
    return (await CaseQueries(app.database, app.vault).case(number)).chain


async def arrivals(
    app: App,
    actor: Actor,
    *,
    deployment: str | None = None,
    state: ArrivalState | None = None,
    find: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ArrivalLine]:
    """Returns a page of what came in, newest first.

    ``find`` narrows it to documents that opened no case, by words of their name, a mail's sender or its subject, all
    of which they have to have; it needs the right to see documents.
    """
    actor.need("read")
    if find is not None:
        actor.need("read.documents")
    await _check_deployment(app, deployment)
    lines = await SearchQueries(app.database, app.vault).arrivals(
        deployment=deployment, state=state, find=find, after=number_of(cursor), limit=checked(limit) + 1
    )
    shown: Sequence[ArrivalLine] = [replace(one, name=NAMELESS) for one in lines[:limit]]
    if actor.may("read.documents"):
        shown = await lettered(app.database, app.vault, lines[:limit])
    return Page(shown) if len(lines) <= limit else Page(shown, paging.cursor(parse("A", lines[limit - 1].id)))


async def arrival(app: App, actor: Actor, number: int) -> ArrivalView:
    """Returns one arrival; raises UserError (``arrival.unknown``) where there is none."""
    actor.need("read")
    view = await CaseQueries(app.database, app.vault).arrival(number)
    if actor.may("read.documents"):
        (line,) = await lettered(app.database, app.vault, [view.arrival])
        return replace(view, arrival=line)
    hidden = tuple(replace(one, shown=None, answer=None, unreadable=HIDDEN) for one in view.reviews)
    return replace(view, arrival=replace(view.arrival, name=NAMELESS), reviews=hidden)


async def original(app: App, actor: Actor, number: int) -> Original:
    """Returns a document as it came; raises UserError where there is none, or its key was erased."""
    actor.need("read.documents")
    name, content = await Queries(app.database, app.vault).original(number)
    return Original(name, content)


async def submit(
    app: App, actor: Actor, deployment: str, name: str, document: bytes, *, on_behalf: bool = False
) -> Submitted:
    """Stores a document durably and returns its arrival; the same name and content again are the same arrival.

    ``on_behalf``: its cases act for the actor, with their rights, checked at each call; otherwise with the
    deployment's own. Raises UserError for an unknown deployment, an empty or too large document, and for somebody
    whom nothing may be done for.
    """
    from bridgehead.gate.grants import Principal, held

    actor.need("submit")
    await _check_deployment(app, deployment)
    called = " ".join(name.replace("\0", " ").split())[:200]
    if not called:
        raise UserError("the document has no name", code="document.name", hint="Say what it is called: ?name=order.eml")
    if not document:
        raise UserError(f"{called}: is empty", code="document.empty")
    if len(document) > app.settings.max_document_mb * 2**20:
        raise UserError(
            f"{called}: is larger than {app.settings.max_document_mb} MiB",
            code="document.too_large",
            hint="BRIDGEHEAD_MAX_DOCUMENT_MB sets the limit.",
        )
    who: Principal | None = None
    if on_behalf:
        loaded = app.loaded.get(deployment)
        subject = actor.name if actor.issuer is None else actor.name.removesuffix(f" of {actor.issuer}")
        who = Principal(subject, actor.groups, issuer=actor.issuer or "")
        if loaded is None or not held(loaded.deployment.rights, who.subject, who.groups):
            raise UserError(
                f"{actor.name} has no right in {deployment}",
                code="grant.rights",
                hint="Rights are declared under `rights` in bridgehead.yaml; the server must serve the deployment.",
            )
    stored = await app.arrivals.store(
        deployment, source="api", source_id=called, document=document, name=called, actor=actor.person, principal=who
    )
    return Submitted(show("A", stored.id), deployment, called, stored.again)


def waterfall(view: CaseView) -> Sequence[Bar]:
    """Returns the steps of a case on one time line, in the order in which they were recorded."""
    start = view.case.opened_at
    bars: list[Bar] = []
    ends_ms = 0.0
    for step in view.steps:
        starts_ms = max(0.0, (step.started_at - start).total_seconds() * 1000)
        tries = step.tries if isinstance(step.tries, list) else []
        bars.append(
            Bar(
                step.seq,
                step.kind,
                step.name,
                step.branch,
                step.ok,
                round(starts_ms, 3),
                step.duration_ms,
                round(max(0.0, starts_ms - ends_ms), 3),
                tuple(one for one in tries if isinstance(one, Mapping)),
                step.effect,
            )
        )
        ends_ms = max(ends_ms, starts_ms + step.duration_ms)
    return bars


def without_documents(view: CaseView) -> CaseView:
    """Returns a case without anything that came from a document, a system or a person's pen."""
    return replace(
        view,
        case=nameless(view.case),
        input=None,
        text=None,
        outcome=None,
        unreadable=HIDDEN,
        arrivals=tuple(replace(one, name=NAMELESS) for one in view.arrivals),
        steps=tuple(map(_bare_step, view.steps)),
        decisions=tuple(map(_bare_decision, view.decisions)),
        effects=tuple(replace(one, args=None, result=None, unreadable=HIDDEN) for one in view.effects),
        reviews=tuple(replace(one, shown=None, answer=None, unreadable=HIDDEN) for one in view.reviews),
        events=(),
    )


def nameless(line: CaseLine) -> CaseLine:
    """Returns a case in a list without whom it is about."""
    return replace(line, customer=None, number=None)


def _bare_step(step: StepView) -> StepView:
    return replace(step, args=None, result=None, error=None, sources=None, tries=None, unreadable=HIDDEN)


def _bare_decision(decision: DecisionView) -> DecisionView:
    """Returns a decision with the names of its policies and without the values that they were about."""
    reasons = decision.reasons if isinstance(decision.reasons, list) else []
    names: list[JSON] = [{"policy_id": one.get("policy_id")} for one in reasons if isinstance(one, Mapping)]
    return replace(decision, reasons=names, view=None, unreadable=HIDDEN)


def checked(limit: int) -> int:
    """Returns a page's length; raises UserError (``input.limit``) for one that no page has."""
    if not 1 <= limit <= MOST:
        raise UserError(
            f"a page has 1 to {MOST} lines, not {limit}", code="input.limit", hint="Go on with `next` of the page."
        )
    return limit


def cursor_of(line: CaseLine) -> str:
    """Returns the cursor of a list of cases that goes on below a line."""
    return paging.cursor(parse("C", line.id), line.opened_at.isoformat())


def place_of(text: str | None) -> CasePlace | None:
    """Returns where a list of cases goes on; raises UserError (``input.cursor``) for a cursor of another list."""
    keys = keys_of(text, 2)
    if keys is None:
        return None
    number, moment = keys
    try:
        at = datetime.fromisoformat(str(moment))
    except ValueError:
        at = None
    if not isinstance(number, int) or not 0 <= number < 2**63 or at is None or at.tzinfo is None:
        raise wrong_cursor()
    return CasePlace(number, at)


def number_of(text: str | None) -> int | None:
    """Returns the number in a cursor of a list that goes by numbers."""
    keys = keys_of(text, 1)
    if keys is None:
        return None
    if not isinstance(keys[0], int) or not 0 <= keys[0] < 2**63:
        raise wrong_cursor()
    return keys[0]


def wrong_cursor() -> UserError:
    """Returns the error for a cursor that another list gave."""
    return UserError(
        "this is the cursor of another list", code="input.cursor", hint="Take `next` of the page before as it is."
    )


async def _check_deployment(app: App, name: str | None) -> None:
    if name is None or name in app.loaded:
        return
    known = await deployments(app.database, name)
    if name not in known:
        raise UserError(
            f"there is no deployment {name!r} in this database",
            code="input.deployment",
            hint=nearest(name, known) or "Nothing was submitted or served yet.",
        )
