"""Tell one beneficiary, with the number of its account in full."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.beneficiaries import BeneficiaryBook
from domain.beneficiaries import Beneficiary
from domain.ids import BeneficiaryId


class GetBeneficiary(msgspec.Struct, frozen=True):
    """Which beneficiary."""

    beneficiary_id: BeneficiaryId


@dataclass(frozen=True, slots=True)
class GetBeneficiaryHandler:
    """The policy: only who asks for just this one sees its account number; lists show its last four characters."""

    book: BeneficiaryBook

    async def __call__(self, command: GetBeneficiary, call: Call) -> Beneficiary:
        """Read it. Raises NOT_FOUND."""
        return await self.book.get(call.tenant_id, command.beneficiary_id)
