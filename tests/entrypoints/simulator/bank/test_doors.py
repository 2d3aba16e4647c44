"""The bank in the running process: files go in and come out, and its books can be looked at."""

from pathlib import Path

import pytest

from entrypoints.simulator.dialects import bank_folder_of
from tests.entrypoints.simulator.bank.customer import DEBTOR, Order, order_file, read_valid, statuses_of, texts
from tests.entrypoints.simulator.merchant import Merchant, eventually


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return bank_folder_of(tmp_path / "books.sqlite")


async def test_bank_takes_a_file_by_itself_and_answers_in_time(merchant: Merchant, folder: Path) -> None:
    (folder / "out" / "order.part").write_bytes(order_file([Order("A")]))
    (folder / "out" / "order.part").rename(folder / "out" / "order.xml")

    await eventually(lambda: len(list((folder / "in").glob("*.xml"))) == 3)

    documents = [read_valid(path.read_bytes()) for path in sorted((folder / "in").glob("*.xml"))]
    assert [statuses_of(one)[0] for one in documents[:2]] == ["ACTC", "ACSC"]
    assert texts(documents[2], "EndToEndId") == ["A"]


async def test_books_of_the_bank_show_accounts_entries_and_transfers(merchant: Merchant, folder: Path) -> None:
    (folder / "out" / "order.xml").write_bytes(order_file([Order("A", name="Silent")]))
    await merchant.post("/control/bank/work")

    async def booked() -> bool:
        return [one["state"] for one in (await merchant.get("/bank/transfers")).json["transfers"]] == ["ACSC"]

    await eventually(booked)
    [account] = (await merchant.get(f"/bank/accounts/{DEBTOR}")).json["accounts"]
    statements = (await merchant.post("/control/bank/statements")).json

    assert (account["account"]["balance"], account["entries"][0]["amount"]) == ("999900.00", "100.00")
    assert statements == {"statements": 1}
    assert len(list((folder / "in").glob("*camt053*.xml"))) == 1


async def test_books_of_the_bank_are_for_its_customer_only(merchant: Merchant) -> None:
    async with merchant.session.get(
        f"{merchant.url}/bank/transfers", headers={"Authorization": "Bearer wrong"}
    ) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(("fate", "files"), [("missing", 0), ("twice", 2), ("late", 0), ("drift", 1)])
async def test_plan_reaches_the_files_of_the_bank(merchant: Merchant, folder: Path, fate: str, files: int) -> None:
    await merchant.post("/control/faults", {"seed": 1, "callbacks": {fate: 1}, "late_seconds": 600})
    (folder / "out" / "order.xml").write_bytes(order_file([Order("A", name="Reject")]))

    await merchant.post("/control/bank/work")

    assert len((await merchant.get("/bank/transfers")).json["transfers"]) == 1
    assert len(list((folder / "in").glob("*.xml"))) == files
