-- What an operator decided about a provider account by hand; what the service finds out by itself is not kept here.

create table fm.provider_breakers (
  tenant_id uuid not null,
  provider_account_id uuid not null,
  setting text not null check (setting in ('auto', 'open', 'closed')),
  note text,
  actor text not null,
  set_at timestamptz not null,
  constraint provider_breakers_pk primary key (tenant_id, provider_account_id),
  constraint provider_breakers_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id)
);

-- Sets it, with its audit record; gives null for an account that the tenant does not have.
create or replace function fm.set_provider_breaker(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_account uuid := (p_document->>'provider_account_id')::uuid; v_provider text; b fm.provider_breakers;
  v_now timestamptz := clock_timestamp();
begin
  select a.provider into v_provider from fm.provider_accounts a where a.tenant_id = p_tenant and a.id = v_account;
  if not found then
    return null;
  end if;
  insert into fm.provider_breakers as x (tenant_id, provider_account_id, setting, note, actor, set_at)
    values (p_tenant, v_account, p_document->>'setting', p_document->>'note', p_document->'audit'->>'actor', v_now)
    on conflict (tenant_id, provider_account_id) do update
      set setting = excluded.setting, note = excluded.note, actor = excluded.actor, set_at = excluded.set_at
    returning * into b;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return to_jsonb(b) || jsonb_build_object('provider', v_provider);
end $$;
