"""The wallet, our side of it, and a customer with a browser, for tests that join the three."""

from typing import Any
from urllib.parse import urljoin

import msgspec

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.esewa import EsewaConfig, EsewaCredentials, spec
from domain.providers import AcceptedPending, Instruction
from tests.adapters.providers.esewa.examples import pay
from tests.entrypoints.simulator.merchant import CALLBACK_SECRET, Merchant


class World:
    """One merchant at the wallet, its customers, and our provider."""

    def __init__(self, merchant: Merchant, http: ProviderHttp) -> None:
        self.merchant = merchant
        self.http = http
        self.provider = self.connect()

    def connect(self, *, secret_key: str = CALLBACK_SECRET) -> KernelProvider:
        config = EsewaConfig(
            form_url=f"{self.merchant.url}/esewa/api/epay/main/v2/form",
            status_url=f"{self.merchant.url}/esewa/api/epay/transaction/status/",
            product_code="EPAYTEST",
        )
        credentials = EsewaCredentials(secret_key=secret_key, callback_secrets=(secret_key,))
        return KernelProvider(spec.create(config, credentials), self.http, callback_secrets=(secret_key,))

    async def opened(self, **changes: Any) -> Instruction:
        """Make a form and give its instruction as it stands afterwards; the customer has not posted it."""
        instruction = pay(**changes)
        outcome = await self.provider.perform(instruction)
        assert isinstance(outcome, AcceptedPending), outcome
        return msgspec.structs.replace(instruction, action_url=outcome.action_url, action_fields=outcome.action_fields)

    async def posted(self, instruction: Instruction) -> int:
        """Let the customer's browser post the form; give the status of the page."""
        assert instruction.action_url is not None
        async with self.merchant.session.post(instruction.action_url, data=instruction.action_fields) as page:
            return page.status

    async def answered(self, instruction: Instruction, answer: str) -> bytes:
        """Let the customer answer on the page; give the query with which the browser comes back."""
        assert instruction.action_url is not None
        assert instruction.action_fields is not None
        form = {"id": instruction.action_fields["transaction_uuid"], "answer": answer}
        address = urljoin(instruction.action_url, "pay")
        async with self.merchant.session.post(address, data=form, allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            location = response.headers["Location"]
        address, _, query = location.partition("?")
        assert address == instruction.callback_url
        return query.encode()

    async def paid(self, **changes: Any) -> tuple[Instruction, bytes]:
        """A payment that its customer has paid, and the query that came back."""
        instruction = await self.opened(**changes)
        assert await self.posted(instruction) == 200
        return instruction, await self.answered(instruction, "pay")
