"""Registers and recodings over HTTP."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties import service as counterparties
from erp.reference.counterparties.rules import check_digit, iban_check_digits
from erp.reference.counterparties.schemas import RenameCounterparty
from erp.reference.counterparties.service import RegisterCounterparty, register
from ledger.model import Actor
from tests.web.desk import _SINCE, LYCEUM, PASSWORD, SCHOOL, STRANGERS, SUPPLIER, Desk

IIN = f"85010130012{check_digit('85010130012')}"
IBAN = f"KZ{iban_check_digits('125KZT5004100100')}125KZT5004100100"
Bearer = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def keeper(desk: Desk) -> str:
    """An administrator of a body with nobody above it."""
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)

    def make(u: uow.UnitOfWork) -> None:
        user = access.create_user(u, "keeper", "Сания Омарова", PASSWORD, Language.EN)
        access.grant_role(u, user, Role.ADMINISTRATOR, desk.organisations[SCHOOL], _SINCE)

    uow.run(owner, system_scope(), make)
    owner.dispose()
    return "keeper"


def books(desk: Desk, code: str = SCHOOL) -> str:
    return f"/api/v1/organisations/{desk.organisations[code]}"


def test_a_counterparty_is_registered_read_and_renamed_from_what_was_read(
    desk: Desk, client: TestClient[Any], bearer: Bearer
) -> None:
    register, by = f"{books(desk)}/counterparties", bearer("accountant")
    made = client.post(register, json={"code": "940140000385", "name_ru": "ТОО «Лист»"}, headers=by)
    assert made.status_code == 201
    assert made.json()["kind"] == "legal"
    shown = client.get(f"{register}/940140000385", headers=by)
    tag = shown.headers["etag"]
    rename = {"version": shown.json()["counterparty"]["version"], "name_ru": "ТОО «Лист плюс»"}
    assert client.put(f"{register}/940140000385", json=rename, headers=by | {"If-Match": tag}).status_code == 200
    late = client.put(f"{register}/940140000385", json=rename, headers=by | {"If-Match": tag})
    assert (late.status_code, late.json()["title"]) == (412, "changed-meanwhile")
    found = client.get(f"{register}?q=Лист", headers=by).json()["items"]
    assert [c["name_ru"] for c in found] == ["ТОО «Лист плюс»"]


def test_persons_and_bank_accounts_stay_with_their_institution(
    desk: Desk, client: TestClient[Any], bearer: Bearer
) -> None:
    by = bearer("office")
    here, there = (f"{books(desk, code)}/counterparties" for code in (SCHOOL, LYCEUM))
    assert client.post(here, json={"code": IIN, "name_ru": "Касымов Арман"}, headers=by).json()["kind"] == "individual"
    assert client.get(f"{there}/{IIN}", headers=by).status_code == 404
    account = client.post(f"{here}/{SUPPLIER}/accounts", json={"iban": IBAN}, headers=by)
    assert account.json()["bank_code"] == "125"
    assert client.get(f"{there}/{SUPPLIER}", headers=by).json()["accounts"] == []
    wrong = client.post(f"{here}/{SUPPLIER}/accounts", json={"iban": "KZ00" + IBAN[4:]}, headers=by)
    assert (wrong.status_code, wrong.json()["title"]) == (422, "iban-invalid")


def test_the_register_is_read_in_pages(desk: Desk, client: TestClient[Any], bearer: Bearer) -> None:
    register, by = f"{books(desk)}/counterparties", bearer("accountant")
    assert client.post(register, json={"code": "190140993860", "name_ru": "ТОО «Парта»"}, headers=by).status_code == 201
    names, cursor = [], ""
    for _ in range(10):
        page = client.get(f"{register}?limit=1{cursor}", headers=by).json()
        names += [c["code"] for c in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(names) == len(set(names)) >= 2
    assert SUPPLIER in names


def test_packages_are_listed_with_what_is_not_verified(
    desk: Desk, client: TestClient[Any], bearer: Bearer, keeper: str
) -> None:
    by = bearer(keeper)
    packages = {p["name"]: p for p in client.get("/api/v1/packages", headers=by).json()["items"]}
    assert packages["calendar"]["not_verified"] > 0
    rows = client.get("/api/v1/packages/calendar/unverified", headers=by).json()["items"]
    assert "2024-06-16" in {row["code"] for row in rows}
    assert client.get("/api/v1/packages", headers=bearer("accountant")).status_code == 403
    faulty = client.post("/api/v1/packages/offers", json={"files": {"package.toml": "name = 1"}}, headers=by)
    assert (faulty.status_code, faulty.json()["title"]) == (422, "package-invalid")


def test_the_calendar_counts_working_days(desk: Desk, client: TestClient[Any], bearer: Bearer) -> None:
    by = bearer("nobody")
    days = {d["day"]: d for d in client.get("/api/v1/calendar/2026", headers=by).json()["days"]}
    assert days["2026-05-11"]["kind"] == "day_off"
    count = client.get("/api/v1/calendar/working-days?start=2026-05-01&end=2026-06-01", headers=by)
    assert count.json()["working_days"] == 17
    assert client.get("/api/v1/calendar/2001", headers=by).json()["title"] == "calendar-unknown"


def test_a_recoding_is_looked_at_and_applied(desk: Desk, client: TestClient[Any], bearer: Bearer) -> None:
    desk.post()
    by, home = bearer("office"), f"{books(desk)}/recodings"
    said = {"title": "x", "effective_on": "2026-12-01", "lines": [{"what": "account", "old": "1316", "new": "1319"}]}
    plan = client.post(home, json=said, headers=by).json()
    assert plan["possible"]
    assert [(m["account"], m["new_account"], m["balance"]) for m in plan["moves"]] == [("1316", "1319", "1234.56")]
    address = f"{home}/{plan['recoding']['id']}"
    assert client.post(f"{address}/apply", headers=by).json() == {"outcome": "moved", "round": 1, "postings": 1}
    assert client.post(f"{address}/apply", headers=by).json()["outcome"] == "nothing"
    assert client.get(address, headers=by).json()["moves"] == []
    assert client.get(home, headers=bearer("accountant")).status_code == 403
    strange = client.post(home, json=said | {"effective_on": "0001-01-01"}, headers=by)
    assert strange.status_code == 400


def test_an_administrator_maps_for_everybody(desk: Desk, client: TestClient[Any], bearer: Bearer, keeper: str) -> None:
    by = bearer(keeper)
    said = {"title": "x", "effective_on": "2026-12-01", "lines": [{"what": "account", "old": "3210", "new": "3999"}]}
    made = client.post("/api/v1/recodings", json=said, headers=by).json()
    assert made["for_all"]
    progress = client.get(f"/api/v1/recodings/{made['id']}/progress", headers=by).json()["items"]
    assert all(set(p) == {"organisation_id", "unmoved", "rounds", "moved_at"} for p in progress)
    ended = client.post(f"/api/v1/recodings/{made['id']}/end", headers=by)
    assert (ended.status_code, ended.json()["title"]) == (409, "recoding-impossible")


def test_an_institution_joins_another(desk: Desk, client: TestClient[Any], bearer: Bearer) -> None:
    desk.post()
    by = bearer("office")
    said = {"other": LYCEUM, "effective_on": "2026-12-01", "act": "№ 12", "transit": "1280"}
    left = client.post(f"{books(desk)}/reorganisations", json=said, headers=by).json()
    assert left["joined_at"] is None
    done = client.post(f"{books(desk, LYCEUM)}/reorganisations/{left['id']}/join", headers=by).json()
    assert done["joined_at"] is not None
    assert client.post(f"{books(desk)}/reorganisations/{left['id']}/join", headers=by).status_code == 404


def test_a_body_that_others_use_is_renamed_from_on_top_and_each_of_them_is_told(
    desk: Desk, client: TestClient[Any], bearer: Bearer
) -> None:
    def registered(u: UnitOfWork) -> int:
        register(u, [RegisterCounterparty("971240001315", "АО «Су»")])
        user = access.create_user(u, "topmost", "Топ", PASSWORD, Language.EN)
        access.grant_role(u, user, Role.ADMINISTRATOR, desk.organisations[STRANGERS], date(2020, 1, 1))
        return user

    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    top = uow.run(owner, system_scope(), registered)
    for code in (SCHOOL, LYCEUM):
        place = f"{books(desk, code)}/counterparties/971240001315"
        assert client.post(f"{place}/accounts", json={"iban": IBAN}, headers=bearer("office")).status_code == 200
    refused = client.put(place, json={"version": 1, "name_ru": "Чужое"}, headers=bearer("office") | {"If-Match": "*"})
    assert (refused.status_code, refused.json()["title"]) == (403, "counterparty-shared")

    def forced(u: UnitOfWork) -> None:
        u.connection.execute(text("UPDATE reference_counterparty SET name_ru = 'x' WHERE code = '971240001315'"))

    with pytest.raises(ProgrammingError, match="others use the body"):
        uow.run(desk.engine, Scope(Actor(desk.users["office"], "x"), writes=frozenset({desk.school})), forced)
    command = RenameCounterparty(version=1, name_ru="АО «Вода»")
    uow.run(desk.engine, Scope(Actor(top, "x")), lambda u: counterparties.rename(u, None, "971240001315", command))
    told = uow.run(owner, system_scope(), lambda u: u.connection.execute(text(
        "SELECT organisation_id FROM base_audit_event"
        " WHERE action = 'counterparty-renamed' AND subject = 'counterparty:971240001315' ORDER BY 1 NULLS LAST"
    )).scalars().all())  # fmt: skip
    owner.dispose()
    assert told == [*sorted(desk.organisations[code] for code in (SCHOOL, LYCEUM)), None]
