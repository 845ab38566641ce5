"""The nouns of a list of people.  What was brought stays as it came; what is found in it is found anew at each look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from erp.base.dates import DateInterval
from erp.base.errors import DomainError
from erp.base.sheets.model import Limits, Mended
from erp.hr.personnel.model import Claim, Claimed, Name, ScheduleKind
from erp.hr.staffing.model import StaffGroup

LIMITS = Limits(rows=5_000, columns=60)
"""Of a list; a larger staff comes in parts."""

FIELDS: tuple[str, ...] = (
    *("name", "family", "given", "patronymic", "birth_on", "identity"),
    *("unit", "above", "post", "category", "staff_group"),
    *("share", "since", "last", "schedule", "hours", "number"),
)
"""What a column may mean; ``above`` is the unit that the row's unit stands under."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a list is read, and what becomes of what is missing."""

    columns: tuple[str, ...] | None = None
    """The field of each column, empty where it means none; ``None``: as the heads say."""
    heads: int | None = None
    """Number of the last row of heads, 0 where there are none; ``None``: where they are found."""
    since: date | None = None
    """Day of hire of rows that name none."""
    staff_group: StaffGroup = StaffGroup.CIVIL_SERVANT
    """By which law holders of new posts serve, where the row does not say it."""
    creates_units: bool = False
    creates_posts: bool = False
    under: int | None = None
    """The unit that new ones stand under, where the row names none above."""
    adds_identities: bool = False
    """Whether people on record who have no identity number get that of their row."""
    reason: str = ""
    """The ground of acceptance, as far as it is typed."""


Row = tuple[int, tuple[str, ...]]
"""Its number in the file, and the texts of its cells."""


@dataclass(frozen=True)
class Intake:
    """A list that a person brought; ``revision`` grows with every change."""

    organisation_id: int
    id: int
    key: UUID
    name: str
    rows: tuple[Row, ...]
    """Those not accepted yet, with the heads; none once all are."""
    mended: Mended
    settings: Settings
    revision: int
    begun_at: datetime
    accepted_at: datetime | None
    """When rows of it were accepted last."""
    people: int
    appointments: int
    """Made of its rows, the first ones of new people among them."""
    identities: int
    """Identity numbers that its rows added to people on record."""

    @property
    def subject(self) -> str:
        return f"people-file:{self.organisation_id}/{self.id}"

    @property
    def is_open(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """A list as a line of its owner's lists."""

    id: int
    name: str
    begun_at: datetime
    accepted_at: datetime | None
    people: int
    appointments: int
    identities: int
    is_open: bool


# ------------------------------------------------------------------------------------------------ what is on record


class UnitDays(NamedTuple):
    """A unit on some days."""

    id: int
    valid: DateInterval
    names: tuple[str, ...]
    parent_id: int | None


class PostDays(NamedTuple):
    """A post on some days."""

    id: int
    valid: DateInterval
    unit_id: int
    titles: tuple[str, ...]
    category: str
    percent: int


class Held(NamedTuple):
    """What somebody holds of a post on some days."""

    person_id: int
    staff_unit_id: int
    valid: DateInterval
    percent: int


class Known(NamedTuple):
    """Somebody on record here."""

    id: int
    name: Name
    birth_on: date | None
    has_identity: bool
    takes_identity: bool
    """Whether one may be recorded here: there is none, the file is kept here, and it is not one's own."""
    is_own: bool = False
    """Whether it is the one who acts, or in whose name."""


@dataclass(frozen=True)
class Record:
    """All that a list is checked against."""

    units: tuple[UnitDays, ...] = ()
    posts: tuple[PostDays, ...] = ()
    held: tuple[Held, ...] = ()
    people: tuple[Known, ...] = ()
    claims: Mapping[Claim, Claimed] = field(default_factory=dict)
    """Those of the list's that are of somebody's number, here or elsewhere."""


# ------------------------------------------------------------------------------------------------ what a row means


class LineKind(StrEnum):
    PERSON = "person"
    HEAD = "head"
    BLANK = "blank"
    TOTAL = "total"
    LEFT = "left"
    """Left out by the person."""
    APPOINTED = "appointed"
    """Appointed here already: nothing is to be done."""


class Note(StrEnum):
    """What the reader ought to know of a row that is no fault."""

    ON_RECORD = "on-record"
    ELSEWHERE = "on-record-elsewhere"
    SAME_AS_ROW = "same-as-row"
    APPOINTED = "already-appointed"
    NAMESAKE = "namesake"
    BIRTH_DIFFERS = "birth-differs"
    IDENTITY_OFFERED = "identity-offered"
    IDENTITY_ADDED = "identity-added"
    IDENTITY_UNSURE = "identity-unsure"


@dataclass(frozen=True, slots=True)
class Said:
    """A row as it is understood, whoever it is about."""

    name: Name
    birth_on: date | None
    identity: str
    unit: str
    above: str
    post: str
    category: str
    staff_group: StaffGroup
    percent: int
    valid: DateInterval
    schedule: ScheduleKind
    minutes: tuple[int, ...]
    """Of each day of the cycle; none: as is usual."""
    number: str


class Whom(NamedTuple):
    """Whom a row appoints: somebody on record, or whom a row of the list brings."""

    person_id: int | None
    row: int


class NewUnit(NamedTuple):
    """A unit that a list brings; ``above`` is one that there is, or the place of another new one."""

    name: str
    since: date
    parent_id: int | None
    above: int | None


class NewPost(NamedTuple):
    """A post that a list brings, in a unit that there is or in a new one by its place."""

    title: str
    category: str
    staff_group: StaffGroup
    percent: int
    since: date
    unit_id: int | None
    unit: int | None


class Placed(NamedTuple):
    """A good row with the post that it gets: one that there is, or a new one by its place."""

    number: int
    said: Said
    whom: Whom
    post_id: int | None
    post: int | None


class Numbered(NamedTuple):
    """Somebody on record whose identity number a row adds."""

    number: int
    person_id: int
    identity: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file as it is understood."""

    number: int
    kind: LineKind
    texts: tuple[str, ...]
    faults: Mapping[int, DomainError] = field(default_factory=dict)
    """By column; under -1 the row's own."""
    notes: tuple[tuple[Note, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Checked:
    """A list with everything found in it: each row, every fault, and what its good rows would make."""

    intake: Intake
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    """The field of each column; empty where it means none."""
    heads: int
    """Number of the last row of heads; 0 where there are none."""
    lines: tuple[Line, ...]
    units: tuple[NewUnit, ...] = ()
    """Those above first."""
    posts: tuple[NewPost, ...] = ()
    placed: tuple[Placed, ...] = ()
    numbered: tuple[Numbered, ...] = ()
    fault: DomainError | None = None
    """Why nothing of it can be read."""

    @cached_property
    def faulty(self) -> frozenset[int]:
        return frozenset(line.number for line in self.lines if line.faults)

    @cached_property
    def good(self) -> frozenset[int]:
        """Numbers of the rows that would be accepted."""
        return frozenset(each.number for each in self.placed) | frozenset(each.number for each in self.numbered)

    @cached_property
    def new_people(self) -> int:
        return sum(each.whom == Whom(None, each.number) for each in self.placed)

    def count(self, kind: LineKind) -> int:
        return sum(line.kind is kind for line in self.lines)
