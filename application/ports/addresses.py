"""Where others reach us."""

from dataclasses import dataclass
from uuid import UUID

from domain.ids import Prefix, public_id


@dataclass(frozen=True, slots=True)
class CallbackAddress:
    """Where providers send their callbacks: the public base address of this service."""

    base_url: str

    def of(self, provider: str, account: UUID) -> str:
        """Give the address for one provider account."""
        return f"{self.base_url}/v1/callbacks/{provider}/{public_id(Prefix.PROVIDER_ACCOUNT, account)}"
