"""One call to a provider: followed where the request or job is, and counted always."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from adapters.telemetry.provider_metrics import observe_call
from adapters.telemetry.tracing import Attribute, Span, SpanKind, outgoing, span

RAISED = "raised"
"""The outcome of a call that ended with an exception, or was cancelled."""


class ProviderCall:
    """What is known of a call while it runs."""

    __slots__ = ("_span", "outcome")

    def __init__(self, span: Span | None) -> None:
        """Nothing is known yet."""
        self._span = span
        self.outcome = RAISED

    def ended(self, outcome: str, *, status: int | None = None) -> None:
        """Say what became of it, in the words of `domain.providers`, and which HTTP status told so."""
        self.outcome = outcome
        if self._span is not None:
            self._span.tell(Attribute.OUTCOME, outcome)
            if status is not None:
                self._span.tell(Attribute.STATUS, status)

    def headers(self) -> dict[str, str]:
        """Give the header by which the provider can follow on (`traceparent`); nothing where nothing is followed."""
        return outgoing() if self._span is not None else {}


@contextmanager
def provider_span(name: str, operation: str) -> Iterator[ProviderCall]:
    """Surround one call to the provider `name`. Its time and outcome are counted when the block ends, however it ends.

    Say the outcome with `ended`; a block that raises without is counted as `raised`.
    """
    attributes = {Attribute.PROVIDER: name, Attribute.OPERATION: operation}
    began = perf_counter()
    with span(f"provider {operation}", SpanKind.CLIENT, attributes) as followed:
        call = ProviderCall(followed)
        try:
            yield call
        finally:
            observe_call(name, operation, call.outcome, perf_counter() - began)
