"""What finance provides to other contexts; only composition roots import it."""

from collections.abc import Collection
from uuid import UUID

from erp.base.uow import UnitOfWork
from erp.finance.settlements import service as settlements
from erp.hr.contracts.ports import SettlementPort
from erp.hr.contracts.types import SettlementStanding, TripSettlement


class Settlements:
    """``SettlementPort`` of human resources: what a trip costs waits in the accountant's inbox."""

    def draft(self, uow: UnitOfWork, settlement: TripSettlement) -> None:
        settlements.draft(uow, settlement)

    def withdraw(self, uow: UnitOfWork, organisation_id: int, key: UUID, reason: str) -> bool:
        return settlements.withdraw(uow, organisation_id, key, reason)

    def standing(self, uow: UnitOfWork, organisation_id: int, keys: Collection[UUID]) -> dict[UUID, SettlementStanding]:
        return settlements.standing(uow, organisation_id, keys)


def settlement_port() -> SettlementPort:
    return Settlements()
