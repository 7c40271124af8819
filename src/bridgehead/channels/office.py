"""Tells people of their work: what is due is sent, tried again, given to the next channel, then to the next role.

Nothing is lost: every step is written before the next one, and what nobody could be told of says so on the review and
is tried again. Silence of a channel is no decision.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from bridgehead.errors import BridgeheadError, ErrorClass, Failed, Unavailable
from bridgehead.ids import jitter, random_bytes, show
from bridgehead.reviews.model import VERBS, Review
from bridgehead.reviews.ports import About, Channel, Delivery, Message, Notice, NotificationStore
from bridgehead.reviews.telling import channels_of, following, may_carry, pause_s, summary_of
from bridgehead.spec.channels import web
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.notify import ChannelKind, ChannelSpec, Notify

log = logging.getLogger("bridgehead.channels")

POLL_S: Final = 1.0
AT_ONCE: Final = 8
"""Messages of one channel that are under way at the same time."""
STEPS: Final = 100
BESIDE_S: Final = 30.0
"""So much longer than an attempt may take a message is held: its sender writes what became of it."""
FOLLOWED: Final[frozenset[ChannelKind]] = frozenset({"slack", "webhook"})
"""Channels that are told how a review was decided: the message in Slack is locked, another system hears of it."""
_LONGEST_WHY: Final = 300
_CODE_BYTES: Final = 32


class Office:
    """Tells the people of the deployments that a worker serves."""

    def __init__(
        self,
        store: NotificationStore,
        deployments: Sequence[Deployment],
        *,
        open_channel: Callable[[ChannelSpec, Deployment], Channel],
        setting: Callable[[Deployment, str], str],
        poll_s: float = POLL_S,
    ) -> None:
        """Takes the outbox, and what opens a channel and reads a value that may be a reference, for a deployment."""
        self._store = store
        self._deployments = {one.name: one for one in deployments}
        self._telling = [one.name for one in deployments if one.notify is not None]
        self._silent = [one.name for one in deployments if one.notify is None]
        self._silenced = False
        self._setting = setting
        self._poll_s = poll_s
        self._channels: Mapping[tuple[str, str], Channel] = {
            (one.name, name): open_channel(spec, one)
            for one in deployments
            if one.notify is not None
            for name, spec in one.channels.items()
        }

    @property
    def lanes(self) -> Sequence[tuple[str, str]]:
        """Returns the channels, as deployment and name; each is sent to beside the others."""
        return tuple(self._channels)

    async def watch(self, stopped: asyncio.Event) -> None:
        """Tells people until ``stopped``; one slow channel holds up no other."""
        lanes = [self._lane(stopped, partial(self.send, *lane)) for lane in self.lanes]
        await asyncio.gather(self._lane(stopped, self.step), *lanes)

    async def _lane(self, stopped: asyncio.Event, work: Callable[[], Awaitable[int]]) -> None:
        away = False
        while not stopped.is_set():
            more = 0
            try:
                more = await work()
                away = False
            except Unavailable as error:
                if not away:
                    log.warning("telling people is put off: %s", error.message)
                away = True
            except Exception:  # without this nobody is told any more: nothing that goes wrong in one look may end it
                log.exception("telling people failed")
            if not more:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), self._poll_s * (0.5 + jitter()))

    async def step(self) -> int:
        """Takes the next step of every notice that is due; returns how many."""
        if self._silent:
            await self._store.forget(self._silent)
            if not self._silenced:
                await self._store.silence(self._silent)
                self._silenced = True
        if not self._telling:
            return 0
        for name in self._telling:
            await self._store.abandon(name, list(self._deployments[name].channels))
        found = await self._store.due(self._telling, limit=STEPS)
        for notice in found:
            await self._advance(notice, self._deployments[notice.deployment])
        return len(found)

    async def _advance(self, notice: Notice, deployment: Deployment) -> None:
        if notice.event == "decided":
            await self._store.spread_decided(notice, FOLLOWED)
        elif not notice.open:
            await self._store.close(notice)
        elif notice.state == "telling" and (notice.sent or notice.known):
            await self._store.told(notice)
        elif notice.state == "telling":
            await self._try(notice, deployment, notice.place + 1)
        else:
            await self._try(notice, deployment, 0)

    async def _try(self, notice: Notice, deployment: Deployment, place: int) -> None:
        """Gives a notice to its role's channel at a place, or the one after it; without one, to the next role."""
        names = channels_of(deployment, notice.role)
        if not names:
            await self._store.close(notice)  # this role is told nothing: it looks at the desk
            return
        for here in range(place, len(names)):
            spec = deployment.channels[names[here]]
            people: Sequence[str] = ("",)
            if spec.kind == "mail":
                people = await self._store.reachable(notice, list(spec.people))
                if not people:
                    log.info("%s: nobody of %s has an address in %s", _r(notice), notice.role, spec.name)
                    continue
            await self._store.spread(notice, here, spec.name, spec.kind, people)
            return
        tried = ", ".join(names)
        further = following(deployment, notice.role)
        if further is not None:
            why = f"nobody of {notice.role} could be told by {tried}"
            log.warning("%s: %s; %s is asked", _r(notice), why, further)
            await self._store.hand_on(notice, further, why)
            return
        why = f"nobody could be told by {tried}"
        log.error("%s: %s", _r(notice), why)
        await self._store.no_channel(notice, why, again_s=_notify(deployment).again_s)

    async def send(self, deployment: str, channel: str) -> int:
        """Sends what is due of one channel; returns how many messages were tried."""
        spec = self._deployments[deployment].channels[channel]
        found = await self._store.claim(deployment, channel, limit=AT_ONCE, hold_s=spec.timeout_s + BESIDE_S)
        if found:
            under_way = [asyncio.create_task(self._one(one, spec)) for one in found]
            try:
                await asyncio.wait(under_way)
            except asyncio.CancelledError:
                # A worker that stops writes what became of what it was sending: nothing is sent twice for that.
                await asyncio.wait(under_way, timeout=spec.timeout_s)
                raise
            for one in under_way:
                one.result()
        return len(found)

    async def _one(self, delivery: Delivery, spec: ChannelSpec) -> None:
        deployment = self._deployments[delivery.deployment]
        notify = _notify(deployment)
        about = await self._store.read(delivery)
        if about is None:
            await self._store.drop(delivery, "its data was erased")
            return
        if delivery.event != "decided" and about.review.state != "open":
            await self._store.drop(delivery, "the review was decided")
            return
        try:
            message = await self._message(delivery, spec, deployment, about)
            async with asyncio.timeout(spec.timeout_s):
                reference = await self._channels[deployment.name, spec.name].send(message)
        except Unavailable:
            raise  # the database is away: the message is held until somebody takes it again
        except Failed as failed:
            await self._failed(delivery, failed, notify)
        except TimeoutError:
            late = Failed(f"channel {spec.name} did not answer in {spec.timeout_s:g} s", error_class="timeout")
            await self._failed(delivery, late, notify)
        except BridgeheadError as error:  # a secret that is not there: it may be there at the next attempt
            await self._failed(delivery, Failed(error.message, error_class="auth_expired"), notify)
        except Exception as error:  # what a library makes of an answer must not lose a message
            log.exception("%s: channel %s failed", show("R", delivery.review_id), spec.name)
            await self._failed(delivery, Failed(type(error).__name__, error_class="bug"), notify)
        else:
            await self._store.sent(delivery, reference)

    async def _failed(self, delivery: Delivery, failed: Failed, notify: Notify) -> None:
        elapsed_s = (delivery.now - delivery.first_at).total_seconds()
        again_s = pause_s(failed, delivery.attempts, elapsed_s, notify.give_up_s)
        error_class: ErrorClass = failed.error_class
        log.warning(
            "%s is not told by %s (%s, attempt %d): %s",
            show("R", delivery.review_id), delivery.channel, error_class, delivery.attempts + 1, failed.message,
        )  # fmt: skip
        await self._store.failed(delivery, error_class, failed.message[:_LONGEST_WHY], again_s=again_s)

    async def _message(self, delivery: Delivery, spec: ChannelSpec, deployment: Deployment, about: About) -> Message:
        review, notify = about.review, _notify(deployment)
        link, single_use = f"{self._desk(deployment, notify)}/reviews/{show('R', review.id)}", False
        if spec.kind == "mail" and decides(review):
            code = base64.urlsafe_b64encode(random_bytes(_CODE_BYTES)).decode().rstrip("=")
            digest = hashlib.sha256(code.encode()).digest()
            await self._store.link(delivery, review, digest, lives_s=notify.link_s)
            link, single_use = f"{self._desk(deployment, notify)}/decide/{code}", True
        return Message(
            dedupe=delivery.dedupe,
            event=delivery.event,
            deployment=deployment.name,
            review=review,
            person=delivery.person,
            link=link,
            single_use=single_use,
            summary=summary_of(review) if may_carry(spec, deployment, about) else None,
            digest="" if review.args_digest is None else review.args_digest.hex(),
            reference=delivery.reference,
            sent_at=delivery.now,
        )

    def _desk(self, deployment: Deployment, notify: Notify) -> str:
        """Returns where the console is; raises Failed where what a variable holds is no such address."""
        desk = self._setting(deployment, notify.desk).strip().rstrip("/")
        if not web(desk):
            raise Failed(
                "notify.desk is no https:// address (http:// for this machine alone)",
                error_class="invalid_input",
                applied=False,
                code="channel.desk",
            )
        return desk


def decides(review: Review) -> bool:
    """Tells whether a review can be decided by a link: with yes or no, and nothing to be typed in."""
    return review.state == "open" and "reject" in VERBS[review.kind] and review.args_digest is not None


def _notify(deployment: Deployment) -> Notify:
    if deployment.notify is None:  # pragma: no cover - only deployments that tell somebody come here
        raise LookupError(deployment.name)
    return deployment.notify


def _r(notice: Notice) -> str:
    return show("R", notice.review_id)
