"""Law and arithmetic of leave.  Days move in hundredths; nothing here rounds but ``accrued``, once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from erp.base.dates import DaySpan, day_string
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import N_
from erp.base.money import scaled_string
from erp.hr.leave.model import CENTIDAYS, DAY_PLACES, Counting, Doubt, Inside, Kind, LeaveDay, Pool, Preview, Rules
from erp.reference.calendar.model import Calendar, CalendarDay, DayKind

_ONE_DAY = timedelta(days=1)
_AHEAD = relativedelta(years=1)
"""How far ahead working years are given: a mistyped year gives nobody leave for decades."""

DOUBTS = {
    Doubt.NO_LONG_PART: N_(
        "After it, no part of this working year’s leave can last two calendar weeks, as the law asks of one part."
    ),
    Doubt.PAID_LATE: N_("It begins so soon that the leave pay may come after it has begun."),
    Doubt.NOT_VERIFIED: N_("Whether a day marked ? counts has not been checked against the official act."),
    Doubt.MOVES_YEAR: N_(
        "These days do not count as service for leave: the working year ends as many days later (Labour Code, art. 91)."
    ),
    Doubt.ALREADY_ASKED: N_("Other requests that wait would take more days than are left after this one."),
}


class LeaveKindUnknown(NotFound):
    code = "leave-kind-unknown"
    template = "There is no such kind of leave on this day."


class LeaveNotEnough(Conflict):
    code = "leave-not-enough"
    template = "Not enough leave days: balance {balance}, asked {asked}."


class LeaveRulesUnknown(Conflict):
    code = "leave-rules-unknown"
    template = "The kinds of leave are not loaded. Ask the administrator to load the data package."


class NormUnknown(RuleViolated):
    code = "leave-norm-unknown"
    template = "There is no such norm of additional leave on {day}."


class GrantedAlready(Conflict):
    code = "leave-granted-already"
    template = "These days of the working year from {day} were given to the person already."


class YearUnknown(Conflict):
    code = "leave-year-unknown"
    template = "The ledger knows no working year of this person that {day} lies in. Give the working year first."


class YearIsNone(RuleViolated):
    code = "leave-year-is-none"
    template = (
        "By the personal file no working year begins on {day}. If it does all the same, as after leave without pay that"
        " is not recorded here, say so."
    )


class YearToCome(RuleViolated):
    code = "leave-year-to-come"
    template = "The working year from {day} has not begun. Bring days along for one that has."


class TooFarAhead(RuleViolated):
    code = "leave-too-far-ahead"
    template = "Working years are given at most a year ahead: through {last}."


class BatchUnknown(NotFound):
    code = "leave-batch-unknown"
    template = "There is no such giving of working years here."


class AllDrawn(Conflict):
    code = "leave-all-drawn"
    template = (
        "Nothing of it can be taken back: its days were drawn, moved or taken back since. Correct person by person."
    )


class OwnDays(NotPermitted):
    code = "own-days"
    template = "Nobody moves their own days of leave. Leave it to another person who keeps the records."


class LeaveAfterTheEnd(Conflict):
    code = "leave-after-the-end"
    template = "Leave of {first} – {last} is approved for after the last day. Recall it first: its days are paid then."


class ServiceGoesOn(Conflict):
    code = "leave-service-goes-on"
    template = "The person’s service does not end on {day}. Record the end in the personal file first."


class NothingMoved(RuleViolated):
    code = "leave-nothing-moved"
    template = "Nought days change nothing. Say how many."


class LeaveEmpty(RuleViolated):
    code = "leave-empty"
    template = "None of these days counts as a day of leave."


class LeaveTooLong(RuleViolated):
    code = "leave-too-long"
    template = "This kind of leave lasts at most {most} days; asked {asked}."


class LeaveTooShort(RuleViolated):
    code = "leave-too-short"
    template = "This kind of leave lasts {least} days; asked {asked}."


class LeaveInThePast(RuleViolated):
    code = "leave-in-the-past"
    template = (
        "A leave is asked for before it begins. Choose today or a later day; one that has begun an officer of human"
        " resources asks for, for others alone."
    )


def days_string(centidays: int) -> str:
    """Days as people write them: ``24``, ``17,53``; a minus before what is owed."""
    return scaled_string(centidays, DAY_PLACES).replace("-", "−").replace(".", ",")


# ------------------------------------------------------------------------------------------------ days that count


def each_day(days: DaySpan) -> Iterator[date]:
    return (days.first + timedelta(days=n) for n in range((days.end - days.first).days))


def is_excluded(special: CalendarDay | None, rules: Rules) -> bool:
    """Whether a calendar day does not count inside a leave.

    State and national holidays drop out.  The 7th of January and the first day of Kurban Ait are days off in every
    regime and no holidays: each follows a rule of its own.  A day off that was moved is an ordinary day off.

    Source: Labour Code (RK), art. 90 and 84.
    """
    if special is None or special.kind is not DayKind.HOLIDAY:
        return False
    rule = rules.of_holiday(special)
    return rule is not None and bool(rule.value)


def outside(day: date, kind: Kind, calendar: Calendar, rules: Rules) -> Inside | None:
    """Why a day of a leave does not count; ``None`` where it does.

    Holidays lengthen annual leave; of a social leave each calendar day counts.  Source: Labour Code (RK), art. 90, 99.
    """
    if (kind.draws or kind.counting is Counting.WORKING) and is_excluded(calendar.days.get(day), rules):
        return Inside.HOLIDAY
    if kind.counting is Counting.WORKING and not calendar.is_working(day):
        return Inside.DAY_OFF
    return None


def excluded_days(calendar: Calendar, rules: Rules) -> list[date]:
    """Every day of a calendar that does not count inside a leave of calendar days."""
    return [day for day, special in sorted(calendar.days.items()) if is_excluded(special, rules)]


# ------------------------------------------------------------------------------------------------ which days move


def drawn(pools: Sequence[Pool], centidays: int) -> list[Pool]:
    """What is drawn of each working year, the oldest first.  Raises: LeaveNotEnough."""
    if centidays > (whole := sum(pool.centidays for pool in pools)):
        raise LeaveNotEnough(balance=days_string(whole), asked=days_string(centidays))
    left, taken = centidays, []
    for pool in sorted(pools, key=lambda p: p.year_start):
        part = min(left, max(pool.centidays, 0))
        if part:
            taken.append(Pool(pool.year_start, part))
            left -= part
    return taken


def given_back(used: Sequence[Pool], centidays: int) -> list[Pool]:
    """Where days that were not taken return to: the working year drawn from last gets its days back first.

    So what stays used is what a shorter leave would have drawn.
    """
    left, back = centidays, []
    for pool in sorted(used, key=lambda p: p.year_start, reverse=True):
        part = min(left, pool.centidays)
        if part > 0:
            back.append(Pool(pool.year_start, part))
            left -= part
    assert left == 0, "nothing is given back that was not used"
    return back


def after(pools: Sequence[Pool], taken: Sequence[Pool]) -> tuple[Pool, ...]:
    """What is left of each working year once something is taken."""
    parts = {pool.year_start: pool.centidays for pool in taken}
    return tuple(Pool(pool.year_start, pool.centidays - parts.get(pool.year_start, 0)) for pool in pools)


# ------------------------------------------------------------------------------------------------ preview


def preview(
    kind: Kind,
    days: DaySpan,
    calendar: Calendar,
    rules: Rules,
    pools: Sequence[Pool],
    *,
    today: date,
    groups: frozenset[str] = frozenset(),
    waiting: int = 0,
    long_parts: frozenset[date] = frozenset(),
) -> Preview:
    """What a leave would mean, day by day.

    ``pools`` are what is left on the first day, ``groups`` those of the person's posts, ``long_parts`` the working
    years one part of which was long enough already, or may have been, ``waiting`` the whole days that other requests
    would draw.

    Raises: LeaveEmpty, LeaveTooLong, LeaveTooShort, LeaveNotEnough.
    """
    found = [(day, outside(day, kind, calendar, rules)) for day in each_day(days)]
    counted = sum(why is None for _, why in found)
    require_length(kind, counted)
    taken = drawn(pools, counted * CENTIDAYS) if kind.draws else []
    left, sources = sum(pool.centidays for pool in pools), _one_by_one(taken)
    each: list[LeaveDay] = []
    for day, why in found:
        source = next(sources) if why is None and kind.draws else None
        left -= CENTIDAYS if source else 0
        special = calendar.days.get(day)
        sure = _is_sure(special, rules)
        each.append(LeaveDay(day, why, special, sure, source, left if kind.draws else None))
    told = tuple(each)
    doubts = _doubts(kind, told, counted, pools, taken, rules, today, groups, waiting, long_parts)
    return Preview(
        kind,
        days,
        told,
        counted,
        tuple(pools),
        after(pools, taken),
        waiting,
        tuple(doubts),
        _back_on(days, calendar),
    )


def _back_on(days: DaySpan, calendar: Calendar) -> date:
    """The first day after the leave that is worked; the calendar reaches some weeks beyond it."""
    back = days.end
    while not calendar.is_working(back):
        back += _ONE_DAY
    return back


def require_length(kind: Kind, counted: int) -> None:
    """Raises: LeaveEmpty, LeaveTooLong, LeaveTooShort."""
    if counted == 0:
        raise LeaveEmpty()
    if kind.most_days is not None and counted > kind.most_days:
        raise LeaveTooLong(most=kind.most_days, asked=counted)
    if kind.least_days is not None and counted < kind.least_days:
        raise LeaveTooShort(least=kind.least_days, asked=counted)


def _one_by_one(taken: Iterable[Pool]) -> Iterator[date]:
    """The working year of each whole day drawn; a day of two years is told by the one that gives its end."""
    reached = told = 0
    for pool in taken:
        reached += pool.centidays
        while told + CENTIDAYS <= reached:
            told += CENTIDAYS
            yield pool.year_start


def _doubts(
    kind: Kind,
    each: Sequence[LeaveDay],
    counted: int,
    pools: Sequence[Pool],
    taken: Sequence[Pool],
    rules: Rules,
    today: date,
    groups: frozenset[str],
    waiting: int,
    long_parts: frozenset[date],
) -> Iterator[Doubt]:
    first = each[0].day
    least, ahead = rules.value("part_at_least_days", first, groups), rules.value("pay_before_days", first, groups)
    left = {pool.year_start: pool.centidays for pool in after(pools, taken)}
    if (
        least is not None
        and counted < least
        and any(p.year_start not in long_parts and left[p.year_start] < least * CENTIDAYS for p in taken)
    ):
        yield Doubt.NO_LONG_PART
    if kind.draws and ahead is not None and first < today + timedelta(days=ahead):
        yield Doubt.PAID_LATE
    if not all(of.sure for of in each):
        yield Doubt.NOT_VERIFIED
    if not kind.seniority:
        yield Doubt.MOVES_YEAR
    if kind.draws and waiting * CENTIDAYS > sum(left.values()):
        yield Doubt.ALREADY_ASKED


def _is_sure(special: CalendarDay | None, rules: Rules) -> bool:
    if special is None or special.kind is not DayKind.HOLIDAY:
        return True
    rule = rules.of_holiday(special)
    return special.verified and rule is not None and rule.verified


# ------------------------------------------------------------------------------------------------ working years


def accrued(norm_centidays: int, start: date, until: date) -> int:
    """What part of a working year's days is earned from ``start`` up to, not including, ``until``.

    A twelfth for each full month, and of the month begun its share by its days; rounded half up to a hundredth of a
    day, once.  A month from the 31st ends on the last day of a shorter one.

    Source: practice for the compensation at dismissal; not verified.
    """
    whole = relativedelta(until, start)
    months = whole.years * 12 + whole.months
    begun = start + relativedelta(months=months)
    length = (start + relativedelta(months=months + 1) - begun).days
    parts = months * length + (until - begun).days
    return min((2 * norm_centidays * parts + 12 * length) // (24 * length), norm_centidays)


def months_between(first: date, last: date) -> int:
    """Full months from one day to another."""
    gap = relativedelta(last, first)
    return gap.years * 12 + gap.months


def long_parts(used: Mapping[date, Sequence[int]], least_days: int) -> frozenset[date]:
    """Working years of which one leave took at least so many days; ``used`` are the hundredths each leave took."""
    return frozenset(year for year, parts in used.items() if max(parts, default=0) >= least_days * CENTIDAYS)


def require_near(day: date, today: date) -> None:
    """Raises: TooFarAhead."""
    last = today + _AHEAD
    if day > last:
        raise TooFarAhead(last=day_string(last))


def years_around(day: date) -> DaySpan:
    """Last year, this one and the next: whose leaves a change of the calendar may concern."""
    return DaySpan(date(day.year - 1, 1, 1), date(day.year + 1, 12, 31))
