"""The worker: takes up jobs and letters that wait in the database, until it is stopped.

Any number of workers may run, on any machine.  One that is killed leaves what it was at in the queue as taken up; the
others, or the next one, see that its heartbeat ended and put it back.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import date
from functools import partial
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, RetryStrategy
from sqlalchemy import event

from api.logs import logger
from api.problems import log_unforeseen
from erp.base import uow
from erp.base.clock import today
from erp.base.db import connect_args, make_engine
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals.bulk import job as bulk
from erp.finance.closing import service as closing
from erp.finance.intake import job as intake
from erp.finance.journal.imports import job as journal_import
from erp.finance.takeover.files import job as takeover
from erp.hr.intake import service as people_files
from erp.hr.leave import service as leave
from erp.hr.leave.schemas import GrantYears
from erp.reference.jobs.attempt import Circumstances, work
from erp.reference.mail import service as mail
from erp.reference.mail.service import Server
from web.i18n import translate
from web.letters import write

KINDS = {kind.name: kind for kind in (journal_import.KIND, intake.KIND, takeover.KIND, *bulk.KINDS.values())}

_LANES = ("job", "mail")  # queues that do not wait for one another
_HEARTBEAT = 2.0  # seconds
_STALLED = 10.0  # seconds without a heartbeat, after which a worker counts as dead
_PAUSE = 3.0  # seconds between looking for what dead workers left, and before a lost database is tried again
_FIRST_LOOK, _HOUR = 30.0, 3600.0  # seconds before the first look for steps that are due, and between looks
_GRACE = 3.0  # seconds in which work may end by itself before its statements are broken off


class Worker:
    """Works through the queues of one database; ``stop`` ends it from any thread."""

    def __init__(self, url: str, server: Server | None) -> None:
        self._server = server
        self._engine = make_engine(url, pool=3, timeouts=False)
        self._busy: set[psycopg.Connection] = set()
        event.listen(self._engine, "checkout", lambda driver, *_: self._busy.add(driver))
        event.listen(self._engine, "checkin", lambda driver, *_: self._busy.discard(driver))
        self._stopping = threading.Event()
        self._leave_given_on: dict[int, date] = {}
        self._failing: set[tuple[str, int]] = set()
        self._around = Circumstances(translate, log_unforeseen, self._stopping.is_set)
        self._queue = App(
            connector=PsycopgConnector(
                conninfo=url.replace("+psycopg", "", 1), kwargs=connect_args(), min_size=1, max_size=2, timeout=_PAUSE
            )
        )
        # only the database's own trouble comes so far; all attempts together take about four hours
        again = RetryStrategy(max_attempts=100, wait=3, linear_wait=3)
        self._queue.task(name="job", queue="job", retry=again)(self._job)
        self._queue.task(name="mail", queue="mail", retry=again)(self._mail)

    async def run(self) -> None:
        """Work until stopped, and begin anew after what breaks it off; a database that is away is told of once."""
        told = False
        try:
            while not self._stopping.is_set():
                try:
                    try:
                        await self._unless_stopped(self._queue.connector.open_async())
                        told = False
                        await self._work()
                    finally:
                        await self._queue.close_async()
                except Exception as failure:
                    if not told:
                        logger().warning("waits", work="jobs", exc_info=failure)
                    told = True
                    await self._unless_stopped(asyncio.sleep(_PAUSE))
        finally:
            await asyncio.to_thread(self._engine.dispose)

    async def drain(self) -> None:
        """Work through what is there, and end."""
        async with self._queue.open_async():
            await self._put_back()
            for lane in _LANES:
                await self._queue.run_worker_async(
                    queues=[lane],
                    wait=False,
                    listen_notify=False,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                )

    def stop(self) -> None:
        """Ask it to end: work under way goes back into the queue."""
        self._stopping.set()

    def break_off(self) -> None:
        """Break off the statements and the letters that are under way."""
        if self._server:
            self._server.break_off()
        for connection in list(self._busy):
            connection.cancel_safe(timeout=5)

    async def _work(self) -> None:
        """The lanes, until one of them fails, or the worker is stopped."""
        if self._stopping.is_set():
            return
        lanes = [
            asyncio.create_task(
                self._queue.run_worker_async(
                    queues=[lane],
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    update_heartbeat_interval=_HEARTBEAT,
                    stalled_worker_timeout=_STALLED,
                )
            )
            for lane in _LANES
        ]
        beside = [
            asyncio.create_task(each)
            for each in (self._keep_putting_back(), self._keep_reminding(), self._until_stopped())
        ]
        done, _ = await asyncio.wait([*lanes, *beside], return_when=asyncio.FIRST_COMPLETED)
        for task in [*lanes, *beside]:
            task.cancel()
        ended = asyncio.gather(*lanes, *beside, return_exceptions=True)
        try:
            await asyncio.wait_for(asyncio.shield(ended), _GRACE)
        except TimeoutError:
            await asyncio.to_thread(self.break_off)
            await ended
        for task in done:
            task.result()

    async def _keep_putting_back(self) -> None:
        while True:
            await self._put_back()
            await asyncio.sleep(_PAUSE)

    async def _put_back(self) -> None:
        """What workers left that are dead."""
        jobs = self._queue.job_manager
        await jobs.prune_stalled_workers(_STALLED)
        for left in await jobs.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
            logger().warning("put-back", task=left.task_name, job=left.id)
            await jobs.retry_job(left)

    async def _keep_reminding(self) -> None:
        """Look every hour what the calendar brings; nothing is done twice, however many workers run."""
        while True:
            await asyncio.sleep(_FIRST_LOOK)
            for due in (self.remind, self.give_leave, self.put_away):
                try:
                    await asyncio.to_thread(due)
                except Exception as failure:
                    logger().warning("not-done", work=due.__name__, exc_info=failure)
            await asyncio.sleep(_HOUR)

    def remind(self) -> None:
        """Tell the owners of steps that are due today or late."""
        day = today()
        for at in uow.read(self._engine, system_scope(origin="worker"), closing.organisations):
            self._at(at, "remind", lambda u: closing.remind(u, day))

    def give_leave(self) -> None:
        """Give the working years that have begun, once a day, where human resources gave the first ones."""
        day = today()
        everywhere = uow.read(self._engine, system_scope(origin="worker"), closing.organisations)
        for at in uow.read(self._engine, system_scope(*everywhere, origin="worker"), leave.given_at):
            give = partial(leave.grant_years, organisation_id=at, command=GrantYears(day=day))
            if self._leave_given_on.get(at) != day and self._at(at, "give_leave", give):
                self._leave_given_on[at] = day

    def _at(self, organisation: int, work: str, act: Callable[[UnitOfWork], object]) -> bool:
        """Whether it was done, in a transaction of its own; what one organisation refuses, no other waits for.

        A failure is told once, until it is done again.  Raises: what ended the connection, or breaks the work off.
        """
        about = (work, organisation)
        try:
            uow.run(self._engine, system_scope(organisation, origin="worker"), act)
        except Exception as failure:
            if self._stopping.is_set() or getattr(failure, "connection_invalidated", False):
                raise
            if about not in self._failing:
                logger().warning("not-done", work=work, organisation=organisation, exc_info=failure)
            self._failing.add(about)
            return False
        self._failing.discard(about)
        return True

    def put_away(self) -> None:
        """Delete lists of people that nobody has touched for long."""
        uow.run(self._engine, system_scope(origin="worker"), people_files.put_away)

    async def _until_stopped(self) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(0.1)

    async def _unless_stopped(self, doing: Coroutine[Any, Any, None]) -> None:
        task, stopped = asyncio.ensure_future(doing), asyncio.ensure_future(self._until_stopped())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            task.cancel()
            stopped.cancel()

    def _job(self, organisation: int, job: int) -> None:
        work(self._engine, KINDS, self._around, organisation, job)

    def _mail(self, **of: Any) -> None:
        mail.deliver(self._engine, system_scope(origin="worker"), of["mail"], self._server, write, log_unforeseen)
