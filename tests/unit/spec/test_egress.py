"""Where an address leads is read strictly, and held against the names of hosts that an operator lists."""

from __future__ import annotations

import pytest

from bridgehead.spec.egress import Egress, Place, leads_somewhere, listed, place_of

LISTED = Egress(("api.example.com", "*.files.example.com", "db.example.com:5432", "10.0.0.7", "[2001:db8::1]"))


@pytest.mark.parametrize(
    "address, place",
    [
        ("https://api.example.com/a?b#c", Place("api.example.com", 443)),
        ("HTTPS://API.Example.COM./x", Place("api.example.com", 443)),
        ("http://api.example.com:8080", Place("api.example.com", 8080)),
        ("api.example.com/path", Place("api.example.com")),
        ("//api.example.com/path", Place("api.example.com")),
        ("https://[2001:DB8:0::1]/x", Place("2001:db8::1", 443)),
        ("https://[::ffff:10.0.0.7]/x", Place("10.0.0.7", 443)),
        ("https://xn--pple-43d.example/", Place("xn--pple-43d.example", 443)),
    ],
)
def test_an_address_leads_to_the_host_that_every_reader_sees(address: str, place: Place) -> None:
    """Case, a dot at the end, the port of a scheme and the forms of an IPv6 address make no other host."""
    assert place_of(address) == place


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com@evil.example/",
        "https://api.example.com:443@evil.example/",
        "https://evil.example\\@api.example.com/",
        "https://api.example.com\\.evil.example/",
        "https://api.example.com%2eevil.example/",
        "https://api.example.com%00.evil.example/",
        "https://\u0430pi.example.com/",
        "https://api.example.com\u3002evil.example/",
        "https://api\u200b.example.com/",
        "https://api.example.com\t.evil.example/",
        " https://api.example.com/",
        "https://api.example.com:0/",
        "https://api.example.com:99999/",
        "https://api..example.com/",
        "https://0x0a000007/",
        "https://167772167/",
        "https://012.0.0.7/",
        "https://10.7/",
        "https://10.0.0.7.0x1/",
        "https://[fe80::1%25eth0]/",
        "https://[10.0.0.7]/",
        "https:api.example.com/",
        "https:/api.example.com/",
        "javascript:alert(1)",
        "mailto:a@api.example.com",
        "https:///api.example.com",
        "",
        "x" * 9_000,
    ],
)
def test_what_two_readers_could_take_for_two_hosts_leads_nowhere(address: str) -> None:
    """Userinfo, backslashes, escapes, lookalike letters and odd spellings of numbers are no address at all."""
    place = place_of(address)
    assert place is None or not LISTED.admits(place)


@pytest.mark.parametrize(
    "address, admitted",
    [
        ("https://api.example.com/", True),
        ("https://api.example.com:8443/", True),
        ("https://evil.example/?u=https://api.example.com/", False),
        ("https://api.example.com.evil.example/", False),
        ("https://xapi.example.com/", False),
        ("https://a.files.example.com/", True),
        ("https://a.b.files.example.com/", True),
        ("https://files.example.com/", False),
        ("https://xfiles.example.com/", False),
        ("postgresql://db.example.com:5432/", True),
        ("https://db.example.com/", False),
        ("http://10.0.0.7/", True),
        ("http://[::ffff:a00:7]/", True),
        ("http://10.0.0.8/", False),
        ("http://[2001:db8::1]:81/", True),
        ("http://[2001:db8::2]/", False),
    ],
)
def test_only_what_is_listed_is_reached(address: str, admitted: bool) -> None:
    """A name stands for itself on every port, ``*.`` for what lies below, and a port for that port alone."""
    place = place_of(address)
    assert place is not None
    assert LISTED.admits(place) is admitted


@pytest.mark.parametrize(
    "name",
    ["*", "*.com", "*.10.0.0.7", "a b", "https://api.example.com", "user@api.example.com", "b\u00fccher.example", ""],
)
def test_a_name_that_would_list_more_than_is_meant_is_none(name: str) -> None:
    """Everything, a whole top-level domain, an address and a user are no name of a host."""
    assert listed(name) is None


def test_a_name_is_kept_in_one_form() -> None:
    """Case, a dot at the end and brackets make no other name."""
    assert [listed(one) for one in ("API.example.com.", "2001:DB8::1", "*.Files.example.com:443")] == [
        "api.example.com",
        "[2001:db8::1]",
        "*.files.example.com:443",
    ]


@pytest.mark.parametrize(
    "text, address",
    [
        ("https://x", True),
        ("WWW.evil.example", True),
        ("//evil.example", True),
        ("ftp://x", True),
        ("\x01https://evil.example", True),
        ("\ufeff \u200bhttps://evil.example", True),
        ("ht\ttp\n://evil.example", True),
        ("http:/evil.example", True),
        ("https:evil.example", True),
        ("http:\\\\evil.example", True),
        ("/\\evil.example", True),
        (f"h{9_000 * chr(9)}ttps://evil.example", True),
        ("\uff48ttps://evil.example", True),
        ("DE89 3704", False),
        ("see\nhttps://a.example", False),
        ("Re: wsp", False),
    ],
)
def test_an_address_is_known_by_its_look(text: str, address: bool) -> None:
    """A scheme with a host, or what browsers complete to one, is an address."""
    assert leads_somewhere(text) is address
