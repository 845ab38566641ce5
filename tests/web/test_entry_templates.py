"""Templates on their pages: kept from an entry, filled in with what they ask for, fallen due."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from erp.base.clock import today
from erp.base.dates import day_string
from tests.web.desk import YEAR_END, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


def kept(desk: Desk, reader: Reader, *amounts: str, shared: bool = True, name: str = "") -> str:
    """Keep a template by the form; its page."""
    address = f"{desk.home}templates/new"
    form = Outline(reader.get(address).text).fields("template") | {
        "name": name or f"Rent {uuid4()}",
        "journal": "MO-16",
        "memo": "Аренда за {month}",
        "do": "keep",
    }
    form |= {"shared": "on"} if shared else {}
    for place, amount in enumerate(amounts or ("5",)):
        form |= {
            f"postings.{place}.debit.account": "1010",
            f"postings.{place}.credit.account": "6360",
            f"postings.{place}.amount": amount,
        }
    answer = reader.send(address, form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removesuffix("?kept=1")


def test_a_template_is_kept_and_becomes_a_draft(desk: Desk, accountant: Reader) -> None:
    address = kept(desk, accountant, "=оклад", "=№1 * 10%")
    page = accountant.get(address).text
    assert "=№1 * 10%" in page
    form = Outline(page).fields("sheet") | {"effective_on": "31.03.2026", "do": "send"}
    refused = accountant.send(address, form)
    assert refused.status_code == 422
    assert "Say how much “оклад” is." in refused.text
    sent = accountant.send(address, form | {"inputs.оклад": "200 000"})
    assert sent.status_code == 303
    draft = accountant.get(sent.headers["location"]).text
    assert "200000,00" in draft
    assert "20000,00" in draft
    assert "Аренда за March 2026" in draft
    again = accountant.send(address, form | {"inputs.оклад": "200 000"})
    assert again.headers["location"] == sent.headers["location"], "pressed twice, it is one draft"


def test_a_formula_that_cannot_be_read_is_marked_and_nothing_typed_is_lost(desk: Desk, accountant: Reader) -> None:
    address = f"{desk.home}templates/new"
    form = Outline(accountant.get(address).text).fields("template") | {
        "name": "",
        "postings.0.debit.account": "1010",
        "postings.0.amount": "=1 +",
        "do": "keep",
    }
    nameless = accountant.send(address, form)
    assert nameless.status_code == 422
    refused = accountant.send(address, form | {"name": "Rent"})
    assert refused.status_code == 422
    outline = Outline(refused.text)
    assert outline.fields("template")["postings.0.amount"] == "=1 +"
    assert "postings.0.amount-fault" in refused.text


def test_an_entry_becomes_a_template_and_is_changed_and_removed(desk: Desk, accountant: Reader) -> None:
    blank = Outline(accountant.get(f"{desk.home}journal/new").text).fields("entry")
    typed = {"effective_on": "16.03.2026", "memo": "Cash", "postings.0.debit.account": "1010", "do": "post"}
    typed |= {"postings.0.credit.account": "6360", "postings.0.amount": "5", "journal": "MO-16"}
    posted = accountant.send(f"{desk.home}journal/new", blank | typed).headers["location"]
    entry_id = posted.removesuffix("?posted=1").rpartition("/")[2]
    page = accountant.get(f"{desk.home}templates/new?entry={entry_id}").text
    form = Outline(page).fields("template")
    assert form["postings.0.debit.account"]
    made = accountant.send(f"{desk.home}templates/new", form | {"name": f"Again {uuid4()}", "do": "keep"})
    address = made.headers["location"].removesuffix("?kept=1")
    edit = Outline(accountant.get(f"{address}/edit").text).fields("template")
    changed = accountant.send(f"{address}/edit", edit | {"postings.0.amount": "=7*6", "do": "keep"})
    assert changed.status_code == 303
    assert "=7*6" in accountant.get(address).text
    stale = accountant.send(f"{address}/edit", edit | {"do": "keep"})
    assert stale.status_code == 409
    version = re.search(r'name="version" value="(\d+)"', accountant.get(address).text)
    assert version is not None
    removed = accountant.send(f"{address}/retire", {"version": version[1]})
    assert removed.status_code == 303
    assert accountant.get(address).status_code == 404


def test_what_recurs_falls_due_and_is_drafted_left_out_and_ended(desk: Desk, accountant: Reader) -> None:
    address = kept(desk, accountant, "=плата", name=f"Rent of {uuid4()}")
    name = re.search(r"Rent of [0-9a-f-]+", accountant.get(address).text)
    assert name is not None
    form = Outline(accountant.get(f"{address}/recur").text).fields("sheet")
    since = min(today().replace(day=1) - timedelta(days=70), YEAR_END - timedelta(days=60)).replace(day=1)
    begun = accountant.send(
        f"{address}/recur",
        form | {"day": "1", "since": day_string(since), "inputs.плата": "90 000", "do": "send"},
    )
    assert begun.status_code == 303, begun.text
    listed = accountant.get(f"{desk.home}templates").text
    recurrence = re.search(rf"recurring/(\d+)/draft[^§]*?{name[0]}, {day_string(since)}", listed)
    assert recurrence is not None, "it has fallen due"
    assert "Fallen due" in accountant.get(desk.home).text
    recurring = f"{desk.home}recurring/{recurrence[1]}"
    drafted = accountant.send(f"{recurring}/draft", {"due": since.isoformat()})
    assert drafted.status_code == 303
    assert "90000,00" in accountant.get(drafted.headers["location"]).text
    following = (since + timedelta(days=31)).replace(day=1)
    sheet = Outline(accountant.get(f"{recurring}/leave-out?due={following.isoformat()}").text).fields("sheet")
    assert accountant.send(f"{recurring}/leave-out", sheet | {"reason": "no", "do": "send"}).status_code == 422
    assert accountant.send(f"{recurring}/leave-out", sheet | {"reason": "in repair", "do": "send"}).status_code == 303
    ended = accountant.send(f"{recurring}/end", {"until": day_string(following), "do": "send"})
    assert ended.status_code == 303
    left = accountant.get(f"{desk.home}templates").text
    assert f"{name[0]}, " not in left
    assert accountant.get(f"{recurring}/leave-out?due=nonsense").status_code == 404


@pytest.mark.parametrize("typed", [{"since": "01.01.1900"}, {"last": "31.12.2199"}, {"day": "32"}])
def test_days_for_which_no_books_are_kept_are_refused_where_they_stand(
    desk: Desk, accountant: Reader, typed: dict[str, str]
) -> None:
    address = kept(desk, accountant)
    form = Outline(accountant.get(f"{address}/recur").text).fields("sheet") | typed | {"do": "send"}
    refused = accountant.send(f"{address}/recur", form)
    assert refused.status_code == 422
    assert all(f'href="#{name}"' in refused.text for name in typed)
    use = Outline(accountant.get(address).text).fields("sheet") | {"effective_on": "01.01.1900", "do": "send"}
    assert "expected 1991 to 2199" in accountant.send(address, use).text


def test_a_text_longer_than_any_cell_is_refused_and_comes_back(desk: Desk, accountant: Reader) -> None:
    address = f"{desk.home}templates/new"
    form = Outline(accountant.get(address).text).fields("template") | {"name": "Long", "do": "keep"}
    form |= {"postings.0.debit.account": "1010", "postings.0.memo": "x" * 5000}
    refused = accountant.send(address, form)
    assert refused.status_code == 422
    assert "x" * 5000 in refused.text


def test_who_does_not_post_has_no_templates(desk: Desk, sign_in: SignIn) -> None:
    assert sign_in("auditor").get(f"{desk.home}templates").status_code == 403


def test_a_due_day_is_a_day_and_not_another_months(desk: Desk, accountant: Reader) -> None:
    assert accountant.send(f"{desk.home}recurring/999999/draft", {"due": "2026-01-01"}).status_code == 404
