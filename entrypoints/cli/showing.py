"""Builds a house, plays the scenario in it once, and says what it showed and how long everything took."""

from collections.abc import Mapping

import msgspec

from entrypoints.cli import output
from entrypoints.cli.began import seconds_since_the_start
from entrypoints.cli.demonstration import PROOF_STEP, SCENARIO_STEP, Demonstration, demonstrate, show
from entrypoints.cli.supervision.ground import STORES_STEP, Ground
from entrypoints.cli.supervision.house import SCHEMA_STEP, house_built
from entrypoints.cli.trouble import FAILED


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the scenario showed, and how long each part took; `ready` counts from the start of this process."""

    demonstration: Demonstration
    seconds: dict[str, float]


async def play_once(ground: Ground) -> Shown:
    """Build the house and play the scenario in it. Raises Trouble."""
    async with house_built(ground) as house:
        ready = seconds_since_the_start()
        demonstration = await house.guarded(demonstrate(house))
    took = ground.steps.seconds
    seconds = {
        "stores": took[STORES_STEP],
        "migrate": took[SCHEMA_STEP],
        "ready": ready,
        "scenario": took[SCENARIO_STEP],
        "proof": took[PROOF_STEP],
    }
    return Shown(demonstration=demonstration, seconds=seconds)


def say(shown: Shown, *, as_json: bool) -> int:
    """Print it, for people or for programs, with the whole time until now. Gives the exit code."""
    demonstration, seconds = shown.demonstration, shown.seconds | {"total": seconds_since_the_start()}
    if as_json:
        output.say_json(_document(demonstration, seconds))
    else:
        show(output.answers(), demonstration)
        output.say("Seconds: " + ", ".join(f"{name} {took:.2f}" for name, took in seconds.items()))
    return FAILED if demonstration.faults else 0


def _document(demonstration: Demonstration, seconds: Mapping[str, float]) -> dict[str, object]:
    return {
        "holds": not demonstration.faults,
        "faults": demonstration.faults,
        "steps": [msgspec.structs.asdict(one) | {"is_well": one.is_well} for one in demonstration.played],
        "balances": demonstration.balances,
        "proof": {"holds": demonstration.proof.holds, "totals": demonstration.proof.totals},
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
    }
