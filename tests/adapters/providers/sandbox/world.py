"""The gateway and our side of it, for tests that join the two."""

from typing import Any

import msgspec

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.sandbox import SandboxConfig, SandboxCredentials, spec
from domain.providers import (
    BookLine,
    Finding,
    Instruction,
    Rejected,
    Succeeded,
)
from tests.adapters.providers.sandbox.examples import authorize
from tests.entrypoints.simulator.merchant import (
    API_KEY,
    CALLBACK_SECRET,
    Merchant,
    eventually,
)


class World:
    """The gateway, our side of it, and a merchant's hands for what only the gateway's console can do."""

    def __init__(self, merchant: Merchant, http: ProviderHttp) -> None:
        self.merchant = merchant
        self.http = http
        self.provider = self.connect()

    def connect(self, *, api_key: str = API_KEY, **changes: Any) -> KernelProvider:
        secrets = ("whsec_next", CALLBACK_SECRET)
        config = msgspec.structs.replace(SandboxConfig(base_url=self.merchant.url), **changes)
        credentials = SandboxCredentials(api_key=api_key, callback_secrets=secrets)
        return KernelProvider(spec.create(config, credentials), self.http, callback_secrets=secrets)

    async def charged(self, source: str = "tok_success", *, capture: bool = False, **changes: Any) -> str:
        outcome = await self.provider.perform(authorize(payment_method=source, capture=capture, **changes))
        assert isinstance(outcome, Succeeded), outcome
        return outcome.provider_reference

    async def charges(self) -> list[BookLine]:
        return [line async for line in self.provider.books("acct_1")]

    async def find(self, instruction: Instruction) -> Finding:
        """Look up until the gateway knows the operation's end."""

        async def ended() -> bool:
            return isinstance(await self.provider.look_up(instruction), Succeeded | Rejected)

        await eventually(ended)
        return await self.provider.look_up(instruction)
