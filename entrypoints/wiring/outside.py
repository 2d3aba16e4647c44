"""The world outside for the container: time, keys, providers, and what callers are told."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from dishka import Provider, Scope, provide

from adapters.dropfolders.opening import DropFolders
from adapters.providerkit.http import ProviderHttp
from adapters.security.api_keys import HmacApiKeys
from adapters.system import SystemWorld
from application.fx.refresh_rates import RateSources
from application.fx.rules import DealingRules
from application.payments.provider_step import CallbackAddress
from application.ports.answers import Answers, ControlAnswers
from application.ports.fx import RateSource
from application.ports.identity import ApiKeys, FirstAccounts, Tenants
from application.ports.providers import Providers
from application.ports.statements import StatementForms
from application.ports.world import World
from domain.fx.rates import DayRule, MissingDay, Source
from entrypoints.settings import Settings
from entrypoints.wiring.answers import NoAnswers, NoControlAnswers
from entrypoints.wiring.providers import find_providers, first_accounts


class Outside(Provider):
    """What stands outside of this process."""

    scope = Scope.APP

    world = provide(SystemWorld, provides=World)
    answers = provide(NoAnswers, provides=Answers)
    control_answers = provide(NoControlAnswers, provides=ControlAnswers)

    @provide
    def statement_forms(self) -> StatementForms:
        """Write statements down."""
        from adapters.statements.forms import WrittenForms  # noqa: PLC0415 -- its XML is only read in by who writes some

        return WrittenForms()

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
        return RateSources(tuple(_rate_sources(settings)))

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
    def drop_folders(self, settings: Settings) -> DropFolders:
        """Exchange files where the settings allow it."""
        return DropFolders(Path(settings.drop_folder_root) if settings.drop_folder_root else None)

    @provide
    def first_accounts(self, settings: Settings) -> FirstAccounts:
        """Open new tenants with the provider accounts that the settings name."""
        return first_accounts(settings)

    @provide
    def providers(self, settings: Settings, http: ProviderHttp, tenants: Tenants) -> Providers:
        """Find the providers that the settings switch on."""
        return find_providers(settings, http, tenants)


def _rate_sources(settings: Settings) -> Iterator[RateSource]:
    if not (settings.fx_ecb_location or settings.fx_nrb_location):
        return
    from adapters.fx.ecb import EcbRates  # noqa: PLC0415 -- aiohttp comes with it, and only chores read rates
    from adapters.fx.fetching import BoundedFetch  # noqa: PLC0415 -- as above
    from adapters.fx.nrb import NrbRates  # noqa: PLC0415 -- as above

    fetch = BoundedFetch()
    if settings.fx_ecb_location:
        yield EcbRates(settings.fx_ecb_location, fetch)
    if settings.fx_nrb_location:
        yield NrbRates(settings.fx_nrb_location, fetch)
