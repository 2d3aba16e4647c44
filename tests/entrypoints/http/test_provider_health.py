"""The door to the health of provider accounts: what is told, what a person decides, and that payments heed it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from dishka import Provider, Scope, provide

from adapters.providerkit.guarding.board import ProviderHealthBoard
from application.ports.identity import Tenants
from application.ports.provider_health import ProviderHealth
from application.ports.providers import ProviderAccount, Providers
from domain.ids import ProviderAccountId, TenantId
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import JSON, Shop
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

NOBODYS = f"/v1/provider-accounts/pac_{'0' * 32}"


def place(shop: Shop) -> str:
    return f"/v1/provider-accounts/{shop.account}"


async def test_an_untouched_account_is_healthy_and_left_to_the_service(shop: Shop) -> None:
    told = (await shop.get(f"{place(shop)}/health")).json()

    assert (told["provider_account_id"], told["provider"], told["is_healthy"]) == (shop.account, "sandbox", True)
    assert told["breaker"] == {"setting": "auto", "note": None, "actor": None, "set_at": None}
    assert [(one["operation_class"], one["state"]) for one in told["circuits"]] == [
        ("finishing", "closed"),
        ("money", "closed"),
        ("asking", "closed"),
    ]
    assert (told["under_way"], told["waiting"]) == (0, 0)


async def test_what_is_set_by_hand_is_told_kept_and_on_record(shop: Shop, owner_url: str) -> None:
    said = await shop.put(f"{place(shop)}/breaker", {"setting": "open", "note": "they are down"})
    told = (await shop.get(f"{place(shop)}/health")).json()

    assert said.status == 200
    assert said.json()["is_healthy"] is told["is_healthy"] is False
    assert (told["breaker"]["setting"], told["breaker"]["note"]) == ("open", "they are down")
    assert told["breaker"]["actor"].startswith("prn_")
    connection = await asyncpg.connect(owner_url)
    sql = (
        "select action, subject, details::text from fm.audit_events where tenant_id = $1 and action like 'provider_a%'"
    )
    records = [tuple(row) for row in await connection.fetch(sql, shop.tenant_id)]
    await connection.close()
    assert records == [
        ("provider_account.breaker_set", shop.account, '{"note": "they are down", "setting": "open"}'),
    ]


async def test_given_back_it_is_healthy_again(shop: Shop) -> None:
    await shop.put(f"{place(shop)}/breaker", {"setting": "open"})

    back = await shop.put(f"{place(shop)}/breaker", {"setting": "auto"})

    assert (back.json()["is_healthy"], back.json()["breaker"]["setting"]) == (True, "auto")


@pytest.mark.parametrize("body", [{}, {"setting": "ajar"}, {"setting": "open", "more": 1}, {"setting": None}])
async def test_what_is_no_setting_is_refused(visitor: Shop, body: dict[str, object]) -> None:
    refused = await visitor.put(f"{place(visitor)}/breaker", body)

    assert (refused.status, refused.code) == (422, "VAL_FIELD")


async def test_what_is_nobodys_is_not_found(visitor: Shop) -> None:
    for path in (NOBODYS, "/v1/provider-accounts/nonsense"):
        assert (await visitor.get(f"{path}/health")).code == "NOT_FOUND"
        assert (await visitor.put(f"{path}/breaker", {"setting": "open"})).code == "NOT_FOUND"


class Heeding(ProviderSet):
    """Providers of the test whose health the board tells, as the application has it."""

    board: ProviderHealthBoard

    async def accounts(self, tenant_id: TenantId, *, anew: bool = False) -> tuple[ProviderAccount, ...]:
        accounts = await super().accounts(tenant_id, anew=anew)
        await self.board.refresh(tenant_id, [one.id for one in accounts])
        return accounts

    def is_healthy(self, provider_account_id: ProviderAccountId) -> bool:
        return self.board.is_healthy(provider_account_id)


class TheseHeedingProviders(TheseProviders):
    """Puts them in the place of the real ones."""

    scope = Scope.APP

    def __init__(self, providers: Heeding) -> None:
        super().__init__(providers)
        self._heeding = providers

    @provide(override=True)
    def providers(self, tenants: Tenants, board: ProviderHealthBoard) -> Providers:
        self._heeding.tenants = tenants
        self._heeding.board = board
        return self._heeding


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[Service]:
    overrides: tuple[Provider, ...] = (
        TheseHeedingProviders(Heeding(ScriptedProvider("primary"), ScriptedProvider("secondary"))),
    )
    async with serving(settings_for(database), *overrides) as service:
        yield service


async def test_new_payments_go_elsewhere_while_an_account_is_open_by_hand(pair: Service) -> None:
    shop = await pair.open_shop()
    before = await shop.paid()
    await shop.put(f"{place(shop)}/breaker", {"setting": "open"})
    meanwhile = await shop.paid()
    route = (await shop.get(f"/v1/payments/{meanwhile['id']}/route")).json()
    await shop.put(f"{place(shop)}/breaker", {"setting": "auto"})
    after = await shop.paid()

    assert [one["provider"] for one in (before, meanwhile, after)] == ["primary", "secondary", "primary"]
    assert [one["provider"] for one in route["candidates"] if one["rank"] == 1] == ["secondary"]
    assert await pair.worker.get(ProviderHealth) is await pair.worker.get(ProviderHealthBoard)


async def test_what_no_body_can_be_is_refused_as_everywhere(visitor: Shop) -> None:
    path = f"{place(visitor)}/breaker"
    headers = [("authorization", f"Bearer {visitor.api_key}")]
    said = [
        await visitor.line("PUT", path, b"{", [*headers, JSON]),
        await visitor.line("PUT", path, b" " * 1_000_000, [*headers, JSON]),
        await visitor.line("PUT", path, b"{}", [*headers, JSON, ("content-encoding", "gzip")]),
        await visitor.line("PUT", path, b'{"setting": "open"}', [("authorization", "Bearer nobody"), JSON]),
        await visitor.line("GET", f"{place(visitor)}/health?a=%00", b"", headers),
    ]

    assert [one.code for one in said] == [
        "REQUEST_MALFORMED",
        "REQUEST_TOO_LARGE",
        "MEDIA_TYPE_UNSUPPORTED",
        "AUTH_INVALID",
        "REQUEST_MALFORMED",
    ]
