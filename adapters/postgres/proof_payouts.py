"""What must never be found between payouts and the books, as SQL over one page of a table at a time."""

from adapters.postgres.proof_checks import Walk

PAYOUTS = Walk(
    name="payouts",
    counted="fm.payouts",
    key=("id",),
    rows="""
    p as materialized (select x.* from fm.payouts x
      where x.tenant_id = :tenant and x.updated_at >= :recently and {range})
    """,
    checks={
        # Of each kind what the payout says and nothing else: what left, what arrived, and what was given back.
        "payouts_are_booked": """
            select p.id::text, 'a payout that is ' || p.state || ' with ' || b.sent || ' sent, ' || b.completed
              || ' completed and ' || b.given_back || ' given back in the books'
            from p cross join lateral (
              select coalesce(sum(e.amount_minor) filter (where t.kind = 'payout'), 0) as sent,
                coalesce(sum(e.amount_minor) filter (where t.kind = 'payout_completed'), 0) as completed,
                coalesce(sum(e.amount_minor) filter (where t.kind in ('payout_failed', 'payout_returned',
                  'payout_reversed')), 0) as given_back
              from fm.ledger_transactions t join fm.entries e
                on e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.recorded_at = t.recorded_at
              where t.tenant_id = :tenant and t.payout_id = p.id and e.direction = 'debit') b
            where b.sent <> case when p.sent_at is not null then p.amount_minor else 0 end
              or b.completed <> case when p.completed_at is not null then p.amount_minor else 0 end
              or b.given_back <> case when p.sent_at is not null and p.given_back_at is not null
                then p.amount_minor else 0 end
        """,
        "payout_states_say_where_the_money_is": """
            select p.id::text, 'a payout that is ' || p.state || ', sent ' || coalesce(p.sent_at::text, 'never')
              || ', completed ' || coalesce(p.completed_at::text, 'never')
              || ', given back ' || coalesce(p.given_back_at::text, 'never')
            from p
            where (p.state in ('created', 'requires_approval', 'approved', 'processing')
                and (p.sent_at is not null or p.given_back_at is not null))
              or (p.state = 'sent' and (p.sent_at is null or p.completed_at is not null
                or p.given_back_at is not null))
              or (p.state = 'completed' and (p.completed_at is null or p.given_back_at is not null))
              or (p.state in ('returned', 'reversed') and (p.sent_at is null or p.given_back_at is null))
              or (p.state in ('failed', 'cancelled', 'denied') and p.given_back_at is null)
        """,
        "payouts_hold_what_is_not_sent": """
            select p.id::text, 'a payout that is ' || p.state || ' with ' || h.held || ' held'
            from p cross join lateral (
              select coalesce(sum(q.amount_minor - q.posted_minor - q.released_minor), 0) as held
              from fm.holds q where q.tenant_id = :tenant and q.payout_id = p.id
                and q.state in ('pending', 'partially_posted')) h
            where h.held <> case when p.sent_at is null and p.given_back_at is null then p.amount_minor else 0 end
        """,
        "payouts_were_approved": """
            select p.id::text, 'a payout that requires approval is ' || p.state || ' and nobody decided'
            from p where p.requires_approval and p.decided_by is null
              and p.state not in ('requires_approval', 'cancelled')
        """,
    },
)

IN_TRANSIT = Walk(
    name="payouts in transit",
    counted="fm.ledger_accounts",
    key=("id",),
    rows="""
    a as materialized (select x.* from fm.ledger_accounts x
      where x.tenant_id = :tenant and x.code = 'payouts:in_transit' and {range}
        -- A ledger that was carried in from elsewhere brought no payouts with it.
        and not exists (select from fm.ledger_imports i where i.tenant_id = :tenant and i.state <> 'removed'))
    """,
    checks={
        "in_transit_is_what_was_sent": """
            select a.code || ' ' || a.currency, 'the account says ' || (a.posted_credits - a.posted_debits)
              || ', payouts that were sent and have not ended say ' || p.sent
            from a cross join lateral (select coalesce(sum(q.amount_minor), 0) as sent from fm.payouts q
              where q.tenant_id = :tenant and q.currency = a.currency
                and q.sent_at is not null and q.completed_at is null and q.given_back_at is null) p
            where a.posted_credits - a.posted_debits <> p.sent
        """,
    },
)

PAYOUT_OPERATIONS = Walk(
    name="payout operations",
    counted="fm.payout_operations",
    key=("id",),
    rows="""
    o as materialized (select x.* from fm.payout_operations x
      where x.tenant_id = :tenant and x.next_step_at is null and {range})
    """,
    checks={
        "open_payouts_are_watched": """
            select p.id::text, 'a payout that is ' || p.state || ', its operation ' || o.state
              || ', and nobody does anything about it'
            from o join fm.payouts p on p.tenant_id = :tenant and p.id = o.payout_id
            where p.state in ('processing', 'sent')
        """,
    },
)
