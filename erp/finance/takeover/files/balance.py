"""A trial balance (оборотно-сальдовая ведомость): its nesting is read from arithmetic."""

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from erp.base.errors import DomainError, RuleViolated
from erp.base.i18n import N_
from erp.base.money import decimal_string
from erp.base.sheets.heads import fold
from erp.base.sheets.model import Value, letters
from erp.base.sheets.values import text_of, tiyn_of
from erp.finance.takeover.files.layout import (
    BOOKS,
    CODE,
    CREDIT,
    CURRENCIES,
    CURRENCY_PLACES,
    DEBIT,
    EMPTY,
    QUANTITIES,
    QUANTITY_PLACES,
    SEARCHED,
    TOTALS,
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
from erp.finance.takeover.files.model import BalanceRow, Contents, Six
from erp.finance.takeover.model import Account, Kind, Recognised, Side

MOST_KINDS = 3
"""Of analysis that the other program keeps an account by."""


class CellUnread(RuleViolated):
    code = "takeover-cell-unread"
    template = N_("In {place} of {file} an amount was expected; found “{found}”.")


class PartsDiffer(RuleViolated):
    code = "takeover-parts-differ"
    template = N_(
        "In {file} the rows below {account} ({place}) do not add up to it. Export the trial balance again with all"
        " its subaccounts and analysis, or without them."
    )


class RowDiffers(RuleViolated):
    code = "takeover-row-differs"
    template = N_(
        "In row {row} of {file} the opening balance and the turnovers come to {expected}; the closing balance says"
        " {found}."
    )


class TotalsMissing(RuleViolated):
    code = "takeover-totals-missing"
    template = N_("The trial balance {file} has no row of totals ({row}), so nothing says whether it is whole.")


class TotalsDiffer(RuleViolated):
    code = "takeover-totals-differ"
    template = N_("The totals of {file} say {found} in the column “{column}”; its accounts add up to {expected}.")


_GROUPS = (
    ("opening", ("сальдонаначало", "кезеңбасында", "бастапқысальдо", "бастапқықалдық", "openіngbalance")),
    ("turnover", ("оборот", "айналым", "turnover")),
    ("closing", ("сальдонаконец", "кезеңсоңында", "соңғысальдо", "соңғықалдық", "closіngbalance")),
)
_ACCOUNT_HEADS = ("счет", "шот", "account", "код")
_NAME_HEADS = ("наименование", "атауы", "шотатауы", "name")
_INDICATOR_HEADS = ("показа", "көрсеткіш")


def layout_of(grid: Grid) -> Layout | None:
    for head, row in enumerate(grid[:SEARCHED]):
        folded = folded_of(row)
        starts = {
            name: next((at for at, word in enumerate(folded) if word.startswith(words)), None)
            for name, words in _GROUPS
        }
        if None in starts.values():
            continue
        below = folded_of(grid[head + 1]) if head + 1 < len(grid) else []
        ends = sorted(at for at in starts.values() if at is not None)
        places: dict[str, int] = {}
        for name, start in starts.items():
            assert start is not None
            end = next((at for at in ends if at > start), max(len(row), len(below)))
            debit = next((at for at in range(start, min(end, len(below))) if below[at] in DEBIT), start)
            credit = next((at for at in range(start, min(end, len(below))) if below[at] in CREDIT), debit + 1)
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
        recognised = Recognised(Kind.BALANCE, head + 1, headings_of(grid, head, places, {}), ignored)
        return Layout(recognised, head + 1, places)
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
    currency: int | None = None
    depth: int = 0
    counted: bool = True
    path: tuple[str, ...] = ()


_SIX = ("opening debit", "opening credit", "turnover debit", "turnover credit", "closing debit", "closing credit")
_WITH_COMMA = re.compile(r"(\d[\w./-]*)\s*,\s*(.*)", re.DOTALL)


def parse(name: str, grid: Grid, layout: Layout, known: Set[str]) -> Contents:
    span = required(name, layout.recognised.span)
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
                    account.off_balance, row.figures, row.quantity, row.currency, row.cells,
                )
            )  # fmt: skip
    return Contents(replace(layout.recognised, span=span), tuple(theirs.values()), tuple(read_rows))


def _balance_rows(
    name: str, grid: Grid, layout: Layout, known: Set[str]
) -> tuple[list[_Raw], Six | None, tuple[str, ...]]:
    """Rows with figures, the totals, and the kinds of analysis that the head lists below the account."""
    places, rows = layout.places, list[_Raw]()
    total: Six | None = None
    legend: list[str] = []
    is_code = _code_test(grid, layout, known)
    head = fold(text_at(grid[layout.first_row - 1], places["account"]))
    for index in range(layout.first_row, len(grid)):
        row = grid[index]
        first = text_at(row, places["account"])
        indicator = fold(text_at(row, places.get("indicator")))
        if indicator in QUANTITIES:
            if rows:
                rows[-1].quantity = _measure(row, places, QUANTITY_PLACES)
            continue
        if indicator in CURRENCIES:
            if rows:
                rows[-1].currency = _measure(row, places, CURRENCY_PLACES)
            continue
        if indicator not in BOOKS:
            continue
        figures = _six(name, row, index + 1, places)
        if fold(first).rstrip("0123456789") in TOTALS:
            total = (figures or Six()) if total is None else total  # blank where nothing stands on any account
            continue
        if figures is not None and figures.fault:
            closing, expected = (decimal_string(tiyn) for tiyn in (figures.net[3], figures.net[3] - figures.fault))
            raise RowDiffers(row=index + 1, file=name, found=closing, expected=expected)
        code, text = is_code(row)
        if figures is None:
            if not code and not rows and first and fold(first) != head and len(legend) < MOST_KINDS:
                legend.append(first)
            if not code and (not rows or total is not None or not text):
                continue  # above the first account, below the last one, or nothing at all
            figures = Six()
        if not code and not rows:
            continue
        text = "" if text == EMPTY else text
        rows.append(_Raw(index + 1, code, text, figures, cells_of(row), off_balance=total is not None))
    return rows, total, tuple(legend)


def _code_test(grid: Grid, layout: Layout, known: Set[str]) -> Callable[[Sequence[Value]], tuple[str, str]]:
    """How accounts are told from values of their analysis in this file; gives the code, or none, and the text."""
    account, named = layout.places["account"], layout.places.get("name")
    texts = [text_at(row, account) for row in grid[layout.first_row :]]
    by_comma = any(_WITH_COMMA.fullmatch(text) for text in texts)
    shortest = next((len(text) for text in texts if CODE.fullmatch(text)), 0)

    def test(row: Sequence[Value]) -> tuple[str, str]:
        text = text_at(row, account)
        if by_comma and (match := _WITH_COMMA.fullmatch(text)):
            return registered(match[1], known) or match[1], match[2]
        if CODE.fullmatch(text):
            if known:
                code = registered(text, known)
            else:
                code = text if not by_comma and len(text) >= min(shortest, 2) else ""
                if named is not None and not text_at(row, named):
                    code = ""
            if code:
                return code, text_at(row, named) if named is not None else ""
        return "", text or text_at(row, named)

    return test


def _six(name: str, row: Sequence[Value], row_no: int, places: dict[str, int]) -> Six | None:
    """``None`` where all six are blank.  Raises: CellUnread."""
    figures, said = [], False
    for column in _SIX:
        cell = cell_at(row, places[column])
        text = text_of(cell)
        if not text or text in "-–—":
            figures.append(0)
            continue
        try:
            figures.append(tiyn_of(cell))
        except DomainError:
            if fold(text) in {*DEBIT, *CREDIT}:  # the second row of the headings
                return None
            raise CellUnread(place=f"{letters(places[column])}{row_no}", file=name, found=text[:60]) from None
        said = True
    return Six(*figures) if said else None


def _measure(row: Sequence[Value], places: dict[str, int], decimals: int) -> int | None:
    """What stands in the opening balance beside the tenge, debit positive, in units of its last decimal."""
    debit, credit = (scaled(cell_at(row, places[f"opening {side}"]), decimals) for side in ("debit", "credit"))
    return None if debit is None and credit is None else (debit or 0) - (credit or 0)


# ------------------------------------------------------------------------------------------------ nesting

Net = tuple[int, int, int, int]


def _sum(rows: Sequence[_Raw]) -> Net:
    opening, debit, credit, closing = (sum(row.figures.net[at] for row in rows) for at in range(4))
    return opening, debit, credit, closing


def _is_under(child: str, parent: str) -> bool:
    """Whether a code may stand below another: 1041 below 1040, 10.1 below 10."""
    begins = parent.rstrip("0") if parent.isdecimal() else parent
    return child != parent and child.startswith(begins or parent) and len(child) >= len(parent)


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
