"""Sign-in, first run and one's own account."""

from __future__ import annotations

from typing import Final

from bridgehead.console import account, signing

PAGES: Final = (*signing.PAGES, *account.PAGES)
