"""The `traceparent` header, by which traces go from service to service (W3C Trace Context, Level 1)."""

import re
from typing import Final

import msgspec

NAME: Final = "traceparent"
RAW_NAME: Final = NAME.encode()

_FORM: Final = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z", re.DOTALL)
_SAMPLED: Final = 1
_FIRST_VERSION: Final = b"00"


class TraceParent(msgspec.Struct, frozen=True):
    """Somebody else's span: the trace that it belongs to, its id there, and whether it is kept."""

    trace_id: int
    span_id: int
    sampled: bool

    def written(self) -> str:
        """Write the header."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"


def read_traceparent(header: bytes) -> TraceParent | None:
    """Read the header; None for what is none: a trace begins anew then (section 4.3 of the recommendation)."""
    read = _FORM.match(header)
    if read is None or (read[1] == _FIRST_VERSION and read[5] is not None):
        return None
    trace_id, span_id = int(read[2], 16), int(read[3], 16)
    if not trace_id or not span_id:
        return None
    return TraceParent(trace_id, span_id, bool(int(read[4], 16) & _SAMPLED))
