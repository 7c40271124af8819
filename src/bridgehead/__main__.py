"""Runs the command line: ``python -m bridgehead``."""

from bridgehead.cli import main

if __name__ == "__main__":
    main()
