"""Settings from the environment, read once, described in ``docs/reference/settings.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything the environment can set. Nothing here has to be set to start."""

    model_config = SettingsConfigDict(env_prefix="BRIDGEHEAD_", frozen=True, extra="ignore")

    home: Path = Field(
        default=Path(".bridgehead"),
        description="Folder of the embedded database and of the key made on first use.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 14 or newer, as a postgresql:// URL. Unset: an embedded server under the home folder.",
    )
    key: SecretStr | None = Field(
        default=None,
        description="Key that wraps the data key of every case: 32 bytes in base64 or hex. "
        "Unset: made on first use in the home folder.",
    )
    lease_s: float = Field(default=15.0, gt=0.5, description="How long a silent worker keeps its cases, in seconds.")
    send_s: float = Field(
        default=5.0,
        gt=0,
        description="How long after its intent was recorded a call may still be sent, in seconds; less than the lease.",
    )
    sweep_s: float = Field(
        default=1.0, gt=0, description="How often a worker looks for due, orphaned and late cases, in seconds."
    )
    drain_s: float = Field(
        default=10.0, ge=0, description="How long cases may run on in a worker that was told to stop, in seconds."
    )
    adopt_after_s: float = Field(
        default=15.0,
        ge=0,
        description="How long no worker has served a case's release before another release may take it, in seconds.",
    )
    concurrency: int = Field(default=16, ge=1, le=512, description="Cases one worker runs at the same time.")
    max_document_mb: int = Field(default=25, ge=1, description="Largest document that is taken in, in MiB.")
    max_answer_mb: int = Field(default=2, ge=1, le=64, description="Largest answer of a model that is taken, in MiB.")
    webhook_host: str = Field(
        default="127.0.0.1", min_length=1, description="The address at which a worker takes webhooks, if it has any."
    )
    webhook_port: int = Field(
        default=8470, ge=0, le=65535, description="The port at which a worker takes webhooks; 0 takes a free one."
    )
    http_host: str = Field(
        default="127.0.0.1", min_length=1, description="The address at which `serve` shows the console and the API."
    )
    http_port: int = Field(
        default=8480, ge=0, le=65535, description="The port of the console and the API; 0 takes a free one."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+/?$",
        description="The address by which people reach the console, for links in messages; other names are refused.",
    )
    tls_cert: Path | None = Field(
        default=None, description="The certificate of the console, a PEM file with its chain."
    )
    tls_key: Path | None = Field(default=None, description="The key of that certificate, a PEM file.")
    trusted_proxy: str = Field(
        default="", description="Addresses or networks of the proxies in front of the console that bring TLS."
    )
    oidc_issuer: str | None = Field(
        default=None, description="The OpenID Connect issuer whose tokens show who somebody is; https, or on loopback."
    )
    oidc_audience: str = Field(default="", description="Whom such a token has to be for: the client's id.")
    oidc_groups: str = Field(default="groups", min_length=1, description="The claim of a token that lists groups.")
    oidc_algorithms: str = Field(
        default="RS256 ES256", description="The algorithms that sign such a token, with spaces between them."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="What the console shows to the issuer's token endpoint. Unset: a public client."
    )
    oidc_scopes: str = Field(
        default="openid profile email", description="What the console asks the issuer for, with spaces between."
    )
    oidc_roles: str = Field(
        default="",
        description="Which groups of the issuer have which role in the console: admin=it-ops,reviewer=order-desk.",
    )
    session_idle_h: float = Field(
        default=8.0, gt=0, le=720, description="How long somebody who does nothing stays signed in, in hours."
    )
    session_h: float = Field(
        default=24.0, gt=0, le=720, description="How long anybody stays signed in at most, in hours."
    )
    log: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What a worker writes to standard error: this and what is graver."
    )

    @model_validator(mode="after")
    def _sends_within_its_lease(self) -> Self:
        """A worker that lost its cases must send nothing any more, so a send ends before the lease does."""
        if self.send_s >= self.lease_s:
            raise ValueError(
                f"BRIDGEHEAD_SEND_S ({self.send_s:g}) must be less than BRIDGEHEAD_LEASE_S ({self.lease_s:g})"
            )
        return self
