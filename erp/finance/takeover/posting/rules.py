"""Opening balances and entries of another program: what is posted of them, and why the rest is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from erp.base.dates import month_string
from erp.base.errors import Conflict, RuleViolated
from erp.base.i18n import N_
from erp.finance.journal.model import Account as OurAccount
from ledger import errors as ledger_errors
from ledger.model import Posting

JOURNAL, OPENING_JOURNAL = "IMPORT", "OPEN"
MEMO_OPENING = (
    "{program} бағдарламасынан көшірілген бастапқы қалдықтар / Начальные остатки, перенесённые из программы {program}"
)
MEMO_TAKEN_BACK = "Көшірілген бастапқы қалдықтардың сторносы / Сторно перенесённых начальных остатков"
MOST_POSTINGS = 1000
"""Of one entry of opening balances."""


class OpeningMissing(RuleViolated):
    code = "takeover-opening-missing"
    template = N_(
        "No trial balance that begins on {day} is taken in: its opening balances are what the books begin with."
    )


class OpeningNotBalanced(RuleViolated):
    code = "takeover-opening-not-balanced"
    template = N_("The opening balances of {file} do not balance: debit {debit}, credit {credit}.")


class OpeningPosted(Conflict):
    code = "takeover-opening-posted"
    template = N_("The opening balances are posted already. Take them back first.")


class OpeningNotPosted(Conflict):
    code = "takeover-opening-not-posted"
    template = N_("No opening balances are posted, so there is nothing to take back.")


class OpeningImpossible(RuleViolated):
    code = "takeover-opening-impossible"
    template = N_("The opening balances cannot be posted: {faults} of them have no place here yet.")


class NotTied(Conflict):
    code = "takeover-not-tied"
    template = N_(
        "What the ledger would hold on {account} is {found}; the file says {expected}. Nothing was posted; report this"
        " as a fault of the program."
    )


class MonthMissing(RuleViolated):
    code = "takeover-month-missing"
    template = N_("No journal of {month} is taken in.")


class DocumentRefused(RuleViolated):
    code = "takeover-document-refused"
    template = N_("Another row of the same document ({place}) is refused, and a document is posted whole.")


class NothingToPost(Conflict):
    code = "takeover-nothing-to-post"
    template = N_("Of {month} nothing is left that could be posted.")


# ------------------------------------------------------------------------------------------------ opening balances


@dataclass(frozen=True, slots=True)
class Balance:
    """What a side of ours begins with, debit positive."""

    subaccount_id: int
    tiyn: int
    quantity_milli: int | None = None
    currency_minor: int | None = None


@dataclass(slots=True)
class _Rest:
    """What of a balance no posting has taken yet; its quantity and its currency go with the first of them."""

    id: int
    tiyn: int
    quantity: int | None
    currency: int | None


def opening_postings(balances: Sequence[Balance], contra_id: int | None = None) -> list[Posting]:
    """Postings that leave each side with its balance: debit balances against credit balances, in the order given.

    With a contra side, each balance stands against it by itself.  Without one the balances add up to zero.
    """
    debits, credits_ = _rests(balances, 1), _rests(balances, -1)
    if contra_id is not None:
        return [
            *(Posting(rest.id, contra_id, rest.tiyn, None, rest.quantity, None, rest.currency) for rest in debits),
            *(
                Posting(contra_id, rest.id, rest.tiyn, None, None, rest.quantity, None, rest.currency)
                for rest in credits_
            ),
        ]
    made, at = [], 0
    for debit in debits:
        while debit.tiyn:
            credit = credits_[at]
            part = min(debit.tiyn, credit.tiyn)
            made.append(
                Posting(
                    debit.id, credit.id, part, None, debit.quantity, credit.quantity, debit.currency, credit.currency
                )
            )
            debit.tiyn, credit.tiyn = debit.tiyn - part, credit.tiyn - part
            debit.quantity = credit.quantity = debit.currency = credit.currency = None
            at += not credit.tiyn
    return made


def _rests(balances: Iterable[Balance], sign: int) -> list[_Rest]:
    def signed(measure: int | None) -> int | None:
        return None if measure is None else sign * measure

    return [
        _Rest(b.subaccount_id, sign * b.tiyn, signed(b.quantity_milli), signed(b.currency_minor))
        for b in balances
        if sign * b.tiyn > 0
    ]


# ------------------------------------------------------------------------------------------------ entries of a month

PERIOD_FAULTS = {
    None: ledger_errors.PeriodNotOpened,
    "closed": ledger_errors.PeriodClosed,
    "restricted": ledger_errors.PeriodRestricted,
}


def period_fault(month: date, state: str | None, adjusts: bool) -> ledger_errors.LedgerError | None:
    """Why nothing can be posted into a month."""
    if state == "open" or (state == "restricted" and adjusts):
        return None
    return PERIOD_FAULTS[state](month=month_string(month))


def pair_fault(debit: OurAccount, credit: OurAccount, same: bool, tiyn: int) -> ledger_errors.LedgerError | None:
    """Why two sides that are each right cannot meet."""
    if tiyn == 0:
        return ledger_errors.AmountZero()
    if debit.is_off_balance != credit.is_off_balance:
        return ledger_errors.OffBalanceMixed(account=credit.code)
    return ledger_errors.SameSides() if same else None
