"""What the kit found: one verdict for each check, and what they come to."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """How an adapter stands towards one demand."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One check's verdict. `evidence` is the smallest fault that was found, or the reason why it does not apply."""

    check: str
    verdict: Verdict
    demands: str
    why: str
    evidence: str | None = None
    faults: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts about one provider; the same seed and cases give the same report again."""

    provider: str
    seed: int
    cases: int
    lines: tuple[Line, ...]

    @property
    def conforms(self) -> bool:
        """Whether no demand was failed."""
        return not self.count(Verdict.FAILED)

    def count(self, verdict: Verdict) -> int:
        """Count the checks with that verdict."""
        return sum(line.verdict is verdict for line in self.lines)
