"""Commands in: what a program may bring, and what it may say of it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from erp.base.commands import Code, Command, Text
from erp.finance.intake.model import LIMITS, Grouping, Purpose

_LONGEST_PASTE = 8_000_000
CellText = Annotated[str, Field(max_length=LIMITS.text)]
Address = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]{0,6}$")]


class BringTable(Command):
    """Bring a table as a text: cells with tabs or semicolons between them, rows on lines."""

    key: UUID
    name: str = Field("", max_length=200)
    text: str = Field(min_length=1, max_length=_LONGEST_PASTE)
    purpose: Purpose = Purpose.ENTRIES


class ReadTable(Command):
    """How the table is to be read, and what cells should say; what is left out stays as it is."""

    purpose: Purpose | None = None
    sheet: int | None = Field(None, ge=0, le=1000)
    heads: tuple[int, int] | None = Field(None, description="Numbers of the first and the last row of heads.")
    has_heads: bool = Field(True, description="False: the table has no heads, whatever was found.")
    columns: list[Code] | None = Field(None, max_length=LIMITS.columns, description="The field of each column, or ''.")
    grouping: Grouping | None = None
    journal: Code | None = None
    effective_on: Code | None = None
    memo: Text | None = None
    cells: dict[Address, CellText] = Field(default_factory=dict, description="By address, what cells should say.")
    left: list[int] | None = Field(None, max_length=LIMITS.rows, description="Numbers of the rows to leave out.")


class AcceptTable(Command):
    """Make drafts of the table's entries, have those without faults posted, or register its counterparties."""

    make: Literal["drafts", "entries", "counterparties"]
