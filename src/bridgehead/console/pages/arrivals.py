"""Arrivals: what came in, what became of it, and the original as a file that no browser opens by itself."""

from __future__ import annotations

from typing import Final, cast, get_args
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import cases as desk
from bridgehead.desk import originals
from bridgehead.errors import UserError
from bridgehead.ids import parse
from bridgehead.storage.queries_names import deployments

STATES: Final = [(one, one.replace("_", " ")) for one in get_args(desk.ArrivalState)]
UPLOAD: Final = 64 * 2**20
"""The setting BRIDGEHEAD_MAX_DOCUMENT_MB decides below it; above it nothing is read."""


async def page(request: Request, here: Here) -> Response:
    """Shows what came in, newest first."""
    given = request.query_params
    state = given.get("state") or None
    if state is not None and state not in dict(STATES):
        raise UserError(f"there is no state {state!r}", code="input.choice", hint="Choose one on the page.")
    found = await desk.arrivals(
        here.app,
        here.actor,
        deployment=given.get("deployment") or None,
        state=cast("desk.ArrivalState | None", state),
        find=given.get("find", "").strip() or None,
        cursor=given.get("after") or None,
    )
    return here.render(
        "arrivals.html", found=found, given=given, states=STATES, deployments=await deployments(here.app.database, "")
    )


async def one(request: Request, here: Here) -> Response:
    """Shows one arrival, with its document where the person may see documents."""
    number = parse("A", request.path_params["number"])
    view = await desk.arrival(here.app, here.actor, number)
    documents: tuple[originals.Document, ...] = ()
    if here.actor.may("read.documents"):
        documents = await originals.documents(here.app, here.actor, number, None)
    return here.render("arrival.html", view=view, arrival=view.arrival, documents=documents)


async def original(request: Request, here: Here) -> Response:
    """Hands the original out: never shown in the browser, whatever it says that it is."""
    found = await desk.original(here.app, here.actor, parse("A", request.path_params["number"]))
    name = "".join(sign if sign.isprintable() else "_" for sign in found.name.replace("/", "_").replace("\\", "_"))
    return Response(
        found.content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name[:150] or 'original', safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


async def submit(request: Request, here: Here) -> Response:
    """Takes documents in by hand: each is an arrival once it is stored, and the same file again is the same arrival."""
    form = await request.form(max_files=100)
    deployment = str(form.get("deployment") or "")
    files = [file for file in form.getlist("document") if isinstance(file, UploadFile) and file.filename]
    if not files:
        raise UserError("no file was chosen", code="document.empty", hint="Choose one, then hand it in.")
    stored = [
        await desk.submit(here.app, here.actor, deployment, file.filename or "", await file.read()) for file in files
    ]
    known = [found.arrival for found in stored if found.known]
    said = f"{len(stored)} {'document is' if len(stored) == 1 else 'documents are'} safe"
    here.flash(f"{said}: {', '.join(found.arrival for found in stored[:20])}."
               + (f" Known before: {', '.join(known[:20])}." if known else ""))  # fmt: skip
    if len(stored) == 1:
        return here.redirect(here.url("arrival", number=stored[0].arrival))
    return here.redirect(here.url("arrivals"))


PAGES: Final = (
    Page("/arrivals", page, right="read", name="arrivals"),
    Page("/arrivals", submit, right="submit", methods=("POST",), name="arrivals-submit", body=UPLOAD),
    Page("/arrivals/{number}", one, right="read", name="arrival"),
    Page("/arrivals/{number}/original", original, right="read.documents", name="arrival-original"),
)
