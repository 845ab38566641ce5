"""Formulas: what is read is what was written, and what is reckoned is exact."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.finance.templates import formulas
from erp.finance.templates.formulas import (
    Choice,
    DividedByZero,
    Fact,
    FactKind,
    Formula,
    FormulaMalformed,
    FormulaTooLong,
    Given,
    If,
    Name,
    Negative,
    Number,
    Operation,
    Rounded,
    Row,
    RowNotAbove,
    half_up,
    parse,
    rounded,
    value,
)

NAMES = ("оклад", "жалақы", "days", "x_1")
numbers = st.integers(0, 10**9).map(lambda n: Number(Fraction(n, 100)))
facts = st.builds(Fact, st.sampled_from(FactKind), st.sampled_from(("1010", "3211")))
atoms = numbers | st.sampled_from(NAMES).map(Name) | st.integers(1, 5).map(Row) | facts


def larger(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    return (
        st.builds(Operation, st.sampled_from("+-*/"), inner, inner)
        | st.builds(Negative, inner.filter(lambda formula: not isinstance(formula, Negative)))
        | st.builds(Choice, st.sampled_from(("min", "max")), st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Rounded, inner, st.integers(0, 3).map(lambda n: Number(Fraction(n))))
        | st.builds(If, st.sampled_from(("<", "<=", ">", ">=", "=", "<>")), inner, inner, inner, inner)
    )


some_formulas: st.SearchStrategy[Formula] = st.recursive(atoms, larger, max_leaves=6)
amounts = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)
givens = st.builds(
    Given,
    st.fixed_dictionaries(dict.fromkeys(NAMES, amounts)),
    st.fixed_dictionaries(dict.fromkeys(range(1, 6), amounts)),
    st.fixed_dictionaries({Fact(kind, code): amounts for kind in FactKind for code in ("1010", "3211")}),
)


def written(formula: Formula) -> str:
    """With every bracket, as nobody types it."""
    match formula:
        case Number(number):
            return f"{number.numerator * 100 // number.denominator / 100:.2f}".replace(".", ",")
        case Name(name):
            return name
        case Row(number):
            return f"№{number}"
        case Fact(kind, account):
            return f"{kind.value}({account})"
        case Negative(inner):
            return f"(-({written(inner)}))"
        case Operation(sign, left, right):
            return f"(({written(left)}) {sign} ({written(right)}))"
        case Choice(function, among):
            return f"{function}({'; '.join(map(written, among))})"
        case Rounded(inner, places):
            return f"round({written(inner)}; {written(places)})"
        case If(sign, left, right, then, otherwise):
            return f"if({written(left)} {sign} {written(right)}; {written(then)}; {written(otherwise)})"


@given(some_formulas)
def test_a_formula_is_read_as_it_was_written(formula: Formula) -> None:
    text = written(formula)
    if len(text) <= formulas.LONGEST:
        assert parse(text) == formula


def reference(formula: Formula, given: Given) -> Fraction:
    """The same by another way: written for Python, and left to it."""

    def spelt(part: Formula) -> str:
        match part:
            case Number(number):
                return f"F({number.numerator}, {number.denominator})"
            case Name(name):
                return f"names[{name!r}]"
            case Row(number):
                return f"rows[{number}]"
            case Fact(kind, account):
                return f"facts[Fact(FactKind({kind.value!r}), {account!r})]"
            case Negative(inner):
                return f"(-{spelt(inner)})"
            case Operation(sign, left, right):
                return f"({spelt(left)} {sign} {spelt(right)})"
            case Choice(function, among):
                return f"{function}([{', '.join(map(spelt, among))}])"
            case Rounded(inner, places):
                return f"rounded({spelt(inner)}, {spelt(places)})"
            case If(sign, left, right, then, otherwise):
                compared = {"=": "==", "<>": "!="}.get(sign, sign)
                return f"({spelt(then)} if {spelt(left)} {compared} {spelt(right)} else {spelt(otherwise)})"

    known = {"F": Fraction, "Fact": Fact, "FactKind": FactKind, "rounded": rounded}
    result: Fraction = eval(  # noqa: S307
        spelt(formula), known | {"names": given.names, "rows": given.rows, "facts": given.facts}
    )
    return result


@given(some_formulas, givens)
def test_it_is_reckoned_exactly(formula: Formula, given: Given) -> None:
    try:
        expected = reference(formula, given)
    except ZeroDivisionError:
        with pytest.raises(DividedByZero):
            value(formula, given)
        return
    assert value(formula, given) == expected


NOTHING = Given({}, {}, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 2 * 2", 6),
        ("(2 + 2) * 2", 8),
        ("10 - 3 - 2", 5),
        ("12 / 3 / 2", 2),
        ("-2 * -3", 6),
        ("1 234,56 * 10%", Fraction(123456, 1000)),
        ("1\u00a0234.5", Fraction(12345, 10)),
        ("200 × 12,5%", 25),
        ("100 ÷ 8", Fraction(25, 2)),
        ("мин(5; 3; 4)", 3),
        ("МАКС(5; 3)", 5),
        ("округл(2,5)", 3),
        ("round(-2,5)", -3),
        ("дөңгелек(1234,565; 2)", Fraction(123457, 100)),
        ("round(1250; -2)", 1300),
        ("если(1 <= 2; 10; 1/0)", 10),
        ("егер(1 ≥ 2; 1/0; 20)", 20),
        ("if(1 = 1; 1; 0) + if(1 <> 1; 1; 0)", 1),
        ("(50%)%", Fraction(1, 200)),
    ],
)
def test_worked_examples(text: str, expected: Fraction) -> None:
    assert value(parse(text), NOTHING) == expected


def test_names_rows_and_facts_are_what_is_given() -> None:
    given = Given({"оклад": Fraction(100_000)}, {1: Fraction(90_000)}, {Fact(FactKind.BALANCE, "3211"): Fraction(-5)})
    assert value(parse("оклад * 10% - №1 - # 1 + сальдо(3211)"), given) == 10_000 - 180_000 - 5


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", "…"),
        ("2 +", "…"),
        ("2 2", "2"),
        ("оклад оклад", "оклад"),
        ("2 $ 3", "$ 3"),
        ("синус(3)", "синус(3)"),
        ("min()", ")"),
        ("min(1,2)", ")"),
        ("if(1; 2; 3)", "; 2; 3)"),
        ("if(1 < 2; 3)", ")"),
        ("balance(оклад)", "оклад)"),
        ("(1 + 2", "…"),
        ("1 + 2)", ")"),
        ("№ + 1", "№ + 1"),
        ("1 < 2", "< 2"),
        ("1,2,3", ",3"),
    ],
)
def test_a_fault_is_shown_where_it_stands(text: str, rest: str) -> None:
    with pytest.raises(FormulaMalformed) as refused:
        parse(text)
    assert refused.value.fields["rest"] == rest


@pytest.mark.parametrize("text", ["(" * 400, "1+" * 300, "-(" * 200 + "1" + ")" * 200, "min(" * 100])
def test_too_long_or_too_deep_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(FormulaTooLong):
        parse(text)


@given(st.text(max_size=60) | st.text("0123456789+-*/%();<>=№ оклад.,", max_size=60))
def test_any_text_is_a_formula_or_refused_in_words(text: str) -> None:
    try:
        parse(text)
    except (FormulaMalformed, FormulaTooLong):
        return


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(RowNotAbove, match="№7"):
        value(parse("№7"), NOTHING)


@given(st.fractions())
def test_halves_are_rounded_away_from_zero(number: Fraction) -> None:
    whole = half_up(number)
    assert abs(whole - number) <= Fraction(1, 2)
    assert half_up(-number) == -whole
    if abs(whole - number) == Fraction(1, 2):
        assert abs(whole) > abs(number)
