"""What the scenario needs beside the account that every tenant begins with: more accounts at providers, and rules.

They are kept by the tenant and found again by their names. The simulator has a new address at each start, so an account
that is there already gets a version with the new one.
"""

import asyncio
from typing import Any

import msgspec

from entrypoints.cli.scenario.shop import Shop

CARDS_A, CARDS_B, KHALTI, ESEWA, BANK = "Cards A", "Cards B", "Khalti", "eSewa", "Bank"
ENTRANCES = {CARDS_A: "cards-a", CARDS_B: "cards-b"}
"""The address at the simulator at which an account is reached, and which can be shut alone."""

BY_CARD = "card"
"""Payments of this method go to the first account, then to the second; all others to the one of the beginning."""

_NOTE = "the demo scenario"
_CREATED = 201
_OK = 200


class Furnishing(msgspec.Struct, frozen=True):
    """An account as the scenario needs it."""

    name: str
    provider: str
    config: dict[str, object]
    credentials: dict[str, object]

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"Furnishing({self.name!r})"


async def furnish(shop: Shop) -> None:
    """Connect what is missing, lead the rest to where the simulator is now, and set the rules. Raises ValueError."""
    known = await accounts_of(shop)
    wanted = [*await _card_accounts(shop), *_wallets(shop), _bank()]
    beginning = next(one["id"] for name, one in known.items() if name not in {made.name for made in wanted})
    await _let_all_through(shop, beginning)
    await asyncio.gather(*(_connect(shop, one, known.get(one.name)) for one in wanted))
    await _set_rules(shop, beginning)


async def accounts_of(shop: Shop) -> dict[str, Any]:
    """Read the tenant's accounts at providers, by their names."""
    return {one["name"]: one for one in await shop.list_all("/v1/provider-accounts?limit=100")}


def card_credentials(shop: Shop) -> dict[str, object]:
    """Give what opens the card gateway."""
    addresses = shop.addresses
    return {"api_key": addresses.simulator_key, "callback_secrets": [addresses.simulator_secret]}


async def _set_rules(shop: Shop, beginning: str) -> None:
    """Send cards to one account and then to the other, and everything else to the account of the beginning."""
    rules = await shop.read("/v1/routing/rules?limit=1")
    latest = next(iter(rules["data"]), {"version": 0, "note": None})
    if latest["note"] == _NOTE:
        return
    accounts = await accounts_of(shop)
    by_card = _targets(accounts[CARDS_A]["id"], accounts[CARDS_B]["id"])
    body = {
        "expected_version": latest["version"],
        "note": _NOTE,
        "rules": [
            {"name": "cards", "methods": [BY_CARD], "targets": by_card},
            {"name": "all others", "targets": _targets(beginning)},
        ],
    }
    answer = await shop.put("/v1/routing/rules", body)
    if answer.status != _OK:
        raise ValueError(f"the rules were to be set, but the API answered {answer.verdict}")


async def _let_all_through(shop: Shop, account: str) -> None:
    """Keep a circuit closed by hand: so many answers are lost there on purpose that it would open, and rightly so."""
    body = {"setting": "closed", "note": "the demo scenario loses answers on purpose"}
    answer = await shop.put(f"/v1/provider-accounts/{account}/breaker", body)
    if answer.status != _OK:
        raise ValueError(f"a breaker was to be closed, but the API answered {answer.verdict}")


async def _card_accounts(shop: Shop) -> list[Furnishing]:
    made = []
    for name, entrance in ENTRANCES.items():
        opened = await shop.at_the_provider(f"entrances/{entrance}", {"is_open": True})
        made.append(Furnishing(name, "sandbox", {"base_url": opened["url"]}, card_credentials(shop)))
    return made


def _wallets(shop: Shop) -> tuple[Furnishing, ...]:
    url, key, secret = shop.addresses.simulator_url, shop.addresses.simulator_key, shop.addresses.simulator_secret
    khalti: dict[str, object] = {
        "base_url": f"{url}/khalti/api/v2",
        "refund_url": f"{url}/khalti/api",
        "website_url": "http://shop.example",
    }
    esewa: dict[str, object] = {
        "form_url": f"{url}/esewa/api/epay/main/v2/form",
        "status_url": f"{url}/esewa/api/epay/transaction/status/",
        "product_code": "EPAYTEST",
    }
    return (
        Furnishing(KHALTI, "khalti", khalti, {"secret_key": key}),
        Furnishing(ESEWA, "esewa", esewa, {"secret_key": secret, "callback_secrets": [secret]}),
    )


def _bank() -> Furnishing:
    config: dict[str, object] = {
        "folder": {"type": "local"},
        "debtor_name": "Shop GmbH",
        "debtor_iban": "DE09028457998082047609",
        "debtor_bic": "OPSHDEW0",
    }
    return Furnishing(BANK, "iso20022", config, {})


async def _connect(shop: Shop, wanted: Furnishing, known: Any) -> None:  # noqa: ANN401 -- see `Answer.json`
    if known is None:
        answer = await shop.post("/v1/provider-accounts", msgspec.structs.asdict(wanted))
        if answer.status != _CREATED:
            raise ValueError(f"{wanted.name} was to be connected, but the API answered {answer.verdict}")
        return
    config = known["in_force"]["config"]
    if all(config.get(name) == value for name, value in wanted.config.items()):
        return
    path = f"/v1/provider-accounts/{known['id']}"
    body = {
        "config": wanted.config,
        "credentials": wanted.credentials,
        "expected_version": known["latest_version"],
    }
    answer = await shop.patch(path, body)
    if answer.status != _OK:
        raise ValueError(f"{wanted.name} was to be changed, but the API answered {answer.verdict}")


def _targets(*ids: str) -> list[dict[str, str]]:
    return [{"provider_account_id": one} for one in ids]
