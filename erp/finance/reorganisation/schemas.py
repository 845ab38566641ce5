"""Commands in: what a page or a program may ask."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from erp.base.commands import NO_NUL
from erp.finance.journal.schemas import Day


class Join(BaseModel):
    """This institution joins another on the first of a month; its balances leave through an account in transit."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    other: Annotated[str, Field(max_length=20, pattern=NO_NUL, description="BIN of the institution it joins.")]
    effective_on: Day
    act: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL, description="The act that merges them.")]
    transit: Annotated[str, Field(max_length=10, pattern=NO_NUL, description="Account through which balances pass.")]
