"""Puts stories into houses, and makes idempotency keys."""

import hashlib
import itertools
from datetime import datetime

from application.ports.journal import Answer, Committed, IdempotencyKey
from domain.payments import CaptureMode
from tests.fakes.house import House
from tests.fakes.story import Story, an_order
from tests.fakes.world import MONDAY, SettableWorld

ROUTE = "POST /v1/payments"

_SEEDS = itertools.count(1000)


def a_key(key: str = "key-1", *, body: bytes = b"{}", route: str = ROUTE) -> IdempotencyKey:
    """Make an idempotency key that is used for this body."""
    return IdempotencyKey(route, key, hashlib.sha256(body).digest())


def an_answer(body: bytes = b'{"state":"succeeded"}', status: int = 201) -> Answer:
    """Make an answer."""
    return Answer(status, "application/json", body, "/v1/payments/pay_1")


def a_world(now: datetime = MONDAY) -> SettableWorld:
    """Make a world whose identifiers no other world of this process makes."""
    return SettableWorld(now, seed=next(_SEEDS))


def story_for(
    house: House,
    *,
    amount_minor: int = 1000,
    currency: str = "EUR",
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC,
    reference: str | None = "order-1",
    world: SettableWorld | None = None,
) -> Story:
    """Begin a payment of the house's tenant, in a world of its own; nothing of it is kept yet."""
    order = an_order(
        amount_minor=amount_minor,
        currency=currency,
        capture_mode=capture_mode,
        tenant_id=house.tenant_id,
        account=house.account,
        reference=reference,
    )
    return Story(order, world=world or a_world())


async def keep(house: House, story: Story) -> Story:
    """Commit what was told of a story since it was kept last."""
    while story.told < len(story.units):
        verdict = await house.journal.commit(story.units[story.told])
        assert verdict == Committed()
        story.told += 1
    return story
