"""The kit is not blind: each defect is caught by the check that is meant for it, and a correct adapter passes all."""

import pytest

from adapters.providerkit.conformance.registry import CHECKS
from adapters.providerkit.conformance.report import Verdict
from adapters.providerkit.conformance.running import conform
from tests.adapters.providerkit.broken import believing, declaring, sending
from tests.adapters.providerkit.broken.defect import Defect
from tests.adapters.providerkit.broken.toy_examples import spec

DEFECTS = (*declaring.DEFECTS, *sending.DEFECTS, *believing.DEFECTS)
CHECK_OF = {check.id: check for check in CHECKS}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.check} {defect.name}")
def test_defect_is_caught_by_the_check_that_is_meant_for_it(defect: Defect) -> None:
    report = conform(defect.spec, cases=60, checks=(CHECK_OF[defect.check],))

    (line,) = report.lines
    assert line.verdict is Verdict.FAILED
    assert line.evidence
    assert not report.conforms


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_correct_adapter_passes_everything(seed: int) -> None:
    report = conform(spec, seed=seed, cases=200)

    assert [(line.check, line.evidence) for line in report.lines if line.verdict is not Verdict.PASSED] == []


def test_every_check_has_a_defect_that_it_catches() -> None:
    assert {defect.check for defect in DEFECTS} == set(CHECK_OF)
