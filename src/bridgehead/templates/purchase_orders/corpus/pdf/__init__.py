"""Purchase orders on paper: PDF files in many layouts, as senders' systems, offices and machines make them."""

from __future__ import annotations
