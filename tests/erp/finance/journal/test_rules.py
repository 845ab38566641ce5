"""What a command's lines must hold, and how quantities and currencies stand beside the tenge."""

from itertools import count
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.errors import Invalid
from erp.base.money import NumberMalformed, scaled_string
from erp.finance.journal import rules
from erp.finance.journal.model import Account, BalanceRow, CardMeasures, Movement, Sums
from erp.finance.journal.schemas import PostEntry
from ledger.errors import OffBalanceMixed
from ledger.model import Dimension

PLACES = {"USD": 2, "JPY": 0, "KWD": 3}
NO_CODES = ("",) * len(Dimension)
_ids = count(1)


def an_account(code: str, kind: str = "asset", role: str = "", keeps_quantity: bool = False) -> Account:
    permitted = Dimension.CURRENCY | Dimension.ITEM
    return Account(
        next(_ids), code, None, code, code, code, kind, "debit", True, Dimension(0), permitted, keeps_quantity,
        "high", role,
    )  # fmt: skip


CONTRA = an_account("00", "off_balance", "contra")
CHART = {
    "": CONTRA,
    "00": CONTRA,
    "1010": an_account("1010"),
    "1051": an_account("1051"),
    "1315": an_account("1315", keeps_quantity=True),
    "03": an_account("03", "off_balance", keeps_quantity=True),
    "01": an_account("01", "off_balance"),
}


def a_command(debit: dict[str, object], credit: dict[str, object], amount: str = "10.00") -> PostEntry:
    return PostEntry.model_validate(
        {
            "key": str(uuid4()),
            "journal": "MO-16",
            "effective_on": "2026-03-16",
            "memo": "a line",
            "postings": [{"debit": debit, "credit": credit, "amount": amount}],
        }
    )


def check(command: PostEntry) -> list[rules.CheckedSide]:
    return rules.check_entry(command, CHART, set(), PLACES)


def faults(command: PostEntry) -> dict[str, type[Exception]]:
    with pytest.raises(Invalid) as refusal:
        check(command)
    return {place.removeprefix("postings.0."): type(fault) for place, fault in refusal.value.faults.items()}


def in_currency(code: str, amount: str | None) -> dict[str, object]:
    return {"account": "1051", "dimensions": {"currency": code}, "currency_amount": amount}


# ------------------------------------------------------------------------------------------------ a command's sides


@given(
    milli=st.integers(0, 10**9),
    minor=st.integers(0, 10**9),
    currency=st.sampled_from(sorted(PLACES)),
    sign=st.sampled_from((1, -1)),
)
def test_a_quantity_and_a_currency_amount_come_through_to_the_unit(
    milli: int, minor: int, currency: str, sign: int
) -> None:
    stock = {"account": "1315", "quantity": scaled_string(sign * milli, 3)}
    money = in_currency(currency, scaled_string(sign * minor, PLACES[currency]))
    command = a_command(stock, money, amount=f"{sign}.00")
    debit, credit = check(command)
    assert (debit.quantity_milli, debit.currency_minor) == (sign * milli, None)
    assert (credit.quantity_milli, credit.currency_minor) == (None, sign * minor)
    (posting,) = rules.postings(command, [debit, credit], [7, 8])
    assert (posting.debit_id, posting.credit_id, posting.amount_tiyn) == (7, 8, sign * 100)
    assert (posting.debit_quantity_milli, posting.credit_currency_minor) == (sign * milli, sign * minor)


def test_an_account_kept_in_quantities_needs_one_and_no_other_takes_it() -> None:
    assert faults(a_command({"account": "1315"}, {"account": "1010", "quantity": "1"})) == {
        "debit.quantity": rules.QuantityMissing,
        "credit.quantity": rules.QuantityNotKept,
    }


def test_a_currency_needs_its_amount_and_nothing_else_takes_it() -> None:
    assert faults(a_command(in_currency("USD", None), {"account": "1010", "currency_amount": "1"})) == {
        "debit.currency_amount": rules.CurrencyAmountMissing,
        "credit.currency_amount": rules.CurrencyAmountNotKept,
    }


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1.5"), ("USD", "1.505"), ("KWD", "1.5055")])
def test_an_amount_finer_than_its_currency_s_minor_unit_is_refused(currency: str, amount: str) -> None:
    place = "debit.currency_amount"
    assert faults(a_command(in_currency(currency, amount), {"account": "1010"})) == {place: NumberMalformed}


@given(quantity=st.integers(-5, 5), amount=st.integers(-5, 5).filter(bool))
def test_a_quantity_has_the_sign_of_its_amount_or_is_zero(quantity: int, amount: int) -> None:
    command = a_command({"account": "1315", "quantity": str(quantity)}, {"account": "1010"}, f"{amount}.00")
    if quantity * amount < 0:
        assert faults(command) == {"debit.quantity": rules.SignsDiffer}
    else:
        assert check(command)[0].quantity_milli == quantity * 1000


# ------------------------------------------------------------------------------------------------ off the balance


@pytest.mark.parametrize("side", ["debit", "credit"])
def test_the_side_left_blank_opposite_to_an_off_balance_account_is_the_contra_account(side: str) -> None:
    own = {"account": "03", "quantity": "5"}
    debit, credit = check(a_command(own, {}) if side == "debit" else a_command({}, own))
    named, hidden = (debit, credit) if side == "debit" else (credit, debit)
    assert (named.key.account_id, named.quantity_milli) == (CHART["03"].id, 5000)
    assert (hidden.key.account_id, hidden.quantity_milli, set(hidden.key.codes)) == (CONTRA.id, None, {""})


def test_a_blank_side_is_missing_anywhere_else() -> None:
    missing = rules.AccountMissing
    assert faults(a_command({"account": "1010"}, {})) == {"credit.account": missing}
    assert faults(a_command({}, {})) == {"debit.account": missing, "credit.account": missing}
    assert faults(a_command({"account": "00"}, {})) == {"credit.account": missing}
    assert faults(a_command({"account": "01"}, {"dimensions": {"item": "x"}})) == {"credit.account": missing}


def test_an_off_balance_account_stands_opposite_to_another_or_to_nothing() -> None:
    assert len(check(a_command({"account": "01"}, {"account": "03", "quantity": "1"}))) == 2
    assert faults(a_command({"account": "01"}, {"account": "1010"})) == {"credit.account": OffBalanceMixed}


# ------------------------------------------------------------------------------------------------ reports


def some_sums(
    account: str, *, debit: int = 0, credit: int = 0, codes: tuple[str, ...] = NO_CODES, **said: Movement
) -> Sums:
    return Sums(CHART[account].id, 1, codes, 0, debit, credit, **said)


def rows_of(*sums: Sums) -> dict[str, BalanceRow]:
    table = rules.trial_balance(sums, [a for code, a in CHART.items() if code], lambda codes: (), PLACES)
    return {row.account.code: row for row in table.rows}


def test_the_contra_account_has_no_row() -> None:
    assert set(rows_of(some_sums("03", debit=5), some_sums("00", credit=5))) == {"03"}


def test_a_row_has_a_quantity_or_a_currency_where_it_moved() -> None:
    codes = (*NO_CODES[:-1], "JPY")
    rows = rows_of(
        some_sums("1010", debit=1),
        some_sums("1315", debit=1, quantity_milli=Movement(500, 1500, 2500)),
        some_sums("1051", debit=1, codes=codes, currency_minor=Movement(0, 90, 0)),
    )
    assert (rows["1010"].quantity, rows["1010"].currency) == (None, None)
    assert (rows["1315"].quantity.scaled.closing, rows["1315"].quantity.places) == (-500, 3)
    assert (rows["1051"].currency.unit, rows["1051"].currency.places, rows["1051"].currency.scaled.debit) == (
        "JPY",
        0,
        90,
    )


def test_a_quantity_whose_amount_is_gone_still_has_its_row() -> None:
    assert set(rows_of(some_sums("1315", quantity_milli=Movement(1000)))) == {"1315"}


@given(st.lists(st.tuples(st.sampled_from(["", "flour", "rice"]), st.integers(-3, 3)), max_size=6))
def test_quantities_of_several_items_do_not_add_up(moved: list[tuple[str, int]]) -> None:
    found = [CardMeasures(item, "", Movement(milli), Movement()) for item, milli in moved]
    quantity, currency = rules.measures_of_card(found, PLACES)
    items = {item for item, milli in moved if milli}
    assert currency is None
    if len(items) == 1:
        assert quantity is not None
        assert quantity.scaled.opening == sum(milli for _, milli in moved)
    else:
        assert quantity is None
