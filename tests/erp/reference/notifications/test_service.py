"""Notifications are written with their cause and seen by their person alone; letters follow the person's wish."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.reference.notifications import service
from erp.reference.notifications.model import SENTENCES, Notification, NotificationKind
from erp.reference.notifications.service import NotificationUnknown, notify, set_contact
from ledger.model import Actor
from tests.conftest import TestServer
from tests.web.desk import Desk, furnish

FACTS = {
    "what": "MO-06 № 15",
    "reason": "The act is missing",
    "who": "Тимур Рахимов",
    "first": "01.12.2026",
    "last": "04.12.2026",
}


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


def scope(desk: Desk, login: str) -> Scope:
    return Scope(Actor(desk.users[login], "127.0.0.1"))


def tell(desk: Desk, login: str, kind: NotificationKind = NotificationKind.TO_APPROVE) -> None:
    to, actor = desk.users[login], scope(desk, "accountant")
    uow.run(desk.engine, actor, lambda u: notify(u, to, kind, f"prepared:{desk.school}/1", **FACTS))


def own(desk: Desk, login: str) -> list[Notification]:
    return uow.read(desk.engine, scope(desk, login), lambda u: service.own(u, limit=50))


@pytest.mark.parametrize("kind", NotificationKind)
def test_each_kind_has_a_sentence_that_its_facts_fill(desk: Desk, kind: NotificationKind) -> None:
    tell(desk, "office", kind)
    told = own(desk, "office")[0]
    assert told.sentence.format(**told.facts, actor=told.actor)
    assert set(SENTENCES) == set(NotificationKind)


def test_only_its_person_sees_and_reads_it(desk: Desk) -> None:
    tell(desk, "auditor")
    (told,) = own(desk, "auditor")
    assert (told.actor, told.read_at) == ("Айгүл Серікова", None)
    hidden = text("SELECT count(*) FROM base_notification WHERE user_id = :user")
    for other in ("accountant", "office"):
        with pytest.raises(NotificationUnknown):
            uow.run(desk.engine, scope(desk, other), lambda u: service.open_one(u, told.id))
        at = scope(desk, other)
        counted = uow.read(desk.engine, at, lambda u: u.execute(hidden, {"user": desk.users["auditor"]}).scalar_one())
        assert counted == 0
    assert uow.read(desk.engine, scope(desk, "auditor"), service.unread) == 1
    uow.run(desk.engine, scope(desk, "auditor"), lambda u: service.open_one(u, told.id))
    assert uow.read(desk.engine, scope(desk, "auditor"), service.unread) == 0


def test_it_is_undone_with_its_cause(desk: Desk) -> None:
    before = len(own(desk, "nobody"))

    def fail(u: uow.UnitOfWork) -> None:
        notify(u, desk.users["nobody"], NotificationKind.MENTIONED, "entry:1/2026/1", what="MO-06 № 15")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        uow.run(desk.engine, scope(desk, "accountant"), fail)
    assert len(own(desk, "nobody")) == before


def test_a_letter_is_written_only_for_who_wants_one(desk: Desk) -> None:
    def letters() -> int:
        count = text("SELECT count(*) FROM base_mail WHERE user_id = :user")
        found: int = uow.read(
            desk.engine, system_scope(), lambda u: u.execute(count, {"user": desk.users["nobody"]}).scalar_one()
        )
        return found

    tell(desk, "nobody")
    assert letters() == 0
    mine = scope(desk, "nobody")
    uow.run(desk.engine, mine, lambda u: set_contact(u, "marat@oblast.kz", by_mail=True))
    tell(desk, "nobody")
    assert letters() == 1
    uow.run(desk.engine, mine, lambda u: set_contact(u, "marat@oblast.kz", by_mail=False))
    tell(desk, "nobody")
    assert letters() == 1


def test_nobody_reads_or_sets_another_s_address(desk: Desk) -> None:
    uow.run(desk.engine, scope(desk, "office"), lambda u: set_contact(u, "office@oblast.kz", by_mail=True))
    other = scope(desk, "accountant")
    seen = uow.read(desk.engine, other, lambda u: u.execute(text("SELECT address FROM base_contact")).scalars().all())
    assert "office@oblast.kz" not in seen
    statement = text("INSERT INTO base_contact (user_id, address, by_mail) VALUES (:user, 'a@b.kz', true)")
    with pytest.raises(DBAPIError, match="row-level security"):
        uow.run(desk.engine, other, lambda u: u.execute(statement, {"user": desk.users["auditor"]}))
