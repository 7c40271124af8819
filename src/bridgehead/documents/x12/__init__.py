"""Reads ANSI ASC X12 interchanges."""
