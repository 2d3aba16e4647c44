"""Quotes as they are asked for, reserved, released and ended."""

from datetime import timedelta
from typing import Any

import pytest

from application.fx.expire_quotes import ExpireQuotesHandler
from application.fx.get_quote import GetQuote, GetQuoteHandler
from application.fx.list_quotes import ListQuotes, ListQuotesHandler
from application.fx.release_quote import ReleaseQuote, ReleaseQuoteHandler
from application.fx.report_exposure import ReportExposureHandler
from application.fx.reserve_quote import ReserveQuote, ReserveQuoteHandler
from application.fx.rules import DealingRules
from application.ports.fx import QuoteChange
from application.ports.journal import Answer, Conflict
from domain.errors import MediatorError
from domain.fx.quotes import FxQuote
from domain.fx.rates import DayRule, MissingDay, Source
from domain.ids import QuoteId, TenantId
from domain.money import Currency
from tests.fakes.exchange_office import Office, tell
from tests.fakes.fx import FRIDAY
from tests.fakes.keeping import a_key


async def reserve(office: Office, quote_id: QuoteId, **changes: Any) -> Answer:
    command = ReserveQuote(quote_id=quote_id, reserved_for="order 1")
    return await ReserveQuoteHandler(office.step)(command, office.call(changes.get("key")), tell)


async def release(office: Office, quote_id: QuoteId, **changes: Any) -> Answer:
    return await ReleaseQuoteHandler(office.step)(ReleaseQuote(quote_id), office.call(changes.get("key")), tell)


class TestOpening:
    """A price by the rules of the house."""

    async def test_a_quote_is_priced_at_todays_rates(self, office: Office) -> None:
        quote = await office.quoted()

        assert (quote.target_minor, quote.state, quote.terms.rate_day) == (11_172, "open", FRIDAY)
        assert quote.expires_at - quote.created_at == office.rules.lifetime

    async def test_the_house_takes_its_margin_unless_the_quote_names_one(self) -> None:
        office = Office(rules=DealingRules(margin_basis_points=100))

        assert (await office.quoted()).target_minor == 11_060
        assert (await office.quoted(margin_basis_points=0)).target_minor == 11_172

    async def test_a_quote_may_name_its_source(self, office: Office) -> None:
        quote = await office.quoted(
            source_currency=Currency("USD"), target_currency=Currency("NPR"), rate_source=Source.NRB
        )

        assert (quote.terms.source, quote.target_minor) == ("nrb", 1_319_700)

    async def test_on_a_sunday_fridays_rates_serve_and_the_quote_says_so(self, office: Office) -> None:
        office.wait(2 * 86_400)

        terms = (await office.quoted()).terms

        assert (terms.wanted_day, terms.rate_day) == (FRIDAY + timedelta(days=2), FRIDAY)
        assert "published nothing for 2026-11-01" in terms.day_reason

    @pytest.mark.parametrize(
        "rules",
        [
            DealingRules(day_rule=DayRule(missing_day=MissingDay.EXACT)),
            DealingRules(day_rule=DayRule(days_back_max=1)),
            DealingRules(age_max=timedelta(days=1)),
            DealingRules(source=Source.NRB, age_max=timedelta(hours=40)),
        ],
    )
    async def test_rates_beyond_the_rules_are_not_quoted_at(self, rules: DealingRules) -> None:
        office = Office(rules=rules)
        office.wait(2 * 86_400)

        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            await office.open()
        assert office.quotes.rows == {}

    async def test_one_key_makes_one_quote(self, office: Office) -> None:
        first = await office.open(key=a_key())
        office.wait(10)
        again = await office.open(key=a_key())

        assert (again.body, again.replayed, first.replayed) == (first.body, True, False)
        assert len(office.quotes.rows) == 1

    async def test_a_key_of_another_request_is_refused(self, office: Office) -> None:
        await office.open(key=a_key())

        with pytest.raises(MediatorError, match="IDEM_MISMATCH"):
            await office.open(key=a_key(body=b"other"))


class TestReserving:
    """Once, in time, and honoured after that."""

    async def test_a_reserved_quote_is_told_and_kept(self, office: Office) -> None:
        quote = await office.quoted()

        answer = await reserve(office, quote.id)

        assert answer.body.decode() == f"{quote.id} reserved 2"
        assert (office.newest.reserved_for, office.newest.version) == ("order 1", 2)
        assert office.quotes.told == ["fx.quote_opened", "fx.quote_reserved"]

    async def test_its_time_is_over_from_its_last_moment_on(self, office: Office) -> None:
        quote = await office.quoted()
        office.wait(60)

        with pytest.raises(MediatorError, match="FX_QUOTE_EXPIRED"):
            await reserve(office, quote.id)
        assert office.newest.state == "open"

    async def test_it_is_reserved_once(self, office: Office) -> None:
        quote = await office.quoted()
        await reserve(office, quote.id)

        with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
            await reserve(office, quote.id)

    async def test_repeating_the_request_gives_its_answer_even_when_the_time_is_over(self, office: Office) -> None:
        quote = await office.quoted()
        first = await reserve(office, quote.id, key=a_key())
        office.wait(600)

        again = await reserve(office, quote.id, key=a_key())

        assert (again.body, again.replayed) == (first.body, True)

    async def test_who_reads_what_its_own_first_request_has_just_done_hears_that_answer(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quote = await office.quoted()
        real = office.quotes.get
        first: list[Answer] = []

        async def overtaken(tenant_id: TenantId, quote_id: QuoteId) -> FxQuote:
            monkeypatch.setattr(office.quotes, "get", real)
            first.append(await reserve(office, quote_id, key=a_key()))
            return await real(tenant_id, quote_id)

        monkeypatch.setattr(office.quotes, "get", overtaken)
        answer = await reserve(office, quote.id, key=a_key())

        assert (answer.body, answer.replayed) == (first[0].body, True)

    async def test_who_was_slower_decides_again_and_hears_that_it_is_used(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quote = await office.quoted()
        real = office.quotes.reserve
        raced: list[Answer | None] = []

        async def overtaken(change: QuoteChange) -> Answer | None:
            if not raced:
                raced.append(
                    await real(QuoteChange(quote=quote.reserve("faster", office.world.now), audit=change.audit))
                )
            return await real(change)

        monkeypatch.setattr(office.quotes, "reserve", overtaken)
        with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
            await reserve(office, quote.id)
        assert office.newest.reserved_for == "faster"

    async def test_who_is_always_overtaken_is_told_to_come_again(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def overtaken(change: QuoteChange) -> Answer | None:
            raise Conflict("faster")

        quote = await office.quoted()
        monkeypatch.setattr(office.quotes, "reserve", overtaken)

        with pytest.raises(MediatorError, match="SERVICE_UNAVAILABLE"):
            await reserve(office, quote.id)


class TestReleasing:
    """What is reserved can be given up."""

    async def test_a_released_quote_cannot_be_used_again(self, office: Office) -> None:
        quote = await office.quoted()
        await reserve(office, quote.id)

        assert (await release(office, quote.id)).body.decode() == f"{quote.id} released 3"
        with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
            await reserve(office, quote.id)
        with pytest.raises(MediatorError, match="FX_QUOTE_USED"):
            await release(office, quote.id)

    async def test_what_is_not_reserved_cannot_be_released(self, office: Office) -> None:
        quote = await office.quoted()

        with pytest.raises(MediatorError, match="STATE_CONFLICT"):
            await release(office, quote.id)


class TestReading:
    """Quotes stay to be read."""

    async def test_a_quote_is_told_whatever_became_of_it(self, office: Office) -> None:
        quote = await office.quoted()

        assert await GetQuoteHandler(office.quotes)(GetQuote(quote.id), office.call()) == quote
        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await GetQuoteHandler(office.quotes)(GetQuote(QuoteId(office.world.new_id())), office.call())

    async def test_pages_say_whether_there_is_more(self, office: Office) -> None:
        quotes = [await office.quoted() for _ in range(3)][::-1]
        read = ListQuotesHandler(office.quotes)

        first = await read(ListQuotes(limit=2), office.call())
        last = await read(ListQuotes(limit=2, before=first.quotes[-1].id), office.call())

        assert (list(first.quotes), first.has_more) == (quotes[:2], True)
        assert (list(last.quotes), last.has_more) == (quotes[2:], False)

    async def test_the_exposure_counts_reserved_quotes(self, office: Office) -> None:
        await reserve(office, (await office.quoted()).id)

        found = await ReportExposureHandler(office.accounts)(office.call())

        assert [(one.currency, one.open_minor) for one in found] == [("EUR", 10_000), ("USD", -11_172)]


async def test_only_quotes_that_nobody_reserved_in_time_expire(office: Office) -> None:
    reserved, lost = await office.quoted(), await office.quoted()
    await reserve(office, reserved.id)
    handler = ExpireQuotesHandler(office.quotes)

    assert await handler() == 0
    office.wait(61)
    assert await handler() == 1
    assert await handler() == 0
    states = {quote.id: quote.state for quote in office.quotes.rows.values()}
    assert states == {reserved.id: "reserved", lost.id: "expired"}
