"""Files and comments at an entry, as plain forms send them."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from httpx import Response

from erp.reference.access import service as access
from tests.erp.reference.attachments.test_rules import EXE, PDF
from tests.web.desk import LYCEUM, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


def send_file(reader: Reader, address: str, name: str, content: bytes, **fields: str) -> Response:
    csrf = access.csrf_token(reader.client.cookies["qazyna_session"])
    return reader.client.post(
        address, data={"csrf": csrf} | fields, files={"file": (name, content)}, follow_redirects=False
    )


def link_to(page: Response, name: str) -> str:
    return next(e["href"] for e in Outline(page.text).all("a") if e.text == name)


@pytest.fixture
def entry(desk: Desk) -> str:
    return f"{desk.home}journal/{desk.post()}"


def test_a_file_is_attached_downloaded_and_removed_with_a_reason(entry: str, accountant: Reader) -> None:
    answer = send_file(accountant, f"{entry}/files", "Шот-фактура 15.pdf", PDF)
    assert answer.headers["location"] == f"{entry}#files", answer.text
    page = accountant.get(entry)
    file = link_to(page, "Шот-фактура 15.pdf")
    got = accountant.get(file)
    assert got.content == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith('attachment; filename="___-_______ 15.pdf"; filename*=UTF-8')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"

    form = Outline(accountant.get(f"{file}/remove").text).fields("removal")
    refused = accountant.send(f"{file}/remove", form)
    assert refused.status_code == 422
    kept = Outline(accountant.send(f"{file}/remove", form | {"reason": "Wrong", "language": "ru"}).text)
    assert (kept.one("html")["lang"], kept.fields("removal")["reason"]) == ("ru", "Wrong")
    accountant.send("/preferences", {"language": "en"})
    removed = accountant.send(f"{file}/remove", form | {"reason": "Of another document"})
    assert removed.headers["location"] == entry
    assert "Шот-фактура 15.pdf" not in Outline(accountant.get(entry).text).one("section", id="files").text
    assert accountant.get(file).status_code == 404


def test_a_page_in_disguise_is_refused_with_the_form_again(entry: str, accountant: Reader) -> None:
    for name, content, told in (
        ("invoice.pdf", EXE, "is not what its name says"),
        ("invoice.exe", EXE, "are not taken"),
        ("invoice.pdf", b"", "is empty"),
    ):
        answer = send_file(accountant, f"{entry}/files", name, content)
        assert answer.status_code == 422
        assert told in Outline(answer.text).one("section", id="faults").text
        assert Outline(answer.text).one("input", type="file")["name"] == "file"
    nothing = accountant.send(f"{entry}/files", {})
    assert nothing.status_code in (400, 422)


def test_a_file_beyond_the_limit_is_told_so(entry: str, accountant: Reader) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(accountant.client.app.state, "largest_file", 1 << 20)  # type: ignore[attr-defined]
        answer = send_file(accountant, f"{entry}/files", "big.txt", b"x" * (1 << 20) + b"x")
    assert answer.status_code == 422
    assert "at most 1 MB" in answer.text
    monstrous = send_file(accountant, f"{entry}/files", "big.txt", b"x" * (22 << 20))
    assert monstrous.status_code == 413
    assert "This file is too large" in monstrous.text


def test_another_organisation_s_file_is_not_there(desk: Desk, entry: str, accountant: Reader, sign_in: SignIn) -> None:
    send_file(accountant, f"{entry}/files", "a.txt", b"of the school")
    file = link_to(accountant.get(entry), "a.txt")
    number = file.rpartition("/")[2]
    office = sign_in("office")
    assert office.get(file).status_code == 200
    assert office.get(f"/o/{desk.organisations[LYCEUM]}/files/{number}").status_code == 404
    strangers = next(each for code, each in desk.organisations.items() if each not in (desk.school,) and code != LYCEUM)
    assert accountant.get(f"/o/{strangers}/files/{number}").status_code == 404


def test_who_only_reads_sees_files_and_may_comment(entry: str, accountant: Reader, sign_in: SignIn) -> None:
    send_file(accountant, f"{entry}/files", "a.txt", b"for the auditor")
    auditor = sign_in("auditor")
    page = Outline(auditor.get(entry).text)
    assert page.all("input", type="file") == []
    assert auditor.get(link_to(auditor.get(entry), "a.txt")).content == b"for the auditor"
    assert send_file(auditor, f"{entry}/files", "b.txt", b"b").status_code == 403
    said = auditor.send(f"{entry}/comments", {"said": "Where is the act?", "key": str(uuid4())})
    assert said.headers["location"] == f"{entry}#comments", said.text


def test_a_comment_is_written_once_and_tells_whom_it_mentions(
    desk: Desk, entry: str, accountant: Reader, sign_in: SignIn
) -> None:
    office = sign_in("office")
    office.send("/notifications/read", {})
    form = {"said": "@office, look at <b>line 2</b>.\nAnd you, @nobody and @office again.", "key": str(uuid4())}
    for _ in range(2):
        assert accountant.send(f"{entry}/comments", form).status_code == 303
    page = Outline(accountant.get(entry).text)
    (said,) = (e for e in page.all("p", class_="saying"))
    assert "look at <b>line 2</b>." in said.text
    bell = Outline(office.get(desk.home).text).one("a", class_="bell")
    assert bell.text == "1"
    told = Outline(office.get("/notifications").text).all("a", class_="row-link new")
    assert ["Айгүл Серікова mentions you in a comment on MO-06 №" in each.text for each in told] == [True]
    assert office.get(told[0]["href"]).headers["location"] == entry
    assert Outline(office.get(desk.home).text).one("a", class_="bell").text == ""
    assert "mentions you in" not in sign_in("nobody").get("/notifications").text


def test_an_empty_comment_comes_back_and_a_key_is_one_comment(entry: str, accountant: Reader) -> None:
    key = str(uuid4())
    assert accountant.send(f"{entry}/comments", {"said": "  ", "key": key}).status_code == 422
    long = accountant.send(f"{entry}/comments", {"said": "x" * 4001, "key": key})
    assert "at most 4000" in long.text
    assert Outline(long.text).one("textarea").text == "x" * 4001
    assert accountant.send(f"{entry}/comments", {"said": "first", "key": key}).status_code == 303
    assert accountant.send(f"{entry}/comments", {"said": "second", "key": key}).status_code == 409
    assert accountant.send(f"{entry}/comments", {"said": "third", "key": "none"}).status_code == 422


def test_another_s_notification_is_not_there(accountant: Reader, sign_in: SignIn, entry: str) -> None:
    accountant.send(f"{entry}/comments", {"said": "@office", "key": str(uuid4())})
    office = sign_in("office")
    address = Outline(office.get("/notifications").text).all("a", class_="row-link new")[0]["href"]
    assert accountant.get(address).status_code == 404


def test_mail_is_asked_for_with_an_address(accountant: Reader) -> None:
    form = Outline(accountant.get("/notifications").text).fields("contact")
    for address, told in (("", "give your address"), ("no address", "is not an address"), ("a@b\r\nc@d", "is not")):
        answer = accountant.send("/notifications", form | {"address": address, "by_mail": "yes"})
        assert answer.status_code == 422
        assert told in answer.text
    saved = accountant.send("/notifications", form | {"address": "aigul@mektep.kz", "by_mail": "yes"})
    assert saved.status_code == 303
    page = Outline(accountant.get("/notifications").text)
    assert page.fields("contact")["address"] == "aigul@mektep.kz"
    assert page.fields("contact")["by_mail"] == "yes"


def test_older_comments_are_a_page_away(entry: str, accountant: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.papers._COMMENTS", 2)
    for said in ("said first", "said second", "said third"):
        assert accountant.send(f"{entry}/comments", {"said": said, "key": str(uuid4())}).status_code == 303
    newest = accountant.get(entry)
    assert [e.text for e in Outline(newest.text).all("p", class_="saying")] == ["said second", "said third"]
    (older,) = (a["href"] for a in Outline(newest.text).all("a") if "comments=" in (a["href"] or ""))
    before = accountant.get(older.partition("#")[0])
    assert [e.text for e in Outline(before.text).all("p", class_="saying")][-1] == "said first"
    assert accountant.get(f"{entry}?comments=x").status_code == 422
