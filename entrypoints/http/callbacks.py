"""The door for providers: what they send is verified, stored and answered; the work is left to a worker."""

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import post
from litestar.params import FromPath

from application.callbacks.receive_callback import ReceiveCallback, ReceiveCallbackHandler
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.ids import Prefix, ProviderAccountId, find_id
from entrypoints.http.auth import AnyRequest

HEADERS_NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})


@post(
    "/v1/callbacks/{provider:str}/{account_id:str}",
    status_code=204,
    tags=["Callbacks"],
    public=True,
    limit="callbacks",
    errors=("CALLBACK_REFUSED", "BACKPRESSURE", "SERVICE_UNAVAILABLE"),
    raw_body=("application/json",),
    never=("NOT_FOUND", "VAL_FIELD"),
)
@inject
async def receive_callback(
    provider: FromPath[str],
    account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReceiveCallbackHandler],
) -> None:
    """Take a provider's signed callback. 204 says that it is stored durably, also when it came before."""
    account = find_id(Prefix.PROVIDER_ACCOUNT, account_id)
    if account is None:
        raise MediatorError(CALLBACK_REFUSED, "The callback is not authentic.")
    await handler(
        ReceiveCallback(
            provider=provider,
            provider_account_id=ProviderAccountId(account),
            headers={name: value for name, value in request.headers.items() if name not in HEADERS_NOT_KEPT},
            raw=await request.body(),
            request_id=request.scope["state"]["request_id"],
        )
    )


CALLBACK_ROUTES = (receive_callback,)
