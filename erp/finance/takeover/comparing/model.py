"""Two trial balances held against each other: where they differ, and by which postings."""

from dataclasses import dataclass
from datetime import date, datetime

from erp.finance.takeover.model import File


@dataclass(frozen=True, slots=True)
class Difference:
    """A side on which the two trial balances differ; ``account`` begins with ? for one of theirs mapped to none."""

    account: str
    codes: tuple[str, ...]
    theirs_opening: int
    theirs_debit: int
    theirs_credit: int
    ours_opening: int
    ours_debit: int
    ours_credit: int
    reason: str = ""
    explained_by: str = ""
    explained_at: datetime | None = None

    @property
    def opening(self) -> int:
        """Ours less theirs, debit positive; the turnovers alike."""
        return self.ours_opening - self.theirs_opening

    @property
    def debit(self) -> int:
        return self.ours_debit - self.theirs_debit

    @property
    def credit(self) -> int:
        return self.ours_credit - self.theirs_credit

    @property
    def closing(self) -> int:
        return self.opening + self.debit - self.credit

    @property
    def theirs_closing(self) -> int:
        return self.theirs_opening + self.theirs_debit - self.theirs_credit

    @property
    def ours_closing(self) -> int:
        return self.ours_opening + self.ours_debit - self.ours_credit

    @property
    def size(self) -> int:
        """How far apart they are: what the opening balance brought, and what the months themselves added."""
        return abs(self.opening) + abs(self.debit) + abs(self.credit)

    @property
    def is_carried(self) -> bool:
        """Whether it came with the opening balance, and the months themselves agree."""
        return not (self.debit or self.credit)

    @property
    def is_explained(self) -> bool:
        return bool(self.reason)

    @property
    def is_unmapped(self) -> bool:
        return self.account.startswith("?")


@dataclass(frozen=True, slots=True)
class Agreement:
    agreed_by: str
    agreed_at: datetime
    sides: int


@dataclass(frozen=True)
class Comparison:
    """Their trial balance of some months against ours: the sides that differ, and how much was compared."""

    file: File
    differences: tuple[Difference, ...]
    sides: int
    turnover_tiyn: int
    agreement: Agreement | None

    @property
    def size(self) -> int:
        """Sum of the absolute differences."""
        return sum(d.size for d in self.differences)

    @property
    def unexplained(self) -> int:
        return sum(d.size for d in self.differences if not d.is_explained)

    @property
    def is_equal(self) -> bool:
        return not self.differences

    @property
    def is_settled(self) -> bool:
        """Whether it is agreed, or each difference has a reason."""
        return self.agreement is not None or (not self.is_equal and all(d.is_explained for d in self.differences))


@dataclass(frozen=True, slots=True)
class TheirLine:
    """A posting of theirs behind a difference; ``entry_id`` where it was posted here."""

    file_id: int
    row_no: int
    on: date
    document: str
    memo: str
    debit: str
    credit: str
    amount_tiyn: int
    entry_id: int | None

    @property
    def place(self) -> str:
        return f"A{self.row_no}"


@dataclass(frozen=True, slots=True)
class OurLine:
    """A posting of ours behind a difference."""

    entry_id: int
    number: int
    journal: str
    on: date
    memo: str
    debit: str
    credit: str
    amount_tiyn: int


@dataclass(frozen=True)
class Drill:
    """What is behind a difference: pairs of the same day, amount and correspondence set aside, and what is left."""

    paired: int
    theirs: tuple[TheirLine, ...]
    ours: tuple[OurLine, ...]
    near: tuple[tuple[TheirLine, OurLine], ...]
    """Left on both sides with the same amount: likely the same with another day or account."""
