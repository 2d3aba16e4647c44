-- A ledger after the published description of pgledger, written anew for this comparison: ids are ULIDs with a prefix,
-- kept as text and made in the database; amounts are NUMERIC; one function call makes one transfer; entries keep the
-- balance before and after, and the version of the account. Like it, and unlike the product, it knows no idempotency,
-- no audit and no outbox.

create table accounts (
  id text primary key,
  name text not null,
  currency text not null,
  balance numeric not null default 0,
  version bigint not null default 0,
  allow_negative_balance boolean not null default true,
  allow_positive_balance boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table transfers (
  id text primary key,
  from_account_id text not null references accounts (id),
  to_account_id text not null references accounts (id),
  amount numeric not null check (amount > 0),
  created_at timestamptz not null,
  event_at timestamptz not null,
  constraint transfers_between_two check (from_account_id <> to_account_id)
);
create index transfers_from_ix on transfers (from_account_id);
create index transfers_to_ix on transfers (to_account_id);

create table entries (
  id text primary key,
  account_id text not null references accounts (id),
  transfer_id text not null references transfers (id),
  amount numeric not null,
  account_previous_balance numeric not null,
  account_current_balance numeric not null,
  account_version bigint not null,
  created_at timestamptz not null
);
create index entries_account_ix on entries (account_id);
create index entries_transfer_ix on entries (transfer_id);

-- A ULID with a prefix: 48 bits of time and 80 of chance, in base 32 without the letters that are easily mistaken.
create function new_text_id(p_prefix text) returns text language plpgsql volatile as $$
declare
  alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  milliseconds bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  chance bytea := uuid_send(gen_random_uuid());
  found text := '';
begin
  for i in reverse 9..0 loop
    found := found || substr(alphabet, ((milliseconds >> (5 * i)) & 31)::integer + 1, 1);
  end loop;
  for i in 0..15 loop
    found := found || substr(alphabet, (get_byte(chance, i) & 31) + 1, 1);
  end loop;
  return p_prefix || '_' || found;
end $$;

create function move_balance(p_account text, p_amount numeric, p_transfer text, p_now timestamptz) returns void
language plpgsql as $$
declare
  a accounts;
begin
  update accounts set balance = balance + p_amount, version = version + 1, updated_at = p_now
    where id = p_account returning * into a;
  if a.balance < 0 and not a.allow_negative_balance or a.balance > 0 and not a.allow_positive_balance then
    raise exception 'the balance of account % may not become %', p_account, a.balance;
  end if;
  insert into entries (id, account_id, transfer_id, amount, account_previous_balance, account_current_balance,
      account_version, created_at)
    values (new_text_id('ent'), p_account, p_transfer, p_amount, a.balance - p_amount, a.balance, a.version, p_now);
end $$;

create function create_transfer(p_from text, p_to text, p_amount numeric) returns text
language plpgsql as $$
declare
  v_id text := new_text_id('tra'); v_now timestamptz := now(); v_currencies bigint;
begin
  perform 1 from accounts where id in (p_from, p_to) order by id for update;
  select count(distinct currency) into v_currencies from accounts where id in (p_from, p_to);
  if v_currencies <> 1 then
    raise exception 'a transfer is between two accounts of one currency';
  end if;
  insert into transfers (id, from_account_id, to_account_id, amount, created_at, event_at)
    values (v_id, p_from, p_to, p_amount, v_now, v_now);
  perform move_balance(p_from, -p_amount, v_id, v_now);
  perform move_balance(p_to, p_amount, v_id, v_now);
  return v_id;
end $$;
