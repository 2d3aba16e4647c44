"""Refuses hosts, paths, queries and headers that cannot be read in exactly one way."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from litestar.types import HTTPScope

from entrypoints.http.edge.refusals import malformed

HEADERS_MAX: Final = 100
HEADERS_BYTES_MAX: Final = 32_768
"""Headers of one request, and bytes of them. Not every server bounds both by itself."""

_SINGLE: Final = frozenset(
    {b"host", b"content-type", b"content-length", b"content-encoding", b"authorization", b"idempotency-key"}
)
"""Headers that decide who, what and how much: sent twice, two readers may each believe another one."""

_HOST: Final = re.compile(r"^(?P<name>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?\Z", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


def check_headers(scope: HTTPScope) -> dict[bytes, bytes]:
    """Give the headers by lower-case name. Raises REQUEST_MALFORMED for too much, or for two of a kind that decides."""
    headers = list(scope["headers"])
    found = dict(headers)
    if len(found) != len(headers):
        names = [name for name, _ in headers]
        if twice := {name for name in _SINGLE if names.count(name) > 1}:
            raise malformed(f"The header {min(twice).decode()} comes twice.")
    if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADERS_BYTES_MAX:
        raise malformed(f"The request has more than {HEADERS_MAX} headers or {HEADERS_BYTES_MAX} bytes of them.")
    return found


class AllowedHosts:
    """The names that this service answers to. `*` allows every well-formed one, `.example.com` all names below."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take names without ports; case does not matter."""
        lowered = {name.lower() for name in names}
        self._any = "*" in lowered
        self._exact = frozenset(name for name in lowered if not name.startswith("."))
        self._suffixes = tuple(name for name in lowered if name.startswith("."))

    def check(self, host: bytes | None, *, http_version: str) -> None:
        """Raise REQUEST_MALFORMED unless the Host header, its port aside, is one of ours.

        A missing one is allowed only in HTTP/1.0, which has none, and where every name is allowed.
        """
        if host is None and self._any and http_version == "1.0":
            return
        found = _HOST.match((host or b"").decode("latin-1"))
        if found is None:
            raise malformed("The Host header is missing or not well formed.")
        name = found["name"].lower().removesuffix(".")
        if not (self._any or name in self._exact or name.endswith(self._suffixes)):
            raise malformed("The Host header does not name this service.")


def check_path(scope: HTTPScope) -> None:
    """Raise REQUEST_MALFORMED for a path that is not UTF-8, holds a control character, or climbs with `..`."""
    path = scope["path"]
    if not (path.isascii() and path.isprintable()):
        raw = (scope.get("raw_path") or path.encode("utf-8", "surrogatepass")).partition(b"?")[0]
        _check_text(raw, "path")
    if "/." in path and {".", ".."}.intersection(path.split("/")):
        # A client resolves dot segments before it sends (RFC 3986 §5.2.4): these were hidden in escapes.
        raise malformed("The path has dot segments.")


def check_query(query: bytes) -> None:
    """Raise REQUEST_MALFORMED for a query that is not UTF-8, holds a control character, or names a thing twice.

    Of two values for one name the framework takes the last and a proxy may take the first.
    """
    if not query:
        return
    if not query.isascii():
        raise malformed("The query is not ASCII with percent-encoded UTF-8.")
    if b"%" in query:
        _check_text(query, "query")
    if b"&" in query:
        names = [unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")) for part in query.split(b"&") if part]
        if len(set(names)) != len(names):
            raise malformed("The query names a parameter twice.")


def _check_text(raw: bytes, place: str) -> None:
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as fault:
        raise malformed(f"The {place} is not percent-encoded UTF-8.") from fault
    if (place == "path" and "\ufffd" in text) or _CONTROL.search(text):
        # U+FFFD stands where a server has already replaced what it could not read.
        raise malformed(f"The {place} holds a control character or what could not be read.")
