"""Reads tables of any origin: portal CSV, workbooks, tables pasted into mails or found on pages."""
