"""What goes to Stripe, byte for byte."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError, HttpRequest
from adapters.providers.stripe.adapter import StripeAdapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind, Payee
from tests.adapters.providers.stripe.examples import ADAPTER, CONFIG, CREDENTIALS, authorize, later, payout


def fields(request: object) -> dict[str, str]:
    assert isinstance(request, HttpRequest)
    pairs = parse_qsl(request.body.decode(), strict_parsing=bool(request.body))
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def test_authorization_creates_and_confirms_an_intent_in_one_request() -> None:
    instruction = authorize(return_url="https://shop.example/back?order=1&x=ü", description="A book & a pen")

    request = ADAPTER.build_request(instruction)

    assert (request.method, request.url) == ("POST", "https://stripe.example/v1/payment_intents")
    assert request.fault() is None
    assert request.headers == {
        "Accept": "application/json",
        "Authorization": "Bearer sk_test_1",
        "Content-Type": "application/x-www-form-urlencoded",
        "Idempotency-Key": "op_1",
        "Stripe-Version": "2024-06-20",
    }
    assert fields(request) == {
        "amount": "2000",
        "currency": "eur",
        "capture_method": "manual",
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "metadata[operation_key]": "op_1",
        "metadata[payment_id]": "pay_1",
        "metadata[account]": "acct_1",
        "description": "A book & a pen",
        "return_url": "https://shop.example/back?order=1&x=ü",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "always",
    }


def test_customer_who_cannot_come_back_is_not_sent_away() -> None:
    told = fields(ADAPTER.build_request(authorize(capture=True)))

    assert told["automatic_payment_methods[allow_redirects]"] == "never"
    assert told["capture_method"] == "automatic"
    assert "return_url" not in told
    assert "description" not in told


def test_optional_fields_go_only_where_they_are_taken() -> None:
    adapter = StripeAdapter(msgspec.structs.replace(CONFIG, optional_fields=frozenset()), CREDENTIALS)
    instruction = authorize(return_url="https://shop.example/", description="A book", created_at=datetime.now(UTC))

    told = fields(adapter.build_request(instruction))

    assert {name.partition("[")[0] for name in told} == {
        "amount",
        "currency",
        "capture_method",
        "confirm",
        "payment_method",
        "metadata",
    }
    assert adapter.build_look_up(instruction).url == "https://stripe.example/v1/payment_intents?limit=100"
    assert "description" not in fields(adapter.build_payout(payout(description="Rent")))


@pytest.mark.parametrize(
    ("instruction", "path", "expected"),
    [
        (
            later(OperationKind.CAPTURE, amount=amount_of(500, "EUR")),
            "payment_intents/pi_1/capture",
            {"amount_to_capture": "500"},
        ),
        (later(OperationKind.VOID), "payment_intents/pi_1/cancel", {}),
        (
            later(OperationKind.REFUND, amount=amount_of(1, "EUR")),
            "refunds",
            {
                "payment_intent": "pi_1",
                "amount": "1",
                "metadata[operation_key]": "op_2",
                "metadata[payment_id]": "pay_1",
            },
        ),
        (
            later(OperationKind.REFUND, provider_reference="ch_1"),
            "refunds",
            {"charge": "ch_1", "amount": "2000", "metadata[operation_key]": "op_2", "metadata[payment_id]": "pay_1"},
        ),
    ],
)
def test_later_operations_say_only_what_was_asked(
    instruction: Instruction, path: str, expected: dict[str, str]
) -> None:
    request = ADAPTER.build_request(instruction)

    assert request.url == f"https://stripe.example/v1/{path}"
    assert request.headers["Idempotency-Key"] == "op_2"
    assert fields(request) == expected


def test_payout_goes_to_the_account_of_ones_own_that_the_configuration_names() -> None:
    request = ADAPTER.build_payout(payout(description="Rent"))

    assert request.url == "https://stripe.example/v1/payouts"
    assert request.headers["Idempotency-Key"] == "op_3"
    assert fields(request) == {
        "amount": "2000",
        "currency": "eur",
        "destination": "ba_1",
        "description": "Rent",
        "metadata[operation_key]": "op_3",
        "metadata[payment_id]": "pay_1",
        "metadata[account]": "acct_1",
    }


@pytest.mark.parametrize("payee", [None, Payee(name="Somebody else", country="DE", iban="DE02120300000000202051")])
def test_payout_to_anybody_else_is_not_built(payee: Payee | None) -> None:
    with pytest.raises(CannotBuildError, match="payout_destinations"):
        ADAPTER.build_payout(payout(payee=payee))


@pytest.mark.parametrize(
    ("minor", "currency", "on_wire"),
    [
        (2000, "USD", "2000"),
        (500, "JPY", "500"),
        (300, "MGA", "3"),
        (100, "ISK", "10000"),
        (7, "UGX", "700"),
        (5120, "KWD", "5120"),
        (17550, "HUF", "17550"),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(minor: int, currency: str, on_wire: str) -> None:
    assert fields(ADAPTER.build_request(authorize(amount=amount_of(minor, currency))))["amount"] == on_wire


@pytest.mark.parametrize(
    ("minor", "currency"), [(49, "EUR"), (350, "MGA"), (5124, "KWD"), (49, "JPY"), (17499, "HUF"), (100, "CLF")]
)
def test_amounts_that_stripe_does_not_charge_are_not_built(minor: int, currency: str) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(authorize(amount=amount_of(minor, currency)))


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_forint_and_taiwan_dollar_are_paid_out_in_whole_units_only(currency: str) -> None:
    assert fields(ADAPTER.build_payout(payout(amount=amount_of(20000, currency))))["amount"] == "20000"
    with pytest.raises(CannotBuildError):
        ADAPTER.build_payout(payout(amount=amount_of(20045, currency)))


def test_least_amount_of_a_charge_binds_neither_captures_nor_refunds() -> None:
    cent = amount_of(1, "EUR")

    assert fields(ADAPTER.build_request(later(OperationKind.CAPTURE, amount=cent)))["amount_to_capture"] == "1"
    assert fields(ADAPTER.build_request(later(OperationKind.REFUND, amount=cent)))["amount"] == "1"


def test_look_up_by_our_key_goes_through_the_list_of_the_hour() -> None:
    decided = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

    request = ADAPTER.build_look_up(authorize(created_at=decided))

    assert request.method == "GET"
    assert dict(parse_qsl(request.url.partition("?")[2])) == {
        "limit": "100",
        "created[gte]": str(int(decided.timestamp()) - 300),
        "created[lte]": str(int(decided.timestamp()) + 3600),
    }


@pytest.mark.parametrize(
    ("instruction", "path"),
    [
        (authorize(provider_reference="pi_1"), "payment_intents/pi_1"),
        (later(OperationKind.CAPTURE, operation_reference="pi_1"), "payment_intents/pi_1"),
        (later(OperationKind.VOID), "payment_intents/pi_1"),
        (later(OperationKind.REFUND, operation_reference="re_1"), "refunds/re_1"),
        (later(OperationKind.REFUND), "refunds?payment_intent=pi_1&limit=100"),
        (payout(operation_reference="po_1"), "payouts/po_1"),
        (payout(), "payouts?limit=100"),
    ],
)
def test_look_up_asks_for_the_object_by_its_name_where_there_is_one(instruction: Instruction, path: str) -> None:
    assert ADAPTER.build_look_up(instruction).url == f"https://stripe.example/v1/{path}"


@pytest.mark.parametrize(
    "instruction",
    [authorize(provider_reference="../balance?"), later(OperationKind.REFUND, operation_reference="re_1/cancel")],
)
def test_question_about_a_name_that_is_none_of_stripes_is_not_built(instruction: Instruction) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_look_up(instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        authorize(payment_method=None),
        authorize(key="k" * 256),
        authorize(key="two words"),
        later(OperationKind.CAPTURE, final=False),
        *(later(kind, provider_reference=None) for kind in (OperationKind.CAPTURE, OperationKind.VOID)),
        later(OperationKind.REFUND, provider_reference=None),
        *(later(kind, provider_reference="../balance?") for kind in (OperationKind.CAPTURE, OperationKind.VOID)),
        payout(),
    ],
)
def test_what_lacks_something_is_not_built(instruction: Instruction) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(instruction)
