"""What decisions on requests set going: each kind says its own."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel

from erp.base.dates import DaySpan
from erp.base.uow import UnitOfWork
from erp.hr.requests.model import Kind, Request


class Consequence(Protocol):
    """What a kind of request does in the transaction that decides on one; a refusal there refuses the decision.

    ``erp.hr.wiring`` joins the kinds; pages and API are given all of them by the composition root.
    """

    def facts(self, uow: UnitOfWork, request: Request) -> BaseModel:
        """What who asks and who decides are shown: by ``templates/KIND/_facts.html``, and as it is by the API."""

    def approved(self, uow: UnitOfWork, request: Request) -> None:
        """It has just been approved, as ``request`` says."""

    def recalled(self, uow: UnitOfWork, request: Request, days: DaySpan) -> None:
        """It was cut short, or cancelled: ``days`` are given back, ``request`` says what is left."""


Consequences = Mapping[Kind, Consequence]
