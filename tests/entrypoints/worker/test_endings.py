"""How a job ends that raised, and how often it is tried."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import Retry
from dramatiq.middleware import CurrentMessage
from uuid_utils.compat import uuid7

from application.ports.journal import Conflict
from domain.errors import LEDGER_OVERFLOW, NOT_FOUND, SERVICE_UNAVAILABLE, STATE_CONFLICT, MediatorError
from entrypoints.worker.endings import RETRIES_MAX, is_retried, with_ending
from entrypoints.worker.requests import request_id, worker_call

MESSAGE_ID = uuid7()
TENANT = uuid7()


@pytest.fixture
def job() -> Iterator[None]:
    """Pretend that a job of that message runs."""
    current, broker = CurrentMessage(), StubBroker(middleware=[])
    message: Message[None] = Message("reactions", "react", (), {}, {}, message_id=str(MESSAGE_ID))
    current.before_process_message(broker, MessageProxy(message))  # type: ignore[no-untyped-call]
    yield
    current.after_process_message(broker, MessageProxy(message))  # type: ignore[no-untyped-call]


async def run(error: BaseException | None) -> None:
    async def actor() -> None:
        if error is not None:
            raise error

    await with_ending(actor)()


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize(
    "error", [None, MediatorError(NOT_FOUND, "It is gone."), MediatorError(STATE_CONFLICT, "It moved on.")], ids=repr
)
async def test_job_with_nothing_left_to_do_ends_well(error: MediatorError | None) -> None:
    await run(error)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("error", [Conflict(), MediatorError(SERVICE_UNAVAILABLE, "Later.")], ids=repr)
async def test_trouble_that_may_pass_is_tried_again_without_an_alarm(error: Exception) -> None:
    with pytest.raises(Retry) as raised:
        await run(error)

    assert raised.value.__cause__ is error
    assert is_retried(0, raised.value)


@pytest.mark.usefixtures("job")
async def test_refusal_that_will_stay_is_not_tried_again() -> None:
    refusal = MediatorError(LEDGER_OVERFLOW, "Too much.")

    with pytest.raises(MediatorError) as raised:
        await run(refusal)

    assert not is_retried(0, raised.value)


@pytest.mark.usefixtures("job")
async def test_fault_of_ours_passes_unchanged_and_is_tried_again() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        await run(ZeroDivisionError())

    assert is_retried(0, raised.value)


def test_tries_are_bounded() -> None:
    assert is_retried(RETRIES_MAX - 1, Retry())
    assert not is_retried(RETRIES_MAX, Retry())


@pytest.mark.usefixtures("job")
def test_job_acts_for_its_tenant_under_its_messages_identifier() -> None:
    call = worker_call(str(TENANT))

    assert (call.tenant_id, call.actor) == (TENANT, "system:worker")
    assert call.request_id == f"job_{UUID(str(MESSAGE_ID)).hex}"


def test_nothing_runs_outside_of_a_job() -> None:
    with pytest.raises(RuntimeError, match="no job"):
        request_id()
