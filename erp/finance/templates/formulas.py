"""Formulas of amounts, as an accountant writes them after ``=``: ``=оклад * 10%``, ``=№1 - №2``, ``=сальдо(3211)``.

    formula   = product { ("+" | "-") product }
    product   = factor { ("*" | "/") factor }
    factor    = "-" factor | atom [ "%" ]
    atom      = number | "№" row | name | fact "(" account ")" | "(" formula ")"
              | "min" | "max" "(" formula ";" formula { ";" formula } ")"
              | "round" "(" formula [ ";" formula ] ")"
              | "if" "(" formula ("<" | "<=" | ">" | ">=" | "=" | "<>") formula ";" formula ";" formula ")"

A name stands for what is asked for when the formula is used; ``№2`` is the amount of the second row; a fact is read
from the books.  Numbers are exact fractions of tenge: nothing is rounded before the end, but where ``round`` says so.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction

from erp.base.errors import RuleViolated

LONGEST = 500
"""Characters of a formula."""
_DEEPEST = 30  # brackets within brackets


class FormulaMalformed(RuleViolated):
    code = "formula-malformed"
    template = "The formula cannot be read from “{rest}” on: a number, a name, № or a bracket is expected."


class OperationExpected(FormulaMalformed):
    code = "operation-expected"
    template = "The formula cannot be read from “{rest}” on: an operation or the end is expected."


class SignExpected(FormulaMalformed):
    code = "sign-expected"
    template = "The formula cannot be read from “{rest}” on: “{sign}” is expected."


class ComparisonExpected(FormulaMalformed):
    code = "comparison-expected"
    template = "The formula cannot be read from “{rest}” on: a comparison is expected, like < or >=."


class AccountExpected(FormulaMalformed):
    code = "account-expected"
    template = "The formula cannot be read from “{rest}” on: the code of an account is expected."


class FunctionUnknown(FormulaMalformed):
    code = "function-unknown"
    template = "The formula cannot be read from “{rest}” on: there is no such function. There are {known}."


class FormulaTooLong(RuleViolated):
    code = "formula-too-long"
    template = (
        "The formula is too long or too deep: at most {limit} characters, brackets {depth} deep. Split it into rows."
    )


class DividedByZero(RuleViolated):
    code = "divided-by-zero"
    template = "The formula divides by zero."


class RowNotAbove(RuleViolated):
    code = "row-not-above"
    template = "There is no row №{row} above this one that has an amount."


class FactKind(StrEnum):
    BALANCE = "balance"
    """Closing balance on the day of the entry, debit positive."""
    DEBIT = "debit"
    """Debit turnover of the month, through the day of the entry."""
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class Fact:
    kind: FactKind
    account: str


@dataclass(frozen=True, slots=True)
class Negative:
    of: Formula


@dataclass(frozen=True, slots=True)
class Operation:
    sign: str
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Choice:
    """``min`` or ``max``."""

    function: str
    among: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Rounded:
    of: Formula
    places: Formula


@dataclass(frozen=True, slots=True)
class If:
    sign: str
    left: Formula
    right: Formula
    then: Formula
    otherwise: Formula


Formula = Number | Name | Row | Fact | Negative | Operation | Choice | Rounded | If


# ------------------------------------------------------------------------------------------------ reading

_FUNCTIONS = {
    **dict.fromkeys(("min", "мин"), "min"),
    **dict.fromkeys(("max", "макс"), "max"),
    **dict.fromkeys(("round", "округл", "дөңгелек"), "round"),
    **dict.fromkeys(("if", "если", "егер"), "if"),
    **dict.fromkeys(("balance", "сальдо", "қалдық"), FactKind.BALANCE),
    **dict.fromkeys(("debit", "дебет"), FactKind.DEBIT),
    **dict.fromkeys(("credit", "кредит"), FactKind.CREDIT),
}
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "≤": "\u2264", "≥": "\u2265"})
_SPACE = "[ \u00a0\u2009\u202f]"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<number>[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+(?:[.,][0-9]+)?(?![0-9])|[0-9]+(?:[.,][0-9]+)?)
      | (?P<row>[№\#]\s*[0-9]{{1,4}})
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><=|>=|<>|[-+*/%();<>=≤≥])
    )""",
    re.VERBOSE,
)
_SAME = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


_END = "end"


def parse(text: str) -> Formula:
    """Read what stands after ``=``.  Raises: FormulaMalformed, FormulaTooLong."""
    if len(text) > LONGEST:
        raise FormulaTooLong(limit=LONGEST, depth=_DEEPEST)
    return _Parser(text).whole()


def _tokens(text: str) -> Iterator[_Token]:
    place, said = 0, text.translate(_SIGNS).rstrip()
    while place < len(said):
        found = _TOKEN.match(said, place)
        if found is None:
            rest = said[place:].lstrip()
            raise FormulaMalformed(rest=rest)
        kind = str(found.lastgroup)
        yield _Token(kind, _SAME.get(found[kind], found[kind]), found.start(kind))
        place = found.end()
    yield _Token(_END, "", len(text))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Formula:
        formula = self._sum()
        if self._next.kind != _END:
            raise self._unexpected(OperationExpected)
        return formula

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str | None:
        """The sign that stands next, if it is one of these."""
        token = self._next
        if token.kind == "sign" and token.text in signs:
            self._at += 1
            return token.text
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected(SignExpected, sign=sign)

    def _unexpected(self, refusal: type[FormulaMalformed] = FormulaMalformed, **fields: str) -> FormulaMalformed:
        return refusal(rest=self._text[self._next.place :] or "…", **fields)

    def _sum(self) -> Formula:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaTooLong(limit=LONGEST, depth=_DEEPEST)
        left = self._product()
        while sign := self._take("+", "-"):
            left = Operation(sign, left, self._product())
        self._depth -= 1
        return left

    def _product(self) -> Formula:
        left = self._factor()
        while sign := self._take("*", "/"):
            left = Operation(sign, left, self._factor())
        return left

    def _factor(self) -> Formula:
        negative = False
        while self._take("-"):
            negative = not negative
        atom = self._atom()
        if self._take("%"):
            atom = Operation("/", atom, Number(Fraction(100)))
        return Negative(atom) if negative else atom

    def _atom(self) -> Formula:
        token = self._next
        if self._take("("):
            return self._closed(self._sum())
        if token.kind not in ("number", "row", "name"):
            raise self._unexpected()
        self._at += 1
        if token.kind == "number":
            return Number(number_in(token.text))
        if token.kind == "row":
            return Row(int(token.text[1:]))
        return self._call(token) if self._take("(") else Name(token.text)

    def _closed(self, formula: Formula) -> Formula:
        self._need(")")
        return formula

    def _call(self, name: _Token) -> Formula:
        function = _FUNCTIONS.get(name.text.lower())
        if function is None:
            raise FunctionUnknown(rest=self._text[name.place :], known=", ".join(_FUNCTIONS))
        if isinstance(function, FactKind):
            account = self._next
            if account.kind != "number" or not account.text.isdecimal():
                raise self._unexpected(AccountExpected)
            self._at += 1
            return self._closed(Fact(function, account.text))
        if function == "if":
            return self._closed(self._if())
        first = self._sum()
        if function == "round":
            return self._closed(Rounded(first, self._sum() if self._take(";") else Number(Fraction(0))))
        self._need(";")
        among = [first, self._sum()]
        while self._take(";"):
            among.append(self._sum())
        return self._closed(Choice(function, tuple(among)))

    def _if(self) -> If:
        left = self._sum()
        sign = self._take(*_COMPARED)
        if sign is None:
            raise self._unexpected(ComparisonExpected)
        right = self._sum()
        self._need(";")
        then = self._sum()
        self._need(";")
        return If(sign, left, right, then, self._sum())


def number_in(text: str) -> Fraction:
    """``1 234,5`` as it was read by the pattern of numbers."""
    return Fraction(re.sub(_SPACE, "", text).replace(",", "."))


# ------------------------------------------------------------------------------------------------ what it uses


def parts(formula: Formula) -> Iterator[Formula]:
    """The formula and all within it, from left to right."""
    yield formula
    for each in fields(formula):
        value = getattr(formula, each.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Formula):
                yield from parts(part)


# ------------------------------------------------------------------------------------------------ reckoning

_REAL: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARED: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a formula is reckoned from, all in tenge."""

    names: Mapping[str, Fraction]
    rows: Mapping[int, Fraction]
    """Amounts of the rows above, by their number from 1."""
    facts: Mapping[Fact, Fraction]


def value(formula: Formula, given: Given) -> Fraction:
    """Exactly.  Raises: DividedByZero, RowNotAbove."""

    def of(part: Formula) -> Fraction:
        match part:
            case Number(number):
                return number
            case Name(name):
                return given.names[name]
            case Row(number):
                if number not in given.rows:
                    raise RowNotAbove(row=number)
                return given.rows[number]
            case Fact():
                return given.facts[part]
            case Negative(inner):
                return -of(inner)
            case Operation(sign, left, right):
                divisor = of(right)
                if sign == "/" and not divisor:
                    raise DividedByZero()
                return _REAL[sign](of(left), divisor)
            case Choice(function, among):
                return (min if function == "min" else max)(of(each) for each in among)
            case Rounded(inner, places):
                return rounded(of(inner), of(places))
            case If(sign, left, right, then, otherwise):
                return of(then) if _COMPARED[sign](of(left), of(right)) else of(otherwise)

    return of(formula)


def constant(formula: Formula) -> Fraction | None:
    """What numbers alone come to; ``None`` where something has to be given.  Raises: DividedByZero."""
    is_open = any(isinstance(part, Name | Row | Fact) for part in parts(formula))
    return None if is_open else value(formula, Given({}, {}, {}))


def rounded(number: Fraction, places: Fraction) -> Fraction:
    """Half away from zero, to so many places after the comma; negative places are tens, hundreds."""
    digits = max(-_MOST_PLACES, min(_MOST_PLACES, int(places)))
    unit = Fraction(1, 10**digits) if digits >= 0 else Fraction(10**-digits)
    return unit * half_up(number / unit)


_MOST_PLACES = 15


def half_up(number: Fraction) -> int:
    """The nearest whole number, half away from zero."""
    doubled = 2 * abs(number) + 1
    whole = doubled.numerator // (2 * doubled.denominator)
    return -whole if number < 0 else whole
