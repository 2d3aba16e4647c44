-- Our accounts at providers. What configures one is data in versions that nothing changes: the version in force is the
-- highest one whose time has come. Credentials are sealed before they come here; a version without new ones refers to
-- the version that has them. Each function writes its audit record with what it does.

create table fm.provider_account_versions (
  tenant_id uuid not null,
  provider_account_id uuid not null,
  version bigint not null check (version > 0),
  config jsonb not null,
  credentials bytea,
  credentials_version bigint not null,
  note text,
  actor text not null,
  rolled_back_from bigint,
  effective_from timestamptz not null,
  created_at timestamptz not null,
  constraint provider_account_versions_pk primary key (tenant_id, provider_account_id, version),
  constraint provider_account_versions_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id),
  constraint provider_account_versions_credentials_fk foreign key (tenant_id, provider_account_id, credentials_version)
    references fm.provider_account_versions (tenant_id, provider_account_id, version),
  constraint provider_account_versions_has_credentials check ((credentials is not null) = (credentials_version = version))
);

-- Writes a new account with its first version, which is in force at once.
create or replace function fm.write_provider_account(p_tenant uuid, p_document jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp(); v_id uuid := (p_document->>'id')::uuid;
begin
  insert into fm.provider_account_directory (provider_account_id, tenant_id) values (v_id, p_tenant);
  insert into fm.provider_accounts (tenant_id, id, provider, name, state, created_at)
    values (p_tenant, v_id, p_document->>'provider', p_document->>'name', 'enabled', v_now);
  insert into fm.provider_account_versions (tenant_id, provider_account_id, version, config, credentials,
      credentials_version, note, actor, effective_from, created_at)
    values (p_tenant, v_id, 1, p_document->'config', decode(p_document->>'credentials', 'base64'),
      1, p_document->>'note', p_document->>'actor', v_now, v_now);
end $$;

create or replace function fm.connect_provider(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_verdict jsonb;
begin
  if jsonb_typeof(p_document->'claim') = 'object' then
    v_verdict := fm.claim_key(p_tenant, p_document->'claim');
    if v_verdict is not null then
      return v_verdict;
    end if;
  end if;
  perform fm.write_provider_account(p_tenant, p_document);
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'made', 'row', jsonb_build_object('id', p_document->>'id'));
end $$;

-- Makes the next version; what is not given is as in the version that it follows in time. Gives null for an account
-- that is not there.
create or replace function fm.change_provider_account(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_id uuid := (p_document->>'id')::uuid; v_latest bigint; v_from timestamptz; v_now timestamptz;
  v_credentials bytea := decode(p_document->>'credentials', 'base64'); b fm.provider_account_versions;
  v fm.provider_account_versions;
begin
  -- One at a time for each account, so that versions have no holes; payments, which only refer to it, do not wait.
  perform from fm.provider_accounts a where a.tenant_id = p_tenant and a.id = v_id for no key update;
  if not found then
    return null;
  end if;
  v_now := clock_timestamp();
  v_from := greatest(coalesce((p_document->>'effective_from')::timestamptz, v_now), v_now);
  select max(q.version) into v_latest from fm.provider_account_versions q
    where q.tenant_id = p_tenant and q.provider_account_id = v_id;
  if (p_document->>'expected_version')::bigint <> v_latest then
    return jsonb_build_object('verdict', 'moved_on', 'latest', v_latest);
  end if;
  select q.* into strict b from fm.provider_account_versions q
    where q.tenant_id = p_tenant and q.provider_account_id = v_id and q.effective_from <= v_from
    order by q.version desc limit 1;
  insert into fm.provider_account_versions (tenant_id, provider_account_id, version, config, credentials,
      credentials_version, note, actor, rolled_back_from, effective_from, created_at)
    values (p_tenant, v_id, v_latest + 1, coalesce(nullif(p_document->'config', 'null'), b.config), v_credentials,
      case when v_credentials is null then b.credentials_version else v_latest + 1 end, p_document->>'note',
      p_document->>'actor', (p_document->>'rolled_back_from')::bigint, v_from, v_now)
    returning * into v;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'changed', 'latest', v_latest + 1, 'row', to_jsonb(v) - 'credentials');
end $$;

-- Says whether it was there; setting the state that it has changes nothing.
create or replace function fm.set_provider_account_state(p_tenant uuid, p_document jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_id uuid := (p_document->>'id')::uuid; v_state text;
begin
  select a.state into v_state from fm.provider_accounts a
    where a.tenant_id = p_tenant and a.id = v_id for no key update;
  if not found then
    return false;
  end if;
  if v_state <> p_document->>'state' then
    update fm.provider_accounts a set state = p_document->>'state' where a.tenant_id = p_tenant and a.id = v_id;
    perform fm.write_events(p_tenant, '[]', p_document->'audit');
  end if;
  return true;
end $$;
