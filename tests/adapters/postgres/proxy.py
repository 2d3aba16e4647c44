"""A cable to the database that a test can cut: at once, or just when an answer is on its way back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url

CHUNK = 65_536


class Cable:
    """Passes bytes on between the application and the server."""

    def __init__(self) -> None:
        """Begin intact."""
        self.is_dead = False
        self.cuts = 0
        self._words = b""
        self._skip = 0
        self._is_dead_then = False

    def cut_when_the_server_says(self, words: bytes, *, then_dead: bool = False, skip: int = 0) -> None:
        """Swallow the server's message that has these words (after `skip` others that have), and hang up both ends."""
        self._words, self._skip, self._is_dead_then = words, skip, then_dead

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        """Pass one connection on until it ends or is cut."""
        if self.is_dead:
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_connection(host, port)
        ways = (self._pass_on(reader, server_writer), self._pass_back(server_reader, writer))
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, server_writer):
            end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (chunk := await reader.read(CHUNK)) and not self.is_dead:
            writer.write(chunk)
            await writer.drain()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK):
            if self._is_cut_by(chunk):
                return
            writer.write(chunk)
            await writer.drain()

    def _is_cut_by(self, chunk: bytes) -> bool:
        if not self._words or self._words not in chunk:
            return False
        if self._skip:
            self._skip -= 1
            return False
        self._words = b""
        self.cuts += 1
        self.is_dead = self._is_dead_then
        return True


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[tuple[str, Cable]]:
    """Lay a cable to the server of this address; give the address of its near end."""
    cable = Cable()
    far = make_url(url)
    host, port = str(far.host), int(far.port or 5432)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await cable.serve(reader, writer, host, port)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    near = far.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    try:
        yield near.render_as_string(hide_password=False), cable
    finally:
        server.close()
