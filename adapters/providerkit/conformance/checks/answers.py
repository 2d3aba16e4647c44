"""Any answer has a meaning, in bounded time, and what is not said for sure is in doubt."""

import random
from collections.abc import Iterator
from functools import partial

from adapters.providerkit.conformance.bounding import TookTooLongError, bounded
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import GARBAGE, HOSTILE, bent, cuts, is_json
from adapters.providerkit.conformance.readings import Reading, callback_readings, readings
from adapters.providerkit.conformance.subject import Subject
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Missing,
    NotSent,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)

_STATUSES = (
    100,
    101,
    200,
    201,
    202,
    204,
    206,
    299,
    300,
    301,
    304,
    307,
    400,
    401,
    402,
    403,
    404,
    405,
    408,
    409,
    410,
    413,
)
_MORE_STATUSES = (418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 599)
STATUSES = (*_STATUSES, *_MORE_STATUSES)
_KEY_REFUSED = (401, 403)
_FAULTY = 500
_ODD_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"content-type": "text/html"},
    {"content-type": "application/json; charset=utf-16"},
    {"content-type": ""},
    {"content-type": "\x00ÿ", "retry-after": "soon", "date": "never", "location": "http://[::1"},
    {"retry-after": "9" * 400, "content-length": "NaN"},
)


def _total(subject: Subject) -> Iterator[str]:
    chance = subject.chance("answers.total")
    for reading in (*readings(subject), *callback_readings(subject)):
        for answer in (*_answers(reading), *(_chanced(reading, chance) for _ in range(subject.cases))):
            try:
                yield from _faults(reading, answer)
            except TookTooLongError:
                yield f"{reading.name}: computes without end on {_shown(answer)}"
                return  # There may be many more of them, each as long.


def _chanced(reading: Reading, chance: random.Random) -> HttpResponse:
    return HttpResponse(
        status=chance.choice((reading.answer.status, chance.randint(100, 599))),
        headers=chance.choice((reading.answer.headers, *_ODD_HEADERS)),
        body=bent(reading.answer.body, chance),
    )


def _answers(reading: Reading) -> Iterator[HttpResponse]:
    """Give what is tried on every reading, whatever chance says."""
    status, headers = reading.answer.status, reading.answer.headers
    yield from (HttpResponse(status=status, headers=headers, body=body) for body in (*GARBAGE, *HOSTILE))
    yield from (HttpResponse(status=status, headers=headers, body=body) for body in cuts(reading.answer.body))
    yield from (HttpResponse(status=one, headers=headers, body=reading.answer.body) for one in range(100, 600))
    yield from (HttpResponse(status=status, headers=one, body=reading.answer.body) for one in _ODD_HEADERS)


def _faults(reading: Reading, answer: HttpResponse) -> Iterator[str]:
    """Say what is wrong with what was read. Raises TookTooLongError."""
    try:
        read = bounded(partial(reading.read, answer))
    except TookTooLongError:
        raise
    except Exception as broken:  # noqa: BLE001 -- whatever it is, it must not come out
        yield f"{reading.name}: {type(broken).__name__} on {_shown(answer)}"
        return
    events = isinstance(read, tuple) and not all(isinstance(one, CallbackEvent) for one in read)
    if not isinstance(read, reading.gives) or events:
        yield f"{reading.name}: gives a {type(read).__name__} for {_shown(answer)}"


def _garbage(subject: Subject) -> Iterator[str]:
    for reading in readings(subject):
        proofs = _proofs(subject, reading)
        for status in STATUSES:
            for body in GARBAGE:
                read = _read(reading, HttpResponse(status=status, headers=reading.answer.headers, body=body))
                if not _leaves_doubt(read, status, body, proofs):
                    yield f"{reading.name}: {_name(read)} from status {status} and {body[:40]!r}"


def _cut(subject: Subject) -> Iterator[str]:
    for reading in readings(subject):
        answer, proofs = reading.answer, _proofs(subject, reading)
        if not is_json(answer.body):
            continue
        for body in cuts(answer.body):
            read = _read(reading, HttpResponse(status=answer.status, headers=answer.headers, body=body))
            if not is_json(body) and not _leaves_doubt(read, answer.status, body, proofs):
                yield f"{reading.name}: {_name(read)} from its first {len(body)} of {len(answer.body)} bytes"


def _status(subject: Subject) -> Iterator[str]:
    for reading in readings(subject):
        shown = {one.answer.status for one in readings(subject) if type(one.means) is type(reading.means)}
        for status in range(100, 600):
            if status in shown:
                continue
            read = _read(
                reading,
                HttpResponse(status=status, headers=reading.answer.headers, body=reading.answer.body),
            )
            if _is_wrong(read, status):
                yield f"{reading.name}: the body of status {reading.answer.status} is {_name(read)} with {status}"


def _is_wrong(read: object, status: int) -> bool:
    """Say whether a status contradicts what was read: no success without one, no proof from a broken provider."""
    broken = status >= _FAULTY
    if isinstance(read, Succeeded | AcceptedPending) or read is Verification.VALID:
        return broken or status in _KEY_REFUSED or status < 200 or 300 <= status < 400  # noqa: PLR2004 -- HTTP's classes
    if isinstance(read, NotSent | Missing):
        return broken or status < 400  # noqa: PLR2004 -- the same
    return isinstance(read, Rejected) and broken


def _proofs(subject: Subject, reading: Reading) -> set[int]:
    """Give the statuses that alone are proof that nothing was done, as examples of the same kind show."""
    same = (one for one in readings(subject) if one.is_look_up is reading.is_look_up)
    return {one.answer.status for one in same if isinstance(one.means, NotSent)}


def _leaves_doubt(read: object, status: int, body: bytes, proofs: set[int]) -> bool:
    """Say whether no more was read than can be: garbage says nothing, but a status may, and so may an empty 2xx."""
    if isinstance(read, NotSent):
        return status in proofs
    if isinstance(read, AcceptedPending):
        return not body and 200 <= status < 300  # noqa: PLR2004 -- the HTTP class of success
    if isinstance(read, Verification):
        return read is Verification.UNKNOWN or (read is Verification.REFUSED and status in _KEY_REFUSED)
    return read is None or isinstance(read, Unknown | HttpRequest)


def _read(reading: Reading, answer: HttpResponse) -> object:
    """Read an answer; what breaks is another check's fault, and here it says nothing."""
    try:
        return reading.read(answer)
    except Exception:  # noqa: BLE001 -- see the docstring
        return None


def _name(read: object) -> str:
    return read.value if isinstance(read, Verification) else type(read).__name__


def _shown(answer: HttpResponse) -> str:
    more = f"... ({len(answer.body)} bytes)" if len(answer.body) > 60 else ""  # noqa: PLR2004 -- fits a line
    return f"status {answer.status}, {answer.body[:60]!r}{more}"


CHECKS = (
    Check(
        "answers.total",
        "Any status, headers and bytes give a value of the right kind, in bounded time.",
        "Money was sent: an exception would lose what became of it.",
        _total,
    ),
    Check(
        "answers.garbage",
        "What says nothing leaves doubt, at every status: no success, no refusal, no absence.",
        "A proxy on the way answers with any status and any page.",
        _garbage,
    ),
    Check(
        "answers.cut",
        "An answer cut at any byte leaves doubt.",
        "Half of a refusal may be the half of a success.",
        _cut,
    ),
    Check(
        "answers.status",
        "No success with 1xx, 3xx, 401, 403 or 5xx; no proof of absence or refusal with 5xx that was not shown.",
        "A failing provider may have done it all the same.",
        _status,
    ),
)
