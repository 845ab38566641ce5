"""Human resources put together: each kind of request with what approving and recalling it does."""

from erp.hr.contracts.ports import SettlementPort
from erp.hr.leave.service import Leave
from erp.hr.requests.consequences import Consequences
from erp.hr.requests.model import Kind
from erp.hr.trips.service import Trips


def consequences(settlements: SettlementPort) -> Consequences:
    """By kind; what trips cost goes to ``settlements``."""
    return {Kind.LEAVE: Leave(), Kind.TRIP: Trips(settlements)}
