"""A desk to sit down at: institutions with the shipped packages, people with roles, and the web application."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Engine

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties.service import RegisterCounterparty, register
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.queries import find_by_code
from erp.reference.organisations.service import register_organisations
from erp.reference.packages.service import load_shipped
from ledger import service as ledger
from ledger.model import Actor
from tests.factories.application import app_over
from tests.factories.witness import watch

SCHOOL, LYCEUM, STRANGERS = "120540000021", "120540000031", "120540000041"
SUPPLIER = "120540000001"
PASSWORD = "correct-horse"
YEAR_START, YEAR_END = date(2026, 1, 1), date(2026, 12, 31)
_SINCE = date(2020, 1, 1)
_NAMES = {
    SCHOOL: ("№ 7 мектеп-гимназия", "Школа-гимназия № 7", "School-gymnasium No. 7"),
    LYCEUM: ("Облыстық лицей", "Областной лицей", "Regional lyceum"),
    STRANGERS: ("Бөтен аурухана", "Чужая больница", "Another’s hospital"),
}


@dataclass
class Desk:
    """``accountant`` keeps the books of the school, ``office`` of the school and the lyceum, ``auditor`` only reads."""

    engine: Engine
    organisations: dict[str, int]
    users: dict[str, int] = field(default_factory=dict)

    @property
    def app(self) -> Litestar:
        return app_over(self.engine)

    @property
    def school(self) -> int:
        return self.organisations[SCHOOL]

    @property
    def home(self) -> str:
        return f"/o/{self.school}/"

    def post(self, *, on: date = date(2026, 3, 16), memo: str = "Paper bought", **changes: Any) -> int:
        """Post an entry into the school's books; returns its id."""
        command = PostEntry.model_validate(an_entry(effective_on=on.isoformat(), memo=memo) | changes)
        scope = Scope(Actor(self.users["accountant"], "127.0.0.1"), writes=frozenset({self.school}))
        return uow.run(self.engine, scope, lambda u: journal.post_entry(u, self.school, command))().entry_id


def an_entry(**changes: Any) -> dict[str, Any]:
    """What a command to post says: materials from a supplier, 1 234,56."""
    return {
        "key": str(uuid4()),
        "journal": "MO-06",
        "effective_on": "2026-03-16",
        "memo": "Paper bought",
        "document_number": "15",
        "document_on": "2026-03-14",
        "postings": [
            {
                "debit": {"account": "1316", "quantity": "20"},
                "credit": {"account": "3210", "dimensions": {"counterparty": SUPPLIER}},
                "amount": "1234.56",
            }
        ],
    } | changes


def furnish(url: str) -> Desk:
    """A desk in a migrated, empty database."""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
    desk = uow.run(owner, system_scope(), lambda u: _people(u, make_engine(url, pool=4)))
    owner.dispose()
    everywhere = system_scope(*desk.organisations.values())
    for organisation in (desk.organisations[SCHOOL], desk.organisations[LYCEUM]):
        uow.run(
            desk.engine,
            everywhere,
            lambda u, at=organisation: ledger.open_books(
                u.connection, at, str(at), YEAR_START, YEAR_END, u.scope.actor
            ),  # type: ignore[misc]
        )
    watch(url)
    return desk


def _people(u: UnitOfWork, engine: Engine) -> Desk:
    register_organisations(
        u,
        [OrganisationDraft(code, OrganisationKind.INSTITUTION, *names, since=_SINCE) for code, names in _NAMES.items()],
    )
    register(u, [RegisterCounterparty(SUPPLIER, "ТОО «Бумага»", "«Қағаз» ЖШС", "Paper LLP")])
    found = {code: find_by_code(u.connection, u.scope, code) for code in _NAMES}
    desk = Desk(engine, {code: each.id for code, each in found.items() if each})
    for login, name, role, codes in (
        ("accountant", "Айгүл Серікова", Role.ACCOUNTANT, [SCHOOL]),
        ("office", "Ерлан Ахметов", Role.CHIEF_ACCOUNTANT, [SCHOOL, LYCEUM]),
        ("auditor", "Дина Оспанова", Role.AUDITOR, [SCHOOL]),
        ("nobody", "Марат Ким", Role.EMPLOYEE, [SCHOOL]),
    ):
        desk.users[login] = access.create_user(u, login, name, PASSWORD, Language.EN)
        for code in codes:
            access.grant_role(u, desk.users[login], role, desk.organisations[code], _SINCE)
    return desk


class Reader:
    """A person at the desk without a browser: follows forms as plain HTML sends them."""

    def __init__(self, client: TestClient[Litestar], login: str) -> None:
        self.client = client
        client.headers["accept-language"] = "en"
        answer = client.post("/sign-in", data={"login": login, "password": PASSWORD}, follow_redirects=False)
        assert answer.status_code == 303, answer.text

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def send(self, path: str, fields: dict[str, str]) -> Response:
        """POST with the session's token, as the page's own form would."""
        csrf = access.csrf_token(self.client.cookies["qazyna_session"])
        return self.client.post(path, data={"csrf": csrf} | fields, follow_redirects=False)
