"""Reads orders on PDF pages."""
