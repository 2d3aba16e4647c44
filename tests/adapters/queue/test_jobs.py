"""Jobs become messages that hold identifiers only, each once while it waits."""

import asyncio
from functools import partial

import pytest
from uuid_utils.compat import uuid7

from adapters.queue.broker import make_broker
from adapters.queue.jobs import DramatiqJobQueue
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import EventId, OperationId, PaymentId, TenantId
from tests.adapters.queue.workbench import Workbench, closed_port, eventually, explode, silent_server

TENANT = TenantId(uuid7())
EVENT = EventId(uuid7())
OPERATION = OperationId(uuid7())
PAYMENT = PaymentId(uuid7())


async def test_message_names_its_actor_and_holds_identifiers_as_text(workbench: Workbench) -> None:
    await workbench.queue.react(TENANT, EVENT, "apply_callback")
    await workbench.queue.resolve(TENANT, OPERATION)
    await workbench.queue.expire(TENANT, PAYMENT)

    [reaction] = workbench.messages("reactions")
    assert reaction["actor_name"] == "react"
    assert reaction["kwargs"] == {"tenant_id": str(TENANT), "event_id": str(EVENT), "reaction": "apply_callback"}
    others = {one["actor_name"]: one["kwargs"] for one in workbench.messages("operations")}
    assert others == {
        "resolve": {"tenant_id": str(TENANT), "operation_id": str(OPERATION)},
        "expire": {"tenant_id": str(TENANT), "payment_id": str(PAYMENT)},
    }


async def test_messages_are_numbered_in_the_order_in_which_they_were_sent(workbench: Workbench) -> None:
    for _ in range(5):
        await workbench.queue.react(TENANT, EventId(uuid7()), "apply_callback")

    sent = sorted(workbench.messages("reactions"), key=lambda message: message["kwargs"]["event_id"])
    assert [one["message_id"] for one in sent] == sorted(one["message_id"] for one in sent)


async def test_job_that_waits_is_not_sent_again(workbench: Workbench) -> None:
    for _ in range(3):
        await workbench.queue.resolve(TENANT, OPERATION)

    assert len(workbench.messages("operations")) == 1


async def test_job_that_was_done_can_be_sent_again(workbench: Workbench) -> None:
    workbench.start()
    for count in range(1, 4):
        await workbench.queue.resolve(TENANT, OPERATION)
        await asyncio.to_thread(eventually, partial(lambda wanted: workbench.done["resolve"] == wanted, count))
        await asyncio.to_thread(eventually, workbench.is_empty)


async def test_job_that_rests_between_two_tries_is_not_sent_again(workbench: Workbench) -> None:
    workbench.broker.get_actor("react").options |= {"min_backoff": 60_000, "max_backoff": 60_000}
    workbench.deed = explode
    workbench.start()
    await workbench.queue.react(TENANT, EVENT, "apply_callback")
    await asyncio.to_thread(eventually, lambda: workbench.messages("reactions.DQ"))
    await asyncio.to_thread(eventually, lambda: not workbench.messages("reactions"))

    await workbench.queue.react(TENANT, EVENT, "apply_callback")

    assert workbench.messages("reactions") == []
    assert len(workbench.messages("reactions.DQ")) == 1


async def test_job_that_was_lost_with_the_brokers_data_is_sent_again(workbench: Workbench) -> None:
    await workbench.queue.react(TENANT, EVENT, "apply_callback")
    workbench.broker.client.flushdb()

    await workbench.queue.react(TENANT, EVENT, "apply_callback")

    assert len(workbench.messages("reactions")) == 1


async def test_sender_that_died_half_way_keeps_others_waiting_for_seconds_only(workbench: Workbench) -> None:
    arguments = {"tenant_id": str(TENANT), "operation_id": str(OPERATION)}
    workbench.queue._live.begin("resolve", arguments)

    [name] = workbench.broker.client.keys("*:live:*")

    assert 0 < workbench.broker.client.ttl(name) <= 10


async def test_broker_that_is_away_makes_the_service_unavailable() -> None:
    queue = DramatiqJobQueue(make_broker(f"redis://127.0.0.1:{closed_port()}/0"))

    with pytest.raises(MediatorError) as refusal:
        await queue.react(TENANT, EVENT, "apply_callback")

    assert refusal.value.entry is SERVICE_UNAVAILABLE


async def test_broker_that_does_not_answer_does_not_stop_the_event_loop() -> None:
    with silent_server() as port:
        queue = DramatiqJobQueue(make_broker(f"redis://127.0.0.1:{port}/0"))
        sending = asyncio.create_task(queue.resolve(TENANT, OPERATION))

        for _ in range(20):
            await asyncio.sleep(0.01)

        assert not sending.done()
    with pytest.raises(MediatorError):
        await sending
