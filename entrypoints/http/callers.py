"""Who calls, remembered for a few seconds: most requests are authenticated without asking the database."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

from application.identity.authenticate import Caller
from domain.errors import AUTH_INVALID, MediatorError

REMEMBERED_SECONDS: Final = 5.0
"""A key that is revoked opens nothing any more after so long, in any process."""

REFUSED_SECONDS: Final = 1.0
"""How long a key that was refused is refused again unasked."""

KEYS_MAX: Final = 10_000
"""Keys that are remembered, and as many that were refused: who tries many keys drives no caller out."""

Kept = TypeVar("Kept")

_BEARER: Final = re.compile(rb"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)


class KnownCallers:
    """Remembers keys by their SHA-256 digest alone, never a key.

    Whether a digest is there may show in the time that it takes, which tells nothing: nobody can choose a digest. What
    is kept in the database is compared by the use case, in constant time.
    """

    def __init__(
        self, authenticate: Callable[[str], Awaitable[Caller]], *, clock: Callable[[], float] = monotonic
    ) -> None:
        """Ask this use case about keys that are not known."""
        self._authenticate = authenticate
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._refused: OrderedDict[bytes, float] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Caller]] = {}

    def peek(self, header: bytes) -> Caller | None:
        """Tell whose key an `Authorization` header holds; None when that has to be asked: then `authenticate`."""
        key = _key_in(header)
        found = None if key is None else self._known.get(_digest(key))
        return found[0] if found is not None and self._clock() < found[1] else None

    def was_known(self, header: bytes) -> bool:
        """Tell whether the key was good when it was last asked about."""
        key = _key_in(header)
        return key is not None and _digest(key) in self._known

    async def authenticate(self, header: bytes) -> Caller:
        """Tell whose key the header holds, however many ask at once asking once. Raises AUTH_INVALID."""
        key = _key_in(header)
        if key is None:
            raise MediatorError(AUTH_INVALID, "Send `Authorization: Bearer <API key>`.")
        digest = _digest(key)
        if self._clock() < self._refused.get(digest, 0.0):
            raise _refusal()
        found = self._known.get(digest)
        if found is not None and self._clock() < found[1]:
            return found[0]
        if digest not in self._asking:
            asking = self._asking[digest] = asyncio.create_task(self._ask(key.decode("ascii"), digest))
            asking.add_done_callback(_seen)
        return await asyncio.shield(self._asking[digest])

    async def _ask(self, key: str, digest: bytes) -> Caller:
        began = self._clock()  # What was read may have changed since, but not before.
        try:
            caller = await self._authenticate(key)
        except MediatorError as refusal:
            if refusal.entry is AUTH_INVALID:
                self._known.pop(digest, None)
                _remember(self._refused, digest, began + REFUSED_SECONDS)
            raise
        finally:
            del self._asking[digest]
        _remember(self._known, digest, (caller, began + REMEMBERED_SECONDS))
        return caller


def _key_in(header: bytes) -> bytes | None:
    read = _BEARER.fullmatch(header)
    return None if read is None else read[1]


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _remember(kept: OrderedDict[bytes, Kept], digest: bytes, value: Kept) -> None:
    kept[digest] = value
    kept.move_to_end(digest)
    if len(kept) > KEYS_MAX:
        kept.popitem(last=False)


def _refusal() -> MediatorError:
    return MediatorError(AUTH_INVALID, "The API key is not valid.")


def _seen(asking: asyncio.Task[Caller]) -> None:
    """Look at how it ended: everybody who asked may be gone."""
    if not asking.cancelled():
        asking.exception()
