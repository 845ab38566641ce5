"""Use cases of leave.  Each runs inside the caller's unit of work.

A request is asked for and decided on in ``erp.hr.requests``; what it does to the ledger stands here (``Leave``).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

from erp.base import audit
from erp.base.clock import today
from erp.base.dates import DaySpan, day_string
from erp.base.errors import Conflict, RuleViolated
from erp.base.uow import UnitOfWork
from erp.hr.leave import queries, rules
from erp.hr.leave.model import (
    CENTIDAYS,
    Act,
    Balance,
    Batch,
    Inside,
    Kind,
    Movement,
    Named,
    Norm,
    Pool,
    Preview,
    Rule,
    Rules,
    Ungranted,
)
from erp.hr.leave.queries import NewMovement, Return
from erp.hr.leave.schemas import (
    AskLeave,
    Compensate,
    GrantNorm,
    GrantYears,
    LeaveFacts,
    LeaveWanted,
    MoveDays,
    NamedRow,
)
from erp.hr.personnel import service as personnel
from erp.hr.requests import model as asked
from erp.hr.requests import rules as asked_rules
from erp.hr.requests import service as requests
from erp.hr.requests.model import Request, State, Submitted
from erp.reference.calendar import service as calendar
from erp.reference.calendar.model import Calendar
from ledger.errors import KeyReused

_LATELY_DAYS = 31
_BATCHES = 5

# ------------------------------------------------------------------------------------------------ what acts set


def kinds(uow: UnitOfWork, day: date) -> list[Kind]:
    """Kinds of leave on a day, those that are drawn from working years first."""
    return queries.kinds(uow.connection, uow.scope, day)


def norms(uow: UnitOfWork, day: date) -> list[Norm]:
    """What a working year gives on a day."""
    return queries.norms(uow.connection, uow.scope, day)


def _kind(uow: UnitOfWork, code: str, day: date) -> Kind:
    """Raises: LeaveKindUnknown, LeaveRulesUnknown."""
    known = kinds(uow, day)
    if not known and not kinds(uow, today()):
        raise rules.LeaveRulesUnknown()
    found = next((kind for kind in known if kind.code == code), None)
    if found is None:
        raise rules.LeaveKindUnknown()
    return found


def ground_of(uow: UnitOfWork, organisation_id: int, person_id: int, kind: Kind, day: date) -> Named:
    """By what act a person has this leave: where it draws on working years, that of the norm of their group."""
    if not kind.draws:
        return kind
    groups = queries.groups(uow.connection, uow.scope, organisation_id, person_id, day)
    own = [norm for norm in norms(uow, day) if norm.staff_group in groups]
    return max(own, key=lambda norm: (norm.days, norm.code), default=kind)


def _rules(uow: UnitOfWork) -> Rules:
    rows: dict[str, tuple[Rule, ...]] = {}
    for rule in queries.values(uow.connection, uow.scope):
        rows[rule.code] = (*rows.get(rule.code, ()), rule)
    return Rules(rows)


def _calendar(uow: UnitOfWork, days: DaySpan) -> Calendar:
    """Of the days and the month after them.  Raises: CalendarUnknown."""
    return calendar.calendar(uow, days.first.year, (days.end + timedelta(days=31)).year)


# ------------------------------------------------------------------------------------------------ balances


def balance(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> Balance:
    """How a person's days stand on a day."""
    found = queries.balances(uow.connection, uow.scope, organisation_id, day, [person_id])
    return found[0] if found else Balance(person_id, 0, 0, 0, None)


def balances(
    uow: UnitOfWork, organisation_id: int, day: date, people: Collection[int] | None = None
) -> dict[int, Balance]:
    """How everybody's days stand on a day, by person; of some people where they are given."""
    found = queries.balances(uow.connection, uow.scope, organisation_id, day, people)
    return {each.person_id: each for each in found}


def years(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> list[Pool]:
    """What is left of each working year on a day, used up ones included."""
    return queries.left_by_year(uow.connection, uow.scope, organisation_id, person_id, day)


def years_of_service(uow: UnitOfWork, organisation_id: int, person_id: int) -> list[date]:
    """First days of a person's working years that have begun here, whether given or not."""
    return queries.years_of_service(uow.connection, uow.scope, organisation_id, person_id, today())


def movements(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> list[Movement]:
    """Why a balance is what it is: all that it is the sum of, in the order of days."""
    return queries.movements(uow.connection, uow.scope, organisation_id, person_id, day)


def months_without(uow: UnitOfWork, of: Balance, since: date | None, day: date) -> int | None:
    """Months that a person has been without leave, where that is longer than one is warned of; else ``None``.

    Counted from the first day of the last leave, or from ``since``, from which the ledger knows of all leaves.
    """
    last = of.last_used_on or since
    limit = _rules(uow).value("months_without", day)
    if last is None or limit is None:
        return None
    months = rules.months_between(last, day)
    return months if months >= limit else None


# ------------------------------------------------------------------------------------------------ ask


def preview(
    uow: UnitOfWork, organisation_id: int, person_id: int, wanted: LeaveWanted, but: int | None = None
) -> Preview:
    """What a leave would mean, day by day; ``but`` a request that it would take the place of.

    What is shown can be sent as things stand.

    Raises: LeaveInThePast, and as ``requests.require_free``; LeaveKindUnknown, LeaveRulesUnknown, CalendarUnknown,
    LeaveEmpty, LeaveTooLong, LeaveTooShort, LeaveNotEnough.
    """
    _require_ahead(uow, organisation_id, person_id, wanted)
    requests.require_free(uow, organisation_id, person_id, wanted.days, but)
    seen = _meaning(uow, organisation_id, person_id, wanted, but)
    return replace(seen, away=_colleagues_away(uow, organisation_id, person_id, wanted.days))


def _require_ahead(uow: UnitOfWork, organisation_id: int, person_id: int, wanted: LeaveWanted) -> None:
    """Who keeps the records asks for others also once a leave has begun.  Raises: LeaveInThePast."""
    if wanted.first < today() and (organisation_id not in uow.scope.keeps or personnel.is_own(uow, person_id)):
        raise rules.LeaveInThePast()


def free(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> int:
    """Hundredths of a day that a leave from a day on may draw: later leaves that are approved have theirs already."""
    return sum(pool.centidays for pool in queries.pools(uow.connection, uow.scope, organisation_id, person_id, day))


def _meaning(
    uow: UnitOfWork, organisation_id: int, person_id: int, wanted: LeaveWanted, but: int | None = None
) -> Preview:
    """By the rules of leave alone.

    Raises: LeaveKindUnknown, LeaveRulesUnknown, CalendarUnknown, LeaveEmpty, LeaveTooLong, LeaveTooShort,
    LeaveNotEnough.
    """
    connection, scope, days = uow.connection, uow.scope, wanted.days
    kind = _kind(uow, wanted.kind, days.first)
    pools: list[Pool] = []
    waiting, long_parts = 0, frozenset[date]()
    law, groups = _rules(uow), queries.groups(connection, scope, organisation_id, person_id, days.first)
    if kind.draws:
        pools = queries.pools(connection, scope, organisation_id, person_id, days.first)
        waiting = queries.waiting(connection, scope, organisation_id, person_id, but)
        least = law.value("part_at_least_days", days.first, groups) or 0
        used: dict[date, list[int]] = {}
        for part in queries.parts(connection, scope, organisation_id, person_id):
            used.setdefault(part.year_start, []).append(part.centidays)
        carried = queries.carried_years(connection, scope, organisation_id, person_id)
        long_parts = rules.long_parts(used, least) | carried
    return rules.preview(
        kind,
        days,
        _calendar(uow, days),
        law,
        pools,
        today=today(),
        groups=groups,
        waiting=waiting,
        long_parts=long_parts,
    )


def _colleagues_away(uow: UnitOfWork, organisation_id: int, person_id: int, days: DaySpan) -> tuple[asked.Away, ...]:
    """Who of the same unit is away on some of the days."""
    colleagues = personnel.colleagues(uow, organisation_id, person_id, days.first)
    return tuple(requests.availability(uow, organisation_id, days, {each.id for each in colleagues}))


def ask(uow: UnitOfWork, organisation_id: int, person_id: int, command: AskLeave) -> Submitted:
    """Send a request for leave to who decides on it; repeating it under its key changes nothing.

    Raises: LeaveInThePast; as ``preview`` and ``requests.submit``.
    """
    if (sent := requests.sent_under(uow, organisation_id, command.key)) is not None:
        if (sent.kind, sent.person_id) != (asked.Kind.LEAVE, person_id) or not _is_same(sent, command):
            raise KeyReused(key=str(command.key))
        return Submitted(sent, is_new=False)
    facts = _facts_to_keep(uow, organisation_id, person_id, command)
    return requests.submit(
        uow, organisation_id, asked.Kind.LEAVE, person_id, command.days, key=command.key, facts=facts
    )


def change(
    uow: UnitOfWork, organisation_id: int, person_id: int, request_id: int, version: int, wanted: LeaveWanted
) -> Request:
    """Send it anew with other days; doing it twice does it once.

    Raises: LeaveInThePast; as ``preview`` and ``requests.change``.
    """
    found = request(uow, organisation_id, person_id, request_id)
    if (sent := requests.sent_after(uow, found, version)) is not None and _is_same(sent, wanted):
        return sent
    facts = _facts_to_keep(uow, organisation_id, person_id, wanted, request_id)
    return requests.change(uow, organisation_id, request_id, version, wanted.days, facts=facts)


def _is_same(sent: Request, wanted: LeaveWanted) -> bool:
    return (sent.days, _code(sent)) == (wanted.days, wanted.kind)


def request(uow: UnitOfWork, organisation_id: int, person_id: int, request_id: int) -> Request:
    """A person's request for leave.  Raises: RequestUnknown, also where it is another's, or for a trip."""
    found = requests.request(uow, organisation_id, request_id)
    if (found.kind, found.person_id) != (asked.Kind.LEAVE, person_id):
        raise asked_rules.RequestUnknown()
    return found


def _facts_to_keep(
    uow: UnitOfWork, organisation_id: int, person_id: int, wanted: LeaveWanted, but: int | None = None
) -> dict[str, object]:
    """What a request for leave says beside its days.

    Raises: LeaveInThePast, DaysTooMany, and as ``preview``, but for what ``requests`` asks when it is sent.
    """
    _require_ahead(uow, organisation_id, person_id, wanted)
    asked_rules.require_days(wanted.days)
    seen = _meaning(uow, organisation_id, person_id, wanted, but)
    return {"kind": seen.kind.code, "draws": seen.kind.draws, "counted": seen.counted}


class Leave:
    """What approving, recalling and cancelling a leave do (``requests.consequences.Consequence``)."""

    def facts(self, uow: UnitOfWork, request: Request) -> LeaveFacts:
        """Raises: LeaveKindUnknown, LeaveRulesUnknown, CalendarUnknown."""
        connection, scope, days = uow.connection, uow.scope, request.days
        kind, law = _kind(uow, _code(request), days.first), _rules(uow)
        plan = _calendar(uow, days)
        each = [(day, rules.outside(day, kind, plan, law)) for day in rules.each_day(days)]
        counted = sum(why is None for _, why in each)
        left: int | None = None
        after: int | None = None
        drawn: tuple[tuple[date, int], ...] = ()
        doubts: tuple[str, ...] = ()
        refusal = ""
        if kind.draws and request.state.is_waiting:
            pools = queries.pools(connection, scope, request.organisation_id, request.person_id, days.first)
            left = sum(pool.centidays for pool in pools)
            wanted = LeaveWanted(kind=kind.code, first=days.first, last=days.last)
            try:
                seen = _meaning(uow, request.organisation_id, request.person_id, wanted, request.id)
            except (Conflict, RuleViolated) as fault:
                refusal = fault.code
            else:
                after, doubts = seen.balance, tuple(doubt.value for doubt in seen.doubts)
                drawn = tuple((p.year_start, p.centidays) for p in rules.drawn(seen.before, counted * CENTIDAYS))
        elif kind.draws:
            found = queries.parts(connection, scope, request.organisation_id, request.person_id, request.id)
            drawn = tuple((part.year_start, part.centidays) for part in found)
            left = balance(uow, request.organisation_id, request.person_id, days.first).centidays
        ground = ground_of(uow, request.organisation_id, request.person_id, kind, days.first)
        return LeaveFacts(
            kind=kind.code,
            named=NamedRow(kk=kind.name_kk, ru=kind.name_ru, en=kind.name_en),
            act=NamedRow(kk=ground.act_kk, ru=ground.act_ru, en=ground.act_en),
            verified=ground.verified,
            first=days.first,
            last=days.last,
            counted=counted,
            excluded=tuple(day for day, why in each if why is Inside.HOLIDAY),
            draws=kind.draws,
            balance=left,
            balance_after=after,
            years=drawn,
            doubts=doubts,
            refusal=refusal,
        )

    def approved(self, uow: UnitOfWork, request: Request) -> None:
        """Draw its days, the oldest working year first.  Raises: as ``preview``, but for what it shares with others."""
        kind = _kind(uow, _code(request), request.days.first)
        if not kind.draws:
            return
        queries.lock(uow.connection, uow.scope, request.person_id)
        wanted = LeaveWanted(kind=kind.code, first=request.days.first, last=request.days.last)
        seen = _meaning(uow, request.organisation_id, request.person_id, wanted, request.id)
        drawn = rules.drawn(seen.before, seen.counted * CENTIDAYS)
        queries.insert_movements(
            uow.connection,
            uow.scope,
            request.organisation_id,
            [
                NewMovement(
                    request.person_id, Act.USE, p.year_start, request.days.first, -p.centidays, request_id=request.id
                )
                for p in drawn
            ],
        )

    def recalled(self, uow: UnitOfWork, request: Request, days: DaySpan) -> None:
        """Give back what the days that are not taken used: what stays used are the days that count in what is left."""
        connection, scope, organisation_id = uow.connection, uow.scope, request.organisation_id
        queries.lock(connection, scope, request.person_id)
        found = queries.parts(connection, scope, organisation_id, request.person_id, request.id)
        used = sum(part.centidays for part in found)
        kept = 0
        if request.state is State.RECALLED:
            left = request.days
            kind, law = _kind(uow, _code(request), left.first), _rules(uow)
            plan = _calendar(uow, left)
            kept = CENTIDAYS * sum(rules.outside(day, kind, plan, law) is None for day in rules.each_day(left))
        if used > kept:
            queries.give_back(connection, scope, organisation_id, [Return(request.id, used - kept, days.first)], "")


def _code(request: Request) -> str:
    return str(request.facts["kind"])


# ------------------------------------------------------------------------------------------------ human resources


def grant_years(uow: UnitOfWork, organisation_id: int, command: GrantYears) -> queries.Granted:
    """Give everybody the working years that have begun, by one statement; repeating it gives nothing more.

    Raises: TooFarAhead, LeaveRulesUnknown.
    """
    rules.require_near(command.day, today())
    if not norms(uow, command.day):
        raise rules.LeaveRulesUnknown()
    return _grant(uow, organisation_id, command.day, batch=uuid4())


def _grant(
    uow: UnitOfWork, organisation_id: int, day: date, *, batch: UUID | None = None, person_id: int | None = None
) -> queries.Granted:
    """Of everybody, or of one person."""
    done = queries.grant_years(uow.connection, uow.scope, organisation_id, day, batch=batch, person_id=person_id)
    if done.movements:
        about = f"organisation:{organisation_id}" if person_id is None else f"person:{person_id}"
        told: dict[str, object] = {"day": day_string(day), "people": done.people, "movements": done.movements}
        _record(uow, organisation_id, "leave-years-granted", about, told)
    return done


def batches(uow: UnitOfWork, organisation_id: int) -> list[Batch]:
    """What people gave to everybody lately and can still be taken back, the latest first."""
    return queries.batches(uow.connection, uow.scope, organisation_id, _LATELY_DAYS, _BATCHES)


def ungrant(uow: UnitOfWork, organisation_id: int, batch: UUID) -> queries.Granted:
    """Take back what one act gave to everybody, from all of whom nothing of it was drawn or moved since.

    Raises: BatchUnknown, AllDrawn.
    """
    connection, scope = uow.connection, uow.scope
    if not queries.was_given(connection, scope, organisation_id, batch):
        raise rules.BatchUnknown()
    done = queries.ungrant(connection, scope, organisation_id, batch)
    if not done.movements:
        raise rules.AllDrawn()
    told: dict[str, object] = {"people": done.people, "movements": done.movements}
    _record(uow, organisation_id, "leave-years-taken-back", f"organisation:{organisation_id}", told)
    return done


def ungranted(uow: UnitOfWork, organisation_id: int, day: date, person_id: int | None = None) -> list[Ungranted]:
    """Working years that have begun and were not given: of everybody who serves on a day, or of one person."""
    return queries.ungranted(uow.connection, uow.scope, organisation_id, day, person_id)


def has_begun(uow: UnitOfWork, organisation_id: int) -> bool:
    """Whether working years were ever given there: from then on the program gives each next one."""
    return bool(queries.given_at(uow.connection, uow.scope, [organisation_id]))


def given_at(uow: UnitOfWork) -> list[int]:
    """Organisations of the scope whose ledger has begun: there the program gives each working year as it begins."""
    return queries.given_at(uow.connection, uow.scope, sorted(uow.scope.keeps))


def grant_norm(uow: UnitOfWork, organisation_id: int, command: GrantNorm) -> None:
    """Give a person additional days of a working year.  Raises: NormUnknown, YearUnknown, GrantedAlready, KeyReused."""
    year = command.year_start
    before = queries.moved_by(uow.connection, uow.scope, organisation_id, command.key)
    if before:
        if {(m.person_id, m.norm, m.year_start) for m in before} != {(command.person_id, command.norm, year)}:
            raise KeyReused(key=str(command.key))
        return
    norm = next((n for n in norms(uow, year) if n.code == command.norm and not n.staff_group), None)
    if norm is None:
        raise rules.NormUnknown(day=day_string(year))
    granted = [m for m in movements(uow, organisation_id, command.person_id, date.max) if m.year_start == year]
    if sum((m.act in (Act.GRANT, Act.CARRY)) - (m.act is Act.UNGRANT) for m in granted) <= 0:
        raise rules.YearUnknown(day=day_string(year))
    if any(m.norm and m.norm.code == norm.code for m in granted):
        raise rules.GrantedAlready(day=day_string(year))
    moved = NewMovement(command.person_id, Act.GRANT, year, year, norm.days * CENTIDAYS, norm.code)
    _move(uow, organisation_id, command, [moved])


def _require_another(uow: UnitOfWork, person_id: int) -> None:
    """Nobody moves their own days.  Raises: OwnDays."""
    if personnel.is_own(uow, person_id):
        raise rules.OwnDays()


def carry(uow: UnitOfWork, organisation_id: int, command: MoveDays, *, all_the_same: bool = False) -> None:
    """Bring days along from another body or another program.

    From the last year that days are brought along for the next ones are counted.

    Raises: NothingMoved, OwnDays, KeyReused, YearToCome; YearIsNone, where no working year of the service begins so,
    not where it does ``all_the_same``.
    """
    if command.centidays <= 0:
        raise rules.NothingMoved()
    moved, person_id, year = [_moved(command, Act.CARRY)], command.person_id, command.year_start
    if _was_moved(uow, organisation_id, command, moved):
        return
    if year > today():
        raise rules.YearToCome(day=day_string(year))
    if not all_the_same and not queries.year_begins(uow.connection, uow.scope, organisation_id, person_id, year):
        raise rules.YearIsNone(day=day_string(year))
    _move(uow, organisation_id, command, moved)


def carry_many(uow: UnitOfWork, organisation_id: int, commands: Sequence[MoveDays]) -> int:
    """Bring along the days of many people on one ground, by one statement; those brought before are left alone.

    All have the key and the reason of the first.
    """
    moved = [_moved(command, Act.CARRY) for command in commands]
    done = _add(uow, organisation_id, commands[0], moved)
    if done:
        about = f"organisation:{organisation_id}"
        _record(uow, organisation_id, "leave-carried", about, {"people": len({m.person_id for m in moved})})
    return done


def correct(uow: UnitOfWork, organisation_id: int, command: MoveDays) -> None:
    """Set right what stands, with a reason.  Raises: NothingMoved, YearUnknown, KeyReused."""
    if command.centidays == 0:
        raise rules.NothingMoved()
    known = {m.year_start for m in movements(uow, organisation_id, command.person_id, date.max)}
    if command.year_start not in known:
        raise rules.YearUnknown(day=day_string(command.year_start))
    _move(uow, organisation_id, command, [_moved(command, Act.CORRECTION)])


def compensate(uow: UnitOfWork, organisation_id: int, command: Compensate) -> int:
    """Settle the days of who leaves the service: the year begun is cut to what is earned of it, all that is left paid.

    Years that have begun by then and were not given are given first; what an earlier settlement has cut is not cut
    once more.  Returns the hundredths of a day to be paid.

    Raises: TooFarAhead, ServiceGoesOn, YearUnknown, KeyReused, OwnDays; LeaveAfterTheEnd, where leave is approved for
    after the last day.
    Source: Labour Code (RK), art. 96: unused days are paid at any termination.
    """
    connection, scope, person_id, last_day = uow.connection, uow.scope, command.person_id, command.last_day
    queries.lock(connection, scope, person_id)
    before = queries.moved_by(connection, scope, organisation_id, command.key)
    if before:
        if {m.person_id for m in before} != {person_id} or {m.effective_on for m in before} != {last_day}:
            raise KeyReused(key=str(command.key))
        return -sum(m.centidays for m in before if m.act is Act.COMPENSATION)
    _require_another(uow, person_id)
    rules.require_near(last_day, today())
    if not queries.appointment_ends(connection, scope, organisation_id, person_id, last_day):
        raise rules.ServiceGoesOn(day=day_string(last_day))
    if (after := queries.leave_after(connection, scope, organisation_id, person_id, last_day)) is not None:
        raise rules.LeaveAfterTheEnd(first=day_string(after.first), last=day_string(after.last))
    _grant(uow, organisation_id, last_day, person_id=person_id)
    pools = {p.year_start: p.centidays for p in queries.pools(connection, scope, organisation_id, person_id, last_day)}
    if not any(year <= last_day for year in pools):
        raise rules.YearUnknown(day=day_string(last_day))
    moved = []
    for year, unearned in _unearned(uow, organisation_id, person_id, last_day).items():
        pools[year] = pools.get(year, 0) - unearned
        moved.append(NewMovement(person_id, Act.CORRECTION, year, last_day, -unearned))
    moved += [
        NewMovement(person_id, Act.COMPENSATION, year, last_day, -left) for year, left in pools.items() if left > 0
    ]
    if moved:
        _move(uow, organisation_id, command, moved)
    return -sum(m.centidays for m in moved if m.act is Act.COMPENSATION)


def _unearned(uow: UnitOfWork, organisation_id: int, person_id: int, last_day: date) -> dict[date, int]:
    """Hundredths of a day that working years gave and the service did not earn, as far as no settlement has cut them.

    Below nought where a settlement has cut what is earned since.
    """
    at = uow.connection, uow.scope, organisation_id, person_id
    end, years = last_day + timedelta(days=1), queries.unfinished(*at, last_day)
    begins = next((begins for begins in years.values() if begins is not None), end)
    served_until = end - timedelta(days=queries.uncounted(*at, begins, end))
    given, cut = Counter[date](), queries.cut_by_settlements(*at)
    for moved in movements(uow, organisation_id, person_id, last_day):
        if moved.act in (Act.GRANT, Act.UNGRANT):
            given[moved.year_start] += moved.centidays
    earned = {year: rules.accrued(given[year], first, served_until) if first else 0 for year, first in years.items()}
    unearned = {year: given[year] - earned[year] + cut.get(year, 0) for year in years}
    return {year: centidays for year, centidays in unearned.items() if centidays}


def give_back_holidays(uow: UnitOfWork, organisation_id: int, days: DaySpan) -> int:
    """Give back the days of leaves that have become holidays since they were approved; returns of how many leaves.

    Looked through are leaves in force on some of the ``days``.  Repeating it gives nothing more back.

    Raises: CalendarUnknown.
    """
    queries.lock_away(uow.connection, uow.scope, organisation_id, days)
    around = DaySpan(date(days.first.year - 1, 1, 1), date(days.last.year + 1, 12, 31))
    excluded = rules.excluded_days(_calendar(uow, around), _rules(uow))
    returns = queries.overcounted(uow.connection, uow.scope, organisation_id, excluded, days)
    if returns:
        queries.give_back(uow.connection, uow.scope, organisation_id, returns, "")
        _record(
            uow,
            organisation_id,
            "leave-holidays-returned",
            f"organisation:{organisation_id}",
            {"leaves": len(returns), "days": rules.days_string(sum(r.centidays for r in returns))},
        )
    return len(returns)


_Reasoned = GrantNorm | MoveDays | Compensate


def _moved(command: MoveDays, act: Act) -> NewMovement:
    return NewMovement(command.person_id, act, command.year_start, command.effective_on, command.centidays)


def _move(uow: UnitOfWork, organisation_id: int, command: _Reasoned, moved: Sequence[NewMovement]) -> None:
    """Raises: KeyReused, OwnDays."""
    if _was_moved(uow, organisation_id, command, moved):
        return
    _require_another(uow, command.person_id)
    _add(uow, organisation_id, command, moved)
    for act in dict.fromkeys(m.act for m in moved):
        days = sum(m.centidays for m in moved if m.act is act)
        about = f"person:{command.person_id}"
        _record(uow, organisation_id, f"leave-{act.value}", about, {"leave_days": rules.days_string(days)})


def _add(uow: UnitOfWork, organisation_id: int, command: _Reasoned, moved: Sequence[NewMovement]) -> int:
    return queries.insert_movements(
        uow.connection, uow.scope, organisation_id, moved, key=command.key, reason=command.reason
    )


def _was_moved(uow: UnitOfWork, organisation_id: int, command: _Reasoned, moved: Iterable[NewMovement]) -> bool:
    """Whether this was done already.  Raises: KeyReused, where the key stands for something else."""
    before = queries.moved_by(uow.connection, uow.scope, organisation_id, command.key)
    if before and set(before) != set(moved):
        raise KeyReused(key=str(command.key))
    return bool(before)


def _record(uow: UnitOfWork, organisation_id: int, action: str, subject: str, after: dict[str, object]) -> None:
    """The trail has how many days; the ledger alone has why."""
    audit.record(uow.connection, uow.scope, action, subject, organisation_id=organisation_id, after=after)
