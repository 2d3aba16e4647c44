"""The door to provider accounts: versions that are only added, credentials that never come back."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from uuid_utils.compat import uuid7

from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import NOWHERE, SECRET_KEY, serving, settings_for
from tests.entrypoints.http.shop import InProcess, Shop, new_key
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, Merchant
from tests.fakes.stores import Database

ACCOUNTS = "/v1/provider-accounts"
MOVED = """
with account as (
  insert into fm.provider_accounts (tenant_id, id, provider, name, state, created_at)
    select $1, id, provider, name, state, created_at from fm.provider_accounts where id = $2::uuid)
insert into fm.provider_account_versions
  select $1, provider_account_id, version, config, credentials, credentials_version, note, actor, rolled_back_from,
    effective_from, created_at from fm.provider_account_versions where provider_account_id = $2::uuid
"""
"""Puts a copy of an account under another tenant, as somebody would who can write the tables."""
NOBODY = f"{ACCOUNTS}/pac_{'0' * 32}"


def sandbox_account(url: str = NOWHERE, **changes: Any) -> dict[str, Any]:
    """Describe an account at the sandbox."""
    return {
        "provider": "sandbox",
        "name": "Cards",
        "config": {"base_url": url},
        "credentials": {"api_key": API_KEY, "callback_secrets": [CALLBACK_SECRET]},
        **changes,
    }


async def connected(shop: Shop, url: str = NOWHERE, **changes: Any) -> Any:
    """Connect, and give the account."""
    answer = await shop.post(ACCOUNTS, sandbox_account(url, **changes))
    assert answer.status == 201, answer
    return answer.json()


async def changed(shop: Shop, account: Any, **body: Any) -> Answer:
    """Change an account after its first version, unless the test says otherwise."""
    return await shop.patch(f"{ACCOUNTS}/{account['id']}", {"expected_version": 1, **body})


async def test_an_account_is_connected_once_under_its_key_and_in_force_at_once(shop: Shop) -> None:
    key = new_key()

    first = await shop.post(ACCOUNTS, sandbox_account(), key=key)
    again = await shop.post(ACCOUNTS, sandbox_account(), key=key)
    other = await shop.post(ACCOUNTS, sandbox_account(name="Other"), key=key)

    account = first.json()
    assert (first.status, first.headers["location"]) == (201, f"{ACCOUNTS}/{account['id']}")
    assert (account["provider"], account["name"], account["state"], account["latest_version"]) == (
        *("sandbox", "Cards", "enabled"),
        1,
    )
    assert account["in_force"]["config"] == {"base_url": NOWHERE, "deadline_seconds": 2.0}
    assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")
    assert (other.status, other.code) == (422, "IDEM_MISMATCH")
    assert (await shop.get(f"{ACCOUNTS}/{account['id']}")).json() == account
    assert [one["name"] for one in await shop.all(ACCOUNTS)] == ["Sandbox", "Cards"]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"provider": "nobody"}, ["/provider"]),
        ({"config": {}}, ["/config/base_url"]),
        ({"config": {"base_url": "ftp://x"}}, ["/config/base_url"]),
        ({"config": {"base_url": NOWHERE, "a/b": 1}}, ["/config/a~1b"]),
        ({"config": {"base_url": 1, "deadline_seconds": 0}}, ["/config/base_url", "/config/deadline_seconds"]),
        ({"credentials": {}}, ["/credentials/api_key", "/credentials/callback_secrets"]),
        ({"credentials": {"api_key": "k", "callback_secrets": ["a", 2]}}, ["/credentials/callback_secrets/1"]),
        ({"config": {}, "credentials": {"api_key": ""}}, ["/config/base_url", "/credentials/callback_secrets"]),
    ],
)
async def test_every_fault_is_pointed_at_and_nothing_is_kept(
    shop: Shop, changes: dict[str, Any], pointers: list[str]
) -> None:
    answer = await shop.post(ACCOUNTS, sandbox_account(**changes))

    assert (answer.status, answer.code) == (422, "VAL_FIELD")
    assert sorted(one["pointer"] for one in answer.json()["errors"]) == sorted(pointers)
    assert len(await shop.all(ACCOUNTS)) == 1


async def test_a_change_makes_the_next_version_and_leaves_the_one_before(shop: Shop) -> None:
    account = await connected(shop)

    answer = await changed(shop, account, config={"base_url": NOWHERE, "deadline_seconds": 5}, note="slower")

    versions = (await shop.get(f"{ACCOUNTS}/{account['id']}/versions")).json()
    assert (answer.status, answer.json()["version"], answer.json()["note"]) == (200, 2, "slower")
    assert versions["in_force"] == 2
    assert [(one["version"], one["config"]["deadline_seconds"]) for one in versions["data"]] == [(2, 5.0), (1, 2.0)]
    assert [one["credentials_version"] for one in versions["data"]] == [1, 1]
    assert versions["data"][1] == account["in_force"]


async def test_a_change_after_a_version_that_is_not_the_latest_is_refused(shop: Shop) -> None:
    account = await connected(shop)
    await changed(shop, account, note="first", config={"base_url": NOWHERE, "deadline_seconds": 3})

    late = await changed(shop, account, note="second", config={"base_url": NOWHERE, "deadline_seconds": 4})
    early = await changed(shop, account, expected_version=9, config={"base_url": NOWHERE})

    assert (late.status, late.code) == (409, "STATE_CONFLICT")
    assert (early.status, early.code) == (409, "STATE_CONFLICT")
    assert (await shop.get(f"{ACCOUNTS}/{account['id']}")).json()["latest_version"] == 2


async def test_a_change_that_says_nothing_is_refused(shop: Shop) -> None:
    answer = await changed(shop, await connected(shop), note="nothing")

    assert (answer.status, answer.code) == (422, "VAL_FIELD")


async def test_a_change_for_later_waits(shop: Shop) -> None:
    account = await connected(shop)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    await changed(shop, account, config={"base_url": NOWHERE, "deadline_seconds": 5}, effective_from=later)

    told = (await shop.get(f"{ACCOUNTS}/{account['id']}")).json()
    assert (told["in_force"]["version"], told["latest_version"]) == (1, 2)


async def test_a_diff_tells_what_differs_and_of_credentials_only_that(shop: Shop) -> None:
    account = await connected(shop)
    await changed(
        shop,
        account,
        config={"base_url": f"{NOWHERE}/new", "deadline_seconds": 2},
        credentials={"api_key": "sk_of_the_diff", "callback_secrets": ["whsec_of_the_diff"]},
    )

    diff = await shop.get(f"{ACCOUNTS}/{account['id']}/diff", **{"from": 1, "to": 2})

    assert diff.json() == {
        "from_version": 1,
        "to_version": 2,
        "changes": [{"pointer": "/base_url", "before": NOWHERE, "after": f"{NOWHERE}/new"}],
        "credentials_changed": True,
    }


async def test_going_back_makes_a_version_with_the_old_words_and_the_newest_credentials(shop: Shop) -> None:
    account = await connected(shop)
    await changed(
        shop,
        account,
        config={"base_url": NOWHERE, "deadline_seconds": 5},
        credentials={"api_key": "sk_new", "callback_secrets": ["whsec_new"]},
    )
    path = f"{ACCOUNTS}/{account['id']}/rollback"

    back = (await shop.post(path, {"version": 1, "expected_version": 2})).json()
    wholly = (await shop.post(path, {"version": 1, "expected_version": 3, "with_credentials": True})).json()
    late = await shop.post(path, {"version": 1, "expected_version": 3})
    nowhere = await shop.post(path, {"version": 8, "expected_version": 4})

    assert (back["version"], back["rolled_back_from"], back["config"]) == (3, 1, account["in_force"]["config"])
    assert (back["credentials_version"], wholly["credentials_version"]) == (2, 4)
    assert (late.code, nowhere.code) == ("STATE_CONFLICT", "NOT_FOUND")


async def test_the_provider_is_asked_whether_it_takes_the_credentials(shop: Shop, sandbox: Merchant) -> None:
    good, away = await connected(shop, sandbox.url), await connected(shop)
    wrong = {"api_key": "sk_wrong", "callback_secrets": [CALLBACK_SECRET]}
    bad = await connected(shop, sandbox.url, credentials=wrong)

    said = [(await shop.post(f"{ACCOUNTS}/{one['id']}/verify")).json() for one in (good, bad, away)]

    assert [one["verification"] for one in said] == ["valid", "refused", "unknown"]
    assert [(one["id"], one["version"]) for one in said] == [(good["id"], 1), (bad["id"], 1), (away["id"], 1)]


async def test_the_provider_is_asked_about_the_credentials_of_this_very_moment(shop: Shop, sandbox: Merchant) -> None:
    account = await connected(shop, sandbox.url)
    path = f"{ACCOUNTS}/{account['id']}"
    wrong = {"api_key": "sk_wrong", "callback_secrets": [CALLBACK_SECRET]}

    before = (await shop.post(f"{path}/verify")).json()
    await shop.patch(path, {"expected_version": 1, "credentials": wrong})
    after = (await shop.post(f"{path}/verify")).json()

    assert (before["version"], before["verification"]) == (1, "valid")
    assert (after["version"], after["verification"]) == (2, "refused")


async def test_rules_may_name_an_account_that_was_connected_just_now(shop: Shop, sandbox: Merchant) -> None:
    assert (await shop.pay()).status == 201
    account = await connected(shop, sandbox.url)

    rule = {"name": "all", "targets": [{"provider_account_id": account["id"]}]}
    answer = await shop.put("/v1/routing/rules", {"rules": [rule], "expected_version": 0})

    assert (answer.status, answer.json()["version"]) == (200, 1)


async def test_new_payments_go_to_enabled_accounts_only(shop: Shop) -> None:
    for _ in range(2):
        disabled = await shop.post(f"{ACCOUNTS}/{shop.account}/disable")
        assert (disabled.status, disabled.json()["state"]) == (200, "disabled")

    refused = await shop.pay()
    enabled = await shop.post(f"{ACCOUNTS}/{shop.account}/enable")

    assert (refused.status, refused.code) == (422, "ROUTE_NO_PROVIDER")
    assert enabled.json()["state"] == "enabled"


@pytest.mark.parametrize("path", ["", "/versions", "/diff?from=1&to=1", "/verify", "/enable", "/disable", "/rollback"])
async def test_an_account_that_is_not_there_is_not_found(visitor: Shop, path: str) -> None:
    if path in {"", "/versions"} or "?" in path:
        answer = await visitor.line("GET", NOBODY + path, b"", [visitor._credential])
    else:
        answer = await visitor.post(NOBODY + path, {"version": 1, "expected_version": 1} if "roll" in path else None)

    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_credentials_under_a_lost_secret_say_so_and_can_be_given_anew(database: Database, shop: Shop) -> None:
    account = await connected(shop)
    lost = settings_for(database, secret_key="another secret of the tests, of no use")
    found = settings_for(database, secret_key=lost.secret_key, secret_key_previous=SECRET_KEY)
    given_anew = {"api_key": API_KEY, "callback_secrets": [CALLBACK_SECRET]}

    async with serving(found) as service:
        ours = Shop(InProcess(service.app), shop.tenant_id, shop.api_key, shop.account)
        known = await ours.post(f"{ACCOUNTS}/{account['id']}/verify")
    async with serving(lost) as service:
        ours = await service.open_shop()
        connection = await asyncpg.connect(database.owner_url)
        await connection.execute(MOVED, ours.tenant_id, account["id"].removeprefix("pac_"))
        await connection.close()
        ours.account = account["id"]
        sealed = await ours.post(f"{ACCOUNTS}/{account['id']}/verify")
        back = {"version": 1, "expected_version": 1, "with_credentials": True}
        refused = await ours.post(f"{ACCOUNTS}/{account['id']}/rollback", back)
        mended = await changed(ours, account, credentials=given_anew)

    assert (known.status, known.json()["verification"]) == (200, "unknown")
    assert (sealed.status, sealed.code) == (409, "PROV_CREDENTIALS_SEALED")
    assert refused.code == "PROV_CREDENTIALS_SEALED"
    assert mended.json()["credentials_version"] == 2


async def test_credentials_are_nowhere_to_be_read(
    shop: Shop, log: io.BytesIO, owner_url: str, sandbox: Merchant
) -> None:
    canaries = [f"canary-{uuid7().hex}" for _ in range(4)]
    first = {"api_key": canaries[0], "callback_secrets": canaries[1:2]}
    second = {"api_key": canaries[2], "callback_secrets": canaries[3:]}
    account = await connected(shop, sandbox.url, credentials=first)
    path = f"{ACCOUNTS}/{account['id']}"
    answers = [
        await changed(shop, account, credentials=second),
        await changed(shop, account, credentials={**second, "more": canaries[0]}),
        await changed(shop, account, expected_version=7, credentials=second),
        await shop.post(ACCOUNTS, sandbox_account(credentials={"api_key": 1, "callback_secrets": canaries[0]})),
        await shop.post(f"{path}/rollback", {"version": 1, "expected_version": 2, "with_credentials": True}),
        await shop.post(f"{path}/verify"),
        await shop.get(path),
        await shop.get(f"{path}/versions"),
        await shop.get(f"{path}/diff", **{"from": 1, "to": 2}),
    ]

    said = msgspec.json.encode(account) + b"".join(one.body for one in answers) + log.getvalue()
    kept = await dumped(owner_url)
    assert b"provider_account.changed" in kept
    for canary in canaries:
        assert canary.encode() not in said
        assert canary.encode() not in kept


async def dumped(owner_url: str) -> bytes:
    """Give every row of every table, with what is kept as bytes as these bytes."""
    connection = await asyncpg.connect(owner_url)
    try:
        names = await connection.fetch(
            "select oid::regclass::text as name from pg_class where relnamespace = 'fm'::regnamespace"
            " and relkind in ('r', 'p') and not relispartition"
        )
        rows = [row for name in names for row in await connection.fetch(f"select * from {name['name']}")]  # noqa: S608 -- our own names
    finally:
        await connection.close()
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()
    )
