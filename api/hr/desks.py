"""Who opens the routes of human resources, where one's own stand, and what the composition root gave them."""

from typing import Any

from litestar import Request

from api.conventions import BOOKS
from erp.hr.contracts.ports import SettlementPort
from erp.hr.requests.consequences import Consequences
from erp.reference.access.model import Permission

OWN = BOOKS + "/own"
"""What is the caller's own, below the institution they serve at."""

SELF = {"policy": Permission.SELF_SERVICE}
READ = {"policy": Permission.STAFF_READ}
KEEP = {"policy": Permission.STAFF_KEEP}
DECIDE = {"policy": Permission.ABSENCE_DECIDE}


def consequences_of(http: Request[Any, Any, Any]) -> Consequences:
    """What decisions on requests set going, by kind."""
    found: Consequences = http.app.state.consequences
    return found


def settlements_of(http: Request[Any, Any, Any]) -> SettlementPort:
    """Where what a trip costs becomes an entry."""
    port: SettlementPort = http.app.state.settlements
    return port
