"""What is sent can be sent, goes only where it was configured to, and stays there whatever names it carries."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from adapters.providerkit.adapter import Reports, VerifiesCredentials
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.subject import Sending, Subject, find_built, find_question
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpRequest
from domain.providers import AcceptedPending, Instruction

HOSTILE_NAMES = (
    "../../v1/payouts",
    "a/b",
    "a?b=c",
    "a#b",
    "a&b=c",
    "a b",
    "a%2fb",
    "a\r\nX-Evil: 1",
    "ü€😀",
    "\x00",
    '"}',
    "@evil.example",
)
NAMES = (
    "payment_id",
    "account",
    "provider_reference",
    "operation_reference",
    "payment_method",
    "reference",
    "description",
)


def _sendable(subject: Subject) -> Iterator[str]:
    for name, sending in _everything(subject):
        yield from (f"{name}: {fault}" for fault in _faults(sending))


def _home(subject: Subject) -> Iterator[str]:
    homes = _homes(msgspec.to_builtins(subject.examples.config))
    for name, sending in _everything(subject):
        host = _host(sending)
        if host is not None and host not in homes:
            yield f"{name}: goes to {host}, which is not in the configuration"


def _quoted(subject: Subject) -> Iterator[str]:
    for instruction, sending in subject.buildable():
        for field in NAMES:
            for hostile in HOSTILE_NAMES:
                changed = msgspec.structs.replace(instruction, **{field: hostile})
                for built, plain in (
                    (find_built(subject.adapter, changed), sending),
                    (find_question(subject.adapter, changed), find_question(subject.adapter, instruction)),
                ):
                    if isinstance(built, HttpRequest) and isinstance(plain, HttpRequest):
                        faults = _escapes(built, plain)
                        yield from (f"{instruction.kind.value}, {field} {hostile!r}: {fault}" for fault in faults)


def _escapes(built: HttpRequest, plain: HttpRequest) -> Iterator[str]:
    """Compare with the request of harmless names; a request with a fault is never sent, so it escapes nowhere."""
    if built.fault() is not None:
        return
    ours, theirs = urlsplit(built.url), urlsplit(plain.url)
    if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        yield f"it goes to {ours.netloc}"
    if ours.path.count("/") != theirs.path.count("/") or "/../" in f"{ours.path}/" or ours.fragment:
        yield f"it goes to {ours.path}"
    if ours.query.count("&") != theirs.query.count("&"):
        yield f"it asks {ours.query}"
    if built.headers.keys() != plain.headers.keys():
        yield "it has other headers"


def _faults(sending: Sending) -> Iterator[str]:
    match sending:
        case HttpRequest():
            fault = sending.fault()
            if fault is not None:
                yield fault
        case FileDrop():
            if not sending.name or "/" in sending.name or sending.name.startswith(".") or not sending.content:
                yield f"{sending.name!r} is no file with a content in one folder"
        case _:
            pass


def _everything(subject: Subject) -> Iterator[tuple[str, Sending]]:
    adapter = subject.adapter
    for instruction, sending in subject.buildable():
        yield instruction.kind.value, sending
        yield from _asked(subject, instruction)
    try:
        if isinstance(adapter, VerifiesCredentials):
            yield "question about the credentials", adapter.build_verification()
        if isinstance(adapter, Reports):
            yield "question for the books", adapter.build_books_page("pac_1", None)
            yield "question for more of the books", adapter.build_books_page("pac_1", "a/b?c&d")
    except CannotBuildError:
        return


def _asked(subject: Subject, instruction: Instruction) -> Iterator[tuple[str, Sending]]:
    question = find_question(subject.adapter, instruction)
    if isinstance(question, HttpRequest):
        yield f"look-up of {instruction.kind.value}", question


def _host(sending: Sending) -> str | None:
    match sending:
        case HttpRequest():
            return urlsplit(sending.url).netloc
        case AcceptedPending():
            return None if sending.action_url is None else urlsplit(sending.action_url).netloc
        case _:
            return None


def _homes(config: object) -> set[str]:
    """Give every host that the configuration names."""
    match config:
        case str():
            netloc = urlsplit(config).netloc
            return {netloc} if netloc else set()
        case dict():
            return {home for inner in config.values() for home in _homes(inner)}
        case list() | tuple():
            return {home for inner in config for home in _homes(inner)}
        case _:
            return set()


CHECKS = (
    Check(
        "requests.sendable",
        "Every request is what it looks like on the wire, every file has a plain name and a content.",
        "A request with a fault is never sent, and the operation never done.",
        _sendable,
    ),
    Check(
        "requests.home",
        "Requests go to hosts that the configuration names, and nowhere else.",
        "A test key would pay at the live host, or a live one at anybody's.",
        _home,
    ),
    Check(
        "requests.quoted",
        "Whatever a name holds, the request stays at its endpoint, or is not built.",
        "A reference with slashes would reach another endpoint with our credentials.",
        _quoted,
    ),
)
