"""Puts messages aside that failed for good: the broker would forget them after a week."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
from dramatiq import Broker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import MessageProxy
from dramatiq.errors import Retry
from dramatiq.middleware import Middleware

from adapters.telemetry.logging import get_logger
from adapters.telemetry.redaction import scrubbed

ERROR_LENGTH_MAX = 500
NO_SUCH_ACTOR = "no actor of this name takes such a message"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that failed for good: what was asked of whom, why it failed, and how often it was tried."""

    actor: str
    arguments: dict[str, str]
    message_id: UUID
    error: str
    attempts: int


Park = Callable[[DeadLetter], Awaitable[None]]
"""Keeps a dead letter durably, once however often it is told of it."""


class DeadLetters(Middleware):
    """Parks what Dramatiq is about to reject. List it before `Retries`: hooks that come after run in reverse order.

    A letter that was parked leaves the broker. One that could not be parked goes, with an error in the log, to the
    broker's own dead letters, which are therefore empty while all is well.
    """

    def __init__(self, park: Park) -> None:
        """Park with this."""
        self._park = park

    def after_process_message(
        self,
        broker: Broker,  # noqa: ARG002 -- the hook's signature
        message: MessageProxy,
        *,
        result: object = None,  # noqa: ARG002 -- the hook's signature
        exception: BaseException | None = None,
    ) -> None:
        """Remember why it failed, in case it failed for good."""
        if exception is not None:
            message.options["error"] = error_text(exception)

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Park it; on the loop of the actors, from the thread of a worker or consumer."""
        try:
            letter = _letter_of(message)
            loop = get_event_loop_thread()
            if loop is None:
                raise RuntimeError("the event loop of the actors does not run")  # noqa: TRY301 -- one way to fail
            loop.run_coroutine(self._park(letter))
        except Exception:  # noqa: BLE001 -- whatever it was, the broker keeps the message, and the log says so
            get_logger().error("job.park_failed", actor=message.actor_name, message=message.message_id, exc_info=True)
            return
        get_logger().error("job.parked", actor=letter.actor, arguments=letter.arguments, error=letter.error)
        # Acknowledged here, the rejection that follows finds nothing to keep.
        broker.do_ack(message.queue_name, message.options["redis_message_id"])  # type: ignore[attr-defined]  # RedisBroker


def error_text(error: BaseException) -> str:
    """Say in one line, without secrets, what went wrong; SQL and its values are left out."""
    cause = error.__cause__ if isinstance(error, Retry) and error.__cause__ is not None else error
    line = str(cause).partition("\n")[0]
    return scrubbed(f"{type(cause).__name__}: {line}".removesuffix(": "))[:ERROR_LENGTH_MAX]


def _letter_of(message: MessageProxy) -> DeadLetter:
    return DeadLetter(
        actor=message.actor_name,
        arguments=message.kwargs,
        message_id=UUID(message.message_id),
        error=message.options.get("error", NO_SUCH_ACTOR),
        attempts=message.options.get("retries", 0),
    )
