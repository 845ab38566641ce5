"""The text of formulas into a model: one token ahead, one function a rule of the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from erp.economy.formulas import faults
from erp.economy.formulas.faults import Fault, ModelFaulty
from erp.economy.formulas.model import (
    Arithmetic,
    Clause,
    Compared,
    Declaration,
    Expression,
    Extreme,
    Grow,
    If,
    Index,
    Kind,
    Known,
    Lag,
    Level,
    Logic,
    Member,
    Missing,
    Model,
    Name,
    Negative,
    Not,
    Number,
    Place,
    Sum,
    UnitNoun,
    UnitWord,
    children,
)
from erp.economy.formulas.units import SCALES

LONGEST = 200_000
"""Characters of a text."""
DEEPEST = 100
"""Operations within one another: few enough for every later step to follow them by recursion."""

_BINDS = {"or": 1, "and": 2} | dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), 4) | {"+": 5, "-": 5, "*": 6, "/": 6}
_NOT = 3
_FUNCTIONS = ("if", "min", "max", "lag", "sum", "known", "grow", "index")
_WORDS = frozenset(
    ("unit", *Kind, "where", "otherwise", "from", "and", "or", "not", "in", "over", "missing", *_FUNCTIONS)
)
_ALIKE = {"≤": "<=", "≥": ">=", "≠": "<>", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"}
_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:
        (?P<number>[0-9]+(?:\.[0-9]+)*)
      | (?P<word>[^\W\d]\w*)
      | (?P<string>"[^"\n]*")
      | (?P<sign><=|>=|<>|[-+*/%(),:=<>.≤≥≠−–×·÷])
      | (?P<end>\Z)
      | (?P<strange>.)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: Place


def parse(text: str) -> Model:
    """Raises: ModelFaulty, with the first place that cannot be read."""
    try:
        if len(text) > LONGEST:
            raise faults.TextTooLong.at(text, Place(LONGEST, LONGEST + 1), limit=LONGEST)
        return _Parser(text).model()
    except Fault as fault:
        raise ModelFaulty([fault]) from None


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        yield _Token(kind, _ALIKE.get(found[kind], found[kind]), Place(*found.span(kind)))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    # -------------------------------------------------------------------------------------------- tokens

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _is(self, *texts: str) -> bool:
        return self._next.kind in ("word", "sign") and self._next.text in texts

    def _advance(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _take(self, *texts: str) -> _Token | None:
        """What stands next, if it is one of these words or signs."""
        return self._advance() if self._is(*texts) else None

    def _need(self, text: str) -> _Token:
        return self._take(text) or self._refuse(faults.WordExpected, expected=text)

    def _name(self) -> _Token:
        if self._next.kind != "word" or self._next.text in _WORDS:
            self._refuse(faults.NameExpected)
        return self._advance()

    def _whole_number(self) -> int:
        if self._next.kind != "number" or not self._next.text.isdecimal() or len(self._next.text) > 4:
            self._refuse(faults.WholeNumberExpected)
        return int(self._advance().text)

    def _refuse(self, fault: type[Fault], **fields: str) -> NoReturn:
        raise fault(self._text, self._next.place, found=self._next.text or "…", **fields)

    def _since(self, start: Place) -> Place:
        return start.until(self._tokens[self._at - 1].place)

    # -------------------------------------------------------------------------------------------- declarations

    def model(self) -> Model:
        units: list[UnitNoun] = []
        declared: list[Declaration] = []
        while self._next.kind != "end":
            if self._take("unit"):
                name = self._name()
                units.append(UnitNoun(name.text, place=name.place))
            elif start := self._take(*Kind):
                declared.append(self._declaration(Kind(start.text)))
            else:
                self._refuse(faults.DeclarationExpected)
        return Model(self._text, tuple(units), tuple(declared))

    def _declaration(self, kind: Kind) -> Declaration:
        name = self._name()
        self._need(":")
        unit = self._unit()
        clauses = tuple(self._clauses()) if kind is Kind.MEASURE else ()
        return Declaration(kind, name.text, unit, clauses, place=name.place)

    def _unit(self) -> tuple[UnitWord, ...]:
        words = list(self._unit_words(1))
        while sign := self._take("/", "*"):
            words += self._unit_words(-1 if sign.text == "/" else 1)
        return tuple(words)

    def _unit_words(self, power: int) -> Iterator[UnitWord]:
        """``bn KZT``, ``%``, ``1``."""
        if not (self._is("%") or self._next.text == "1" or self._is_unit_word):
            self._refuse(faults.UnitExpected)
        word = self._advance()
        yield UnitWord(word.text, power, place=word.place)
        while word.text in SCALES and self._is_unit_word:
            word = self._advance()
            yield UnitWord(word.text, power, place=word.place)

    @property
    def _is_unit_word(self) -> bool:
        return self._next.kind == "word" and self._next.text not in _WORDS

    def _clauses(self) -> Iterator[Clause]:
        if not self._is("where"):
            yield self._clause(self._next.place, None)
            return
        while start := self._take("where"):
            yield self._clause(start.place, self._followed(self._test))
        if start := self._take("otherwise"):
            yield self._clause(start.place, None)

    def _clause(self, start: Place, condition: Expression | None) -> Clause:
        self._need("=")
        formula = self._followed(self._expression)
        initial = self._followed(self._expression) if self._take("from") else None
        return Clause(condition, formula, initial, place=self._since(start))

    def _followed(self, rule: Callable[[], Expression]) -> Expression:
        """An expression that later steps can follow by recursion."""
        found = rule()
        layer = [found]
        for _ in range(DEEPEST):
            layer = [child for each in layer for child in children(each)]
            if not layer:
                return found
        raise faults.TooDeep.at(self._text, layer[0].place)

    # -------------------------------------------------------------------------------------------- expressions

    def _inner(self, rule: Callable[[], Expression]) -> Expression:
        """What stands between brackets or behind a sign."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise faults.TooDeep.at(self._text, self._next.place)
        found = rule()
        self._depth -= 1
        return found

    def _expression(self, binding: int = 0) -> Expression:
        """An operand and the operations behind it that bind closer than what stands before."""
        left = self._operand()
        while self._next.kind in ("word", "sign") and (binds := _BINDS.get(self._next.text, 0)) > binding:
            sign = self._advance().text
            right = self._expression(binds)
            place = left.place.until(right.place)
            if sign in ("and", "or"):
                left = Logic(sign, left, right, place=place)
            elif binds == _BINDS["="]:
                left = Compared(sign, left, right, place=place)
            else:
                left = Arithmetic(sign, left, right, place=place)
        return left

    def _operand(self) -> Expression:
        start = self._next.place
        if self._take("not"):
            return Not(self._inner(lambda: self._expression(_NOT)), place=self._since(start))
        if self._take("-"):
            return Negative(self._inner(self._operand), place=self._since(start))
        if self._take("("):
            return self._closed(start, self._inner(self._expression))
        if self._take("missing"):
            return Missing(place=start)
        if self._next.kind == "number":
            return self._number()
        if self._is(*_FUNCTIONS):
            return self._call()
        if self._next.kind != "word" or self._next.text in _WORDS:
            self._refuse(faults.ExpressionExpected)
        return self._named()

    def _closed(self, start: Place, inner: Expression) -> Expression:
        self._need(")")
        return replace(inner, place=self._since(start))

    def _number(self) -> Expression:
        """``12.5``, ``5%``, ``120 thousand KZT``."""
        token = self._next
        if token.text.count(".") > 1:
            self._refuse(faults.NumberUnclear)
        self._advance()
        found: Expression = Number(float(token.text), place=token.place)
        if self._take("%"):
            return Number(float(token.text) / 100, place=self._since(token.place))
        word = token
        while self._is_unit_word and (word is token or word.text in SCALES):
            word = self._advance()
            unit = UnitWord(word.text, place=word.place)
            found = Arithmetic("*", found, unit, place=self._since(token.place))
        return found

    def _named(self) -> Expression:
        """A name, or a test of the cell's code."""
        name = self._name()
        if self._is(".", "in"):
            return self._member(name)
        if self._is("=", "<>") and self._tokens[self._at + 1].kind == "string":
            return self._member(name)
        return Name(name.text, place=name.place)

    def _call(self) -> Expression:
        function = self._advance()
        self._need("(")
        self._depth += 1
        if self._depth > DEEPEST:
            raise faults.TooDeep.at(self._text, function.place)
        found = self._called(function)
        self._depth -= 1
        return found

    def _called(self, function: _Token) -> Expression:
        if function.text == "sum":
            known = self._take("known") is not None
            of = self._expression()
            over = self._level() if self._take("over") else None
            return Sum(of, over, known, place=self._ended(function))
        first = self._expression()
        match function.text:
            case "known":
                return Known(first, place=self._ended(function))
            case "lag":
                years = self._whole_number() if self._take(",") else 1
                return Lag(first, years, place=self._ended(function))
            case "index":
                year = self._whole_number() if self._take(",") else None
                return Index(first, year, place=self._ended(function))
            case "grow":
                return Grow(first, self._argument(), place=self._ended(function))
            case "if":
                return If(first, self._argument(), self._argument(), place=self._ended(function))
        among = [first, self._argument()]
        while self._is(","):
            among.append(self._argument())
        return Extreme(function.text, tuple(among), place=self._ended(function))

    def _argument(self) -> Expression:
        self._need(",")
        return self._expression()

    def _ended(self, function: _Token) -> Place:
        self._need(")")
        return self._since(function.place)

    # -------------------------------------------------------------------------------------------- tests of codes

    def _test(self, binding: int = 0) -> Expression:
        """What stands behind ``where``: tests of codes, so that the ``=`` behind the last of them begins a formula."""
        left = self._single_test()
        while self._is("and", "or") and (binds := _BINDS[self._next.text]) > binding:
            sign = self._advance().text
            right = self._test(binds)
            left = Logic(sign, left, right, place=left.place.until(right.place))
        return left

    def _single_test(self) -> Expression:
        start = self._next.place
        if self._take("not"):
            return Not(self._inner(self._single_test), place=self._since(start))
        if self._take("("):
            return self._closed(start, self._inner(self._test))
        return self._member(self._name())

    def _member(self, dimension: _Token) -> Expression:
        level = self._name().text if self._take(".") else None
        sign = self._take("=", "<>") or self._need("in")
        if sign.text == "in" and self._take("("):
            codes = [self._code()]
            while self._take(","):
                codes.append(self._code())
            self._need(")")
        else:
            codes = [self._code()]
        place = self._since(dimension.place)
        found = Member(dimension.text, level, tuple(codes), place=place)
        return Not(found, place=place) if sign.text == "<>" else found

    def _code(self) -> str:
        if self._next.kind not in ("number", "word", "string") or self._next.text in _WORDS:
            self._refuse(faults.CodeExpected)
        return self._advance().text.strip('"')

    def _level(self) -> Level:
        dimension = self._name()
        self._need(".")
        return Level(dimension.text, self._name().text, place=self._since(dimension.place))
