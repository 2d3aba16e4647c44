"""What happened to the money, as one word, at each stage of a payment."""

import pytest

from domain.errors import MoneyState
from domain.money import Money
from domain.money_state import money_state
from domain.payments import CaptureMode
from domain.providers import Succeeded
from tests.fakes.story import (
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


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (Story(), MoneyState.UNKNOWN),
        (Story().settle(UNKNOWN), MoneyState.UNKNOWN),
        (Story().settle(PENDING), MoneyState.HELD),
        (Story().settle(ACTION), MoneyState.HELD),
        (Story().settle(DECLINED), MoneyState.NONE),
        (Story().settle(NOT_SENT), MoneyState.NONE),
        (Story().settle(MISSING), MoneyState.NONE),
        (Story().settle(NOT_SENT).cancel_unsent(), MoneyState.NONE),
        (Story().settle(NOT_SENT).wait(days=2).expire(), MoneyState.NONE),
        (Story().settle(Succeeded(CHARGE, Money(1, EUR))), MoneyState.UNKNOWN),
        (Story().settle(DECLINED).succeed(), MoneyState.MOVED),
        (Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(DECLINED).succeed(), MoneyState.HELD),
        (authorized_story(), MoneyState.HELD),
        (authorized_story().capture(400), MoneyState.UNKNOWN),
        (authorized_story().capture(400).settle(UNKNOWN), MoneyState.UNKNOWN),
        (authorized_story().capture(400).settle(PENDING), MoneyState.HELD),
        (authorized_story().capture(400).settle(DECLINED), MoneyState.HELD),
        (authorized_story().capture(400).succeed(), MoneyState.MOVED),
        (authorized_story().void().settle(UNKNOWN), MoneyState.UNKNOWN),
        (authorized_story().void().succeed(), MoneyState.NONE),
        (captured_story(), MoneyState.MOVED),
        (captured_story().give_back(), MoneyState.UNKNOWN),
        (captured_story().give_back().settle(UNKNOWN), MoneyState.UNKNOWN),
        (captured_story().give_back().settle(DECLINED), MoneyState.MOVED),
        (captured_story().give_back().succeed(), MoneyState.MOVED),
    ],
)
def test_the_word_is_true_to_what_is_known(story: Story, expected: MoneyState) -> None:
    assert money_state(story.dossier) is expected
