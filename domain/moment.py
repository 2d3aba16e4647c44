"""The moment of a decision: its time and a source of fresh identifiers, handed in so that the domain stays pure."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """When a decision is made (UTC) and where its new identifiers (UUIDv7) come from."""

    now: datetime
    new_id: Callable[[], UUID]
