"""Counts jobs and follows them from who sends them to who does them: a middleware for Dramatiq."""

import threading
from contextvars import Token
from time import perf_counter
from typing import Final

import structlog
from dramatiq import Broker
from dramatiq.broker import MessageProxy
from dramatiq.message import Message
from dramatiq.middleware import Middleware

from adapters.telemetry import tracing
from adapters.telemetry.families import Counter, Gauge, Histogram
from adapters.telemetry.traceparent import NAME
from adapters.telemetry.tracing import Attribute, Span

SECONDS_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

SENT = Counter("mediator_jobs_sent_total", "Jobs that were given to the queue, also to be tried again.", "actor")
ENDED = Counter(
    "mediator_jobs_total",
    "Runs of jobs that ended: done, again (it is tried once more), parked (it failed for good), skipped.",
    *("actor", "result"),
)
SECONDS = Histogram(
    "mediator_job_duration_seconds", "How long runs of jobs took, in seconds.", "actor", bounds=SECONDS_BOUNDS
)
RUNNING = Gauge("mediator_jobs_running", "Jobs that run now.")

OTHER: Final = "other"


class _Run:
    """One run of a job: when it began, and its span if it is followed."""

    __slots__ = ("began", "span", "token")

    def __init__(self, span: Span | None) -> None:
        self.began = perf_counter()
        self.span = span
        self.token: Token[Span | None] | None = None if span is None else tracing.enter(span)


class WatchedJobs(Middleware):
    """List it before `Retries`: hooks that come after run in reverse order, so it sees whether that gave up.

    Whether a job is followed is decided by who sends it, in the message's option `traceparent`, which stays with it
    however often it is tried again.
    """

    def __init__(self) -> None:
        """Know no runs."""
        self._runs: dict[str, _Run] = {}
        self._counting = threading.Lock()  # The threads of a worker count in the same places.

    def before_enqueue(self, broker: Broker, message: Message[object], delay: int | None) -> None:  # noqa: ARG002 -- the hook's signature
        """Say in the message by whom it is followed."""
        with self._counting:
            SENT.add((message.actor_name,))
        if NAME in message.options:
            return
        span = tracing.sent(f"send {message.actor_name}")
        if span is not None:
            span.tell(Attribute.ACTOR, message.actor_name)
            message.options[NAME] = span.identity.written()
            span.end()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Begin a run. What is current here is so in the coroutine of the actor, too."""
        actor = _actor_of(broker, message)
        span = tracing.received(f"job {actor}", str(message.options.get(NAME, "")))
        if span is not None:
            span.tell(Attribute.ACTOR, actor)
            span.tell(Attribute.ATTEMPT, int(message.options.get("retries", 0)) + 1)
        run = _Run(span)
        structlog.contextvars.bind_contextvars(**tracing.log_keys())
        with self._counting:
            self._runs[message.message_id] = run
            RUNNING.add((), 1.0)

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,  # noqa: ARG002 -- the hook's signature
        exception: BaseException | None = None,
    ) -> None:
        """End a run."""
        if exception is None:
            self._end(broker, message, "done", None)
        else:
            self._end(broker, message, "parked" if message.failed else "again", exception)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """End a run that was none."""
        self._end(broker, message, "skipped", None)

    def _end(self, broker: Broker, message: MessageProxy, result: str, fault: BaseException | None) -> None:
        actor = _actor_of(broker, message)
        with self._counting:
            run = self._runs.pop(message.message_id, None)
            ENDED.add((actor, result))
            if run is None:
                return
            RUNNING.add((), -1.0)
            SECONDS.observe((actor,), perf_counter() - run.began)
        structlog.contextvars.unbind_contextvars("trace_id")
        if run.span is None or run.token is None:
            return
        tracing.leave(run.token)
        run.span.tell(Attribute.OUTCOME, result)
        if fault is not None:
            run.span.fail(tracing.error_type(fault))
        run.span.end()


def _actor_of(broker: Broker, message: MessageProxy) -> str:
    return message.actor_name if message.actor_name in broker.actors else OTHER
