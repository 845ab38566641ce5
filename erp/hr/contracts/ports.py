"""What human resources needs of others: whoever provides it is wired by the composition root."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from erp.base.uow import UnitOfWork
from erp.hr.contracts.types import SettlementStanding, TripSettlement


class SettlementPort(Protocol):
    """Where what a trip costs becomes an entry: each call works in the caller's transaction."""

    def draft(self, uow: UnitOfWork, settlement: TripSettlement) -> None:
        """Lay the drafted entry into the accountant's inbox; the same key lays it once.

        No month is looked at: the accountant dates the entry.
        """
        ...

    def withdraw(self, uow: UnitOfWork, organisation_id: int, key: UUID, reason: str) -> bool:
        """Take back what nobody has begun to post, and why; whether it is back."""
        ...

    def standing(self, uow: UnitOfWork, organisation_id: int, keys: Collection[UUID]) -> dict[UUID, SettlementStanding]:
        """How drafted entries stand, by key; those that were never drafted are absent."""
        ...
