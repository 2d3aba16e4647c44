"""What somebody might do to the general ledger behind our back, and which check must see it."""

CASH = "(select id from fm.ledger_accounts where tenant_id = $1 and code = 'bank:main:cash')"
ENTRY = """
  tenant_id = $1 and account_id = :the_account and account_version = (select {end}(account_version) from fm.entries
  where tenant_id = $1 and account_id = :the_account)
"""
WORDS = {
    ":first_entry": ENTRY.format(end="min"),
    ":last_entry": ENTRY.format(end="max"),
    ":the_account": CASH,
    ":reversal": "(select id from fm.ledger_transactions where tenant_id = $1 and reverses_id is not null)",
    ":first_capture": "(select id from fm.ledger_transactions where tenant_id = $1 and kind = 'capture' "
    "order by id limit 1)",
}
"""What the words with a colon stand for, in this order; `$1` is the tenant."""

SEEN_IN_THE_LEDGER: dict[str, tuple[str, str]] = {
    "a transaction is gone without its entries": (
        "entries_have_a_transaction",
        "delete from fm.ledger_transactions where tenant_id = $1 and reference = 'invoice-7'",
    ),
    "a transaction is there twice": (
        "transaction_ids_are_unique",
        """
        insert into fm.ledger_transactions select (jsonb_populate_record(null::fm.ledger_transactions, to_jsonb(t) ||
        jsonb_build_object('recorded_at', t.recorded_at - interval '1 second'))).* from fm.ledger_transactions t
        where t.tenant_id = $1 and t.reference = 'invoice-7'
        """,
    ),
    "an entry stands on an account that does not exist": (
        "entries_match_their_account",
        "update fm.entries set account_id = gen_random_uuid() where :last_entry",
    ),
    "an entry hides from its account": (
        "entries_agree_both_ways",
        "update fm.entries set account_id = gen_random_uuid() where :last_entry",
    ),
    "a transfer counts for another day": (
        "entries_agree_with_their_transaction",
        """
        update fm.ledger_transactions set effective_at = effective_at - interval '1 day' where tenant_id = $1
        and reference = 'invoice-7'
        """,
    ),
    "an entry counts for another day": (
        "entries_agree_with_their_transaction",
        "update fm.entries set effective_at = recorded_at - interval '1 day' where :first_entry",
    ),
    "an entry is said to be a payment's": (
        "entries_agree_with_their_transaction",
        "update fm.entries set payment_id = gen_random_uuid() where :first_entry",
    ),
    "a reversal gives back less": (
        "reversals_mirror_what_they_reverse",
        "update fm.entries set amount_minor = amount_minor - 1 where tenant_id = $1 and transaction_id = :reversal",
    ),
    "a reversal reverses something else": (
        "reversals_mirror_what_they_reverse",
        """
        update fm.ledger_transactions set reverses_id = (select id from fm.ledger_transactions where tenant_id = $1
        and reference = 'invoice-7') where tenant_id = $1 and reverses_id is not null
        """,
    ),
    "that something was reversed is forgotten": (
        "reversals_mirror_what_they_reverse",
        "delete from fm.ledger_reversals where tenant_id = $1",
    ),
    "something is said to be reversed that is not": (
        "reversals_have_transactions",
        "update fm.ledger_reversals set transaction_id = gen_random_uuid() where tenant_id = $1",
    ),
    "a reference is forgotten": (
        "references_are_kept",
        "delete from fm.ledger_references where tenant_id = $1",
    ),
    "a reference is kept for another transaction": (
        "references_have_transactions",
        "update fm.ledger_references set transaction_id = gen_random_uuid() where tenant_id = $1",
    ),
    "a running balance says more": (
        "running_balances_chain",
        "update fm.entries set balance_minor = balance_minor + 1 where :first_entry",
    ),
    "an account stands on its other side": (
        "running_balances_chain",
        "update fm.ledger_accounts set normal_balance = 'debit' where tenant_id = $1 and normal_balance = 'credit'",
    ),
    "an entry in the middle is gone": (
        "running_balances_chain",
        """
        delete from fm.entries where tenant_id = $1 and transaction_id = (select id from fm.ledger_transactions
        where tenant_id = $1 and reference = 'invoice-7')
        """,
    ),
    "an entry was moved in front of others": (
        "entries_are_in_order",
        "update fm.entries set recorded_at = recorded_at - interval '1 day' where :last_entry",
    ),
    "an entry claims a later version of its account": (
        "entries_are_in_order",
        "update fm.entries set account_version = account_version + 1000 where :first_entry",
    ),
    "the last running balance says more": (
        "accounts_stand_at_their_last_entry",
        "update fm.entries set balance_minor = balance_minor + 1 where :last_entry",
    ),
    "an account's version was set back": (
        "accounts_stand_at_their_last_entry",
        "update fm.ledger_accounts set version = 0 where tenant_id = $1 and code = 'bank:main:cash'",
    ),
    "a proved balance says more": (
        "snapshots_stand_on_entries",
        """
        with point as (insert into fm.proof_points values ($1, now(), true, 1, '{}', 1, now()) returning proved_to)
        insert into fm.balance_snapshots select $1, e.account_id, point.proved_to, 1, 0, 0, e.balance_minor + 1,
        e.account_version, e.recorded_at from fm.entries e, point where :last_entry
        """,
    ),
    "a hold says that less was posted": (
        "holds_are_posted",
        """
        update fm.holds set posted_minor = posted_minor - 1, released_minor = released_minor + 1 where tenant_id = $1
        and state = 'partially_posted' and payment_id is null
        """,
    ),
    "a payment's hold says that less was posted": (
        "holds_are_posted",
        """
        update fm.holds set posted_minor = 0, released_minor = amount_minor where tenant_id = $1 and state = 'posted'
        and payment_id is not null
        """,
    ),
    "a posting of a hold belongs to no hold": (
        "holds_are_posted",
        "update fm.ledger_transactions set hold_id = null where tenant_id = $1 and kind = 'hold_posting'",
    ),
    "a hold with nothing left is said to be open": (
        "hold_states_say_what_is_left",
        "update fm.holds set state = 'partially_posted' where tenant_id = $1 and state = 'posted'",
    ),
    "a voided hold is said to be posted": (
        "hold_states_say_what_is_left",
        "update fm.holds set state = 'posted' where tenant_id = $1 and state = 'voided'",
    ),
    "a key answers with a transaction that is not there": (
        "posted_keys_have_what_they_posted",
        "update fm.idempotency_records set resource_id = gen_random_uuid() where tenant_id = $1 and state = 'posted'",
    ),
    "more went out than a limit lets": (
        "limits_are_not_exceeded",
        "update fm.limit_usage set amount_minor = 1001 where tenant_id = $1",
    ),
    "a limit is gone that was used": (
        "limits_are_not_exceeded",
        "delete from fm.limit_policies where tenant_id = $1",
    ),
    "an executed quote has another transaction": (
        "executed_quotes_have_transactions",
        "update fm.fx_quotes set transaction_id = gen_random_uuid() where tenant_id = $1",
    ),
    "a transaction forgot its quote": (
        "executed_quotes_have_transactions",
        "update fm.ledger_transactions set quote_id = null where tenant_id = $1",
    ),
}
"""Each corruption, the check that must see it, and how it is done; `$1` is the tenant."""


def statement(sql: str) -> str:
    """Write a corruption as the server takes it."""
    for word, meaning in WORDS.items():
        sql = sql.replace(word, meaning)
    return sql
