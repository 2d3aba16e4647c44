"""Runs the checks against one provider's spec: no network, and the same report for the same seed."""

from itertools import islice

from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.registry import CHECKS
from adapters.providerkit.conformance.report import Line, Report, Verdict
from adapters.providerkit.conformance.subject import NotApplicableError, Subject
from adapters.providerkit.spec import ProviderSpec

FAULTS_MAX = 50
"""A check is broken off after so many faults: the smallest of them is shown."""

EVIDENCE_MAX = 300


def conform(spec: ProviderSpec, *, seed: int = 1, cases: int = 200, checks: tuple[Check, ...] = CHECKS) -> Report:
    """Hold a provider's adapter to every check. Whatever the adapter raises where it must not is a fault of it."""
    subject = Subject(spec, seed, cases)
    return Report(provider=spec.name, seed=seed, cases=cases, lines=tuple(_line(check, subject) for check in checks))


def _line(check: Check, subject: Subject) -> Line:
    faults: list[str] = []
    verdict, evidence = Verdict.PASSED, None
    try:
        faults.extend(islice(check.look(subject), FAULTS_MAX))
    except NotApplicableError as reason:
        verdict, evidence = Verdict.NOT_APPLICABLE, str(reason)
    except Exception as broken:  # noqa: BLE001 -- an adapter that breaks where no check foresaw it is at fault, too
        faults.append(f"raised {type(broken).__name__}: {broken}")
    if faults:
        verdict, evidence = Verdict.FAILED, min(faults, key=len)[:EVIDENCE_MAX]
    return Line(
        check=check.id,
        verdict=verdict,
        demands=check.demands,
        why=check.why,
        evidence=evidence,
        faults=len(faults),
    )
