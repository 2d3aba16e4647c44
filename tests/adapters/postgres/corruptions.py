"""What somebody might do to the tables behind our back: which check must see it, and what none sees yet."""

SEEN: dict[str, tuple[str, str]] = {
    "an entry says more": (
        "entries_balance",
        """
        update fm.entries set amount_minor = amount_minor + 1 where tenant_id = $1 and line = 1 and transaction_id =
        :first_capture
        """,
    ),
    "an entry is gone": (
        "entries_balance",
        "delete from fm.entries where tenant_id = $1 and line = 2 and transaction_id = :first_capture",
    ),
    "an entry changed its side": (
        "entries_balance",
        "update fm.entries set direction = 'debit' where tenant_id = $1 and transaction_id = :first_capture",
    ),
    "an entry changed its currency": (
        "entries_balance",
        """
        update fm.entries set currency = 'USD' where tenant_id = $1 and line = 1 and transaction_id = :first_capture
        """,
    ),
    "a transaction lost its entries": (
        "transactions_have_entries",
        "delete from fm.entries where tenant_id = $1 and transaction_id = :first_capture",
    ),
    "a balance was raised": (
        "posted_balances_equal_entries",
        """
        update fm.ledger_accounts set posted_credits = posted_credits + 1 where tenant_id = $1 and currency = 'EUR'
        and normal_balance = 'credit'
        """,
    ),
    "a balance was lowered": (
        "posted_balances_equal_entries",
        "update fm.ledger_accounts set posted_debits = 0 where tenant_id = $1 and currency = 'EUR'",
    ),
    "both sides of a booking say more": (
        "posted_balances_equal_entries",
        """
        update fm.entries set amount_minor = amount_minor + 1 where tenant_id = $1 and transaction_id = :first_capture
        """,
    ),
    "an entry moved to another account": (
        "posted_balances_equal_entries",
        """
        update fm.entries e set account_id = (select id from fm.ledger_accounts a where a.tenant_id = $1 and
        a.currency = e.currency and a.id <> e.account_id limit 1) where tenant_id = $1 and line = 1 and transaction_id
        = :first_capture
        """,
    ),
    "a whole booking is gone with its transaction": (
        "posted_balances_equal_entries",
        """
        with gone as (delete from fm.entries where tenant_id = $1 and transaction_id = :first_capture returning
        transaction_id) delete from fm.ledger_transactions where tenant_id = $1 and id in (select transaction_id from
        gone)
        """,
    ),
    "a pending balance was raised": (
        "pending_balances_equal_holds",
        """
        update fm.ledger_accounts set pending_debits = pending_debits + 1 where tenant_id = $1 and currency = 'EUR'
        """,
    ),
    "a hold says more": (
        "pending_balances_equal_holds",
        "update fm.holds set amount_minor = amount_minor + 1 where tenant_id = $1 and state = 'pending'",
    ),
    "a hold was closed by hand": (
        "pending_balances_equal_holds",
        "update fm.holds set state = 'voided' where tenant_id = $1 and state = 'partially_posted'",
    ),
    "a hold was opened again": (
        "pending_balances_equal_holds",
        "update fm.holds set state = 'pending', released_minor = 0 where tenant_id = $1 and state = 'voided'",
    ),
    "a hold is gone": (
        "pending_balances_equal_holds",
        "delete from fm.holds where tenant_id = $1 and state = 'pending'",
    ),
    "a booking stands in another currency than its accounts": (
        "entries_match_their_account",
        "update fm.entries set currency = 'USD' where tenant_id = $1 and transaction_id = :first_capture",
    ),
    "a payment says that less was captured": (
        "captures_are_booked",
        "update fm.payments set captured_minor = captured_minor - 1 where tenant_id = $1 and captured_minor > 500",
    ),
    "a payment says that it was captured": (
        "captures_are_booked",
        """
        update fm.payments set captured_minor = authorized_minor where tenant_id = $1 and state = 'partially_captured'
        """,
    ),
    "a booking moved to another payment": (
        "captures_are_booked",
        """
        update fm.entries set payment_id = gen_random_uuid() where tenant_id = $1 and transaction_id = :first_capture
        """,
    ),
    "a capture is called something else": (
        "captures_are_booked",
        "update fm.ledger_transactions set kind = 'gift' where tenant_id = $1 and kind = 'capture'",
    ),
    "a refund that succeeded is said to wait": (
        "refunds_are_booked",
        "update fm.refunds set state = 'pending' where tenant_id = $1 and state = 'succeeded'",
    ),
    "a refund that failed is said to have succeeded": (
        "refunds_are_booked",
        "update fm.refunds set state = 'succeeded' where tenant_id = $1 and state = 'failed'",
    ),
    "a refund says more": (
        "refunds_are_booked",
        "update fm.refunds set amount_minor = amount_minor + 1 where tenant_id = $1 and state = 'succeeded'",
    ),
    "a payment says that less went back": (
        "refunded_amounts_add_up",
        "update fm.payments set refunded_minor = 0 where tenant_id = $1 and refunded_minor > 0",
    ),
    "a refund under way says less": (
        "refunded_amounts_add_up",
        "update fm.refunds set amount_minor = amount_minor - 1 where tenant_id = $1 and state = 'pending'",
    ),
    "an attempt that was declined is said to have succeeded": (
        "finished_attempts_have_postings",
        "update fm.payment_attempts set state = 'succeeded' where tenant_id = $1 and state = 'declined'",
    ),
    "a payment ended while its money is held": (
        "ended_payments_hold_nothing",
        "update fm.payments set state = 'failed' where tenant_id = $1 and state = 'partially_captured'",
    ),
    "an operation of unknown outcome is asked about by nobody": (
        "open_operations_are_watched",
        """
        update fm.provider_operations set next_query_at = null where tenant_id = $1 and state = 'unknown' and kind =
        'authorize'
        """,
    ),
    "a cancellation of unknown outcome is asked about by nobody": (
        "open_operations_are_watched",
        "update fm.provider_operations set next_query_at = null where tenant_id = $1 and kind = 'void'",
    ),
    "a refund beside a cancellation is asked about by nobody": (
        "open_operations_are_watched",
        """
        update fm.provider_operations set next_query_at = null where tenant_id = $1 and kind = 'refund' and state =
        'unknown'
        """,
    ),
    "a refund of a payment under review is asked about by nobody": (
        "open_operations_are_watched",
        """
        update fm.provider_operations o set next_query_at = null from fm.payments p where o.tenant_id = $1 and
        p.tenant_id = $1 and p.id = o.payment_id and p.state = 'needs_review' and o.kind = 'refund' and o.state =
        'sending'
        """,
    ),
    "an event waits since an hour": (
        "outbox_is_fresh",
        "update fm.outbox set created_at = created_at - interval '1 hour' where tenant_id = $1",
    ),
}
"""Each corruption, the check that must see it, and how it is done; the words are those of ledger_corruptions.py."""

SEEN_WITHOUT_THE_INDEX: dict[str, tuple[str, str]] = {
    "a second live attempt": (
        "one_live_attempt",
        """
        insert into fm.payment_attempts select (jsonb_populate_record(null::fm.payment_attempts, to_jsonb(a) ||
        jsonb_build_object('id', gen_random_uuid(), 'number', 7))).* from fm.payment_attempts a where a.tenant_id = $1
        and a.state = 'unknown'
        """,
    ),
}
"""What a unique index prevents, and a check must see all the same."""

NOT_SEEN: dict[str, str] = {
    "a payment's amount": "update fm.payments set amount_minor = amount_minor + 1 where tenant_id = $1",
    "what is authorized": """
        update fm.payments set authorized_minor = captured_minor where tenant_id = $1 and state = 'partially_captured'
        """,
    "a payment's currency": "update fm.payments set currency = 'USD' where tenant_id = $1",
    "a refund's currency": "update fm.refunds set currency = 'USD' where tenant_id = $1",
    "a captured payment is said to have failed": """
        update fm.payments set state = 'failed' where tenant_id = $1 and state = 'succeeded'
        """,
    "a failed payment is said to be under way": """
        update fm.payments set state = 'processing' where tenant_id = $1 and state = 'failed'
        """,
    "a payment under review is said to have succeeded": """
        update fm.payments set state = 'succeeded' where tenant_id = $1 and state = 'needs_review' and captured_minor
        = authorized_minor and captured_minor > 0
        """,
    "an attempt that succeeded is said to be declined": """
        update fm.payment_attempts set state = 'declined' where tenant_id = $1 and state = 'succeeded'
        """,
    "an operation that succeeded is said to be rejected": """
        update fm.provider_operations set state = 'rejected' where tenant_id = $1 and state = 'succeeded'
        """,
    "an operation's amount": """
        update fm.provider_operations set amount_minor = amount_minor + 1 where tenant_id = $1
        """,
    "an outbound key": "update fm.provider_operations set key = key || 'x' where tenant_id = $1",
    "a provider's reference": "update fm.payment_attempts set provider_reference = 'ch_x' where tenant_id = $1",
    "whether a hold is at risk": "update fm.holds set at_risk = not at_risk where tenant_id = $1",
    "which hold belongs to a payment": "update fm.payments set hold_id = gen_random_uuid() where tenant_id = $1",
    "when a payment's booking took effect": """
        update fm.ledger_transactions set effective_at = effective_at - interval '1 year' where tenant_id = $1
        and payment_id is not null
        """,
    "what a booking is for": """
        update fm.ledger_transactions set description = 'a gift', metadata = null where tenant_id = $1
        """,
    "an account's name": "update fm.ledger_accounts set code = code || ':old' where tenant_id = $1",
    "whether an account is frozen": "update fm.ledger_accounts set state = 'frozen' where tenant_id = $1",
    "what happened": """
        update fm.events set body = body || '{"amount": {"minor": 1}}' where tenant_id = $1
        """,
    "an event is gone": "delete from fm.events where tenant_id = $1 and tag = 'payment.captured'",
    "an event never leaves": "delete from fm.outbox where tenant_id = $1",
    "who did it": "update fm.audit_events set actor = 'nobody' where tenant_id = $1",
    "an act is gone from the record": "delete from fm.audit_events where tenant_id = $1",
}
"""What no check sees yet: the limits of what may be claimed. Whoever writes a check for one moves it up."""
