"""The promise of the payment readers: whole dossiers, and pages that miss nothing and repeat nothing."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from uuid_utils.compat import uuid7

from application.ports.payments import PaymentFilter
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import OperationId, PaymentId, ProviderAccountId, TenantId
from domain.money import Currency
from domain.payments import CaptureMode, Payment, PaymentState
from domain.providers import AcceptedPending, OperationKind
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.story import CHARGE, DECLINED, UNKNOWN, Story
from tests.fakes.world import MONDAY, SettableWorld

EVERYTHING = PaymentFilter()


async def page(house: House, wanted: PaymentFilter = EVERYTHING) -> list[PaymentId]:
    """List everything that is wanted, on one page."""
    return [one.id for one in await house.queries.page(house.tenant_id, wanted, before=None, limit=100)]


async def pages(house: House, wanted: PaymentFilter, *, limit: int) -> list[Payment]:
    """List everything that is wanted, page by page."""
    shown: list[Payment] = []
    while True:
        before = shown[-1].id if shown else None
        found = await house.queries.page(house.tenant_id, wanted, before=before, limit=limit)
        shown.extend(found)
        if len(found) < limit:
            return shown


async def kept(house: House, world: SettableWorld, *, minutes: int = 0, currency: str = "EUR") -> Story:
    """Keep a payment that began so much later."""
    world.wait(timedelta(minutes=minutes))
    return await keep(house, story_for(house, world=world, currency=currency))


class TestRepository:
    """Dossiers, whole, and only those of the tenant."""

    async def test_a_payment_is_found_by_itself_and_by_each_of_its_operations(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed().give_back(100).succeed())

        assert await house.payments.get(house.tenant_id, story.payment.id) == story.dossier
        for operation in story.dossier.operations:
            assert await house.payments.get_by_operation(house.tenant_id, operation.id) == story.dossier
            assert await house.payments.find_operation(house.tenant_id, operation.key) == operation.id

    async def test_operations_are_found_by_the_providers_words_at_their_account_the_newest_first(
        self, house: House
    ) -> None:
        story = story_for(house).succeed().give_back(100).settle(AcceptedPending("re_1")).give_back(200)
        await keep(house, story.settle(AcceptedPending("re_2")))
        purchase, first, second = story.dossier.operations
        find = partial(house.payments.find_operations, house.tenant_id, house.account)

        assert await find(kind=None, provider_reference=CHARGE) == (second.id, first.id, purchase.id)
        assert await find(kind=OperationKind.REFUND, provider_reference=CHARGE) == (second.id, first.id)
        assert await find(kind=None, operation_reference="re_1", provider_reference=CHARGE) == (first.id,)
        assert await find(kind=OperationKind.CAPTURE, operation_reference="re_1") == ()
        assert await find(kind=None, provider_reference="ch_of_nobody") == ()

    async def test_operations_at_another_account_or_of_another_tenant_are_not_found(self, house: House) -> None:
        await keep(house, story_for(house).succeed())
        places = ((house.tenant_id, ProviderAccountId(uuid7())), (TenantId(uuid7()), house.account))

        for place in places:
            assert await house.payments.find_operations(*place, kind=None, provider_reference=CHARGE) == ()
            assert await house.payments.find_operations(*place, kind=None, operation_reference=CHARGE) == ()

    async def test_what_does_not_exist_is_not_found(self, house: House) -> None:
        with pytest.raises(MediatorError) as by_payment:
            await house.payments.get(house.tenant_id, PaymentId(uuid7()))
        with pytest.raises(MediatorError) as by_operation:
            await house.payments.get_by_operation(house.tenant_id, OperationId(uuid7()))

        assert by_payment.value.entry is by_operation.value.entry is NOT_FOUND
        assert await house.payments.find_operation(house.tenant_id, "opn_of_nobody") is None

    async def test_another_tenant_finds_nothing_of_it(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())
        stranger = TenantId(uuid7())

        with pytest.raises(MediatorError):
            await house.payments.get(stranger, story.payment.id)
        with pytest.raises(MediatorError):
            await house.payments.get_by_operation(stranger, story.operation().id)
        assert await house.payments.find_operation(stranger, story.operation().key) is None
        assert await house.queries.page(stranger, EVERYTHING, before=None, limit=9) == ()
        assert await house.queries.events(stranger, story.payment.id) == ()
        assert await house.queries.entries(stranger, story.payment.id) == ()


class TestHistory:
    """Events and entries in the order in which they happened."""

    async def test_the_events_of_a_payment_are_its_own_and_in_order(self, house: House) -> None:
        story = await keep(house, story_for(house).settle(UNKNOWN).succeed().give_back(100).settle(DECLINED))
        await keep(house, story_for(house).succeed())

        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)

    async def test_the_events_are_in_the_order_in_which_they_became_true_even_if_a_clock_was_put_back(
        self, house: House
    ) -> None:
        story = await keep(house, story_for(house))
        story.world.wait(timedelta(hours=-1))
        await keep(house, story.succeed())

        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)


class TestPages:
    """Newest first, filtered, without gaps or repeats."""

    async def test_the_newest_payment_comes_first(self, house: House) -> None:
        world = SettableWorld()
        stories = [await kept(house, world, minutes=1) for _ in range(3)]

        assert await page(house) == [story.payment.id for story in reversed(stories)]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
    async def test_pages_of_any_size_show_each_payment_once(self, house: House, limit: int) -> None:
        world = SettableWorld()
        stories = [await kept(house, world) for _ in range(7)]

        shown = await pages(house, EVERYTHING, limit=limit)

        assert [one.id for one in shown] == [story.payment.id for story in reversed(stories)]

    async def test_payments_that_arrive_while_somebody_reads_are_neither_skipped_nor_repeated(
        self, house: House
    ) -> None:
        world = SettableWorld()
        stories = [await kept(house, world) for _ in range(4)]
        first = await house.queries.page(house.tenant_id, EVERYTHING, before=None, limit=2)
        await kept(house, world)
        second = await house.queries.page(house.tenant_id, EVERYTHING, before=first[-1].id, limit=9)

        assert [one.id for one in (*first, *second)] == [story.payment.id for story in reversed(stories)]

    async def test_a_payment_on_a_page_is_the_payment_as_it_stands(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed().give_back(100))

        assert await house.queries.page(house.tenant_id, EVERYTHING, before=None, limit=9) == (story.payment,)

    @pytest.mark.parametrize("state", [PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.PROCESSING])
    async def test_only_payments_in_the_wanted_state_are_listed(self, house: House, state: PaymentState) -> None:
        stories = {
            PaymentState.SUCCEEDED: await keep(house, story_for(house).succeed()),
            PaymentState.FAILED: await keep(house, story_for(house).settle(DECLINED)),
            PaymentState.PROCESSING: await keep(house, story_for(house)),
        }

        assert await page(house, PaymentFilter(state=state)) == [stories[state].payment.id]

    async def test_only_payments_in_the_wanted_currency_or_with_the_wanted_reference_are_listed(
        self, house: House
    ) -> None:
        yen = await keep(house, story_for(house, currency="JPY", reference="order-2"))
        await keep(house, story_for(house, currency="EUR", reference=None))

        assert await page(house, PaymentFilter(currency=Currency("JPY"))) == [yen.payment.id]
        assert await page(house, PaymentFilter(reference="order-2")) == [yen.payment.id]
        assert await page(house, PaymentFilter(reference="order-2' or 'a'='a")) == []
        assert await page(house, PaymentFilter(provider="sandbox", currency=Currency("JPY"))) == [yen.payment.id]
        assert await page(house, PaymentFilter(provider="bank")) == []

    async def test_all_conditions_must_hold_at_once(self, house: House) -> None:
        wanted = await keep(house, story_for(house, currency="JPY", reference="a").succeed())
        await keep(house, story_for(house, currency="JPY", reference="b").succeed())
        await keep(house, story_for(house, currency="EUR", reference="a").succeed())
        await keep(house, story_for(house, currency="JPY", reference="a"))

        filtered = PaymentFilter(state=PaymentState.SUCCEEDED, currency=Currency("JPY"), reference="a")
        assert await page(house, filtered) == [wanted.payment.id]

    async def test_a_time_begins_with_its_first_moment_and_ends_before_its_last(self, house: House) -> None:
        world = SettableWorld()
        stories = [await kept(house, world, minutes=10) for _ in range(4)]
        moments = [story.payment.created_at for story in stories]

        between = PaymentFilter(created_from=moments[1], created_before=moments[3])
        assert await page(house, between) == [stories[2].payment.id, stories[1].payment.id]
        assert await page(house, PaymentFilter(created_before=moments[0])) == []
        assert await page(house, PaymentFilter(created_from=moments[3])) == [stories[3].payment.id]

    @pytest.mark.parametrize("year", [1, 1969, 9999])
    async def test_a_time_long_ago_or_far_away_is_a_time_like_any_other(self, house: House, year: int) -> None:
        story = await keep(house, story_for(house))
        moment = datetime(year, 12, 31, tzinfo=UTC)

        expected = [] if year > MONDAY.year else [story.payment.id]
        assert await page(house, PaymentFilter(created_from=moment)) == expected

    async def test_cursors_go_together_with_filters(self, house: House) -> None:
        world = SettableWorld()
        wanted = []
        for number in range(6):
            story = await kept(house, world, currency="JPY" if number % 2 else "EUR")
            if number % 2:
                wanted.append(story.payment.id)

        shown = await pages(house, PaymentFilter(currency=Currency("JPY")), limit=2)
        assert [one.id for one in shown] == wanted[::-1]

    async def test_a_capture_mode_is_kept(self, house: House) -> None:
        await keep(house, story_for(house, capture_mode=CaptureMode.MANUAL))

        (found,) = await house.queries.page(house.tenant_id, EVERYTHING, before=None, limit=1)
        assert found.capture_mode is CaptureMode.MANUAL
