"""Pure rules of the journal: what a command's lines must hold, and how sums become a trial balance."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from erp.base.errors import DomainError, Invalid, NotFound, RuleViolated
from erp.finance.journal.model import Account, BalanceRow, DimensionValue, Sums, TrialBalance
from erp.finance.journal.schemas import PostEntry, PostingInput, SideInput
from ledger import errors as ledger_errors
from ledger.model import Dimension, SubaccountKey


class AccountUnknown(RuleViolated):
    code = "account-unknown"
    template = "There is no account “{account}” in force on that day."


class AccountMissing(RuleViolated):
    code = "account-missing"
    template = "Choose an account."


class ValueUnknown(RuleViolated):
    code = "value-unknown"
    template = "“{value}” is not in the register. Choose one from the list."


class ValueMissing(RuleViolated):
    code = "value-missing"
    template = "Account {account} needs this."


class ValueNotPermitted(RuleViolated):
    code = "value-not-permitted"
    template = "Account {account} is not kept by this. Leave it empty."


class JournalUnknown(NotFound):
    code = "journal-unknown"
    template = "There is no journal “{journal}”."


class SubaccountUnknown(NotFound):
    code = "subaccount-unknown"
    template = "Account {account} has no such subaccount in these books."


class JournalReserved(RuleViolated):
    code = "journal-reserved"
    template = "The journal {journal} is filled by the program itself. Choose a memorial order."


PROGRAM_JOURNALS = frozenset({"OPEN", "IMPORT", "CLOSE"})  # our own, beside the memorial orders of the data package


class EntryUnknown(NotFound):
    code = "entry-unknown"
    template = "There is no such entry in these books."


Fault = DomainError | ledger_errors.LedgerError
Faults = dict[str, Exception]


def sides(command: PostEntry) -> Iterable[tuple[str, SideInput]]:
    """Every side of the command with the place it stands in: ``postings.0.debit``."""
    for i, posting in enumerate(command.postings):
        yield f"postings.{i}.debit", posting.debit
        yield f"postings.{i}.credit", posting.credit


def side_faults(side: SideInput, account: Account | None, unknown: Set[tuple[Dimension, str]]) -> Faults:
    """Faults of one side by field: ``account`` or ``dimensions.<slug>``."""
    if not side.account:
        return {"account": AccountMissing()}
    if account is None:
        return {"account": AccountUnknown(account=side.account)}
    if not account.postable:
        return {"account": ledger_errors.AccountNotPostable(account=account.code)}
    faults: Faults = {}
    for dimension in Dimension:
        value = side.dimensions.get(dimension, "")
        place = f"dimensions.{dimension.slug}"
        if not value and dimension in account.mandatory:
            faults[place] = ValueMissing(account=account.code)
        elif value and dimension not in account.permitted:
            faults[place] = ValueNotPermitted(account=account.code)
        elif (dimension, value) in unknown:
            faults[place] = ValueUnknown(value=value)
    return faults


def check_entry(
    command: PostEntry, chart: Mapping[str, Account], unknown: Set[tuple[Dimension, str]]
) -> list[SubaccountKey]:
    """Keys of every side, debit and credit in turn; ``unknown`` are the values no register has.

    Raises: Invalid, with all the faults of all the lines.
    """
    faults: Faults = {}
    for place, side in sides(command):
        found = side_faults(side, chart.get(side.account), unknown)
        faults |= {f"{place}.{field}": fault for field, fault in found.items()}
    if not faults:
        for i, posting in enumerate(command.postings):
            faults |= {f"postings.{i}.{field}": fault for field, fault in _pair_faults(posting, chart).items()}
    if faults:
        raise Invalid(faults)
    return [SubaccountKey.of(chart[side.account].id, side.dimensions) for _, side in sides(command)]


def _pair_faults(posting: PostingInput, chart: Mapping[str, Account]) -> Faults:
    debit, credit = chart[posting.debit.account], chart[posting.credit.account]
    if posting.amount == 0:
        return {"amount": ledger_errors.AmountZero()}
    if _named(posting.debit) == _named(posting.credit):
        return {"credit.account": ledger_errors.SameSides()}
    if (debit.kind == "off_balance") != (credit.kind == "off_balance"):
        return {"credit.account": ledger_errors.OffBalanceMixed(account=credit.code)}
    return {}


def _named(side: SideInput) -> tuple[str, dict[Dimension, str]]:
    return side.account, {d: v for d, v in side.dimensions.items() if v}


# ------------------------------------------------------------------------------------------------ trial balance


@dataclass(slots=True)
class _Total:
    opening: int = 0
    debit: int = 0
    credit: int = 0


def trial_balance(
    sums: Sequence[Sums],
    chart: Sequence[Account],
    values: Callable[[tuple[str, ...]], tuple[DimensionValue, ...]],
) -> TrialBalance:
    """Rows in chart order, headings above their accounts; off-balance accounts stand outside the totals.

    A balance stands on the side of its sign, account by account (or subaccount by subaccount, when ``sums`` are).
    """
    by_account: dict[int, list[Sums]] = {}
    for s in sums:
        if s.opening_tiyn or s.debit_tiyn or s.credit_tiyn:
            by_account.setdefault(s.account_id, []).append(s)
    headings = _heading_totals(by_account, {a.id: a for a in chart})
    rows = []
    for account in chart:
        if account.id in headings:
            t = headings[account.id]
            rows.append(BalanceRow(account, None, (), t.opening, t.debit, t.credit))
        rows += [
            BalanceRow(account, s.subaccount_id, values(s.codes), s.opening_tiyn, s.debit_tiyn, s.credit_tiyn)
            for s in sorted(by_account.get(account.id, ()), key=lambda s: s.codes)
        ]
    own = [r for r in rows if r.account.id not in headings and r.account.kind != "off_balance"]
    return TrialBalance(
        rows=tuple(rows),
        opening_debit_tiyn=sum(max(r.opening_tiyn, 0) for r in own),
        opening_credit_tiyn=sum(max(-r.opening_tiyn, 0) for r in own),
        debit_tiyn=sum(r.debit_tiyn for r in own),
        credit_tiyn=sum(r.credit_tiyn for r in own),
        closing_debit_tiyn=sum(max(r.closing_tiyn, 0) for r in own),
        closing_credit_tiyn=sum(max(-r.closing_tiyn, 0) for r in own),
    )


def _heading_totals(by_account: Mapping[int, Sequence[Sums]], chart: Mapping[int, Account]) -> dict[int, _Total]:
    totals: dict[int, _Total] = {}
    for account_id, sums in by_account.items():
        parent_id = chart[account_id].parent_id
        while parent_id is not None:
            total = totals.setdefault(parent_id, _Total())
            total.opening += sum(s.opening_tiyn for s in sums)
            total.debit += sum(s.debit_tiyn for s in sums)
            total.credit += sum(s.credit_tiyn for s in sums)
            parent_id = chart[parent_id].parent_id
    return totals
