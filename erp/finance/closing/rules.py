"""Pure rules of the close: its steps, when they are due, what a proof says of what was found."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import N_
from erp.finance.closing.model import Figure, Finding, Kind, Period, Proof, StepRule, Verdict
from erp.finance.policy.content import CloseStep

_CONTROL = Path(__file__).parent / "kz" / "control.toml"
MOST_FINDINGS = 50
"""Kept and shown of a proof; how many there are is kept beside."""


class NoBooksKept(NotFound):
    code = "no-books-kept"
    template = "No books are kept here for {period}."


class StepUnknown(NotFound):
    code = "closing-step-unknown"
    template = "There is no such step in this close."


class StepOfAnother(NotPermitted):
    code = "closing-step-of-another"
    template = "This step is somebody else’s. Its owner ticks it, or the chief accountant."


class ProofFails(RuleViolated):
    code = "proof-fails"
    template = "The proof of this step fails, and the month waits for it. Put right what it lists, then tick it."


class ReasonNeeded(RuleViolated):
    code = "closing-reason-needed"
    template = "The proof of this step fails. The chief accountant may tick it nevertheless, and says why."


class FileNeeded(RuleViolated):
    code = "closing-file-needed"
    template = "Attach the paper that this step confirms."


class MonthNotProved(Conflict):
    code = "month-not-proved"
    template = "The checklist of {month} is not done: {count} of its steps are open or have to be ticked again."


class YearNotProved(Conflict):
    code = "year-not-proved"
    template = "The checklist of the year {year} is not done: {count} of its steps are open or have to be ticked again."


@dataclass(frozen=True, slots=True)
class StepKind:
    """What a step is: its name, why it is asked, and whether a person answers for it with a paper."""

    name: str
    why: str
    needs_file: bool = False
    is_confirmation: bool = False
    """Whether the program can only show the figures, and a person says that they are right."""


STEPS: Mapping[str, StepKind] = {
    "documents-decided": StepKind(
        N_("No document waits for a decision"),
        N_("Documents dated in the month are signed and posted, mended or withdrawn."),
    ),
    "drafts-finished": StepKind(
        N_("No draft is left open"),
        N_("What was begun with a day of the month is posted, sent for signature or discarded by its owner."),
    ),
    "recurring-made": StepKind(
        N_("Recurring entries are made"),
        N_("Each entry that fell due in the month is posted, or left out for a reason."),
    ),
    "statement-confirmed": StepKind(
        N_("Statements of the treasury and the bank agree"),
        N_("The balances of cash accounts are those of the statements; the statement is attached."),
        needs_file=True,
        is_confirmation=True,
    ),
    "takeover-agreed": StepKind(
        N_("The month agrees with the program before"),
        N_("Where the books are taken over, the trial balance of the month was found equal to the other program’s."),
    ),
    "balance-ties": StepKind(
        N_("The trial balance ties"),
        N_("Debit is credit, and the balances are what the postings of the month add up to."),
    ),
    "numbers-whole": StepKind(
        N_("Numbers have no gaps"),
        N_("Each journal of the year has as many entries as numbers."),
    ),
    "cash-not-negative": StepKind(
        N_("Cash was below zero on no day"),
        N_("More cannot be paid from the cash office or an account than it holds."),
    ),
    "sides-right": StepKind(
        N_("Balances stand on their side"),
        N_("Assets have debit balances, liabilities credit balances; the others are a mistake or have a reason."),
    ),
    "advances-tie": StepKind(
        N_("Advances of trips tie to their account"),
        N_(
            "Entries of trips move the account by what the advance or its report says; others are listed with the"
            " difference."
        ),
    ),
    "transit-empty": StepKind(
        N_("Nothing is left in transit"),
        N_("Money and stocks on their way have arrived by the end of the month, or it is said why not."),
    ),
    "pairs-usual": StepKind(
        N_("No accounts meet that should not"),
        N_("Correspondences that pass by a settlement account are listed: mostly one of the accounts is wrong."),
    ),
    "off-balance-reviewed": StepKind(
        N_("Off-balance accounts are reviewed"),
        N_("A person has looked through leased and safe-kept property, strict forms and written-off debts."),
        is_confirmation=True,
    ),
    "changes-explained": StepKind(
        N_("Changes against the month before are explained"),
        N_("Revenue and expenses that changed by more than the policy says are listed; the reason explains them."),
    ),
    "months-closed": StepKind(
        N_("January to November are closed"),
        N_("December is closed with the year."),
    ),
    "months-proved": StepKind(
        N_("The checklist of each month is done"),
        N_("No step of a month was left open or has gone stale since."),
    ),
    "earlier-years-closed": StepKind(
        N_("Earlier years are closed"),
        N_("Years are closed in order."),
    ),
    "inventory-confirmed": StepKind(
        N_("The annual inventory is posted"),
        N_("Surpluses and shortages of the count are in the books; the commission’s record is attached."),
        needs_file=True,
        is_confirmation=True,
    ),
}


def needs_paper(step: str, proof: Proof) -> bool:
    """Whether a paper is asked: what shows balances needs none where there are none."""
    return STEPS[step].needs_file and bool(proof.found or not proof.figures)


OF_THE_YEAR = (
    CloseStep(step="months-closed", owner="chief_accountant", due=10, blocking=True),
    CloseStep(step="months-proved", owner="chief_accountant", due=15, blocking=False),
    CloseStep(step="earlier-years-closed", owner="chief_accountant", due=15, blocking=True),
    CloseStep(step="inventory-confirmed", owner="chief_accountant", due=15, blocking=False),
)
"""Steps of the close of a year, by working days of January."""


@dataclass(frozen=True, slots=True)
class Control:
    """Which accounts the proofs look at, by code."""

    cash: tuple[str, ...]
    no_cash: tuple[str, ...]
    transit: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    """How the codes of accounts begin that do not meet: debit, credit."""


@cache
def control() -> Control:
    told: dict[str, Any] = tomllib.loads(_CONTROL.read_text(encoding="utf-8"))
    return Control(
        tuple(told["cash"]),
        tuple(told["no_cash"]),
        tuple(told["transit"]),
        tuple((each["debit"], each["credit"]) for each in told["pairs"]),
    )


def step_rules(steps: Sequence[CloseStep], period: Period, is_working: Callable[[date], bool]) -> tuple[StepRule, ...]:
    """The steps of a period with the days they are due: working days after its end."""
    days = _working_days(period.end, max((each.due for each in steps), default=0), is_working)
    return tuple(
        StepRule(each.step, each.owner, each.person, days[each.due - 1], each.blocking)
        for each in steps
        if (each.step in _YEARLY) == (period.kind is Kind.YEAR)
    )


_YEARLY = frozenset(each.step for each in OF_THE_YEAR)


def _working_days(first: date, count: int, is_working: Callable[[date], bool]) -> list[date]:
    days: list[date] = []
    day = first
    while len(days) < count:
        if is_working(day):
            days.append(day)
        day += timedelta(days=1)
    return days


def listing(findings: Sequence[Finding], found: int | None = None, *figures: Figure) -> Proof:
    """A proof that holds where nothing was found."""
    number = len(findings) if found is None else found
    verdict = Verdict.FAILS if number else Verdict.HOLDS
    return Proof(verdict, figures, tuple(findings[:MOST_FINDINGS]), number)


def held(holds: bool, *figures: Figure, findings: Sequence[Finding] = ()) -> Proof:
    """A proof by figures."""
    verdict = Verdict.HOLDS if holds else Verdict.FAILS
    return Proof(verdict, figures, tuple(findings[:MOST_FINDINGS]), len(findings))


def meets(debit: str, credit: str) -> bool:
    """Whether two accounts are a pair that should not meet."""
    return any(debit.startswith(d) and credit.startswith(c) for d, c in control().pairs)


def is_unusual(now: int, before: int, percent: int, least_tiyn: int) -> bool:
    """Whether an amount changed by more than ``percent`` of what it was, and by ``least_tiyn`` at least."""
    change = abs(now - before)
    return change >= least_tiyn and change * 100 > abs(before) * percent
