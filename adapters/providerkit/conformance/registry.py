"""Every check of the kit, in the order in which a report tells them."""

from adapters.providerkit.conformance.checks import idempotency, manifest, purity, settings, shown

CHECKS = (
    *shown.CHECKS,
    *manifest.CHECKS,
    *settings.CHECKS,
    *purity.CHECKS,
    *idempotency.CHECKS,
)
