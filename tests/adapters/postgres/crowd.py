"""Thousands of rows for two tenants, copied from one real payment of each: for query plans."""

import asyncpg

from tests.fakes.house import House

NTH = """
create function pg_temp.nth(kind integer, n integer) returns uuid language sql immutable as $$
  select (lpad(to_hex(1700000000000 + n * 1000), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000'
    || lpad(to_hex(n), 12, '0'))::uuid
$$
"""
"""The nth identifier of a kind, in the order of time."""

COPIES = (
    """
    insert into fm.payments select made.*
    from (select * from fm.payments where tenant_id = $1 order by id limit 1) p, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.payments, to_jsonb(p) || jsonb_build_object(
        'id', pg_temp.nth(1, n), 'reference', 'order-' || n, 'hold_id', pg_temp.nth(5, n),
        'created_at', to_timestamp(1700000000 + n), 'currency', (array['EUR', 'JPY', 'KWD', 'NPR'])[1 + n % 4],
        'state', case when n % 100 = 0 then 'created' when n % 10 = 0 then 'failed' else 'succeeded' end)) made
    """,
    """
    insert into fm.payment_attempts select made.*
    from (select * from fm.payment_attempts where tenant_id = $1 limit 1) a, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.payment_attempts, to_jsonb(a)
        || jsonb_build_object('id', pg_temp.nth(2, n), 'payment_id', pg_temp.nth(1, n),
        'provider_reference', 'ch_' || n)) made
    """,
    """
    insert into fm.refunds select made.*
    from (select * from fm.refunds where tenant_id = $1 limit 1) r, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.refunds, to_jsonb(r) || jsonb_build_object(
        'id', pg_temp.nth(3, n), 'payment_id', pg_temp.nth(1, n), 'hold_id', pg_temp.nth(6, n))) made
    """,
    """
    insert into fm.provider_operations select made.*
    from (select * from fm.provider_operations where tenant_id = $1 limit 1) o, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.provider_operations, to_jsonb(o)
        || jsonb_build_object('id', pg_temp.nth(4, n), 'payment_id', pg_temp.nth(1, n), 'attempt_id', pg_temp.nth(2, n),
        'provider_reference', 'ch_' || n,
        'refund_id', null, 'key', 'opn_' || n,
        'next_query_at', case when n % 100 = 0 then to_timestamp(1700000000 + n) end)) made
    """,
    """
    insert into fm.holds select made.*
    from (select * from fm.holds where tenant_id = $1 limit 1) h, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.holds, to_jsonb(h) || jsonb_build_object(
        'id', pg_temp.nth(5, n), 'payment_id', pg_temp.nth(1, n), 'refund_id', null,
        'state', case when n % 10 = 0 then 'pending' else 'posted' end, 'at_risk', n % 20 = 0)) made
    """,
    """
    insert into fm.ledger_transactions select made.*
    from (select * from fm.ledger_transactions where tenant_id = $1 order by id limit 1) t,
      generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.ledger_transactions, to_jsonb(t)
        || jsonb_build_object('id', pg_temp.nth(7, n), 'payment_id', pg_temp.nth(1, n), 'refund_id', null)) made
    """,
    """
    insert into fm.entries select made.*
    from (select * from fm.entries where tenant_id = $1 order by transaction_id, line limit 2) e,
      generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.entries, to_jsonb(e) || jsonb_build_object(
        'transaction_id', pg_temp.nth(7, n), 'payment_id', pg_temp.nth(1, n),
        'currency', (array['EUR', 'JPY', 'KWD', 'NPR'])[1 + n % 4])) made
    """,
    """
    insert into fm.events select made.*
    from (select * from fm.events where tenant_id = $1 order by id limit 1) e, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.events, to_jsonb(e) || jsonb_build_object(
        'id', pg_temp.nth(8, n), 'payment_id', pg_temp.nth(1, n))) made
    """,
    """
    insert into fm.outbox select tenant_id, pg_temp.nth(8, n), tag, created_at,
      case when n % 100 > 0 then now() + interval '1 hour' end, 0
    from (select * from fm.outbox where tenant_id = $1 order by event_id limit 1) o, generate_series(1, $2::integer) n
    """,
    """
    insert into fm.audit_events select made.*
    from (select * from fm.audit_events where tenant_id = $1 limit 1) a, generate_series(1, $2::integer) n,
      jsonb_populate_record(null::fm.audit_events, to_jsonb(a) || jsonb_build_object(
        'id', pg_temp.nth(9, n))) made
    """,
    """
    insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, status, content_type, body,
      created_at, last_seen_at)
    select $1, 'POST /v1/payments', 'key-' || n, '\\x00', 'done', 201, 'application/json', '{}',
      now() - make_interval(mins => n), now()
    from generate_series(1, $2::integer) n
    """,
    """
    insert into fm.callbacks (tenant_id, id, provider_account_id, provider, transport, state, headers, raw, digest,
      received_at, read_at, last_seen_at)
    select $1, pg_temp.nth(10, n), (select id from fm.provider_accounts where tenant_id = $1 limit 1),
      (array['sandbox', 'bank'])[1 + n % 2], 'http_post', (array['applied', 'ignored'])[1 + n % 2], '{}', '',
      n::text::bytea, now(), case when n % 100 > 0 then now() end, now()
    from generate_series(1, $2::integer) n
    """,
    """
    insert into fm.callback_events (tenant_id, provider_account_id, provider_event_id, callback_id, position, lane,
      said, state, seen_count, last_seen_at)
    select $1, (select id from fm.provider_accounts where tenant_id = $1 limit 1), 'evt-' || n, pg_temp.nth(10, n), 1,
      'lane-' || n, '{"event_id":"evt","kind":"k"}', 'received', 1, now()
    from generate_series(1, $2::integer) n
    """,
    """
    insert into fm.provider_account_versions (tenant_id, provider_account_id, version, config, credentials_version,
      actor, effective_from, created_at)
    select v.tenant_id, v.provider_account_id, 1 + n, v.config, 1, v.actor, v.effective_from, v.created_at
    from (select * from fm.provider_account_versions where tenant_id = $1 limit 1) v, generate_series(1, $2::integer) n
    """,
)


async def crowd(owner: asyncpg.Connection, house: House, rows: int) -> None:
    """Copy the rows of the tenant's first payment so many times over."""
    await owner.execute(NTH)
    await owner.execute("set session_replication_role = replica")  # The copies are whole: no need to check each key.
    for statement in COPIES:
        await owner.execute(statement, house.tenant_id, rows)
    await owner.execute("reset session_replication_role")
    await owner.execute("drop function pg_temp.nth(integer, integer)")
