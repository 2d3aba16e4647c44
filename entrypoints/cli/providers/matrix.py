"""`mediator providers list|show`: the true matrix, from what is installed; no database is needed."""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from adapters.providerkit.spec import ProviderSpec
from entrypoints.cli import output
from entrypoints.cli.commands.options import JsonOption
from entrypoints.cli.ledger.showing import tell
from entrypoints.cli.providers.matrix_shown import matrix_table, provider_shown, provider_tables
from entrypoints.cli.trouble import USAGE, Trouble
from entrypoints.wiring.provider_specs import provider_specs


def list_(*, json: JsonOption = False) -> None:
    """List the installed providers and what each can do, as their adapters declare it and the tests hold them to."""
    specs = provider_specs()
    tell(
        msgspec.to_builtins(tuple(spec.manifest for spec in specs), order="deterministic"),
        matrix_table([spec.manifest for spec in specs]),
        as_json=json,
    )


def show(
    name: Annotated[str, Parameter(help="Which provider; `mediator providers list` names them.")],
    *,
    json: JsonOption = False,
) -> None:
    """Show everything that a provider declares of itself, and how an account there is configured."""
    spec = _named(name)
    if json:
        output.say_json(msgspec.to_builtins(provider_shown(spec), order="deterministic"))
        return
    tell(None, *provider_tables(spec), as_json=False)


def _named(name: str) -> ProviderSpec:
    """Find a provider. Raises Trouble that names those that are there."""
    specs = {spec.name: spec for spec in provider_specs()}
    if name not in specs:
        raise Trouble(f"There is no provider {name!r}. There are: {', '.join(specs)}.", exit_code=USAGE)
    return specs[name]
