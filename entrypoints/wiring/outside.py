"""The world outside for the container: time, keys, providers, and what callers are told."""

from collections.abc import AsyncIterator
from datetime import timedelta

from dishka import Provider, Scope, provide

from adapters.fx.ecb import EcbRates
from adapters.fx.fetching import BoundedFetch
from adapters.fx.nrb import NrbRates
from adapters.providerkit.http import ProviderHttp
from adapters.security.api_keys import HmacApiKeys
from adapters.statements.forms import WrittenForms
from adapters.system import SystemWorld
from application.fx.refresh_rates import RateSources
from application.fx.rules import DealingRules
from application.payments.provider_step import CallbackAddress
from application.ports.answers import Answers, ControlAnswers
from application.ports.fx import RateSource
from application.ports.identity import ApiKeys
from application.ports.providers import Providers
from application.ports.statements import StatementForms
from application.ports.world import World
from domain.fx.rates import DayRule, MissingDay, Source
from entrypoints.settings import Settings
from entrypoints.wiring.answers import NoAnswers, NoControlAnswers
from entrypoints.wiring.providers import find_providers


class Outside(Provider):
    """What stands outside of this process."""

    scope = Scope.APP

    world = provide(SystemWorld, provides=World)
    answers = provide(NoAnswers, provides=Answers)
    control_answers = provide(NoControlAnswers, provides=ControlAnswers)
    statement_forms = provide(WrittenForms, provides=StatementForms)

    @provide
    def api_keys(self, settings: Settings) -> ApiKeys:
        """Check API keys with this service's secret."""
        return HmacApiKeys(settings.secret_key)

    @provide
    def address(self, settings: Settings) -> CallbackAddress:
        """Know where providers reach us."""
        return CallbackAddress(settings.public_url.rstrip("/"))

    @provide
    def rate_sources(self, settings: Settings) -> RateSources:
        """Read rates where the settings say; a source without a place is switched off."""
        fetch = BoundedFetch()
        found: list[RateSource] = []
        if settings.fx_ecb_location:
            found.append(EcbRates(settings.fx_ecb_location, fetch))
        if settings.fx_nrb_location:
            found.append(NrbRates(settings.fx_nrb_location, fetch))
        return RateSources(tuple(found))

    @provide
    def dealing_rules(self, settings: Settings) -> DealingRules:
        """Deal as the settings say."""
        missing_day = MissingDay.PREVIOUS_PUBLICATION if settings.fx_days_back else MissingDay.EXACT
        return DealingRules(
            source=Source(settings.fx_source),
            day_rule=DayRule(missing_day=missing_day, days_back_max=settings.fx_days_back),
            age_max=timedelta(hours=settings.fx_age_hours),
            margin_basis_points=settings.fx_margin_basis_points,
            lifetime=timedelta(seconds=settings.fx_quote_seconds),
        )

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
