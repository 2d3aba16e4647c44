"""An address in a configuration is a plain one, and a time is some time."""

import pytest

from adapters.providerkit.addresses import must_be_plain, must_be_positive


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "https://pay.example/api/v2/"])
def test_plain_address_is_taken(address: str) -> None:
    must_be_plain("base_url", address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "pay.example",
        "ftp://pay.example",
        "https://",
        "https://me:word@pay.example",
        "https://a.b?c",
        "https://a.b#c",
    ],
)
def test_other_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"^base_url must be an http\(s\) address without"):
        must_be_plain("base_url", address)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        must_be_positive("deadline_seconds", seconds)
