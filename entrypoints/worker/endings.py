"""How a job ends that raised: done, tried again, or put aside. The worker's one table; actors never catch."""

import asyncio
from functools import wraps
from typing import Any

import structlog
from dramatiq.errors import Retry

from adapters.telemetry.logging import get_logger
from application.operations.verdicts import JobVerdict, verdict_on
from application.ports.journal import Conflict
from domain.errors import MediatorError
from entrypoints.worker.injection import Actor
from entrypoints.worker.requests import request_id

DEADLINE_SECONDS = 30.0
"""How long a job may take: longer than any provider's deadline, shorter than Dramatiq's limit, which cuts anywhere."""

RETRIES_MAX = 8
"""With pauses from 0.5 s doubling to 60 s, and jitter: two to three and a half minutes of trying."""


def with_ending(actor: Actor) -> Actor:
    """Give the actor with a deadline, with its request id in every log line, and with expected trouble sorted out.

    What is no refusal of ours, a fault in the code, passes unchanged: it is logged with its traceback and tried again.
    """

    @wraps(actor)
    async def run(*arguments: Any, **names: Any) -> None:  # noqa: ANN401 -- whatever the message holds
        with structlog.contextvars.bound_contextvars(request_id=request_id()):
            try:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    await actor(*arguments, **names)
            except (MediatorError, Conflict) as error:
                _end(error, actor.__name__)

    return run


def _end(error: MediatorError | Conflict, actor: str) -> None:
    match verdict_on(error):
        case JobVerdict.DONE:
            get_logger().info("job.was_done_already", actor=actor, reason=str(error))
        case JobVerdict.AGAIN:
            get_logger().warning("job.postponed", actor=actor, reason=str(error))
            # Dramatiq logs any other exception as an error with a traceback, which would page somebody.
            raise Retry(str(error)) from error
        case JobVerdict.PARK:
            raise error


def is_retried(retries: int, error: BaseException) -> bool:
    """Say whether a job that was retried so often, and raised this, is tried once more."""
    refused = isinstance(error, MediatorError | Conflict) and verdict_on(error) is JobVerdict.PARK
    return retries < RETRIES_MAX and not refused
