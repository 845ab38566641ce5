"""Pure rules of templates: what a sheet with formulas asks for, how it is filled, and when it falls due."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from uuid import UUID, uuid5

from dateutil.relativedelta import relativedelta

from erp.base.errors import Conflict, DomainError, Invalid, NotFound, RuleViolated
from erp.base.money import MOST_PLACES, decimal_string, parse_scaled, parse_tiyn
from erp.finance.drafts.model import Sheet
from erp.finance.templates import formulas
from erp.finance.templates.formulas import Fact, Formula, Given
from erp.finance.templates.model import FORMULA, Every, Recurrence

MOST_ROWS = 200
Rounded = Callable[[Fraction], int]
"""To whole tiyn, as the accounting policy says."""


class TemplateUnknown(NotFound):
    code = "template-unknown"
    template = "There is no such template among those you see here."


class TemplateChanged(Conflict):
    code = "template-changed"
    template = "The template was changed by somebody else since. Look at it anew."


class TemplateOfThatName(Conflict):
    code = "template-of-that-name"
    template = "You have a template of this name already. Choose another name."


class TemplateRecurs(Conflict):
    code = "template-recurs"
    template = "This template falls due again and again: end that first."


class TemplateIsPrivate(Conflict):
    code = "template-is-private"
    template = "Only a template that all see can fall due by itself. Share it first."


class TemplateIsAnothers(Conflict):
    code = "template-is-anothers"
    template = "This template belongs to {owner}: nobody else can keep it from the others."


class TemplateEmpty(RuleViolated):
    code = "template-empty"
    template = "A template has from 1 to {limit} rows."


class InputMissing(RuleViolated):
    code = "input-missing"
    template = "Say how much “{name}” is."


class RecurrenceUnknown(NotFound):
    code = "recurrence-unknown"
    template = "Nothing of the kind falls due here."


class OccurrenceDone(Conflict):
    code = "occurrence-done"
    template = "This due day was dealt with already."


def formula_of(amount: str) -> Formula | None:
    """The formula that an amount is; ``None`` where it is a plain amount, or none yet.

    Raises: FormulaMalformed, FormulaTooLong.
    """
    text = amount.strip()
    return formulas.parse(text.removeprefix(FORMULA)) if text.startswith(FORMULA) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """The formulas of a sheet, by the number of their row from 1."""

    formulas: Mapping[int, Formula]

    @property
    def names(self) -> tuple[str, ...]:
        """What is asked for, in the order of its first use."""
        return tuple(dict.fromkeys(part.name for part in self._parts if isinstance(part, formulas.Name)))

    @property
    def facts(self) -> frozenset[Fact]:
        return frozenset(part for part in self._parts if isinstance(part, Fact))

    @property
    def _parts(self) -> Iterator[Formula]:
        for formula in self.formulas.values():
            yield from formulas.parts(formula)


def without_blanks(sheet: Sheet) -> Sheet:
    """Rows that say something; the day and the number of the document come with each use."""
    rows = tuple(row for row in sheet.rows if not row.blank)
    return replace(sheet, rows=rows, effective_on="", document_number="", document_on="")


def read(sheet: Sheet) -> Reading:
    """Raises: Invalid with the fault of every formula; TemplateEmpty."""
    if not 1 <= len(sheet.rows) <= MOST_ROWS:
        raise TemplateEmpty(limit=MOST_ROWS)
    found: dict[int, Formula] = {}
    faults: dict[str, Exception] = {}
    for number, row in enumerate(sheet.rows, 1):
        try:
            formula = formula_of(row.amount)
            if formula is not None:
                _require_rows_above(formula, number)
                _require_reckonable(formula)
                found[number] = formula
        except RuleViolated as fault:
            faults[place_of(number)] = fault
    if faults:
        raise Invalid(faults)
    return Reading(found)


def place_of(number: int) -> str:
    """Where a fault of a row's amount stands."""
    return f"postings.{number - 1}.amount"


def _require_rows_above(formula: Formula, number: int) -> None:
    for part in formulas.parts(formula):
        if isinstance(part, formulas.Row) and not 1 <= part.number < number:
            raise formulas.RowNotAbove(row=part.number)


def _require_reckonable(formula: Formula) -> None:
    """What is wrong with it whatever is given shows at once.  Raises: DividedByZero, AmountOutOfRange."""
    for part in formulas.parts(formula):
        if isinstance(part, formulas.Operation) and part.sign == "/" and formulas.constant(part.right) == 0:
            raise formulas.DividedByZero()
    whole = formulas.constant(formula)
    if whole is not None:
        _in_tenge(formulas.half_up(100 * whole))


def names_given(names: Iterable[str], typed: Mapping[str, str]) -> dict[str, Fraction]:
    """What the names stand for, in tenge or plain numbers.  Raises: Invalid."""
    given: dict[str, Fraction] = {}
    faults: dict[str, Exception] = {}
    for name in names:
        text = typed.get(name, "").strip()
        try:
            if not text:
                raise InputMissing(name=name)
            given[name] = Fraction(parse_scaled(text, MOST_PLACES), 10**MOST_PLACES)
        except RuleViolated as fault:
            faults[f"inputs.{name}"] = fault
    if faults:
        raise Invalid(faults)
    return given


def filled(
    sheet: Sheet, reading: Reading, given: Given, day: date, month: str, rounded: Rounded = formulas.half_up
) -> Sheet:
    """The sheet with its amounts reckoned and rounded; rows that come to nothing are left out.

    ``month`` is the day's, in words: it stands for ``{month}`` in texts.

    Raises: Invalid with the fault of every row.
    """
    amounts: dict[int, Fraction] = {}
    faults: dict[str, Exception] = {}
    for number, row in enumerate(sheet.rows, 1):
        try:
            if formula := reading.formulas.get(number):
                amounts[number] = _in_tenge(rounded(100 * formulas.value(formula, replace(given, rows=amounts))))
            elif row.amount.strip():
                amounts[number] = Fraction(parse_tiyn(row.amount), 100)
        except DomainError as fault:
            faults[place_of(number)] = fault
    if faults:
        raise Invalid(faults)
    texts = _texts(day, month)
    rows = tuple(
        replace(row, amount=written(amounts[number]) if number in amounts else "", memo=texts(row.memo))
        for number, row in enumerate(sheet.rows, 1)
        if amounts.get(number) != 0
    )
    return replace(sheet, rows=rows, effective_on=f"{day:%d.%m.%Y}", memo=texts(sheet.memo))


def _in_tenge(tiyn: int) -> Fraction:
    """Raises: AmountOutOfRange."""
    return Fraction(parse_tiyn(decimal_string(tiyn)), 100)


def written(tenge: Fraction) -> str:
    """As people type it: ``1234,50``."""
    return decimal_string(int(tenge * 100)).replace(".", ",")


_MONTH, _YEAR = ("{month}", "{месяц}", "{ай}"), ("{year}", "{год}", "{жыл}")


def _texts(day: date, month: str) -> Callable[[str], str]:
    stands = dict.fromkeys(_MONTH, month) | dict.fromkeys(_YEAR, str(day.year))

    def said(text: str) -> str:
        for name, words in stands.items():
            text = text.replace(name, words)
        return text

    return said


def month_in_figures(day: date) -> str:
    """``11.2026``."""
    return f"{day:%m.%Y}"


# ------------------------------------------------------------------------------------------------ falling due


def due_days(recurrence: Recurrence, through: date) -> Iterator[date]:
    """Days on which it falls due, through a day: one a month, quarter or year, from the month it begins in."""
    through, first = min(through, _LAST_DAY), recurrence.since.replace(day=1)
    for turn in count():
        month = first + relativedelta(months=turn * recurrence.every.months)
        day = month + timedelta(days=min(recurrence.day, _days_in(month)) - 1)
        if day > through or (recurrence.until is not None and day >= recurrence.until):
            return
        if day >= recurrence.since:
            yield day


def _days_in(month: date) -> int:
    return (month + relativedelta(months=1) - timedelta(days=1)).day


def next_due(recurrence: Recurrence, after: date) -> date | None:
    """The first due day after a day."""
    horizon = max(after, recurrence.since) + relativedelta(months=2 * Every.YEAR.months)
    return next((day for day in due_days(recurrence, horizon) if day > after), None)


_LAST_DAY = date(2199, 12, 31)  # that the ledger keeps
_OCCURRENCES = UUID("5f0cb5a6-6f6a-5d0e-9c53-0b6b8f7b7d11")


def key_of(organisation_id: int, recurrence_id: int, due_on: date) -> UUID:
    """Of the draft for a due day, whoever makes it: it is posted once."""
    return uuid5(_OCCURRENCES, f"{organisation_id}/{recurrence_id}/{due_on.isoformat()}")
