"""The HTTP application: every route, behind the edge that refuses what cannot be read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from dishka import AsyncContainer, Provider, Scope, provide
from dishka.integrations.litestar import LitestarProvider, setup_dishka
from litestar import Litestar
from litestar.types import ASGIApp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.journal import PostgresJournal
from application.identity.authenticate import AuthenticateHandler
from application.ports.answers import Answers, ControlAnswers, PayoutAnswers, ProviderAnswers
from application.ports.journal import Journal
from application.ports.limits import Limits
from entrypoints.http.access_lines import AccessLines
from entrypoints.http.answers import JsonAnswers
from entrypoints.http.auth import require_api_key
from entrypoints.http.balances import BALANCE_ROUTES
from entrypoints.http.beneficiaries import BENEFICIARY_ROUTES
from entrypoints.http.callbacks import CALLBACK_ROUTES
from entrypoints.http.callers import KnownCallers
from entrypoints.http.control_shapes import JsonControlAnswers
from entrypoints.http.controls import CONTROL_ROUTES
from entrypoints.http.door import Door
from entrypoints.http.edge.bodies import BodyRules
from entrypoints.http.edge.catalogue import CATALOGUE_ROUTES
from entrypoints.http.edge.decoding import StrictRequest
from entrypoints.http.edge.docs import openapi_config
from entrypoints.http.edge.exceptions import EXCEPTION_HANDLERS
from entrypoints.http.edge.health import ReadinessChecks, health_routes
from entrypoints.http.edge.parameters import strict_parameters
from entrypoints.http.edge.wiring import behind_edge
from entrypoints.http.fx import FX_ROUTES
from entrypoints.http.holds import HOLD_ROUTES
from entrypoints.http.kept_callbacks import KEPT_CALLBACK_ROUTES
from entrypoints.http.ledger import LEDGER_ROUTES
from entrypoints.http.payments import PAYMENT_ROUTES
from entrypoints.http.payout_shapes import JsonPayoutAnswers
from entrypoints.http.payouts import PAYOUT_ROUTES
from entrypoints.http.plain_transfers import PlainTransfers
from entrypoints.http.provider_account_shapes import JsonProviderAnswers
from entrypoints.http.provider_accounts import PROVIDER_ACCOUNT_ROUTES
from entrypoints.http.provider_health import PROVIDER_HEALTH_ROUTES
from entrypoints.http.providers import PROVIDER_ROUTES
from entrypoints.http.routing import ROUTING_ROUTES
from entrypoints.http.statements import STATEMENT_ROUTES
from entrypoints.http.transfer_batches import BATCH_PATH, BATCH_ROUTES
from entrypoints.http.transfers import TRANSFER_ROUTES
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container
from entrypoints.wiring.limits import RateLimits
from entrypoints.wiring.version import product_version

BODY_MAX_BYTES = 131_072
"""Fifty metadata values of 500 letters of any script, and the rest of a payment."""

DESCRIPTION = """
One API between your application and the banks, card gateways and wallets that it needs, with a double-entry ledger
that says what happened to the money.

- Amounts are integers of **minor units** with an ISO 4217 currency: 100 is 1.00 EUR, 100 JPY, 0.100 KWD.
- Every request that moves money needs an **`Idempotency-Key`**: repeating it gives the first answer again, byte for
  byte, marked `Idempotency-Replayed: true`.
- **Unknown is a state.** While a provider's outcome is not known, `money_state` is `unknown` and the payment settles by
  itself: poll it, and send nothing elsewhere.
- Errors are `application/problem+json` (RFC 9457) with a stable `code`; `GET /problems` lists them all.
"""


class HttpAnswers(Provider):
    """Behind this door there is somebody to answer to."""

    scope = Scope.APP
    answers = provide(JsonAnswers, provides=Answers, override=True)
    control_answers = provide(JsonControlAnswers, provides=ControlAnswers, override=True)
    provider_answers = provide(JsonProviderAnswers, provides=ProviderAnswers, override=True)
    payout_answers = provide(JsonPayoutAnswers, provides=PayoutAnswers, override=True)

    @provide
    def door(self, authenticate: AuthenticateHandler, limits: Limits) -> Door:
        """Let in who may come."""
        return Door(KnownCallers(authenticate), limits)


def make_app(settings: Settings, *overrides: Provider, started: Callable[[], bool] = lambda: True) -> ASGIApp:
    """Make the application with its edge; the container is closed with it.

    `started` tells whether all the processes beside this one can answer; before that it is not ready.
    """
    container = make_container(settings, RateLimits(), HttpAnswers(), LitestarProvider(), *overrides)
    framework = make_framework(container, started)
    rules = BodyRules(size_max=BODY_MAX_BYTES, read_later=(BATCH_PATH,))
    ordinary = behind_edge(framework, allowed_hosts=settings.allowed_hosts, body_rules=rules)
    short_way = PlainTransfers(ordinary, allowed_hosts=settings.allowed_hosts)
    framework.state.short_way = short_way
    framework.state.writes_access_lines = settings.log_level.lower() in {"debug", "info"}
    return short_way


def make_framework(container: AsyncContainer, started: Callable[[], bool] = lambda: True) -> Litestar:
    """Make the framework's application over a container."""

    async def database_answers() -> None:
        engine = await container.get(AsyncEngine)
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def all_started() -> None:
        while not started():  # noqa: ASYNC110 -- the others are processes: there is no event to wait for
            await asyncio.sleep(0.01)

    @asynccontextmanager
    async def container_closed(app: Litestar) -> AsyncIterator[None]:
        app.state.door = await container.get(Door)
        short_way: PlainTransfers | None = getattr(app.state, "short_way", None)
        journal = await container.get(Journal)
        if short_way is not None and isinstance(journal, PostgresJournal):
            short_way.open(app.state.door, journal, AccessLines(is_on=app.state.writes_access_lines))
        yield
        if short_way is not None:
            short_way.close()
        await container.close()

    framework = Litestar(
        route_handlers=[
            *PAYMENT_ROUTES,
            *PAYOUT_ROUTES,
            *BENEFICIARY_ROUTES,
            *ROUTING_ROUTES,
            *PROVIDER_HEALTH_ROUTES,
            *PROVIDER_ROUTES,
            *PROVIDER_ACCOUNT_ROUTES,
            *LEDGER_ROUTES,
            *CONTROL_ROUTES,
            *TRANSFER_ROUTES,
            *BATCH_ROUTES,
            *HOLD_ROUTES,
            *STATEMENT_ROUTES,
            *BALANCE_ROUTES,
            *FX_ROUTES,
            *CALLBACK_ROUTES,
            *KEPT_CALLBACK_ROUTES,
            *CATALOGUE_ROUTES,
            *health_routes(ReadinessChecks({"database": database_answers, "processes": all_started})),
        ],
        guards=[require_api_key, strict_parameters],
        request_class=StrictRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(
            title="FinancialMediator", version=product_version(), description=DESCRIPTION.strip()
        ),
        lifespan=[container_closed],
        logging_config=None,
    )
    setup_dishka(container, framework)
    return framework
