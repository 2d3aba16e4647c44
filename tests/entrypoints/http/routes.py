"""The routes as the OpenAPI document tells them, for tests that have to reach every one of them."""

from typing import Any

import msgspec

from tests.entrypoints.http.shop import Shop

METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})


class Operation(msgspec.Struct, frozen=True):
    """One operation of the document."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def is_public(self) -> bool:
        return self.told.get("security") == []

    def parameters(self, place: str) -> tuple[str, ...]:
        return tuple(one["name"] for one in self.told.get("parameters", ()) if one["in"] == place)

    def filled(self, values: dict[str, str]) -> str:
        """Put values into the path. Raises KeyError for a parameter that the test does not know: teach it."""
        return self.path.format(**{name: values[name] for name in self.parameters("path")})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


async def document(shop: Shop) -> Any:
    """Fetch the document as anybody can."""
    answer = await shop.line("GET", "/api/docs/openapi.json", b"", [])
    assert answer.status == 200, answer
    return answer.json()


async def operations(shop: Shop) -> tuple[Operation, ...]:
    """Give every operation of the document."""
    paths = (await document(shop))["paths"]
    return tuple(
        Operation(method.upper(), path, told)
        for path, methods in paths.items()
        for method, told in methods.items()
        if method in METHODS
    )
