"""The nouns of the accountant's inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from erp.finance.drafts.model import Sheet
from erp.hr.contracts.types import TripSettlement


class Kind(StrEnum):
    ADVANCE = "advance"
    REPORT = "report"


class SettlementState(StrEnum):
    """How a settlement stands; what was posted, or sent for approval, stands as the books say."""

    WAITING = "waiting"
    TAKEN = "taken"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PREPARED = "prepared"
    POSTED = "posted"
    REVERSED = "reversed"
    """Posted, and the entry cancelled since: nothing was paid."""

    @property
    def is_open(self) -> bool:
        """Whether the accountant still has to do something with it."""
        return self in (SettlementState.WAITING, SettlementState.TAKEN)


class Act(StrEnum):
    DRAFTED = "drafted"
    TAKEN = "taken"
    PUT_BACK = "put-back"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Done:
    """What somebody did with a settlement."""

    version: int
    act: Act
    actor_id: int
    actor: str
    on_behalf_of: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A settlement as a line of the inbox."""

    id: int
    version: int
    kind: Kind
    state: SettlementState
    person: str
    route: str
    first: date
    last: date
    amount_tiyn: int
    drafted_by: str
    drafted_at: datetime
    taken_by: str
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Movement:
    """What a settlement that was posted does to the open advances, and what its entry does to their account."""

    entry_id: int
    entry: str
    """``MO-08 № 12``."""
    told_tiyn: int
    """Paid in advance above nought, covered by a report below it; nought once the entry was cancelled."""
    booked_tiyn: int


@dataclass(frozen=True, slots=True)
class Ties:
    """The open advances of trips, settlement by settlement, beside the account that holds them."""

    movements: tuple[Movement, ...]
    balance_tiyn: int
    """Of the whole account, with what other entries move: returns to the cash office, advances for purchases."""

    @property
    def open_tiyn(self) -> int:
        return sum(each.told_tiyn for each in self.movements)

    @property
    def booked_tiyn(self) -> int:
        return sum(each.booked_tiyn for each in self.movements)

    @property
    def differing(self) -> tuple[Movement, ...]:
        return tuple(each for each in self.movements if each.told_tiyn != each.booked_tiyn)


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """One of them whole: what the other context says, the entry as drafted, and where it is now."""

    organisation_id: int
    id: int
    key: UUID
    version: int
    state: SettlementState
    facts: TripSettlement
    sheet: Sheet
    amount_tiyn: int
    reason: str
    taken_by_id: int | None
    taken_by: str
    drafted_by: str
    drafted_at: datetime
    entry_id: int | None
    prepared_id: int | None
    draft_id: int | None
    """The actor's own draft of it."""
    acts: tuple[Done, ...] = ()

    @property
    def subject(self) -> str:
        """What the trail and its papers call it."""
        return f"settlement:{self.organisation_id}/{self.id}"

    @property
    def kind(self) -> Kind:
        return Kind(self.facts.kind)
