"""Time and identifiers, so that a simulation can hand in its own."""

from typing import Protocol

from domain.moment import Moment


class World(Protocol):
    """The clock (UTC) and the source of time-ordered identifiers."""

    def moment(self) -> Moment:
        """Give the present moment."""
        ...
