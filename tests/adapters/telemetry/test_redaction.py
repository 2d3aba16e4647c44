"""What must never be written down is not."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telemetry.redaction import DEPTH_MAX, ITEMS_MAX, TEXT_MAX, redacted, scrubbed

KEY = "fmk_live_0123456789abcdefghijABCDEFGHIJ01234567"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "api_key",
        "api-key",
        "apiKey",
        "PASSWORD",
        "database_password",
        "client_secret",
        "access_token",
        "payment_method",
        "Set-Cookie",
        "card_number",
        "cvv",
    ],
)
def test_a_value_under_a_secret_name_is_hidden_whole_at_any_depth(name: str) -> None:
    assert redacted({"a": [{name: {"inner": "visible"}}]}) == {"a": [{name: "***"}]}


@pytest.mark.parametrize("name", ["amount", "payment_id", "idempotency_key", "reference", "currency", "author"])
def test_a_value_under_an_ordinary_name_stays(name: str) -> None:
    assert redacted({name: "visible"}) == {name: "visible"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"the key {KEY} was used", "the key fmk_*** was used"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent Bearer abc.def-ghi today", "sent Bearer *** today"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("postgresql://mediator:hunter2@127.0.0.1/db", "postgresql://mediator:***@127.0.0.1/db"),
        ("redis://:hunter2@127.0.0.1/0", "redis://:***@127.0.0.1/0"),
        ("jwt eyJhbGciOi.eyJzdWIi.c2ln end", "jwt *** end"),
        ("Settings(secret_key='hunter2', debug=True)", "Settings(secret_key='***', debug=True)"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("paid with 4242 4242 4242 4242.", "paid with ***."),
        ("paid with 4242424242424242", "paid with ***"),
        ("reference 4242424242424241 is no card", "reference 4242424242424241 is no card"),
        ("019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b", "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b"),
        ("payment pay_019a0b captured", "payment pay_019a0b captured"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_a_text(text: str, expected: str) -> None:
    assert scrubbed(text) == expected


def test_a_secret_in_a_name_is_hidden_too() -> None:
    assert redacted({KEY: 1}) == {"fmk_***": 1}


class _Colour(StrEnum):
    RED = "red"


class _Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError(KEY)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (_Colour.RED, "red"),
        (b"fmk_live_bytes", "<14 bytes>"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ({1}, [1]),
        (_Unprintable(), "<unprintable _Unprintable>"),
        (True, True),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23 00:00:00+00:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (None, None),
        (2**80, 2**80),
    ],
)
def test_every_kind_of_value_becomes_a_plain_one(value: object, expected: object) -> None:
    assert redacted(value) == expected


def test_a_value_without_end_is_cut() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless

    shown = redacted({"endless": endless, "long": "x" * (TEXT_MAX + 5), "many": list(range(ITEMS_MAX + 5))})

    assert isinstance(shown, dict)
    assert str(shown["endless"]).count("again") == DEPTH_MAX - 1
    assert shown["long"] == "x" * TEXT_MAX + "…[5 more]"
    assert isinstance(shown["many"], list)
    assert len(shown["many"]) == ITEMS_MAX


@given(st.text(max_size=200), st.text(max_size=200))
def test_an_api_key_never_survives_whatever_surrounds_it(before: str, after: str) -> None:
    shown = scrubbed(f"{before} {KEY} {after}")

    assert KEY not in shown
