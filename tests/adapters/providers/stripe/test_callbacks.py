"""Which webhooks are believed: those that Stripe's own library believes, and among them none from the future."""

import time
from typing import Any

import msgspec
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, OperationKind, Unreadable
from tests.adapters.providers.stripe.examples import ADAPTER, CREDENTIALS, intent, paid_out, refund

SECRETS = CREDENTIALS.callback_secrets


def event(type_: str, shown: dict[str, Any]) -> bytes:
    body = {"id": "evt_1", "object": "event", "type": type_, "api_version": "2017-08-15", "data": {"object": shown}}
    return msgspec.json.encode(body)


RAW = event("payment_intent.succeeded", intent(status="succeeded", description="Brötchen"))


def signed(raw: bytes = RAW, *, secret: str = "whsec_new", at: int | None = None) -> str:
    header: str = stripe.WebhookSignature.generate_signature_header(raw.decode(), secret, at)
    return header


def we_take(raw: bytes, header: str) -> bool:
    try:
        ADAPTER.verify_callback(raw, {"stripe-signature": header}, secrets=SECRETS, now_seconds=time.time())
    except MediatorError as refusal:
        said = (refusal.entry, refusal.detail)
    else:
        return True
    assert said == (CALLBACK_REFUSED, "The signature or its time is not valid.")
    return False


def stripe_takes(raw: bytes, header: str) -> bool:
    """Ask the official library with each of the secrets, as its documentation says for a rotation."""
    for secret in SECRETS:
        try:
            stripe.Webhook.construct_event(raw, header, secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        return True
    return False


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_in_use_is_good(secret: str) -> None:
    assert we_take(RAW, signed(secret=secret))
    assert stripe_takes(RAW, signed(secret=secret))


def test_one_good_signature_among_several_is_enough_whatever_their_schemes() -> None:
    now = int(time.time())
    old, other = signed(secret="whsec_old", at=now), signed(secret="whsec_unknown", at=now)
    v1 = other.partition(",")[2]

    for header in (f"{old},{v1}", f"t={now},{v1},{old.partition(',')[2]}", f"{old},v0=abc"):
        assert we_take(RAW, header)
        assert stripe_takes(RAW, header)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: "",
        lambda header: header.replace("v1=", "v0="),
        lambda header: header.partition(",")[2],
        lambda header: header.replace("t=", "t=1"),
        lambda header: header[:-1],
        lambda header: header[:-1] + ("0" if header[-1] != "0" else "1"),
        lambda header: header.replace("t=", "t=x"),
        lambda header: "t=,v1=",
        lambda header: f"t={int(time.time())}",
        lambda header: signed(secret="whsec_unknown"),
        lambda header: signed(secret="new"),
        lambda header: signed(RAW + b" "),
    ],
)
def test_what_stripes_library_refuses_is_refused(spoil: Any) -> None:
    header = spoil(signed())

    assert not stripe_takes(RAW, header)
    assert not we_take(RAW, header)


@pytest.mark.parametrize(("age", "good"), [(200, True), (400, False), (86_400, False)])
def test_age_is_bounded_as_in_stripes_library(age: int, *, good: bool) -> None:
    header = signed(at=int(time.time()) - age)

    assert we_take(RAW, header) is good
    assert stripe_takes(RAW, header) is good


def test_callback_from_the_future_is_refused_which_the_library_lets_pass() -> None:
    header = signed(at=int(time.time()) + 400)

    assert stripe_takes(RAW, header)
    assert not we_take(RAW, header)
    assert we_take(RAW, signed(at=int(time.time()) + 200))


def test_signature_made_with_nothing_is_refused_even_where_nothing_is_the_secret() -> None:
    headers = {"stripe-signature": signed(secret="", at=1_700_000_000)}

    with pytest.raises(MediatorError):
        ADAPTER.verify_callback(RAW, headers, secrets=("",), now_seconds=1_700_000_000)


def test_header_with_two_times_is_refused_which_the_library_lets_pass() -> None:
    header = f"{signed()},t=1"

    assert stripe_takes(RAW, header)
    assert not we_take(RAW, header)


@given(header=st.text(max_size=80) | st.from_regex(r"t=[0-9]{1,14},v1=[0-9a-f]{0,70}(,v[01]=[0-9a-f]{0,70})?"))
def test_no_header_that_the_library_refuses_is_taken(header: str) -> None:
    assert not we_take(RAW, header) or stripe_takes(RAW, header)


@pytest.mark.parametrize("at", [300, -300])
def test_window_is_exactly_five_minutes_both_ways(at: int) -> None:
    headers = {"stripe-signature": signed(at=1_700_000_000)}

    ADAPTER.verify_callback(RAW, headers, secrets=SECRETS, now_seconds=1_700_000_000 + at)
    with pytest.raises(MediatorError):
        ADAPTER.verify_callback(RAW, headers, secrets=SECRETS, now_seconds=1_700_000_000 + at * 301 / 300)


AUTHORIZE, CAPTURE = OperationKind.AUTHORIZE, OperationKind.CAPTURE
REFUND, VOID, PAYOUT = OperationKind.REFUND, OperationKind.VOID, OperationKind.PAYOUT
CHARGE = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1", "metadata": {}}


@pytest.mark.parametrize(
    ("type_", "shown", "kind", "key", "reference", "own"),
    [
        ("payment_intent.amount_capturable_updated", intent(), AUTHORIZE, "op_1", "pi_1", None),
        ("payment_intent.payment_failed", intent(), AUTHORIZE, "op_1", "pi_1", None),
        ("payment_intent.processing", intent(), AUTHORIZE, "op_1", "pi_1", None),
        ("payment_intent.requires_action", intent(), AUTHORIZE, "op_1", "pi_1", None),
        ("payment_intent.succeeded", intent(capture_method="automatic"), AUTHORIZE, "op_1", "pi_1", None),
        ("payment_intent.succeeded", intent(), CAPTURE, None, "pi_1", None),
        ("payment_intent.created", intent(), None, None, "pi_1", None),
        ("refund.created", refund(), REFUND, "op_2", "pi_1", "re_1"),
        ("refund.failed", refund(), REFUND, "op_2", "pi_1", "re_1"),
        ("charge.refund.updated", refund(), REFUND, "op_2", "pi_1", "re_1"),
        ("charge.refunded", CHARGE, REFUND, None, "pi_1", None),
        ("charge.captured", CHARGE, CAPTURE, None, "pi_1", None),
        ("charge.dispute.created", CHARGE | {"object": "dispute", "id": "dp_1"}, None, None, "pi_1", None),
        ("payout.paid", paid_out(), PAYOUT, "op_3", "po_1", "po_1"),
        ("payout.failed", paid_out(metadata={}), PAYOUT, None, "po_1", "po_1"),
        ("balance.available", {"object": "balance"}, None, None, None, None),
    ],
)
def test_event_says_which_operation_it_concerns(
    *,
    type_: str,
    shown: dict[str, Any],
    kind: OperationKind | None,
    key: str | None,
    reference: str | None,
    own: str | None,
) -> None:
    said = ADAPTER.parse_callback(event(type_, shown))

    expected = CallbackEvent(
        event_id="evt_1",
        kind=type_,
        operation_key=key,
        provider_reference=reference,
        operation_reference=own,
        operation_kind=kind,
    )
    assert said == (expected,)


def test_canceled_intent_concerns_its_authorization_and_a_cancellation_of_ours() -> None:
    said = ADAPTER.parse_callback(event("payment_intent.canceled", intent(status="canceled")))

    assert not isinstance(said, Unreadable)
    assert [(one.event_id, one.operation_kind, one.operation_key, one.provider_reference) for one in said] == [
        ("evt_1", AUTHORIZE, "op_1", "pi_1"),
        ("evt_1:void", VOID, None, "pi_1"),
    ]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"id":"evt_1"}', RAW[:-1], b'{"data":' * 100_000])
def test_authentic_bytes_that_are_no_event_are_unreadable(raw: bytes) -> None:
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)
