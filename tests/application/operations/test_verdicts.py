"""What becomes of a job, by the error catalogue."""

import pytest

from application.operations.verdicts import JobVerdict, verdict_on
from application.ports.journal import Conflict
from domain.errors import (
    BACKPRESSURE,
    CATALOGUE,
    HOLD_EXCEEDED,
    INTERNAL_ERROR,
    LEDGER_OVERFLOW,
    NOT_FOUND,
    ROUTE_NO_PROVIDER,
    SERVICE_UNAVAILABLE,
    STATE_CONFLICT,
    ErrorCode,
    Kind,
    MediatorError,
)


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        (NOT_FOUND, JobVerdict.DONE),
        (STATE_CONFLICT, JobVerdict.DONE),
        (SERVICE_UNAVAILABLE, JobVerdict.AGAIN),
        (BACKPRESSURE, JobVerdict.AGAIN),
        (INTERNAL_ERROR, JobVerdict.AGAIN),
        (ROUTE_NO_PROVIDER, JobVerdict.PARK),
        (LEDGER_OVERFLOW, JobVerdict.PARK),
        (HOLD_EXCEEDED, JobVerdict.PARK),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_refusal_is_judged_by_the_catalogue(entry: ErrorCode, verdict: JobVerdict) -> None:
    assert verdict_on(MediatorError(entry, "why")) is verdict


def test_conflict_is_decided_again() -> None:
    assert verdict_on(Conflict()) is JobVerdict.AGAIN


def test_nothing_that_is_unavailable_is_put_aside() -> None:
    unavailable = [entry for entry in CATALOGUE.values() if entry.kind is Kind.UNAVAILABLE]

    assert {verdict_on(MediatorError(entry, "why")) for entry in unavailable} == {JobVerdict.AGAIN}
