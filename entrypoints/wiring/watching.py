"""What watches a process while it runs: metrics on an address of their own, and traces for whoever collects them."""

import socket
from collections.abc import Sequence
from typing import Final

from adapters.telemetry import tracing
from adapters.telemetry.families import write_to
from adapters.telemetry.logging import get_logger
from adapters.telemetry.metrics import declare_build
from adapters.telemetry.metrics_server import Collect, MetricsServer, bind
from adapters.telemetry.shared_cells import SharedCells
from adapters.telemetry.tracing import Rules
from entrypoints.settings import Settings

SPARE_SLOTS: Final = 2
"""For a process that begins while the one that it replaces still ends."""


class Watching:
    """Make it before processes are forked; each of them then calls `begin` once, and `serve` when it has a loop."""

    def __init__(self, settings: Settings, *, component: str, version: str, processes: int) -> None:
        """Open what the settings switch on. Raises OSError when somebody else listens where metrics should be."""
        self._settings = settings
        self._component = component
        self._version = version
        self._cells: SharedCells | None = None
        self._socket: socket.socket | None = None
        self._server: MetricsServer | None = None
        if settings.metrics_port:
            self._socket = bind(settings.metrics_host, settings.metrics_port)
            self._cells = SharedCells(processes + SPARE_SLOTS)
        if settings.follows:
            import adapters.telemetry.otlp  # noqa: F401, PLC0415 -- heavy: imported once, and only by who follows

    def begin(self) -> None:
        """Count and follow from now on, in this process."""
        if self._cells is not None:
            write_to(self._cells.claim())
            declare_build(self._version)
        if self._settings.follows:
            self._follow()

    async def serve(self, collectors: Sequence[Collect] = ()) -> None:
        """Answer whoever reads metrics, if they are switched on: any process tells of all."""
        if self._cells is None or self._socket is None:
            return
        self._server = MetricsServer(self._cells, *collectors)
        await self._server.start(self._socket)
        address, port = self._socket.getsockname()[:2]
        get_logger().info("metrics.served", host=address, port=port)

    async def end(self) -> None:
        """Answer nobody any more, and give the last spans away."""
        if self._server is not None:
            await self._server.stop()
        tracing.switch_off()

    def _follow(self) -> None:
        from adapters.telemetry.otlp import OtlpRecorder, otlp_exporter, resource_of  # noqa: PLC0415 -- as above

        settings = self._settings
        resource = resource_of(settings.otel_service_name, self._component, self._version)
        recorder = OtlpRecorder(otlp_exporter(settings.otel_exporter_otlp_endpoint), resource=resource)
        tracing.switch_on(recorder, Rules(ratio=settings.otel_traces_sampler_arg, obeys_callers=False))
