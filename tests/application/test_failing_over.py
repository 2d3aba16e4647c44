"""When one provider proves that it has nothing, the payment goes on to the next; never in doubt, never twice."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from application.payments.rerouting import GO_ON_WITHIN
from application.ports.routing import NewRuleSet
from domain.audit import AuditRecord
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import ProviderAccountId
from domain.payments import AttemptState, OperationState, PaymentState
from domain.providers import AcceptedPending, Decline, Missing, NotSent, OperationKind, Outcome, Rejected, Unknown
from domain.routing import RouteRule, RouteTarget
from tests.fakes.answers import told
from tests.fakes.desk import Desk, paid, until_answered
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.providers import Reply, ScriptedProvider
from tests.fakes.world import SettableWorld

REFUSED = NotSent("connection refused")
SOFT = Rejected("do_not_honor", Decline.SOFT, "No")
HARD = Rejected("stolen_card", Decline.HARD, "No")


class Died(Exception):
    """The process ended here."""


class TwoProviders:
    """A desk whose tenant has an account at each of two providers."""

    def __init__(self, world: SettableWorld) -> None:
        self.first, self.second = ScriptedProvider("primary"), ScriptedProvider("secondary")
        self.accounts = (ProviderAccountId(uuid7()), ProviderAccountId(uuid7()))
        tenant = a_tenant(uuid7(), ((self.accounts[0], "primary"), (self.accounts[1], "secondary")), at=world.now)
        self.desk = Desk(memory_house(tenant, clock=lambda: world.now), world, self.first)
        self.desk.providers.switch_on(self.second)
        self.world = world

    def charges(self) -> tuple[int, int]:
        """How often each provider really took money."""
        return self.first.effects(OperationKind.AUTHORIZE), self.second.effects(OperationKind.AUTHORIZE)

    async def prefer(self, *order: ProviderAccountId) -> None:
        """Set a rule that tries these accounts in this order."""
        house = self.desk.house
        audit = AuditRecord(
            tenant_id=house.tenant_id,
            id=uuid7(),
            at=self.world.now,
            actor="test",
            action="routing.rules_set",
            subject="",
            request_id="req",
            details={},
        )
        rule = RouteRule(name="preferred", targets=tuple(RouteTarget(provider_account_id=one) for one in order))
        latest = await house.routes.versions(house.tenant_id, before=None, limit=1)
        ruleset = NewRuleSet(rules=(rule,), expected_version=latest[0].version if latest else 0)
        await house.routes.add(house.tenant_id, ruleset, audit=audit)


@pytest.fixture
def two(world: SettableWorld) -> TwoProviders:
    return TwoProviders(world)


@pytest.mark.parametrize("outcome", [REFUSED, SOFT])
async def test_a_payment_goes_on_to_the_second_provider_within_one_request(two: TwoProviders, outcome: Outcome) -> None:
    two.first.script(OperationKind.AUTHORIZE, outcome)

    answer = await two.desk.create("key")

    assert (answer.status, told(answer)["captured"]) == (201, "1000")
    dossier = await two.desk.dossier()
    assert [one.provider for one in dossier.attempts] == ["primary", "secondary"]
    assert (dossier.payment.provider, dossier.payment.provider_account_id) == ("secondary", two.accounts[1])
    assert two.charges() == (0, 1)
    assert (await two.desk.create("key")).replayed


@pytest.mark.parametrize(
    ("outcome", "status"), [(Unknown("read timeout"), 202), (AcceptedPending("ch_1"), 202), (HARD, 402)]
)
async def test_doubt_and_hard_refusals_stay_where_they_are(two: TwoProviders, outcome: Outcome, status: int) -> None:
    two.first.script(OperationKind.AUTHORIZE, outcome)

    answer = await two.desk.create("key")

    assert answer.status == status
    assert len((await two.desk.dossier()).attempts) == 1
    assert two.second.performed == []


async def test_when_nobody_can_be_reached_the_caller_is_told_and_may_try_again_with_the_key(two: TwoProviders) -> None:
    two.first.script(OperationKind.AUTHORIZE, REFUSED)
    two.second.script(OperationKind.AUTHORIZE, REFUSED, REFUSED)

    assert (await two.desk.create("key")).status == 503
    answer = await two.desk.create("key")

    dossier = await two.desk.dossier()
    assert answer.status == 201
    assert [one.provider for one in dossier.attempts] == ["primary", "secondary", "secondary", "primary"]
    assert two.charges() == (1, 0)
    assert len(await two.desk.payments()) == 1


async def test_a_soft_refusal_everywhere_is_a_refusal(two: TwoProviders) -> None:
    two.first.script(OperationKind.AUTHORIZE, SOFT)
    two.second.script(OperationKind.AUTHORIZE, SOFT)

    answer = await two.desk.create("key")

    payment = (await two.desk.dossier()).payment
    assert (answer.status, payment.state, payment.failure_code) == (402, PaymentState.FAILED, "do_not_honor")


async def test_whoever_died_after_going_on_is_carried_on_by_the_next_request(two: TwoProviders) -> None:
    two.first.script(OperationKind.AUTHORIZE, REFUSED)
    two.second.script(OperationKind.AUTHORIZE, Reply(failure=Died))

    answer = await until_answered(lambda: two.desk.create("key"), two.desk)

    assert told(answer)["captured"] == "1000"
    assert two.charges() == (0, 1)
    assert len((await two.desk.dossier()).attempts) == 2


async def test_an_operation_that_was_found_missing_later_is_not_sent_elsewhere(two: TwoProviders) -> None:
    two.first.script(OperationKind.AUTHORIZE, Reply(told=Unknown("reset"), truth=Missing("never came")))

    await two.desk.create("key")
    await two.desk.settle_everything()

    dossier = await two.desk.dossier()
    assert dossier.payment.state is PaymentState.FAILED
    assert [one.state for one in dossier.attempts] == [AttemptState.MISSING_AT_PROVIDER]
    assert two.second.performed == []


async def test_rules_decide_who_is_first_and_the_decision_is_kept(two: TwoProviders) -> None:
    await two.prefer(two.accounts[1], two.accounts[0])
    payment_id = paid(await two.desk.create("key"))

    house = two.desk.house
    decision = await house.routes.decision(house.tenant_id, payment_id)

    assert two.charges() == (0, 1)
    assert (decision.ruleset_version, decision.rule) == (1, "preferred")
    assert [one.provider for one in decision.order] == ["secondary", "primary"]


async def test_a_payment_keeps_the_order_that_was_chosen_for_it_when_rules_change_meanwhile(two: TwoProviders) -> None:
    async def change_rules(_: object) -> None:
        await two.prefer(two.accounts[0])

    two.first.before_perform = change_rules
    two.first.script(OperationKind.AUTHORIZE, REFUSED)

    assert (await two.desk.create("key")).status == 201
    assert two.charges() == (0, 1)


async def test_an_account_that_was_disabled_meanwhile_is_not_gone_on_to(two: TwoProviders) -> None:
    async def disable(_: object) -> None:
        two.desk.providers.disable(two.accounts[1])

    two.first.before_perform = disable
    two.first.script(OperationKind.AUTHORIZE, REFUSED)

    assert (await two.desk.create("key")).status == 503
    assert two.second.performed == []


async def test_an_unhealthy_account_is_tried_last(two: TwoProviders) -> None:
    two.desk.providers.unhealthy.add(two.accounts[0])

    await two.desk.create("key")

    assert two.charges() == (0, 1)


async def test_a_caller_who_insists_on_a_provider_is_not_sent_elsewhere(two: TwoProviders) -> None:
    two.first.script(OperationKind.AUTHORIZE, REFUSED)

    assert (await two.desk.create("key", provider="primary")).status == 503
    assert two.second.performed == []


async def test_nobody_goes_on_after_the_caller_has_waited_long_enough(two: TwoProviders) -> None:
    async def take_long(_: object) -> None:
        two.world.wait(GO_ON_WITHIN + timedelta(seconds=1))

    two.first.before_perform = take_long
    two.first.script(OperationKind.AUTHORIZE, REFUSED)

    assert (await two.desk.create("key")).status == 503
    assert two.second.performed == []


async def test_a_callback_that_settled_the_operation_first_keeps_it_from_going_on(two: TwoProviders) -> None:
    async def settle_elsewhere(instruction: object) -> None:
        operation = (await two.desk.dossier()).operations[0]
        two.first.truth[operation.key] = two.first.success(two.first.performed[-1])
        await two.desk.resolve(operation.id)

    async def then_settle(instruction: object) -> None:
        two.first.performed.append(instruction)  # type: ignore[arg-type]  # an instruction it is
        await settle_elsewhere(instruction)

    two.first.before_perform = then_settle
    two.first.script(OperationKind.AUTHORIZE, SOFT)

    await two.desk.create("key")

    dossier = await two.desk.dossier()
    assert dossier.operations[0].state is OperationState.SUCCEEDED
    assert len(dossier.attempts) == 1
    assert two.second.performed == []


async def test_why_nobody_can_take_a_payment_is_said(two: TwoProviders) -> None:
    with pytest.raises(MediatorError) as refusal:
        await two.desk.create("key", provider="nobody")

    assert refusal.value.entry is ROUTE_NO_PROVIDER
    assert "primary: not_asked_for; secondary: not_asked_for" in refusal.value.detail
