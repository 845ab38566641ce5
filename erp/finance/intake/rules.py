"""Pure rules of an intake: what columns mean, what a row is, which rows make an entry."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from erp.base.dates import DateInterval, day_string, parse_day
from erp.base.errors import Conflict, DomainError, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.money import decimal_string
from erp.base.sheets.heads import SEARCHED, Header, find_header, fold, header_at
from erp.base.sheets.model import Row, RowKind, Value, address, kind_of
from erp.base.sheets.model import Sheet as Brought
from erp.base.sheets.values import day_of, text_of, tiyn_of
from erp.finance.drafts.model import MOST_ROWS, Sheet, TypedRow, TypedSide
from erp.finance.drafts.rules import Empty, TooLong
from erp.finance.intake.fields import WANTED
from erp.finance.intake.model import (
    ADDED,
    FIELDS,
    REGISTRAR,
    REPEATABLE,
    SUBCONTO,
    Gathered,
    Grouping,
    Head,
    Line,
    LineKind,
    Mark,
    Mended,
    Named,
    Purpose,
    Settings,
)
from erp.finance.journal.imports.reading import code_of
from erp.finance.journal.model import Account
from erp.reference.counterparties.rules import kind_of as kind_of_code
from ledger.model import Dimension

_LOOKED_AT = 200
"""Rows that a column is judged by."""
_MOSTLY = 0.8
_SIDES = ("debit", "credit")
_LONGEST_NAME = 300


class IntakeUnknown(NotFound):
    code = "intake-unknown"
    template = "There is no such table among those you brought."


class IntakeChanged(Conflict):
    code = "intake-changed"
    template = "This table was changed in another window since. Look at it again."


class IntakeKeyReused(Conflict):
    code = "intake-key-reused"
    template = "This page has brought another table already. Send this one once more."


class IntakeAccepted(Conflict):
    code = "intake-accepted"
    template = "This table was accepted already and changes no more."


class NothingGood(RuleViolated):
    code = "nothing-good"
    template = "No entry of the table is without faults. Mend the marked cells first."


class DraftsTooMany(RuleViolated):
    code = "drafts-too-many"
    template = "The table makes {found} entries; at most {limit} are opened as drafts. Post them together instead."


class ColumnTwice(RuleViolated):
    code = "column-twice"
    template = N_("Columns {first} and {second} mean the same. Say of one of them that it is not used.")


class ColumnMissing(RuleViolated):
    code = "column-missing"
    template = N_("No column means this. Choose one in the row of heads.")


class OfAnotherEntry(RuleViolated):
    code = "of-another-entry"
    template = N_("All rows are to be one entry, whose rows above say “{expected}”; this one says “{found}”.")


class RowsTooMany(RuleViolated):
    code = "rows-too-many"
    template = N_("From this row on the entry has more than {limit} rows. Divide it.")


class CodeRepeated(RuleViolated):
    code = "code-repeated"
    template = N_("The same number stands in row {row} already.")


# ------------------------------------------------------------------------------------------------ what columns mean


def guess(sheet: Brought, purpose: Purpose, accounts: Collection[str]) -> Settings:
    """How a table is best read, by its heads and, where they say nothing, by what stands below them."""
    found = find_header(sheet.rows, WANTED[purpose]) or _words_above_figures(sheet, purpose)
    return _under(found, sheet, purpose, accounts)


def guess_under(heads: tuple[int, int] | None, sheet: Brought, purpose: Purpose, accounts: Collection[str]) -> Settings:
    """The same where the heads are known to stand in certain rows, or not to be there."""
    return _under(_header(sheet, purpose, heads), sheet, purpose, accounts)


def _under(found: Header | None, sheet: Brought, purpose: Purpose, accounts: Collection[str]) -> Settings:
    columns = [""] * sheet.width
    heads, body = None, sheet.rows
    if found:
        heads = sheet.rows[found.first].number, sheet.rows[found.last].number
        body = sheet.rows[found.last + 1 :]
        for column, name in enumerate(found.names):
            if name and (name in REPEATABLE or name not in columns):
                columns[column] = name
    judged = _Judged(body, accounts)
    for column, name in enumerate(columns):
        if name == "document_number" and judged.counts_rows(column):
            columns[column] = ""
    _fill_up(columns, judged, purpose)
    return Settings(purpose, heads=heads, columns=tuple(columns))


def _words_above_figures(sheet: Brought, purpose: Purpose) -> Header | None:
    """Heads in words that nobody knows: the last row of words alone before the first with a figure or a day."""
    above = None
    for place, row in enumerate(sheet.rows[:SEARCHED]):
        said = [value for value in row.values if value != ""]
        if any(_is(_day, value) or _is(tiyn_of, value) for value in said):
            break
        if len(said) > 1:
            above = place
    return None if above is None else header_at(sheet.rows, above, above, WANTED[purpose])


class _Judged:
    """What the columns of a table hold."""

    def __init__(self, rows: Sequence[Row], accounts: Collection[str]) -> None:
        shown = [row for row in rows if row.kind is RowKind.CELLS][:_LOOKED_AT]
        width = max((len(row.values) for row in shown), default=0)
        self._columns = [[row.values[at] for row in shown if row.values[at] != ""] for at in range(width)]
        self._accounts = accounts

    def _values(self, column: int) -> list[Value]:
        return self._columns[column] if column < len(self._columns) else []

    def where(self, holds: Callable[[Value], object], free: Sequence[str]) -> list[int]:
        """Columns that nothing is known of and that mostly hold such values."""
        return [at for at, name in enumerate(free) if not name and self._mostly(at, holds)]

    def _mostly(self, column: int, holds: Callable[[Value], object]) -> bool:
        values = self._values(column)
        return bool(values) and sum(_is(holds, value) for value in values) >= _MOSTLY * len(values)

    def is_account(self, value: Value) -> bool:
        return text_of(value) in self._accounts

    def counts_rows(self, column: int) -> bool:
        """Whether it numbers the rows: 1, 2, 3."""
        said = [text_of(value) for value in self._values(column)]
        return len(said) > 1 and said == [str(n) for n in range(1, len(said) + 1)]

    def wordiness(self, column: int) -> float:
        values = self._values(column)
        return sum(len(text_of(value)) for value in values) / len(values) if values else 0.0


def _is(holds: Callable[[Value], object], value: Value) -> bool:
    try:
        return holds(value) is not False
    except (DomainError, ValueError):
        return False


def _day(value: Value) -> object:
    """A bare number is no day here: it would as well be an amount."""
    return False if isinstance(value, int | float) or text_of(value).isdecimal() else day_of(value)


def _code(value: Value) -> object:
    return kind_of_code(str(code_of(Dimension.COUNTERPARTY, value)))


def _fill_up(columns: list[str], judged: _Judged, purpose: Purpose) -> None:
    """Give columns without a meaning that which what they hold suggests, where no other column has it."""

    def take(name: str, found: Sequence[int]) -> None:
        if found and name not in columns:
            columns[found[0]] = name

    if purpose is Purpose.COUNTERPARTIES:
        take("code", judged.where(_code, columns))
        words = [at for at, name in enumerate(columns) if not name and judged.wordiness(at) >= 3]
        take("name_ru", sorted(words, key=judged.wordiness, reverse=True))
        return
    take("effective_on", judged.where(_day, columns))
    for side in _SIDES:
        take(f"{side}.account", judged.where(judged.is_account, columns))
    if not any("counterparty" in name or SUBCONTO in name for name in columns):
        take("dimensions.counterparty", judged.where(_code, columns))
    take("amount", [at for at in judged.where(tiyn_of, columns) if not judged.counts_rows(at)][::-1])
    words = [at for at, name in enumerate(columns) if not name and judged.wordiness(at) >= 8]
    take("memo", sorted(words, key=judged.wordiness, reverse=True))


def titles(sheet: Brought, settings: Settings) -> tuple[str, ...]:
    """Heads by column, those above one another joined; empty where the table has none."""
    found = _header(sheet, settings.purpose, settings.heads)
    return found.titles if found else ("",) * sheet.width


def _header(sheet: Brought, purpose: Purpose, heads: tuple[int, int] | None) -> Header | None:
    """The heads in rows of these numbers; ``None`` where there are none."""
    places = [at for at, row in enumerate(sheet.rows) if heads and heads[0] <= row.number <= heads[1]]
    return header_at(sheet.rows, places[0], places[-1], WANTED[purpose]) if places else None


def signature(purpose: Purpose, heads: Sequence[str]) -> bytes:
    """What tables with the same heads share; of one without heads, how many columns it has."""
    said = "\x1f".join(fold(head) for head in heads)
    return sha256(f"{purpose.value}\x1e{len(heads)}\x1e{said}".encode()).digest()


def fitting(purpose: Purpose, columns: Sequence[str], width: int) -> tuple[str, ...]:
    """Columns as they may be chosen: known fields, as many as the table has, and beyond them those to be filled."""
    known = [name if name in FIELDS[purpose] else "" for name in columns][:width]
    chosen = [*known, *[""] * (width - len(known))]
    for name in columns[width : width + len(ADDED)]:  # one that goes leaves its place: cells are known by theirs
        chosen.append(name if name in ADDED and name not in chosen else "")
    while len(chosen) > width and not chosen[-1]:
        chosen.pop()
    return tuple(chosen)


def with_what_is_asked(columns: Sequence[str], marks: Iterable[Mark]) -> tuple[str, ...]:
    """The columns, and one more for each field of a row that an account asks for and no column brings."""
    asked = {mark.field for mark in marks if mark.row is not None and mark.column is None}
    return (*columns, *(name for name in ADDED if name in asked and name not in columns))


def column_faults(settings: Settings, heads: Sequence[str]) -> Iterator[Mark]:
    """Columns that mean the same, and fields that no column means."""
    first: dict[str, int] = {}
    for column, name in enumerate(settings.columns):
        if name and name not in REPEATABLE and first.setdefault(name, column) != column:
            said = (heads[at] or str(at + 1) for at in (first[name], column))
            yield Mark(None, column, name, ColumnTwice(first=next(said), second=next(said)))
    needed = ("code", "name_ru") if settings.purpose is Purpose.COUNTERPARTIES else ("debit.account", "amount")
    for name in needed:
        alternative = "credit.account" if name == "debit.account" else name
        if not {name, alternative} & set(settings.columns):
            yield Mark(None, None, name, ColumnMissing())


# ------------------------------------------------------------------------------------------------ what rows say


@dataclass(frozen=True)
class Lookups:
    """What the registers know of what the table names."""

    chart: Mapping[str, Sequence[tuple[Account, DateInterval]]] = field(default_factory=dict)
    registered: Mapping[Dimension, Collection[str]] = field(default_factory=dict)
    """Of what columns say without saying of what, the codes that each register has."""
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Counterparties by their names, as ``name_key`` makes them alike."""

    def account(self, code: str, day: date | None) -> Account | None:
        editions = self.chart.get(code, ())
        return next((a for a, in_force in editions if day is None or day in in_force), None)


def name_key(name: str) -> str:
    """A name as names are compared: without case, quotation marks and needless spaces."""
    return " ".join("".join(" " if sign in '«»"“”„' else sign for sign in name).casefold().split())


def values_of(sheet: Brought, settings: Settings, mended: Mended, names: Collection[str]) -> set[str]:
    """What stands in the columns that mean any of the ``names``."""
    places = [at for at, name in enumerate(settings.columns) if name in names]
    cells = _Cells(sheet, mended)
    return {text for row in _body(sheet, settings) for at in places if (text := text_of(cells(row, at)))}


NAMING = tuple(f"{side}{name}" for side in ("", "debit.", "credit.") for name in (SUBCONTO, "dimensions.counterparty"))
"""Fields whose cells may name a value, or a counterparty, by its name."""


def lines(sheet: Brought, settings: Settings, mended: Mended, lookups: Lookups) -> list[Line]:
    """Every row of the table, understood as far as it can be."""
    reader = _Reader(sheet, settings, mended, lookups)
    return [reader.line(row) for row in sheet.rows]


class _Cells:
    """What stands in a cell now: what the person wrote over it, else what was brought."""

    def __init__(self, sheet: Brought, mended: Mended) -> None:
        self._width = sheet.width
        self._mended = mended.cells

    def __call__(self, row: Row, column: int) -> Value:
        if self._mended and (text := self._mended.get(address(row.number, column))) is not None:
            return text
        return row.values[column] if column < len(row.values) else ""


def _body(sheet: Brought, settings: Settings) -> Iterator[Row]:
    last = settings.heads[1] if settings.heads else 0
    return (row for row in sheet.rows if row.number > last)


class _Reader:
    def __init__(self, sheet: Brought, settings: Settings, mended: Mended, lookups: Lookups) -> None:
        self._settings, self._mended, self._lookups = settings, mended, lookups
        self._cells = _Cells(sheet, mended)
        self._titles = titles(sheet, settings)
        self._last_head = settings.heads[1] if settings.heads else 0
        self._places: dict[str, list[int]] = {}
        for column, name in enumerate(settings.columns):
            if name:
                self._places.setdefault(name, []).append(column)
        self._dimensions = {side: list(self._columns_of_dimensions(side)) for side in _SIDES}
        self._above = Head()

    def _columns_of_dimensions(self, side: str) -> Iterator[tuple[Dimension, str, int, bool]]:
        """A dimension with its field, a column that names it, and whether that is the side's own; own ones first."""
        for dimension in Dimension:
            field_name = f"{side}.dimensions.{dimension.slug}"
            for name in (field_name, f"dimensions.{dimension.slug}"):
                for at in self._places.get(name, ()):
                    yield dimension, field_name, at, name == field_name

    def line(self, row: Row) -> Line:
        kind = self._kind(row)
        if kind is not LineKind.ENTRY:
            return Line(row.number, kind)
        found_in = {name: places[0] for name, places in self._places.items()}
        head, memo = self._head(row)
        day = _day_or_none(head.effective_on)
        debit, credit = (self._side(row, side, day, found_in) for side in _SIDES)
        for name in REPEATABLE & found_in.keys():  # where one more value could be written
            del found_in[name]
            if free := [at for at in self._places[name] if not text_of(self._cells(row, at))]:
                found_in[name] = free[0]
        typed = TypedRow(debit, credit, self._amount(row), memo)
        return Line(row.number, kind, head, typed, day, found_in)

    def _kind(self, row: Row) -> LineKind:
        texts = tuple(text_of(self._cells(row, column)) for column in range(len(row.values)))
        if row.number <= self._last_head:
            return LineKind.HEAD if any(texts) else LineKind.BLANK
        if row.number in self._mended.left:
            return LineKind.LEFT
        kind = kind_of(texts)
        named = [texts[at] for name in ("debit.account", "credit.account", "code") for at in self._places.get(name, ())]
        if kind is RowKind.BLANK:
            return LineKind.BLANK
        if kind is RowKind.NUMBERING:
            return LineKind.NUMBERING
        if kind is RowKind.TOTAL and not any(named):
            return LineKind.TOTAL
        if any(self._titles) and texts == self._titles:
            return LineKind.HEAD
        needed = ("name_ru",) if self._settings.purpose is Purpose.COUNTERPARTIES else ("amount",)
        if not any(named) and not any(texts[at] for name in needed for at in self._places.get(name, ())):
            return LineKind.NOTE
        return LineKind.ENTRY

    def text(self, row: Row, name: str) -> str:
        return next((text for at in self._places.get(name, ()) if (text := text_of(self._cells(row, at)))), "")

    def _day_text(self, row: Row, name: str) -> str:
        """As people here write it where it can be read, else as it stands."""
        for at in self._places.get(name, ()):
            value = self._cells(row, at)
            try:
                return day_string(day_of(value))
            except DomainError:
                return text_of(value)
        return ""

    def _head(self, row: Row) -> tuple[Head, str]:
        """What the row says of its entry, and its text; without a day and a document it says what the last one did."""
        registrar, memo = self.text(row, REGISTRAR), self.text(row, "memo")
        said = Head(
            self.text(row, "journal"),
            self._day_text(row, "effective_on"),
            self.text(row, "document_number"),
            self._day_text(row, "document_on"),
            registrar,
        )
        if registrar:
            number, on = registered_as(registrar)
            said = replace(said, document_number=said.document_number or number, document_on=said.document_on or on)
            memo = memo or registrar
        if self._settings.grouping is not Grouping.ROW and not (
            said.effective_on or said.document_number or said.document_on
        ):
            said = replace(self._above, journal=said.journal or self._above.journal)
        self._above = said
        return said, memo

    def _amount(self, row: Row) -> str:
        for at in self._places.get("amount", ()):
            value = self._cells(row, at)
            try:
                return decimal_string(tiyn_of(value)).replace(".", ",")
            except DomainError:
                return text_of(value)
        return ""

    def _side(self, row: Row, side: str, day: date | None, found_in: dict[str, int]) -> TypedSide:
        code = self.text(row, f"{side}.account")
        account = self._lookups.account(code, day or _day_or_none(self._settings.effective_on))
        permitted = account.permitted if account else Dimension(0)
        codes: dict[Dimension, str] = {}
        for dimension, field_name, at, is_own in self._dimensions[side]:
            if dimension not in codes and (is_own or dimension in permitted):
                said = self._code(dimension, self._cells(row, at))
                if said:
                    codes[dimension] = said
                    found_in[field_name] = at
        for at in self._places.get(f"{side}.{SUBCONTO}", ()):
            value = self._cells(row, at)
            meant = self._meant(value, permitted, codes.keys(), account) if text_of(value) else None
            if meant is not None:
                codes[meant] = self._code(meant, value)
                found_in[f"{side}.dimensions.{meant.slug}"] = at
        keeps = {
            "quantity": bool(account and account.keeps_quantity),
            "currency_amount": Dimension.CURRENCY in permitted,
        }
        measures = {}
        for name, is_kept in keeps.items():
            own = self.text(row, f"{side}.{name}")
            measures[name] = own or (self.text(row, name) if is_kept else "")
            if not own and measures[name]:
                found_in[f"{side}.{name}"] = self._places[name][0]
        named = {dimension.slug: said for dimension, said in codes.items()}
        return TypedSide(code, named, measures["quantity"], measures["currency_amount"])

    def _code(self, dimension: Dimension, value: Value) -> str:
        code = code_of(dimension, value)
        if dimension is Dimension.COUNTERPARTY and code and not code.isdecimal():
            found = self._lookups.named.get(name_key(code), ())
            return found[0] if len(found) == 1 else code
        return code

    def _meant(
        self, value: Value, permitted: Dimension, known: Collection[Dimension], account: Account | None
    ) -> Dimension | None:
        """What a value is of: the one register that has it, of those the account is kept by, else what it asks for."""
        open_to = [d for d in Dimension if d in permitted and d not in known]
        registered = [d for d in open_to if self._code(d, value) in self._lookups.registered.get(d, ())]
        if len(registered) == 1:
            return registered[0]
        asked = [d for d in open_to if account and d in account.mandatory]
        return next(iter(registered or asked or open_to), None)


_REGISTRAR = re.compile(r".*?№?\s*([^\s№]+)\s+(?:от|from)\s+(\d{1,2}\.\d{1,2}\.\d{4})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?")


def registered_as(text: str) -> tuple[str, str]:
    """Number and day of a document as 1C names it: «Поступление 000015 от 05.03.2026 12:00:00»."""
    match = _REGISTRAR.fullmatch(text)
    return (match[1], match[2]) if match else (text[:60], "")


def _day_or_none(text: str) -> date | None:
    try:
        return parse_day(text)
    except DomainError:
        return None


# ------------------------------------------------------------------------------------------------ what makes an entry


def gather(found: Iterable[Line], settings: Settings, journal_code: Callable[[str], str]) -> list[Gathered]:
    """Rows by the entry they make, in the order in which the entries begin."""
    groups: dict[object, list[Line]] = {}
    for line in found:
        if line.kind is LineKind.ENTRY:
            groups.setdefault(_group(line, settings.grouping), []).append(line)
    return [_gathered(group, settings, journal_code) for group in groups.values()]


def _group(line: Line, grouping: Grouping) -> object:
    if grouping is Grouping.ONE:
        return None
    has_document = line.head.document_number or line.head.document_on
    return line.head if grouping is Grouping.DOCUMENT and has_document else line.number


def _gathered(group: Sequence[Line], settings: Settings, journal_code: Callable[[str], str]) -> Gathered:
    head = group[0].head
    memo = next((line.typed.memo for line in group if line.typed.memo), settings.memo)
    sheet = Sheet(
        journal_code(head.journal or settings.journal),
        head.effective_on or settings.effective_on,
        head.document_number,
        head.document_on,
        memo,
        tuple(replace(line.typed, memo="") if line.typed.memo in ("", memo) else line.typed for line in group),
    )
    return Gathered(sheet, tuple(group))


def grouping_faults(entries: Iterable[Gathered], settings: Settings) -> Iterator[Mark]:
    """Rows that do not go with the entry they were put to."""
    for entry in entries:
        for line in entry.lines[MOST_ROWS : MOST_ROWS + 1]:
            yield Mark(line.number, None, "", RowsTooMany(limit=MOST_ROWS))
        if settings.grouping is not Grouping.ONE:
            continue
        first = entry.lines[0].head
        for line in entry.lines[1:]:
            for name in ("journal", "effective_on", "document_number", "document_on"):
                expected, said = getattr(first, name), getattr(line.head, name)
                if said and said != expected:
                    column = line.found_in.get(name, line.found_in.get(REGISTRAR))
                    yield Mark(line.number, column, name, OfAnotherEntry(expected=expected, found=said))


def column_of(line: Line, name: str) -> int | None:
    """The column in which a field's fault is shown: its own, or one that may bring it; ``None`` where none does."""
    if name in line.found_in:
        return line.found_in[name]
    side, _, inner = name.partition(".")
    if side in _SIDES and inner:
        return line.found_in.get(inner, line.found_in.get(f"{side}.{SUBCONTO}") if "dimensions" in inner else None)
    return line.found_in.get(REGISTRAR) if name.startswith("document") else None


# ------------------------------------------------------------------------------------------------ counterparties


def counterparties(sheet: Brought, settings: Settings, mended: Mended, found: Sequence[Line]) -> dict[int, Named]:
    """What rows say of counterparties, by the row's number."""
    cells, places = _Cells(sheet, mended), {name: settings.column_of(name) for name in FIELDS[settings.purpose]}

    def named(row: Row) -> Named:
        said = {name: "" if at is None else cells(row, at) for name, at in places.items()}
        code = code_of(Dimension.COUNTERPARTY, said["code"]).replace(" ", "")
        return Named(code, *(text_of(said[name]) for name in ("name_ru", "name_kk", "name_en")))

    return {row.number: named(row) for row, line in zip(sheet.rows, found, strict=True) if line.kind is LineKind.ENTRY}


def known_apart(found: Iterable[Line], said: Mapping[int, Named], known: Collection[str]) -> list[Line]:
    """The rows, those of counterparties that are registered already told apart."""
    return [
        replace(line, kind=LineKind.KNOWN) if line.number in said and said[line.number].code in known else line
        for line in found
    ]


def counterparty_faults(found: Iterable[Line], said: Mapping[int, Named]) -> Iterator[Mark]:
    """Numbers that are none or stand twice, and names that lack or are too long."""
    first: dict[str, int] = {}
    for line in found:
        if line.kind is not LineKind.ENTRY:
            continue
        of_row = said[line.number]
        code = line.found_in.get("code")
        try:
            kind_of_code(of_row.code)
        except DomainError as fault:
            yield Mark(line.number, code, "code", fault if of_row.code else Empty())
        else:
            if first.setdefault(of_row.code, line.number) != line.number:
                yield Mark(line.number, code, "code", CodeRepeated(row=first[of_row.code]))
        if not of_row.name_ru:
            yield Mark(line.number, line.found_in.get("name_ru"), "name_ru", Empty())
        for name in ("name_ru", "name_kk", "name_en"):
            if len(getattr(of_row, name)) > _LONGEST_NAME:
                yield Mark(line.number, line.found_in.get(name), name, TooLong(limit=_LONGEST_NAME))
