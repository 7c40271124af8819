from __future__ import annotations

import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridgehead.clock import utc_now
from bridgehead.connectors.hosts import Hosts
from bridgehead.errors import Failed, UserError
from tests.support.http_server import Told, http_server
from tests.support.http_wires import Wired

ITEMS = Told(body={"items": []})


@pytest.mark.parametrize(
    "base, names, url, allowed",
    [
        ("https://erp.example", (), "https://erp.example/x", True),
        ("https://erp.example", (), "https://ERP.example.:443/x", True),
        ("https://erp.example", (), "https://erp.example:8443/", False),
        ("https://erp.example", (), "http://erp.example/", False),
        ("https://erp.example", (), "https://erp.example.evil.example/", False),
        ("https://erp.example", (), "https://evil.example/erp.example", False),
        ("https://erp.example", (), "https://erp.example@evil.example/", False),
        ("https://erp.example", (), "https://me:pw@erp.example/", False),
        ("https://erp.example", (), "ftp://erp.example/", False),
        ("https://erp.example", (), "https:///x", False),
        ("https://erp.example", ("files.example",), "https://files.example:99/", True),
        ("https://erp.example", ("files.example",), "https://erp.example/", False),
        ("https://erp.example", ("files.example:99",), "https://files.example/", False),
        ("https://erp.example", ("files.example:443",), "https://files.example/", True),
        ("https://erp.example", ("files.example",), "http://files.example/", False),
        ("https://erp.example", ("127.0.0.1",), "http://127.0.0.1:99/", True),
        ("http://erp.example", ("::1", "[::1]:80"), "http://[::1]:80/", True),
        ("https://b\u00fccher.example", (), "https://xn--bcher-kva.example/", True),
        ("http://erp.example", (), "http://169.254.169.254/latest", False),
    ],
)
def test_an_address_is_allowed_by_its_host_and_port(
    base: str, names: tuple[str, ...], url: str, *, allowed: bool
) -> None:
    """Only listed hosts are reached, however an address is written, and no secret leaves https."""
    hosts = Hosts("shop", httpx.URL(base), names)
    for _ in range(2):
        if allowed:
            hosts.check(httpx.URL(url))
            continue
        with pytest.raises(Failed) as failed:
            hosts.check(httpx.URL(url))
        assert (failed.value.error_class, failed.value.applied, failed.value.code) == (
            "forbidden", False, "connector.host",
        )  # fmt: skip
        assert "pw" not in str(failed.value)


def test_an_address_that_was_allowed_once_gives_no_leave_to_another() -> None:
    """A password in the address of a known host, or another port of it, is refused as on the first day."""
    hosts = Hosts("shop", httpx.URL("https://erp.example"))
    hosts.check(httpx.URL("https://erp.example/x"))
    for url in ("https://me:pw@erp.example/x", "https://erp.example:444/x", "http://erp.example/x"):
        with pytest.raises(Failed):
            hosts.check(httpx.URL(url))


@pytest.mark.parametrize("name", ["http://a", "a/b", "", "me@a", "a:b"])
def test_a_name_that_is_no_host_is_an_error(name: str) -> None:
    """What stands in the list of hosts is a host, or the connector does not open."""
    with pytest.raises(UserError, match="is no host"):
        Hosts("shop", httpx.URL("http://a"), (name,))


async def test_a_next_page_elsewhere_is_refused() -> None:
    """A link or an address in an answer that leads to a host that is not listed is never asked."""
    async with http_server(lambda _: ITEMS) as other:
        told = [Told(body={"items": [], "next": f"{other.url}/orders"})]
        told += [Told(body={"items": []}, headers={"Link": f'<{other.url}/orders>; rel="next"'})]
        async with http_server(lambda _: told.pop(0)) as server:
            for paging in ({"cursor": {"at": "next"}}, {"link": True}):
                async with Wired(server.url, read={"paging": paging}) as wired:
                    with pytest.raises(Failed) as failed:
                        await wired.find()
                assert (failed.value.code, failed.value.error_class) == ("connector.host", "forbidden")
                assert failed.value.attributes["host"] == other.url.removeprefix("http://")
        assert other.asked == []
        told = [Told(body={"items": [], "next": f"{other.url}/orders"})]
        names = [url.removeprefix("http://") for url in (server.url, other.url)]
        async with http_server(lambda _: told.pop(0)) as server:
            names[0] = server.url.removeprefix("http://")
            read = {"paging": {"cursor": {"at": "next"}}}
            async with Wired(server.url, read=read, connection={"hosts": names}) as wired:
                await wired.find()
        assert len(other.asked) == 1


@pytest.mark.parametrize(
    "status, host, error_class, applied",
    [
        (302, "other", "forbidden", None),
        (303, "other", "forbidden", None),
        (307, "other", "forbidden", False),
        (308, "other", "forbidden", False),
        (302, "same", "invalid_output", None),
        (308, "same", "invalid_output", False),
    ],
)
async def test_redirects_are_not_followed(status: int, host: str, error_class: str, *, applied: bool | None) -> None:
    """A redirect is refused, to another host as forbidden; only one that asks to repeat says that nothing was done."""
    async with http_server(lambda _: ITEMS) as other:
        place = f"{other.url}/orders" if host == "other" else "/orders/2"
        told = Told(status, headers={"Location": place})
        async with http_server(lambda _: told) as server, Wired(server.url) as wired:
            with pytest.raises(Failed) as failed:
                await wired.book()
            assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
            with pytest.raises(Failed) as failed:
                await wired.find()
            assert (failed.value.error_class, failed.value.applied) == (error_class, False)
        assert len(server.asked) == 2
    assert other.asked == []


async def test_the_token_endpoints_host_is_for_tokens_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of the token URL is reached for tokens, and an answer cannot lead there nor away from there."""
    monkeypatch.setenv("SHOP_SECRET", "geheim-4711")
    tokens = [Told(body={"access_token": "t" * 20}), Told(302, headers={"Location": "http://169.254.169.254/"})]
    async with http_server(lambda _: tokens.pop(0)) as issuer:
        told = Told(body={"items": [], "next": f"{issuer.url}/orders"})
        part = {"token_url": f"{issuer.url}/token", "client_id": "me", "client_secret": "env:SHOP_SECRET"}
        async with http_server(lambda _: told) as server:
            for _ in range(2):
                read = {"paging": {"cursor": {"at": "next"}}}
                async with Wired(server.url, read=read, auth={"oauth2": part}) as wired:
                    with pytest.raises(Failed) as failed:
                        await wired.find()
                assert failed.value.code == "connector.host"
    assert [one.path for one in issuer.asked] == ["/token", "/token"]
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["http://me:geheim@127.0.0.1:1", "ftp://a", "nothing", "http://", "env:NOT_SET_HERE"])
def test_an_address_that_cannot_be_used_is_an_error_when_the_connector_opens(url: str) -> None:
    """An address with a password, or none at all, is refused before anything is sent, and is not repeated."""
    with pytest.raises(UserError) as refused:
        Wired(url)
    assert "geheim" not in str(refused.value)


async def test_the_environment_does_not_lead_requests_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies come from the specification alone, and what a proxy gets is the whole address."""
    async with http_server(lambda _: ITEMS) as server, http_server(lambda _: ITEMS) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with Wired(server.url) as wired:
            await wired.find()
        assert (len(server.asked), len(proxy.asked)) == (1, 0)
        through = proxy.url.replace("//", "//me:geheim@")
        monkeypatch.setenv("SHOP_PROXY", through)
        async with Wired(server.url, connection={"proxy": "env:SHOP_PROXY"}) as wired:
            await wired.find()
            assert "geheim" not in wired.redactor.clean("geheim")
        assert (len(server.asked), len(proxy.asked)) == (1, 1)
        assert proxy.asked[0].headers["host"] == server.url.removeprefix("http://")
    with pytest.raises(UserError, match="no proxy"):
        Wired(server.url, connection={"proxy": "nonsense://x"})


class Authority:
    """A certificate authority of the test's own, and what it signed, as PEM files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self._write(
            "ca.pem", self._signed("test authority", self._key, ca=True).public_bytes(serialization.Encoding.PEM)
        )
        for name in ("server", "client"):
            key = ec.generate_private_key(ec.SECP256R1())
            self._write(f"{name}.pem", self._signed(name, key).public_bytes(serialization.Encoding.PEM))
            self._write(
                f"{name}.key",
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ),
            )

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        context.load_verify_locations(self.folder / "ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(utc_now() - timedelta(days=1))
            .not_valid_after(utc_now() + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())


async def test_tls_trusts_whom_the_specification_names_and_shows_our_certificate(tmp_path: Path) -> None:
    """A private authority is trusted where it is named, our certificate is shown, a stranger is refused."""
    authority = Authority(tmp_path)
    tls = {"ca": "ca.pem", "certificate": "client.pem", "key": "file:client.key"}

    async with http_server(lambda _: ITEMS, tls=authority.server()) as server:
        async with Wired(server.url, folder=tmp_path, connection={"tls": tls}) as wired:
            await wired.find()
        async with Wired(server.url, folder=tmp_path, connection={"tls": {"ca": "ca.pem"}}) as wired:
            await wired.find()
        async with Wired(server.url) as wired:
            with pytest.raises(Failed, match="no TLS connection") as failed:
                await wired.book()
    assert (failed.value.error_class, failed.value.applied) == ("dependency_down", False)
    assert "connection.tls.ca" in failed.value.hint
    assert [None if one is None else one["subject"] for one in server.peers] == [((("commonName", "client"),),), None]
    for wrong in ({"ca": "absent.pem"}, {"certificate": "client.key"}, {"ca": "client.key"}):
        with pytest.raises(UserError, match=r"connection\.tls"):
            Wired(server.url, folder=tmp_path, connection={"tls": wrong})
