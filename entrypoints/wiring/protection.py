"""Protection of providers for the container: one health board for each process, shared through Redis where it is."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.guarding.metered import MeteredGuards
from adapters.providerkit.guarding.watching import GuardObserver
from adapters.redis.connection import RedisConnection
from adapters.redis.provider_guards import RedisRecords
from application.ports.provider_health import Breakers, ProviderHealth
from entrypoints.settings import Settings


class Protection(Provider):
    """Nothing is connected before the first request to a provider."""

    scope = Scope.APP

    observer = provide(MeteredGuards, provides=GuardObserver)

    @provide
    async def board(
        self, settings: Settings, breakers: Breakers, observer: GuardObserver
    ) -> AsyncIterator[ProviderHealthBoard]:
        """Guard together with all processes, or alone where there is no Redis: then each of the API and the worker."""
        connection = RedisConnection(settings.redis) if settings.redis_url else None
        shared = None if connection is None else RedisRecords(connection)
        yield ProviderHealthBoard(breakers, shared, processes=settings.api_processes + 1, observer=observer)
        if connection is not None:
            await connection.close()

    @provide
    def health(self, board: ProviderHealthBoard) -> ProviderHealth:
        """Tell of it."""
        return board
