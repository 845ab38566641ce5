"""From rows to entries that may be posted: every row is checked, every fault is kept."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from operator import itemgetter
from typing import NamedTuple, TypeVar

from erp.base.dates import DateInterval, day_string, month_string
from erp.base.errors import DomainError
from erp.base.money import decimal_string
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Value as Cell
from erp.base.sheets.values import day_of, text_of, tiyn_of
from erp.finance.journal.imports.errors import (
    CellEmpty,
    DimensionNotGiven,
    EntryTooLong,
    TextTooLong,
    TotalDiffers,
    ValueNotRegistered,
)
from erp.finance.journal.imports.headings import Columns, Field, Value
from erp.finance.journal.imports.model import AccountTurnover, CheckedEntry, ImportTotals, Refusals, RefusedRow, Spool
from erp.finance.journal.imports.reading import Row, code_of
from erp.finance.journal.imports.rest import Rest
from erp.finance.journal.model import Account
from erp.finance.journal.rules import PROGRAM_JOURNALS, AccountUnknown, Fault, JournalUnknown, ValueNotPermitted
from ledger import errors as ledger_errors
from ledger.model import Dimension, SubaccountKey
from ledger.staging import MOST_POSTINGS

T = TypeVar("T")

OWN_JOURNAL = "IMPORT"
"""Journal of rows that name none."""

_CHUNK = 1000
_LONGEST_TEXT, _LONGEST_NUMBER = 1000, 60
_LONGEST = {Field.TEXT: _LONGEST_TEXT, Field.NUMBER: _LONGEST_NUMBER, Field.DOCUMENT_NUMBER: _LONGEST_NUMBER}
_LONGEST_CODE = 60
_DIMENSIONS = tuple(Dimension)
_NOTHING = ("",) * len(_DIMENSIONS)

_MOST_KNOWN = 50_000
"""Cells whose meaning is remembered, by kind."""
_PERIOD_FAULTS = {
    None: ledger_errors.PeriodNotOpened,
    "closed": ledger_errors.PeriodClosed,
    "restricted": ledger_errors.PeriodRestricted,
}

_MEMORIAL_ORDER = re.compile(r"(?:mo|мо|мемориальныйордер|мемориалдықордер|memorіalorder)?№?0*(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Books:
    """What the rows are checked against."""

    chart: Mapping[str, Sequence[tuple[Account, DateInterval]]]
    """Editions of each account by its code."""
    journals: Mapping[str, int]
    """Ids by code."""
    months: Mapping[date, str]
    """State of each opened month."""
    adjusts: bool = False
    """Whether restricted months may be posted into too."""
    approved: Set[str] = frozenset()
    """Journals whose entries a second person approves: a file has none, so it does not go into them."""
    left_out: Mapping[int, Sequence[DateInterval]] = field(default_factory=dict)
    """Days on which the accounting policy does not keep a journal, by its id."""

    def keeps(self, journal_id: int, day: date) -> bool:
        return not any(day in days for days in self.left_out.get(journal_id, ()))


class Registers:
    """Which dimension values are registered, and when; asked in sets, each value once."""

    def __init__(
        self,
        dimensions: Dimension,
        look_up: Callable[[Dimension, Sequence[str]], Mapping[str, Sequence[DateInterval]]],
    ) -> None:
        self.dimensions = dimensions
        self._look_up = look_up
        self._known: dict[tuple[Dimension, str], Sequence[DateInterval]] = {}

    def learn(self, values: Set[tuple[Dimension, str]]) -> None:
        asked: dict[Dimension, list[str]] = {}
        for dimension, code in sorted(values - self._known.keys()):
            asked.setdefault(dimension, []).append(code)
        for dimension, codes in asked.items():
            found = self._look_up(dimension, codes)
            self._known |= {(dimension, code): found.get(code, ()) for code in codes}

    def holds(self, value: tuple[Dimension, str], day: date | None) -> bool:
        """Whether the value is registered on the day, or ever."""
        return self.span(value, day) is not None if day else bool(self._known[value])

    def span(self, value: tuple[Dimension, str], day: date) -> DateInterval | None:
        """Days around this one on which the value is registered."""
        return next((interval for interval in self._known[value] if day in interval), None)


def left_out(
    journals: Mapping[str, int], policies: Iterable[tuple[DateInterval, Set[str]]]
) -> dict[int, list[DateInterval]]:
    """Days on which each journal of documents is in none of the policies that count then."""
    found: dict[int, list[DateInterval]] = {}
    for in_force, kept in policies:
        for code in journals.keys() - kept - PROGRAM_JOURNALS:
            found.setdefault(journals[code], []).append(in_force)
    return found


def journal_code(text: str, journals: Mapping[str, int]) -> str | None:
    """The code of the journal a file means: ``MO-06``, or a memorial order by its number, as ``МО № 6``."""
    if not text:
        return OWN_JOURNAL if OWN_JOURNAL in journals else None
    if text.upper() in journals:
        return text.upper()
    order = _MEMORIAL_ORDER.fullmatch(fold(text))
    code = f"MO-{int(order[1]):02d}" if order else text
    return code if code in journals else None


Codes = tuple[str, ...]
"""A code a dimension, in the order of ``Dimension``."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The dimension codes of a row: of columns for both sides, and of each side's own."""

    common: Codes
    debit: Codes
    credit: Codes


@dataclass(frozen=True, slots=True)
class _Line:
    """The other cells of a row; ``None`` is what could not be read."""

    day: date | None
    amount_tiyn: int | None
    text: str
    number: str
    document_number: str
    document_on: date | None


@dataclass(frozen=True, slots=True)
class _Side:
    place: int | None
    """In the list of sides; ``None`` where it is refused on any day."""
    faults: tuple[tuple[Dimension, DomainError], ...]
    registered: tuple[tuple[Dimension, str], ...]
    """Values whose register has to know them on the day."""


class _Known(NamedTuple):
    """A side that some cells name; from ``start`` to before ``end`` nothing about it is refused."""

    place: int
    start: date
    end: date
    off_balance: bool
    left_out: int
    """Dimensions of common columns that the account is not kept by; bits."""


@dataclass(slots=True)
class _Run:
    """Rows that make one entry; ``left`` where a row of it is refused."""

    entry: CheckedEntry
    key: tuple[object, ...] | None
    rows: list[Row]
    left: bool


@dataclass
class Checker:
    """Checks a file's rows in one pass and gathers entries, sides, control totals and refusals.

    Rows that follow one another with the same journal, day and number (and document) are one entry; a row without a
    number is an entry of its own.  The same number again further down is another entry.

    Memory grows with the distinct sides (some 500 bytes each), not with the rows.

    With a ``rest``, an entry that has a refused row is left out whole and its rows go there; the other entries stay.
    A refused row with a number belongs to the entries of that number right before and right after it.
    """

    columns: Columns
    books: Books
    registers: Registers
    refusals: Refusals
    entries: Spool[CheckedEntry]
    memo: str
    """Text of rows that have none."""
    rest: Rest | None = None
    sides: dict[tuple[int, Codes], int] = field(default_factory=dict)
    rows: int = 0
    rows_skipped: int = 0
    values_left_out: Counter[Dimension] = field(default_factory=Counter)
    left_out_of: str = ""
    """What the file says that its rows are left out of: the beginning of a digest."""
    first_on: date = date.max
    last_on: date = date.min

    def __post_init__(self) -> None:
        self.file_refused = False
        self._amount_tiyn = 0
        self._amounts_known = True
        self._side_accounts: list[str] = []
        self._turned: tuple[list[int], list[int]] = ([], [])
        self._run: _Run | None = None
        self._refused_number = ""
        self._faults: dict[int, list[RefusedRow]] = {}
        self._cache: dict[tuple[int, Codes, Codes], _Side] = {}
        self._journals: dict[str, str | None] = {}
        self._days: dict[Cell, date] = {}
        self._known_journals: dict[Cell, int] = {}
        self._debits: dict[object, _Known] = {}
        self._credits: dict[object, _Known] = {}
        places = self.columns.places
        self._place = {name: places.get(name) for name in Field}
        others = (Field.JOURNAL, Field.NUMBER, Field.TEXT, Field.DOCUMENT_NUMBER, Field.DOCUMENT_DATE)
        self._needed_at = places[Field.DATE], places[Field.AMOUNT]
        self._others_at = tuple(places.get(name) for name in others)
        self._values = [
            [(_DIMENSIONS.index(m.dimension), m.dimension, place) for m, place in places.items()
             if isinstance(m, Value) and m.side is side]
            for side in (None, Field.DEBIT, Field.CREDIT)
        ]  # fmt: skip
        common, debit, credit = ([place for _, _, place in columns] for columns in self._values)
        self._debit_of = itemgetter(places[Field.DEBIT], *debit, *common)
        self._credit_of = itemgetter(places[Field.CREDIT], *credit, *common)

    def check(self, rows: Iterable[Row]) -> Iterator[int]:
        """Check all rows, chunk by chunk; yields the number of rows done after each."""
        rows, done = iter(rows), 0
        while chunk := list(islice(rows, _CHUNK)):
            sides = [
                (self._debits.get(self._debit_of(row.cells)), self._credits.get(self._credit_of(row.cells)))
                for row in chunk
            ]
            strange = (row for row, known in zip(chunk, sides, strict=True) if None in known)
            self.registers.learn({value for row in strange for value in self._registered(row)})
            for row, (debit, credit) in zip(chunk, sides, strict=True):
                if debit is None or credit is None or not self._take(row, debit, credit):
                    self._check(row, self._named(row))
            done += len(chunk)
            yield done
        self._close_entry()

    def _named(self, row: Row) -> _Named:
        return _Named(*(self._codes(row, columns) for columns in self._values))

    def _codes(self, row: Row, columns: Sequence[tuple[int, Dimension, int]]) -> Codes:
        if not columns:
            return _NOTHING
        codes = list(_NOTHING)
        for no, dimension, place in columns:
            codes[no] = code_of(dimension, row.cells[place])
        return tuple(codes)

    def _registered(self, row: Row) -> Iterator[tuple[Dimension, str]]:
        named = self._named(row)
        for codes, columns in zip((named.common, named.debit, named.credit), self._values, strict=True):
            for no, dimension, _ in columns:
                if codes[no] and dimension in self.registers.dimensions:
                    yield dimension, codes[no]

    @property
    def totals(self) -> ImportTotals:
        turnovers: dict[str, list[int]] = {}
        for account, debit, credit in zip(self._side_accounts, *self._turned, strict=True):
            turnover = turnovers.setdefault(account, [0, 0])
            turnover[0] += debit
            turnover[1] += credit
        return ImportTotals(
            rows=self.rows,
            entries=len(self.entries),
            amount_tiyn=sum(self._turned[0]),
            turnovers=tuple(AccountTurnover(code, *turnover) for code, turnover in sorted(turnovers.items())),
        )

    @property
    def side_keys(self) -> list[SubaccountKey]:
        return [SubaccountKey(account_id, codes) for account_id, codes in self.sides]

    # -------------------------------------------------------------------------------------------- reading

    def _read(self, row: Row) -> _Line | None:
        """A row's values, its unreadable cells refused; ``None`` where the row is nothing to post."""
        if row.fault is not None:
            self._amounts_known = False
            self.file_refused = self.file_refused or not row.cells[: self.columns.width]
            self._tell(row.line, "", "", row.fault)
            return None
        if not any(row.cells):
            return None
        self.left_out_of = self.left_out_of or text_of(self._cell(row, Field.LEFT_OUT_OF))
        day_cell = self._cell(row, Field.DATE)
        try:
            day: date | None = day_of(day_cell)
        except DomainError as fault:
            if self._is_no_posting(row):
                return None
            day = None
            self._refuse(row, Field.DATE, fault if text_of(day_cell) else CellEmpty())
        amount = self._value(row, Field.AMOUNT, tiyn_of)
        if amount is None:
            self._amounts_known = False
        else:
            self._amount_tiyn += amount
        return _Line(
            day,
            amount,
            self._text(row, Field.TEXT),
            self._text(row, Field.NUMBER),
            self._text(row, Field.DOCUMENT_NUMBER),
            self._value(row, Field.DOCUMENT_DATE, day_of, needed=False),
        )

    def _is_no_posting(self, row: Row) -> bool:
        """Of rows without a day: skip repeated headings, notes, signatures; hold totals against the rows above."""
        if not text_of(self._cell(row, Field.DEBIT)) and not text_of(self._cell(row, Field.CREDIT)):
            if text_of(self._cell(row, Field.AMOUNT)):
                self._check_total(row)
        elif not self._is_heading(row):
            return False
        self.rows_skipped += 1
        return True

    def _is_heading(self, row: Row) -> bool:
        """The heading row again, or the row of column numbers that official forms have below it."""
        texts = [text_of(cell) for cell in row.cells]
        if texts[self.columns.places[Field.DEBIT]] == self.columns.heading(Field.DEBIT):
            return True
        named = [text for text in texts if text]
        return len(named) >= 4 and named == [str(n) for n in range(1, len(named) + 1)]

    def _check_total(self, row: Row) -> None:
        total = self._value(row, Field.AMOUNT, tiyn_of)
        if total is not None and self._amounts_known and total != self._amount_tiyn:
            self.file_refused = True
            fault = TotalDiffers(found=decimal_string(total), expected=decimal_string(self._amount_tiyn))
            self._refuse(row, Field.AMOUNT, fault)

    def _value(self, row: Row, name: Field, read: Callable[[Cell], T], *, needed: bool = True) -> T | None:
        cell = self._cell(row, name)
        try:
            return read(cell)
        except DomainError as fault:
            if text_of(cell):
                self._refuse(row, name, fault)
            elif needed:
                self._refuse(row, name, CellEmpty())
            return None

    def _text(self, row: Row, name: Field) -> str:
        text = text_of(self._cell(row, name))
        if len(text) > _LONGEST[name]:
            self._refuse(row, name, TextTooLong(found=len(text), limit=_LONGEST[name]))
        return text

    def _cell(self, row: Row, name: Field) -> Cell:
        place = self._place[name]
        return "" if place is None else row.cells[place]

    # -------------------------------------------------------------------------------------------- checking

    def _take(self, row: Row, debit: _Known, credit: _Known) -> bool:
        """Take in a row whose like was checked before; false where it has to be looked at cell by cell."""
        cells = row.cells
        day_at, amount_at = self._needed_at
        journal_at, number_at, text_at, document_at, document_day_at = self._others_at
        day = self._days.get(cells[day_at])
        journal_id = self._known_journals.get(cells[journal_at] if journal_at is not None else "")
        if day is None or journal_id is None or row.fault is not None or not self.books.keeps(journal_id, day):
            return False
        if not (debit.start <= day < debit.end and credit.start <= day < credit.end):
            return False
        if debit.off_balance != credit.off_balance or debit.place == credit.place:
            return False
        document_on = None
        try:
            amount = tiyn_of(cells[amount_at])
            if document_day_at is not None and cells[document_day_at] != "":
                document_on = day_of(cells[document_day_at])
        except DomainError:
            return False
        number = text_of(cells[number_at]) if number_at is not None else ""
        text = text_of(cells[text_at]) if text_at is not None else ""
        document = text_of(cells[document_at]) if document_at is not None else ""
        if not amount or len(text) > _LONGEST_TEXT or len(number) > _LONGEST_NUMBER or len(document) > _LONGEST_NUMBER:
            return False
        self._amount_tiyn += amount
        self._add(row, journal_id, day, number, document, document_on, text, (debit.place, credit.place, amount))
        if left_out := debit.left_out & credit.left_out:
            self._count_left_out(left_out)
        return True

    def _check(self, row: Row, named: _Named) -> None:
        before = len(self.refusals)
        line = self._read(row)
        if line is None:
            if len(self.refusals) > before:
                self._leave(row, "")
            return
        if line.day:
            self._check_month(row, line.day)
        journal_id = self._journal(row)
        if line.day and journal_id is not None and not self.books.keeps(journal_id, line.day):
            code = next(code for code, id_ in self.books.journals.items() if id_ == journal_id)
            self._refuse(row, Field.JOURNAL, ledger_errors.JournalNotKept(journal=code, day=line.day.isoformat()))
        debit, debit_side = self._side(row, line.day, Field.DEBIT, named.debit, named.common)
        credit, credit_side = self._side(row, line.day, Field.CREDIT, named.credit, named.common)
        if line.amount_tiyn == 0:
            self._refuse(row, Field.AMOUNT, ledger_errors.AmountZero())
        if debit and credit and (debit.kind == "off_balance") != (credit.kind == "off_balance"):
            self._refuse(row, Field.CREDIT, ledger_errors.OffBalanceMixed(account=credit.code))
        if debit_side is not None and debit_side == credit_side:
            self._refuse(row, Field.CREDIT, ledger_errors.SameSides())
        if len(self.refusals) > before:
            self._leave(row, line.number)
            return
        if line.day is None or not line.amount_tiyn or journal_id is None or debit is None or credit is None:
            raise AssertionError("what is missing was refused")
        if debit_side is None or credit_side is None:
            raise AssertionError("a side without a place was refused")
        posting = (debit_side, credit_side, line.amount_tiyn)
        self._add(row, journal_id, line.day, line.number, line.document_number, line.document_on, line.text, posting)
        known = self._known(debit, named.debit, named.common, line.day)
        other = self._known(credit, named.credit, named.common, line.day)
        self._count_left_out(known.left_out & other.left_out)
        if all(isinstance(cell, str) for cell in row.cells):  # told apart by equality, as numbers and truths are not
            for seen, cells, value in (
                (self._days, self._cell(row, Field.DATE), line.day),
                (self._known_journals, self._cell(row, Field.JOURNAL), journal_id),
                (self._debits, self._debit_of(row.cells), known),
                (self._credits, self._credit_of(row.cells), other),
            ):
                if len(seen) == _MOST_KNOWN:
                    seen.clear()
                seen[cells] = value  # type: ignore[assignment]

    def _known(self, account: Account, own: Codes, common: Codes, day: date) -> _Known:
        """The side of a row in which nothing was refused."""
        side = self._cache[account.id, own, common]
        assert side.place is not None
        in_force = next(span for edition, span in self.books.chart[account.code] if edition.id == account.id)
        spans = [in_force, *(span for value in side.registered if (span := self.registers.span(value, day)))]
        left_out = (d.value for d, code in zip(_DIMENSIONS, common, strict=True) if code and d not in account.permitted)
        return _Known(
            side.place,
            max(span.start or date.min for span in spans),
            min(span.end or date.max for span in spans),
            account.kind == "off_balance",
            sum(left_out),
        )

    def _check_month(self, row: Row, day: date) -> None:
        state = self.books.months.get(day.replace(day=1))
        if state == "open" or (state == "restricted" and self.books.adjusts):
            return
        fault = _PERIOD_FAULTS[state]
        self._refuse(row, Field.DATE, fault(month=month_string(day)))

    def _journal(self, row: Row) -> int | None:
        text = text_of(self._cell(row, Field.JOURNAL))
        if text not in self._journals:
            self._journals[text] = journal_code(text, self.books.journals)
        code = self._journals[text]
        if code is None:
            self._refuse(row, Field.JOURNAL, JournalUnknown(journal=text or OWN_JOURNAL))
            return None
        if code in self.books.approved:
            self._refuse(row, Field.JOURNAL, ledger_errors.ApprovalNeeded(journal=code))
            return None
        return self.books.journals[code]

    def _side(
        self, row: Row, day: date | None, name: Field, own: Codes, common: Codes
    ) -> tuple[Account | None, int | None]:
        """The account of a side and its place among the sides; the place is ``None`` where it is refused."""
        code = text_of(self._cell(row, name))
        if not code:
            self._refuse(row, name, CellEmpty())
            return None, None
        editions = self.books.chart.get(code, ())
        account = next((a for a, in_force in editions if day is None or day in in_force), None)
        if account is None:
            self._refuse(row, name, AccountUnknown(account=code))
            return None, None
        if not account.postable:
            self._refuse(row, name, ledger_errors.AccountNotPostable(account=code))
            return account, None
        key = (account.id, own, common)
        side = self._cache.get(key)
        if side is None:
            side = self._cache[key] = self._resolve(account, own, common)
        for dimension, fault in side.faults:
            self._refuse_value(row, name, dimension, fault)
        for value in side.registered:
            if not self.registers.holds(value, day):
                fault = ValueNotRegistered(value=value[1], day=day_string(day) if day else "")
                self._refuse_value(row, name, value[0], fault)
        return account, side.place

    def _resolve(self, account: Account, own: Codes, common: Codes) -> _Side:
        """A side's codes: its own columns, else the common ones where the account is kept by them."""
        codes = list(own)
        faults: list[tuple[Dimension, DomainError]] = []
        for no, dimension in enumerate(_DIMENSIONS):
            if dimension not in account.permitted:
                if own[no]:
                    faults.append((dimension, ValueNotPermitted(account=account.code)))
                continue
            code = codes[no] = own[no] or common[no]
            if not code and dimension in account.mandatory:
                faults.append((dimension, DimensionNotGiven(account=account.code, dimension=dimension.slug)))
            elif len(code) > _LONGEST_CODE:
                faults.append((dimension, TextTooLong(found=len(code), limit=_LONGEST_CODE)))
        place = None
        if not faults:
            place = self.sides.setdefault((account.id, tuple(codes)), len(self.sides))
            if place == len(self._side_accounts):
                self._side_accounts.append(account.code)
                for turned in self._turned:
                    turned.append(0)
        refused = {dimension for dimension, _ in faults}
        registered = (
            (d, code) for d, code in zip(_DIMENSIONS, codes, strict=True)
            if code and d in self.registers.dimensions and d not in refused
        )  # fmt: skip
        return _Side(place, tuple(faults), tuple(registered))

    def _count_left_out(self, dimensions: int) -> None:
        for dimension in Dimension(dimensions):
            self.values_left_out[dimension] += 1

    # -------------------------------------------------------------------------------------------- gathering

    def _add(
        self,
        row: Row,
        journal_id: int,
        day: date,
        number: str,
        document: str,
        document_on: date | None,
        text: str,
        posting: tuple[int, int, int],
    ) -> None:
        memo = text or self.memo
        document = document or number
        key = (journal_id, day, number, document, document_on) if number else None
        run = self._run
        if run is None or key is None or key != run.key:
            self._close_entry()
            entry = CheckedEntry(journal_id, day, memo, document, document_on, row.line, [(*posting, None)])
            self._run = _Run(entry, key, [row] if self.rest else [], left=False)
            if not number or number != self._refused_number:
                self._refused_number = ""
            else:
                self._leave_run(self._run)
        elif run.left:
            self._put_aside([row])
        else:
            run.entry.postings.append((*posting, memo if memo != run.entry.memo else None))
            if self.rest:
                run.rows.append(row)
            if len(run.entry.postings) > MOST_POSTINGS:
                self._refuse(row, Field.NUMBER, EntryTooLong(number=number, limit=MOST_POSTINGS))
                self._leave_run(run)

    def _leave(self, row: Row, number: str) -> None:
        """Keep a refused row out, and with it the entry that it is a row of."""
        run = self._run
        if run is not None and number and run.key is not None and run.key[2] == number:
            self._leave_run(run)
        else:
            self._close_entry()
        self._put_aside([row])
        self._refused_number = number

    def _leave_run(self, run: _Run) -> None:
        run.left = True
        run.entry.postings.clear()
        self._put_aside(run.rows)
        run.rows.clear()

    def _close_entry(self) -> None:
        run, self._run = self._run, None
        if run is None or run.left or (self.refusals and not self.rest):
            return
        self.entries.append(run.entry)
        self.rows += len(run.entry.postings)
        day = run.entry.effective_on
        if not self.first_on <= day <= self.last_on:
            self.first_on, self.last_on = min(self.first_on, day), max(self.last_on, day)
        debited, credited = self._turned
        for debit, credit, amount, _ in run.entry.postings:
            debited[debit] += amount
            credited[credit] += amount

    def _put_aside(self, rows: Iterable[Row]) -> None:
        if self.rest:
            for row in rows:
                self.rest.add(row, self._faults.pop(row.line, ()))

    # -------------------------------------------------------------------------------------------- refusing

    def _refuse(self, row: Row, name: Field, fault: Fault) -> None:
        self._tell(row.line, self.columns.heading(name), text_of(self._cell(row, name)), fault)

    def _tell(self, line: int, column: str, found: str, fault: Fault) -> None:
        refused = self.refusals.add(line, column, found, fault)
        if self.rest:
            self._faults.setdefault(line, []).append(refused)

    def _refuse_value(self, row: Row, side: Field, dimension: Dimension, fault: DomainError) -> None:
        """In the side's own column if that is filled or the only one, else in the common one, else at the account."""
        own, common = (self.columns.places.get(Value(of, dimension)) for of in (side, None))
        places = [place for place in (own, common) if place is not None]
        filled = [place for place in places if text_of(row.cells[place])]
        place = [*filled, *places, self.columns.places[side]][0]
        self._tell(row.line, self.columns.headings[place], text_of(row.cells[place]), fault)
