"""People from a file, as an HR officer brings them: plain forms."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.staff import VAULT, Staff, a_staff, an_identity
from tests.web.desk import PASSWORD, Desk, Reader, furnish
from tests.web.outline import Outline
from tests.web.test_pivot import form_of

SignIn = Callable[[str], Reader]


@pytest.fixture(scope="module")
def staff_desk(server: TestServer) -> Iterator[tuple[Desk, Staff]]:
    """A desk at whose school everybody of the factory serves."""
    url = server.new_database()
    desk = furnish(url)
    yield desk, a_staff(url, desk.engine, organisation=desk.school, password=PASSWORD)
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def staff(staff_desk: tuple[Desk, Staff]) -> Staff:
    return staff_desk[1]


@pytest.fixture
def enter(staff_desk: tuple[Desk, Staff]) -> Iterator[SignIn]:
    desk, staff = staff_desk
    app = app_over(desk.engine, vault=VAULT)
    with ExitStack() as stack:
        yield lambda who: Reader(stack.enter_context(TestClient(app)), staff.logins[who])


def bring(reader: Reader, address: str, content: bytes, name: str = "list.csv") -> Any:
    fields = form_of(reader.get(address).text)
    return reader.client.post(
        address,
        data={"csrf": fields["csrf"], "key": fields["key"]},
        files={"file": (name, content, "application/octet-stream")},
        follow_redirects=False,
    )


def typed(page: str) -> dict[str, str]:
    """What the page's form would send."""
    return {name: text for name, text in Outline(page).fields("intake").items() if name != "csrf"}


def test_a_list_is_brought_mended_accepted_and_gone(enter: SignIn, staff: Staff) -> None:
    officer, address = enter("officer"), f"/o/{staff.organisation}/staff/import"
    assert address in officer.get(f"/o/{staff.organisation}/staff").text
    identity = an_identity()
    text = (
        "ФИО;ИИН;Дата рождения;Подразделение;Должность;Ставка;Дата приема\n"
        f"Нурланов Арман Болатұлы;{identity};19.07.1985;Бухгалтерия;Бухгалтер;1;01.02.2024\n"
        f"Ким Олег;{identity[:-1]}x;;Бухгалтерия;Бухгалтер;1;01.02.2024\n"
        "Пак Анна;;;Бухгалтерея;Бухгалтер;0,5;тогда\n"
    )
    brought = bring(officer, address, text.encode())
    assert brought.status_code == 303, brought.text
    draft = brought.headers["location"]
    page = officer.get(draft).text
    assert "There is no unit “Бухгалтерия”" in page
    assert identity[6:] not in page
    assert identity[6:-1] not in page

    def sent(**said: str) -> Any:
        return officer.send(draft, typed(officer.get(draft).text) | said)

    ticks = {"creates_units": "on", "creates_posts": "on", "do": "check"}
    assert sent(**ticks).status_code == 303
    page = officer.get(draft).text
    assert "Units that would be created" in page
    assert "This is not an IIN" in page
    assert "“тогда” is not a day" in page
    refused = sent(do="accept")
    assert refused.status_code == 422
    assert 'id="reason-fault"' in refused.text
    long = "Order 12, " * 120 + "and the last"
    refused = sent(do="accept", reason=long)
    assert refused.status_code == 422
    assert Outline(refused.text).one("input", name="reason")["value"] == long, "a ground is never cut"
    mended = {"cell.B3": "-", "cell.D4": "Бухгалтерия"}
    accepted = sent(**ticks | mended | {"do": "accept", "reason": "Order 12"})
    assert accepted.status_code == 303, accepted.text
    page = officer.get(draft).text
    assert "people: 2, appointments: 2" in page
    assert "Нурланов" not in page, "what was accepted is kept no more"
    rest = officer.get(f"{draft}?as=csv").text
    assert "Пак Анна" in rest
    assert "тогда" in rest
    people = officer.get(f"/o/{staff.organisation}/staff?q=Нурланов").text
    assert "Нурланов Арман Болатұлы" in people
    assert "Бухгалтерия" in people
    assert sent(do="discard").headers["location"] == address
    assert "Nothing of the file is left here." in officer.get(draft).text
    assert "people: 2" in officer.get(address).text
    assert enter("hr_head").get(draft).status_code == 404, "a list is its owner's"
    assert enter("lead").get(address).status_code == 403


def test_the_empty_table_says_what_belongs_into_it_and_comes_back(enter: SignIn, staff: Staff) -> None:
    officer, address = enter("officer"), f"/o/{staff.organisation}/staff/import"
    empty = officer.get(f"{address}?as=xlsx")
    assert empty.content[:2] == b"PK"
    brought = bring(officer, address, empty.content, "people.xlsx")
    page = officer.get(brought.headers["location"]).text
    picked = [o["value"] for o in Outline(page).all("option") if "selected" in o.attributes]
    assert {"name", "identity", "unit", "post", "since"} <= set(picked)
    assert officer.get(f"{address}?as=csv").text.startswith("﻿Full name;Day of birth;")


def test_columns_are_told_by_hand(enter: SignIn, staff: Staff) -> None:
    officer, address = enter("officer"), f"/o/{staff.organisation}/staff/import"
    draft = bring(officer, address, "Кто;Где;Кем\nЛи Вера;office;post of director\n".encode()).headers["location"]
    page = officer.get(draft).text
    assert "are not found" in page
    assert officer.send(draft, typed(page) | {"heads": "1", "do": "check"}).status_code == 303
    columns = {"column.0": "name", "column.1": "unit", "column.2": "post", "since": "01.02.2024"}
    assert officer.send(draft, typed(officer.get(draft).text) | columns | {"do": "check"}).status_code == 303
    page = officer.get(draft).text
    assert "this post left" in page, "the director's post is held"
    refused = officer.send(draft, typed(page) | {"since": "31.02.2024", "do": "check"})
    assert refused.status_code == 422
    assert 'id="since-fault"' in refused.text
    stale = officer.send(draft, typed(page) | {"revision": "1", "do": "check"})
    assert stale.status_code == 409


def test_rows_that_only_add_numbers_are_counted_and_left_out_one_by_one(enter: SignIn, staff: Staff) -> None:
    officer, address = enter("officer"), f"/o/{staff.organisation}/staff/import"
    heads, born = "ФИО;ИИН;Дата рождения;Подразделение;Должность;Ставка;Дата приема\n", ("19.07.1985", "20.07.1985")
    names = ("Оспан Дана", "Оспан Дина")
    known = "".join(f"{name};;{day};Архив;Архивариус;1;01.02.2024\n" for name, day in zip(names, born, strict=True))
    numbers = [an_identity(date(1985, 7, day)) for day in (19, 20)]
    told = "".join(f"{name};{n};;Архив;Архивариус;1;01.02.2024\n" for name, n in zip(names, numbers, strict=True))

    def sent(draft: str, **said: str) -> str:
        answer = officer.send(draft, typed(officer.get(draft).text) | said)
        assert answer.status_code == 303, answer.text
        return officer.get(draft).text

    draft = bring(officer, address, (heads + known).encode()).headers["location"]
    sent(draft, creates_units="on", creates_posts="on", do="accept", reason="Order 13")
    draft = bring(officer, address, (heads + told).encode()).headers["location"]
    offered = Outline(officer.get(draft).text)
    assert "Rows without faults 0" in offered.one("dl", id="counts").text
    assert not offered.all("input", name="leave.2"), "it would not be taken anyway"
    ticked = Outline(sent(draft, adds_identities="on", do="check"))
    assert "Rows without faults 2" in ticked.one("dl", id="counts").text
    but_one = {"adds_identities": "on", "leave.3": "1"}
    left = Outline(sent(draft, **but_one, do="check", reason="Papers"))
    assert left.one("input", name="reason")["value"] == "Papers", "what was typed stays"
    assert "Rows without faults 1" in left.one("dl", id="counts").text
    done = sent(draft, **but_one, do="accept", reason="Papers of identity")
    assert "people: 0, appointments: 0. Identity numbers added: 1." in done
    assert "identity numbers: 1" in officer.get(address).text
    kept = Outline(done).one("input", name="leave.3")
    assert "checked" in kept.attributes, "the row that was left out stays"


def test_nothing_is_brought_without_a_file(enter: SignIn, staff: Staff) -> None:
    officer, address = enter("officer"), f"/o/{staff.organisation}/staff/import"
    answer = bring(officer, address, b"")
    assert answer.status_code == 422
    assert bring(officer, address, b"\x00\x01").status_code == 422
