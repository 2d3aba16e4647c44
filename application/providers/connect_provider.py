"""Connect to a provider: an account there, with its configuration and its credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.answers import ProviderAnswers
from application.ports.journal import Answer, Journal
from application.ports.provider_accounts import (
    ConnectedAccount,
    NewProviderAccount,
    ProviderAccountBook,
    ProviderAccountQueries,
)
from application.ports.provider_forms import ProviderForms
from application.ports.vault import Place, Vault
from application.ports.world import World
from application.telling import told
from domain.ids import Prefix, ProviderAccountId, public_id


class ConnectProvider(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller connects to. Credentials are taken, sealed, and never given again."""

    provider: str
    name: str
    config: Mapping[str, object]
    credentials: Mapping[str, object]
    note: str | None = None

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"ConnectProvider({self.provider}, {self.name!r})"


@dataclass(frozen=True, slots=True)
class ConnectProviderHandler:
    """The policy.

    - Nothing is kept that the provider's adapter would not take.
    - A new account is enabled, and in force at once; whether its credentials work is asked with `verify`.
    - Whoever reads what is kept, or what is answered, learns nothing of the credentials.
    """

    accounts: ProviderAccountBook
    queries: ProviderAccountQueries
    forms: ProviderForms
    vault: Vault
    journal: Journal
    answers: ProviderAnswers
    world: World

    async def __call__(self, command: ConnectProvider, call: Call) -> Answer:
        """Connect, or give the earlier answer of the call's key. Raises VAL_FIELD, IDEM_IN_FLIGHT, IDEM_MISMATCH."""
        checked = self.forms.checked(command.provider, config=command.config, credentials=command.credentials)
        moment = self.world.moment()
        account_id = ProviderAccountId(moment.new_id())
        account = NewProviderAccount(
            id=account_id,
            provider=command.provider,
            name=command.name,
            config=checked.config or {},
            credentials=self.vault.seal(
                checked.credentials or b"{}", Place(tenant_id=call.tenant_id, account_id=account_id, version=1)
            ),
            actor=call.actor,
            note=command.note,
        )
        subject = public_id(Prefix.PROVIDER_ACCOUNT, account_id)
        audit = call.audit("provider_account.connected", subject, moment, provider=command.provider, name=command.name)
        claim = call.claim(account_id)
        made = await self.accounts.connect(call.tenant_id, account, audit=audit, claim=claim)

        async def get(made_id: UUID) -> ConnectedAccount:
            return await self.queries.get(call.tenant_id, ProviderAccountId(made_id))

        return await told(self.journal, call, made, get=get, tell=self.answers.connected)
