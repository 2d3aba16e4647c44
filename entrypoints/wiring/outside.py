"""The world outside for the container: time, keys, providers, and what callers are told."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.providerkit.http import ProviderHttp
from adapters.security.api_keys import HmacApiKeys
from adapters.system import SystemWorld
from application.payments.provider_step import CallbackAddress
from application.ports.answers import Answers
from application.ports.identity import ApiKeys
from application.ports.providers import Providers
from application.ports.world import World
from entrypoints.settings import Settings
from entrypoints.wiring.answers import NoAnswers
from entrypoints.wiring.providers import find_providers


class Outside(Provider):
    """What stands outside of this process."""

    scope = Scope.APP

    world = provide(SystemWorld, provides=World)
    answers = provide(NoAnswers, provides=Answers)

    @provide
    def api_keys(self, settings: Settings) -> ApiKeys:
        """Check API keys with this service's secret."""
        return HmacApiKeys(settings.secret_key)

    @provide
    def address(self, settings: Settings) -> CallbackAddress:
        """Know where providers reach us."""
        return CallbackAddress(settings.public_url.rstrip("/"))

    @provide
    async def http(self) -> AsyncIterator[ProviderHttp]:
        """Keep connections to providers."""
        http = ProviderHttp()
        yield http
        await http.close()

    @provide
    def providers(self, settings: Settings, http: ProviderHttp) -> Providers:
        """Find the providers that the settings switch on."""
        return find_providers(settings, http)
