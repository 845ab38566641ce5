"""Commands on series of drivers."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Year = Annotated[int, Field(ge=2000, le=2199, examples=[2027])]
Number = Annotated[Decimal, Field(max_digits=20, decimal_places=6, allow_inf_nan=False, examples=["62.5"])]


class ExpectSeries(BaseModel):
    """What the organisation expects of a series, as of today."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    values: dict[Year, Number] = Field(min_length=1, max_length=40, description="By year, in the unit of the series.")
    source: str = Field(
        min_length=3,
        max_length=500,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
        description="Where it comes from, or why.",
    )
