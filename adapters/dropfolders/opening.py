"""Opens the drop folder that a provider account is configured with."""

from pathlib import Path

from adapters.dropfolders.local import LocalDropFolder
from adapters.providerkit.adapter import Adapter
from adapters.providerkit.places import LocalPlace, SftpPlace, SpokenToByFiles
from application.ports.drop_folders import DropFolder


class DropFolders:
    """Every account's drop folder: local ones are below one root, each in a folder that is named as its account."""

    def __init__(self, root: Path | None) -> None:
        """Keep local folders below this root; None: there are none."""
        self._root = root

    def open(self, adapter: Adapter, account: str) -> DropFolder | None:
        """Give the folder of an account (its public id); None where the provider has none, or none is allowed here."""
        if not isinstance(adapter, SpokenToByFiles):
            return None
        match adapter.place:
            case LocalPlace():
                return None if self._root is None else LocalDropFolder(self._root / account)
            case SftpPlace() as place:
                # Imported by the first such account: asyncssh takes a second, and most processes need none of it.
                from adapters.dropfolders.sftp import SftpDropFolder  # noqa: PLC0415 -- see above

                return SftpDropFolder(place, adapter.login)
