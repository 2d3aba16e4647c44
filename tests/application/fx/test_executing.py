"""Exchanges: the quote and its legs together, once, whoever is faster and however late."""

import pytest

from application.fx.execute_quote import Exchanged
from application.ports.journal import Conflict, IdempotencyKey
from domain.errors import MediatorError
from domain.fx.quotes import FxQuote
from domain.money import Currency
from domain.posting import Reason, Refusal, Transfer
from tests.fakes.exchange_office import PAYABLE, Office
from tests.fakes.keeping import a_key


async def execute(office: Office, quote: FxQuote, key: IdempotencyKey | None = None) -> Exchanged:
    return await office.execute(office.order(quote.id), office.call(key))


async def test_an_open_quote_is_reserved_and_executed(office: Office) -> None:
    quote = await office.quoted()

    done = await execute(office, quote)

    assert (done.quote.state, done.quote.version, done.quote.transaction_id) == (
        "executed",
        3,
        done.posting.transaction_id,
    )
    assert done.quote.reserved_for == "req_1"


async def test_the_order_says_who_gave_it_and_executes_exactly_that_version(office: Office) -> None:
    quote = await office.quoted()
    await execute(office, quote)

    (placed,) = office.journal.orders
    assert (placed.quote_id, placed.quote_version, placed.actor, placed.request_id) == (quote.id, 2, "prn_1", "req_1")
    assert isinstance(placed.order, Transfer)
    assert placed.order.kind == "fx"


async def test_the_legs_go_between_the_callers_accounts_and_our_positions(office: Office) -> None:
    quote = await office.quoted(amount_minor=7)
    await execute(office, quote)

    order = office.journal.orders[0].order
    assert isinstance(order, Transfer)
    ours = {identifier: code for (_, code), identifier in office.accounts.codes.items()}
    theirs = {found.id: f"{name} {currency}" for (name, currency), found in office.finder.known.items()}
    named = [((ours | theirs)[leg.account_id], leg.direction.value, leg.amount_minor) for leg in order.legs]
    assert named == [
        (f"{PAYABLE} EUR", "debit", 7),
        ("fx:position:EUR", "credit", 7),
        ("fx:position:USD", "debit", 8),
        (f"{PAYABLE} USD", "credit", 7),
        ("rounding:USD", "credit", 1),
    ]


async def test_a_reserved_quote_is_honoured_however_late(office: Office) -> None:
    quote = await office.quoted()
    office.journal.refusal = Refusal(Reason.INSUFFICIENT_FUNDS, 1)
    with pytest.raises(MediatorError, match="LEDGER_INSUFFICIENT_FUNDS"):
        await execute(office, quote, a_key("first"))
    assert office.newest.state == "reserved"

    office.journal.refusal = None
    office.wait(86_400)
    assert (await execute(office, quote, a_key("second"))).quote.state == "executed"


async def test_an_open_quote_whose_time_is_over_is_not_executed(office: Office) -> None:
    quote = await office.quoted()
    office.wait(60)

    with pytest.raises(MediatorError, match="FX_QUOTE_EXPIRED"):
        await execute(office, quote)
    assert office.journal.orders == []


async def test_a_quote_is_executed_once(office: Office) -> None:
    quote = await office.quoted()
    await execute(office, quote, a_key("one"))

    with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
        await execute(office, quote, a_key("two"))
    assert len(office.journal.orders) == 1


async def test_repeating_the_request_gives_the_same_exchange(office: Office) -> None:
    quote = await office.quoted()
    first = await execute(office, quote, a_key())
    office.wait(86_400)

    again = await execute(office, quote, a_key())

    assert (again.quote, again.posting.transaction_id) == (first.quote, first.posting.transaction_id)
    assert (first.posting.replayed, again.posting.replayed) == (False, True)
    assert len(office.journal.orders) == 1


async def test_a_refusal_that_is_repeated_stays_what_it_was(office: Office) -> None:
    quote = await office.quoted()
    office.journal.refusal = Refusal(Reason.ACCOUNT_FROZEN, 4)
    for _ in range(2):
        with pytest.raises(MediatorError, match="LEDGER_ACCOUNT_FROZEN"):
            await execute(office, quote, a_key())
        office.journal.refusal = None


async def test_who_is_overtaken_hears_that_the_quote_is_used(office: Office) -> None:
    quote = await office.quoted()

    async def faster() -> None:
        office.journal.before_post = None
        await execute(office, quote)

    office.journal.before_post = faster
    with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
        await execute(office, quote)
    assert len(office.journal.orders) == 1


@pytest.mark.parametrize("refusal", [Conflict("moved"), Refusal(Reason.MOVED_ON)])
async def test_who_never_comes_to_a_decision_is_told_to_come_again(
    office: Office, refusal: Refusal | Exception
) -> None:
    quote = await office.quoted()
    office.journal.refusal = refusal

    with pytest.raises(MediatorError, match="SERVICE_UNAVAILABLE"):
        await execute(office, quote)


@pytest.mark.parametrize(
    ("source", "target", "places"),
    [
        ("nobody", PAYABLE, ["/source_account"]),
        (PAYABLE, "nobody", ["/target_account"]),
        ("nobody", "nobody", ["/source_account", "/target_account"]),
    ],
)
async def test_unknown_accounts_are_pointed_at_and_nothing_is_booked(
    office: Office, source: str, target: str, places: list[str]
) -> None:
    quote = await office.quoted()

    with pytest.raises(MediatorError) as refusal:
        await office.execute(office.order(quote.id, source, target), office.call())

    assert refusal.value.entry.code == "LEDGER_ACCOUNT_UNKNOWN"
    assert [one.pointer for one in refusal.value.errors] == places
    assert office.journal.orders == []


async def test_an_account_is_looked_for_in_the_quotes_currency(office: Office) -> None:
    quote = await office.quoted(target_currency=Currency("JPY"))

    with pytest.raises(MediatorError, match="LEDGER_ACCOUNT_UNKNOWN") as refusal:
        await execute(office, quote)
    assert [one.pointer for one in refusal.value.errors] == ["/target_account"]
