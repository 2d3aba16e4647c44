"""Every check of the kit, in the order in which a report tells them."""

from adapters.providerkit.conformance.checks import (
    amounts,
    answers,
    callbacks,
    files,
    idempotency,
    look_ups,
    manifest,
    purity,
    requests,
    secrets,
    settings,
    shown,
    truth,
)

CHECKS = (
    *shown.CHECKS,
    *manifest.CHECKS,
    *settings.CHECKS,
    *purity.CHECKS,
    *requests.CHECKS,
    *idempotency.CHECKS,
    *amounts.CHECKS,
    *look_ups.CHECKS,
    *answers.CHECKS,
    *truth.CHECKS,
    *callbacks.CHECKS,
    *files.CHECKS,
    *secrets.CHECKS,
)
