"""Purchase orders on paper: PDF files in many layouts, as senders' systems, offices and machines make them.

``pdf_orders``, ``pdf_change`` and ``pdf_other`` return attachments for a mail, ``hybrid`` an order with its XML inside,
``broken_pdf`` one that nobody can read as a whole. ``PDF_LAYOUTS`` is what each layout can show.
"""

from __future__ import annotations
