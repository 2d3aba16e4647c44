"""Statements of every kind, for properties: all decimals of ISO 4217, any text, amounts up to the ledger's bound."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.ids import LedgerTransactionId, PaymentId
from domain.ledger import Direction
from domain.posting import BOUND
from domain.statements import Period, Statement
from tests.fakes.statements import History, an_account

CURRENCIES = ("JPY", "EUR", "KWD", "CLF")
"""With 0, 2, 3 and 4 decimals."""

SCHEME_BOUND = 10**18 - 1
"""The most that camt.053 can tell of one amount, in minor units."""

moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds are given without a zone
codes = st.text("abcXYZ019_.-:", min_size=1, max_size=200)
texts = (
    st.none() | st.text(max_size=300) | st.sampled_from(["=1+1", "@x", "a/b", "//", "/x", "नेपाल", "a\r\nb", "Ⅷ\x00"])
)


@st.composite
def statements(draw: st.DrawFn, *, bound: int = BOUND) -> Statement:
    """Draw a statement whose balances stay within a bound."""
    account = an_account(draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(Direction)), code=draw(codes))
    history = History(account, opening_minor=draw(st.integers(-bound, bound)))
    start = draw(moments)
    at = start
    for _ in range(draw(st.integers(0, 8))):
        low, high = -bound - history.balance_minor, bound - history.balance_minor
        signed = draw(st.integers(max(low, -bound), min(high, bound)).filter(bool))
        history.book(
            signed,
            at,
            kind=draw(st.sampled_from(["transfer", "reversal", "=fx", "kind " * 20])),
            effective_at=draw(moments),
            reference=draw(texts),
            description=draw(texts),
            payment_id=draw(st.none() | st.builds(lambda: PaymentId(uuid7()))),
            reverses_id=draw(st.none() | st.builds(lambda: LedgerTransactionId(uuid7()))),
        )
        at += timedelta(microseconds=draw(st.integers(1, 10**10)))
    as_of = start + timedelta(seconds=draw(st.integers(0, 100_000)))
    return history.statement(Period(start, at + timedelta(microseconds=1)), as_of=as_of)
