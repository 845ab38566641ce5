"""A journal of postings: every row that names an account, whether it can be read or not."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import date

from erp.base.dates import MonthSpan
from erp.base.errors import DomainError, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Value
from erp.base.sheets.values import day_of, text_of, tiyn_of
from erp.finance.takeover.files.layout import (
    BOOKS,
    CODE,
    CURRENCIES,
    CURRENCY_PLACES,
    DEBIT,
    EMPTY,
    LONGEST_MEMO,
    LONGEST_NUMBER,
    LONGEST_VALUE,
    QUANTITIES,
    QUANTITY_PLACES,
    SEARCHED,
    Grid,
    Layout,
    cell_at,
    cells_of,
    folded_of,
    headings_of,
    registered,
    required,
    scaled,
    text_at,
)
from erp.finance.takeover.files.model import Contents, PostingRow, Unread
from erp.finance.takeover.model import Account, Kind, Recognised, Side

MOST_POSTINGS = 1000
"""Of one entry; a longer document becomes several."""


class DayUnread(RuleViolated):
    code = "takeover-day-unread"
    template = N_("A day was expected here; found “{found}”.")


class AmountUnread(RuleViolated):
    code = "takeover-amount-unread"
    template = N_("An amount was expected here; found “{found}”.")


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


def layout_of(grid: Grid) -> Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = folded_of(row)
        meanings = [_JOURNAL_MEANINGS.get(word) for word in folded]
        if not {"day", "debit", "credit"} <= set(meanings) or not {"document", "memo"} & set(meanings):
            continue
        places: dict[str, int] = {}
        lists: dict[str, list[int]] = {"debit analysis": [], "credit analysis": []}
        ignored = []
        for at, (word, meaning) in enumerate(zip(folded, meanings, strict=True)):
            if match := _ANALYSIS.fullmatch(word):
                analysed = lists["debit analysis" if match[2] in DEBIT else "credit analysis"]
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
        recognised = Recognised(Kind.JOURNAL, head + 1, headings_of(grid, head, places, tuples), tuple(ignored))
        return Layout(recognised, head + 1, places, tuples)
    return None


def parse(name: str, grid: Grid, layout: Layout, known: Set[str]) -> Contents:
    """Every row that names an account, whether it can be read or not."""
    rows: list[PostingRow] = []
    accounts: dict[str, Account] = {}
    for row in _posting_rows(grid, layout, known):
        rows.append(row)
        for side in (row.debit, row.credit):
            if side.account:
                levels = accounts[side.account].subconto if side.account in accounts else ()
                deepest = max(len(levels), len(side.subconto))
                accounts[side.account] = Account(side.account, "", subconto=("",) * deepest)
    days = [row.on for row in rows if row.on is not None]
    span = layout.recognised.span or (MonthSpan.of(min(days), max(days)) if days else None)
    recognised = replace(layout.recognised, span=required(name, span))
    return Contents(recognised, tuple(accounts.values()), postings=tuple(rows))


def _posting_rows(grid: Grid, layout: Layout, known: Set[str]) -> Iterator[PostingRow]:
    places, last = layout.places, None
    day_cell: Value = ""
    document = ""
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        indicator = fold(text_at(row, places.get("indicator")))
        if indicator in QUANTITIES | CURRENCIES:
            if last is not None:
                last = _measured(last, row, places, indicator in QUANTITIES)
            continue
        debit, credit = (_account(row, places[side], known) for side in ("debit", "credit"))
        if indicator not in BOOKS or not (debit or credit):
            continue
        if text_of(cell_at(row, places["day"])):
            day_cell = cell_at(row, places["day"])
            document = _first_line(cell_at(row, places.get("document")))
        if last is not None:
            yield last
        last = _posting(row, index + 1, layout, (day_cell, document), (debit, credit), last)
    if last is not None:
        yield last


def _account(row: Sequence[Value], at: int, known: Set[str]) -> str:
    """A code, of a cell that holds one: headings and totals hold none."""
    text = text_at(row, at, LONGEST_NUMBER)
    return registered(text, known) or text if CODE.fullmatch(text) else ""


def _first_line(cell: Value) -> str:
    return " ".join(cell.partition("\n")[0].split()) if isinstance(cell, str) else text_of(cell)


def _posting(
    row: Sequence[Value],
    row_no: int,
    layout: Layout,
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
        (cell for name in ("amount", "debit value", "credit value") if text_of(cell := cell_at(row, places.get(name)))),
        "",
    )
    try:
        amount = tiyn_of(amount_cell)
    except DomainError:
        unread = unread or _unread(AmountUnread(found=text_of(amount_cell)[:60]))
    named = _DOCUMENT.match(document)
    number = text_at(row, places.get("number"), LONGEST_NUMBER) or (named["number"] if named else "")
    same = before is not None and document != "" and (before.on, before.document) == (on, document)
    same = same and before is not None and before.no < MOST_POSTINGS
    debit, credit = (
        Side(account, _analysis(row, layout.lists.get(f"{side} analysis", ()))) if account else Side("")
        for side, account in zip(("debit", "credit"), accounts, strict=True)
    )
    quantity = scaled(cell_at(row, places.get("quantity")), QUANTITY_PLACES)
    debit_quantity, credit_quantity = (
        scaled(cell_at(row, places.get(f"{side} quantity")), QUANTITY_PLACES) for side in ("debit", "credit")
    )
    debit_currency, credit_currency = (
        scaled(cell_at(row, places.get(f"{side} currency")), CURRENCY_PLACES) for side in ("debit", "credit")
    )
    return PostingRow(
        row_no=row_no,
        document_row=before.document_row if same and before is not None else row_no,
        no=before.no + 1 if same and before is not None else 1,
        on=on,
        document=document[:LONGEST_MEMO],
        document_number=number[:LONGEST_NUMBER],
        document_on=_day_or_none(named["day"]) if named else None,
        memo=_memo(row, places, document),
        debit=debit,
        credit=credit,
        amount_tiyn=amount,
        cells=cells_of(row),
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
    if said := text_at(row, places.get("memo"), LONGEST_MEMO):
        return said
    cell = cell_at(row, places.get("document"))
    rest = cell.partition("\n")[2] if isinstance(cell, str) else ""
    return (" ".join(rest.split()) or document)[:LONGEST_MEMO].rstrip()


def _analysis(row: Sequence[Value], ats: Sequence[int]) -> tuple[str, ...]:
    """Values of an analysis, each of a column or a line of its own; blank ends are left out."""
    values: list[str] = []
    for at in ats:
        cell = cell_at(row, at)
        lines = cell.split("\n") if isinstance(cell, str) and len(ats) == 1 else [text_of(cell)]
        values += [" ".join(line.split())[:LONGEST_VALUE].rstrip() for line in lines]
    values = ["" if value == EMPTY else value for value in values]
    while values and not values[-1]:
        values.pop()
    return tuple(value.replace("\x00", " ") for value in values)


def _measured(posting: PostingRow, row: Sequence[Value], places: dict[str, int], is_quantity: bool) -> PostingRow:
    """A posting with what its row of quantities, or of currency amounts, says."""
    debit, credit = (
        scaled(cell_at(row, places.get(f"{side} value")), QUANTITY_PLACES if is_quantity else CURRENCY_PLACES)
        for side in ("debit", "credit")
    )
    if is_quantity:
        return replace(posting, debit_quantity_milli=debit, credit_quantity_milli=credit)
    return replace(posting, debit_currency_minor=debit, credit_currency_minor=credit)
