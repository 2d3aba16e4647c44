"""Change what an account at a provider is configured by: makes the next version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.call import Call
from application.ports.provider_accounts import (
    AccountChange,
    AccountVersion,
    ProviderAccountBook,
    ProviderAccountQueries,
)
from application.ports.provider_forms import ProviderForms
from application.ports.vault import Place, Vault
from application.ports.world import World
from domain.errors import STATE_CONFLICT, VAL_FIELD, FieldError, MediatorError
from domain.ids import Prefix, ProviderAccountId, public_id


class ChangeProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The whole new configuration, new credentials, or both. `effective_from`: in force from then on; None: at once."""

    id: ProviderAccountId
    expected_version: int
    config: Mapping[str, object] | None = None
    credentials: Mapping[str, object] | None = None
    note: str | None = None
    effective_from: datetime | None = None

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"ChangeProviderAccount({self.id}, after {self.expected_version})"


@dataclass(frozen=True, slots=True)
class ChangeProviderAccountHandler:
    """The policy.

    - Versions are only added, and only by somebody who has seen the latest one.
    - Nothing is kept that the provider's adapter would not take.
    - What is under way goes on under its own version, with the newest credentials.
    """

    accounts: ProviderAccountBook
    queries: ProviderAccountQueries
    forms: ProviderForms
    vault: Vault
    world: World

    async def __call__(self, command: ChangeProviderAccount, call: Call) -> AccountVersion:
        """Make the next version. Raises NOT_FOUND, VAL_FIELD, STATE_CONFLICT."""
        account = await self.queries.get(call.tenant_id, command.id)
        if command.expected_version != account.latest_version:
            detail = f"The account is at version {account.latest_version}, not at {command.expected_version}."
            raise MediatorError(STATE_CONFLICT, detail)
        if command.config is None and command.credentials is None:
            detail = "give a configuration, credentials, or both"
            raise MediatorError(VAL_FIELD, detail, errors=(FieldError("/config", detail),))
        checked = self.forms.checked(account.provider, config=command.config, credentials=command.credentials)
        moment, following = self.world.moment(), command.expected_version + 1
        place = Place(tenant_id=call.tenant_id, account_id=command.id, version=following)
        change = AccountChange(
            id=command.id,
            expected_version=command.expected_version,
            actor=call.actor,
            config=checked.config,
            credentials=None if checked.credentials is None else self.vault.seal(checked.credentials, place),
            note=command.note,
            effective_from=command.effective_from,
        )
        given = (name for name in ("config", "credentials") if getattr(command, name) is not None)
        subject = public_id(Prefix.PROVIDER_ACCOUNT, command.id)
        audit = call.audit("provider_account.changed", subject, moment, version=str(following), changed=" ".join(given))
        return await self.accounts.change(call.tenant_id, change, audit=audit)
