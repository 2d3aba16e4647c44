"""Records that are shared while they can be, and this process' own while they cannot: it never fails."""

from collections.abc import Awaitable, Callable

from adapters.providerkit.guarding.records import Standing
from adapters.providerkit.guarding.sharing import LocalRecords, Place, SharedRecords
from domain.manifests import RateLimitRule


class FallingBack:
    """Asks the shared records first, and remembers what they said.

    What this process learned while they were away, or what they forgot, they are told again: a circuit that is open
    here is opened there, and a pause goes on.
    """

    def __init__(self, shared: SharedRecords | None, local: LocalRecords) -> None:
        """Without shared records each process is on its own."""
        self._shared = shared
        self._local = local
        self._untold: set[Place] = set()

    async def draw(self, place: Place, rule: RateLimitRule | None, *, wait_max: int) -> Standing:
        """Take a token; this process' share of them while nobody can be asked."""
        return await self._first(
            place,
            lambda shared: shared.draw(place, rule, wait_max=wait_max),
            lambda: self._local.draw(place, rule, wait_max=wait_max),
        )

    async def pause(self, place: Place, *, pause: int) -> Standing:
        """Have nothing sent for so long."""
        return await self._first(
            place,
            lambda shared: shared.pause(place, pause=pause),
            lambda: self._changed(place, self._local.pause(place, pause=pause)),
        )

    async def open(self, place: Place, *, turn: int, level: int, opens_in: int) -> Standing:
        """Open the circuit."""
        return await self._first(
            place,
            lambda shared: shared.open(place, turn=turn, level=level, opens_in=opens_in),
            lambda: self._changed(place, self._local.open(place, turn=turn, level=level, opens_in=opens_in)),
        )

    async def close(self, place: Place, *, turn: int) -> Standing:
        """Close the circuit."""
        return await self._first(
            place, lambda shared: shared.close(place, turn=turn), lambda: self._local.close(place, turn=turn)
        )

    async def claim(self, place: Place, *, turn: int, lease: int) -> Standing:
        """Claim the probe."""
        return await self._first(
            place,
            lambda shared: shared.claim(place, turn=turn, lease=lease),
            lambda: self._local.claim(place, turn=turn, lease=lease),
        )

    async def look(self, place: Place) -> Standing:
        """Change nothing."""
        return await self._first(place, lambda shared: shared.look(place), lambda: self._local.look(place))

    def known(self, place: Place) -> Standing:
        """Give what this process knows without asking anybody."""
        return self._local.look(place)

    async def _first(
        self,
        place: Place,
        ask: Callable[[SharedRecords], Awaitable[Standing | None]],
        fall_back: Callable[[], Standing],
    ) -> Standing:
        if self._shared is None:
            return fall_back()
        seen = await ask(self._shared)
        if seen is None:
            return fall_back()
        mine = self._local.look(place)
        if mine.is_open and not seen.is_open and (place in self._untold or seen.turn == 0):
            seen = await self._told_again(self._shared, place, mine, seen)
        elif place in self._untold and mine.paused > seen.paused:
            seen = await self._shared.pause(place, pause=mine.paused) or seen
        self._untold.discard(place)
        self._local.learn(place, seen)
        return seen

    async def _told_again(self, shared: SharedRecords, place: Place, mine: Standing, seen: Standing) -> Standing:
        """Open there what is open here; a token that was granted meanwhile is lost, which only slows down."""
        if mine.paused > seen.paused:
            await shared.pause(place, pause=mine.paused)
        again = await shared.open(place, turn=seen.turn, level=mine.level, opens_in=mine.opens_in)
        return again or mine

    def _changed(self, place: Place, seen: Standing) -> Standing:
        self._untold.add(place)
        return seen
