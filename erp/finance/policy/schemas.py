"""Commands in: what a page or a program may ask of the policy."""

from uuid import UUID

from pydantic import Field

from erp.base.commands import Command, Text
from erp.finance.journal.schemas import Day
from erp.finance.policy.content import Content


class WritePolicy(Command):
    """What an edition is to say, and from which day."""

    since: Day = Field(
        description="The first day on which it counts: tomorrow or later when it is signed. Of an institution's first"
        " edition also earlier, where nothing but opening entries is posted from that day on."
    )
    content: Content


class BeginPolicy(WritePolicy):
    """Begin a new edition, from the default or from one that a body above publishes."""

    key: UUID
    adopts_organisation: int | None = Field(None, ge=1, le=2_147_483_647)
    adopts_policy: int | None = Field(None, ge=1, le=2_147_483_647)


class ReturnPolicy(Command):
    """Send a proposed edition back to who wrote it."""

    reason: Text = Field(min_length=3)
