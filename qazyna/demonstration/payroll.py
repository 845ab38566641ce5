"""From gross pay to what the person gets and what the employer adds, by the dated parameters beside this module."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

_PARAMETERS = Path(__file__).parent / "payroll_parameters.csv"


@cache
def parameters(year: int) -> Mapping[str, Decimal]:
    """Parameters in force in a year; none of them changed within one of 2022 to 2026."""
    with _PARAMETERS.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda r: r["effective_from"])
    return {r["name"]: Decimal(r["value"]) for r in rows if date.fromisoformat(r["effective_from"]).year <= year}


@dataclass(frozen=True, slots=True)
class Payslip:
    """One person's month; tiyn."""

    gross: int
    opv: int
    vosms: int
    iit: int
    so: int
    oosms: int
    opvr: int
    social_tax: int

    @property
    def net(self) -> int:
        return self.gross - self.opv - self.vosms - self.iit


def payslip(gross_tiyn: int, year: int, *, born_since_1975: bool) -> Payslip:
    """A resident's full month with the standard deduction; the upper band of income tax (over 8500 MCI a year) is
    not reached by anybody here.

    Source: payroll rules of 2022 to 2026 as gathered; the worked examples of the test are published ones.
    """
    p = parameters(year)
    gross, mci, wage = Decimal(gross_tiyn), p["MCI"] * 100, p["MIN_WAGE"] * 100

    opv = min(gross, p["OPV_BASE_MAX_MIN_WAGE"] * wage) * p["OPV_RATE"]
    vosms = min(gross, p["VOSMS_BASE_MAX_MIN_WAGE"] * wage) * p["VOSMS_RATE"]
    taxable = max(Decimal(0), gross - opv - vosms - p["IIT_STD_DEDUCTION_MCI"] * mci)
    if gross <= p["IIT_LOW_INCOME_THRESHOLD_MCI"] * mci:
        taxable *= 1 - p["IIT_LOW_INCOME_RELIEF"]

    so_base = min(max(gross - opv, p["SO_BASE_MIN_MIN_WAGE"] * wage), p["SO_BASE_MAX_MIN_WAGE"] * wage)
    so = so_base * p["SO_RATE"]
    social_base = max(gross - opv - vosms, p["SOCIAL_TAX_BASE_MIN_MCI"] * mci)
    social_tax = max(Decimal(0), social_base * p["SOCIAL_TAX_RATE"] - so * p["SOCIAL_TAX_OFFSET_BY_SO"])
    opvr = min(gross, p["OPVR_BASE_MAX_MIN_WAGE"] * wage) * p["OPVR_RATE"] if born_since_1975 else Decimal(0)

    return Payslip(
        gross=gross_tiyn,
        opv=_whole(opv),
        vosms=_whole(vosms),
        iit=_whole(taxable * p["IIT_RATE"]),
        so=_whole(so),
        oosms=_whole(min(gross, p["OOSMS_BASE_MAX_MIN_WAGE"] * wage) * p["OOSMS_RATE"]),
        opvr=_whole(opvr),
        social_tax=_whole(social_tax),
    )


def _whole(tiyn: Decimal) -> int:
    return int(tiyn.quantize(Decimal(1), ROUND_HALF_UP))
