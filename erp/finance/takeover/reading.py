"""What another program exported: recognised by its headings, read row by row, and refused with what was expected.

The layouts are those of 1C:Enterprise 8 as its reports are saved to a spreadsheet; they are not verified for every
edition for state institutions, so a file is taken by what its headings say and never by where they stand.
"""

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

from erp.base.dates import MonthSpan
from erp.base.errors import DomainError, RuleViolated
from erp.base.i18n import N_
from erp.base.money import decimal_string, parse_scaled
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Table, Value, letters
from erp.base.sheets.values import day_of, text_of, tiyn_of
from erp.finance.takeover.model import (
    Account,
    BalanceRow,
    Contents,
    CounterpartyRow,
    Heading,
    Kind,
    PostingRow,
    Recognised,
    Side,
    Six,
    Unread,
)

Grid = Sequence[Sequence[Value]]

SEARCHED = 30
"""Rows in which the headings must stand."""
MOST_POSTINGS = 1000
"""Of one entry; a longer document becomes several."""
MOST_KINDS = 3
"""Of analysis that the other program keeps an account by."""
_LONGEST_MEMO, _LONGEST_NUMBER, _LONGEST_VALUE = 1000, 60, 300
_QUANTITY_PLACES, _CURRENCY_PLACES = 3, 2


class FileNotRecognised(RuleViolated):
    code = "takeover-file-not-recognised"
    template = N_(
        "The file {file} was not recognised. Expected in its first {searched} rows the headings of a trial balance"
        " ({balance}), of a journal ({journal}), of a chart of accounts ({chart}) or of counterparties"
        " ({counterparties}). Found: {found}."
    )


class PeriodNotFound(RuleViolated):
    code = "takeover-period-not-found"
    template = N_("The file {file} does not say which months it is of. Name the first and the last one beside it.")


class CellUnread(RuleViolated):
    code = "takeover-cell-unread"
    template = N_("In {place} of {file} an amount was expected; found “{found}”.")


class PartsDiffer(RuleViolated):
    code = "takeover-parts-differ"
    template = N_(
        "In {file} the rows below {account} ({place}) do not add up to it. Export the trial balance again with all"
        " its subaccounts and analysis, or without them."
    )


class TotalsMissing(RuleViolated):
    code = "takeover-totals-missing"
    template = N_("The trial balance {file} has no row of totals ({row}), so nothing says whether it is whole.")


class TotalsDiffer(RuleViolated):
    code = "takeover-totals-differ"
    template = N_("The totals of {file} say {found} in the column “{column}”; its accounts add up to {expected}.")


class DayUnread(RuleViolated):
    code = "takeover-day-unread"
    template = N_("A day was expected here; found “{found}”.")


class AmountUnread(RuleViolated):
    code = "takeover-amount-unread"
    template = N_("An amount was expected here; found “{found}”.")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns of a recognised file stand."""

    recognised: Recognised
    first_row: int
    """Index of the first row below the headings."""
    places: dict[str, int]
    lists: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Columns of what may stand in several."""


def read(table: Table, known: Set[str] = frozenset(), span: MonthSpan | None = None) -> Contents:
    """What is in the first sheet of a file that is recognised.

    Args:
        known: codes of the other program's accounts, where its chart was read before.
        span: months that the file is of, where a person says so.

    Raises: FileNotRecognised, PeriodNotFound, CellUnread, PartsDiffer, TotalsMissing, TotalsDiffer.
    """
    grids = [[row.values for row in sheet.rows] for sheet in table.sheets]
    for grid in grids:
        for recognise, parse in _KINDS:
            layout = recognise(grid)
            if layout is not None:
                above = " ".join(text_of(cell) for row in grid[: layout.recognised.head_row - 1] for cell in row)
                said = replace(layout.recognised, span=span or span_in(above))
                return parse(table.name, grid, replace(layout, recognised=said), known)
    raise FileNotRecognised(file=table.name, searched=SEARCHED, found=_found(grids[0]), **_EXPECTED)


_EXPECTED = {
    "balance": "Счет; Сальдо на начало; Обороты; Сальдо на конец",
    "journal": "Период; Документ; Дебет; Кредит",
    "chart": "Код; Наименование; Субконто 1",
    "counterparties": "Наименование; БИН/ИИН",
}
"""Headings as 1C writes them, for the refusal."""


def _found(grid: Grid) -> str:
    """The row that looks most like headings, for the refusal."""
    rows = [[text for cell in row if (text := text_of(cell))] for row in grid[:SEARCHED]]
    widest = max(rows, key=len, default=[])
    return "; ".join(widest)[:_LONGEST_VALUE] or "—"


def _folded(row: Sequence[Value]) -> list[str]:
    return [fold(text_of(cell)) for cell in row]


def _cell(row: Sequence[Value], at: int | None) -> Value:
    return row[at] if at is not None and at < len(row) else ""


def _text(row: Sequence[Value], at: int | None, longest: int = _LONGEST_VALUE) -> str:
    return text_of(_cell(row, at))[:longest].rstrip()


def _cells(row: Sequence[Value]) -> tuple[str, ...]:
    """A row as it stands in the file, without its blank end."""
    texts = [cell.replace("\x00", " ") if isinstance(cell, str) else text_of(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _headings(grid: Grid, head: int, places: dict[str, int], lists: dict[str, tuple[int, ...]]) -> tuple[Heading, ...]:
    """Recognised columns in the order of the sheet, with the file's own words."""
    named = [(at, name) for name, at in places.items()] + [(at, name) for name, ats in lists.items() for at in ats]
    return tuple(Heading(name, letters(at), _words(grid, head, at)) for at, name in sorted(named))


def _words(grid: Grid, head: int, at: int) -> str:
    """The heading of a column: that of its group, of its own."""
    group = ""
    for place in range(at, -1, -1):
        if group := text_of(_cell(grid[head], place)):
            break
    own = text_of(_cell(grid[head + 1], at)) if head + 1 < len(grid) else ""
    return f"{group} / {own}" if own and own != group and fold(own) in _SUBHEADS else group


_SUBHEADS = {fold(word) for word in ("Дебет", "Кредит", "Дт", "Кт", "Счет", "Сумма", "Шот", "Сома", "Сомасы")}


# ------------------------------------------------------------------------------------------------ months

_MONTHS = (
    r"январ[ья]|қаңтар\w*", r"феврал[ья]|ақпан\w*", r"марта?|наурыз\w*", r"апрел[ья]|сәуір\w*", r"ма[йя]|мамыр\w*",
    r"июн[ья]|маусым\w*", r"июл[ья]|шілде\w*", r"августа?|тамыз\w*", r"сентябр[ья]|қыркүйек\w*", r"октябр[ья]|қазан\w*",
    r"ноябр[ья]|қараша\w*", r"декабр[ья]|желтоқсан\w*",
)  # fmt: skip
_MONTH_NAMES = "|".join(_MONTHS)
_DAYS = re.compile(r"(\d{2}\.\d{2}\.\d{4})\s*(?:г\.?\s*)?(?:по|-|–|—)\s*(\d{2}\.\d{2}\.\d{4})")
_OF_YEAR = r"\s+(\d{4})(?:\s*(?:г|ж)\.?)?"
_MONTH_SPAN = re.compile(
    rf"\b({_MONTH_NAMES})(?:{_OF_YEAR})?\s*[-–—]\s*({_MONTH_NAMES}){_OF_YEAR}|\b({_MONTH_NAMES}){_OF_YEAR}"
    rf"|(\d{{4}})\s*(?:жылғы|ж\.)\s*({_MONTH_NAMES})",
    re.IGNORECASE,
)
_PART_OF_YEAR = re.compile(
    r"\b([1-4])\s*(?:-?й\s*)?квартал\w*\s+(\d{4})|\b([12])\s*полугоди\w*\s+(\d{4})", re.IGNORECASE
)
_MONTHS_OF_YEAR = re.compile(r"\b(\d{1,2})\s+месяц\w*\s+(\d{4})", re.IGNORECASE)
_YEAR = re.compile(r"\bза\s+(\d{4})\s*г", re.IGNORECASE)


def _month_number(name: str) -> int:
    return next(n for n, names in enumerate(_MONTHS, start=1) if re.fullmatch(names, name, re.IGNORECASE))


def span_in(text: str) -> MonthSpan | None:
    """The months that a title names; ``None`` where it names none."""
    if found := _DAYS.search(text):
        try:
            return MonthSpan.of(day_of(found[1]), day_of(found[2]))
        except DomainError:
            return None
    if found := _MONTH_SPAN.search(text):
        first, of_first, last, of_last, only, of_only, kk_year, kk_month = found.groups()
        if first:
            return _between(int(of_first or of_last), _month_number(first), int(of_last), _month_number(last))
        month = _month_number(only or kk_month)
        return _between(int(of_only or kk_year), month, int(of_only or kk_year), month)
    if found := _PART_OF_YEAR.search(text):
        quarter, of_quarter, half, of_half = found.groups()
        if quarter:
            return _span(int(of_quarter), 3 * int(quarter) - 2, 3 * int(quarter))
        return _span(int(of_half), 6 * int(half) - 5, 6 * int(half))
    if found := _MONTHS_OF_YEAR.search(text):
        return _span(int(found[2]), 1, int(found[1]))
    if found := _YEAR.search(text):
        return _span(int(found[1]), 1, 12)
    return None


def _span(year: int, first: int, last: int) -> MonthSpan | None:
    return _between(year, first, year, last)


def _between(first_year: int, first: int, last_year: int, last: int) -> MonthSpan | None:
    if not (1 <= first <= 12 and 1 <= last <= 12 and 1991 <= first_year <= last_year < 2200):
        return None
    begins, ends = date(first_year, first, 1), date(last_year, last, 1)
    return MonthSpan(begins, ends) if begins <= ends else None


def _required(name: str, span: MonthSpan | None) -> MonthSpan:
    if span is None:
        raise PeriodNotFound(file=name)
    return span


# ------------------------------------------------------------------------------------------------ trial balance

_GROUPS = (
    ("opening", ("сальдонаначало", "кезеңбасында", "бастапқысальдо", "бастапқықалдық", "openіngbalance")),
    ("turnover", ("оборот", "айналым", "turnover")),
    ("closing", ("сальдонаконец", "кезеңсоңында", "соңғысальдо", "соңғықалдық", "closіngbalance")),
)
_DEBIT, _CREDIT = ("дебет", "дт", "дебеті", "debіt"), ("кредит", "кт", "кредиті", "credіt")
_ACCOUNT_HEADS = ("счет", "шот", "account", "код")
_NAME_HEADS = ("наименование", "атауы", "шотатауы", "name")
_INDICATOR_HEADS = ("показа", "көрсеткіш")
_TOTALS = {"итого", "всего", "барлығы", "жиыны", "total"}
_BOOKS = {"", "бу", "сумма"}
"""Indicators whose rows are amounts in tenge of the books; the others (tax accounting …) are left out."""
_QUANTITIES, _CURRENCIES = {"кол", "количество", "саны"}, {"вал", "валюта"}
_EMPTY_VALUE = "<...>"


def _balance_layout(grid: Grid) -> _Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = _folded(row)
        starts = {
            name: next((at for at, word in enumerate(folded) if word.startswith(words)), None)
            for name, words in _GROUPS
        }
        if None in starts.values():
            continue
        below = _folded(grid[head + 1]) if head + 1 < len(grid) else []
        ends = sorted(at for at in starts.values() if at is not None)
        places: dict[str, int] = {}
        for name, start in starts.items():
            assert start is not None
            end = next((at for at in ends if at > start), max(len(row), len(below)))
            debit = next((at for at in range(start, min(end, len(below))) if below[at] in _DEBIT), start)
            credit = next((at for at in range(start, min(end, len(below))) if below[at] in _CREDIT), debit + 1)
            places[f"{name} debit"], places[f"{name} credit"] = debit, credit
        before = folded[: ends[0]]
        account = next((at for at, word in enumerate(before) if word.startswith(_ACCOUNT_HEADS)), 0)
        places["account"] = account
        named = next((at for at, w in enumerate(before) if at != account and w.startswith(_NAME_HEADS)), None)
        if named is not None:
            places["name"] = named
        indicator = next((at for at, word in enumerate(before) if word.startswith(_INDICATOR_HEADS)), None)
        if indicator is not None:
            places["indicator"] = indicator
        used = set(places.values())
        ignored = tuple(
            text_of(cell)
            for at, cell in enumerate(row)
            if folded[at] and at not in used and at not in starts.values() and at < ends[0]
        )
        recognised = Recognised(Kind.BALANCE, head + 1, _headings(grid, head, places, {}), ignored)
        return _Layout(recognised, head + 1, places)
    return None


@dataclass(slots=True)
class _Raw:
    """A row of a trial balance before its place in the tree is known."""

    row_no: int
    code: str
    """Of an account; empty for a value of its analysis."""
    text: str
    """The account's name, or the value."""
    figures: Six
    cells: tuple[str, ...]
    off_balance: bool = False
    quantity: int | None = None
    depth: int = 0
    counted: bool = True
    path: tuple[str, ...] = ()


_SIX = ("opening debit", "opening credit", "turnover debit", "turnover credit", "closing debit", "closing credit")
_WITH_COMMA = re.compile(r"(\d[\w./-]*)\s*,\s*(.*)", re.DOTALL)
_BARE_CODE = re.compile(r"\d[\w]*(?:[./-][\w]+)*")


def _balance(name: str, grid: Grid, layout: _Layout, known: Set[str]) -> Contents:
    span = _required(name, layout.recognised.span)
    rows, total, kinds = _balance_rows(name, grid, layout, known)
    accounts: list[tuple[_Raw, list[_Raw]]] = []
    for row in rows:
        if row.code:
            accounts.append((row, []))
        elif accounts:
            accounts[-1][1].append(row)
    top = _nested(accounts)
    for account, values in accounts:
        _lay_values(name, account, values)
    _tie(name, top, total)
    theirs: dict[str, Account] = {}
    read_rows = []
    for account, values in accounts:
        depth = max((len(value.path) for value in values), default=0)
        theirs[account.code] = Account(
            account.code, account.text, "", account.off_balance, kinds[:depth] or ("",) * depth
        )
        for row in (account, *values):
            read_rows.append(
                BalanceRow(
                    row.row_no, Side(account.code, row.path), account.text, row.depth, row.counted,
                    account.off_balance, row.figures, row.quantity, row.cells,
                )
            )  # fmt: skip
    return Contents(replace(layout.recognised, span=span), tuple(theirs.values()), tuple(read_rows))


def _balance_rows(
    name: str, grid: Grid, layout: _Layout, known: Set[str]
) -> tuple[list[_Raw], Six | None, tuple[str, ...]]:
    """Rows with figures, the totals, and the kinds of analysis that the head lists below the account."""
    places, rows = layout.places, list[_Raw]()
    total: Six | None = None
    legend: list[str] = []
    is_code = _code_test(grid, layout, known)
    head = fold(_text(grid[layout.first_row - 1], places["account"]))
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        first = _text(row, places["account"])
        indicator = fold(_text(row, places.get("indicator")))
        if indicator in _QUANTITIES:
            if rows:
                rows[-1].quantity = _quantity(row, places)
            continue
        if indicator not in _BOOKS:
            continue
        figures = _six(name, row, index + 1, places)
        if figures is not None and fold(first).rstrip("0123456789") in _TOTALS:
            total = figures if total is None else total
            continue
        code, text = is_code(row)
        if figures is None:
            if not code and not rows and first and fold(first) != head and len(legend) < MOST_KINDS:
                legend.append(first)
            if not code and (not rows or total is not None or not text):
                continue  # above the first account, below the last one, or nothing at all
            figures = Six()
        if not code and not rows:
            continue
        text = "" if text == _EMPTY_VALUE else text
        rows.append(_Raw(index + 1, code, text, figures, _cells(row), off_balance=total is not None))
    return rows, total, tuple(legend)


def _code_test(grid: Grid, layout: _Layout, known: Set[str]) -> Callable[[Sequence[Value]], tuple[str, str]]:
    """How accounts are told from values of their analysis in this file; gives the code, or none, and the text."""
    account, named = layout.places["account"], layout.places.get("name")
    texts = [_text(row, account) for row in grid[layout.first_row :]]
    by_comma = any(_WITH_COMMA.fullmatch(text) for text in texts)
    shortest = next((len(text) for text in texts if _BARE_CODE.fullmatch(text)), 0)

    def registered(code: str) -> str:
        return next((each for each in (code, code.zfill(2), code.zfill(3)) if each in known), "")

    def test(row: Sequence[Value]) -> tuple[str, str]:
        text = _text(row, account)
        if by_comma and (match := _WITH_COMMA.fullmatch(text)):
            return registered(match[1]) or match[1], match[2]
        if _BARE_CODE.fullmatch(text):
            if known:
                code = registered(text)
            else:
                code = text if not by_comma and len(text) >= min(shortest, 2) else ""
                if named is not None and not _text(row, named):
                    code = ""
            if code:
                return code, _text(row, named) if named is not None else ""
        return "", text or _text(row, named)

    return test


def _six(name: str, row: Sequence[Value], row_no: int, places: dict[str, int]) -> Six | None:
    """``None`` where all six are blank.  Raises: CellUnread."""
    figures, said = [], False
    for column in _SIX:
        cell = _cell(row, places[column])
        text = text_of(cell)
        if not text or text in "-–—":
            figures.append(0)
            continue
        try:
            figures.append(tiyn_of(cell))
        except DomainError:
            if fold(text) in {*_DEBIT, *_CREDIT}:  # the second row of the headings
                return None
            raise CellUnread(place=f"{letters(places[column])}{row_no}", file=name, found=text[:60]) from None
        said = True
    return Six(*figures) if said else None


def _quantity(row: Sequence[Value], places: dict[str, int]) -> int | None:
    """Opening quantity, debit positive, in thousandths."""
    debit, credit = (_scaled(_cell(row, places[f"opening {side}"]), _QUANTITY_PLACES) for side in ("debit", "credit"))
    return None if debit is None and credit is None else (debit or 0) - (credit or 0)


def _scaled(cell: Value, places: int) -> int | None:
    text = text_of(cell)
    try:
        if isinstance(cell, float):
            return round(cell * float(10**places))
        return parse_scaled(text, places) if text else None
    except DomainError:
        return None


def _is_under(child: str, parent: str) -> bool:
    """Whether a code may stand below another: 1041 below 1040, 10.1 below 10."""
    begins = parent.rstrip("0") if parent.isdecimal() else parent
    return child != parent and child.startswith(begins or parent) and len(child) >= len(parent)


Net = tuple[int, int, int, int]


def _sum(rows: Sequence[_Raw]) -> Net:
    opening, debit, credit, closing = (sum(row.figures.net[at] for row in rows) for at in range(4))
    return opening, debit, credit, closing


def _nested(accounts: Sequence[tuple[_Raw, list[_Raw]]]) -> list[_Raw]:
    """Lay accounts into their tree: one is above those after it that its code begins, where they add up to it.

    Returns those on top.
    """

    def lay(at: int) -> tuple[list[_Raw], int]:
        """The account with those below it, or beside it where they are not its parts; and where the next begins."""
        own = accounts[at][0]
        parts: list[_Raw] = []
        following = at + 1
        while (
            following < len(accounts)
            and _is_under(accounts[following][0].code, own.code)
            and accounts[following][0].off_balance == own.off_balance
        ):
            found, following = lay(following)
            parts += found
        if parts and _sum(parts) == own.figures.net:
            own.counted = False
            below.setdefault(id(own), []).extend(parts)
            return [own], following
        return [own, *parts], following

    below: dict[int, list[_Raw]] = {}
    top: list[_Raw] = []
    at = 0
    while at < len(accounts):
        found, at = lay(at)
        top += found

    def deepen(rows: Sequence[_Raw], depth: int) -> None:
        for row in rows:
            row.depth = depth
            deepen(below.get(id(row), ()), depth + 1)

    deepen(top, 0)
    return top


def _lay_values(name: str, account: _Raw, values: list[_Raw]) -> None:
    """Lay values of an analysis into levels: every one at the same depth, each adding up to the one above it.

    Raises: PartsDiffer.
    """
    if not values:
        return
    # what comes to nothing in every figure comes so at any depth: then it is as deep as its rows allow
    for depth in (1, 2, 3) if any(account.figures.net) else (3, 2, 1):
        paths = _paths(values, account.figures.net, depth)
        if paths is not None:
            for value, path in zip(values, paths, strict=True):
                value.path = path
                value.depth = account.depth + len(path)
                value.counted = len(path) == depth and account.counted
            account.counted = False
            return
    raise PartsDiffer(file=name, account=account.code, place=f"A{account.row_no}")


def _paths(values: Sequence[_Raw], whole: Net, depth: int) -> list[tuple[str, ...]] | None:
    """The values that each row stands under, itself last; ``None`` where they are not so many levels deep."""
    paths: list[tuple[str, ...]] = []

    def take(at: int, above: tuple[str, ...], levels: int) -> int | None:
        """Take one value and what is below it; where the next begins, ``None`` where it does not add up."""
        path = (*above, values[at].text)
        paths.append(path)
        following = at + 1
        if levels == 1:
            return following
        found: Net = (0, 0, 0, 0)
        while following < len(values):
            opening, debit, credit, closing = values[following].figures.net
            found = (found[0] + opening, found[1] + debit, found[2] + credit, found[3] + closing)
            taken = take(following, path, levels - 1)
            if taken is None:
                return None
            following = taken
            if found == values[at].figures.net:
                return following
        return None

    at, top = 0, list[_Raw]()
    while at < len(values):
        top.append(values[at])
        taken = take(at, (), depth)
        if taken is None:
            return None
        at = taken
    return paths if _sum(top) == whole else None


def _tie(name: str, top: Sequence[_Raw], total: Six | None) -> None:
    """Hold the accounts on top against the totals.  Raises: TotalsMissing, TotalsDiffer."""
    if total is None:
        raise TotalsMissing(file=name, row="Итого")
    found = Six()
    for row in top:
        if not row.off_balance:
            found += row.figures
    if found == total or found.net == total.net:
        return
    titles = ("Сальдо на начало", "Обороты, дебет", "Обороты, кредит", "Сальдо на конец")
    at = next(place for place in range(4) if found.net[place] != total.net[place])
    raise TotalsDiffer(
        file=name, column=titles[at], found=decimal_string(total.net[at]), expected=decimal_string(found.net[at])
    )


# ------------------------------------------------------------------------------------------------ journal

_JOURNAL_FIELDS: dict[str, tuple[str, ...]] = {
    "day": ("период", "дата", "датапроводки", "датаоперации", "күні", "кезең"),
    "document": ("документ", "регистратор", "документрегистратор", "құжат", "тіркеуші"),
    "number": ("номердокумента", "номер", "құжатнөмірі", "нөмірі"),
    "memo": ("содержание", "содержаниеоперации", "содержаниепроводки", "операция", "комментарий", "мазмұны"),
    "debit": ("дебет", "дт", "счетдт", "счетдебета", "дебетсчета", "дебеті", "шотдт"),
    "credit": ("кредит", "кт", "счеткт", "счеткредита", "кредитсчета", "кредиті", "шоткт"),
    "amount": ("сумма", "суммапроводки", "суммаоперации", "суммакзт", "суммабу", "сомасы", "сома"),
    "quantity": ("количество",),
    "debit quantity": ("количестводт", "колдт", "количестводебет"),
    "credit quantity": ("количествокт", "колкт", "количествокредит"),
    "debit currency": ("валютнаясуммадт", "суммавалдт", "суммаввалютедт"),
    "credit currency": ("валютнаясуммакт", "суммавалкт", "суммаввалютект"),
    "indicator": ("показатель", "показатели", "показ"),
}
_JOURNAL_MEANINGS = {word: name for name, words in _JOURNAL_FIELDS.items() for word in words}
_ANALYSIS = re.compile(r"(?:аналитика|субконто|талдау)(\d?)(дт|кт|дебет|кредит)(\d?)")
_DOCUMENT = re.compile(r"(?P<kind>.*?)\s*(?:№\s*)?(?P<number>\S+)\s+от\s+(?P<day>\d{2}\.\d{2}\.\d{4})")


def _journal_layout(grid: Grid) -> _Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = _folded(row)
        meanings = [_JOURNAL_MEANINGS.get(word) for word in folded]
        if not {"day", "debit", "credit"} <= set(meanings) or not {"document", "memo"} & set(meanings):
            continue
        places: dict[str, int] = {}
        lists: dict[str, list[int]] = {"debit analysis": [], "credit analysis": []}
        ignored = []
        for at, (word, meaning) in enumerate(zip(folded, meanings, strict=True)):
            if match := _ANALYSIS.fullmatch(word):
                analysed = lists["debit analysis" if match[2] in _DEBIT else "credit analysis"]
                analysed += [] if at and folded[at - 1] == word else [at]
            elif meaning and meaning not in places:
                places[meaning] = at
            elif meaning in ("debit", "credit") and at == places[meaning] + 1:  # one heading over two columns
                places[f"{meaning} value"] = at
            elif word and word != folded[at - 1]:
                ignored.append(text_of(row[at]))
        taken = {*places.values(), *lists["debit analysis"], *lists["credit analysis"]}
        for side in ("debit", "credit"):
            beside = places[side] + 1
            if beside < len(folded) and beside not in taken and not folded[beside]:
                places.setdefault(f"{side} value", beside)
        if "amount" not in places and "debit value" not in places and "credit value" not in places:
            continue
        tuples = {name: tuple(ats) for name, ats in lists.items() if ats}
        recognised = Recognised(Kind.JOURNAL, head + 1, _headings(grid, head, places, tuples), tuple(ignored))
        return _Layout(recognised, head + 1, places, tuples)
    return None


def _journal(name: str, grid: Grid, layout: _Layout, known: Set[str]) -> Contents:
    """Every row that names an account, whether it can be read or not."""
    rows: list[PostingRow] = []
    accounts: dict[str, Account] = {}
    for row in _posting_rows(grid, layout):
        rows.append(row)
        for side in (row.debit, row.credit):
            if side.account:
                levels = accounts[side.account].subconto if side.account in accounts else ()
                deepest = max(len(levels), len(side.subconto))
                accounts[side.account] = Account(side.account, "", subconto=("",) * deepest)
    days = [row.on for row in rows if row.on is not None]
    span = layout.recognised.span or (MonthSpan.of(min(days), max(days)) if days else None)
    recognised = replace(layout.recognised, span=_required(name, span))
    return Contents(recognised, tuple(accounts.values()), postings=tuple(rows))


def _posting_rows(grid: Grid, layout: _Layout) -> Iterator[PostingRow]:
    places, last = layout.places, None
    day_cell: Value = ""
    document = ""
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        indicator = fold(_text(row, places.get("indicator")))
        if indicator in _QUANTITIES | _CURRENCIES:
            if last is not None:
                last = _measured(last, row, places, indicator in _QUANTITIES)
            continue
        debit, credit = (_account(row, places[side]) for side in ("debit", "credit"))
        if indicator not in _BOOKS or not (debit or credit):
            continue
        if text_of(_cell(row, places["day"])):
            day_cell = _cell(row, places["day"])
            document = _first_line(_cell(row, places.get("document")))
        if last is not None:
            yield last
        last = _posting(row, index + 1, layout, (day_cell, document), (debit, credit), last)
    if last is not None:
        yield last


def _account(row: Sequence[Value], at: int) -> str:
    """A code, of a cell that holds one: headings and totals hold none."""
    text = _text(row, at, _LONGEST_NUMBER)
    return text if _BARE_CODE.fullmatch(text) else ""


def _first_line(cell: Value) -> str:
    return " ".join(cell.partition("\n")[0].split()) if isinstance(cell, str) else text_of(cell)


def _posting(
    row: Sequence[Value],
    row_no: int,
    layout: _Layout,
    head: tuple[Value, str],
    accounts: tuple[str, str],
    before: PostingRow | None,
) -> PostingRow:
    places = layout.places
    day_cell, document = head
    unread: Unread | None = None
    on = amount = None
    try:
        on = day_of(day_cell)
    except DomainError:
        unread = _unread(DayUnread(found=text_of(day_cell)[:60]))
    amount_cell = next(
        (cell for name in ("amount", "debit value", "credit value") if text_of(cell := _cell(row, places.get(name)))),
        "",
    )
    try:
        amount = tiyn_of(amount_cell)
    except DomainError:
        unread = unread or _unread(AmountUnread(found=text_of(amount_cell)[:60]))
    named = _DOCUMENT.match(document)
    number = _text(row, places.get("number"), _LONGEST_NUMBER) or (named["number"] if named else "")
    same = before is not None and document != "" and (before.on, before.document) == (on, document)
    same = same and before is not None and before.no < MOST_POSTINGS
    debit, credit = (
        Side(account, _analysis(row, layout.lists.get(f"{side} analysis", ()))) if account else Side("")
        for side, account in zip(("debit", "credit"), accounts, strict=True)
    )
    quantity = _scaled(_cell(row, places.get("quantity")), _QUANTITY_PLACES)
    debit_quantity, credit_quantity = (
        _scaled(_cell(row, places.get(f"{side} quantity")), _QUANTITY_PLACES) for side in ("debit", "credit")
    )
    debit_currency, credit_currency = (
        _scaled(_cell(row, places.get(f"{side} currency")), _CURRENCY_PLACES) for side in ("debit", "credit")
    )
    return PostingRow(
        row_no=row_no,
        document_row=before.document_row if same and before is not None else row_no,
        no=before.no + 1 if same and before is not None else 1,
        on=on,
        document=document[:_LONGEST_MEMO],
        document_number=number[:_LONGEST_NUMBER],
        document_on=_day_or_none(named["day"]) if named else None,
        memo=_memo(row, places, document),
        debit=debit,
        credit=credit,
        amount_tiyn=amount,
        cells=_cells(row),
        debit_quantity_milli=debit_quantity if debit_quantity is not None else quantity,
        credit_quantity_milli=credit_quantity if credit_quantity is not None else quantity,
        debit_currency_minor=debit_currency,
        credit_currency_minor=credit_currency,
        unread=unread,
    )


def _unread(fault: RuleViolated) -> Unread:
    return Unread(fault.code, fault.template, fault.fields)


def _day_or_none(text: str) -> date | None:
    try:
        return day_of(text)
    except DomainError:
        return None


def _memo(row: Sequence[Value], places: dict[str, int], document: str) -> str:
    """What the row says it is: its contents, else what stands below the document's name, else that name."""
    if said := _text(row, places.get("memo"), _LONGEST_MEMO):
        return said
    cell = _cell(row, places.get("document"))
    rest = cell.partition("\n")[2] if isinstance(cell, str) else ""
    return (" ".join(rest.split()) or document)[:_LONGEST_MEMO].rstrip()


def _analysis(row: Sequence[Value], ats: Sequence[int]) -> tuple[str, ...]:
    """Values of an analysis, each of a column or a line of its own; blank ends are left out."""
    values: list[str] = []
    for at in ats:
        cell = _cell(row, at)
        lines = cell.split("\n") if isinstance(cell, str) and len(ats) == 1 else [text_of(cell)]
        values += [" ".join(line.split())[:_LONGEST_VALUE].rstrip() for line in lines]
    values = ["" if value == _EMPTY_VALUE else value for value in values]
    while values and not values[-1]:
        values.pop()
    return tuple(value.replace("\x00", " ") for value in values)


def _measured(posting: PostingRow, row: Sequence[Value], places: dict[str, int], is_quantity: bool) -> PostingRow:
    """A posting with what its row of quantities, or of currency amounts, says."""
    debit, credit = (
        _scaled(_cell(row, places.get(f"{side} value")), _QUANTITY_PLACES if is_quantity else _CURRENCY_PLACES)
        for side in ("debit", "credit")
    )
    if is_quantity:
        return replace(posting, debit_quantity_milli=debit, credit_quantity_milli=credit)
    return replace(posting, debit_currency_minor=debit, credit_currency_minor=credit)


# ------------------------------------------------------------------------------------------------ registers

_CHART_FIELDS: dict[str, tuple[str, ...]] = {
    "code": ("код", "кодсчета", "счет", "номерсчета", "шот", "шоткоды", "коды"),
    "name": ("наименование", "наименованиесчета", "атауы", "шотатауы"),
    "nature": ("вид", "видсчета", "акт", "ап", "активность", "типсчета", "түрі"),
    "off balance": ("заб", "забалансовый", "забаланс", "баланстантыс"),
}
_COUNTERPARTY_FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("наименование", "контрагент", "наименованиевпрограмме", "краткоенаименование", "атауы"),
    "full name": ("полноенаименование", "наименованиеполное", "толықатауы"),
    "code": ("бин", "иин", "биниин", "иинбин", "бсн", "жсн", "бснжсн", "жснбсн", "иинбинконтрагента"),
    "iban": ("иик", "номерсчета", "расчетныйсчет", "банковскийсчет", "жск", "іban"),
    "bank": ("банк", "наименованиебанка", "основнойбанк"),
    "bic": ("бик", "бикбанка", "бск"),
}
_SUBCONTO = re.compile(r"(?:субконто|видсубконто|субконтотүрі)(\d)")
_YES = {"да", "иә", "yes", "true", "1", "x", "х", "v", "✓", "+", "з", "заб"}
_NATURES = {"а": "active", "активный": "active", "п": "passive", "пассивный": "passive", "ап": "both",
            "активнопассивный": "both"}  # fmt: skip


def _columns(folded: Sequence[str], fields: dict[str, tuple[str, ...]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, word in enumerate(folded):
        meaning = next((name for name, words in fields.items() if word in words), None)
        if meaning and meaning not in places:
            places[meaning] = at
    return places


def _ignored(row: Sequence[Value], used: Set[int]) -> tuple[str, ...]:
    return tuple(text for at, cell in enumerate(row) if at not in used and (text := text_of(cell)))


def _chart_layout(grid: Grid) -> _Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = _folded(row)
        places = _columns(folded, _CHART_FIELDS)
        kinds = tuple(at for at, word in enumerate(folded) if _SUBCONTO.fullmatch(word))
        if {"code", "name"} <= places.keys() and (kinds or {"nature", "off balance"} & places.keys()):
            lists = {"subconto": kinds} if kinds else {}
            headings = _headings(grid, head, places, lists)
            ignored = _ignored(row, {*places.values(), *kinds})
            return _Layout(Recognised(Kind.CHART, head + 1, headings, ignored), head + 1, places, lists)
    return None


def _chart(name: str, grid: Grid, layout: _Layout, known: Set[str]) -> Contents:
    accounts: dict[str, Account] = {}
    places = layout.places
    for row in grid[layout.first_row :]:
        code = _text(row, places["code"], _LONGEST_NUMBER)
        if not _BARE_CODE.fullmatch(code):
            continue
        kinds = [_text(row, at) for at in layout.lists.get("subconto", ())]
        while kinds and not kinds[-1]:
            kinds.pop()
        accounts[code] = Account(
            code,
            _text(row, places["name"]),
            _NATURES.get(fold(_text(row, places.get("nature"))), ""),
            text_of(_cell(row, places.get("off balance"))).casefold() in _YES,
            tuple(kinds),
        )
    return Contents(replace(layout.recognised, span=None), tuple(accounts.values()))


def _counterparties_layout(grid: Grid) -> _Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        places = _columns(_folded(row), _COUNTERPARTY_FIELDS)
        if {"name", "code"} <= places.keys():
            headings = _headings(grid, head, places, {})
            ignored = _ignored(row, set(places.values()))
            return _Layout(Recognised(Kind.COUNTERPARTIES, head + 1, headings, ignored), head + 1, places)
    return None


def _counterparties(name: str, grid: Grid, layout: _Layout, known: Set[str]) -> Contents:
    places, rows = layout.places, []
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        named = _text(row, places["name"])
        if not named or fold(named) in _TOTALS:
            continue
        code = re.sub(r"\s", "", _text(row, places["code"], _LONGEST_NUMBER))
        rows.append(
            CounterpartyRow(
                index + 1,
                named,
                _text(row, places.get("full name")),
                code.zfill(12) if code.isascii() and code.isdecimal() and len(code) < 12 else code,
                re.sub(r"\s", "", _text(row, places.get("iban"), _LONGEST_NUMBER)).upper(),
                _text(row, places.get("bank")) or _text(row, places.get("bic")),
                _cells(row),
            )
        )
    return Contents(replace(layout.recognised, span=None), counterparties=tuple(rows))


_KINDS = (
    (_balance_layout, _balance),
    (_journal_layout, _journal),
    (_counterparties_layout, _counterparties),
    (_chart_layout, _chart),
)
