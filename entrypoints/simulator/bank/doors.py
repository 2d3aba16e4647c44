"""The bank's doors: its books to look at, its clock to push; and the task that works while it is open."""

import asyncio
import contextlib
import sqlite3

import msgspec
from aiohttp import web

from entrypoints.simulator.bank.books import BankAccount, BankTransfer, Entry
from entrypoints.simulator.bank.clerk import Clerk
from entrypoints.simulator.doors import said
from entrypoints.simulator.logs import log

POLL_SECONDS = 0.2


class AccountView(msgspec.Struct, frozen=True):
    """An account with everything that moved on it."""

    account: BankAccount
    entries: list[Entry]


class TransfersView(msgspec.Struct, frozen=True):
    """Every transfer that the bank has taken."""

    transfers: list[BankTransfer]


class BankDoors:
    """The bank as the process plays it."""

    def __init__(self, clerk: Clerk) -> None:
        """Join the doors with the clerk behind them."""
        self._clerk = clerk
        self._task: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [
            web.get("/bank/accounts/{number}", self.show_accounts),
            web.get("/bank/transfers", self.show_transfers),
            web.post("/control/bank/work", self.work),
            web.post("/control/bank/statements", self.state_accounts),
        ]

    async def show_accounts(self, request: web.Request) -> web.StreamResponse:
        """Show the accounts of a number, one for each currency, with their entries."""
        books = self._clerk.books
        accounts = books.accounts(request.match_info["number"])
        return said({"accounts": [AccountView(account, books.entries(account)) for account in accounts]})

    async def show_transfers(self, _request: web.Request) -> web.StreamResponse:
        """Show every transfer and what became of it."""
        return said(TransfersView(self._clerk.books.transfers()))

    async def work(self, _request: web.Request) -> web.StreamResponse:
        """Take the files that are there and do what is due, at once."""
        self._clerk.work()
        return said({"status": "ok"})

    async def state_accounts(self, _request: web.Request) -> web.StreamResponse:
        """Send a statement for each account."""
        return said({"statements": self._clerk.state_accounts()})

    async def start(self) -> None:
        """Begin to work by itself."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not done stays in the books and the folders."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                self._clerk.work()
            except (OSError, sqlite3.Error) as fault:
                log("error", "bank.failed", fault=str(fault))
            await asyncio.sleep(POLL_SECONDS)
