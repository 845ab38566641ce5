"""How a sheet with formulas is filled, and when it falls due."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from erp.base.errors import Invalid
from erp.finance.drafts.model import Sheet, TypedRow, TypedSide
from erp.finance.policy.content import Rounding
from erp.finance.templates import rules
from erp.finance.templates.formulas import Fact, FactKind, Given
from erp.finance.templates.model import Every, Recurrence

DAY = date(2026, 11, 30)


def a_sheet(*amounts: str, memo: str = "") -> Sheet:
    rows = tuple(TypedRow(TypedSide("7010"), TypedSide("3241"), amount) for amount in amounts)
    return Sheet(journal="MO-05", memo=memo, rows=rows)


def amounts_of(
    sheet: Sheet, names: dict[str, Fraction] | None = None, facts: dict[Fact, Fraction] | None = None
) -> list[str]:
    full = rules.filled(sheet, rules.read(sheet), Given(names or {}, {}, facts or {}), DAY, "ноябрь 2026 года")
    return [row.amount for row in full.rows]


def test_pay_is_reckoned_row_by_row() -> None:
    """Pension and income tax of a salary, by rates that a person typed: each row leans on those above it."""
    sheet = a_sheet("=оклад", "=№1 * 10%", "=(№1 - №2) * 10%", "=№1 - №2 - №3")
    assert rules.read(sheet).names == ("оклад",)
    assert amounts_of(sheet, {"оклад": Fraction(245_333)}) == ["245333,00", "24533,30", "22079,97", "198719,73"]


def test_rows_lean_on_amounts_as_they_are_posted() -> None:
    assert amounts_of(a_sheet("=10/3", "=№1 * 3")) == ["3,33", "9,99"], "not 10,00: the first row is posted as 3,33"


def test_the_policy_says_how_amounts_are_rounded() -> None:
    sheet = a_sheet("=оклад", "=№1 * 10%")
    given, policy = Given({"оклад": Fraction(245_333)}, {}, {}), Rounding(unit="tenge")
    full = rules.filled(sheet, rules.read(sheet), given, DAY, "", policy.rounded)
    assert [row.amount for row in full.rows] == ["245333,00", "24533,00"]


def test_a_row_that_comes_to_nothing_is_left_out() -> None:
    assert amounts_of(a_sheet("5", "=№1 - 5", "=если(№2 = 0; 7; 8)")) == ["5,00", "7,00"]


def test_an_amount_left_blank_stays_blank_and_nothing_leans_on_it() -> None:
    assert amounts_of(a_sheet("", "5")) == ["", "5,00"]
    with pytest.raises(Invalid) as refused:
        amounts_of(a_sheet("", "=№1"))
    assert [fault.code for fault in refused.value.faults.values()] == ["row-not-above"]  # type: ignore[attr-defined]


def test_facts_of_the_books_stand_in_formulas() -> None:
    sheet = a_sheet("=-сальдо(3241)", "=дебет(7010) - кредит(7010)")
    assert rules.read(sheet).facts == {
        Fact(FactKind.BALANCE, "3241"),
        Fact(FactKind.DEBIT, "7010"),
        Fact(FactKind.CREDIT, "7010"),
    }
    given = {fact: Fraction(-100 if fact.kind is FactKind.BALANCE else 30) for fact in rules.read(sheet).facts}
    assert amounts_of(sheet, facts=given) == ["100,00"]


def test_month_and_year_stand_in_texts() -> None:
    sheet = a_sheet("1", memo="Начислена зарплата за {month}, {год}: {ай}")
    full = rules.filled(sheet, rules.read(sheet), Given({}, {}, {}), DAY, "ноябрь 2026 года")
    assert full.memo == "Начислена зарплата за ноябрь 2026 года, 2026: ноябрь 2026 года"
    assert full.effective_on == "30.11.2026"


def test_every_fault_is_told_at_its_row() -> None:
    with pytest.raises(Invalid) as refused:
        rules.read(a_sheet("=1 +", "=№2", "=№3", "=synus(1)", "=оклад * 2 / (1 - 1)", "=10000000000 * 10000000000"))
    told = {place: fault.code for place, fault in refused.value.faults.items()}  # type: ignore[attr-defined]
    assert told == {
        "postings.0.amount": "formula-malformed",
        "postings.1.amount": "row-not-above",
        "postings.2.amount": "row-not-above",
        "postings.3.amount": "function-unknown",
        "postings.4.amount": "divided-by-zero",
        "postings.5.amount": "amount-out-of-range",
    }
    with pytest.raises(Invalid) as refused:
        amounts_of(a_sheet("100", "=1 / (№1 - 100)", "=10000000000 * №1 * 10000000"))
    told = {place: fault.code for place, fault in refused.value.faults.items()}  # type: ignore[attr-defined]
    assert told == {"postings.1.amount": "divided-by-zero", "postings.2.amount": "amount-out-of-range"}


def test_what_is_not_given_is_asked_for_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        rules.names_given(("оклад", "дней"), {"оклад": "много"})
    told = {place: fault.code for place, fault in refused.value.faults.items()}  # type: ignore[attr-defined]
    assert told == {"inputs.оклад": "number-malformed", "inputs.дней": "input-missing"}


def test_a_template_has_rows() -> None:
    with pytest.raises(rules.TemplateEmpty):
        rules.read(Sheet())
    with pytest.raises(rules.TemplateEmpty):
        rules.read(a_sheet(*["1"] * (rules.MOST_ROWS + 1)))


# ------------------------------------------------------------------------------------------------ falling due


def a_recurrence(since: date, every: Every = Every.MONTH, day: int = 31, until: date | None = None) -> Recurrence:
    return Recurrence(1, 1, "Rent", 7, "Aigul", {}, every, day, since, until)


days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
recurrences = st.builds(a_recurrence, days, st.sampled_from(Every), st.integers(1, 31), st.none() | days)


@given(recurrences, days)
def test_it_falls_due_once_a_period_on_its_day_and_only_while_in_force(recurrence: Recurrence, through: date) -> None:
    due = list(rules.due_days(recurrence, through))
    assert due == sorted(set(due))
    for day in due:
        assert recurrence.since <= day <= through
        assert recurrence.until is None or day < recurrence.until
        last = (day.replace(day=1) + relativedelta(months=1) - timedelta(days=1)).day
        assert day.day == min(recurrence.day, last)
    months = [each.year * 12 + each.month for each in due]
    assert all(after - before == recurrence.every.months for before, after in pairwise(months))


@given(recurrences, days, days)
def test_what_falls_due_does_not_depend_on_when_one_looks(recurrence: Recurrence, one: date, other: date) -> None:
    earlier, later = sorted((one, other))
    assert list(rules.due_days(recurrence, earlier)) == [d for d in rules.due_days(recurrence, later) if d <= earlier]


@given(recurrences, days)
def test_the_next_due_day_is_the_first_after(recurrence: Recurrence, after: date) -> None:
    following = rules.next_due(recurrence, after)
    far = list(rules.due_days(recurrence, date(2040, 1, 1)))
    assert following == next((day for day in far if day > after), None)


def test_worked_examples_of_due_days() -> None:
    ends = [f"{d:%d.%m}" for d in rules.due_days(a_recurrence(date(2026, 1, 15)), date(2026, 4, 30))]
    assert ends == ["31.01", "28.02", "31.03", "30.04"]
    quarters = a_recurrence(date(2026, 2, 10), Every.QUARTER, 5, date(2026, 12, 1))
    assert [f"{d:%d.%m}" for d in rules.due_days(quarters, date(2027, 1, 1))] == ["05.05", "05.08", "05.11"]


@given(st.integers(1, 9), st.integers(1, 9), days)
def test_the_key_of_a_due_day_is_its_own(organisation: int, recurrence: int, day: date) -> None:
    key = rules.key_of(organisation, recurrence, day)
    assert key == rules.key_of(organisation, recurrence, day)
    assert key != rules.key_of(organisation + 1, recurrence, day)
    assert key != rules.key_of(organisation, recurrence, day + timedelta(days=1))
