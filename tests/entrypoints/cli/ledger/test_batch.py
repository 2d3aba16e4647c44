"""`mediator ledger batch`: files of transfers, all or none or each for itself, and again after an interruption."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.entrypoints.cli.ledger.conftest import Books, open_accounts

HEADER = "debit_account,credit_account,amount,major,currency,reference\n"


def ndjson(path: Path, lines: Sequence[dict[str, Any]]) -> str:
    """Write a file of lines."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return str(path)


def pay(amount: int, **more: Any) -> dict[str, Any]:
    """Have the customer pay the shop."""
    sides = {"debit_account": "customer:42", "credit_account": "shop"}
    return sides | {"amount": amount, "currency": "EUR"} | more


def test_each_line_is_made_for_itself_and_none_twice(books: Books, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "payouts.ndjson", [pay(100), pay(999_999), pay(50, metadata={"a": "1"}), {"amount": 1}])

    first, again = (books.ledger("batch", file, "--mode", "each", "--json") for _ in range(2))

    assert (first.code, again.code) == (1, 1)
    told, retold = msgspec.json.decode(first.out), msgspec.json.decode(again.out)
    assert (told["booked"], told["replayed"], told["refused"], told["stopped"]) == (2, 0, 2, None)
    assert (retold["booked"], retold["replayed"], retold["refused"]) == (0, 2, 2)
    assert [(one["line"], one["code"]) for one in told["faults"]] == [
        (2, "LEDGER_INSUFFICIENT_FUNDS"),
        (4, "VAL_FIELD"),
    ]
    assert told["faults"][0]["detail"] == "customer:42: The account has not that much available. (leg 1)"
    assert books.posted("shop") == 150


def test_interrupted_batch_goes_on_where_it_stopped(books: Books, tmp_path: Path) -> None:
    whole = [pay(1) for _ in range(2_500)]
    file = tmp_path / "payouts.ndjson"
    ndjson(file, whole[:1_700])
    assert books.ledger("batch", str(file), "--mode", "each").code == 0
    ndjson(file, whole)

    report = books.told("batch", str(file), "--mode", "each")

    assert (report["booked"], report["replayed"], report["refused"]) == (800, 1_700, 0)
    assert books.posted("shop") == 2_500


def test_changed_line_is_refused_and_another_key_makes_it_anew(books: Books, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "payouts.ndjson", [pay(100)])
    assert books.told("batch", file, "--mode", "each")["booked"] == 1
    ndjson(tmp_path / "payouts.ndjson", [pay(101)])

    changed = books.ledger("batch", file, "--mode", "each", "--json")
    anew = books.told("batch", file, "--mode", "each", "--key", "second-of-november")

    assert [one["code"] for one in msgspec.json.decode(changed.out)["faults"]] == ["IDEM_MISMATCH"]
    assert (anew["booked"], anew["key"], books.posted("shop")) == (1, "second-of-november", 201)


def test_atomic_batch_is_made_whole_or_not_at_all(books: Books, tmp_path: Path) -> None:
    bad = ndjson(tmp_path / "bad.ndjson", [pay(100), pay(999_999), pay(50)])
    good = ndjson(tmp_path / "good.ndjson", [pay(100), pay(50)])

    refused, made = (
        books.ledger("batch", bad, "--mode", "atomic", "--json"),
        books.told("batch", good, "--mode", "atomic"),
    )

    told = msgspec.json.decode(refused.out)
    assert (refused.code, told["booked"], told["refused"]) == (1, 0, 3)
    assert [one["line"] for one in told["faults"]] == [2]
    assert (made["booked"], books.posted("shop")) == (2, 150)
    assert "999,999" not in books.ledger("batch", bad, "--mode", "atomic").out


def test_csv_has_both_kinds_of_amounts(books: Books, tmp_path: Path) -> None:
    file = tmp_path / "payouts.csv"
    file.write_text(
        HEADER
        + "customer:42,shop,125,,EUR,first\n"
        + 'customer:42,shop,,1.25,EUR,"second, quoted"\n'
        + "customer:42,shop,1.5,,EUR,\n"
        + "customer:42,shop,1,0.01,EUR,\n"
        + "customer:42,shop,1\n"
    )

    report = msgspec.json.decode(books.ledger("batch", str(file), "--mode", "each", "--json").out)

    assert (report["booked"], report["refused"], books.posted("shop")) == (2, 3, 250)
    assert [(one["line"], one["code"]) for one in report["faults"]] == [
        (4, "VAL_FIELD"),
        (5, "VAL_FIELD"),
        (6, "VAL_FIELD"),
    ]
    assert len(books.told("transfers", "list", "--reference", "second, quoted")) == 1


def test_lines_have_legs_splits_and_keys_of_their_own(books: Books, tmp_path: Path) -> None:
    open_accounts(books, [("fees", "EUR", "none")])
    split: dict[str, Any] = {
        "debit_account": "customer:42",
        "amount": "1000",
        "currency": "EUR",
        "splits": [{"account": "fees", "percent": "2.9"}, {"account": "shop", "remainder": True}],
    }
    legs: dict[str, Any] = {
        "legs": [
            {"account": "customer:42", "direction": "debit", "amount": 7, "available_min": 0},
            {"account": "shop", "direction": "credit", "amount": 7},
        ],
        "idempotency_key": "my own",
    }
    legs_again = legs | {"idempotency_key": "mine"}
    lines = [split, legs_again, legs_again, legs, pay(1, legs=legs["legs"]), pay(1, splits=split["splits"])]

    report = msgspec.json.decode(
        books.ledger("batch", ndjson(tmp_path / "a.ndjson", lines), "--mode", "each", "--json").out
    )

    assert (report["booked"], report["replayed"]) == (2, 1)
    assert [one["line"] for one in report["faults"]] == [4, 5, 6]
    assert [books.posted(one) for one in ("fees", "shop")] == [29, 978]


def test_file_that_cannot_be_read_is_wrong_usage(books: Books, tmp_path: Path) -> None:
    strange, bytes_ = tmp_path / "a.csv", tmp_path / "b.ndjson"
    strange.write_text("who,whom\n1,2\n")
    bytes_.write_bytes(b"\xff\xfe\n")

    said = [books.ledger("batch", str(path), "--mode", "each") for path in (tmp_path / "none", strange, bytes_)]

    assert [(one.code, one.out, one.err.count("\n")) for one in said] == [(2, "", 1)] * 3
    assert books.ledger("batch", str(strange), "--mode", "sometimes").code == 2
    spaced = books.ledger("batch", str(strange), "--mode", "each", "--key", "a b")
    assert spaced.err == "mediator: --key is 1 to 200 visible ASCII characters.\n"


def test_name_of_a_file_that_is_no_key_is_digested(books: Books, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "Gehälter im November.ndjson", [pay(1)])

    assert [books.told("batch", file, "--mode", "each")[name] for name in ("booked", "file")] == [
        1,
        "Gehälter im November.ndjson",
    ]
    assert books.told("batch", file, "--mode", "each")["replayed"] == 1


def test_atomic_batch_of_too_many_is_refused_before_anything_is_done(books: Books, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "many.ndjson", [pay(1)] * 10_001)

    said = books.ledger("batch", file, "--mode", "atomic")

    assert (said.code, said.err.count("\n"), books.posted("shop")) == (2, 1, 0)
