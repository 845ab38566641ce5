import random

import pytest
from hypothesis import assume, given
from hypothesis.strategies import integers, sampled_from, text

from erp.reference.counterparties.model import CounterpartyKind
from erp.reference.counterparties.rules import (
    CodeInvalid,
    IbanInvalid,
    check_digit,
    iban,
    iban_check_digits,
    kind_of,
)

elevens = text("0123456789", min_size=11, max_size=11)
accounts = text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=13, max_size=13)


def first_sum(eleven: str) -> int:
    return sum(int(digit) * weight for weight, digit in enumerate(eleven, 1)) % 11


@pytest.mark.parametrize(
    "bin_", ["940140000385", "971240001315", "020240000555", "941240000193", "990140000483", "920140000084"]
)
def test_numbers_of_known_companies_hold(bin_: str) -> None:
    assert kind_of(bin_) is CounterpartyKind.LEGAL


def test_worked_example_by_the_first_weights() -> None:
    # 9·1 + 4·2 + 0·3 + 1·4 + 4·5 + 0·6 + 0·7 + 0·8 + 0·9 + 3·10 + 8·11 = 159; 159 mod 11 = 5
    assert check_digit("94014000038") == 5


def test_worked_example_by_the_second_weights() -> None:
    # first: 9 + 18 + 4 + 20 + 56 + 81 = 188 + 0; 9·1+9·2+0·3+1·4+4·5+0·6+0·7+7·8+0·9+9·10+0·11 = 197; mod 11 = 10
    assert first_sum("99014007090") == 10
    # second: 9·3 + 9·4 + 0·5 + 1·6 + 4·7 + 0·8 + 0·9 + 7·10 + 0·11 + 9·1 + 0·2 = 176; mod 11 = 0
    assert check_digit("99014007090") == 0


def test_where_both_weights_give_ten_no_number_is_issued() -> None:
    assert check_digit("99014000082") is None
    for last in "0123456789":
        with pytest.raises(CodeInvalid):
            kind_of("99014000082" + last)


def test_the_fifth_digit_tells_people_from_organisations() -> None:
    person = "85010130000"
    assert kind_of(f"{person}{check_digit(person)}") is CounterpartyKind.INDIVIDUAL


@pytest.mark.parametrize(
    "typed", ["", "94014000038", "9401400003855", "94014000038x", "９４０１４００００３８５", "940140000386"]
)
def test_what_is_not_a_number_is_refused(typed: str) -> None:
    with pytest.raises(CodeInvalid):
        kind_of(typed)


def test_a_fifth_digit_of_neither_is_refused() -> None:
    nobody = "94017000038"
    with pytest.raises(CodeInvalid):
        kind_of(f"{nobody}{check_digit(nobody)}")


@given(eleven=elevens, wrong=sampled_from("0123456789"))
def test_every_wrong_check_digit_is_caught(eleven: str, wrong: str) -> None:
    right = check_digit(eleven)
    assume(wrong != str(right))
    with pytest.raises(CodeInvalid):
        kind_of(eleven + wrong)


@given(eleven=elevens, place=integers(0, 9), digit=sampled_from("0123456789"))
def test_a_single_wrong_digit_is_caught_where_the_first_weights_serve(eleven: str, place: int, digit: str) -> None:
    wrong = eleven[:place] + digit + eleven[place + 1 :]
    assume(wrong != eleven and first_sum(eleven) < 10 and first_sum(wrong) < 10)
    assert check_digit(wrong) != check_digit(eleven)


@given(eleven=elevens, digit=sampled_from("0123456789"))
def test_the_eleventh_digit_is_not_checked_by_the_first_weights(eleven: str, digit: str) -> None:
    assume(first_sum(eleven) < 10)
    assert check_digit(eleven[:10] + digit) == check_digit(eleven)


def test_the_share_of_single_wrong_digits_caught_is_as_documented() -> None:
    drawn = random.Random(42)  # noqa: S311
    tried, caught = [0] * 12, [0] * 12
    for _ in range(3000):
        eleven = f"{drawn.randrange(10**11):011}"
        right = check_digit(eleven)
        if right is None:
            continue
        code = f"{eleven}{right}"
        for place in range(12):
            wrong = code[:place] + str((int(code[place]) + drawn.randint(1, 9)) % 10) + code[place + 1 :]
            tried[place] += 1
            caught[place] += check_digit(wrong[:11]) != int(wrong[11])
    shares = [c / t for c, t in zip(caught, tried, strict=True)]
    assert all(share == pytest.approx(0.983, abs=0.012) for share in shares[:10])
    assert shares[10] == pytest.approx(0.084, abs=0.02)
    assert shares[11] == 1


def test_the_example_of_the_iban_registry_holds() -> None:
    assert iban("kz86 125K ZT50 0410 0100") == "KZ86125KZT5004100100"


@pytest.mark.parametrize(
    "typed", ["", "KZ86125KZT500410010", "KZ87125KZT5004100100", "GB86125KZT5004100100", "KZ86A25KZT5004100100"]
)
def test_what_is_not_an_iban_of_kazakhstan_is_refused(typed: str) -> None:
    with pytest.raises(IbanInvalid):
        iban(typed)


@given(bank=integers(0, 999), account=accounts)
def test_made_check_digits_hold(bank: int, account: str) -> None:
    rest = f"{bank:03}{account}"
    whole = f"KZ{iban_check_digits(rest)}{rest}"
    assert iban(whole) == whole


@given(account=accounts, place=integers(7, 19), sign=sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_every_single_wrong_character_of_the_same_sort_is_caught(account: str, place: int, sign: str) -> None:
    whole = f"KZ{iban_check_digits(f'125{account}')}125{account}"
    assume(whole[place] != sign and whole[place].isdigit() == sign.isdigit())
    with pytest.raises(IbanInvalid):
        iban(whole[:place] + sign + whole[place + 1 :])
