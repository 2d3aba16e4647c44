-- The write path: one autocommit call each, first argument the tenant (docs/decisions/0004, rule C1).
-- SECURITY DEFINER: the application's role can only call these; it can write no table by itself.

create or replace function fm_ops.ensure_partitions(p_months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms' as $$
declare
  parent text; first_day date; made integer := 0; part text;
begin
  -- One at a time, and never in the way of payments: making a part locks its table for a moment.
  perform pg_advisory_xact_lock(7262002);
  -- A part before this month takes rows whose clock was behind at the turn of the month.
  foreach parent in array array['ledger_transactions', 'entries', 'events', 'audit_events'] loop
    for n in -1..p_months loop
      first_day := (date_trunc('month', timezone('UTC', now())) + make_interval(months => n))::date;
      part := parent || '_' || to_char(first_day, 'YYYYMM');
      if to_regclass('fm.' || part) is null then
        execute format('create table fm.%I partition of fm.%I for values from (%L) to (%L)', part, parent,
          first_day::text || ' 00:00:00+00', (first_day + interval '1 month')::date::text || ' 00:00:00+00');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

create or replace function fm.recall_key(
  p_tenant uuid, p_route text, p_key text, p_fingerprint bytea, p_lease_seconds double precision
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r fm.idempotency_records; v_now timestamptz := clock_timestamp();
begin
  -- The replay writes, so that it waits for whatever the first answer waited for (a synchronous standby).
  update fm.idempotency_records i set seen_count = i.seen_count + 1, last_seen_at = v_now
    where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key returning i.* into r;
  if not found then
    return null;
  end if;
  if r.fingerprint <> p_fingerprint then
    return jsonb_build_object('verdict', 'mismatch');
  end if;
  if r.state = 'done' then
    return jsonb_build_object('verdict', 'answer', 'status', r.status, 'content_type', r.content_type,
      'location', r.location, 'body', replace(encode(r.body, 'base64'), E'\n', ''));
  end if;
  if r.state = 'posted' then
    return jsonb_build_object('verdict', 'posted', 'resource_id', r.resource_id, 'result', r.result);
  end if;
  if r.state = 'started' and r.locked_until > v_now then
    return jsonb_build_object('verdict', 'in_flight',
      -- Providers answer within seconds: the lease is only for those who died.
      'retry_after', 1);
  end if;
  update fm.idempotency_records i set state = 'started', locked_until = v_now + make_interval(secs => p_lease_seconds)
    where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key;
  return jsonb_build_object('verdict', 'resume', 'resource_id', r.resource_id);
end $$;

create or replace function fm.keep_answer(p_tenant uuid, p_keep jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r fm.idempotency_records; v_now timestamptz := clock_timestamp();
begin
  insert into fm.idempotency_records as i (tenant_id, route, key, fingerprint, state, status, content_type, location,
      body, created_at, last_seen_at)
    values (p_tenant, p_keep->>'route', p_keep->>'key', decode(p_keep->>'fingerprint', 'hex'), 'done',
      (p_keep->>'status')::smallint, p_keep->>'content_type', p_keep->>'location', decode(p_keep->>'body', 'base64'),
      v_now, v_now)
    on conflict (tenant_id, route, key) do update set
      status = case when i.state = 'done' then i.status else excluded.status end,
      content_type = case when i.state = 'done' then i.content_type else excluded.content_type end,
      location = case when i.state = 'done' then i.location else excluded.location end,
      body = case when i.state = 'done' then i.body else excluded.body end,
      state = 'done', locked_until = null, last_seen_at = v_now
      where i.fingerprint = excluded.fingerprint
    returning i.* into r;
  if not found then
    raise exception 'the key was used for something else'
      using errcode = 'FM422', constraint = 'idempotency_fingerprint';
  end if;
  return jsonb_build_object('status', r.status, 'content_type', r.content_type, 'location', r.location,
    'body', replace(encode(r.body, 'base64'), E'\n', ''));
end $$;

create or replace function fm.let_go_key(p_tenant uuid, p_route text, p_key text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update fm.idempotency_records i set state = 'released', locked_until = null, last_seen_at = clock_timestamp()
    where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key and i.state = 'started';
$$;

create or replace function fm.claim_key(p_tenant uuid, p_claim jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_until timestamptz := v_now + make_interval(secs => (p_claim->>'lease_seconds')::double precision);
begin
  if (p_claim->>'taken_over')::boolean then
    update fm.idempotency_records i set resource_id = (p_claim->>'resource_id')::uuid, locked_until = v_until
      where i.tenant_id = p_tenant and i.route = p_claim->>'route' and i.key = p_claim->>'key'
        and i.state = 'started';
    if not found then
      raise exception 'the idempotency key is held by nobody' using errcode = 'FM409';
    end if;
    return null;
  end if;
  insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, locked_until, created_at,
      last_seen_at)
    values (p_tenant, p_claim->>'route', p_claim->>'key', decode(p_claim->>'fingerprint', 'hex'), 'started',
      (p_claim->>'resource_id')::uuid, v_until, v_now, v_now)
    on conflict do nothing;
  if found then
    return null;
  end if;
  return fm.recall_key(p_tenant, p_claim->>'route', p_claim->>'key', decode(p_claim->>'fingerprint', 'hex'),
    (p_claim->>'lease_seconds')::double precision);
end $$;

-- States: a new one has version 1; any other replaces exactly the version before it, or the unit is a conflict.
create or replace function fm.write_states(p_tenant uuid, p_unit jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off as $$
-- Documents are small, whatever the planner thinks: rows are found one by one, along their keys.
declare
  n integer; m integer; wanted integer;
begin
  wanted := jsonb_array_length(p_unit->'payments');
  insert into fm.payments select r.* from jsonb_populate_recordset(null::fm.payments, p_unit->'payments') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  update fm.payments t set version = r.version, state = r.state, authorized_minor = r.authorized_minor,
      captured_minor = r.captured_minor, refunded_minor = r.refunded_minor, action_url = r.action_url,
      action_fields = r.action_fields, provider = r.provider, provider_account_id = r.provider_account_id,
      failure_code = r.failure_code, failure_message = r.failure_message, hold_id = r.hold_id,
      updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.payments, p_unit->'payments') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  if n + m <> wanted then raise exception 'a payment moved on' using errcode = 'FM409'; end if;

  wanted := jsonb_array_length(p_unit->'attempts');
  -- What ends comes before what begins: a payment has one live attempt at every moment.
  update fm.payment_attempts t set version = r.version, state = r.state, provider_reference = r.provider_reference,
      decline_code = r.decline_code, updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.payment_attempts, p_unit->'attempts') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  insert into fm.payment_attempts
    select r.* from jsonb_populate_recordset(null::fm.payment_attempts, p_unit->'attempts') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  if n + m <> wanted then raise exception 'an attempt moved on' using errcode = 'FM409'; end if;

  wanted := jsonb_array_length(p_unit->'refunds');
  insert into fm.refunds select r.* from jsonb_populate_recordset(null::fm.refunds, p_unit->'refunds') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  update fm.refunds t set version = r.version, state = r.state, failure_code = r.failure_code,
      updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.refunds, p_unit->'refunds') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  if n + m <> wanted then raise exception 'a refund moved on' using errcode = 'FM409'; end if;

  wanted := jsonb_array_length(p_unit->'operations');
  insert into fm.provider_operations
    select r.* from jsonb_populate_recordset(null::fm.provider_operations, p_unit->'operations') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  update fm.provider_operations t set version = r.version, state = r.state, provider_reference = r.provider_reference,
      code = r.code, decline = r.decline, detail = r.detail, queries = r.queries, next_query_at = r.next_query_at,
      query_claimed_until = null, updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.provider_operations, p_unit->'operations') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  if n + m <> wanted then raise exception 'an operation moved on' using errcode = 'FM409'; end if;
end $$;

-- The books of payments: holds are locked before accounts, accounts in the order of their ids; entries balance or
-- nothing happens. Nothing is refused for want of funds here: what a provider did has happened.
create or replace function fm.lock_books(p_tenant uuid, p_units jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off as $$
declare
  v_holds uuid[];
begin
  insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, created_at)
    select distinct on (a.code, a.currency) p_tenant, a.id, a.code, a.currency, a.normal_balance, clock_timestamp()
    from jsonb_array_elements(p_units) u,
      jsonb_to_recordset(u->'accounts') a(id uuid, code text, currency text, normal_balance text)
    where not exists (select from fm.ledger_accounts q
      where q.tenant_id = p_tenant and q.code = a.code and q.currency = a.currency)
    order by a.code, a.currency
    on conflict on constraint ledger_accounts_code_uq do nothing;
  v_holds := array(select (x->>'hold_id')::uuid from jsonb_array_elements(p_units) u,
    jsonb_array_elements(u->'hold_changes') x);
  perform fm.lock_holds(p_tenant, v_holds);
  perform fm.lock_accounts(p_tenant, array(
    select b.id from jsonb_array_elements(p_units) u, jsonb_to_recordset(u->'accounts') x(code text, currency text)
      join fm.ledger_accounts b on b.tenant_id = p_tenant and b.code = x.code and b.currency = x.currency
    union all
    select a.id from unnest(v_holds) w(id) join fm.holds q on q.tenant_id = p_tenant and q.id = w.id,
      unnest(array[q.debit_account_id, q.credit_account_id]) a(id)));
end $$;

create or replace function fm.post(p_tenant uuid, p_unit jsonb, p_now timestamptz) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off as $$
declare
  h fm.holds; c record; rest bigint; v_touched uuid[] := '{}';
begin
  if exists (
    select from jsonb_to_recordset(p_unit->'entries') e(transaction_id uuid, currency text, direction text, amount_minor bigint)
    group by e.transaction_id, e.currency
    having sum(case e.direction when 'debit' then e.amount_minor else -e.amount_minor end) <> 0
  ) then
    raise exception 'debits and credits differ' using errcode = 'FM422', constraint = 'ledger_unbalanced';
  end if;
  if exists (
    select from jsonb_to_recordset(p_unit->'entries') e(transaction_id uuid)
    where not exists (select from jsonb_to_recordset(p_unit->'transactions') t(id uuid) where t.id = e.transaction_id)
  ) then
    raise exception 'an entry of no transaction' using errcode = 'FM422', constraint = 'ledger_unbalanced';
  end if;

  for c in select p.*, d.id as debit_id, k.id as credit_id
    from jsonb_to_recordset(p_unit->'placements') p(hold_id uuid, payment_id uuid, refund_id uuid, payout_id uuid,
      currency text, amount_minor bigint, debit_code text, credit_code text, is_covered boolean)
    left join fm.ledger_accounts d on d.tenant_id = p_tenant and d.code = p.debit_code and d.currency = p.currency
    left join fm.ledger_accounts k on k.tenant_id = p_tenant and k.code = p.credit_code and k.currency = p.currency
  loop
    if c.is_covered then
      perform fm.require_cover(p_tenant, c.debit_id, c.amount_minor);
    end if;
    insert into fm.holds (tenant_id, id, payment_id, refund_id, payout_id, debit_account_id, credit_account_id,
        currency, amount_minor, state, created_at, updated_at)
      values (p_tenant, c.hold_id, c.payment_id, c.refund_id, c.payout_id, c.debit_id, c.credit_id, c.currency,
        c.amount_minor, 'pending', p_now, p_now);
    perform fm.shift_pending(p_tenant, c.debit_id, c.credit_id, c.amount_minor);
    v_touched := v_touched || c.debit_id || c.credit_id;
  end loop;

  for c in select * from jsonb_to_recordset(p_unit->'hold_changes') x(hold_id uuid, post_minor bigint,
      release_minor bigint, at_risk boolean) order by x.hold_id
  loop
    select q.* into h from fm.holds q where q.tenant_id = p_tenant and q.id = c.hold_id;
    if not found then
      raise exception 'there is no such hold' using errcode = 'FM422', constraint = 'hold_exceeded';
    end if;
    rest := h.amount_minor - h.posted_minor - h.released_minor - c.post_minor - c.release_minor;
    if rest < 0 or h.state not in ('pending', 'partially_posted') then
      raise exception 'the hold has not that much left' using errcode = 'FM422', constraint = 'hold_exceeded';
    end if;
    update fm.holds q set posted_minor = q.posted_minor + c.post_minor,
        released_minor = q.released_minor + c.release_minor,
        at_risk = c.at_risk and rest > 0,
        state = case when rest > 0 and q.posted_minor + c.post_minor > 0 then 'partially_posted'
                     when rest > 0 then 'pending'
                     when q.posted_minor + c.post_minor > 0 then 'posted' else 'voided' end,
        updated_at = p_now
      where q.tenant_id = p_tenant and q.id = c.hold_id;
    if c.post_minor + c.release_minor > 0 then
      perform fm.shift_pending(p_tenant, h.debit_account_id, h.credit_account_id, -(c.post_minor + c.release_minor));
      v_touched := v_touched || h.debit_account_id || h.credit_account_id;
    end if;
  end loop;

  insert into fm.ledger_transactions (tenant_id, id, kind, payment_id, refund_id, payout_id, hold_id, actor, request_id,
      effective_at, recorded_at)
    select p_tenant, t.id, t.kind, t.payment_id, t.refund_id, t.payout_id, t.hold_id, p_unit->'audit'->>'actor',
      p_unit->'audit'->>'request_id', t.effective_at, p_now
    from jsonb_to_recordset(p_unit->'transactions') t(id uuid, kind text, payment_id uuid, refund_id uuid,
      payout_id uuid, hold_id uuid, effective_at timestamptz);
  for c in select e.*, a.id as account_id
    from jsonb_to_recordset(p_unit->'entries') e(transaction_id uuid, line smallint, payment_id uuid, code text,
      currency text, direction text, amount_minor bigint)
    left join fm.ledger_accounts a on a.tenant_id = p_tenant and a.code = e.code and a.currency = e.currency
    order by e.transaction_id, e.line
  loop
    perform fm.book_entry(p_tenant, c.transaction_id, c.line, c.account_id, c.payment_id, c.direction, c.currency,
      c.amount_minor, null, p_now);
    v_touched := v_touched || c.account_id;
  end loop;
  return v_touched;
end $$;

create or replace function fm.write_events(p_tenant uuid, p_events jsonb, p_audit jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  insert into fm.events (tenant_id, id, payment_id, payout_id, tag, body, recorded_at)
    select p_tenant, (e->>'event_id')::uuid, (e->>'payment_id')::uuid, (e->>'payout_id')::uuid, e->>'type', e, v_now
    from jsonb_array_elements(p_events) e;
  insert into fm.outbox (tenant_id, event_id, tag, created_at)
    select p_tenant, (e->>'event_id')::uuid, e->>'type', v_now from jsonb_array_elements(p_events) e;
  insert into fm.audit_events (tenant_id, id, at, actor, action, subject, request_id, details, recorded_at)
    values (p_tenant, (p_audit->>'id')::uuid, (p_audit->>'at')::timestamptz, p_audit->>'actor', p_audit->>'action',
      p_audit->>'subject', p_audit->>'request_id', p_audit->'details', v_now);
end $$;

-- Units, each whole or none at all. Lock order: see 0001_posting.sql; the caller sorts units by the ids of what they are about.
-- Answers a verdict for each, in their order.
create or replace function fm.commit_units(p_tenant uuid, p_units jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  u record; v_verdicts jsonb[]; v_units jsonb; v_verdict jsonb; v_now timestamptz; v_touched uuid[] := '{}';
  v_pays_out boolean := false;
begin
  v_verdicts := array_fill(null::jsonb, array[jsonb_array_length(p_units)]);
  for u in select x.u, x.n::integer as n from jsonb_array_elements(p_units) with ordinality x(u, n)
    where x.u->'idempotency'->>'type' = 'claim'
    order by x.u->'idempotency'->>'route', x.u->'idempotency'->>'key'
  loop
    v_verdicts[u.n] := fm.claim_key(p_tenant, u.u->'idempotency');
  end loop;
  select coalesce(jsonb_agg(x.u order by x.n), '[]') into v_units
    from jsonb_array_elements(p_units) with ordinality x(u, n) where v_verdicts[x.n] is null;
  for u in select x.u from jsonb_array_elements(v_units) with ordinality x(u, n) order by x.n loop
    if jsonb_array_length(u.u->'events') = 0 then
      raise exception 'a unit without an event explains nothing' using errcode = 'FM422', constraint = 'unit_events';
    end if;
    if u.u ? 'payouts' then
      perform fm.write_payouts(p_tenant, u.u);
      v_pays_out := true;
    else
      perform fm.write_states(p_tenant, u.u);
      perform fm.keep_routes(p_tenant, u.u->'routes');
    end if;
  end loop;
  perform fm.lock_books(p_tenant, v_units);
  -- Taken after the locks: times of an account's entries never run backwards.
  v_now := clock_timestamp();
  for u in select x.u, x.n::integer as n from jsonb_array_elements(p_units) with ordinality x(u, n) order by x.n loop
    continue when v_verdicts[u.n] is not null;
    v_touched := v_touched || fm.post(p_tenant, u.u, v_now);
    perform fm.write_events(p_tenant, u.u->'events', u.u->'audit');
    v_verdicts[u.n] := jsonb_build_object('verdict', 'committed');
    if u.u->'idempotency'->>'type' = 'keep' then
      v_verdict := fm.keep_answer(p_tenant, u.u->'idempotency');
      if v_verdict->>'body' <> u.u->'idempotency'->>'body' then
        -- Somebody took the key over and answered before us: their answer stands.
        v_verdicts[u.n] := jsonb_build_object('verdict', 'committed', 'kept', v_verdict);
      end if;
    elsif u.u->'idempotency'->>'type' = 'release' then
      perform fm.let_go_key(p_tenant, u.u->'idempotency'->>'route', u.u->'idempotency'->>'key');
    end if;
  end loop;
  if v_touched <> '{}' then
    perform fm.watch_balances(p_tenant, v_touched, v_now);
  end if;
  if v_pays_out then
    -- A hint for the relay, which has a payout sent; its poll is the truth.
    perform pg_notify('fm_outbox', p_tenant::text);
  end if;
  return to_jsonb(v_verdicts);
end $$;

-- Whether a unit is there, by its first event: asked after a connection was lost at commit.
create or replace function fm.was_told(p_tenant uuid, p_event uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from fm.events e where e.tenant_id = p_tenant and e.id = p_event);
$$;

create or replace function fm.read_dossier(p_tenant uuid, p_payment uuid, p_operation uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'payment', to_jsonb(p.*),
    'attempts', coalesce((select jsonb_agg(to_jsonb(a.*) order by a.number) from fm.payment_attempts a
      where a.tenant_id = p_tenant and a.payment_id = p.id), '[]'),
    'operations', coalesce((select jsonb_agg(to_jsonb(o.*) order by o.created_at, o.id) from fm.provider_operations o
      where o.tenant_id = p_tenant and o.payment_id = p.id), '[]'),
    'refunds', coalesce((select jsonb_agg(to_jsonb(r.*) order by r.created_at, r.id) from fm.refunds r
      where r.tenant_id = p_tenant and r.payment_id = p.id), '[]'))
  from fm.payments p
  where p.tenant_id = p_tenant
    and p.id = coalesce(p_payment, (select o.payment_id from fm.provider_operations o
      where o.tenant_id = p_tenant and o.id = p_operation));
$$;

create or replace function fm.claim_events(p_tenant uuid, p_limit integer, p_lease_seconds double precision)
returns table (event_id uuid, tag text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  return query
    with due as (
      select o.event_id from fm.outbox o
      where o.tenant_id = p_tenant and (o.claimed_until is null or o.claimed_until < v_now)
      order by o.event_id limit p_limit for update skip locked)
    update fm.outbox o set claimed_until = v_now + make_interval(secs => p_lease_seconds), claims = o.claims + 1
      from due where o.tenant_id = p_tenant and o.event_id = due.event_id
      returning o.event_id, o.tag;
end $$;

create or replace function fm.events_given(p_tenant uuid, p_events uuid[]) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n integer := 0; v_event uuid;
begin
  -- One by one along the key: the table is as large as its backlog, the array small.
  foreach v_event in array p_events loop
    delete from fm.outbox o where o.tenant_id = p_tenant and o.event_id = v_event;
    if found then n := n + 1; end if;
  end loop;
  return n;
end $$;

create or replace function fm.claim_operations(p_tenant uuid, p_limit integer, p_lease_seconds double precision)
returns table (operation_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  return query
    with due as (
      select o.id from fm.provider_operations o
      where o.tenant_id = p_tenant and o.next_query_at <= v_now
        and (o.query_claimed_until is null or o.query_claimed_until < v_now)
      order by o.next_query_at limit p_limit for update skip locked)
    update fm.provider_operations o set query_claimed_until = v_now + make_interval(secs => p_lease_seconds)
      from due where o.tenant_id = p_tenant and o.id = due.id
      returning o.id;
end $$;

create or replace function fm.open_tenant(p_tenant uuid, p_document jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k jsonb := p_document->'api_key'; v_at timestamptz := (p_document->>'created_at')::timestamptz; a jsonb := p_document->'audit';
begin
  insert into fm.tenants (tenant_id, name, bucket, created_at)
    values (p_tenant, p_document->>'name', (p_document->>'bucket')::smallint, v_at);
  insert into fm.principals (tenant_id, id, kind, name, created_at)
    values (p_tenant, (p_document->>'operator_id')::uuid, 'operator', p_document->>'operator_name', v_at);
  insert into fm.api_key_directory (key_id, tenant_id, api_key_id)
    values (k->>'key_id', p_tenant, (k->>'id')::uuid);
  insert into fm.api_keys (tenant_id, id, principal_id, key_id, digest, name, created_at)
    values (p_tenant, (k->>'id')::uuid, (k->>'principal_id')::uuid, k->>'key_id', decode(k->>'digest', 'hex'),
      k->>'name', v_at);
  perform fm.write_provider_account(p_tenant, x) from jsonb_array_elements(p_document->'provider_accounts') x;
  insert into fm.audit_events (tenant_id, id, at, actor, action, subject, request_id, details, recorded_at)
    values (p_tenant, (a->>'id')::uuid, (a->>'at')::timestamptz, a->>'actor', a->>'action', a->>'subject',
      a->>'request_id', a->'details', clock_timestamp());
end $$;

create or replace function fm.park_job(p_tenant uuid, p_job jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into fm.parked_jobs (tenant_id, id, actor, arguments, error, attempts, parked_at)
    values (p_tenant, (p_job->>'id')::uuid, p_job->>'actor', p_job->'arguments', p_job->>'error',
      (p_job->>'attempts')::integer, clock_timestamp())
    -- One that was given to the queue again and failed again waits again, with its new error.
    on conflict on constraint parked_jobs_pk do update set error = excluded.error, attempts = excluded.attempts,
      parked_at = excluded.parked_at, requeued_at = null
      where parked_jobs.requeued_at is not null;
$$;

create or replace function fm.requeue_job(p_tenant uuid, p_job uuid) returns jsonb
language sql security definer set search_path = pg_catalog, pg_temp as $$
  -- A reaction waits in the outbox again, so that losing the queue does not lose it.
  insert into fm.outbox (tenant_id, event_id, tag, created_at)
    select p_tenant, e.id, e.tag, clock_timestamp() from fm.events e join fm.parked_jobs j on j.tenant_id = e.tenant_id
      and j.id = p_job and j.actor = 'react' and j.requeued_at is null
    where e.tenant_id = p_tenant and e.id = (j.arguments->>'event_id')::uuid
    on conflict do nothing;
  update fm.parked_jobs j set requeued_at = clock_timestamp()
    where j.tenant_id = p_tenant and j.id = p_job and j.requeued_at is null
    returning to_jsonb(j.*);
$$;

-- For the relay and the scheduler only: which tenants have work that is due. Reads, claims nothing.
create or replace function fm_ops.due_tenants(p_limit integer, p_unsent_seconds double precision) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.tenant_id from fm.tenants t where
    exists (select from fm.outbox o where o.tenant_id = t.tenant_id
      and (o.claimed_until is null or o.claimed_until < clock_timestamp()))
    or exists (select from fm.provider_operations o where o.tenant_id = t.tenant_id
      and o.next_query_at <= clock_timestamp()
      and (o.query_claimed_until is null or o.query_claimed_until < clock_timestamp()))
    or exists (select from fm.payout_operations o where o.tenant_id = t.tenant_id
      and o.next_step_at <= clock_timestamp()
      and (o.claimed_until is null or o.claimed_until < clock_timestamp()))
    or exists (select from fm.payments p where p.tenant_id = t.tenant_id and p.state = 'created'
      and p.created_at < clock_timestamp() - make_interval(secs => p_unsent_seconds))
  order by t.bucket, t.tenant_id limit p_limit;
$$;

-- Forgets keys whose answers nobody may expect any more; one batch, so that it never holds much.
create or replace function fm_ops.forget_keys(p_age_seconds double precision, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n integer;
begin
  delete from fm.idempotency_records i using (
      select q.tenant_id, q.route, q.key from fm.idempotency_records q
      where q.created_at < clock_timestamp() - make_interval(secs => p_age_seconds) and q.state <> 'started'
      order by q.created_at limit p_limit for update skip locked) old
    where i.tenant_id = old.tenant_id and i.route = old.route and i.key = old.key;
  get diagnostics n = row_count;
  return n;
end $$;

-- Before the tenant is known: the directory leads to it.
create or replace function fm_ops.find_api_key(p_key_id text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('key', to_jsonb(k.*) || '{"digest": ""}', 'digest', encode(k.digest, 'hex'))
  from fm.api_key_directory d join fm.api_keys k on k.tenant_id = d.tenant_id and k.id = d.api_key_id
  where d.key_id = p_key_id;
$$;

create or replace function fm_ops.tenant_ids() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.tenant_id from fm.tenants t order by t.created_at, t.tenant_id;
$$;
