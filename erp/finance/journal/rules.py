"""Pure rules of the journal: what a command's lines must hold, and how sums become a trial balance."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from erp.base.commands import QUANTITY_PLACES
from erp.base.errors import DomainError, Invalid, NotFound, RuleViolated
from erp.base.money import MOST_PLACES, parse_scaled
from erp.finance.journal.model import (
    NOTHING,
    Account,
    BalanceRow,
    CardMeasures,
    DimensionValue,
    Measured,
    MeasuredMovement,
    Movement,
    PostingView,
    Side,
    Sums,
    TrialBalance,
)
from erp.finance.journal.schemas import PostEntry, PostingInput, SideInput
from ledger import errors as ledger_errors
from ledger.model import Dimension, Posting, SubaccountKey


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


class QuantityMissing(RuleViolated):
    code = "quantity-missing"
    template = "Account {account} is kept in quantities too. Say how many; 0 where the amount alone changes."


class QuantityNotKept(RuleViolated):
    code = "quantity-not-kept"
    template = "Account {account} is not kept in quantities. Leave it empty."


class CurrencyAmountMissing(RuleViolated):
    code = "currency-amount-missing"
    template = "Say the amount in {currency}; 0 where the amount in tenge alone changes."


class CurrencyAmountNotKept(RuleViolated):
    code = "currency-amount-not-kept"
    template = "No currency is named here. Name it, or leave this empty."


class SignsDiffer(RuleViolated):
    code = "signs-differ"
    template = "This has another sign than the amount in tenge. Give both the same."


class JournalUnknown(NotFound):
    code = "journal-unknown"
    template = "There is no journal “{journal}”."


class SubaccountUnknown(NotFound):
    code = "subaccount-unknown"
    template = "Account {account} has no such subaccount in these books."


class JournalReserved(RuleViolated):
    code = "journal-reserved"
    template = "The journal {journal} is filled by the program itself. Choose a memorial order."


CLOSING_JOURNAL = "CLOSE"


class InstantToCome(RuleViolated):
    code = "instant-to-come"
    template = "{instant} is still to come. Ask for what was known at an instant that has passed."


PROGRAM_JOURNALS = frozenset({"OPEN", "IMPORT", CLOSING_JOURNAL})  # our own, beside the memorial orders


# Books are read in both languages, and so are the program's own entries.
CLOSING_MEMOS = (
    "{earlier} жылғы қаржылық нәтиже алдыңғы жылдардың нәтижесіне жатқызылды"
    " / Финансовый результат {earlier} года отнесён на результат предыдущих лет",
    "{year} жылғы кіріс шоттарын жабу / Закрытие счетов доходов {year} года",
    "{year} жылғы шығыс шоттарын жабу / Закрытие счетов расходов {year} года",
)
"""Texts of closing entries: of the last result carried on, of revenue, of expense."""


class EntryUnknown(NotFound):
    code = "entry-unknown"
    template = "There is no such entry in these books."


Fault = DomainError | ledger_errors.LedgerError
Faults = dict[str, Fault]


def sides(command: PostEntry) -> Iterable[tuple[str, SideInput]]:
    """Every side of the command with the place it stands in: ``postings.0.debit``."""
    for i, posting in enumerate(command.postings):
        yield f"postings.{i}.debit", posting.debit
        yield f"postings.{i}.credit", posting.credit


class CheckedSide(NamedTuple):
    """A side as the ledger takes it; thousandths of a unit, minor units of its currency."""

    key: SubaccountKey
    quantity_milli: int | None
    currency_minor: int | None


Places = Mapping[str, int]
"""Decimal places of each currency that the register knows."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registers say, on a day, of the sides of some postings."""

    chart: Mapping[str, Account]
    """Under the empty code, where a side is left blank, the contra account."""
    unknown: Set[tuple[Dimension, str]]
    """Values that no register has."""
    places: Places


def side_faults(
    side: SideInput, account: Account | None, unknown: Set[tuple[Dimension, str]], places: Places
) -> Faults:
    """Faults of one side by field: ``account``, ``dimensions.<slug>``, ``quantity``, ``currency_amount``."""
    if not side.account:
        return {"account": AccountMissing()}
    if account is None:
        return {"account": AccountUnknown(account=side.account)}
    if not account.postable:
        return {"account": ledger_errors.AccountNotPostable(account=account.code)}
    faults: Faults = {}
    for dimension in Dimension:
        if value := side.dimensions.get(dimension, ""):
            if dimension not in account.permitted:
                faults[f"dimensions.{dimension.slug}"] = ValueNotPermitted(account=account.code)
            elif (dimension, value) in unknown:
                faults[f"dimensions.{dimension.slug}"] = ValueUnknown(value=value)
        elif dimension in account.mandatory:
            faults[f"dimensions.{dimension.slug}"] = ValueMissing(account=account.code)
    if account.keeps_quantity and side.quantity is None:
        faults["quantity"] = QuantityMissing(account=account.code)
    elif side.quantity is not None and not account.keeps_quantity:
        faults["quantity"] = QuantityNotKept(account=account.code)
    currency = side.dimensions.get(Dimension.CURRENCY, "")
    if currency in places and side.currency_amount is None:
        faults["currency_amount"] = CurrencyAmountMissing(currency=currency)
    elif side.currency_amount is not None and not currency:
        faults["currency_amount"] = CurrencyAmountNotKept()
    elif side.currency_amount is not None and currency in places:
        try:
            parse_scaled(side.currency_amount, places[currency])
        except RuleViolated as fault:
            faults["currency_amount"] = fault
    return faults


def check_entry(
    command: PostEntry,
    chart: Mapping[str, Account],
    unknown: Set[tuple[Dimension, str]],
    places: Places,
) -> list[CheckedSide]:
    """Every side as the ledger takes it, debit and credit in turn.

    A side left blank opposite to an off-balance account is the contra account, which the chart holds under the empty
    code; ``unknown`` are the values no register has.

    Raises: Invalid, with all the faults of all the lines.
    """
    registered, faults = Registered(chart, unknown, places), Faults()
    for i, posting in enumerate(command.postings):
        found = sides_faults(posting, registered) or pair_faults(posting, chart)
        faults |= {f"postings.{i}.{field}": fault for field, fault in found.items()}
    if faults:
        raise Invalid(faults)
    return [_checked(side, chart[side.account], places) for _, side in sides(command)]


def sides_faults(posting: PostingInput, registered: Registered) -> Faults:
    """Faults of both sides of a posting, each by itself: ``debit.account``, ``credit.dimensions.item`` …"""
    chart, faults = registered.chart, Faults()
    for name, side, other in (("debit", posting.debit, posting.credit), ("credit", posting.credit, posting.debit)):
        if not _is_contra(side, chart.get(other.account), chart):
            found = side_faults(side, chart.get(side.account), registered.unknown, registered.places)
            faults |= {f"{name}.{field}": fault for field, fault in found.items()}
    return faults


def postings(command: PostEntry, checked: Sequence[CheckedSide], ids: Sequence[int]) -> tuple[Posting, ...]:
    """Postings of a checked command, whose sides' subaccounts are ``ids``."""
    pairs = zip(command.postings, checked[::2], checked[1::2], ids[::2], ids[1::2], strict=True)
    return tuple(
        Posting(
            debit_id,
            credit_id,
            p.amount,
            p.memo or None,
            debit.quantity_milli,
            credit.quantity_milli,
            debit.currency_minor,
            credit.currency_minor,
        )
        for p, debit, credit, debit_id, credit_id in pairs
    )


def side_shown(
    side: SideInput,
    chart: Mapping[str, Account],
    named: Mapping[tuple[Dimension, str], DimensionValue],
    places: Places,
) -> Side | None:
    """A side of a command as it is shown; ``None`` where it is left out, or its account has gone from the chart."""
    if side.account not in chart:
        return None
    unit = side.dimensions.get(Dimension.CURRENCY, "")
    amount = side.currency_amount
    exact = places.get(unit, _USUAL_PLACES)
    return Side(
        chart[side.account],
        tuple(named[d, side.dimensions[d]] for d in Dimension if side.dimensions.get(d)),
        quantity(side.quantity),
        Measured(unit, exact, parse_scaled(amount, exact)) if amount is not None else None,
    )


def cancelling(posting: PostingView, kind: str) -> PostingView:
    """The posting that cancels another, by a ``storno`` or a ``reversal``."""
    if kind == "reversal":
        return replace(posting, debit=posting.credit, credit=posting.debit)
    debit, credit = (side and side.negative for side in (posting.debit, posting.credit))
    return replace(posting, debit=debit, credit=credit, amount_tiyn=-posting.amount_tiyn)


def _is_contra(side: SideInput, opposite: Account | None, chart: Mapping[str, Account]) -> bool:
    single = opposite is not None and opposite.is_off_balance and not opposite.is_contra
    return single and side.blank and "" in chart


def _checked(side: SideInput, account: Account, places: Places) -> CheckedSide:
    minor = None
    if side.currency_amount is not None:
        minor = parse_scaled(side.currency_amount, places[side.dimensions[Dimension.CURRENCY]])
    return CheckedSide(SubaccountKey.of(account.id, side.dimensions), side.quantity, minor)


def pair_faults(posting: PostingInput, chart: Mapping[str, Account]) -> Faults:
    """How the sides of a posting, each right by itself, do not go together."""
    debit, credit = chart[posting.debit.account], chart[posting.credit.account]
    if posting.amount == 0:
        return {"amount": ledger_errors.AmountZero()}
    if _named(posting.debit) == _named(posting.credit):
        return {"credit.account": ledger_errors.SameSides()}
    if debit.is_off_balance != credit.is_off_balance:
        return {"credit.account": ledger_errors.OffBalanceMixed(account=credit.code)}
    return {
        f"{name}.{field}": SignsDiffer()
        for name, side in (("debit", posting.debit), ("credit", posting.credit))
        for field, scaled in (("quantity", side.quantity or 0), ("currency_amount", _scaled(side.currency_amount)))
        if scaled * posting.amount < 0
    }


def _scaled(number: str | None) -> int:
    return parse_scaled(number, MOST_PLACES) if number else 0


def _named(side: SideInput) -> tuple[str, dict[Dimension, str]]:
    return side.account, {d: v for d, v in side.dimensions.items() if v}


# ------------------------------------------------------------------------------------------------ measures


def quantity(milli: int | None) -> Measured | None:
    return Measured("", QUANTITY_PLACES, milli) if milli is not None else None


def currency(codes: Sequence[str], minor: int | None, places: Places) -> Measured | None:
    """An amount in the currency among the codes of a side's dimensions."""
    unit = _currency_of(codes)
    return Measured(unit, places.get(unit, _USUAL_PLACES), minor) if unit and minor is not None else None


def moved_quantity(milli: Movement) -> MeasuredMovement | None:
    return MeasuredMovement("", QUANTITY_PLACES, milli) if milli else None


def moved_currency(codes: Sequence[str], minor: Movement, places: Places) -> MeasuredMovement | None:
    unit = _currency_of(codes)
    return MeasuredMovement(unit, places.get(unit, _USUAL_PLACES), minor) if unit and minor else None


def measures_of_card(
    found: Sequence[CardMeasures], places: Places
) -> tuple[MeasuredMovement | None, MeasuredMovement | None]:
    """Quantity and currency amount of a card, each where it is of one item or one currency: others do not add up."""
    item = _sole((m.item, m.quantity_milli) for m in found)
    money = _sole((m.currency, m.currency_minor) for m in found if m.currency)
    return (
        MeasuredMovement("", QUANTITY_PLACES, item[1]) if item else None,
        MeasuredMovement(money[0], places.get(money[0], _USUAL_PLACES), money[1]) if money else None,
    )


def _sole(moved: Iterable[tuple[str, Movement]]) -> tuple[str, Movement] | None:
    """The one unit that moved, and how; ``None`` where none did, or several."""
    found: dict[str, Movement] = {}
    for unit, movement in moved:
        if movement:
            found[unit] = found.get(unit, NOTHING) + movement
    return next(iter(found.items())) if len(found) == 1 else None


def _currency_of(codes: Sequence[str]) -> str:
    return codes[-1] if codes else ""  # the last of the dimensions


_USUAL_PLACES = 2


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
    places: Places,
) -> TrialBalance:
    """Rows in chart order, headings above their accounts; off-balance accounts stand outside the totals.

    The hidden side of single-sided entries has no row.

    A balance stands on the side of its sign, account by account (or subaccount by subaccount, when ``sums`` are).
    """
    by_account: dict[int, list[Sums]] = {}
    contra = {a.id for a in chart if a.is_contra}
    for s in sums:
        moved = s.opening_tiyn or s.debit_tiyn or s.credit_tiyn or s.quantity_milli or s.currency_minor
        if moved and s.account_id not in contra:
            by_account.setdefault(s.account_id, []).append(s)
    headings = _heading_totals(by_account, {a.id: a for a in chart})
    rows = []
    for account in chart:
        if account.id in headings:
            t = headings[account.id]
            rows.append(BalanceRow(account, None, (), t.opening, t.debit, t.credit))
        rows += [
            BalanceRow(
                account,
                s.subaccount_id,
                values(s.codes),
                s.opening_tiyn,
                s.debit_tiyn,
                s.credit_tiyn,
                moved_quantity(s.quantity_milli),
                moved_currency(s.codes, s.currency_minor, places),
            )
            for s in sorted(by_account.get(account.id, ()), key=lambda s: s.codes)
        ]
    own = [r for r in rows if r.account.id not in headings and not r.account.is_off_balance]
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
