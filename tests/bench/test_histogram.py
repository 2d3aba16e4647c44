"""The histogram of durations."""

import random

import pytest

from tests.bench.histogram import Histogram, bucket_of, upper_end


def test_each_duration_lies_in_a_bucket_that_ends_at_most_one_percent_above_it() -> None:
    durations = [*range(2_000), *(2**exponent + shift for exponent in range(11, 40) for shift in (-1, 0, 1, 77))]

    ends = [upper_end(bucket_of(duration)) for duration in durations]

    assert all(duration <= end <= duration * 1.01 for duration, end in zip(durations, ends, strict=True))


def test_buckets_rise_with_durations_and_leave_no_gap() -> None:
    buckets = [bucket_of(duration) for duration in range(100_000)]

    assert buckets == sorted(buckets)
    assert set(buckets) == set(range(buckets[-1] + 1))
    assert all(bucket_of(upper_end(bucket) + 1) == bucket + 1 for bucket in range(5_000))


def test_percentiles_are_close_to_those_of_the_durations_themselves() -> None:
    chance = random.Random(7)  # noqa: S311 -- made-up durations
    durations = sorted(int(chance.expovariate(1 / 3_000_000)) for _ in range(20_000))
    histogram = Histogram.of(durations)

    for percent in (1, 50, 90, 99, 99.9, 100):
        exact = durations[max(0, round(len(durations) * percent / 100) - 1)]
        assert exact <= histogram.percentile(percent) <= exact * 1.01 + 1


def test_histograms_of_several_processes_add_up() -> None:
    together = Histogram.of([1_000, 2_000]).merged(Histogram(Histogram.of([3_000_000]).counts()))

    assert together.total == 3
    assert together.milliseconds(100) == pytest.approx(3, rel=0.01)


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Histogram().percentile(50)


def test_more_than_all_is_no_percentage() -> None:
    with pytest.raises(ValueError, match="101"):
        Histogram.of([1]).percentile(101)
