"""From rows to entries that may be posted: every row is checked, every fault is kept."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TypeVar

from erp.base.dates import DateInterval, day_string, month_string
from erp.base.errors import DomainError
from erp.base.money import decimal_string
from erp.finance.journal.imports.errors import (
    CellEmpty,
    DimensionNotGiven,
    EntryTooLong,
    TextTooLong,
    TotalDiffers,
    ValueNotRegistered,
)
from erp.finance.journal.imports.headings import Columns, Field, Value, fold
from erp.finance.journal.imports.model import AccountTurnover, CheckedEntry, ImportTotals, Refusals, Spool
from erp.finance.journal.imports.reading import Cell, Row, code_of, day_of, text_of, tiyn_of
from erp.finance.journal.model import Account
from erp.finance.journal.rules import AccountUnknown, Fault, JournalUnknown, ValueNotPermitted
from ledger import errors as ledger_errors
from ledger.model import Dimension, SubaccountKey

T = TypeVar("T")

OWN_JOURNAL = "IMPORT"
"""Journal of rows that name none."""

_CHUNK = 5000
_MOST_POSTINGS = 32_767
_LONGEST = {Field.TEXT: 1000, Field.NUMBER: 60, Field.DOCUMENT_NUMBER: 60}
_LONGEST_CODE = 60
_DIMENSIONS = tuple(Dimension)
_NOTHING = ("",) * len(_DIMENSIONS)

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
        intervals = self._known[value]
        return any(day in interval for interval in intervals) if day else bool(intervals)


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


@dataclass(slots=True)
class _Turnover:
    debit: int = 0
    credit: int = 0


@dataclass
class Checker:
    """Checks a file's rows in one pass and gathers entries, sides, control totals and refusals.

    Rows that follow one another with the same journal, day and number (and document) are one entry; a row without a
    number is an entry of its own.  The same number again further down is another entry.

    Memory grows with the distinct sides (some 500 bytes each), not with the rows.
    """

    columns: Columns
    books: Books
    registers: Registers
    refusals: Refusals
    entries: Spool[CheckedEntry]
    memo: str
    """Text of rows that have none."""
    sides: dict[tuple[int, Codes], int] = field(default_factory=dict)
    rows: int = 0
    rows_skipped: int = 0
    values_left_out: Counter[Dimension] = field(default_factory=Counter)
    first_on: date = date.max
    last_on: date = date.min

    def __post_init__(self) -> None:
        self._amount_tiyn = 0
        self._amounts_known = True
        self._turnovers: dict[str, _Turnover] = {}
        self._open: CheckedEntry | None = None
        self._open_key: tuple[object, ...] | None = None
        self._cache: dict[tuple[int, Codes, Codes], _Side] = {}
        self._journals: dict[str, str | None] = {}
        places = self.columns.places
        self._place = {name: places.get(name) for name in Field}
        self._values = [
            [(_DIMENSIONS.index(m.dimension), m.dimension, place) for m, place in places.items()
             if isinstance(m, Value) and m.side is side]
            for side in (None, Field.DEBIT, Field.CREDIT)
        ]  # fmt: skip

    def check(self, rows: Iterable[Row]) -> Iterator[int]:
        """Check all rows, chunk by chunk; yields the number of rows done after each."""
        rows, done = iter(rows), 0
        while chunk := list(islice(rows, _CHUNK)):
            named = [_Named(*(self._codes(row, columns) for columns in self._values)) for row in chunk]
            self.registers.learn({value for n in named for value in self._registered(n)})
            for row, names in zip(chunk, named, strict=True):
                self._check(row, names)
            done += len(chunk)
            yield done
        self._close_entry()

    def _codes(self, row: Row, columns: Sequence[tuple[int, Dimension, int]]) -> Codes:
        if not columns:
            return _NOTHING
        codes = list(_NOTHING)
        for no, dimension, place in columns:
            codes[no] = code_of(dimension, row.cells[place])
        return tuple(codes)

    def _registered(self, named: _Named) -> Iterator[tuple[Dimension, str]]:
        for codes, columns in zip((named.common, named.debit, named.credit), self._values, strict=True):
            for no, dimension, _ in columns:
                if codes[no] and dimension in self.registers.dimensions:
                    yield dimension, codes[no]

    @property
    def totals(self) -> ImportTotals:
        return ImportTotals(
            rows=self.rows,
            entries=len(self.entries),
            amount_tiyn=self._amount_tiyn,
            turnovers=tuple(AccountTurnover(code, t.debit, t.credit) for code, t in sorted(self._turnovers.items())),
        )

    @property
    def side_keys(self) -> list[SubaccountKey]:
        return [SubaccountKey(account_id, codes) for account_id, codes in self.sides]

    # -------------------------------------------------------------------------------------------- reading

    def _read(self, row: Row) -> _Line | None:
        """A row's values, its unreadable cells refused; ``None`` where the row is nothing to post."""
        if row.fault is not None:
            self._amounts_known = False
            self.refusals.add(row.line, "", "", row.fault)
            return None
        if not any(row.cells):
            return None
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

    def _check(self, row: Row, named: _Named) -> None:
        before = len(self.refusals)
        line = self._read(row)
        if line is None:
            return
        if line.day:
            self._check_month(row, line.day)
        journal_id = self._journal(row)
        debit, debit_side = self._side(row, line.day, Field.DEBIT, named.debit, named.common)
        credit, credit_side = self._side(row, line.day, Field.CREDIT, named.credit, named.common)
        if line.amount_tiyn == 0:
            self._refuse(row, Field.AMOUNT, ledger_errors.AmountZero())
        if debit and credit and (debit.kind == "off_balance") != (credit.kind == "off_balance"):
            self._refuse(row, Field.CREDIT, ledger_errors.OffBalanceMixed(account=credit.code))
        if debit_side is not None and debit_side == credit_side:
            self._refuse(row, Field.CREDIT, ledger_errors.SameSides())
        if len(self.refusals) > before or line.day is None or not line.amount_tiyn or journal_id is None:
            return
        if debit is None or credit is None or debit_side is None or credit_side is None:
            return
        self._add(row, line, journal_id, line.day, (debit_side, credit_side, line.amount_tiyn))
        self._turnovers.setdefault(debit.code, _Turnover()).debit += line.amount_tiyn
        self._turnovers.setdefault(credit.code, _Turnover()).credit += line.amount_tiyn
        self._count_left_out(named.common, debit.permitted | credit.permitted)

    def _check_month(self, row: Row, day: date) -> None:
        state = self.books.months.get(day.replace(day=1))
        if state == "open":
            return
        fault = ledger_errors.PeriodNotOpened if state is None else ledger_errors.PeriodClosed
        self._refuse(row, Field.DATE, fault(month=month_string(day)))

    def _journal(self, row: Row) -> int | None:
        text = text_of(self._cell(row, Field.JOURNAL))
        if text not in self._journals:
            self._journals[text] = journal_code(text, self.books.journals)
        code = self._journals[text]
        if code is None:
            self._refuse(row, Field.JOURNAL, JournalUnknown(journal=text or OWN_JOURNAL))
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
        place = None if faults else self.sides.setdefault((account.id, tuple(codes)), len(self.sides))
        refused = {dimension for dimension, _ in faults}
        registered = (
            (d, code) for d, code in zip(_DIMENSIONS, codes, strict=True)
            if code and d in self.registers.dimensions and d not in refused
        )  # fmt: skip
        return _Side(place, tuple(faults), tuple(registered))

    def _count_left_out(self, common: Codes, kept: Dimension) -> None:
        for no, dimension, _ in self._values[0]:
            if common[no] and dimension not in kept:
                self.values_left_out[dimension] += 1

    # -------------------------------------------------------------------------------------------- gathering

    def _add(self, row: Row, line: _Line, journal_id: int, day: date, posting: tuple[int, int, int]) -> None:
        memo = line.text or self.memo
        document = line.document_number or line.number
        key = (journal_id, day, line.number, document, line.document_on) if line.number else None
        self.rows += 1
        self.first_on, self.last_on = min(self.first_on, day), max(self.last_on, day)
        if self._open is not None and key is not None and key == self._open_key:
            self._open.postings.append((*posting, memo if memo != self._open.memo else None))
            if len(self._open.postings) == _MOST_POSTINGS + 1:
                self._refuse(row, Field.NUMBER, EntryTooLong(number=line.number, limit=_MOST_POSTINGS))
            return
        self._close_entry()
        self._open_key = key
        self._open = CheckedEntry(journal_id, day, memo, document, line.document_on, row.line, [(*posting, None)])

    def _close_entry(self) -> None:
        if self._open is not None and not self.refusals:
            self.entries.append(self._open)
        self._open = None

    # -------------------------------------------------------------------------------------------- refusing

    def _refuse(self, row: Row, name: Field, fault: Fault) -> None:
        self.refusals.add(row.line, self.columns.heading(name), text_of(self._cell(row, name)), fault)

    def _refuse_value(self, row: Row, side: Field, dimension: Dimension, fault: DomainError) -> None:
        """In the side's own column if that is filled or the only one, else in the common one, else at the account."""
        own, common = (self.columns.places.get(Value(of, dimension)) for of in (side, None))
        places = [place for place in (own, common) if place is not None]
        filled = [place for place in places if text_of(row.cells[place])]
        place = [*filled, *places, self.columns.places[side]][0]
        self.refusals.add(row.line, self.columns.headings[place], text_of(row.cells[place]), fault)
