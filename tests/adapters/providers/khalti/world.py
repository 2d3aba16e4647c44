"""The wallet, our side of it, and a customer with a browser, for tests that join the three."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.khalti import KhaltiConfig, KhaltiCredentials, spec
from adapters.providers.khalti.client import PartialRefunds
from domain.providers import AcceptedPending, Finding, Instruction, Succeeded
from tests.adapters.providers.khalti.examples import pay
from tests.entrypoints.simulator.merchant import API_KEY, Merchant


class World:
    """One merchant at the wallet, its customers, and our provider."""

    def __init__(self, merchant: Merchant, http: ProviderHttp) -> None:
        self.merchant = merchant
        self.http = http
        self.provider = self.connect()

    def connect(self, *, secret_key: str = API_KEY, **changes: Any) -> KernelProvider:
        root = f"{self.merchant.url}/khalti/api"
        config = KhaltiConfig(
            base_url=f"{root}/v2",
            refund_url=root,
            website_url="https://shop.example",
            partial_refunds=PartialRefunds.IN_PAISA,
        )
        adapter = spec.create(msgspec.structs.replace(config, **changes), KhaltiCredentials(secret_key=secret_key))
        return KernelProvider(adapter, self.http)

    async def opened(self, **changes: Any) -> Instruction:
        """Initiate a payment and give its instruction as it stands afterwards."""
        instruction = pay(**changes)
        outcome = await self.provider.perform(instruction)
        assert isinstance(outcome, AcceptedPending), outcome
        return msgspec.structs.replace(
            instruction, provider_reference=outcome.provider_reference, action_url=outcome.action_url
        )

    async def answered(self, instruction: Instruction, answer: str) -> bytes:
        """Let the customer answer on the page; give the query with which the browser comes back."""
        assert instruction.action_url is not None
        async with self.merchant.session.get(instruction.action_url) as page:
            assert page.status == 200
        form = {"id": instruction.provider_reference or "", "answer": answer}
        address = instruction.action_url.partition("?")[0]
        async with self.merchant.session.post(address, data=form, allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            location = urlsplit(response.headers["Location"])
        assert location.geturl().startswith(f"{instruction.callback_url}?")
        return location.query.encode()

    async def paid(self, **changes: Any) -> Succeeded:
        instruction = await self.opened(**changes)
        await self.answered(instruction, "pay")
        finding: Finding = await self.provider.look_up(instruction)
        assert isinstance(finding, Succeeded), finding
        return finding
