"""The short way for plain transfers: the same words, rules and answers as `create_transfer`, without the framework.

It takes a request only when everything about it is as plain as can be, and leaves every other one, also every one that
must be refused before the ledger is asked, to the ordinary way, unread or read. A test holds both to the same answers.
"""

import hashlib
import re
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any, Final

import msgspec
from asyncpg.pgproto.pgproto import UUID
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send
from uuid_utils import uuid7

from adapters.postgres.journal import PostgresJournal
from adapters.postgres.posting import Plain
from adapters.telemetry import metrics, tracing
from application.identity.authenticate import Caller
from domain.currencies import EXPONENTS
from domain.errors import AUTH_INVALID, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, Prefix, public_id
from domain.money import Currency
from domain.posting import BOUND, BookedLeg, Posting, Refusal
from entrypoints.http.access_lines import AccessLines
from entrypoints.http.auth import address_of
from entrypoints.http.door import Door
from entrypoints.http.edge.problems import rendered
from entrypoints.http.edge.requests import ACCEPTED_ID, ALWAYS, OVER_TLS, new_request_id, refusal_of, tell_request
from entrypoints.http.edge.targets import AllowedHosts
from entrypoints.http.idempotency import mark_replayed
from entrypoints.http.shapes import EXACT_MAX
from entrypoints.http.transfer_shapes import CREATED, refused

PATH: Final = "/v1/transfers"
ROUTE: Final = f"POST {PATH}"
USED_FOR: Final = f"{ROUTE}\n".encode()
"""What a key stands for begins with this, as for the ordinary way."""

BODY_MAX: Final = 512
HEADERS_MAX: Final = 24
HEADER_MAX: Final = 1_024
"""Requests of more than this, in bytes or headers, go the ordinary way."""

COUNTED_AS: Final = metrics.route("POST", PATH)

POINTERS: Final = ("/debit_account", "/credit_account")

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_ACCOUNT: Final = re.compile(r"acc_[0-9a-f]{32}", re.ASCII)
_ORDINARY_HEADERS: Final = frozenset({b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"})
_NEEDED: Final = frozenset({b"host", b"authorization", b"idempotency-key", b"content-type", b"content-length"})
_COLONS: Final = 4
"""Of a body with exactly the four fields, each once, and nothing else with a colon in it."""


Raw = list[tuple[bytes, bytes]]
Answered = tuple[int, Raw, bytes]
"""Status, headers and body."""


class PlainTransferIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Two accounts by their ids, an amount as a number, and its currency."""

    debit_account: str
    credit_account: str
    amount: int
    currency: str


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """A plain request, read."""

    body: PlainTransferIn
    raw: bytes
    key: str


_decode: Final = msgspec.json.Decoder(PlainTransferIn).decode
_time: Final = msgspec.json.Encoder().encode


class PlainTransfers:
    """An ASGI application in front of the edge. Before `open`, everything goes the ordinary way."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: tuple[str, ...]) -> None:
        """Wrap the ordinary application."""
        self._app = app
        self._hosts = AllowedHosts(allowed_hosts)
        self._known_hosts: set[bytes] = set()
        self._door: Door | None = None
        self._journal: PostgresJournal | None = None
        self._lines: AccessLines | None = None

    def open(self, door: Door, journal: PostgresJournal, lines: AccessLines) -> None:
        """Begin to take requests."""
        self._door, self._journal, self._lines = door, journal, lines

    def close(self) -> None:
        """Leave everything to the ordinary way again, and write what is not written yet."""
        if self._lines is not None:
            self._lines.flush()
        self._door = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain transfer; pass everything else on."""
        if (
            self._door is None
            or self._journal is None
            or scope["type"] != ScopeType.HTTP
            or scope["path"] != PATH
            or scope["method"] != "POST"
            or scope["query_string"]
        ):
            await self._app(scope, receive, send)
            return
        headers = self._plain_headers(scope)
        if headers is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        asked = _plain_request(headers, message)
        if asked is None:
            await self._app(scope, _again(message, receive), send)
            return
        span = tracing.at_the_door(scope["headers"], "POST") if tracing.is_on() else None
        if span is None:
            await self._answer(scope, send, headers, asked)
            return
        with tracing.entered(span):
            status = await self._answer(scope, send, headers, asked)
            tell_request(span, "POST", PATH, status, scope["state"]["request_id"])

    def _plain_headers(self, scope: HTTPScope) -> dict[bytes, bytes] | None:
        """Give the headers of a request in which nothing is unusual."""
        listed = list(scope["headers"])
        headers = dict(listed)
        if (
            len(headers) != len(listed)
            or len(listed) > HEADERS_MAX
            or not headers.keys() >= _NEEDED
            or not _ORDINARY_HEADERS.isdisjoint(headers)
            or headers[b"content-type"] != b"application/json"
            or any(len(value) > HEADER_MAX for value in headers.values())
        ):
            return None
        return headers if self._is_ours(headers[b"host"], scope) else None

    def _is_ours(self, host: bytes, scope: HTTPScope) -> bool:
        if host in self._known_hosts:
            return True
        try:
            self._hosts.check(host, http_version=scope["http_version"])
        except MediatorError:
            return False
        if len(self._known_hosts) < HEADERS_MAX:
            self._known_hosts.add(host)
        return True

    async def _answer(self, scope: HTTPScope, send: Send, headers: dict[bytes, bytes], asked: _Asked) -> int:
        """Answer, and give the status of the answer."""
        began = perf_counter()
        metrics.IN_FLIGHT.add((), 1.0)
        sent = headers.get(b"x-request-id")
        request_id = sent.decode() if sent and ACCEPTED_ID.match(sent) else new_request_id()
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        try:
            status, own, body = await self._answered(scope, headers[b"authorization"], asked, request_id)
        except Exception as fault:  # noqa: BLE001 -- the edge of the process: told to the caller, and logged
            status, own, body = _problem(refusal_of(fault, scope), scope)
        own.extend((*ALWAYS, *OVER_TLS) if scope["scheme"] == "https" else ALWAYS)
        own.append((b"x-request-id", request_id.encode()))
        own.extend(state.get("answer_headers", ()))
        await send({"type": "http.response.start", "status": status, "headers": own})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        seconds = perf_counter() - began
        metrics.IN_FLIGHT.add((), -1.0)
        metrics.request(COUNTED_AS, status, seconds)
        if self._lines is not None:
            self._lines.add(request_id, state.get("caller"), ROUTE, status, seconds)
        return status

    async def _answered(self, scope: HTTPScope, credential: bytes, asked: _Asked, request_id: str) -> Answered:
        """Let the caller in as every route does, and post what is asked."""
        if self._door is None or self._journal is None:
            message = "the short way is not open"
            raise RuntimeError(message)
        admission = self._door.admit_now(credential) or await self._door.admit(credential, address_of(scope))
        state = scope["state"]
        state["answer_headers"] = admission.headers()
        refusal, caller = admission.refusal(), admission.caller
        if refusal is not None or caller is None:
            raise refusal or MediatorError(AUTH_INVALID, "The API key is not valid.")
        state["caller"] = caller
        outcome = await self._journal.post_plain(caller.tenant_id, _plain_of(asked, caller, request_id))
        if isinstance(outcome, Refusal):
            return _refused(outcome, scope)
        return _booked(outcome)


def _plain_request(headers: dict[bytes, bytes], message: ReceiveMessage) -> _Asked | None:
    """Read a request whose body came at once and says exactly the four fields, each once."""
    if message["type"] != "http.request":
        return None
    raw, key = message.get("body", b""), headers[b"idempotency-key"]
    if (
        message.get("more_body", False)
        or len(raw) > BODY_MAX
        # Twice the same name would be a fifth colon; without escapes no name or value can hide one.
        or b"\\" in raw
        or raw.count(b":") != _COLONS
        or _KEY.fullmatch(key) is None
    ):
        return None
    try:
        body = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if (
        not 1 <= body.amount <= BOUND
        or body.currency not in EXPONENTS
        or body.debit_account == body.credit_account
        or _ACCOUNT.fullmatch(body.debit_account) is None
        or _ACCOUNT.fullmatch(body.credit_account) is None
    ):
        return None
    return _Asked(body, raw, key.decode())


def _plain_of(asked: _Asked, caller: Caller, request_id: str) -> Plain:
    body = asked.body
    return Plain(
        LedgerTransactionId(UUID(uuid7().bytes)),
        LedgerAccountId(UUID(body.debit_account[4:])),
        LedgerAccountId(UUID(body.credit_account[4:])),
        body.amount,
        Currency(body.currency),
        ROUTE,
        asked.key,
        hashlib.sha256(USED_FOR + asked.raw).digest(),
        public_id(Prefix.PRINCIPAL, caller.principal_id),
        request_id,
        None,
        None,
        caller.api_key_id,
    )


def _booked(posting: Posting) -> Answered:
    """Write what was booked, to the byte as `transfer_out` is written."""
    address = f"ltx_{posting.transaction_id.hex}" if posting.transaction_id is not None else ""
    at = _time(posting.recorded_at).decode()
    debit, credit = posting.entries
    body = (
        f'{{"id":"{address}","kind":"transfer","reference":null,"description":null,"metadata":{{}},"payment_id":null,'
        '"refund_id":null,"hold_id":null,"quote_id":null,"reverses_id":null,"reversed_by_id":null,'
        f'"effective_at":{at},"recorded_at":{at},"entries":[{_entry(debit)},{_entry(credit)}]}}'
    ).encode()
    own: Raw = [
        (b"content-type", b"application/json"),
        (b"location", f"/v1/transfers/{address}".encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    if posting.replayed:
        metrics.replay(COUNTED_AS)
        own.append((b"idempotency-replayed", b"true"))
    return CREATED, own, body


def _entry(entry: BookedLeg) -> str:
    return (
        f'{{"line":{entry.line},"account_id":"acc_{entry.account_id.hex}","direction":"{entry.direction}",'
        f'"amount":{_exact(entry.amount_minor)},"currency":"{entry.currency}",'
        f'"balance":{_exact(entry.balance_minor)},"account_version":{entry.account_version}}}'
    )


def _exact(minor: int) -> str:
    return str(minor) if -EXACT_MAX <= minor <= EXACT_MAX else f'"{minor}"'


def _refused(refusal: Refusal, scope: HTTPScope) -> Answered:
    if refusal.replayed:
        metrics.replay(COUNTED_AS)
        mark_replayed(scope["state"], refusal)
    return _problem(refused(refusal, POINTERS), scope)


def _problem(error: MediatorError, scope: HTTPScope) -> Answered:
    made = rendered(error, scope)
    return made.status, [(name.encode("latin-1"), value.encode("latin-1")) for name, value in made.headers], made.body


def _again(message: ReceiveMessage, receive: Receive) -> Receive:
    """Give a message that was received once more, and then what follows."""
    pending = [message]

    async def replay() -> ReceiveMessage:
        return pending.pop() if pending else await receive()

    return replay
