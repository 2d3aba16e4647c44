"""One provider hangs or fails, and the payments of another do not notice: two providers as the application has them."""

import asyncio

import pytest

from adapters.providerkit.adapter import Collects, LooksUp
from adapters.providerkit.guard import Answer
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.manifests import ProviderManifest
from domain.money import amount_of
from domain.providers import Finding, Instruction, Missing, NotSent, OperationKind, Outcome, Succeeded, Unknown
from tests.adapters.providerkit.guarding.street import ACCOUNT, OTHER_ACCOUNT, TENANT, Process, manifest
from tests.adapters.providerkit.guarding.virtual import clock, run

DONE = Succeeded("ch_1", amount_of(100, "EUR"))
AUTHORIZE = Instruction(
    kind=OperationKind.AUTHORIZE, key="op_1", amount=amount_of(100, "EUR"), payment_id="pay_1", account="acct_1"
)


class Plain(Collects, LooksUp):
    """Takes every answer for a success."""

    def __init__(self, host: str) -> None:
        self.host = host

    @property
    def manifest(self) -> ProviderManifest:
        return manifest(name=self.host)

    def build_request(self, instruction: Instruction) -> HttpRequest:
        return HttpRequest(method="POST", url=f"https://{self.host}.test/charge")

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        return DONE if response.status == 200 else Unknown(f"status {response.status}")

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        return HttpRequest(method="GET", url=f"https://{self.host}.test/status")

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        return Missing("unknown here")


class SharedConnections(ProviderHttp):
    """The connections that all providers share; one of the two hangs or fails, the other answers in 50 ms."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__(connections_max=100)
        self.hangs = hangs
        self.open = 0
        self.most_open = 0

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> HttpResponse | NotSent | Unknown:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._answer(request, deadline_seconds)
        finally:
            self.open -= 1

    async def _answer(self, request: HttpRequest, deadline_seconds: float) -> Answer:
        if "//good.test" in request.url:
            await asyncio.sleep(0.05)
            return HttpResponse(status=200)
        if self.hangs:
            await asyncio.sleep(deadline_seconds)
            return Unknown("no whole answer")
        return HttpResponse(status=500)


async def timed(provider: KernelProvider, times: list[float]) -> Outcome:
    began = clock()
    outcome = await provider.perform(AUTHORIZE)
    times.append(clock() - began)
    return outcome


@pytest.mark.parametrize("hangs", [True, False])
def test_one_provider_in_trouble_does_not_slow_another(hangs: bool) -> None:  # noqa: FBT001 -- given by the table
    async def story() -> None:
        process, http = Process(), SharedConnections(hangs=hangs)
        bad_guard = process.board.guard(TENANT, ACCOUNT, manifest(name="bad"))
        good_guard = process.board.guard(TENANT, OTHER_ACCOUNT, manifest(name="good"))
        bad, good = (
            KernelProvider(Plain("bad"), http, guard=bad_guard),
            KernelProvider(Plain("good"), http, guard=good_guard),
        )
        bad_times: list[float] = []
        good_times: list[float] = []
        tasks = []
        for _ in range(600):  # thirty seconds, each with twenty payments to both
            tasks += [asyncio.create_task(timed(bad, bad_times)), asyncio.create_task(timed(good, good_times))]
            await asyncio.sleep(0.05)
        outcomes = await asyncio.gather(*tasks)

        assert max(good_times) == pytest.approx(0.05)
        assert max(bad_times) <= 10.01
        assert set(outcomes[1::2]) == {DONE}
        assert http.most_open <= bad_guard.crowd.limit + 16 + 2
        bad_outcomes = outcomes[::2]
        assert all(isinstance(one, NotSent | Unknown) for one in bad_outcomes)
        # Most were refused with proof, so they could go elsewhere at once.
        assert sum(isinstance(one, NotSent) for one in bad_outcomes) > len(bad_outcomes) * 0.8

    run(story())


def test_a_refused_operation_is_proved_not_sent_and_a_refused_question_says_nothing() -> None:
    async def story() -> None:
        process, http = Process(), SharedConnections(hangs=False)
        guard = process.board.guard(TENANT, ACCOUNT, manifest(name="bad"))
        bad = KernelProvider(Plain("bad"), http, guard=guard)
        for _ in range(5):
            await bad.perform(AUTHORIZE)
            await bad.look_up(AUTHORIZE)

        refused, found = await bad.perform(AUTHORIZE), await bad.look_up(AUTHORIZE)

        assert isinstance(refused, NotSent)
        assert refused.reason.startswith("circuit open")
        assert isinstance(found, Unknown)
        assert found.reason.startswith("could not be asked: circuit open")

    run(story())
