"""A backend of the real keyring package whose passwords stand in a file, for processes that a test starts.

``PYTHON_KEYRING_BACKEND=tests.support.ring.FileRing`` chooses it, and ``RING_FILE`` names the file: JSON, by
``SERVICE/USER``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError


class FileRing(KeyringBackend):
    """Reads passwords from a file, and changes none."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        kept: dict[str, str] = json.loads(Path(os.environ["RING_FILE"]).read_text(encoding="utf-8"))
        return kept.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError(service)

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(service)
