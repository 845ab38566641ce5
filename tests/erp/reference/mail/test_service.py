"""Letters against a mail server of our own: delivery, refusals, a server that is down, a worker that dies."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from time import sleep
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.reference.mail import service
from erp.reference.mail.service import Server, deliver
from erp.reference.notifications.model import NotificationKind
from erp.reference.notifications.service import ADDRESS, AddressMalformed, notify, set_contact
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories.program import free_port
from tests.web.desk import Desk, furnish
from web.letters import write


@dataclass
class Sink:
    """A mail server that keeps what it gets, and answers as it is told."""

    got: list[Message] = field(default_factory=list)
    answer: str = "250 OK"
    to_recipients: str = "250 OK"
    is_late: bool = False
    """Whether it takes letters and answers when nobody waits any more."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.to_recipients.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_recipients

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("2"):
            self.got.append(message_from_bytes(envelope.content, policy=default))
        while self.is_late:
            await asyncio.sleep(0.01)
        return self.answer


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def sink() -> Iterator[tuple[Sink, Server]]:
    handler, port = Sink(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, Server.of(f"smtp://127.0.0.1:{port}", "qazyna@oblast.kz")
    controller.stop()


@pytest.fixture
def letter(desk: Desk) -> int:
    """The number of a letter to the office, in Russian; those of other tests are out of the way."""
    office = Scope(Actor(desk.users["office"], "127.0.0.1"))
    uow.run(desk.engine, office, lambda u: set_contact(u, "office@oblast.kz", by_mail=True))
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the witness of the trail
        connection.execute(text("UPDATE reference_user SET language = 'ru' WHERE login = 'office'"))
        connection.execute(text("DELETE FROM base_mail"))
    owner.dispose()
    actor = Scope(Actor(desk.users["accountant"], "127.0.0.1"))
    uow.run(
        desk.engine,
        actor,
        lambda u: notify(u, desk.users["office"], NotificationKind.MENTIONED, "entry:1/2026/1", what="MO-06 № 15"),
    )
    return int(mail(desk)["id"])


def mail(desk: Desk) -> dict[str, Any]:
    return uow.read(
        desk.engine, system_scope(), lambda u: dict(u.execute(text("SELECT * FROM base_mail")).mappings().one())
    )


def send(desk: Desk, mail_id: int, to: Server | None) -> None:
    deliver(desk.engine, system_scope(origin="worker"), mail_id, to, write, logged)


def logged(_: Exception) -> str:
    return "1f2e3d"


def due_again(desk: Desk) -> None:
    now = text("UPDATE base_mail SET next_at = clock_timestamp()")
    uow.run(desk.engine, system_scope(), lambda u: u.execute(now))


def test_a_letter_is_delivered_in_the_language_of_who_gets_it(
    desk: Desk, letter: int, sink: tuple[Sink, Server]
) -> None:
    handler, server = sink
    send(desk, letter, server)
    send(desk, letter, server)
    (got,) = handler.got
    assert (got["From"], got["To"], got["Content-Language"]) == ("qazyna@oblast.kz", "office@oblast.kz", "ru")
    assert got["Message-ID"] == f"<{mail(desk)['message_id']}@oblast.kz>"
    assert "MO-06 № 15" in got["Subject"]
    assert isinstance(got, EmailMessage)
    assert "Ерлан Ахметов" in got.get_content()
    assert (mail(desk)["state"], mail(desk)["attempts"], mail(desk)["error"]) == ("sent", 1, "")


def test_a_letter_refused_for_good_is_given_up_and_may_be_revived(
    desk: Desk, letter: int, sink: tuple[Sink, Server]
) -> None:
    handler, server = sink
    handler.to_recipients = "550 no such person"
    send(desk, letter, server)
    assert (mail(desk)["state"], mail(desk)["error"]) == ("dead", "550 no such person")
    (dead,) = uow.read(desk.engine, system_scope(), lambda u: service.dead_letters(u, 10))
    assert (dead.name, dead.attempts, dead.error) == ("Ерлан Ахметов", 1, "550 no such person")
    handler.to_recipients = "250 OK"
    uow.run(desk.engine, system_scope(), lambda u: service.revive(u, letter))
    send(desk, letter, server)
    assert (mail(desk)["state"], len(handler.got)) == ("sent", 1)


def test_a_server_that_says_later_is_tried_later(desk: Desk, letter: int, sink: tuple[Sink, Server]) -> None:
    handler, server = sink
    handler.answer = "451 busy"
    send(desk, letter, server)
    send(desk, letter, server)  # not due yet
    assert (mail(desk)["state"], mail(desk)["attempts"], mail(desk)["error"]) == ("waiting", 1, "451 busy")
    handler.answer = "250 OK"
    due_again(desk)
    send(desk, letter, server)
    assert (mail(desk)["state"], mail(desk)["attempts"], len(handler.got)) == ("sent", 2, 1)


def test_a_server_that_is_down_is_waited_for_and_given_up_after_about_a_day(desk: Desk, letter: int) -> None:
    nowhere = Server.of(f"smtp://127.0.0.1:{free_port()}", "qazyna@oblast.kz")
    pauses = []
    for attempt in range(service.MOST_ATTEMPTS):
        assert (mail(desk)["state"], mail(desk)["attempts"]) == ("waiting", attempt)
        before = datetime.now(UTC)
        send(desk, letter, nowhere)
        pauses.append((mail(desk)["next_at"] - before).total_seconds())
        due_again(desk)
    assert mail(desk)["state"] == "dead"
    longest = service._BEFORE + service._TIMEOUT + service._BODY + service._ANSWER + service._TIMEOUT
    assert pauses[0] > longest, "an attempt is over before the next"
    assert 12 * 3600 < sum(pauses[:-1]) < 36 * 3600


def test_without_a_server_letters_wait(desk: Desk, letter: int) -> None:
    send(desk, letter, None)
    assert (mail(desk)["state"], mail(desk)["error"]) == ("waiting", "no mail server is set: QAZYNA_SMTP_URL")
    stand = uow.read(desk.engine, system_scope(), service.outbox)
    assert (stand.waiting, stand.dead) == (1, 0)


def test_killed_between_sending_and_noting_it_repeats_the_same_letter(
    desk: Desk, letter: int, sink: tuple[Sink, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, server = sink

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("erp.reference.mail.queries.mark_sent", kill)
        with pytest.raises(Killed):
            send(desk, letter, server)
    assert (mail(desk)["state"], mail(desk)["attempts"]) == ("waiting", 1)
    send(desk, letter, server)
    assert len(handler.got) == 1, "it may be under way elsewhere"
    due_again(desk)
    send(desk, letter, server)
    assert len(handler.got) == 2
    assert len({got["Message-ID"] for got in handler.got}) == 1
    assert mail(desk)["state"] == "sent"


def test_the_answer_to_a_letter_is_waited_for_longer_than_all_before(
    desk: Desk, letter: int, sink: tuple[Sink, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(service._Connection, "_wait_at_most", lambda _, seconds: waited.append(seconds))
    send(desk, letter, sink[1])
    assert waited == [180, 600, 20]
    assert (mail(desk)["state"], len(sink[0].got)) == ("sent", 1)


def test_a_letter_that_may_have_arrived_is_repeated_few_times_and_as_the_same(
    desk: Desk, letter: int, sink: tuple[Sink, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, server = sink
    handler.is_late = True
    monkeypatch.setattr(service, "_ANSWER", 0.5)
    for attempt in range(1, service.MOST_ATTEMPTS):
        due_again(desk)
        send(desk, letter, server)
        if attempt < service.MOST_COPIES:
            assert mail(desk)["state"] == "waiting"
    handler.is_late = False
    assert (mail(desk)["state"], mail(desk)["attempts"]) == ("dead", service.MOST_COPIES)
    assert mail(desk)["error"].endswith("it may have arrived")
    assert len(handler.got) <= service.MOST_COPIES
    assert len({got["Message-ID"] for got in handler.got}) == 1


def test_a_letter_is_not_handed_over_so_late_that_another_may_have_begun(
    desk: Desk, letter: int, sink: tuple[Sink, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_BEFORE", -1.0)
    send(desk, letter, sink[1])
    assert (mail(desk)["state"], mail(desk)["error"]) == ("waiting", "the mail server is too slow")
    assert sink[0].got == []


def test_a_letter_that_waits_for_its_answer_does_not_hold_up_the_end(
    desk: Desk, letter: int, sink: tuple[Sink, Server]
) -> None:
    handler, server = sink
    handler.is_late = True
    with ThreadPoolExecutor(1) as worker:
        sending = worker.submit(send, desk, letter, server)
        while not handler.got:
            sleep(0.01)
        server.break_off()
        sending.result()
    handler.is_late = False
    assert mail(desk)["error"].endswith("it may have arrived")


def test_two_workers_send_a_letter_once(desk: Desk, letter: int, sink: tuple[Sink, Server]) -> None:
    handler, server = sink

    def send_while_another_does(got: Any, to: Server) -> EmailMessage:
        send(desk, letter, server)
        return write(got, to)

    deliver(desk.engine, system_scope(origin="worker"), letter, server, send_while_another_does, logged)
    assert len(handler.got) == 1


def test_nothing_waits_in_the_database_while_a_letter_is_sent(
    desk: Desk, letter: int, sink: tuple[Sink, Server]
) -> None:
    """A transaction that is open meanwhile would hold up every seal."""
    busy: list[int] = []

    def look(got: Any, to: Server) -> EmailMessage:
        busy.append(desk.engine.pool.checkedout())  # type: ignore[attr-defined]
        return write(got, to)

    deliver(desk.engine, system_scope(origin="worker"), letter, sink[1], look, logged)
    assert (busy, mail(desk)["state"]) == ([0], "sent")


def test_who_took_their_address_away_gets_no_letter(desk: Desk, letter: int, sink: tuple[Sink, Server]) -> None:
    handler, server = sink
    office = Scope(Actor(desk.users["office"], "127.0.0.1"))
    uow.run(desk.engine, office, lambda u: set_contact(u, "", by_mail=False))
    send(desk, letter, server)
    assert (mail(desk)["state"], handler.got) == ("dead", [])


def test_who_was_blocked_gets_no_letter(desk: Desk, letter: int, sink: tuple[Sink, Server]) -> None:
    handler, server = sink
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    block = text("UPDATE reference_user SET in_force = CAST(:days AS datemultirange) WHERE login = 'office'")
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        was = connection.execute(text("SELECT in_force::text FROM reference_user WHERE login = 'office'")).scalar_one()
        connection.execute(block, {"days": "{[2020-01-01,2020-02-01)}"})
    try:
        send(desk, letter, server)
        assert (mail(desk)["state"], handler.got) == ("dead", [])
    finally:
        with owner.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(block, {"days": was})
        owner.dispose()


def test_a_letter_that_cannot_be_written_is_given_up_and_the_next_is_sent(
    desk: Desk, letter: int, sink: tuple[Sink, Server]
) -> None:
    handler, server = sink
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    address = text("UPDATE base_contact SET address = :address WHERE user_id = :office")
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(address, {"address": "-a@[a{", "office": desk.users["office"]})  # as was taken once
    owner.dispose()
    send(desk, letter, server)
    assert (mail(desk)["state"], mail(desk)["error"]) == ("dead", "AttributeError (1f2e3d)")
    office = Scope(Actor(desk.users["office"], "127.0.0.1"))
    uow.run(desk.engine, office, lambda u: set_contact(u, "office@oblast.kz", by_mail=True))
    uow.run(desk.engine, system_scope(), lambda u: service.revive(u, letter))
    assert mail(desk)["error"] == ""
    send(desk, letter, server)
    assert len(handler.got) == 1


@pytest.mark.parametrize("address", ["-a@[a{", "#|@]", "a@b..kz", ".a@b.kz", "a@-b.kz", "аман@oblast.kz", "a@"])
def test_an_address_that_no_letter_can_carry_is_refused(desk: Desk, address: str) -> None:
    office = Scope(Actor(desk.users["office"], "127.0.0.1"))
    with pytest.raises(AddressMalformed):
        uow.run(desk.engine, office, lambda u: set_contact(u, address, by_mail=True))


@given(st.from_regex(ADDRESS, fullmatch=True))
def test_any_address_that_is_taken_is_carried_as_it_is(address: str) -> None:
    message = EmailMessage()
    message["To"] = address
    assert message["To"].addresses[0].addr_spec == address


def test_a_password_never_leaves_in_clear(desk: Desk, letter: int, sink: tuple[Sink, Server]) -> None:
    handler, server = sink
    with_password = replace(server, user="qazyna", password="secret")
    send(desk, letter, with_password)
    found = mail(desk)
    assert (found["state"], found["attempts"], handler.got) == ("waiting", 1, [])
    assert found["error"].startswith("the mail server offers no encryption")


@pytest.mark.parametrize(
    "url", ["http://mail.kz", "smtp://", "mail.kz:25", "smtp://mail.kz/path", "smtp://mail.kz:x", "smtp://a:құпия@b.kz"]
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Server.of(url, "qazyna@oblast.kz")
    assert "password" not in str(refused.value)


def test_a_server_s_address_is_read() -> None:
    server = Server.of("smtps://us%40er:se%3Acret@mail.kz", "qazyna@oblast.kz")
    assert (server.host, server.port, server.encrypted) == ("mail.kz", 465, True)
    assert (server.user, server.password) == ("us@er", "se:cret")
