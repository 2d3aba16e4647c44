"""`mediator providers health|breaker`."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from application.ports.provider_health import AccountHealth, Breakers, BreakerSetting, ProviderHealth
from application.providers.get_health import GetHealth, GetHealthHandler
from application.providers.set_breaker import SetBreaker, SetBreakerHandler
from domain.ids import Prefix, ProviderAccountId
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, Asking, YesOption
from entrypoints.cli.ledger.showing import tell
from entrypoints.cli.providers.health_shown import health_shown, health_tables

MEANINGS = {
    BreakerSetting.OPEN: "Let no new money through to",
    BreakerSetting.CLOSED: "Let everything through, failures or not, to",
    BreakerSetting.AUTO: "Give back to the service the breaker of",
}


def health(
    account: Annotated[str, Parameter(help="The provider account: pac_...; all of the tenant's if left out.")] = "",
    *,
    asking: Asking = HERE,
) -> None:
    """Show how provider accounts are doing: what all processes know of their circuits, and what was set by hand.

    Calls and requests under way are counted by each process for itself; the API shows its own.
    """
    account_id = ProviderAccountId(id_in(Prefix.PROVIDER_ACCOUNT, account)) if account else None
    found = at_desk(asking, partial(_health, account_id=account_id))
    tell([health_shown(one) for one in found], *health_tables(found), as_json=asking.json)


async def _health(desk: Desk, *, account_id: ProviderAccountId | None) -> tuple[AccountHealth, ...]:
    if account_id is not None:
        handler = await desk.get(GetHealthHandler)
        return (await handler(GetHealth(provider_account_id=account_id), desk.call()),)
    breakers: Breakers = await desk.container.get(Breakers)
    known: ProviderHealth = await desk.container.get(ProviderHealth)
    return tuple([await known.of(desk.tenant_id, one) for one in await breakers.all(desk.tenant_id)])


def breaker(
    account: Annotated[str, Parameter(help="The provider account: pac_...")],
    setting: Annotated[BreakerSetting, Parameter(help="open: no new money; closed: nothing is refused; auto.")],
    *,
    note: Annotated[str, Parameter(name="--note", help="Why, for those who read it later.")] = "",
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Open or close an account's circuit breaker by hand, or give it back: every process heeds it within a second.

    Open stops new money only. Captures, voids, refunds and questions go on, so that what is under way can end.
    """
    account_id = ProviderAccountId(id_in(Prefix.PROVIDER_ACCOUNT, account))
    confirm(f"{MEANINGS[setting]} {account}?", yes=yes)
    command = SetBreaker(provider_account_id=account_id, setting=setting, note=note or None)
    found = at_desk(asking, partial(_set, command=command))
    tell(health_shown(found), *health_tables((found,)), as_json=asking.json)


async def _set(desk: Desk, *, command: SetBreaker) -> AccountHealth:
    return await (await desk.get(SetBreakerHandler))(command, desk.call())
