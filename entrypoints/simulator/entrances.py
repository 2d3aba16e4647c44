"""Further addresses at which the process is reached: each can be shut alone, as when one provider is down."""

import socket

import msgspec
from aiohttp import web

from entrypoints.simulator.doors import said
from entrypoints.simulator.logs import log
from entrypoints.simulator.words import RefusedError, read_body

_BACKLOG = 512


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the call that opens or shuts an entrance."""

    is_open: bool = True


class EntranceView(msgspec.Struct, frozen=True):
    """An entrance as it stands."""

    name: str
    url: str
    is_open: bool


class _Entrance:
    """One port, held from the first opening on: bound without listening it refuses every connection."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.waiting: socket.socket | None = _bound(host, 0)
        self.port: int = self.waiting.getsockname()[1]
        self.site: web.SockSite | None = None


class Entrances:
    """Opens and shuts them. What is behind all of them, and behind the main address, is the same."""

    def __init__(self, host: str) -> None:
        """Have none; they will be at this host."""
        self._host = host
        self._runner: web.AppRunner | None = None
        self._entrances: dict[str, _Entrance] = {}

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [web.post("/control/entrances/{name:[a-z0-9-]{1,40}}", self.order)]

    def begin(self, runner: web.AppRunner) -> None:
        """Lead to what this runs."""
        self._runner = runner

    def close(self) -> None:
        """Let the ports go that are shut; the runner closes the others."""
        for entrance in self._entrances.values():
            if entrance.waiting is not None:
                entrance.waiting.close()

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Open or shut an entrance, which is made when nobody has asked for it before; give where it is."""
        if self._runner is None:
            raise RefusedError(503, "not_ready", "The simulator is not ready.")
        name, wanted = request.match_info["name"], read_body(await request.read() or b"{}", _Order)
        entrance = self._entrances.get(name)
        if entrance is None:
            entrance = self._entrances[name] = _Entrance(self._host)
        if wanted.is_open:
            await _open(self._runner, entrance)
        else:
            await _shut(self._runner, entrance)
        log("info", "entrance", name=name, is_open=wanted.is_open)
        return said(EntranceView(name, f"http://{self._host}:{entrance.port}", wanted.is_open))


async def _open(runner: web.AppRunner, entrance: _Entrance) -> None:
    if entrance.waiting is None:
        return
    entrance.site = web.SockSite(runner, entrance.waiting, backlog=_BACKLOG)
    entrance.waiting = None
    await entrance.site.start()


async def _shut(runner: web.AppRunner, entrance: _Entrance) -> None:
    """Stop listening, hold the port, and end every connection that came through it: one that is kept is dead, too."""
    if entrance.site is None:
        return
    await entrance.site.stop()
    entrance.site = None
    entrance.waiting = _bound(entrance.host, entrance.port)
    for connection in runner.server.connections if runner.server is not None else ():
        transport = connection.transport
        if transport is not None and transport.get_extra_info("sockname")[1] == entrance.port:
            transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound
