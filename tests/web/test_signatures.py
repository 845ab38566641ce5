"""Signatures on pages: everybody's check, one signature whole, one's own certificates; without a script."""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html import unescape

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.options import NCALAYER, Options
from erp.base import uow
from erp.base.scope import Scope
from erp.reference.access import service as access
from erp.reference.signatures import rules, service
from erp.reference.signatures.model import Cms, Consent, Document, Evidence, Signature
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories import authority as authorities
from tests.factories.application import app_over
from tests.factories.authority import Authority, Holder
from tests.web.desk import Desk, Reader, furnish

DOCUMENT = Document("entry", "15", date(2026, 3, 16))
CONTENT = rules.canonical("prepared:1/1", "second-signature", DOCUMENT, amount="7418.52", memo="Канцтовары")

OUTSIDE = Options(public_url="https://qazyna.example.kz")


@dataclass
class Hall:
    """A desk with a trusted authority, and the accountant's key."""

    desk: Desk
    authority: Authority
    holder: Holder
    apps: dict[Options, Litestar] = field(default_factory=dict)

    def visitor(self, options: Options = OUTSIDE) -> "TestClient[Litestar]":
        if options not in self.apps:
            self.apps[options] = app_over(self.desk.engine, options=options)
        client = TestClient(self.apps[options])
        client.headers["accept-language"] = "en"
        return client

    def sign(self, evidence: Evidence) -> Signature:
        at = frozenset({self.desk.school})
        scope = Scope(Actor(self.desk.users["accountant"], "127.0.0.1"), reads=at, writes=at)
        subject = f"prepared:{self.desk.school}/1"

        def act(u: uow.UnitOfWork) -> Signature:
            return service.sign(u, self.desk.school, subject, "second-signature", CONTENT, evidence)

        return uow.run(self.desk.engine, scope, act)


@pytest.fixture(scope="module")
def hall(server: TestServer) -> Iterator[Hall]:
    url = server.new_database()
    desk, authority = furnish(url), Authority.new()
    authorities.trust(url, authority)
    yield Hall(desk, authority, authority.person())
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def stranger(hall: Hall) -> "TestClient[Litestar]":
    return hall.visitor()


@pytest.fixture
def accountant(hall: Hall) -> Reader:
    return Reader(hall.visitor(), "accountant")


def send_files(reader: Reader, path: str, fields: dict[str, str], **files: bytes):  # type: ignore[no-untyped-def]
    csrf = access.csrf_token(reader.client.cookies["qazyna_session"])
    sent = {name: (f"{name}.cms", content) for name, content in files.items()}
    return reader.client.post(path, data={"csrf": csrf} | fields, files=sent or {"none": b""}, follow_redirects=False)


def shown_bytes(page: str) -> str:
    """What a page has in its form to be signed, base64."""
    match = re.search(r'name="signed" value="([^"]*)"', page)
    assert match, page
    return unescape(match[1])


# ------------------------------------------------------------------------------------------------ certificates


def test_a_person_registers_the_certificate_whose_key_signs_the_challenge(hall: Hall, accountant: Reader) -> None:
    page = accountant.get("/account/certificates/new").text
    signed = shown_bytes(page)
    other = send_files(
        accountant, "/account/certificates/new", {"signed": signed, "evidence": "file"},
        **{"container-file": hall.holder.sign(b"something else")},
    )  # fmt: skip
    assert other.status_code == 422
    assert "The signature is of another document" in other.text
    container = hall.holder.sign(b64decode(signed))
    done = send_files(
        accountant, "/account/certificates/new", {"signed": signed, "evidence": "file"}, **{"container-file": container}
    )
    assert done.status_code == 303, done.text
    account = accountant.get("/account").text
    assert "СЕРІКОВА АЙГҮЛ" in account
    assert "850719300018" in account


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"signed": "e30="}, 409, "The document has changed since you opened the page"),
        ({}, 422, "This step needs an electronic digital signature"),
        ({"evidence": "consent"}, 422, "This step needs an electronic digital signature"),
        ({"evidence": "file"}, 422, "Choose a file first"),
        ({"evidence": "cms", "container": "ж"}, 422, "This is no signature that can be read"),
    ],
)
def test_a_form_without_a_right_signature_comes_back(
    accountant: Reader, fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = send_files(accountant, "/account/certificates/new", fields)
    assert answer.status_code == status
    assert sentence in answer.text
    assert "What exactly is signed" in answer.text


def test_what_is_to_be_signed_is_saved_as_a_file(accountant: Reader) -> None:
    signed = shown_bytes(accountant.get("/account/certificates/new").text)
    answer = send_files(accountant, "/signing/content", {"signed": signed})
    assert answer.status_code == 200
    assert answer.content == b64decode(signed)
    assert answer.headers["content-disposition"].startswith("attachment")


# ------------------------------------------------------------------------------------------------ the check


def test_everybody_may_check_a_signature_and_sees_no_amount_and_no_text(
    hall: Hall, accountant: Reader, stranger: TestClient[Litestar]
) -> None:
    signature = hall.sign(Consent())
    for address in (f"/check/{signature.check_code}", f"/check/{rules.shown_code(signature.check_code).lower()}"):
        page = stranger.get(address)
        assert page.status_code == 200, page.text
        for said in ("School-gymnasium No. 7", "Entry № 15", "16.03.2026", "Айгүл Серікова", "second signature",
                     "accountant", "The signature is valid.", "consent recorded"):  # fmt: skip
            assert said in page.text, said
        assert "7418" not in page.text
        assert "Канцтовары" not in page.text
    told = stranger.get(f"/api/v1/check/{signature.check_code}").json()
    assert told["verdict"]["valid"] is True
    assert (told["kind"], told["number"], told["on"]) == ("entry", "15", "2026-03-16")
    assert "7418" not in str(told)


def test_a_wrong_code_is_told_so(stranger: TestClient[Litestar]) -> None:
    for address in ("/check/x", f"/check/{rules.new_code()}", "/check?code=abc"):
        page = stranger.get(address)
        assert page.status_code == 404
        assert "There is no such signature" in page.text
    assert stranger.get("/check").status_code == 200
    code = rules.new_code()
    found = stranger.get("/check", params={"code": code.lower()}, follow_redirects=False)
    assert found.headers["location"] == f"/check/{rules.shown_code(code)}"


def test_a_file_is_compared_byte_for_byte(hall: Hall, stranger: TestClient[Litestar]) -> None:
    address = f"/check/{hall.sign(Consent()).check_code}"
    right = stranger.post(address, files={"file": ("a.json", CONTENT)})
    assert "Yes: the file a.json is" in right.text
    wrong = stranger.post(address, files={"file": ("b.json", CONTENT + b" ")})
    assert "No: the file b.json is not" in wrong.text
    assert stranger.post(address, files={"none": b""}).status_code == 422
    assert stranger.post(f"/check/{rules.new_code()}", files={"file": ("a.json", CONTENT)}).status_code == 404
    assert stranger.post("/check/x", files={"none": b""}).status_code == 404


def test_a_signature_made_elsewhere_is_verified_over_what_was_signed(
    hall: Hall, stranger: TestClient[Litestar]
) -> None:
    """Somebody who holds the document signed it too, by their own program."""
    address = f"/check/{hall.sign(Consent()).check_code}"
    other = hall.authority.person("ОМАРОВ БОЛАТ", "900101300015", number=9)
    right = stranger.post(address, files={"file": ("b.cms", other.sign(CONTENT))})
    assert "The file b.cms is another signature of this document, by ОМАРОВ БОЛАТ; it was not given here." in right.text
    assert "7418" not in right.text
    wrong = stranger.post(address, files={"file": ("c.cms", other.sign(CONTENT + b" "))})
    assert "The file c.cms is a signature that does not hold for this document." in wrong.text
    assert "The signature is of another document" in wrong.text
    stranger_s = Authority.new("ӨЗГЕ", number=40).person(number=41)
    untrusted = stranger.post(address, files={"file": ("d.cms", stranger_s.sign(CONTENT))})
    assert "no way leads from there to a centre that is trusted here" in untrusted.text
    for garbage in (b"", b"0", b"\x30\x80", other.der, b"-----BEGIN CMS-----\nx\n-----END CMS-----\n"):
        assert "is not what was signed here" in stranger.post(address, files={"file": ("e.cms", garbage)}).text


def test_an_address_asks_only_so_often(hall: Hall) -> None:
    client, code = hall.visitor(Options(public_url="https://asked.example.kz")), rules.new_code()
    answers = [client.get(f"/api/v1/check/{code}").status_code for _ in range(61)]
    assert answers == [404] * 60 + [429]
    assert client.get(f"/check/{code}").status_code == 429
    assert client.get("/check/x").status_code == 404


# ------------------------------------------------------------------------------------------------ one of them


def test_a_signature_is_shown_whole_and_its_bytes_are_saved(hall: Hall, accountant: Reader) -> None:
    renewed = hall.authority.person(number=3)
    _register(hall, accountant, renewed)
    container = renewed.sign(CONTENT, stamped_by=hall.authority.stamper())
    signature = hall.sign(Cms(container))
    home = f"/o/{hall.desk.school}/signatures/{signature.id}"
    page = accountant.get(home).text
    for said in ("The signature is valid.", "СЕРІКОВА АЙГҮЛ", "ТЕСТ ҰКО CA", "850719300018", "Time stamp",
                 signature.content_sha256.hex(), f"https://qazyna.example.kz/check/{rules.shown_code(signature.check_code)}",
                 "<svg"):  # fmt: skip
        assert said in page, said
    assert accountant.get(f"{home}/content").content == CONTENT
    assert accountant.get(f"{home}/container").content == container
    assert accountant.get(f"{home}/certificate").content == renewed.der
    assert accountant.get(f"{home}/other").status_code == 404
    consent = hall.sign(Consent())
    assert accountant.get(f"/o/{hall.desk.school}/signatures/{consent.id}/container").status_code == 404


def _register(hall: Hall, reader: Reader, holder: Holder) -> None:
    signed = shown_bytes(reader.get("/account/certificates/new").text)
    container = holder.sign(b64decode(signed))
    answer = send_files(
        reader, "/account/certificates/new", {"signed": signed, "evidence": "file"}, **{"container-file": container}
    )
    assert answer.status_code == 303, answer.text


# ------------------------------------------------------------------------------------------------ the policy


def test_only_a_page_that_signs_may_speak_to_ncalayer_and_only_if_switched_on(hall: Hall) -> None:
    reader = Reader(hall.visitor(Options(ncalayer=NCALAYER)), "accountant")
    policy = reader.get("/account/certificates/new").headers["content-security-policy"]
    assert f"connect-src 'self' {NCALAYER};" in policy
    for other in ("/account", "/check", hall.desk.home):
        assert NCALAYER not in reader.get(other).headers["content-security-policy"]
    part = reader.get("/account/certificates/new", **{"hx-request": "true"})
    assert part.headers["hx-redirect"] == "/account/certificates/new"
    page = Reader(hall.visitor(), "accountant").get("/account/certificates/new")
    assert "13579" not in page.headers["content-security-policy"] + page.text
    assert "signing.js" not in page.text
