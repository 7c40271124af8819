"""A column that says in each row what the order is for, told by its words: no heading has to be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bridgehead.documents.tables.csv_records import Row
from bridgehead.documents.tables.headings import squash
from bridgehead.documents.tables.table import Columns
from bridgehead.documents.tables.table_kinds import is_status

_ACTS: Final = frozenset([
    "change", "changed", "amendment", "modification", "modif", "modificacion", "modifica", "cambio", "variazione",
    "wijziging", "zmiana", "andring", "aendring", "endring", "anderung", "aenderung", "orderchange",
    "bestellanderung", "cancel", "cancellation", "cancelled", "canceled", "storno", "stornierung", "annulation",
    "annul", "anulacion", "annullamento", "annullo", "annulering", "anulowanie", "annullering", "annulleren",
    "avbestallning",
])  # fmt: skip
"""What changes or cancels an order, as whole cells, in the languages that orders come in."""
_PLAIN: Final = frozenset([
    "new", "neworder", "order", "original", "purchaseorder", "standard", "neu", "neubestellung", "bestellung",
    "nouveau", "nouvelle", "commande", "nuevo", "pedido", "nuovo", "ordine", "nieuw", "bestelling", "nowe",
    "zamowienie", "ny", "bestallning",
])  # fmt: skip


def with_purposes(columns: Columns, rows: Sequence[Row]) -> Columns:
    """Returns the columns, that of the purpose among them where its heading is unknown and its cells are not.

    Every row of one order says the same there: a word that stands in some of its rows is about these rows.
    """
    if columns.index("purpose") is not None:
        return columns
    by = columns.index("po_number")
    for index, name in enumerate(columns.fields):
        if name is not None or is_status(columns.names[index]):
            continue
        said = [(_cell(row, by), squash(_cell(row, index))) for row in rows if sum(map(bool, row.cells)) > 1]
        words = {word for _, word in said}
        if words and words <= _ACTS | _PLAIN and words & _ACTS and len(set(said)) == len({order for order, _ in said}):
            fields = [*columns.fields]
            fields[index] = "purpose"
            return replace(columns, fields=tuple(fields))
    return columns


def _cell(row: Row, index: int | None) -> str:
    return row.cells[index].strip() if index is not None and index < len(row.cells) else ""
