"""What one run plays with: two gateways behind wires that get cut, a tenant's stores in memory, the real use cases."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from adapters.providerkit.kernel import KernelProvider
from adapters.providers.sandbox import SandboxConfig, SandboxCredentials
from adapters.providers.sandbox.adapter import SandboxAdapter
from application.payments.rerouting import Rerouting
from application.ports.journal import Journal
from application.ports.providers import Provider
from domain.ids import ProviderAccountId
from domain.manifests import ProviderManifest
from tests.boundary.cut_wire import CutWire
from tests.boundary.gateway import SECRET, Gateway
from tests.boundary.steps import MortalJournal, Steps
from tests.fakes.desk import Desk
from tests.fakes.house import House, memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.providers import ProviderSet
from tests.fakes.world import SettableWorld

NAMES = ("sandbox", "second")
_CONFIG = SandboxConfig(base_url="http://gateway.example")
_CREDENTIALS = SandboxCredentials(api_key="sk_test", callback_secrets=(SECRET,))


class NamedAdapter(SandboxAdapter):
    """The sandbox's adapter for a gateway of another name."""

    def __init__(self, name: str) -> None:
        """Bear that name."""
        super().__init__(_CONFIG, _CREDENTIALS)
        self._named = msgspec.structs.replace(super().manifest, name=name)

    @property
    def manifest(self) -> ProviderManifest:
        """What that gateway can do."""
        return self._named


def _as_it_is(provider: Provider) -> Any:
    return provider


def _same_journal(journal: Journal, _steps: Steps) -> Any:
    return journal


@dataclass(frozen=True)
class Bugs:
    """What is planted to see that it would be found: nothing, unless a test says so."""

    adapter: Callable[[str], SandboxAdapter] = NamedAdapter
    provider: Callable[[Provider], Any] = _as_it_is
    wire: type[CutWire] = CutWire
    journal: Callable[[Journal, Steps], Any] = _same_journal


SOUND = Bugs()


@dataclass(frozen=True)
class Setting:
    """One run's world."""

    chance: random.Random
    world: SettableWorld
    steps: Steps
    gateways: tuple[Gateway, Gateway]
    wires: tuple[CutWire, CutWire]
    accounts: tuple[ProviderAccountId, ProviderAccountId]
    house: House
    desk: Desk
    heard: list[str] = field(default_factory=list)
    interfering: list[int] = field(default_factory=list)

    def calm_down(self) -> None:
        """End all trouble: nothing dies and nothing is cut from here on."""
        self.steps.calm = True
        for wire in self.wires:
            wire.calm = True


def setting_of(seed: int, bugs: Bugs = SOUND) -> Setting:
    """Lay out a run; the same seed lays out the same."""
    chance = random.Random(seed)  # noqa: S311 -- a run is repeated by its seed
    world = SettableWorld(seed=seed)
    steps = Steps(chance)
    gateways = (Gateway(NAMES[0], chance), Gateway(NAMES[1], chance))
    wires = tuple(bugs.wire(gateway, world, steps, chance) for gateway in gateways)
    accounts = tuple(ProviderAccountId(UUID(int=chance.getrandbits(128))) for _ in NAMES)
    tenant = a_tenant(UUID(int=chance.getrandbits(128)), tuple(zip(accounts, NAMES, strict=True)), at=world.now)
    house = memory_house(tenant, clock=lambda: world.now)
    providers = ProviderSet(
        *(
            bugs.provider(KernelProvider(bugs.adapter(name), wire, callback_secrets=(SECRET,)))
            for name, wire in zip(NAMES, wires, strict=True)
        ),
        tenants=house.tenants,
    )
    desk = Desk(house, world)
    desk.providers = providers
    journal = MortalJournal(bugs.journal(house.journal, steps), steps)
    desk.step = replace(desk.step, journal=journal, providers=providers, rerouting=Rerouting(providers, house.routes))
    return Setting(
        chance=chance,
        world=world,
        steps=steps,
        gateways=gateways,
        wires=(wires[0], wires[1]),
        accounts=(accounts[0], accounts[1]),
        house=house,
        desk=desk,
    )
