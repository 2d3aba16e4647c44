"""The door to the health of provider accounts: how they are doing, and what a person decides about them."""

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from application.providers.get_health import GetHealth, GetHealthHandler
from application.providers.set_breaker import SetBreaker, SetBreakerHandler
from domain.ids import Prefix, ProviderAccountId
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.paging import id_in_path
from entrypoints.http.provider_health_shapes import BreakerIn, ProviderHealthOut, health_out


@get(
    "/v1/provider-accounts/{provider_account_id:str}/health",
    tags=["Provider accounts"],
    errors=("BACKPRESSURE",),
    never=("VAL_FIELD",),
)
@inject
async def provider_account_health(
    provider_account_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetHealthHandler]
) -> ProviderHealthOut:
    """Tell how a provider account is doing: its circuits, its pauses, and what was decided by hand."""
    account_id = ProviderAccountId(id_in_path(Prefix.PROVIDER_ACCOUNT, provider_account_id))
    return health_out(await handler(GetHealth(provider_account_id=account_id), call_of(request)))


@put(
    "/v1/provider-accounts/{provider_account_id:str}/breaker",
    tags=["Provider accounts"],
    status_code=200,
    errors=("BACKPRESSURE",),
)
@inject
async def set_provider_account_breaker(
    provider_account_id: FromPath[str],
    data: JSONBody[BreakerIn],
    request: AnyRequest,
    handler: FromDishka[SetBreakerHandler],
) -> ProviderHealthOut:
    """Take the circuit breaker into your own hand, or give it back: in force in every process within a second.

    It says how things shall be, so it can be repeated without an idempotency key.
    """
    command = SetBreaker(
        provider_account_id=ProviderAccountId(id_in_path(Prefix.PROVIDER_ACCOUNT, provider_account_id)),
        setting=data.setting,
        note=None if data.note is UNSET else data.note,
    )
    return health_out(await handler(command, call_of(request)))


PROVIDER_HEALTH_ROUTES = (provider_account_health, set_provider_account_breaker)
