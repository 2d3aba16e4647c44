"""The API as a process of its own, started as an operator starts it, and killed as nobody should."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import aiohttp
from yarl import URL

from entrypoints.settings import Settings
from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.shop import Line

ROOT = Path(__file__).parents[3]
READY_SECONDS = 30.0


class LiveApi(Line):
    """One server process. Its settings come from the environment, as they do in production."""

    def __init__(self, settings: Settings, *, port: int, log: Path) -> None:
        """Start it; what it logs goes to the file."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.http.main"],
                cwd=ROOT,
                env=environment_of(settings) | {"API_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._session: aiohttp.ClientSession | None = None

    async def wait_ready(self) -> "LiveApi":
        """Wait until it answers that it can work."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), trust_env=False)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                if (await self("GET", "/health/ready", b"", [])).status == 200:
                    return self
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)

    async def __call__(self, method: str, target: str, body: bytes, headers: Iterable[Header]) -> Answer:
        """Send a request. Raises aiohttp.ClientError when the process dies meanwhile."""
        assert self._session is not None
        url = URL(f"{self.url}{target}", encoded=True)
        async with self._session.request(method, url, data=body or None, headers=list(headers)) as response:
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, found, await response.read())

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()

    async def close(self) -> None:
        """End it and forget it."""
        if self._session is not None:
            await self._session.close()
        self.kill()


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings as the environment of a process that inherits nothing else but where programs are."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        own[name.upper()] = (
            ",".join(value)
            if isinstance(value, tuple)
            else str(value).lower()
            if isinstance(value, bool)
            else str(value)
        )
    return own
