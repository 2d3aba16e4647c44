"""Adyen as the kernel knows it: an answer says that something was received, a webhook what became of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from adapters.providerkit.adapter import CallsBack, Collects, VerifiesCredentials
from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providerkit.reading import find_read
from adapters.providers.adyen import callbacks, payments
from adapters.providers.adyen.client import Access, AdyenConfig, AdyenCredentials, Refused, post
from adapters.providers.adyen.manifest import MANIFEST
from domain.manifests import ProviderManifest
from domain.providers import CallbackEvent, Instruction, Outcome, Unreadable, Verification


class PaymentMethods(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to the question for the methods of an account."""

    payment_methods: tuple[dict[str, Any], ...]


class AdyenAdapter(Collects, CallsBack, VerifiesCredentials):
    """Authorize by a stored card or a redirect, capture once, cancel, refund in parts."""

    def __init__(self, config: AdyenConfig, credentials: AdyenCredentials) -> None:
        """Keep the settings of one merchant account."""
        self._access = Access(config, credentials.api_key)
        self._manifest = msgspec.structs.replace(MANIFEST, deadline_seconds=config.deadline_seconds)

    @property
    def manifest(self) -> ProviderManifest:
        """What this account can do."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Say the operation in Adyen's words. Raises CannotBuildError."""
        return payments.build_request(self._access, instruction)

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to an operation."""
        return payments.parse_response(instruction, response)

    def verify_callback(
        self,
        raw: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 -- the signature stands in the body
        *,
        secrets: tuple[str, ...],
        now_seconds: float,  # noqa: ARG002 -- the scheme has no time in it
    ) -> None:
        """Verify every item. Raises CALLBACK_REFUSED."""
        merchant_account = self._access.config.merchant_account
        callbacks.verify_callback(raw, merchant_account=merchant_account, secrets=secrets)

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read every item."""
        return callbacks.parse_callback(raw)

    def build_verification(self) -> HttpRequest:
        """Ask which payment methods the account has."""
        return post(self._access, "/paymentMethods", {"merchantAccount": self._access.config.merchant_account})

    def parse_verification(self, response: HttpResponse) -> Verification:
        """Read whether the key was taken, and for this merchant account."""
        if response.status == HTTPStatus.OK and find_read(response.body, PaymentMethods) is not None:
            return Verification.VALID
        known = find_read(response.body, Refused) is not None
        refused = response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        return Verification.REFUSED if known and refused else Verification.UNKNOWN
