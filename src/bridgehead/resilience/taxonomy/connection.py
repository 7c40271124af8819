"""What happens around every protocol: no name, no connection, no TLS, no answer, a broken one."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "connection", "errno", "getaddrinfo(3), RFC 3493 section 6.1",
        ("EAI_AGAIN", "dependency_down", False, "the name server does not answer"),
        ("EAI_NONAME", "dependency_down", False, "no such host name"),
        ("EAI_NODATA EAI_FAIL", "dependency_down", False, "the name server knows no address for the name"),
    ),
    *rows(
        "connection", "errno", "connect(2), IEEE Std 1003.1-2017",
        ("ECONNREFUSED", "dependency_down", False, "nobody listens there"),
        ("EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN EADDRNOTAVAIL", "dependency_down", False, "no way leads there"),
        ("ECONNRESET EPIPE ECONNABORTED ESHUTDOWN", "transient", None, "the connection was broken off"),
        ("ETIMEDOUT", "timeout", None, "the other side fell silent"),
        ("EMFILE ENFILE ENOBUFS", "throttled", False, "this machine can open no more connections"),
    ),
    *rows(
        "connection", "exception", "the exceptions of httpx, which is asked for one request and follows no redirect",
        ("ConnectTimeout", "dependency_down", False, "no connection in time"),
        ("PoolTimeout", "timeout", False, "no free connection in time"),
        ("ProxyError", "dependency_down", False, "the proxy gave no connection"),
        ("ConnectError", "dependency_down", False, "no connection"),
        ("UnsupportedProtocol", "invalid_input", False, "an address that is neither http nor https"),
        ("LocalProtocolError", "invalid_input", False, "a request that HTTP cannot carry"),
        ("TooManyRedirects", "invalid_input", None, "one redirect leads to the next without an end"),
        ("ReadTimeout WriteTimeout TimeoutException", "timeout", None, "no answer in time"),
        ("ReadError WriteError CloseError NetworkError", "transient", None, "the connection broke"),
        ("RemoteProtocolError", "transient", None, "the other side ended the connection, or spoke no HTTP"),
        ("DecodingError", "invalid_output", None, "the answer cannot be decompressed"),
        ("ProtocolError TransportError", "transient", None, "the connection broke"),
    ),
    *rows(
        "connection", "exception", "Python's ssl module",
        ("SSLCertVerificationError", "dependency_down", False, "its certificate is not trusted"),
        ("SSLZeroReturnError SSLEOFError", "transient", None, "the TLS connection was ended"),
        ("SSLError", "dependency_down", None, "no TLS connection"),
    ),
    *rows(
        "connection", "code", "the alerts of TLS, RFC 8446 section 6.2, as OpenSSL names them",
        (
            ("TLSV13_ALERT_CERTIFICATE_REQUIRED SSLV3_ALERT_CERTIFICATE_EXPIRED SSLV3_ALERT_CERTIFICATE_REVOKED "
            "SSLV3_ALERT_BAD_CERTIFICATE SSLV3_ALERT_CERTIFICATE_UNKNOWN TLSV1_ALERT_UNKNOWN_CA"),
            "auth_expired", None, "the client certificate is missing, or is not accepted",
        ),
        ("TLSV1_ALERT_ACCESS_DENIED", "forbidden", None, "the client certificate is valid and may not do this"),
    ),
    *rows(
        "connection", "wording", "h11 and httpx, of a body that ends before its declared length",
        ("peer closed connection without sending complete message body", "transient", None, "the answer was cut short"),
    ),
)  # fmt: skip
