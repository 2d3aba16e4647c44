"""Order and repetition cannot matter: one truth at the provider gives one final state, however we hear of it."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import CaptureMode
from domain.providers import Finding, Succeeded
from tests.fakes.story import (
    ACTION,
    CHARGE,
    DECLINED,
    MISSING,
    PENDING,
    UNKNOWN,
    Story,
    an_order,
    authorized_story,
    captured_story,
)

Begin = Callable[[], Story]

BEGINNINGS: dict[str, Begin] = {
    "authorization": lambda: Story(an_order(capture_mode=CaptureMode.MANUAL)),
    "purchase": Story,
    "capture": lambda: authorized_story().capture(400),
    "second capture": lambda: authorized_story().capture(400).succeed().capture(600),
    "void": lambda: authorized_story().void(),
    "void of the rest": lambda: authorized_story().capture(400).succeed().void(),
    "void of a waiting payment": lambda: Story().settle(PENDING).void(),
    "refund": lambda: captured_story().give_back(300),
}
EVERY_BEGINNING = pytest.mark.parametrize("begin", BEGINNINGS.values(), ids=BEGINNINGS)


class Outcome(msgspec.Struct, frozen=True):
    """What a caller can see of the end of a story; times, versions and made-up identifiers left out."""

    payment: tuple[object, ...]
    attempts: tuple[object, ...]
    operations: tuple[object, ...]
    refunds: tuple[object, ...]
    accounts: tuple[object, ...]
    at_risk_minor: int


def outcome(story: Story) -> Outcome:
    """Look at the end of a story."""
    payment = story.payment
    dossier = story.dossier
    accounts = sorted(story.books.accounts.values(), key=lambda one: one.ref.code)
    return Outcome(
        payment=(payment.state, payment.authorized_minor, payment.captured_minor, payment.refunded_minor),
        attempts=tuple((one.number, one.state, one.provider_reference) for one in dossier.attempts),
        operations=tuple((one.kind, one.state, one.code) for one in dossier.operations),
        refunds=tuple((one.state, one.failure_code) for one in dossier.refunds),
        accounts=tuple(
            (one.posted_debits, one.posted_credits, one.pending_debits, one.pending_credits) for one in accounts
        ),
        at_risk_minor=sum(one.rest_minor for one in story.books.holds.values() if one.at_risk),
    )


def heard(begin: Begin, findings: list[Finding]) -> Outcome:
    """Hear these findings about the latest operation, in this order."""
    story = begin()
    operation = story.operation()
    for finding in findings:
        story.settle(finding, operation.id)
    return outcome(story)


def shuffled(final: Finding, *doubts: Finding) -> st.SearchStrategy[list[Finding]]:
    """Draw any words on the way, any number of times, with the final one at least once, in any order."""
    words = st.lists(st.sampled_from((final, *doubts)), max_size=8)
    return words.flatmap(lambda some: st.permutations([final, *some]))


@EVERY_BEGINNING
@given(data=st.data())
def test_a_success_ends_alike_in_whatever_order_it_is_heard_of(begin: Begin, data: st.DataObject) -> None:
    final = Succeeded(CHARGE, begin().operation().amount)
    findings = data.draw(shuffled(final, UNKNOWN, PENDING))

    assert heard(begin, findings) == heard(begin, [final])


@EVERY_BEGINNING
@given(findings=shuffled(DECLINED, UNKNOWN, PENDING))
def test_a_refusal_ends_alike_in_whatever_order_it_is_heard_of(begin: Begin, findings: list[Finding]) -> None:
    assert heard(begin, findings) == heard(begin, [DECLINED])


@EVERY_BEGINNING
@given(findings=shuffled(MISSING, UNKNOWN))
def test_what_never_arrived_ends_alike_in_whatever_order_it_is_heard_of(begin: Begin, findings: list[Finding]) -> None:
    assert heard(begin, findings) == heard(begin, [MISSING])


@EVERY_BEGINNING
@given(findings=shuffled(PENDING, UNKNOWN))
def test_what_the_provider_has_is_alike_in_whatever_order_it_is_heard_of(begin: Begin, findings: list[Finding]) -> None:
    assert heard(begin, findings) == heard(begin, [PENDING])


@pytest.mark.parametrize("name", ["authorization", "purchase"])
@given(findings=shuffled(ACTION, UNKNOWN))
def test_what_the_customer_must_do_is_alike_in_whatever_order_it_is_heard_of(
    name: str, findings: list[Finding]
) -> None:
    assert heard(BEGINNINGS[name], findings) == heard(BEGINNINGS[name], [ACTION])
