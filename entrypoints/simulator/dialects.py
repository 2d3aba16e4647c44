"""The providers that the process plays beside the card gateway, opened together on one data file."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from entrypoints.simulator.app import Dialect
from entrypoints.simulator.bank.books import BankBooks
from entrypoints.simulator.bank.clerk import Clerk
from entrypoints.simulator.bank.doors import BankDoors
from entrypoints.simulator.bank.folders import BankFolders
from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.settlements import Settlements
from entrypoints.simulator.store import Store
from entrypoints.simulator.trouble.trouble import Trouble
from entrypoints.simulator.wallets.books import Wallet, WalletBooks
from entrypoints.simulator.wallets.control import WalletControl
from entrypoints.simulator.wallets.esewa import EsewaDoors
from entrypoints.simulator.wallets.khalti import KhaltiDoors
from entrypoints.simulator.wallets.wallet import Till


def bank_folder_of(data_file: Path) -> Path:
    """Give the folder that holds the bank's `out`, `in` and `taken`: beside the books, named like them."""
    return data_file.with_name(f"{data_file.stem}-bank")


@asynccontextmanager
async def dialects(
    store: Store,
    trouble: Trouble,
    data_file: Path,
    *,
    public_url: str,
    api_key: str,
    secret: str,
    delays: Delays,
    bank_customers: Path | None = None,
) -> AsyncIterator[list[Dialect]]:
    """Open them all for as long as the block lasts; the bank works on its folders meanwhile.

    Below `bank_customers`, where that is given, the bank finds the folders of further customers.
    """
    with contextlib.ExitStack() as stack:
        wallet_books = stack.enter_context(contextlib.closing(WalletBooks(data_file)))
        bank_books = stack.enter_context(contextlib.closing(BankBooks(data_file)))
        khalti, esewa = Till(Wallet.KHALTI, wallet_books), Till(Wallet.ESEWA, wallet_books)
        folders, pace = BankFolders(bank_folder_of(data_file), bank_customers), delays.settle_seconds
        bank = BankDoors(Clerk(bank_books, folders, book_seconds=pace, send_as=trouble.sending))
        await bank.start()
        try:
            yield [
                KhaltiDoors(khalti, key=api_key, public_url=public_url),
                EsewaDoors(esewa, secret=secret),
                WalletControl(khalti, esewa),
                bank,
                Settlements(store, wallet_books),
            ]
        finally:
            await bank.stop()
