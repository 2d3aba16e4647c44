"""`mediator ledger statement`."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from tests.entrypoints.cli.ledger.conftest import Books


@pytest.fixture
def period() -> tuple[str, ...]:
    """Yesterday until tomorrow."""
    today = datetime.now(UTC).date()
    return "--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=2))


def test_statement_adds_up_in_json_and_csv(books: Books, period: tuple[str, ...]) -> None:
    books.transfer("customer:42", "shop", 1_250, "--reference", "order 17")

    told = msgspec.json.decode(books.ledger("statement", "customer:42", *period).out)
    csv = books.ledger("statement", "customer:42", *period, "--format", "csv").out

    assert (told["opening_balance"], told["closing_balance"], len(told["entries"])) == (0, 8_750, 2)
    assert "order 17" in csv


def test_statement_is_written_to_a_file_that_only_its_owner_reads(
    books: Books, period: tuple[str, ...], tmp_path: Path
) -> None:
    pdf, xml = tmp_path / "october.pdf", tmp_path / "october.xml"

    said = books.ledger("statement", "customer:42", *period, "--format", "pdf", "--output", str(pdf))
    books.ledger("statement", "customer:42", *period, "--format", "camt053", "--output", str(xml))
    refused = books.ledger("statement", "customer:42", *period, "--format", "pdf", "--output", str(pdf))
    forced = books.ledger("statement", "customer:42", *period, "--format", "pdf", "--output", str(pdf), "--force")

    assert (said.code, said.out, str(pdf) in said.err.replace("\n", "")) == (0, "", True)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert ET.parse(xml).getroot().tag.endswith("Document")  # noqa: S314 -- what we wrote ourselves
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    assert (refused.code, forced.code) == (2, 0)
    assert sorted(tmp_path.iterdir()) == [pdf, xml]


def test_statement_that_cannot_be_is_refused(books: Books, period: tuple[str, ...], tmp_path: Path) -> None:
    books.transfer("customer:42", "shop", 1)
    lost = tmp_path / "nowhere" / "a.pdf"

    backwards = ("statement", "customer:42", "--from", "2026-02-01", "--to", "2026-01-01")
    assert books.refused(*backwards).startswith("mediator: VAL_PERIOD: ")
    assert books.refused("statement", "nobody", *period).startswith("mediator: LEDGER_ACCOUNT_UNKNOWN: ")
    too_large = books.refused("statement", "customer:42", *period, "--entries-max", "1")
    assert too_large.startswith("mediator: LEDGER_STATEMENT_TOO_LARGE: ")
    said = books.ledger("statement", "customer:42", *period, "--output", str(lost))
    assert (said.code, said.err) == (1, f"mediator: {lost} cannot be written: No such file or directory.\n")
