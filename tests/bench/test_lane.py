"""What a lane sends: batches as the posting function wants them."""

import random
from uuid import uuid4

from tests.bench.lane import Batch, Lane, account_uuid, arguments_of, make_batch


def a_lane(*, number: int = 0, lanes: int = 4, transfers: int = 50) -> Lane:
    """Make a lane that is never run."""
    return Lane(
        url="",
        tenant=uuid4(),
        actor="prn_1",
        currency="EUR",
        accounts=400,
        transfers=transfers,
        seconds=1,
        warm_seconds=0,
        number=number,
        lanes=lanes,
    )


def a_batch(lane: Lane) -> Batch:
    """Make one of its batches."""
    return make_batch(lane, random.Random(3))  # noqa: S311 -- load, not secrets


def test_accounts_are_distinct_sorted_and_named_by_their_places() -> None:
    batch = a_batch(a_lane())

    assert batch.accounts == sorted(set(batch.accounts))
    assert {*batch.debited, *batch.credited} == set(range(1, len(batch.accounts) + 1))
    assert all(debit != credit for debit, credit in zip(batch.debited, batch.credited, strict=True))


def test_sums_say_what_all_items_together_change() -> None:
    batch = a_batch(a_lane(transfers=70))

    assert (sum(batch.debits), sum(batch.credits), sum(batch.counts)) == (70, 70, 140)
    for place, account in enumerate(batch.accounts, start=1):
        assert batch.debits[place - 1] == batch.debited.count(place), account
        assert batch.credits[place - 1] == batch.credited.count(place), account


def test_lanes_share_no_account() -> None:
    touched = [set(a_batch(a_lane(number=number)).accounts) for number in range(4)]

    assert sum(map(len, touched)) == len(set.union(*touched))
    assert set.union(*touched) <= {account_uuid(number) for number in range(1, 401)}


def test_every_call_has_ids_and_keys_that_were_never_used() -> None:
    lane = a_lane()
    batch = a_batch(lane)
    first, second = arguments_of(lane, batch), arguments_of(lane, batch)

    for name in ("p_ids", "p_keys"):
        values = [*_list(first[name]), *_list(second[name])]
        assert len(set(values)) == len(values) == 100


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
