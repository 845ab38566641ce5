"""Books as 1C would export them: spreadsheets with its titles, merged heads in two rows, nested rows and totals."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any, NamedTuple

import xlsxwriter  # type: ignore[import-untyped]
from dateutil.relativedelta import relativedelta

MONTHS = ("Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь", "Октябрь", "Ноябрь",
          "Декабрь")  # fmt: skip
EMPTY = "<...>"
_EPOCH = date(1899, 12, 30)


class Their(NamedTuple):
    """A side of theirs: an account with one value for each kind of its analysis."""

    account: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TheirPosting:
    on: date
    document: str
    debit: Their
    credit: Their
    tiyn: int
    memo: str = ""
    debit_milli: int | None = None
    credit_milli: int | None = None


@dataclass
class Theirs:
    """Books of the other program; ``kinds`` are the kinds of analysis by account, ``parents`` the headings."""

    opening: dict[Their, int] = field(default_factory=dict)
    postings: list[TheirPosting] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    off_balance: set[str] = field(default_factory=set)
    counterparties: dict[str, str] = field(default_factory=dict)
    """BIN by name."""
    organisation: str = "КГУ «Школа-гимназия № 7»"

    def figures(self, first: date, last: date) -> dict[Their, list[int]]:
        """Opening balance (debit positive), debit and credit turnover of months, by side."""
        end = last + relativedelta(months=1)
        found: defaultdict[Their, list[int]] = defaultdict(lambda: [0, 0, 0])
        for side, tiyn in self.opening.items():
            found[side][0] += tiyn
        for posting in self.postings:
            if posting.on >= end:
                continue
            for side, sign in ((posting.debit, 1), (posting.credit, -1)):
                if not side.account:
                    continue
                if posting.on < first:
                    found[side][0] += sign * posting.tiyn
                else:
                    found[side][1 if sign > 0 else 2] += posting.tiyn
        return {side: figures for side, figures in found.items() if any(figures)}

    def within(self, first: date, last: date) -> list[TheirPosting]:
        end = last + relativedelta(months=1)
        return [posting for posting in self.postings if first <= posting.on < end]


def title_of(first: date, last: date) -> str:
    if first == last:
        return f"{MONTHS[first.month - 1]} {first.year} г."
    return f"{MONTHS[first.month - 1]} {first.year} г. - {MONTHS[last.month - 1]} {last.year} г."


def _book(write: Callable[[Any, Any], None], **options: Any) -> bytes:
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False, **options})
    write(book, book.add_worksheet("TDSheet"))
    book.close()
    return file.getvalue()


Node = tuple[str, list[int], list[Any], int]
"""What the first cell says, three figures, what is below, and how deep."""


def _tree(books: Theirs, figures: Mapping[Their, list[int]], *, deep: bool) -> list[Node]:
    """Accounts under their headings, each with the values of its analysis below."""
    by_account: defaultdict[str, dict[tuple[str, ...], list[int]]] = defaultdict(dict)
    for side, sums in figures.items():
        by_account[side.account][side.values] = sums

    def values(rows: Mapping[tuple[str, ...], list[int]], level: int, depth: int) -> list[Node]:
        groups: defaultdict[str, dict[tuple[str, ...], list[int]]] = defaultdict(dict)
        for path, sums in rows.items():
            groups[path[level]][path] = sums
        found = []
        for value in sorted(groups):
            inside = groups[value]
            below = values(inside, level + 1, depth + 1) if level + 1 < len(next(iter(inside))) else []
            found.append((value or EMPTY, _added(inside.values()), below, depth))
        return found

    def account(code: str, depth: int) -> Node:
        rows = by_account[code]
        below = values(rows, 0, depth + 1) if deep and books.kinds.get(code) else []
        return (f"{code}, {books.names.get(code, '')}".rstrip(", "), _added(rows.values()), below, depth)

    headed: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(by_account):
        headed[books.parents.get(code, "")].append(code)
    top: dict[str, Node] = {code: account(code, 0) for code in headed.pop("", [])}
    for heading, codes in headed.items():
        below = [account(code, 1) for code in codes]
        top[heading] = (f"{heading}, {books.names.get(heading, '')}", _added([n[1] for n in below]), below, 0)
    return [top[code] for code in sorted(top)]


def _added(rows: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def balance(
    books: Theirs, first: date, last: date | None = None, *, deep: bool = True, indicator: bool = False
) -> bytes:
    """ОСВ: a title, heads of two rows with merged cells, nested rows, «Итого», off-balance accounts below it."""
    last = last or first
    nodes = _tree(books, books.figures(first, last), deep=deep)
    start = 2 if indicator else 1

    def write(book: Any, sheet: Any) -> None:
        bold = book.add_format({"bold": True})
        sheet.write(0, 0, books.organisation)
        sheet.write(1, 0, f"Оборотно-сальдовая ведомость за {title_of(first, last)}", bold)
        sheet.write(2, 0, "Выводимые данные: БУ (данные бухгалтерского учета)")
        sheet.merge_range(4, 0, 5, 0, "Счет, Наименование счета", bold)
        if indicator:
            sheet.merge_range(4, 1, 5, 1, "Показа-\nтели", bold)
        for at, group in enumerate(("Сальдо на начало периода", "Обороты за период", "Сальдо на конец периода")):
            column = start + 2 * at
            sheet.merge_range(4, column, 4, column + 1, group, bold)
            sheet.write(5, column, "Дебет", bold)
            sheet.write(5, column + 1, "Кредит", bold)
        row = 6

        def six(sums: Sequence[int]) -> list[int]:
            opening, debit, credit = sums
            closing = opening + debit - credit
            return [max(opening, 0), max(-opening, 0), debit, credit, max(closing, 0), max(-closing, 0)]

        def line(text: str, figures: Sequence[int]) -> None:
            nonlocal row
            sheet.write(row, 0, text)
            if indicator:
                sheet.write(row, 1, "БУ")
            for at, tiyn in enumerate(figures):
                if tiyn:
                    sheet.write_number(row, start + at, tiyn / 100)
            row += 1

        def lay(node: Node) -> None:
            text, sums, below, depth = node
            sheet.set_row(row, None, None, {"level": min(depth, 6)})
            line(text, six(sums))
            for each in below:
                lay(each)

        def is_off(node: Node) -> bool:
            return node[0].partition(",")[0] in books.off_balance

        on_balance = [node for node in nodes if not is_off(node)]
        for node in on_balance:
            lay(node)
        sheets = [six(node[1]) for node in on_balance]
        line("Итого", _added(sheets) if sheets else [0] * 6)
        for node in nodes:
            if is_off(node):
                lay(node)
        sheet.write(row + 2, 0, "Главный бухгалтер ____________")

    return _book(write)


def journal(books: Theirs, first: date, last: date | None = None, *, indicator: bool = True) -> bytes:
    """«Отчёт по проводкам»: day, document with its contents below, analysis by lines, account beside its amount."""
    postings = books.within(first, last or first)
    at = 5 if indicator else 4

    def write(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write(0, 0, books.organisation)
        sheet.write(1, 0, f"Отчет по проводкам за {title_of(first, last or first)}")
        heads = ["Период", "Документ", "Аналитика Дт", "Аналитика Кт", *(["Показатель"] if indicator else [])]
        for column, head in enumerate(heads):
            sheet.merge_range(3, column, 4, column, head)
        for column, head in ((at, "Дебет"), (at + 2, "Кредит")):
            sheet.merge_range(3, column, 3, column + 1, head)
            sheet.write(4, column, "Счет")
        row = 5
        for posting in postings:
            sheet.write_number(row, 0, (posting.on - _EPOCH).days, day)
            sheet.write(row, 1, f"{posting.document}\n{posting.memo}" if posting.memo else posting.document)
            for column, side in ((2, posting.debit), (3, posting.credit)):
                sheet.write(row, column, "\n".join(value or EMPTY for value in side.values))
            if indicator:
                sheet.write(row, 4, "БУ")
            for column, side in ((at, posting.debit), (at + 2, posting.credit)):
                sheet.write(row, column, side.account)
                if side.account:
                    sheet.write_number(row, column + 1, posting.tiyn / 100)
            row += 1
            if indicator and (posting.debit_milli is not None or posting.credit_milli is not None):
                sheet.write(row, 4, "Кол.")
                for column, milli in ((at + 1, posting.debit_milli), (at + 3, posting.credit_milli)):
                    if milli is not None:
                        sheet.write_number(row, column, milli / 1000)
                row += 1
        sheet.write(row, 0, "Итого")
        sheet.write_number(row, at + 1, sum(p.tiyn for p in postings) / 100)

    return _book(write)


def register(books: Theirs, first: date, last: date | None = None) -> bytes:
    """«Журнал проводок» as a list: one row a posting, a column for each value of the analysis."""
    heads = ["Период", "Регистратор", "Счет Дт", "Субконто1 Дт", "Субконто2 Дт", "Субконто3 Дт", "Количество Дт",
             "Счет Кт", "Субконто1 Кт", "Субконто2 Кт", "Субконто3 Кт", "Количество Кт", "Сумма",
             "Содержание"]  # fmt: skip

    def write(book: Any, sheet: Any) -> None:
        for column, head in enumerate(heads):
            sheet.write(0, column, head)
        for row, posting in enumerate(books.within(first, last or first), start=1):
            sheet.write(row, 0, f"{posting.on:%d.%m.%Y} 12:00:00")
            sheet.write(row, 1, posting.document)
            for column, side, milli in (
                (2, posting.debit, posting.debit_milli),
                (7, posting.credit, posting.credit_milli),
            ):
                sheet.write(row, column, side.account)
                for place, value in enumerate(side.values):
                    sheet.write(row, column + 1 + place, value)
                if milli is not None:
                    sheet.write_number(row, column + 4, milli / 1000)
            sheet.write(row, 12, f"{posting.tiyn / 100:,.2f}".replace(",", "\u00a0").replace(".", ","))
            sheet.write(row, 13, posting.memo)

    return _book(write)


def chart(books: Theirs, natures: Mapping[str, str] | None = None) -> bytes:
    """План счетов: code, name, nature, whether it stands off the balance, kinds of analysis."""
    heads = ["Код", "Наименование", "Вид", "Заб.", "Субконто 1", "Субконто 2", "Субконто 3"]
    codes = sorted({*books.names, *books.kinds})

    def write(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, "План счетов бухгалтерского учета")
        for column, head in enumerate(heads):
            sheet.write(2, column, head)
        for row, code in enumerate(codes, start=3):
            sheet.write(row, 0, code)
            sheet.write(row, 1, books.names.get(code, ""))
            sheet.write(row, 2, (natures or {}).get(code, "АП"))
            sheet.write(row, 3, "Да" if code in books.off_balance else "")
            for place, kind in enumerate(books.kinds.get(code, ())):
                sheet.write(row, 4 + place, kind)

    return _book(write)


def counterparties(books: Theirs) -> bytes:
    """Контрагенты: name, BIN or IIN, account and bank."""

    def write(book: Any, sheet: Any) -> None:
        for column, head in enumerate(("Наименование", "БИН / ИИН", "Полное наименование", "ИИК", "БИК")):
            sheet.write(0, column, head)
        for row, (name, number) in enumerate(books.counterparties.items(), start=1):
            sheet.write(row, 0, name)
            sheet.write(row, 1, number)
            sheet.write(row, 2, name)

    return _book(write)


def month_of(day: date) -> date:
    return day - timedelta(days=day.day - 1)
