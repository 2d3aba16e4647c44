"""Watches the worker: made before Dramatiq forks its processes, begun in each of them."""

from collections.abc import Coroutine

from dramatiq import Broker, Worker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import Middleware

from entrypoints.wiring.watching import Watching

_shared: list[Watching] = []


def share(watching: Watching) -> None:
    """Have the processes that are forked from here use this."""
    _shared[:] = [watching]


def shared() -> Watching | None:
    """Give what the parent shares; None where there is no such parent."""
    return _shared[0] if _shared else None


class Watched(Middleware):
    """Begins with the process, serves on its loop, ends with it. List it after Dramatiq's AsyncIO."""

    def __init__(self, watching: Watching) -> None:
        """Do it with this."""
        self._watching = watching

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002 -- the hook's signature
        """Count, follow and answer from now on."""
        self._watching.begin()
        _on_the_loop(self._watching.serve())

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002 -- the hook's signature
        """Give the last of it away."""
        _on_the_loop(self._watching.end())


def _on_the_loop(work: Coroutine[None, None, None]) -> None:
    thread = get_event_loop_thread()
    if thread is None:
        raise RuntimeError("the loop of asynchronous actors does not run")
    thread.run_coroutine(work)
