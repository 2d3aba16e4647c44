"""API keys: `fmk_live_` + 32 random base62 digits + 6 digits of CRC-32, kept as an HMAC-SHA256 digest."""

import hashlib
import hmac
import re
import secrets
import zlib

from application.ports.identity import ApiKeys

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY_LENGTH = 32
CHECKSUM_LENGTH = 6
KEY_ID_LENGTH = 8
PREFIX = "fmk_live_"
SHAPE = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{BODY_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})", re.ASCII)


class HmacApiKeys(ApiKeys):
    """Digests keys with a pepper derived from the service's secret, so that a stolen table opens nothing."""

    def __init__(self, secret_key: str, *, previous: tuple[str, ...] = ()) -> None:
        """Derive the pepper from the service's secret; keys that were made under a previous one match as well."""
        self._pepper = _pepper(secret_key)
        self._previous = tuple(_pepper(one) for one in previous)

    def mint(self) -> tuple[str, str, bytes]:
        """Make a new key from the system's randomness."""
        body = "".join(secrets.choice(ALPHABET) for _ in range(BODY_LENGTH))
        key = PREFIX + body + _checksum(body)
        return key, body[:KEY_ID_LENGTH], self._digest(key)

    def key_id(self, key: str) -> str | None:
        """Check shape and checksum, and give the first eight digits."""
        read = SHAPE.fullmatch(key)
        if read is None or not hmac.compare_digest(_checksum(read[1]), read[2]):
            return None
        return read[1][:KEY_ID_LENGTH]

    def matches(self, key: str, digest: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._digest(key), digest) or any(
            hmac.compare_digest(hmac.digest(pepper, key.encode(), hashlib.sha256), digest) for pepper in self._previous
        )

    def _digest(self, key: str) -> bytes:
        return hmac.digest(self._pepper, key.encode(), hashlib.sha256)


def _pepper(secret_key: str) -> bytes:
    return hmac.digest(secret_key.encode(), b"financial-mediator api keys v1", hashlib.sha256)


def _checksum(body: str) -> str:
    """Write the CRC-32 of a key's body as six base62 digits: typing errors are refused without asking a store."""
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
