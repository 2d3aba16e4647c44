"""The world outside for the container: time, keys, providers, and what callers are told."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from dishka import Provider, Scope, provide

from adapters.banks.account_numbers import SchwiftyAccountNumbers
from adapters.dropfolders.opening import DropFolders
from adapters.providerkit.forms import SpecForms
from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.http import ProviderHttp
from adapters.security.api_keys import HmacApiKeys
from adapters.system import SystemWorld
from application.fx.refresh_rates import RateSources
from application.fx.rules import DealingRules
from application.ports.addresses import CallbackAddress
from application.ports.answers import Answers, ControlAnswers, PayoutAnswers, ProviderAnswers
from application.ports.beneficiaries import AccountNumbers
from application.ports.fx import RateSource
from application.ports.identity import ApiKeys, FirstAccounts
from application.ports.provider_accounts import AccountsInForce
from application.ports.provider_forms import ProviderForms
from application.ports.providers import Providers
from application.ports.statements import StatementForms
from application.ports.vault import Vault
from application.ports.world import World
from domain.fx.rates import DayRule, MissingDay, Source
from entrypoints.settings import Settings
from entrypoints.wiring.answers import NoAnswers, NoControlAnswers, NoPayoutAnswers, NoProviderAnswers
from entrypoints.wiring.provider_specs import provider_specs
from entrypoints.wiring.providers import connected_providers, first_accounts

CONNECTIONS_MAX = 1_000
"""To all providers together: so many that those which hang do not use up what the others need."""


class Outside(Provider):
    """What stands outside of this process."""

    scope = Scope.APP

    world = provide(SystemWorld, provides=World)
    answers = provide(NoAnswers, provides=Answers)
    control_answers = provide(NoControlAnswers, provides=ControlAnswers)
    provider_answers = provide(NoProviderAnswers, provides=ProviderAnswers)
    account_numbers = provide(SchwiftyAccountNumbers, provides=AccountNumbers)
    payout_answers = provide(NoPayoutAnswers, provides=PayoutAnswers)

    @provide
    def statement_forms(self) -> StatementForms:
        """Write statements down."""
        from adapters.statements.forms import WrittenForms  # noqa: PLC0415 -- its XML is only read in by who writes some

        return WrittenForms()

    @provide
    def api_keys(self, settings: Settings) -> ApiKeys:
        """Check API keys with this service's secret, and with the one before it."""
        return HmacApiKeys(settings.secret_key, previous=settings.previous_secrets)

    @provide
    def vault(self, settings: Settings) -> Vault:
        """Seal with this service's secret, and open with the one before it as well."""
        from adapters.security.vault import EnvelopeVault  # noqa: PLC0415 -- cryptography comes with it, and is slow

        return EnvelopeVault(settings.secret_key, previous=settings.previous_secrets)

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
        """Keep connections to providers; how many one account may have is bounded by its guard."""
        http = ProviderHttp(connections_max=CONNECTIONS_MAX)
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
    def forms(self) -> ProviderForms:
        """Know what is installed, and what an account there is configured by."""
        return SpecForms(provider_specs())

    @provide
    def providers(
        self,
        source: AccountsInForce,
        vault: Vault,
        http: ProviderHttp,
        folders: DropFolders,
        board: ProviderHealthBoard,
    ) -> Providers:
        """Open providers as the accounts of tenants are configured."""
        return connected_providers(source, vault, http, folders, board)


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
