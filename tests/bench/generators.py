"""Runs generators and lanes in processes of their own, and puts together what they saw."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from tests.bench.asked import asked
from tests.bench.generator import Load, Tally
from tests.bench.ground import CURRENCY, Database
from tests.bench.histogram import Histogram
from tests.bench.lane import Lane
from tests.bench.runs import Run

_SPARE_SECONDS = 60.0
_BOOKED = 201


def send(load: Load, *, processes: int = 1) -> Run:
    """Send a load, its connections shared out over processes. Raises RuntimeError when a generator fails."""
    parts = min(processes, load.connections)
    shares = [share_of(load, part, parts) for part in range(parts)]
    seconds = load.warm_seconds + load.seconds + load.drain_seconds + _SPARE_SECONDS
    return put_together(asked("tests.bench.generator", shares, Tally, seconds=seconds), expected=load.traffic.expected)


def share_of(load: Load, part: int, parts: int) -> Load:
    """Give one part of a load: its share of the connections."""
    connections = load.connections // parts + (part < load.connections % parts)
    return msgspec.structs.replace(load, connections=connections)


def post_in_lanes(database: Database, *, lanes: int, transfers: int, seconds: float, warm_seconds: float) -> Run:
    """Call the array function in lanes with accounts of their own. Raises RuntimeError when an item is refused."""
    ground = database.ground
    each = [
        Lane(
            url=database.application_url,
            tenant=ground.tenant.id,
            actor=ground.tenant.actor,
            currency=CURRENCY,
            accounts=ground.accounts,
            transfers=transfers,
            seconds=seconds,
            warm_seconds=warm_seconds,
            number=number,
            lanes=lanes,
        )
        for number in range(lanes)
    ]
    tallies = asked("tests.bench.lane", each, Tally, seconds=seconds + warm_seconds + _SPARE_SECONDS)
    return put_together(tallies, expected=_BOOKED)


def put_together(tallies: Sequence[Tally], *, expected: int) -> Run:
    """Add tallies up to one run."""
    durations, refused = Histogram(), Counter[str]()
    for tally in tallies:
        durations = durations.merged(Histogram(tally.durations))
        refused.update({str(status): count for status, count in tally.statuses.items() if status != expected})
    return Run(
        seconds=tallies[0].seconds,
        counted=sum(tally.counted for tally in tallies),
        acknowledged=sum(tally.acknowledged for tally in tallies),
        durations=durations,
        refused=dict(refused),
    )
