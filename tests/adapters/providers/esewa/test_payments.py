"""The form that eSewa's customer posts: signed as published, in rupees, under our own key."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.messages import CannotBuildError, HttpResponse
from adapters.providers.esewa.client import SIGNED_FIELDS, signature
from domain.money import AMOUNT_MAX, amount_of
from domain.providers import AcceptedPending, Instruction, OperationKind, Unknown
from tests.adapters.providers.esewa.examples import ADAPTER, CALLBACK_URL, CALLBACKS, KEY, REQUESTS, pay


def form_of(instruction: Instruction) -> dict[str, str]:
    outcome = ADAPTER.build_request(instruction)
    assert isinstance(outcome, AcceptedPending)
    assert outcome.action_url == "https://wallet.example/api/epay/main/v2/form"
    assert outcome.action_fields is not None
    return outcome.action_fields


@pytest.mark.parametrize("vector", REQUESTS + CALLBACKS, ids=lambda vector: vector["signature"][:6])
def test_published_signatures_come_out(vector: dict[str, object]) -> None:
    fields, names = msgspec.convert((vector["data"], vector["fields"]), tuple[dict[str, str], list[str]])

    assert signature(KEY, fields, names) == vector["signature"]


@pytest.mark.parametrize("vector", REQUESTS[:2], ids=lambda vector: vector["signature"][:6])
def test_form_has_the_published_signature(vector: dict[str, object]) -> None:
    data = msgspec.convert(vector["data"], dict[str, str])
    amount = amount_of(int(data["total_amount"]) * 100, "NPR")

    form = form_of(pay(amount=amount, key=data["transaction_uuid"].replace("-", "_")))

    assert {name: form[name] for name in SIGNED_FIELDS} == data
    assert form["signature"] == vector["signature"]


def test_form_is_whole_and_its_amounts_add_up() -> None:
    form = form_of(pay())

    assert form.pop("signature")
    assert form == {
        "amount": "100",
        "tax_amount": "0",
        "product_service_charge": "0",
        "product_delivery_charge": "0",
        "total_amount": "100",
        "transaction_uuid": "opn-1",
        "product_code": "EPAYTEST",
        "success_url": CALLBACK_URL,
        "failure_url": f"{CALLBACK_URL}?failed=opn-1",
        "signed_field_names": "total_amount,transaction_uuid,product_code",
    }


@pytest.mark.parametrize(
    ("paisa", "rupees"), [(1, "0.01"), (99, "0.99"), (100, "1"), (10_050, "100.50"), (1_001_00, "1001")]
)
def test_rupees_are_text_without_needless_decimals(paisa: int, rupees: str) -> None:
    assert form_of(pay(amount=amount_of(paisa, "NPR")))["total_amount"] == rupees


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": amount_of(10_000, "EUR")},
        {"capture": False},
        {"callback_url": None},
        {"kind": OperationKind.REFUND},
        {"kind": OperationKind.CAPTURE},
        {"kind": OperationKind.VOID},
        {"key": "opn-1"},
        {"key": "opn 1"},
        {"key": "x" * 101},
        {"key": ""},
    ],
)
def test_what_esewa_does_not_do_is_not_sent(changes: dict[str, object]) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(pay(**changes))


@given(st.from_regex(ADAPTER.manifest.idempotency.pattern, fullmatch=True).filter(lambda key: len(key) <= 100))
def test_every_key_that_the_manifest_allows_comes_back_as_it_was(key: str) -> None:
    uuid = form_of(pay(key=key))["transaction_uuid"]

    said = ADAPTER.parse_callback(f"failed={uuid}".encode())

    assert isinstance(said, tuple)
    assert said[0].operation_key == key


@given(st.integers(1, AMOUNT_MAX))
def test_every_amount_is_said_exactly(paisa: int) -> None:
    whole, _, fraction = form_of(pay(amount=amount_of(paisa, "NPR")))["total_amount"].partition(".")

    assert int(whole) * 100 + int(fraction or "0") == paisa
    assert len(fraction) in {0, 2}


def test_nothing_is_sent_so_no_answer_means_anything() -> None:
    assert isinstance(ADAPTER.parse_response(pay(), HttpResponse(status=200, body=b"{}")), Unknown)
