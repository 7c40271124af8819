"""The order template on Tryton by another erp.yaml: mails in, sales out, each once by Tryton's own tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dovecot import Dovecot, dovecot
from tests.support.tryton import Tryton, tryton, tryton_cluster
from tests.support.tryton_orders import Judgement, house, judged
from tests.support.world import World

__all__ = ["dovecot", "tryton", "tryton_cluster"]


@pytest.mark.slow
async def test_orders_by_mail_are_sales_once(world: World, tryton: Tryton, dovecot: Dovecot) -> None:
    """P2: under kill -9, lost replies and 429s each order is one confirmed sale of Tryton, or with a person."""
    async with house(world, tryton, dovecot, arrivals=50, seed=3) as made:
        await made.rage(kills=2, trytond_kills=1, limit_s=300)
        found = await judged(made)
        right = Judgement(0, 0, 0, 0, 0, 0, 0, 0, (0, 0))
        counted = replace(found, sales=0, in_question=0, booked_of_bookable=(0, 0))
        assert counted == right
        assert found.sales >= 25
        assert made.kills == {"worker": 2, "trytond": 1}
        assert all(made.proxy.count(fate) for fate in ("throttled", "lost", "late"))
