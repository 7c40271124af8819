"""Readers of business documents: X12 850, portal CSV and e-mail text into one canonical order, with places."""
