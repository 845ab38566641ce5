"""How much travels before a page is there: text packed, and the first load below the limit."""

import gzip
import re
from collections.abc import Callable

import pytest
from litestar.testing import TestClient

from tests.canary.walk import doors
from tests.web.desk import Desk, Reader

SignIn = Callable[[str], Reader]
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


def first_load(reader: Reader, page: str) -> int:
    weight, body = carried(reader, page)
    for address in set(_PARTS.findall(body)):
        weight += carried(reader, address)[0]
    return weight


def test_the_first_load_of_every_page_is_light(desk: Desk, sign_in: SignIn) -> None:
    desk.post()
    reader = sign_in("office")
    pages = [
        address
        for door in doors(desk.app)
        if door.method == "GET" and not door.route.path.startswith("/api/")
        for address in [next(door.addresses(desk.school, [1], ["x"]))]
        for answer in [reader.get(address)]
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    ]
    assert len(pages) > 8
    heavy = {page: weight for page in pages if (weight := first_load(reader, page)) >= LIMIT}
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
