"""An HTTP client towards providers for each test."""

from collections.abc import AsyncIterator

import pytest

from adapters.providerkit.http import ProviderHttp


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    http = ProviderHttp()
    yield http
    await http.close()
