-- Posting: the only functions that write entries. Lock order, always: idempotency keys (by route and key) < payment
-- states < references < reversals < holds (by id) < accounts (by id) < quotes < limits < monitors.
-- Result codes: 0 booked; a reason of domain/posting.py plus 32 times the leg; -1 go the careful way, -2 the key was used
-- for something else, -3 the key has a kept answer.

create or replace function fm_ops.new_id(p_now timestamptz) returns uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  -- UUIDv7 (RFC 9562 §5.7), which PostgreSQL has of its own only from 18 on.
  select encode(set_byte(r, 6, (get_byte(r, 6) & 15) | 112), 'hex')::uuid
  from (select overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(floor(extract(epoch from p_now) * 1000)::bigint) from 3) from 1 for 6) as r) x;
$$;

-- Locks, one after the other in the order of the ids: whoever takes them so waits for nobody who waits for him.
create or replace function fm.lock_accounts(p_tenant uuid, p_ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_id uuid;
begin
  for v_id in select distinct u.id from unnest(p_ids) u(id) where u.id is not null order by 1 loop
    perform from fm.ledger_accounts a where a.tenant_id = p_tenant and a.id = v_id for update;
  end loop;
end $$;

create or replace function fm.lock_holds(p_tenant uuid, p_ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_id uuid;
begin
  for v_id in select distinct u.id from unnest(p_ids) u(id) where u.id is not null order by 1 loop
    perform from fm.holds h where h.tenant_id = p_tenant and h.id = v_id for update;
  end loop;
end $$;

-- One entry with its account's running balance; the account is locked by the caller.
create or replace function fm.book_entry(
  p_tenant uuid, p_transaction uuid, p_line smallint, p_account uuid, p_payment uuid, p_direction text,
  p_currency text, p_amount bigint, p_effective timestamptz, p_now timestamptz,
  out account_version bigint, out balance_minor bigint
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update fm.ledger_accounts a set
      posted_debits = a.posted_debits + case p_direction when 'debit' then p_amount else 0 end,
      posted_credits = a.posted_credits + case p_direction when 'credit' then p_amount else 0 end,
      version = a.version + 1
    where a.tenant_id = p_tenant and a.id = p_account
    returning a.version, case a.normal_balance when 'debit' then a.posted_debits - a.posted_credits
      else a.posted_credits - a.posted_debits end
    into account_version, balance_minor;
  insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, payment_id,
      direction, currency, amount_minor, effective_at, recorded_at)
    values (p_tenant, p_transaction, p_line, p_account, account_version, balance_minor, p_payment, p_direction,
      p_currency, p_amount, p_effective, p_now);
end $$;

-- Monitors of these accounts that begin to hold now fire once, as events; those that cease to are armed again.
create or replace function fm.watch_balances(p_tenant uuid, p_accounts uuid[], p_now timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  m record; v_event uuid; v_body jsonb;
begin
  for m in
    select q.id, q.account_id, q.measure, q.comparison, q.threshold_minor, q.is_met, a.code, a.currency,
      case q.measure
        when 'posted' then s.sign * (a.posted_debits - a.posted_credits)
        when 'pending' then s.sign * (a.posted_debits - a.posted_credits + a.pending_debits - a.pending_credits)
        else s.sign * (a.posted_debits - a.posted_credits)
          - case a.normal_balance when 'debit' then a.pending_credits else a.pending_debits end
      end as value
    from fm.balance_monitors q
      join fm.ledger_accounts a on a.tenant_id = p_tenant and a.id = q.account_id
      cross join lateral (select case a.normal_balance when 'debit' then 1 else -1 end as sign) s
    where q.tenant_id = p_tenant and q.account_id = any(p_accounts) and q.ended_at is null
    order by q.id for update of q
  loop
    if m.is_met is distinct from (case m.comparison when 'lt' then m.value < m.threshold_minor
        when 'lte' then m.value <= m.threshold_minor when 'gt' then m.value > m.threshold_minor
        when 'gte' then m.value >= m.threshold_minor else m.value = m.threshold_minor end) then
      update fm.balance_monitors q set is_met = not q.is_met,
          fired_count = q.fired_count + case when q.is_met then 0 else 1 end,
          last_fired_at = case when q.is_met then q.last_fired_at else p_now end
        where q.tenant_id = p_tenant and q.id = m.id;
      if not m.is_met then
        v_event := fm_ops.new_id(p_now);
        v_body := jsonb_build_object('type', 'ledger.balance_monitor_crossed', 'event_id', v_event, 'at', p_now,
          'monitor_id', m.id, 'account_id', m.account_id, 'measure', m.measure, 'comparison', m.comparison,
          'threshold_minor', m.threshold_minor, 'value_minor', m.value, 'currency', m.currency);
        insert into fm.events (tenant_id, id, payment_id, tag, body, recorded_at)
          values (p_tenant, v_event, null, 'ledger.balance_monitor_crossed', v_body, p_now);
        insert into fm.outbox (tenant_id, event_id, tag, created_at)
          values (p_tenant, v_event, 'ledger.balance_monitor_crossed', p_now);
      end if;
    end if;
  end loop;
end $$;

-- The one event and the one audit record of a call: which transactions were booked and holds changed, with a digest of
-- what was booked; who and under which request stands in each transaction.
create or replace function fm.tell_of_postings(
  p_tenant uuid, p_transactions uuid[], p_holds uuid[], p_digest bytea, p_actor text, p_request text, p_now timestamptz
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_event uuid := fm_ops.new_id(p_now);
begin
  insert into fm.events (tenant_id, id, payment_id, tag, body, recorded_at)
    values (p_tenant, v_event, null, 'ledger.posted', jsonb_build_object('type', 'ledger.posted', 'event_id', v_event,
      'at', p_now, 'transaction_ids', p_transactions, 'hold_ids', p_holds), p_now);
  insert into fm.outbox (tenant_id, event_id, tag, created_at) values (p_tenant, v_event, 'ledger.posted', p_now);
  insert into fm.audit_events (tenant_id, id, at, actor, action, subject, request_id, details, recorded_at)
    values (p_tenant, fm_ops.new_id(p_now), p_now, p_actor, 'ledger.post', v_event::text, p_request,
      jsonb_build_object('transactions', cardinality(p_transactions), 'holds', cardinality(p_holds),
        'digest', encode(p_digest, 'hex')), p_now);
end $$;

-- What a used key says: writes (seen_count), so that a replay is as durable as what it replays.
create or replace function fm.replay_key(
  p_tenant uuid, p_route text, p_key text, p_fingerprint bytea, out code smallint, out resource_id uuid,
  out replayed boolean, out request_id text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r fm.idempotency_records;
begin
  update fm.idempotency_records i set seen_count = i.seen_count + 1, last_seen_at = clock_timestamp()
    where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key returning i.* into r;
  code := case when r.fingerprint <> p_fingerprint then -2 when r.state = 'posted' then r.result else -3 end;
  replayed := code >= 0;
  resource_id := r.resource_id;
  request_id := r.request_id;
end $$;

-- One plain transfer: debit one account, credit another, neither watched. Used when nobody else waits.
create or replace function fm.post_transfer(
  p_tenant uuid, p_id uuid, p_debit uuid, p_credit uuid, p_amount bigint, p_currency text, p_route text, p_key text,
  p_fingerprint bytea, p_actor text, p_request text, p_description text, p_metadata jsonb,
  out code smallint, out transaction_id uuid, out replayed boolean, out recorded_at timestamptz,
  out debit_balance bigint, out credit_balance bigint, out debit_version bigint, out credit_version bigint,
  out refused_request text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  d fm.ledger_accounts; c fm.ledger_accounts; v_limited boolean; v_careful boolean;
begin
  code := 0;
  replayed := false;
  transaction_id := p_id;
  recorded_at := clock_timestamp();
  select t.limited into v_limited from fm.tenants t where t.tenant_id = p_tenant;
  if v_limited then
    code := -1;
    return;
  end if;
  insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, result, created_at,
      last_seen_at)
    values (p_tenant, p_route, p_key, p_fingerprint, 'posted', p_id, 0, recorded_at, recorded_at)
    on conflict do nothing;
  if not found then
    select q.code, q.resource_id, q.replayed, q.request_id into code, transaction_id, replayed, refused_request
      from fm.replay_key(p_tenant, p_route, p_key, p_fingerprint) q;
    return;
  end if;
  if p_debit < p_credit then
    update fm.ledger_accounts a set posted_debits = a.posted_debits + p_amount, version = a.version + 1
      where a.tenant_id = p_tenant and a.id = p_debit returning a.* into d;
    update fm.ledger_accounts a set posted_credits = a.posted_credits + p_amount, version = a.version + 1
      where a.tenant_id = p_tenant and a.id = p_credit returning a.* into c;
  else
    update fm.ledger_accounts a set posted_credits = a.posted_credits + p_amount, version = a.version + 1
      where a.tenant_id = p_tenant and a.id = p_credit returning a.* into c;
    update fm.ledger_accounts a set posted_debits = a.posted_debits + p_amount, version = a.version + 1
      where a.tenant_id = p_tenant and a.id = p_debit returning a.* into d;
  end if;
  recorded_at := clock_timestamp();
  debit_balance := case d.normal_balance when 'debit' then d.posted_debits - d.posted_credits
    else d.posted_credits - d.posted_debits end;
  credit_balance := case c.normal_balance when 'debit' then c.posted_debits - c.posted_credits
    else c.posted_credits - c.posted_debits end;
  debit_version := d.version;
  credit_version := c.version;
  v_careful := coalesce(d.watched, true) or coalesce(c.watched, true);
  code := case
    when v_careful then -1
    when d.currency <> p_currency then 3 + 32 when d.state = 'closed' then 5 + 32 when d.state = 'frozen' then 4 + 32
    when c.currency <> p_currency then 3 + 64 when c.state = 'closed' then 5 + 64 when c.state = 'frozen' then 4 + 64
    when d.normal_balance = 'credit' and debit_balance - d.pending_debits < -d.overdraft_limit then 1 + 32
    when c.normal_balance = 'debit' and credit_balance - c.pending_credits < -c.overdraft_limit then 1 + 64
    else 0 end;
  if code <> 0 then
    -- Nobody saw it: the rows are locked. Back to what it was.
    update fm.ledger_accounts a set posted_debits = a.posted_debits - p_amount, version = a.version - 1
      where a.tenant_id = p_tenant and a.id = p_debit;
    update fm.ledger_accounts a set posted_credits = a.posted_credits - p_amount, version = a.version - 1
      where a.tenant_id = p_tenant and a.id = p_credit;
    if code = -1 then
      delete from fm.idempotency_records i where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key;
    else
      update fm.idempotency_records i set result = post_transfer.code, request_id = p_request
        where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key;
    end if;
    return;
  end if;
  insert into fm.ledger_transactions (tenant_id, id, kind, description, metadata, actor, request_id, effective_at,
      recorded_at)
    values (p_tenant, p_id, 'transfer', p_description, p_metadata, p_actor, p_request, post_transfer.recorded_at,
      post_transfer.recorded_at);
  insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, direction,
      currency, amount_minor, recorded_at)
    values (p_tenant, p_id, 1, p_debit, debit_version, debit_balance, 'debit', p_currency, p_amount,
        post_transfer.recorded_at),
      (p_tenant, p_id, 2, p_credit, credit_version, credit_balance, 'credit', p_currency, p_amount,
        post_transfer.recorded_at);
  perform fm.tell_of_postings(p_tenant, array[p_id], '{}', sha256(convert_to(
      concat_ws('|', p_id, p_debit, p_credit, p_amount, p_currency), 'UTF8')),
    p_actor, p_request, post_transfer.recorded_at);
end $$;

-- Many plain transfers in their sequence, one transaction. `p_accounts` is sorted and distinct; `p_debits`,
-- `p_credits` and `p_counts` say what would change of each if every item were booked; `p_from` and `p_to` count from 1.
-- Keys are distinct, and of one route; descriptions and metadata may be left out whole (empty arrays). `p_ordered`: what follows an item that must go the careful way must follow it there. The accounts are locked by the update itself, in the order of the array: a nested loop (pinned by
-- a test), hence the settings.
create or replace function fm.post_transfers(
  p_tenant uuid, p_accounts uuid[], p_debits bigint[], p_credits bigint[], p_counts bigint[], p_from integer[],
  p_to integer[], p_amounts bigint[], p_currencies text[], p_ids uuid[], p_route text, p_keys text[],
  p_fingerprints bytea[], p_actors text[], p_requests text[], p_descriptions text[], p_metadata text[],
  p_atomic boolean, p_ordered boolean,
  out codes smallint[], out transaction_ids uuid[], out replays boolean[], out recorded_at timestamptz,
  out debit_balances bigint[], out credit_balances bigint[], out debit_versions bigint[], out credit_versions bigint[],
  out refused_requests text[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  n integer := cardinality(p_from); m integer; k integer := cardinality(p_accounts); i integer; j integer; s integer;
  t integer; a bigint; b bigint; e bigint; fails integer := 0; gone integer := 0; r record; v_limited boolean;
  v_now timestamptz := clock_timestamp(); old record; skipped boolean[]; v_careful boolean := false;
  found_ids uuid[]; bal bigint[]; pend bigint[]; ver bigint[]; floors bigint[]; sgn smallint[]; cur text[]; st text[];
  x_bal bigint[]; x_pend bigint[]; x_ver bigint[]; x_floors bigint[]; x_sgn smallint[]; x_cur text[]; x_st text[];
  -- The tenant beside each account, not as a constant: else the planner may walk through all accounts of the tenant.
  v_tenants uuid[] := array_fill(p_tenant, array[cardinality(p_accounts)]);
  v_debits bigint[] := p_debits; v_credits bigint[] := p_credits; v_counts bigint[] := p_counts;
begin
  transaction_ids := p_ids;
  codes := array_fill(0::smallint, array[n]);
  replays := array_fill(false, array[n]);
  skipped := replays;
  debit_balances := array_fill(0::bigint, array[n]); credit_balances := debit_balances;
  debit_versions := debit_balances; credit_versions := debit_balances;
  select q.limited into v_limited from fm.tenants q where q.tenant_id = p_tenant;
  if v_limited then
    codes := array_fill((-1)::smallint, array[n]);
    recorded_at := v_now;
    return;
  end if;
  insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, result, created_at,
      last_seen_at)
    select p_tenant, p_route, u.k, u.f, 'posted', u.x, 0, v_now, v_now
    from unnest(p_keys, p_fingerprints, p_ids) u(k, f, x) order by u.k
    on conflict do nothing;
  get diagnostics m = row_count;
  if m < n then
    refused_requests := array_fill(null::text, array[n]);
    for r in select u.o::integer as o, u.k, u.f
      from unnest(p_keys, p_fingerprints, p_ids) with ordinality u(k, f, x, o)
        join fm.idempotency_records q on q.tenant_id = p_tenant and q.route = p_route and q.key = u.k
      -- Not those that this call inserted itself; the id alone tells nothing: a caller may repeat a call as it was.
      where q.xmin <> pg_current_xact_id()::xid or q.resource_id <> u.x
      order by u.k
    loop
      select * into old from fm.replay_key(p_tenant, p_route, r.k, r.f);
      codes[r.o] := old.code;
      transaction_ids[r.o] := old.resource_id;
      replays[r.o] := old.replayed;
      refused_requests[r.o] := old.request_id;
      skipped[r.o] := true;
      gone := gone + 1;
      s := p_from[r.o]; t := p_to[r.o]; a := p_amounts[r.o];
      v_debits[s] := v_debits[s] - a; v_credits[t] := v_credits[t] - a;
      v_counts[s] := v_counts[s] - 1; v_counts[t] := v_counts[t] - 1;
    end loop;
    if m + gone < n then
      raise exception 'a key came twice in one call' using errcode = 'FM409';
    end if;
    if p_atomic and exists (select from unnest(codes) u(c) where u.c <> 0) then
      raise exception 'an item was refused before' using errcode = 'FM499', detail = codes::text;
    end if;
    if gone = n then
      recorded_at := v_now;
      return;
    end if;
  end if;

  with u as (
    update fm.ledger_accounts q set posted_debits = q.posted_debits + x.d, posted_credits = q.posted_credits + x.c,
        version = q.version + x.n
      from unnest(v_tenants, p_accounts, v_debits, v_credits, v_counts) x(t, id, d, c, n)
      where q.tenant_id = x.t and q.id = x.id
      returning q.id, case q.normal_balance when 'debit' then q.posted_debits - x.d - q.posted_credits + x.c
          else q.posted_credits - x.c - q.posted_debits + x.d end as balance,
        case q.normal_balance when 'debit' then q.pending_credits else q.pending_debits end as held,
        q.version - x.n as version, -q.overdraft_limit as least,
        case q.normal_balance when 'debit' then 1 else -1 end::smallint as sign, q.currency,
        case when q.watched then 'watched' else q.state end as state)
  select array_agg(id), array_agg(balance), array_agg(held), array_agg(version), array_agg(least), array_agg(sign),
      array_agg(currency), array_agg(state)
    into found_ids, bal, pend, ver, floors, sgn, cur, st
    from (select * from u order by id) q;
  v_now := clock_timestamp();
  recorded_at := v_now;
  if coalesce(cardinality(found_ids), 0) < k then
    -- Some accounts do not exist: put the others where the items look for them.
    j := 1;
    for i in 1..k loop
      if found_ids[j] = p_accounts[i] then
        x_bal[i] := bal[j]; x_pend[i] := pend[j]; x_ver[i] := ver[j]; x_floors[i] := floors[j]; x_sgn[i] := sgn[j];
        x_cur[i] := cur[j]; x_st[i] := st[j];
        j := j + 1;
      else
        x_bal[i] := 0; x_pend[i] := 0; x_ver[i] := 0; x_floors[i] := null; x_sgn[i] := 1; x_cur[i] := '';
        x_st[i] := 'unknown';
      end if;
    end loop;
    bal := x_bal; pend := x_pend; ver := x_ver; floors := x_floors; sgn := x_sgn; cur := x_cur; st := x_st;
  end if;

  for i in 1..n loop
    continue when skipped[i];
    s := p_from[i]; t := p_to[i]; a := p_amounts[i];
    if v_careful and p_ordered then
      codes[i] := -1;
      fails := fails + 1;
      continue;
    end if;
    if st[s] <> 'active' or st[t] <> 'active' or cur[s] <> p_currencies[i] or cur[t] <> p_currencies[i] then
      codes[i] := case
        when st[s] = 'watched' or st[t] = 'watched' then -1
        when st[s] = 'unknown' then 2 + 32 when cur[s] <> p_currencies[i] then 3 + 32
        when st[s] = 'closed' then 5 + 32 when st[s] = 'frozen' then 4 + 32
        when st[t] = 'unknown' then 2 + 64 when cur[t] <> p_currencies[i] then 3 + 64
        when st[t] = 'closed' then 5 + 64 else 4 + 64 end;
      v_careful := v_careful or codes[i] = -1;
      fails := fails + 1;
      continue;
    end if;
    b := bal[s] + sgn[s] * a;
    e := bal[t] - sgn[t] * a;
    if sgn[s] < 0 and b - pend[s] < floors[s] then
      codes[i] := 1 + 32;
      fails := fails + 1;
    elsif sgn[t] > 0 and e - pend[t] < floors[t] then
      codes[i] := 1 + 64;
      fails := fails + 1;
    else
      bal[s] := b; bal[t] := e;
      ver[s] := ver[s] + 1; ver[t] := ver[t] + 1;
      debit_balances[i] := b; credit_balances[i] := e;
      debit_versions[i] := ver[s]; credit_versions[i] := ver[t];
    end if;
  end loop;

  if fails > 0 then
    if p_atomic then
      raise exception 'an item was refused' using errcode = 'FM499', detail = codes::text;
    end if;
    -- The rows are locked and nobody saw the hopeful values: write what really happened.
    v_debits := array_fill(0::bigint, array[k]); v_credits := v_debits; v_counts := v_debits;
    for i in 1..n loop
      continue when codes[i] = 0 or skipped[i];
      s := p_from[i]; t := p_to[i]; a := p_amounts[i];
      v_debits[s] := v_debits[s] + a; v_credits[t] := v_credits[t] + a;
      v_counts[s] := v_counts[s] + 1; v_counts[t] := v_counts[t] + 1;
    end loop;
    update fm.ledger_accounts q set posted_debits = q.posted_debits - x.d, posted_credits = q.posted_credits - x.c,
        version = q.version - x.n
      from unnest(v_tenants, p_accounts, v_debits, v_credits, v_counts) x(t, id, d, c, n)
      where q.tenant_id = x.t and q.id = x.id and x.n > 0;
    for r in select u.k, u.c, u.q from unnest(p_keys, codes, skipped, p_requests) u(k, c, s, q)
      where u.c <> 0 and not u.s
    loop
      if r.c = -1 then
        delete from fm.idempotency_records q where q.tenant_id = p_tenant and q.route = p_route and q.key = r.k;
      else
        update fm.idempotency_records q set result = r.c, request_id = r.q
          where q.tenant_id = p_tenant and q.route = p_route and q.key = r.k;
      end if;
    end loop;
    if fails + gone = n then
      return;
    end if;
  end if;

  insert into fm.ledger_transactions (tenant_id, id, kind, description, metadata, actor, request_id, effective_at,
      recorded_at)
    select p_tenant, u.x, 'transfer', u.d, u.m::jsonb, u.a, u.q, v_now, v_now
    from unnest(p_ids, p_descriptions, p_metadata, p_actors, p_requests, codes, skipped) u(x, d, m, a, q, c, s)
    where u.c = 0 and not u.s;
  insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, direction,
      currency, amount_minor, recorded_at)
    select p_tenant, u.x, 1, p_accounts[u.s], u.v, u.b, 'debit', u.y, u.a, v_now
      from unnest(p_ids, p_from, debit_versions, debit_balances, p_currencies, p_amounts, codes, skipped)
        u(x, s, v, b, y, a, c, g) where u.c = 0 and not u.g
    union all
    select p_tenant, u.x, 2, p_accounts[u.t], u.v, u.b, 'credit', u.y, u.a, v_now
      from unnest(p_ids, p_to, credit_versions, credit_balances, p_currencies, p_amounts, codes, skipped)
        u(x, t, v, b, y, a, c, g) where u.c = 0 and not u.g;
  perform fm.tell_of_postings(p_tenant,
    (select array_agg(u.x) from unnest(p_ids, codes, skipped) u(x, c, g) where u.c = 0 and not u.g), '{}',
    (select sha256(convert_to(string_agg(concat_ws('|', u.x, p_accounts[u.s], p_accounts[u.t], u.a, u.y), E'\n'
        order by u.o), 'UTF8'))
      from unnest(p_ids, p_from, p_to, p_amounts, p_currencies, codes, skipped)
        with ordinality u(x, s, t, a, y, c, g, o)
      where u.c = 0 and not u.g),
    case n when 1 then p_actors[1] else 'several' end, case n when 1 then p_requests[1] else 'several' end, v_now);
end $$;

-- What orders of the careful way share: legs against locked accounts, in the order of checks that domain/posting.py and
-- the reference ledger know. `p_pending` counts the legs as held, not as booked. Code 0: nothing stands in the way.
create or replace function fm.check_legs(
  p_tenant uuid, p_accounts uuid[], p_directions text[], p_amounts bigint[], p_currencies text[], p_least bigint[],
  p_reference_taken boolean, p_expired boolean, p_pending boolean, p_api_key uuid, p_now timestamptz
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n integer := cardinality(p_accounts); i integer; a fm.ledger_accounts; v_first integer[] := '{}'; v_id uuid;
  v_debits numeric; v_credits numeric; v_before numeric; v_after numeric; v_code integer; v_watched boolean := false;
begin
  for i in 1..n loop
    select q.* into a from fm.ledger_accounts q where q.tenant_id = p_tenant and q.id = p_accounts[i];
    if not found then return 2 + 32 * i; end if;
    if a.currency <> p_currencies[i] then return 3 + 32 * i; end if;
    if a.state = 'closed' then return 5 + 32 * i; end if;
    if a.state = 'frozen' then return 4 + 32 * i; end if;
    v_watched := v_watched or a.watched;
    if array_position(p_accounts, p_accounts[i]) = i then v_first := v_first || i; end if;
  end loop;
  if p_reference_taken then return 7; end if;
  if p_expired then return 18; end if;
  foreach i in array v_first loop
    select q.* into a from fm.ledger_accounts q where q.tenant_id = p_tenant and q.id = p_accounts[i];
    select coalesce(sum(u.m) filter (where u.d = 'debit'), 0), coalesce(sum(u.m) filter (where u.d = 'credit'), 0)
      into v_debits, v_credits
      from unnest(p_accounts, p_directions, p_amounts) u(x, d, m) where u.x = p_accounts[i];
    if a.posted_debits + a.pending_debits + v_debits > 9000000000000000000
        or a.posted_credits + a.pending_credits + v_credits > 9000000000000000000 then
      return 6 + 32 * i;
    end if;
  end loop;
  foreach i in array v_first loop
    v_after := fm.available_after(p_tenant, p_accounts[i], p_accounts, p_directions, p_amounts, p_pending);
    select q.* into a from fm.ledger_accounts q where q.tenant_id = p_tenant and q.id = p_accounts[i];
    v_before := fm.available_after(p_tenant, p_accounts[i], '{}', '{}', '{}', p_pending);
    if v_after < v_before and v_after < -a.overdraft_limit then return 1 + 32 * i; end if;
  end loop;
  for i in 1..n loop
    if p_least[i] is not null
        and fm.available_after(p_tenant, p_accounts[i], p_accounts, p_directions, p_amounts, p_pending) < p_least[i] then
      return 8 + 32 * i;
    end if;
  end loop;
  return fm.reserve_limits(p_tenant, p_accounts, p_directions, p_amounts, p_currencies, p_api_key, p_now);
end $$;

-- What would be available on an account after these legs.
create or replace function fm.available_after(
  p_tenant uuid, p_account uuid, p_accounts uuid[], p_directions text[], p_amounts bigint[], p_pending boolean
) returns numeric
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case a.normal_balance
    when 'debit' then a.posted_debits::numeric - a.posted_credits - a.pending_credits
      + case when p_pending then 0 else l.debits end - l.credits
    else a.posted_credits::numeric - a.posted_debits - a.pending_debits
      + case when p_pending then 0 else l.credits end - l.debits end
  from fm.ledger_accounts a
    cross join lateral (select coalesce(sum(u.m) filter (where u.d = 'debit'), 0) as debits,
        coalesce(sum(u.m) filter (where u.d = 'credit'), 0) as credits
      from unnest(p_accounts, p_directions, p_amounts) u(x, d, m) where u.x = p_account) l
  where a.tenant_id = p_tenant and a.id = p_account;
$$;

-- Count these legs against every limit that they touch, or (code 17) against none.
create or replace function fm.reserve_limits(
  p_tenant uuid, p_accounts uuid[], p_directions text[], p_amounts bigint[], p_currencies text[], p_api_key uuid,
  p_now timestamptz
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l record; u fm.limit_usage; v_done uuid[] := '{}'; v_amounts bigint[] := '{}'; v_windows timestamptz[] := '{}';
  v_amount numeric;
begin
  for l in
    select q.*, to_timestamp(floor(extract(epoch from p_now) / q.window_seconds) * q.window_seconds) as window_start
    from fm.limit_policies q
    where q.tenant_id = p_tenant and q.ended_at is null
      and q.subject_id = any(p_accounts || p_tenant || p_api_key)
      and (q.scope <> 'account' or q.subject_id = any(p_accounts))
    order by q.id
  loop
    if l.scope = 'account' then
      select greatest(0, coalesce(sum(case when x.d = a.normal_balance then -x.m else x.m end), 0)) into v_amount
        from unnest(p_accounts, p_directions, p_amounts, p_currencies) x(i, d, m, y)
          join fm.ledger_accounts a on a.tenant_id = p_tenant and a.id = x.i
        where x.i = l.subject_id and x.y = l.currency;
    else
      select coalesce(sum(x.m), 0) into v_amount from unnest(p_directions, p_amounts, p_currencies) x(d, m, y)
        where x.d = 'debit' and x.y = l.currency;
    end if;
    continue when v_amount = 0;
    insert into fm.limit_usage (tenant_id, policy_id, window_start) values (p_tenant, l.id, l.window_start)
      on conflict do nothing;
    select q.* into u from fm.limit_usage q
      where q.tenant_id = p_tenant and q.policy_id = l.id and q.window_start = l.window_start for update;
    if u.amount_minor + v_amount > l.amount_max or u.count + 1 > l.count_max
        or u.amount_minor + v_amount > 9000000000000000000 then
      return 17;
    end if;
    v_done := v_done || l.id;
    v_amounts := v_amounts || v_amount::bigint;
    v_windows := v_windows || l.window_start;
  end loop;
  update fm.limit_usage q set amount_minor = q.amount_minor + x.m, count = q.count + 1
    from unnest(v_done, v_amounts, v_windows) x(i, m, w)
    where q.tenant_id = p_tenant and q.policy_id = x.i and q.window_start = x.w;
  return 0;
end $$;

-- Book legs that were checked, as one transaction; gives its entries as JSON.
create or replace function fm.book_legs(
  p_tenant uuid, p_id uuid, p_kind text, p_accounts uuid[], p_directions text[], p_amounts bigint[],
  p_currencies text[], p_hold uuid, p_reverses uuid, p_quote uuid, p_reference text, p_description text,
  p_metadata jsonb, p_actor text, p_request text, p_effective timestamptz, p_now timestamptz
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i integer; b record; v_entries jsonb := '[]';
begin
  insert into fm.ledger_transactions (tenant_id, id, kind, hold_id, reverses_id, quote_id, reference, description,
      metadata, actor, request_id, effective_at, recorded_at)
    values (p_tenant, p_id, p_kind, p_hold, p_reverses, p_quote, p_reference, p_description,
      nullif(p_metadata, '{}'), p_actor, p_request, coalesce(p_effective, p_now), p_now);
  for i in 1..cardinality(p_accounts) loop
    select * into b from fm.book_entry(p_tenant, p_id, i::smallint, p_accounts[i], null, p_directions[i],
      p_currencies[i], p_amounts[i], p_effective, p_now);
    v_entries := v_entries || jsonb_build_object('line', i, 'account_id', p_accounts[i], 'direction', p_directions[i],
      'amount_minor', p_amounts[i], 'currency', p_currencies[i], 'balance_minor', b.balance_minor,
      'account_version', b.account_version);
  end loop;
  return v_entries;
end $$;

create or replace function fm.hold_now(p_tenant uuid, p_hold uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('id', h.id, 'state', h.state, 'amount_minor', h.amount_minor,
    'posted_minor', h.posted_minor, 'released_minor', h.released_minor)
  from fm.holds h where h.tenant_id = p_tenant and h.id = p_hold;
$$;

-- One order whose keys, holds and accounts are locked: {code} when it is refused, and nothing was written then.
create or replace function fm.do_order(p_tenant uuid, p jsonb, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o jsonb := p->'order'; v_type text := o->>'type'; v_code integer; h fm.holds; t record; v_entries jsonb := '[]';
  v_id uuid := (o->>'id')::uuid; v_hold uuid := (o->>'hold_id')::uuid; v_post bigint; v_rest bigint; v_state text;
  v_accounts uuid[]; v_directions text[]; v_amounts bigint[]; v_currencies text[]; v_least bigint[];
  v_quote uuid := (p->>'quote_id')::uuid; v_kind text := coalesce(o->>'kind', 'transfer');
  v_reverses uuid := (o->>'reverses_id')::uuid; v_key uuid := (p->>'api_key_id')::uuid;
begin
  if v_type in ('transfer', 'reverse') then
    if v_type = 'transfer' then
      select array_agg((l->>'account_id')::uuid order by n), array_agg(l->>'direction' order by n),
          array_agg((l->>'amount_minor')::bigint order by n), array_agg(l->>'currency' order by n),
          array_agg((l->>'available_min')::bigint order by n)
        into v_accounts, v_directions, v_amounts, v_currencies, v_least
        from jsonb_array_elements(o->'legs') with ordinality x(l, n);
    else
      select q.* into t from fm.ledger_transactions q where q.tenant_id = p_tenant and q.id = v_reverses;
      if not found or t.payment_id is not null or t.payout_id is not null then return jsonb_build_object('code', 15); end if;
      insert into fm.ledger_reversals (tenant_id, reverses_id, transaction_id, created_at)
        values (p_tenant, v_reverses, v_id, p_now) on conflict do nothing;
      if t.kind = 'reversal' or not exists (select from fm.ledger_reversals q where q.tenant_id = p_tenant
          and q.reverses_id = v_reverses and q.transaction_id = v_id) then
        return jsonb_build_object('code', 16);
      end if;
      select array_agg(e.account_id order by e.line),
          array_agg(case e.direction when 'debit' then 'credit' else 'debit' end order by e.line),
          array_agg(e.amount_minor order by e.line), array_agg(e.currency order by e.line),
          array_agg(null::bigint order by e.line)
        into v_accounts, v_directions, v_amounts, v_currencies, v_least
        from fm.entries e where e.tenant_id = p_tenant and e.transaction_id = v_reverses
          and e.recorded_at = t.recorded_at;
      v_kind := 'reversal';
    end if;
    if o->>'reference' is not null then
      -- Claimed before the locks, unless an order before it in this call claimed it and was refused.
      insert into fm.ledger_references (tenant_id, reference, transaction_id, created_at)
        values (p_tenant, o->>'reference', v_id, p_now) on conflict do nothing;
    end if;
    v_code := fm.check_legs(p_tenant, v_accounts, v_directions, v_amounts, v_currencies, v_least,
      exists (select from fm.ledger_references q where q.tenant_id = p_tenant and q.reference = o->>'reference'
        and q.transaction_id <> v_id), false, false, v_key, p_now);
    if v_code <> 0 then return jsonb_build_object('code', v_code); end if;
    if v_quote is not null then
      update fm.fx_quotes q set state = 'executed', version = q.version + 1, transaction_id = v_id, updated_at = p_now
        where q.tenant_id = p_tenant and q.id = v_quote and q.state = 'reserved'
          and q.version = (p->>'quote_version')::bigint;
      if not found then
        raise exception 'the quote moved on' using errcode = 'FM409', detail = 'quote';
      end if;
    end if;
    v_entries := fm.book_legs(p_tenant, v_id, v_kind, v_accounts, v_directions, v_amounts, v_currencies, null,
      v_reverses, v_quote, o->>'reference', o->>'description', o->'metadata', p->>'actor', p->>'request_id',
      (o->>'effective_at')::timestamptz, p_now);
    return jsonb_build_object('code', 0, 'transaction_id', v_id, 'recorded_at', p_now, 'entries', v_entries,
      'hold', null, 'accounts', v_accounts);
  end if;

  if v_type = 'place_hold' then
    v_accounts := array[(o->>'debit_account_id')::uuid, (o->>'credit_account_id')::uuid];
    v_directions := array['debit', 'credit'];
    v_amounts := array[(o->>'amount_minor')::bigint, (o->>'amount_minor')::bigint];
    v_currencies := array[o->>'currency', o->>'currency'];
    v_code := fm.check_legs(p_tenant, v_accounts, v_directions, v_amounts, v_currencies, array[null, null]::bigint[],
      exists (select from fm.holds q where q.tenant_id = p_tenant and q.reference = o->>'reference'),
      (o->>'expires_at')::timestamptz <= p_now, true, v_key, p_now);
    if v_code <> 0 then return jsonb_build_object('code', v_code); end if;
    insert into fm.holds (tenant_id, id, debit_account_id, credit_account_id, currency, amount_minor, state,
        expires_at, reference, description, metadata, created_at, updated_at)
      values (p_tenant, v_hold, v_accounts[1], v_accounts[2], o->>'currency', v_amounts[1], 'pending',
        (o->>'expires_at')::timestamptz, o->>'reference', o->>'description', coalesce(o->'metadata', '{}'),
        p_now, p_now);
    perform fm.shift_pending(p_tenant, v_accounts[1], v_accounts[2], v_amounts[1]);
    return jsonb_build_object('code', 0, 'transaction_id', null, 'recorded_at', p_now, 'entries', v_entries,
      'hold', fm.hold_now(p_tenant, v_hold), 'accounts', v_accounts);
  end if;

  select q.* into h from fm.holds q where q.tenant_id = p_tenant and q.id = v_hold;
  if not found or h.payment_id is not null or h.payout_id is not null then return jsonb_build_object('code', 11); end if;
  if h.state not in ('pending', 'partially_posted') then return jsonb_build_object('code', 12); end if;
  v_rest := h.amount_minor - h.posted_minor - h.released_minor;
  v_accounts := array[h.debit_account_id, h.credit_account_id];
  if v_type = 'release_hold' then
    if (o->>'expired')::boolean and (h.expires_at is null or h.expires_at > p_now) then
      return jsonb_build_object('code', 14);
    end if;
    update fm.holds q set released_minor = q.released_minor + v_rest, at_risk = false, updated_at = p_now,
        state = case when (o->>'expired')::boolean then 'expired' when q.posted_minor > 0 then 'posted' else 'voided' end
      where q.tenant_id = p_tenant and q.id = v_hold;
    perform fm.shift_pending(p_tenant, v_accounts[1], v_accounts[2], -v_rest);
    return jsonb_build_object('code', 0, 'transaction_id', null, 'recorded_at', p_now, 'entries', v_entries,
      'hold', fm.hold_now(p_tenant, v_hold), 'accounts', v_accounts);
  end if;

  if h.expires_at <= p_now then return jsonb_build_object('code', 18); end if;
  v_post := coalesce((o->>'amount_minor')::bigint, v_rest);
  if v_post > v_rest then return jsonb_build_object('code', 13); end if;
  for i in 1..2 loop
    select a.state into v_state from fm.ledger_accounts a where a.tenant_id = p_tenant and a.id = v_accounts[i];
    if v_state = 'closed' then return jsonb_build_object('code', 5 + 32 * i); end if;
    if v_state = 'frozen' then return jsonb_build_object('code', 4 + 32 * i); end if;
  end loop;
  if not (o->>'final')::boolean then v_rest := v_post; end if;
  update fm.holds q set posted_minor = q.posted_minor + v_post, released_minor = q.released_minor + v_rest - v_post,
      updated_at = p_now, state = case when q.posted_minor + q.released_minor + v_rest = q.amount_minor then 'posted'
        else 'partially_posted' end
    where q.tenant_id = p_tenant and q.id = v_hold;
  perform fm.shift_pending(p_tenant, v_accounts[1], v_accounts[2], -v_rest);
  v_entries := fm.book_legs(p_tenant, v_id, 'hold_posting', v_accounts, array['debit', 'credit'],
    array[v_post, v_post], array[h.currency, h.currency], v_hold, null, null, null, null, null, p->>'actor',
    p->>'request_id', null, p_now);
  return jsonb_build_object('code', 0, 'transaction_id', v_id, 'recorded_at', p_now, 'entries', v_entries,
    'hold', fm.hold_now(p_tenant, v_hold), 'accounts', v_accounts);
end $$;

-- More (or, below zero, less) is held between two locked accounts.
create or replace function fm.shift_pending(p_tenant uuid, p_debit uuid, p_credit uuid, p_amount bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update fm.ledger_accounts a set pending_debits = a.pending_debits + p_amount, version = a.version + 1
    where a.tenant_id = p_tenant and a.id = p_debit;
  update fm.ledger_accounts a set pending_credits = a.pending_credits + p_amount, version = a.version + 1
    where a.tenant_id = p_tenant and a.id = p_credit;
$$;

-- The careful way: orders of every kind, with conditions, references, limits and monitors, one after the other in one
-- transaction. `p_orders` is an array of {order, key: {route, key, fingerprint}?, actor, request_id, api_key_id?,
-- quote_id?, quote_version?}; answers an array of {code, ...} in the same order.
create or replace function fm.post_orders(p_tenant uuid, p_orders jsonb, p_atomic boolean, p_dry boolean) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off set enable_seqscan = off as $$
declare
  o record; r record; v_now timestamptz; v_outcome jsonb; v_outcomes jsonb[];
  v_transactions uuid[]; v_holds uuid[]; v_told text;
  v_actor text; v_request text;
begin
  v_outcomes := array_fill(null::jsonb, array[jsonb_array_length(p_orders)]);
  for o in
    select x.n::integer as n, x.o->'key'->>'route' as route, x.o->'key'->>'key' as key,
      decode(x.o->'key'->>'fingerprint', 'hex') as fingerprint,
      coalesce(x.o->'order'->>'id', x.o->'order'->>'hold_id')::uuid as resource
    from jsonb_array_elements(p_orders) with ordinality x(o, n) where x.o->'key'->>'key' is not null
    order by 2, 3, 1
  loop
    v_now := clock_timestamp();
    insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, result, created_at,
        last_seen_at)
      values (p_tenant, o.route, o.key, o.fingerprint, 'posted', o.resource, 0, v_now, v_now)
      on conflict do nothing;
    if not found then
      select * into r from fm.replay_key(p_tenant, o.route, o.key, o.fingerprint);
      v_outcomes[o.n] := jsonb_build_object('code', r.code, 'replayed', r.replayed, 'id', r.resource_id,
        'request_id', r.request_id);
      if p_atomic and r.code <> 0 then
        raise exception 'an item was refused before' using errcode = 'FM499',
          detail = jsonb_build_object('item', o.n, 'code', r.code, 'replayed', r.replayed, 'request_id', r.request_id)::text;
      end if;
    end if;
  end loop;
  -- References of holds are met with their rows, after the accounts: whoever brings the same ones waits here, in order.
  perform pg_advisory_xact_lock(k.n) from (
    select distinct hashtextextended(p_tenant::text || ':hold:' || (x->'order'->>'reference'), 0) as n
    from jsonb_array_elements(p_orders) x
    where x->'order'->>'type' = 'place_hold' and x->'order'->>'reference' is not null
    order by 1) k;
  -- References and reversals: claimed before the locks, in their order; let go again where the order is refused.
  insert into fm.ledger_references (tenant_id, reference, transaction_id, created_at)
    select p_tenant, x.o->'order'->>'reference', (x.o->'order'->>'id')::uuid, clock_timestamp()
    from jsonb_array_elements(p_orders) with ordinality x(o, n)
    where x.o->'order'->>'type' = 'transfer' and x.o->'order'->>'reference' is not null and v_outcomes[x.n] is null
    order by 2, x.n
    on conflict do nothing;
  insert into fm.ledger_reversals (tenant_id, reverses_id, transaction_id, created_at)
    select p_tenant, (x.o->'order'->>'reverses_id')::uuid, (x.o->'order'->>'id')::uuid, clock_timestamp()
    from jsonb_array_elements(p_orders) with ordinality x(o, n)
    where x.o->'order'->>'type' = 'reverse' and v_outcomes[x.n] is null
    order by 2, x.n
    on conflict do nothing;
  select array_agg((x->'order'->>'hold_id')::uuid) into v_holds from jsonb_array_elements(p_orders) x
    where x->'order'->>'type' in ('post_hold', 'release_hold');
  perform fm.lock_holds(p_tenant, v_holds);
  perform fm.lock_accounts(p_tenant, array(
    select (l->>'account_id')::uuid from jsonb_array_elements(p_orders) x, jsonb_array_elements(x->'order'->'legs') l
      where x->'order'->>'type' = 'transfer'
    union all
    select u.id::uuid from jsonb_array_elements(p_orders) x,
        unnest(array[x->'order'->>'debit_account_id', x->'order'->>'credit_account_id']) u(id)
      where x->'order'->>'type' = 'place_hold'
    union all
    select u.id from unnest(v_holds) w(id) join fm.holds h on h.tenant_id = p_tenant and h.id = w.id,
        unnest(array[h.debit_account_id, h.credit_account_id]) u(id)
    union all
    select e.account_id from jsonb_array_elements(p_orders) x
        join fm.entries e on e.tenant_id = p_tenant and e.transaction_id = (x->'order'->>'reverses_id')::uuid
      where x->'order'->>'type' = 'reverse'));
  -- Taken after the locks: times of an account's entries never run backwards.
  v_now := clock_timestamp();

  for o in select x.n::integer as n, x.o from jsonb_array_elements(p_orders) with ordinality x(o, n) order by x.n loop
    continue when v_outcomes[o.n] is not null;
    v_outcome := fm.do_order(p_tenant, o.o, v_now);
    v_outcomes[o.n] := v_outcome;
    if (v_outcome->>'code')::integer <> 0 then
      if p_atomic then
        raise exception 'an item was refused' using errcode = 'FM499',
          detail = jsonb_build_object('item', o.n, 'code', v_outcome->'code')::text;
      end if;
      delete from fm.ledger_references q where q.tenant_id = p_tenant and q.reference = o.o->'order'->>'reference'
        and o.o->'order'->>'type' = 'transfer' and q.transaction_id = (o.o->'order'->>'id')::uuid;
      delete from fm.ledger_reversals q where q.tenant_id = p_tenant
        and q.reverses_id = (o.o->'order'->>'reverses_id')::uuid and q.transaction_id = (o.o->'order'->>'id')::uuid;
      update fm.idempotency_records q set result = (v_outcome->>'code')::smallint, request_id = o.o->>'request_id'
        where q.tenant_id = p_tenant and q.route = o.o->'key'->>'route' and q.key = o.o->'key'->>'key';
      continue;
    end if;
    -- What was answered, so that it can be answered again whatever becomes of it later.
    update fm.idempotency_records q set body = convert_to(v_outcome::text, 'UTF8')
      where q.tenant_id = p_tenant and q.route = o.o->'key'->>'route' and q.key = o.o->'key'->>'key';
  end loop;
  -- What was carried out now, and not told again: only that has accounts.
  select coalesce(array_agg((x.u->>'transaction_id')::uuid order by x.n) filter (where x.u->>'transaction_id' <> ''), '{}'),
      coalesce(array_agg((x.u->'hold'->>'id')::uuid order by x.n) filter (where x.u->'hold' <> 'null'), '{}'),
      string_agg((p_orders->(x.n::integer - 1)->'order')::text, E'\n' order by x.n),
      case count(distinct p_orders->(x.n::integer - 1)->>'request_id') when 1
        then min(p_orders->(x.n::integer - 1)->>'actor') else 'several' end,
      case count(distinct p_orders->(x.n::integer - 1)->>'request_id') when 1
        then min(p_orders->(x.n::integer - 1)->>'request_id') else 'several' end
    into v_transactions, v_holds, v_told, v_actor, v_request
    from unnest(v_outcomes) with ordinality x(u, n) where x.u ? 'accounts';
  if v_told is not null then
    perform fm.watch_balances(p_tenant, array(select distinct a.id::uuid
      from unnest(v_outcomes) x(u), jsonb_array_elements_text(x.u->'accounts') a(id) where x.u ? 'accounts'), v_now);
    perform fm.tell_of_postings(p_tenant, v_transactions, v_holds, sha256(convert_to(v_told, 'UTF8')), v_actor, v_request,
      v_now);
  end if;
  if p_dry then
    raise exception 'a dry run' using errcode = 'FM498', detail = to_jsonb(v_outcomes)::text;
  end if;
  return to_jsonb(v_outcomes);
end $$;

-- What was made under a key, for a replay: as it was answered, or (plain transfers) as it stands in the books for ever.
create or replace function fm.read_posting(p_tenant uuid, p_route text, p_key text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(convert_from(i.body, 'UTF8')::jsonb, (
    select jsonb_build_object('code', 0, 'transaction_id', t.id, 'recorded_at', t.recorded_at, 'hold', null,
      'entries', (select jsonb_agg(jsonb_build_object('line', e.line, 'account_id', e.account_id,
          'direction', e.direction, 'amount_minor', e.amount_minor, 'currency', e.currency,
          'balance_minor', e.balance_minor, 'account_version', e.account_version) order by e.line)
        from fm.entries e where e.tenant_id = p_tenant and e.transaction_id = t.id and e.recorded_at = t.recorded_at))
    from fm.ledger_transactions t where t.tenant_id = p_tenant and t.id = i.resource_id))
  from fm.idempotency_records i
  where i.tenant_id = p_tenant and i.route = p_route and i.key = p_key and i.state = 'posted';
$$;
