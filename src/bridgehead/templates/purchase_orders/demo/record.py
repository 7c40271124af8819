"""What our own record says of a run: every arrival, what became of it, and every booking that was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from bridgehead.ids import ReviewId, parse
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries import LARGEST_PAGE, Queries
from bridgehead.storage.queries_case_view import ArrivalLine, CaseReview, CaseView
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.templates.purchase_orders.erp.wire import Booking

if TYPE_CHECKING:
    from bridgehead.app import App

_BOOKING: Final = TypeAdapter(Booking)
DOUBTS: Final = frozenset({"reading", "contradiction", "instruction", "totals", "unreadable"})
"""Causes that are about a document as a whole: whoever has such a case has everything in the document."""

_IN_QUESTION: Final = frozenset({"intended", "unknown"})


@dataclass(frozen=True, slots=True)
class Work:
    """Work for a person: whose it is, and the one word for why."""

    role: str
    cause: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A booking that was sent. ``order_number`` is None while nobody knows whether it happened.

    ``attempts`` counts how often it was sent; ``read_back`` says that its answer was lost and it was found.
    """

    case: str
    booking: Booking
    tool: str
    order_number: str | None
    attempts: int = 1
    read_back: bool = False


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case of an arrival. ``relation``: opened, resend or revision; ``work`` is None when no person has it."""

    id: str
    relation: str
    level: str
    po_number: str
    finished: bool
    output: Mapping[str, JSON]
    order_number: str | None
    work: Work | None
    decided_at: datetime | None

    @property
    def with_person(self) -> bool:
        """Whether a person has it."""
        return self.work is not None


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """One arrival with its cases; ``work`` are reviews of the document itself."""

    id: str
    name: str
    state: str
    received_at: datetime
    settled_at: datetime | None
    cases: tuple[CaseRecord, ...]
    work: tuple[Work, ...]

    @property
    def document_work(self) -> Work | None:
        """The work of a person who has the whole document before them, with every order in it."""
        doubts = [case.work for case in self.cases if case.work is not None and case.work.cause in DOUBTS]
        return next(iter([*self.work, *doubts]), None)

    @property
    def settled(self) -> bool:
        """Whether it was read and each of its cases is done or with a person."""
        return self.settled_at is not None and all(case.finished or case.with_person for case in self.cases)


@dataclass(frozen=True, slots=True)
class Record:
    """The whole run, arrivals by the name of their document."""

    arrivals: Mapping[str, ArrivalRecord]
    decisions: tuple[Decision, ...]


async def read_record(app: App, deployment: str) -> Record:
    """Returns everything recorded about a deployment's arrivals."""
    queries, cases = Queries(app.database, app.vault), CaseQueries(app.database, app.vault)
    views: dict[str, CaseView] = {}
    arrivals: dict[str, ArrivalRecord] = {}
    for line in await _lines(queries, deployment):
        for case in line.cases:
            if case not in views:
                views[case] = await cases.case(parse("C", case))
        work = [await _document_work(app, review) for review in line.reviews]
        arrivals[line.name] = ArrivalRecord(
            id=line.id,
            name=line.name,
            state=line.state,
            received_at=line.received_at,
            settled_at=line.settled_at,
            cases=tuple(_case(views[case], line.id) for case in line.cases),
            work=tuple(work),
        )
    return Record(arrivals, tuple(decision for view in views.values() for decision in _decisions(view)))


async def _lines(queries: Queries, deployment: str) -> Sequence[ArrivalLine]:
    found: list[ArrivalLine] = []
    after: int | None = None
    while page := await queries.arrivals(deployment=deployment, after=after, limit=LARGEST_PAGE):
        found += page
        after = parse("A", page[-1].id)
    return found


async def _document_work(app: App, number: str) -> Work:
    review, _ = await app.reviews.find(ReviewId(parse("R", number)))
    return Work(review.role, str(review.shown.get("cause", "unreadable")))


def _case(view: CaseView, arrival: str) -> CaseRecord:
    line = view.case
    outcome = view.outcome if isinstance(view.outcome, dict) else {}
    output = outcome.get("output")
    answered = output if isinstance(output, dict) else {}
    number = answered.get("order_number")
    given = view.input if isinstance(view.input, dict) else {}
    waiting = [review for review in view.reviews if review.state == "open"]
    decided = line.closed_at or min((review.opened_at for review in waiting), default=None)
    return CaseRecord(
        id=line.id,
        relation=next(one.relation for one in view.arrivals if one.id == arrival),
        level=line.level,
        po_number=str(given.get("po_number", "")),
        finished=line.state == "done",
        output=answered,
        order_number=number if isinstance(number, str) else None,
        work=_work(waiting[0]) if waiting else None,
        decided_at=decided,
    )


def _work(review: CaseReview) -> Work:
    shown = review.shown if isinstance(review.shown, dict) else {}
    cause = shown.get("cause")
    if review.kind == "approval":
        return Work(review.role, "order_limit")
    if isinstance(cause, str) and cause:
        return Work(review.role, cause)
    return Work(review.role, review.kind if review.kind != "exception" else review.error_class or "exception")


def _decisions(view: CaseView) -> list[Decision]:
    """Returns the bookings of a case that were sent, or may have been. Shadow sends none."""
    found = []
    for effect in view.effects:
        if effect.state != "committed" and effect.state not in _IN_QUESTION:
            continue
        args = effect.args if isinstance(effect.args, dict) else {}
        settled = effect.result if isinstance(effect.result, dict) else {}
        answer = settled.get("result")
        number = answer.get("order_number") if isinstance(answer, dict) else None
        committed = effect.state == "committed"
        found.append(
            Decision(
                case=view.case.id,
                booking=_BOOKING.validate_python(args.get("order")),
                tool=effect.tool,
                order_number=str(number) if committed else None,
                attempts=effect.attempt,
                read_back=committed and "settled_by" in settled,
            )
        )
    return found
