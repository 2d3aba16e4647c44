"""Khalti as the kernel knows it: a redirect is a hint, the look-up is the truth, and no key protects a repetition."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import msgspec

from adapters.providerkit.adapter import CallsBack, Collects, LooksUp, VerifiesCredentials
from adapters.providerkit.amounts import from_wire, to_wire
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import MESSAGE_MAX, cleaned, find_read, read_query, unreadable
from adapters.providers.khalti.client import (
    Found,
    Initiated,
    KhaltiConfig,
    KhaltiCredentials,
    PartialRefunds,
    Refused,
    Status,
    post,
)
from adapters.providers.khalti.manifest import MANIFEST, NPR
from domain.manifests import Feature, ProviderManifest
from domain.providers import (
    AcceptedPending,
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

_NAME = re.compile(r"\A[A-Za-z0-9_-]{1,100}\Z", re.ASCII)
_CODE = re.compile(r"\A[a-z_]{1,64}\Z", re.ASCII)
_NOBODY = "AAAAAAAAAAAAAAAAAAAAAA"
"""A payment that nobody has: to ask for it shows whether the key is taken."""

_DETAILS_OF_A_REFUND = ("refund successful", "refunded successfully")


class KhaltiAdapter(Collects, LooksUp, CallsBack, VerifiesCredentials):
    """Web checkout: initiate, send the customer there, look up; refund in full, and in parts where that is agreed."""

    def __init__(self, config: KhaltiConfig, credentials: KhaltiCredentials) -> None:
        """Keep the settings of one merchant."""
        self._config = config
        self._secret_key = credentials.secret_key
        features = MANIFEST.features
        if config.partial_refunds is PartialRefunds.REFUSED:
            features = features - {Feature.PARTIAL_REFUND, Feature.MULTIPLE_REFUNDS}
        self._manifest = msgspec.structs.replace(MANIFEST, features=features, deadline_seconds=config.deadline_seconds)

    @property
    def manifest(self) -> ProviderManifest:
        """What this account can do."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Initiate a payment, or refund one. Raises CannotBuildError."""
        match instruction.kind:
            case OperationKind.AUTHORIZE:
                return self._initiation(instruction)
            case OperationKind.REFUND:
                return self._refund(instruction)
            case _:
                raise CannotBuildError(f"Khalti has no {instruction.kind}")

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to an initiation or a refund."""
        if response.status == HTTPStatus.OK:
            initiated = instruction.kind is OperationKind.AUTHORIZE
            return self._initiated(response) if initiated else self._refunded(instruction, response)
        refused = find_read(response.body, Refused)
        if refused is None or (refused.detail is None and refused.error_key is None):
            return unreadable(response)
        if response.status == HTTPStatus.UNAUTHORIZED:
            return NotSent("not processed: the key was not taken")
        if response.status == HTTPStatus.BAD_REQUEST:
            code = refused.error_key or ""
            message = cleaned(response.body[:MESSAGE_MAX].decode("utf-8", "replace"))
            return Rejected(code if _CODE.match(code) else "refused", Decline.INVALID, message)
        return unreadable(response)

    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        """Ask what became of a payment. An initiation whose link we never got was seen by nobody: it is missing."""
        pidx, _ = _parts(instruction.provider_reference)
        if pidx is None:
            if instruction.kind is OperationKind.AUTHORIZE:
                return Missing("nobody has the link of this payment")
            raise CannotBuildError("a refund needs the payment that it concerns")
        return post(self._config.base_url, "/epayment/lookup/", self._secret_key, {"pidx": pidx})

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        """Read the body before the status code: `Expired` and `User canceled` come with 400."""
        found = find_read(response.body, Found)
        if found is None or response.status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
            return unreadable(response)
        if found.pidx != _parts(instruction.provider_reference)[0]:
            return Unknown("the answer is about another payment")
        if instruction.kind is OperationKind.REFUND:
            return self._refund_found(instruction, found)
        return self._payment_found(instruction, found)

    def verify_callback(
        self,
        raw: bytes,
        headers: Mapping[str, str],
        *,
        secrets: tuple[str, ...],
        now_seconds: float,
    ) -> None:
        """Let every redirect pass: it is unsigned, and never more than a hint to look up."""

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read the query that the customer's browser brought back.

        What it says of the payment's state is not read at all: anybody could have written it. Only the very same query
        counts as the same event, so that a forged one cannot stand in the way of the genuine one.
        """
        query = read_query(raw)
        pidx, key = query.get("pidx", ""), query.get("purchase_order_id", "")
        if _NAME.match(pidx) is None:
            return Unreadable("no payment is named")
        event = CallbackEvent(
            event_id=f"{pidx}:{hashlib.sha256(raw).hexdigest()[:16]}",
            kind="payment.returned",
            operation_key=key if _NAME.match(key) else None,
            provider_reference=pidx,
            operation_kind=OperationKind.AUTHORIZE,
        )
        return (event,)

    def build_verification(self) -> HttpRequest:
        """Look up a payment that nobody has."""
        return post(self._config.base_url, "/epayment/lookup/", self._secret_key, {"pidx": _NOBODY})

    def parse_verification(self, response: HttpResponse) -> Verification:
        """Read whether the key was taken: a payment that is not there is told only to a merchant."""
        refused = find_read(response.body, Refused)
        if refused is None or refused.detail is None:
            return Verification.UNKNOWN
        if response.status == HTTPStatus.UNAUTHORIZED:
            return Verification.REFUSED
        not_found = response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
        return Verification.VALID if not_found else Verification.UNKNOWN

    def _initiation(self, instruction: Instruction) -> HttpRequest:
        if instruction.callback_url is None:
            raise CannotBuildError("an initiation needs an address that the customer returns to")
        if not instruction.capture:
            raise CannotBuildError("Khalti takes the money at once; there is no capture later")
        body = {
            "return_url": instruction.callback_url,
            "website_url": self._config.website_url,
            "amount": to_wire(NPR, instruction.amount),
            "purchase_order_id": instruction.key,
            "purchase_order_name": instruction.description or self._config.order_name,
        }
        return post(self._config.base_url, "/epayment/initiate/", self._secret_key, body)

    def _refund(self, instruction: Instruction) -> HttpRequest:
        _, transaction = _parts(instruction.provider_reference)
        if transaction is None:
            raise CannotBuildError("a refund needs the transaction of its payment")
        is_whole = instruction.amount == instruction.payment_amount
        if not is_whole and self._config.partial_refunds is PartialRefunds.REFUSED:
            raise CannotBuildError("this account refunds only whole payments")
        amount = None if is_whole else to_wire(msgspec.structs.replace(NPR, minimum_minor=1), instruction.amount)
        path = f"/merchant-transaction/{quote(transaction, safe='')}/refund/"
        return post(self._config.refund_url, path, self._secret_key, {"amount": amount})

    def _initiated(self, response: HttpResponse) -> Outcome:
        initiated = find_read(response.body, Initiated)
        if initiated is None:
            return unreadable(response)
        return AcceptedPending(initiated.pidx, initiated.payment_url)

    def _refunded(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Only the words of a done refund are one; they name no amount, so it is the one that was asked for."""
        said = find_read(response.body, Refused)
        detail = "" if said is None or said.detail is None else said.detail.lower()
        if any(words in detail for words in _DETAILS_OF_A_REFUND):
            return Succeeded(instruction.provider_reference or "", instruction.amount)
        return unreadable(response)

    def _payment_found(self, instruction: Instruction, found: Found) -> Finding:
        match found.status:
            case Status.COMPLETED | Status.REFUNDED | Status.PARTIALLY_REFUNDED:
                amount = from_wire(NPR, found.total_amount)
                if amount is None or found.transaction_id is None:
                    return Unknown("a completed payment without amount or transaction")
                return Succeeded(f"{found.pidx}/{found.transaction_id}", amount)
            case Status.PENDING:
                return AcceptedPending(found.pidx)
            case Status.INITIATED:
                return AcceptedPending(found.pidx, instruction.action_url, instruction.action_fields)
            case Status.EXPIRED:
                return Rejected("expired", Decline.SOFT, "The payment's link has expired.", found.pidx)
            case Status.USER_CANCELED:
                return Rejected("user_canceled", Decline.SOFT, "The customer canceled.", found.pidx)

    def _refund_found(self, instruction: Instruction, found: Found) -> Finding:
        """A whole refund shows in the payment's state; of parts the state says too little to tell them apart."""
        is_whole = instruction.amount == instruction.payment_amount
        match found.status:
            case Status.REFUNDED if is_whole:
                amount = from_wire(NPR, found.total_amount)
                if amount is None:
                    return Unknown("a refunded payment without an amount")
                return Succeeded(instruction.provider_reference or found.pidx, amount)
            case Status.COMPLETED:
                return Missing("the payment is not refunded")
            case _:
                return Unknown(f"the payment is {found.status}, which does not tell of this refund")


def _parts(reference: str | None) -> tuple[str | None, str | None]:
    """Take our reference apart: `pidx`, and behind a slash the transaction once there is one."""
    if reference is None:
        return None, None
    pidx, _, transaction = reference.partition("/")
    return pidx, transaction or None
