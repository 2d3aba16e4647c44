"""Reading what a source publishes, from a file or over HTTP: bounded in size and in time, and nothing else."""

import asyncio
import io
import time
import zipfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import aiohttp
from yarl import URL

from application.ports.fx import RatesUnreachable, RatesUnreadable

BYTES_MAX = 16 * 1024 * 1024
"""Most that is read, and most that an archive may hold: 27 years of the ECB's rates are 2 MB."""

DEADLINE_SECONDS = 20.0

PAUSE_SECONDS = 300.0
"""How long an address is left alone after it failed, however often it is asked for."""


class Fetch(Protocol):
    """Gets the bytes at a place: an http(s) address, or the path of a file."""

    async def __call__(self, location: str) -> bytes:
        """Give everything that is there. Raises RatesUnreachable."""
        ...


class BoundedFetch(Fetch):
    """Follows no redirect, keeps no cookie, takes no proxy from the environment; a whole answer or none."""

    def __init__(
        self,
        *,
        bytes_max: int = BYTES_MAX,
        deadline_seconds: float = DEADLINE_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """Read at most so much, in at most so long; leave an address that failed alone for so long."""
        self._bytes_max = bytes_max
        self._deadline_seconds = deadline_seconds
        self._pause_seconds = pause_seconds
        self._alone_until: dict[str, float] = {}

    async def __call__(self, location: str) -> bytes:
        """Read a file or an address."""
        if not location.startswith(("http://", "https://")):
            return await self._read(location, asyncio.to_thread(self._from_file, Path(location)))
        place = location.partition("?")[0]
        if time.monotonic() < self._alone_until.get(place, 0.0):
            raise RatesUnreachable(f"{place}: it failed a moment ago, and is left alone for now")
        try:
            return await self._read(location, self._over_http(location))
        except RatesUnreachable:
            self._alone_until[place] = time.monotonic() + self._pause_seconds
            raise

    async def _read(self, location: str, reading: Awaitable[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await reading
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise RatesUnreachable(f"{location}: {type(error).__name__}") from error

    async def _over_http(self, address: str) -> bytes:
        async with (
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"Accept-Encoding": "identity", "User-Agent": "financial-mediator"},
            ) as session,
            session.get(URL(address), allow_redirects=False) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 -- anything else is no rates
                raise RatesUnreachable(f"{address}: HTTP {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                self._require_size(len(body), address)
            return bytes(body)

    def _from_file(self, path: Path) -> bytes:
        with path.open("rb") as file:
            body = file.read(self._bytes_max + 1)
        self._require_size(len(body), str(path))
        return body

    def _require_size(self, size: int, place: str) -> None:
        if size > self._bytes_max:
            raise RatesUnreachable(f"{place}: longer than {self._bytes_max} bytes")


def unpacked(raw: bytes, *, bytes_max: int = BYTES_MAX) -> bytes:
    """Give the one file of a ZIP archive, and anything else as it is. Raises RatesUnreadable for a strange archive."""
    if not raw.startswith(b"PK"):
        return raw
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise RatesUnreadable(f"the archive holds {len(names)} files instead of one")
            with archive.open(names[0]) as file:
                body = file.read(bytes_max + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise RatesUnreadable(f"the archive cannot be read: {error}") from error
    if len(body) > bytes_max:
        raise RatesUnreadable(f"the archive holds more than {bytes_max} bytes")
    return body
