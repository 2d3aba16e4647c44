"""eSewa as the kernel knows it: a signed form for the customer's browser, a signed hint back, a status to ask for."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote, urlencode

import msgspec

from adapters.providerkit.adapter import CallsBack, Collects, LooksUp
from adapters.providerkit.amounts import from_wire, to_wire
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import read_query, unreadable
from adapters.providerkit.signatures import is_any
from adapters.providers.esewa.client import (
    SIGNED_FIELDS,
    EsewaConfig,
    EsewaCredentials,
    find_data,
    find_fields,
    signature,
)
from adapters.providers.esewa.manifest import MANIFEST, NPR
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.manifests import ProviderManifest
from domain.money import Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Decline,
    Finding,
    Instruction,
    Missing,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
)

_UUID = re.compile(r"\A[A-Za-z0-9-]{1,100}\Z", re.ASCII)
_FAILED = "failed"
_FIELDS_MAX = 20


class EsewaAdapter(Collects, LooksUp, CallsBack):
    """The customer's browser posts a signed form; nothing is sent by us until the status is asked for."""

    def __init__(self, config: EsewaConfig, credentials: EsewaCredentials) -> None:
        """Keep the settings of one merchant."""
        self._config = config
        self._secret_key = credentials.secret_key
        self._manifest = msgspec.structs.replace(MANIFEST, deadline_seconds=config.deadline_seconds)

    @property
    def manifest(self) -> ProviderManifest:
        """What this account can do."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> AcceptedPending:
        """Make the signed form that the customer's browser posts; there is nothing for us to send."""
        if instruction.kind is not OperationKind.AUTHORIZE:
            raise CannotBuildError(f"eSewa has no {instruction.kind}")
        if not instruction.capture:
            raise CannotBuildError("eSewa takes the money at once; there is no capture later")
        if instruction.callback_url is None:
            raise CannotBuildError("a form needs an address that the customer returns to")
        uuid = _uuid_of(instruction.key)
        amount = _rupees(instruction.amount)
        fields = {
            "amount": amount,
            "tax_amount": "0",
            "product_service_charge": "0",
            "product_delivery_charge": "0",
            "total_amount": amount,
            "transaction_uuid": uuid,
            "product_code": self._config.product_code,
            "success_url": instruction.callback_url,
            "failure_url": f"{instruction.callback_url}?{_FAILED}={uuid}",
            "signed_field_names": ",".join(SIGNED_FIELDS),
        }
        fields["signature"] = signature(self._secret_key, fields, SIGNED_FIELDS)
        return AcceptedPending(uuid, self._config.form_url, fields)

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:  # noqa: ARG002 -- the kit's form
        """Say that no answer was expected: nothing is ever sent that has one."""
        return Unknown("eSewa answers nothing to this")

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        """Ask for the status of a transaction; its amount must be the one of the form."""
        query = {
            "product_code": self._config.product_code,
            "total_amount": _rupees(instruction.amount),
            "transaction_uuid": _uuid_of(instruction.key),
        }
        url = f"{self._config.status_url}?{urlencode(query, quote_via=quote)}"
        return HttpRequest(method="GET", url=url, headers={"Accept": "application/json"})

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        """Read a status. `AMBIGUOUS`, an outage and every other word leave doubt."""
        said = find_fields(response.body) if response.status == HTTPStatus.OK else None
        if said is None:
            return unreadable(response)
        if said.get("transaction_uuid") != _uuid_of(instruction.key):
            return Unknown(f"no answer about this transaction: {said.get('error_message', '')[:100]}")
        match said.get("status"):
            case "COMPLETE" | "FULL_REFUND" | "PARTIAL_REFUND":
                return _succeeded(said)
            case "PENDING":
                return AcceptedPending(said["transaction_uuid"], instruction.action_url, instruction.action_fields)
            case "CANCELED":
                return Rejected("canceled", Decline.SOFT, "The payment was canceled.", said["transaction_uuid"])
            case "NOT_FOUND":
                return Missing("eSewa has no such transaction, or its session has expired")
            case other:
                return Unknown(f"the transaction is {str(other)[:40]}")

    def verify_callback(
        self,
        raw: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 -- eSewa signs in the query
        *,
        secrets: tuple[str, ...],
        now_seconds: float,  # noqa: ARG002 -- there is no time in the scheme
    ) -> None:
        """Verify the fields that the message names, as they were written. Raises CALLBACK_REFUSED.

        A return from the failure page carries no signature, and is a hint that says nothing but which payment to look
        up.
        """
        query = read_query(raw)
        if "data" not in query:
            return
        said = find_data(query["data"])
        if said is None or not _is_signed(said, secrets):
            raise MediatorError(CALLBACK_REFUSED, "The signature is not valid.")

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read which transaction the customer comes back from."""
        query = read_query(raw)
        said = find_data(query.get("data", "")) or {}
        # eSewa puts `?data=` behind any address, also behind one that has a query.
        uuid = said.get("transaction_uuid", query.get(_FAILED, "").partition("?")[0])
        if _UUID.match(uuid) is None:
            return Unreadable("no transaction is named")
        event = CallbackEvent(
            event_id=f"{uuid}:{hashlib.sha256(raw).hexdigest()[:16]}",
            kind="payment.returned",
            operation_key=_key_of(uuid),
            provider_reference=uuid,
            operation_kind=OperationKind.AUTHORIZE,
        )
        return (event,)


def _is_signed(said: Mapping[str, str], secrets: tuple[str, ...]) -> bool:
    """Compare with every secret's signature; what decides must be among what is signed."""
    names = said.get("signed_field_names", "").split(",")
    if not set(names) <= set(said) or not {"status", *SIGNED_FIELDS} <= set(names) or len(names) > _FIELDS_MAX:
        return False
    given = said.get("signature", "").encode()
    return is_any((given,), (signature(secret, said, names).encode() for secret in secrets))


def _succeeded(said: Mapping[str, str]) -> Finding:
    amount = from_wire(NPR, said.get("total_amount", "").replace(",", ""))
    if amount is None:
        return Unknown("a completed transaction without an amount")
    return Succeeded(said["transaction_uuid"], amount)


def _rupees(amount: Money) -> str:
    """Write rupees as eSewa's own examples do: whole ones without decimals."""
    return str(to_wire(NPR, amount)).removesuffix(".00")


def _uuid_of(key: str) -> str:
    """Write our key with the characters that a transaction_uuid may have: letters, digits, dashes for underscores.

    Raises CannotBuildError when it cannot be, or could not be read back.
    """
    uuid = key.replace("_", "-")
    if "-" in key or _UUID.match(uuid) is None:
        raise CannotBuildError("the key has characters that a transaction_uuid may not have")
    return uuid


def _key_of(uuid: str) -> str:
    """Read our key back."""
    return uuid.replace("-", "_")
