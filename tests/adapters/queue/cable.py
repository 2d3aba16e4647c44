"""A cable between a process and a server, to be cut and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import make_url

PIECE = 65_536


class Cable:
    """Listens on a port of its own and passes everything on, both ways; when cut, on nothing."""

    def __init__(self, url: str) -> None:
        self._far_end = make_url(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._lost_word: bytes | None = None

    @property
    def url(self) -> str:
        """The address of the same server through this cable."""
        return self._far_end.set(host="127.0.0.1", port=self._port).render_as_string(hide_password=False)

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _join(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection(self._far_end.host, self._far_end.port)
        self._writers |= {to_near, to_far}
        await asyncio.gather(self._carry(near, to_far), self._carry(far, to_near))

    def lose(self, word: bytes) -> None:
        """Lose the next piece with that word in it, and the connection with it."""
        self._lost_word = word

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(PIECE):
                if self._lost_word is not None and self._lost_word in piece:
                    self._lost_word = None
                    sink.transport.abort()
                    break
                sink.write(piece)
                await sink.drain()
        sink.close()
        self._writers.discard(sink)


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[Cable]:
    cable = Cable(url)
    await cable.mend()
    yield cable
    await cable.cut()
