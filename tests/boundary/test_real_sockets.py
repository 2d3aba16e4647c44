"""The same over real sockets: one exchange through the real HTTP client, cut at every byte of request and answer."""

import asyncio
import itertools

import pytest

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.sandbox import SandboxConfig, SandboxCredentials
from adapters.providers.sandbox.adapter import SandboxAdapter
from domain.money import Currency, Money
from domain.providers import Instruction, NotSent, OperationKind, Outcome, Succeeded, Unknown
from tests.adapters.providerkit.hostile import unused_port
from tests.boundary.cutting_server import ANSWER, CutAt, cutting_server

AMOUNT = Money(1_000, Currency("EUR"))
AUTHORIZE = Instruction(
    kind=OperationKind.AUTHORIZE,
    key="opn_1",
    amount=AMOUNT,
    payment_id="pay_1",
    account="pac_1",
    payment_method="tok_success",
)


async def _performed(port: int) -> Outcome:
    http = ProviderHttp()
    config = SandboxConfig(base_url=f"http://127.0.0.1:{port}", deadline_seconds=30)
    credentials = SandboxCredentials(api_key="sk_test", callback_secrets=("whsec_test",))
    try:
        return await KernelProvider(SandboxAdapter(config, credentials), http).perform(AUTHORIZE)
    finally:
        await http.close()


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
async def test_request_that_is_cut_at_any_byte_leaves_doubt_and_has_no_effect(*, resets: bool) -> None:
    sizes = []
    for at in itertools.count():
        async with cutting_server(CutAt(request=at, answer=None, resets=resets)) as server:
            outcome = await _performed(server.port)
        if server.effects:
            assert outcome == Succeeded("ch_1", AMOUNT)
            break
        assert isinstance(outcome, Unknown), (at, outcome)
        sizes.append(at)
    assert len(sizes) > 300, "so many bytes does the request have"


@pytest.mark.parametrize("framed", [True, False], ids=["with a length", "until the end"])
async def test_answer_that_is_cut_at_any_byte_leaves_doubt_until_it_is_whole(*, framed: bool) -> None:
    whole = ANSWER.framed if framed else ANSWER.unframed
    outcomes = []
    for at in range(len(whole) + 1):
        async with cutting_server(CutAt(request=None, answer=at, framed=framed)) as server:
            outcomes.append(await _performed(server.port))
        assert server.effects == 1

    assert [type(one) for one in outcomes[:-1]] == [Unknown] * len(whole)
    assert outcomes[-1] == Succeeded("ch_1", AMOUNT)


async def test_only_a_connection_that_was_never_made_proves_that_nothing_was_sent() -> None:
    outcome = await asyncio.wait_for(_performed(unused_port()), timeout=30)

    assert isinstance(outcome, NotSent)
