"""The bank at work: takes files, decides on transfers by the names of their creditors, books, reports, states."""

import time
from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from entrypoints.simulator.bank.books import BankBooks, BankTransfer, Entry, State
from entrypoints.simulator.bank.folders import BankFolders, Claimed
from entrypoints.simulator.bank.orders import OrderFile, Transfer, UnreadableOrderError, read_order
from entrypoints.simulator.bank.reports import rejection, report
from entrypoints.simulator.bank.statements import notification, statement
from entrypoints.simulator.bank.xml import new_id
from entrypoints.simulator.logs import log

_INSUFFICIENT_FUNDS = "AM04"
_CLOSED_ACCOUNT = "AC04"
_DUPLICATE = "DU01"


class Magic(StrEnum):
    """Words in a creditor's name that the bank reacts to, and the last two digits of an amount that mean the same.

    `REJECT`: refused at once. `RETURN`: booked, and the money comes back later. `SILENT`: booked, and only a statement
    tells of it. `LOST`: taken, and never heard of again. `TWICE`: every file about it comes twice.
    """

    REJECT = "REJECT"
    RETURN = "RETURN"
    SILENT = "SILENT"
    LOST = "LOST"
    TWICE = "TWICE"


_BY_CENTS = {"41": Magic.REJECT, "42": Magic.RETURN, "43": Magic.SILENT, "44": Magic.LOST, "45": Magic.TWICE}


def magic_of(transfer: Transfer) -> Magic | None:
    """Say what the bank is to do with a transfer out of the ordinary, if anything."""
    by_name = next((magic for magic in Magic if magic in transfer.creditor_name.upper()), None)
    return by_name or _BY_CENTS.get(f"{transfer.amount:.2f}"[-2:])


class Sending(msgspec.Struct, frozen=True):
    """How a file goes out: so many times (0: it gets lost), and so many seconds late."""

    copies: int = 1
    late_seconds: float = 0.0


def plainly(_number: int) -> Sending:
    """Send every file once, at once."""
    return Sending()


class PutOff(msgspec.Struct, frozen=True):
    """A file that goes out later, at `due_at` in Unix seconds."""

    due_at: float
    customer: str
    name: str
    raw: bytes


class Clerk:
    """Takes what customers send by their folders, and answers each by the folder that it came by."""

    def __init__(
        self,
        books: BankBooks,
        folders: BankFolders,
        *,
        book_seconds: float,
        send_as: Callable[[int], Sending] = plainly,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Join the books with the folders; each step of a transfer takes `book_seconds`.

        `send_as` may bring trouble to the n-th file that is sent; one that is put off is lost when the process dies.
        """
        self._send_as = send_as
        self._sent = 0
        self._put_off: list[PutOff] = []
        self.books = books
        self._folders = folders
        self._book_seconds = book_seconds
        self._clock = clock
        for claimed in folders.left_over():
            self._take(claimed, is_left_over=True)

    def work(self) -> None:
        """Take every file that is there, and do whatever is due."""
        for claimed in self._folders.waiting():
            self._take(claimed)
        for transfer in self.books.due_transfers(self._clock()):
            self._go_on(transfer)
        due = [one for one in self._put_off if one.due_at <= self._clock()]
        self._put_off = [one for one in self._put_off if one not in due]
        for one in due:
            self._folders.put(one.customer, one.name, one.raw)

    def state_accounts(self) -> int:
        """Send a statement for each account; give how many."""
        with self.books.transaction():
            accounts = [self.books.close_statement(account) for account in self.books.all_accounts()]
        for account, entries in accounts:
            told = [(entry, self.books.transfer(entry.transfer)) for entry in entries]
            raw = statement(account, told, number=account.statements + 1, now=self._clock())
            self._send(self.books.customer_of(account), new_id("camt053"), raw)
        return len(accounts)

    def _take(self, claimed: Claimed, *, is_left_over: bool = False) -> None:
        """Read a claimed file, then put it away; one that is left over may have been read before the bank died."""
        path = claimed.path
        try:
            order = read_order(path.read_bytes())
        except UnreadableOrderError as fault:
            log("warning", "bank.unreadable", file=path.name, why=str(fault))
        else:
            refusal = _fault_of(order) or self._keep(order, claimed)
            code, why = refusal or ("", "")
            if code and not (is_left_over and code == _DUPLICATE):
                raw = rejection(order.message_id, order.version, code=code, why=why, now=self._clock())
                self._send(claimed.customer, new_id("pain002"), raw)
        path.rename(path.with_suffix(".done"))

    def _keep(self, order: OrderFile, claimed: Claimed) -> tuple[str, str] | None:
        """Keep a file's transfers and report on them; give why it is refused when it came before."""
        now, name = self._clock(), claimed.path.name
        with self.books.transaction():
            if not self.books.take_file(order.message_id, name, now=now):
                return _DUPLICATE, "A file of this message id came before."
            kept = [
                self.books.add_transfer(self._accepted(order, one, now, claimed.customer)) for one in order.transfers
            ]
        log("info", "bank.taken", file=name, transfers=len(kept))
        self._report([one for one in kept if magic_of(one.transfer) not in {Magic.SILENT, Magic.LOST}])
        return None

    def _accepted(self, order: OrderFile, transfer: Transfer, now: float, customer: str) -> BankTransfer:
        is_rejected = magic_of(transfer) is Magic.REJECT
        return BankTransfer(
            message_id=order.message_id,
            version=order.version,
            state=State.REJECTED if is_rejected else State.ACCEPTED,
            reason=_CLOSED_ACCOUNT if is_rejected else None,
            transfer=transfer,
            due_at=None if is_rejected or magic_of(transfer) is Magic.LOST else now + self._book_seconds,
            created=now,
            customer=customer,
        )

    def _go_on(self, transfer: BankTransfer) -> None:
        if transfer.state is State.ACCEPTED:
            self._settle(transfer)
        else:
            self._return(transfer)

    def _settle(self, transfer: BankTransfer) -> None:
        """Book an accepted transfer, or refuse it when the account does not have as much."""
        said, now = transfer.transfer, self._clock()
        with self.books.transaction():
            account = self.books.account(said.debtor, said.currency)
            if account.balance < said.amount:
                moved = _moved(transfer, State.REJECTED, reason=_INSUFFICIENT_FUNDS)
                entry = None
            else:
                comes_back = magic_of(said) is Magic.RETURN
                due_at = now + self._book_seconds if comes_back else None
                moved = msgspec.structs.replace(transfer, state=State.SETTLED, due_at=due_at)
                entry = self.books.book(_entry(transfer, is_credit=False, now=now))
            self.books.move_transfer(moved)
        if magic_of(said) is Magic.SILENT:
            return
        self._report([moved])
        if entry is not None:
            self._notify(entry, moved)

    def _return(self, transfer: BankTransfer) -> None:
        """Book the money of a settled transfer back."""
        now = self._clock()
        with self.books.transaction():
            moved = _moved(transfer, State.RETURNED, reason=_CLOSED_ACCOUNT)
            entry = self.books.book(_entry(moved, is_credit=True, now=now))
            self.books.move_transfer(moved)
        self._notify(entry, moved)

    def _report(self, transfers: Sequence[BankTransfer]) -> None:
        if transfers:
            raw = report(transfers, now=self._clock())
            self._send(transfers[0].customer, new_id("pain002"), raw, transfers)

    def _notify(self, entry: Entry, transfer: BankTransfer) -> None:
        account = self.books.account(entry.account, entry.currency)
        raw = notification(account, entry, transfer, now=self._clock())
        self._send(transfer.customer, new_id("camt054"), raw, [transfer])

    def _send(self, customer: str, name: str, raw: bytes, about: Sequence[BankTransfer] = ()) -> None:
        """Send a file, as often and as late as trouble will have it."""
        self._sent += 1
        sending = self._send_as(self._sent)
        is_twice = any(magic_of(one.transfer) is Magic.TWICE for one in about)
        for copy in range(max(sending.copies, 2) if is_twice else sending.copies):
            again = f"{name}-again" if copy else name
            if sending.late_seconds > 0:
                due_at = self._clock() + sending.late_seconds
                self._put_off.append(PutOff(due_at, customer, again, raw))
            else:
                self._folders.put(customer, again, raw)


def _fault_of(order: OrderFile) -> tuple[str, str] | None:
    """Say why a file is refused as a whole: its sums are wrong, or there is nothing in it."""
    total = sum(one.amount for one in order.transfers)
    if not order.transfers or order.count != len(order.transfers):
        return "AM18", "The number of transactions is wrong."
    if order.total is not None and order.total != total:
        return "AM10", "The control sum is wrong."
    if any(one.amount <= 0 or not one.currency for one in order.transfers):
        return "AM12", "An amount is not one."
    return None


def _entry(transfer: BankTransfer, *, is_credit: bool, now: float) -> Entry:
    said = transfer.transfer
    return Entry(
        account=said.debtor,
        currency=said.currency,
        amount=said.amount,
        is_credit=is_credit,
        transfer=transfer.id,
        reason=transfer.reason if is_credit else None,
        booked_at=now,
    )


def _moved(transfer: BankTransfer, state: State, *, reason: str) -> BankTransfer:
    return msgspec.structs.replace(transfer, state=state, reason=reason, due_at=None)
