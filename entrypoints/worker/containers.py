"""One container per worker process, made after the fork: connections must not be shared across it."""

from collections.abc import Callable

from dishka import AsyncContainer
from dramatiq import Broker, Worker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import Middleware, MiddlewareError


class Containers(Middleware):
    """Opens the container when the worker boots and closes it when the worker has stopped.

    List it after `AsyncIO`: hooks that come after run in reverse order, so it closes while the loop still turns.
    """

    def __init__(self, make: Callable[[], AsyncContainer]) -> None:
        """Make the container with this."""
        self._make = make
        self._current: AsyncContainer | None = None

    @property
    def current(self) -> AsyncContainer:
        """The container of this process. Raises RuntimeError before the worker has booted."""
        if self._current is None:
            raise RuntimeError("the worker has not booted")
        return self._current

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002 -- the hook's signature
        """Open it. Raises MiddlewareError, which ends the process; Dramatiq would swallow anything else."""
        try:
            self._current = self._make()
        except Exception as error:
            raise MiddlewareError("the container cannot be made") from error

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002 -- the hook's signature
        """Close it, with the connections that it holds."""
        loop = get_event_loop_thread()
        if loop is not None and self._current is not None:
            loop.run_coroutine(self._current.close())
