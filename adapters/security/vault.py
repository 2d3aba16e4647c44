"""Envelope encryption: each secret under a data key of its own, that key wrapped by one derived from SECRET_KEY.

Layout: form (1 byte), key id (8), nonce and wrapped data key (12 + 32 + 16), nonce and sealed secret (12 + n + 16).
Both layers are AES-256-GCM (NIST SP 800-38D) with random nonces, and both are bound to the form, the key id and the
place, so that nothing can be moved to another tenant, account or version. A data key seals once, so its nonce cannot
repeat; a wrapping key would have to wrap 2**32 times before that counted (SP 800-38D §8.3).
"""

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.ports.vault import Place, Vault
from domain.errors import PROV_CREDENTIALS_SEALED, MediatorError

FORM = b"\x01"
KEY_ID_BYTES = 8
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_HEAD = len(FORM) + KEY_ID_BYTES
_WRAPPED = NONCE_BYTES + KEY_BYTES + TAG_BYTES
_PURPOSE = b"financial-mediator vault v1"


class EnvelopeVault(Vault):
    """Seals under the newest of its secrets and opens under any, so that SECRET_KEY can be replaced."""

    def __init__(self, secret_key: str, *, previous: tuple[str, ...] = ()) -> None:
        """Derive a wrapping key and its id from each secret."""
        self._key_id = _derived(secret_key, b"key id", KEY_ID_BYTES)
        self._wrapping = {
            _derived(secret, b"key id", KEY_ID_BYTES): AESGCM(_derived(secret, b"wrapping key", KEY_BYTES))
            for secret in (*previous, secret_key)
        }

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Seal a secret for one place."""
        head = FORM + self._key_id
        bound, data_key = _bound(head, place), AESGCM.generate_key(8 * KEY_BYTES)
        return (
            head
            + _encrypted(self._wrapping[self._key_id], data_key, bound)
            + _encrypted(AESGCM(data_key), secret, bound)
        )

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Open what was sealed for just this place. Raises PROV_CREDENTIALS_SEALED."""
        head, wrapped, secret = sealed[:_HEAD], sealed[_HEAD : _HEAD + _WRAPPED], sealed[_HEAD + _WRAPPED :]
        wrapping = self._wrapping.get(head[len(FORM) :])
        if not head.startswith(FORM) or wrapping is None or len(secret) < NONCE_BYTES + TAG_BYTES:
            raise _closed("were sealed under a secret that is not given")
        try:
            data_key = _decrypted(wrapping, wrapped, _bound(head, place))
            return _decrypted(AESGCM(data_key), secret, _bound(head, place))
        except InvalidTag as fault:
            raise _closed("were damaged, or belong somewhere else") from fault


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    """Derive by HKDF (RFC 5869). The id and the key are independent: the one tells nothing about the other."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=_PURPOSE + b" " + purpose).derive(secret.encode())


def _bound(head: bytes, place: Place) -> bytes:
    return head + place.tenant_id.bytes + place.account_id.bytes + struct.pack(">Q", place.version)


def _encrypted(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypted(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)


def _closed(why: str) -> MediatorError:
    return MediatorError(PROV_CREDENTIALS_SEALED, f"The credentials of this provider account {why}.")
