"""Who goes next: what finishes before new money before questions, in order within each, and never too many."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.guarding.bulkhead import KEPT_FREE, ORDER, Bulkhead
from domain.manifests import OperationClass

FINISHING, MONEY, ASKING = OperationClass.FINISHING, OperationClass.MONEY, OperationClass.ASKING
MOVES = st.lists(st.sampled_from([*OperationClass, "leave", "shrink", "grow"]), max_size=120)


def test_the_order_is_finishing_money_asking() -> None:
    assert ORDER == (FINISHING, MONEY, ASKING)


def test_who_waits_goes_by_class_and_then_by_arrival() -> None:
    room: Bulkhead[str] = Bulkhead(slots=1, waiting_max=9)
    assert room.enter(ASKING)
    for name, each in (("a1", ASKING), ("m1", MONEY), ("f1", FINISHING), ("m2", MONEY), ("f2", FINISHING)):
        assert not room.enter(each)
        assert room.queue(each, name) is None

    went: list[str] = []
    while room.under_way:
        room.leave()
        went.extend(room.next())

    assert went == ["f1", "f2", "m1", "m2", "a1"]


def test_nobody_overtakes_who_waits_in_the_same_class_or_a_greater_one() -> None:
    room: Bulkhead[str] = Bulkhead(slots=8, waiting_max=9)
    while room.enter(MONEY):
        pass
    room.queue(MONEY, "m1")
    room.slots = 20

    assert not room.enter(MONEY)
    assert not room.enter(ASKING)
    assert room.enter(FINISHING)


def test_a_full_queue_sends_the_last_of_the_least_away() -> None:
    room: Bulkhead[str] = Bulkhead(slots=1, waiting_max=2)
    room.enter(MONEY)
    room.queue(ASKING, "a1")
    room.queue(MONEY, "m1")

    assert room.queue(FINISHING, "f1") == "a1"
    assert room.queue(MONEY, "m2") == "m2"
    assert room.queue(ASKING, "a2") == "a2"
    assert room.waiting == 2


def test_questions_that_hang_leave_room_for_what_finishes() -> None:
    room: Bulkhead[str] = Bulkhead(slots=8, waiting_max=9)
    while room.enter(ASKING):
        pass

    assert room.under_way == 8 - KEPT_FREE[ASKING]
    assert room.enter(MONEY)
    assert not room.enter(MONEY)
    assert room.enter(FINISHING)
    assert not room.enter(FINISHING)


def test_who_waits_no_longer_is_gone_from_the_queue() -> None:
    room: Bulkhead[str] = Bulkhead(slots=1, waiting_max=9)
    room.enter(MONEY)
    room.queue(MONEY, "m1")

    assert room.abandon(MONEY, "m1")
    assert not room.abandon(MONEY, "m1")
    room.leave()
    assert list(room.next()) == []


@given(MOVES)
def test_whatever_comes_and_goes_bounds_hold_and_nobody_is_lost(moves: list[str]) -> None:
    room: Bulkhead[int] = Bulkhead(slots=4, waiting_max=5)
    waiting: dict[str, deque[int]] = {each: deque() for each in OperationClass}
    for number, move in enumerate(moves):
        if move == "leave":
            if room.under_way:
                room.leave()
        elif move in {"shrink", "grow"}:
            room.slots = max(1, room.slots + (1 if move == "grow" else -1))
        else:
            each = OperationClass(move)
            if not room.enter(each):
                waiting[each].append(number)
                pushed_out = room.queue(each, number)
                if pushed_out is not None:
                    least = next(one for one in reversed(ORDER) if waiting[one])
                    assert pushed_out == waiting[least].pop()
        before = room.under_way
        for ticket in room.next():
            first = next(one for one in ORDER if ticket in waiting[one])
            assert waiting[first].popleft() == ticket
        assert room.under_way <= max(before, room.slots)
        assert room.waiting == sum(map(len, waiting.values())) <= 5
