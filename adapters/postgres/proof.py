"""Re-adding the ledger in PostgreSQL: each check is one query that finds what must not be."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import tenant_reads
from application.ports.ledger import ChargeInOurBooks, Finding, Proof
from domain.dossier import QUERY_DELAYS
from domain.ids import TenantId

FAULTS_MAX = 100
PAGE = 1_000
OUTBOX_SECONDS = 300

CHECKS: dict[str, str] = {
    "entries_balance": """
        select transaction_id::text || ' ' || currency as subject,
          'debits and credits differ by ' || sum(case direction when 'debit' then amount_minor else -amount_minor end)
            as detail
        from fm.entries where tenant_id = :tenant
        group by transaction_id, currency
        having sum(case direction when 'debit' then amount_minor else -amount_minor end) <> 0
        limit :limit
    """,
    "transactions_have_entries": """
        select t.id::text as subject, 'a transaction of kind ' || t.kind || ' without entries' as detail
        from fm.ledger_transactions t
        where t.tenant_id = :tenant and not exists (select from fm.entries e
          where e.tenant_id = t.tenant_id and e.transaction_id = t.id)
        limit :limit
    """,
    "posted_balances_equal_entries": """
        select a.code || ' ' || a.currency as subject,
          'cached ' || a.posted_debits || '/' || a.posted_credits || ', entries '
            || coalesce(e.debits, 0) || '/' || coalesce(e.credits, 0) as detail
        from fm.ledger_accounts a
          left join (select account_id, sum(amount_minor) filter (where direction = 'debit') as debits,
              sum(amount_minor) filter (where direction = 'credit') as credits
            from fm.entries where tenant_id = :tenant group by account_id) e on e.account_id = a.id
        where a.tenant_id = :tenant
          and (a.posted_debits, a.posted_credits) is distinct from
              (coalesce(e.debits, 0)::bigint, coalesce(e.credits, 0)::bigint)
        limit :limit
    """,
    "pending_balances_equal_holds": """
        select a.code || ' ' || a.currency as subject,
          'cached ' || a.pending_debits || '/' || a.pending_credits || ', holds ' || h.debits || '/' || h.credits
            as detail
        from fm.ledger_accounts a
          cross join lateral (select
            coalesce((select sum(amount_minor - posted_minor - released_minor) from fm.holds
              where tenant_id = a.tenant_id and debit_account_id = a.id
                and state in ('pending', 'partially_posted')), 0)::bigint as debits,
            coalesce((select sum(amount_minor - posted_minor - released_minor) from fm.holds
              where tenant_id = a.tenant_id and credit_account_id = a.id
                and state in ('pending', 'partially_posted')), 0)::bigint as credits) h
        where a.tenant_id = :tenant and (a.pending_debits, a.pending_credits) is distinct from (h.debits, h.credits)
        limit :limit
    """,
    "entries_match_their_account": """
        select e.transaction_id::text || '/' || e.line as subject,
          'an entry in ' || e.currency || ' on an account in ' || a.currency as detail
        from fm.entries e join fm.ledger_accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
        where e.tenant_id = :tenant and e.currency <> a.currency
        limit :limit
    """,
    "captures_are_booked": """
        select p.id::text as subject,
          'the payment says captured ' || p.captured_minor || ', the books say ' || b.captured as detail
        from fm.payments p
          cross join lateral (select coalesce(sum(e.amount_minor), 0)::bigint as captured
            from fm.entries e join fm.ledger_transactions t
              on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
            where e.tenant_id = p.tenant_id and e.payment_id = p.id and t.kind = 'capture'
              and e.direction = 'debit') b
        where p.tenant_id = :tenant and p.captured_minor <> b.captured
        limit :limit
    """,
    "refunds_are_booked": """
        select r.id::text as subject, 'a refund that is ' || r.state || ' with ' || b.refunded || ' booked' as detail
        from fm.refunds r
          cross join lateral (select coalesce(sum(e.amount_minor), 0)::bigint as refunded
            from fm.ledger_transactions t join fm.entries e
              on e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.recorded_at = t.recorded_at
            where t.tenant_id = r.tenant_id and t.payment_id = r.payment_id and t.refund_id = r.id
              and t.kind = 'refund' and e.direction = 'debit') b
        where r.tenant_id = :tenant
          and b.refunded <> case when r.state = 'succeeded' then r.amount_minor else 0 end
        limit :limit
    """,
    "refunded_amounts_add_up": """
        select p.id::text as subject,
          'the payment says refunded ' || p.refunded_minor || ', its refunds say ' || r.live as detail
        from fm.payments p
          cross join lateral (select coalesce(sum(amount_minor), 0)::bigint as live from fm.refunds
            where tenant_id = p.tenant_id and payment_id = p.id and state <> 'failed') r
        where p.tenant_id = :tenant and p.refunded_minor <> r.live
        limit :limit
    """,
    "finished_attempts_have_postings": """
        select a.id::text as subject, 'an attempt that ' || a.state || ' without a capture in the books' as detail
        from fm.payment_attempts a
        where a.tenant_id = :tenant and a.state = 'succeeded' and not exists (
          select from fm.ledger_transactions t
          where t.tenant_id = a.tenant_id and t.payment_id = a.payment_id and t.kind = 'capture')
        limit :limit
    """,
    "ended_payments_hold_nothing": """
        select p.id::text as subject, 'a payment that is ' || p.state || ' with an open hold ' || h.id as detail
        from fm.payments p join fm.holds h on h.tenant_id = p.tenant_id and h.payment_id = p.id
        where p.tenant_id = :tenant and h.refund_id is null and h.state in ('pending', 'partially_posted')
          and p.state in ('succeeded', 'cancelled', 'failed', 'expired')
        limit :limit
    """,
    "one_live_attempt": """
        select payment_id::text as subject, count(*) || ' live attempts' as detail
        from fm.payment_attempts
        where tenant_id = :tenant and state in ('initiated', 'ready', 'sending', 'requires_action', 'pending',
          'authorized', 'capturing', 'voiding', 'unknown')
        group by payment_id having count(*) > 1
        limit :limit
    """,
    "open_operations_are_watched": """
        select o.id::text as subject,
          'a ' || o.kind || ' that is ' || o.state || ' and that nobody asks about' as detail
        from fm.provider_operations o join fm.payments p on p.tenant_id = o.tenant_id and p.id = o.payment_id
        where o.tenant_id = :tenant and o.state in ('sending', 'unknown', 'accepted_pending')
          and o.next_query_at is null
          and not (p.state = 'needs_review' and o.queries >= :queries_max)
          and not (o.kind = 'authorize' and exists (select from fm.provider_operations v where v.tenant_id = o.tenant_id
            and v.payment_id = o.payment_id and v.kind = 'void'
            and v.state in ('sending', 'unknown', 'accepted_pending')))
        limit :limit
    """,
    "outbox_is_fresh": """
        select event_id::text as subject, 'waits since ' || created_at as detail
        from fm.outbox where tenant_id = :tenant
          and created_at < clock_timestamp() - make_interval(secs => :outbox_seconds)
        limit :limit
    """,
}
"""What must never be found, by the name under which `mediator prove` prints it."""

TOTALS = text(
    """
    select currency, coalesce(sum(amount_minor) filter (where direction = 'debit'), 0)::bigint as debits,
      coalesce(sum(amount_minor) filter (where direction = 'credit'), 0)::bigint as credits, count(*) as entries
    from fm.entries where tenant_id = :tenant group by currency order by currency
    """
)
CHARGES = text(
    """
    select p.id as payment_id, p.currency,
      coalesce(sum(e.amount_minor) filter (where t.kind = 'capture'), 0)::bigint as captured_minor,
      coalesce(sum(e.amount_minor) filter (where t.kind = 'refund'), 0)::bigint as refunded_minor,
      p.state = 'needs_review' or exists (select from fm.provider_operations o where o.tenant_id = p.tenant_id
        and o.payment_id = p.id and o.state in ('sending', 'unknown', 'accepted_pending')) as in_doubt
    from fm.payments p
      left join fm.entries e on e.tenant_id = p.tenant_id and e.payment_id = p.id and e.direction = 'debit'
      left join fm.ledger_transactions t
        on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
    where p.tenant_id = :tenant and p.provider_account_id = :account and p.id > :after
    group by p.tenant_id, p.id
    order by p.id limit :limit
    """
)


class PostgresProof(Proof):
    """Runs the checks; reads only."""

    def __init__(self, engine: AsyncEngine, *, outbox_seconds: int = OUTBOX_SECONDS) -> None:
        """Use this engine's connections; an event may wait `outbox_seconds` before that is a fault."""
        self._engine = engine
        self._outbox_seconds = outbox_seconds

    async def check(self, tenant_id: TenantId, check: str) -> tuple[Finding, ...]:
        """Run one named check; give at most the first hundred faults."""
        sql = CHECKS[check]
        values: dict[str, object] = {"tenant": tenant_id, "limit": FAULTS_MAX}
        if ":outbox_seconds" in sql:
            values["outbox_seconds"] = self._outbox_seconds
        if ":queries_max" in sql:
            values["queries_max"] = len(QUERY_DELAYS)
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(text(sql), values)).all()
        return tuple(Finding(check, row[0], row[1]) for row in rows)

    async def totals(self, tenant_id: TenantId) -> tuple[tuple[str, int, int, int], ...]:
        """Give (currency, debits, credits, entries) over all entries of a tenant."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(TOTALS, {"tenant": tenant_id})).all()
        return tuple((row[0], row[1], row[2], row[3]) for row in rows)

    async def charges(self, tenant_id: TenantId, account: UUID) -> AsyncIterator[ChargeInOurBooks]:
        """Give what our entries say of each payment at one provider account, page by page."""
        after = UUID(int=0)
        while True:
            values = {"tenant": tenant_id, "account": account, "after": after, "limit": PAGE}
            async with tenant_reads(self._engine, tenant_id) as connection:
                rows = (await connection.execute(CHARGES, values)).mappings().all()
            for row in rows:
                yield msgspec.convert(dict(row), ChargeInOurBooks)
            if len(rows) < PAGE:
                return
            after = rows[-1]["payment_id"]
