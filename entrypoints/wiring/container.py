"""The container: every port with the adapter that makes it real."""

from dishka import AsyncContainer, Provider, make_async_container

from entrypoints.settings import Settings
from entrypoints.wiring.outside import Outside
from entrypoints.wiring.protection import Protection
from entrypoints.wiring.storage import Storage
from entrypoints.wiring.use_cases import UseCases


def make_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    """Build the container; a later provider overrides an earlier one, as a test may want.

    Raises at once, with the missing path drawn, when a dependency is not provided.
    """
    return make_async_container(
        Storage(), Outside(), Protection(), UseCases(), *overrides, context={Settings: settings}
    )
