"""Signatures of callbacks: compared with those of every live secret, in time that tells nothing of any of them."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence


def is_any(given: Sequence[bytes], expected: Iterable[bytes]) -> bool:
    """Whether one of the signatures is one that was expected; all are compared, whichever fits."""
    fits = False
    for one in expected:
        for other in given:
            fits |= hmac.compare_digest(other, one)
    return fits


def timed_signatures(raw: bytes, *, at: str, secrets: tuple[str, ...]) -> Iterable[bytes]:
    """Sign `time.body` with each secret, as hex of HMAC-SHA256; never with an empty one, which anybody has."""
    for secret in filter(None, secrets):
        yield hmac.new(secret.encode(), at.encode() + b"." + raw, hashlib.sha256).hexdigest().encode()
