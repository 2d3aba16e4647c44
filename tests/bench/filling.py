"""Fills a ledger by SQL, as its owner: months of transfers, with books that are right."""

from tests.bench.ground import CURRENCY, Database

MONTHS = 10
"""Over how many monthly parts the legs are spread, the newest of which is the present one."""

# For this connection alone: what is filled in is no part of what is measured.
_HASTE = ("set work_mem = '256MB'", "set synchronous_commit = off")
_PARTS = """
do $$ declare parent text; month date; part text; begin
  foreach parent in array array['ledger_transactions', 'entries'] loop
    for n in 0..{months} - 1 loop
      month := (date_trunc('month', timezone('UTC', now())) - make_interval(months => n))::date;
      part := parent || '_' || to_char(month, 'YYYYMM');
      if to_regclass('fm.' || part) is null then
        execute format('create table fm.%I partition of fm.%I for values from (%L) to (%L)', part, parent,
          month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
      end if;
    end loop;
  end loop;
end $$
"""
# The n-th transfer: its id and time rise with n; its accounts are scattered, and differ.
_PLAN = """
create unlogged table fm.filling as
select n, ('01' || lpad(to_hex(n), 10, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid as id,
  d, (d + 1 + (n * 104729) % ({accounts} - 1)) % {accounts} + 1 as c,
  first + (now() - first) * (n::double precision / {transfers}) as at
from generate_series(1::bigint, {transfers}) n
  cross join lateral (select (n * 7919) % {accounts} as d) x
  cross join (select date_trunc('month', now(), 'UTC') - interval '{months} months' + interval '1 month' as first) y
"""
_TRANSACTIONS = """
insert into fm.ledger_transactions (tenant_id, id, kind, actor, request_id, effective_at, recorded_at)
select '{tenant}', id, 'transfer', '{actor}', 'req_bench', at, at from fm.filling order by n
"""
_ENTRIES = """
insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, direction,
  currency, amount_minor, recorded_at)
select '{tenant}', id, line, ('00000000-0000-7000-8000-' || lpad(to_hex(account), 12, '0'))::uuid,
  row_number() over w, sum(case line when 1 then -1 else 1 end) over w,
  case line when 1 then 'debit' else 'credit' end, '{currency}', 1, at
from (select n, id, 1::smallint as line, d + 1 as account, at from fm.filling
  union all select n, id, 2::smallint, c, at from fm.filling) x
window w as (partition by account order by n, line rows unbounded preceding)
"""
# As long as keys are kept: those of the newest part.
_KEYS = """
insert into fm.idempotency_records (tenant_id, route, key, fingerprint, state, resource_id, result, created_at,
  last_seen_at)
select '{tenant}', 'POST /v1/transfers', gen_random_uuid()::text, '\\x00', 'posted', id, 0, at, at
from fm.filling where n > {transfers} - {transfers} / {months}
"""
_BALANCES = """
update fm.ledger_accounts a set posted_debits = e.debits, posted_credits = e.credits, version = e.entries
from (select account_id, count(*) as entries,
    coalesce(sum(amount_minor) filter (where direction = 'debit'), 0) as debits,
    coalesce(sum(amount_minor) filter (where direction = 'credit'), 0) as credits
  from fm.entries group by account_id) e
where a.tenant_id = '{tenant}' and a.id = e.account_id
"""


def fill(database: Database, *, legs: int) -> None:
    """Book so many legs, two for each transfer, spread evenly over the months."""
    ground = database.ground
    words = {
        "accounts": ground.accounts,
        "actor": ground.tenant.actor,
        "currency": CURRENCY,
        "months": MONTHS,
        "tenant": ground.tenant.id,
        "transfers": legs // 2,
    }
    parts = (_PARTS, _PLAN, _TRANSACTIONS, _ENTRIES, _KEYS, _BALANCES)
    statements = [part.format(**words) for part in parts]
    tidying = ("drop table fm.filling", "vacuum (analyze) fm.ledger_accounts", "analyze", "checkpoint")
    database.do(*_HASTE, *statements, *tidying)
