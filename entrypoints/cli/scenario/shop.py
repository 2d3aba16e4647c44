"""A shop of one currency: it pays, captures and refunds over the live API, and plays its customers and their bank."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from domain.money import Currency, Money

SETTLE_SECONDS = 25.0
"""How long the worker may take to find out what is true: two queries, with room for a slow machine."""

_POLL_SECONDS = 0.05
_RETRY_SECONDS = 30.0
_OK = 200
_IN_FLIGHT = 409
_BUSY = (429, 503)


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the API and the provider simulator are, and the keys to them.

    `simulator_secret` signs the simulator's callbacks, and the forms of its eSewa merchant. `has_bank` says that the
    simulator's bank works in the drop folders.
    """

    api_url: str
    api_key: str
    simulator_url: str
    simulator_key: str
    simulator_secret: str
    has_bank: bool = True

    def __repr__(self) -> str:
        """Show no key."""
        return f"Addresses(api_url={self.api_url!r}, simulator_url={self.simulator_url!r})"


class Answer(msgspec.Struct, frozen=True):
    """An answer of the API, as it came over the wire; `headers` with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever JSON the API answers -- what a server answers is looked at, not modelled
        """What the body says."""
        return msgspec.json.decode(self.body)

    @property
    def verdict(self) -> str:
        """The status with what became of the payment, or with the code of what stands in the way."""
        said = self.json
        return f"{self.status} {said.get('code') or said.get('state')}"

    @property
    def payment_id(self) -> str:
        """The id of the payment that it shows. Raises ValueError with the verdict when it shows none."""
        if "id" not in self.json:
            raise ValueError(f"a payment was needed, but the API answered {self.verdict}")
        return str(self.json["id"])


class Page(msgspec.Struct, frozen=True):
    """What a customer's browser is shown, or (`location`) where it is sent on to; redirects are not followed."""

    status: int
    url: str
    location: str
    text: str


class Shop:
    """Sells for `price`, of which `part` is less than half; both in minor units of one currency."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Addresses, currency: str, *, price: int) -> None:
        self.currency = currency
        self.price = price
        self.part = price * 2 // 5
        self.addresses = addresses
        self._session = session

    def shown(self, minor: int) -> str:
        """Show an amount in major units with exactly the currency's decimals."""
        return str(Money(minor, Currency(self.currency)))

    def filled(self, text: str) -> str:
        """Put this shop's amounts into a sentence."""
        amounts = {"price": self.price, "part": self.part, "rest": self.price - self.part, "nothing": 0}
        return text.format(**{name: self.shown(minor) for name, minor in amounts.items()})

    async def pay(self, method: str, /, *, key: str | None = None, **more: object) -> Answer:
        """Create a payment over the price."""
        body = {"amount": self.price, "currency": self.currency, "payment_method": method, **more}
        return await self.post("/v1/payments", body, key=key)

    async def paid(self, method: str = "tok_success", /, **more: object) -> str:
        """Create a payment that the API takes, and give its id. Raises ValueError when it does not take it."""
        return (await self.pay(method, key=None, **more)).payment_id

    async def post(self, path: str, body: Mapping[str, object], *, key: str | None = None) -> Answer:
        """Send a request that moves money, with a key of its own unless one is given."""
        return await self._ask("POST", path, msgspec.json.encode(body), {"Idempotency-Key": key or str(uuid4())})

    async def get(self, path: str) -> Answer:
        """Ask a question."""
        return await self._ask("GET", path)

    async def put(self, path: str, body: Mapping[str, object]) -> Answer:
        """Say how something shall be; repeating it changes nothing, so it needs no key."""
        return await self._ask("PUT", path, msgspec.json.encode(body))

    async def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """Change something that carries its own version, so it needs no key."""
        return await self._ask("PATCH", path, msgspec.json.encode(body))

    async def post_until_answered(self, path: str, body: Mapping[str, object], *, key: str) -> Answer:
        """Send a request as a careful client does: while its first try still runs, wait as told and repeat it."""
        deadline = time.monotonic() + _RETRY_SECONDS
        answer = await self.post(path, body, key=key)
        while answer.status == _IN_FLIGHT and time.monotonic() < deadline:
            await asyncio.sleep(float(answer.headers["retry-after"]))
            answer = await self.post(path, body, key=key)
        return answer

    async def payment(self, payment_id: str) -> Any:  # noqa: ANN401 -- whatever JSON the API answers -- see `Answer.json`
        """Read a payment with its attempts, refunds, entries and timeline."""
        return await self.read(f"/v1/payments/{payment_id}")

    async def payment_once(self, payment_id: str, happened: Callable[[Any], bool]) -> Any:  # noqa: ANN401 -- whatever JSON the API answers
        """Read a payment again and again until that happened, or until there was time enough for it."""
        return await self.read_once(f"/v1/payments/{payment_id}", happened)

    async def read(self, path: str) -> Any:  # noqa: ANN401 -- whatever JSON the API answers -- see `Answer.json`
        """Read what is there. Raises ValueError with the verdict when nothing is."""
        answer = await self.get(path)
        if answer.status != _OK:
            raise ValueError(f"{path} was to be read, but the API answered {answer.verdict}")
        return answer.json

    async def read_once(self, path: str, happened: Callable[[Any], bool]) -> Any:  # noqa: ANN401 -- whatever JSON the API answers
        """Read it again and again until that happened, or until there was time enough for it."""
        deadline = time.monotonic() + SETTLE_SECONDS
        found = await self.read(path)
        while not happened(found) and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_SECONDS)
            found = await self.read(path)
        return found

    async def list_all(self, path: str) -> list[Any]:
        """Read a list to its end, page by page; `path` has a query already."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = (await self._ask("GET", f"{path}{cursor}")).json
            found.extend(page["data"])
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def at_the_provider(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 -- whatever JSON the API answers -- see `Answer.json`
        """Use one of the simulator's doors for those who test with it. Raises ValueError when it refuses."""
        url = f"{self.addresses.simulator_url}/control/{path}"
        headers = {"Authorization": f"Bearer {self.addresses.simulator_key}"}
        async with self._session.post(url, data=msgspec.json.encode(body), headers=headers) as response:
            said = await response.read()
            if response.status >= 400:  # noqa: PLR2004 -- where HTTP's refusals begin
                raise ValueError(f"the simulator refused {path}: {said.decode()}")
            return msgspec.json.decode(said)

    async def charges_at_the_provider(self, account: str) -> list[Any]:
        """Read the card gateway's own books of one account to their end."""
        found: list[Any] = []
        after = "0"
        headers = {"Authorization": f"Bearer {self.addresses.simulator_key}"}
        while True:
            url = f"{self.addresses.simulator_url}/v1/books?account={account}&limit=500&after={after}"
            async with self._session.get(url, headers=headers) as response:
                page = msgspec.json.decode(await response.read())
            found.extend(page["lines"])
            if page["next"] is None:
                return found
            after = page["next"]

    async def browse(self, url: str, form: Mapping[str, str] | None = None) -> Page:
        """Visit a page as the customer does, or post a form to it."""
        method = "GET" if form is None else "POST"
        async with self._session.request(method, url, data=form, allow_redirects=False) as response:
            return Page(response.status, url, response.headers.get("Location", ""), await response.text())

    async def _ask(self, method: str, path: str, body: bytes | None = None, more: Mapping[str, str] = {}) -> Answer:
        """Ask, and come again (with the same key) when the API is too busy and says when to."""
        deadline = time.monotonic() + _RETRY_SECONDS
        answer = await self._ask_once(method, path, body, more)
        while answer.status in _BUSY and "retry-after" in answer.headers and time.monotonic() < deadline:
            await asyncio.sleep(float(answer.headers["retry-after"]))
            answer = await self._ask_once(method, path, body, more)
        return answer

    async def _ask_once(self, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> Answer:
        headers = {"Authorization": f"Bearer {self.addresses.api_key}", "Content-Type": "application/json", **more}
        url = f"{self.addresses.api_url}{path}"
        async with self._session.request(method, url, data=body, headers=headers) as response:
            read = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, read, await response.read())


def charge_of(payment: Any) -> str:  # noqa: ANN401 -- whatever JSON the API answers -- see `Answer.json`
    """Give the name of a payment's charge at the provider."""
    return str(payment["attempts"][-1]["provider_reference"])
