"""What another program exported: recognised by its headings, read row by row, and refused with what was expected.

The layouts are those of 1C:Enterprise 8 as its reports are saved to a spreadsheet; they are not verified for every
edition for state institutions, so a file is taken by what its headings say and never by where they stand.
"""

from collections.abc import Callable, Set
from dataclasses import replace

from erp.base.dates import MonthSpan
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.model import Table
from erp.base.sheets.values import text_of
from erp.finance.takeover.files import balance, journal, registers
from erp.finance.takeover.files.layout import LONGEST_VALUE, SEARCHED, Grid, Layout
from erp.finance.takeover.files.model import Contents
from erp.finance.takeover.files.spans import span_in


class FileNotRecognised(RuleViolated):
    code = "takeover-file-not-recognised"
    template = N_(
        "The file {file} was not recognised. Expected in its first {searched} rows the headings of a trial balance"
        " ({balance}), of a journal ({journal}), of a chart of accounts ({chart}) or of counterparties"
        " ({counterparties}). Found: {found}."
    )


class SeveralSheets(RuleViolated):
    code = "takeover-several-sheets"
    template = N_("Several sheets of {file} are recognised: {sheets}. Save each as a file of its own.")


_Parse = Callable[[str, Grid, Layout, Set[str]], Contents]
_KINDS: tuple[tuple[Callable[[Grid], Layout | None], _Parse], ...] = (
    (balance.layout_of, balance.parse),
    (journal.layout_of, journal.parse),
    (registers.counterparties_layout, registers.counterparties),
    (registers.chart_layout, registers.chart),
)
_EXPECTED = {
    "balance": "Счет; Сальдо на начало; Обороты; Сальдо на конец",
    "journal": "Период; Документ; Дебет; Кредит",
    "chart": "Код; Наименование; Субконто 1",
    "counterparties": "Наименование; БИН/ИИН",
}
"""Headings as 1C writes them, for the refusal."""


def read(table: Table, known: Set[str] = frozenset(), span: MonthSpan | None = None) -> Contents:
    """What is in the one sheet of a file that is recognised.

    Args:
        known: codes of the other program's accounts, where its chart was read before.
        span: months that the file is of, where a person says so.

    Raises: FileNotRecognised, SeveralSheets, PeriodNotFound; CellUnread, RowDiffers, PartsDiffer, TotalsMissing,
    TotalsDiffer.
    """
    grids = [[row.values for row in sheet.rows] for sheet in table.sheets]
    found = [(sheet.name, grid, kind) for sheet, grid in zip(table.sheets, grids, strict=True) if (kind := _kind(grid))]
    if not found:
        raise FileNotRecognised(file=table.name, searched=SEARCHED, found=_found(grids[0]), **_EXPECTED)
    if len(found) > 1:
        raise SeveralSheets(file=table.name, sheets=", ".join(name for name, _, _ in found))
    ((_, grid, (layout, parse)),) = found
    above = " ".join(text_of(cell) for row in grid[: layout.recognised.head_row - 1] for cell in row)
    said = replace(layout.recognised, span=span or span_in(above))
    return parse(table.name, grid, replace(layout, recognised=said), known)


def _kind(grid: Grid) -> tuple[Layout, _Parse] | None:
    """What a sheet is, and how it is read."""
    return next(((layout, parse) for recognise, parse in _KINDS if (layout := recognise(grid)) is not None), None)


def _found(grid: Grid) -> str:
    """The row that looks most like headings, for the refusal."""
    rows = [[text for cell in row if (text := text_of(cell))] for row in grid[:SEARCHED]]
    widest = max(rows, key=len, default=[])
    return "; ".join(widest)[:LONGEST_VALUE] or "—"
