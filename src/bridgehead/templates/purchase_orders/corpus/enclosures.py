"""Files that come with a mail and are no order: terms of purchase, the picture of a signature."""

from __future__ import annotations

from bridgehead.templates.purchase_orders.corpus.cover_words import COVER
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.mailing import LOGO

Attachment = tuple[str, str, bytes]
"""File name, media type, content."""


def beside(letter: Letter) -> list[Attachment]:
    """Returns what this customer attaches to every mail, whatever the mail is about; nothing at most customers."""
    found: list[Attachment] = []
    if letter.voice % 8 == 5:
        files, words = COVER[letter.language]["terms_file"], COVER[letter.language]["terms"][0]
        found.append((f"{files[letter.voice % len(files)]}.pdf", "application/pdf", small_pdf(words)))
    if letter.voice % 9 == 4:
        found.append(("logo.gif", "image/gif", LOGO))
    return found


def small_pdf(text: str) -> bytes:
    """Returns a page with one line of text (PDF 1.4, ISO 32000-1 section 7.5; the text in ASCII)."""
    shown = text.encode("ascii", "replace").decode("ascii").replace("(", "").replace(")", "")
    stream = f"BT /F1 12 Tf 72 770 Td ({shown}) Tj ET"
    bodies = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    found, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(found))
        found += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = len(found)
    found += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
    found += f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return found.encode("ascii")
