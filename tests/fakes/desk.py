"""Every use case of payments at hand, over the stores of one house and one scripted provider."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import msgspec

from application.call import LEASE_SECONDS, Call
from application.callbacks.apply_callback import ApplyCallback, ApplyCallbackHandler
from application.callbacks.event_line import EventLine
from application.callbacks.receive_callback import ReceiveCallback, ReceiveCallbackHandler
from application.hearing import Effect, Hearing
from application.payments.cancel_payment import CancelPayment, CancelPaymentHandler
from application.payments.capture_payment import CapturePayment, CapturePaymentHandler
from application.payments.create_payment import CreatePayment, CreatePaymentHandler
from application.payments.expire_payment import ExpirePayment, ExpirePaymentHandler
from application.payments.get_payment import GetPayment, GetPaymentHandler, PaymentHistory
from application.payments.hear_callback import PaymentCallbacks
from application.payments.provider_step import ProviderStep
from application.payments.refund_payment import RefundPayment, RefundPaymentHandler
from application.payments.rerouting import Rerouting
from application.payments.resolve_operation import ResolveOperation, ResolveOperationHandler
from application.payouts.hear_callback import PayoutCallbacks
from application.payouts.payout_step import PayoutStep
from application.ports.addresses import CallbackAddress
from application.ports.callbacks import Receipt, StoredCallback
from application.ports.journal import Answer, IdempotencyKey, Journal
from application.ports.payments import PaymentFilter
from domain.dossier import Dossier
from domain.ids import OperationId, PaymentId, ProviderAccountId
from domain.manifests import CallbackTransport
from domain.money import Currency, Money
from domain.payments import CaptureMode, Payment
from domain.providers import CallbackEvent
from tests.fakes.answers import PlainAnswers, told
from tests.fakes.house import House
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.world import SettableWorld

Command = CreatePayment | CapturePayment | RefundPayment | CancelPayment


class Desk:
    """Does for a test what the doors do for the world."""

    def __init__(self, house: House, world: SettableWorld, provider: ScriptedProvider | None = None) -> None:
        """Open the desk over these stores."""
        self.house = house
        self.world = world
        self.provider = provider or ScriptedProvider()
        self.providers = ProviderSet(self.provider, tenants=house.tenants)
        self.step = ProviderStep(
            journal=house.journal,
            payments=house.payments,
            providers=self.providers,
            answers=PlainAnswers(),
            world=world,
            address=CallbackAddress("https://pay.example"),
            rerouting=Rerouting(self.providers, house.routes),
        )

    def with_journal(self, journal: Journal) -> "Desk":
        """Give a desk beside this one whose writes go through another journal."""
        desk = Desk(self.house, self.world, self.provider)
        desk.step = replace(self.step, journal=journal)
        return desk

    def call(self, command: Command | None = None, key: str | None = None) -> Call:
        """Describe one call; with a key it is used for exactly this command."""
        idempotency = None
        if key is not None:
            body = hashlib.sha256(msgspec.json.encode(command)).digest()
            idempotency = IdempotencyKey(f"POST {type(command).__name__}", key, body)
        return Call(tenant_id=self.house.tenant_id, actor="prn_test", request_id="req_1", idempotency=idempotency)

    async def create(
        self,
        key: str | None = None,
        *,
        amount_minor: int = 1000,
        currency: str = "EUR",
        capture_mode: CaptureMode = CaptureMode.AUTOMATIC,
        provider: str | None = None,
    ) -> Answer:
        """Create a payment."""
        command = CreatePayment(
            amount=Money(amount_minor, Currency(currency)),
            payment_method="tok_visa",
            capture_mode=capture_mode,
            provider=provider,
        )
        return await CreatePaymentHandler(self.step)(command, self.call(command, key))

    async def capture(
        self, payment_id: PaymentId, key: str | None = None, *, amount_minor: int | None = None, final: bool = False
    ) -> Answer:
        """Capture."""
        command = CapturePayment(payment_id=payment_id, amount_minor=amount_minor, final=final)
        return await CapturePaymentHandler(self.step)(command, self.call(command, key))

    async def refund(self, payment_id: PaymentId, key: str | None = None, *, amount_minor: int | None = None) -> Answer:
        """Refund."""
        command = RefundPayment(payment_id=payment_id, amount_minor=amount_minor)
        return await RefundPaymentHandler(self.step)(command, self.call(command, key))

    async def cancel(self, payment_id: PaymentId, key: str | None = None) -> Answer:
        """Cancel."""
        command = CancelPayment(payment_id)
        return await CancelPaymentHandler(self.step)(command, self.call(command, key))

    async def resolve(self, operation_id: OperationId) -> Dossier:
        """Ask the provider about an operation, as the worker does."""
        return await ResolveOperationHandler(self.step)(ResolveOperation(operation_id), self.call())

    async def expire(self, payment_id: PaymentId) -> None:
        """Expire a payment, as the worker does."""
        handler = ExpirePaymentHandler(self.step.journal, self.house.payments, self.world)
        await handler(ExpirePayment(payment_id), self.call())

    async def receive(self, notice: CallbackEvent, *, headers: dict[str, str] | None = None) -> Receipt:
        """Take in a callback, signed unless other headers are given."""
        raw = msgspec.json.encode(notice)
        return await self.receive_raw(raw, self.provider.signed(raw) if headers is None else headers)

    async def receive_raw(
        self,
        raw: bytes,
        headers: dict[str, str],
        account: ProviderAccountId | None = None,
        *,
        provider: str = "sandbox",
        transport: CallbackTransport = CallbackTransport.HTTP_POST,
    ) -> Receipt:
        """Take in bytes that came to the address of an account."""
        command = ReceiveCallback(
            provider=provider,
            provider_account_id=account or self.house.account,
            headers=headers,
            raw=raw,
            request_id="req_2",
            transport=transport,
        )
        return await ReceiveCallbackHandler(self.house.inbox, self.providers, self.world)(command)

    async def apply(self, receipt: Receipt) -> tuple[Effect, ...]:
        """React to a stored callback, as the worker does."""
        return await ApplyCallbackHandler(self.providers, self.line)(ApplyCallback(receipt.callback_id), self.call())

    @property
    def line(self) -> EventLine:
        """The line of events, with every context that providers tell us of."""
        contexts = (PaymentCallbacks(self.step), PayoutCallbacks(self.payout_step))
        return EventLine(self.house.inbox, Hearing(contexts), self.world)

    @property
    def payout_step(self) -> PayoutStep:
        """How payouts are sent and learnt of."""
        address = CallbackAddress("https://pay.example")
        return PayoutStep(self.house.journal, self.house.payouts, self.providers, self.world, address)

    async def callback(self, receipt: Receipt) -> StoredCallback:
        """Look at a stored callback."""
        return await self.house.inbox.get(self.house.tenant_id, receipt.callback_id)

    async def history(self, payment_id: PaymentId) -> PaymentHistory:
        """Tell everything about a payment."""
        handler = GetPaymentHandler(self.house.payments, self.house.queries)
        return await handler(GetPayment(payment_id), self.call())

    async def payments(self) -> tuple[Payment, ...]:
        """Give all payments, newest first."""
        return await self.house.queries.page(self.house.tenant_id, PaymentFilter(), before=None, limit=1000)

    async def dossier(self, payment_id: PaymentId | None = None) -> Dossier:
        """Give a payment as it stands; the newest unless one is named."""
        wanted = (await self.payments())[0].id if payment_id is None else payment_id
        return await self.house.payments.get(self.house.tenant_id, wanted)

    async def authorized(self, amount_minor: int = 1000) -> PaymentId:
        """Make a payment that is authorized."""
        return paid(await self.create(amount_minor=amount_minor, capture_mode=CaptureMode.MANUAL))

    async def captured(self, amount_minor: int = 1000) -> PaymentId:
        """Make a payment that is captured."""
        return paid(await self.create(amount_minor=amount_minor))

    def let_the_lease_end(self) -> None:
        """Let the time pass after which another request may carry on under a key."""
        self.world.wait(timedelta(seconds=LEASE_SECONDS + 1))

    async def forget_keys(self) -> None:
        """Forget every idempotency key that is not in use."""
        await self.house.outbox.forget_keys(age_seconds=-1, limit=1000)

    async def settle_everything(self) -> None:
        """Let the resolver work, query after query, until nothing is open or a week has gone by."""
        for _ in range(20):
            open_operations = [
                one
                for payment in await self.payments()
                for one in (await self.dossier(payment.id)).operations
                if one.is_open and one.next_query_at is not None
            ]
            for operation in open_operations:
                if operation.next_query_at is not None:
                    self.world.now = max(self.world.now, operation.next_query_at)
                await self.resolve(operation.id)


def paid(answer: Answer) -> PaymentId:
    """Read which payment an answer tells of."""
    return msgspec.convert(told(answer)["payment"], PaymentId)


async def until_answered(ask: Callable[[], Awaitable[Answer]], desk: Desk, *, tries: int = 5) -> Answer:
    """Repeat a request with its key, waiting for its lease in between, as a client does that had no answer."""
    for _ in range(tries - 1):
        try:
            return await ask()
        except Exception:  # noqa: BLE001 -- whatever went wrong: the client heard nothing and asks again
            desk.let_the_lease_end()
    return await ask()
