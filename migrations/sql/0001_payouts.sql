-- Money out: beneficiaries, payouts, and their operations at providers (docs/decisions/0011). Payouts are written by
-- `fm.commit_units` like everything that moves money; only beneficiaries, which move none, have functions of their own.

create table fm.beneficiaries (
  tenant_id uuid not null,
  id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('active', 'archived')),
  type text not null check (type in ('iban', 'account', 'wallet')),
  name text not null check (length(name) between 1 and 140),
  country text not null check (country ~ '^[A-Z]{2}$'),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  iban text,
  bic text,
  account_number text,
  bank_code text,
  reference text,
  metadata jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint beneficiaries_pk primary key (tenant_id, id),
  constraint beneficiaries_tenant_fk foreign key (tenant_id) references fm.tenants (tenant_id),
  constraint beneficiaries_one_account check ((type = 'iban') = (iban is not null)
    and (type = 'iban') = (account_number is null))
) with (fillfactor = 90);
create index beneficiaries_state_ix on fm.beneficiaries (tenant_id, state, id);
create index beneficiaries_reference_ix on fm.beneficiaries (tenant_id, reference, id) where reference is not null;

create table fm.payouts (
  tenant_id uuid not null,
  id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('created', 'requires_approval', 'approved', 'processing', 'sent', 'completed',
    'failed', 'returned', 'reversed', 'cancelled', 'denied', 'needs_review')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor bigint not null check (amount_minor between 1 and 9007199254740991),
  beneficiary_id uuid not null,
  provider text not null,
  provider_account_id uuid not null,
  requires_approval boolean not null,
  created_by text not null,
  decided_by text,
  decided_at timestamptz,
  reference text,
  description text,
  metadata jsonb not null,
  failure_code text,
  failure_message text,
  hold_id uuid not null,
  sent_at timestamptz,
  completed_at timestamptz,
  given_back_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint payouts_pk primary key (tenant_id, id),
  constraint payouts_beneficiary_fk foreign key (tenant_id, beneficiary_id) references fm.beneficiaries (tenant_id, id),
  constraint payouts_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id),
  constraint payouts_arrive_after_leaving check (completed_at is null or sent_at is not null)
) with (fillfactor = 80);
create index payouts_state_ix on fm.payouts (tenant_id, state, id);
create index payouts_currency_ix on fm.payouts (tenant_id, currency, id);
create index payouts_beneficiary_ix on fm.payouts (tenant_id, beneficiary_id, id);
create index payouts_reference_ix on fm.payouts (tenant_id, reference, id) where reference is not null;

-- What is in transit, which the proof compares with the account of that name.
create index payouts_in_transit_ix on fm.payouts (tenant_id, currency)
  where sent_at is not null and completed_at is null and given_back_at is null;

create table fm.payout_operations (
  tenant_id uuid not null,
  id uuid not null,
  payout_id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('sending', 'not_sent', 'rejected', 'accepted_pending', 'succeeded', 'unknown',
    'missing')),
  key text not null,
  config_version bigint not null check (config_version > 0),
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  sends integer not null check (sends > 0),
  provider_reference text,
  code text,
  decline text check (decline in ('soft', 'hard', 'invalid')),
  detail text,
  queries integer not null,
  send_by timestamptz not null,
  next_step_at timestamptz,
  claimed_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint payout_operations_pk primary key (tenant_id, id),
  constraint payout_operations_key_uq unique (tenant_id, key),
  -- One key per payout, for ever: whatever the code does, the provider never hears of a payout under a second one.
  constraint payout_operations_payout_uq unique (tenant_id, payout_id),
  constraint payout_operations_payout_fk foreign key (tenant_id, payout_id) references fm.payouts (tenant_id, id)
) with (fillfactor = 80);
create index payout_operations_due_ix on fm.payout_operations (tenant_id, next_step_at) where next_step_at is not null;
create index payout_operations_reference_ix on fm.payout_operations (tenant_id, provider_reference)
  where provider_reference is not null;

alter table fm.holds add column payout_id uuid;
create index holds_payout_ix on fm.holds (tenant_id, payout_id) where payout_id is not null;
alter table fm.ledger_transactions add column payout_id uuid;
create index ledger_transactions_payout_ix on fm.ledger_transactions (tenant_id, payout_id, id)
  where payout_id is not null;
alter table fm.events add column payout_id uuid;
create index events_payout_ix on fm.events (tenant_id, payout_id, id) where payout_id is not null;

-- The states of a unit about a payout: each replaces exactly the version before it, or the unit is a conflict.
create or replace function fm.write_payouts(p_tenant uuid, p_unit jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off
set enable_mergejoin = off as $$
declare
  n integer; m integer;
begin
  insert into fm.payouts select r.* from jsonb_populate_recordset(null::fm.payouts, p_unit->'payouts') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  update fm.payouts t set version = r.version, state = r.state, decided_by = r.decided_by, decided_at = r.decided_at,
      failure_code = r.failure_code, failure_message = r.failure_message, sent_at = r.sent_at,
      completed_at = r.completed_at, given_back_at = r.given_back_at, updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.payouts, p_unit->'payouts') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  if n + m <> jsonb_array_length(p_unit->'payouts') then
    raise exception 'a payout moved on' using errcode = 'FM409';
  end if;

  insert into fm.payout_operations
    select r.* from jsonb_populate_recordset(null::fm.payout_operations, p_unit->'payout_operations') r
    where r.version = 1 and r.tenant_id = p_tenant;
  get diagnostics n = row_count;
  update fm.payout_operations t set version = r.version, state = r.state, config_version = r.config_version,
      sends = r.sends, provider_reference = r.provider_reference, code = r.code, decline = r.decline,
      detail = r.detail, queries = r.queries, send_by = r.send_by, next_step_at = r.next_step_at,
      claimed_until = null, updated_at = r.updated_at
    from jsonb_populate_recordset(null::fm.payout_operations, p_unit->'payout_operations') r
    where t.tenant_id = p_tenant and t.id = r.id and r.version > 1 and t.version = r.version - 1;
  get diagnostics m = row_count;
  if n + m <> jsonb_array_length(p_unit->'payout_operations') then
    raise exception 'a payout''s operation moved on' using errcode = 'FM409';
  end if;
end $$;

-- Refuses a hold that its account does not cover; the account is locked, so what is read stays true.
create or replace function fm.require_cover(p_tenant uuid, p_account uuid, p_amount bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a fm.ledger_accounts;
begin
  select q.* into a from fm.ledger_accounts q where q.tenant_id = p_tenant and q.id = p_account;
  if a.state <> 'active' then
    raise exception 'the account is %', a.state using errcode = 'FM422', constraint = 'payout_account_' || a.state;
  end if;
  if p_amount > (case a.normal_balance when 'credit' then a.posted_credits - a.posted_debits - a.pending_debits
    else a.posted_debits - a.posted_credits - a.pending_credits end)
  then
    raise exception 'not that much is available' using errcode = 'FM422', constraint = 'payout_funds';
  end if;
end $$;

create or replace function fm.read_payout(p_tenant uuid, p_payout uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('payout', to_jsonb(p.*), 'beneficiary', to_jsonb(b.*),
    'operation', (select to_jsonb(o.*) from fm.payout_operations o where o.tenant_id = p_tenant and o.payout_id = p.id))
  from fm.payouts p join fm.beneficiaries b on b.tenant_id = p.tenant_id and b.id = p.beneficiary_id
  where p.tenant_id = p_tenant and p.id = p_payout;
$$;

create or replace function fm.claim_payouts(p_tenant uuid, p_limit integer, p_lease_seconds double precision)
returns table (payout_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  return query
    with due as (
      select o.id from fm.payout_operations o
      where o.tenant_id = p_tenant and o.next_step_at <= v_now
        and (o.claimed_until is null or o.claimed_until < v_now)
      order by o.next_step_at limit p_limit for update skip locked)
    update fm.payout_operations o set claimed_until = v_now + make_interval(secs => p_lease_seconds)
      from due where o.tenant_id = p_tenant and o.id = due.id
      returning o.payout_id;
end $$;

create or replace function fm.add_beneficiary(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_verdict jsonb; b fm.beneficiaries;
begin
  if jsonb_typeof(p_document->'claim') = 'object' then
    v_verdict := fm.claim_key(p_tenant, p_document->'claim');
    if v_verdict is not null then
      return v_verdict;
    end if;
  end if;
  insert into fm.beneficiaries select r.* from jsonb_populate_record(null::fm.beneficiaries, p_document) r
    where r.tenant_id = p_tenant
    returning * into b;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'made', 'row', to_jsonb(b));
end $$;

-- Gives null for a beneficiary that is not there. Archiving again changes nothing.
create or replace function fm.archive_beneficiary(p_tenant uuid, p_id uuid, p_at timestamptz, p_audit jsonb)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b fm.beneficiaries;
begin
  update fm.beneficiaries q set state = 'archived', version = q.version + 1, updated_at = p_at
    where q.tenant_id = p_tenant and q.id = p_id and q.state = 'active' returning q.* into b;
  if found then
    perform fm.write_events(p_tenant, '[]', p_audit);
  else
    select q.* into b from fm.beneficiaries q where q.tenant_id = p_tenant and q.id = p_id;
    if not found then
      return null;
    end if;
  end if;
  return to_jsonb(b);
end $$;
