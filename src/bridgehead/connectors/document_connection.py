"""How a system is reached: where it answers, who we are, what it can bear, and how it says no."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, WithJsonSchema

from bridgehead.connectors.part_types import (
    Duration,
    FieldPath,
    Name,
    Names,
    Rate,
    SecretReference,
    Setting,
    Sql,
    StatusRange,
    Template,
    Text,
)
from bridgehead.errors import ErrorClass
from bridgehead.spec.document import ObjectName
from bridgehead.spec.forms import Part


class TlsPart(Part):
    """Whom to trust beyond the system's certificates, and how to show who we are; verification is never off."""

    ca: Text | None = Field(
        default=None,
        description="File of certificates (PEM) to trust instead of the system's; of SFTP: a known_hosts file.",
    )
    certificate: Text | None = Field(default=None, description="Our certificate (PEM file), for mutual TLS.")
    key: SecretReference | None = Field(default=None, description="Its private key, of SFTP ours: file:PATH.")


class ReplicaPart(Part):
    """A copy that answers reads while it is fresh enough; otherwise the reads go to the connection's own URL."""

    url: Setting
    lag: Sql = Field(description="SQL that returns how many seconds the copy is behind; NULL counts as too far.")
    max_lag: Duration = Field(description="The most it may be behind.")


class ConnectionPart(Part):
    """Where the system answers. ``url`` may be env:NAME; it never holds a password."""

    url: Setting
    hosts: Names = Field(default=(), description="Hosts that may be reached, NAME or NAME:PORT (default: the URL's).")
    timeout: Duration = Field(default="10s", validate_default=True, description="The longest one call may take.")
    connect_timeout: Duration = Field(default="3s", validate_default=True)
    tls: TlsPart | None = None
    proxy: Setting | None = None
    headers: dict[str, Setting] = Field(default_factory=dict, description="Sent with every request (http).")
    replica: ReplicaPart | None = Field(default=None, description="A copy for reads (sql).")
    smtp: Setting | None = Field(default=None, description="Where mail is sent: smtp://HOST:PORT or smtps:// (mail).")


class BasicPart(Part):
    """User and password: HTTP basic (RFC 7617), a database's login, a mailbox's."""

    user: Setting
    password: SecretReference


class ApiKeyPart(Part):
    """A key in a header or in the query."""

    value: SecretReference
    header: Text | None = None
    query: Text | None = None
    prefix: str = ""


class BearerPart(Part):
    """A token as it is (RFC 6750)."""

    token: SecretReference


class OAuth2Part(Part):
    """OAuth 2.0 (RFC 6749): client credentials (4.4) or a refresh token (6). For mail: XOAUTH2 with ``user``."""

    token_url: Setting = Field(description="Its address; one that begins with / is below the connection's URL.")
    client_id: Setting
    client_secret: SecretReference | None = None
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    refresh_token: SecretReference | None = None
    scopes: Names = ()
    audience: Text | None = None
    style: Literal["basic", "post"] = Field(default="basic", description="How the client names itself (2.3.1).")
    user: Setting | None = Field(default=None, description="Whose mailbox it is (mail).")


class RequestPart(Part):
    """One HTTP request. Texts hold ``{argument}`` in braces; a value that is one brace alone keeps its type."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Template = Field(description="Below the connection's URL; arguments are escaped as one segment each.")
    query: dict[str, Template] = Field(default_factory=dict, description="An argument that is absent is left out.")
    headers: dict[str, Template] = Field(default_factory=dict)
    body: Annotated[JsonValue, WithJsonSchema({})] = Field(
        default=None,
        description="JSON to send. {each: LIST, do: …} repeats for every {item}; {when: NAME, do: …} only if given.",
    )
    form: dict[str, Template] = Field(default_factory=dict, description="Sent as a form instead of JSON.")


class LoginPart(Part):
    """A session opened by a request of its own, for systems that know neither keys nor OAuth."""

    user: Setting
    password: SecretReference
    request: RequestPart = Field(description="May use {user} and {password}.")
    take: dict[Name, FieldPath] = Field(description="What the answer gives: NAME: PATH, for the header below.")
    header: Text = Field(default="Authorization")
    value: Template = Field(
        description="What the header says: 'Bearer {token}', or 'Session {user}:{id}|base64', which encodes the rest."
    )
    lasts: Duration | None = Field(default=None, description="Logged in anew after this long, and at once on a 401.")


class AuthPart(Part):
    """How we show who we are: exactly one of these."""

    basic: BasicPart | None = None
    api_key: ApiKeyPart | None = None
    bearer: BearerPart | None = None
    oauth2: OAuth2Part | None = None
    login: LoginPart | None = None
    hook: ObjectName | None = Field(default=None, description="module:object that signs each request (http).")
    secrets: dict[Name, SecretReference] = Field(default_factory=dict, description="What the hook is given, by name.")


class LimitsPart(Part):
    """What the system can bear, counted over all workers together."""

    rate: Rate | None = Field(default=None, description="Requests a second, a minute or an hour: 20/s, 100/m.")
    burst: int = Field(default=1, ge=1, le=10_000, description="Requests at once after a pause.")
    concurrency: int | None = Field(default=None, ge=1, le=1_000, description="Requests under way at one time.")


class RetryPart(Part):
    """How often a call is tried that surely changed nothing; a write whose reply is lost is never sent again here."""

    tries: int = Field(default=3, ge=1, le=10)
    base: Duration = Field(default="0.2s", validate_default=True, description="First pause; doubled, with jitter.")


class BodyTest(Part):
    """A place in the answer's body and what stands there (a regular expression; without it: anything)."""

    at: FieldPath
    matches: Text | None = None


class ErrorPart(Part):
    """One way the system says no. Conditions of one rule must all hold; the first rule that fits decides."""

    status: StatusRange | None = Field(default=None, description="409, [409, 412] or 5xx (http).")
    header: dict[str, Text] = Field(default_factory=dict, description="NAME: regular expression (http).")
    body: BodyTest | None = Field(default=None, description="A place in the body (http).")
    sqlstate: Text | None = Field(default=None, description="SQLSTATE, five characters; 45% for a class (sql).")
    code: int | None = Field(default=None, description="The driver's error number (sql).")
    text: Text | None = Field(default=None, description="A regular expression over the error's text.")
    error: ErrorClass = Field(description="The class it stands for.")
    applied: Literal[False] | None = Field(default=None, description="false: the system surely did nothing.")
    message: FieldPath | None = Field(default=None, description="Where the answer says why.")
