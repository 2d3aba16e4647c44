"""The demo scenario as a whole: what was played, how the accounts stand afterwards, and the proof of the books."""

from collections.abc import Mapping

import msgspec
from rich.console import Console

from application.ledger.prove import ProofReport
from entrypoints.cli.scenario.furnishing import furnish
from entrypoints.cli.scenario.playing import Balance, play_all, read_balances, shops_of
from entrypoints.cli.scenario.report import show_balances, show_played, show_proof
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Played
from entrypoints.cli.supervision.house import House
from entrypoints.cli.supervision.tenants import prove_tenant
from entrypoints.cli.trouble import Trouble

SCENARIO_STEP = "Demo scenario"
PROOF_STEP = "Proof"


class Demonstration(msgspec.Struct, frozen=True, kw_only=True):
    """What the scenario showed."""

    played: tuple[Played, ...]
    balances: tuple[Balance, ...]
    proof: ProofReport

    @property
    def faults(self) -> tuple[str, ...]:
        """Say what did not go as it must; nothing when all is well."""
        steps = tuple(f"{one.step} in {one.currency}: {one.seen}" for one in self.played if not one.is_well)
        return steps if self.proof.holds else (*steps, "the books do not hold")


async def demonstrate(house: House) -> Demonstration:
    """Play the scenario over HTTP, read the balances over HTTP, and prove the books of its tenant. Raises Trouble."""
    if house.tenants.demo is None:
        raise RuntimeError("this house has no tenant for the demo")
    steps = house.ground.steps
    async with shops_of(house.addresses()) as shops:
        with steps.step(SCENARIO_STEP) as step:
            await _furnish(shops)
            played = await play_all(shops, step.tell)
        with steps.step(PROOF_STEP):
            balances = await read_balances(next(iter(shops.values())))
            proof = await prove_tenant(house.container, house.tenants.demo[0])
    return Demonstration(played=played, balances=balances, proof=proof)


async def refurnish(house: House) -> None:
    """Lead the accounts of an earlier scenario to where the simulator is now. Raises Trouble."""
    async with shops_of(house.addresses()) as shops:
        await _furnish(shops)


async def _furnish(shops: Mapping[str, Shop]) -> None:
    """Make sure of the accounts and rules that the scenario needs. Raises Trouble."""
    try:
        await furnish(next(iter(shops.values())))
    except ValueError as refusal:
        raise Trouble(f"The demo scenario cannot be prepared: {refusal}.") from refusal


def show(console: Console, demonstration: Demonstration) -> None:
    """Print everything that the scenario showed."""
    show_played(console, demonstration.played)
    show_balances(console, demonstration.balances)
    show_proof(console, demonstration.proof)
    for fault in demonstration.faults:
        console.print(f"[red]✗[/] {fault}")
