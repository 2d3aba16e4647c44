"""localstripe and our side of it, for tests that join the two."""

from typing import Any
from uuid import uuid4

import msgspec
from aiohttp import ClientSession

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.stripe import StripeConfig, spec
from adapters.providers.stripe.client import OptionalField
from domain.providers import Instruction, OperationKind, Succeeded
from tests.adapters.providers.stripe.examples import CONFIG, CREDENTIALS, authorize, later

LOCAL_FIELDS: frozenset[OptionalField] = frozenset()
"""localstripe refuses each parameter that it does not know: `description` on an intent is one."""


class World:
    """The gateway, our side of it, and hands for what a customer or a bank does there."""

    def __init__(self, base_url: str, http: ProviderHttp, session: ClientSession) -> None:
        self.base_url = base_url
        self.http = http
        self.session = session
        self.provider = self.connect()

    def connect(self, *, secret_key: str = CREDENTIALS.secret_key, **changes: Any) -> KernelProvider:
        config: StripeConfig = msgspec.structs.replace(
            CONFIG, **{"base_url": self.base_url, "optional_fields": LOCAL_FIELDS, **changes}
        )
        credentials = msgspec.structs.replace(CREDENTIALS, secret_key=secret_key)
        return KernelProvider(
            spec.create(config, credentials), self.http, callback_secrets=CREDENTIALS.callback_secrets
        )

    async def ask(self, method: str, path: str, **fields: str) -> dict[str, Any]:
        """Do at localstripe what somebody else would do: the customer, the shop's page, the bank."""
        url, headers = f"{self.base_url}{path}", {"Authorization": "Bearer sk_test_hands"}
        async with self.session.request(method, url, data=fields or None, headers=headers) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json(content_type=None) if response.content_length else {}
            return answer

    async def card(self, number: str) -> str:
        """Give the token of a card, as Stripe.js would."""
        fields = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        made = await self.ask("POST", "/v1/payment_methods", type="card", **fields)
        return str(made["id"])

    async def debit(self, iban: str) -> str:
        made = await self.ask("POST", "/v1/payment_methods", type="sepa_debit", **{"sepa_debit[iban]": iban})
        return str(made["id"])

    async def intent(self, reference: str) -> dict[str, Any]:
        return await self.ask("GET", f"/v1/payment_intents/{reference}")

    async def paid(self, **changes: Any) -> str:
        """Give the intent of a new payment that succeeded, authorized only unless `capture` says otherwise."""
        outcome = await self.provider.perform(fresh(authorize(**changes)))
        assert isinstance(outcome, Succeeded), outcome
        return outcome.provider_reference


def fresh(instruction: Instruction) -> Instruction:
    """Give an operation a key of its own: one localstripe serves many tests."""
    return msgspec.structs.replace(instruction, key=f"op_{uuid4().hex}")


def on(reference: str, kind: OperationKind, **changes: Any) -> Instruction:
    return fresh(later(kind, provider_reference=reference, **changes))
