"""The end of every request that makes something without a provider: its answer, told once and kept."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from application.call import Call
from application.ports.journal import Answer, Journal, Keep, Resume

T = TypeVar("T")


async def told(
    journal: Journal,
    call: Call,
    made: T | Resume | Answer,
    *,
    get: Callable[[UUID], Awaitable[T]],
    tell: Callable[[T], Answer],
) -> Answer:
    """Give the answer that stands under the call's key.

    That is the earlier one; or that of what an earlier request made and did not live to tell; or that of what was made
    just now.
    """
    if isinstance(made, Answer):
        return made
    answer = tell(await get(made.resource_id) if isinstance(made, Resume) else made)
    kept = call.kept(answer)
    return await journal.keep_answer(call.tenant_id, kept) if isinstance(kept, Keep) else answer
