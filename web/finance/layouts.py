"""Reports laid out as tables, in the reader's language, each figure with its way to what it is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from dateutil.relativedelta import relativedelta

from erp.base.i18n import N_
from erp.finance.journal.model import Account, AccountCard, BalanceRow, DimensionValue, TrialBalance
from erp.finance.journal.turnovers import Span
from erp.finance.reports.model import (
    Analysis,
    Book,
    BookRow,
    Chessboard,
    Compared,
    Figure,
    MemorialOrder,
    Part,
    PostingLine,
    SideLine,
    Step,
    Turnover,
    ValueRow,
)
from ledger.model import Dimension
from web.finance.figures import Ways
from web.i18n import MINUS, Speech
from web.tables.model import Column, Kind, Row, Table

PARTS: dict[Part, str] = {
    Part.OPENING: N_("Opening balance"),
    Part.DEBIT: N_("Debit turnover"),
    Part.CREDIT: N_("Credit turnover"),
    Part.TURNOVER: N_("Turnover, debit less credit"),
    Part.CLOSING: N_("Closing balance"),
}


def row_id(*parts: object) -> str:
    """Of a row, by what it is about: a place in an address to come back to."""
    return "r-" + "-".join(str(part) for part in parts if part != "")


# ------------------------------------------------------------------------------------------------ balances


def _balance_columns(say: Speech) -> list[Column]:
    groups = (say("Opening balance"), say("Turnover"), say("Closing balance"))
    sides = (say("Dt"), say("Ct"))
    return [Column(side, Kind.MONEY, group, is_total=True) for group in groups for side in sides]


def _balance_values(row: BalanceRow | ValueRow) -> list[int]:
    opening, closing = row.opening_tiyn, row.closing_tiyn
    return [max(opening, 0), max(-opening, 0), row.debit_tiyn, row.credit_tiyn, max(closing, 0), max(-closing, 0)]


_BALANCE_PARTS = (Part.OPENING, Part.OPENING, Part.DEBIT, Part.CREDIT, Part.CLOSING, Part.CLOSING)


def balance_ways(
    ways: Ways, row: BalanceRow, dimensions: Sequence[Dimension] | None, at: str, edition: int | None = None
) -> list[str]:
    """Ways to what the six figures of a line of a trial balance are made of.

    ``dimensions`` are those that lines are told apart by; ``None``: all of them.
    """
    named = {value.dimension: value.code for value in row.dimensions}
    told_apart = tuple(Dimension) if dimensions is None else dimensions
    values = {d: named.get(d, "") for d in told_apart} if row.account.postable else {}
    figure = Figure(Part.OPENING, account=row.account.code, edition=edition, dimensions=values)
    return [ways.to(replace(figure, part=part), at) for part in _BALANCE_PARTS]


def _dimension_columns(say: Speech, dimensions: Sequence[Dimension]) -> list[Column]:
    columns = []
    for dimension in dimensions:
        columns += [Column(say.dimension(dimension), Kind.CODE, width=16), Column(say("Name"), width=32)]
    return columns


def _dimension_values(
    values: Sequence[DimensionValue], dimensions: Sequence[Dimension], language: str
) -> Iterator[str]:
    named = {value.dimension: value for value in values}
    for dimension in dimensions:
        value = named.get(dimension)
        yield value.code if value else ""
        yield value.label(language) if value and value.label(language) != value.code else ""


def trial_balance(
    balance: TrialBalance, dimensions: Sequence[Dimension], depths: Mapping[int, int], say: Speech
) -> Table:
    language = say.language.value
    rows = [
        Row(
            [
                row.account.code,
                row.account.name(language),
                *_dimension_values(row.dimensions, dimensions, language),
                *_balance_values(row),
            ],
            depth=depths[row.account.id],
            is_heading=not row.account.postable,
            is_counted=row.account.postable and not row.account.is_off_balance,
        )
        for row in balance.rows
    ]
    head = [Column(say("Account"), Kind.CODE), Column(say("Name"))]
    columns = [*head, *_dimension_columns(say, dimensions), *_balance_columns(say)]
    return Table(say("Trial balance"), columns, rows, total_label=say("Total"), is_flat=False)


def depths_of(rows: Iterable[BalanceRow]) -> dict[int, int]:
    """How deep each account stands under its headings, by id; headings come first."""
    depths: dict[int, int] = {}
    for row in rows:
        parent = row.account.parent_id
        depths.setdefault(row.account.id, depths.get(parent, -1) + 1 if parent is not None else 0)
    return depths


def by_value(found: Sequence[ValueRow], dimension: Dimension, ways: Ways, say: Speech) -> Table:
    """Values of a dimension, each with its accounts below; the values' own sums leave off-balance accounts out."""
    language, rows = say.language.value, []
    for each in found:
        code = each.value.code if each.value else ""
        name = each.value.label(language) if each.value else say("not named")
        of_value = Figure(Part.OPENING, dimensions={dimension: code})
        at = row_id(code)
        # What names none is only of the accounts kept by the dimension: no one list is behind its sums.
        opened = [ways.to(replace(of_value, part=part), at) if code else "" for part in _BALANCE_PARTS]
        whole: list[str | int] = [code, name, "", "", *_balance_values(each)]
        rows.append(Row(whole, [*[""] * 4, *opened], id=at, is_heading=True, is_counted=False))
        for row in each.accounts:
            at = row_id(code, row.account.code)
            opened = balance_ways(ways, row, (dimension,), at)
            values: list[str | int] = [code, "", row.account.code, row.account.name(language), *_balance_values(row)]
            counted = not row.account.is_off_balance
            rows.append(Row(values, [*[""] * 4, *opened], id=at, is_counted=counted))
    head = [
        Column(say.dimension(dimension), Kind.CODE, width=18),
        Column(say("Name")),
        Column(say("Account"), Kind.CODE),
        Column(say("Name")),
    ]
    title = say("Turnovers by {dimension}", dimension=say.dimension(dimension).lower())
    return Table(title, [*head, *_balance_columns(say)], rows, total_label=say("Total"), is_flat=False)


def _share(row: Compared) -> str:
    """Change in per cent of the first figure, to a tenth: ``+12,5 %``."""
    if not row.first_tiyn or not row.difference_tiyn:
        return ""
    base = abs(row.first_tiyn)
    tenths = (abs(row.difference_tiyn) * 2000 + base) // (2 * base)
    return f"{'+' if row.difference_tiyn > 0 else MINUS}{tenths // 10},{tenths % 10}\u00a0%"


def comparison(
    found: Sequence[Compared],
    part: Part,
    dimensions: Sequence[Dimension],
    ways: tuple[Ways, Ways],
    titles: tuple[str, str],
    say: Speech,
) -> Table:
    language, rows = say.language.value, []
    for row in found:
        named = {value.dimension: value.code for value in row.dimensions}
        values = {} if row.is_heading else {d: named.get(d, "") for d in dimensions}
        figure = Figure(part, account=row.account.code, dimensions=values)
        at = row_id(row.account.code, *(v.code for v in row.dimensions))
        told = list(_dimension_values(row.dimensions, dimensions, language))
        share = _share(row)
        rows.append(
            Row(
                [row.account.code, row.account.name(language), *told, row.first_tiyn, row.second_tiyn,
                 row.difference_tiyn, share],
                ["", "", *("" for _ in told), *(each.to(figure, at) for each in ways), "", ""],
                id=at,
                is_heading=row.is_heading,
                is_counted=not row.is_heading and not row.account.is_off_balance,
            )
        )  # fmt: skip
    columns = [
        Column(say("Account"), Kind.CODE),
        Column(say("Name")),
        *_dimension_columns(say, dimensions),
        Column(f"A: {titles[0]}", Kind.BALANCE, is_total=True),
        Column(f"B: {titles[1]}", Kind.BALANCE, is_total=True),
        Column(say("Difference, B less A"), Kind.BALANCE, is_total=True),
        Column(say("Change"), Kind.CODE, width=12),
    ]
    return Table(say("Comparison of two periods"), columns, rows, total_label=say("Total"), is_flat=False)


# ------------------------------------------------------------------------------------------------ correspondence


def _code(account: Account) -> str:
    return "" if account.is_contra else account.code


def analysis(found: Analysis, ways: Ways, say: Speech) -> Table:
    language, own = say.language.value, found.account.code
    balance = Figure(Part.OPENING, account=own)
    rows = [
        Row(
            [say("Opening balance"), "", max(found.opening_tiyn, 0), max(-found.opening_tiyn, 0)],
            ["", "", *[ways.to(balance, "r-opening")] * 2],
            id="r-opening",
            is_heading=True,
            is_counted=False,
        )
    ]
    for account, turnover in found.rows:
        code = _code(account)
        figure, at = Figure(Part.DEBIT, account=own, against=code), row_id(code or "none")
        rows.append(
            Row(
                [
                    code,
                    account.name(language) if code else say("single-sided"),
                    turnover.debit_tiyn,
                    turnover.credit_tiyn,
                ],
                ["", "", ways.to(figure, at), ways.to(replace(figure, part=Part.CREDIT), at)],
                id=at,
            )
        )
    closing = found.closing_tiyn
    of_closing = ways.to(Figure(Part.CLOSING, account=own), "r-closing")
    last = Row(
        [say("Closing balance"), "", max(closing, 0), max(-closing, 0)],
        ["", "", of_closing, of_closing],
        id="r-closing",
        is_heading=True,
        is_counted=False,
    )
    columns = [
        Column(say("Corr. account"), Kind.CODE, width=22),
        Column(say("Name")),
        Column(say("Debit"), Kind.MONEY, is_total=True),
        Column(say("Credit"), Kind.MONEY, is_total=True),
    ]
    total_urls = {at: ways.to(Figure(part, account=own), "total") for at, part in ((2, Part.DEBIT), (3, Part.CREDIT))}
    return Table(say("Account analysis"), columns, rows, say("Turnover"), total_urls, [last], is_flat=False)


def book(found: Book, span: Span, ways: Ways, say: Speech) -> Table:
    own, is_monthly = found.account.code, found.step is Step.MONTH
    from_credit, to_debit = say("Debit, from the credit of"), say("Credit, to the debit of")
    columns = [
        Column(say("Month") if is_monthly else say("Day"), Kind.TEXT if is_monthly else Kind.DAY, width=20),
        *(Column(code or say("none"), Kind.MONEY, from_credit, is_total=True) for code in found.debited_with),
        Column(say("Total"), Kind.MONEY, from_credit, is_total=True),
        *(Column(code or say("none"), Kind.MONEY, to_debit, is_total=True) for code in found.credited_with),
        Column(say("Total"), Kind.MONEY, to_debit, is_total=True),
        Column(say("Dt"), Kind.MONEY, say("Balance")),
        Column(say("Ct"), Kind.MONEY, say("Balance")),
    ]
    width = len(columns)

    def balances(tiyn: int) -> list[int]:
        return [max(tiyn, 0), max(-tiyn, 0)]

    def line(by_account: Mapping[str, Turnover], turnover: Turnover) -> list[int]:
        nothing = Turnover()
        return [
            *(by_account.get(code, nothing).debit_tiyn for code in found.debited_with),
            turnover.debit_tiyn,
            *(by_account.get(code, nothing).credit_tiyn for code in found.credited_with),
            turnover.credit_tiyn,
        ]

    def opened(of_row: Figure, at: str) -> list[str]:
        def of(part: Part, against: str | None = None) -> str:
            return ways.to(replace(of_row, part=part, against=against), at)

        closing = ways.to(replace(of_row, part=Part.CLOSING, since=span.start), at)
        return [
            "",
            *(of(Part.DEBIT, code) for code in found.debited_with),
            of(Part.DEBIT),
            *(of(Part.CREDIT, code) for code in found.credited_with),
            of(Part.CREDIT),
            closing,
            closing,
        ]

    of_opening = ways.to(Figure(Part.OPENING, account=own), "r-opening")
    rows = [
        Row(
            [say("Opening balance"), *[None] * (width - 3), *balances(found.opening_tiyn)],
            [*[""] * (width - 2), of_opening, of_opening],
            id="r-opening",
            is_heading=True,
            is_counted=False,
        )
    ]
    for row in found.rows:
        since, until = stretch(row, found.step, span)
        at = row_id(row.on.isoformat())
        figure = Figure(Part.DEBIT, account=own, since=since, until=until)
        when = say.month(row.on) if is_monthly else row.on
        rows.append(
            Row([when, *line(row.by_account, row.turnover), *balances(row.closing_tiyn)], opened(figure, at), id=at)
        )
    opened_whole = opened(Figure(Part.DEBIT, account=own), "total")
    total_urls = {at: opened_whole[at] for at in range(1, width - 2)}
    title = say("General ledger book") if is_monthly else say("Journal-order")
    return Table(title, columns, rows, say("Turnover"), total_urls, is_flat=False)


def stretch(row: BookRow, step: Step, span: Span) -> tuple[date, date]:
    """Days of a month's or a day's row within the span, up to and not including the second."""
    until = row.on + (relativedelta(months=1) if step is Step.MONTH else relativedelta(days=1))
    return max(row.on, span.start), min(until, span.end)


def chessboard(found: Chessboard, ways: Ways, say: Speech) -> Table:
    language, rows = say.language.value, []
    for debit in found.debits:
        at = row_id(debit.code)
        figure = Figure(Part.DEBIT, account=debit.code)
        cells = [found.cells.get((debit.code, credit.code), 0) for credit in found.credits]
        opened = [ways.to(replace(figure, against=credit.code), at) for credit in found.credits]
        rows.append(
            Row(
                [debit.code, debit.name(language), *cells, found.debit_total(debit.code)],
                ["", "", *opened, ways.to(figure, at)],
                id=at,
            )
        )
    columns = [
        Column(say("Debit"), Kind.CODE),
        Column(say("Name")),
        *(Column(credit.code, Kind.MONEY, say("Credit"), is_total=True) for credit in found.credits),
        Column(say("Total of the debit"), Kind.MONEY, is_total=True),
    ]
    feet = [Figure(Part.CREDIT, account=credit.code) for credit in found.credits] + [Figure(Part.DEBIT)]
    total_urls = {at: ways.to(figure, "total") for at, figure in enumerate(feet, start=2)}
    return Table(say("Chessboard sheet"), columns, rows, say("Total of the credit"), total_urls)


def memorial_orders(found: Sequence[MemorialOrder], address: str, say: Speech) -> Table:
    """Every order by month, each with its way to the order whole; ``address`` takes a month and a journal."""
    language = say.language.value
    rows = [
        Row(
            [
                say.month(order.month),
                order.journal.code,
                order.journal.name(language),
                order.postings,
                order.total_tiyn,
            ],
            ["", url := address.format(month=order.month.strftime("%Y-%m"), journal=order.journal.code), "", "", url],
            id=row_id(order.month.strftime("%Y-%m"), order.journal.code),
        )
        for order in found
    ]
    columns = [
        Column(say("Month"), width=18),
        Column(say("Journal"), Kind.CODE),
        Column(say("Name"), width=60),
        Column(say("Postings"), Kind.COUNT, is_total=True),
        Column(say("Amount, ₸"), Kind.MONEY, is_total=True),
    ]
    return Table(say("Memorial orders"), columns, rows, say("Total"))


def memorial_order(found: MemorialOrder, ways: Ways, say: Speech) -> Table:
    language, rows = say.language.value, []
    for row in found.rows:
        debit, credit = _code(row.debit), _code(row.credit)
        at = row_id(debit or "none", credit or "none")
        url = ways.to(Figure(Part.DEBIT, account=debit, against=credit, journal=found.journal.code), at)
        names = [account.name(language) if not account.is_contra else "" for account in (row.debit, row.credit)]
        rows.append(
            Row(
                [debit, names[0], credit, names[1], row.postings, row.amount_tiyn],
                ["", "", "", "", url, url],
                id=at,
                is_counted=not row.is_off_balance,
            )
        )
    columns = [
        Column(say("Debit"), Kind.CODE),
        Column(say("Name")),
        Column(say("Credit"), Kind.CODE),
        Column(say("Name")),
        Column(say("Postings"), Kind.COUNT, is_total=True),
        Column(say("Amount, ₸"), Kind.MONEY, is_total=True),
    ]
    whole = ways.to(Figure(Part.DEBIT, journal=found.journal.code), "total")
    title = f"{say('Memorial order')} {found.journal.code}"
    return Table(
        title, columns, rows, say("Total"), {4: whole, 5: whole}, is_flat=not any(r.is_off_balance for r in found.rows)
    )


# ------------------------------------------------------------------------------------------------ lists


def side_lines(lines: Iterable[SideLine], part: Part, say: Speech) -> Table:
    """The list behind a figure, whole."""
    kind = Kind.MONEY if part in (Part.DEBIT, Part.CREDIT) else Kind.BALANCE
    columns = [
        Column(say("Date"), Kind.DAY),
        Column(say("Journal"), Kind.CODE),
        Column("№", Kind.COUNT),
        Column(say("Debit"), Kind.CODE),
        Column(say("Credit"), Kind.CODE),
        Column(say("Text"), width=60),
        Column(say("Document"), Kind.CODE),
        Column(say("Dimensions"), width=40),
        Column(say("Amount, ₸"), kind, is_total=True),
    ]
    rows = (
        Row(
            [
                line.effective_on,
                line.journal_code,
                line.number,
                line.debit_account,
                line.credit_account,
                line.memo,
                line.document_number,
                _codes(line.codes),
                line.amount_tiyn,
            ]
        )
        for line in lines
    )
    return Table(say("Postings"), columns, rows, say("Total"))


def postings(lines: Iterable[PostingLine], say: Speech) -> Table:
    """The journal posting by posting."""
    columns = [
        Column(say("Date"), Kind.DAY),
        Column(say("Journal"), Kind.CODE),
        Column("№", Kind.COUNT),
        Column(say("Line"), Kind.COUNT),
        Column(say("Debit"), Kind.CODE),
        Column(say("Dimensions of the debit"), width=32),
        Column(say("Credit"), Kind.CODE),
        Column(say("Dimensions of the credit"), width=32),
        Column(say("Amount, ₸"), Kind.MONEY, is_total=True),
        Column(say("Text"), width=60),
        Column(say("Document"), Kind.CODE),
        Column(say("Document date"), Kind.DAY),
    ]
    rows = (
        Row(
            [
                line.effective_on,
                line.journal_code,
                line.number,
                line.no,
                line.debit_account,
                _codes(line.debit_codes),
                line.credit_account,
                _codes(line.credit_codes),
                line.amount_tiyn,
                line.memo,
                line.document_number,
                line.document_on,
            ]
        )
        for line in lines
    )
    return Table(say("Journal"), columns, rows, say("Total"))


def card(found: AccountCard, lines: Iterable[SideLine], say: Speech) -> Table:
    """An account card whole: its head from ``found``, every one of its postings from ``lines``."""
    columns = [
        Column(say("Date"), Kind.DAY),
        Column(say("Journal"), Kind.CODE),
        Column("№", Kind.COUNT),
        Column(say("Corr. account"), Kind.CODE),
        Column(say("Text"), width=60),
        Column(say("Document"), Kind.CODE),
        Column(say("Dimensions"), width=40),
        Column(say("Debit"), Kind.MONEY, is_total=True),
        Column(say("Credit"), Kind.MONEY, is_total=True),
        Column(say("Balance"), Kind.BALANCE),
    ]

    def rows() -> Iterator[Row]:
        balance = found.opening_tiyn
        blank: list[str | int | None] = [None, None, None, None, say("Opening balance"), None, None, None, None]
        yield Row([*blank, balance], is_heading=True, is_counted=False)
        for line in lines:
            balance += line.amount_tiyn
            is_debit = line.side == 0
            yield Row(
                [
                    line.effective_on,
                    line.journal_code,
                    line.number,
                    line.credit_account if is_debit else line.debit_account,
                    line.memo,
                    line.document_number,
                    _codes(line.codes),
                    line.amount_tiyn if is_debit else 0,
                    0 if is_debit else -line.amount_tiyn,
                    balance,
                ]
            )

    title = f"{say('Account card')} {found.account.code}"
    return Table(title, columns, rows(), say("Turnover"), is_flat=False)


def _codes(codes: Sequence[str]) -> str:
    return ", ".join(code for code in codes if code)
