"""The demo: orders arrive, the agent books them through the real runtime, and the ERP's own books say how it went."""

from __future__ import annotations
