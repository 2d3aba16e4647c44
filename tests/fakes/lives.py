"""Random lives of a payment: any move at any time, and any word of the provider about any operation."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from domain.errors import MediatorError
from domain.failing_over import may_fail_over
from domain.money import Money
from domain.payments import PaymentState, ProviderOperation
from domain.providers import Finding, Succeeded
from tests.fakes.story import (
    ACTION,
    CHARGE,
    DECLINED,
    MISSING,
    NOT_SENT,
    PENDING,
    SECOND_ACCOUNT,
    UNKNOWN,
    Story,
)

CHOICES_MAX = 2**24


def lead(story: Story, choices: Sequence[int], after_each: Callable[[Story], None] = lambda _: None) -> Story:
    """Lead a payment by these choices, each from 0 to CHOICES_MAX; a refused move changes nothing.

    Settling is never refused: whatever a provider says can be written down.
    """
    for choice in choices:
        story.world.wait(timedelta(seconds=choice % 7))
        step, rest = choice % 16, choice // 16
        if step < len(_MOVES):
            with suppress(MediatorError):
                _MOVES[step](story, rest)
        else:
            operations = story.dossier.operations
            operation = operations[-1 - rest % min(len(operations), 3)]
            story.settle(_finding(operation, rest // 3), operation.id)
        after_each(story)
    return story


def _capture(story: Story, choice: int) -> None:
    amount = None if choice % 3 == 0 else 1 + choice // 3 % (story.payment.amount_minor + 1)
    story.capture(amount, final=choice % 2 == 1)


def _refund(story: Story, choice: int) -> None:
    story.give_back(None if choice % 3 == 0 else 1 + choice // 3 % (story.payment.amount_minor + 1))


def _cancel(story: Story, _: int) -> None:
    if story.payment.state is PaymentState.CREATED:
        story.cancel_unsent()
    else:
        story.void()


def _try_again(story: Story, _: int) -> None:
    story.try_again()


def _expire(story: Story, choice: int) -> None:
    story.world.wait(timedelta(days=choice % 2))
    story.expire()


def _wait_for_query(story: Story, _: int) -> None:
    story.world.now = max(
        [story.world.now, *(one.next_query_at for one in story.dossier.operations if one.next_query_at)]
    )


def _ask_in_vain(story: Story, _: int) -> None:
    """Ask about the latest operation until there is nobody left to ask."""
    operation_id = story.operation().id
    while story.dossier.operation(operation_id).next_query_at is not None:
        story.wait_for_query(operation_id).settle(UNKNOWN, operation_id)


def _fail_over(story: Story, choice: int) -> None:
    finding = DECLINED if choice % 2 else NOT_SENT
    if may_fail_over(story.dossier, story.operation().id, finding):
        story.fail_over(finding, SECOND_ACCOUNT if choice % 3 else story.dossier.attempts[0].provider_account_id)


_MOVES = (_fail_over, _capture, _capture, _refund, _refund, _cancel, _try_again, _expire, _wait_for_query, _ask_in_vain)


def _finding(operation: ProviderOperation, choice: int) -> Finding:
    amount = operation.amount
    other = Money(amount.minor + 1, amount.currency)
    succeeded = Succeeded(CHARGE, amount)
    findings = (
        *(succeeded, succeeded, succeeded, DECLINED, PENDING, ACTION),
        *(UNKNOWN, UNKNOWN, MISSING, NOT_SENT, Succeeded(CHARGE, other)),
    )
    return findings[choice % len(findings)]
