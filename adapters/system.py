"""The real world: the system's clock and UUIDv7 identifiers."""

from datetime import UTC, datetime

from uuid_utils.compat import uuid7

from application.ports.world import World
from domain.moment import Moment


class SystemWorld(World):
    """Reads the system clock (UTC) and makes time-ordered identifiers (RFC 9562 version 7)."""

    def moment(self) -> Moment:
        """Give the present moment."""
        return Moment(datetime.now(UTC), uuid7)
