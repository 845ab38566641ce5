"""People and organisations, as an administrator changes them on pages."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from litestar.testing import TestClient
from sqlalchemy import text

from erp.base.clock import today
from erp.base.dates import day_string
from erp.reference.access.model import Role
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.oblast import Oblast, a_bin, an_oblast
from tests.web.desk import Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


@pytest.fixture(scope="module")
def oblast(server: TestServer) -> Iterator[Oblast]:
    url = server.new_database()
    oblast = an_oblast(url)
    yield oblast
    oblast.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def sign_in(oblast: Oblast) -> Iterator[SignIn]:
    with ExitStack() as stack:
        yield lambda login: Reader(stack.enter_context(TestClient(app_over(oblast.engine))), login)


def filled(reader: Reader, path: str, **typed: str) -> dict[str, str]:
    """The sheet at an address with some of its fields typed."""
    return Outline(reader.get(path).text).fields("sheet") | typed


def sent(reader: Reader, path: str, **typed: str) -> str:
    """Send a sheet; where it leads."""
    answer = reader.send(path, filled(reader, path, **typed))
    assert answer.status_code == 303, Outline(answer.text).one("main").text
    return answer.headers["location"]


def words(reader: Reader, path: str) -> str:
    answer = reader.get(path)
    assert answer.status_code == 200
    return Outline(answer.text).one("main").text


def past(reader: Reader, path: str) -> str:
    """The history that a page shows; empty where it shows none."""
    sections = Outline(reader.get(path).text).all("section", id="history")
    return sections[0].text if sections else ""


def events(oblast: Oblast, action: str) -> list[tuple[int, str, int | None]]:
    return oblast.by_program(
        lambda u: [
            (r.actor_id, r.subject, r.organisation_id)
            for r in u.execute(
                text("SELECT actor_id, subject, organisation_id FROM base_audit_event WHERE action = :a ORDER BY id"),
                {"a": action},
            )
        ]
    )


# ------------------------------------------------------------------------------------------------ who gets in


def test_an_administrator_without_books_begins_at_administration(sign_in: SignIn) -> None:
    keeper = sign_in("keeper")
    assert keeper.get("/").headers["location"] == "/admin"
    page = Outline(keeper.get("/admin").text)
    links = {link["href"] for link in page.all("a")}
    assert {"/admin/users", "/admin/organisations", "/account"} <= links


@pytest.mark.parametrize("path", ["/admin", "/admin/users", "/admin/users/1", "/admin/organisations"])
def test_who_administers_nothing_is_not_let_in(sign_in: SignIn, path: str) -> None:
    clerk = sign_in("clerk")
    assert clerk.get(path).status_code == 403
    assert "/admin" not in {link["href"] for link in Outline(clerk.get("/account").text).all("a")}


def test_an_administrator_reads_no_books(oblast: Oblast, sign_in: SignIn) -> None:
    assert sign_in("root").get(f"/o/{oblast.at('school')}/journal").status_code == 403


# ------------------------------------------------------------------------------------------------ people


def test_sign_ins_stand_on_a_person_s_page_for_those_above_all(oblast: Oblast, sign_in: SignIn) -> None:
    sign_in("clerk")
    page = f"/admin/users/{oblast.users['clerk']}"
    assert "Signed in" in past(sign_in("root"), page)
    assert "Signed in" not in past(sign_in("keeper"), page)
    clerk = oblast.users["clerk"]
    assert (clerk, f"user:{clerk}", None) in events(oblast, "signed-in"), "it was they who did it"


def test_a_person_is_added_with_a_role_and_chooses_a_password_first(oblast: Oblast, sign_in: SignIn) -> None:
    keeper = sign_in("keeper")
    there = sent(
        keeper,
        "/admin/users/new",
        name="Асель Нұрланқызы",
        login="asel",
        password="given-by-hand",
        role="accountant",
        organisation=str(oblast.at("lyceum")),
    )
    assert "Lyceum" in words(keeper, there)
    with TestClient(app_over(oblast.engine)) as client:
        client.headers["accept-language"] = "en"
        client.post("/sign-in", data={"login": "asel", "password": "given-by-hand"})
        asel = Reader.__new__(Reader)
        asel.client = client
        first = asel.get("/")
        assert first.headers["location"] == "/account/password?next=%2F"
        wrong = asel.send("/account/password", {"old": "not-it-at-all", "password": "a long phrase of mine"})
        assert wrong.status_code == 422
        assert "not your password" in wrong.text
        short = asel.send("/account/password", {"old": "given-by-hand", "password": "short"})
        assert "too short" in short.text
        done = asel.send(
            "/account/password?next=/account", {"old": "given-by-hand", "password": "a long phrase of mine"}
        )
        assert done.headers["location"] == "/account"
        assert "Lyceum" in words(asel, "/account")


def test_faults_come_back_at_their_fields_with_what_was_typed(oblast: Oblast, sign_in: SignIn) -> None:
    keeper = sign_in("keeper")
    form = filled(keeper, "/admin/users/new", name="Кто-то", login="Ключник!", password="1", since="32.01.2026")
    page = Outline(keeper.send("/admin/users/new", form).text)
    assert page.one("p", id="since-fault").text
    assert page.fields("sheet")["name"] == "Кто-то"
    taken = keeper.send(
        "/admin/users/new", form | {"since": day_string(today()), "login": "clerk", "password": "x" * 9}
    )
    assert taken.status_code == 409
    assert "taken" in Outline(taken.text).one("p", id="login-fault").text


def test_another_language_keeps_the_form(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("reader", (Role.ADMINISTRATOR, "roads"))
    reader = sign_in("reader")
    form = filled(reader, "/admin/users/new", name="Typed already") | {"language": "ru"}
    page = Outline(reader.send("/admin/users/new", form).text)
    assert page.one("html")["lang"] == "ru"
    assert page.fields("sheet")["name"] == "Typed already"


def test_people_are_listed_in_a_file_as_on_the_page(sign_in: SignIn) -> None:
    keeper = sign_in("keeper")
    listed = keeper.get("/admin/users?as=csv").content.decode("utf-8-sig")
    assert "Clerk" in listed
    assert "Driver" not in listed, "of others"
    assert keeper.get("/admin/users?q=driver&as=csv").content.decode("utf-8-sig").count("\n") == 1, "the heads alone"
    assert keeper.get("/admin/users?as=pdf").content.startswith(b"%PDF")


def test_people_are_found_and_only_one_s_own(sign_in: SignIn) -> None:
    keeper, root = sign_in("keeper"), sign_in("root")
    assert "Clerk" in words(keeper, "/admin/users?q=cler")
    assert "Nothing found" in words(keeper, "/admin/users?q=driver")
    assert "Driver" in words(root, "/admin/users?q=DRIV")
    assert keeper.get("/admin/users/7").status_code == 404


def test_where_a_role_counts_and_why_is_shown(oblast: Oblast, sign_in: SignIn) -> None:
    chief = words(sign_in("root"), f"/admin/users/{oblast.users['chief']}")
    assert "there itself" in chief
    assert "whose books it keeps: 2" in chief
    assert "below it: 7" not in chief
    assert "below it: 7" in words(sign_in("second"), f"/admin/users/{oblast.users['root']}")


def test_a_role_is_given_for_days_and_ended(oblast: Oblast, sign_in: SignIn) -> None:
    keeper, clerk = sign_in("keeper"), oblast.users["clerk"]
    last = today() + timedelta(days=30)
    sent(
        keeper,
        f"/admin/users/{clerk}/roles/new",
        role="planner",
        organisation=str(oblast.at("lyceum")),
        last=day_string(last),
    )
    page = words(keeper, f"/admin/users/{clerk}")
    assert f"{day_string(today())} – {day_string(last)}" in page
    again = keeper.send(
        f"/admin/users/{clerk}/roles/new",
        filled(keeper, f"/admin/users/{clerk}/roles/new", role="planner", organisation=str(oblast.at("lyceum"))),
    )
    assert again.status_code == 409
    address = next(
        link["href"]
        for link in Outline(keeper.get(f"/admin/users/{clerk}").text).all("a")
        if link["href"].endswith("/end") and "planner" in link["aria-label"]
    )
    sent(keeper, address)
    assert address not in keeper.get(f"/admin/users/{clerk}").text
    told = past(keeper, f"/admin/users/{clerk}")
    assert told.index("Role ended") < told.index("Role granted"), "the latest first"
    assert "planner" in told
    assert events(oblast, "role-ended")[-1] == (oblast.users["keeper"], f"user:{clerk}", oblast.at("lyceum"))


def test_nobody_administers_themself(oblast: Oblast, sign_in: SignIn) -> None:
    keeper, own = sign_in("keeper"), oblast.users["keeper"]
    assert "This is you" in words(keeper, f"/admin/users/{own}")
    form = filled(keeper, f"/admin/users/{own}/roles/new", role="chief_accountant")
    refused = keeper.send(f"/admin/users/{own}/roles/new", form)
    assert refused.status_code == 403
    assert "Nobody administers themself" in refused.text


def test_who_stands_above_is_beyond_the_administrator_below(oblast: Oblast, sign_in: SignIn) -> None:
    both = oblast.add_person("both", (Role.ACCOUNTANT, "school"), (Role.AUDITOR, "roads"))
    keeper = sign_in("keeper")
    assert "do not administer" in words(keeper, f"/admin/users/{both}")
    refused = keeper.send(f"/admin/users/{both}/password", {"password": "mine-from-now"})
    assert refused.status_code == 403
    sent(sign_in("root"), f"/admin/users/{both}/password", password="given-from-above")
    assert events(oblast, "password-given")[-1][1] == f"user:{both}"


def test_a_blocked_person_is_out_at_once_and_comes_back(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("leaver", (Role.ACCOUNTANT, "school"))
    leaver, keeper = sign_in("leaver"), sign_in("keeper")
    assert leaver.get("/account").status_code == 200
    sent(keeper, f"/admin/users/{oblast.users['leaver']}/block")
    assert leaver.get("/account").headers["location"].startswith("/sign-in")
    assert "blocked" in words(keeper, f"/admin/users/{oblast.users['leaver']}")
    sent(keeper, f"/admin/users/{oblast.users['leaver']}/unblock")
    assert sign_in("leaver").get("/account").status_code == 200


def test_a_day_that_has_passed_is_not_for_rights(oblast: Oblast, sign_in: SignIn) -> None:
    keeper, address = sign_in("keeper"), f"/admin/users/{oblast.users['clerk']}/block"
    yesterday = day_string(today() - timedelta(days=1))
    refused = keeper.send(address, filled(keeper, address, since=yesterday))
    assert "has passed" in Outline(refused.text).one("p", id="since-fault").text


# ------------------------------------------------------------------------------------------------ organisations


def test_the_tree_is_shown_from_the_top_of_what_is_administered(sign_in: SignIn) -> None:
    page = words(sign_in("keeper"), "/admin/organisations")
    assert [page.index(name) for name in ("Education", "Lyceum", "Office", "School", "Village")] == sorted(
        page.index(name) for name in ("Education", "Lyceum", "Office", "School", "Village")
    )
    assert "Roads" not in page
    assert "None of your organisations" in words(sign_in("root"), "/admin/organisations?day=31.12.2019")


def test_an_organisation_is_added_renamed_moved_served_and_closed(oblast: Oblast, sign_in: SignIn) -> None:
    root, code = sign_in("root"), a_bin(900)
    path = "/admin/organisations/new"
    wrong = root.send(path, filled(root, path, code=code[:-1] + str((int(code[-1]) + 1) % 10), name_kk="а", name_ru="а",
                                   name_en="a"))  # fmt: skip
    assert "not a BIN" in Outline(wrong.text).one("p", id="code-fault").text
    sent(
        root,
        path,
        code=code,
        name_kk="Жаңа мектеп",
        name_ru="Новая школа",
        name_en="New school",
        parent=str(oblast.at("education")),
        since="01.01.2024",
    )
    assert "New school" in words(root, "/admin/organisations?day=01.01.2024")
    assert "New school" not in words(root, "/admin/organisations?day=31.12.2023")
    page = Outline(root.get("/admin/organisations").text)
    own = next(a["href"] for a in page.all("a") if a.text == "New school")
    sent(root, f"{own}/name", name_en="Renamed school", since="01.01.2025")
    assert "New school" in words(root, "/admin/organisations?day=31.12.2024")
    assert "Renamed school" in words(root, "/admin/organisations?day=01.01.2025")
    sent(root, f"{own}/parent", parent=str(oblast.at("roads")), since="01.06.2025")
    sent(root, f"{own}/office", office=str(oblast.at("office")), since="01.07.2025")
    history = words(root, own)
    assert "01.01.2024 – 31.05.2025" in history
    assert "from 01.07.2025" in history
    earlier = root.send(f"{own}/parent", filled(root, f"{own}/parent", parent=str(oblast.at("education")),
                                                since="01.01.2025"))  # fmt: skip
    assert "is entered already" in Outline(earlier.text).one("p", id="since-fault").text
    sent(root, f"{own}/close", since="01.01.2026")
    assert "Renamed school" not in words(root, "/admin/organisations?day=01.01.2026")
    sent(root, f"{own}/reopen")
    assert "Renamed school" in words(root, "/admin/organisations?day=01.01.2026")
    shown = past(root, own)
    assert "Organisation renamed" in shown
    assert "New school" in shown
    told = [events(oblast, f"organisation-{what}")[-1][0] for what in ("added", "renamed", "moved", "closed")]
    assert set(told) == {oblast.users["root"]}


def test_a_body_that_stands_above_others_is_not_closed(oblast: Oblast, sign_in: SignIn) -> None:
    root = sign_in("root")
    for name, why in (("education", "stands below it"), ("office", "keeps the books of")):
        path = f"/admin/organisations/{oblast.at(name)}/close"
        refused = root.send(path, filled(root, path))
        assert refused.status_code == 409
        assert why in refused.text


def test_the_own_body_is_closed_only_from_above(oblast: Oblast, sign_in: SignIn) -> None:
    keeper, path = sign_in("keeper"), f"/admin/organisations/{oblast.at('education')}/close"
    assert keeper.send(path, filled(keeper, path)).status_code == 403


def test_the_overview_counts_and_leads_to_every_section(oblast: Oblast, sign_in: SignIn) -> None:
    root = sign_in("root")

    def counts() -> tuple[int, int, int]:
        found = re.search(r"People (\d+) blocked: (\d+) · without a second factor: (\d+)", words(root, "/admin"))
        assert found is not None
        people, blocked, without = map(int, found.groups())
        return people, blocked, without

    welder = oblast.add_person("welder", (Role.PLANNER, "school"))
    people, blocked, without = counts()
    assert people == blocked + without, "nobody here has codes"
    sent(root, f"/admin/users/{welder}/block")
    assert counts() == (people, blocked + 1, without - 1)
    page = Outline(root.get("/admin").text)
    tiles = page.one("main").text
    bodies = re.search(r"Organisations (\d+)", tiles)
    assert bodies is not None
    assert int(bodies[1]) >= len(oblast.organisations)
    for told in ("rows not verified: 0 of 0", "failed: 0", "letters waiting: 0, given up: 0", "entries not sealed: 0"):
        assert told in tiles
    sections = {link["href"] for link in page.one("nav", aria_label="Administration").inside if link.tag == "a"}
    leading = {link["href"] for link in page.one("main").inside if link.tag == "a"}
    assert sections - {"/admin"} <= leading


def test_people_are_found_by_organisation_role_and_whether_they_sign_in(oblast: Oblast, sign_in: SignIn) -> None:
    root, mason = sign_in("root"), oblast.add_person("mason", (Role.TREASURER, "school"))
    oblast.add_person("painter", (Role.TREASURER, "lyceum"))
    sent(root, f"/admin/users/{mason}/block")

    def found(asked: str) -> set[str]:
        cells = Outline(root.get(f"/admin/users?{asked}").text).all("td", class_="code")
        return {cell.text for cell in cells}

    school = oblast.at("school")
    assert found("role=treasurer") == {"mason", "painter"}
    assert found(f"role=treasurer&organisation={school}") == {"mason"}
    assert "clerk" in found(f"organisation={school}") - {"painter"}
    assert found("role=treasurer&state=blocked") == {"mason"}
    assert found("role=treasurer&state=admitted") == {"painter"}
    assert found("role=nonsense&organisation=x&state=y") == found("")
