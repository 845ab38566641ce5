"""A session that ends while somebody types: signing in again gives the form back, and nothing else."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from erp.base.db import make_engine
from tests.web.desk import PASSWORD, SUPPLIER, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]

TYPED = {
    "effective_on": "18.03.2026",
    "memo": "Typed for an hour «with care»",
    "postings.0.debit.account": "1316",
    "postings.0.debit.quantity": "7",
    "postings.0.credit.account": "3210",
    "postings.0.credit.dimensions.counterparty": SUPPLIER,
    "postings.0.amount": "1 000,50",
}


def end_sessions(desk: Desk) -> None:
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("UPDATE reference_session SET expires_at = now() - interval '1 minute'"))
    owner.dispose()


def sign_in_again(reader: Reader, page: str, **changes: str) -> str:
    form = Outline(page).fields("sign-in") | {"login": "accountant", "password": PASSWORD} | changes
    answer = reader.client.post("/sign-in", data=form, follow_redirects=False)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def hidden(page: str) -> tuple[str, dict[str, str]]:
    """Address and fields of the form that leads back."""
    (form,) = [f for f in Outline(page).all("form") if "data-resume" in f.attributes]
    button = next(e for e in form.inside if e.tag == "button")
    return form["action"], {e["name"]: e["value"] for e in form.inside if e.tag == "input"} | {
        button["name"]: button["value"]
    }


def test_a_filled_form_comes_back_after_signing_in_again(desk: Desk, accountant: Reader) -> None:
    address = f"{desk.home}journal/new"
    form = Outline(accountant.get(address).text).fields("entry") | TYPED
    end_sessions(desk)
    asked = accountant.send(address, form | {"do": "post"})
    assert asked.status_code == 200
    page = Outline(asked.text)
    assert page.one("form", id="sign-in")["action"] == "/sign-in"
    assert "what you typed is kept" in asked.text
    wrong = accountant.client.post("/sign-in", data=page.fields("sign-in") | {"login": "accountant", "password": "no"})
    assert wrong.status_code == 403
    action, fields = hidden(sign_in_again(accountant, wrong.text))
    assert action == address
    assert fields["csrf"] != form["csrf"]
    back = accountant.client.post(action, data=fields, follow_redirects=False)
    assert back.status_code == 200
    filled = Outline(back.text).fields("entry")
    assert {name: filled[name] for name in TYPED} == TYPED
    assert filled["key"] == form["key"]
    posted = accountant.client.post(action, data=filled | {"do": "post"}, follow_redirects=False)
    assert posted.status_code == 303, posted.text
    assert len(re.findall("Typed for an hour", accountant.get(f"{desk.home}journal?text=Typed").text)) == 1


def test_a_language_chosen_while_signing_in_loses_nothing(desk: Desk, accountant: Reader) -> None:
    address = f"{desk.home}journal/new"
    end_sessions(desk)
    asked = accountant.send(address, TYPED | {"key": "k"})
    chosen = accountant.client.post("/sign-in", data=Outline(asked.text).fields("sign-in") | {"language": "ru"})
    _, fields = hidden(sign_in_again(accountant, chosen.text))
    assert fields["memo"] == TYPED["memo"]
    accountant.client.cookies.delete("qazyna_language")


def test_secrets_and_tokens_are_not_kept(desk: Desk, accountant: Reader) -> None:
    end_sessions(desk)
    secrets = {"csrf": "old", "password": "s3cret-1", "new_password": "s3cret-2", "code": "123456", "key": "k"}
    asked = accountant.send(f"{desk.home}journal/new", TYPED | secrets)
    kept = Outline(asked.text).fields("sign-in")["kept"]
    assert "memo" in kept
    assert not any(secret in kept for secret in ("old", "s3cret", "123456"))


def test_a_pressed_button_without_a_form_leads_back_to_its_page(desk: Desk, accountant: Reader) -> None:
    end_sessions(desk)
    answer = accountant.client.post(
        f"{desk.home}months/2026-03",
        data={"do": "close", "csrf": "old"},
        headers={"referer": f"http://testserver.local{desk.home}months"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"next={desk.home}months".replace("/", "%2F"))


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[]", '["/o/1/"]', '["//evil.example/", []]', '["https://evil.example/", [["a", "b"]]]',
     '["/o/1/journal/new", [["a"]]]', "null", '[5, []]', '["javascript:alert(1)", []]'],
)  # fmt: skip
def test_what_a_page_of_ours_did_not_keep_leads_nowhere(desk: Desk, accountant: Reader, kept: str) -> None:
    accountant.client.cookies.clear()
    form = {"login": "accountant", "password": PASSWORD, "next": desk.home, "kept": kept}
    answer = accountant.client.post("/sign-in", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, desk.home)


def test_a_foreign_form_is_not_kept(desk: Desk, accountant: Reader) -> None:
    end_sessions(desk)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = accountant.client.post(f"{desk.home}journal/new", data=TYPED, headers=headers, follow_redirects=False)
        assert answer.status_code == 403
        assert "Typed for an hour" not in answer.text


def test_a_page_s_token_is_another_each_time_and_always_good(desk: Desk, accountant: Reader) -> None:
    address = f"{desk.home}journal/new"
    tokens = {Outline(accountant.get(address).text).fields("entry")["csrf"] for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert accountant.client.post(address, data={"csrf": token, "theme": "auto"}).status_code == 200
    for token in ("", "00", next(iter(tokens))[:-2] + "00", "zz", "é"):
        assert accountant.client.post(address, data={"csrf": token, "theme": "auto"}).status_code == 403
