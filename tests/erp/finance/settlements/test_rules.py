"""The entry that a trip makes: what the advance covers, what is owed, what only the accountant knows."""

import tomllib
from datetime import date
from itertools import pairwise
from operator import itemgetter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from erp.base.money import parse_tiyn
from erp.finance.settlements import rules
from erp.hr.contracts.types import SettlementLine, TripSettlement

KEY = UUID(int=7)


def told(kind: str, advance_tiyn: int, *lines: tuple[str, bool, int]) -> TripSettlement:
    return TripSettlement(
        organisation_id=1,
        key=KEY,
        subject="trip:1/2",
        kind="advance" if kind == "advance" else "report",
        person="Ахметов Ерлан",
        route="Сарыдала – Алматы – Сарыдала",
        purpose="Course",
        first=date(2026, 3, 2),
        last=date(2026, 3, 4),
        advance_tiyn=advance_tiyn,
        abroad=False,
        lines=tuple(
            SettlementLine.model_validate({"kind": kind, "abroad": abroad, "amount_tiyn": tiyn})
            for kind, abroad, tiyn in lines
        ),
    )


def test_an_advance_is_paid_from_the_plan_account_that_the_books_are_kept_on() -> None:
    sheet = rules.sheet_of(told("advance", 9_000_000))
    (row,) = sheet.rows
    assert (sheet.journal, sheet.effective_on, row.amount) == ("MO-08", "", "90000,00")
    assert (row.debit.account, row.credit.account, row.debit.dimensions) == ("1261", "", {"specific": "161"})
    filled = rules.completed(sheet, date(2026, 11, 22), {"1091"}, {"464.003"})
    assert (filled.effective_on, filled.rows[0].credit.account) == ("22.11.2026", "1091")
    assert filled.rows[0].credit.dimensions == {"programme": "464.003", "specific": "161"}
    unclear = rules.completed(sheet, date(2026, 11, 22), {"1081", "1091"}, {"464.003", "261.001"})
    assert (unclear.rows[0].credit.account, unclear.rows[0].credit.dimensions) == ("", {"specific": "161"})


def test_a_report_is_covered_by_the_advance_and_the_rest_is_owed() -> None:
    """The example of the act's explanations: 98 350 spent, 90 000 paid before."""
    lines = (("per-diem", False, 2_595_000), ("lodging", False, 6_000_000), ("fare", False, 1_240_000))
    sheet = rules.sheet_of(told("report", 9_000_000, *lines))
    assert [(r.debit.account, r.credit.account, r.amount) for r in sheet.rows] == [
        ("7070", "1261", "25950,00"),
        ("7070", "1261", "60000,00"),
        ("7070", "1261", "4050,00"),
        ("7070", "3242", "8350,00"),
    ]


def on(day: date) -> TripSettlement:
    lines = (("per-diem", False, 2_595_000), ("fare", True, 1_240_000))
    return told("report", 2_595_000, *lines).model_copy(update={"first": day, "last": day})


def test_the_accounts_of_a_trip_are_those_of_its_first_day() -> None:
    """Order 403 of 18.09.2014 has named the specifics since 2015; accounts before accrual accounting are not told."""
    for day, entry in (
        (date(2012, 12, 31), ("", [("", "", {}), ("", "", {})])),
        (date(2014, 12, 31), ("MO-08", [("7070", "1261", {}), ("7070", "3242", {})])),
        (
            date(2015, 1, 1),
            ("MO-08", [("7070", "1261", {"specific": "161"}), ("7070", "3242", {"specific": "162"})]),
        ),
    ):
        sheet = rules.sheet_of(on(day))
        assert (
            sheet.journal,
            [(row.debit.account, row.credit.account, dict(row.debit.dimensions)) for row in sheet.rows],
        ) == entry


def test_where_an_act_changes_the_accounts_each_day_has_its_own() -> None:
    said = {"act": "an order", "source": "read", "confidence": "verified"}
    eve, day = date(2027, 12, 31), date(2028, 1, 1)
    dated = [said | {"valid_from": date(2013, 1, 1), "valid_until": day}, said | {"valid_from": day}]
    told = {
        "journal": [dated[0] | {"code": "MO-08"}, dated[1] | {"code": "MO-09"}],
        "advance": [dated[0] | {"account": "1261", "paid_from": ["1081"]}, dated[1] | {"account": "1262"}],
        "report": [dated[0] | {"cost": "7070", "owed": "3242"}, dated[1] | {"cost": "7071", "owed": "3242"}],
        "specific": [dated[0] | {"inside": "161", "abroad": "162"}],
    }
    before, after = rules.accounts_on(eve, told), rules.accounts_on(day, told)
    assert before == rules.Accounts("MO-08", "1261", ("1081",), "7070", "3242", "161", "162", verified=True)
    assert after == rules.Accounts("MO-09", "1262", (), "7071", "3242", "", "", verified=False), "one is not known"


def test_every_shipped_account_has_its_act_and_days_and_none_overlap() -> None:
    file = tomllib.loads(rules._ACCOUNTS.read_text(encoding="utf-8"))
    for name in ("journal", "advance", "report", "specific"):
        rows = file[name]
        assert all({"act", "source", "confidence", "valid_from"} <= row.keys() for row in rows), name
        for earlier, later in pairwise(sorted(rows, key=itemgetter("valid_from"))):
            assert earlier["valid_until"] <= later["valid_from"], name


def test_costs_abroad_have_their_own_specific() -> None:
    sheet = rules.sheet_of(told("report", 0, ("per-diem", True, 100), ("per-diem", False, 200)))
    assert [r.debit.dimensions["specific"] for r in sheet.rows] == ["162", "161"]


@given(
    advance=st.integers(0, 10**10),
    amounts=st.lists(
        st.tuples(st.sampled_from(["fare", "lodging"]), st.booleans(), st.integers(1, 10**10)), min_size=1
    ),
)
def test_an_entry_is_what_was_spent_and_covers_no_more_than_the_advance(
    advance: int, amounts: list[tuple[str, bool, int]]
) -> None:
    rows = rules.sheet_of(told("report", advance, *amounts)).rows
    by_credit = {
        account: sum(parse_tiyn(r.amount) for r in rows if r.credit.account == account) for account in ("1261", "3242")
    }
    spent = sum(tiyn for _, _, tiyn in amounts)
    assert by_credit == {"1261": min(spent, advance), "3242": max(spent - advance, 0)}
