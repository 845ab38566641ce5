"""Commands in: what a page or a program may say of a list of people."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from erp.base.commands import Command
from erp.hr.intake.model import FIELDS, LIMITS
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.schemas import Day, Id, Reason

Address = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]{0,6}$")]
CellText = Annotated[str, Field(max_length=LIMITS.text, pattern=r"^[^\x00]*$")]
Meaning = Literal[
    "",
    "name", "family", "given", "patronymic", "birth_on", "identity",
    "unit", "above", "post", "category", "staff_group",
    "share", "since", "last", "schedule", "hours", "number",
]  # fmt: skip
assert set(get_args(Meaning)) == {"", *FIELDS}


class ReadList(Command):
    """How a list is read, and what its cells should say."""

    columns: tuple[Meaning, ...] | None = Field(None, max_length=LIMITS.columns, description="Null: as the heads say.")
    heads: int | None = Field(None, ge=0, le=LIMITS.rows, description="Last row of heads; 0: none; null: as found.")
    since: Day | None = Field(None, description="The first day of work of rows that name none.")
    staff_group: StaffGroup = Field(StaffGroup.CIVIL_SERVANT, description="Of new posts whose rows do not say it.")
    creates_units: bool = Field(False, description="Create the units that are missing.")
    creates_posts: bool = Field(False, description="Create the posts that are missing.")
    under: Id | None = Field(None, description="The unit that new ones stand under, where the row names none.")
    adds_identities: bool = Field(False, description="Add the rows' identity numbers to people on record without one.")
    cells: dict[Address, CellText] = Field(default_factory=dict, description="By address, what cells should say.")
    left: tuple[int, ...] = Field((), max_length=LIMITS.rows, description="Numbers of the rows to leave out.")


class AcceptList(Command):
    """Put the good rows on the staff."""

    reason: Reason
