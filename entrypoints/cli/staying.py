"""Builds the house, shows it, and stays in it until somebody says to stop."""

import asyncio

from entrypoints.cli import output
from entrypoints.cli.demonstration import demonstrate, refurnish, show
from entrypoints.cli.supervision.ground import Ground
from entrypoints.cli.supervision.house import House, house_built
from entrypoints.cli.supervision.tenants import FIRST

KEY_VARIABLE = "MEDIATOR_API_KEY"


async def stay(ground: Ground) -> int:
    """Build the house, play the scenario once, say how to use it, and stay. Gives the exit code. Raises Trouble."""
    async with house_built(ground) as house:
        demonstration = None
        if ground.plan.has_demo:
            demonstration = await house.guarded(demonstrate(house))
        elif house.tenants.demo is not None:
            await house.guarded(refurnish(house))
        ground.steps.finish()
        if demonstration is not None:
            show(output.answers(), demonstration)
        for line in welcome(house):
            output.say(line)
        try:
            await house.watch()
        except asyncio.CancelledError:
            output.say("Stopping: the API first, the stores last. Ctrl-C once more kills everything.")
            return 0


def welcome(house: House) -> tuple[str, ...]:
    """Say where everything is, and how to make a first payment."""
    folder = house.ground.plan.folder
    first, ports = house.tenants.first, house.ground.metrics_ports
    stores = "" if house.ground.stores.embedded is None else f" and {folder.stores / 'logs'}/{{postgres,valkey}}.log"
    if first is None:
        key = f"${KEY_VARIABLE}"
        about_key = (
            f"API key     was printed when the tenant was opened: export {KEY_VARIABLE}=...",
            "            Lost it? `mediator tenants open NAME` opens another tenant and prints its key.",
        )
    else:
        key = first.api_key
        about_key = (f"API key     {key}", f"            of {FIRST.name!r}, shown this once and kept nowhere.")
    return (
        "",
        "FinancialMediator is up. Ctrl-C stops it.",
        f"API         {house.api_url}",
        f"API docs    {house.api_url}/api/docs",
        f"Health      {house.api_url}/health/ready",
        "Metrics     " + ", ".join(f"{name} http://127.0.0.1:{port}/metrics" for name, port in ports.items()),
        f"Simulator   {house.ground.simulator_url}",
        f"Logs        {folder.logs}/{{api,worker,relay,simulator}}.log{stores}",
        *about_key,
        "A payment:",
        curl_line(house.api_url, key),
    )


def curl_line(api_url: str, key: str) -> str:
    """Write the command that makes a payment, ready to be pasted into a shell; each second makes another payment."""
    body = '{"amount": 1999, "currency": "EUR", "payment_method": "tok_success", "reference": "my first payment"}'
    headers = f'-H "Authorization: Bearer {key}" -H "Content-Type: application/json" -H "Idempotency-Key: $(date +%s)"'
    return f"curl -sS {api_url}/v1/payments {headers} -d '{body}'"
