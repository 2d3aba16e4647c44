"""Gives signs of life for a worker process, and ends it when it is orphaned."""

import os
import signal
import threading

import redis
from dramatiq import Broker, Worker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import Middleware

from adapters.queue.heartbeat import BEAT_SECONDS, Heartbeat
from adapters.telemetry.logging import get_logger

_LOOKS_PER_BEAT = 4


async def _turn() -> None:
    """Prove that the event loop turns."""


class Liveness(Middleware):
    """Beats every 2 s from a thread of its own, through the loop of the actors: when that hangs, the signs stop."""

    def __init__(self, component: str, *, beat_seconds: float = BEAT_SECONDS) -> None:
        """Beat for this component; nothing starts before the worker does."""
        self._component = component
        self._beat_seconds = beat_seconds
        self._stopping = threading.Event()

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin, after the fork."""
        heartbeat = Heartbeat(broker.client, self._component)  # type: ignore[attr-defined]  # every broker here is a RedisBroker
        threading.Thread(target=self._beat, args=(heartbeat, os.getppid()), name="liveness", daemon=True).start()
        get_logger().info("worker.ready", threads=worker.worker_threads, queues=sorted(broker.get_declared_queues()))

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002 -- the hook's signature
        """Stop giving signs: a worker that drains takes no new work."""
        self._stopping.set()

    def _beat(self, heartbeat: Heartbeat, parent: int) -> None:
        looks = 0
        while not self._stopping.wait(self._beat_seconds / _LOOKS_PER_BEAT if looks else 0):
            self._end_orphan(parent)
            if looks % _LOOKS_PER_BEAT == 0:
                self._try_to_beat(heartbeat)
            looks += 1
        try:
            heartbeat.end()
        except redis.RedisError:
            get_logger().warning("heartbeat.not_ended")

    def _try_to_beat(self, heartbeat: Heartbeat) -> None:
        loop = get_event_loop_thread()
        if loop is None:
            return
        try:
            loop.run_coroutine(_turn())
            heartbeat.beat()
        except (redis.RedisError, RuntimeError) as error:
            get_logger().warning("heartbeat.missed", fault=type(error).__name__)

    def _end_orphan(self, parent: int) -> None:
        """Stop when Dramatiq's main process was killed: nobody else would ever stop this one."""
        if os.getppid() != parent and not self._stopping.is_set():
            get_logger().error("worker.orphaned", parent=parent)
            os.kill(os.getpid(), signal.SIGTERM)
