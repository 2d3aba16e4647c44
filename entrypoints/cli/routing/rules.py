"""`mediator routing show|versions|set|rollback`."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from application.ports.routing import RouteBook, StoredRuleSet
from application.routing.list_rules import ListRules, ListRulesHandler, RuleVersions
from application.routing.roll_back_rules import RollBackRules, RollBackRulesHandler
from application.routing.set_rules import SetRules, SetRulesHandler
from entrypoints.cli import output
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.options import HERE, ROWS, Asking, RowsOption, YesOption
from entrypoints.cli.ledger.reading import read_moment
from entrypoints.cli.ledger.showing import tell, tell_rows
from entrypoints.cli.routing.rules_file import read_rules
from entrypoints.cli.routing.shown import ruleset_shown, ruleset_tables, versions_table

NoteOption = Annotated[str, Parameter(name="--note", help="Why, for those who read the versions later.")]
SeenOption = Annotated[
    int | None,
    Parameter(name="--after", help="Refuse unless this is still the latest version (0: none); the latest if left out."),
]


def show(
    version: Annotated[int | None, Parameter(help="Which version; the one in force if left out.")] = None,
    *,
    asking: Asking = HERE,
) -> None:
    """Show the rules in force, or one version of them. With --json they have the form that `set` reads."""
    stored, in_force = at_desk(asking, partial(_show, version=version))
    if stored is None:
        output.say("There are no rules: every account is tried, in the order in which they were connected.")
        return
    tell(ruleset_shown(stored, in_force=in_force), *ruleset_tables(stored, in_force=in_force), as_json=asking.json)


async def _show(desk: Desk, *, version: int | None) -> tuple[StoredRuleSet | None, int]:
    routes: RouteBook = await desk.container.get(RouteBook)
    in_force = (await routes.in_force(desk.tenant_id)).version
    wanted = in_force if version is None else version
    return (None if wanted == 0 else await routes.version(desk.tenant_id, wanted)), in_force


def versions(*, limit: RowsOption = ROWS, asking: Asking = HERE) -> None:
    """List the versions of the rules, newest first."""
    found = at_desk(asking, partial(_versions, limit=limit))
    listed = found.versions[:limit]
    shown = tuple(ruleset_shown(one, in_force=found.in_force) for one in listed)
    table = versions_table(listed, in_force=found.in_force)
    has_more = len(found.versions) > limit
    tell_rows(shown, table, as_json=asking.json, none="There are no rules.", has_more=has_more)


async def _versions(desk: Desk, *, limit: int) -> RuleVersions:
    return await (await desk.get(ListRulesHandler))(ListRules(limit=limit + 1), desk.call())


def set_(
    file: Annotated[Path, Parameter(help="JSON: an array of rules with the fields of the API; - reads input.")],
    *,
    note: NoteOption = "",
    effective_from: Annotated[
        datetime | None,
        Parameter(name="--from", converter=read_moment, n_tokens=1, help="In force from then on; at once if left out."),
    ] = None,
    after: SeenOption = None,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Set all rules from a file: makes the next version, and changes nothing of those before.

    For example, `mediator routing set rules.json --note "wallets in Nepal"` with rules like:

    `[{"name": "wallets", "methods": ["wallet"], "countries": ["NP"], "targets": [{"provider_account_id": "pac_..."}]}]`
    """
    rules = read_rules(file)
    confirm(f"Set {len(rules)} rules?", yes=yes)
    command = SetRules(rules=rules, expected_version=0, note=note or None, effective_from=effective_from)
    _tell_made(at_desk(asking, partial(_set, command=command, after=after)), asking)


async def _set(desk: Desk, *, command: SetRules, after: int | None) -> StoredRuleSet:
    seen = await _latest(desk) if after is None else after
    return await (await desk.get(SetRulesHandler))(msgspec.structs.replace(command, expected_version=seen), desk.call())


def rollback(
    version: Annotated[int, Parameter(help="Which version to go back to; 0 is without rules.")],
    *,
    note: NoteOption = "",
    after: SeenOption = None,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Go back to the rules of an earlier version: makes the next version with what that one said."""
    confirm(f"Go back to version {version}?", yes=yes)
    command = RollBackRules(version=version, expected_version=0, note=note or None)
    _tell_made(at_desk(asking, partial(_roll_back, command=command, after=after)), asking)


async def _roll_back(desk: Desk, *, command: RollBackRules, after: int | None) -> StoredRuleSet:
    seen = await _latest(desk) if after is None else after
    handler = await desk.get(RollBackRulesHandler)
    return await handler(msgspec.structs.replace(command, expected_version=seen), desk.call())


async def _latest(desk: Desk) -> int:
    found = await (await desk.get(ListRulesHandler))(ListRules(limit=1), desk.call())
    return found.versions[0].version if found.versions else 0


def _tell_made(stored: StoredRuleSet, asking: Asking) -> None:
    in_force = stored.version if stored.effective_from <= stored.created_at else 0
    tell(ruleset_shown(stored, in_force=in_force), *ruleset_tables(stored, in_force=in_force), as_json=asking.json)
