"""Mails about work, over real SMTP, and the links in them."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bridgehead.console.pages import linked
from bridgehead.errors import UserError
from bridgehead.ids import ReviewId
from bridgehead.storage import review_links
from bridgehead.storage.review_links import ReviewLinks
from tests.support.channels import Mailboxes, Telling, by_hand, mail_server
from tests.support.console import ORIGIN, Visitor, visiting
from tests.support.world import World

TO = """
channels:
  post: {{mail: "smtp://127.0.0.1:{port}", sender: desk@example.com, people: {people}{more}}}
notify: {{desk: "{desk}", roles: {{desk: post}}, give_up: 10m, link: 24h}}
"""
PEOPLE = "{ann: ann@example.com, ben: ben@example.com, eve: eve@example.com}"


def to(boxes: Mailboxes, more: str = "") -> str:
    return TO.format(port=boxes.port, people=PEOPLE, more=more, desk=ORIGIN)


async def staff(world: World) -> None:
    """Declares a desk of two, and somebody who belongs to another group."""
    for name, group in (("ann", "desk"), ("ben", "desk"), ("eve", "other")):
        await world.app.users.add(name, [group], None, by="root", roles=["reviewer"])


def path_of(link: str) -> str:
    return urlsplit(link).path


async def post(visitor: Visitor, path: str, **values: str) -> tuple[int, str]:
    answer = await visitor.post(path, values, page=path)
    return answer.status_code, answer.text


async def test_those_who_may_decide_get_a_mail_with_a_link_of_their_own(world: World) -> None:
    """Each member of the role with an address gets one mail, nobody else does, and no word of the call is in it."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    assert sorted(to for to, _ in boxes.mails) == ["ann@example.com", "ben@example.com"]
    assert boxes.link(0) != boxes.link(1)
    assert f"R-{review.id}" in str(boxes.mails[0][1]["subject"])
    assert "P1" not in boxes.text()
    assert "500" not in boxes.text()
    kept = await world.rows("select code from review_links")
    code = path_of(boxes.link()).rsplit("/", 1)[1]
    assert code.encode() not in [bytes(row["code"]) for row in kept], "the database knows digests alone"  # type: ignore[call-overload]


async def test_looking_decides_nothing_and_the_form_decides_once(world: World) -> None:
    """GET and HEAD change nothing however often; one POST approves as the mail's person; a replay is refused."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    path = path_of(boxes.link(0))
    person = boxes.mails[0][0].partition("@")[0]
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        for _ in range(3):
            shown = await visitor.get(path)
            assert shown.status_code == 200
            assert "P1" in shown.text
        assert (await visitor.http.head(path)).status_code == 200
        assert (await telling.review(review)).state == "open"
        token = await visitor.token(path)
        assert (await visitor.http.post(path, data={"verb": "approve"})).status_code == 403, "a form of this page alone"
        assert (await telling.review(review)).state == "open"
        assert (await post(visitor, path, verb="approve"))[0] == 200
        decided = await telling.review(review)
        assert (decided.state, decided.decided_by, decided.decided_via) == ("approved", person, "mail")
        replayed = await visitor.http.post(path, data={"verb": "reject", "reason": "no", "csrf": token})
        assert replayed.status_code == 410
        assert (await visitor.get(path)).status_code == 410
    assert (await telling.review(review)).state == "approved"
    await world.settle()
    assert len(world.books()) == 1


async def test_a_link_is_dead_once_the_review_is_decided_elsewhere(world: World) -> None:
    """A decision at the desk or by another person's link kills every other link of the review."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    first, second = path_of(boxes.link(0)), path_of(boxes.link(1))
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        token = await visitor.token(second)
        assert (await post(visitor, first, verb="reject", reason="wrong customer"))[0] == 200
        late = await visitor.http.post(second, data={"verb": "approve", "csrf": token})
        assert late.status_code == 410
        assert "rejected by" in late.text
    decided = await telling.review(review)
    assert (decided.state, decided.answer) == ("rejected", "wrong customer")


async def test_a_link_dies_with_its_time(world: World) -> None:
    """After its life a link opens and decides nothing."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    path = path_of(boxes.link())
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        token = await visitor.token(path)
        await world.pass_time(timedelta(hours=25))
        assert (await visitor.get(path)).status_code == 410
        answer = await visitor.http.post(path, data={"verb": "approve", "csrf": token})
        assert answer.status_code == 410
        assert "that is over" in answer.text
    assert (await telling.review(review)).state == "open"


@pytest.mark.parametrize("how", ["disabled", "left the group", "lost the role"])
async def test_who_lost_the_right_meanwhile_decides_nothing(world: World, how: str) -> None:
    """A link stands for the rights of the moment of the decision, not for those of the moment of the mail."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    (path,) = [path_of(boxes.link(place)) for place, (to_, _) in enumerate(boxes.mails) if to_ == "ann@example.com"]
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        token = await visitor.token(path)
        if how == "disabled":
            await world.app.users.disable("ann", by="root", reason="left")
        elif how == "left the group":
            await world.app.users.set_groups("ann", ["other"], by="root")
        else:
            await world.app.users.set_roles("ann", ["viewer"], by="root", keep_an_admin=False)
        answer = await visitor.http.post(path, data={"verb": "approve", "csrf": token})
        assert answer.status_code in {400, 403}
    assert (await telling.review(review)).state == "open"


async def test_a_link_is_bound_to_the_arguments_of_its_mail(world: World) -> None:
    """A link whose mail was about other arguments shows that, offers no button, and decides nothing."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    path = path_of(boxes.link())
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        token = await visitor.token(path)
        async with world.app.database.connection() as conn:
            await conn.execute("update review_links set args_digest = sha256('other')")
        shown = await visitor.get(path)
        assert "other arguments" in shown.text
        assert "Approve" not in shown.text
        answer = await visitor.http.post(path, data={"verb": "approve", "csrf": token})
        assert answer.status_code == 400
    assert (await telling.review(review)).state == "open"


async def test_a_link_is_used_up_before_it_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests with one code at once: one of them goes on to decide, the other is told that it is used."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        await telling.begin(to(boxes))
        await telling.tell()
    code = path_of(boxes.link()).rsplit("/", 1)[1]
    links = ReviewLinks(world.app.database)
    assert await links.use(code)
    assert not await links.use(code)
    found = await links.find(code)
    assert found is not None
    assert found.standing == "used"
    await links.give_back(code)
    assert await links.use(code)
    # Without the guard the same code is used twice.
    monkeypatch.setattr(review_links, "_USE", review_links._USE.replace(b"and l.used_at is null ", b""))
    assert await links.use(code)


async def test_a_decision_that_was_none_leaves_the_link_good(world: World) -> None:
    """A rejection without a reason, or another verb, decides nothing and may be sent again."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(to(boxes))
        await telling.tell()
    path = path_of(boxes.link())
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        assert (await post(visitor, path, verb="reject"))[0] == 400
        assert (await post(visitor, path, verb="take"))[0] == 400
        assert (await telling.review(review)).state == "open"
        assert (await post(visitor, path, verb="reject", reason="too much"))[0] == 200
    assert (await telling.review(review)).state == "rejected"


async def test_the_mail_of_work_that_takes_words_leads_to_the_desk(world: World) -> None:
    """P4: who is told of a case that left the agent's hands is led to its page: a link decides about calls alone."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        await telling.begin(to(boxes))
        await telling.tell()
        await world.decide("reject", answer="no")
        with by_hand():
            await world.settle()
        (left,) = await world.reviews()
        await telling.tell()
    assert left.kind == "exception"
    assert boxes.link().endswith(f"/reviews/R-{left.id}")


async def test_a_code_that_was_never_sent_opens_nothing(world: World) -> None:
    """A guessed, cut or long code is answered alike, and says nothing of any review."""
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        for code in ("A" * 43, "x", "%00", "é", "A" * 3000):
            answer = await visitor.get(f"/decide/{code}")
            assert answer.status_code == 404, code
            assert "R-" not in answer.text


async def test_what_a_document_says_is_text_on_the_page_of_a_link(world: World) -> None:
    """Markup in an argument is shown and never run."""
    await staff(world)
    async with mail_server() as boxes:
        telling = Telling(world)
        await telling.begin(to(boxes), po="<script>alert(1)</script>")
        await telling.tell()
    async with visiting(world.app, None, pages=linked.PAGES) as visitor:
        shown = await visitor.get(path_of(boxes.link()))
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert" in shown.text


async def test_mails_go_over_tls_and_with_a_login_where_the_file_says_so(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """smtps:// is TLS from the first byte, held to a known authority, and logs in with the secret by reference."""
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    monkeypatch.setenv("SMTP_PASSWORD", "right")
    await staff(world)
    async with mail_server(ssl_context=context) as boxes:
        more = TO.format(
            port=boxes.port, people=PEOPLE, more=', user: desk, password: "env:SMTP_PASSWORD"', desk=ORIGIN
        ).replace("smtp://", "smtps://")
        telling = Telling(world)
        await telling.begin(more)
        await telling.tell()
        assert not boxes.mails, "a certificate that nobody vouches for is not trusted"
        assert {row["error_class"] for row in await telling.messages()} == {"dependency_down"}
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        await world.pass_time(timedelta(seconds=10))
        await telling.tell()
    assert len(boxes.mails) == 2


async def test_the_same_mail_has_the_same_id_at_each_attempt(world: World) -> None:
    """A server that refuses for now is tried again; the Message-ID tells the receiver that it is one mail."""
    await staff(world)
    async with mail_server() as boxes:
        boxes.answer = "451 4.3.0 later"
        telling = Telling(world)
        await telling.begin(to(boxes))
        await telling.tell()
        rows = await telling.messages()
        assert {row["state"] for row in rows} == {"due"}
        boxes.answer = "250 taken"
        await world.pass_time(timedelta(seconds=10))
        await telling.tell()
    sent = {str(mail["message-id"]).strip("<>").partition("@")[0] for _, mail in boxes.mails}
    assert sent == {row["dedupe"] for row in rows}


def test_only_yes_and_no_go_by_a_link() -> None:
    """The verbs that a link takes are approve and reject."""
    link = review_links.ReviewLink(ReviewId(1), "ann", b"x", "good", "open", None)
    for verb in ("edit", "answer", "take", "back", ""):
        with pytest.raises(UserError, match="approves or rejects"):
            linked._decision(verb, "reason", link)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate for 127.0.0.1 that is its own authority."""
    from datetime import UTC, datetime
    from ipaddress import IPv4Address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "mail.pem", folder / "mail.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private
