"""Wages, what is withheld and what the employer adds."""

from dataclasses import dataclass, fields
from datetime import date

from erp.base.money import allocate
from qazyna.demonstration.days import MONTH, days_later, working_day
from qazyna.demonstration.desk import Desk
from qazyna.demonstration.model import Line, Side
from qazyna.demonstration.payroll import Payslip, parameters, payslip

_TEACHING = {"teachers", "educators", "coaches"}
_RAISE = {
    2022: {"civil": 69, "technical": 71, **dict.fromkeys(_TEACHING, 73), "": 72},
    2023: {"civil": 80, "technical": 83, **dict.fromkeys(_TEACHING, 91), "": 85},
    2024: {"civil": 92, "technical": 97, **dict.fromkeys(_TEACHING, 95), "": 93},
    2025: {"": 100},
    2026: {"civil": 116, "technical": 104, "": 107},
}
"""Pay in per cent of that of 2025.  Teachers' pay grew by a quarter in 2023, the other budget pay with the average
wage; 116 for civil servants was announced, the rest is invented."""

_SUMMER_LEAVE = {6: 55, 7: 100, 8: 40}
"""Per cent of a teacher's summer months that are leave."""

_SICK = (6, 7, 5, 3, 2, 1, 1, 1, 3, 4, 5, 6)
"""Per cent of the staff that are ill for some days, by month."""

_WITHHELD = {"iit": "3121", "opv": "3142", "vosms": "3143", "writs": "3145", "union": "3146"}
_CHARGED = {
    "social_tax": ("7040", "3122", "121"),
    "so": ("7040", "3141", "122"),
    "oosms": ("7040", "3143", "124"),
    "opvr": ("7030", "3144", "116"),
}


@dataclass(slots=True)
class Sheet:
    """Sums of a pay sheet, one category of staff; tiyn."""

    wages: int = 0
    leave: int = 0
    sick: int = 0
    allowance: int = 0
    iit: int = 0
    opv: int = 0
    vosms: int = 0
    writs: int = 0
    union: int = 0
    social_tax: int = 0
    so: int = 0
    oosms: int = 0
    opvr: int = 0

    def add(self, slip: Payslip) -> None:
        for name in ("iit", "opv", "vosms", "social_tax", "so", "oosms", "opvr"):
            setattr(self, name, getattr(self, name) + getattr(slip, name))

    @property
    def gross(self) -> int:
        return self.wages + self.leave + self.sick + self.allowance

    @property
    def net(self) -> int:
        return self.gross - self.iit - self.opv - self.vosms - self.writs - self.union


def payroll(desk: Desk, month: date) -> None:
    """Wages, what is withheld and what the employer adds; paid within the month or after it, taxes the month after.

    December is paid in December: the plan of the year lapses with it.
    """
    december = month.month == 12
    accrued_on = working_day(month, 19 if december else 25)
    sheets = pay_sheets(desk, month)
    wages_due = Side("3241")
    for category, sheet in sheets.items():
        texts = {"month": month, "category": desk.say(category)}
        for what, specific in (("wages", "111"), ("leave", "111"), ("sick", "111"), ("allowance", "113")):
            accrual = Line(desk.expense("7010", specific), wages_due, getattr(sheet, what))
            desk.write(accrued_on, "MO-05", desk.say(what, **texts), accrual, series="sheet")

    total = Sheet(*(sum(getattr(s, f.name) for s in sheets.values()) for f in fields(Sheet)))
    withheld = (
        Line(wages_due, Side(account), getattr(total, what), desk.say(what)) for what, account in _WITHHELD.items()
    )
    desk.write(accrued_on, "MO-05", desk.say("withheld", month=month), *withheld, series="sheet")
    for what, (expense, payable, specific) in _CHARGED.items():
        line = Line(desk.expense(expense, specific), Side(payable), getattr(total, what))
        desk.write(accrued_on, "MO-05", desk.say("charged", month=month, what=desk.say(what)), line, series="sheet")

    next_month = month + MONTH
    later = desk.pays_next_month and not december
    paid_on = working_day(next_month, 4) if later else days_later(accrued_on, 2)
    banks = ("bank_a", "bank_b")
    by_bank = zip(allocate(total.net - total.allowance, (7, 3)), allocate(total.allowance, (7, 3)), strict=True)
    for bank, (wages, allowance) in zip(banks, by_bank, strict=True):
        desk.pay(
            paid_on,
            desk.say("wages_paid", month=month, bank=desk.say(bank)),
            Line(wages_due, desk.plan("111"), wages),
            Line(wages_due, desk.plan("113"), allowance),
        )
    tax_day = desk.luck(month, "taxes").between(10, 19)
    taxes_on = working_day(month, 26) if december else working_day(next_month, tax_day)
    for what, account in _WITHHELD.items():
        memo = desk.say("transferred", month=month, what=desk.say(what))
        on = paid_on if what in ("writs", "union") else taxes_on
        desk.pay(on, memo, Line(Side(account), desk.plan("111"), getattr(total, what)))
    for what, (_, payable, specific) in _CHARGED.items():
        memo = desk.say("transferred", month=month, what=desk.say(what))
        desk.pay(taxes_on, memo, Line(Side(payable), desk.plan(specific), getattr(total, what)))


def pay_sheets(desk: Desk, month: date) -> dict[str, Sheet]:
    """Pay sheets of the month by category of staff."""
    luck = desk.luck(month, "payroll")
    sheets = {category: Sheet() for category in desk.who.staff}
    known, raises = parameters(month.year), _RAISE[month.year]
    lowest, most_sick = int(known["MIN_WAGE"]) * 100, int(known["SICK_PAY_CAP_MCI"] * known["MCI"]) * 100
    for worker in desk.workers:
        pay = max(worker.pay_tiyn * raises.get(worker.category, raises[""]) // 100, lowest)
        earned = max(luck.vary(pay, 5), lowest)
        leave_month = 6 if worker.category in _TEACHING else worker.leave_month
        if worker.category in _TEACHING:
            leave = earned * _SUMMER_LEAVE.get(month.month, 0) // 100
        else:
            leave = earned * 85 // 100 if month.month == leave_month else 0
        allowance = pay * (2 if worker.category == "civil" else 1) if month.month == leave_month else 0
        missed = earned * luck.between(3, 9) // 21 if not leave and luck.happens(_SICK[month.month - 1]) else 0
        sick = min(missed, most_sick)
        slip = payslip(earned - missed + sick + allowance, month.year, born_since_1975=worker.born_since_1975)
        sheet = sheets[worker.category]
        sheet.wages += earned - leave - missed
        sheet.sick += sick
        sheet.leave += leave
        sheet.allowance += allowance
        sheet.add(slip)
        sheet.writs += slip.net // 4 if worker.pays_alimony else 0
        sheet.union += slip.gross // 100 if worker.in_union else 0
    return sheets
