"""Commands on requests as the API takes them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from erp.hr.requests.model import Covers

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReturnRequest(_Command):
    reason: Reason


class RecallAbsence(_Command):
    """``from_day`` is the first day back at work."""

    from_day: date
    reason: Reason
    has_consent: bool


class MakeFeed(_Command):
    covers: Covers
