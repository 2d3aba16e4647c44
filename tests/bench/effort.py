"""How long and how often everything runs: all of it, the quick part, or in miniature to see that it works."""

import os

import msgspec


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of each run, pairs of runs, and sizes.

    `growth_legs` are the sizes of the table that are compared, smallest first; fewer than two and nothing is compared.
    """

    name: str
    seconds: float
    seconds_quiet: float
    warm_seconds: float
    pairs: int
    accounts: int
    connections: int
    contention: tuple[int, ...]
    growth_legs: tuple[int, ...]
    payments: int
    cuts: int
    starts: int
    skips_long: bool = False
    workers: int = max(1, (os.cpu_count() or 2) // 2)
    generators: int = 1


ALL = Effort(
    name="all",
    seconds=5.0,
    seconds_quiet=3.0,
    warm_seconds=0.5,
    pairs=7,
    accounts=100_000,
    connections=256,
    contention=(1, 10, 100, 10_000),
    growth_legs=(100_000, 1_000_000, 10_000_000),
    payments=1_000,
    cuts=100_000,
    starts=7,
)
"""Everything in the table, in about half an hour."""

QUICK = Effort(
    name="quick",
    seconds=1.6,
    seconds_quiet=1.2,
    warm_seconds=0.3,
    pairs=5,
    accounts=100_000,
    connections=256,
    contention=(1, 10, 100, 10_000),
    growth_legs=(100_000, 1_000_000),
    payments=300,
    cuts=10_000,
    starts=5,
    skips_long=True,
)
"""Less than eight minutes: without 10^7 legs, the slow disk, TLS and a standby."""

MINIATURE = Effort(
    name="miniature",
    seconds=0.5,
    seconds_quiet=0.3,
    warm_seconds=0.1,
    pairs=2,
    accounts=2_000,
    connections=32,
    contention=(1, 100),
    growth_legs=(2_000, 10_000),
    payments=50,
    cuts=200,
    starts=2,
)
"""To see that the bench works; its figures say nothing."""
