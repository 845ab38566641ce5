"""Commands in: what a page, a program or a file may ask of the journal."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from erp.base.dates import parse_day
from erp.base.errors import RuleViolated
from erp.base.money import parse_tiyn
from ledger.errors import YearOutOfRange
from ledger.model import Dimension


def _tiyn(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('an amount is a decimal string, like "1234.56"')
    try:
        return parse_tiyn(value)
    except RuleViolated as fault:
        raise ValueError(str(fault)) from fault


def _dimension(value: object) -> object:
    return Dimension.of(value) if isinstance(value, str) and value.upper() in Dimension.__members__ else value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            value = parse_day(value)
        except RuleViolated as fault:
            raise ValueError(str(fault)) from fault
    if not isinstance(value, date):
        raise ValueError('a day is a text, like "2026-11-22"')
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(str(YearOutOfRange(year=value.year)))
    return value


_FIRST_YEAR, _LAST_YEAR = 1991, 2199  # years that the ledger keeps
Day = Annotated[date, BeforeValidator(_day)]
Amount = Annotated[int, BeforeValidator(_tiyn)]
DimensionName = Annotated[Dimension, BeforeValidator(_dimension)]
_NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps every character but this one
Code = Annotated[str, Field(max_length=60, pattern=_NO_NUL)]
Text = Annotated[str, Field(max_length=1000, pattern=_NO_NUL)]


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class SideInput(Command):
    """One side of a posting: an account by its code, and the dimensions it asks for by theirs."""

    account: Code
    dimensions: dict[DimensionName, Code] = Field(default_factory=dict)


class PostingInput(Command):
    debit: SideInput
    credit: SideInput
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
