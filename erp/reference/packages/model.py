from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from erp.base.dates import DateInterval
from ledger.model import Dimension


class Confidence(StrEnum):
    """How sure a row is: read in the act, read about, recalled and consistent, recalled only."""

    VERIFIED = "verified"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def is_not_verified(self) -> bool:
        """Whether the row must be shown as not verified."""
        return self in (Confidence.MEDIUM, Confidence.LOW)


class Content(StrEnum):
    """Registers that a file of a package may fill."""

    ACCOUNTS = "accounts"
    JOURNALS = "journals"
    FUNCTIONAL = "functional"
    ECONOMIC = "economic"
    REVENUE = "revenue"
    CURRENCIES = "currencies"
    HOLIDAYS = "holidays"
    DAYS = "days"
    TYPICAL_ENTRIES = "typical_entries"
    LEAVE_KINDS = "leave_kinds"
    LEAVE_NORMS = "leave_norms"
    LEAVE_RULES = "leave_rules"
    TRIP_NORMS = "trip_norms"
    DRIVER_VALUES = "driver_values"


@dataclass(frozen=True, slots=True)
class Names:
    kk: str
    ru: str
    en: str

    def name(self, language: str) -> str:
        return str(getattr(self, language))


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRow:
    """What every row of a package says; ``in_force`` already lies within the edition's own interval."""

    code: str
    names: Names
    in_force: DateInterval
    confidence: Confidence
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow(PackageRow):
    parent_code: str
    kind: str
    normal_side: str
    postable: bool
    mandatory: Dimension
    permitted: Dimension
    keeps_quantity: bool
    role: str
    """What the program itself posts to the account: one of ``ledger_account.role``; mostly empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow(PackageRow):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationRow(PackageRow):
    parent_code: str
    level: str
    international: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRow(PackageRow):
    number: str
    minor_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayRow(PackageRow):
    moves: bool
    """Whether the next working day is free where it falls on a day off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow(PackageRow):
    kind: str
    instead_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalEntryRow(PackageRow):
    parent_code: str
    debit: tuple[str, ...]
    credit: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TripNormRow(PackageRow):
    kind: str
    area: str
    value: str
    """A number without needless zeros."""
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverValueRow(PackageRow):
    series: str
    unit: str
    year: int
    vintage: str
    value: str
    """A number without needless zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveKindRow(PackageRow):
    draws: bool
    counting: str
    paid: str
    seniority: bool
    least_days: int | None
    most_days: int | None
    timesheet_code: str
    act_kk: str
    act_ru: str
    act_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveNormRow(PackageRow):
    staff_group: str
    days: int
    act_kk: str
    act_ru: str
    act_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRuleRow(PackageRow):
    value: int
    act_kk: str
    act_ru: str
    act_en: str


@dataclass(frozen=True, slots=True)
class Package:
    """One edition of a package, valid as a whole."""

    name: str
    titles: Names
    act: str
    edition: str
    in_force: DateInterval
    sha256: str
    contents: Mapping[Content, tuple[PackageRow, ...]]

    @property
    def rows(self) -> int:
        return sum(map(len, self.contents.values()))

    @property
    def not_verified(self) -> int:
        """How many rows are below high confidence."""
        return sum(row.confidence.is_not_verified for rows in self.contents.values() for row in rows)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a package and where it stands; ``line`` counts from 1 and includes the heading."""

    file: str
    line: int | None
    column: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        column = f"{self.column}: " if self.column else ""
        return f"{place}: {column}found {self.found}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a package did; ``is_new`` is false when this very package was in use already."""

    name: str
    edition: str
    rows: int
    not_verified: int
    is_new: bool
    added: int = 0
    changed: int = 0
    closed: int = 0


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Difference:
    """What loading a package would do to one code; ``fields`` are those it changes, as they are and would be."""

    content: Content
    code: str
    names: Names
    change: Change
    fields: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Preview:
    """A package beside what is in use, before it is taken."""

    package: Package
    in_use: "LoadedPackage | None"
    differences: tuple[Difference, ...]

    @property
    def is_loaded(self) -> bool:
        """Whether this very package is what is in use."""
        return self.in_use is not None and self.in_use.sha256 == self.package.sha256

    def count(self, change: Change) -> int:
        return sum(d.change is change for d in self.differences)


@dataclass(frozen=True, slots=True)
class UnverifiedRow:
    """A row of a register that nobody has compared with the act yet."""

    content: str
    code: str
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str
    source: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class LoadedPackage:
    """A package as it was loaded."""

    name: str
    edition: str
    title_kk: str
    title_ru: str
    title_en: str
    act: str
    first: date | None
    last: date | None
    """The first day the edition no longer counts; ``None`` while it does."""
    contents: list[str]
    sha256: str
    rows: int
    not_verified: int
    loaded_at: datetime
    loaded_by: str | None
    """Who loaded it; ``None`` is the program itself."""

    def title(self, language: str) -> str:
        return str(getattr(self, f"title_{language}"))
