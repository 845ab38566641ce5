"""The import of a journal as a job: what it brings, what it says where it fails, and that nothing is done twice."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.finance.journal.imports import job as journal_import
from erp.reference.attachments import rules
from erp.reference.jobs import service as jobs
from erp.reference.jobs.model import Job, JobKeyReused, JobState
from erp.reference.notifications import service as notifications
from ledger.model import Actor
from tests.erp.reference.attachments.test_rules import a_container
from tests.web.desk import SUPPLIER, Desk

HEADINGS = "journal;date;document;memo;debit;credit;credit counterparty;amount"


def a_file(*rows: str) -> bytes:
    return "\n".join([HEADINGS, *rows]).encode()


def a_row(number: int = 1, *, debit: str = "1316", amount: str = "") -> str:
    return f"MO-06;16.03.2026;{number};Paper {number};{debit};3210;{SUPPLIER};{amount or number}"


def acting(desk: Desk, login: str = "accountant") -> Scope:
    return Scope(Actor(desk.users[login], "127.0.0.1"), writes=frozenset({desk.school}))


def ask(desk: Desk, content: bytes, *, key: UUID | None = None, rest: bool = False, name: str = "march.csv") -> int:
    file = rules.check(name, content, limit=1 << 20)
    return uow.run(
        desk.engine,
        acting(desk),
        lambda u: jobs.ask(u, desk.school, key or uuid4(), journal_import.NAME, file, rest=rest),
    )


def look(desk: Desk, job_id: int) -> Job:
    return uow.read(desk.engine, acting(desk), lambda u: jobs.own_job(u, job_id))


REFUSED = a_row(9, debit="9999")


def test_a_file_is_posted_and_the_result_tells_what(desk: Desk, drain: Callable[[], None]) -> None:
    job_id = ask(desk, a_file(a_row(1), a_row(2)))
    assert look(desk, job_id).state is JobState.QUEUED
    drain()
    job = look(desk, job_id)
    assert (job.state, job.attempt, job.error) == (JobState.DONE, 1, None)
    assert job.result is not None
    assert (job.result["entries"], job.result["amount_tiyn"], job.result["refused"]) == (2, 300, [])
    told = uow.read(desk.engine, acting(desk), lambda u: notifications.own(u, limit=1))
    assert [(n.kind, n.subject, n.facts) for n in told] == [("job-done", job.subject, {"what": "march.csv"})]


def names(desk: Desk, job_id: int) -> list[str]:
    def read(u: uow.UnitOfWork) -> list[str]:
        return [f.name for f in jobs.files_of(u, jobs.own_job(u, job_id))]

    return uow.read(desk.engine, acting(desk), read)


def test_refused_rows_are_told_in_the_person_s_language_and_all_kept(desk: Desk, drain: Callable[[], None]) -> None:
    job_id = ask(desk, a_file(a_row(21), REFUSED))
    drain()
    job = look(desk, job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.fields["rows"]) == ("import-refused", 1)
    assert job.result is not None
    assert [(row["line"], row["found"]) for row in job.result["refused"]] == [(3, "9999")]
    assert names(desk, job_id) == ["march.csv", "refused.csv"]
    told = uow.read(desk.engine, acting(desk), lambda u: notifications.own(u, limit=1))
    assert [n.kind for n in told] == ["job-failed"]


def test_what_is_right_is_posted_and_the_rest_comes_back(desk: Desk, drain: Callable[[], None]) -> None:
    job_id = ask(desk, a_file(a_row(31), REFUSED), rest=True)
    drain()
    job = look(desk, job_id)
    assert job.state is JobState.DONE
    assert job.result is not None
    assert (job.result["entries"], job.result["rows_left"], len(job.result["refused"])) == (1, 1, 1)
    assert names(desk, job_id) == ["march.csv", "rest.csv", "refused.csv"]


def test_the_same_file_again_is_refused_in_words(desk: Desk, drain: Callable[[], None]) -> None:
    content = a_file(a_row(41))
    first, second = ask(desk, content), ask(desk, content)
    drain()
    assert look(desk, first).state is JobState.DONE
    refused = look(desk, second)
    assert refused.error is not None
    assert (refused.state, refused.error.code) == (JobState.FAILED, "file-already-imported")


def test_the_same_key_is_the_same_job(desk: Desk) -> None:
    key, content = uuid4(), a_file(a_row(51))
    assert ask(desk, content, key=key) == ask(desk, content, key=key)
    with pytest.raises(JobKeyReused):
        ask(desk, a_file(a_row(52)), key=key)
    with pytest.raises(JobKeyReused):
        ask(desk, content, key=key, rest=True)


def test_a_spreadsheet_that_unpacks_beyond_measure_is_refused(
    desk: Desk, drain: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_import, "_MOST_UNPACKED", 1 << 20)
    bomb = a_container({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(8 << 20)})
    job_id = ask(desk, bomb, name="march.xlsx")
    drain()
    error = look(desk, job_id).error
    assert error is not None
    assert (error.code, error.fields["reason"]) == ("file-unreadable", "unpacked it has more than 1 MB")


def test_a_person_who_lost_the_right_meanwhile_has_nothing_done(desk: Desk, drain: Callable[[], None]) -> None:
    job_id = ask(desk, a_file(a_row(61)))
    owner = make_engine(str(desk.engine.url.render_as_string(hide_password=False)), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the witness of the trail
        connection.execute(text("UPDATE reference_role_grant SET in_force = '(,2021-01-01)' WHERE user_id = :user"),
                           {"user": desk.users["accountant"]})  # fmt: skip
    drain()
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        error = connection.execute(text("SELECT error FROM base_job WHERE id = :id"), {"id": job_id}).scalar_one()
        connection.execute(text("UPDATE reference_role_grant SET in_force = '(,)' WHERE user_id = :user"),
                           {"user": desk.users["accountant"]})  # fmt: skip
    owner.dispose()
    assert error["code"] in ("organisation-unknown", "role-missing")
