"""The door to the providers that are installed: what each can do, and how an account there is configured."""

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get
from litestar.params import FromPath

from application.providers.get_provider import GetProvider, GetProviderHandler
from application.providers.list_providers import ListProvidersHandler
from entrypoints.http.provider_shapes import ProviderFormOut, ProviderListOut, form_out, provider_out


@get("/v1/providers", tags=["Providers"])
@inject
async def list_providers(handler: FromDishka[ListProvidersHandler]) -> ProviderListOut:
    """List the installed providers and what each can do: what the adapters are held to, and routes are chosen by."""
    return ProviderListOut(tuple(provider_out(form.manifest) for form in await handler()))


@get("/v1/providers/{name:str}", tags=["Providers"], never=("VAL_FIELD",))
@inject
async def get_provider(name: FromPath[str], handler: FromDishka[GetProviderHandler]) -> ProviderFormOut:
    """Tell what a provider can do, with the JSON Schemas of the configuration and the credentials of an account."""
    return form_out(await handler(GetProvider(name)))


PROVIDER_ROUTES = (list_providers, get_provider)
