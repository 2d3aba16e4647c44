"""Every use case of payouts at hand, over the stores of one house and one scripted provider."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec

from application.call import Call
from application.hearing import Effect, Heard
from application.payouts.add_beneficiary import AddBeneficiary, AddBeneficiaryHandler
from application.payouts.approve_payout import ApprovePayout, ApprovePayoutHandler
from application.payouts.cancel_payout import CancelPayout, CancelPayoutHandler
from application.payouts.carry_out_payout import CarryOutPayout, CarryOutPayoutHandler
from application.payouts.choosing import PayoutAccounts
from application.payouts.create_payout import CreatePayout, CreatePayoutHandler
from application.payouts.deciding import PayoutDecisions
from application.payouts.deny_payout import DenyPayout, DenyPayoutHandler
from application.payouts.hear_callback import PayoutCallbacks
from application.payouts.payout_step import PayoutStep
from application.ports.addresses import CallbackAddress
from application.ports.journal import Answer, IdempotencyKey, Journal
from domain.beneficiaries import BeneficiaryType
from domain.ids import BeneficiaryId, PayoutId, ProviderAccountId
from domain.money import Currency, Money
from domain.payout_dossier import PayoutDossier
from domain.providers import CallbackEvent
from tests.fakes.desk import Desk
from tests.fakes.house import House
from tests.fakes.payouts import EasyNumbers, PlainPayoutAnswers
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.world import SettableWorld

Command = CreatePayout | ApprovePayout | DenyPayout | CancelPayout | AddBeneficiary


class PayoutDesk:
    """Does for a test what the doors and the worker do for payouts."""

    def __init__(
        self,
        house: House,
        world: SettableWorld,
        provider: ScriptedProvider | None = None,
        providers: ProviderSet | None = None,
    ) -> None:
        """Open the desk over these stores."""
        self.house = house
        self.world = world
        self.provider = provider or ScriptedProvider()
        self.providers = providers or ProviderSet(self.provider, tenants=house.tenants)
        self.decisions = PayoutDecisions(house.journal, house.payouts, PlainPayoutAnswers(), world)
        self.step = PayoutStep(
            house.journal, house.payouts, self.providers, world, CallbackAddress("https://pay.example")
        )

    def with_journal(self, journal: Journal) -> "PayoutDesk":
        """Give a desk beside this one whose writes go through another journal."""
        desk = PayoutDesk(self.house, self.world, self.provider, self.providers)
        desk.step = replace(self.step, journal=journal)
        desk.decisions = replace(self.decisions, journal=journal)
        return desk

    async def hear(
        self, account: ProviderAccountId, said: CallbackEvent, *, at_its_word: bool = False
    ) -> Effect | None:
        """Act on what a provider says by itself, as the worker does."""
        heard = Heard(provider_account_id=account, provider="sandbox", said=said, at_its_word=at_its_word)
        return await PayoutCallbacks(self.step).apply(self.call(), heard)

    def call(self, command: Command | None = None, key: str | None = None, actor: str = "prn_test") -> Call:
        """Describe one call; with a key it is used for exactly this command."""
        idempotency = None
        if key is not None:
            body = hashlib.sha256(msgspec.json.encode(command)).digest()
            idempotency = IdempotencyKey(f"POST {type(command).__name__}", key, body)
        return Call(tenant_id=self.house.tenant_id, actor=actor, request_id="req_1", idempotency=idempotency)

    async def bring(self, amount_minor: int = 1000) -> None:
        """Take a payment, so that there is something to pay out."""
        answer = await Desk(self.house, self.world).create(amount_minor=amount_minor)
        assert answer.status == 201

    async def beneficiary(self) -> BeneficiaryId:
        """Add somebody with an account in Nepal."""
        command = AddBeneficiary(
            type=BeneficiaryType.ACCOUNT,
            name="Sita Example",
            currency=Currency("EUR"),
            country="NP",
            account_number="0123456789012345",
            bank_code="NARBNPKA",
        )
        return BeneficiaryId(id_of(await self.add(command)))

    async def add(self, command: AddBeneficiary, key: str | None = None) -> Answer:
        """Add a beneficiary."""
        house = self.house
        handler = AddBeneficiaryHandler(
            house.beneficiaries, EasyNumbers(), self.decisions.journal, PlainPayoutAnswers(), self.world
        )
        return await handler(command, self.call(command, key))

    async def order(
        self,
        key: str | None = None,
        *,
        beneficiary_id: BeneficiaryId | None = None,
        amount_minor: int = 400,
        requires_approval: bool = False,
        account: ProviderAccountId | None = None,
    ) -> Answer:
        """Order a payout."""
        command = CreatePayout(
            amount=Money(amount_minor, Currency("EUR")),
            beneficiary_id=beneficiary_id or await self.beneficiary(),
            requires_approval=requires_approval,
            provider_account_id=account,
        )
        handler = CreatePayoutHandler(self.decisions, PayoutAccounts(self.providers), self.house.beneficiaries)
        return await handler(command, self.call(command, key))

    async def ordered(self, *, amount_minor: int = 400, requires_approval: bool = False) -> PayoutId:
        """Order a payout and give its id."""
        answer = await self.order(amount_minor=amount_minor, requires_approval=requires_approval)
        assert answer.status == 201
        return PayoutId(id_of(answer))

    async def approve(self, payout_id: PayoutId, key: str | None = None, actor: str = "prn_boss") -> Answer:
        """Approve one."""
        command = ApprovePayout(payout_id)
        return await ApprovePayoutHandler(self.decisions)(command, self.call(command, key, actor))

    async def deny(self, payout_id: PayoutId, key: str | None = None, actor: str = "prn_boss") -> Answer:
        """Deny one."""
        command = DenyPayout(payout_id)
        return await DenyPayoutHandler(self.decisions)(command, self.call(command, key, actor))

    async def cancel(self, payout_id: PayoutId, key: str | None = None) -> Answer:
        """Cancel one."""
        command = CancelPayout(payout_id)
        return await CancelPayoutHandler(self.decisions)(command, self.call(command, key))

    async def carry_out(self, payout_id: PayoutId) -> PayoutDossier:
        """Take the next step, as the worker does."""
        return await CarryOutPayoutHandler(self.step)(CarryOutPayout(payout_id), self.call())

    async def payout(self, payout_id: PayoutId) -> PayoutDossier:
        """Read one."""
        return await self.house.payouts.get(self.house.tenant_id, payout_id)

    async def settle(self, payout_id: PayoutId) -> PayoutDossier:
        """Let time pass and the worker work until nothing is left to do."""
        for _ in range(60):
            dossier = await self.payout(payout_id)
            due_at = None if dossier.operation is None else dossier.operation.next_step_at
            if dossier.operation is not None and due_at is None:
                return dossier
            if due_at is not None:
                self.world.now = max(self.world.now, due_at)
            await self.carry_out(payout_id)
        raise AssertionError("there is always something left to do")

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.world.wait(timedelta(**duration))


class Told(msgspec.Struct):
    """What a plain answer tells."""

    id: UUID
    state: str


def id_of(answer: Answer) -> UUID:
    """Read the identifier in an answer."""
    return msgspec.json.decode(answer.body, type=Told).id
