from __future__ import annotations

import pytest

from tests.support.dovecot import PASSWORD, Absent, Dovecot, dovecot, running_dovecot
from tests.support.intake import serving
from tests.support.issuer import SECRET, running_issuer
from tests.support.world import World

__all__ = ["dovecot"]

SPEC = """
connector: inbox
kind: mail
connection: {{url: "imaps://localhost:{port}", tls: {{ca: "{ca}"}}}}
auth: {auth}
intake: {{mail: {{move_to: Stored, every: 1s}}}}
"""
BASIC = "{basic: {user: orders@example.com, password: env:INBOX_PASSWORD}}"
OAUTH2 = (
    "{{oauth2: {{token_url: '{url}', client_id: bridgehead, client_secret: env:INBOX_SECRET,"
    " user: orders@example.com, scopes: mail}}}}"
)


def mail(number: int) -> bytes:
    return f"From: a@example.com\r\nSubject: order {number}\r\n\r\nPO 45{number}\r\n".encode()


async def test_mails_of_a_folder_become_arrivals(world: World, dovecot: Dovecot) -> None:
    """A mailbox under `intake` is watched by the worker: each mail is one arrival and one case, and is moved then."""
    dovecot.drop([mail(1), mail(2)], folder="Orders")
    dovecot.drop([mail(3)])
    spec = SPEC.format(port=dovecot.tls_port, ca=dovecot.ca, auth=BASIC)
    with serving(world, intake="[{mail: inbox, folder: Orders}]", connectors={"inbox": spec}) as served:
        told = served.until_idle(INBOX_PASSWORD=PASSWORD)
        assert await served.documents() == [mail(1), mail(2)]
        assert PASSWORD not in told
    assert [case["outcome"] for case in await world.cases()] == ["completed"] * 2
    assert (dovecot.mails("Orders"), dovecot.mails("Stored")) == ([], [mail(1), mail(2)])
    assert dovecot.mails("INBOX") == [mail(3)]


async def test_a_mailbox_is_opened_by_tokens(world: World) -> None:
    """A mailbox that knows OAuth2 alone is logged in to by a token, which is got anew for another login."""
    with running_issuer() as issuer:
        try:
            with running_dovecot(introspection_url=issuer.introspection_url) as server:
                server.drop([mail(1)])
                auth = OAUTH2.format(url=issuer.token_url)
                spec = SPEC.format(port=server.tls_port, ca=server.ca, auth=auth)
                with serving(world, intake="[{mail: inbox}]", connectors={"inbox": spec}) as served:
                    served.until_idle(INBOX_SECRET=SECRET)
                    assert await served.documents() == [mail(1)]
                    server.drop([mail(2)])
                    served.until_idle(INBOX_SECRET=SECRET)
                    assert await served.documents() == [mail(1), mail(2)]
        except Absent as absent:
            pytest.skip(str(absent))
