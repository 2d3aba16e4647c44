"""The circumstances of a job: the worker acts for the tenant, under the identifier of the message."""

from uuid import UUID

from dramatiq.middleware import CurrentMessage

from application.call import Call
from domain.ids import Prefix, TenantId, public_id

ACTOR = "system:worker"


def worker_call(tenant_id: str) -> Call:
    """Make the call of the job that runs now. Raises ValueError for what is no identifier."""
    return Call(tenant_id=TenantId(UUID(tenant_id)), actor=ACTOR, request_id=request_id())


def request_id() -> str:
    """Give the identifier under which a job logs and audits: its message's. Raises RuntimeError outside of a job."""
    message = CurrentMessage.get_current_message()
    if message is None:
        raise RuntimeError("no job runs here")
    return public_id(Prefix.JOB, UUID(message.message_id))
