"""The nouns of the kernel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntFlag, StrEnum
from uuid import UUID


class Dimension(IntFlag):
    """What an account may be analysed by; the bits of ``ledger_account.mandatory`` and ``permitted``."""

    PROGRAMME = 1
    SPECIFIC = 2
    SOURCE = 4
    COUNTERPARTY = 8
    CONTRACT = 16
    ITEM = 32
    PROJECT = 64
    PERSON = 128
    CURRENCY = 256

    @property
    def slug(self) -> str:
        """Name of one dimension as columns, forms and files write it: ``programme``."""
        assert self.name is not None
        return self.name.lower()

    @classmethod
    def of(cls, slug: str) -> "Dimension":
        return cls[slug.upper()]


class EntryKind(StrEnum):
    ORDINARY = "ordinary"
    OPENING = "opening"
    CLOSING = "closing"
    STORNO = "storno"
    REVERSAL = "reversal"

    @property
    def balance_kind(self) -> int:
        """Kind of the balances such an entry adds to: 0 ordinary, 1 opening, 2 closing."""
        return {EntryKind.OPENING: 1, EntryKind.CLOSING: 2}.get(self, 0)


class PeriodState(StrEnum):
    """How far a month is locked: for nobody, for all who may not adjust, for everybody."""

    OPEN = "open"
    RESTRICTED = "restricted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SubaccountKey:
    """An account and its dimension codes; what a subaccount id stands for."""

    account_id: int
    codes: tuple[str, ...]
    """One code a dimension, in the order of ``Dimension``; empty where absent."""

    @classmethod
    def of(cls, account_id: int, dimensions: Mapping[Dimension, str]) -> "SubaccountKey":
        return cls(account_id, tuple(dimensions.get(d, "") for d in Dimension))


@dataclass(frozen=True, slots=True)
class Posting:
    """One debit side, one credit side, one amount (проводка)."""

    debit_id: int
    credit_id: int
    amount_tiyn: int
    memo: str | None = None
    debit_quantity_milli: int | None = None
    credit_quantity_milli: int | None = None
    debit_currency_minor: int | None = None
    credit_currency_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry came from: a kind of document, its id, a line in it."""

    kind: str
    id: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A document header with one or more postings, ready to be posted under its idempotency key."""

    organisation_id: int
    key: UUID
    journal_id: int
    effective_on: date
    memo: str
    postings: tuple[Posting, ...]
    kind: EntryKind = EntryKind.ORDINARY
    document_number: str = ""
    document_on: date | None = None
    source: Source = field(default_factory=lambda: Source("manual"))
    content: bytes | None = None
    """SHA-256 of what the key stands for, where that is a command of which the entry is the outcome."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Cancels an entry: a storno by the same correspondence with negative amounts, a reversal by the opposite one."""

    organisation_id: int
    key: UUID
    entry_id: int
    fiscal_year: int
    effective_on: date
    reason: str
    kind: EntryKind = EntryKind.STORNO


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a posting command ended up; ``is_new`` is false when its key had been used before."""

    entry_id: int
    fiscal_year: int
    number: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class PostedBatch:
    entries: int
    postings: int
    amount_tiyn: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class YearClosed:
    """What closing a year posted; ``result_tiyn`` is the year's surplus, a deficit negative."""

    entries: int
    postings: int
    result_tiyn: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class YearReopened:
    """How many closing entries were cancelled, and by how many postings."""

    entries: int
    postings: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who posts, and from where (network address or program)."""

    id: int
    origin: str
