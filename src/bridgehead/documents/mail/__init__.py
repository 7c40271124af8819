"""Reads mails: their text, their tables, what is attached."""
