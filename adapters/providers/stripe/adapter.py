"""Stripe as the kernel knows it: its manifest, its requests, its answers."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from adapters.providerkit.adapter import CallsBack, Collects, LooksUp, PaysOut, VerifiesCredentials
from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providerkit.reading import find_read
from adapters.providers.stripe import callbacks, look_ups, payments, payouts
from adapters.providers.stripe.client import Access, StripeConfig, StripeCredentials, get
from adapters.providers.stripe.manifest import MANIFEST
from adapters.providers.stripe.refusals import Refused
from domain.manifests import ProviderManifest
from domain.providers import CallbackEvent, Finding, Instruction, Outcome, Unreadable, Verification


class Balance(msgspec.Struct, frozen=True):
    """The balance of an account: only that it is one matters."""

    available: msgspec.Raw
    pending: msgspec.Raw


class StripeAdapter(Collects, PaysOut, LooksUp, CallsBack, VerifiesCredentials):
    """Payment intents with one capture, refunds in parts, payouts to one's own accounts, signed hints."""

    def __init__(self, config: StripeConfig, credentials: StripeCredentials) -> None:
        """Keep the settings of one Stripe account."""
        self._access = Access(config, credentials.secret_key)
        self._manifest = msgspec.structs.replace(MANIFEST, deadline_seconds=config.deadline_seconds)

    @property
    def manifest(self) -> ProviderManifest:
        """What this account can do."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Say the operation in Stripe's words. Raises CannotBuildError."""
        return payments.build_request(self._access, instruction)

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to an operation."""
        return payments.parse_response(self._access, instruction, response)

    def build_payout(self, instruction: Instruction) -> HttpRequest:
        """Say the payout in Stripe's words. Raises CannotBuildError."""
        return payouts.build_payout(self._access, instruction)

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to a payout."""
        return payouts.parse_payout(instruction, response)

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        """Ask what became of the operation. Raises CannotBuildError."""
        return look_ups.build_look_up(self._access, instruction)

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        """Read what became of the operation, or ask for the next page."""
        return look_ups.parse_look_up(self._access, instruction, response)

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        """Verify the signature and its time. Raises CALLBACK_REFUSED."""
        callbacks.verify_callback(raw, headers, secrets=secrets, now_seconds=now_seconds)

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read which operations the event concerns."""
        return callbacks.parse_callback(raw)

    def build_verification(self) -> HttpRequest:
        """Ask for the balance."""
        return get(self._access, "/v1/balance")

    def parse_verification(self, response: HttpResponse) -> Verification:
        """Read whether the key was taken; a restricted key may be good and still not see the balance (403)."""
        if response.status == HTTPStatus.OK and find_read(response.body, Balance) is not None:
            return Verification.VALID
        refused = response.status == HTTPStatus.UNAUTHORIZED and find_read(response.body, Refused) is not None
        return Verification.REFUSED if refused else Verification.UNKNOWN
