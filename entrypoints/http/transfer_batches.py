"""The door to batches of transfers: one document, or line by line."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from application.call import Call
from application.ledger.make_transfers import CHUNK, BatchItem, MakeTransfers, MakeTransfersHandler
from application.ports.journal import Answer, IdempotencyKey
from domain.errors import REQUEST_MALFORMED, REQUEST_TOO_LARGE, VAL_FIELD, FieldError, MediatorError
from entrypoints.http.auth import AnyRequest
from entrypoints.http.batch_shapes import (
    BatchItemOut,
    TransferBatchOut,
    batch_key,
    batch_refused,
    is_replay,
    item_of,
    item_out,
    items_of,
)
from entrypoints.http.edge.bodies import BodyReader, BodyRules
from entrypoints.http.edge.pointers import invalid_body
from entrypoints.http.edge.problems import STATUS_OF, problem_of
from entrypoints.http.edge.strict_json import check_json
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.transfer_requests import BATCH_MAX, BatchMode, OneOfBatchIn, TransferBatchIn
from entrypoints.http.transfer_shapes import CREATED, JSON, OK, encode

BATCH_PATH: Final = "/v1/transfers/batch"
BATCH_MAX_BYTES: Final = 16 * 1024 * 1024
LINES: Final = "application/x-ndjson"

_READER: Final = BodyReader(BodyRules(size_max=BATCH_MAX_BYTES, timeout_seconds=30.0))
_LINES: Final = re.compile(r"^application/x-ndjson[ \t]*(?:;[ \t]*charset=utf-8[ \t]*)?\Z", re.IGNORECASE)
_DOCUMENT: Final = msgspec.json.Decoder(TransferBatchIn)
_LINE: Final[msgspec.json.Decoder[OneOfBatchIn]] = msgspec.json.Decoder(OneOfBatchIn)
_encode_lines: Final = msgspec.json.Encoder().encode_lines


@post(
    BATCH_PATH,
    status_code=200,
    responses={201: ResponseSpec(TransferBatchOut, description="All of it was booked.", generate_examples=False)},
    tags=["Transfers"],
    idempotent=True,
    bodies={JSON: TransferBatchIn, LINES: OneOfBatchIn},
    answers_in_lines={LINES: BatchItemOut},
    errors=("BACKPRESSURE", "LEDGER_BATCH_REFUSED"),
    never=("IDEM_IN_FLIGHT",),
    request_max_body_size=None,
)
@inject
async def create_transfers(
    request: AnyRequest,
    handler: FromDishka[MakeTransfersHandler],
    mode: Annotated[BatchMode | None, QueryParameter(description="For application/x-ndjson only.")] = None,
) -> Response[TransferBatchOut]:
    """Make up to 10,000 transfers in one request, in their order.

    `atomic`: 201 when all were booked; else a problem whose `errors` name what stood in the way, and nothing was
    booked. `each`: 200 with what became of every transfer. Every transfer has an idempotency key, so a batch that broke
    is sent again, and what was booked is not booked twice.

    As `application/x-ndjson`, one transfer per line with `mode` in the query, it is booked while it is read, and
    answered with one line for each, in order.
    """
    if _LINES.match(request.headers.get("content-type", "").strip()):
        return await _by_lines(request, handler, _said(mode))
    raw = await _READER.body(request.scope, request.receive)
    request.scope["state"]["raw_body"] = raw
    call = idempotent_call(request)
    body = _decoded(raw)
    items = items_of(body.transfers, batch_key(_key_of(call)))
    atomic = body.mode is BatchMode.ATOMIC
    outcomes = await handler(MakeTransfers(items, atomic), call)
    if atomic and (refusal := batch_refused(items, outcomes)) is not None:
        raise refusal
    data = tuple(
        item_out(index, item, outcome, request.scope)
        for index, (item, outcome) in enumerate(zip(items, outcomes, strict=True))
    )
    out = encode(TransferBatchOut(body.mode, data))
    answer = Answer(CREATED if atomic else OK, JSON, out, replayed=is_replay(outcomes))
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


async def _by_lines(request: AnyRequest, handler: MakeTransfersHandler, mode: BatchMode) -> Response[TransferBatchOut]:
    """Make transfers line by line: chunk after chunk while they are read, or all at the end.

    Each line's own key keeps it from being made twice; the key of a stream cannot be bound to bytes that are yet to
    come. What ends a stream early is told in its last line, whose index is that of the first transfer without answer.
    """
    call = idempotent_call(request)
    atomic = mode is BatchMode.ATOMIC
    lines = _Lines(request, handler, msgspec.structs.replace(call, idempotency=None), atomic=atomic)
    key = batch_key(_key_of(call))
    try:
        async for item in _items(_READER.lines(request.scope, request.receive), key):
            await lines.take(item)
        await lines.make()
    except MediatorError as trouble:
        if atomic or not lines.told:
            raise
        lines.end(trouble)
    answer = Answer(CREATED if atomic else OK, LINES, _encode_lines(lines.told), replayed=lines.replayed)
    return answered(answer)  # type: ignore[return-value]  # lines of that shape


class _Lines:
    """The lines of one request: what waits to be made, and what was told."""

    def __init__(self, request: AnyRequest, handler: MakeTransfersHandler, call: Call, *, atomic: bool) -> None:
        self.told: list[BatchItemOut] = []
        self.replayed = True
        self._request = request
        self._handler = handler
        self._call = call
        self._atomic = atomic
        self._waiting: list[BatchItem] = []

    async def take(self, item: BatchItem) -> None:
        """Take one more, and make what waits when it is a chunk. Raises REQUEST_TOO_LARGE for one too many."""
        if len(self.told) + len(self._waiting) == BATCH_MAX:
            await self.make()
            raise MediatorError(REQUEST_TOO_LARGE, f"A batch has at most {BATCH_MAX} transfers.")
        self._waiting.append(item)
        if len(self._waiting) == CHUNK and not self._atomic:
            await self.make()

    async def make(self) -> None:
        """Make what waits. Raises LEDGER_BATCH_REFUSED, and what the journal raises for the whole."""
        items, self._waiting = self._waiting, []
        outcomes = await self._handler(MakeTransfers(items, self._atomic), self._call)
        if self._atomic and (refusal := batch_refused(items, outcomes)) is not None:
            raise refusal
        begin, scope = len(self.told), self._request.scope
        self.told.extend(item_out(begin + n, items[n], outcome, scope) for n, outcome in enumerate(outcomes))
        self.replayed = self.replayed and is_replay(outcomes)

    def end(self, trouble: MediatorError) -> None:
        """Tell why nothing more is told."""
        problem = problem_of(trouble, self._request.scope)
        self.told.append(BatchItemOut(len(self.told), STATUS_OF[trouble.entry.kind], problem=problem))
        self.replayed = False


async def _items(lines: AsyncIterator[bytes], key: IdempotencyKey) -> AsyncIterator[BatchItem]:
    """Read each line that is not blank; one that cannot be read is an item that says so."""
    index = 0
    async for line in lines:
        if not line.strip():
            continue
        bound = IdempotencyKey(key.route, key.key, hashlib.sha256(line).digest())
        try:
            check_json(line)
            yield item_of(_LINE.decode(line), index, bound)
        except msgspec.ValidationError as fault:
            yield BatchItem(invalid_body(fault), None)
        except MediatorError as refusal:
            yield BatchItem(refusal, None)
        index += 1


def _decoded(raw: bytes) -> TransferBatchIn:
    try:
        return _DOCUMENT.decode(raw)
    except msgspec.ValidationError as fault:
        raise invalid_body(fault) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise MediatorError(REQUEST_MALFORMED, "The body is not JSON.") from fault


def _said(mode: BatchMode | None) -> BatchMode:
    if mode is None:
        detail = "is required for lines"
        raise MediatorError(VAL_FIELD, f"query/mode: {detail}", errors=(FieldError("query/mode", detail),))
    return mode


def _key_of(call: Call) -> IdempotencyKey:
    if call.idempotency is None:
        message = "a batch was let in without a key"
        raise ValueError(message)
    return call.idempotency


BATCH_ROUTES = (create_transfers,)
