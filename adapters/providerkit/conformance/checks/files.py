"""Files for a bank: each has a name and an id of its own, and what the bank's files say is about just that one."""

import re
from collections.abc import Iterator

import msgspec

from adapters.providerkit.adapter import CallsBack
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.checks.idempotency import KEYS
from adapters.providerkit.conformance.checks.requests import HOSTILE_NAMES, NAMES
from adapters.providerkit.conformance.mutations import GARBAGE, cuts
from adapters.providerkit.conformance.reading import fields_of
from adapters.providerkit.conformance.secrets import secrets_in
from adapters.providerkit.conformance.subject import NotApplicableError, Subject, find_built, parse
from adapters.providerkit.examples import ExampleCallback
from adapters.providerkit.messages import FileDrop, HttpResponse
from adapters.providerkit.places import SpokenToByFiles
from domain.manifests import CallbackTransport, KeyPlace
from domain.providers import CallbackEvent, Instruction, Unknown, Unreadable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
"""What every file system, SFTP server and bank takes."""

_STATUSES = (100, 200, 202, 301, 400, 401, 404, 409, 429, 500, 503)


def _dropped(subject: Subject) -> list[tuple[Instruction, FileDrop]]:
    drops = [(one, sending) for one, sending in subject.buildable() if isinstance(sending, FileDrop)]
    if not drops:
        raise NotApplicableError("the provider is not spoken to by files")
    return drops


def _told(subject: Subject) -> tuple[CallsBack, tuple[ExampleCallback, ...]]:
    """Give who reads the provider's files, and those that are shown."""
    adapter, rule = subject.adapter, subject.adapter.manifest.callbacks
    if not isinstance(adapter, CallsBack) or rule is None or rule.transport is not CallbackTransport.FILE:
        raise NotApplicableError("the provider tells nothing by files")
    return adapter, subject.examples.callbacks


def _spoken(subject: Subject) -> Iterator[str]:
    adapter, drops = subject.adapter, [one for _, one in subject.buildable() if isinstance(one, FileDrop)]
    if not isinstance(adapter, SpokenToByFiles):
        if drops:
            yield "it drops files, and says no place where they are exchanged (SpokenToByFiles)"
            return
        raise NotApplicableError("the provider is not spoken to by files")
    if not drops:
        yield "it says where files are exchanged, and drops none"
    if any(secret in f"{adapter.place!r}{adapter.login!r}" for secret in secrets_in(subject.examples.credentials)):
        yield "the place, or the login there, shows a secret when it is printed"


def _named(subject: Subject) -> Iterator[str]:
    for instruction, drop in _dropped(subject):
        names = [drop.name for drop in _built(subject, instruction, "key", KEYS)]
        if len(set(names)) < len(names):
            yield f"two operations are files of one name, {names[0]}"
        for field in NAMES:
            for changed in (drop, *_built(subject, instruction, field, HOSTILE_NAMES)):
                if _NAME.fullmatch(changed.name) is None:
                    yield f"{field}: the name of the file is {changed.name!r}"


def _keyed(subject: Subject) -> Iterator[str]:
    rule = subject.adapter.manifest.idempotency
    for instruction, first in _dropped(subject):
        for drop in (first, *_built(subject, instruction, "key", KEYS)):
            reference = drop.provider_reference
            if reference.encode() not in drop.content:
                yield f"the file is to be known as {reference!r}, which is not in it"
            elif rule.place is KeyPlace.MESSAGE_ID and rule.name is not None:
                ids = [value for path, value in fields_of(drop) if path.rpartition(".")[2] == rule.name]
                if ids != [reference]:
                    yield f"the {rule.name} in the file is {', '.join(ids) or 'missing'}, not {reference}"


def _doubted(subject: Subject) -> Iterator[str]:
    for instruction, drop in _dropped(subject):
        for status in _STATUSES:
            for body in (*GARBAGE, drop.content, *(one.raw for one in subject.examples.callbacks)):
                read = parse(subject.adapter, instruction, HttpResponse(status=status, body=body))
                if not isinstance(read, Unknown):
                    yield f"{type(read).__name__} from an answer with {status} and {body[:40]!r}"


def _about(subject: Subject) -> Iterator[str]:
    """Have the bank's file speak of another file of ours: then just that one's operation is told of."""
    adapter, shown = _told(subject)
    spoken_of = 0
    for instruction, drop in _dropped(subject):
        key = next(one for one in KEYS if one != instruction.key)
        for other in _built(subject, instruction, "key", (key,)):
            for one in shown:
                raw = one.raw.replace(drop.provider_reference.encode(), other.provider_reference.encode())
                if raw != one.raw and any(event.operation_key == instruction.key for event in one.means):
                    spoken_of += 1
                    keys = {event.operation_key for event in _events(adapter, raw)} - {None}
                    if keys != {key}:
                        yield f"a file that speaks of {key} is read as about {', '.join(map(str, keys)) or 'nothing'}"
    if not spoken_of:
        yield "no file is shown that says, by the id of a file of ours, what became of it"


def _cut(subject: Subject) -> Iterator[str]:
    adapter, shown = _told(subject)
    for one in shown:
        whole = [(event.operation_key, event.finding) for event in one.means]
        for raw in cuts(one.raw):
            for event in _events(adapter, raw):
                if event.finding is not None and (event.operation_key, event.finding) not in whole:
                    yield f"{event.finding} from the first {len(raw)} of {len(one.raw)} bytes, and not from all"


def _events(adapter: CallsBack, raw: bytes) -> tuple[CallbackEvent, ...]:
    read = adapter.parse_callback(raw)
    return () if isinstance(read, Unreadable) else read


def _built(subject: Subject, instruction: Instruction, field: str, values: tuple[str, ...]) -> list[FileDrop]:
    """Give the files of an operation with one thing changed, as far as they can be written."""
    built = (find_built(subject.adapter, msgspec.structs.replace(instruction, **{field: one})) for one in values)
    return [one for one in built if isinstance(one, FileDrop)]


CHECKS = (
    Check(
        "files.spoken",
        "Who drops files says where they are exchanged, and shows no secret by it; who drops none does not.",
        "Files would be written that nobody carries to the bank, or a login would be in the logs.",
        _spoken,
    ),
    Check(
        "files.named",
        "A file has a plain short name, and each operation another one, whatever names it holds.",
        "A name with a path reaches another folder; of two files with one name the second is never sent.",
        _named,
    ),
    Check(
        "files.keyed",
        "The id by which the bank will call a file stands in it once, where the manifest says.",
        "The bank could not tell a copy from a second order, nor we what it speaks of.",
        _keyed,
    ),
    Check(
        "files.doubted",
        "Whatever is read as an answer to a file leaves doubt.",
        "Nobody answers a file: what looks like an answer is somebody else's.",
        _doubted,
    ),
    Check(
        "files.about",
        "What a bank's file says under the id of a file of ours is about that operation, and no other.",
        "A return would be booked to another payout.",
        _about,
    ),
    Check(
        "files.cut",
        "A bank's file that is cut at any byte says nothing that the whole does not say.",
        "Files are read while they are written, and connections break.",
        _cut,
    ),
)
