"""Use cases of the close.  Each runs inside the caller's unit of work."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from erp.base import audit
from erp.base.clock import today
from erp.base.dates import day_string, month_string
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.closing import queries, rules
from erp.finance.closing.model import (
    Cell,
    Checklist,
    Figure,
    Finding,
    Kind,
    MonthOf,
    Period,
    Proof,
    StepRule,
    StepView,
    Verdict,
)
from erp.finance.closing.queries import Due
from erp.finance.closing.schemas import TickStep
from erp.finance.journal import service as journal
from erp.finance.policy import rules as policy_rules
from erp.finance.policy import service as policies
from erp.finance.policy.content import CloseStep, Content
from erp.finance.reports import service as reports
from erp.finance.settlements import service as settlements
from erp.finance.templates import service as templates
from erp.finance.templates.model import OccurrenceState
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Attachment, Checked
from erp.reference.calendar import service as calendar
from erp.reference.calendar.rules import CalendarUnknown
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from ledger.model import YearClosed

# ------------------------------------------------------------------------------------------------ proofs

Prove = Callable[[UnitOfWork, int, Period, Content], Proof]

_BALANCE, _DEBIT, _CREDIT = N_("Balance"), N_("Debit turnover"), N_("Credit turnover")
_POSTED, _DIFFERING = N_("Turnover by postings"), N_("Accounts that differ")
_OPEN, _BOOKED = N_("Open advances of trips"), N_("By their entries on the account")
_HELD = N_("Balance of the account with all entries")
_ACCOUNTS, _COMPARED, _FELL_DUE = N_("Accounts"), N_("Trial balances compared"), N_("Fell due")


def _undecided(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.undecided(uow.connection, uow.scope, at, period))


def _drafts(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.drafts(uow.connection, uow.scope, at, period))


def _recurring(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    due = templates.occurrences(uow, at, period.start, period.last_day)
    undone = [
        Finding(
            f"{each.template}, {day_string(each.due_on)}",
            f"approvals/{each.prepared_id}" if each.prepared_id else "templates",
        )
        for each in due
        if each.state not in (OccurrenceState.POSTED, OccurrenceState.LEFT_OUT)
    ]
    return rules.listing(undone, None, Figure(_FELL_DUE, len(due), "count"))


def _statement(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    looked = rules.control()
    found = queries.standing(uow.connection, uow.scope, at, period, looked.cash, looked.no_cash)
    return _confirmed(found)


def _off_balance(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return _confirmed(queries.off_balance(uow.connection, uow.scope, at, period))


def _confirmed(found: Sequence[Finding]) -> Proof:
    """Figures that a person answers for."""
    total = Figure(_BALANCE, sum(each.tiyn or 0 for each in found))
    return rules.held(True, Figure(_ACCOUNTS, len(found), "count"), total, findings=found)


def _takeover(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    compared, found = queries.not_agreed(uow.connection, uow.scope, at, period)
    return rules.listing(found, None, Figure(_COMPARED, compared, "count"))


def _ties(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    found = queries.ties(uow.connection, uow.scope, at, period)
    holds = found.debit_tiyn == found.credit_tiyn == found.posted_tiyn and not found.differing
    return rules.held(
        holds,
        Figure(_DEBIT, found.debit_tiyn),
        Figure(_CREDIT, found.credit_tiyn),
        Figure(_POSTED, found.posted_tiyn),
        Figure(_DIFFERING, found.differing, "count"),
    )


def _numbers(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.numbers_missing(uow.connection, uow.scope, at, period))


def _cash(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    looked = rules.control()
    return rules.listing(queries.cash_below_zero(uow.connection, uow.scope, at, period, looked.cash, looked.no_cash))


def _sides(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.wrong_sides(uow.connection, uow.scope, at, period))


def _advances(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    found = settlements.ties(uow, at, period.end)
    return rules.listing(
        [
            Finding(each.entry, f"journal/{each.entry_id}", each.booked_tiyn - each.told_tiyn)
            for each in found.differing
        ],
        None,
        Figure(_OPEN, found.open_tiyn),
        Figure(_BOOKED, found.booked_tiyn),
        Figure(_HELD, found.balance_tiyn),
    )


def _transit(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.standing(uow.connection, uow.scope, at, period, rules.control().transit))


def _pairs(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    month = month_string(period.start)
    met = [
        Finding(
            f"{debit.code} – {credit.code}",
            f"reports/postings?part=debit&account={debit.code}&against={credit.code}&from={month}&to={month}",
            pair.amount_tiyn,
        )
        for debit, credit, pair in reports.pairs(uow, at, reports.cut_of(uow, period.span, False))
        if rules.meets(debit.code, credit.code)
    ]
    return rules.listing(met)


def _changes(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    percent, least = policy.threshold("change-percent", 50), policy.threshold("change-tenge", 1_000_000) * 100
    found = queries.changes(uow.connection, uow.scope, at, period)
    return rules.listing(
        [each for each in found if rules.is_unusual(each.tiyn or 0, each.was_tiyn or 0, percent, least)]
    )


def _months_closed(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.months_open(uow.connection, uow.scope, at, period))


def _months_proved(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    found = queries.months_of(uow.connection, uow.scope, [at], period.start, period.span.last)
    undone = [
        Finding(f"{each.month:%m.%Y}", f"closing/{month_string(each.month)}")
        for each in found
        if not _cell(each, _usual(each), today(), {}).is_whole
    ]
    return rules.listing(undone)


def _earlier_years(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.listing(queries.years_open(uow.connection, uow.scope, at, period))


def _inventory(uow: UnitOfWork, at: int, period: Period, policy: Content) -> Proof:
    return rules.held(True)


PROOFS: dict[str, Prove] = {
    "documents-decided": _undecided,
    "drafts-finished": _drafts,
    "recurring-made": _recurring,
    "statement-confirmed": _statement,
    "takeover-agreed": _takeover,
    "balance-ties": _ties,
    "numbers-whole": _numbers,
    "cash-not-negative": _cash,
    "sides-right": _sides,
    "advances-tie": _advances,
    "transit-empty": _transit,
    "pairs-usual": _pairs,
    "off-balance-reviewed": _off_balance,
    "changes-explained": _changes,
    "months-closed": _months_closed,
    "months-proved": _months_proved,
    "earlier-years-closed": _earlier_years,
    "inventory-confirmed": _inventory,
}


def _prove(uow: UnitOfWork, at: int, period: Period, step: str, policy: Content, files: int) -> Proof:
    """A step's proof as it is now; one that wants a paper fails without."""
    proof = PROOFS[step](uow, at, period, policy)
    if rules.needs_paper(step, proof) and not files:
        return replace(proof, verdict=Verdict.FAILS)
    return proof


# ------------------------------------------------------------------------------------------------ checklist


def checklist(uow: UnitOfWork, organisation_id: int, period: Period) -> Checklist:
    """The close of a period: every step with its proof as computed now, and what was ticked.

    Of an institution without a policy the usual steps, which bind nobody.

    Raises: NoBooksKept.
    """
    state = _require_books(uow, organisation_id, period)
    found = policies.in_force(uow, organisation_id, period.last_day)
    content = found.content if found else policy_rules.default().content
    ruled = _rules(uow, content, period)
    ticked = {each.step: each for each in queries.ticks(uow.connection, uow.scope, organisation_id, period)}
    kept = _files(uow, organisation_id, period, [rule.step for rule in ruled])
    people = queries.names(uow.connection, uow.scope, [each.person_id for each in ruled if each.person_id])
    steps = tuple(
        StepView(
            rule,
            people.get(rule.person_id or 0, ""),
            _prove(uow, organisation_id, period, rule.step, content, kept[rule.step]),
            ticked.get(rule.step),
            kept[rule.step],
        )
        for rule in ruled
    )
    return Checklist(organisation_id, period, state, steps, found is not None)


def _rules(uow: UnitOfWork, content: Content, period: Period) -> tuple[StepRule, ...]:
    steps = content.closing if period.kind is Kind.MONTH else rules.OF_THE_YEAR
    return rules.step_rules(steps, period, _working(uow, period.end))


def _working(uow: UnitOfWork, since: date) -> Callable[[date], bool]:
    """Whether days after ``since`` are worked; a plain week where the calendar does not tell of the year."""
    try:
        return calendar.calendar(uow, since.year, (since + timedelta(days=60)).year).is_working
    except CalendarUnknown:
        return lambda day: day.weekday() < 5


def _state(uow: UnitOfWork, organisation_id: int, period: Period) -> str:
    if period.kind is Kind.MONTH:
        months = journal.months(uow, organisation_id)
        return next((each.state for each in months if each.month == period.start), "")
    years = journal.years(uow, organisation_id)
    return next((each.state for each in years if each.year == period.start.year), "")


def _require_books(uow: UnitOfWork, organisation_id: int, period: Period) -> str:
    """The state of a period that books are kept for.  Raises: NoBooksKept."""
    if state := _state(uow, organisation_id, period):
        return state
    raise rules.NoBooksKept(period=period.key)


def step_subject(organisation_id: int, period: Period, step: str) -> str:
    """What the papers of a step hang on."""
    return f"{period.subject(organisation_id)}/{step}"


def _files(uow: UnitOfWork, organisation_id: int, period: Period, steps: Iterable[str]) -> dict[str, int]:
    subjects = {step: step_subject(organisation_id, period, step) for step in steps}
    found = queries.files(uow.connection, uow.scope, organisation_id, list(subjects.values()))
    return {step: found.get(subject, 0) for step, subject in subjects.items()}


def attach(uow: UnitOfWork, organisation_id: int, period: Period, step: str, file: Checked) -> Attachment:
    """Hang a paper on a step.  Raises: NoBooksKept, StepUnknown."""
    _require_books(uow, organisation_id, period)
    _rule(uow, organisation_id, period, step)
    return attachments.attach(uow, organisation_id, step_subject(organisation_id, period, step), file)


def papers(uow: UnitOfWork, organisation_id: int, period: Period, step: str) -> list[Attachment]:
    """The papers of a step."""
    return attachments.attachments_of(uow, organisation_id, step_subject(organisation_id, period, step))


def _rule(uow: UnitOfWork, organisation_id: int, period: Period, step: str) -> tuple[StepRule, Content]:
    found = policies.in_force(uow, organisation_id, period.last_day)
    content = found.content if found else policy_rules.default().content
    rule = next((each for each in _rules(uow, content, period) if each.step == step), None)
    if rule is None:
        raise rules.StepUnknown()
    return rule, content


def is_owner(rule: StepRule, user_id: int) -> bool:
    """Whether a step is an accountant's own: by name, or as one of the institution's accountants."""
    return rule.person_id == user_id if rule.person_id else rule.owner == "accountant"


def tick(uow: UnitOfWork, organisation_id: int, period: Period, command: TickStep, *, is_chief: bool) -> int:
    """Say that a step is done: its proof is computed and kept; returns the tick's id.

    Where the proof fails a blocking step is refused; for the others the chief accountant gives a reason.

    Raises: NoBooksKept, StepUnknown, StepOfAnother, FileNeeded, ProofFails, ReasonNeeded.
    """
    _require_books(uow, organisation_id, period)
    known, known_at = queries.known(uow.connection, uow.scope)
    rule, content = _rule(uow, organisation_id, period, command.step)
    if not (is_chief or is_owner(rule, uow.scope.actor.id)):
        raise rules.StepOfAnother()
    files = _files(uow, organisation_id, period, [rule.step])[rule.step]
    proof = _prove(uow, organisation_id, period, rule.step, content, files)
    if rules.needs_paper(rule.step, proof) and not files:
        raise rules.FileNeeded()
    if not proof.holds:
        if rule.blocking:
            raise rules.ProofFails()
        if not is_chief or len(command.reason) < 3:
            raise rules.ReasonNeeded()
    reason = "" if proof.holds else command.reason
    tick_id = queries.insert_tick(
        uow.connection, uow.scope, organisation_id, period, rule.step, proof, known, known_at, reason
    )
    facts: dict[str, Any] = {"reason": reason} if reason else {}
    audit.record(
        uow.connection,
        uow.scope,
        "closing-ticked",
        period.subject(organisation_id),
        organisation_id=organisation_id,
        step=rule.step,
        verdict=proof.verdict.value,
        **facts,
    )
    return tick_id


# ------------------------------------------------------------------------------------------------ closing


def close_month(uow: UnitOfWork, organisation_id: int, month: date) -> None:
    """Close a month; where a policy asks for a checklist, only when each of its steps is done.

    Proved behind the lock: nothing slips in between the proof and the close.

    Raises: MonthNotProved; PeriodNotOpened of ``ledger.errors``.
    """
    journal.close_month(uow, organisation_id, month)
    found = checklist(uow, organisation_id, Period.month(month))
    if found.is_binding and found.undone:
        raise rules.MonthNotProved(month=month_string(month), count=len(found.undone))


def close_year(uow: UnitOfWork, organisation_id: int, year: int, key: UUID) -> YearClosed:
    """Close a year; where a policy counts on its last day, only when each of its steps is done.

    Proved behind the year's locks, as a month is; its own closing entries make nothing stale.

    Raises: YearNotProved; as the journal's ``close_year``.
    """
    closed = journal.close_year(uow, organisation_id, year, key)
    if closed.is_new:
        found = checklist(uow, organisation_id, Period.year(year))
        if found.is_binding and found.undone:
            raise rules.YearNotProved(year=year, count=len(found.undone))
    return closed


# ------------------------------------------------------------------------------------------------ many institutions


def overview(
    uow: UnitOfWork, organisations: Collection[int], first: date, last: date, day: date
) -> dict[tuple[int, date], Cell]:
    """How the months from ``first`` through ``last`` stand at many institutions, by organisation and month."""
    found = queries.months_of(uow.connection, uow.scope, sorted(organisations), first, last)
    due = _due_days(uow, found)
    return {(each.organisation_id, each.month): _cell(each, _usual(each), day, due) for each in found}


def steps_of(uow: UnitOfWork, organisations: Collection[int], month: date, day: date) -> dict[int, dict[str, Cell]]:
    """How each step of a month stands at many institutions."""
    found = queries.months_of(uow.connection, uow.scope, sorted(organisations), month, month)
    due = _due_days(uow, found)
    return {
        each.organisation_id: {step.step: _cell(each, (step,), day, due) for step in _usual(each)} for each in found
    }


_DueDays = dict[tuple[date, int], date]
"""By month and working day after it."""


def _due_days(uow: UnitOfWork, months: Sequence[MonthOf]) -> _DueDays:
    days: _DueDays = {}
    for month in {each.month for each in months}:
        period = Period.month(month)
        twenty = [CloseStep(step="balance-ties", owner="accountant", due=n, blocking=False) for n in range(1, 21)]
        ruled = rules.step_rules(twenty, period, _working(uow, period.end))
        days |= {(month, n): each.due_on for n, each in enumerate(ruled, start=1)}
    return days


def _usual(month: MonthOf) -> tuple[CloseStep, ...]:
    if month.closing is None:
        return policy_rules.default().content.closing
    return tuple(CloseStep.model_validate(each) for each in month.closing)


def _cell(month: MonthOf, steps: Sequence[CloseStep], day: date, due: _DueDays) -> Cell:
    done = sum(month.ticks.get(each.step) is False for each in steps)
    stale = sum(month.ticks.get(each.step) is True for each in steps)
    late = sum(
        month.closing is not None
        and month.state != "closed"
        and month.ticks.get(each.step) is not False
        and day > due[month.month, each.due]
        for each in steps
        if (month.month, each.due) in due
    )
    return Cell(done, stale, late, len(steps), month.state)


# ------------------------------------------------------------------------------------------------ reminders

_LOOKED_BACK = 3  # months whose steps may still be late


def organisations(uow: UnitOfWork) -> list[int]:
    """Every organisation, for the program that reminds."""
    return queries.organisations(uow.connection, uow.scope)


def remind(uow: UnitOfWork, day: date) -> int:
    """Tell the owners of steps that are due on ``day`` or late, once each; returns how many steps were told.

    Only institutions with a policy are reminded: to the others the checklist is an offer.
    """
    organisations = sorted(uow.scope.reads | uow.scope.writes)
    last = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    first = (last - timedelta(days=31 * (_LOOKED_BACK - 1))).replace(day=1)
    months = [
        each
        for each in queries.months_of(uow.connection, uow.scope, organisations, first, last)
        if each.closing is not None and each.state != "closed"
    ]
    days = _due_days(uow, months)
    steps = {
        Due(month.organisation_id, month.month, step.step, "due" if due_on == day else "late"): step
        for month in months
        for step in _usual(month)
        for due_on in (days[month.month, step.due],)
        if month.ticks.get(step.step) is not False and due_on <= day
    }
    told = queries.remember_told(uow.connection, uow.scope, list(steps)) if steps else set()
    if told:
        _tell(uow, [(due, steps[due]) for due in told], day)
    return len(told)


def _tell(uow: UnitOfWork, due: Sequence[tuple[Due, CloseStep]], day: date) -> None:
    """One notification a person and month."""
    organisations = sorted({each.organisation_id for each, _ in due})
    holding: dict[tuple[int, str], set[int]] = {}
    for at, role, user in queries.owners(
        uow.connection, uow.scope, organisations, ["accountant", "chief_accountant"], day
    ):
        holding.setdefault((at, role), set()).add(user)
    whom: dict[tuple[int, date, str], set[int]] = {}
    for each, step in due:
        people = {step.person} if step.person else holding.get((each.organisation_id, step.owner), set())
        whom.setdefault((each.organisation_id, each.period, each.kind), set()).update(p for p in people if p)
    kinds = {"due": NotificationKind.CLOSING_DUE, "late": NotificationKind.CLOSING_LATE}
    notifications.notify_each(
        uow,
        [
            (user, kinds[kind], Period.month(month).subject(at), {"what": f"{month:%m.%Y}"})
            for (at, month, kind), people in sorted(whom.items())
            for user in sorted(people)
        ],
    )


__all__ = ["checklist", "close_month", "close_year", "overview", "remind", "tick"]
