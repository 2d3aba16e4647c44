"""What the kernel tells its guard: of which class each request is, and what may be asked instead of it."""

import pytest

from adapters.providerkit.adapter import VerifiesCredentials
from adapters.providerkit.guard import Answer, Errand, Guard, Send
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpRequest, HttpResponse
from domain.manifests import OperationClass
from domain.money import amount_of
from domain.providers import Instruction, NotSent, OperationKind, Outcome, Verification
from tests.adapters.providerkit.guarding.street import ASKING, FINISHING, HARMLESS, MONEY
from tests.adapters.providerkit.guarding.test_providers_apart import AUTHORIZE, DONE, Plain


class Everything(Plain, VerifiesCredentials):
    """Offers every kind of operation, and a check of credentials that may not be built."""

    buildable = True

    def build_payout(self, instruction: Instruction) -> HttpRequest | FileDrop:
        return HttpRequest(method="POST", url=f"https://{self.host}.test/payout")

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        return DONE

    def build_verification(self) -> HttpRequest:
        if not self.buildable:
            raise CannotBuildError("no key")
        return HARMLESS

    def parse_verification(self, response: HttpResponse) -> Verification:
        return Verification.VALID


class Doorkeeper(Guard):
    """Notes what comes, and lets nothing through."""

    def __init__(self) -> None:
        self.seen: list[Errand] = []

    async def exchange(self, errand: Errand, send: Send, *, deadline_seconds: float) -> Answer:
        self.seen.append(errand)
        return NotSent(f"closed for {deadline_seconds:g} s")


@pytest.mark.parametrize(
    ("kind", "operation_class"),
    [
        (OperationKind.AUTHORIZE, MONEY),
        (OperationKind.PAYOUT, MONEY),
        (OperationKind.CAPTURE, FINISHING),
        (OperationKind.VOID, FINISHING),
        (OperationKind.REFUND, FINISHING),
    ],
)
async def test_each_operation_is_of_its_class(kind: OperationKind, operation_class: OperationClass) -> None:
    door = Doorkeeper()
    provider = KernelProvider(Everything("plain"), ProviderHttp(), guard=door)
    instruction = Instruction(kind=kind, key="op_1", amount=amount_of(1, "EUR"), payment_id="pay_1", account="a")

    assert await provider.perform(instruction) == NotSent("closed for 10 s")
    assert [one.operation_class for one in door.seen] == [operation_class]
    assert door.seen[0].harmless() == HARMLESS


async def test_look_ups_and_checks_of_credentials_are_questions() -> None:
    door = Doorkeeper()
    provider = KernelProvider(Everything("plain"), ProviderHttp(), guard=door)

    await provider.look_up(AUTHORIZE)
    await provider.verify_credentials()

    assert [one.operation_class for one in door.seen] == [ASKING, ASKING]


async def test_where_there_is_no_harmless_question_none_is_offered() -> None:
    door, adapter = Doorkeeper(), Everything("plain")
    adapter.buildable = False
    for one in (adapter, Plain("plain")):
        await KernelProvider(one, ProviderHttp(), guard=door).perform(AUTHORIZE)

    assert [one.harmless() for one in door.seen] == [None, None]
