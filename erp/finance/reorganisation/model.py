from dataclasses import dataclass
from datetime import date, datetime

from erp.base.errors import DomainError
from erp.finance.recoding.model import Standing


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """One institution joining another on a day; public, and without sums."""

    id: int
    from_id: int
    to_id: int
    effective_on: date
    act: str
    transit: str
    """Code of the account through which balances pass; it stands at zero in both books afterwards."""
    created_at: datetime
    left_at: datetime | None
    joined_at: datetime | None
    left_rounds: int
    """How often balances left: corrections dated before the day leave a rest, which goes in the next round."""
    joined_rounds: int

    @property
    def is_done(self) -> bool:
        """Whether all that left has entered."""
        return self.joined_at is not None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What would leave a book, and why it cannot."""

    standings: tuple[Standing, ...]
    faults: tuple[DomainError, ...]


@dataclass(frozen=True, slots=True)
class Handed:
    """A balance that left one book and enters the other; debit positive."""

    account_id: int
    codes: tuple[str, ...]
    balance_tiyn: int
    quantity_milli: int
    currency_minor: int
