"""What localstripe lacks: keys that are kept, refunds that are guarded, faults on command; charges and refunds only.

Intents do not exist there. Charges are made by the adapter's own request builder and refusals read by its own reader;
refunds go the whole way through the kernel, for a payment that was made as a charge is refunded like any other.
"""

from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providerkit.messages import HttpResponse
from adapters.providers.stripe import spec
from adapters.providers.stripe.client import Access, post
from adapters.providers.stripe.refusals import refused
from domain.money import amount_of
from domain.providers import Decline, NotSent, OperationKind, Rejected, Succeeded, Unknown
from tests.adapters.providers.stripe.examples import CONFIG, CREDENTIALS
from tests.adapters.providers.stripe.world import on
from tests.peers.stateful_mock import find_node, stateful_mock


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    node = find_node()
    if node is None:
        pytest.skip("NOT CHECKED: without Node.js and npm there is no stripe-stateful-mock to hold the adapter to")
    with stateful_mock(node) as url:
        yield url


class Mock:
    """The imitation and our side of it."""

    def __init__(self, url: str, http: ProviderHttp) -> None:
        config = msgspec.structs.replace(CONFIG, base_url=url)
        self.access = Access(config, CREDENTIALS.secret_key)
        self.http = http
        self.provider = KernelProvider(spec.create(config, CREDENTIALS), http)

    async def charge(self, source: str, *, key: str | None = None, amount: int = 1000) -> HttpResponse:
        fields: dict[str, str | None] = {"amount": str(amount), "currency": "usd", "source": source}
        request = post(self.access, "/v1/charges", key=key or uuid4().hex, fields=fields)
        answer = await self.http.exchange(request, deadline_seconds=10)
        assert isinstance(answer, HttpResponse)
        return answer

    async def charged(self, source: str = "tok_visa") -> str:
        answer = await self.charge(source)
        assert answer.status == 200
        return str(msgspec.json.decode(answer.body)["id"])


@pytest.fixture
async def mock(mock_url: str, http: ProviderHttp) -> Mock:
    return Mock(mock_url, http)


def usd(minor: int) -> dict[str, object]:
    return {"amount": amount_of(minor, "USD")}


async def test_same_key_has_one_effect_and_the_same_answer(mock: Mock) -> None:
    refund = on(await mock.charged(), OperationKind.REFUND, **usd(400))

    first = await mock.provider.perform(refund)
    again = await mock.provider.perform(refund)

    assert isinstance(first, Succeeded)
    assert again == first
    rest = await mock.provider.perform(on(refund.provider_reference or "", OperationKind.REFUND, **usd(600)))
    assert isinstance(rest, Succeeded)


async def test_same_key_with_another_body_is_doubt_and_never_a_second_effect(mock: Mock) -> None:
    refund = on(await mock.charged(), OperationKind.REFUND, **usd(400))
    first = await mock.provider.perform(refund)

    other = await mock.provider.perform(msgspec.structs.replace(refund, amount=amount_of(300, "USD")))

    assert other == Unknown("the key was used before: idempotency_error")
    assert await mock.provider.look_up(refund) == first


async def test_refund_is_found_by_key_and_by_name(mock: Mock) -> None:
    refund = on(await mock.charged(), OperationKind.REFUND, **usd(400))

    outcome = await mock.provider.perform(refund)

    assert isinstance(outcome, Succeeded)
    assert outcome.amount == amount_of(400, "USD")
    assert await mock.provider.look_up(refund) == outcome
    named = msgspec.structs.replace(refund, operation_reference=outcome.provider_reference)
    assert await mock.provider.look_up(named) == outcome


async def test_refund_of_more_than_was_taken_is_refused(mock: Mock) -> None:
    charge = await mock.charged()
    await mock.provider.perform(on(charge, OperationKind.REFUND, **usd(400)))

    too_much = await mock.provider.perform(on(charge, OperationKind.REFUND, **usd(700)))
    await mock.provider.perform(on(charge, OperationKind.REFUND, **usd(600)))
    again = await mock.provider.perform(on(charge, OperationKind.REFUND, **usd(1)))

    said = "Refund amount ($7) is greater than unrefunded amount on charge ($6)"
    assert too_much == Rejected("invalid_request_error", Decline.INVALID, said)
    assert isinstance(again, Rejected)
    assert (again.code, again.decline) == ("charge_already_refunded", Decline.INVALID)


@pytest.mark.parametrize(
    ("source", "code", "decline"),
    [
        ("tok_chargeDeclined", "generic_decline", Decline.SOFT),
        ("tok_chargeDeclinedInsufficientFunds", "insufficient_funds", Decline.SOFT),
        ("tok_chargeDeclinedProcessingError", "processing_error", Decline.SOFT),
        ("tok_chargeDeclinedExpiredCard", "expired_card", Decline.HARD),
        ("tok_chargeDeclinedFraudulent", "fraudulent", Decline.HARD),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", Decline.HARD),
    ],
)
async def test_declines_are_soft_or_hard(mock: Mock, source: str, code: str, decline: Decline) -> None:
    outcome = refused("op_1", await mock.charge(source))

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == (code, decline)


async def test_amount_below_the_least_is_invalid(mock: Mock) -> None:
    outcome = refused("op_1", await mock.charge("tok_visa", amount=1))

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == ("amount_too_small", Decline.INVALID)


async def test_too_many_requests_were_not_processed(mock: Mock) -> None:
    assert refused("op_1", await mock.charge("tok_429")) == NotSent("not processed: rate_limit")


async def test_failure_of_the_server_is_doubt_and_so_is_its_replay(mock: Mock) -> None:
    first = await mock.charge("tok_500|tok_visa|nonce", key="once")
    replayed = await mock.charge("tok_500|tok_visa|nonce", key="once")

    assert refused("op_1", first) == Unknown("status 500, api_error")
    assert (replayed.status, replayed.headers["idempotent-replayed"]) == (500, "true")
    assert refused("op_1", replayed) == Unknown("status 500, api_error")


async def test_charge_that_was_confirmed_and_then_lost_cannot_be_refunded(mock: Mock) -> None:
    charge = await mock.charged("tok_forget")

    outcome = await mock.provider.perform(on(charge, OperationKind.REFUND, **usd(400)))

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == ("resource_missing", Decline.INVALID)
