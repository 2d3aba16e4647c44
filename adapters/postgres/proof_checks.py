"""What must never be found in the books, as SQL over one page of a table at a time."""

import msgspec


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Goes through a table along its key. Each check is a query over the page's rows that gives subject and detail.

    `rows` names the rows of a page as a common table expression; `{range}` is the condition that bounds them. `:since`
    is the time before which everything was proved already; `counted` is the table that is paged through.
    """

    # Other tables are probed row by row along their keys (lateral, limit 1): a page never reads one of them whole.
    name: str
    counted: str
    key: tuple[str, ...]
    rows: str
    checks: dict[str, str]
    is_bounded_by_time: bool = False


TRANSACTIONS = Walk(
    name="transactions",
    counted="fm.entries",
    key=("transaction_id",),
    is_bounded_by_time=True,
    rows="""
    t as materialized (
      select x.* from (select y.*, y.id as transaction_id from fm.ledger_transactions y) x
      where x.tenant_id = :tenant and x.recorded_at >= :since and {range}
    ), e as materialized (
      select x.transaction_id, x.recorded_at, x.line, x.currency, x.direction, x.amount_minor, x.effective_at,
        x.payment_id, a.currency as account_currency, t.id as told_by, t.payment_id as told_payment_id,
        t.payout_id as told_payout_id, t.effective_at as told_effective_at
      from fm.entries x
        left join fm.ledger_accounts a on a.tenant_id = x.tenant_id and a.id = x.account_id
        left join t on t.id = x.transaction_id and t.recorded_at = x.recorded_at
      where x.tenant_id = :tenant and x.recorded_at >= :since and {range}
    )
    """,
    checks={
        "entries_balance": """
            select e.transaction_id::text || ' ' || e.currency,
              'debits and credits differ by '
                || sum(case e.direction when 'debit' then e.amount_minor else -e.amount_minor end)
            from e group by e.transaction_id, e.currency
            having sum(case e.direction when 'debit' then e.amount_minor else -e.amount_minor end) <> 0
        """,
        "transactions_have_entries": """
            select t.id::text, 'a transaction of kind ' || t.kind || ' without entries'
            from t where not exists (select from e where e.transaction_id = t.id and e.recorded_at = t.recorded_at)
        """,
        "entries_have_a_transaction": """
            select e.transaction_id::text || '/' || e.line, 'an entry without its transaction'
            from e where e.told_by is null
        """,
        "transaction_ids_are_unique": """
            select t.id::text, count(*) || ' transactions with one identifier' from t group by t.id having count(*) > 1
        """,
        "entries_match_their_account": """
            select e.transaction_id::text || '/' || e.line, 'an entry in ' || e.currency
              || coalesce(' on an account in ' || e.account_currency, ' on an account that does not exist')
            from e where e.account_currency is distinct from e.currency
        """,
        # Entries of payments and payouts count for the time of their recording, whenever the provider did it.
        "entries_agree_with_their_transaction": """
            select e.transaction_id::text || '/' || e.line, 'an entry for another payment or time than its transaction'
            from e
            where e.told_by is not null and (e.payment_id is distinct from e.told_payment_id
              or (e.told_payment_id is null and e.told_payout_id is null
                and coalesce(e.effective_at, e.recorded_at) <> e.told_effective_at))
        """,
        "reversals_mirror_what_they_reverse": """
            select t.id::text, 'not the opposite of ' || t.reverses_id || ', or not the only one'
            from t
              left join lateral (select true as is_kept from fm.ledger_reversals r where r.tenant_id = :tenant
                and r.reverses_id = t.reverses_id and r.transaction_id = t.id limit 1) r on true
              cross join lateral (select array_agg(concat_ws(' ', m.line, m.account_id, m.currency, m.amount_minor,
                  m.direction) order by m.line) as lines
                from fm.entries m where m.tenant_id = :tenant and m.transaction_id = t.id) m
              cross join lateral (select array_agg(concat_ws(' ', o.line, o.account_id, o.currency, o.amount_minor,
                  case o.direction when 'debit' then 'credit' else 'debit' end) order by o.line) as lines
                from fm.entries o where o.tenant_id = :tenant and o.transaction_id = t.reverses_id) o
            where t.reverses_id is not null
              and (t.kind <> 'reversal' or r.is_kept is null or m.lines is distinct from o.lines)
        """,
        "references_are_kept": """
            select t.id::text, 'its reference ' || t.reference || ' is not kept for it'
            from t left join lateral (select true as is_kept from fm.ledger_references r where r.tenant_id = :tenant
              and r.reference = t.reference and r.transaction_id = t.id limit 1) r on true
            where t.reference is not null and r.is_kept is null
        """,
    },
)
"""The books by transaction: the pages follow the entries' key, a transaction's entries stand on one page."""

ACCOUNTS = Walk(
    name="accounts",
    counted="fm.ledger_accounts",
    key=("id",),
    rows="""
    a as materialized (select x.* from fm.ledger_accounts x where x.tenant_id = :tenant and {range})
    """,
    checks={
        "pending_balances_equal_holds": """
            select a.code || ' ' || a.currency, 'cached ' || a.pending_debits || '/' || a.pending_credits || ', holds '
              || h.debits || '/' || h.credits
            from a cross join lateral (select
                coalesce((select sum(h.amount_minor - h.posted_minor - h.released_minor) from fm.holds h
                  where h.tenant_id = :tenant and h.debit_account_id = a.id
                    and h.state in ('pending', 'partially_posted')), 0) as debits,
                coalesce((select sum(h.amount_minor - h.posted_minor - h.released_minor) from fm.holds h
                  where h.tenant_id = :tenant and h.credit_account_id = a.id
                    and h.state in ('pending', 'partially_posted')), 0) as credits) h
            where a.pending_debits <> h.debits or a.pending_credits <> h.credits
        """,
        "snapshots_stand_on_entries": """
            select a.code || ' ' || a.currency, 'proved at ' || s.proved_to || ' with ' || s.balance_minor
              || ', the books of that time say ' || coalesce(l.balance_minor::text, 'nothing')
            from a
              cross join lateral (select q.* from fm.balance_snapshots q where q.tenant_id = :tenant
                and q.account_id = a.id and q.proved_to <= :point order by q.proved_to desc limit 1) s
              left join lateral (select q.balance_minor, q.account_version, q.recorded_at from fm.entries q
                where q.tenant_id = :tenant and q.account_id = a.id and q.recorded_at < s.proved_to
                order by q.recorded_at desc, q.account_version desc limit 1) l on true
            where (s.balance_minor, s.account_version, s.recorded_at)
                is distinct from (l.balance_minor, l.account_version, l.recorded_at)
              or s.balance_minor <> case a.normal_balance when 'debit' then s.posted_debits - s.posted_credits
                else s.posted_credits - s.posted_debits end
        """,
    },
)

HOLDS = Walk(
    name="holds",
    counted="fm.holds",
    key=("id",),
    rows="""
    h as materialized (select x.* from fm.holds x where x.tenant_id = :tenant and x.updated_at >= :recently and {range})
    """,
    checks={
        "holds_are_posted": """
            select h.id::text, 'a hold with ' || h.posted_minor || ' posted, the books say ' || b.posted
            from h cross join lateral (select coalesce(sum(e.amount_minor), 0) as posted
              from (
                select t.id, t.recorded_at from fm.ledger_transactions t where h.payment_id is null
                  and t.tenant_id = :tenant and t.hold_id = h.id and t.payment_id is null
                union all
                select t.id, t.recorded_at from fm.ledger_transactions t where h.payment_id is not null
                  and t.tenant_id = :tenant and t.payment_id = h.payment_id and t.hold_id = h.id) t
              join fm.entries e on e.tenant_id = :tenant and e.transaction_id = t.id and e.recorded_at = t.recorded_at
                and e.account_id = h.debit_account_id and e.direction = 'debit') b
            where h.posted_minor <> b.posted
        """,
        "hold_states_say_what_is_left": """
            select h.id::text, 'a hold that is ' || h.state || ' with '
              || (h.amount_minor - h.posted_minor - h.released_minor) || ' left of ' || h.amount_minor
            from h
            where (h.amount_minor - h.posted_minor - h.released_minor > 0)
                <> (h.state in ('pending', 'partially_posted'))
              or (h.state in ('partially_posted', 'posted') and h.posted_minor = 0)
              or (h.state in ('pending', 'voided') and h.posted_minor > 0)
        """,
    },
)

REFERENCES = Walk(
    name="references",
    counted="fm.ledger_references",
    key=("reference",),
    rows="""
    r as materialized (select x.* from fm.ledger_references x
      where x.tenant_id = :tenant and x.created_at >= :recently and {range})
    """,
    checks={
        "references_have_transactions": """
            select r.reference, 'kept for ' || r.transaction_id || ', which does not carry it'
            from r left join lateral (select true as is_there from fm.ledger_transactions t
              where t.tenant_id = :tenant and t.id = r.transaction_id and t.reference = r.reference limit 1) t on true
            where t.is_there is null
        """,
    },
)

REVERSALS = Walk(
    name="reversals",
    counted="fm.ledger_reversals",
    key=("reverses_id",),
    rows="""
    r as materialized (select x.* from fm.ledger_reversals x
      where x.tenant_id = :tenant and x.created_at >= :recently and {range})
    """,
    checks={
        "reversals_have_transactions": """
            select r.reverses_id::text, 'reversed by ' || r.transaction_id || ', which does not say so'
            from r left join lateral (select true as is_there from fm.ledger_transactions t
              where t.tenant_id = :tenant and t.id = r.transaction_id and t.reverses_id = r.reverses_id limit 1) t
              on true
            where t.is_there is null
        """,
    },
)

KEYS = Walk(
    name="idempotency keys",
    counted="fm.idempotency_records",
    key=("route", "key"),
    rows="""
    k as materialized (select x.route, x.key, x.resource_id from fm.idempotency_records x
      where x.tenant_id = :tenant and x.state = 'posted' and x.result = 0 and x.created_at >= :recently and {range})
    """,
    checks={
        "posted_keys_have_what_they_posted": """
            select k.route || ' ' || k.key, 'posted ' || coalesce(k.resource_id::text, 'nothing')
              || ', which is not in the books'
            from k
              left join lateral (select true as is_there from fm.ledger_transactions q
                where q.tenant_id = :tenant and q.id = k.resource_id limit 1) t on true
              left join lateral (select true as is_there from fm.holds q
                where q.tenant_id = :tenant and q.id = k.resource_id limit 1) h on true
            where t.is_there is null and h.is_there is null
        """,
    },
)

LIMITS = Walk(
    name="limits",
    counted="fm.limit_usage",
    key=("policy_id", "window_start"),
    rows="""
    u as materialized (select x.* from fm.limit_usage x where x.tenant_id = :tenant and {range})
    """,
    checks={
        "limits_are_not_exceeded": """
            select u.policy_id::text || ' ' || u.window_start,
              u.amount_minor || ' in ' || u.count || ' postings, limit '
              || coalesce(p.amount_max::text, 'none') || ' in ' || coalesce(p.count_max::text, 'any number')
            from u left join fm.limit_policies p on p.tenant_id = :tenant and p.id = u.policy_id
            where p.id is null or u.amount_minor > p.amount_max or u.count > p.count_max
              or u.amount_minor < 0 or u.count < 0
        """,
    },
)

QUOTES = Walk(
    name="quotes",
    counted="fm.fx_quotes",
    key=("id",),
    rows="""
    q as materialized (select x.* from fm.fx_quotes x where x.tenant_id = :tenant and x.state = 'executed' and {range})
    """,
    checks={
        "executed_quotes_have_transactions": """
            select q.id::text, 'an executed quote without its transaction'
            from q left join lateral (select true as is_there from fm.ledger_transactions t
              where t.tenant_id = :tenant and t.id = q.transaction_id and t.quote_id = q.id limit 1) t on true
            where t.is_there is null
        """,
    },
)

OUTBOX = Walk(
    name="outbox",
    counted="fm.outbox",
    key=("event_id",),
    rows="""
    o as materialized (select x.* from fm.outbox x where x.tenant_id = :tenant and {range})
    """,
    checks={
        "outbox_is_fresh": """
            select o.event_id::text, 'waits since ' || o.created_at
            from o where o.created_at < clock_timestamp() - make_interval(secs => :outbox_seconds)
        """,
    },
)
