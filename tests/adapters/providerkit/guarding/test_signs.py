"""What an answer says about health: declines say that all is well, and Retry-After is read in every form."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.guarding.signs import (
    PAUSE_SECONDS_MAX,
    PAUSE_SECONDS_UNSAID,
    Sign,
    pause_of,
    sign_of,
)
from adapters.providerkit.messages import HttpResponse
from domain.providers import NotSent, Unknown

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def pause(status: int = 429, **headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return pause_of(HttpResponse(status=status, headers=named), now=NOW)


@given(st.integers(100, 499).filter(lambda status: status != 429))
def test_every_well_formed_answer_below_500_is_a_sign_of_health(status: int) -> None:
    sign = sign_of(HttpResponse(status=status))

    assert sign is Sign.ANSWERED
    assert not sign.is_failure
    assert not sign.is_overload


def test_a_429_is_an_overload_and_no_failure() -> None:
    sign = sign_of(HttpResponse(status=429))

    assert sign is Sign.THROTTLED
    assert sign.is_overload
    assert not sign.is_failure


@pytest.mark.parametrize(
    ("answer", "sign", "overload"),
    [
        (HttpResponse(status=500), Sign.BROKEN, True),
        (HttpResponse(status=503), Sign.BROKEN, True),
        (Unknown("no whole answer"), Sign.LOST, True),
        (NotSent("connection refused"), Sign.UNREACHED, False),
    ],
)
def test_what_fails_technically(answer: HttpResponse | NotSent | Unknown, sign: Sign, overload: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert sign_of(answer) is sign
    assert sign.is_failure
    assert sign.is_overload is overload


@pytest.mark.parametrize("status", [200, 400, 500, 502])
def test_only_429_and_503_ask_for_a_pause(status: int) -> None:
    assert pause(status, retry_after="7") is None


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "Mon, 05 Jan 2026 09:00:30 GMT"}, 30),
        ({"retry_after": "Mon, 05 Jan 2026 10:00:30 GMT", "date": "Mon, 05 Jan 2026 10:00:00 GMT"}, 30),
        ({"retry_after": "Mon, 05 Jan 2026 08:00:00 GMT"}, 0),
        ({"retry_after": "99999999"}, PAUSE_SECONDS_MAX),
        ({"retry_after": "3", "ratelimit_reset": "9"}, 3),
        ({"retry_after": "soon", "ratelimit_reset": "9"}, 9),
        ({"ratelimit": '"default";r=0;t=12'}, 12),
        ({"ratelimit": '"a";r=0;t=12, "b";r=0;t=40'}, 40),
        ({"ratelimit": "limit=100, remaining=0, reset=50", "ratelimit_reset": "50"}, 50),
        ({"ratelimit_reset": "5"}, 5),
        ({"x_ratelimit_reset": "8"}, 8),
        ({"x_ratelimit_reset": str(EPOCH + 20)}, 20),
        ({"x_ratelimit_reset": str((EPOCH + 20) * 1000)}, 20),
        ({"x_rate_limit_reset": "4"}, 4),
    ],
)
def test_a_pause_is_read_in_every_form(status: int, headers: dict[str, str], seconds: float) -> None:
    assert pause(status, **headers) == seconds


@pytest.mark.parametrize("said", ["", "soon", "-1", "1e9", "٣", "Mon, 99 Foo 2026", "7, 7"])
def test_what_cannot_be_read_is_not_said(said: str) -> None:
    assert pause(429, retry_after=said) == PAUSE_SECONDS_UNSAID
    assert pause(503, retry_after=said) is None


@given(
    st.sampled_from([429, 503]),
    st.dictionaries(
        st.sampled_from(["retry-after", "ratelimit", "ratelimit-reset", "x-ratelimit-reset", "date"]),
        st.text(max_size=40) | st.from_regex(r"\A[0-9]{1,30}\Z"),
    ),
)
def test_whatever_headers_say_the_pause_has_bounds(status: int, headers: dict[str, str]) -> None:
    seconds = pause_of(HttpResponse(status=status, headers=headers), now=NOW)

    assert seconds is None or 0 <= seconds <= PAUSE_SECONDS_MAX
