-- Exchange rates and quotes.

-- What sources published: reference data, the same for all tenants (rule S3), and exact. A sheet is the rows of one source
-- and day; it is replaced as a whole when the source corrects it, and quotes keep the prices that they were made of.
create table fm.fx_rates (
  source text not null,
  as_of date not null,
  base text not null check (base ~ '^[A-Z]{3}$'),
  quote text not null check (quote ~ '^[A-Z]{3}$'),
  side text not null check (side in ('mid', 'buy', 'sell')),
  unit bigint not null check (unit > 0),
  -- In PostgreSQL NaN is greater than every number.
  value numeric not null check (value > 0 and value < 1e18),
  published_at timestamptz,
  revision integer not null default 1,
  recorded_at timestamptz not null,
  constraint fx_rates_pk primary key (source, as_of, base, quote, side)
);
grant select on fm.fx_rates to mediator_app;

create index fx_quotes_due_ix on fm.fx_quotes (tenant_id, expires_at) where state = 'open';
create index fx_quotes_reserved_ix on fm.fx_quotes (tenant_id, id) where state = 'reserved';

create or replace function fm_ops.write_rates(p_rates jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp(); v_added bigint; v_revised bigint; v_withdrawn bigint;
begin
  delete from fm.fx_rates f
    where (f.source, f.as_of) in (select distinct r.source, r.as_of
        from jsonb_to_recordset(p_rates) r(source text, as_of date))
      and not exists (select from jsonb_to_recordset(p_rates) r(source text, as_of date, base text, quote text, side text)
        where (r.source, r.as_of, r.base, r.quote, r.side) = (f.source, f.as_of, f.base, f.quote, f.side));
  get diagnostics v_withdrawn = row_count;
  with written as (
    insert into fm.fx_rates as f (source, as_of, base, quote, side, unit, value, published_at, recorded_at)
      select r.source, r.as_of, r.base, r.quote, r.side, r.unit, r.value, r.published_at, v_now
      from jsonb_to_recordset(p_rates) r(source text, as_of date, base text, quote text, side text, unit bigint,
        value numeric, published_at timestamptz)
      order by r.source, r.as_of, r.base, r.quote, r.side
      on conflict on constraint fx_rates_pk do update set unit = excluded.unit, value = excluded.value,
        published_at = excluded.published_at, revision = f.revision + 1, recorded_at = excluded.recorded_at
        where (f.unit, f.value, f.published_at) is distinct from (excluded.unit, excluded.value, excluded.published_at)
      returning f.revision
  )
  select count(*) filter (where w.revision = 1), count(*) filter (where w.revision > 1) into v_added, v_revised
    from written w;
  return jsonb_build_object('added', v_added, 'revised', v_revised + v_withdrawn);
end $$;

-- What a used key says; null for a new one, and for a call without one.
create or replace function fm.recall_quote_key(p_tenant uuid, p_keep jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if jsonb_typeof(p_keep) is distinct from 'object' then
    return null;
  end if;
  return fm.recall_key(p_tenant, p_keep->>'route', p_keep->>'key', decode(p_keep->>'fingerprint', 'hex'), 0);
end $$;

-- Whatever a move of a quote brings along: the caller's answer under its key, an event, and an audit record.
create or replace function fm.tell_of_quote(p_tenant uuid, p_id uuid, p_change jsonb, p_now timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  q fm.fx_quotes; k jsonb := p_change->'keep'; a jsonb := p_change->'audit'; v_event uuid := fm_ops.new_id(p_now);
  v_tag text;
begin
  select f.* into q from fm.fx_quotes f where f.tenant_id = p_tenant and f.id = p_id;
  v_tag := 'fx.quote_' || case q.state when 'open' then 'opened' else q.state end;
  if jsonb_typeof(k) = 'object' then
    insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, status, content_type,
        location, body, created_at, last_seen_at)
      values (p_tenant, k->>'route', k->>'key', decode(k->>'fingerprint', 'hex'), 'done', p_id,
        (k->>'status')::smallint, k->>'content_type', k->>'location', decode(k->>'body', 'base64'), p_now, p_now)
      on conflict do nothing;
    if not found then
      raise exception 'the key was used meanwhile' using errcode = 'FM409';
    end if;
  end if;
  insert into fm.events (tenant_id, id, payment_id, tag, body, recorded_at)
    values (p_tenant, v_event, null, v_tag, jsonb_build_object('type', v_tag, 'event_id', v_event, 'at', p_now,
      'quote_id', q.id, 'version', q.version, 'state', q.state, 'source_currency', q.source_currency,
      'source_minor', q.source_minor, 'target_currency', q.target_currency, 'target_minor', q.target_minor), p_now);
  insert into fm.outbox (tenant_id, event_id, tag, created_at) values (p_tenant, v_event, v_tag, p_now);
  insert into fm.audit_events (tenant_id, id, at, actor, action, subject, request_id, details, recorded_at)
    values (p_tenant, (a->>'id')::uuid, (a->>'at')::timestamptz, a->>'actor', a->>'action', a->>'subject',
      a->>'request_id', a->'details', p_now);
end $$;

create or replace function fm.open_quote(p_tenant uuid, p_change jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v jsonb := fm.recall_quote_key(p_tenant, p_change->'keep'); v_now timestamptz := clock_timestamp(); q fm.fx_quotes;
begin
  if v is not null then
    return v;
  end if;
  q := jsonb_populate_record(null::fm.fx_quotes, p_change->'quote');
  if (q.tenant_id, q.state, q.version) is distinct from (p_tenant, 'open', 1) then
    raise exception 'this is not a new quote' using errcode = 'FM409';
  end if;
  insert into fm.fx_quotes select q.*;
  perform fm.tell_of_quote(p_tenant, q.id, p_change, v_now);
  return jsonb_build_object('verdict', 'committed');
end $$;

-- The one place where expiry is tested: a quote that is reserved is honoured, however late.
create or replace function fm.reserve_quote(p_tenant uuid, p_change jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v jsonb := fm.recall_quote_key(p_tenant, p_change->'keep'); v_now timestamptz := clock_timestamp();
  r fm.fx_quotes := jsonb_populate_record(null::fm.fx_quotes, p_change->'quote');
begin
  if v is not null then
    return v;
  end if;
  update fm.fx_quotes f set state = 'reserved', version = r.version, reserved_for = r.reserved_for,
      updated_at = r.updated_at
    where f.tenant_id = p_tenant and f.id = r.id and f.version = r.version - 1 and f.state = 'open'
      and f.expires_at > v_now;
  if found then
    perform fm.tell_of_quote(p_tenant, r.id, p_change, v_now);
    return jsonb_build_object('verdict', 'committed');
  end if;
  -- Who waited behind the same key's first request asks again, and hears its answer.
  return jsonb_build_object('verdict', case when exists (select from fm.fx_quotes f where f.tenant_id = p_tenant
    and f.id = r.id and f.version = r.version - 1 and f.state = 'open') then 'expired' else 'moved_on' end);
end $$;

create or replace function fm.release_quote(p_tenant uuid, p_change jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v jsonb := fm.recall_quote_key(p_tenant, p_change->'keep'); v_now timestamptz := clock_timestamp();
  r fm.fx_quotes := jsonb_populate_record(null::fm.fx_quotes, p_change->'quote');
begin
  if v is not null then
    return v;
  end if;
  update fm.fx_quotes f set state = 'released', version = r.version, updated_at = r.updated_at
    where f.tenant_id = p_tenant and f.id = r.id and f.version = r.version - 1 and f.state = 'reserved';
  if found then
    perform fm.tell_of_quote(p_tenant, r.id, p_change, v_now);
    return jsonb_build_object('verdict', 'committed');
  end if;
  return jsonb_build_object('verdict', 'moved_on');
end $$;

create or replace function fm.expire_quotes(p_tenant uuid, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp(); v_id uuid; v_count integer := 0;
begin
  for v_id in select f.id from fm.fx_quotes f where f.tenant_id = p_tenant and f.state = 'open' and f.expires_at <= v_now
    order by f.expires_at limit p_limit for update skip locked
  loop
    update fm.fx_quotes f set state = 'expired', version = f.version + 1, updated_at = v_now
      where f.tenant_id = p_tenant and f.id = v_id;
    perform fm.tell_of_quote(p_tenant, v_id, jsonb_build_object('audit', jsonb_build_object('id', fm_ops.new_id(v_now),
      'at', v_now, 'actor', 'system:schedule', 'action', 'fx.quote_expired',
      'subject', 'fxq_' || replace(v_id::text, '-', ''), 'request_id', '', 'details', '{}'::jsonb)), v_now);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

create or replace function fm_ops.tenants_with_due_quotes(p_limit integer) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct f.tenant_id from fm.fx_quotes f where f.state = 'open' and f.expires_at <= clock_timestamp()
    order by f.tenant_id limit p_limit;
$$;

-- The accounts of our own that exchanges go through: positions and rounding, and no others.
create or replace function fm.open_fx_accounts(p_tenant uuid, p_accounts jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ids jsonb; v_now timestamptz := clock_timestamp();
begin
  if exists (select from jsonb_to_recordset(p_accounts) a(code text, currency text)
      where a.code not in ('fx:position:' || a.currency, 'rounding:' || a.currency)) then
    raise exception 'this is no account of an exchange' using errcode = 'FM422';
  end if;
  for n in 1..2 loop
    select jsonb_object_agg(a.code, b.id) into v_ids from jsonb_to_recordset(p_accounts) a(code text, currency text)
      join fm.ledger_accounts b on b.tenant_id = p_tenant and b.code = a.code and b.currency = a.currency;
    exit when v_ids is not null
      and (select count(*) from jsonb_object_keys(v_ids)) = (select count(distinct x->>'code')
        from jsonb_array_elements(p_accounts) x);
    insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, created_at)
      select p_tenant, fm_ops.new_id(v_now), a.code, a.currency, 'credit', v_now
      from (select distinct x.code, x.currency from jsonb_to_recordset(p_accounts) x(code text, currency text)) a
      order by a.code
      on conflict on constraint ledger_accounts_code_uq do nothing;
  end loop;
  return v_ids;
end $$;
