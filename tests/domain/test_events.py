"""Every event there is: it has a name, a sentence, postings or none on purpose, and survives the store."""

from typing import get_args

import msgspec
import pytest

from domain.bookkeeping import postings_of
from domain.events import (
    BalanceMonitorCrossed,
    CallbackReceived,
    Event,
    FxQuoteExpired,
    FxQuoteOpened,
    FxQuoteReleased,
    FxQuoteReserved,
    LedgerPosted,
    tag_of,
)
from domain.ids import CallbackId, EventId, LedgerAccountId, LedgerTransactionId, MonitorId, QuoteId
from domain.ledger import Direction
from domain.money import Money
from domain.payments import CaptureMode
from domain.providers import Succeeded
from domain.timeline import told
from tests.fakes import payout_story
from tests.fakes.payout_story import PayoutStory, a_payout_order
from tests.fakes.story import (
    ACCOUNT,
    ACTION,
    CHARGE,
    DECLINED,
    EUR,
    MISSING,
    NOT_SENT,
    PENDING,
    UNKNOWN,
    Story,
    an_order,
    authorized_story,
    captured_story,
)

KINDS: tuple[type[Event], ...] = get_args(Event)


def every_kind_of_story() -> list[Story]:
    """Stories in which every event of a payment happens."""
    return [
        Story().settle(ACTION).succeed(),
        Story().settle(PENDING).wait_for_query().settle(PENDING).settle(DECLINED),
        Story().settle(UNKNOWN).settle(MISSING),
        Story().settle(NOT_SENT).wait(days=2).expire(),
        Story().settle(DECLINED).succeed(),
        Story().fail_over(DECLINED).succeed(),
        Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(MISSING).succeed(),
        Story().settle(Succeeded(CHARGE, Money(1, EUR))),
        authorized_story().capture(400).settle(DECLINED).capture(400).succeed().capture(100, final=True).succeed(),
        authorized_story().void().settle(DECLINED).void().succeed(),
        captured_story().give_back(300).settle(DECLINED).give_back(300).succeed(),
    ]


def every_kind_of_payout() -> list[PayoutStory]:
    """Stories in which every event of a payout happens."""
    to_approve = a_payout_order(requires_approval=True)
    unknown = payout_story.UNKNOWN
    return [
        PayoutStory(to_approve).approve().send().settle(payout_story.PAID).settle(payout_story.RETURNED),
        PayoutStory(to_approve).deny(),
        PayoutStory().send().settle(payout_story.NOT_SENT).cancel(),
        PayoutStory().send().settle(unknown).wait_for_step().settle(unknown).settle(payout_story.MISSING).send(),
        PayoutStory().send().settle(payout_story.ACCEPTED).settle(payout_story.REJECTED),
        PayoutStory().send().settle(payout_story.MISSING, resends=False).settle(payout_story.ACCEPTED),
        PayoutStory().send().settle(payout_story.REJECTED).settle(payout_story.PAID),
    ]


def callback_received() -> CallbackReceived:
    """An event that belongs to no payment."""
    world = Story().world
    return CallbackReceived(
        event_id=EventId(world.new_id()),
        at=world.now,
        provider="sandbox",
        provider_account_id=ACCOUNT,
        callback_id=CallbackId(world.new_id()),
    )


def of_the_ledger() -> list[Event]:
    """Events that functions of the database write."""
    world = Story().world
    return [
        LedgerPosted(
            event_id=EventId(world.new_id()),
            at=world.now,
            transaction_ids=(LedgerTransactionId(world.new_id()),),
            hold_ids=(),
        ),
        BalanceMonitorCrossed(
            event_id=EventId(world.new_id()),
            at=world.now,
            monitor_id=MonitorId(world.new_id()),
            account_id=LedgerAccountId(world.new_id()),
            measure="available",
            comparison="lt",
            threshold_minor=100,
            value_minor=99,
            currency="EUR",
        ),
        *(
            kind(
                event_id=EventId(world.new_id()),
                at=world.now,
                quote_id=QuoteId(world.new_id()),
                version=1,
                state="open",
                source_currency="EUR",
                source_minor=100,
                target_currency="JPY",
                target_minor=160,
            )
            for kind in (FxQuoteOpened, FxQuoteReserved, FxQuoteReleased, FxQuoteExpired)
        ),
    ]


ALL: list[Event] = [
    callback_received(),
    *of_the_ledger(),
    *(event for story in every_kind_of_story() for event in story.events),
    *(event for story in every_kind_of_payout() for event in story.events),
]
EVERY_EVENT = pytest.mark.parametrize(
    "event", {type(event): event for event in ALL}.values(), ids=lambda event: str(tag_of(event))
)


def test_the_stories_here_tell_every_event_there_is() -> None:
    assert {type(event) for event in ALL} == set(KINDS)


def test_no_two_events_share_a_name() -> None:
    assert len({tag_of(event) for event in ALL}) == len(KINDS)


@EVERY_EVENT
def test_an_event_survives_the_store(event: Event) -> None:
    read: Event = msgspec.json.decode(msgspec.json.encode(event), type=Event)

    assert read == event


@EVERY_EVENT
def test_an_event_is_told_in_a_sentence(event: Event) -> None:
    sentence = told(event)

    assert sentence[0].isupper() or sentence[0].isdigit()
    assert sentence.endswith(".")
    assert "\n" not in sentence


@EVERY_EVENT
def test_an_event_says_in_the_store_what_it_is(event: Event) -> None:
    assert msgspec.to_builtins(event)["type"] == tag_of(event)


@pytest.mark.parametrize("event", ALL, ids=lambda event: str(tag_of(event)))
def test_what_an_event_books_balances_in_its_currency(event: Event) -> None:
    for transaction in postings_of(event).transactions:
        sums = {Direction.DEBIT: 0, Direction.CREDIT: 0}
        for entry in transaction.entries:
            sums[entry.direction] += entry.amount_minor
        assert sums[Direction.DEBIT] == sums[Direction.CREDIT] > 0


def test_a_capture_debits_the_provider_and_credits_the_merchant() -> None:
    story = captured_story()
    code = f"provider:pac_{ACCOUNT.hex}:clearing"

    assert [(one.account_code, one.direction, one.amount_minor) for one in story.books.entries] == [
        (code, "debit", 1000),
        ("merchant:main:payable", "credit", 1000),
    ]


def test_a_refund_goes_the_other_way() -> None:
    story = captured_story().give_back(300).succeed()
    code = f"provider:pac_{ACCOUNT.hex}:clearing"

    assert [(one.account_code, one.direction, one.amount_minor) for one in story.books.entries[-2:]] == [
        ("merchant:main:payable", "debit", 300),
        (code, "credit", 300),
    ]


def test_the_timeline_of_a_payment_tells_the_whole_story() -> None:
    story = authorized_story().capture(400, final=True).succeed().give_back(300).succeed()

    assert [told(event) for event in story.events] == [
        "The payment was accepted; 10.00 EUR is held as pending.",
        "Attempt 1 is being sent to sandbox.",
        "The provider reserved 10.00 EUR; no money has moved yet.",
        "A capture of 4.00 EUR is being sent.",
        "4.00 EUR was captured and booked; the remaining 6.00 EUR is released.",
        "A refund of 3.00 EUR is being sent; it is held against what we owe.",
        "3.00 EUR went back to the customer and is booked.",
    ]


def test_the_timeline_says_how_much_is_at_risk() -> None:
    assert told(Story().settle(UNKNOWN).last) == (
        "The outcome of the authorize is unknown; 10.00 EUR is at risk until the provider has been asked."
    )
