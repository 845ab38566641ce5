"""Commands on requests as the API takes them."""

from datetime import date

from pydantic import Field

from erp.base.commands import Command
from erp.hr.requests.model import Consent, Covers, Recall
from erp.hr.staffing.schemas import Reason


class ReturnRequest(Command):
    reason: Reason


class ConsentGiven(Command):
    """That the person agreed in writing."""

    given_on: date
    document: Reason = Field(examples=["заявление № 14"])


class RecallAbsence(Command):
    """Call somebody back, or give back days that were not taken."""

    from_day: date = Field(description="First day back at work; of the absence: all of it is cancelled.")
    reason: Reason
    consent: ConsentGiven | None = Field(
        None, description="Needed of leave, where the person serves on days to come that are given back."
    )
    is_correction: bool = Field(
        False, description="Needed where `from_day` is over: the days since then were not taken."
    )

    @property
    def content(self) -> Recall:
        consent = Consent(self.consent.given_on, self.consent.document) if self.consent else None
        return Recall(self.from_day, self.reason, consent, self.is_correction)


class MakeFeed(Command):
    covers: Covers
