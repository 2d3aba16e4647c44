-- Accounts, limits and monitors: how they are opened, changed and ended. Nothing here moves money.
-- Each function writes its audit record with what it does. A claim of an idempotency key comes with what makes
-- something: what is refused is raised, so that the claim goes with it. Lock order: key < tenant < account < control.

create or replace function fm.open_account(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_verdict jsonb; a fm.ledger_accounts;
begin
  if jsonb_typeof(p_document->'claim') = 'object' then
    v_verdict := fm.claim_key(p_tenant, p_document->'claim');
    if v_verdict is not null then
      return v_verdict;
    end if;
  end if;
  insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, overdraft_limit, metadata, created_at)
    values (p_tenant, (p_document->>'id')::uuid, p_document->>'code', p_document->>'currency',
      p_document->>'normal_balance', (p_document->>'overdraft_limit')::bigint, p_document->'metadata',
      clock_timestamp())
    returning * into a;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'made', 'row', to_jsonb(a));
end $$;

-- Gives null for an account that is not there. Postings wait for the row while it is decided whether it may be closed.
create or replace function fm.change_account(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a fm.ledger_accounts; v_state text := p_document->>'state';
begin
  select x.* into a from fm.ledger_accounts x
    where x.tenant_id = p_tenant and x.id = (p_document->>'id')::uuid for update;
  if not found then
    return null;
  end if;
  if (p_document->>'version')::bigint <> a.version then
    return jsonb_build_object('verdict', 'moved_on', 'row', to_jsonb(a));
  end if;
  if a.state = 'closed' then
    return jsonb_build_object('verdict', case v_state when 'closed' then 'changed' else 'closed' end,
      'row', to_jsonb(a));
  end if;
  if v_state = 'closed'
    and (a.posted_debits <> a.posted_credits or a.pending_debits <> 0 or a.pending_credits <> 0)
  then
    return jsonb_build_object('verdict', 'not_empty', 'row', to_jsonb(a));
  end if;
  update fm.ledger_accounts x set state = coalesce(v_state, x.state),
      overdraft_limit = case when (p_document->>'sets_overdraft')::boolean
        then (p_document->>'overdraft_limit')::bigint else x.overdraft_limit end,
      metadata = coalesce(nullif(p_document->'metadata', 'null'), x.metadata)
    where x.tenant_id = p_tenant and x.id = a.id returning x.* into a;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'changed', 'row', to_jsonb(a));
end $$;

create or replace function fm.make_limit(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_verdict jsonb; p fm.limit_policies; v_currency text;
  v_scope text := p_document->>'scope'; v_subject uuid := (p_document->>'subject_id')::uuid;
begin
  if jsonb_typeof(p_document->'claim') = 'object' then
    v_verdict := fm.claim_key(p_tenant, p_document->'claim');
    if v_verdict is not null then
      return v_verdict;
    end if;
  end if;
  if v_scope = 'account' then
    update fm.ledger_accounts a set watched = true where a.tenant_id = p_tenant and a.id = v_subject
      returning a.currency into v_currency;
    if not found then
      raise exception 'there is no such account' using errcode = 'FM422', constraint = 'control_account';
    end if;
    if v_currency <> p_document->>'currency' then
      raise exception 'the account has another currency' using errcode = 'FM422', constraint = 'control_currency';
    end if;
  else
    if v_scope = 'api_key'
      and not exists (select from fm.api_keys k where k.tenant_id = p_tenant and k.id = v_subject)
    then
      raise exception 'there is no such API key' using errcode = 'FM422', constraint = 'control_api_key';
    end if;
    update fm.tenants t set limited = true where t.tenant_id = p_tenant;
  end if;
  insert into fm.limit_policies (tenant_id, id, scope, subject_id, currency, window_seconds, amount_max, count_max,
      created_at)
    values (p_tenant, (p_document->>'id')::uuid, v_scope, v_subject, p_document->>'currency',
      (p_document->>'window_seconds')::bigint, (p_document->>'amount_max')::bigint,
      (p_document->>'count_max')::bigint, clock_timestamp())
    returning * into p;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'made', 'row', to_jsonb(p));
end $$;

-- Gives null for a limit that is not there. Ending it again changes nothing.
create or replace function fm.end_limit(p_tenant uuid, p_limit uuid, p_audit jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  p fm.limit_policies;
begin
  select x.* into p from fm.limit_policies x where x.tenant_id = p_tenant and x.id = p_limit;
  if not found then
    return null;
  end if;
  if p.scope = 'account' then
    perform from fm.ledger_accounts a where a.tenant_id = p_tenant and a.id = p.subject_id for update;
  else
    perform from fm.tenants t where t.tenant_id = p_tenant for update;
  end if;
  update fm.limit_policies x set ended_at = clock_timestamp()
    where x.tenant_id = p_tenant and x.id = p_limit and x.ended_at is null;
  if found then
    perform fm.write_events(p_tenant, '[]', p_audit);
  end if;
  if p.scope = 'account' then
    update fm.ledger_accounts a set watched =
        exists (select from fm.limit_policies w
          where w.tenant_id = p_tenant and w.subject_id = a.id and w.ended_at is null)
        or exists (select from fm.balance_monitors w
          where w.tenant_id = p_tenant and w.account_id = a.id and w.ended_at is null)
      where a.tenant_id = p_tenant and a.id = p.subject_id;
  else
    update fm.tenants t set limited = exists (select from fm.limit_policies x
        where x.tenant_id = p_tenant and x.scope in ('tenant', 'api_key') and x.ended_at is null)
      where t.tenant_id = p_tenant;
  end if;
  select x.* into p from fm.limit_policies x where x.tenant_id = p_tenant and x.id = p_limit;
  return to_jsonb(p);
end $$;

create or replace function fm.make_monitor(p_tenant uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_verdict jsonb; a fm.ledger_accounts; m fm.balance_monitors; v_sign integer; v_balance numeric;
  v_threshold bigint := (p_document->>'threshold_minor')::bigint;
begin
  if jsonb_typeof(p_document->'claim') = 'object' then
    v_verdict := fm.claim_key(p_tenant, p_document->'claim');
    if v_verdict is not null then
      return v_verdict;
    end if;
  end if;
  update fm.ledger_accounts x set watched = true
    where x.tenant_id = p_tenant and x.id = (p_document->>'account_id')::uuid returning x.* into a;
  if not found then
    raise exception 'there is no such account' using errcode = 'FM422', constraint = 'control_account';
  end if;
  v_sign := case a.normal_balance when 'debit' then 1 else -1 end;
  v_balance := case p_document->>'measure'
    when 'posted' then v_sign * (a.posted_debits - a.posted_credits)
    when 'pending' then v_sign * (a.posted_debits - a.posted_credits + a.pending_debits - a.pending_credits)
    else v_sign * (a.posted_debits - a.posted_credits)
      - case a.normal_balance when 'debit' then a.pending_credits else a.pending_debits end end;
  insert into fm.balance_monitors (tenant_id, id, account_id, measure, comparison, threshold_minor, description,
      is_met, created_at)
    values (p_tenant, (p_document->>'id')::uuid, a.id, p_document->>'measure', p_document->>'comparison', v_threshold,
      p_document->>'description',
      case p_document->>'comparison' when 'lt' then v_balance < v_threshold when 'lte' then v_balance <= v_threshold
        when 'gt' then v_balance > v_threshold when 'gte' then v_balance >= v_threshold
        else v_balance = v_threshold end,
      clock_timestamp())
    returning * into m;
  perform fm.write_events(p_tenant, '[]', p_document->'audit');
  return jsonb_build_object('verdict', 'made', 'row', to_jsonb(m));
end $$;

-- Gives null for a monitor that is not there. Ending it again changes nothing.
create or replace function fm.end_monitor(p_tenant uuid, p_monitor uuid, p_audit jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  m fm.balance_monitors;
begin
  select x.* into m from fm.balance_monitors x where x.tenant_id = p_tenant and x.id = p_monitor;
  if not found then
    return null;
  end if;
  perform from fm.ledger_accounts a where a.tenant_id = p_tenant and a.id = m.account_id for update;
  update fm.balance_monitors x set ended_at = clock_timestamp()
    where x.tenant_id = p_tenant and x.id = p_monitor and x.ended_at is null;
  if found then
    perform fm.write_events(p_tenant, '[]', p_audit);
  end if;
  update fm.ledger_accounts a set watched =
        exists (select from fm.limit_policies w
          where w.tenant_id = p_tenant and w.subject_id = a.id and w.ended_at is null)
        or exists (select from fm.balance_monitors w
          where w.tenant_id = p_tenant and w.account_id = a.id and w.ended_at is null)
    where a.tenant_id = p_tenant and a.id = m.account_id;
  select x.* into m from fm.balance_monitors x where x.tenant_id = p_tenant and x.id = p_monitor;
  return to_jsonb(m);
end $$;

-- For the scheduler only: which tenants have holds whose time is over. Reads, claims nothing.
create or replace function fm_ops.tenants_with_due_holds(p_limit integer) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.tenant_id from fm.tenants t where exists (
      select from fm.holds h where h.tenant_id = t.tenant_id and h.expires_at <= clock_timestamp()
        and h.expires_at is not null and h.state in ('pending', 'partially_posted') and h.payment_id is null)
    order by t.bucket, t.tenant_id limit p_limit;
$$;
