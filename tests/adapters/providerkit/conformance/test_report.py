"""A report says the same again for the same seed, and shows the smallest of many faults."""

from collections.abc import Iterator

from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.registry import CHECKS
from adapters.providerkit.conformance.report import Verdict
from adapters.providerkit.conformance.running import EVIDENCE_MAX, FAULTS_MAX, conform
from adapters.providerkit.conformance.subject import NotApplicableError, Subject
from tests.adapters.providerkit.broken.believing import AnyPayment
from tests.adapters.providerkit.broken.toy_examples import spec, spec_of


def _many(_: Subject) -> Iterator[str]:
    return (f"{'long ' * number}fault" for number in range(1_000, 0, -1))


def _one_long(_: Subject) -> Iterator[str]:
    yield "x" * 10_000


def _breaks(_: Subject) -> Iterator[str]:
    raise KeyError("what the adapter forgot")


def _about_nothing(_: Subject) -> Iterator[str]:
    raise NotApplicableError("there is nothing")


def test_same_seed_gives_the_same_report() -> None:
    broken = spec_of(AnyPayment)

    assert conform(broken, seed=7, cases=20) == conform(broken, seed=7, cases=20)


def test_smallest_of_the_faults_is_shown_and_all_are_counted_up_to_a_bound() -> None:
    (line,) = conform(spec, checks=(Check("a", "b", "c", _many),)).lines

    assert line.faults == FAULTS_MAX
    assert line.evidence == f"{'long ' * (1_000 - FAULTS_MAX + 1)}fault"[:EVIDENCE_MAX]


def test_evidence_fits_a_table() -> None:
    (line,) = conform(spec, checks=(Check("a", "b", "c", _one_long),)).lines

    assert line.evidence == "x" * EVIDENCE_MAX


def test_adapter_that_breaks_a_check_is_at_fault() -> None:
    report = conform(spec, checks=(Check("a", "b", "c", _breaks),))

    assert report.lines[0].evidence == "raised KeyError: 'what the adapter forgot'"
    assert not report.conforms


def test_what_does_not_apply_says_why_and_fails_nothing() -> None:
    report = conform(spec, checks=(Check("a", "b", "c", _about_nothing),))

    assert (report.lines[0].verdict, report.lines[0].evidence) == (Verdict.NOT_APPLICABLE, "there is nothing")
    assert report.conforms


def test_checks_have_stable_names_and_say_what_and_why() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(check.demands.endswith(".") and check.why.endswith(".") for check in CHECKS)
