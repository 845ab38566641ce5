"""Attempts at a job: whatever workers do, die or double, it is never lost, and its effects are there once."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, sampled_from
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from erp.base import audit, uow
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.attachments import rules
from erp.reference.jobs import attempt as attempts
from erp.reference.jobs import queries
from erp.reference.jobs import service as jobs
from erp.reference.jobs.attempt import Attempt, Circumstances, JobKind, WorkerStops, work
from erp.reference.jobs.model import Job, JobNotOrdered, JobOrder, JobState, JobUnknown
from ledger.model import Actor
from tests.factories.patience import PATIENCE
from tests.web.desk import Desk

FILE = rules.check("a.txt", b"a file", limit=100)
QUIET = Circumstances(lambda error, language: str(error), lambda error: "reference")


def acting(desk: Desk, login: str = "accountant") -> Scope:
    return Scope(Actor(desk.users[login], "127.0.0.1"), writes=frozenset({desk.school}))


def ask(desk: Desk, kind: str = "test") -> int:
    return uow.run(desk.engine, acting(desk), lambda u: jobs.ask(u, desk.school, uuid4(), kind, FILE))


def look(desk: Desk, job_id: int) -> Job:
    return uow.read(desk.engine, acting(desk), lambda u: jobs.own_job(u, job_id))


def effect(u: UnitOfWork, job: Job) -> None:
    audit.record(u.connection, u.scope, "test-effect", job.subject, organisation_id=job.organisation_id)


def effects(desk: Desk, job_id: int) -> int:
    with desk.engine.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.audits', :at, true), set_config('qazyna.reads', :at, true)"),
                           {"at": str(desk.school)})  # fmt: skip
        found: int = connection.execute(
            text("SELECT count(*) FROM base_audit_event WHERE action = 'test-effect' AND subject = :subject"),
            {"subject": f"job:{desk.school}/{job_id}"},
        ).scalar_one()
    return found


def do_it(attempt: Attempt) -> None:
    def both(u: UnitOfWork) -> None:
        effect(u, attempt.job)
        attempt.finish(u, {})

    uow.run(attempt.engine, attempt.scope, both)


def a_kind(run: Callable[[Attempt], None]) -> dict[str, JobKind]:
    return {"test": JobKind("test", Permission.JOURNAL_IMPORT, run)}


def attempt_at(desk: Desk, job_id: int, run: Callable[[Attempt], None], around: Circumstances = QUIET) -> None:
    work(desk.engine, a_kind(run), around, desk.school, job_id)


def test_a_job_that_is_over_is_left_alone(desk: Desk) -> None:
    job_id = ask(desk)
    for _ in range(3):
        attempt_at(desk, job_id, do_it)
    assert (look(desk, job_id).state, look(desk, job_id).attempt, effects(desk, job_id)) == (JobState.DONE, 1, 1)


def test_an_attempt_thought_dead_cannot_commit_after_the_next_was_begun(desk: Desk) -> None:
    job_id = ask(desk)

    def slow(attempt: Attempt) -> None:
        attempt_at(desk, job_id, do_it)  # meanwhile another worker takes it up, and is faster
        do_it(attempt)

    attempt_at(desk, job_id, slow)
    job = look(desk, job_id)
    assert (job.state, job.attempt, job.broken_off, effects(desk, job_id)) == (JobState.DONE, 2, 1, 1)


def test_two_at_once_have_one_effect(desk: Desk) -> None:
    both_in = threading.Barrier(2, timeout=PATIENCE)

    def at_once(job_id: int) -> None:
        both_in.wait()
        attempt_at(desk, job_id, do_it)

    for _ in range(5):
        job_id = ask(desk)
        workers = [threading.Thread(target=at_once, args=(job_id,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert (look(desk, job_id).state, effects(desk, job_id)) == (JobState.DONE, 1)


def test_what_is_cancelled_while_it_runs_leaves_nothing(desk: Desk) -> None:
    job_id = ask(desk)

    def cancelled_in_the_middle(attempt: Attempt) -> None:
        def both(u: UnitOfWork) -> None:
            effect(u, attempt.job)
            uow.run(desk.engine, acting(desk), lambda other: jobs.order_own(other, job_id, JobOrder.CANCEL))
            attempt.report("later", 1, 2)
            attempt.finish(u, {})

        uow.run(attempt.engine, attempt.scope, both)

    attempt_at(desk, job_id, cancelled_in_the_middle)
    assert (look(desk, job_id).state, effects(desk, job_id)) == (JobState.CANCELLED, 0)
    uow.run(desk.engine, acting(desk), lambda u: jobs.order_own(u, job_id, JobOrder.RETRY))
    assert look(desk, job_id).state is JobState.QUEUED
    attempt_at(desk, job_id, do_it)
    assert (look(desk, job_id).state, effects(desk, job_id)) == (JobState.DONE, 1)


def test_a_stopping_worker_puts_it_back(desk: Desk) -> None:
    job_id, stopping = ask(desk), threading.Event()

    def stopped(attempt: Attempt) -> None:
        stopping.set()
        attempt.report("later", 1, 2)
        raise AssertionError("it went on")

    around = Circumstances(lambda error, language: str(error), lambda error: "", stopping.is_set)
    attempt_at(desk, job_id, stopped, around)
    job = look(desk, job_id)
    assert (job.state, job.broken_off) == (JobState.QUEUED, 0)
    with pytest.raises(WorkerStops):
        Attempt(desk.engine, job, acting(desk), Language.EN, around).report("", 0, 0)


def test_one_that_is_broken_off_again_and_again_is_given_up(desk: Desk) -> None:
    job_id = ask(desk)

    def lost(_: Attempt) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    for _ in range(attempts.MOST_BROKEN_OFF):
        with pytest.raises(OperationalError):
            attempt_at(desk, job_id, lost)
    attempt_at(desk, job_id, do_it)
    job = look(desk, job_id)
    assert job.error is not None
    assert (job.state, job.error.code, effects(desk, job_id)) == (JobState.FAILED, "job-given-up", 0)


def test_what_nobody_foresaw_fails_under_a_reference(desk: Desk) -> None:
    job_id, unknown = ask(desk), ask(desk, "of-another-version")
    attempt_at(desk, job_id, lambda _: [][1])
    attempt_at(desk, unknown, do_it)
    errors = [look(desk, each).error for each in (job_id, unknown)]
    assert [(e.code, e.fields) for e in errors if e] == [
        ("job-broken", {"reference": "reference"}),
        ("job-kind-unknown", {"kind": "of-another-version"}),
    ]


def test_another_person_s_job_is_not_there(desk: Desk) -> None:
    job_id = ask(desk)
    with pytest.raises(JobUnknown):
        uow.read(desk.engine, acting(desk, "office"), lambda u: jobs.own_job(u, job_id))
    with pytest.raises(JobUnknown):
        uow.run(desk.engine, acting(desk, "office"), lambda u: jobs.order_own(u, job_id, JobOrder.CANCEL))
    elsewhere = Scope(Actor(desk.users["accountant"], "127.0.0.1"))
    with pytest.raises(JobUnknown):
        uow.read(desk.engine, elsewhere, lambda u: jobs.own_job(u, job_id))


class Lives(RuleBasedStateMachine):
    """Workers take jobs up, report, end, die and come back from the dead, while people cancel and ask again."""

    desk: Desk
    asked: Bundle[int] = Bundle("asked")
    attempts_made: Bundle[Attempt] = Bundle("attempts_made")

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[int] = []

    @rule(target=asked)
    def ask(self) -> int:
        self.jobs.append(ask(self.desk))
        return self.jobs[-1]

    @rule(target=attempts_made, job_id=asked)
    def take_up(self, job_id: int) -> Attempt | None:
        own = system_scope(self.desk.school)
        job = uow.run(self.desk.engine, own, lambda u: queries.take_up(u.connection, u.scope, self.desk.school, job_id))
        return Attempt(self.desk.engine, job, acting(self.desk), Language.EN, QUIET) if job else None

    @rule(attempt=attempts_made, done=booleans())
    def report(self, attempt: Attempt | None, done: bool) -> None:
        if attempt:
            self.tolerating(lambda: attempt.report(f"phase {done}", int(done), 1))

    @rule(attempt=attempts_made)
    def finish(self, attempt: Attempt | None) -> None:
        if attempt:
            self.tolerating(lambda: do_it(attempt))

    @rule(attempt=attempts_made, state=booleans())
    def end_otherwise(self, attempt: Attempt | None, state: bool) -> None:
        if attempt:
            end = JobState.CANCELLED if state else JobState.QUEUED
            self.tolerating(lambda: uow.run(self.desk.engine, attempt.scope, lambda u: attempt._end(u, end)))

    @rule(job_id=asked, what=sampled_from(JobOrder))
    def order(self, job_id: int, what: JobOrder) -> None:
        before = look(self.desk, job_id).state
        allowed = {JobOrder.CANCEL: not before.is_over, JobOrder.RETRY: before in ("failed", "cancelled")}[what]
        try:
            uow.run(self.desk.engine, acting(self.desk), lambda u: jobs.order_own(u, job_id, what))
        except JobNotOrdered:
            assert not allowed
        else:
            assert allowed

    def tolerating(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (attempts._Superseded, attempts._Cancelled):
            return

    @invariant()
    def what_waits_is_in_the_queue(self) -> None:
        with self.desk.engine.connect() as connection:
            queued = set(
                connection.execute(
                    text("SELECT (args ->> 'job')::bigint FROM procrastinate_jobs WHERE status = 'todo'")
                ).scalars()
            )
        assert {j for j in self.jobs if look(self.desk, j).state is JobState.QUEUED} <= queued

    @invariant()
    def what_is_done_is_done_once_and_what_is_not_left_nothing(self) -> None:
        for job_id in self.jobs:
            assert effects(self.desk, job_id) == (look(self.desk, job_id).state is JobState.DONE)


@pytest.fixture
def lives(desk: Desk) -> type[Lives]:
    Lives.desk = desk
    return Lives


def test_a_job_is_never_lost_and_its_effects_are_there_once(lives: type[Lives]) -> None:
    run_state_machine_as_test(
        lives,
        settings=settings(max_examples=15, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )


def test_the_database_refuses_other_moves(desk: Desk) -> None:
    job_id = ask(desk)
    with pytest.raises(Exception, match="from queued to done"):
        uow.run(
            desk.engine,
            acting(desk),
            lambda u: u.execute(
                text("UPDATE base_job SET state = 'done', result = '{}', finished_at = now() WHERE id = :id"),
                {"id": job_id},
            ),
        )
