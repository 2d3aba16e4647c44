"""The door for providers: what they send is verified, stored and answered; the work is left to a worker."""

from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import MediaType, Response, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from adapters.telemetry.logging import get_logger
from application.callbacks.receive_callback import ReceiveCallback, ReceiveCallbackHandler
from application.callbacks.return_customer import ReturnCustomerHandler
from application.ports.callbacks import Receipt
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.ids import Prefix, ProviderAccountId, find_id, public_id
from domain.manifests import CallbackTransport
from entrypoints.http.auth import AnyRequest

HEADERS_NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})

DOOR: Final[dict[str, Any]] = {
    "tags": ["Callbacks"],
    "public": True,
    "limit": "callbacks",
    "errors": ("CALLBACK_REFUSED", "BACKPRESSURE", "SERVICE_UNAVAILABLE"),
    "never": ("NOT_FOUND", "VAL_FIELD"),
}
ANYTHING: Final = ("*/*",)

PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Thank you</title>
<p>You can close this window: your payment goes on by itself, and the shop will be told how it ended.</p></html>
"""
PAGE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}


@post("/v1/callbacks/{provider:str}/{account_id:str}", status_code=204, raw_body=ANYTHING, **DOOR)
@inject
async def receive_callback(
    provider: FromPath[str],
    account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReceiveCallbackHandler],
) -> None:
    """Take a provider's callback of any content type. 204 says that it is stored durably, also when it came before."""
    await _received(handler, request, provider, account_id, CallbackTransport.HTTP_POST)


@put("/v1/callbacks/{provider:str}/{account_id:str}", status_code=204, raw_body=ANYTHING, **DOOR)
@inject
async def put_callback(
    provider: FromPath[str],
    account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReceiveCallbackHandler],
) -> None:
    """Take the callback of a provider that calls back by PUT."""
    await _received(handler, request, provider, account_id, CallbackTransport.HTTP_PUT)


@get(
    "/v1/callbacks/{provider:str}/{account_id:str}",
    media_type=MediaType.HTML,
    responses={303: ResponseSpec(None, description="On to the payment's return address.", generate_examples=False)},
    **DOOR,
)
@inject
async def return_customer(
    provider: FromPath[str],
    account_id: FromPath[str],
    request: AnyRequest,
    receive: FromDishka[ReceiveCallbackHandler],
    find_return: FromDishka[ReturnCustomerHandler],
) -> Response[str]:
    """Take a customer back from a provider's page: 303 to the payment's `return_url`, with `payment_id` in its query.

    What the browser brings is a hint, and never decides: ask `GET /v1/payments/{payment_id}` what became of it.
    """
    receipt = await _received(receive, request, provider, account_id, CallbackTransport.REDIRECT)
    found = await find_return(receipt)
    if found is None or found.url is None:
        return Response(PAGE, media_type=MediaType.HTML, headers=PAGE_HEADERS)
    target = with_payment(found.url, public_id(Prefix.PAYMENT, found.payment_id))
    return Response("", status_code=303, media_type=MediaType.HTML, headers={**PAGE_HEADERS, "Location": target})


def with_payment(url: str, payment_id: str) -> str:
    """Say in the query of an address which payment it is about, beside whatever it says already."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({"payment_id": payment_id})) if part)
    return urlunsplit(parts._replace(query=query))


async def _received(
    handler: ReceiveCallbackHandler,
    request: AnyRequest,
    provider: str,
    account_id: str,
    transport: CallbackTransport,
) -> Receipt:
    """Take it in. Raises CALLBACK_REFUSED."""
    try:
        return await handler(await _sent(request, provider, account_id, transport))
    except MediatorError as refusal:
        if refusal.entry is CALLBACK_REFUSED:
            get_logger().warning(
                "callback.refused", provider=provider[:64], account=account_id[:64], transport=transport.value
            )
        raise


async def _sent(request: AnyRequest, provider: str, account_id: str, transport: CallbackTransport) -> ReceiveCallback:
    account = find_id(Prefix.PROVIDER_ACCOUNT, account_id)
    if account is None:
        raise MediatorError(CALLBACK_REFUSED, "The callback is not authentic.")
    redirected = transport is CallbackTransport.REDIRECT
    return ReceiveCallback(
        provider=provider,
        provider_account_id=ProviderAccountId(account),
        headers={name: value for name, value in request.headers.items() if name not in HEADERS_NOT_KEPT},
        raw=request.scope["query_string"] if redirected else await request.body(),
        request_id=request.scope["state"]["request_id"],
        transport=transport,
    )


CALLBACK_ROUTES = (receive_callback, put_callback, return_customer)
