"""What human resources tells others, and is told."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Hearer(_Told):
    """A user who is told where a drafted entry is declined, and what the telling leads to."""

    user_id: int
    subject: str


class SettlementLine(_Told):
    """Costs of one kind."""

    kind: Literal["per-diem", "lodging", "fare", "other"]
    abroad: bool
    amount_tiyn: int
    norm_tiyn: int | None = None
    """What the norms allow for them; ``None`` where none limits all of them."""
    estimated_tiyn: int | None = None
    """What the approved estimate has for them; ``None`` where it was not told."""
    over_tiyn: int = 0
    """What single costs are above their estimates."""


class TripSettlement(_Told):
    """What the books are to learn of a business trip: an advance to be paid, or a report that was approved.

    ``key`` is that of the entry to come; ``subject`` names the trip as its papers and the trail do.
    """

    organisation_id: int
    key: UUID
    subject: str
    kind: Literal["advance", "report"]
    person: str
    route: str
    purpose: str
    first: date
    last: date
    """The last day of the trip itself."""
    advance_tiyn: int
    """Of an advance: what is to be paid; of a report: what was paid."""
    abroad: bool
    """Whether the trip leaves the country."""
    lines: tuple[SettlementLine, ...] = ()
    """What the report is approved with."""
    tells: tuple[Hearer, ...] = ()

    @property
    def spent_tiyn(self) -> int:
        return sum(line.amount_tiyn for line in self.lines)

    @property
    def over_tiyn(self) -> int:
        """What single costs are above their estimates, together."""
        return sum(line.over_tiyn for line in self.lines)


class SettlementStanding(_Told):
    """How a drafted entry stands with the accountant."""

    id: int
    state: Literal["waiting", "taken", "declined", "withdrawn", "posted", "reversed"]
    reason: str
    """Why it was declined or withdrawn."""
    amount_tiyn: int
    entry_id: int | None = None
    journal: str = ""
    number: int | None = None
    effective_on: date | None = None

    @property
    def is_undone(self) -> bool:
        """Whether it was declined, or posted and cancelled since: it settles nothing, and another may be sent."""
        return self.state in ("declined", "reversed")
