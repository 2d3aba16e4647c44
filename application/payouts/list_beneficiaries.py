"""List beneficiaries, newest first, page by page."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.beneficiaries import BeneficiaryBook, BeneficiaryFilter
from domain.beneficiaries import Beneficiary
from domain.ids import BeneficiaryId


class ListBeneficiaries(msgspec.Struct, frozen=True, kw_only=True):
    """Which beneficiaries, how many, and older than which one."""

    wanted: BeneficiaryFilter
    before: BeneficiaryId | None
    limit: int


class BeneficiaryPage(msgspec.Struct, frozen=True):
    """A page of beneficiaries, and whether there are more."""

    beneficiaries: tuple[Beneficiary, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListBeneficiariesHandler:
    """The policy: pages follow the time-ordered ids."""

    book: BeneficiaryBook

    async def __call__(self, command: ListBeneficiaries, call: Call) -> BeneficiaryPage:
        """Read one page."""
        found = await self.book.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        return BeneficiaryPage(found[: command.limit], len(found) > command.limit)
