"""What stands between the kernel and the network: it may hold a request back, and learns from every answer."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.manifests import OperationClass
from domain.providers import NotSent, Unknown

Answer = HttpResponse | NotSent | Unknown


class Errand(msgspec.Struct, frozen=True):
    """One request on its way out, of which class it is, and how to ask for something harmless instead of it.

    `harmless` builds a question that moves no money, asked with our credentials; None where the provider has none.
    `insists`: a person asks this question and wants the answer now, so it goes through an open circuit, as its probe.
    """

    operation_class: OperationClass
    request: HttpRequest
    harmless: Callable[[], HttpRequest | None] = lambda: None
    insists: bool = False


class Send(Protocol):
    """Sends a request, as `ProviderHttp.exchange` promises it."""

    async def __call__(self, request: HttpRequest, *, deadline_seconds: float) -> Answer:
        """Give the answer, or say what is known without one. Raises nothing but cancellation."""
        ...


class Guard(Protocol):
    """Protects one provider account, and everybody else from it."""

    async def exchange(self, errand: Errand, send: Send, *, deadline_seconds: float) -> Answer:
        """Send the request within the deadline, waiting included, or refuse: then it is `NotSent`, which is proof.

        Raises nothing but cancellation.
        """
        ...


class NoGuard(Guard):
    """Lets everything through at once."""

    async def exchange(self, errand: Errand, send: Send, *, deadline_seconds: float) -> Answer:
        """Send it."""
        return await send(errand.request, deadline_seconds=deadline_seconds)
