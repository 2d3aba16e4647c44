"""What could go wrong between payouts and the books: each with the check that must find it; $1 is the tenant."""

SEEN_IN_PAYOUTS: dict[str, tuple[str, str]] = {
    "a completed payout whose completion is not booked": (
        "payouts_are_booked",
        "update fm.ledger_transactions set payout_id = null where tenant_id = $1 and kind = 'payout_completed'",
    ),
    "a returned payout whose return is not booked": (
        "payouts_are_booked",
        "update fm.ledger_transactions set kind = 'adjustment' where tenant_id = $1 and kind = 'payout_returned'",
    ),
    "a payout of another amount than what left": (
        "payouts_are_booked",
        "update fm.payouts set amount_minor = amount_minor + 1 where tenant_id = $1 and state = 'completed'",
    ),
    "a payout that is completed by nothing but its state": (
        "payout_states_say_where_the_money_is",
        "update fm.payouts set state = 'completed' where tenant_id = $1 and state = 'sent'",
    ),
    "a payout that failed and keeps its money": (
        "payout_states_say_where_the_money_is",
        "update fm.payouts set given_back_at = null where tenant_id = $1 and state = 'failed'",
    ),
    "a cancelled payout that still holds": (
        "payouts_hold_what_is_not_sent",
        """update fm.holds h set state = 'pending', released_minor = 0 from fm.payouts p
          where h.tenant_id = $1 and p.tenant_id = $1 and p.id = h.payout_id and p.state = 'cancelled'""",
    ),
    "a payout that waits without its hold": (
        "payouts_hold_what_is_not_sent",
        """update fm.holds h set payout_id = null from fm.payouts p
          where h.tenant_id = $1 and p.tenant_id = $1 and p.id = h.payout_id and p.state = 'created'""",
    ),
    "a payout that went out without its approval": (
        "payouts_were_approved",
        "update fm.payouts set decided_by = null where tenant_id = $1 and state = 'completed'",
    ),
    "a payout in transit that was forgotten": (
        "in_transit_is_what_was_sent",
        "update fm.payouts set completed_at = sent_at where tenant_id = $1 and state = 'sent'",
    ),
    "money in transit of no payout": (
        "in_transit_is_what_was_sent",
        """update fm.ledger_accounts set posted_credits = posted_credits + 1
          where tenant_id = $1 and code = 'payouts:in_transit'""",
    ),
    "an unknown payout that nobody asks about": (
        "open_payouts_are_watched",
        "update fm.payout_operations set next_step_at = null where tenant_id = $1 and state = 'unknown'",
    ),
    "a payout that was not sent and never will be": (
        "open_payouts_are_watched",
        "update fm.payout_operations set next_step_at = null where tenant_id = $1 and state = 'not_sent'",
    ),
}
