"""Drafts as plain pages: begun, listed, thrown away and taken back, opened as a form, carried over from one."""

import re
from collections.abc import Callable

import pytest

from tests.web.desk import SUPPLIER, Desk, Reader

LINE = {
    "postings.0.debit.account": "1316",
    "postings.0.debit.quantity": "2",
    "postings.0.credit.account": "3210",
    "postings.0.credit.dimensions.counterparty": SUPPLIER,
    "postings.0.amount": "12,5",
}
KEY = "5a7d8f50-8f0e-4c54-9f1d-4b1f6a1e7c01"


def typed(**changes: str) -> dict[str, str]:
    head = {"key": KEY, "journal": "MO-16", "effective_on": "16.03.2026", "memo": "Carried over", "do": "table"}
    return head | LINE | changes


@pytest.fixture
def carry(desk: Desk, accountant: Reader) -> Callable[..., str]:
    """Open what is typed in the form as a table; the draft's address."""

    def open_as_table(**changes: str) -> str:
        answer = accountant.send(f"{desk.home}journal/new", typed(**changes))
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    return open_as_table


def test_what_is_typed_in_the_form_goes_on_in_the_table_and_back(
    desk: Desk, accountant: Reader, carry: Callable[..., str]
) -> None:
    address = carry()
    assert carry() == address  # its button pressed twice
    page = accountant.get(address).text
    assert 'role="grid"' in page
    assert "12,5" in page
    form = accountant.get(f"{desk.home}journal/new?draft={address.rpartition('/')[2]}").text
    assert 'value="12,5"' in form
    assert f'name="key" value="{KEY}"' in form
    changed = carry(memo="Changed since")
    assert changed != address  # what was in the table stays there
    assert "Carried over" in accountant.get(address).text


def test_a_new_table_is_begun_thrown_away_and_taken_back(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}drafts").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    begun = [accountant.send(f"{desk.home}drafts", {"key": key[1]}).headers["location"] for _ in range(2)]
    assert begun[0] == begun[1]
    number = begun[0].rpartition("/")[2]
    listed = accountant.get(f"{desk.home}drafts").text
    assert f'href="{begun[0]}"' in listed
    assert accountant.send(f"{begun[0]}/discard", {}).status_code == 303
    after = accountant.get(f"{desk.home}drafts").text
    assert f'href="{begun[0]}"' not in after
    assert f"drafts/{number}/restore" in after
    assert "thrown away" in accountant.get(begun[0]).text
    assert accountant.send(f"{begun[0]}/restore", {}).headers["location"] == begun[0]
    assert 'role="grid"' in accountant.get(begun[0]).text


def test_a_draft_posted_from_the_form_leads_to_its_entry(
    desk: Desk, accountant: Reader, carry: Callable[..., str]
) -> None:
    key = "5a7d8f50-8f0e-4c54-9f1d-4b1f6a1e7c02"
    address = carry(key=key)
    posted = accountant.send(f"{desk.home}journal/new", typed(key=key, do="post"))
    assert posted.status_code == 303
    entry = posted.headers["location"].partition("?")[0]
    assert accountant.get(address).headers["location"] == entry


def test_drafts_are_for_who_posts_and_each_sees_their_own(desk: Desk, sign_in: Callable[[str], Reader]) -> None:
    own = sign_in("accountant").send(f"{desk.home}journal/new", typed(key="5a7d8f50-8f0e-4c54-9f1d-4b1f6a1e7c03"))
    address = own.headers["location"]
    assert sign_in("office").get(address).status_code == 404
    assert "Carried over" not in sign_in("office").get(f"{desk.home}drafts").text
    assert sign_in("auditor").get(f"{desk.home}drafts").status_code == 403


def test_rows_come_of_typical_entries_and_of_posted_ones(desk: Desk, accountant: Reader) -> None:
    entry = desk.post(memo="To be copied")
    rows = accountant.get(f"{desk.home}drafts/rows?entry={entry}").json()["rows"]
    assert rows[0]["credit"] == {"account": "3210", "dimensions": {"counterparty": SUPPLIER}}
    assert str(entry) in [found["code"] for found in accountant.get(f"{desk.home}drafts/entries?q=copied").json()]
    none = accountant.get(f"{desk.home}drafts/rows?entry=999999999").json()
    assert (none["rows"], bool(none["told"])) == ([], True)
    first = accountant.get(f"{desk.home}typical-entries/suggest").json()[0]
    made = accountant.get(f"{desk.home}drafts/rows?typical={first['code']}").json()
    assert (len(made["rows"]), made["memo"]) == (1, first["name"])


def test_rows_come_of_a_template_and_what_its_formulas_lack_is_asked_for(desk: Desk, accountant: Reader) -> None:
    kept = {
        "key": "5a7d8f50-8f0e-4c54-9f1d-4b1f6a1e7c09",
        "name": "Wages into a table",
        "journal": "MO-05",
        "memo": "Wages",
        "do": "keep",
        "postings.0.debit.account": "7010",
        "postings.0.credit.account": "3241",
        "postings.0.amount": "= net_pay * 10%",
    }
    made = accountant.send(f"{desk.home}templates/new", kept)
    assert made.status_code == 303, made.text
    number = made.headers["location"].partition("?")[0].rpartition("/")[2]
    listed = accountant.get(f"{desk.home}drafts/templates?q=wages+table").json()
    assert [each["code"] for each in listed] == [number]
    rows = f"{desk.home}drafts/rows?template={number}&on=16.03.2026"
    lacking = accountant.get(rows).json()
    assert (lacking["rows"], lacking["asks"]) == ([], ["net_pay"])
    wrong = accountant.get(f"{rows}&inputs.net_pay=much").json()
    assert (wrong["asks"], "much" in wrong["told"]) == (["net_pay"], True)
    filled = accountant.get(f"{rows}&inputs.net_pay=1 005").json()
    assert [row["amount"] for row in filled["rows"]] == ["100,50"]
    assert (filled["asks"], filled["memo"], filled["told"]) == ([], "Wages", "")
    none = accountant.get(f"{desk.home}drafts/rows?template=999999").json()
    assert (none["rows"], bool(none["told"])) == ([], True)


def test_the_list_under_a_field_knows_other_keyboard_layouts(desk: Desk, accountant: Reader) -> None:
    def found(words: str, of: str = "accounts") -> list[str]:
        answer = accountant.client.get(f"{desk.home}{of}", params={"q": words})
        return [each["code"] for each in answer.json()]

    assert found("cxtn") == found("счет") != []  # «счет» typed with the Latin layout on
    assert found('"і",') == ["1316"]  # typed with the Kazakh layout on, which has letters for digits
    assert "1316" in found("[jpzqcndtyyst")  # «хозяйственные»
    assert SUPPLIER in found(",evfuf", "values/counterparty")  # «бумага»
    assert SUPPLIER in found("0f5fp", "values/counterparty")  # «қағаз»
    assert SUPPLIER in found("зфзук", "values/counterparty")  # “paper” typed with the Russian layout on
    assert found("qqqqqqqq") == []
