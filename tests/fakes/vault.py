"""A vault in memory: what was sealed is a number that opens at its place only."""

from application.ports.vault import Place, Vault
from domain.errors import PROV_CREDENTIALS_SEALED, MediatorError


class MemoryVault(Vault):
    """Remembers what it sealed."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[bytes, Place]] = {}

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Give a number for it."""
        sealed = f"sealed {len(self._kept)}".encode()
        self._kept[sealed] = (secret, place)
        return sealed

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Give it back at its place. Raises PROV_CREDENTIALS_SEALED."""
        secret, belongs = self._kept.get(sealed, (b"", None))
        if belongs != place:
            raise MediatorError(PROV_CREDENTIALS_SEALED, "The credentials do not open here.")
        return secret
