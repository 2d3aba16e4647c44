"""The `Idempotency-Key` header of requests that move money, and the answers that are given again."""

import hashlib
import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from litestar import Response

from application.call import Call
from application.ports.journal import Answer, IdempotencyKey
from domain.errors import IDEM_KEY_REQUIRED, MediatorError
from domain.posting import Refusal
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.transfer_shapes import refused

VISIBLE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def idempotent_call(request: AnyRequest) -> Call:
    """Say who calls, with the key of the effect. Raises IDEM_KEY_REQUIRED without a well-formed key.

    The key is kept exactly as it was sent. What it stands for is the method, the path and the raw bytes of the body.
    """
    key = request.headers.get("idempotency-key", "")
    if VISIBLE.fullmatch(key) is None:
        detail = "Send an Idempotency-Key of 1 to 255 visible ASCII characters."
        raise MediatorError(IDEM_KEY_REQUIRED, detail)
    raw: bytes = request.scope["state"].get("raw_body", b"")
    used_for = f"{request.method} {request.scope['path']}\n".encode() + raw
    route = f"{request.method} {request.scope['path_template']}"
    return call_of(request, IdempotencyKey(route, key, hashlib.sha256(used_for).digest()))


def told_refusal(request: AnyRequest, refusal: Refusal, pointers: Sequence[str] = ()) -> MediatorError:
    """Give a refusal of the ledger as the error to raise; its answer is marked when it is an earlier one."""
    if refusal.replayed:
        mark_replayed(request.scope["state"], refusal)
    return refused(refusal, pointers)


def mark_replayed(state: MutableMapping[str, Any], refusal: Refusal) -> None:
    """Have a problem told again as it was told first: marked, and with the id of the request that was refused."""
    state["answer_headers"] = (*state.get("answer_headers", ()), (b"idempotency-replayed", b"true"))
    state["told_request_id"] = refusal.request_id


def answered(answer: Answer) -> Response[bytes]:
    """Give an answer to the byte, marked when it is an earlier one."""
    headers: dict[str, str] = {}
    if answer.location is not None:
        headers["Location"] = answer.location
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    if answer.status == 503:  # noqa: PLR2004 -- nothing was sent: the same key may be used at once
        headers["Retry-After"] = "1"
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=answer.content_type)
