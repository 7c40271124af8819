"""Reads UN/EDIFACT interchanges."""
