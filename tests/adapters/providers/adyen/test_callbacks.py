"""Which notifications are believed: those that Adyen's own library believes, every item of them."""

from typing import Any

import msgspec
import pytest
from Adyen.util import is_valid_hmac_notification  # type: ignore[import-untyped]  # ships no annotations
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.money import amount_of
from domain.providers import CallbackEvent, Decline, OperationKind, Rejected, Succeeded, Unknown, Unreadable
from tests.adapters.providers.adyen.examples import (
    ADAPTER,
    CREDENTIALS,
    OTHER_KEY,
    PSP,
    PUBLISHED_KEY,
    item,
    notification,
)

PUBLISHED = {
    "pspReference": "7914073381342284",
    "originalReference": "",
    "merchantAccountCode": "TestMerchant",
    "merchantReference": "TestPayment-1407325143704",
    "amount": {"value": 1130, "currency": "EUR"},
    "eventCode": "AUTHORISATION",
    "success": "true",
    "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
}
MODIFICATION = "993617894906488A"


def we_take(raw: bytes, secrets: tuple[str, ...] = CREDENTIALS.callback_secrets) -> bool:
    try:
        ADAPTER.verify_callback(raw, {}, secrets=secrets, now_seconds=0)
    except MediatorError as refusal:
        said = (refusal.entry, refusal.detail)
    else:
        return True
    assert said == (CALLBACK_REFUSED, "The signature is not valid.")
    return False


def adyen_takes(one: dict[str, Any], key: str = PUBLISHED_KEY) -> bool:
    """Ask the official library, which looks at a single item."""
    return bool(is_valid_hmac_notification({"notificationItems": [{"NotificationRequestItem": one}]}, key))


def test_published_vector_is_taken() -> None:
    assert adyen_takes(PUBLISHED)
    assert we_take(notification(PUBLISHED))
    assert we_take(notification(PUBLISHED), (PUBLISHED_KEY.lower(),))
    assert not we_take(notification(PUBLISHED), (OTHER_KEY,))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"merchantReference": "a:b\\c", "originalReference": "x:y"},
        {"merchantReference": "Brötchen"},
        {"amount": {"value": 0, "currency": "JPY"}, "success": "false"},
    ],
)
def test_what_adyens_library_signs_is_taken_with_each_live_key(changes: dict[str, Any]) -> None:
    for key in CREDENTIALS.callback_secrets:
        signed = item(**changes, signed_with=key)

        assert adyen_takes(signed, key)
        assert we_take(notification(signed))


@pytest.mark.parametrize(
    "spoil",
    [
        {"pspReference": "7914073381342285"},
        {"originalReference": "1"},
        {"merchantReference": "other"},
        {"amount": {"value": 1131, "currency": "EUR"}},
        {"amount": {"value": 1130, "currency": "USD"}},
        {"eventCode": "CAPTURE"},
        {"success": "false"},
        {"additionalData": {"hmacSignature": "AAAA" * 11}},
    ],
)
def test_each_signed_field_is_covered(spoil: dict[str, Any]) -> None:
    spoilt = PUBLISHED | spoil

    assert not adyen_takes(spoilt)
    assert not we_take(notification(spoilt))


def test_one_bad_item_among_good_ones_refuses_them_all() -> None:
    good, bad = item(), item() | {"success": "false"}

    assert we_take(notification(good, good))
    assert not we_take(notification(good, bad))
    assert not we_take(notification(bad, good))


def test_notification_for_another_merchant_account_is_refused_though_it_is_signed() -> None:
    other = item(merchantAccountCode="SomebodyElse")

    assert adyen_takes(other)
    assert not we_take(notification(other))


@pytest.mark.parametrize("raw", [b"", b"[accepted]", b"{}", b"\xff", notification(), b'{"live":' * 100_000])
def test_bytes_that_are_no_notification_are_refused_and_unreadable(raw: bytes) -> None:
    assert not we_take(raw)
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)


@pytest.mark.parametrize("secrets", [(), ("",), ("not hexadecimal",), ("1",)])
def test_nothing_is_taken_with_keys_that_are_none(secrets: tuple[str, ...]) -> None:
    assert not we_take(notification(PUBLISHED), secrets)


def test_signature_made_with_nothing_is_refused_even_where_nothing_is_the_key() -> None:
    assert not we_take(notification(item(signed_with="")), ("",))


@given(
    success=st.sampled_from(["true", "false", "", "maybe"]),
    code=st.text(max_size=20),
    value=st.integers(-5, 2**60),
    reference=st.text(max_size=20),
)
def test_we_take_nothing_that_adyens_library_refuses(success: str, code: str, value: int, reference: str) -> None:
    changes = {"eventCode": code, "merchantReference": reference, "amount": {"value": value, "currency": "EUR"}}
    signed = item(success=success, **changes)
    raw = notification(signed)

    assert we_take(raw) or value < 0 or value >= 2**53
    assert not we_take(notification(signed | {"merchantReference": f"{reference}x"}))
    said = ADAPTER.parse_callback(raw)
    assert isinstance(said, Unreadable) is not we_take(raw)


EUR_20 = amount_of(2000, "EUR")
AUTHORIZE, CAPTURE = OperationKind.AUTHORIZE, OperationKind.CAPTURE
REFUND, VOID = OperationKind.REFUND, OperationKind.VOID


def failed(code: str, reference: str = MODIFICATION) -> Rejected:
    return Rejected(code, Decline.HARD, "Because.", reference)


@pytest.mark.parametrize(
    ("code", "success", "kind", "finding"),
    [
        ("CAPTURE", "true", CAPTURE, Succeeded(MODIFICATION, EUR_20)),
        ("CAPTURE", "false", CAPTURE, failed("capture_failed")),
        ("CAPTURE_FAILED", "true", CAPTURE, failed("capture_failed")),
        ("CANCELLATION", "true", VOID, Succeeded(MODIFICATION, EUR_20)),
        ("CANCELLATION", "false", VOID, failed("cancellation_failed")),
        ("TECHNICAL_CANCEL", "true", VOID, Succeeded(MODIFICATION, EUR_20)),
        ("REFUND", "true", REFUND, Succeeded(MODIFICATION, EUR_20)),
        ("REFUND", "false", REFUND, failed("refund_failed")),
        ("REFUND_FAILED", "true", REFUND, failed("refund_failed")),
        ("REFUNDED_REVERSED", "true", REFUND, failed("refunded_reversed")),
        ("CAPTURE", "maybe", CAPTURE, Unknown("the notification says neither yes nor no")),
        ("CHARGEBACK", "true", None, None),
    ],
)
def test_item_about_a_later_operation_says_what_became_of_it(
    code: str, success: str, kind: OperationKind | None, finding: object
) -> None:
    one = item(
        eventCode=code,
        success=success,
        pspReference=MODIFICATION,
        originalReference=PSP,
        merchantReference="op_2",
        reason="Because.",
    )

    said = ADAPTER.parse_callback(notification(one))

    assert said == (
        CallbackEvent(
            event_id=f"{MODIFICATION}:{code}:{success}",
            kind=code,
            operation_key="op_2",
            provider_reference=PSP,
            operation_reference=MODIFICATION,
            operation_kind=kind,
            finding=finding,  # type: ignore[arg-type]  # one of the findings above
        ),
    )


def test_items_of_one_notification_are_told_in_their_order() -> None:
    refused = item(success="false", reason="Refused", merchantReference="op_5")

    said = ADAPTER.parse_callback(notification(item(), refused))

    assert not isinstance(said, Unreadable)
    assert [(one.operation_key, one.finding) for one in said] == [
        ("op_1", Succeeded(PSP, EUR_20)),
        ("op_5", Rejected("authorisation_failed", Decline.HARD, "Refused", PSP)),
    ]
    assert {one.provider_reference for one in said} == {PSP}


def test_amount_is_read_as_adyen_counts_it() -> None:
    pesos, half = {"value": 700, "currency": "CLP"}, {"value": 750, "currency": "CLP"}

    said = ADAPTER.parse_callback(notification(item(amount=pesos), item(amount=half)))

    assert not isinstance(said, Unreadable)
    assert [one.finding for one in said] == [
        Succeeded(PSP, amount_of(7, "CLP")),
        Unknown("the notification states no amount that exists"),
    ]


@given(raw=st.binary(max_size=64) | st.text(max_size=20).map(msgspec.json.encode))
def test_any_bytes_are_refused_and_unreadable(raw: bytes) -> None:
    assert not we_take(raw)
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)
