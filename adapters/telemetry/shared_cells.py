"""Numbers that several processes keep in one piece of memory: each adds in a slot of its own, anybody reads all slots.

A process that replaces a dead one takes over its slot and counts on, so that sums never fall while the service runs.
Writing is one assignment to memory, without a lock or a call of the system (docs/decisions/0012).
"""

import fcntl
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

SLOT_CELLS: Final = 65_536
"""Numbers of one slot, 512 KiB; the system gives memory only for those that are used."""

CELL_BYTES: Final = 8
SLOT_BYTES: Final = SLOT_CELLS * CELL_BYTES

_PID, _END, _LOST, _FIRST = range(4)
"""The first cells of a slot: whose it is, where its series end, how many found no room, and where the first begins."""

_NOWHERE: Final = SLOT_CELLS - 64
"""Where series that find no room are written, and never read."""

Series = tuple[bytes, tuple[float, ...]]
"""The name of some numbers, and the numbers."""


class Slot:
    """What one process keeps: named rows of numbers. Only its owner writes, each row from one thread at a time."""

    def __init__(self, memory: memoryview) -> None:
        """Lie over this memory, which begins with zeros or with what an earlier owner left."""
        self._bytes = memory
        self._places: dict[bytes, int] = {}
        self._placing = threading.Lock()
        self.cells = memory.cast("d")
        """The numbers; `place` tells where which are."""

    def own(self) -> None:
        """Begin to write, from what an earlier owner left."""
        self.cells[_PID] = os.getpid()
        self.cells[_END] = self.cells[_END] or _FIRST
        self._places = {name: at for name, at, _ in self._walk()}

    def place(self, name: bytes, width: int) -> int:
        """Tell where the numbers of a series are, as many as `width`. Without room they are counted as lost."""
        with self._placing:
            found = self._places.get(name)
            return self._new_place(name, width) if found is None else found

    @property
    def pid(self) -> int:
        """The process that writes or wrote here; 0 for nobody yet."""
        return int(self.cells[_PID])

    @property
    def lost(self) -> float:
        """How many series found no room."""
        return self.cells[_LOST]

    @property
    def is_alive(self) -> bool:
        """Whether the process that writes here still runs."""
        if not self.pid:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def series(self) -> Iterator[Series]:
        """Give every series that is kept here."""
        for name, at, width in self._walk():
            yield name, tuple(self.cells[at : at + width])

    def clear(self, name: bytes) -> None:
        """Set the numbers of a series to zero."""
        for known, at, width in self._walk():
            if known == name:
                self.cells[at : at + width] = memoryview(bytes(width * CELL_BYTES)).cast("d")

    def release(self) -> None:
        """Let go of the memory; the slot cannot be used after that."""
        self.cells.release()
        self._bytes.release()

    def _new_place(self, name: bytes, width: int) -> int:
        begin = int(self.cells[_END])
        name_cells = -(-len(name) // CELL_BYTES)
        at = begin + 2 + name_cells
        if at + width > _NOWHERE:
            self.cells[_LOST] += 1
            self._places[name] = _NOWHERE
            return _NOWHERE
        self.cells[begin], self.cells[begin + 1] = len(name), width
        start = (begin + 2) * CELL_BYTES
        self._bytes[start : start + len(name)] = name
        self.cells[_END] = at + width  # Last, so that a reader meets only what is complete.
        self._places[name] = at
        return at

    def _walk(self) -> Iterator[tuple[bytes, int, int]]:
        """Give each series' name, where its numbers begin, and how many they are."""
        begin, end = _FIRST, int(self.cells[_END])
        while begin < end:
            length, width = int(self.cells[begin]), int(self.cells[begin + 1])
            start = (begin + 2) * CELL_BYTES
            at = begin + 2 - (-length // CELL_BYTES)
            yield bytes(self._bytes[start : start + length]), at, width
            begin = at + width


class SharedCells:
    """Slots for so many processes: made by their parent before they are forked, or found again by its descriptor."""

    def __init__(self, slots: int, *, descriptor: int | None = None) -> None:
        """Make the memory, or lie over that of a descriptor which another process made for as many slots."""
        self.descriptor = _anonymous_file(slots * SLOT_BYTES) if descriptor is None else descriptor
        self._memory = memoryview(mmap.mmap(self.descriptor, slots * SLOT_BYTES))
        self._slots = [Slot(self._memory[number * SLOT_BYTES : (number + 1) * SLOT_BYTES]) for number in range(slots)]

    def claim(self) -> Slot:
        """Take a slot that nobody holds, until this process ends. Raises RuntimeError when there is none.

        It is held by a lock on a part of the file, which the system takes back from a process however it ends.
        """
        for number, slot in enumerate(self._slots):
            try:
                fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except OSError:
                continue
            slot.own()
            return slot
        raise RuntimeError(f"all {len(self._slots)} slots for metrics are taken")

    def used(self) -> list[tuple[int, Slot]]:
        """Give the slots that anybody has ever written to, with their numbers."""
        return [(number, slot) for number, slot in enumerate(self._slots) if slot.pid]

    def close(self) -> None:
        """Let go of the memory in this process."""
        for slot in self._slots:
            slot.release()
        self._memory.release()
        os.close(self.descriptor)


def _anonymous_file(size: int) -> int:
    """Make a file of zeros without a name, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("metrics")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor
