"""Every call that an adapter's examples make possible, by name: what must be pure is tried with these."""

from collections.abc import Callable, Iterator
from functools import partial

from adapters.providerkit.adapter import CallsBack, Reports, VerifiesCredentials
from adapters.providerkit.conformance.readings import callback_readings, readings
from adapters.providerkit.conformance.subject import Subject, find_built, find_question
from domain.errors import MediatorError

Call = tuple[str, Callable[[], object]]


def calls(subject: Subject) -> Iterator[Call]:
    """Give every call; none of them raises for an adapter that keeps its promises."""
    adapter, examples = subject.adapter, subject.examples
    for instruction in examples.instructions:
        kind = instruction.kind.value
        yield f"building {kind}", partial(find_built, adapter, instruction)
        yield f"asking about {kind}", partial(find_question, adapter, instruction)
    yield from _questions(subject)
    yield from _verifications(subject)
    for one in (*readings(subject), *callback_readings(subject)):
        yield f"reading the {one.name}", partial(one.read, one.answer)


def _questions(subject: Subject) -> Iterator[Call]:
    adapter = subject.adapter
    if isinstance(adapter, VerifiesCredentials):
        yield "asking about the credentials", adapter.build_verification
    if isinstance(adapter, Reports):
        yield "asking for the books", partial(adapter.build_books_page, "account", None)


def _verifications(subject: Subject) -> Iterator[Call]:
    adapter = subject.adapter
    if isinstance(adapter, CallsBack):
        for one in subject.examples.callbacks:
            secrets = () if one.secret is None else (one.secret,)
            yield (
                "verifying a callback",
                partial(accepts, adapter, one.raw, one.headers, secrets=secrets, now_seconds=one.now_seconds),
            )


def accepts(
    adapter: CallsBack, raw: bytes, headers: dict[str, str], *, secrets: tuple[str, ...], now_seconds: float
) -> bool:
    """Whether a callback is taken for authentic. Raises whatever else than a refusal the adapter raises."""
    try:
        adapter.verify_callback(raw, headers, secrets=secrets, now_seconds=now_seconds)
    except MediatorError:
        return False
    return True
