"""`mediator ledger export`, `import` and `discard-import`."""

from pathlib import Path

import msgspec
import pytest

from tests.entrypoints.cli.conftest import Run
from tests.entrypoints.cli.ledger.conftest import Books


@pytest.fixture
def other(books: Books, mediator: Run) -> str:
    """Another tenant, whose ledger is empty."""
    books.transfer("customer:42", "shop", 1_250, "--reference", "order 17")
    books.told("holds", "place", "--from", "customer:42", "--to", "shop", "--amount", "5", "--currency", "EUR")
    opened: str = msgspec.json.decode(mediator("tenants", "open", "Another", "--json").out)["tenant"]
    return opened


def test_ledger_is_carried_to_another_tenant_and_proved(
    books: Books, other: str, mediator: Run, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.ndjson"

    left = books.told("export", books.tenant, "--output", str(file))
    arrived = books.told("import", str(file), "--tenant", other, "--yes")

    assert left["trailer"] == arrived["trailer"]
    assert (left["trailer"]["counts"]["entry"], left["trailer"]["counts"]["hold"]) == (4, 1)
    balance = books.told("balance", "customer:42", "--tenant", other)
    assert (balance["posted"], balance["available"]) == (8_750, 8_745)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.ndjson"]
    assert mediator("prove", "--full").code == 0


def test_file_that_was_changed_is_refused_and_nothing_stays(books: Books, other: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.ndjson"
    said = books.ledger("export", books.tenant, "--output", str(file))
    file.write_bytes(file.read_bytes().replace(b'"amount_minor":1250', b'"amount_minor":1251'))

    refused = books.refused("import", str(file), "--tenant", other, "--yes")

    assert (said.code, "sha-256" in said.out, "113.50" in said.out) == (0, True, False)
    assert refused.startswith("mediator: VAL_FIELD: ")
    assert books.told("accounts", "list", "--tenant", other) == []


def test_ledger_that_is_not_empty_takes_no_other(books: Books, other: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.ndjson"
    books.told("export", books.tenant, "--output", str(file))

    refused = books.refused("import", str(file), "--tenant", books.tenant, "--yes")

    assert refused.startswith("mediator: STATE_CONFLICT: ")
    assert other


def test_what_is_not_meant_or_not_there_is_not_done(books: Books, other: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.ndjson"
    file.write_text("not ours\n")

    assert books.ledger("export", books.tenant, "--output", str(file)).code == 2
    assert books.ledger("export", "ten_1", "--output", str(tmp_path / "a")).code == 2
    assert books.ledger("import", str(file), "--tenant", other).code == 2
    assert books.ledger("import", str(tmp_path / "none"), "--tenant", other, "--yes").code == 2
    assert books.refused("import", str(file), "--tenant", other, "--yes").startswith("mediator: VAL_FIELD: ")
    assert (file.read_text(), [path.name for path in tmp_path.iterdir()]) == ("not ours\n", ["ledger.ndjson"])


def test_unfinished_import_is_removed_and_a_finished_one_stays(books: Books, other: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.ndjson"
    books.told("export", books.tenant, "--output", str(file))

    assert books.ledger("discard-import", "--tenant", other).code == 2
    assert books.told("discard-import", "--tenant", other, "--yes") == {"removed_rows": 0}
    books.told("import", str(file), "--tenant", other, "--yes")
    assert books.told("discard-import", "--tenant", other, "--yes") == {"removed_rows": 0}
    assert len(books.told("accounts", "list", "--tenant", other)) == 3
