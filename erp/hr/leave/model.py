"""The nouns of leave: kinds and norms as an act sets them, movements of days, and what a request would mean."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from erp.base.dates import DateInterval, DaySpan
from erp.hr.requests.model import Away
from erp.reference.calendar.model import CalendarDay

DAY_PLACES = 2
CENTIDAYS = 10**DAY_PLACES
"""Days are kept in whole hundredths: what is due for part of a year is a fraction."""

ANNUAL = "ANNUAL"
"""The kind that a form offers first."""


class Act(StrEnum):
    """What moves days: the sign says which way."""

    GRANT = "grant"
    """What a working year gives."""
    UNGRANT = "ungrant"
    """Of what was given to everybody by mistake, and nobody had drawn from."""
    CARRY = "carry"
    """What a person brings along from another body or another program."""
    USE = "use"
    GIVE_BACK = "give-back"
    """Of days that were used and not taken: a recall, a holiday declared later."""
    COMPENSATION = "compensation"
    CORRECTION = "correction"


class Counting(StrEnum):
    CALENDAR = "calendar"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Named:
    """A row of the data package: what it is called, the act that sets it, how sure that is."""

    code: str
    name_kk: str
    name_ru: str
    name_en: str
    act_kk: str
    act_ru: str
    act_en: str
    confidence: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    def act(self, language: str) -> str:
        return str(getattr(self, f"act_{language}"))

    @property
    def verified(self) -> bool:
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Kind(Named):
    """A kind of leave.  ``least_days`` and ``most_days`` are of one request, in days that count."""

    draws: bool
    """Whether its days are drawn from the working years; a kind that does not has no balance."""
    counting: Counting
    paid: str
    seniority: bool
    """Whether its days count as service that gives leave; where not, they move the working year."""
    least_days: int | None
    most_days: int | None
    timesheet_code: str


@dataclass(frozen=True, slots=True)
class Norm(Named):
    """What a working year gives; without a ``staff_group`` the days are given to a person on a ground of their own."""

    staff_group: str
    days: int


@dataclass(frozen=True, slots=True)
class Rule(Named):
    value: int
    in_force: DateInterval


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the ledger of leave; what it moves counts from ``effective_on``."""

    id: int
    person_id: int
    act: Act
    year_start: date
    """First day of the working year whose days move."""
    effective_on: date
    centidays: int
    norm: Norm | None
    """What a grant follows from."""
    request_id: int | None
    """The leave that used the days, or that gave them back."""
    reason: str
    actor: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Pool:
    """Days of one working year that are left."""

    year_start: date
    centidays: int


@dataclass(frozen=True, slots=True)
class Ungranted:
    """A working year that has begun and was not given; ``days``: ``None`` where no norm fits the group of the post."""

    person_id: int
    year_start: date
    days: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Working years that one act gave to everybody, as far as they were not taken back."""

    id: UUID
    given_at: datetime
    actor: str
    years: int
    people: int
    open_years: int
    """Of which nothing was drawn, and nothing moved since: those can be taken back."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How a person's days stand; the sum of their movements."""

    person_id: int
    centidays: int
    given: int
    """Granted, carried in and corrected, in hundredths of a day."""
    taken: int
    """Used and not given back, and compensated."""
    last_used_on: date | None
    """First day of the last leave that drew days."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers that the acts set, each for the days on which it counts."""

    rows: Mapping[str, tuple[Rule, ...]]

    def on(self, code: str, day: date) -> Rule | None:
        return next((row for row in self.rows.get(code, ()) if day in row.in_force), None)

    def of_holiday(self, holiday: CalendarDay) -> Rule | None:
        """By which a holiday counts inside a leave, or does not: its own, or that of all."""
        day = holiday.day
        if holiday.is_kurban_ait:
            return self.on("excluded_floating", day)
        return self.on(f"excluded_{day:%m-%d}", day) or self.on("excluded_holiday", day)

    def value(self, code: str, day: date, groups: Collection[str] = ()) -> int | None:
        """Of a rule that is for some groups of staff alone, the least of what it is for ``groups``."""
        found = [rule for each in (code, *(f"{code}.{group}" for group in groups)) if (rule := self.on(each, day))]
        return min((rule.value for rule in found), default=None)


class Inside(StrEnum):
    """Why a day of a leave does not count."""

    HOLIDAY = "holiday"
    DAY_OFF = "day-off"
    """Of a kind that counts working days."""


@dataclass(frozen=True, slots=True)
class LeaveDay:
    """A day of a leave that is asked for."""

    day: date
    outside: Inside | None
    """Why it does not count; ``None`` where it does."""
    special: CalendarDay | None
    """What the calendar says of it, where it differs from a plain week."""
    sure: bool
    """Whether the day and the rule it follows were compared with the acts."""
    year_start: date | None
    """The working year that it is drawn from, where days are drawn."""
    balance: int | None
    """What is left after it of all working years, in hundredths."""


class Doubt(StrEnum):
    """What somebody should know before they send a request."""

    NO_LONG_PART = "no-long-part"
    """After it no part of this working year can reach the length the act asks for."""
    PAID_LATE = "paid-late"
    """It begins before it can be paid in time."""
    NOT_VERIFIED = "not-verified"
    """A day in it counts, or does not, by a rule that nobody has compared with the act."""
    MOVES_YEAR = "moves-year"
    """Its days are no service that gives leave."""
    ALREADY_ASKED = "already-asked"
    """Other requests that wait would draw the same days."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a request would mean, day by day."""

    kind: Kind
    days: DaySpan
    each: tuple[LeaveDay, ...]
    counted: int
    """Days that count, whole."""
    before: tuple[Pool, ...]
    after: tuple[Pool, ...]
    waiting: int
    """Whole days in other requests that wait for a decision."""
    doubts: tuple[Doubt, ...]
    back_on: date
    """The first working day after it, of a week of five."""
    away: tuple[Away, ...] = ()
    """Colleagues of the unit who are away on some of the days."""

    @property
    def balance(self) -> int:
        return sum(pool.centidays for pool in self.after)

    @property
    def balance_before(self) -> int:
        return sum(pool.centidays for pool in self.before)
