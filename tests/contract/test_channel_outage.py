"""Channels that are down, on the test clock: tried again, then the next channel, then the next role, and never lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bridgehead.errors import UserError
from bridgehead.resilience import retry
from bridgehead.reviews.model import Review
from bridgehead.storage.queries_system import verify_whole
from tests.support.channels import BOOK, HELD, WHSEC, Mailboxes, Telling, by_hand, mail_server
from tests.support.console import ORIGIN
from tests.support.http_server import Asked, HttpServer, Told, http_server
from tests.support.world import World

TO = """
channels:
  ops: {{webhook: "{url}/ops", secrets: ["env:HOOK"]}}
  post: {{mail: "smtp://127.0.0.1:{port}", sender: desk@example.com, people: {{ann: ann@example.com}}}}
  leads: {{webhook: "{url}/leads", secrets: ["env:HOOK"]}}
notify: {{desk: "{desk}", roles: {roles}, give_up: 10m, again: 15m}}
"""
ROLES = "{desk: [ops, post], lead: leads}"


@dataclass
class Outside:
    """Two receivers and a mail server; ``down`` names those that do not answer."""

    http: HttpServer
    boxes: Mailboxes
    down: set[str]

    def answer(self, asked: Asked) -> Told:
        return Told(503) if asked.path.strip("/") in self.down else Told()

    def set_down(self, *names: str) -> None:
        self.down = set(names)
        self.boxes.answer = "421 4.3.2 going down" if "post" in self.down else "250 taken"

    def asked(self, name: str) -> int:
        return len([one for one in self.http.asked if one.path == f"/{name}"])

    def to(self, roles: str = ROLES) -> str:
        return TO.format(url=self.http.url, port=self.boxes.port, desk=ORIGIN, roles=roles)


@asynccontextmanager
async def outside(*down: str) -> AsyncIterator[Outside]:
    async with mail_server() as boxes, http_server(lambda _asked: Told()) as http:
        made = Outside(http, boxes, set())
        http.handler = made.answer
        made.set_down(*down)
        yield made


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", WHSEC)
    monkeypatch.setattr(retry, "jitter", lambda: 0.9)


async def minutes(telling: Telling, count: int) -> None:
    """Lets minutes pass, and what is due in each of them be done."""
    for _ in range(count):
        await telling.world.pass_time(timedelta(minutes=1))
        await telling.tell()


async def sweep(world: World) -> None:
    """Lets a worker look after deadlines and escalations until none is due."""

    async def seen_to() -> bool:
        return not await world.rows("select 1 from reviews where state = 'open' and escalate_at <= bridgehead_now()")

    with by_hand():
        async with world.working():
            await world.until(seen_to, what="the escalations")


async def test_a_dead_channel_gives_way_to_the_next_one(world: World) -> None:
    """A channel that fails for as long as it may is given up, and the next channel of the role tells."""
    async with outside("ops") as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        await telling.tell()
        await minutes(telling, 9)
        assert not there.boxes.mails, "it is tried again first"
        tries = there.asked("ops")
        assert 4 <= tries <= 12, "with pauses that grow"
        await minutes(telling, 2)
        assert [to for to, _ in there.boxes.mails] == ["ann@example.com"]
        await minutes(telling, 10)
        assert len(there.boxes.mails) == 1
    now = await telling.review(review)
    assert (now.role, now.state, now.no_channel_at) == ("desk", "open", None)


async def test_a_role_that_cannot_be_told_is_passed_over_for_the_next(world: World) -> None:
    """With every channel of the role dead the review is asked of the next role, on the record, and that one is told."""
    async with outside("ops", "post") as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        await telling.tell()
        await minutes(telling, 22)
        assert there.asked("leads") == 1
    now = await telling.review(review)
    assert (now.role, now.state, now.no_channel_at) == ("lead", "open", None)
    (row,) = await world.rows(
        "select convert_from(body, 'UTF8')::json -> 'refs' as refs from ledger"
        " where convert_from(body, 'UTF8')::json ->> 'kind' = 'review.escalated'"
    )
    refs = row["refs"]
    assert isinstance(refs, dict)
    assert (refs["from"], refs["to"]) == ("desk", "lead")
    assert "could be told" in refs["why"]


async def test_what_nobody_can_be_told_of_says_so_and_is_told_later(world: World) -> None:
    """With no channel left the review says so, stays open, and is told as soon as a channel answers again."""
    async with outside("ops", "post", "leads") as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        await telling.tell()
        await minutes(telling, 33)
        now = await telling.review(review)
        assert now.no_channel_at is not None
        assert now.state == "open", "an outage is no decision"
        (untold,) = await world.app.notifications.untold()
        assert (untold.review_id, untold.role) == (review.id, "lead")
        there.set_down()
        await minutes(telling, 16)
        assert there.asked("leads") > 1
        assert (await telling.review(review)).no_channel_at is None
        assert not await world.app.notifications.untold()
    kinds = await world.rows(
        "select count(*) as n from ledger where convert_from(body, 'UTF8')::json ->> 'kind' = 'review.no_channel'"
    )
    assert kinds == [{"n": 1}]


async def test_an_operator_lets_it_be_tried_again_at_once(world: World) -> None:
    """What was given up starts again from the first channel when it is told to; what was told is not told twice."""
    async with outside("ops", "post", "leads") as there:
        telling = Telling(world)
        review = await telling.begin(there.to("{desk: [ops, post]}"))
        await telling.tell()
        await minutes(telling, 22)
        assert (await telling.review(review)).no_channel_at is not None
        there.set_down()
        assert await world.app.notifications.retry(review=review.id) == 1
        await telling.tell()
        assert (await telling.review(review)).no_channel_at is None
        assert there.boxes.mails == []
        taken = there.asked("ops")
        assert await world.app.notifications.retry(review=review.id) in {0, 1}
        await telling.tell()
        assert there.asked("ops") == taken
        with pytest.raises(UserError, match="no review R-999"):
            await world.app.notifications.retry(review=999)


async def test_a_refusal_that_is_final_is_not_waited_for(world: World) -> None:
    """A receiver that says that the address is wrong is given up at once: its class is not one to try again."""
    async with outside() as there:
        there.http.handler = lambda asked: Told(404) if asked.path == "/ops" else Told()
        telling = Telling(world)
        await telling.begin(there.to())
        await telling.tell()
        assert there.asked("ops") == 1
        assert len(there.boxes.mails) == 1


async def test_nobody_with_an_address_is_like_a_dead_channel(world: World) -> None:
    """A mail channel that has no address of anybody who may decide gives way to the next channel at once."""
    await world.app.users.add("pat", ["desk"], None, by="root", roles=["reviewer"])
    await world.app.users.add("ann", ["other"], None, by="root", roles=["reviewer"])
    async with outside() as there:
        telling = Telling(world)
        await telling.begin(there.to("{desk: [post, ops]}"))
        await telling.tell()
        assert not there.boxes.mails
        assert there.asked("ops") == 1


async def test_silence_ends_visibly_late_and_never_in_a_decision(world: World) -> None:
    """Told and undecided, a review goes to the next role, then says that it is late; each step is told."""
    async with outside() as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        await telling.tell()
        for _ in range(3):
            await world.pass_time(timedelta(hours=3))
            await sweep(world)
            await telling.tell()
        events = [str(row["event"]) for row in await telling.messages()]
        assert events == ["opened", "escalated", "overdue"]
        assert there.asked("leads") == 2
    now = await telling.review(review)
    assert (now.state, now.role) == ("open", "lead")
    assert now.timed_out_at is not None
    assert world.books() == []


async def test_a_sender_that_dies_loses_no_message(world: World) -> None:
    """A message that was taken to be sent and never settled is sent by the next one, under the same id."""
    async with outside() as there:
        telling = Telling(world)
        await telling.begin(there.to())
        assert world.loaded is not None
        office = world.app.office([world.loaded.deployment])
        await office.step()
        (held,) = await world.app.notifications.claim("orders", "ops", limit=8, hold_s=30)
        await telling.tell()
        assert there.asked("ops") == 0, "somebody has it"
        await world.rows("update notifications set held_until = clock_timestamp() - interval '1 s' returning id")
        await telling.tell()
        assert [one.headers["webhook-id"] for one in there.http.asked] == [held.dedupe]


async def test_a_notice_and_what_it_tells_of_are_one_commit(world: World) -> None:
    """What is rolled back tells nobody, and what is committed by any code tells: the outbox is the table's own."""
    async with outside() as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        before = await world.rows("select id from notices")
        async with world.app.database.connection() as conn, conn.transaction(force_rollback=True):
            await conn.execute("update reviews set role = 'lead' where id = %s", (review.id,))
            assert await (await conn.execute("select 1 from notices where event = 'escalated'")).fetchone()
        assert await world.rows("select id from notices") == before
        world.tampered = True  # the ledger hears nothing of what this test does to the table
        await world.rows("update reviews set role = 'lead' where id = %s returning id", review.id)
        assert [row["event"] for row in await world.rows("select event from notices order by id")] == [
            "opened",
            "escalated",
        ]


async def test_who_tells_nobody_keeps_nothing(world: World) -> None:
    """A deployment without notify has no outbox that grows."""
    telling = Telling(world)
    await telling.begin("")
    await telling.tell()
    assert await world.rows("select id from notices") == []


async def test_a_secret_that_is_not_there_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference that leads nowhere fails the attempt and not the message: once it is set, the next attempt tells."""
    monkeypatch.delenv("HOOK")
    async with outside() as there:
        telling = Telling(world)
        await telling.begin(there.to())
        await telling.tell()
        assert there.asked("ops") == 0
        monkeypatch.setenv("HOOK", WHSEC)
        await minutes(telling, 1)
        assert there.asked("ops") == 1
        assert not there.boxes.mails


async def test_a_worker_tells_people_by_itself(world: World) -> None:
    """With a worker running, what is held is told without anybody's help, and so is the decision."""
    async with outside() as there:
        await world.deploy(BOOK, tools=HELD, more=there.to())
        await world.submit({"po": "P1", "amount": 500})
        async with world.working():
            await world.until(lambda: _async(found=there.asked("ops") == 1), what="the first message")
            await world.decide("reject", answer="no")
            # What the refused case is handed over with is told as well, before or after.
            joined = "select 1 from notifications m join notices n on n.id = m.notice_id"
            sent = f"{joined} where n.event = 'decided' and m.state = 'sent'"
            await world.until(lambda: world.rows(sent), what="the message of the decision")
    assert there.asked("ops") >= 2


async def _async(*, found: bool) -> bool:
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_no_outage_loses_a_review(world: World, seed: int) -> None:
    """Whatever is down when, each review is decided, told to its role, still tried, or visibly without a channel."""
    chance = random.Random(seed)
    names = ["ops", "post", "leads"]
    async with outside() as there:
        telling = Telling(world)
        reviews: list[Review] = [await telling.begin(there.to())]
        for hour in range(4):
            if hour < 3:
                reviews.append(await telling.another(f"P{hour + 2}"))
            for _ in range(4):
                there.set_down(*chance.sample(names, chance.randint(0, 3)))
                await minutes(telling, chance.randint(1, 15))
            if chance.random() < 0.5:
                still = [one for one in await world.reviews() if one.kind == "approval"]
                if still:
                    await world.app.reviews.decide(chance.choice(still).id, "reject", by="pat", answer="no")
            await sweep(world)
        for one in reviews:
            now = await telling.review(one)
            if now.state != "open":
                assert now.decided_by == "pat", "nothing but a person decides"
                continue
            rows = await world.rows(
                "select n.state, n.due_at is not null or exists (select from notifications m"
                " where m.notice_id = n.id and m.state = 'due') as goes_on"
                " from notices n where n.review_id = %s and n.role = %s order by n.id",
                now.id,
                now.role,
            )
            told = any(row["state"] == "told" for row in rows)
            goes_on = any(row["goes_on"] for row in rows)
            assert told or goes_on or now.no_channel_at is not None, (now, rows)
        there.set_down()
        await minutes(telling, 31)
        for one in await world.reviews():
            assert one.no_channel_at is None
    found = await verify_whole(world.app.database, None)
    assert found.whole


async def test_a_channel_that_is_taken_out_of_the_file_loses_no_message(world: World) -> None:
    """What was due by a channel that is declared no more goes to the next channel of the file as it is now."""
    async with outside("ops") as there:
        telling = Telling(world)
        await telling.begin(there.to())
        await telling.tell()
        without = there.to("{desk: post}").replace('ops: {webhook: "', 'other: {webhook: "')
        await world.deploy(BOOK, tools=HELD, more=without)
        await telling.tell()
        rows = {str(row["channel"]): str(row["state"]) for row in await telling.messages()}
        assert rows["ops"] == "failed"
        assert len(there.boxes.mails) == 1


async def test_a_deployment_that_stops_telling_leaves_nothing_due(world: World) -> None:
    """Without notify what was due is dropped, and no review says that a channel is missing which nobody wants."""
    async with outside("ops", "post", "leads") as there:
        telling = Telling(world)
        review = await telling.begin(there.to())
        await telling.tell()
        await minutes(telling, 33)
        assert (await telling.review(review)).no_channel_at is not None
        await world.deploy(BOOK, tools=HELD)
        await telling.tell()
    assert (await telling.review(review)).no_channel_at is None
    assert not await world.rows("select 1 from notifications where state = 'due'")
    assert not await world.rows("select 1 from notices where due_at is not null")


async def test_two_workers_at_once_send_each_message_once(world: World) -> None:
    """Workers that look at the same moment take different messages, and a notice is spread by one of them."""
    async with outside() as there:
        telling = Telling(world)
        await telling.begin(there.to())
        for number in range(4):
            await telling.another(f"P{number + 2}")
        await asyncio.gather(*(telling.tell() for _ in range(4)))
        await telling.tell()
    ids = [one.headers["webhook-id"] for one in there.http.asked]
    assert len(ids) == len(set(ids)) == 5


async def test_a_decision_between_taken_and_written_is_followed_up(world: World) -> None:
    """P4: a message that its channel took while the decision was spread is followed by the decision all the same."""
    async with outside() as there:
        telling = Telling(world)
        await telling.begin(there.to())
        assert world.loaded is not None
        office = world.app.office([world.loaded.deployment])
        await office.step()
        notifications = world.app.notifications
        (delivery,) = await notifications.claim("orders", "ops", limit=5, hold_s=60)
        await world.decide("reject", answer="no")
        async with world.app.database.transaction() as conn:  # the decision is spread, and not committed yet
            await conn.execute("update notices set state = 'closed' where event = 'decided'")
            writing = asyncio.create_task(notifications.sent(delivery, "m-1"))

            async def waits() -> bool:
                held_up = "select pid from pg_stat_activity where wait_event_type = 'Lock'"
                return writing.done() or bool(await world.rows(f"{held_up} and datname = current_database()"))

            await world.until(waits, what="the writer")
        await writing
        assert await world.rows("select state from notices where event = 'decided'") == [{"state": "new"}]
