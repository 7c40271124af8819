"""What other systems post to the console, each signed; see ``console/inbound.py``."""

from __future__ import annotations

from typing import Final

from bridgehead.console import inbound

PAGES: Final = inbound.PAGES
