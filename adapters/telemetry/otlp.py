"""Records spans with OpenTelemetry's SDK and sends them by OTLP over HTTP.

Heavy to import: import it only where traces are switched on, and before processes are forked, so that they share it.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import SpanKind as TheirKind

from adapters.telemetry.traceparent import TraceParent
from adapters.telemetry.tracing import Attribute, RecordedSpan, Recorder, SpanKind, Value

QUEUE_MAX: Final = 2_048
BATCH_MAX: Final = 512
DELAY_MILLISECONDS: Final = 1_000
EXPORT_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 1.5
"""A collector that is away costs spans: never memory without bounds, and never the end of a process in time."""

COMPLAINT_SECONDS: Final = 60.0

_KINDS: Final[Mapping[SpanKind, TheirKind]] = {one: TheirKind[one.value] for one in SpanKind}


class OtlpRecorder(Recorder):
    """Every span that is begun here is kept: who is followed is decided before (`tracing.Rules`)."""

    def __init__(self, exporter: SpanExporter, *, resource: Mapping[str, str]) -> None:
        """Send with this exporter, from a thread of its own: make it after the fork."""
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(dict(resource)),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_attributes=32, max_links=512, max_events=0),
        )
        processor = BatchSpanProcessor(
            exporter,
            max_queue_size=QUEUE_MAX,
            max_export_batch_size=BATCH_MAX,
            schedule_delay_millis=DELAY_MILLISECONDS,
            export_timeout_millis=EXPORT_SECONDS * 1_000,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("mediator")

    def start(
        self, name: str, kind: SpanKind, parent: TraceParent | None, links: Sequence[TraceParent]
    ) -> RecordedSpan:
        """Begin a span now."""
        # An empty context is not the same as none: then OpenTelemetry would look for a current span of its own.
        context = Context() if parent is None else set_span_in_context(NonRecordingSpan(_remote(parent)), Context())
        made = self._tracer.start_span(
            name,
            context=context,
            kind=_KINDS[kind],
            links=[Link(_remote(one)) for one in links] or None,
        )
        return _Recorded(made)

    def close(self) -> None:
        """Send what is kept, as long as that takes no longer than a moment.

        The SDK would wait for a collector that is away, up to half a minute: so it waits where nobody waits for it.
        """
        closing = threading.Thread(target=self._provider.shutdown, name="spans closing", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


class _Recorded(RecordedSpan):
    """A span of the SDK."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def identity(self) -> TraceParent:
        context = self._span.get_span_context()
        return TraceParent(context.trace_id, context.span_id, sampled=True)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def set(self, attribute: str, value: Value) -> None:
        self._span.set_attribute(attribute, value)

    def fail(self, error: str) -> None:
        self._span.set_attribute(Attribute.ERROR.value, error)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


class Seldom(logging.Filter):
    """Lets one complaint through, and then none for a while: a collector that is away is told of, not of every span."""

    def __init__(self, pause_seconds: float = COMPLAINT_SECONDS) -> None:
        """Pause for so long after each."""
        super().__init__()
        self._pause_seconds = pause_seconds
        self._quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 -- the hook's signature
        """Tell whether this one may pass."""
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + self._pause_seconds
        return True


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Send to a collector's base address, which gets `/v1/traces` behind it.

    The SDK reads the other variables of its specification by itself, such as OTEL_EXPORTER_OTLP_HEADERS.
    """
    logging.getLogger(OTLPSpanExporter.__module__).addFilter(Seldom())
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)


def resource_of(service: str, component: str, version: str) -> dict[str, str]:
    """Say who makes these spans (OpenTelemetry's semantic conventions for services)."""
    return {
        "service.name": service,
        "service.version": version,
        "service.namespace": "financial-mediator",
        "service.instance.id": f"{component}-{os.getpid()}",
        "mediator.component": component,
    }


def _remote(parent: TraceParent) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    return SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)
