"""Our processes of one house: started, watched, and ended in order."""

import asyncio
import time

from entrypoints.cli.supervision.child import Child, Program, start_child
from entrypoints.cli.supervision.folder import DataFolder

_ORDER = (("api",), ("relay", "worker"), ("simulator",))
"""First nobody may ask any more, then nobody works any more, and then nobody needs the provider."""

_STAGE_SECONDS = (0.8, 2.6, 0.3)
"""How long each stage may take. Together under 5 s with the stores' end; what is late goes on ending meanwhile."""


class Processes:
    """The processes of one house. Start and stop them from the main thread."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._children: dict[str, Child] = {}

    def __getitem__(self, name: str) -> Child:
        """Give a process that was started."""
        return self._children[name]

    async def start(self, program: Program) -> Child:
        """Start a program; it is not ready yet when this returns. Raises Trouble."""
        child = self._children[program.name] = await start_child(self._folder, program)
        return child

    def pids(self) -> dict[str, int]:
        """Give the process ids, by name."""
        return {name: child.pid for name, child in self._children.items()}

    def require_running(self) -> None:
        """Raise Trouble, with the end of its log, when one of them ended by itself."""
        for child in self._children.values():
            if not child.is_running:
                raise child.trouble(f"{child.ending} by itself")

    async def stop(self) -> None:
        """End all of them, in order, each with time for what it has begun, and leave nothing of them."""
        for names, seconds in zip(_ORDER, _STAGE_SECONDS, strict=True):
            stage = [self._children[name] for name in names if name in self._children]
            deadline = time.monotonic() + seconds
            for child in stage:
                child.ask_to_end()
            await asyncio.gather(*(child.gone(seconds=deadline - time.monotonic()) for child in stage))
        await asyncio.gather(*(child.bury() for child in self._children.values()))
        self._children.clear()

    def kill(self) -> None:
        """Kill all of them, now."""
        for child in self._children.values():
            child.kill()
