"""What makes a set of routing rules acceptable, whoever brings it."""

from application.ports.providers import Providers
from domain.currencies import EXPONENTS
from domain.errors import ROUTE_RULES_UNSOUND, FieldError, MediatorError
from domain.ids import TenantId
from domain.routing import DEFAULT_RULE, RULES_MAX, TARGETS_MAX, RouteRule


async def require_sound(providers: Providers, tenant_id: TenantId, rules: tuple[RouteRule, ...]) -> None:
    """Refuse rules that could not mean what their author thinks; all faults at once. Raises ROUTE_RULES_UNSOUND.

    Their author may have connected an account just now.
    """
    known = {account.id for account in await providers.accounts(tenant_id, anew=True)}
    faults: list[FieldError] = []
    if len(rules) > RULES_MAX:
        faults.append(FieldError("/rules", f"at most {RULES_MAX} rules"))
    names: set[str] = set()
    for number, rule in enumerate(rules):
        place = f"/rules/{number}"
        if rule.name in names or rule.name == DEFAULT_RULE:
            faults.append(FieldError(f"{place}/name", "is used by another rule"))
        names.add(rule.name)
        faults.extend(_faults_of(rule, place))
        faults.extend(
            FieldError(f"{place}/targets/{index}/provider_account_id", "is not an enabled provider account")
            for index, target in enumerate(rule.targets)
            if target.provider_account_id not in known
        )
    if faults:
        raise MediatorError(ROUTE_RULES_UNSOUND, f"The rules have {len(faults)} faults.", errors=tuple(faults))


def _faults_of(rule: RouteRule, place: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if not 1 <= len(rule.targets) <= TARGETS_MAX:
        faults.append(FieldError(f"{place}/targets", f"from 1 to {TARGETS_MAX} targets"))
    if len({target.provider_account_id for target in rule.targets}) < len(rule.targets):
        faults.append(FieldError(f"{place}/targets", "names an account twice"))
    if not any(target.weight > 0 for target in rule.targets):
        faults.append(FieldError(f"{place}/targets", "gives weight to no account"))
    faults.extend(
        FieldError(f"{place}/currencies/{index}", "not a current ISO 4217 currency with minor units")
        for index, currency in enumerate(rule.currencies)
        if currency not in EXPONENTS
    )
    has_bounds = rule.amount_min_minor is not None or rule.amount_max_minor is not None
    if has_bounds and len(rule.currencies) != 1:
        faults.append(FieldError(f"{place}/currencies", "must be exactly one where amounts are bounded"))
    low, high = rule.amount_min_minor, rule.amount_max_minor
    if low is not None and high is not None and low > high:
        faults.append(FieldError(f"{place}/amount_max_minor", "is below amount_min_minor"))
    return faults
