"""Commands in, views out: amounts are decimal strings in JSON and whole tiyn inside."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from erp.base.commands import NO_NUL, Command
from erp.base.errors import DomainError, Invalid
from erp.base.money import decimal_string, parse_tiyn
from erp.hr.staffing.schemas import Day, Id
from erp.hr.trips import rules
from erp.hr.trips.model import (
    Compared,
    CostKind,
    Estimate,
    Facts,
    Leg,
    NormKind,
    PlaceClass,
    Report,
    ReportLine,
    ReportState,
    Transport,
    Trip,
)

KEPT = TypeAdapter(Trip)
"""A trip as the facts of its request keep it."""

Tenge = Annotated[int, PlainSerializer(decimal_string, return_type=str, when_used="json")]
"""Whole tiyn; in JSON a decimal string in tenge."""
Typed = Annotated[str, Field(max_length=40)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1, two letters.", examples=["KZ"])]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


# ------------------------------------------------------------------------------------------------ commands


class LegAsked(Command):
    """One way of a trip."""

    from_place: Annotated[str, Field(max_length=rules.LONGEST["place"], pattern=NO_NUL, examples=["Сарыдала"])]
    to_place: Annotated[str, Field(max_length=rules.LONGEST["place"], pattern=NO_NUL, examples=["Алматы"])]
    country: Country = "KZ"
    place_class: PlaceClass | None = Field(
        None, description="Of a place inside the country: what limits lodging there."
    )
    departs_on: Day
    arrives_on: Day
    transport: Transport = Transport.RAIL
    fare: Typed = Field("0", description="What the ticket is expected to cost.", examples=["12400.00"])
    night: Typed = Field("0", description="What a night there is expected to cost.", examples=["30000.00"])


class TripAsked(Command):
    """Where a trip goes, when and what for."""

    purpose: Annotated[
        str, Field(max_length=rules.LONGEST["purpose"], pattern=NO_NUL, examples=["Біліктілікті арттыру курсы"])
    ]
    host: Annotated[
        str, Field(max_length=rules.LONGEST["host"], pattern=NO_NUL, description="The body that is visited.")
    ] = ""
    legs: Annotated[list[LegAsked], Field(min_length=1, max_length=rules.MOST_LEGS)]
    comes_home: bool = Field(False, description="Home every day: then there is no per diem.")
    advance: Typed = Field("0", description="At most the estimate.", examples=["90000.00"])
    ground: Annotated[str, Field(max_length=rules.LONGEST["ground"], pattern=NO_NUL)] = Field(
        "", description="Of a trip that is longer than the rules allow: why."
    )
    belated: Annotated[str, Field(max_length=rules.LONGEST["belated"], pattern=NO_NUL)] = Field(
        "", description="Of a trip that has begun: why it is recorded only now. Only who keeps the records may."
    )

    @property
    def facts(self) -> Facts:
        """Raises: Invalid, with the place of every amount that cannot be read."""
        read = _Reader()
        legs = tuple(
            Leg(
                leg.from_place.strip(),
                leg.to_place.strip(),
                leg.country,
                leg.place_class,
                leg.departs_on,
                leg.arrives_on,
                leg.transport,
                read(f"legs.{place}.fare", leg.fare),
                read(f"legs.{place}.night", leg.night),
            )
            for place, leg in enumerate(self.legs)
        )
        advance = read("advance", self.advance)
        read.finish()
        return Facts(
            self.purpose.strip(),
            self.host.strip(),
            legs,
            self.comes_home,
            advance,
            self.ground.strip(),
            self.belated.strip(),
        )


class AskTrip(TripAsked):
    """Ask to be sent on a trip, or as who keeps the records of staff, ask for another."""

    key: UUID
    person_id: Id | None = Field(None, description="Whom to send; without it, oneself.")


class LineReported(Command):
    kind: CostKind
    on: Day
    what: Annotated[str, Field(max_length=rules.LONGEST["what"], pattern=NO_NUL, examples=["Сарыдала – Алматы"])]
    paper: Annotated[str, Field(max_length=rules.LONGEST["paper"], pattern=NO_NUL, examples=["билет 71 2204518"])] = ""
    abroad: bool = False
    amount: Typed = Field(examples=["6200.00"])


class HandIn(Command):
    """Hand in the advance report: what was spent, and what was done."""

    lines: Annotated[list[LineReported], Field(max_length=rules.MOST_LINES)]
    result: Annotated[str, Field(max_length=rules.LONGEST["result"], pattern=NO_NUL)] = ""

    @property
    def content(self) -> tuple[ReportLine, ...]:
        """Raises: Invalid, with the place of every amount that cannot be read."""
        read = _Reader()
        lines = tuple(
            ReportLine(
                line.kind,
                line.on,
                line.what.strip(),
                line.paper.strip(),
                line.abroad,
                read(f"lines.{place}.amount", line.amount),
            )
            for place, line in enumerate(self.lines)
        )
        read.finish()
        return lines


class _Reader:
    """Reads amount after amount and gathers what cannot be read."""

    def __init__(self) -> None:
        self._faults: dict[str, Exception] = {}

    def __call__(self, place: str, text: str) -> int:
        try:
            return parse_tiyn(text) if text.strip() else 0
        except DomainError as fault:
            self._faults[place] = fault
            return 0

    def finish(self) -> None:
        """Raises: Invalid."""
        if self._faults:
            raise Invalid(self._faults)


# ------------------------------------------------------------------------------------------------ views


class LegView(_View):
    from_place: str
    to_place: str
    country: str
    place_class: PlaceClass | None
    departs_on: date
    arrives_on: date
    transport: Transport
    fare: Tenge = Field(validation_alias="fare_tiyn")
    night: Tenge = Field(validation_alias="night_tiyn")


class CostView(_View):
    """A line of the estimate."""

    kind: CostKind
    first: date
    last: date
    what: str = Field(description="A place, or a way; of per diem the country.")
    quantity: int
    rate: Tenge = Field(validation_alias="rate_tiyn")
    amount: Tenge = Field(validation_alias="amount_tiyn")
    norm: str = Field(description="How the norm makes the rate, or the limit it sets.", examples=["2 × 4325"])
    limit: Tenge | None = Field(validation_alias="limit_tiyn")
    verified: bool
    is_over_limit: bool


class GapView(_View):
    """A norm that is not loaded: nothing is counted for these days, and nothing guessed."""

    kind: NormKind
    area: str
    first: date
    last: date


class EstimateView(_View):
    costs: list[CostView]
    gaps: list[GapView]
    days: int
    longest: str = Field(description="Days that a trip lasts at most, where this one is longer.", examples=[""])
    total: Tenge = Field(validation_alias="total_tiyn")

    @classmethod
    def of(cls, found: Estimate) -> "EstimateView":
        return cls.model_validate(found)


class ReportedLineView(_View):
    """A line of a report, beside what was estimated for it."""

    kind: CostKind
    on: date
    what: str
    paper: str
    abroad: bool
    norm: str = Field(description="How the norm comes about.", examples=["2 × 4325"])
    norm_amount: Tenge | None = Field(description="What the norms allow for it; null where none limits it.")
    estimated: Tenge = Field(description="What was estimated for it.")
    amount: Tenge
    over: Tenge = Field(description="How much of it is above the estimate.")
    is_over_norm: bool

    @classmethod
    def of(cls, each: Compared) -> "ReportedLineView":
        line = each.line
        return cls(
            kind=line.kind,
            on=line.on,
            what=line.what,
            paper=line.paper,
            abroad=line.abroad,
            norm=each.norm,
            norm_amount=each.norm_tiyn,
            estimated=each.estimated_tiyn,
            amount=line.amount_tiyn,
            over=each.over_tiyn,
            is_over_norm=each.is_over_norm,
        )


class ReportActView(_View):
    version: int
    act: ReportState
    actor: str
    on_behalf_of: str
    reason: str
    at: datetime


class ReportView(_View):
    state: ReportState
    version: int = Field(description="Number of the last act; its `ETag` is this number.")
    result: str
    lines: list[ReportedLineView]
    estimated: Tenge = Field(description="Of the days that were made.")
    spent: Tenge
    over: Tenge = Field(description="What the lines are above their estimates, together.")
    acts: list[ReportActView]


class EntryDrafted(_View):
    """How a drafted entry stands with the accountant."""

    id: int
    state: str = Field(examples=["waiting"])
    reason: str
    amount: Tenge = Field(validation_alias="amount_tiyn")
    entry_id: int | None
    journal: str
    number: int | None
    effective_on: date | None


class SendAdvance(Command):
    """Send an advance that was declined to the accountant anew."""

    sent: int = Field(ge=1, description="How many times it was sent before.")
    amount: Typed = Field(description="At most what was asked for.", examples=["60000.00"])

    @property
    def content(self) -> int:
        """In tiyn.  Raises: Invalid."""
        try:
            return parse_tiyn(self.amount)
        except DomainError as fault:
            raise Invalid({"amount": fault}) from None


class TripShown(_View):
    """What a trip is for, how it goes, what it was estimated at, and what became of its money."""

    purpose: str
    host: str
    route: str
    first: date
    last: date
    days: int
    comes_home: bool
    ground: str
    belated: str = Field(description="Why it was recorded only once it had begun; empty where it was asked for ahead.")
    legs: list[LegView]
    estimate: EstimateView
    advance_asked: Tenge
    advance_paid: Tenge = Field(description="What the accountant has posted.")
    advance: EntryDrafted | None
    advance_sent: int = Field(description="How many times the advance went to the accountant.")
    advance_may_be_sent: bool = Field(
        description="Whether it may be sent anew: it was declined, or its entry cancelled."
    )
    has_begun: bool = Field(description="Whether its first day is over: no advance is sent to the accountant then.")
    report: ReportView
    may_be_returned: bool = Field(
        description="Whether the report may be sent back: it waits, or no entry of it stands."
    )
    report_due_on: date | None = Field(
        description="By when the report is to be handed in; null before the return, or before a paid trip is cancelled."
    )
    settlement: EntryDrafted | None
    owed: Tenge = Field(description="To be paid to the person.")
    returns: Tenge = Field(description="To be returned by the person.")


def kept(trip: Trip) -> dict[str, object]:
    """As the request keeps it."""
    document: dict[str, object] = KEPT.dump_python(trip, mode="json")
    return document


def legs_of(legs: Iterable[Leg]) -> list[LegView]:
    return [LegView.model_validate(leg) for leg in legs]


def report_of(report: Report, estimate: Estimate) -> ReportView:
    """A report beside what was estimated of the days that were made."""
    beside = rules.compared(report.lines, estimate)
    return ReportView(
        state=report.state,
        version=report.version,
        result=report.result,
        lines=[ReportedLineView.of(each) for each in beside],
        estimated=estimate.total_tiyn,
        spent=report.spent_tiyn,
        over=sum(each.over_tiyn for each in beside),
        acts=[ReportActView.model_validate(act) for act in report.acts],
    )
