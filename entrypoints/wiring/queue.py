"""The queue for the container: the broker, who sends to it, and the use cases of whoever works in the background."""

from collections.abc import Iterator

from dishka import Provider, Scope, provide, provide_all
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.broker import make_broker
from adapters.queue.jobs import DramatiqJobQueue
from application.callbacks.take_in_files import TakeInFilesHandler
from application.operations.ask_open_operations import AskOpenOperationsHandler
from application.operations.ensure_partitions import EnsurePartitionsHandler
from application.operations.expire_unsent import ExpireUnsentHandler
from application.operations.forget_keys import ForgetKeysHandler
from application.operations.list_jobs import ListJobsHandler
from application.operations.park_job import ParkJobHandler
from application.operations.react_to_event import React, ReactToEventHandler
from application.operations.relay_outbox import RelayOutboxHandler
from application.operations.requeue_job import RequeueJobHandler
from application.ports.outbox import Outbox
from application.ports.queue import JobQueue
from application.schedules import Chores
from application.subscriptions import SUBSCRIPTIONS, Reactions
from entrypoints.settings import Settings


class Queue(Provider):
    """For the worker, the relay and the command line: `make_container(settings, Queue())`."""

    scope = Scope.APP

    @provide
    def broker(self, settings: Settings) -> Iterator[RedisBroker]:
        """Send to the broker that the settings name."""
        broker = make_broker(settings.broker)
        yield broker
        broker.client.close()

    @provide
    def relay_outbox(self, outbox: Outbox, queue: JobQueue) -> RelayOutboxHandler:
        """Give events on as the table says."""
        return RelayOutboxHandler(outbox, queue, SUBSCRIPTIONS)

    @provide
    def ask_open_operations(self, outbox: Outbox, queue: JobQueue) -> AskOpenOperationsHandler:
        """Ask with the standing lease."""
        return AskOpenOperationsHandler(outbox, queue)

    jobs = provide(DramatiqJobQueue, provides=JobQueue)
    reactions = provide(Reactions, provides=React)
    chores = provide(Chores)
    handlers = provide_all(
        ReactToEventHandler,
        ExpireUnsentHandler,
        EnsurePartitionsHandler,
        ForgetKeysHandler,
        ParkJobHandler,
        TakeInFilesHandler,
        RequeueJobHandler,
        ListJobsHandler,
    )
