"""Move money many times: all or nothing, or each transfer for itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ledger.make_transfer import BookedTransfer
from application.ledger.orders import MakeTransfer, names_of, order_of, placed
from application.ports.journal import Answer, IdempotencyKey, Journal, Keep
from application.ports.ledger import AccountFinder
from application.ports.world import World
from domain.errors import MediatorError
from domain.ids import LedgerTransactionId
from domain.posting import Outcome, Placed, Reason, Refusal, Transfer

CHUNK = 500
"""Transfers that are given to the journal at once when each stands for itself."""


class BatchItem(msgspec.Struct, frozen=True, gc=False):
    """One transfer of a batch with its key, or why it cannot be one."""

    transfer: MakeTransfer | MediatorError
    idempotency: IdempotencyKey | None


class MakeTransfers(msgspec.Struct, frozen=True):
    """Transfers in the order in which they are to be made; `atomic`: all of them or none."""

    items: Sequence[BatchItem]
    atomic: bool


BatchOutcome = BookedTransfer | Refusal | MediatorError
Ready = tuple[Transfer, IdempotencyKey | None]


@dataclass(frozen=True, slots=True)
class MakeTransfersHandler:
    """The policy.

    - The caller says whether all are made or none (`atomic`), or each for itself; there is no default.
    - Each has a key of its own, so that a batch that broke is sent again and goes on where it broke.
    - A key of a batch belongs to the bytes of that batch: with others nothing of it is made.
    - While one chunk is being booked, the next is made ready.
    """

    journal: Journal
    finder: AccountFinder
    world: World

    async def __call__(self, command: MakeTransfers, call: Call) -> tuple[BatchOutcome, ...]:
        """Make them; say what became of each. Raises IDEM_MISMATCH for the key of the batch, and as the journal."""
        await self._bind(call)
        if command.atomic:
            return await self._all_or_none(await self._ready(command.items, call), call)
        return await self._each(command.items, call)

    async def _each(self, items: Sequence[BatchItem], call: Call) -> tuple[BatchOutcome, ...]:
        """Make chunk after chunk; when one cannot be made, its items and all after it say why, and nothing is tried."""
        made: list[BatchOutcome] = []
        ready = await self._ready(items[:CHUNK], call)
        for begin in range(0, len(items), CHUNK):
            following = items[begin + CHUNK : begin + 2 * CHUNK]
            try:
                posted, ready = await asyncio.gather(self._posted(ready, call), self._ready(following, call))
            except MediatorError as trouble:
                if not made:
                    raise
                return (*made, *[trouble] * (len(items) - len(made)))
            made.extend(posted)
        return tuple(made)

    async def _bind(self, call: Call) -> None:
        """Bind the batch's key to its bytes before anything is done. Raises IDEM_MISMATCH."""
        if call.idempotency is not None:
            mark = Answer(200, "text/plain", call.request_id.encode())
            await self.journal.keep_answer(call.tenant_id, Keep(call.idempotency, mark))

    async def _ready(self, items: Sequence[BatchItem], call: Call) -> list[Ready | BatchOutcome]:
        """Build the orders; what cannot be one stays in its place as a refusal."""
        legs = (leg for item in items if isinstance(item.transfer, MakeTransfer) for leg in item.transfer.legs)
        names = set(names_of(legs))
        found = await self.finder.find(call.tenant_id, names) if names else {}
        moment = self.world.moment()
        ready: list[Ready | BatchOutcome] = []
        for item in items:
            if isinstance(item.transfer, MediatorError):
                ready.append(item.transfer)
                continue
            try:
                order = order_of(item.transfer, found, LedgerTransactionId(moment.new_id()))
            except MediatorError as refusal:
                ready.append(refusal)
            else:
                ready.append(order if isinstance(order, Refusal) else (order, item.idempotency))
        return ready

    async def _all_or_none(self, ready: list[Ready | BatchOutcome], call: Call) -> tuple[BatchOutcome, ...]:
        if any(not isinstance(one, tuple) for one in ready):
            refused = Refusal(Reason.BATCH_REFUSED)
            return tuple(refused if isinstance(one, tuple) else one for one in ready)
        return await self._posted(ready, call, atomic=True)

    async def _posted(
        self, ready: list[Ready | BatchOutcome], call: Call, *, atomic: bool = False
    ) -> tuple[BatchOutcome, ...]:
        batch: list[tuple[Placed, IdempotencyKey | None]] = [
            (placed(one[0], call), one[1]) for one in ready if isinstance(one, tuple)
        ]
        if not batch:
            return tuple(one for one in ready if not isinstance(one, tuple))
        outcomes = iter(await self.journal.post_batch(call.tenant_id, batch, atomic=atomic))
        return tuple(_booked(one[0], next(outcomes)) if isinstance(one, tuple) else one for one in ready)


def _booked(order: Transfer, outcome: Outcome | MediatorError) -> BatchOutcome:
    return outcome if isinstance(outcome, Refusal | MediatorError) else BookedTransfer(order, outcome)
