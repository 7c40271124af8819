"""Writes receipts and acknowledgements in the form the order came in."""
