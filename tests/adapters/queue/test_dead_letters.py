"""A message that failed for good is parked and leaves the broker; if it cannot be parked, the broker keeps it."""

import asyncio
from uuid import UUID

import pytest
from dramatiq import Message
from dramatiq.errors import Retry
from uuid_utils.compat import uuid7

from adapters.queue.client import NAMESPACE
from adapters.queue.dead_letters import error_text
from domain.ids import EventId, OperationId, TenantId
from tests.adapters.queue.workbench import RETRIES_MAX, Workbench, eventually, explode

TENANT = TenantId(uuid7())
EVENT = EventId(uuid7())
OPERATION = OperationId(uuid7())


def rejected(workbench: Workbench, queue: str) -> int:
    return int(workbench.broker.client.hlen(f"{NAMESPACE}:{queue}.XQ.msgs"))


async def test_message_that_failed_for_good_is_parked_with_its_reason(workbench: Workbench) -> None:
    workbench.deed = explode
    workbench.start()
    await workbench.queue.react(TENANT, EVENT, "apply_callback")

    await asyncio.to_thread(eventually, lambda: workbench.parked)

    [letter] = workbench.parked
    assert letter.actor == "react"
    assert letter.arguments["event_id"] == str(EVENT)
    assert letter.attempts == RETRIES_MAX + 1
    assert letter.error == "ZeroDivisionError: the poison of password=***"


async def test_parked_message_leaves_the_broker_and_can_be_sent_again(workbench: Workbench) -> None:
    workbench.deed = explode
    workbench.start()
    await workbench.queue.react(TENANT, EVENT, "apply_callback")
    await asyncio.to_thread(eventually, lambda: workbench.parked and workbench.is_empty())
    rejected_then = rejected(workbench, "reactions")
    workbench.deed = lambda: None

    await workbench.queue.react(TENANT, EVENT, "apply_callback")

    assert rejected_then == 0
    await asyncio.to_thread(eventually, lambda: workbench.done["react"] == RETRIES_MAX + 2)


async def test_others_flow_past_a_message_that_fails(workbench: Workbench) -> None:
    workbench.deed = explode
    workbench.start()
    for _ in range(3):
        await workbench.queue.react(TENANT, EventId(uuid7()), "apply_callback")
        await workbench.queue.resolve(TENANT, OperationId(uuid7()))

    await asyncio.to_thread(eventually, lambda: workbench.done["resolve"] == 3)
    await asyncio.to_thread(eventually, lambda: len(workbench.parked) == 3)


async def test_message_that_cannot_be_parked_stays_with_the_broker(workbench: Workbench) -> None:
    workbench.deed = explode
    workbench.park_trouble = ConnectionError("the database is away")
    workbench.start()

    await workbench.queue.react(TENANT, EVENT, "apply_callback")

    await asyncio.to_thread(eventually, lambda: rejected(workbench, "reactions") == 1)
    assert workbench.parked == []


async def test_message_for_an_unknown_actor_is_parked(workbench: Workbench) -> None:
    message_id = uuid7()
    workbench.start()

    workbench.broker.enqueue(
        Message(
            queue_name="reactions",
            actor_name="of_another_version",
            args=(),
            kwargs={"tenant_id": str(TENANT)},
            options={},
            message_id=str(message_id),
        )
    )

    await asyncio.to_thread(eventually, lambda: workbench.parked)
    [letter] = workbench.parked
    assert (letter.actor, letter.message_id) == ("of_another_version", UUID(str(message_id)))
    assert rejected(workbench, "reactions") == 0


def caused(retry: Retry, cause: Exception) -> Retry:
    retry.__cause__ = cause
    return retry


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (TimeoutError(), "TimeoutError"),
        (caused(Retry("later"), OSError("gone")), "OSError: gone"),
        (ValueError("x" * 1_000), "ValueError: " + "x" * 488),
    ],
)
def test_reason_is_one_short_line(error: Exception, text: str) -> None:
    assert error_text(error) == text
