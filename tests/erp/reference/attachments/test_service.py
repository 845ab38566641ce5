"""Files at a subject: kept once, seen within the organisation, hidden and not lost."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.scope import Scope
from erp.reference.attachments import queries, rules, service
from erp.reference.attachments.model import Attachment
from erp.reference.attachments.service import AttachmentStays, AttachmentUnknown
from ledger.model import Actor
from tests.conftest import TestServer
from tests.erp.reference.attachments.test_rules import PDF
from tests.web.desk import LYCEUM, Desk, furnish


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


def scope(desk: Desk, at: int, *, writes: bool = True) -> Scope:
    only = frozenset({at})
    return Scope(Actor(desk.users["accountant"], "127.0.0.1"), reads=only, writes=only if writes else frozenset())


def attach(desk: Desk, at: int, place: str = "entry", *, content: bytes = PDF, name: str = "a.pdf") -> Attachment:
    file = rules.check(name, content, limit=1 << 20)
    return uow.run(desk.engine, scope(desk, at), lambda u: service.attach(u, at, f"{place}:{at}/2026/1", file))


def blobs(desk: Desk, at: Scope) -> int:
    found: int = uow.read(desk.engine, at, lambda u: u.execute(text("SELECT count(*) FROM base_blob")).scalar_one())
    return found


def test_the_same_content_is_kept_once_and_attached_once(desk: Desk) -> None:
    school, lyceum = desk.school, desk.organisations[LYCEUM]
    first, again, elsewhere = attach(desk, school), attach(desk, school, name="b.pdf"), attach(desk, lyceum)
    assert (again.id, again.name) == (first.id, "a.pdf")
    assert elsewhere.sha256 == first.sha256
    both = Scope(Actor(0, ""), reads=frozenset({school, lyceum}))
    assert blobs(desk, both) == 1


def test_a_content_is_read_only_where_an_attachment_of_it_is(desk: Desk) -> None:
    content = b"only the school has this"
    found = attach(desk, desk.school, content=content, name="a.txt")
    elsewhere = scope(desk, desk.organisations[LYCEUM])

    def reads(at: Scope) -> bytes | None:
        return uow.read(desk.engine, at, lambda u: queries.content(u.connection, u.scope, found.sha256))

    assert reads(scope(desk, desk.school)) == content
    assert reads(elsewhere) is None
    with pytest.raises(AttachmentUnknown):
        uow.read(desk.engine, elsewhere, lambda u: service.attachment(u, desk.school, found.id))
    with pytest.raises(AttachmentUnknown):
        uow.run(desk.engine, elsewhere, lambda u: service.remove(u, desk.school, found.id, "not mine"))
    assert uow.read(desk.engine, elsewhere, lambda u: service.attachments_of(u, desk.school, found.subject)) == []
    # Knowing the content gives it to who knows it, and to nobody else.
    attach(desk, desk.organisations[LYCEUM], content=content, name="a.txt")
    assert reads(elsewhere) == content


def test_a_removed_file_is_hidden_and_stays_on_record(desk: Desk) -> None:
    found = attach(desk, desk.school, content=b"attached by mistake", name="a.txt")
    at = scope(desk, desk.school)
    uow.run(desk.engine, at, lambda u: service.remove(u, desk.school, found.id, "of another document"))
    shown = uow.read(desk.engine, at, lambda u: service.attachments_of(u, desk.school, found.subject))
    assert found.id not in [each.id for each in shown]
    for act in (service.attachment, lambda u, o, i: service.remove(u, o, i, "again")):
        with pytest.raises(AttachmentUnknown):
            uow.run(desk.engine, at, lambda u, act=act: act(u, desk.school, found.id))  # type: ignore[misc]
    assert attach(desk, desk.school, content=b"attached by mistake", name="a.txt").id != found.id
    kept = uow.read(desk.engine, at, lambda u: queries.attachment(u.connection, u.scope, desk.school, found.id))
    assert kept is not None
    assert kept.removed_at is not None


def test_a_job_s_files_stay(desk: Desk) -> None:
    found = attach(desk, desk.school, "job", content=b"asked with", name="a.txt")
    with pytest.raises(AttachmentStays):
        uow.run(desk.engine, scope(desk, desk.school), lambda u: service.remove(u, desk.school, found.id, "why not"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE base_attachment SET name = 'b.pdf'",
        "DELETE FROM base_attachment",
        "DELETE FROM base_blob",
        "UPDATE base_blob SET content = 'x'",
        "INSERT INTO base_blob (sha256, size_bytes, content) VALUES ('x', 1, 'x')",
        "TRUNCATE base_blob",
    ],
)
def test_the_application_may_change_nothing_of_what_is_kept(desk: Desk, statement: str) -> None:
    attach(desk, desk.school)
    with pytest.raises(DBAPIError, match="permission denied"):
        uow.run(desk.engine, scope(desk, desk.school), lambda u: u.execute(text(statement)))


def test_whoever_only_reads_attaches_nothing(desk: Desk) -> None:
    file = rules.check("a.txt", b"a reader's", limit=100)
    reader = scope(desk, desk.school, writes=False)
    with pytest.raises(DBAPIError, match="row-level security"):
        uow.run(desk.engine, reader, lambda u: service.attach(u, desk.school, f"entry:{desk.school}/2026/1", file))


def test_a_subject_of_another_organisation_is_refused(desk: Desk) -> None:
    file = rules.check("a.txt", b"of whom", limit=100)
    with pytest.raises(DBAPIError, match="subject_of_organisation"):
        uow.run(
            desk.engine, scope(desk, desk.school), lambda u: service.attach(u, desk.school, "entry:999/2026/1", file)
        )
