"""The layouts of printed orders: what each can show, how it is drawn, in which letters and on which paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.pdf import erp, office, plain
from bridgehead.templates.purchase_orders.corpus.pdf.fonts import Family
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Paper, Sheet

_A4: Final = (595.28, 841.89)
_LETTER: Final = (612.0, 792.0)
_A5: Final = (419.53, 595.28)


@dataclass(frozen=True, slots=True)
class Design:
    """One layout: what it can show, and how it comes on paper."""

    layout: Layout
    draw: Callable[[Sheet, Form], None]
    family: Family = "sans"
    landscape: bool = False
    small: bool = False
    squeeze: float = 100.0
    tilt: float = 0.0
    words: bool = False
    program: str = "Print Service 4.2"

    def paper(self, country: str, voice: int) -> Paper:
        """Returns the paper a sender in the country prints on; some drivers put a wide page on a tall one, turned."""
        short, long = _A5 if self.small else _LETTER if country in {"US", "CA"} else _A4
        margins = (36.0, 36.0, 30.0, 40.0) if self.landscape or self.small else (57.0, 48.0, 48.0, 74.0)
        size = (long, short) if self.landscape else (short, long)
        turned = self.landscape and voice % 3 == 0
        return Paper(*size, margins, self.squeeze, self.tilt, turned=turned, words=self.words)


def _layout(name: str, weight: int = 2, *, max_lines: int = 12, counts: bool = True, numbered: bool = True) -> Layout:
    return Layout(name, weight, max_lines=max_lines, counts=counts, numbered=numbered)


DESIGNS: Final[dict[str, Design]] = {
    design.layout.name: design
    for design in (
        Design(_layout("pdf_sap_form", 4, max_lines=14), erp.draw_sap_form),
        Design(_layout("pdf_two_rows", 3, max_lines=14), erp.draw_two_rows),
        Design(_layout("pdf_schedule", 3, max_lines=14), erp.draw_schedule),
        Design(_layout("pdf_carried", 4, max_lines=14), erp.draw_carried, "serif"),
        Design(_layout("pdf_preprinted", 4, max_lines=14), erp.draw_preprinted),
        Design(_layout("pdf_printer", 2, max_lines=14), erp.draw_printer, "mono", program="LPD2PDF 1.9"),
        Design(_layout("pdf_letter", 3), office.draw_letter, "serif", program="Office Writer 16"),
        Design(_layout("pdf_accounting", 3, max_lines=14), office.draw_accounting, "embedded", program="Ledger 2025"),
        Design(_layout("pdf_boxes", 2), office.draw_boxes, words=True),
        Design(_layout("pdf_landscape", 2, max_lines=14), office.draw_landscape, landscape=True),
        Design(_layout("pdf_side", 2), office.draw_side, "embedded", program="Page Studio 11"),
        Design(_layout("pdf_shaded", 3, max_lines=14), office.draw_shaded, words=True),
        Design(_layout("pdf_bare", 3, max_lines=14), plain.draw_bare),
        Design(_layout("pdf_stacked", 2), plain.draw_stacked, "embedded"),
        Design(_layout("pdf_counted", 2), plain.draw_counted, "serif", words=True),
        Design(_layout("pdf_cards", 2), plain.draw_cards, "embedded", program="Web Shop Export"),
        Design(_layout("pdf_fax", 1, max_lines=9), plain.draw_fax, "mono", squeeze=84.0, tilt=0.3, program="Fax 7"),
        Design(_layout("pdf_letterhead", 3), plain.draw_letterhead),
        Design(_layout("pdf_with_terms", 3, max_lines=14), plain.draw_with_terms),
        Design(_layout("pdf_slip", 1, max_lines=7, counts=False, numbered=False), plain.draw_slip, small=True,
               program="Office Writer 16"),
    )
}  # fmt: skip

PDF_LAYOUTS: Final[tuple[Layout, ...]] = tuple(design.layout for design in DESIGNS.values())
"""What each layout of a printed order can show."""
