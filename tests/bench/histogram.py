"""Keeps how long things took, in buckets narrower than one part in a hundred, so that millions of them stay small."""

from collections import Counter
from collections.abc import Iterable, Mapping

_PRECISION_BITS = 7
_EXACT_BELOW = 1 << (_PRECISION_BITS + 1)


class Histogram:
    """Durations in nanoseconds. A percentile is the end of its bucket: never too short, at most 0.8 % too long."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        """Begin with these counts by bucket, or with none."""
        self._counts = Counter(counts or {})

    @classmethod
    def of(cls, nanoseconds: Iterable[int]) -> "Histogram":
        """Count durations."""
        return cls(Counter(map(bucket_of, nanoseconds)))

    @property
    def total(self) -> int:
        """How many durations are in it."""
        return self._counts.total()

    def merged(self, other: "Histogram") -> "Histogram":
        """Give the durations of both."""
        return Histogram(self._counts + other._counts)

    def counts(self) -> dict[int, int]:
        """Give the counts by bucket, for another process."""
        return dict(self._counts)

    def percentile(self, percent: float) -> int:
        """Give the nanoseconds that so many percent of them took at most. Raises ValueError when it is empty."""
        if not self._counts:
            raise ValueError("nothing was measured")
        wanted = self.total * percent / 100
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return upper_end(bucket)
        raise ValueError(f"{percent} is no percentage")

    def milliseconds(self, percent: float) -> float:
        """Give a percentile in milliseconds."""
        return self.percentile(percent) / 1e6


def bucket_of(nanoseconds: int) -> int:
    """Give the number of the bucket of a duration; up to 255 ns each has its own."""
    shift = max(0, nanoseconds.bit_length() - _PRECISION_BITS - 1)
    return (shift << _PRECISION_BITS) + (nanoseconds >> shift)


def upper_end(bucket: int) -> int:
    """Give the longest duration of a bucket."""
    if bucket < _EXACT_BELOW:
        return bucket
    shift = (bucket >> _PRECISION_BITS) - 1
    top = (bucket & ((1 << _PRECISION_BITS) - 1)) | (1 << _PRECISION_BITS)
    return ((top + 1) << shift) - 1
