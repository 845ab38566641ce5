"""What accounts and values of the other program become here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from erp.finance.takeover.files.model import CounterpartyRow
from erp.finance.takeover.model import Account
from ledger.model import Dimension


@dataclass(frozen=True, slots=True)
class Decision:
    """What an account of the other program becomes, as the last decision says."""

    account: str
    ours: str
    dimensions: tuple[str, ...] = ()
    """By place of the analysis, the dimension its values become; empty where they are not kept."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    score: int | None = None
    why: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None

    def says_the_same(self, other: "Decision | None") -> bool:
        """Whether it decides nothing new."""
        return other is not None and (self.ours, self.dimensions, dict(self.fixed)) == (
            other.ours, other.dimensions, dict(other.fixed),
        )  # fmt: skip


class Why(StrEnum):
    """What a suggestion rests on."""

    SAME_CODE = "same-code"
    SAME_DIGITS = "same-digits"
    ABOVE = "above"
    CORRESPONDENCE = "correspondence"
    NAME = "name"
    EARLIER = "earlier"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Our account for one of theirs: how sure, from 0 to 100, and why."""

    account: str
    ours: str
    dimensions: tuple[str, ...]
    score: int
    why: Why


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account of the other program with what it becomes, or could."""

    account: Account
    name: str
    """Repaired."""
    uses: int
    """Rows of files that name it."""
    decision: Decision | None
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value of their analysis that becomes one of a dimension: the code, if it is decided or can be proposed."""

    dimension: Dimension
    said: str
    shown: str
    """Repaired."""
    uses: int
    code: str
    proposed: str
    why: str
    known: bool
    """Whether the register has the best code there is."""

    @property
    def best(self) -> str:
        """The code that is decided, else the proposed one."""
        return self.code or self.proposed

    @property
    def is_acceptable(self) -> bool:
        return self.known and not self.code


@dataclass(frozen=True, slots=True)
class Linking:
    """Their counterparties by what became, or can become, of each."""

    linked: tuple[CounterpartyRow, ...]
    """In the register already."""
    new: tuple[CounterpartyRow, ...]
    """With a right number that the register does not have."""
    faulty: tuple[CounterpartyRow, ...]
    """Without a number, or with a wrong one."""
