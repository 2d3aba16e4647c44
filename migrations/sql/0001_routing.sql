-- Which provider account takes a payment: rules as versions that are never changed, and each decision with its reasons.

create table fm.routing_rulesets (
  tenant_id uuid not null,
  version bigint not null check (version > 0),
  rules jsonb not null,
  note text,
  actor text not null,
  rolled_back_from bigint,
  effective_from timestamptz not null,
  created_at timestamptz not null,
  constraint routing_rulesets_pk primary key (tenant_id, version)
);

create table fm.route_decisions (
  tenant_id uuid not null,
  payment_id uuid not null,
  ruleset_version bigint not null,
  body jsonb not null,
  decided_at timestamptz not null,
  constraint route_decisions_pk primary key (tenant_id, payment_id)
);

-- Makes the next version; gives null when another one came first.
create or replace function fm.set_routing_rules(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r fm.routing_rulesets; v_version bigint; v_now timestamptz := clock_timestamp();
begin
  -- One at a time for each tenant: versions have no holes.
  perform pg_advisory_xact_lock(7262010, hashtext(p_tenant::text));
  select coalesce(max(q.version), 0) into v_version from fm.routing_rulesets q where q.tenant_id = p_tenant;
  if (p_document->>'expected_version')::bigint <> v_version then
    return null;
  end if;
  insert into fm.routing_rulesets (tenant_id, version, rules, note, actor, rolled_back_from, effective_from, created_at)
    values (p_tenant, v_version + 1, p_document->'rules', p_document->>'note', p_document->'audit'->>'actor',
      (p_document->>'rolled_back_from')::bigint,
      greatest(coalesce((p_document->>'effective_from')::timestamptz, v_now), v_now), v_now)
    returning * into r;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return to_jsonb(r);
end $$;

create or replace function fm.keep_routes(p_tenant uuid, p_routes jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into fm.route_decisions (tenant_id, payment_id, ruleset_version, body, decided_at)
    select p_tenant, (r->'facts'->>'payment_id')::uuid, (r->>'ruleset_version')::bigint, r, clock_timestamp()
    from jsonb_array_elements(p_routes) r;
$$;
