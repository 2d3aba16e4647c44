"""What the gateway writes about itself: one JSON object per line on standard error."""

import sys
from datetime import UTC, datetime

import msgspec


def log(level: str, event: str, **details: object) -> None:
    """Write one line. `details` are facts for programs, never a secret."""
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "service": "simulator",
        "event": event,
        **details,
    }
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    sys.stderr.flush()
