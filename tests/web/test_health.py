"""The administrator's view of the system, and what it does not show."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.health import Copies, Program
from erp.base import uow
from erp.base.clock import LOCAL_TIME
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from qazyna.settings import Settings
from tests.factories.application import app_over
from tests.web.desk import PASSWORD, Desk, Reader

SECRETS = Settings(database_url="postgresql://qazyna:hunter2@db.example/treasury", metrics_token="sesame-open-sesame")


@pytest.fixture
def administrator(desk: Desk) -> str:
    if "administrator" not in desk.users:
        owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)

        def make(u: uow.UnitOfWork) -> int:
            user = access.create_user(u, "administrator", "Сәуле Ахметова", PASSWORD, Language.EN)
            for organisation in desk.organisations.values():
                access.grant_role(u, user, Role.ADMINISTRATOR, organisation, date(2020, 1, 1))
            return user

        desk.users["administrator"] = uow.run(owner, system_scope(), make)
        owner.dispose()
    return "administrator"


@pytest.fixture
def app(desk: Desk) -> Litestar:
    copies = Copies("/mnt/usb", datetime(2026, 11, 20, 3, 0, tzinfo=LOCAL_TIME), 4)
    program = Program("9.8.7", frozenset({"0001"}), SECRETS.shown(), SECRETS.metrics_token, lambda: copies)
    return app_over(desk.engine, program=program)


@pytest.fixture
def reader(app: Litestar, administrator: str) -> Iterator[Reader]:
    with TestClient(app) as client:
        yield Reader(client, administrator)


def words(page: Any) -> str:
    return " ".join(page.text.split())


def test_an_administrator_sees_how_the_system_stands(desk: Desk, reader: Reader) -> None:
    desk.post()
    page = reader.get("/admin/health")
    assert page.status_code == 200
    for said in ("9.8.7", "the program knows 0001", "PostgreSQL 1", "Entries waiting", "/mnt/usb", "20.11.2026 03:00",
                 "No worker runs", "QAZYNA_POOL", "db.example/treasury"):  # fmt: skip
        assert said in words(page), said


def test_no_secret_is_among_what_he_sees(reader: Reader) -> None:
    page = reader.get("/admin/health").text
    assert not any(secret in page for secret in ("hunter2", "sesame", "postgresql://"))


def test_others_do_not_see_it(desk: Desk, accountant: Reader) -> None:
    assert accountant.get("/admin/health").status_code == 403
    accountant.client.cookies.clear()
    assert accountant.get("/admin/health").status_code == 303
