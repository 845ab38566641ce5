"""What an accounting policy lays down: a typed document, kept as JSON under the version of its form."""

from fractions import Fraction
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from erp.base.commands import Code

SCHEMA_VERSION = 1
"""Of the form below; a later form comes with a reader of this one."""

RouteStep = Literal["check", "first-signature", "second-signature"]
ROUTE: tuple[RouteStep, ...] = ("check", "first-signature", "second-signature")
Owner = Literal["accountant", "chief_accountant"]
Unit = Literal["tiyn", "tenge", "thousand"]
_TIYN_IN = {"tiyn": 1, "tenge": 100}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class JournalRule(_Part):
    """A journal that is kept: how its numbers are written, and who signs its entries."""

    code: Code
    prefix: str = Field("", max_length=12, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["МО6-"])
    width: int = Field(1, ge=1, le=9, description="Digits of a number at least, filled up with zeros.")
    year: Literal["", "yy", "yyyy"] = Field("", description="How the year is written behind the number.")
    steps: tuple[RouteStep, ...] = Field((), description="What follows on the preparation; none: it is posted at once.")
    cms: tuple[RouteStep, ...] = Field((), description="Steps that need a digital signature.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.steps != tuple(step for step in ROUTE if step in self.steps) or not set(self.cms) <= set(self.steps):
            raise ValueError(self.steps)
        return self

    def written(self, number: int, year: int) -> str:
        """A legal number as documents show it; the counter behind it knows nothing of this."""
        ending = {"": "", "yy": f"/{year % 100:02d}", "yyyy": f"/{year}"}[self.year]
        return f"{self.prefix}{number:0{self.width}d}{ending}"


class Rounding(_Part):
    """How the program rounds an amount that it computes."""

    unit: Literal["tiyn", "tenge"] = "tiyn"
    mode: Literal["half-up", "half-even", "down"] = "half-up"

    def rounded(self, tiyn: Fraction) -> int:
        """Whole tiyn of a computed amount, alike on both sides of zero."""
        step, half = _TIYN_IN[self.unit], Fraction(1, 2)
        whole, rest = divmod(abs(tiyn) / step, 1)
        up = {"half-up": rest >= half, "half-even": rest > half or (rest == half and whole % 2 == 1), "down": False}
        rounded = (whole + up[self.mode]) * step
        return -rounded if tiyn < 0 else rounded


class DepreciationRule(_Part):
    """How the assets of a group lose value, once assets are kept here."""

    group: Code
    method: Literal["straight-line", "reducing-balance", "units-of-production", "none"]
    life_months: int | None = Field(None, ge=1, le=1200)


class CloseStep(_Part):
    """A step of the month close: whose it is, by when, and whether the month waits for its proof."""

    step: Code
    owner: Owner
    person: int | None = Field(None, ge=1, le=2_147_483_647, description="A person, where it is not the role's.")
    due: int = Field(ge=1, le=20, description="Working day of the following month.")
    blocking: bool = Field(description="Whether nothing but the proof closes the month; else a reason does.")


class Threshold(_Part):
    code: Code
    value: int = Field(ge=0, le=1_000_000_000)


class Content(_Part):
    """The policy itself."""

    journals: tuple[JournalRule, ...] = Field(min_length=1, max_length=100)
    amounts: Rounding = Rounding()
    reports: Unit = "tiyn"
    depreciation: tuple[DepreciationRule, ...] = Field((), max_length=100)
    closing: tuple[CloseStep, ...] = Field((), max_length=50)
    thresholds: tuple[Threshold, ...] = Field((), max_length=50)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for codes in (
            [each.code for each in self.journals],
            [each.group for each in self.depreciation],
            [each.step for each in self.closing],
            [each.code for each in self.thresholds],
        ):
            if len(set(codes)) < len(codes):
                raise ValueError(codes)
        return self

    def threshold(self, code: str, otherwise: int) -> int:
        return next((each.value for each in self.thresholds if each.code == code), otherwise)
