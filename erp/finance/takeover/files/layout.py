"""A sheet that was recognised: where its columns stand, and what its cells say."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from erp.base.dates import MonthSpan
from erp.base.errors import DomainError, RuleViolated
from erp.base.i18n import N_
from erp.base.money import parse_scaled
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Value, letters
from erp.base.sheets.values import text_of
from erp.finance.takeover.model import Heading, Recognised

Grid = Sequence[Sequence[Value]]
SEARCHED = 30
"""Rows in which the headings must stand."""
LONGEST_MEMO, LONGEST_NUMBER, LONGEST_VALUE = 1000, 60, 300
QUANTITY_PLACES, CURRENCY_PLACES = 3, 2
EMPTY = "<...>"
BOOKS = {"", "бу", "сумма"}
"""Indicators whose rows are amounts in tenge of the books; the others (tax accounting …) are left out."""
QUANTITIES, CURRENCIES = {"кол", "количество", "саны"}, {"вал", "валюта"}
TOTALS = {"итого", "всего", "барлығы", "жиыны", "total"}
DEBIT, CREDIT = ("дебет", "дт", "дебеті", "debіt"), ("кредит", "кт", "кредиті", "credіt")
CODE = re.compile(r"\d[\w]*(?:[./-][\w]+)*")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of a recognised file stand."""

    recognised: Recognised
    first_row: int
    """Index of the first row below the headings."""
    places: dict[str, int]
    lists: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Columns of what may stand in several."""


def folded_of(row: Sequence[Value]) -> list[str]:
    return [fold(text_of(cell)) for cell in row]


def cell_at(row: Sequence[Value], at: int | None) -> Value:
    return row[at] if at is not None and at < len(row) else ""


def text_at(row: Sequence[Value], at: int | None, longest: int = LONGEST_VALUE) -> str:
    return text_of(cell_at(row, at))[:longest].rstrip()


def registered(code: str, known: Set[str]) -> str:
    """A code as the chart has it, its leading zeros with it, which spreadsheets drop; empty where it has none."""
    return next((each for each in (code, code.zfill(2), code.zfill(3)) if each in known), "")


def cells_of(row: Sequence[Value]) -> tuple[str, ...]:
    """A row as it stands in the file, without its blank end."""
    texts = [cell.replace("\x00", " ") if isinstance(cell, str) else text_of(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def scaled(cell: Value, places: int) -> int | None:
    text = text_of(cell)
    try:
        if isinstance(cell, float):
            return round(cell * float(10**places))
        return parse_scaled(text, places) if text else None
    except DomainError:
        return None


_SUBHEADS = {fold(word) for word in ("Дебет", "Кредит", "Дт", "Кт", "Счет", "Сумма", "Шот", "Сома", "Сомасы")}


def headings_of(
    grid: Grid, head: int, places: dict[str, int], lists: dict[str, tuple[int, ...]]
) -> tuple[Heading, ...]:
    """Recognised columns in the order of the sheet, with the file's own words."""
    named = [(at, name) for name, at in places.items()] + [(at, name) for name, ats in lists.items() for at in ats]
    return tuple(Heading(name, letters(at), _words(grid, head, at)) for at, name in sorted(named))


def _words(grid: Grid, head: int, at: int) -> str:
    """The heading of a column: that of its group, of its own."""
    group = ""
    for place in range(at, -1, -1):
        if group := text_of(cell_at(grid[head], place)):
            break
    own = text_of(cell_at(grid[head + 1], at)) if head + 1 < len(grid) else ""
    return f"{group} / {own}" if own and own != group and fold(own) in _SUBHEADS else group


def left_out(row: Sequence[Value], used: Set[int]) -> tuple[str, ...]:
    return tuple(text for at, cell in enumerate(row) if at not in used and (text := text_of(cell)))


class PeriodNotFound(RuleViolated):
    code = "takeover-period-not-found"
    template = N_("The file {file} does not say which months it is of. Name the first and the last one beside it.")


def required(name: str, span: MonthSpan | None) -> MonthSpan:
    if span is None:
        raise PeriodNotFound(file=name)
    return span
