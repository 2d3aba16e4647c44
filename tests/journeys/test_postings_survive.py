"""Workers of the API are killed while they post, then the whole house: every key is one posting, and the books hold."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.journeys.households import Start, Up, addresses_of, run_command

CLIENTS = 12
EACH = 25
KILLS = 3
RETRY_SECONDS = 60.0
WORKERS = {"API_WORKERS": "2"}
OPENING = {"code": "test:hot", "currency": "EUR", "normal_balance": "credit", "overdraft": {"policy": "unlimited"}}


class Caller:
    """A careful client: whatever happens to a request, it repeats it with its key until it is answered."""

    def __init__(self, session: aiohttp.ClientSession, up: Up, api_key: str) -> None:
        addresses = addresses_of(up, api_key)
        self._url = addresses.api_url
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._session = session
        self.repeated = 0

    async def make(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Make something under a key; give what was made."""
        async with asyncio.timeout(RETRY_SECONDS):
            while True:
                answer = await self._once(path, body, key)
                if answer is not None:
                    return answer
                self.repeated += 1
                await asyncio.sleep(0.05)

    async def balance(self, account_id: str) -> int:
        """Give what is posted on an account."""
        async with self._session.get(
            f"{self._url}/v1/ledger/accounts/{account_id}/balance", headers=self._headers
        ) as answer:
            said = msgspec.json.decode(await answer.read())
        posted: int = said["posted"]
        return posted

    async def _once(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        """Ask once; None when nobody answered, or was able to."""
        headers = self._headers | {"idempotency-key": key}
        try:
            async with self._session.post(self._url + path, json=body, headers=headers) as answer:
                said: dict[str, Any] = msgspec.json.decode(await answer.read())
        except (aiohttp.ClientError, OSError):
            return None
        if answer.status in {409, 429, 503} and said["retryable"]:
            return None
        assert answer.status == 201, said
        return said


@pytest.mark.parametrize("kind", ["plain", "careful"])
async def test_no_posting_is_lost_or_doubled_by_kills(start_up: Start, kind: str) -> None:
    up = start_up("--port", "0", "--no-demo", environment=WORKERS)
    await asyncio.to_thread(up.wait_ready)
    api_key = up.api_key
    async with aiohttp.ClientSession() as session:
        caller = Caller(session, up, api_key)
        hot = (await caller.make("/v1/ledger/accounts", OPENING, "hot"))["id"]
        other = (await caller.make("/v1/ledger/accounts", OPENING | {"code": "test:other"}, "other"))["id"]
        bodies = {f"key-{number}": _body(hot, other, number, kind) for number in range(CLIENTS * EACH)}
        made: dict[str, str] = {}

        async def go_on(client: int) -> None:
            for number in range(client, len(bodies), CLIENTS):
                key = f"key-{number}"
                made[key] = (await caller.make("/v1/transfers", bodies[key], key))["id"]

        clients = [asyncio.create_task(go_on(client)) for client in range(CLIENTS)]
        for killed in range(KILLS):
            while len(made) < (killed + 1) * len(bodies) // (KILLS + 2):
                await asyncio.sleep(0.005)
            os.kill(max(_workers(up)), signal.SIGKILL)
        await asyncio.gather(*clients)

        up.process.send_signal(signal.SIGKILL)
        up.ended()
        second = start_up("--port", "0", "--no-demo", environment=WORKERS)
        await asyncio.to_thread(second.wait_ready)
        again = Caller(session, second, api_key)
        for key, transfer_id in made.items():
            assert (await again.make("/v1/transfers", bodies[key], key))["id"] == transfer_id
        assert len(set(made.values())) == len(bodies)
        assert [await again.balance(one) for one in (hot, other)] == [-len(bodies), len(bodies)]
    assert caller.repeated > 0, "no kill was felt"
    proof = await asyncio.to_thread(run_command, "prove", "--folder", str(second.folder.path))
    assert (proof.returncode, "The books hold" in proof.stdout) == (0, True), proof.stdout + proof.stderr


def _body(hot: str, other: str, number: int, kind: str) -> dict[str, Any]:
    """Word one unit from the hot account to the other; with a reference it is no plain transfer."""
    reference = {} if kind == "plain" else {"reference": f"invoice-{number}"}
    return {"debit_account": hot, "credit_account": other, "amount": 1, "currency": "EUR"} | reference


def _workers(up: Up) -> set[int]:
    """Give the processes of the API that answer requests: those of its process that have none of their own."""
    family = {pid for pid in up.descendants() if "entrypoints.http" in _command(pid)}
    parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in family}
    return {pid for pid in family - parents if len(family) > 1}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
