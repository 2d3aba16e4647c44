"""Many runs, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.boundary.judging import Judged
from tests.boundary.payout_run import pay_out
from tests.boundary.run import run
from tests.boundary.setting import SOUND, Bugs

PAYOUT_EVERY = 4
"""One run in so many is about payouts."""


@dataclass
class Count:
    """What many runs came to; `faulty` has the first seeds with what was wrong, to be played again."""

    runs: int = 0
    doubles: int = 0
    lost: int = 0
    deaths: int = 0
    operations: int = 0
    went_on: int = 0
    states: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    faulty: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, other: "Count") -> None:
        """Add others to these."""
        self.runs += other.runs
        self.doubles += other.doubles
        self.lost += other.lost
        self.deaths += other.deaths
        self.operations += other.operations
        self.went_on += other.went_on
        self.states.update(other.states)
        self.effects.update(other.effects)
        self.faulty.update(other.faulty)


async def play(seed: int, bugs: Bugs = SOUND) -> Judged:
    """Play the run of a seed: a payment's life, and every so often one of payouts."""
    return await (pay_out if seed % PAYOUT_EVERY == 0 else run)(seed, bugs)


async def counted(seeds: Iterable[int], bugs: Bugs = SOUND) -> Count:
    """Play these runs."""
    count = Count()
    for seed in seeds:
        judged = await play(seed, bugs)
        count.runs += 1
        count.doubles += judged.doubles
        count.lost += judged.lost
        count.deaths += judged.deaths
        count.operations += judged.operations
        count.went_on += judged.went_on
        count.states[judged.state] += 1
        count.effects.update(judged.effects)
        if judged.faults:
            count.faulty[seed] = judged.faults
    return count
