"""dishka for Dramatiq, which has no integration of its own: an actor's `FromDishka` parameters are filled in."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from dishka import AsyncContainer
from dishka.integrations.base import wrap_injection

Actor = Callable[..., Coroutine[Any, Any, None]]
"""An async function that takes strings and handlers and gives nothing."""


def inject(actor: Actor, container: Callable[[], AsyncContainer]) -> Actor:
    """Give an actor without its `FromDishka` parameters, which never travel in a message.

    Each call opens a scope of its own in the container, which is asked for when the call comes.
    """
    injected = wrap_injection(
        func=actor, is_async=True, manage_scope=True, container_getter=lambda _arguments, _names: container()
    )

    # Dramatiq runs on its loop only what Python itself knows for a coroutine function.
    @wraps(actor)
    async def run(*arguments: Any, **names: Any) -> None:  # noqa: ANN401 -- whatever the message holds
        await injected(*arguments, **names)

    return run
