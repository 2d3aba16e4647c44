"""The gateway as a process of its own: it starts, stops at once, and forgets nothing when it is killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.entrypoints.simulator.bank.customer import Order, order_file
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, eventually, merchant_of, receiving

START = f"""
import sys
from pathlib import Path
from entrypoints.simulator.main import run
run(host="127.0.0.1", port=int(sys.argv[1]), data_file=Path(sys.argv[2]), api_key="{API_KEY}",
    callback_secret="{CALLBACK_SECRET}")
"""


class Gateway:
    """Starts gateways on one data file."""

    def __init__(self, data_file: Path) -> None:
        self.data_file = data_file
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, port: int = 0) -> tuple[subprocess.Popen[bytes], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(port), str(self.data_file)],
            stdout=subprocess.PIPE,
            stderr=(self.data_file.parent / "log").open("ab"),
            cwd=Path(__file__).parents[3],
        )
        self.started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        return process, msgspec.json.decode(line)["url"] if line else ""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "books.sqlite")
    yield gateway
    for process in gateway.started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stops_at_once_though_requests_hang(gateway: Gateway, number: signal.Signals) -> None:
    process, url = await asyncio.to_thread(gateway.start)
    async with merchant_of(url) as merchant:
        hanging = asyncio.create_task(merchant.charge("tok_timeout", key="k"))
        await eventually(lambda: merchant.is_in("succeeded", "k"))

        began = time.monotonic()
        process.send_signal(number)
        code = await asyncio.to_thread(process.wait)
        took = time.monotonic() - began

        assert (code, took < 2) == (0, True)
        with pytest.raises(aiohttp.ClientError):
            await hanging


async def test_kill_forgets_no_charge_no_key_and_no_callback(gateway: Gateway) -> None:
    async with receiving() as receiver:
        receiver.statuses = [503] * 1000
        process, url = await asyncio.to_thread(gateway.start)
        async with merchant_of(url) as merchant:
            charge = await merchant.charged(key="k", capture=True, callback_url=receiver.url)
            await merchant.post(f"/v1/charges/{charge['id']}/refunds", {"amount": 400})
            await receiver.wait_for(2)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        receiver.taken.clear()
        receiver.statuses.clear()

        _, url = await asyncio.to_thread(gateway.start)

        undelivered = await receiver.wait_for(2)
        assert sorted(callback.json["type"] for callback in undelivered) == ["charge.captured", "refund.succeeded"]
        async with merchant_of(url) as merchant:
            [line] = (await merchant.get("/v1/books?account=acct_1")).json["lines"]
            assert (line["captured"], line["refunded"]) == (1000, 400)
            again = await merchant.charge(key="k", capture=True, callback_url=receiver.url)
            assert (again.replayed, again.json) == (True, charge)


async def test_late_and_pending_effects_survive_a_kill(gateway: Gateway) -> None:
    process, url = await asyncio.to_thread(gateway.start)
    async with merchant_of(url) as merchant:
        await merchant.charged("tok_pending", key="pending")
        with pytest.raises(aiohttp.ClientError):
            await merchant.charge("tok_late", key="late")
        assert (await merchant.operation("late")).status == 404
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)

    _, url = await asyncio.to_thread(gateway.start)

    async with merchant_of(url) as merchant:
        await eventually(lambda: merchant.is_in("succeeded", "pending"))
        await eventually(lambda: merchant.is_in("succeeded", "late"))


def test_taken_port_stops_the_start(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process, url = gateway.start(other.getsockname()[1])
        assert (process.wait(), url) == (1, "")

    assert "Address already in use" in (gateway.data_file.parent / "log").read_text()


def test_log_is_json_and_shows_no_secret(gateway: Gateway) -> None:
    process, url = gateway.start()
    asyncio.run(_one_charge(url))
    process.terminate()
    process.wait()

    text = (gateway.data_file.parent / "log").read_text()
    lines: list[Any] = [msgspec.json.decode(line) for line in text.splitlines()]
    assert {"timestamp", "level", "service", "event"} <= set(lines[0])
    assert "request.answered" in {line["event"] for line in lines}
    assert API_KEY not in text
    assert CALLBACK_SECRET not in text


async def _one_charge(url: str) -> None:
    async with merchant_of(url) as merchant:
        await merchant.charged()


def test_gateway_knows_nothing_of_the_product() -> None:
    check = (
        "import sys, entrypoints.simulator.main\n"
        "print([name for name in sys.modules if name.split('.')[0] in {'domain', 'application', 'adapters'}])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": ""},
    )

    assert answer.stdout.strip() == "[]"


async def test_kill_forgets_no_payment_of_a_wallet_and_no_file_of_the_bank(gateway: Gateway) -> None:
    process, url = await asyncio.to_thread(gateway.start)
    async with merchant_of(url) as merchant:
        order = {
            "return_url": "https://shop.example",
            "website_url": "https://shop.example",
            "amount": 1_000,
            "purchase_order_id": "order-1",
            "purchase_order_name": "Momos",
        }
        address, headers = f"{url}/khalti/api/v2/epayment/initiate/", {"Authorization": f"Key {API_KEY}"}
        async with merchant.session.post(address, json=order, headers=headers) as answer:
            pidx = (await answer.json())["pidx"]
        await merchant.post(f"/control/wallets/khalti/{pidx}", {"state": "completed"})
        folder = gateway.data_file.with_name("books-bank")
        (folder / "out" / "order.xml").write_bytes(order_file([Order("A")]))
        await merchant.post("/control/bank/work")
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)

    _, url = await asyncio.to_thread(gateway.start)

    async with merchant_of(url) as merchant:
        [line] = (await merchant.get("/control/books/khalti")).json["lines"]
        assert (line["charge"], line["captured"]) == (pidx, 1_000)

        async def settled() -> bool:
            return [one["state"] for one in (await merchant.get("/bank/transfers")).json["transfers"]] == ["ACSC"]

        await eventually(settled)
