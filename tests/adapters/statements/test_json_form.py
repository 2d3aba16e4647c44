"""Statements as JSON: exact for every reader."""

import json

from hypothesis import given

from adapters.statements.json_form import EXACT_MAX, write_json
from domain.ledger import Direction
from domain.statements import Statement
from tests.adapters.statements.strategies import statements
from tests.fakes.statements import NOON, History


@given(statements())
def test_opening_and_entries_are_the_closing_balance(statement: Statement) -> None:
    told = json.loads(write_json(statement))

    signed = [int(one["amount"]) * (1 if one["direction"] == told["normal_balance"] else -1) for one in told["entries"]]
    assert int(told["opening_balance"]) + sum(signed) == int(told["closing_balance"])
    for side in Direction:
        mine = [int(one["amount"]) for one in told["entries"] if one["direction"] == side.value]
        assert {name: int(value) for name, value in told[f"{side.value}s"].items()} == {
            "count": len(mine),
            "sum": sum(mine),
        }


def test_what_a_reader_may_round_is_a_text() -> None:
    told = json.loads(write_json(History().book(EXACT_MAX).book(1).statement()))

    assert [one["balance"] for one in told["entries"]] == [EXACT_MAX, str(EXACT_MAX + 1)]
    assert [one["amount"] for one in told["entries"]] == [EXACT_MAX, 1]


def test_a_period_is_told_by_its_ends_in_utc() -> None:
    told = json.loads(write_json(History().book(5).statement()))

    assert (told["from"], told["to"]) == ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    assert told["entries"][0]["recorded_at"] == NOON.isoformat().replace("+00:00", "Z")
    assert (told["is_final"], told["available"]) == (True, None)
