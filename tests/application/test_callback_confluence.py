"""Any shuffle, with duplicates, of the callbacks of a history ends alike: through the handlers, asked or believed."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.callbacks.event_line import PATIENCE
from application.ports.callbacks import Receipt
from application.ports.journal import Conflict
from domain.ids import ProviderAccountId
from domain.manifests import CallbackRule
from domain.money import Currency, Money
from domain.providers import CallbackEvent, Finding, OperationKind, Succeeded, Unknown
from tests.fakes.desk import Desk, paid
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.providers import SIGNED_HINTS, SIGNED_TRUTHS, ScriptedProvider
from tests.fakes.story import CHARGE, DECLINED, PENDING
from tests.fakes.world import SettableWorld

DOUBT = Unknown("a doubt")
BOTH = pytest.mark.parametrize("rule", [SIGNED_HINTS, SIGNED_TRUTHS], ids=["asked", "believed"])
ENDS: dict[str, Finding | None] = {
    "success": None,
    "refusal": DECLINED,
    "another amount": Succeeded(CHARGE, Money(7, Currency("EUR"))),
}
"""How an operation ends at the provider; None: with just what was asked for."""


def opened(rule: CallbackRule) -> Desk:
    """Open a desk, the same each time, at a provider whose callbacks are such."""
    world = SettableWorld()
    tenant = a_tenant(world.new_id(), ((ProviderAccountId(world.new_id()), "sandbox"),), at=world.now)
    return Desk(memory_house(tenant, clock=lambda: world.now), world, ScriptedProvider(callbacks=rule))


async def purchase(desk: Desk) -> None:
    """A payment whose outcome is open."""
    desk.provider.script(OperationKind.AUTHORIZE, PENDING)
    await desk.create()


async def capture(desk: Desk) -> None:
    """An authorized payment of which a part is being captured."""
    payment_id = await desk.authorized()
    desk.provider.script(OperationKind.CAPTURE, PENDING)
    await desk.capture(payment_id, amount_minor=400)


async def void_of_the_rest(desk: Desk) -> None:
    """A payment captured in part whose rest is being released."""
    payment_id = await desk.authorized()
    await desk.capture(payment_id, amount_minor=400)
    desk.provider.script(OperationKind.VOID, DOUBT)
    await desk.cancel(payment_id)


async def void_of_a_waiting_payment(desk: Desk) -> None:
    """A payment that is cancelled before its outcome is known: two operations are open."""
    desk.provider.script(OperationKind.AUTHORIZE, PENDING)
    payment_id = paid(await desk.create())
    desk.provider.script(OperationKind.VOID, PENDING)
    await desk.cancel(payment_id)


async def refunds(desk: Desk) -> None:
    """A captured payment of which two parts are being given back."""
    payment_id = await desk.captured()
    desk.provider.script(OperationKind.REFUND, PENDING, DOUBT)
    await desk.refund(payment_id, amount_minor=300)
    await desk.refund(payment_id, amount_minor=200)


Begin = Callable[[Desk], Coroutine[Any, Any, None]]
BEGINNINGS: tuple[Begin, ...] = (purchase, capture, void_of_the_rest, void_of_a_waiting_payment, refunds)


async def history(desk: Desk, ends: list[Finding | None]) -> list[CallbackEvent]:
    """Let the open operations end, and give what the provider calls back: each on its way, then as it ended."""
    open_operations = [one for one in (await desk.dossier()).operations if one.is_open]
    told = []
    for number, operation in enumerate(open_operations):
        end = ends[number % len(ends)] or Succeeded(CHARGE, operation.amount)
        desk.provider.truth[operation.key] = end
        for word, finding in (("pending", PENDING), ("ended", end)):
            event_id = f"evt_{operation.kind}_{number}_{word}"
            told.append(
                CallbackEvent(
                    event_id=event_id,
                    kind=word,
                    operation_key=operation.key,
                    operation_kind=operation.kind,
                    finding=finding,
                )
            )
    return told


async def deliver(desk: Desk, told: list[CallbackEvent], order: list[int], work: list[int]) -> None:
    """Receive the events in this order (with what repeats), and let workers come in that one, until all is done."""
    receipts: list[Receipt] = [await desk.receive(told[number % len(told)]) for number in order]
    jobs = [receipts[number % len(receipts)] for number in work] + receipts
    while jobs:
        receipt = jobs.pop(0)
        try:
            await desk.apply(receipt)
        except Conflict:
            # As the queue does: later again.
            jobs.append(receipt)
            desk.world.wait(PATIENCE / 8)


async def end(begin: Begin, rule: CallbackRule, ends: list[Finding | None], chance: list[list[int]]) -> object:
    """Live through a history in one order, and give everything that a caller can see of its end."""
    desk = opened(rule)
    await begin(desk)
    told = await history(desk, ends)
    everything = list(range(len(told)))
    order, work = ([*chance[0], *everything], chance[1]) if chance else (everything, [])
    shuffled = (
        sorted(range(len(order)), key=lambda place: (chance[2][place % len(chance[2])], place)) if chance else None
    )
    await deliver(desk, told, order if shuffled is None else [order[place] for place in shuffled], work)
    # What was told of an authorization while it was being released is not written down, but asked about afterwards.
    await desk.settle_everything()
    dossier = await desk.dossier()
    payment = dossier.payment
    accounts = await desk.house.ledger.accounts(desk.house.tenant_id, after=None, limit=50, currency=None, code=None)
    return (
        (payment.state, payment.authorized_minor, payment.captured_minor, payment.refunded_minor),
        [(one.state, one.provider_reference) for one in dossier.attempts],
        [(one.kind, one.state, one.code) for one in dossier.operations],
        [(one.state, one.failure_code) for one in dossier.refunds],
        sorted(
            (one.code, one.posted_debits, one.posted_credits, one.pending_debits, one.pending_credits)
            for one in accounts
        ),
    )


@BOTH
@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda one: one.__name__)
@settings(max_examples=40)
@given(
    ends=st.lists(st.sampled_from(sorted(ENDS)), min_size=1, max_size=2),
    chance=st.tuples(
        st.lists(st.integers(0, 9), max_size=6),
        st.lists(st.integers(0, 9), max_size=8),
        st.lists(st.integers(0, 9), min_size=1, max_size=10),
    ),
)
def test_any_shuffle_with_duplicates_ends_as_the_history_in_its_order(
    begin: Begin, rule: CallbackRule, ends: list[str], chance: tuple[list[int], ...]
) -> None:
    findings = [ENDS[name] for name in ends]

    in_order = asyncio.run(end(begin, rule, findings, []))
    shuffled = asyncio.run(end(begin, rule, findings, list(chance)))

    assert shuffled == in_order
