"""How routing rules, decisions and simulations are printed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from rich.table import Table

from application.ports.routing import StoredRuleSet
from application.routing.simulate_rules import Simulation
from domain.ids import Prefix, public_id
from domain.routing import RouteDecision, RouteRule
from entrypoints.cli.ledger.showing import Exact, card, exact, grid, instant, money


class RuleSetShown(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the rules. `rules` has the form that `mediator routing set` reads."""

    version: int
    in_force: bool
    note: str | None
    actor: str
    rolled_back_from: int | None
    effective_from: datetime
    created_at: datetime
    rules: tuple[dict[str, object], ...]


def ruleset_shown(stored: StoredRuleSet, *, in_force: int) -> RuleSetShown:
    """Show a version."""
    return RuleSetShown(
        version=stored.version,
        in_force=stored.version == in_force,
        note=stored.note,
        actor=stored.actor,
        rolled_back_from=stored.rolled_back_from,
        effective_from=stored.effective_from,
        created_at=stored.created_at,
        rules=tuple(_rule(rule) for rule in stored.rules),
    )


def _rule(rule: RouteRule) -> dict[str, object]:
    targets = [
        {
            "provider_account_id": public_id(Prefix.PROVIDER_ACCOUNT, target.provider_account_id),
            "weight": target.weight,
            "cost_fixed": target.cost_fixed_minor,
            "cost_basis_points": target.cost_basis_points,
        }
        for target in rule.targets
    ]
    return {
        "name": rule.name,
        "targets": targets,
        "strategy": rule.strategy.value,
        "currencies": rule.currencies,
        "countries": rule.countries,
        "methods": rule.methods,
        "amount_min": rule.amount_min_minor,
        "amount_max": rule.amount_max_minor,
    }


def ruleset_tables(stored: StoredRuleSet, *, in_force: int) -> tuple[Table, Table]:
    """Tell a version and its rules."""
    facts = {
        "version": f"{stored.version}{' (in force)' if stored.version == in_force else ''}",
        "effective from": instant(stored.effective_from),
        "made by": stored.actor,
        "goes back to": stored.rolled_back_from,
        "note": stored.note,
    }
    columns = ("rule", "for", "strategy", "targets")
    rows = ((rule.name, _conditions(rule), rule.strategy.value, _targets(rule)) for rule in stored.rules)
    return card("Routing rules", facts), grid("Rules", columns, rows)


def _conditions(rule: RouteRule) -> str:
    said = [
        " ".join(rule.currencies),
        " ".join(rule.countries),
        " ".join(rule.methods),
        "" if rule.amount_min_minor is None else f"from {money(rule.amount_min_minor, rule.currencies[0])}",
        "" if rule.amount_max_minor is None else f"to {money(rule.amount_max_minor, rule.currencies[0])}",
    ]
    return "; ".join(one for one in said if one) or "everything"


def _targets(rule: RouteRule) -> str:
    return "\n".join(
        f"{public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id)}"
        f" (weight {one.weight}, costs {one.cost_fixed_minor} + {one.cost_basis_points} bp)"
        for one in rule.targets
    )


def versions_table(found: Sequence[StoredRuleSet], *, in_force: int) -> Table:
    """Tell many versions."""
    columns = ("version", "in force", "rules", "effective from", "made at", "made by", "note")
    rows = (
        (
            one.version,
            "yes" if one.version == in_force else "",
            len(one.rules),
            instant(one.effective_from),
            instant(one.created_at),
            one.actor,
            one.note or "",
        )
        for one in found
    )
    return grid("Versions", columns, rows, right=("version", "rules"))


def decision_tables(decision: RouteDecision) -> tuple[Table, Table]:
    """Tell why a payment went where it went."""
    facts = {
        "payment": public_id(Prefix.PAYMENT, decision.facts.payment_id),
        "amount": str(decision.facts.amount),
        "method": decision.facts.method,
        "country": decision.facts.country,
        "insisted on": decision.facts.provider,
        "rules": f"version {decision.ruleset_version}, rule {decision.rule!r}, {decision.strategy.value}",
    }
    columns = ("rank", "account", "provider", "config", "healthy", "excluded", "score", "cost")
    ordered = sorted(decision.candidates, key=lambda one: (one.rank is None, one.rank or 0))
    rows = (
        (
            one.rank or "",
            public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id),
            one.provider,
            one.config_version,
            "yes" if one.is_healthy else "no",
            one.excluded or "",
            "" if one.score is None else f"{one.score:g}",
            money(one.cost_minor, decision.facts.amount.currency),
        )
        for one in ordered
    )
    return card("Route", facts), grid("Candidates", columns, rows, right=("rank", "config", "score", "cost"))


class ShareShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments chose an account first, before and under the draft."""

    provider_account_id: str
    provider: str
    before: int
    after: int


class CostShown(msgspec.Struct, frozen=True, kw_only=True):
    """What first choices cost by the rules' own figures, in minor units."""

    currency: str
    before: Exact
    after: Exact


class MoveShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose first choice would have been another."""

    payment_id: str
    rule: str
    before: str | None
    after: str | None


class SimulationShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would change."""

    payments: int
    changed: int
    unroutable: int
    shares: tuple[ShareShown, ...]
    costs: tuple[CostShown, ...]
    moves: tuple[MoveShown, ...]


def simulation_shown(found: Simulation) -> SimulationShown:
    """Show what a draft would change."""
    return SimulationShown(
        payments=found.payments,
        changed=found.changed,
        unroutable=found.unroutable,
        shares=tuple(
            ShareShown(
                provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id),
                provider=one.provider,
                before=one.before,
                after=one.after,
            )
            for one in found.shares
        ),
        costs=tuple(
            CostShown(currency=one.currency, before=exact(one.before_minor), after=exact(one.after_minor))
            for one in found.costs
        ),
        moves=tuple(
            MoveShown(
                payment_id=public_id(Prefix.PAYMENT, one.payment_id),
                rule=one.rule,
                before=_account(one.before),
                after=_account(one.after),
            )
            for one in found.moves
        ),
    )


def simulation_tables(shown: SimulationShown) -> tuple[Table, ...]:
    """Tell what a draft would change."""
    facts = {
        "payments": shown.payments,
        "would go elsewhere": shown.changed,
        "would find no account": shown.unroutable,
    }
    shares = ((one.provider_account_id, one.provider, one.before, one.after) for one in shown.shares)
    costs = ((one.currency, money(one.before, one.currency), money(one.after, one.currency)) for one in shown.costs)
    moves = ((one.payment_id, one.rule, one.before or "none", one.after or "none") for one in shown.moves)
    return (
        card("Simulation", facts),
        grid("First choices", ("account", "provider", "before", "after"), shares, right=("before", "after")),
        grid("Cost of first choices", ("currency", "before", "after"), costs, right=("before", "after")),
        grid("The first payments that would move", ("payment", "rule", "before", "after"), moves),
    )


def _account(account: UUID | None) -> str | None:
    return None if account is None else public_id(Prefix.PROVIDER_ACCOUNT, account)
