-- The first stone: who may call, payments, the double-entry ledger, and everything that commits with them.
-- Rules (docs/decisions/0004): tenant_id leads every key; money is bigint minor units; no triggers, nothing deferrable;
-- big append-only tables are partitioned by time; rows that replays touch count how often.

create schema if not exists fm;
create schema if not exists fm_ops;

create table fm.tenants (
  tenant_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  bucket smallint not null check (bucket between 0 and 63),
  -- Limits of the whole tenant, or of one of its API keys, exist: postings go the careful way.
  limited boolean not null default false,
  created_at timestamptz not null,
  constraint tenants_pk primary key (tenant_id)
);

create table fm.principals (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('operator', 'service')),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null,
  constraint principals_pk primary key (tenant_id, id),
  constraint principals_tenant_fk foreign key (tenant_id) references fm.tenants (tenant_id)
);

create table fm.api_keys (
  tenant_id uuid not null,
  id uuid not null,
  principal_id uuid not null,
  key_id text not null,
  digest bytea not null,
  name text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  constraint api_keys_pk primary key (tenant_id, id),
  constraint api_keys_principal_fk foreign key (tenant_id, principal_id) references fm.principals (tenant_id, id)
);

-- Directories: found before the tenant is known, so they are keyed by what is looked up.
create table fm.api_key_directory (
  key_id text not null,
  tenant_id uuid not null,
  api_key_id uuid not null,
  constraint api_key_directory_pk primary key (key_id)
);

create table fm.provider_account_directory (
  provider_account_id uuid not null,
  tenant_id uuid not null,
  constraint provider_account_directory_pk primary key (provider_account_id)
);

create table fm.provider_accounts (
  tenant_id uuid not null,
  id uuid not null,
  provider text not null,
  name text not null,
  state text not null check (state in ('enabled', 'disabled')),
  created_at timestamptz not null,
  constraint provider_accounts_pk primary key (tenant_id, id),
  constraint provider_accounts_tenant_fk foreign key (tenant_id) references fm.tenants (tenant_id)
);

create table fm.payments (
  tenant_id uuid not null,
  id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('created', 'requires_action', 'processing', 'authorized', 'partially_captured',
    'succeeded', 'cancelled', 'failed', 'expired', 'needs_review')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor bigint not null check (amount_minor between 1 and 9007199254740991),
  authorized_minor bigint not null check (authorized_minor >= 0),
  captured_minor bigint not null,
  refunded_minor bigint not null,
  capture_mode text not null check (capture_mode in ('automatic', 'manual')),
  provider text not null,
  provider_account_id uuid not null,
  payment_method text not null,
  payment_methods jsonb not null default '{}',
  reference text,
  description text,
  return_url text,
  action_url text,
  action_fields jsonb,
  failure_code text,
  failure_message text,
  metadata jsonb not null,
  hold_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint payments_pk primary key (tenant_id, id),
  constraint payments_account_fk foreign key (tenant_id, provider_account_id)
    references fm.provider_accounts (tenant_id, id),
  constraint payments_captured_within_authorized check (captured_minor between 0 and authorized_minor),
  constraint payments_authorized_within_amount check (authorized_minor <= amount_minor),
  constraint payments_refunded_within_captured check (refunded_minor between 0 and captured_minor)
) with (fillfactor = 80);
create index payments_state_ix on fm.payments (tenant_id, state, id);
create index payments_provider_ix on fm.payments (tenant_id, provider, id);
create index payments_currency_ix on fm.payments (tenant_id, currency, id);
create index payments_reference_ix on fm.payments (tenant_id, reference, id) where reference is not null;

create table fm.payment_attempts (
  tenant_id uuid not null,
  id uuid not null,
  payment_id uuid not null,
  version bigint not null check (version > 0),
  number integer not null check (number > 0),
  state text not null check (state in ('initiated', 'ready', 'sending', 'not_sent', 'declined', 'requires_action',
    'abandoned', 'pending', 'authorized', 'capturing', 'voiding', 'voided', 'auth_expired', 'succeeded', 'unknown',
    'missing_at_provider')),
  provider text not null,
  provider_account_id uuid not null,
  config_version bigint not null check (config_version > 0),
  provider_reference text,
  decline_code text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint payment_attempts_pk primary key (tenant_id, id),
  constraint payment_attempts_number_uq unique (tenant_id, payment_id, number),
  constraint payment_attempts_payment_fk foreign key (tenant_id, payment_id) references fm.payments (tenant_id, id)
) with (fillfactor = 80);
-- At most one live attempt per payment, whatever the code does: unknown counts as live.
create unique index payment_attempts_one_live_uq on fm.payment_attempts (tenant_id, payment_id)
  where state in ('initiated', 'ready', 'sending', 'requires_action', 'pending', 'authorized', 'capturing', 'voiding',
    'unknown');
-- Callbacks may name what they are about by the provider's words only.
create index payment_attempts_reference_ix on fm.payment_attempts (tenant_id, provider_account_id, provider_reference)
  where provider_reference is not null;

create table fm.refunds (
  tenant_id uuid not null,
  id uuid not null,
  payment_id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('pending', 'succeeded', 'failed', 'needs_review')),
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  reason text,
  failure_code text,
  hold_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint refunds_pk primary key (tenant_id, id),
  constraint refunds_payment_fk foreign key (tenant_id, payment_id) references fm.payments (tenant_id, id)
) with (fillfactor = 80);
create index refunds_payment_ix on fm.refunds (tenant_id, payment_id);

create table fm.provider_operations (
  tenant_id uuid not null,
  id uuid not null,
  payment_id uuid not null,
  attempt_id uuid not null,
  refund_id uuid,
  version bigint not null check (version > 0),
  kind text not null check (kind in ('authorize', 'capture', 'void', 'refund', 'payout')),
  state text not null check (state in ('sending', 'not_sent', 'rejected', 'accepted_pending', 'succeeded', 'unknown',
    'missing')),
  key text not null,
  config_version bigint not null check (config_version > 0),
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  final boolean not null,
  provider_reference text,
  code text,
  decline text check (decline in ('soft', 'hard', 'invalid')),
  detail text,
  queries integer not null,
  send_by timestamptz not null,
  next_query_at timestamptz,
  query_claimed_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint provider_operations_pk primary key (tenant_id, id),
  constraint provider_operations_key_uq unique (tenant_id, key),
  constraint provider_operations_attempt_fk foreign key (tenant_id, attempt_id)
    references fm.payment_attempts (tenant_id, id),
  constraint provider_operations_refund_fk foreign key (tenant_id, refund_id) references fm.refunds (tenant_id, id)
) with (fillfactor = 80);
create index provider_operations_payment_ix on fm.provider_operations (tenant_id, payment_id);
create index provider_operations_reference_ix on fm.provider_operations (tenant_id, provider_reference)
  where provider_reference is not null;
create index provider_operations_due_ix on fm.provider_operations (tenant_id, next_query_at)
  where next_query_at is not null;

-- The double-entry ledger (docs/decisions/0002, 0007): what is booked, what is held, and how accounts stand.

create table fm.ledger_accounts (
  tenant_id uuid not null,
  id uuid not null,
  code text not null check (length(code) between 1 and 200),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  normal_balance text not null check (normal_balance in ('debit', 'credit')),
  state text not null default 'active' check (state in ('active', 'frozen', 'closed')),
  -- How far `available` may fall below zero; null: without limit.
  overdraft_limit bigint check (overdraft_limit between 0 and 9000000000000000000),
  -- Limits or monitors watch this account: postings go the careful way.
  watched boolean not null default false,
  posted_debits bigint not null default 0 check (posted_debits >= 0),
  posted_credits bigint not null default 0 check (posted_credits >= 0),
  pending_debits bigint not null default 0 check (pending_debits >= 0),
  pending_credits bigint not null default 0 check (pending_credits >= 0),
  version bigint not null default 0,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  constraint ledger_accounts_pk primary key (tenant_id, id),
  constraint ledger_accounts_code_uq unique (tenant_id, code, currency),
  -- Pending counts: what is held can always be posted later without an overflow.
  constraint ledger_accounts_debits_bound check (posted_debits <= 9000000000000000000 - pending_debits),
  constraint ledger_accounts_credits_bound check (posted_credits <= 9000000000000000000 - pending_credits)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table fm.holds (
  tenant_id uuid not null,
  id uuid not null,
  payment_id uuid,
  refund_id uuid,
  debit_account_id uuid not null,
  credit_account_id uuid not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  posted_minor bigint not null default 0 check (posted_minor >= 0),
  released_minor bigint not null default 0 check (released_minor >= 0),
  state text not null check (state in ('pending', 'partially_posted', 'posted', 'voided', 'expired')),
  at_risk boolean not null default false,
  expires_at timestamptz,
  reference text,
  description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint holds_pk primary key (tenant_id, id),
  constraint holds_debit_fk foreign key (tenant_id, debit_account_id) references fm.ledger_accounts (tenant_id, id),
  constraint holds_credit_fk foreign key (tenant_id, credit_account_id) references fm.ledger_accounts (tenant_id, id),
  constraint holds_within_amount check (posted_minor + released_minor <= amount_minor)
) with (fillfactor = 80);
create index holds_payment_ix on fm.holds (tenant_id, payment_id) where payment_id is not null;
create index holds_open_debit_ix on fm.holds (tenant_id, debit_account_id)
  where state in ('pending', 'partially_posted');
create index holds_open_credit_ix on fm.holds (tenant_id, credit_account_id)
  where state in ('pending', 'partially_posted');
create index holds_due_ix on fm.holds (tenant_id, expires_at)
  where expires_at is not null and state in ('pending', 'partially_posted');
create unique index holds_reference_uq on fm.holds (tenant_id, reference) where reference is not null;

-- No foreign keys here: these two grow without end, only the posting functions write them, and `prove` looks.
create table fm.ledger_transactions (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null,
  payment_id uuid,
  refund_id uuid,
  hold_id uuid,
  reverses_id uuid,
  quote_id uuid,
  reference text,
  description text,
  metadata jsonb,
  actor text not null,
  request_id text not null,
  effective_at timestamptz not null,
  recorded_at timestamptz not null,
  constraint ledger_transactions_pk primary key (tenant_id, id, recorded_at)
) partition by range (recorded_at);
create index ledger_transactions_payment_ix on fm.ledger_transactions (tenant_id, payment_id, id)
  where payment_id is not null;

create table fm.entries (
  tenant_id uuid not null,
  transaction_id uuid not null,
  line smallint not null check (line > 0),
  account_id uuid not null,
  -- The account's version and its posted balance, on its normal side, after this entry.
  account_version bigint not null,
  balance_minor bigint not null,
  payment_id uuid,
  direction text not null check (direction in ('debit', 'credit')),
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  -- Only when it counts for another time than that of its recording.
  effective_at timestamptz,
  recorded_at timestamptz not null,
  constraint entries_pk primary key (tenant_id, transaction_id, line, recorded_at)
) partition by range (recorded_at);
create index entries_account_ix on fm.entries (tenant_id, account_id, recorded_at, account_version);
create index entries_payment_ix on fm.entries (tenant_id, payment_id, transaction_id, line)
  where payment_id is not null;
create index entries_effective_ix on fm.entries (tenant_id, account_id, effective_at) where effective_at is not null;

-- What must be unique over all time, which a partitioned table cannot promise.
create table fm.ledger_references (
  tenant_id uuid not null,
  reference text not null check (length(reference) between 1 and 255),
  transaction_id uuid not null,
  created_at timestamptz not null,
  constraint ledger_references_pk primary key (tenant_id, reference)
);
create table fm.ledger_reversals (
  tenant_id uuid not null,
  reverses_id uuid not null,
  transaction_id uuid not null,
  created_at timestamptz not null,
  constraint ledger_reversals_pk primary key (tenant_id, reverses_id)
);

-- What may go out of an account, of a tenant, or by an API key, within windows that begin at multiples of their length.
create table fm.limit_policies (
  tenant_id uuid not null,
  id uuid not null,
  scope text not null check (scope in ('tenant', 'account', 'api_key')),
  -- The account or the API key; the tenant itself for scope 'tenant'.
  subject_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  window_seconds bigint not null check (window_seconds between 1 and 31622400),
  amount_max bigint check (amount_max >= 0),
  count_max bigint check (count_max >= 0),
  created_at timestamptz not null,
  ended_at timestamptz,
  constraint limit_policies_pk primary key (tenant_id, id),
  constraint limit_policies_something check (amount_max is not null or count_max is not null)
);
create index limit_policies_subject_ix on fm.limit_policies (tenant_id, subject_id) where ended_at is null;
create table fm.limit_usage (
  tenant_id uuid not null,
  policy_id uuid not null,
  window_start timestamptz not null,
  amount_minor bigint not null default 0,
  count bigint not null default 0,
  constraint limit_usage_pk primary key (tenant_id, policy_id, window_start)
) with (fillfactor = 70);

create table fm.balance_monitors (
  tenant_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  measure text not null check (measure in ('posted', 'pending', 'available')),
  comparison text not null check (comparison in ('lt', 'lte', 'gt', 'gte', 'eq')),
  threshold_minor bigint not null,
  description text,
  -- Whether the condition holds now: it fires when it begins to hold, and again only after it ceased to.
  is_met boolean not null,
  fired_count bigint not null default 0,
  last_fired_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  constraint balance_monitors_pk primary key (tenant_id, id),
  constraint balance_monitors_account_fk foreign key (tenant_id, account_id)
    references fm.ledger_accounts (tenant_id, id)
) with (fillfactor = 80);
create index balance_monitors_account_ix on fm.balance_monitors (tenant_id, account_id) where ended_at is null;

create table fm.fx_quotes (
  tenant_id uuid not null,
  id uuid not null,
  version bigint not null check (version > 0),
  state text not null check (state in ('open', 'reserved', 'executed', 'released', 'expired')),
  fixed_side text not null check (fixed_side in ('source', 'target')),
  source_currency text not null,
  source_minor bigint not null check (source_minor > 0),
  target_currency text not null,
  target_minor bigint not null check (target_minor > 0),
  -- Everything that explains the rate: source, side, units, days, margin, steps (see domain/fx.py).
  terms jsonb not null,
  reserved_for text,
  transaction_id uuid,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint fx_quotes_pk primary key (tenant_id, id)
) with (fillfactor = 80);

create table fm.events (
  tenant_id uuid not null,
  id uuid not null,
  payment_id uuid,
  tag text not null,
  body jsonb not null,
  recorded_at timestamptz not null,
  constraint events_pk primary key (tenant_id, id, recorded_at)
) partition by range (recorded_at);
create index events_payment_ix on fm.events (tenant_id, payment_id, id);

create table fm.audit_events (
  tenant_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  request_id text not null,
  details jsonb not null,
  recorded_at timestamptz not null,
  constraint audit_events_pk primary key (tenant_id, id, recorded_at)
) partition by range (recorded_at);
create index audit_events_subject_ix on fm.audit_events (tenant_id, subject, id);

-- Events on their way to those who react. A row goes when it was given on; the event itself stays in fm.events.
create table fm.outbox (
  tenant_id uuid not null,
  event_id uuid not null,
  tag text not null,
  created_at timestamptz not null,
  claimed_until timestamptz,
  claims integer not null default 0,
  constraint outbox_pk primary key (tenant_id, event_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

create table fm.idempotency_records (
  tenant_id uuid not null,
  route text not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint bytea not null,
  -- 'posted': the ledger answered at once, with the transaction `resource_id` or the refusal `result`.
  state text not null check (state in ('started', 'done', 'released', 'posted')),
  resource_id uuid,
  result smallint,
  -- Of the request that the ledger refused under this key.
  request_id text,
  locked_until timestamptz,
  status smallint,
  content_type text,
  location text,
  body bytea,
  seen_count bigint not null default 1,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint idempotency_records_pk primary key (tenant_id, route, key)
) with (fillfactor = 80);
-- Old keys are forgotten in the order of their age.
create index idempotency_records_age_ix on fm.idempotency_records (created_at);

create table fm.parked_jobs (
  tenant_id uuid not null,
  id uuid not null,
  actor text not null,
  arguments jsonb not null,
  error text not null,
  attempts integer not null,
  parked_at timestamptz not null,
  requeued_at timestamptz,
  constraint parked_jobs_pk primary key (tenant_id, id)
);
create index parked_jobs_waiting_ix on fm.parked_jobs (tenant_id, id) where requeued_at is null;
