-- How far the ledger was proved, balances at that point, and ledgers that are carried in from elsewhere.

-- A hold's postings, for the proof and for whoever looks at a hold; those of payments are found by their payment.
create index ledger_transactions_hold_ix on fm.ledger_transactions (tenant_id, hold_id)
  where hold_id is not null and payment_id is null;

-- Everything recorded before `proved_to` was found sound. `entries` and `totals` count from the beginning of the books.
create table fm.proof_points (
  tenant_id uuid not null,
  proved_to timestamptz not null,
  is_full boolean not null,
  entries bigint not null check (entries >= 0),
  totals jsonb not null,
  snapshots bigint not null check (snapshots >= 0),
  taken_at timestamptz not null,
  constraint proof_points_pk primary key (tenant_id, proved_to)
);

-- How an account stood at a proved point: only where it moved since the point before. It counts if its point exists.
create table fm.balance_snapshots (
  tenant_id uuid not null,
  account_id uuid not null,
  proved_to timestamptz not null,
  entries bigint not null,
  posted_debits bigint not null,
  posted_credits bigint not null,
  -- The last entry's: posted balance on the account's normal side, version, and time.
  balance_minor bigint not null,
  account_version bigint not null,
  recorded_at timestamptz not null,
  constraint balance_snapshots_pk primary key (tenant_id, account_id, proved_to)
);

-- A ledger on its way in. Until it is finished its accounts are frozen; what is unfinished can go on or be removed.
create table fm.ledger_imports (
  tenant_id uuid not null,
  id uuid not null,
  state text not null check (state in ('running', 'finished', 'removing', 'removed')),
  digest text not null,
  lines_done bigint not null default 0,
  -- The accounts that were not active where they come from.
  held_states jsonb not null default '{}',
  started_at timestamptz not null,
  updated_at timestamptz not null,
  constraint ledger_imports_pk primary key (tenant_id, id)
);
create unique index ledger_imports_one_uq on fm.ledger_imports (tenant_id) where state <> 'removed';

-- Before this moment nothing can be recorded any more: `p_margin_seconds` is longer than any statement may run, and no
-- transaction that is open now began before it (as far as the schema's owner may see others' sessions).
create or replace function fm.proof_horizon(p_tenant uuid, p_margin_seconds double precision) returns timestamptz
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select least(clock_timestamp() - make_interval(secs => p_margin_seconds),
    (select min(a.xact_start) from pg_stat_activity a where a.datname = current_database()
      and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()),
    (select min(x.prepared) from pg_prepared_xacts x where x.database = current_database()));
$$;

create or replace function fm.keep_snapshots(p_tenant uuid, p_proved_to timestamptz, p_snapshots jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into fm.balance_snapshots (tenant_id, account_id, proved_to, entries, posted_debits, posted_credits,
      balance_minor, account_version, recorded_at)
    select p_tenant, s.account_id, p_proved_to, s.entries, s.posted_debits, s.posted_credits, s.balance_minor,
      s.account_version, s.recorded_at
    from jsonb_to_recordset(p_snapshots) s(account_id uuid, entries bigint, posted_debits bigint,
      posted_credits bigint, balance_minor bigint, account_version bigint, recorded_at timestamptz)
    on conflict on constraint balance_snapshots_pk do update set entries = excluded.entries,
      posted_debits = excluded.posted_debits, posted_credits = excluded.posted_credits,
      balance_minor = excluded.balance_minor, account_version = excluded.account_version,
      recorded_at = excluded.recorded_at;
$$;

-- Takes a point behind the one that the proof began at, if nobody took another meanwhile and all its snapshots are here.
create or replace function fm.take_proof_point(p_tenant uuid, p_point jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_to timestamptz := (p_point->>'proved_to')::timestamptz; v_last timestamptz; n bigint;
begin
  -- Two proofs of one tenant end one after the other.
  perform from fm.tenants t where t.tenant_id = p_tenant for update;
  select max(q.proved_to) into v_last from fm.proof_points q where q.tenant_id = p_tenant;
  select count(*) into n from fm.balance_snapshots s where s.tenant_id = p_tenant and s.proved_to = v_to;
  if v_last is distinct from (p_point->>'last_point')::timestamptz or v_to <= v_last or v_to > clock_timestamp()
    or n <> (p_point->>'snapshots')::bigint
    or exists (select from fm.ledger_imports i where i.tenant_id = p_tenant and i.state in ('running', 'removing'))
  then
    return false;
  end if;
  insert into fm.proof_points (tenant_id, proved_to, is_full, entries, totals, snapshots, taken_at)
    values (p_tenant, v_to, (p_point->>'is_full')::boolean, (p_point->>'entries')::bigint, p_point->'totals', n,
      clock_timestamp());
  return true;
end $$;

-- Forgets snapshots that a later point replaced, and those of proofs that never came to their point; one batch.
create or replace function fm.forget_snapshots(p_tenant uuid, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  n integer;
begin
  delete from fm.balance_snapshots b using (
      select s.account_id, s.proved_to from fm.balance_snapshots s
      where s.tenant_id = p_tenant
        and s.proved_to < (select max(q.proved_to) from fm.proof_points q where q.tenant_id = p_tenant)
        and (exists (select from fm.balance_snapshots l join fm.proof_points q
              on q.tenant_id = l.tenant_id and q.proved_to = l.proved_to
            where l.tenant_id = p_tenant and l.account_id = s.account_id and l.proved_to > s.proved_to)
          or not exists (select from fm.proof_points q where q.tenant_id = p_tenant and q.proved_to = s.proved_to))
      limit p_limit) old
    where b.tenant_id = p_tenant and b.account_id = old.account_id and b.proved_to = old.proved_to;
  get diagnostics n = row_count;
  return n;
end $$;

-- Begins an import into an empty ledger, or gives the unfinished one of the same file to go on with.
create or replace function fm.begin_import(p_tenant uuid, p_import jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms' as $$
declare
  r fm.ledger_imports; a jsonb := p_import->'audit'; v_now timestamptz := clock_timestamp(); parent text; part text;
  first_day date := date_trunc('month', timezone('UTC', (p_import->>'first_recorded_at')::timestamptz))::date;
  last_day date := date_trunc('month', timezone('UTC', (p_import->>'last_recorded_at')::timestamptz))::date;
begin
  perform from fm.tenants t where t.tenant_id = p_tenant for update;
  if not found then
    return jsonb_build_object('verdict', 'unknown_tenant');
  end if;
  select i.* into r from fm.ledger_imports i where i.tenant_id = p_tenant and i.state <> 'removed';
  if found and r.state = 'running' and r.digest = p_import->>'digest' then
    return jsonb_build_object('verdict', 'running', 'id', r.id, 'lines_done', r.lines_done);
  end if;
  if found then
    return jsonb_build_object('verdict', case r.state when 'finished' then 'not_empty' else 'unfinished' end);
  end if;
  if exists (select from fm.ledger_accounts x where x.tenant_id = p_tenant)
    or exists (select from fm.ledger_transactions x where x.tenant_id = p_tenant)
    or exists (select from fm.entries x where x.tenant_id = p_tenant)
    or exists (select from fm.ledger_references x where x.tenant_id = p_tenant)
    or exists (select from fm.ledger_reversals x where x.tenant_id = p_tenant)
    or exists (select from fm.proof_points x where x.tenant_id = p_tenant)
  then
    return jsonb_build_object('verdict', 'not_empty');
  end if;
  if (p_import->>'exported_at')::timestamptz >= v_now then
    return jsonb_build_object('verdict', 'from_the_future');
  end if;
  if first_day < last_day - interval '100 years' then
    return jsonb_build_object('verdict', 'too_long');
  end if;
  -- Parts for the months of long ago, one at a time with those who make the coming ones.
  perform pg_advisory_xact_lock(7262002);
  while first_day <= last_day loop
    foreach parent in array array['ledger_transactions', 'entries'] loop
      part := parent || '_' || to_char(first_day, 'YYYYMM');
      if to_regclass('fm.' || part) is null then
        execute format('create table fm.%I partition of fm.%I for values from (%L) to (%L)', part, parent,
          first_day::text || ' 00:00:00+00', (first_day + interval '1 month')::date::text || ' 00:00:00+00');
      end if;
    end loop;
    first_day := (first_day + interval '1 month')::date;
  end loop;
  insert into fm.ledger_imports (tenant_id, id, state, digest, started_at, updated_at)
    values (p_tenant, (p_import->>'id')::uuid, 'running', p_import->>'digest', v_now, v_now);
  insert into fm.audit_events (tenant_id, id, at, actor, action, subject, request_id, details, recorded_at)
    values (p_tenant, (a->>'id')::uuid, (a->>'at')::timestamptz, a->>'actor', a->>'action', a->>'subject',
      a->>'request_id', a->'details', v_now);
  return jsonb_build_object('verdict', 'running', 'id', p_import->>'id', 'lines_done', 0);
end $$;

-- Takes the lines p_from to p_to of the file, whole; false when they are not the next ones. Accounts come in frozen.
create or replace function fm.import_lines(
  p_tenant uuid, p_import uuid, p_from bigint, p_to bigint, p_lines jsonb
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_started timestamptz;
begin
  update fm.ledger_imports i set lines_done = p_to, updated_at = clock_timestamp(),
      held_states = i.held_states || coalesce((select jsonb_object_agg(l->>'id', l->'state')
        from jsonb_array_elements(p_lines) l where l->>'type' = 'account' and l->>'state' <> 'active'), '{}')
    where i.tenant_id = p_tenant and i.id = p_import and i.state = 'running' and i.lines_done = p_from - 1
    returning i.started_at into v_started;
  if not found then
    return false;
  end if;
  insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, state, overdraft_limit, posted_debits,
      posted_credits, pending_debits, pending_credits, version, metadata, created_at)
    select p_tenant, r.id, r.code, r.currency, r.normal_balance, 'frozen', r.overdraft_limit, r.posted_debits,
      r.posted_credits, r.pending_debits, r.pending_credits, r.version, r.metadata, r.created_at
    from jsonb_array_elements(p_lines) l, jsonb_populate_record(null::fm.ledger_accounts, l) r
    where l->>'type' = 'account';
  insert into fm.ledger_transactions (tenant_id, id, kind, payment_id, refund_id, hold_id, reverses_id, quote_id,
      reference, description, metadata, actor, request_id, effective_at, recorded_at, payout_id)
    select p_tenant, r.id, r.kind, r.payment_id, r.refund_id, r.hold_id, r.reverses_id, r.quote_id, r.reference,
      r.description, r.metadata, r.actor, r.request_id, r.effective_at, r.recorded_at,
      r.payout_id
    from jsonb_array_elements(p_lines) l, jsonb_populate_record(null::fm.ledger_transactions, l) r
    where l->>'type' = 'transaction' and r.recorded_at < v_started;
  insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, payment_id,
      direction, currency, amount_minor, effective_at, recorded_at)
    select p_tenant, (l->>'id')::uuid, e.line, e.account_id, e.account_version, e.balance_minor, e.payment_id,
      e.direction, e.currency, e.amount_minor, e.effective_at, (l->>'recorded_at')::timestamptz
    from jsonb_array_elements(p_lines) l,
      jsonb_to_recordset(l->'entries') e(line smallint, account_id uuid, account_version bigint, balance_minor bigint,
        payment_id uuid, direction text, currency text, amount_minor bigint, effective_at timestamptz)
    where l->>'type' = 'transaction' and (l->>'recorded_at')::timestamptz < v_started;
  insert into fm.holds (tenant_id, id, payment_id, refund_id, debit_account_id, credit_account_id, currency,
      amount_minor, posted_minor, released_minor, state, at_risk, expires_at, reference, description, metadata,
      created_at, updated_at, payout_id)
    select p_tenant, r.id, r.payment_id, r.refund_id, r.debit_account_id, r.credit_account_id, r.currency,
      r.amount_minor, r.posted_minor, r.released_minor, r.state, r.at_risk, r.expires_at, r.reference, r.description,
      r.metadata, r.created_at, r.updated_at, r.payout_id
    from jsonb_array_elements(p_lines) l, jsonb_populate_record(null::fm.holds, l) r where l->>'type' = 'hold';
  insert into fm.ledger_references (tenant_id, reference, transaction_id, created_at)
    select p_tenant, r.reference, r.transaction_id, r.created_at
    from jsonb_array_elements(p_lines) l, jsonb_populate_record(null::fm.ledger_references, l) r
    where l->>'type' = 'reference';
  insert into fm.ledger_reversals (tenant_id, reverses_id, transaction_id, created_at)
    select p_tenant, r.reverses_id, r.transaction_id, r.created_at
    from jsonb_array_elements(p_lines) l, jsonb_populate_record(null::fm.ledger_reversals, l) r
    where l->>'type' = 'reversal';
  return true;
end $$;

-- Gives the next accounts their own states; the last call ends the import. Gives the last account's id, null at the end.
create or replace function fm.finish_import(p_tenant uuid, p_import uuid, p_after uuid, p_limit integer) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r fm.ledger_imports; v_last uuid;
begin
  select i.* into r from fm.ledger_imports i where i.tenant_id = p_tenant and i.id = p_import for update;
  if not found or r.state not in ('running', 'finished') then
    raise exception 'there is no such import to be finished' using errcode = 'FM409';
  end if;
  if r.state = 'finished' then
    return null;
  end if;
  select n.id into v_last from (select a.id from fm.ledger_accounts a where a.tenant_id = p_tenant
    and a.id > p_after order by a.id limit p_limit) n order by n.id desc limit 1;
  if v_last is null then
    update fm.ledger_imports i set state = 'finished', updated_at = clock_timestamp()
      where i.tenant_id = p_tenant and i.id = p_import;
    return null;
  end if;
  update fm.ledger_accounts a set state = coalesce(r.held_states->>a.id::text, 'active')
    where a.tenant_id = p_tenant and a.id > p_after and a.id <= v_last and a.created_at < r.started_at;
  return v_last;
end $$;

-- Removes what an unfinished import brought, one batch; gives how many rows went, 0 when nothing is left.
create or replace function fm.remove_import(p_tenant uuid, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_started timestamptz; n integer;
begin
  update fm.ledger_imports i set state = 'removing', updated_at = clock_timestamp()
    where i.tenant_id = p_tenant and i.state in ('running', 'removing') returning i.started_at into v_started;
  if not found then
    return 0;
  end if;
  -- Older than the import's beginning: nothing that was booked here since then goes with it.
  delete from fm.entries e using (select q.transaction_id, q.line, q.recorded_at from fm.entries q
      where q.tenant_id = p_tenant and q.recorded_at < v_started limit p_limit) d
    where e.tenant_id = p_tenant and e.transaction_id = d.transaction_id and e.line = d.line
      and e.recorded_at = d.recorded_at;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  delete from fm.ledger_transactions t using (select q.id, q.recorded_at from fm.ledger_transactions q
      where q.tenant_id = p_tenant and q.recorded_at < v_started limit p_limit) d
    where t.tenant_id = p_tenant and t.id = d.id and t.recorded_at = d.recorded_at;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  delete from fm.ledger_references f using (select q.reference from fm.ledger_references q
      where q.tenant_id = p_tenant and q.created_at < v_started limit p_limit) d
    where f.tenant_id = p_tenant and f.reference = d.reference;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  delete from fm.ledger_reversals v using (select q.reverses_id from fm.ledger_reversals q
      where q.tenant_id = p_tenant and q.created_at < v_started limit p_limit) d
    where v.tenant_id = p_tenant and v.reverses_id = d.reverses_id;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  delete from fm.holds h using (select q.id from fm.holds q
      where q.tenant_id = p_tenant and q.created_at < v_started limit p_limit) d
    where h.tenant_id = p_tenant and h.id = d.id;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  delete from fm.ledger_accounts a using (select q.id from fm.ledger_accounts q
      where q.tenant_id = p_tenant and q.created_at < v_started limit p_limit) d
    where a.tenant_id = p_tenant and a.id = d.id;
  get diagnostics n = row_count;
  if n > 0 then return n; end if;
  update fm.ledger_imports i set state = 'removed', updated_at = clock_timestamp()
    where i.tenant_id = p_tenant and i.state = 'removing';
  return 0;
end $$;
