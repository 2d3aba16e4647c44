"""The scenario says plainly what keeps it from being prepared, and changes nothing that is as it should be."""

import msgspec
import pytest

from entrypoints.cli.scenario.furnishing import BANK, CARDS_A, CARDS_B, ESEWA, KHALTI, furnish
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Step
from tests.entrypoints.cli.scenario.conftest import Script

BEGINNING = {"id": "pac_0", "name": "Sandbox", "latest_version": 1, "in_force": {"config": {}}}


def an_account(name: str, **config: object) -> dict[str, object]:
    return {"id": f"pac_{name[-1]}", "name": name, "latest_version": 3, "in_force": {"config": config}}


def furnished(shop: Shop, cards_url: str) -> list[dict[str, object]]:
    """Every account as `furnish` wants it, the cards at that address."""
    url = shop.addresses.simulator_url
    bank = {"folder": {"type": "local"}, "debtor_name": "Shop GmbH", "debtor_iban": "DE09028457998082047609"}
    return [
        BEGINNING,
        *(an_account(name, base_url=cards_url, deadline_seconds=3.0) for name in (CARDS_A, CARDS_B)),
        an_account(
            KHALTI,
            base_url=f"{url}/khalti/api/v2",
            refund_url=f"{url}/khalti/api",
            website_url="http://shop.example",
        ),
        an_account(
            ESEWA,
            form_url=f"{url}/esewa/api/epay/main/v2/form",
            status_url=f"{url}/esewa/api/epay/transaction/status/",
            product_code="EPAYTEST",
        ),
        an_account(BANK, **bank, debtor_bic="OPSHDEW0", version="pain.001.001.09"),
    ]


async def test_what_is_as_it_should_be_gets_no_new_version(shop: Shop, script: Script) -> None:
    script.answer(200, {"data": furnished(shop, "http://127.0.0.1:7"), "next_cursor": None})
    for _ in (CARDS_A, CARDS_B):
        script.answer(200, {"url": "http://127.0.0.1:7"})
    script.answer(200, {"breaker": {"setting": "closed"}})
    script.answer(200, {"data": [{"version": 4, "note": "the demo scenario"}], "next_cursor": None})

    await furnish(shop)

    assert {(method, path.partition("?")[0]) for method, path, _, _ in script.asked} == {
        ("GET", "/v1/provider-accounts"),
        ("POST", "/control/entrances/cards-a"),
        ("POST", "/control/entrances/cards-b"),
        ("PUT", "/v1/provider-accounts/pac_0/breaker"),
        ("GET", "/v1/routing/rules"),
    }


async def test_accounts_at_an_address_of_before_get_a_version_with_the_new_one(shop: Shop, script: Script) -> None:
    script.answer(200, {"data": furnished(shop, "http://127.0.0.1:6"), "next_cursor": None})
    for _ in (CARDS_A, CARDS_B):
        script.answer(200, {"url": "http://127.0.0.1:7"})
    script.answer(200, {"breaker": {"setting": "closed"}})
    for _ in (CARDS_A, CARDS_B):
        script.answer(200, {"version": 4})
    script.answer(200, {"data": [{"version": 4, "note": "the demo scenario"}], "next_cursor": None})

    await furnish(shop)

    changed = [(path, body) for method, path, _, body in script.asked if method == "PATCH"]
    assert sorted(path for path, _ in changed) == ["/v1/provider-accounts/pac_A", "/v1/provider-accounts/pac_B"]
    assert all(b"127.0.0.1:7" in body and b'"expected_version":3' in body for _, body in changed)


async def test_refusal_says_what_was_wanted(shop: Shop, script: Script) -> None:
    script.answer(200, {"data": [BEGINNING], "next_cursor": None})
    for _ in (CARDS_A, CARDS_B):
        script.answer(200, {"url": "http://127.0.0.1:7"})
    script.answer(409, {"code": "STATE_CONFLICT"})

    with pytest.raises(ValueError, match="a breaker was to be closed, but the API answered 409 STATE_CONFLICT"):
        await furnish(shop)


def test_steps_are_for_shops_that_have_what_they_take(shop: Shop) -> None:
    async def see(_shop: Shop) -> str:
        return ""

    def a_step(*currencies: str, needs_bank: bool = False) -> Step:
        return Step(name="a", expected="", play=see, currencies=currencies, needs_bank=needs_bank)

    assert [a_step().is_for(shop), a_step("EUR", "NPR").is_for(shop), a_step("NPR").is_for(shop)] == [True, True, False]
    assert a_step(needs_bank=True).is_for(shop)
    shop.addresses = msgspec.structs.replace(shop.addresses, has_bank=False)
    assert not a_step(needs_bank=True).is_for(shop)
