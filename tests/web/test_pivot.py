"""The pivot on its page: asked, typed into as plain forms, a file brought back, and what the books say beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.economy.pivot import rules
from erp.economy.plans import service
from erp.economy.plans.model import CellChange
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry
from ledger.model import Actor
from tests.api.test_plans import with_planners
from tests.conftest import TestServer
from tests.erp.base.sheets.files import an_xlsx
from tests.factories.plans import a_leaf
from tests.web.desk import LYCEUM, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
OF = {"programme": "464.003", "specific": "149"}
BY_SPECIFIC = "row1=economic.class&row2=economic&col1=year&unit=tiyn"


@dataclass
class Planned:
    desk: Desk
    plan: int
    version: int

    @property
    def address(self) -> str:
        return f"{self.desk.home}plans/{self.plan}/versions/{self.version}"


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    """A school that paid 100.00 for paper."""
    url = server.new_database()
    desk = with_planners(url)
    for debit, credit, amount in (
        ({"account": "1091", "dimensions": OF}, {"account": "6010", "dimensions": OF}, "500.00"),
        ({"account": "1010"}, {"account": "1091", "dimensions": OF}, "100.00"),
    ):
        posting = {"debit": debit, "credit": credit, "amount": amount}
        said = {"key": str(uuid4()), "journal": "MO-16", "memo": "Paper", "postings": [posting]}
        command = PostEntry.model_validate(said | {"effective_on": date(2026, 3, 16).isoformat()})
        scope = Scope(Actor(desk.users["accountant"], "test"), writes=frozenset({desk.school}))
        uow.run(desk.engine, scope, lambda u, asked=command: journal.post_entry(u, desk.school, asked))  # type: ignore[misc]
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


@pytest.fixture
def planned(desk: Desk) -> Planned:
    """A plan by itself: paper 90.00 and 300.00, power 200.00 and 100.00."""
    at, here = desk.school, frozenset({desk.school})

    def make(u: UnitOfWork) -> Planned:
        plan = service.create_plan(u, at, "School", (2026, 2027), 2027, key=uuid4())
        (base,) = service.versions(u, at, plan.id)
        keys = [a_leaf(budget=at, organisation=at, programme="464.003", economic=code) for code in ("149", "152")]
        ids = [int(each) for each in service.intern(u, at, plan.id, keys)]
        figures = ((9_000, 30_000), (20_000, 10_000))
        said = [
            CellChange(leaf, year, tiyn)
            for leaf, row in zip(ids, figures, strict=True)
            for year, tiyn in zip((2026, 2027), row, strict=True)
        ]
        service.edit(u, at, plan.id, base.id, said, "First figures", expected_edits=0, key=uuid4())
        return Planned(desk, plan.id, base.id)

    scope = Scope(Actor(desk.users["planner"], "test"), plans=here, edits=here)
    return uow.run(desk.engine, scope, make)


def rows(page: str) -> list[list[str]]:
    (body,) = Outline(page).all("tbody")
    return [[cell.text for cell in row.inside if cell.tag in ("th", "td")] for row in body.inside if row.tag == "tr"]


def form_of(page: str) -> dict[str, str]:
    """What the page's fields would send, check boxes aside."""
    inputs = [each for each in Outline(page).all("input") if each["name"] and each["type"] != "checkbox"]
    return {each["name"]: each["value"] for each in inputs}


def test_rows_columns_and_level_are_chosen_in_the_address(sign_in: SignIn, planned: Planned) -> None:
    planner = sign_in("planner")
    page = planner.get(f"{planned.address}/pivot?{BY_SPECIFIC}")
    assert page.status_code == 200
    assert rows(page.text)[0] == ["Total", "290,00", "400,00"]
    across = planner.get(f"{planned.address}/pivot?row1=year&col1=economic&unit=tiyn").text
    assert [row[1:] for row in rows(across)] == [["390,00", "300,00"], ["90,00", "200,00"], ["300,00", "100,00"]]
    one = planner.get(f"{planned.address}/pivot?{BY_SPECIFIC}&in.economic=152").text
    assert rows(one)[0] == ["Total", "200,00", "100,00"]
    assert planner.get(f"{planned.address}/pivot?row1=nonsense&col1=year").status_code == 422


def test_a_total_typed_is_shown_first_and_then_saved(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    fields = form_of(planner.get(f"{address}&type=1").text)
    fields = {name: value for name, value in fields.items() if name[:2] in ("f.", "r.", "c.", "ke", "ed")}
    fields["f.0.1"] = "800,00"
    shown = planner.send(address, fields | {"do": "check"})
    assert shown.status_code == 200
    assert "→ 600,00" in shown.text
    assert planner.send(address, fields | {"do": "save", "reason": ""}).status_code == 422
    saved = planner.send(address, fields | {"do": "save", "reason": "More for schools"})
    assert saved.status_code == 303, saved.text
    assert rows(planner.get(address).text)[0] == ["Total", "290,00", "800,00"]
    twice = planner.send(address, fields | {"do": "save", "reason": "More for schools"})
    assert twice.headers["location"] == saved.headers["location"], "a button pressed twice"


def test_what_another_saved_meanwhile_stays_and_so_does_what_was_typed(sign_in: SignIn, planned: Planned) -> None:
    planner, head, address = sign_in("planner"), sign_in("budget-head"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    page = form_of(planner.get(f"{address}&type=1").text)
    fields = {name: value for name, value in page.items() if name[:2] in ("f.", "r.", "c.", "ke", "ed")}
    other = fields | {"f.2.0": "95,00", "key": str(uuid4()), "do": "save", "reason": "Dearer paper"}
    assert head.send(address, other).status_code == 303
    moved = planner.send(address, fields | {"f.3.1": "150,00", "do": "save", "reason": "Dearer power"})
    assert moved.status_code == 409
    again = form_of(moved.text)
    assert (again["f.2.0"], again["f.3.1"], again["edits"]) == ("95,00", "150,00", "2")
    fields = {name: value for name, value in again.items() if name[:2] in ("f.", "r.", "c.", "ke", "ed")}
    assert planner.send(address, fields | {"do": "save", "reason": "Dearer power"}).status_code == 303
    assert rows(planner.get(address).text)[0] == ["Total", "295,00", "450,00"]


def test_typing_stays_on_its_page(sign_in: SignIn, planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.economy.pivot.TYPED_A_PAGE", 2)
    planner, address = sign_in("planner"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    page = planner.get(f"{address}&type=1&page=2").text
    (form,) = Outline(page).all("form", id="typing")
    fields = {name: value for name, value in form_of(page).items() if name[:2] in ("f.", "r.", "c.", "ke", "ed")}
    shown = planner.send(form["action"], fields | {"f.3.1": "150,00", "do": "check"})
    assert form_of(shown.text)["f.3.1"] == "150,00"
    refused = planner.send(form["action"], fields | {"f.3.1": "150,00", "do": "save", "reason": ""})
    assert 'id="reason-fault"' in refused.text


def test_what_cannot_be_read_comes_back_at_its_field(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    fields = {"r.0": "", "c.0": "2026", "f.0.0": "much", "edits": "1", "key": str(uuid4()), "do": "save"}
    answer = planner.send(address, fields | {"reason": "A try"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    assert "f.0.0-fault" in answer.text


@pytest.mark.parametrize(("who", "status"), [("auditor", 403), ("accountant", 403), ("budget-head", 200)])
def test_who_plans_types_and_others_do_not(sign_in: SignIn, planned: Planned, who: str, status: int) -> None:
    fields = {"r.0": "", "c.0": "2026", "f.0.0": "1", "edits": "1", "key": str(uuid4()), "do": "check"}
    assert sign_in(who).send(f"{planned.address}/pivot?{BY_SPECIFIC}", fields).status_code == status


def test_a_page_has_only_so_many_columns(sign_in: SignIn, planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.economy.pivot.MOST_COLUMNS", 1)
    page = sign_in("planner").get(f"{planned.address}/pivot?{BY_SPECIFIC}").text
    assert rows(page)[0] == ["Total", "290,00"]
    assert "1 more columns are not shown" in page


def test_a_view_of_too_many_figures_is_told_and_no_other_taken_for_it(
    sign_in: SignIn, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    most = len(rows(planner.get(address).text)) * 2
    monkeypatch.setattr(rules, "MOST_FIGURES", most - 1)
    page = planner.get(address)
    assert (page.status_code, f"would have {most} figures" in page.text) == (422, True)
    assert planner.get(f"{address}&as=csv").status_code == 422
    monkeypatch.setattr(rules, "MOST_FIGURES", most)
    assert planner.get(address).status_code == 200


def test_groups_are_chosen_from_a_list_of_their_level(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/pivot?{BY_SPECIFIC}"
    offered = Outline(planner.get(f"{address}&level=economic").text).all("input", name="key")
    assert [each["value"] for each in offered] == ["149", "152"]
    assert rows(planner.get(f"{address}&level=economic&key=152").text)[0] == ["Total", "200,00", "100,00"]
    assert rows(planner.get(f"{address}&level=economic&key=149&key=152").text)[0] == ["Total", "290,00", "400,00"]


@pytest.mark.parametrize("path", ["/pivot", "/pivot?type=1", "/file", "/pivot/actual?actual=nonsense", ""])
def test_a_plan_of_another_is_not_there(sign_in: SignIn, planned: Planned, path: str) -> None:
    planner, desk = sign_in("planner"), planned.desk
    known = planner.get(f"{planned.address}{path}")
    assert known.status_code == 200, known.text
    elsewhere = planned.address.replace(desk.home, f"/o/{desk.organisations[LYCEUM]}/")
    assert planner.get(f"{elsewhere}{path}").status_code in (403, 404)
    assert planner.get(f"{planned.address}9999999{path}").status_code == 404


def test_the_books_stand_beside_and_lead_to_postings_where_they_may(sign_in: SignIn, planned: Planned) -> None:
    address = f"{planned.address}/pivot?{BY_SPECIFIC}&actual=paid&years=2026"
    planner, auditor = sign_in("planner"), sign_in("auditor")
    assert rows(planner.get(address).text)[0] == ["Total", "290,00", "100,00", "34,5"]
    behind = f"{planned.address}/pivot/actual?{BY_SPECIFIC}&actual=paid&years=2026&row=&column=2026"
    assert "1091" not in planner.get(behind).text
    page = auditor.get(behind).text
    links = [
        each["href"].replace("&amp;", "&") for each in Outline(page).all("a") if "reports/postings" in each["href"]
    ]
    assert len(links) == 1
    postings = auditor.get(links[0])
    (back,) = [each["href"] for each in Outline(postings.text).all("a") if each.text == "← Back"]
    assert back.startswith(f"{planned.address}/pivot/actual?")
    assert auditor.get(back).status_code == 200
    assert postings.status_code == 200
    assert "100,00" in postings.text


def test_a_view_is_kept_shared_and_forgotten(sign_in: SignIn, planned: Planned) -> None:
    planner, head = sign_in("planner"), sign_in("budget-head")
    fields = {"query": BY_SPECIFIC, "version": str(planned.version), "name": "By specific", "shared": "on"}
    nameless = planner.send(f"{planned.desk.home}plans/{planned.plan}/views", fields | {"name": " "})
    assert nameless.status_code == 422
    assert 'id="name-fault"' in nameless.text
    kept = planner.send(f"{planned.desk.home}plans/{planned.plan}/views", fields)
    assert kept.status_code == 303
    page = head.get(f"{planned.address}/pivot").text
    (link,) = [each for each in Outline(page).all("a") if each.text == "By specific"]
    assert head.get(link["href"].replace("&amp;", "&")).status_code == 200
    own = planner.get(f"{planned.address}/pivot").text
    (form,) = [each["action"] for each in Outline(own).all("form") if "/views/" in each["action"]]
    assert form.endswith("/rename")
    forget, at = form.replace("/rename", "/delete"), {"version": str(planned.version)}
    for act, said in ((form, at | {"name": "Mine"}), (forget, at)):
        assert head.send(act, said).status_code == 404
    assert planner.send(form, at | {"name": "Specifics"}).status_code == 303
    planner.send(f"{planned.desk.home}plans/{planned.plan}/views", fields | {"name": "Other"})
    taken = planner.send(form, at | {"name": "Other"})
    assert taken.status_code == 409
    assert "You keep another view under the name “Other”" in taken.text
    auditor = sign_in("auditor")
    assert 'id="shared"' not in auditor.get(f"{planned.address}/pivot").text
    assert auditor.send(f"{planned.desk.home}plans/{planned.plan}/views", fields).status_code == 403
    page = head.get(f"{planned.address}/pivot").text
    assert "Specifics" in [each.text for each in Outline(page).all("a")]
    assert planner.send(forget, at).status_code == 303


def test_above_sections_stands_the_balance_and_it_is_not_typed(sign_in: SignIn, planned: Planned) -> None:
    page = sign_in("planner").get(f"{planned.address}/pivot?row1=economic&col1=year&section=all&unit=tiyn&type=1").text
    balance = next(row for row in Outline(page).all("tr") if "V. Deficit (−) or surplus" in row.text)
    assert "−400,00" in balance.text, "two expenditures and no revenue"
    fields = {each["name"] for each in Outline(page).all("input") if each["name"].startswith("f.")}
    assert not any(name.startswith("f.0.") for name in fields)
    assert any(name.startswith("f.1.") for name in fields)
    assert "2027: −400,00" in page, "what rounds to no million is told in tenge"
    assert "Of revenue no actual stands" not in page
    beside = sign_in("planner").get(f"{planned.address}/pivot?row1=economic&col1=year&section=revenue&actual=paid").text
    assert "know no codes of revenue" in beside


def test_what_is_taken_out_is_changed_and_brought_back(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/file"
    taken = planner.get(f"{address}?as=csv").text
    assert planner.get(f"{address}?as=xlsx").content[:2] == b"PK"
    changed = taken.replace("300,00", "350,00").replace("200,00", "two")
    key = form_of(planner.get(address).text)["key"]
    csrf = form_of(planner.get(address).text)["csrf"]
    answer = planner.client.post(
        address,
        data={"csrf": csrf, "key": key},
        files={"file": ("figures.csv", changed.encode(), "text/csv")},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    draft = answer.headers["location"]
    page = planner.get(draft)
    assert page.status_code == 200
    fields = form_of(page.text)
    (wrong,) = [name for name, value in fields.items() if value == "two"]
    said = {"revision": fields["revision"], "edits": fields["edits"], "reason": "From the school"}
    assert planner.get(f"{draft}?as=csv").text.count("two") >= 1
    accepted = planner.send(draft, said | {wrong: "210.00", "do": "accept"})
    assert accepted.status_code == 303, accepted.text
    assert rows(planner.get(f"{planned.address}/pivot?{BY_SPECIFIC}").text)[0] == ["Total", "300,00", "450,00"]
    assert sign_in("budget-head").get(draft).status_code == 404


def test_the_sheet_of_a_workbook_is_chosen(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/file"
    fields = form_of(planner.get(address).text)
    book = an_xlsx([["Specific", 2027], [152, 7]], [["Specific", 2027], [149, 9], [999, 1]])
    draft = planner.client.post(
        address,
        data={"csrf": fields["csrf"], "key": fields["key"]},
        files={"file": ("figures.xlsx", book, "application/octet-stream")},
        follow_redirects=False,
    ).headers["location"]
    first = Outline(planner.get(draft).text)
    assert [each.text for each in first.all("option") if "Sheet" in each.text] == ["Sheet1", "Sheet2"]
    revision = form_of(planner.get(draft).text)["revision"]
    assert planner.send(draft, {"revision": revision, "sheet": "1", "do": "check"}).status_code == 303
    assert "“999”" in planner.get(draft).text
    wrong = planner.send(draft, {"revision": str(int(revision) + 1), "sheet": "7", "do": "check"})
    assert (wrong.status_code, "Sheet1, Sheet2" in wrong.text) == (422, True)


def test_a_file_of_something_else_is_told_and_thrown_away(sign_in: SignIn, planned: Planned) -> None:
    planner, address = sign_in("planner"), f"{planned.address}/file"
    fields = form_of(planner.get(address).text)
    answer = planner.client.post(
        address,
        data={"csrf": fields["csrf"], "key": fields["key"], "text": "a\tb\n1\t2\n"},
        files={"file": ("", b"", "application/octet-stream")},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    draft = answer.headers["location"]
    page = planner.get(draft).text
    assert "no row of heads" in page
    revision = form_of(page)["revision"]
    assert planner.send(draft, {"revision": revision, "do": "discard"}).status_code == 303
    assert planner.get(draft).status_code == 404
