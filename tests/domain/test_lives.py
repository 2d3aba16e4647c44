"""Random lives of a payment: whatever is asked and whatever the provider says, the books stay true."""

from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import DISPUTED_CODES
from domain.events import RefundSucceeded, ReviewNeeded
from domain.payments import LIVE_ATTEMPT_STATES, CaptureMode, PaymentState
from domain.reference_rows import OPEN_HOLD_STATES
from domain.refunds import RefundState
from tests.fakes.lives import CHOICES_MAX, lead
from tests.fakes.story import Story, an_order

CHOICES = st.lists(st.integers(0, CHOICES_MAX), min_size=1, max_size=14)
ORDERS = st.builds(
    an_order,
    amount_minor=st.sampled_from([1, 2, 3, 1000, 2**53 - 1]),
    currency=st.sampled_from(["JPY", "EUR", "KWD"]),
    capture_mode=st.sampled_from(CaptureMode),
)
ENDED = frozenset({PaymentState.SUCCEEDED, PaymentState.CANCELLED, PaymentState.FAILED, PaymentState.EXPIRED})

EVERY_LIFE = given(ORDERS.map(Story), CHOICES)


def hold_is_open(story: Story) -> bool:
    """Whether the payment's own hold still keeps money."""
    return story.books.holds[story.payment.hold_id].state in OPEN_HOLD_STATES


@EVERY_LIFE
def test_captured_never_passes_authorized_and_authorized_never_the_amount(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        payment = told.payment
        assert 0 <= payment.captured_minor <= payment.authorized_minor <= payment.amount_minor

    lead(story, choices, check)


@EVERY_LIFE
def test_refunds_never_pass_what_was_captured(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        payment, refunds = told.payment, told.dossier.refunds
        under_way = sum(one.amount_minor for one in refunds if one.state is not RefundState.FAILED)
        assert under_way == payment.refunded_minor <= payment.captured_minor

    lead(story, choices, check)


@EVERY_LIFE
def test_the_books_sum_to_zero_and_say_what_the_payment_says(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        payment, refunds = told.payment, told.dossier.refunds
        given_back = sum(one.amount_minor for one in refunds if one.state is RefundState.SUCCEEDED)
        assert not any(told.books.sums().values())
        assert told.books.booked(payment.id, "capture") == payment.captured_minor
        assert told.books.booked(payment.id, "refund") == given_back

    lead(story, choices, check)


@EVERY_LIFE
def test_no_hold_is_posted_beyond_its_amount_and_pending_is_what_holds_keep(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        holds = told.books.holds.values()
        assert all(one.rest_minor >= 0 for one in holds)
        kept = sum(one.rest_minor for one in holds if one.state in OPEN_HOLD_STATES)
        assert sum(account.pending_debits for account in told.books.accounts.values()) == kept
        assert sum(account.pending_credits for account in told.books.accounts.values()) == kept

    lead(story, choices, check)


@EVERY_LIFE
def test_there_is_never_more_than_one_live_attempt(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        assert sum(one.state in LIVE_ATTEMPT_STATES for one in told.dossier.attempts) <= 1

    lead(story, choices, check)


@EVERY_LIFE
def test_money_is_held_exactly_as_long_as_the_payment_is_not_decided(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        if told.payment.state is not PaymentState.NEEDS_REVIEW:
            assert hold_is_open(told) is (told.payment.state not in ENDED)

    lead(story, choices, check)


@EVERY_LIFE
def test_every_open_operation_is_asked_about_or_is_a_matter_for_a_person(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        voiding = any(one.kind == "void" and one.is_open for one in told.dossier.operations)
        for one in told.dossier.operations:
            watched = one.next_query_at is not None
            parked = one.kind == "authorize" and voiding
            assert watched or not one.is_open or parked or told.payment.state is PaymentState.NEEDS_REVIEW
            assert one.is_open or not watched

    lead(story, choices, check)


@EVERY_LIFE
def test_what_a_person_must_look_at_is_not_forgotten(story: Story, choices: list[int]) -> None:
    def check(told: Story) -> None:
        for event in told.events:
            if isinstance(event, ReviewNeeded):
                operation = told.dossier.operation(event.operation_id)
                if operation.is_open or operation.code in DISPUTED_CODES:
                    assert told.payment.state is PaymentState.NEEDS_REVIEW

    lead(story, choices, check)


@EVERY_LIFE
def test_each_change_is_one_version_and_each_version_has_its_events(story: Story, choices: list[int]) -> None:
    lead(story, choices)

    assert [unit.after.payment.version for unit in story.units] == list(range(1, len(story.units) + 1))
    assert all(unit.events for unit in story.units)


@EVERY_LIFE
def test_events_have_identifiers_of_their_own_in_the_order_of_time(story: Story, choices: list[int]) -> None:
    lead(story, choices)
    identifiers = [event.event_id for event in story.events]

    assert identifiers == sorted(set(identifiers))


@EVERY_LIFE
def test_each_refund_succeeds_once_at_most(story: Story, choices: list[int]) -> None:
    lead(story, choices)
    succeeded = [event.refund_id for event in story.events if isinstance(event, RefundSucceeded)]

    assert len(succeeded) == len(set(succeeded))
