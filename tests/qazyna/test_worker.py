"""The worker as it is run: it takes up what waits, stops in order, and what a killed one left is done by the next."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from procrastinate import RetryStrategy
from sqlalchemy import text

from erp.base import uow
from erp.base.scope import Scope
from erp.finance.journal.imports import job as journal_import
from erp.reference.attachments import rules
from erp.reference.jobs import service as jobs
from erp.reference.jobs.model import Job, JobState
from ledger.model import Actor
from qazyna.serve import _until_stopped
from qazyna.worker import Worker
from tests.conftest import TestServer
from tests.factories import loops
from tests.factories.patience import PATIENCE, until
from tests.factories.program import free_port
from tests.web.desk import SUPPLIER, Desk, furnish

ROWS = 12_000


@pytest.fixture(scope="module")
def address(server: TestServer) -> Iterator[str]:
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="module")
def desk(address: str) -> Iterator[Desk]:
    desk = furnish(address)
    yield desk
    desk.engine.dispose()


@contextmanager
def program(address: str, *command: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {"QAZYNA_DATABASE_URL": address.replace("+psycopg", "", 1)} | settings
    running = subprocess.Popen([sys.executable, "-m", "qazyna", *command], env=os.environ | environment, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def acting(desk: Desk) -> Scope:
    return Scope(Actor(desk.users["accountant"], "127.0.0.1"), writes=frozenset({desk.school}))


def ask(desk: Desk, mark: str, rows: int = ROWS) -> int:
    """Have a file imported whose entries nobody else has."""
    lines = ["journal;date;document;memo;debit;credit;credit counterparty;amount"]
    lines += [f"MO-06;16.03.2026;{mark}-{n};{mark} {n};1316;3210;{SUPPLIER};{len(mark)}{n},01" for n in range(rows)]
    file = rules.check(f"{mark}.csv", "\n".join(lines).encode(), limit=20 << 20)
    return uow.run(
        desk.engine, acting(desk), lambda u: jobs.ask(u, desk.school, uuid4(), journal_import.NAME, file, rest=False)
    )


def look(desk: Desk, job_id: int) -> Job:
    return uow.read(desk.engine, acting(desk), lambda u: jobs.own_job(u, job_id))


def wait_until(desk: Desk, job_id: int, holds: Callable[[Job], bool]) -> Job:
    seen: list[Job] = []

    def does_hold() -> bool:
        seen[:] = [look(desk, job_id)]
        return holds(seen[0])

    until(does_hold, lambda: f"still {seen}")
    return seen[0]


def entries(desk: Desk, mark: str) -> int:
    found: int = uow.read(
        desk.engine,
        acting(desk),
        lambda u: u.execute(
            text("SELECT count(*) FROM ledger_entry WHERE organisation_id = :at AND memo LIKE :mark"),
            {"at": desk.school, "mark": f"{mark} %"},
        ).scalar_one(),
    )
    return found


def is_over(job: Job) -> bool:
    return job.state.is_over


def test_what_a_killed_worker_left_is_done_by_the_next_once(desk: Desk, address: str) -> None:
    with program(address, "worker") as first:
        job_id = ask(desk, "killed")
        wait_until(desk, job_id, lambda job: job.phase == "posting")
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert look(desk, job_id).state is JobState.RUNNING
    with program(address, "worker"):
        job = wait_until(desk, job_id, is_over)
    assert (job.state, job.attempt, job.broken_off) == (JobState.DONE, 2, 1)
    assert entries(desk, "killed") == ROWS


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_stops_in_order_and_puts_its_work_back(desk: Desk, address: str, how: signal.Signals) -> None:
    mark = how.name.lower()
    with program(address, "worker") as first:
        job_id = ask(desk, mark)
        wait_until(desk, job_id, lambda job: job.phase in ("checking", "posting"))
        first.send_signal(how)
        assert first.wait(PATIENCE) in (0, 130, 143)
    job = look(desk, job_id)
    assert (job.state, job.broken_off) == (JobState.QUEUED, 0)
    assert entries(desk, mark) == 0
    with program(address, "worker"):
        assert wait_until(desk, job_id, is_over).state is JobState.DONE
    assert entries(desk, mark) == ROWS


def test_two_workers_share_the_work(desk: Desk, address: str) -> None:
    with program(address, "worker"), program(address, "worker"):
        asked = [ask(desk, f"shared{'x' * n}", rows=300) for n in range(6)]
        found = [wait_until(desk, job_id, is_over) for job_id in asked]
    assert [(job.state, job.attempt) for job in found] == [(JobState.DONE, 1)] * 6
    assert entries(desk, "shared%") == 6 * 300


def test_serving_takes_up_jobs_unless_told_not_to(desk: Desk, address: str) -> None:
    job_id = ask(desk, "served", rows=20)
    with program(address, "serve", QAZYNA_PORT=str(free_port()), QAZYNA_WORKER="no"):
        time.sleep(4)
        assert look(desk, job_id).state is JobState.QUEUED
    with program(address, "serve", QAZYNA_PORT=str(free_port())) as serving:
        assert wait_until(desk, job_id, is_over).state is JobState.DONE
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(PATIENCE) in (0, 143)


def test_a_worker_begins_anew_after_what_nobody_foresaw(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(address, None)
    goes = []

    async def fail(_: Worker) -> None:
        goes.append(1)
        if len(goes) > 1:
            worker.stop()
            return
        raise KeyError

    monkeypatch.setattr(Worker, "_work", fail)
    monkeypatch.setattr("qazyna.worker._PAUSE", 0.01)
    with caplog.at_level(logging.WARNING, "qazyna"):
        loops.run(worker.run())
    assert len(goes) == 2
    assert [r for r in caplog.records if "KeyError" in r.getMessage()]


def test_serving_ends_where_what_belongs_beside_it_ended() -> None:
    class Server:
        stopped = False

        def stop(self) -> None:
            self.stopped = True

    async def serve(server: Server) -> None:
        while not server.stopped:
            await asyncio.sleep(0.01)

    async def die() -> None:
        raise KeyError("sealer")

    async def both() -> None:
        server, loop = Server(), asyncio.get_running_loop()
        running, beside = loop.create_task(serve(server)), loop.create_task(die())
        with pytest.raises(KeyError):
            await _until_stopped(server, running, [beside], lambda: True)  # type: ignore[arg-type]
        assert running.done()

    loops.run(asyncio.wait_for(both(), PATIENCE))


def test_the_database_s_own_trouble_is_not_tried_for_ever(address: str) -> None:
    worker = Worker(address, None)
    for name in ("job", "mail"):
        strategy = worker._queue.tasks[name].retry_strategy
        assert isinstance(strategy, RetryStrategy)
        assert strategy.max_attempts
