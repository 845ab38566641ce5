"""Every page as people meet it who see little or use no mouse: axe-core finds nothing serious, by day and by night."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import ANYBODY, Permission, Role
from erp.reference.access.policy import ALLOWED
from qazyna.assets import install
from qazyna.settings import PROJECT
from tests.canary.conftest import walking_roles
from tests.canary.planting import Planted, plant
from tests.canary.walk import Door, doors
from tests.web.conftest import Site
from tests.web.desk import PASSWORD

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (375, 1440)
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = {
    "light": {"type": "tag", "values": _TAGS},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""What to ask in each: a theme changes colours only."""
_RUN = """async (runOnly) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly });
    const told = (node) => `${node.target.join(" ")} ${node.html.slice(0, 120)}`;
    return violations.filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id} ${each.nodes.slice(0, 2).map(told).join(" | ")}`);
}"""
_ELEMENT = re.compile(r"<([a-z]\w*)((?:\s[^>]*)?)>")
_SAYS = re.compile(r'\s(?:class|role|type)="[^"]*"|\s[a-z-]+')
_WIDEST = """() => [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 376
    && !e.closest(".scroll")).map(e => e.tagName + "." + e.className).slice(0, 3).join(" ")"""

_IS_THE_PERSON = """
    WITH told AS (INSERT INTO base_audit_event (actor_id, origin, action, subject)
                  VALUES (0, 'test', 'person-account-changed', 'person:0'))
    UPDATE hr_person SET user_id = (SELECT id FROM reference_user WHERE login = :login)
     WHERE id IN (SELECT person_id FROM hr_appointment WHERE organisation_id = :at)
"""
PARTS = ("/find/options", "/scenarios/{version_id:int}/figures")
"""Doors that bring a part of a page."""
OF_ROOMS = {Permission.PLAN_READ, Permission.PLAN_EDIT, Permission.STAFF_READ, Permission.STAFF_KEEP,
            Permission.SELF_SERVICE, Permission.ABSENCE_DECIDE}  # fmt: skip
NO_PAGES = (
    "/files/{file_id:int}",
    "/plans/files/{intake_id:int}",
    "/plans/{plan_id:int}/versions",
    "/plans/{plan_id:int}/scenarios",
    *PARTS,
)
"""Files, parts, what leads on to another page, and what only who brought it sees."""


@dataclass
class Eyes:
    """Looks at pages; where all elements were seen before, in ``main`` on the same route, nothing is opened again."""

    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    looked: int = 0

    def know(self, path: str, html: str) -> bool:
        """Whether each element, by its class, role, type and names of attributes, was opened before."""
        above, _, rest = html.partition("<main")
        main, _, below = rest.partition("</main>")
        shapes = {
            f"{where} {tag}{''.join(sorted(_SAYS.findall(said)))}"
            for where, part in ((path, main), ("", above + below))
            for tag, said in _ELEMENT.findall(part)
        }
        known = shapes <= self.seen
        self.seen |= shapes
        return known

    def open(self, page: Page, address: str, who: str) -> None:
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > WIDTHS[0]:
            self.wide.append(f"{address} is {width} wide, by {page.evaluate(_WIDEST)} ({who})")
        self.look(page, who)

    def look(self, page: Page, who: str) -> None:
        self.looked += 1
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for theme, asked in THEMES.items():
                page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                for fault in page.evaluate(_RUN, asked):
                    self.faults.append(f"{fault} at {page.url} ({who}, {width}, {theme})")


@pytest.fixture(scope="module")
def full(site: Site) -> Planted:
    """An institution in which everything is, and somebody of each role at it."""
    url = site.desk.engine.url.render_as_string(hide_password=False)
    planted = plant(site.desk, url)
    owner = make_engine(url, role=None, pool=1)

    def make(u: uow.UnitOfWork) -> None:
        for role in walking_roles():
            user = access.create_user(u, _login(role), role.value, PASSWORD, Language.RU)
            access.grant_role(u, user, role, planted.organisation, date(2020, 1, 1))

    uow.run(owner, system_scope(), make)
    with owner.begin() as connection:
        connection.execute(text(_IS_THE_PERSON), {"at": planted.organisation, "login": _login(Role.EMPLOYEE)})
    owner.dispose()
    return planted


def _login(role: Role) -> str:
    return f"eyes-{role.value.replace('_', '-')}"


def _signed_in(browser: Browser, site: Site, login: str) -> BrowserContext:
    context = browser.new_context(base_url=site.address, locale="ru", reduced_motion="reduce")
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_function("!location.pathname.startsWith('/sign-in')")
    return context


def _pages(context: BrowserContext, role: Role, doors_: list[Door], planted: Planted) -> Iterator[tuple[str, str, str]]:
    """Route, address and page of every door that shows one to this role."""
    for door in doors_:
        if (
            door.method == "GET"
            and door.permission in ALLOWED[role] | ANYBODY
            and not door.route.path.startswith("/api/")
            and not door.route.path.endswith(PARTS)
        ):
            for address in door.addresses(planted.organisation, planted.numbers, ["x"]):
                answer = context.request.get(address, max_redirects=0)
                if answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html"):
                    yield door.route.path, address, answer.text()
                    break


def _a_list_of_people(page: Page, organisation: int) -> int:
    """Brought by who looks, as nobody else sees it: with rows that are good, faulty and to be looked at."""
    page.goto(f"/o/{organisation}/staff/import")
    page.locator("main details summary").first.click()
    page.locator("#text").fill(
        "ФИО\tИИН\tОтдел\tДолжность\tПринят\nСейтов Арман\t\tАрхив\tИнспектор\t01.02.2024\n"
        "Сейтов Арман\t\tАрхив\tСекретарь\t01.02.2024\nКим\t7\tАрхив\t#REF!\tсегодня"
    )
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/staff/import/\d+$"))
    page.locator("#creates_units").check()
    page.locator("#creates_posts").check()
    page.locator("main button[value=check]:visible").first.click()
    page.locator("#new-title").wait_for()
    return int(page.url.rpartition("/")[2])


def _widest_roles() -> list[Role]:
    """Those that no other is allowed all of: whatever page there is, one of them opens it."""
    return [role for role in walking_roles() if not any(ALLOWED[role] < allowed for allowed in ALLOWED.values())]


@pytest.fixture(scope="module")
def eyes(browser: Browser, site: Site, full: Planted) -> Eyes:
    """After the walk."""
    if not AXE.exists():
        install()
    eyes, app_doors = Eyes(), doors(site.desk.app)
    for role in _widest_roles():
        context = _signed_in(browser, site, _login(role))
        page = context.new_page()
        if Permission.STAFF_KEEP in ALLOWED[role]:
            full.ids.setdefault("hr_intake", []).append(_a_list_of_people(page, full.organisation))
        for path, address, html in _pages(context, role, app_doors, full):
            if not eyes.know(path, html):
                eyes.open(page, address, role.value)
            eyes.opened.add(path)
        eyes.open(page, "/no-such-page", role.value)
        context.close()
    stranger = browser.new_context(base_url=site.address, locale="kk", reduced_motion="reduce")
    stranger.add_init_script(path=AXE)
    page = stranger.new_page()
    for address in ("/sign-in", "/sign-in?next=/o/1/"):
        eyes.open(page, address, "nobody")
    stranger.close()
    return eyes


def test_nothing_serious_is_found_on_any_page(eyes: Eyes) -> None:
    assert eyes.looked > 20
    assert not eyes.faults, f"{len(eyes.faults)} faults\n" + "\n".join(sorted(set(eyes.faults))[:40])


def test_every_page_fits_a_phone(eyes: Eyes) -> None:
    """Nothing but tables and charts in their own frames is wider than the page at 375 pixels."""
    assert not eyes.wide, "\n".join(eyes.wide)


def test_every_page_of_plans_and_people_was_opened(site: Site, eyes: Eyes) -> None:
    pages = {
        door.route.path
        for door in doors(site.desk.app)
        if door.method == "GET" and door.permission in OF_ROOMS and not door.route.path.startswith("/api/")
    }
    assert {path for path in pages - eyes.opened if not path.endswith(NO_PAGES)} == set()


def test_nothing_serious_is_found_on_what_opens_over_a_page(browser: Browser, site: Site, full: Planted) -> None:
    """The search window with findings, the list of keys, help at a field; also where rows are compact."""
    eyes = Eyes()
    context = _signed_in(browser, site, _login(Role.CHIEF_ACCOUNTANT))
    page = context.new_page()
    page.goto(f"/o/{full.organisation}/journal/new")
    page.keyboard.press("Control+k")
    page.locator("#palette-q").fill("3210")
    page.locator("#palette [aria-selected=true]").wait_for()
    eyes.look(page, "search window")
    page.keyboard.press("Escape")
    page.evaluate("document.documentElement.dataset.density = 'compact'")
    page.locator("a[data-keys]").dispatch_event("click")
    page.locator("#keys h2").nth(1).wait_for()
    eyes.look(page, "keys, compact")
    page.keyboard.press("Escape")
    page.locator("#effective_on").focus()
    page.keyboard.press("F1")
    page.locator("#help-effective_on").wait_for()
    eyes.look(page, "help, compact")
    context.close()
    assert not eyes.faults, "\n".join(sorted(set(eyes.faults))[:40])
