"""A small provider that keeps every promise: each broken adapter is this one with one defect."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from adapters.providerkit.adapter import (
    BooksPage,
    CallsBack,
    Collects,
    LooksUp,
    PaysOut,
    Reports,
    VerifiesCredentials,
)
from adapters.providerkit.amounts import from_wire, to_wire
from adapters.providerkit.keys import taken
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    ProviderManifest,
)
from domain.providers import (
    AcceptedPending,
    BookLine,
    CallbackEvent,
    Decline,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)

NAME = "toy"

Shape = TypeVar("Shape")

RULES = tuple(
    CurrencyRule(
        currency=currency,
        exponent=exponent,
        amount_format=AmountFormat.DECIMAL_STRING,
        minimum_minor=50,
        maximum_minor=10**12,
        multiple_minor=multiple,
    )
    for currency, exponent, multiple in (("JPY", 0, 1), ("EUR", 2, 1), ("KWD", 2, 10))
)

MANIFEST = ProviderManifest(
    name=NAME,
    operations=frozenset(OperationKind),
    abilities=frozenset(Ability) - {Ability.QUOTES, Ability.VERIFIES_IDENTITY},
    features=frozenset({Feature.DIRECT, Feature.MANUAL_CAPTURE, Feature.PARTIAL_CAPTURE, Feature.PARTIAL_REFUND}),
    currencies=RULES,
    idempotency=IdempotencyRule(place=KeyPlace.HEADER, name="Idempotency-Key", length_max=64),
    look_ups=frozenset({LookUp.BY_OUR_REFERENCE}),
    visibility_horizon_seconds=10.0,
    deadline_seconds=5.0,
    callbacks=CallbackRule(transport=CallbackTransport.HTTP_POST, signature="HMAC-SHA256", tolerance_seconds=300),
)


class ToyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the toy is."""

    base_url: str


class ToyCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens it."""

    api_key: str
    callback_secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "ToyCredentials(***)"


class Said(msgspec.Struct, frozen=True):
    """What the toy says of an operation."""

    key: str
    payment: str
    reference: str
    state: str
    amount: str
    currency: str


class Refusal(msgspec.Struct, frozen=True):
    """How it refuses."""

    error: str


class ToyEvent(msgspec.Struct, frozen=True):
    """What it tells by itself."""

    id: str
    type: str
    key: str


class ToyBooks(msgspec.Struct, frozen=True):
    """A page of its books."""

    lines: tuple[dict[str, str | int], ...]
    next: str | None


class Toy(Collects, PaysOut, LooksUp, CallsBack, Reports, VerifiesCredentials):
    """The toy, with a method for everything that a defect may change."""

    manifest_of_spec = MANIFEST

    def __init__(self, config: ToyConfig, credentials: ToyCredentials) -> None:
        self.base_url = config.base_url
        self.api_key = credentials.api_key

    @property
    def manifest(self) -> ProviderManifest:
        return self.manifest_of_spec

    def build_request(self, instruction: Instruction) -> HttpRequest | Outcome:
        return self.sent(instruction, self.path(instruction), self.body(instruction))

    def build_payout(self, instruction: Instruction) -> HttpRequest:
        return self.sent(instruction, "/payouts", self.body(instruction))

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if response.status == 200:
            return self.said(instruction, response.body)
        refusal = self.refusal(response.body)
        if refusal is None:
            return Unknown(f"status {response.status}")
        if response.status in {401, 429}:
            return NotSent("not processed")
        if response.status == 422:
            return Rejected(refusal.error, Decline.HARD, "Refused.")
        return Unknown(f"status {response.status}")

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        return self.parse_response(instruction, response)

    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        return self.asked(f"/operations/{quote(instruction.key, safe='')}")

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        refusal = self.refusal(response.body)
        if response.status == 404 and refusal is not None and refusal.error == "no_such_key":
            return Missing("no such key")
        return self.said(instruction, response.body) if response.status == 200 else Unknown("no answer")

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        at = headers.get("toy-time", "")
        given = headers.get("toy-signature", "").encode("utf-8", "replace")
        expected = [sign(secret, at, raw) for secret in secrets if secret]
        signed = any(hmac.compare_digest(given, one.encode()) for one in expected)
        fresh = at.isascii() and at.isdigit() and len(at) < 12 and abs(now_seconds - int(at)) <= 300
        if not signed or not fresh:
            raise MediatorError(CALLBACK_REFUSED, "No.")

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        event = read(raw, ToyEvent)
        if event is None:
            return Unreadable("no event")
        return (CallbackEvent(event_id=event.id, kind=event.type, operation_key=event.key),)

    def build_verification(self) -> HttpRequest:
        return self.asked("/me")

    def parse_verification(self, response: HttpResponse) -> Verification:
        if response.status == 200 and read(response.body, dict[str, str]) == {"me": "you"}:
            return Verification.VALID
        if response.status == 401 and self.refusal(response.body) is not None:
            return Verification.REFUSED
        return Verification.UNKNOWN

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        after = "" if cursor is None else f"&after={quote(cursor, safe='')}"
        return self.asked(f"/books?account={quote(account, safe='')}{after}")

    def parse_books_page(self, response: HttpResponse) -> BooksPage | None:
        page = read(response.body, ToyBooks) if response.status == 200 else None
        if page is None:
            return None
        try:
            return BooksPage(tuple(msgspec.convert(line, BookLine) for line in page.lines), page.next)
        except msgspec.ValidationError:
            return None

    def path(self, instruction: Instruction) -> str:
        if instruction.kind is OperationKind.AUTHORIZE:
            return "/payments"
        if instruction.provider_reference is None:
            raise CannotBuildError("which payment?")
        return f"/payments/{self.quoted(instruction.provider_reference)}/{instruction.kind.value}"

    def quoted(self, name: str) -> str:
        if name in {".", ".."}:
            raise CannotBuildError("no name")
        return quote(name, safe="")

    def body(self, instruction: Instruction) -> dict[str, Any]:
        return {
            "payment": instruction.payment_id,
            "amount": self.amount(instruction),
            "currency": instruction.amount.currency,
        }

    def amount(self, instruction: Instruction) -> object:
        rule = MANIFEST.rule_for(instruction.amount.currency)
        if rule is None:
            raise CannotBuildError("no such currency")
        return to_wire(rule, instruction.amount)

    def sent(self, instruction: Instruction, path: str, body: dict[str, Any]) -> HttpRequest:
        headers = self.headers() | {"Idempotency-Key": taken(MANIFEST.idempotency, self.key(instruction))}
        return HttpRequest(method="POST", url=f"{self.base_url}{path}", headers=headers, body=json.dumps(body).encode())

    def key(self, instruction: Instruction) -> str:
        return instruction.key

    def asked(self, path: str) -> HttpRequest:
        return HttpRequest(method="GET", url=f"{self.base_url}{path}", headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def refusal(self, raw: bytes) -> Refusal | None:
        found = read(raw, Refusal)
        return found if found is not None and found.error in {"declined", "no_such_key", "key", "busy"} else None

    def said(self, instruction: Instruction, raw: bytes) -> Outcome:
        said = read(raw, Said)
        if said is None or said.key != instruction.key or said.payment != instruction.payment_id:
            return Unknown("no answer about this")
        if instruction.provider_reference not in {None, said.reference}:
            return Unknown("another charge")
        return self.outcome(instruction, said)

    def outcome(self, instruction: Instruction, said: Said) -> Outcome:
        rule = MANIFEST.rule_for(said.currency)
        amount = None if rule is None else from_wire(rule, said.amount)
        if said.state == "done" and amount is not None:
            return Succeeded(said.reference, amount)
        return AcceptedPending(said.reference) if said.state == "waiting" else Unknown("no known state")


def sign(secret: str, at: str, raw: bytes) -> str:
    """Sign a callback."""
    return hmac.new(secret.encode(), at.encode("utf-8", "replace") + b"." + raw, hashlib.sha256).hexdigest()


def read(raw: bytes, shape: type[Shape]) -> Shape | None:
    """Read JSON."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
