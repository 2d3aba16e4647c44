"""Every check is in the page for third parties, with its demand and its reason, in the words of the report."""

import re
from pathlib import Path

from adapters.providerkit.conformance.registry import CHECKS

PAGE = Path(__file__).parents[4] / "docs" / "conformance.md"


def test_page_lists_each_check_as_the_report_tells_it() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)

    assert rows == [(check.id, check.demands, check.why) for check in CHECKS]
