"""Commands in: what a page or a program may ask of scenarios."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from erp.base.commands import Command
from erp.economy.formulas.reading import LONGEST

Amount = Annotated[Decimal, Field(max_digits=20, decimal_places=6, allow_inf_nan=False)]
Driver = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Year = Annotated[int, Field(ge=1991, le=2200)]
Paths = dict[Driver, dict[Year, Amount]]


class BeginScenario(Command):
    """Branch a scenario off a version of a plan."""

    key: UUID
    plan: int = Field(ge=1, le=2_147_483_647)
    parent: int = Field(ge=1, le=2_147_483_647, description="The version whose figures the formulas start from.")
    name: str = Field(min_length=3, max_length=200)
    reason: str = Field(min_length=3, max_length=1000)


Formulas = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]


class TryFormulas(Command):
    """What other formulas would give."""

    formulas: Formulas = Field(description="The text; a model of `measure amount: KZT`.")
    assumptions: Paths = Field(default_factory=dict, description="Values that differ from the saved ones.")


class SaveScenario(Command):
    """Save what the paths, and the formulas, give as an edit of the scenario's version."""

    key: UUID
    assumptions: Paths = Field(description="Values that differ from the saved ones, by driver and year.")
    formulas: Formulas | None = Field(
        default=None, description="The text of the formulas, where it changes; a model of `measure amount: KZT`."
    )
    reason: str = Field(min_length=3, max_length=1000)
