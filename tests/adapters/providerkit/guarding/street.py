"""Provider accounts of several processes in virtual time, with the network and the shared records played by a test."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from adapters.providerkit.guard import Answer, Errand
from adapters.providerkit.guarding.account import AccountGuard, GuardRules
from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.guarding.records import Standing
from adapters.providerkit.guarding.sharing import LocalRecords, Place, SharedRecords
from adapters.providerkit.guarding.signs import Sign
from adapters.providerkit.guarding.watching import GuardedAccount, GuardObserver, Refusal
from adapters.providerkit.messages import HttpRequest, HttpResponse
from application.ports.provider_health import (
    Breakers,
    BreakerSetting,
    CircuitState,
    NewBreaker,
    StoredBreaker,
)
from domain.audit import AuditRecord
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import IdempotencyRule, KeyPlace, OperationClass, ProviderManifest, RateLimitRule
from domain.providers import OperationKind
from tests.adapters.providerkit.guarding.virtual import clock

TENANT = TenantId(UUID(int=1))
ACCOUNT = ProviderAccountId(UUID(int=2))
OTHER_ACCOUNT = ProviderAccountId(UUID(int=3))
EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OK = HttpResponse(status=200)
FINISHING, MONEY, ASKING = OperationClass.FINISHING, OperationClass.MONEY, OperationClass.ASKING

PATHS = {FINISHING: "/capture", MONEY: "/charge", ASKING: "/status"}
HARMLESS = HttpRequest(method="GET", url="https://provider.test/me")


def manifest(*rules: tuple[OperationClass, float, int], name: str = "plain") -> ProviderManifest:
    """Describe a provider with these rates: class, tokens in a second, burst."""
    return ProviderManifest(
        name=name,
        operations=frozenset(OperationKind),
        idempotency=IdempotencyRule(place=KeyPlace.NONE),
        visibility_horizon_seconds=None,
        deadline_seconds=10.0,
        rate_limits=tuple(
            RateLimitRule(operation_class=each, per_second=per_second, burst=burst) for each, per_second, burst in rules
        ),
    )


class Network:
    """Answers as it is told, and notes what was sent, when, and with how much time left."""

    def __init__(self, answer: Callable[[str], Awaitable[Answer]] | Answer = OK) -> None:
        self.answer = answer
        self.sent: list[tuple[float, str, float]] = []

    async def __call__(self, request: HttpRequest, *, deadline_seconds: float) -> Answer:
        path = request.url.removeprefix("https://provider.test")
        self.sent.append((clock(), path, deadline_seconds))
        return await self.answer(path) if callable(self.answer) else self.answer

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.sent]


class Redis(SharedRecords):
    """Records that all processes of a test share, and that can go away, or forget everything."""

    def __init__(self) -> None:
        self.is_away = False
        self.forget()

    def forget(self) -> None:
        """Lose everything."""
        self._records = LocalRecords(clock=clock)

    async def draw(self, place: Place, rule: RateLimitRule | None, *, wait_max: int) -> Standing | None:
        return None if self.is_away else self._records.draw(place, rule, wait_max=wait_max)

    async def pause(self, place: Place, *, pause: int) -> Standing | None:
        return None if self.is_away else self._records.pause(place, pause=pause)

    async def open(self, place: Place, *, turn: int, level: int, opens_in: int) -> Standing | None:
        return None if self.is_away else self._records.open(place, turn=turn, level=level, opens_in=opens_in)

    async def close(self, place: Place, *, turn: int) -> Standing | None:
        return None if self.is_away else self._records.close(place, turn=turn)

    async def claim(self, place: Place, *, turn: int, lease: int) -> Standing | None:
        return None if self.is_away else self._records.claim(place, turn=turn, lease=lease)

    async def look(self, place: Place) -> Standing | None:
        return None if self.is_away else self._records.look(place)


class Hand(Breakers):
    """What somebody decided by hand, in a database that can go away."""

    def __init__(self) -> None:
        self.settings: dict[ProviderAccountId, BreakerSetting] = {}
        self.is_away = False
        self.readings = 0

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> StoredBreaker:
        raise NotImplementedError

    async def put(self, tenant_id: TenantId, breaker: NewBreaker, *, audit: AuditRecord) -> StoredBreaker:
        raise NotImplementedError

    async def all(self, tenant_id: TenantId) -> tuple[StoredBreaker, ...]:
        raise NotImplementedError

    async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
        self.readings += 1
        if self.is_away:
            raise MediatorError(SERVICE_UNAVAILABLE, "The database cannot be reached.")
        return dict(self.settings)


class Notes(GuardObserver):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.signs: list[tuple[OperationClass, Sign]] = []
        self.refusals: list[tuple[OperationClass, Refusal]] = []
        self.moves: list[tuple[OperationClass, CircuitState]] = []
        self.waits: list[float] = []
        self.most_under_way = 0
        self.standing: dict[OperationClass, CircuitState] = {}

    def exchanged(
        self, account: GuardedAccount, operation_class: OperationClass, sign: Sign, *, seconds: float
    ) -> None:
        self.signs.append((operation_class, sign))

    def waited(self, account: GuardedAccount, operation_class: OperationClass, *, seconds: float) -> None:
        self.waits.append(seconds)

    def refused(self, account: GuardedAccount, operation_class: OperationClass, why: Refusal) -> None:
        self.refusals.append((operation_class, why))

    def circuit_moved(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        self.moves.append((operation_class, state))

    def circuit_stands(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        self.standing[operation_class] = state

    def crowd_moved(self, account: GuardedAccount, *, under_way: int, waiting: int, limit: int) -> None:
        self.most_under_way = max(self.most_under_way, under_way)


class Process:
    """One process: its own board, beside others over the same Redis and the same database."""

    def __init__(
        self,
        *,
        redis: Redis | None = None,
        hand: Hand | None = None,
        rules: GuardRules | None = None,
        observer: GuardObserver | None = None,
    ) -> None:
        self.notes = Notes()
        observer = observer or self.notes
        self.hand = hand or Hand()
        self.board = ProviderHealthBoard(
            self.hand,
            redis,
            processes=2,
            rules=rules,
            observer=observer,
            clock=clock,
            now=lambda: EPOCH + timedelta(seconds=clock() - 1000.0),
            chance=lambda: 0.0,
        )

    def guard(self, *rules: tuple[OperationClass, float, int]) -> AccountGuard:
        """Give the guard of the one account, under these rates."""
        return self.board.guard(TENANT, ACCOUNT, manifest(*rules))

    async def ask(
        self,
        network: Network,
        each: OperationClass,
        *,
        deadline: float = 10.0,
        harmless: HttpRequest | None = HARMLESS,
        insists: bool = False,
    ) -> Answer:
        """Send a request of a class to the one account."""
        guard = self.board._guards.get(ACCOUNT) or self.guard()
        request = HttpRequest(method="POST", url=f"https://provider.test{PATHS[each]}")
        errand = Errand(each, request, lambda: harmless, insists)
        return await guard.exchange(errand, network, deadline_seconds=deadline)

    async def trip(self, each: OperationClass) -> None:
        """Let requests of a class fail until its circuit is open."""
        broken = Network(HttpResponse(status=500))
        while (each, CircuitState.OPEN) not in self.notes.moves[-1:]:
            await self.ask(broken, each)


def retry_after(seconds: int, status: int = 429) -> HttpResponse:
    """Give an answer that asks for a pause."""
    return msgspec.structs.replace(OK, status=status, headers={"retry-after": str(seconds)})
