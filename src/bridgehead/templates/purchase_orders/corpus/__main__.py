"""The command that writes a corpus; ``--seed 7 --orders 300 --out DIR`` are its arguments."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.corpus.disk import write_corpus
from bridgehead.templates.purchase_orders.corpus.forms import FORMS
from bridgehead.templates.purchase_orders.corpus.model import Format
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the corpus and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bridgehead.templates.purchase_orders.corpus", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same corpus (default 7)")
    parser.add_argument(
        "--orders", type=int, default=300, help="arrivals to write, of which 6 %% are no orders (default 300)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; must be new or empty")
    parser.add_argument("--shadow", type=int, default=0, help="first arrivals for which people's bookings are written")
    parser.add_argument(
        "--formats",
        default=",".join(DEFAULT_FORMATS),
        help=f"formats to draw from, with commas; of {', '.join(FORMS)} (default %(default)s)",
    )
    parser.add_argument("--mix", action="store_true", help="print achieved shares beside the wanted ones")
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    chosen = parser.parse_args(arguments)
    try:
        formats = _formats(chosen.formats)
        mix = write_corpus(
            seed=chosen.seed, orders=chosen.orders, out=chosen.out, shadow=chosen.shadow, formats=formats
        )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if chosen.json:
        print(json.dumps(mix.as_json(), indent=1))
    elif chosen.mix:
        print(mix.as_text())
    else:
        print(f"{mix.arrivals} arrivals with {mix.orders} orders in {chosen.out}; touchless at best {mix.ceiling:.1%}")
    return 0


def _formats(text: str) -> tuple[Format, ...]:
    """Returns the formats named in ``text``; raises UserError for one that nobody writes."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in FORMS:
            raise UserError(
                f"no orders are written as {name!r}", code="input.corpus", hint=f"Name some of {', '.join(FORMS)}."
            )
    return tuple(form for form in FORMS if form in names)


if __name__ == "__main__":
    sys.exit(main())
