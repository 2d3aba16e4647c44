"""The error catalogue: stable codes, each once, each with a title and a remedy."""

import re

import pytest

from domain import errors
from domain.errors import CATALOGUE, ErrorCode, MediatorError, MoneyState


def entries() -> list[ErrorCode]:
    """Give the entries that the module names."""
    return [value for value in vars(errors).values() if isinstance(value, ErrorCode)]


def test_each_entry_is_in_the_catalogue_under_its_own_code() -> None:
    assert {entry.code: entry for entry in entries()} == CATALOGUE
    assert len(entries()) == len(CATALOGUE)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.code)
def test_an_entry_can_be_read_by_people_and_by_programs(entry: ErrorCode) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", entry.code)
    assert entry.title
    assert entry.remedy.endswith(".")


@pytest.mark.parametrize("entry", [one for one in entries() if one.safe_to_failover], ids=lambda entry: entry.code)
def test_failing_over_is_safe_only_where_no_money_can_have_moved(entry: ErrorCode) -> None:
    assert entry.money_state is MoneyState.NONE


def test_an_error_says_its_code_and_keeps_the_facts() -> None:
    error = MediatorError(errors.STATE_CONFLICT, "not now", retry_after_seconds=2, money_state=MoneyState.HELD)

    assert str(error) == "STATE_CONFLICT: not now"
    assert (error.retry_after_seconds, error.money_state) == (2, MoneyState.HELD)
