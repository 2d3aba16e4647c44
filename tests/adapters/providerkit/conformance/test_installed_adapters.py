"""Every provider of this house conforms: what is asked of third parties is asked of us."""

import pytest

from adapters.providerkit.conformance.report import Verdict
from adapters.providerkit.conformance.running import conform
from adapters.providerkit.spec import ProviderSpec
from entrypoints.wiring.provider_specs import provider_specs


@pytest.mark.parametrize("spec", provider_specs(), ids=lambda spec: spec.name)
def test_installed_provider_conforms(spec: ProviderSpec) -> None:
    report = conform(spec, cases=100)

    assert [(line.check, line.evidence) for line in report.lines if line.verdict is Verdict.FAILED] == []
    assert report.count(Verdict.PASSED) > len(report.lines) / 2
