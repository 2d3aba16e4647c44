"""The door to the installed providers: what is told is what the adapters declare, and what they are configured by."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from entrypoints.wiring.provider_specs import provider_specs
from tests.entrypoints.http.shop import Shop

SPECS = {spec.name: spec for spec in provider_specs()}


async def test_every_installed_provider_is_told_with_what_it_declares(visitor: Shop) -> None:
    told = {one["name"]: one for one in (await visitor.get("/v1/providers")).json()["data"]}

    assert list(told) == sorted(SPECS)
    for name, spec in SPECS.items():
        for field in ("operations", "abilities", "features", "methods", "countries", "look_ups"):
            assert told[name][field] == sorted(getattr(spec.manifest, field)), (name, field)
        assert [one["currency"] for one in told[name]["currencies"]] == [
            one.currency for one in spec.manifest.currencies
        ]
        assert told[name]["idempotency"]["place"] == spec.manifest.idempotency.place
        assert told[name]["deadline_seconds"] == spec.manifest.deadline_seconds


@pytest.mark.parametrize("name", SPECS)
async def test_its_schemas_are_sound_and_strict(visitor: Shop, name: str) -> None:
    told = (await visitor.get(f"/v1/providers/{name}")).json()

    for which in ("config_schema", "credentials_schema"):
        schema: Any = told[which]
        jsonschema.Draft202012Validator.check_schema(schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"no_such_field": 1}, schema)
    assert told["provider"]["name"] == name


async def test_the_sandbox_is_configured_by_what_its_schemas_take(visitor: Shop) -> None:
    told = (await visitor.get("/v1/providers/sandbox")).json()

    jsonschema.validate({"base_url": "http://127.0.0.1:9"}, told["config_schema"])
    jsonschema.validate({"api_key": "k", "callback_secrets": ["s"]}, told["credentials_schema"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"base_url": "http://127.0.0.1:9", "deadline_seconds": 61}, told["config_schema"])


async def test_what_is_not_installed_is_not_found(visitor: Shop) -> None:
    answer = await visitor.get("/v1/providers/nobody")

    assert (answer.status, answer.code) == (404, "NOT_FOUND")
