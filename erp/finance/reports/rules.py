"""Pure rules of the reports: how sums are laid out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.finance.journal.model import Account, BalanceRow, DimensionValue, Journal, TrialBalance
from erp.finance.reports.model import (
    Analysis,
    Book,
    BookRow,
    Chessboard,
    Compared,
    MemorialOrder,
    OrderRow,
    PairSum,
    Part,
    Step,
    Turnover,
    ValueRow,
)
from ledger.model import Dimension


class ViewUnnamed(RuleViolated):
    code = "view-unnamed"
    template = "Give the view a name of at most {limit} characters."


class ViewNotKept(RuleViolated):
    code = "view-not-kept"
    template = "This page cannot be kept as a view."


class ViewNamedBefore(Conflict):
    code = "view-named-before"
    template = "You have a view “{name}” already. Choose another name, or delete that one first."


class ViewUnknown(NotFound):
    code = "view-unknown"
    template = "There is no such view among those you keep or see."


LONGEST_NAME, LONGEST_QUERY = 120, 2000


def side_of(pair: PairSum, own: Collection[int]) -> Iterable[tuple[int, Turnover]]:
    """The corresponding account's id with the turnover of those in ``own``; a posting inside them stands twice."""
    if pair.debit_id in own:
        yield pair.credit_id, Turnover(debit_tiyn=pair.amount_tiyn)
    if pair.credit_id in own:
        yield pair.debit_id, Turnover(credit_tiyn=pair.amount_tiyn)


def shown_code(account: Account) -> str:
    """Code of an account as people see it: the contra account's is empty."""
    return "" if account.is_contra else account.code


def analysis(
    account: Account, opening_tiyn: int, pairs: Iterable[PairSum], own: Collection[int], chart: Mapping[int, Account]
) -> Analysis:
    turnovers: dict[str, Turnover] = {}
    for pair in pairs:
        for other, turnover in side_of(pair, own):
            code = shown_code(chart[other])
            turnovers[code] = turnovers.get(code, Turnover()) + turnover
    accounts = _by_code(chart.values())
    rows = tuple((accounts[code], turnover) for code, turnover in sorted(turnovers.items()) if turnover)
    return Analysis(account, opening_tiyn, rows)


def book(
    account: Account,
    step: Step,
    opening_tiyn: int,
    pairs: Iterable[PairSum],
    own: Collection[int],
    chart: Mapping[int, Account],
) -> Book:
    """Only months or days with a turnover have a row."""
    steps: dict[date, dict[str, Turnover]] = {}
    for pair in pairs:
        assert pair.on is not None
        for other, turnover in side_of(pair, own):
            row, code = steps.setdefault(pair.on, {}), shown_code(chart[other])
            row[code] = row.get(code, Turnover()) + turnover
    rows, balance = [], opening_tiyn
    for on, by_account in sorted(steps.items()):
        turnover = sum(by_account.values(), Turnover())
        balance += turnover.net_tiyn
        rows.append(BookRow(on, by_account, turnover, balance))
    met = [(code, turnover) for row in rows for code, turnover in row.by_account.items()]
    return Book(
        account,
        step,
        opening_tiyn,
        tuple(sorted({code for code, turnover in met if turnover.debit_tiyn})),
        tuple(sorted({code for code, turnover in met if turnover.credit_tiyn})),
        tuple(rows),
    )


def chessboard(pairs: Iterable[PairSum], chart: Mapping[int, Account]) -> Chessboard:
    cells: dict[tuple[str, str], int] = {}
    for pair in pairs:
        debit, credit = chart[pair.debit_id], chart[pair.credit_id]
        if not debit.is_off_balance:
            cells[debit.code, credit.code] = cells.get((debit.code, credit.code), 0) + pair.amount_tiyn
    cells = {pair: amount for pair, amount in cells.items() if amount}
    accounts = _by_code(chart.values())
    debits, credits_ = (sorted({pair[side] for pair in cells}) for side in (0, 1))
    return Chessboard(tuple(accounts[c] for c in debits), tuple(accounts[c] for c in credits_), cells)


def memorial_order(
    journal: Journal, month: date, pairs: Iterable[PairSum], chart: Mapping[int, Account]
) -> MemorialOrder:
    sums: dict[tuple[bool, str, str], tuple[int, int]] = {}
    for pair in pairs:
        debit, credit = chart[pair.debit_id], chart[pair.credit_id]
        key = debit.is_off_balance, shown_code(debit), shown_code(credit)
        amount, postings = sums.get(key, (0, 0))
        sums[key] = amount + pair.amount_tiyn, postings + pair.postings
    accounts = _by_code(chart.values())
    rows = (OrderRow(accounts[debit], accounts[credit], *found) for (_, debit, credit), found in sorted(sums.items()))
    return MemorialOrder(journal, month, tuple(rows))


def by_value(balance: TrialBalance, dimension: Dimension) -> list[ValueRow]:
    """A trial balance by one dimension, turned: values with the accounts kept by them; what names none comes last."""
    values: dict[str, DimensionValue] = {}
    accounts: dict[str, list[BalanceRow]] = {}
    for row in balance.rows:
        if not row.account.postable:
            continue
        value = next((v for v in row.dimensions if v.dimension is dimension), None)
        if value is not None:
            values[value.code] = value
            accounts.setdefault(value.code, []).append(row)
        elif dimension in row.account.permitted:
            accounts.setdefault("", []).append(row)
    return [
        ValueRow(
            values.get(code),
            tuple(rows),
            sum(r.opening_tiyn for r in rows if not r.account.is_off_balance),
            sum(r.debit_tiyn for r in rows if not r.account.is_off_balance),
            sum(r.credit_tiyn for r in rows if not r.account.is_off_balance),
        )
        for code, rows in sorted(accounts.items(), key=lambda item: (item[0] == "", item[0]))
    ]


def measure(row: BalanceRow, part: Part) -> int:
    """What a row of a trial balance says of a part."""
    return {
        Part.OPENING: row.opening_tiyn,
        Part.DEBIT: row.debit_tiyn,
        Part.CREDIT: row.credit_tiyn,
        Part.TURNOVER: row.debit_tiyn - row.credit_tiyn,
        Part.CLOSING: row.closing_tiyn,
    }[part]


def compared(first: TrialBalance, second: TrialBalance, part: Part, order: Sequence[int]) -> list[Compared]:
    """One measure of two periods side by side; accounts by id in ``order``, rows that say nothing left out."""

    def sums(balance: TrialBalance) -> dict[tuple[int, tuple[tuple[int, str], ...]], BalanceRow]:
        return {(r.account.id, tuple((int(v.dimension), v.code) for v in r.dimensions)): r for r in balance.rows}

    one, other = sums(first), sums(second)
    place = {account_id: at for at, account_id in enumerate(order)}
    rows = []
    for key in sorted(one.keys() | other.keys(), key=lambda key: (place[key[0]], key[1])):
        row = one.get(key) or other[key]
        figures = [measure(found, part) if (found := each.get(key)) else 0 for each in (one, other)]
        if any(figures):
            rows.append(Compared(row.account, row.dimensions, not row.account.postable, figures[0], figures[1]))
    return rows


def tidy_name(name: str) -> str:
    """Raises: ViewUnnamed."""
    bare = " ".join(name.split())
    if not 1 <= len(bare) <= LONGEST_NAME:
        raise ViewUnnamed(limit=LONGEST_NAME)
    return bare


def _by_code(accounts: Iterable[Account]) -> dict[str, Account]:
    """One account a code, as people see it: of several editions the last made."""
    return {shown_code(a): a for a in sorted(accounts, key=lambda a: a.id)}
