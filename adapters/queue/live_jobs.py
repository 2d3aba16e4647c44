"""Remembers in the broker which jobs it has, so that what is claimed again while it waits is not sent again.

The memory is lost exactly when the messages are, with the broker's data; then everything is sent again.
"""

from collections.abc import Mapping

import redis
from dramatiq import Broker
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware

from adapters.queue.client import NAMESPACE

SENDING_SECONDS = 10
"""How long a sender that died half-way keeps others from sending the same job."""

WAITING_SECONDS = 300
"""How long a job may wait or rest between two tries before it may be sent a second time, which is harmless."""


class LiveJobs:
    """The jobs that are in the broker, each by its actor and arguments."""

    def __init__(self, client: redis.Redis) -> None:
        """Remember there."""
        self._client = client

    def begin(self, actor: str, arguments: Mapping[str, str]) -> bool:
        """Say that a job is being sent; False when it is there already. Raises redis.RedisError."""
        return bool(self._client.set(_key(actor, arguments), "", nx=True, ex=SENDING_SECONDS))

    def sent(self, actor: str, arguments: Mapping[str, str]) -> None:
        """Say that a job waits now; one that has ended in the meantime stays ended. Raises redis.RedisError."""
        self._client.expire(_key(actor, arguments), WAITING_SECONDS)

    def resting(self, actor: str, arguments: Mapping[str, str]) -> None:
        """Say that a job will be tried again. Raises redis.RedisError."""
        self._client.set(_key(actor, arguments), "", ex=WAITING_SECONDS)

    def ended(self, actor: str, arguments: Mapping[str, str]) -> None:
        """Say that a job is not in the broker any more. Raises redis.RedisError."""
        self._client.delete(_key(actor, arguments))


def _key(actor: str, arguments: Mapping[str, str]) -> str:
    subject = ":".join(value for _, value in sorted(arguments.items()))
    return f"{NAMESPACE}:live:{actor}:{subject}"


class LiveJobsMiddleware(Middleware):
    """Keeps the memory true in workers. List it before `Retries`: hooks that come after run in reverse order."""

    def __init__(self) -> None:
        """Know the client only with the first message: the broker is made after its middleware."""
        self._jobs: LiveJobs | None = None

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,  # noqa: ARG002 -- the hook's signature
        exception: BaseException | None = None,
    ) -> None:
        """Tell a job that rests from one that ended: the first is in the broker under a copy of its message."""
        message.options["rests"] = exception is not None and not message.failed
        if message.options["rests"]:
            self._of(broker).resting(message.actor_name, message.kwargs)

    def before_ack(self, broker: Broker, message: MessageProxy) -> None:
        """Forget a job that is done. Dramatiq repeats this, with the acknowledgement, until the broker answers."""
        # A message of a delay queue (.DQ) is acknowledged when its time has come: the job itself is still to run.
        if not message.options.get("rests") and not message.queue_name.endswith(".DQ"):
            self._of(broker).ended(message.actor_name, message.kwargs)

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Forget a job that failed for good."""
        self._of(broker).ended(message.actor_name, message.kwargs)

    def _of(self, broker: Broker) -> LiveJobs:
        if self._jobs is None:
            self._jobs = LiveJobs(broker.client)  # type: ignore[attr-defined]  # every broker here is a RedisBroker
        return self._jobs
