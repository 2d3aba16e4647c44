"""Starts the foreign gateway as a process of its own, and stops it."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from entrypoints.simulator.app import make_app
from entrypoints.simulator.dialects import dialects
from entrypoints.simulator.entrances import Entrances
from entrypoints.simulator.gateway import Delays, Gateway
from entrypoints.simulator.logs import log
from entrypoints.simulator.store import Store
from entrypoints.simulator.trouble.trouble import Trouble
from entrypoints.simulator.views import Views

_SHUTDOWN_SECONDS = 0.2


def run(
    *,
    host: str,
    port: int,
    data_file: Path,
    api_key: str,
    callback_secret: str,
    bank_customers: Path | None = None,
    ready_line: bool = True,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop within two seconds, dropping the requests that hang.

    Port 0 takes a free one. With `ready_line`, one JSON object with the `url` goes to standard output as soon as
    requests are taken. Below `bank_customers` the bank finds the folders of its customers.

    Raises OSError when the port is taken, ValueError when a secret is empty.
    """
    serving = running(
        host=host,
        port=port,
        data_file=data_file,
        api_key=api_key,
        callback_secret=callback_secret,
        bank_customers=bank_customers,
    )
    asyncio.run(_serve(serving, ready_line=ready_line))


@asynccontextmanager
async def running(
    *,
    host: str,
    port: int,
    data_file: Path,
    api_key: str,
    callback_secret: str,
    delays: Delays | None = None,
    bank_customers: Path | None = None,
) -> AsyncIterator[str]:
    """Serve inside the running event loop for as long as the block lasts; gives the URL."""
    if not api_key or not callback_secret:
        raise ValueError("the simulator needs an API key and a callback secret")
    delays = delays or Delays()
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, port), backlog=512))
        url = f"http://{host}:{listener.getsockname()[1]}"
        store = stack.enter_context(contextlib.closing(Store(data_file)))
        gateway = Gateway(store, Views(url), delays)
        trouble = Trouble(hang_seconds=delays.hang_seconds)
        others = await stack.enter_async_context(
            dialects(
                store,
                trouble,
                data_file,
                public_url=url,
                api_key=api_key,
                secret=callback_secret,
                delays=delays,
                bank_customers=bank_customers,
            )
        )
        entrances = stack.enter_context(contextlib.closing(Entrances(host)))
        others = [*others, entrances]
        app = make_app(store, gateway, others, trouble, api_key=api_key, callback_secret=callback_secret, delays=delays)
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        entrances.begin(runner)
        try:
            await web.SockSite(runner, listener).start()
            yield url
        finally:
            await runner.cleanup()


async def _serve(serving: AbstractAsyncContextManager[str], *, ready_line: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving as url:
        log("info", "simulator.ready", url=url)
        if ready_line:
            sys.stdout.write(msgspec.json.encode({"event": "ready", "url": url}).decode() + "\n")
            sys.stdout.flush()
        await stopping.wait()
    log("info", "simulator.stopped")
