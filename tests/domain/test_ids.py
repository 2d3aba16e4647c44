"""Public identifiers: a prefix and 32 digits, read back only exactly as they were written."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Prefix, find_id, public_id

SOME_ID = UUID("0198c5a2-1b2c-7d3e-8f40-51a2b3c4d5e6")


@given(st.uuids(), st.sampled_from(Prefix))
def test_an_identifier_reads_back(value: UUID, prefix: Prefix) -> None:
    assert find_id(prefix, public_id(prefix, value)) == value


def test_an_identifier_is_short_readable_and_keeps_the_order_of_time() -> None:
    assert public_id(Prefix.PAYMENT, SOME_ID) == "pay_0198c5a21b2c7d3e8f4051a2b3c4d5e6"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay_",
        "pay_0198c5a21b2c7d3e8f4051a2b3c4d5e",
        "pay_0198c5a21b2c7d3e8f4051a2b3c4d5e67",
        "pay_0198C5A21B2C7D3E8F4051A2B3C4D5E6",
        "PAY_0198c5a21b2c7d3e8f4051a2b3c4d5e6",
        "ref_0198c5a21b2c7d3e8f4051a2b3c4d5e6",
        "pay_0198c5a2-1b2c-7d3e-8f40-51a2b3c4d5e6",
        " pay_0198c5a21b2c7d3e8f4051a2b3c4d5e6",
        "pay_0198c5a21b2c7d3e8f4051a2b3c4d5e6\n",
        "pay_\u0660198c5a21b2c7d3e8f4051a2b3c4d5e6",
        "0198c5a21b2c7d3e8f4051a2b3c4d5e6",
    ],
)
def test_anything_but_our_own_writing_is_no_identifier(text: str) -> None:
    assert find_id(Prefix.PAYMENT, text) is None


def test_no_two_kinds_share_a_prefix() -> None:
    assert len({prefix.value for prefix in Prefix}) == len(Prefix.__members__)
