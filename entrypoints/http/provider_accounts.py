"""The door to a tenant's accounts at providers: connected, changed by versions, verified, enabled and disabled."""

from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from application.ports.providers import AccountState
from application.providers.change_provider_account import ChangeProviderAccount, ChangeProviderAccountHandler
from application.providers.connect_provider import ConnectProvider, ConnectProviderHandler
from application.providers.diff_account_versions import DiffAccountVersions, DiffAccountVersionsHandler
from application.providers.get_provider_account import GetProviderAccount, GetProviderAccountHandler
from application.providers.list_account_versions import ListAccountVersions, ListAccountVersionsHandler
from application.providers.list_provider_accounts import ListProviderAccounts, ListProviderAccountsHandler
from application.providers.roll_back_account import RollBackAccount, RollBackAccountHandler
from application.providers.set_account_state import SetAccountState, SetAccountStateHandler
from application.providers.verify_account import VerifyAccount, VerifyAccountHandler
from domain.ids import Prefix, ProviderAccountId
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path
from entrypoints.http.provider_account_shapes import (
    VERSION_MAX,
    AccountDiffOut,
    AccountVersionOut,
    AccountVersionPageOut,
    ChangeProviderAccountIn,
    ConnectProviderIn,
    ProviderAccountOut,
    ProviderAccountPageOut,
    RollBackAccountIn,
    VerificationOut,
    account_out,
    accounts_out,
    diff_out,
    verification_out,
    version_out,
    versions_out,
)
from entrypoints.http.routing_shapes import version_cursor

TAG = "Provider accounts"
ONE = "/v1/provider-accounts/{provider_account_id:str}"

Cursor = Annotated[str | None, QueryParameter(max_length=64)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]


@post("/v1/provider-accounts", status_code=201, tags=[TAG], idempotent=True, errors=("BACKPRESSURE",))
@inject
async def connect_provider(
    data: JSONBody[ConnectProviderIn], request: AnyRequest, handler: FromDishka[ConnectProviderHandler]
) -> Response[ProviderAccountOut]:
    """Connect to a provider: keeps an account there, enabled, with its first version in force.

    The configuration and the credentials are checked by the schemas of `GET /v1/providers/{name}`; `errors` points at
    each fault. Credentials are kept sealed and never given again. Ask with `verify` whether the provider takes them.
    """
    command = ConnectProvider(
        provider=data.provider,
        name=data.name,
        config=data.config,
        credentials=data.credentials,
        note=None if data.note is UNSET else data.note,
    )
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/provider-accounts", tags=[TAG], errors=("BACKPRESSURE", "VAL_CURSOR"))
@inject
async def list_provider_accounts(
    *,
    request: AnyRequest,
    handler: FromDishka[ListProviderAccountsHandler],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> ProviderAccountPageOut:
    """List your accounts at providers, disabled ones too, in the order in which they were connected."""
    after = cursor_id(Prefix.PROVIDER_ACCOUNT, cursor)
    command = ListProviderAccounts(after=None if after is None else ProviderAccountId(after), limit=limit)
    return accounts_out(await handler(command, call_of(request)))


@get(ONE, tags=[TAG], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_provider_account(
    provider_account_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetProviderAccountHandler]
) -> ProviderAccountOut:
    """Tell an account as it is in force now, without its credentials."""
    command = GetProviderAccount(_id(provider_account_id))
    return account_out(await handler(command, call_of(request)))


@patch(ONE, tags=[TAG], errors=("BACKPRESSURE", "STATE_CONFLICT"))
@inject
async def change_provider_account(
    provider_account_id: FromPath[str],
    data: JSONBody[ChangeProviderAccountIn],
    request: AnyRequest,
    handler: FromDishka[ChangeProviderAccountHandler],
) -> AccountVersionOut:
    """Change an account: makes the next version, in force in every process within a second, or when you say.

    It is refused when somebody made another version since the one that you have seen, so no idempotency key is needed.
    What is under way goes on under its own version, with the newest credentials.
    """
    command = ChangeProviderAccount(
        id=_id(provider_account_id),
        expected_version=data.expected_version,
        config=None if data.config is UNSET else data.config,
        credentials=None if data.credentials is UNSET else data.credentials,
        note=None if data.note is UNSET else data.note,
        effective_from=None if data.effective_from is UNSET else data.effective_from,
    )
    return version_out(await handler(command, call_of(request)))


@get(f"{ONE}/versions", tags=[TAG], errors=("BACKPRESSURE", "VAL_CURSOR"))
@inject
async def list_account_versions(
    *,
    provider_account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ListAccountVersionsHandler],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> AccountVersionPageOut:
    """List the versions of an account, newest first, and say which one is in force."""
    command = ListAccountVersions(id=_id(provider_account_id), before=version_cursor(cursor), limit=limit)
    return versions_out(await handler(command, call_of(request)))


@get(f"{ONE}/diff", tags=[TAG], errors=("BACKPRESSURE",))
@inject
async def diff_account_versions(
    *,
    provider_account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[DiffAccountVersionsHandler],
    from_version: Annotated[int, QueryParameter(name="from", ge=1, le=VERSION_MAX)],
    to_version: Annotated[int, QueryParameter(name="to", ge=1, le=VERSION_MAX)],
) -> AccountDiffOut:
    """Tell what differs between two versions; of credentials only whether others go with the later one."""
    command = DiffAccountVersions(id=_id(provider_account_id), before=from_version, after=to_version)
    return diff_out(await handler(command, call_of(request)))


@post(
    f"{ONE}/rollback",
    status_code=200,
    tags=[TAG],
    errors=("BACKPRESSURE", "STATE_CONFLICT", "PROV_CREDENTIALS_SEALED"),
)
@inject
async def roll_back_account(
    provider_account_id: FromPath[str],
    data: JSONBody[RollBackAccountIn],
    request: AnyRequest,
    handler: FromDishka[RollBackAccountHandler],
) -> AccountVersionOut:
    """Go back to an earlier version: makes the next version with what that one said, in force at once."""
    command = RollBackAccount(
        id=_id(provider_account_id),
        version=data.version,
        expected_version=data.expected_version,
        with_credentials=data.with_credentials,
        note=None if data.note is UNSET else data.note,
    )
    return version_out(await handler(command, call_of(request)))


@post(
    f"{ONE}/verify",
    status_code=200,
    tags=[TAG],
    errors=("BACKPRESSURE", "PROV_CREDENTIALS_SEALED", "ROUTE_NO_PROVIDER"),
    never=("VAL_FIELD",),
)
@inject
async def verify_account(
    provider_account_id: FromPath[str], request: AnyRequest, handler: FromDishka[VerifyAccountHandler]
) -> VerificationOut:
    """Ask the provider whether it takes the credentials that are in force. No money moves, and nothing changes here."""
    command = VerifyAccount(_id(provider_account_id))
    return verification_out(await handler(command, call_of(request)))


@post(f"{ONE}/enable", status_code=200, tags=[TAG], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def enable_account(
    provider_account_id: FromPath[str], request: AnyRequest, handler: FromDishka[SetAccountStateHandler]
) -> ProviderAccountOut:
    """Let new payments go to an account. Repeating it changes nothing."""
    command = SetAccountState(id=_id(provider_account_id), state=AccountState.ENABLED)
    return account_out(await handler(command, call_of(request)))


@post(f"{ONE}/disable", status_code=200, tags=[TAG], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def disable_account(
    provider_account_id: FromPath[str], request: AnyRequest, handler: FromDishka[SetAccountStateHandler]
) -> ProviderAccountOut:
    """Let no new payments go to an account; what is under way there is finished. Repeating it changes nothing."""
    command = SetAccountState(id=_id(provider_account_id), state=AccountState.DISABLED)
    return account_out(await handler(command, call_of(request)))


def _id(text: str) -> ProviderAccountId:
    return ProviderAccountId(id_in_path(Prefix.PROVIDER_ACCOUNT, text))


PROVIDER_ACCOUNT_ROUTES = (
    connect_provider,
    list_provider_accounts,
    get_provider_account,
    change_provider_account,
    list_account_versions,
    diff_account_versions,
    roll_back_account,
    verify_account,
    enable_account,
    disable_account,
)
