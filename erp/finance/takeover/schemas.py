"""Commands in: what a page or a program may ask of a takeover."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from erp.base.commands import NO_NUL, Command
from erp.finance.journal.schemas import Day

Code = Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL)]
Said = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
DimensionSlug = Literal[
    "programme", "specific", "source", "counterparty", "contract", "item", "project", "person", "currency"
]


class BeginTakeover(Command):
    """An institution moves over on the first day of a month."""

    starts_on: Day
    source_program: Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL, examples=["1С:Бухгалтерия 8"])]


class DecideAccount(Command):
    """What an account of the other program becomes here."""

    account: Code
    ours: Code
    dimensions: Annotated[
        list[DimensionSlug | Literal[""]],
        Field(max_length=3, description="By place of the analysis, what its values become; empty: not kept."),
    ] = Field(default_factory=list)
    fixed: Annotated[
        dict[DimensionSlug, Code], Field(description="Values that all of the account gets.", max_length=9)
    ] = Field(default_factory=dict)


class DecideAccounts(Command):
    decisions: Annotated[list[DecideAccount], Field(min_length=1, max_length=2000)]


class AcceptSuggestions(Command):
    """Accept every suggestion that is at least so sure."""

    least: Annotated[int, Field(ge=1, le=100)] = 90


class DecideValue(Command):
    """What a value of the other program's analysis is here; an empty code takes the decision back."""

    dimension: DimensionSlug
    said: Said
    code: Annotated[str, Field(max_length=60, pattern=NO_NUL)]


class DecideValues(Command):
    decisions: Annotated[list[DecideValue], Field(min_length=1, max_length=5000)]


class DecideWord(Command):
    """A word of an old font and what it is; the same word where it is to stay."""

    before: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
    after: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]


class DecideWords(Command):
    decisions: Annotated[list[DecideWord], Field(min_length=1, max_length=20000)]


class PostOpening(Command):
    key: UUID


class PostMonth(Command):
    """Post what can be posted of a month of their journal; the same key posts it once."""

    key: UUID
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$", examples=["2026-01"])]


class ExplainDifference(Command):
    account: Annotated[str, Field(min_length=1, max_length=61, pattern=NO_NUL)]
    codes: Annotated[list[Said], Field(min_length=9, max_length=9, description="One a dimension, in their order.")]
    reason: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]
