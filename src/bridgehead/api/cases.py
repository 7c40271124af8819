"""Cases and arrivals over HTTP."""

from __future__ import annotations

from typing import Final

from bridgehead.api.declared import Answer, Call, Raw, Route
from bridgehead.api.models import (
    ArrivalOut,
    ArrivalsOut,
    ArrivalsQuery,
    CaseOut,
    CasesOut,
    CasesQuery,
    ChainOut,
    ExplainOut,
    SubmitQuery,
    SubmittedOut,
)
from bridgehead.desk import cases as desk
from bridgehead.desk.explaining import explain
from bridgehead.storage.queries_search import CaseFilters


async def search(call: Call) -> CasesOut:
    """Lists cases."""
    asked = call.query(CasesQuery)
    wanted = CaseFilters(**asked.model_dump(exclude={"cursor", "limit"}))
    return CasesOut.model_validate(
        await desk.search(call.app, call.actor, wanted, cursor=asked.cursor, limit=asked.limit)
    )


async def case(call: Call) -> CaseOut:
    """Shows one case."""
    return CaseOut.model_validate(await desk.case(call.app, call.actor, call.number("case")))


async def explained(call: Call) -> ExplainOut:
    """Explains one case."""
    return ExplainOut.model_validate(await explain(call.app, call.actor, call.path["case"], call.teller))


async def chain(call: Call) -> ChainOut:
    """Verifies the record of one case."""
    return ChainOut.model_validate(await desk.chain(call.app, call.actor, call.number("case")))


async def arrivals(call: Call) -> ArrivalsOut:
    """Lists arrivals."""
    asked = call.query(ArrivalsQuery)
    return ArrivalsOut.model_validate(
        await desk.arrivals(
            call.app,
            call.actor,
            deployment=asked.deployment,
            state=asked.state,
            find=asked.find,
            cursor=asked.cursor,
            limit=asked.limit,
        )
    )


async def arrival(call: Call) -> ArrivalOut:
    """Shows one arrival."""
    return ArrivalOut.model_validate(await desk.arrival(call.app, call.actor, call.number("arrival")))


async def original(call: Call) -> Raw:
    """Gives the document as it came."""
    found = await desk.original(call.app, call.actor, call.number("arrival"))
    return Raw(found.content, found.name)


async def submit(call: Call) -> Answer:
    """Takes a document in."""
    asked = call.query(SubmitQuery)
    found = await desk.submit(call.app, call.actor, asked.deployment, asked.name, call.raw, on_behalf=asked.on_behalf)
    return Answer(SubmittedOut.model_validate(found), status=200 if found.known else 201)


ROUTES: Final = (
    Route(
        "GET", "/cases", "listCases", "read", "cases",
        "Cases by key, customer, state, error class, amount and time, newest first", search, CasesOut, query=CasesQuery,
    ),
    Route("GET", "/cases/{case}", "getCase", "read", "cases", "One case whole, as of one moment", case, CaseOut),
    Route(
        "GET", "/cases/{case}/explanation", "explainCase", "read.documents", "cases",
        "What happened and why, in sentences", explained, ExplainOut,
    ),
    Route(
        "GET", "/cases/{case}/ledger", "verifyCase", "audit", "ledger",
        "Whether the record of a case is whole, and the tables are as it says", chain, ChainOut,
    ),
    Route(
        "GET", "/arrivals", "listArrivals", "read", "arrivals", "What came in, newest first", arrivals, ArrivalsOut,
        query=ArrivalsQuery,
    ),
    Route("GET", "/arrivals/{arrival}", "getArrival", "read", "arrivals", "One arrival", arrival, ArrivalOut),
    Route(
        "GET", "/arrivals/{arrival}/original", "getOriginal", "read.documents", "arrivals",
        "The document as it came", original, None,
    ),
    Route(
        "POST", "/arrivals", "submitDocument", "submit", "arrivals",
        "Hands a document in: stored durably before it is acknowledged; 200 where it was known already", submit,
        SubmittedOut, query=SubmitQuery, document=True, status=201, also=(200,),
    ),
)  # fmt: skip
