"""A drop folder in memory, which can be out of reach."""

from application.ports.drop_folders import Delivered, DropFolder, Shelf, WaitingFile
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import NotSent, Unknown


class MemoryDropFolder(DropFolder):
    """Files by folder and name; `unreachable` names the steps that fail."""

    def __init__(self) -> None:
        """Begin empty."""
        self.files: dict[str, dict[str, bytes]] = {"out": {}, "in": {}, "archive": {}, "refused": {}}
        self.unreachable: set[str] = set()

    async def drop(self, name: str, content: bytes, *, deadline_seconds: float) -> Delivered | NotSent | Unknown:
        """Put a file into `out`."""
        if "drop" in self.unreachable or not name or name.startswith(".") or "/" in name:
            return NotSent("out of reach")
        was_there = name in self.files["out"]
        if self.files["out"].setdefault(name, content) != content:
            return Unknown("a file of that name with other content is there")
        return Delivered(was_there)

    async def holds(self, name: str, content: bytes, *, deadline_seconds: float) -> bool:
        """Whether `out` has this very file."""
        self._reach("holds")
        return self.files["out"].get(name) == content

    async def waiting(self, *, deadline_seconds: float) -> tuple[WaitingFile, ...]:
        """Give the files in `in`, in the order in which they came."""
        self._reach("waiting")
        return tuple(WaitingFile(name, len(content)) for name, content in self.files["in"].items())

    async def read(self, name: str, *, deadline_seconds: float) -> bytes | None:
        """Read a file of `in`."""
        self._reach("read")
        return self.files["in"].get(name)

    async def put_away(self, name: str, content: bytes | None, shelf: Shelf, *, deadline_seconds: float) -> None:
        """Move a file to a shelf; one that is no longer what was read stays."""
        self._reach("put_away")
        found = self.files["in"].get(name)
        if found is None or (content is not None and content != found):
            return
        kept = self.files[shelf.value]
        if found not in kept.values():
            kept[f"{len(kept)}-{name}"] = found
        del self.files["in"][name]

    def _reach(self, step: str) -> None:
        if step in self.unreachable:
            raise MediatorError(PROV_UNREACHABLE, f"The drop folder cannot be used: {step}.")
