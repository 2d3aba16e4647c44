"""What goes to a provider and what comes back, as plain values: no adapter needs a socket to make or read one."""

import re

import msgspec

_HEADER_NAME = re.compile(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_HEADER_VALUE = re.compile(r"\A[!-~]+(?:[ \t]+[!-~]+)*\Z")
_URL = re.compile(r"\Ahttps?://[!-~]+\Z")
_SHOWN_HEADERS = frozenset({"accept", "content-length", "content-type", "idempotency-key", "retry-after"})


class CannotBuildError(Exception):
    """The instruction cannot be said in this provider's words; nothing was sent. `reason` names what is missing."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, ready to go: `url` is absolute and already encoded, `body` is what is sent, byte for byte.

    Its `repr` shows neither the body nor any header that could carry a secret.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""

    def fault(self) -> str | None:
        """Say what would make this request something else on the wire than it is here, if anything does."""
        if _HEADER_NAME.match(self.method) is None:
            return "the method is not a token"
        if _URL.match(self.url) is None:
            return "the URL is not an absolute, encoded http(s) URL"
        for name, value in self.headers.items():
            if _HEADER_NAME.match(name) is None or _HEADER_VALUE.match(value) is None:
                return f"the header {name!r} has characters that HTTP does not carry"
        return None

    def __repr__(self) -> str:
        address = self.url.partition("?")[0]
        return f"HttpRequest({self.method} {address}, {_shown(self.headers)}, {len(self.body)} bytes)"


class FileDrop(msgspec.Struct, frozen=True, kw_only=True):
    """One file for the bank to fetch: its name in the drop folder, and its content byte for byte.

    `provider_reference` is what the bank will call it by (its message id). The `repr` shows no content.
    """

    name: str
    content: bytes
    provider_reference: str

    def __repr__(self) -> str:
        return f"FileDrop({self.name}, {len(self.content)} bytes)"


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer: header names in lower case, repeated headers joined by a comma."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpResponse({self.status}, {_shown(self.headers)}, {len(self.body)} bytes)"


def _shown(headers: dict[str, str]) -> str:
    shown = (f"{name}: {value if name.lower() in _SHOWN_HEADERS else '***'}" for name, value in headers.items())
    return "{" + ", ".join(shown) + "}"
