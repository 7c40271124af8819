"""Writes a corpus to a folder: master.json, people.json, arrivals/ and truth.jsonl."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
from bridgehead.templates.purchase_orders.corpus.master import world_json
from bridgehead.templates.purchase_orders.corpus.mix import Mix, measure_mix
from bridgehead.templates.purchase_orders.corpus.model import Format
from bridgehead.templates.purchase_orders.corpus.people import people_bookings
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS


def write_corpus(
    *, seed: int, orders: int, out: Path, shadow: int = 0, formats: Sequence[Format] = DEFAULT_FORMATS
) -> Mix:
    """Writes ``orders`` arrivals of ``seed`` under ``out``, in these formats, and returns what they came out as.

    Raises UserError for fewer than one arrival, a shadow tranche longer than the run, or a folder that holds anything.
    """
    if orders < 1:
        raise UserError(
            f"cannot write {orders} arrivals", code="input.corpus", hint="Ask for one at least: --orders 300."
        )
    if not 0 <= shadow <= orders:
        raise UserError(
            f"a shadow tranche of {shadow} does not fit {orders} arrivals",
            code="input.corpus",
            hint=f"Give --shadow between 0 and {orders}.",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} holds something already", code="input.corpus", hint="Name a new or an empty folder.")
    folder = out / "arrivals"
    folder.mkdir(parents=True)
    run = start(seed, orders, formats)
    truths = []
    for arrival in arrivals(run):
        (folder / arrival.name).write_bytes(arrival.document)
        truths.append(arrival.truth)
    _dump(out / "master.json", world_json(run.world))
    _dump(out / "people.json", people_bookings(seed, truths[:shadow]))
    lines = (json.dumps(truth, ensure_ascii=False, separators=(",", ":")) for truth in truths)
    (out / "truth.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return measure_mix(truths, formats)


def _dump(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
