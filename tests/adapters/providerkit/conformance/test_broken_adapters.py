"""The kit is not blind: each defect is caught by the check that is meant for it, and a correct adapter passes all."""

import pytest

from adapters.providerkit.conformance.registry import CHECKS
from adapters.providerkit.conformance.report import Verdict
from adapters.providerkit.conformance.running import conform
from adapters.providerkit.spec import ProviderSpec
from tests.adapters.providerkit.broken import bank, believing, declaring, dropping, lister, sending, toy_examples
from tests.adapters.providerkit.broken.defect import Defect

DEFECTS = (*declaring.DEFECTS, *sending.DEFECTS, *believing.DEFECTS, *dropping.DEFECTS, *lister.DEFECTS)
CHECK_OF = {check.id: check for check in CHECKS}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.check} {defect.name}")
def test_defect_is_caught_by_the_check_that_is_meant_for_it(defect: Defect) -> None:
    report = conform(defect.spec, cases=60, checks=(CHECK_OF[defect.check],))

    (line,) = report.lines
    assert line.verdict is Verdict.FAILED
    assert line.evidence
    assert not report.conforms


@pytest.mark.parametrize("spec", [toy_examples.spec, bank.spec], ids=lambda spec: spec.name)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_correct_adapter_fails_nothing(seed: int, spec: ProviderSpec) -> None:
    report = conform(spec, seed=seed, cases=200)

    assert [(line.check, line.evidence) for line in report.lines if line.verdict is Verdict.FAILED] == []


def test_look_up_by_a_list_conforms_when_it_finds_its_own_in_it_or_nothing() -> None:
    report = conform(lister.spec, cases=60)

    assert [(line.check, line.evidence) for line in report.lines if line.verdict is Verdict.FAILED] == []


def test_every_check_is_passed_by_a_correct_adapter() -> None:
    lines = [line for spec in (toy_examples.spec, bank.spec) for line in conform(spec, cases=5).lines]

    assert {line.check for line in lines if line.verdict is Verdict.PASSED} == set(CHECK_OF)


def test_every_check_has_a_defect_that_it_catches() -> None:
    assert {defect.check for defect in DEFECTS} == set(CHECK_OF)
