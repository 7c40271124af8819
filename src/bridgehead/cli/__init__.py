"""The command line: one module per command group, imported without what it needs to run, so that help is quick."""

from bridgehead.cli.application import app, main

__all__ = ["app", "main"]
