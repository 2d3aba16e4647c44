"""Serves the HTTP API in as many processes as the settings say. `main.py` imports it, and says without what."""

import gc
import socket
import sys
from typing import Final, NoReturn

import anyio._backends._asyncio  # noqa: F401 -- imported once, before the workers are forked, which all need it
import sqlalchemy.dialects.postgresql.asyncpg  # noqa: F401 -- as anyio's
import uvicorn
import uvloop  # noqa: F401 -- as anyio's
from litestar.types import ASGIApp

from adapters.telemetry.logging import configure_logging, get_logger
from entrypoints.http.app import make_app
from entrypoints.http.workers import BACKLOG, Board, Workers, bind
from entrypoints.settings import Settings
from entrypoints.wiring.version import product_version
from entrypoints.wiring.watching import Watching

DRAIN_SECONDS: Final = 4
"""How long a stopping server waits for the requests that it has."""

CANNOT_LISTEN: Final = 1

GARBAGE_THRESHOLDS: Final = (50_000, 20, 50)
"""How many new objects make Python look for circles: rarely, as a request leaves none, and not through what stays."""


class Server(uvicorn.Server):
    """A server that says when it can answer, and looks for garbage only among what came after that."""

    def __init__(self, config: uvicorn.Config, board: Board, number: int, watching: Watching) -> None:
        """Mark this number on the board."""
        super().__init__(config)
        self._board = board
        self._number = number
        self._watching = watching

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        await self._watching.serve()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        gc.enable()
        self._board.mark_started(self._number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way, then tell the last of it."""
        await super().shutdown(sockets)
        await self._watching.end()


def _log(settings: Settings) -> None:
    configure_logging(level=settings.log_level, service=settings.otel_service_name, component="api")


def serve(settings: Settings, *, database: str) -> int:
    """Serve until told to stop; requests in flight are answered first. `database` is its address as it may be shown."""
    _log(settings)
    try:
        sockets = bind(settings.api_host, settings.api_port, count=settings.api_processes)
    except OSError as fault:
        get_logger().error("api.cannot_listen", host=settings.api_host, port=settings.api_port, cause=str(fault))
        return CANNOT_LISTEN
    try:
        watching = Watching(settings, component="api", version=product_version(), processes=len(sockets))
    except OSError as fault:
        host, port = settings.metrics_host, settings.metrics_port
        get_logger().error("metrics.cannot_listen", host=host, port=port, cause=str(fault))
        return CANNOT_LISTEN
    get_logger().info("api.started", database=database, workers=len(sockets))
    return _serve_all(settings, sockets, watching)


def _serve_all(settings: Settings, sockets: list[socket.socket], watching: Watching) -> int:
    """Make the application once, for all the workers that are forked from here; a single one needs no parent."""
    board = Board(len(sockets))
    config = _config(make_app(settings, started=board.is_complete))
    config.load()

    def serve_one(number: int) -> NoReturn:
        watching.begin()
        _serve(Server(config, board, number, watching), sockets[number])

    if len(sockets) == 1:
        serve_one(0)
    return Workers(sockets, board, serve_one).run()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def _serve(server: Server, own: socket.socket) -> NoReturn:
    """Serve on this socket until told to stop, and end the process."""
    try:
        server.run(sockets=[own])
    except KeyboardInterrupt:  # The server has stopped in order, and raises what it was told once more.
        sys.exit(0)
    sys.exit(0 if server.started else CANNOT_LISTEN)
