"""How much travels before a page is there: text packed, and the first load below the limit."""

import gzip
import re
from collections.abc import Iterator
from datetime import date

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from tests.canary.planting import inserted
from tests.canary.rooms import ROOMS, Tenant
from tests.canary.walk import doors
from tests.conftest import TestServer
from tests.web.desk import PASSWORD, Desk, Reader, furnish

LIMIT = 150_000
_PARTS = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def carried(reader: Reader, address: str) -> tuple[int, str]:
    """Octets of the body as they travel, and the body."""
    request = reader.client.build_request("GET", address, headers={"accept-encoding": "gzip"})
    answer = reader.client.send(request, stream=True, follow_redirects=False)
    packed = b"".join(answer.iter_raw())
    if answer.headers.get("content-encoding") == "gzip":
        return len(packed), gzip.decompress(packed).decode()
    return len(packed), packed.decode(errors="replace")


def first_load(reader: Reader, page: str, parts: dict[str, int]) -> int:
    """``parts`` remembers what was weighed with pages before."""
    weight, body = carried(reader, page)
    for address in set(_PARTS.findall(body)):
        if address not in parts:
            parts[address] = carried(reader, address)[0]
        weight += parts[address]
    return weight


@pytest.fixture(scope="module")
def everybody(server: TestServer) -> Iterator[tuple[Desk, Reader]]:
    """Books, a plan and a staff, and one person of all roles: each page with everything that may stand on it."""
    url = server.new_database()
    desk = furnish(url)
    desk.post()
    owner = make_engine(url, role=None, pool=1)

    def make(u: uow.UnitOfWork) -> int:
        user = access.create_user(u, "everybody", "Everybody", PASSWORD, Language.EN)
        for role in Role:
            access.grant_role(u, user, role, desk.school, date(2020, 1, 1))
        return user

    user = uow.run(owner, system_scope(), make)
    owner.dispose()
    inserted(url, ROOMS, Tenant(desk.school, user, user, "nobody", "Own", 12345).facts)
    with TestClient(desk.app) as client:
        yield desk, Reader(client, "everybody")
    desk.engine.dispose()
    server.drop_database(url)


def test_the_first_load_of_every_page_is_light(everybody: tuple[Desk, Reader]) -> None:
    desk, reader = everybody
    pages = {
        door.route.path: address
        for door in doors(desk.app)
        if door.method == "GET" and not door.route.path.startswith("/api/")
        for address in door.addresses(desk.school, [1, 2], ["x"])
        for answer in [reader.get(address)]
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    }
    assert len(pages) > 100
    parts = dict[str, int]()
    heavy = {page: weight for page in pages.values() if (weight := first_load(reader, page, parts)) >= LIMIT}
    assert heavy == {}


def test_text_travels_packed_and_says_so(desk: Desk, accountant: Reader) -> None:
    plain = accountant.get(f"{desk.home}journal/new", **{"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    weight, body = carried(accountant, f"{desk.home}journal/new")
    assert len(body) == pytest.approx(len(plain.text), rel=0.01)
    assert weight < len(body) / 3
    packed = accountant.get(f"{desk.home}journal/new")
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")


def test_what_programs_ask_for_keeps_its_tag(desk: Desk) -> None:
    """A strong tag is of the octets that were sent: answers of the API are not packed on the way."""
    with TestClient(desk.app) as client:
        answer = client.get("/api/schema/openapi.json")
        assert "content-encoding" not in answer.headers
