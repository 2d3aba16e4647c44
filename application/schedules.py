"""The table of what happens again and again without anybody asking."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from application.callbacks.take_in_files import TakeInFilesHandler
from application.fx.expire_quotes import ExpireQuotesHandler
from application.fx.refresh_rates import RefreshRatesHandler
from application.ledger.expire_holds import ExpireHoldsHandler
from application.operations.ask_open_operations import AskOpenOperationsHandler
from application.operations.ensure_partitions import EnsurePartitionsHandler
from application.operations.expire_unsent import ExpireUnsentHandler
from application.operations.forget_keys import ForgetKeysHandler
from application.operations.relay_outbox import RelayOutbox, RelayOutboxHandler

A_DAY = 86_400.0


class Chore(StrEnum):
    """What is to be done."""

    RELAY_OUTBOX = "relay_outbox"
    ASK_OPEN_OPERATIONS = "ask_open_operations"
    EXPIRE_UNSENT = "expire_unsent"
    EXPIRE_HOLDS = "expire_holds"
    EXPIRE_QUOTES = "expire_quotes"
    REFRESH_RATES = "refresh_rates"
    ENSURE_PARTITIONS = "ensure_partitions"
    FORGET_KEYS = "forget_keys"
    TAKE_IN_FILES = "take_in_files"


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How long to rest from the end of one pass to the next.

    `drains`: what a pass deals with is claimed, so after a pass that found something another follows at once.
    """

    chore: Chore
    every_seconds: float
    drains: bool = False


SCHEDULES = (
    Schedule(chore=Chore.RELAY_OUTBOX, every_seconds=0.5, drains=True),
    Schedule(chore=Chore.ASK_OPEN_OPERATIONS, every_seconds=1.0, drains=True),
    Schedule(chore=Chore.EXPIRE_UNSENT, every_seconds=60.0),
    Schedule(chore=Chore.EXPIRE_HOLDS, every_seconds=5.0, drains=True),
    Schedule(chore=Chore.EXPIRE_QUOTES, every_seconds=10.0, drains=True),
    Schedule(chore=Chore.REFRESH_RATES, every_seconds=3_600.0),
    Schedule(chore=Chore.ENSURE_PARTITIONS, every_seconds=A_DAY),
    Schedule(chore=Chore.FORGET_KEYS, every_seconds=60.0),
    Schedule(chore=Chore.TAKE_IN_FILES, every_seconds=30.0),
)


@dataclass(frozen=True, slots=True)
class Chores:
    """The use cases behind the table. Each may run in several processes at once: claims and states keep them apart."""

    relay_outbox: RelayOutboxHandler
    ask_open_operations: AskOpenOperationsHandler
    expire_unsent: ExpireUnsentHandler
    expire_holds: ExpireHoldsHandler
    expire_quotes: ExpireQuotesHandler
    refresh_rates: RefreshRatesHandler
    ensure_partitions: EnsurePartitionsHandler
    forget_keys: ForgetKeysHandler
    take_in_files: TakeInFilesHandler

    async def __call__(self, chore: Chore) -> int:
        """Make one pass; give how much was done. Raises SERVICE_UNAVAILABLE, FX_RATE_UNAVAILABLE."""
        match chore:
            case Chore.RELAY_OUTBOX:
                return await self.relay_outbox(RelayOutbox())
            case Chore.ASK_OPEN_OPERATIONS:
                return await self.ask_open_operations()
            case Chore.EXPIRE_UNSENT:
                return await self.expire_unsent()
            case Chore.EXPIRE_HOLDS:
                return await self.expire_holds()
            case Chore.EXPIRE_QUOTES:
                return await self.expire_quotes()
            case Chore.REFRESH_RATES:
                return await self.refresh_rates()
            case Chore.ENSURE_PARTITIONS:
                return await self.ensure_partitions()
            case Chore.FORGET_KEYS:
                return await self.forget_keys()
            case Chore.TAKE_IN_FILES:
                return await self.take_in_files()
