"""Who is followed, and what spans say."""

from collections.abc import Iterator, Sequence

import pytest

from adapters.telemetry import tracing
from adapters.telemetry.traceparent import TraceParent
from adapters.telemetry.tracing import Attribute, RecordedSpan, Recorder, Rules, SpanKind, Value

HEADER = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
REMOTE = TraceParent(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, sampled=True)


class Noted(RecordedSpan):
    def __init__(self, name: str, kind: SpanKind, identity: TraceParent, parent: TraceParent | None) -> None:
        self.name, self.kind, self._identity, self.parent = name, kind, identity, parent
        self.links: tuple[TraceParent, ...] = ()
        self.said: dict[str, Value] = {}
        self.error: str | None = None
        self.ended = False

    @property
    def identity(self) -> TraceParent:
        return self._identity

    def rename(self, name: str) -> None:
        self.name = name

    def set(self, attribute: str, value: Value) -> None:
        self.said[attribute] = value

    def fail(self, error: str) -> None:
        self.error = error

    def end(self) -> None:
        self.ended = True


class Notebook(Recorder):
    def __init__(self) -> None:
        self.spans: list[Noted] = []
        self.closed = False

    def start(
        self, name: str, kind: SpanKind, parent: TraceParent | None, links: Sequence[TraceParent]
    ) -> RecordedSpan:
        trace_id = parent.trace_id if parent else 1_000 + len(self.spans)
        made = Noted(name, kind, TraceParent(trace_id, len(self.spans) + 1, sampled=True), parent)
        made.links = tuple(links)
        self.spans.append(made)
        return made

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Follow everything that begins here, and only what the caller's trace id says of what callers follow."""
    made = Notebook()
    tracing.switch_on(made, Rules(ratio=1.0, obeys_callers=False))
    yield made
    tracing.switch_off()


def test_without_a_recorder_nothing_is_followed() -> None:
    with tracing.span("work") as followed:
        assert followed is None
    assert tracing.at_the_door([], "GET") is None
    assert tracing.outgoing() == {}
    assert tracing.log_keys() == {}


def test_a_request_goes_on_in_its_callers_trace(notebook: Notebook) -> None:
    span = tracing.at_the_door([(b"traceparent", HEADER)], "GET")

    assert span is not None
    with tracing.entered(span), tracing.span("inside", SpanKind.CLIENT, {Attribute.PROVIDER: "sandbox"}):
        assert tracing.log_keys() == {"trace_id": f"{REMOTE.trace_id:032x}"}

    door, inside = notebook.spans
    assert door.parent == REMOTE
    assert inside.parent == door.identity
    assert inside.said == {"mediator.provider": "sandbox"}
    assert door.ended
    assert inside.ended


def test_of_two_headers_none_is_believed(notebook: Notebook) -> None:
    tracing.at_the_door([(b"traceparent", HEADER), (b"traceparent", HEADER)], "GET")

    assert notebook.spans[0].parent is None


@pytest.mark.parametrize(("ratio", "followed"), [(0.0, False), (1.0, True)])
def test_a_part_is_followed(ratio: float, followed: bool) -> None:  # noqa: FBT001 -- a case of the table
    rules = Rules(ratio=ratio, obeys_callers=False)

    assert rules.follows(None) is followed
    assert rules.follows(REMOTE) is followed


def test_a_caller_decides_only_where_callers_are_obeyed() -> None:
    unsampled = TraceParent(REMOTE.trace_id, REMOTE.span_id, sampled=False)

    assert Rules(ratio=0.0, obeys_callers=True).follows(REMOTE)
    assert not Rules(ratio=1.0, obeys_callers=True).follows(unsampled)


def test_what_goes_wrong_is_told_by_its_kind_and_never_by_its_words(notebook: Notebook) -> None:
    span = tracing.at_the_door([], "GET")
    assert span is not None
    with pytest.raises(ValueError, match="card 4242"), tracing.entered(span):
        raise ValueError("card 4242 4242 4242 4242")

    assert notebook.spans[0].error == "ValueError"
    assert notebook.spans[0].ended


def test_secrets_are_hidden_in_what_is_told(notebook: Notebook) -> None:
    span = tracing.at_the_door([], "GET")
    assert span is not None
    span.tell(Attribute.ROUTE, "fmk_live_abcdefghijklmnopqrstuvwxyz0123456789AB")

    assert "abcdefghijklmnop" not in str(notebook.spans[0].said)


def test_a_batch_hangs_below_the_first_and_is_linked_to_the_others(notebook: Notebook) -> None:
    spans = [tracing.at_the_door([], "POST") for _ in range(3)]
    with tracing.batch("PostPlain", [None, *spans], 4):
        pass

    made = notebook.spans[-1]
    assert made.name == "journal.batch"
    assert made.parent == notebook.spans[0].identity
    assert made.links == (notebook.spans[1].identity, notebook.spans[2].identity)
    assert made.said == {"mediator.journal.work": "PostPlain", "mediator.journal.batch_size": 4}


def test_a_job_is_followed_when_its_sender_is(notebook: Notebook) -> None:
    sent = tracing.sent("send settle")
    assert sent is not None

    received = tracing.received("job settle", sent.identity.written())

    assert received is not None
    assert notebook.spans[-1].parent == sent.identity
    assert tracing.received("job settle", "") is None


def test_the_end_gives_everything_away(notebook: Notebook) -> None:
    tracing.switch_off()

    assert notebook.closed
    assert not tracing.is_on()
