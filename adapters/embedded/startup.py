"""One attempt at starting the stores: where, how durable, how patient, whom it tells, and whether to give up."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from adapters.embedded.errors import StartCancelled

_POLL_SECONDS = 0.005


class Startup(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of a start, the same for each server of the folder."""

    folder: Path
    fsync: bool
    ready_seconds: float
    tell: Callable[[str], None]
    cancelled: threading.Event

    @property
    def logs(self) -> Path:
        """The folder of the servers' logs."""
        return self.folder / "logs"

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Answer True as soon as it happened, False when it did not in time.

        Raises StartCancelled when the start is given up meanwhile.
        """
        deadline = time.monotonic() + seconds
        while not happened():
            if self.cancelled.wait(_POLL_SECONDS):
                message = "The start of the embedded stores was given up."
                raise StartCancelled(message)
            if time.monotonic() > deadline:
                return False
        return True
