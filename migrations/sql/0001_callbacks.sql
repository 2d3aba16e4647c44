-- What providers send to us: the bytes as they came, the events that were read from them, and how often who was refused.

create table fm.callbacks (
  tenant_id uuid not null,
  id uuid not null,
  provider_account_id uuid not null,
  provider text not null,
  transport text not null check (transport in ('http_post', 'http_put', 'redirect', 'file')),
  state text not null default 'received' check (state in ('received', 'applied', 'ignored', 'unreadable')),
  detail text,
  headers jsonb not null,
  raw bytea not null,
  digest bytea not null,
  received_at timestamptz not null,
  read_at timestamptz,
  seen_count bigint not null default 1,
  last_seen_at timestamptz not null,
  constraint callbacks_pk primary key (tenant_id, id),
  constraint callbacks_digest_uq unique (tenant_id, provider_account_id, digest),
  constraint callbacks_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id)
);
create index callbacks_account_ix on fm.callbacks (tenant_id, provider_account_id, id);
create index callbacks_provider_ix on fm.callbacks (tenant_id, provider, id);
create index callbacks_state_ix on fm.callbacks (tenant_id, state, id);
create index callbacks_unread_ix on fm.callbacks (tenant_id, provider_account_id, id) where read_at is null;

create table fm.callback_events (
  tenant_id uuid not null,
  provider_account_id uuid not null,
  provider_event_id text not null check (length(provider_event_id) between 1 and 255),
  callback_id uuid not null,
  position integer not null,
  lane text not null,
  -- JSON as text: foreign words may hold what jsonb does not take.
  said text not null,
  state text not null default 'received' check (state in ('received', 'applied', 'ignored')),
  subject text,
  detail text,
  seen_count bigint not null,
  last_seen_at timestamptz not null,
  constraint callback_events_pk primary key (tenant_id, provider_account_id, provider_event_id),
  constraint callback_events_callback_fk foreign key (tenant_id, callback_id) references fm.callbacks (tenant_id, id)
);
create index callback_events_callback_ix on fm.callback_events (tenant_id, callback_id, position);
create index callback_events_lane_ix on fm.callback_events (tenant_id, provider_account_id, lane, callback_id, position)
  where state = 'received';

-- A count for each account, not a row for each forgery: whoever forges must not fill the disk.
create table fm.callback_refusals (
  tenant_id uuid not null,
  provider_account_id uuid not null,
  refused_count bigint not null,
  last_refused_at timestamptz not null,
  constraint callback_refusals_pk primary key (tenant_id, provider_account_id),
  constraint callback_refusals_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id)
);

create or replace function fm.receive_callback(p_tenant uuid, p_callback jsonb, p_raw bytea, p_again boolean,
  p_event jsonb, p_audit jsonb)
returns table (callback_id uuid, is_new boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp(); v_account uuid := (p_callback->>'provider_account_id')::uuid;
  v_digest bytea := sha256(p_raw); v_id uuid; v_state text;
begin
  insert into fm.callbacks (tenant_id, id, provider_account_id, provider, transport, headers, raw, digest, received_at,
      last_seen_at)
    values (p_tenant, (p_callback->>'id')::uuid, v_account, p_callback->>'provider', p_callback->>'transport',
      p_callback->'headers', p_raw, v_digest, (p_callback->>'received_at')::timestamptz, v_now)
    on conflict on constraint callbacks_digest_uq do nothing
    returning id into v_id;
  if v_id is not null then
    perform fm.write_events(p_tenant, jsonb_build_array(p_event), p_audit);
    -- A hint for the relay; its poll is the truth.
    perform pg_notify('fm_outbox', p_tenant::text);
    return query select v_id, true;
    return;
  end if;
  update fm.callbacks c set seen_count = c.seen_count + 1, last_seen_at = v_now
    where c.tenant_id = p_tenant and c.provider_account_id = v_account and c.digest = v_digest
    returning c.id, c.state into v_id, v_state;
  update fm.callback_events e set seen_count = e.seen_count + 1, last_seen_at = v_now
    where e.tenant_id = p_tenant and e.callback_id = v_id;
  if p_again and v_state in ('applied', 'ignored') then
    update fm.callbacks c set state = 'received', detail = null where c.tenant_id = p_tenant and c.id = v_id;
    update fm.callback_events e set state = 'received' where e.tenant_id = p_tenant and e.callback_id = v_id;
    perform fm.write_events(p_tenant,
      jsonb_build_array(jsonb_set(p_event, '{callback_id}', to_jsonb(v_id::text))), p_audit);
    perform pg_notify('fm_outbox', p_tenant::text);
  end if;
  return query select v_id, false;
end $$;

create or replace function fm.count_refused_callback(p_tenant uuid, p_account uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into fm.callback_refusals as r (tenant_id, provider_account_id, refused_count, last_refused_at)
    values (p_tenant, p_account, 1, clock_timestamp())
    on conflict on constraint callback_refusals_pk
    do update set refused_count = r.refused_count + 1, last_refused_at = excluded.last_refused_at;
$$;

-- Keeps what was read from a callback: once, or (p_audit is given) instead of what was read before.
create or replace function fm.read_callback(p_tenant uuid, p_callback uuid, p_events jsonb, p_unreadable text,
  p_audit jsonb)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp(); c fm.callbacks; v_again boolean := p_audit is not null;
begin
  select * into c from fm.callbacks q where q.tenant_id = p_tenant and q.id = p_callback for update;
  if c.id is null or (c.read_at is not null and not v_again) then
    return;
  end if;
  update fm.callbacks q set read_at = v_now, detail = p_unreadable,
      state = case when p_unreadable is null then 'received' else 'unreadable' end
    where q.tenant_id = p_tenant and q.id = p_callback;
  if v_again then
    perform fm.write_events(p_tenant, '[]', p_audit);
    update fm.callback_events e set state = 'ignored', detail = 'it is no longer read from these bytes'
      where e.tenant_id = p_tenant and e.callback_id = p_callback;
  end if;
  insert into fm.callback_events as e (tenant_id, provider_account_id, provider_event_id, callback_id, position, lane,
      said, seen_count, last_seen_at)
    -- The same name twice in one callback is one event.
    select distinct on (s.value->>'id') p_tenant, c.provider_account_id, s.value->>'id', p_callback,
      s.ordinality::integer, s.value->>'lane', s.value->>'said', c.seen_count, c.last_seen_at
    from jsonb_array_elements(p_events) with ordinality s
    order by s.value->>'id', s.ordinality
    on conflict on constraint callback_events_pk do update set
      seen_count = e.seen_count + case when v_again then 0 else excluded.seen_count end,
      last_seen_at = greatest(e.last_seen_at, excluded.last_seen_at),
      state = case when e.callback_id = excluded.callback_id then 'received' else e.state end,
      detail = case when e.callback_id = excluded.callback_id then null else e.detail end,
      said = case when e.callback_id = excluded.callback_id then excluded.said else e.said end,
      lane = case when e.callback_id = excluded.callback_id then excluded.lane else e.lane end,
      position = case when e.callback_id = excluded.callback_id then excluded.position else e.position end;
end $$;

create or replace function fm.settle_callback_event(p_tenant uuid, p_account uuid, p_event text, p_state text,
  p_subject text, p_detail text)
returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update fm.callback_events e set state = p_state, subject = p_subject, detail = p_detail
    where e.tenant_id = p_tenant and e.provider_account_id = p_account and e.provider_event_id = p_event;
$$;

create or replace function fm.finish_callback(p_tenant uuid, p_callback uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_applied bigint; v_waiting bigint;
begin
  -- Taken first, so that a duplicate which wakes the events again comes wholly before or wholly after.
  perform from fm.callbacks c where c.tenant_id = p_tenant and c.id = p_callback for update;
  select count(*) filter (where e.state = 'applied'), count(*) filter (where e.state = 'received')
    into v_applied, v_waiting
    from fm.callback_events e where e.tenant_id = p_tenant and e.callback_id = p_callback;
  update fm.callbacks c set state = case when v_applied > 0 then 'applied' else 'ignored' end
    where c.tenant_id = p_tenant and c.id = p_callback and c.state = 'received' and c.read_at is not null
      and v_waiting = 0;
end $$;
