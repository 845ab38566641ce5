"""The nouns of the story: what an institution is like, and what its accountant writes down.  Amounts are tiyn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from typing import NamedTuple

from ledger.model import EntryKind


@dataclass(frozen=True, slots=True)
class Body:
    """A body that keeps no books here; parent by its code."""

    code: str
    kind: str
    kk: str
    ru: str
    en: str
    parent: str | None = None
    office: str | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Institution(Body):
    """An institution that keeps books; the fields are explained in ``institutions.toml``."""

    language: str = ""
    accountant: str = ""
    joins: date | None = None
    reopened: date | None = None
    programme: str = ""
    place: str = ""
    area: int = 0
    people: int = 0
    inhabitants: int = 0
    eaters: int = 0
    meal: int = 0
    vehicles: int = 0
    trips: int = 0
    traits: frozenset[str] = frozenset()
    works: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, int] = field(default_factory=dict)
    staff: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    holdings: Mapping[str, tuple[float, int, int]] = field(default_factory=dict)

    @property
    def staff_size(self) -> int:
        return sum(persons for persons, _ in self.staff.values())

    def measure(self, per: str) -> int:
        """What a bill grows with: ``area``, ``people``, ``staff`` …; 1 for the institution itself."""
        sizes = {"institution": 1, "staff": self.staff_size}
        return sizes[per] if per in sizes else int(getattr(self, per))


@dataclass(frozen=True, slots=True)
class Supplier:
    """A firm with its names; ``supplies`` and ``places`` tell who turns to it (no places: everybody)."""

    code: str
    supplies: frozenset[str]
    places: frozenset[str]
    names: Mapping[str, str]


class Side(NamedTuple):
    """An account and the dimensions it names."""

    account: str
    programme: str = ""
    specific: str = ""
    counterparty: str = ""
    person: str = ""


class Line(NamedTuple):
    """A posting by codes; ``debit_litres`` and ``credit_litres`` only for petrol."""

    debit: Side
    credit: Side
    tiyn: int
    memo: str | None = None
    debit_litres: int | None = None
    credit_litres: int | None = None


class Stage(Enum):
    """When and by whom an entry is posted."""

    STORY = auto()  # by the accountant, as it comes
    ADJUSTMENT = auto()  # by the chief accountant, once December is restricted
    REOPENED = auto()  # by the chief accountant, in a month opened again


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry by codes.  A paper of the institution's own (``series``) gets its number once all are in order."""

    on: date
    journal: str
    memo: str
    lines: tuple[Line, ...]
    kind: EntryKind = EntryKind.ORDINARY
    series: str = ""
    number: str = ""
    place_in_day: int = 5  # plans come first, the closing of a year last
    stage: Stage = Stage.STORY


@dataclass(frozen=True, slots=True)
class Slip:
    """An entry made by mistake, and its storno."""

    wrong: Draft
    cancelled_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Asset:
    """A long-term asset, or a lot of equal ones, worn down in equal parts from the month after ``since``."""

    account: str
    cost_tiyn: int
    life_months: int
    since: date

    def worn_tiyn(self, month: date) -> int:
        """Accumulated depreciation at the end of a month."""
        months = min(self._age(month), self.life_months)
        return self.cost_tiyn * months // self.life_months if self.life_months else 0

    def is_long_worn(self, month: date) -> bool:
        """Whether it has been worn down for a year and more."""
        return bool(self.life_months) and self._age(month) >= self.life_months + 12

    def _age(self, month: date) -> int:
        return (month.year - self.since.year) * 12 + month.month - self.since.month


@dataclass(slots=True)
class Stock:
    """What lies in store on one account."""

    tiyn: int = 0
    litres: int = 0
