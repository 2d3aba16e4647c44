"""The document is true: schemathesis sends to a live server what it allows and what it forbids."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.entrypoints.http.live import ROOT, LiveApi
from tests.entrypoints.http.routes import operations
from tests.entrypoints.http.service import Service, serving, settings_for
from tests.entrypoints.http.shop import Shop
from tests.entrypoints.simulator.merchant import Merchant
from tests.fakes.stores import Database

EXAMPLES = 30
NOT_ASKED = "positive_data_acceptance"
"""It takes every 422 for a fault of the document; `valid_requests_are_understood` says it more exactly."""


@pytest.fixture
async def live(
    database: Database, sandbox: Merchant, tmp_path: Path, unused_tcp_port: int
) -> AsyncIterator[tuple[LiveApi, Service]]:
    settings = settings_for(database, sandbox_url=sandbox.url)
    api = LiveApi(settings, port=unused_tcp_port, log=tmp_path / "api.log")
    try:
        async with serving(settings) as service:
            yield await api.wait_ready(), service
    finally:
        await api.close()


async def test_every_request_that_the_document_allows_or_forbids_is_answered_as_it_says(
    live: tuple[LiveApi, Service], tmp_path: Path
) -> None:
    api, service = live
    shop = await service.open_shop(api)

    status, report = await _schemathesis(api, shop, tmp_path)

    assert status == 0, report
    assert f"Tested: {len(await operations(shop))}" in report
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in report, report
    assert (await service.prove(shop.tenant_id)).holds
    assert b'"status":500' not in api.log.read_bytes()


async def _schemathesis(api: LiveApi, shop: Shop, folder: Path) -> tuple[int, str]:
    """Run all checks in all phases, always with the same examples; what it writes stays in the folder."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *("run", f"{api.url}/api/docs/openapi.json"),
        *("--checks", "all", "--exclude-checks", NOT_ASKED),
        *("--header", f"Authorization: Bearer {shop.api_key}"),
        *("--max-examples", str(EXAMPLES), "--generation-deterministic", "--continue-on-failure"),
        *("--suppress-health-check", "all", "--no-color"),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.entrypoints.http.contract_hooks"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()
