"""Payouts in the gateway's words: what is sent, and what each answer means."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.adapter import PaysOut
from adapters.providerkit.messages import CannotBuildError, HttpResponse
from adapters.providers.sandbox.adapter import SandboxAdapter
from adapters.providers.sandbox.client import SandboxConfig, SandboxCredentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    Comeback,
    Decline,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Payee,
    Rejected,
    Succeeded,
    Unknown,
)

ADAPTER = SandboxAdapter(
    SandboxConfig(base_url="https://sandbox.example"),
    SandboxCredentials(api_key="sk_test_merchant", callback_secrets=("whsec_test_merchant",)),
)
TOLD = Instruction(
    kind=OperationKind.PAYOUT,
    key="opn_1",
    amount=Money(400, Currency("EUR")),
    payment_id="pyo_1",
    account="pac_1",
    payee=Payee(name="Anna Example", country="DE", iban="DE89370400440532013000", bic="COBADEFFXXX"),
    reference="salary-1",
    callback_url="https://pay.example/v1/callbacks/sandbox/pac_1",
)
PAYOUT: dict[str, object] = {
    "id": "po_1",
    "key": "opn_1",
    "payout": "pyo_1",
    "status": "pending",
    "amount": 400,
    "currency": "EUR",
}


def answer(status: int, body: object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(body).encode())


def refusal(code: str, kind: str | None = None) -> dict[str, object]:
    return {"error": {"code": code, "message": "No.", "kind": kind}}


def test_a_payout_is_sent_with_its_key_and_to_whom_it_is() -> None:
    request = ADAPTER.build_payout(TOLD)

    assert (request.method, request.url) == ("POST", "https://sandbox.example/v1/payouts")
    assert request.headers["Idempotency-Key"] == "opn_1"
    assert json.loads(request.body) == {
        "account": "pac_1",
        "payout": "pyo_1",
        "amount": 400,
        "currency": "EUR",
        "name": "Anna Example",
        "country": "DE",
        "destination": "DE89370400440532013000",
        "bank": "COBADEFFXXX",
        "reference": "salary-1",
        "callback_url": "https://pay.example/v1/callbacks/sandbox/pac_1",
    }


def test_an_account_without_an_iban_goes_by_bank_and_number() -> None:
    payee = Payee(name="Sita Example", country="NP", account_number="0123", bank_code="NARBNPKA")
    body = json.loads(ADAPTER.build_payout(msgspec.structs.replace(TOLD, payee=payee)).body)

    assert (body["destination"], body["bank"]) == ("0123", "NARBNPKA")


def test_a_payout_to_nobody_is_not_built() -> None:
    with pytest.raises(CannotBuildError, match="payee"):
        ADAPTER.build_payout(msgspec.structs.replace(TOLD, payee=None))


def test_it_is_asked_about_by_its_key() -> None:
    assert ADAPTER.build_look_up(TOLD).url == "https://sandbox.example/v1/payouts/opn_1"


FOUND: dict[str, tuple[dict[str, object], Outcome]] = {
    "pending": ({}, AcceptedPending("po_1")),
    "paid": ({"status": "paid"}, Succeeded("po_1", Money(400, Currency("EUR")))),
    "paid more": ({"status": "paid", "amount": 401}, Succeeded("po_1", Money(401, Currency("EUR")))),
    "failed": (
        {"status": "failed", "failure": {"code": "account_closed", "message": "No.", "kind": "hard"}},
        Rejected("account_closed", Decline.HARD, "No.", "po_1"),
    ),
    "returned": (
        {"status": "returned", "failure": {"code": "no_such_account", "message": "No.", "kind": "hard"}},
        Rejected("no_such_account", Decline.HARD, "No.", "po_1", Comeback.RETURNED),
    ),
    "returned without a word": (
        {"status": "returned"},
        Rejected("returned", Decline.HARD, "", "po_1", Comeback.RETURNED),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_became_of_a_payout_is_read_alike_from_its_answer_and_from_a_look_up(name: str) -> None:
    changes, expected = FOUND[name]

    assert ADAPTER.parse_payout(TOLD, answer(201, PAYOUT | changes)) == expected
    assert ADAPTER.parse_look_up(TOLD, answer(200, PAYOUT | changes)) == expected


@pytest.mark.parametrize(
    "changes", [{"key": "opn_2"}, {"payout": "pyo_2"}, {"status": "paid", "currency": "XXX"}, {"status": "gone"}]
)
def test_what_is_about_another_payout_or_says_nothing_known_is_unknown(changes: dict[str, object]) -> None:
    assert isinstance(ADAPTER.parse_payout(TOLD, answer(201, PAYOUT | changes)), Unknown)
    assert isinstance(ADAPTER.parse_look_up(TOLD, answer(200, PAYOUT | changes)), Unknown)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (402, refusal("account_closed", "hard"), Rejected),
        (422, refusal("field_invalid"), Rejected),
        (429, refusal("rate_limited"), NotSent),
        (401, refusal("unauthorized"), NotSent),
        (402, refusal("account_closed"), Unknown),
        (500, refusal("internal_error"), Unknown),
        (404, {"detail": "a proxy's own"}, Unknown),
    ],
)
def test_only_a_refusal_in_the_gateways_words_is_one(status: int, body: object, expected: type) -> None:
    assert isinstance(ADAPTER.parse_payout(TOLD, answer(status, body)), expected)


def test_only_the_gateways_own_words_say_that_a_payout_is_missing() -> None:
    assert ADAPTER.parse_look_up(TOLD, answer(404, refusal("payout_not_found"))) == Missing("payout_not_found")
    assert isinstance(ADAPTER.parse_look_up(TOLD, answer(404, refusal("not_found"))), Unknown)


@given(status=st.integers(100, 599), body=st.binary(max_size=200))
def test_any_bytes_give_a_value_and_never_a_success(status: int, body: bytes) -> None:
    response = HttpResponse(status=status, body=body)

    assert isinstance(ADAPTER.parse_payout(TOLD, response), Unknown)
    assert isinstance(ADAPTER.parse_look_up(TOLD, response), Unknown)


def test_it_pays_out() -> None:
    assert isinstance(ADAPTER, PaysOut)
