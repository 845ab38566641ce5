"""Commands in: what a page, a program or a file may ask of the journal."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from erp.base.commands import Amount, Code, Command, Number, Quantity, Text, TextExpected
from erp.base.dates import parse_day
from erp.base.errors import RuleViolated
from ledger.errors import YearOutOfRange
from ledger.model import Dimension


def _dimension(value: object) -> object:
    return Dimension.of(value) if isinstance(value, str) and value.upper() in Dimension.__members__ else value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            value = parse_day(value)
        except RuleViolated as fault:
            raise ValueError(str(fault)) from fault
    if not isinstance(value, date):
        raise ValueError(value) from TextExpected(example="2026-11-22")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(value) from YearOutOfRange(year=value.year)
    return value


_FIRST_YEAR, _LAST_YEAR = 1991, 2199  # years that the ledger keeps
Day = Annotated[date, BeforeValidator(_day)]
DimensionName = Annotated[
    Dimension, BeforeValidator(_dimension), WithJsonSchema({"type": "string", "enum": [d.slug for d in Dimension]})
]


class SideInput(Command):
    """One side of a posting: an account by its code, and what it asks for.

    The side opposite to an off-balance account may be left out.
    """

    account: Code = ""
    dimensions: dict[DimensionName, Code] = Field(default_factory=dict)
    quantity: Quantity | None = Field(
        None,
        description="Decimal string, where the account is kept in quantities; of the amount's sign, or 0.",
        examples=["12.5"],
    )
    currency_amount: Number | None = Field(
        None,
        description="Decimal string, in the currency among the dimensions; of the amount's sign, or 0.",
        examples=["100.00"],
    )

    @property
    def blank(self) -> bool:
        return not self.account and not any(self.dimensions.values()) and not self.measured

    @property
    def measured(self) -> bool:
        return self.quantity is not None or self.currency_amount is not None


class PostingInput(Command):
    debit: SideInput = SideInput()
    credit: SideInput = SideInput()
    amount: Amount
    memo: Text | None = None


class PostEntry(Command):
    """Post one journal entry."""

    key: UUID
    journal: Code
    effective_on: Day
    memo: Text = Field(min_length=1)
    document_number: Code = ""
    document_on: Day | None = None
    postings: list[PostingInput] = Field(min_length=1, max_length=1000)


class StornoEntry(Command):
    """Cancel a posted entry by negative amounts, with a reason."""

    key: UUID
    effective_on: Day
    reason: Text = Field(min_length=3)


class ReopenMonth(Command):
    """Open a restricted or closed month again."""

    reason: Text = Field(min_length=3)


class CloseYear(Command):
    """Close a year."""

    key: UUID


class ReopenYear(CloseYear):
    """Cancel the closing entries of a year."""

    reason: Text = Field(min_length=3)


class CorrectEntry(StornoEntry):
    """Cancel a posted entry with a reason: by negative amounts (storno), or by the opposite sides (reversal)."""

    kind: Literal["storno", "reversal"] = "storno"
