"""What a look-up at Khalti says: the body comes before the status, and only some words are proof."""

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError, HttpRequest
from domain.money import amount_of
from domain.providers import AcceptedPending, Decline, Missing, Rejected, Succeeded, Unknown, Verification
from tests.adapters.providers.khalti.examples import (
    ADAPTER,
    NPR_40,
    NPR_100,
    PIDX,
    REFERENCE,
    SAMPLES,
    found,
    opened,
    pay,
    refund,
    said,
)


def test_payment_is_asked_for_by_its_pidx() -> None:
    for instruction in (opened(), opened(provider_reference=REFERENCE), refund()):
        question = ADAPTER.build_look_up(instruction)

        assert isinstance(question, HttpRequest)
        assert question.url == "https://wallet.example/api/v2/epayment/lookup/"
        assert question.headers["Authorization"] == "Key test_secret_key"
        assert msgspec.json.decode(question.body) == {"pidx": PIDX}


def test_initiation_whose_answer_was_lost_was_seen_by_nobody() -> None:
    assert isinstance(ADAPTER.build_look_up(pay()), Missing)
    assert ADAPTER.manifest.visibility_horizon_seconds == 3_600


def test_refund_of_a_payment_without_a_name_cannot_be_asked_for() -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_look_up(refund(provider_reference=None))


@pytest.mark.parametrize("status", ["Completed", "Refunded", "Partially Refunded"])
def test_paid_is_paid_whatever_became_of_it_later(status: str) -> None:
    assert ADAPTER.parse_look_up(opened(), said(found(status))) == Succeeded(REFERENCE, NPR_100)


def test_amount_is_the_one_that_khalti_states() -> None:
    finding = ADAPTER.parse_look_up(opened(), said(found("Completed", total_amount=9_999)))

    assert finding == Succeeded(REFERENCE, amount_of(9_999, "NPR"))


def test_waiting_for_the_customer_keeps_the_page_and_held_payments_have_none() -> None:
    instruction = opened()

    assert ADAPTER.parse_look_up(instruction, said(found("Initiated"))) == AcceptedPending(PIDX, instruction.action_url)
    assert ADAPTER.parse_look_up(instruction, said(found("Pending"))) == AcceptedPending(PIDX)


@pytest.mark.parametrize(("status", "code"), [("Expired", "expired"), ("User canceled", "user_canceled")])
@pytest.mark.parametrize("http", [400, 200])
def test_end_without_money_comes_with_400_and_is_definite(status: str, code: str, http: int) -> None:
    finding = ADAPTER.parse_look_up(opened(), said(found(status), http))

    assert isinstance(finding, Rejected)
    assert (finding.code, finding.decline, finding.provider_reference) == (code, Decline.SOFT, PIDX)


@pytest.mark.parametrize(
    ("body", "http"),
    [
        (found("Completed"), 500),
        (found("Completed"), 401),
        (found("Completed", status="Failed"), 200),
        (found("Completed", status="completed"), 200),
        (found("Completed", pidx="somebody-elses"), 200),
        (found("Completed", transaction_id=None), 200),
        (found("Completed", transaction_id="a/../b"), 200),
        (found("Completed", total_amount="10000"), 200),
        (found("Completed", total_amount=100.5), 200),
        (found("Completed", total_amount=-1), 200),
        (found("Completed", total_amount=2**53), 200),
        ({"detail": "Invalid token.", "status_code": 401}, 401),
        ({"detail": "Not found.", "error_key": "validation_error"}, 400),
    ],
)
def test_everything_else_leaves_doubt(body: object, http: int) -> None:
    assert isinstance(ADAPTER.parse_look_up(opened(), said(body, http)), Unknown)


def test_whole_refund_shows_in_the_state_of_its_payment() -> None:
    assert ADAPTER.parse_look_up(refund(), said(found("Refunded"))) == Succeeded(REFERENCE, NPR_100)
    assert isinstance(ADAPTER.parse_look_up(refund(), said(found("Completed"))), Missing)


@pytest.mark.parametrize("status", ["Refunded", "Partially Refunded"])
def test_state_says_too_little_of_a_part(status: str) -> None:
    assert isinstance(ADAPTER.parse_look_up(refund(amount=NPR_40), said(found(status))), Unknown)


def test_part_of_a_payment_that_is_not_refunded_at_all_is_missing() -> None:
    assert isinstance(ADAPTER.parse_look_up(refund(amount=NPR_40), said(found("Completed"))), Missing)


@pytest.mark.parametrize("status", ["Pending", "Initiated", "Expired", "User canceled"])
def test_refund_of_a_payment_that_is_not_paid_makes_no_sense_and_is_doubt(status: str) -> None:
    assert isinstance(ADAPTER.parse_look_up(refund(), said(found(status))), Unknown)


@pytest.mark.parametrize(
    ("body", "http", "verification"),
    [
        (SAMPLES["errors"][1]["body"], 401, Verification.REFUSED),
        (SAMPLES["errors"][2]["body"], 400, Verification.VALID),
        ({"detail": "Not found."}, 404, Verification.VALID),
        ({"detail": "A server error occurred."}, 500, Verification.UNKNOWN),
        ({"detail": "You shall not pass."}, 403, Verification.UNKNOWN),
        ({"pidx": ["This field is required."], "error_key": "validation_error"}, 400, Verification.UNKNOWN),
        (["surprise"], 401, Verification.UNKNOWN),
    ],
)
def test_key_is_verified_by_asking_for_a_payment_that_nobody_has(
    body: object, http: int, verification: Verification
) -> None:
    question = ADAPTER.build_verification()

    assert question.url.endswith("/epayment/lookup/")
    assert ADAPTER.parse_verification(said(body, http)) is verification


def test_refund_that_shows_another_amount_is_told_as_it_shows() -> None:
    finding = ADAPTER.parse_look_up(refund(), said(found("Refunded", total_amount=9_999)))

    assert finding == Succeeded(REFERENCE, amount_of(9_999, "NPR"))
