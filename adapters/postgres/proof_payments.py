"""What must never be found between payments and the books, as SQL over one page of a table at a time."""

from adapters.postgres.proof_checks import Walk

PAYMENTS = Walk(
    name="payments",
    counted="fm.payments",
    key=("id",),
    rows="""
    p as materialized (select x.* from fm.payments x
      where x.tenant_id = :tenant and x.updated_at >= :recently and {range})
    """,
    checks={
        "captures_are_booked": """
            select p.id::text, 'the payment says captured ' || p.captured_minor || ', the books say ' || b.captured
            from p cross join lateral (select coalesce(sum(e.amount_minor), 0) as captured
              from fm.entries e join fm.ledger_transactions t
                on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
              where e.tenant_id = :tenant and e.payment_id = p.id and t.kind = 'capture' and e.direction = 'debit') b
            where p.captured_minor <> b.captured
        """,
        "refunded_amounts_add_up": """
            select p.id::text, 'the payment says refunded ' || p.refunded_minor || ', its refunds say ' || r.live
            from p cross join lateral (select coalesce(sum(q.amount_minor), 0) as live from fm.refunds q
              where q.tenant_id = :tenant and q.payment_id = p.id and q.state <> 'failed') r
            where p.refunded_minor <> r.live
        """,
        "ended_payments_hold_nothing": """
            select p.id::text, 'a payment that is ' || p.state || ' with an open hold ' || h.id
            from p join fm.holds h on h.tenant_id = :tenant and h.payment_id = p.id
            where h.refund_id is null and h.state in ('pending', 'partially_posted')
              and p.state in ('succeeded', 'cancelled', 'failed', 'expired')
        """,
        "one_live_attempt": """
            select p.id::text, a.live || ' live attempts'
            from p cross join lateral (select count(*) as live from fm.payment_attempts q
              where q.tenant_id = :tenant and q.payment_id = p.id and q.state in ('initiated', 'ready', 'sending',
                'requires_action', 'pending', 'authorized', 'capturing', 'voiding', 'unknown')) a
            where a.live > 1
        """,
    },
)

REFUNDS = Walk(
    name="refunds",
    counted="fm.refunds",
    key=("id",),
    rows="""
    r as materialized (select x.* from fm.refunds x
      where x.tenant_id = :tenant and x.updated_at >= :recently and {range})
    """,
    checks={
        "refunds_are_booked": """
            select r.id::text, 'a refund that is ' || r.state || ' with ' || b.refunded || ' booked'
            from r cross join lateral (select coalesce(sum(e.amount_minor), 0) as refunded
              from fm.ledger_transactions t join fm.entries e
                on e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.recorded_at = t.recorded_at
              where t.tenant_id = :tenant and t.payment_id = r.payment_id and t.refund_id = r.id
                and t.kind = 'refund' and e.direction = 'debit') b
            where b.refunded <> case when r.state = 'succeeded' then r.amount_minor else 0 end
        """,
    },
)

ATTEMPTS = Walk(
    name="attempts",
    counted="fm.payment_attempts",
    key=("id",),
    rows="""
    a as materialized (select x.* from fm.payment_attempts x
      where x.tenant_id = :tenant and x.updated_at >= :recently and {range})
    """,
    checks={
        "finished_attempts_have_postings": """
            select a.id::text, 'an attempt that ' || a.state || ' without a capture in the books'
            from a left join lateral (select true as is_there from fm.ledger_transactions t
              where t.tenant_id = :tenant and t.payment_id = a.payment_id and t.kind = 'capture' limit 1) t on true
            where a.state = 'succeeded' and t.is_there is null
        """,
    },
)

OPERATIONS = Walk(
    name="operations",
    counted="fm.provider_operations",
    key=("id",),
    rows="""
    o as materialized (select x.* from fm.provider_operations x where x.tenant_id = :tenant
      and x.state in ('sending', 'unknown', 'accepted_pending') and x.next_query_at is null and {range})
    """,
    checks={
        "open_operations_are_watched": """
            select o.id::text, 'a ' || o.kind || ' that is ' || o.state || ' and that nobody asks about'
            from o join fm.payments p on p.tenant_id = :tenant and p.id = o.payment_id
            where not (p.state = 'needs_review' and o.queries >= :queries_max)
              and not (o.kind = 'authorize' and exists (select from fm.provider_operations v
                where v.tenant_id = :tenant and v.payment_id = o.payment_id and v.kind = 'void'
                  and v.state in ('sending', 'unknown', 'accepted_pending')))
        """,
    },
)
