"""The entry that a trip makes: what the advance covers, what is owed, what only the accountant knows."""

from datetime import date
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
