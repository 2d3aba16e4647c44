"""The HTTP application: every route, behind the edge that refuses what cannot be read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from dishka import AsyncContainer, Provider, Scope, provide
from dishka.integrations.litestar import LitestarProvider, setup_dishka
from litestar import Litestar
from litestar.types import ASGIApp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from application.ports.answers import Answers
from entrypoints.http.answers import JsonAnswers
from entrypoints.http.auth import require_api_key
from entrypoints.http.callbacks import CALLBACK_ROUTES
from entrypoints.http.edge.bodies import BodyRules
from entrypoints.http.edge.catalogue import CATALOGUE_ROUTES
from entrypoints.http.edge.decoding import StrictRequest
from entrypoints.http.edge.docs import openapi_config
from entrypoints.http.edge.exceptions import EXCEPTION_HANDLERS
from entrypoints.http.edge.health import ReadinessChecks, health_routes
from entrypoints.http.edge.parameters import strict_parameters
from entrypoints.http.edge.wiring import behind_edge
from entrypoints.http.ledger import LEDGER_ROUTES
from entrypoints.http.payments import PAYMENT_ROUTES
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container

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


def make_app(settings: Settings, *overrides: Provider) -> ASGIApp:
    """Make the application with its edge; the container is closed with it."""
    container = make_container(settings, HttpAnswers(), LitestarProvider(), *overrides)
    framework = make_framework(container)
    rules = BodyRules(size_max=BODY_MAX_BYTES)
    return behind_edge(framework, allowed_hosts=settings.allowed_hosts, body_rules=rules)


def make_framework(container: AsyncContainer) -> Litestar:
    """Make the framework's application over a container."""

    async def database_answers() -> None:
        engine = await container.get(AsyncEngine)
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))

    @asynccontextmanager
    async def container_closed(_: Litestar) -> AsyncIterator[None]:
        yield
        await container.close()

    framework = Litestar(
        route_handlers=[
            *PAYMENT_ROUTES,
            *LEDGER_ROUTES,
            *CALLBACK_ROUTES,
            *CATALOGUE_ROUTES,
            *health_routes(ReadinessChecks({"database": database_answers})),
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


def product_version() -> str:
    """Give the version of the installed product, or that of a bare checkout."""
    try:
        return version("financial-mediator")
    except PackageNotFoundError:
        return "0.1.0"
