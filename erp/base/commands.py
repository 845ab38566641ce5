"""What commands are made of: texts, amounts and codes as a page, a program or a file sends them."""

from typing import Annotated
from unicodedata import category

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from erp.base.errors import RuleViolated
from erp.base.money import MOST_PLACES, parse_scaled, parse_tiyn, scaled_string


class TextExpected(RuleViolated):
    code = "text-expected"
    template = "This is sent as a text, like “{example}”."


def _tiyn(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(value) from TextExpected(example="1234.56")
    try:
        return parse_tiyn(value)
    except RuleViolated as fault:
        raise ValueError(str(fault)) from fault


def _scaled(value: object, places: int) -> object:
    if not isinstance(value, str):
        raise ValueError(value) from TextExpected(example="12.5")
    try:
        return parse_scaled(value, places)
    except RuleViolated as fault:
        raise ValueError(str(fault)) from fault


def _milli(value: object) -> object:
    return None if value is None else _scaled(value, QUANTITY_PLACES)


def _number(value: object) -> object:
    if value is None:
        return None
    scaled = _scaled(value, MOST_PLACES)
    assert isinstance(scaled, int)
    return scaled_string(scaled, MOST_PLACES)


def _as_decimal(description: str, example: str, places: int) -> WithJsonSchema:
    """What the description of the API says of a number that is sent as a text."""
    pattern = rf"^-?[0-9]{{1,15}}([.,][0-9]{{1,{places}}})?$"
    return WithJsonSchema({"type": "string", "description": description, "pattern": pattern, "examples": [example]})


QUANTITY_PLACES = 3
NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps every character but this one
Amount = Annotated[int, BeforeValidator(_tiyn), _as_decimal("Tenge as a decimal string.", "1234.56", places=2)]
Quantity = Annotated[int, BeforeValidator(_milli), _as_decimal("A decimal string.", "12.5", QUANTITY_PLACES)]
Number = Annotated[str, BeforeValidator(_number), _as_decimal("A decimal string.", "100.00", MOST_PLACES)]
Code = Annotated[str, Field(max_length=60, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


def one_line(text: str) -> str:
    """A name on one line, without signs that nobody sees or that turn the order of others (U+202E)."""
    return " ".join("".join(c for c in text if c.isspace() or category(c) not in _UNSEEN).split())


_UNSEEN = ("Cc", "Cf")


class Command(BaseModel):
    """What is asked for; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
