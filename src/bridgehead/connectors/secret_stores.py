"""Secrets that lie in a store of their own: the keyring of the operating system, or HashiCorp Vault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import httpx

from bridgehead.cases.hiding import SECRETS
from bridgehead.errors import UserError

VAULT_S: Final = 3.0
"""The longest Vault is waited for, connecting and answering alike."""
_CODE: Final = "connector.secret"


def from_keyring(reference: str) -> str:
    """Returns the password under ``SERVICE/USER``; the user is what follows the last slash.

    Raises UserError: ``connector.extra`` without the package keyring, ``connector.secret`` when nothing is there.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise UserError(
            "secrets in the keyring need the package keyring",
            code="connector.extra",
            hint="Install bridgehead[keyring].",
        ) from error
    service, _, user = reference.rpartition("/")
    if not service or not user:
        raise UserError("the reference names no user", code=_CODE, hint="Write keyring:SERVICE/USER.")
    try:
        found = keyring.get_password(service, user)
    except KeyringError:
        found = None  # what a backend says may hold more than it should
    if not found:
        raise UserError(
            f"the keyring holds nothing for {service}/{user}", code=_CODE, hint=f"Run: keyring set {service} {user}"
        )
    return found


def from_vault(reference: str, *, folder: Path) -> str:
    """Returns one field of a secret in Vault: ``PATH#FIELD``, as ``secret/data/erp#password``.

    ``VAULT_ADDR`` says where Vault answers, ``VAULT_TOKEN``, or the file that ``VAULT_TOKEN_FILE`` names,
    who asks; ``VAULT_NAMESPACE`` is sent on. Both versions of the KV engine are read (its HTTP API,
    ``GET /v1/PATH``). Raises UserError ``connector.secret``; nothing of an answer is shown.
    """
    path, _, field = reference.partition("#")
    if not path.strip("/") or not field:
        raise UserError("the reference names no field", code=_CODE, hint="Write vault:PATH#FIELD.")
    address = os.environ.get("VAULT_ADDR", "").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise UserError("the environment holds no VAULT_ADDR", code=_CODE, hint="Set it to Vault's address.")
    headers = {"X-Vault-Token": _token(folder), "X-Vault-Request": "true"}
    if namespace := os.environ.get("VAULT_NAMESPACE", ""):
        headers["X-Vault-Namespace"] = namespace
    try:
        answer = httpx.get(f"{address}/v1/{path.strip('/')}", headers=headers, timeout=VAULT_S)
        document = answer.json() if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise UserError(f"Vault did not tell {path}", code=_CODE, hint="Check that VAULT_ADDR answers.") from None
    if document is None:
        raise UserError(
            f"Vault answered {answer.status_code} for {path}", code=_CODE, hint="Check the path and the token's policy."
        )
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, dict) and isinstance(data.get("data"), dict) and "metadata" in data:
        data = data["data"]  # version 2 of the KV engine
    found = data.get(field) if isinstance(data, dict) else None
    if not isinstance(found, str) or not found:
        raise UserError(f"the secret {path} in Vault has no text {field}", code=_CODE, hint="Check the field's name.")
    return found


def _token(folder: Path) -> str:
    token = os.environ.get("VAULT_TOKEN", "").strip()
    file = os.environ.get("VAULT_TOKEN_FILE", "").strip()
    if not token and file:
        try:
            token = (folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
    if not token or not token.isascii() or not token.isprintable():
        raise UserError(
            "the environment holds no VAULT_TOKEN", code=_CODE, hint="Set VAULT_TOKEN, or VAULT_TOKEN_FILE to its file."
        )
    return SECRETS.keep(token)
