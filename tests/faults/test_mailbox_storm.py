"""Watchers of a mailbox, killed with SIGKILL at every point over a server that is killed too."""

from __future__ import annotations

import pytest

from tests.support.dovecot import Absent, running_dovecot
from tests.support.mail_storm import Storm, post
from tests.support.mailbox_main import POINTS
from tests.support.world import World


@pytest.mark.slow
@pytest.mark.parametrize(
    "after,without,points,count",
    [
        ({"move_to": "Done"}, ("MOVE",), POINTS, 100),
        ({"flag": "$Stored"}, (), ("fetched", "stored", "settled"), 45),
    ],
    ids=["copied and removed", "flagged"],
)
async def test_no_mail_is_lost_or_doubled(
    world: World, after: dict[str, str], without: tuple[str, ...], points: tuple[str, ...], count: int
) -> None:
    """P3: mails in any disorder are each one arrival and each order one case, wherever watchers and server die."""
    try:
        with running_dovecot(without=without) as server:
            storm = Storm(world, server, post(count, seed=7), after, seed=7)
            await storm.rage(points, restarts=2)
            assert await storm.counted() == storm.expected(), storm.log()
            assert set(storm.at_source()) == storm.post.distinct
            assert storm.restarts == 2
            assert set(storm.kills) == set(points)
    except Absent as absent:
        pytest.skip(str(absent))
