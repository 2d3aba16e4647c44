"""Reads a file of routing rules: JSON, an array of rules with the fields of the API."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.ids import Prefix, ProviderAccountId
from domain.routing import RouteRule, RouteTarget, Strategy
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.trouble import USAGE, Trouble

FILE_MAX_BYTES = 1_000_000
BASIS_POINTS_MAX = 10_000


class TargetLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider account that a rule names."""

    provider_account_id: str
    weight: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    cost_fixed: Annotated[int, Meta(ge=0)] = 0
    cost_basis_points: Annotated[int, Meta(ge=0, le=BASIS_POINTS_MAX)] = 0


class RuleLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    targets: tuple[TargetLine, ...]
    strategy: Strategy = Strategy.PRIORITY
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    amount_min: Annotated[int, Meta(ge=1)] | None = None
    amount_max: Annotated[int, Meta(ge=1)] | None = None


def read_rules(path: Path) -> tuple[RouteRule, ...]:
    """Read rules from a file, or from standard input for `-`. Raises Trouble that names the place of a fault."""
    try:
        raw = sys.stdin.buffer.read(FILE_MAX_BYTES + 1) if str(path) == "-" else path.read_bytes()
    except OSError as fault:
        raise Trouble(f"{path} cannot be read: {fault.strerror or fault}.", exit_code=USAGE) from fault
    if len(raw) > FILE_MAX_BYTES:
        raise Trouble(f"{path} is longer than {FILE_MAX_BYTES} bytes.", exit_code=USAGE)
    try:
        lines = msgspec.json.decode(raw, type=tuple[RuleLine, ...])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Trouble(f"{path} is not an array of rules: {fault}.", exit_code=USAGE) from fault
    return tuple(_rule(line) for line in lines)


def _rule(line: RuleLine) -> RouteRule:
    return RouteRule(
        name=line.name,
        strategy=line.strategy,
        targets=tuple(
            RouteTarget(
                provider_account_id=ProviderAccountId(id_in(Prefix.PROVIDER_ACCOUNT, target.provider_account_id)),
                weight=target.weight,
                cost_fixed_minor=target.cost_fixed,
                cost_basis_points=target.cost_basis_points,
            )
            for target in line.targets
        ),
        currencies=line.currencies,
        countries=line.countries,
        methods=line.methods,
        amount_min_minor=line.amount_min,
        amount_max_minor=line.amount_max,
    )
