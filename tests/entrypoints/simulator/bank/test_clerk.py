"""The bank takes files, answers with valid ones, and its books add up whatever happens to a transfer."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from entrypoints.simulator.bank.books import OPENING_BALANCE, BankBooks
from entrypoints.simulator.bank.clerk import Clerk, Sending
from entrypoints.simulator.bank.folders import BankFolders
from tests.entrypoints.simulator.bank.customer import (
    DATA,
    DEBTOR,
    VERSIONS,
    Clock,
    Customer,
    Order,
    order_file,
    read_valid,
    statuses_of,
    texts,
)

NOTHING = order_file([Order("A")]).replace(b"100.00</CtrlSum>", b"0.00</CtrlSum>").replace(b">100.00<", b">0.00<")


@pytest.fixture
def customer(tmp_path: Path) -> Iterator[Customer]:
    customer = Customer(tmp_path)
    yield customer
    customer.books.close()


def balance(customer: Customer) -> Decimal:
    [account] = customer.books.accounts(DEBTOR)
    return account.balance


@pytest.mark.parametrize("version", VERSIONS)
def test_transfer_is_accepted_then_settled_and_each_step_is_told(customer: Customer, version: str) -> None:
    customer.send(order_file([Order("A")], version=version))
    customer.clerk.work()
    [accepted] = customer.received()
    customer.pass_time()
    settled, booked = customer.received()

    assert accepted.tag.endswith("pain.002.001.03}Document" if version.endswith("03") else "pain.002.001.12}Document")
    assert statuses_of(accepted) == ("ACTC", {"A": "ACTC"})
    assert texts(accepted, "OrgnlMsgId") == ["MSG-1"]
    assert texts(accepted, "OrgnlPmtInfId") == ["MSG-1-P"]
    assert statuses_of(settled) == ("ACSC", {"A": "ACSC"})
    assert texts(booked, "CdtDbtInd") == ["DBIT", "DBIT"]
    assert texts(booked, "EndToEndId") == ["A"]
    assert balance(customer) == OPENING_BALANCE - 100


def test_nothing_happens_before_its_time(customer: Customer) -> None:
    customer.send(order_file([Order("A")]))
    customer.clerk.work()
    customer.received()

    customer.pass_time(9.9)

    assert customer.received() == []
    assert customer.books.accounts(DEBTOR) == []


@pytest.mark.parametrize("order", [Order("B", name="Reject Me"), Order("B", amount="100.41")])
def test_part_of_a_file_is_rejected_by_name_or_by_cents(customer: Customer, order: Order) -> None:
    customer.send(order_file([Order("A"), order]))
    customer.clerk.work()
    [report] = customer.received()

    assert statuses_of(report) == ("PART", {"A": "ACTC", "B": "RJCT"})
    assert texts(report, "Cd") == ["AC04"]
    customer.pass_time()
    assert balance(customer) == OPENING_BALANCE - 100


def test_money_that_comes_back_is_a_new_entry_with_its_reason(customer: Customer) -> None:
    customer.send(order_file([Order("A", name="RETURN to sender")]))
    customer.pass_time(0)
    customer.pass_time()
    customer.received()
    assert balance(customer) == OPENING_BALANCE - 100

    customer.pass_time()

    [returned] = customer.received()
    assert texts(returned, "CdtDbtInd") == ["CRDT", "CRDT"]
    assert texts(returned, "EndToEndId") == ["A"]
    assert "AC04" in texts(returned, "Cd")
    assert balance(customer) == OPENING_BALANCE
    customer.pass_time(1_000)
    assert customer.received() == []


def test_account_without_the_money_refuses_when_it_should_book(customer: Customer) -> None:
    customer.send(order_file([Order("A", amount="1000000.01"), Order("B", amount="1000000.00")]))
    customer.clerk.work()
    customer.received()

    customer.pass_time()

    assert dict(status for _, each in customer.statuses() for status in each.items()) == {"A": "RJCT", "B": "ACSC"}
    assert balance(customer) == 0


def test_silent_transfer_shows_on_the_statement_only(customer: Customer) -> None:
    customer.send(order_file([Order("A", name="Silent Ltd")]))
    customer.clerk.work()
    customer.pass_time()
    assert customer.received() == []

    customer.clerk.state_accounts()

    [statement] = customer.received()
    assert texts(statement, "EndToEndId") == ["A"]


def test_lost_transfer_is_never_heard_of_again(customer: Customer) -> None:
    customer.send(order_file([Order("A", name="Lost & found".replace("&", "and"))]))
    customer.clerk.work()
    customer.pass_time(10_000)

    assert customer.received() == []
    assert [one.state for one in customer.books.transfers()] == ["ACTC"]
    assert customer.books.accounts(DEBTOR) == []


def test_answers_come_twice_byte_for_byte(customer: Customer) -> None:
    customer.send(order_file([Order("A", name="Twice Corp")]))
    customer.clerk.work()

    raw = [path.read_bytes() for path in sorted((customer.folder / "in").glob("*.xml"))]

    assert len(raw) == 2
    assert raw[0] == raw[1]


def test_file_of_a_known_message_id_is_refused_whole_and_moves_nothing(customer: Customer) -> None:
    customer.send(order_file([Order("A")]))
    customer.clerk.work()
    customer.send(order_file([Order("A")]), "again.xml")
    customer.clerk.work()

    _, duplicate = customer.received()
    customer.pass_time(1_000)

    assert texts(duplicate, "GrpSts") == ["RJCT"]
    assert texts(duplicate, "Cd") == ["DU01"]
    assert balance(customer) == OPENING_BALANCE - 100


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (order_file([Order("A")], total="99.00"), "AM10"),
        (order_file([Order("A")]).replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<"), "AM18"),
        (
            NOTHING,
            "AM12",
        ),
    ],
)
def test_file_whose_sums_are_wrong_is_refused_whole(customer: Customer, raw: bytes, code: str) -> None:
    customer.send(raw)
    customer.clerk.work()
    [report] = customer.received()

    assert texts(report, "GrpSts") == ["RJCT"]
    assert texts(report, "Cd") == [code]
    assert customer.books.transfers() == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<Document",
        b"\xff\xfe\x00",
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.008.001.02'/>",
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>",
        b"<!DOCTYPE d [<!ENTITY a 'b'>]><Document>&a;</Document>",
        order_file([Order("A")]).replace(b"?>", b"?><!DOCTYPE Document [<!ELEMENT x ANY>]>", 1),
        b"<!DOCTYPE d SYSTEM 'file:///etc/passwd'><Document/>",
        order_file([Order("A")]).replace(b">100.00</InstdAmt>", b">a lot</InstdAmt>"),
    ],
)
def test_file_that_cannot_be_read_is_put_away_without_an_answer(customer: Customer, raw: bytes) -> None:
    customer.send(raw)
    customer.clerk.work()

    assert customer.received() == []
    assert list((customer.folder / "out").iterdir()) == []
    assert len(list((customer.folder / "taken").iterdir())) == 1


def test_file_that_is_still_being_written_is_left_alone(customer: Customer) -> None:
    customer.send(order_file([Order("A")])[:200], "order.xml.part")

    customer.clerk.work()

    assert [path.name for path in (customer.folder / "out").iterdir()] == ["order.xml.part"]


def test_statements_follow_each_other_and_add_up(customer: Customer) -> None:
    customer.send(order_file([Order("A", amount="10.10"), Order("B", amount="20.20", name="Return")]))
    customer.clerk.work()
    customer.pass_time()
    customer.received()
    customer.clerk.state_accounts()
    [first] = customer.received()
    customer.pass_time()
    customer.received()
    customer.clerk.state_accounts()
    [second] = customer.received()

    assert first.tag.endswith("camt.053.001.08}Document")
    assert texts(first, "ElctrncSeqNb") + texts(second, "ElctrncSeqNb") == ["1", "2"]
    assert texts(first, "Amt")[:2] == ["1000000.00", "999969.70"]
    assert texts(second, "Amt")[:2] == ["999969.70", "999989.90"]
    assert texts(first, "EndToEndId") == ["A", "B"]
    assert texts(second, "EndToEndId") == ["B"]
    assert str(balance(customer)) == "999989.90"


def test_bank_that_opens_again_goes_on_where_it_was(customer: Customer) -> None:
    customer.send(order_file([Order("A")]))
    customer.clerk.work()
    customer.received()

    customer.clerk = customer.open()
    customer.pass_time()

    assert [group for group, _ in customer.statuses()] == ["ACSC"]


def test_file_that_was_claimed_and_not_read_is_read_when_the_bank_opens_again(customer: Customer) -> None:
    (customer.folder / "taken" / "claimed.xml").write_bytes(order_file([Order("A")]))

    customer.clerk = customer.open()
    customer.clerk.work()
    customer.clerk.work()

    assert [group for group, _ in customer.statuses()] == ["ACTC"]


def test_file_that_was_read_is_no_duplicate_of_itself_when_the_bank_dies_before_putting_it_away(
    customer: Customer,
) -> None:
    customer.send(order_file([Order("A")]))
    customer.clerk.work()
    customer.received()
    [read] = (customer.folder / "taken").iterdir()
    read.rename(read.with_suffix(".xml"))

    customer.clerk = customer.open()
    customer.clerk.work()

    assert customer.received() == []


def test_files_come_late_twice_or_never_as_trouble_will_have_it(customer: Customer) -> None:
    sendings = {1: Sending(copies=0), 2: Sending(copies=2), 3: Sending(late_seconds=5.0)}
    customer.clerk = Clerk(
        customer.books,
        BankFolders(customer.folder),
        book_seconds=10_000.0,
        send_as=lambda number: sendings.get(number, Sending()),
        clock=customer.clock,
    )
    for number in range(1, 5):
        customer.send(order_file([Order(f"A{number}")], message_id=f"MSG-{number}"), f"{number}.xml")
    customer.clerk.work()

    at_once = [texts(one, "OrgnlMsgId")[0] for one in customer.received()]
    customer.pass_time(4.9)
    early = customer.received()
    customer.pass_time(0.2)
    late = [texts(one, "OrgnlMsgId")[0] for one in customer.received()]

    assert (at_once, early, late) == (["MSG-2", "MSG-2", "MSG-4"], [], ["MSG-3"])
    customer.pass_time(100)
    assert customer.received() == []


def test_names_of_answers_sort_by_the_time_of_sending(customer: Customer) -> None:
    for number in range(5):
        customer.send(order_file([Order(f"A{number}")], message_id=f"MSG-{number}"))
        customer.clerk.work()

    assert [texts(one, "OrgnlMsgId") for one in customer.received()] == [[f"MSG-{number}"] for number in range(5)]


def test_schemas_would_catch_an_invalid_answer() -> None:
    raw = (DATA / "pain.001.001.09.xsd").read_bytes()
    assert raw
    broken = order_file([Order("A")]).replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>BY HAND</PmtMtd>")

    with pytest.raises(Exception, match="BY HAND"):
        read_valid(broken)


def test_each_customer_is_answered_by_the_folder_that_the_order_came_by(tmp_path: Path) -> None:
    clock, books = Clock(), BankBooks(tmp_path / "books.sqlite")
    customers = tmp_path / "customers"
    for name in ("pac_a", "pac_b"):
        (customers / name / "out").mkdir(parents=True)
    (customers / "not a customer").mkdir()
    clerk = Clerk(books, BankFolders(tmp_path / "own", customers), book_seconds=10.0, clock=clock)

    (customers / "pac_a" / "out" / "1.xml").write_bytes(order_file([Order("A")], message_id="MSG-A"))
    (customers / "pac_b" / "out" / "1.xml").write_bytes(order_file([Order("B", name="Reject")], message_id="MSG-B"))
    clerk.work()
    clock.now += 10.0
    clerk.work()
    clerk.state_accounts()

    assert names_in(customers / "pac_a" / "in") == ["pain002", "pain002", "camt054", "camt053"]
    assert names_in(customers / "pac_b" / "in") == ["pain002"]
    assert names_in(tmp_path / "own" / "in") == []
    assert [one.customer for one in books.transfers()] == ["pac_a", "pac_b"]
    assert not (customers / "not a customer" / "in").exists()
    books.close()


def test_file_that_a_customer_sent_before_the_bank_died_is_answered_there(tmp_path: Path) -> None:
    clock, books = Clock(), BankBooks(tmp_path / "books.sqlite")
    taken = tmp_path / "customers" / "pac_a" / "taken"
    taken.mkdir(parents=True)
    (taken.parent / "out").mkdir()
    (taken / "in-1.xml").write_bytes(order_file([Order("A")]))

    Clerk(books, BankFolders(tmp_path / "own", tmp_path / "customers"), book_seconds=10.0, clock=clock)

    assert names_in(taken.parent / "in") == ["pain002"]
    books.close()


def names_in(folder: Path) -> list[str]:
    """Give the kinds of the files in a folder, in order of time."""
    return [path.name.split("-")[1] for path in sorted(folder.glob("*.xml"))]
