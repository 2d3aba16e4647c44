"""Who may go next at one account, and who waits: a bounded queue in which what finishes comes first. Pure."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from domain.manifests import OperationClass

Ticket = TypeVar("Ticket")

ORDER = tuple(OperationClass)
"""Finishing before money before asking, as the enumeration says."""

KEPT_FREE = {OperationClass.FINISHING: 0, OperationClass.MONEY: 1, OperationClass.ASKING: 2}
"""Slots that a class leaves to those before it, as long as one is left to itself: hanging questions stop no capture."""


class Bulkhead(Generic[Ticket]):
    """Counts who is under way, and queues who waits, in order within each class. Tickets are the caller's."""

    def __init__(self, *, slots: int, waiting_max: int) -> None:
        """Begin empty."""
        self.slots = slots
        self._waiting_max = waiting_max
        self._queues: dict[OperationClass, deque[Ticket]] = {one: deque() for one in ORDER}
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """Give how many wait."""
        return sum(len(queue) for queue in self._queues.values())

    def enter(self, operation_class: OperationClass) -> bool:
        """Take a slot if one is free and nobody waits who comes first."""
        comes_first = any(self._queues[one] for one in ORDER[: ORDER.index(operation_class) + 1])
        if comes_first or not self._is_free_for(operation_class):
            return False
        self.under_way += 1
        return True

    def queue(self, operation_class: OperationClass, ticket: Ticket) -> Ticket | None:
        """Wait; gives the ticket that must go because the queue is full: a lesser one's, or this very one."""
        self._queues[operation_class].append(ticket)
        if self.waiting <= self._waiting_max:
            return None
        last = next(one for one in reversed(ORDER) if self._queues[one])
        return self._queues[last].pop()

    def leave(self) -> None:
        """Give a slot back; then see who is `next`."""
        self.under_way -= 1

    def next(self) -> Iterator[Ticket]:
        """Give slots to those who wait, as far as there are any."""
        for operation_class in ORDER:
            queue = self._queues[operation_class]
            while queue and self._is_free_for(operation_class):
                self.under_way += 1
                yield queue.popleft()

    def abandon(self, operation_class: OperationClass, ticket: Ticket) -> bool:
        """Wait no longer; False when the ticket has a slot already, or had to go."""
        queue = self._queues[operation_class]
        if ticket not in queue:
            return False
        queue.remove(ticket)
        return True

    def _is_free_for(self, operation_class: OperationClass) -> bool:
        return self.under_way < max(1, self.slots - KEPT_FREE[operation_class])
