"""Take in the files that banks have put into drop folders, as callbacks like any other."""

import asyncio
import logging
from dataclasses import dataclass

from application.callbacks.receive_callback import ReceiveCallback, ReceiveCallbackHandler
from application.ports.drop_folders import FILE_MAX_BYTES, DropFolder, ExchangesFiles, Shelf, WaitingFile
from application.ports.identity import Tenants
from application.ports.providers import ProviderAccount, Providers
from application.ports.world import World
from domain.errors import MediatorError
from domain.ids import Prefix, public_id
from domain.manifests import CallbackTransport

FOLDERS_AT_ONCE = 8
NAME_MAX = 255

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakeInFilesHandler:
    """The policy.

    - A file leaves `in` only after it is stored durably; after a crash in between it is read again, and found to be
      known by its content. Several workers at one folder do no harm for the same reason.
    - What cannot be read is stored like all the rest, and listed among callbacks; what is too large to be stored goes
      to a shelf of its own, where a person looks. Nothing goes out of sight.
    - A folder that cannot be reached is told in the log, and keeps no other from being looked at.
    """

    tenants: Tenants
    providers: Providers
    receive: ReceiveCallbackHandler  # a file comes in by the same door as every callback
    world: World

    async def __call__(self) -> int:
        """Look into every folder once; give how many files were taken in."""
        gate = asyncio.Semaphore(FOLDERS_AT_ONCE)
        accounts = [
            account
            for tenant_id in await self.tenants.ids()
            for account in await self.providers.accounts(tenant_id)
            if _brings_files(self.providers, account)
        ]
        return sum(await asyncio.gather(*(self._look(account, gate) for account in accounts)))

    async def _look(self, account: ProviderAccount, gate: asyncio.Semaphore) -> int:
        async with gate:
            try:
                return await self._taken(account)
            except MediatorError as trouble:
                name = public_id(Prefix.PROVIDER_ACCOUNT, account.id)
                _log.warning("drop_folder.not_looked_at %s: %s %s", name, trouble.entry.code, trouble.detail)
                return 0

    async def _taken(self, account: ProviderAccount) -> int:
        provider = await self.providers.open(account.tenant_id, account.id)
        folder = provider.folder if isinstance(provider, ExchangesFiles) else None
        if folder is None:
            return 0
        deadline_seconds = provider.manifest.deadline_seconds
        waiting = await folder.waiting(deadline_seconds=deadline_seconds)
        return sum([await self._take(account, folder, file, deadline_seconds) for file in waiting])

    async def _take(
        self, account: ProviderAccount, folder: DropFolder, file: WaitingFile, deadline_seconds: float
    ) -> int:
        raw = None
        if file.size_bytes <= FILE_MAX_BYTES:
            raw = await folder.read(file.name, deadline_seconds=deadline_seconds)
            if raw is None:
                return 0
        if raw is None or len(raw) > FILE_MAX_BYTES:
            _log.error("drop_folder.file_too_large %s %d bytes", account.provider, file.size_bytes)
            await folder.put_away(file.name, None, Shelf.REFUSED, deadline_seconds=deadline_seconds)
            return 0
        await self._store(account, file, raw)
        await folder.put_away(file.name, raw, Shelf.ARCHIVE, deadline_seconds=deadline_seconds)
        return 1

    async def _store(self, account: ProviderAccount, file: WaitingFile, raw: bytes) -> None:
        command = ReceiveCallback(
            provider=account.provider,
            provider_account_id=account.id,
            headers={"file-name": _shown(file.name)},
            raw=raw,
            request_id=public_id(Prefix.REQUEST, self.world.moment().new_id()),
            transport=CallbackTransport.FILE,
        )
        await self.receive(command)


def _brings_files(providers: Providers, account: ProviderAccount) -> bool:
    callbacks = providers.manifest(account.provider).callbacks
    return callbacks is not None and callbacks.transport is CallbackTransport.FILE


def _shown(name: str) -> str:
    """Give a file's name as text that can be stored: a bank's may be any bytes."""
    readable = name.encode("utf-8", "backslashreplace").decode()
    return "".join(one if one.isprintable() else "?" for one in readable)[:NAME_MAX]
