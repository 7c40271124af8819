"""Readers of business documents: mails, PDF, tables, X12, EDIFACT and XML into one canonical order, with places."""
