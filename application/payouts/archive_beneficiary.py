"""Archive a beneficiary, so that no new payout goes there."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.beneficiaries import BeneficiaryBook
from application.ports.world import World
from domain.beneficiaries import Beneficiary
from domain.ids import BeneficiaryId, Prefix, public_id


class ArchiveBeneficiary(msgspec.Struct, frozen=True):
    """Which beneficiary."""

    beneficiary_id: BeneficiaryId


@dataclass(frozen=True, slots=True)
class ArchiveBeneficiaryHandler:
    """The policy: payouts that were created before go on; archiving again changes nothing."""

    book: BeneficiaryBook
    world: World

    async def __call__(self, command: ArchiveBeneficiary, call: Call) -> Beneficiary:
        """Archive it. Raises NOT_FOUND."""
        subject = public_id(Prefix.BENEFICIARY, command.beneficiary_id)
        audit = call.audit("beneficiary.archived", subject, self.world.moment())
        return await self.book.archive(call.tenant_id, command.beneficiary_id, audit=audit)
