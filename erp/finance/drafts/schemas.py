"""A sheet as pages and programs send it: texts, kept to the letter."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from erp.finance.drafts.model import MOST_ROWS, Origin, Sheet, TypedRow, TypedSide
from erp.finance.journal.schemas import DimensionName
from ledger.model import Dimension

LONGEST = 4000
"""Characters of a cell: more than any is taken with, so that what is too long is kept and told."""
Typed = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00]*$")]


class _Typed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SideTyped(_Typed):
    """One side of a row."""

    account: Typed = ""
    dimensions: dict[DimensionName, Typed] = Field(default_factory=dict)
    quantity: Typed = ""
    currency_amount: Typed = ""

    @field_serializer("dimensions")
    def _by_slug(self, dimensions: dict[Dimension, str]) -> dict[str, str]:
        return {dimension.slug: code for dimension, code in dimensions.items()}

    @property
    def side(self) -> TypedSide:
        named = {dimension.slug: code for dimension, code in self.dimensions.items() if code}
        return TypedSide(self.account, named, self.quantity, self.currency_amount)


class RowTyped(_Typed):
    debit: SideTyped = SideTyped()
    credit: SideTyped = SideTyped()
    amount: Typed = ""
    memo: Typed = ""


class SheetTyped(_Typed):
    """An entry as it is typed: every cell a text, none of them read."""

    journal: Typed = ""
    effective_on: Typed = ""
    document_number: Typed = ""
    document_on: Typed = ""
    memo: Typed = ""
    rows: list[RowTyped] = Field(default_factory=list, max_length=MOST_ROWS)

    @property
    def sheet(self) -> Sheet:
        rows = tuple(TypedRow(row.debit.side, row.credit.side, row.amount, row.memo) for row in self.rows)
        return Sheet(self.journal, self.effective_on, self.document_number, self.document_on, self.memo, rows)


class BeginDraft(_Typed):
    """Keep what is typed as a draft."""

    key: UUID
    sheet: SheetTyped
    origin: Origin = Origin.GRID
    note: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""
