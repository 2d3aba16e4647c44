"""Carry a ledger into an empty tenant, and prove that it arrived as it left."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ledger.ledger_file import CheckedFile, Reckoning, checked, refused, written
from application.ports.ledger import Finding, Proof
from application.ports.ledger_copies import LedgerCopies, Trailer
from application.ports.world import World
from domain.errors import VAL_FIELD, MediatorError
from domain.ids import Prefix, TenantId, public_id

LINES_MAX = 500
BYTES_MAX = 1_000_000
"""What one call takes at most: it must not run long."""

NOT_THE_LEDGER = frozenset({"outbox_is_fresh"})
"""What a proof also looks at, and an import does not bring."""


class ImportLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The file: `lines` gives its lines from the first on, each time that it is asked."""

    lines: Callable[[], Iterable[bytes]]
    on_progress: Callable[[int, int], object] = lambda _done, _all: None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived; `resumed_behind` is how many lines an earlier try had taken already."""

    trailer: Trailer
    resumed_behind: int


@dataclass(frozen=True, slots=True)
class ImportLedgerHandler:
    """The policy: a ledger arrives whole and proved, or not at all.

    - The file is read to its end, and must be what its trailer says, before anything is written.
    - It goes into a ledger that is empty, in small steps; until it is finished its accounts are frozen.
    - Whoever is interrupted repeats it with the same file, and goes on where it stopped.
    - What arrived is read back: it must be the same, byte for byte. Then every check of the proof must find nothing.
    - Otherwise it is refused and removed again.
    """

    copies: LedgerCopies
    proof: Proof
    world: World

    async def __call__(self, command: ImportLedger, call: Call) -> Imported:
        """Take the file in. Raises VAL_FIELD for a file that is not whole or sound, STATE_CONFLICT, NOT_FOUND."""
        file = checked(command.lines())
        moment = self.world.moment()
        subject = public_id(Prefix.TENANT, call.tenant_id)
        audit = call.audit("ledger.import", subject, moment, digest=file.trailer.digest, source=file.manifest.tenant)
        begun = await self.copies.begin(call.tenant_id, file.manifest, digest=file.trailer.digest, audit=audit)
        try:
            await self._take(command, call.tenant_id, begun.id, file, done=begun.lines_done)
            await self._require_same(call.tenant_id, file)
            await self._require_proof(call.tenant_id)
        except MediatorError as error:
            if error.entry is VAL_FIELD:  # It will not become better: leave nothing behind. Else it can go on later.
                await self.copies.remove(call.tenant_id)
            raise
        await self.copies.finish(call.tenant_id, begun.id)
        return Imported(trailer=file.trailer, resumed_behind=begun.lines_done)

    async def _take(
        self, command: ImportLedger, tenant_id: TenantId, import_id: UUID, file: CheckedFile, *, done: int
    ) -> None:
        """Give the database every line that it has not, and see that they are still those that were checked."""
        digest = hashlib.sha256()
        number = 0
        for chunk in _chunks(_content(command.lines(), file, digest)):
            fresh = chunk[max(done - number, 0) :]
            number += len(chunk)
            if fresh:
                await self.copies.take(tenant_id, import_id, first_line=number - len(fresh) + 1, lines=fresh)
            command.on_progress(number, file.lines)
        if digest.hexdigest() != file.content_digest:
            raise refused(number + 1, "the file has changed meanwhile")

    async def _require_same(self, tenant_id: TenantId, file: CheckedFile) -> None:
        """Read back what arrived. Raises VAL_FIELD when it is not what was sent."""
        reckoning = Reckoning()
        async with aclosing(self.copies.lines(tenant_id, importing=True)) as lines:
            async for line in lines:
                reckoning.add(line, written(line))
        if reckoning.content_digest != file.content_digest:
            there, sent = reckoning.trailer().counts, file.trailer.counts
            raise MediatorError(VAL_FIELD, f"What arrived is not what was sent: {there} instead of {sent}.")

    async def _require_proof(self, tenant_id: TenantId) -> None:
        """Prove what arrived. Raises VAL_FIELD with the first fault."""
        faults: list[Finding] = []
        async for step in self.proof.steps(tenant_id, await self.proof.stretch(tenant_id, full=True)):
            faults.extend(one for one in step.findings if one.check not in NOT_THE_LEDGER)
        if faults:
            first = faults[0]
            raise MediatorError(VAL_FIELD, f"The ledger is not sound: {first.check}: {first.subject}: {first.detail}.")


def _content(lines: Iterable[bytes], file: CheckedFile, digest: "hashlib._Hash") -> Iterator[bytes]:
    """Give the lines between manifest and trailer, and take their digest."""
    for number, raw in enumerate(lines):
        if 0 < number <= file.lines:
            digest.update(raw)
            yield raw


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Put lines together, as many as one call may take."""
    chunk: list[bytes] = []
    size = 0
    for raw in lines:
        chunk.append(raw)
        size += len(raw)
        if len(chunk) >= LINES_MAX or size >= BYTES_MAX:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
