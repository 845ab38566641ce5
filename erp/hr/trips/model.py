"""The nouns of business trips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from erp.base.dates import DateInterval, DaySpan
from erp.hr.requests.model import State

HOME = "KZ"
"""The country whose institutions these are."""


class NormKind(StrEnum):
    MCI = "mci"
    PER_DIEM = "per-diem"
    LODGING = "lodging"
    LONGEST = "longest"
    REPORT_TERM = "report-term"


class PlaceClass(StrEnum):
    """What a place inside the country is, for the limit of lodging."""

    MAJOR = "major"
    REGIONAL = "regional"
    DISTRICT = "district"
    RURAL = "rural"


class Transport(StrEnum):
    RAIL = "rail"
    AIR = "air"
    ROAD = "road"
    SERVICE_CAR = "service-car"


class CostKind(StrEnum):
    PER_DIEM = "per-diem"
    LODGING = "lodging"
    FARE = "fare"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Norm:
    """A norm of a data package; ``area`` is a country, a class of place inside it, or empty."""

    code: str
    kind: NormKind
    area: str
    value: Decimal
    unit: str
    in_force: DateInterval
    confidence: str
    source: str

    @property
    def verified(self) -> bool:
        """Whether the package is sure enough of it to pass it as official."""
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Leg:
    """One way: from a place to another.  ``night_tiyn`` is what a night at its end is expected to cost."""

    from_place: str
    to_place: str
    country: str
    place_class: PlaceClass | None
    departs_on: date
    arrives_on: date
    transport: Transport
    fare_tiyn: int = 0
    night_tiyn: int = 0

    @property
    def area(self) -> str:
        """Where the lodging at its end is, as norms name it; empty where the class of the place is not said."""
        if self.country != HOME:
            return self.country
        return f"{HOME}.{self.place_class.value}" if self.place_class else ""

    @property
    def crosses_on(self) -> date:
        """From which day on the norm of its end counts: abroad from leaving, at home from coming back."""
        return self.arrives_on if self.country == HOME else self.departs_on


@dataclass(frozen=True, slots=True)
class Cost:
    """A line of an estimate: what for which days, how many times how much."""

    kind: CostKind
    first: date
    last: date
    what: str
    """A place, or a way; of per diem the country."""
    quantity: int
    rate_tiyn: int
    amount_tiyn: int
    norm: str = ""
    """How the norm makes the rate, or the limit it sets, in numbers: ``2 × 4325``."""
    limit_tiyn: int | None = None
    """What the norm allows at most for one; ``None`` where there is none, or none is loaded."""
    verified: bool = True
    """Whether the norms it rests on were compared with the act."""

    @property
    def is_over_limit(self) -> bool:
        return self.limit_tiyn is not None and self.rate_tiyn > self.limit_tiyn

    @property
    def norm_tiyn(self) -> int | None:
        """What the norms allow for all of it; ``None`` where none limits it, or none is loaded."""
        if self.kind is CostKind.PER_DIEM:
            return self.amount_tiyn
        return None if self.limit_tiyn is None else self.limit_tiyn * self.quantity

    def through(self, day: date) -> "Cost | None":
        """What is left of it where the trip ends on ``day``: a night is before a day, and a way stays whole."""
        if self.kind not in (CostKind.PER_DIEM, CostKind.LODGING):
            return self
        last = min(self.last, day if self.kind is CostKind.PER_DIEM else day - timedelta(days=1))
        quantity = (last - self.first).days + 1
        return (
            replace(self, last=last, quantity=quantity, amount_tiyn=quantity * self.rate_tiyn) if quantity > 0 else None
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """A norm that is not loaded: for these days nothing is counted, and nothing guessed."""

    kind: NormKind
    area: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Estimate:
    costs: tuple[Cost, ...]
    gaps: tuple[Gap, ...]
    days: int
    longest: str = ""
    """Days that a trip lasts at most, where this one goes beyond them."""

    @property
    def total_tiyn(self) -> int:
        return sum(cost.amount_tiyn for cost in self.costs)

    def of(self, kind: CostKind) -> int:
        return sum(cost.amount_tiyn for cost in self.costs if cost.kind is kind)

    @property
    def verified(self) -> bool:
        return all(cost.verified for cost in self.costs)

    def made(self, first: date, made: DaySpan | None) -> "Estimate":
        """What it comes to for the days that are left of a trip that was to begin on ``first``; ``None``: no day."""
        last = made.last if made else first - timedelta(days=1)
        costs = tuple(left for cost in self.costs if (left := cost.through(last)) is not None)
        return replace(self, costs=costs, days=(last - first).days + 1)


class ReportState(StrEnum):
    """How the advance report of a trip stands: named as the act that brought it there."""

    NONE = "none"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One cost with its papers; ``paper`` names the ticket, the receipt."""

    kind: CostKind
    on: date
    what: str
    paper: str
    abroad: bool
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of a report beside what was estimated for it."""

    line: ReportLine
    norm: str
    """How the norm comes about, in numbers; empty where none limits it."""
    norm_tiyn: int | None
    """What the norms allow for it."""
    estimated_tiyn: int
    """Nought where nothing was estimated for it."""

    @property
    def over_tiyn(self) -> int:
        """How much of it is above the estimate."""
        return max(self.line.amount_tiyn - self.estimated_tiyn, 0)

    @property
    def is_over_norm(self) -> bool:
        return self.norm_tiyn is not None and self.line.amount_tiyn > self.norm_tiyn


@dataclass(frozen=True, slots=True)
class ReportAct:
    version: int
    act: ReportState
    revision: int
    result: str
    """Of what is handed in: what was done on the trip."""
    actor_id: int
    actor: str
    on_behalf_of: str
    lenders: frozenset[int]
    """Everybody who lent the actor a role there that day, where he is a delegate."""
    reason: str
    at: datetime

    @property
    def people(self) -> frozenset[int]:
        """Who stands behind it."""
        return frozenset({self.actor_id}) | self.lenders


@dataclass(frozen=True, slots=True)
class Report:
    """The last revision of an advance report, and every act on it."""

    state: ReportState
    version: int
    revision: int
    lines: tuple[ReportLine, ...] = ()
    acts: tuple[ReportAct, ...] = ()

    @property
    def spent_tiyn(self) -> int:
        return sum(line.amount_tiyn for line in self.lines)

    @property
    def result(self) -> str:
        """What was done on the trip, as it was told last."""
        return next((act.result for act in reversed(self.acts) if act.act is ReportState.SUBMITTED), "")

    @property
    def authors(self) -> frozenset[int]:
        """Whoever handed in any revision, or for whom it was handed in."""
        return frozenset().union(*(act.people for act in self.acts if act.act is ReportState.SUBMITTED))


NO_REPORT = Report(ReportState.NONE, 0, 0)


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left between the advance that was paid and what was spent."""

    advance_tiyn: int
    spent_tiyn: int

    @property
    def owed_tiyn(self) -> int:
        """To be paid to the person."""
        return max(self.spent_tiyn - self.advance_tiyn, 0)

    @property
    def returns_tiyn(self) -> int:
        """To be returned by the person."""
        return max(self.advance_tiyn - self.spent_tiyn, 0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a trip is for and how it goes, as it was asked for."""

    purpose: str
    host: str
    legs: tuple[Leg, ...]
    comes_home: bool = False
    """Whether the person comes home every day: then there is no per diem."""
    advance_tiyn: int = 0
    ground: str = ""
    """Why the trip may be longer than the rules allow."""
    belated: str = ""
    """Why it was recorded only once it had begun; empty of a trip that was asked for ahead."""

    @property
    def first(self) -> date:
        return self.legs[0].departs_on

    @property
    def last(self) -> date:
        return self.legs[-1].arrives_on

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def route(self) -> str:
        """Its places, in order: ``Атырау – Алматы – Атырау``."""
        return " – ".join((self.legs[0].from_place, *(leg.to_place for leg in self.legs)))

    @property
    def abroad(self) -> bool:
        return any(leg.country != HOME for leg in self.legs)


@dataclass(frozen=True, slots=True)
class Trip:
    """What a request for a trip says: the facts, and what they were estimated at when it was sent."""

    facts: Facts
    estimate: Estimate


class Waiting(StrEnum):
    """What a list of trips is narrowed to."""

    ALL = "all"
    DUE = "due"
    """Over, or cancelled with the advance paid, and not reported on."""
    REPORT = "report"
    """Reported on, and waiting for the approval of the report."""


@dataclass(frozen=True, slots=True)
class TripRow:
    """A trip as a line of a list."""

    id: int
    key: UUID
    person_id: int
    state: State
    version: int
    first: date
    last: date
    trip: Trip
    report: ReportState
    revision: int
    is_due: bool
    """Whether a report on it is due: it is over, or was cancelled with its advance paid, and none is handed in."""
    spent_tiyn: int
    """As the last revision of the report tells it."""

    @property
    def is_reported_on(self) -> bool:
        """Whether there is a report on it, or will have to be."""
        return self.state.is_in_force or self.is_due or self.report is not ReportState.NONE

    @property
    def over_tiyn(self) -> int:
        """How much more was spent than was estimated of the days that were made."""
        made = None if self.state is State.CANCELLED else DaySpan(self.first, self.last)
        return max(self.spent_tiyn - self.trip.estimate.made(self.first, made).total_tiyn, 0)


@dataclass(frozen=True, slots=True)
class TripPage:
    rows: Sequence[TripRow]
    people: Mapping[int, str]
    """Names, by person."""
    next_cursor: str | None
