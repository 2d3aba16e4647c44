-- The application's role owns nothing, writes no table by itself, and sees one tenant at a time (the second line of
-- defence behind the condition on tenant_id in every query).

grant usage on schema fm, fm_ops to mediator_app;
grant select on fm.provider_account_directory to mediator_app;
revoke all on all functions in schema fm, fm_ops from public;
grant execute on all functions in schema fm, fm_ops to mediator_app;
-- Parts of the write path that may only run as a whole.
do $$
declare
  f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('fm', 'fm_ops') and p.proname in ('claim_key', 'write_states', 'lock_books', 'post', 'write_events',
      'book_entry', 'lock_accounts', 'lock_holds', 'book_legs', 'check_legs', 'reserve_limits', 'shift_pending',
      'do_order', 'watch_balances', 'new_id',
      'tell_of_postings', 'replay_key', 'available_after', 'hold_now', 'tell_of_quote',
      'recall_quote_key', 'keep_routes', 'write_provider_account', 'write_payouts', 'require_cover')
  loop
    execute format('revoke execute on function %s from mediator_app', f);
  end loop;
end $$;

-- Parts of partitioned tables get no rights of their own: they are reached through their parent, under its policy.
do $$
declare
  t text;
begin
  for t in select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'fm' and c.relkind in ('r', 'p')
      and not c.relispartition and c.relname not in ('api_key_directory', 'provider_account_directory', 'fx_rates')
  loop
    execute format('grant select on fm.%I to mediator_app', t);
    execute format('alter table fm.%I enable row level security', t);
    execute format('create policy tenant_isolation on fm.%I for select to mediator_app
      using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
  end loop;
end $$;
