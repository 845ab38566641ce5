"""The nouns of a takeover.  Amounts are integer tiyn; *theirs* is the other program's, *ours* what is kept here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from erp.base.dates import MonthSpan
from ledger.model import Dimension

_CURRENCY = list(Dimension).index(Dimension.CURRENCY)


class State(StrEnum):
    UNDER_WAY = "under-way"
    FINISHED = "finished"
    GIVEN_UP = "given-up"


class Kind(StrEnum):
    """What a file of the other program is."""

    CHART = "chart"
    BALANCE = "balance"
    JOURNAL = "journal"
    COUNTERPARTIES = "counterparties"


@dataclass(frozen=True, slots=True)
class Takeover:
    """An institution that moves over: from which day, from which program."""

    id: int
    starts_on: date
    source_program: str
    state: State
    begun_by: str
    begun_at: datetime

    @property
    def is_under_way(self) -> bool:
        return self.state is State.UNDER_WAY


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that was recognised: what it holds, where it stands, how the file calls it."""

    field: str
    letter: str
    words: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was taken for, and by which headings."""

    kind: Kind
    head_row: int
    headings: tuple[Heading, ...]
    ignored: tuple[str, ...]
    span: MonthSpan | None = None
    """Months that the file says it is of."""


@dataclass(frozen=True, slots=True)
class File:
    """A file taken in; ``set_aside_at`` where it counts no more."""

    id: int
    kind: Kind
    name: str
    sha256: bytes
    first_on: date | None
    last_on: date | None
    head_row: int
    recognised: Mapping[str, object]
    row_count: int
    amount_tiyn: int
    taken_by: str
    taken_at: datetime
    set_aside_at: datetime | None

    @property
    def span(self) -> MonthSpan:
        assert self.first_on is not None
        assert self.last_on is not None
        return MonthSpan.of(self.first_on, self.last_on)


@dataclass(frozen=True, slots=True)
class Side:
    """A side as the other program names it: an account and values of its analysis; no account: single-sided."""

    account: str
    subconto: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the other program."""

    code: str
    name: str
    nature: str = ""
    """``active``, ``passive``, ``both``; empty where no chart said."""
    off_balance: bool = False
    subconto: tuple[str, ...] = ()
    """Kinds of its analysis."""


@dataclass(frozen=True, slots=True)
class OurSide:
    """Where a side of theirs stands here: an account's code, and codes in the order of ``Dimension``."""

    account: str
    codes: tuple[str, ...]

    @property
    def keeps_currency(self) -> bool:
        """Whether its postings carry an amount in a currency beside the tenge."""
        return bool(self.codes[_CURRENCY])
