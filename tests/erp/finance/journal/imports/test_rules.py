"""Rows known by their like are taken as if each had been looked at cell by cell."""

import random
from pathlib import Path

import pytest

from erp.base import uow
from erp.finance.journal.imports import reading, service
from erp.finance.journal.imports.model import CheckedEntry, Refusals, Spool
from erp.finance.journal.imports.rest import Rest
from erp.finance.journal.imports.rules import Checker, Registers
from erp.reference.classification.queries import REGISTERED
from ledger.model import Dimension
from tests.erp.finance.journal.imports.conftest import BIN, GONE, IIN, Importer
from tests.erp.finance.journal.imports.files import HEADINGS, a_csv
from tests.factories.books import scope_of

COLUMNS = (*HEADINGS, "Журнал", "БИН", "Контрагент Дт", "ТМЦ", "Дата документа")
DRAWN = {
    "Дата": ["15.03.2026", "2026-06-30", "01.07.2026", "15.11.2026", "32.01.2026", "1.7.2026 10:15"],
    "Номер": ["", "1", "1", "2"],
    "Дебет": ["1010", "1316", "3211", "1999", "10", "77"],
    "Кредит": ["1020", "1010", "3211", "1999"],
    "Сумма": ["100,00", "1 234,56", "-5", "0", "abc", "0.01", "7"],
    "Содержание": ["Касса", " two  words ", "", "x" * 1001],
    "Журнал": ["", "MO-01", "МО № 6", "none"],
    "БИН": ["", BIN, IIN, GONE],
    "Контрагент Дт": ["", BIN, GONE],
    "ТМЦ": ["", "бумага"],
    "Дата документа": ["", "01.02.2026", "later"],
}


@pytest.mark.parametrize("odd", [0.0, 0.02, 0.3])
def test_a_row_like_one_before_is_taken_as_if_it_were_the_first(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: float
) -> None:
    draw = random.Random(f"rows {odd}")  # noqa: S311
    usual = {"Дебет": "1010", "БИН": "", "Контрагент Дт": "", "Журнал": ""}
    rows = [
        tuple(
            draw.choice(values) if draw.random() < (odd or (column == "Сумма")) else usual.get(column, values[0])
            for column, values in DRAWN.items()
        )
        for _ in range(3000)
    ]
    path = a_csv(tmp_path, *rows, headings=COLUMNS)
    seen = checked(importer, path)
    monkeypatch.setattr(Checker, "_take", lambda *_: False)
    assert seen == checked(importer, path)


def checked(importer: Importer, path: Path) -> tuple[object, ...]:
    """Everything a checker found."""
    engine, organisation = importer.books.engine, importer.books.organisation
    scope, contents = scope_of(organisation), reading.examine(path)
    books = uow.read(engine, scope, lambda u: service._books(u, organisation, path.name, contents))
    registers = Registers(
        REGISTERED | Dimension.COUNTERPARTY,
        lambda dimension, codes: uow.read(engine, scope, lambda u: service._in_force(u, dimension, codes)),
    )
    entries: Spool[CheckedEntry] = Spool()
    left = path.with_name("rest.csv")
    with reading.open_table(path, contents) as table:
        rest = Rest(left, table.columns, "mark", str)
        checker = Checker(table.columns, books, registers, Refusals(), entries, path.name, rest)
        assert list(checker.check(table.rows))[-1] == 3000
        rest.close()
    rows = left.read_text("utf-8-sig")
    left.unlink()
    refused = [(r.line, r.column, r.found, r.error.code, r.error.fields) for r in checker.refusals]
    assert len(entries) > 0 < len(refused)
    return list(entries), rows, checker.sides, checker.totals, refused, checker.values_left_out, checker.rows_skipped
