"""What comes late, is found later or was never billed: bills after a close, of an earlier year, reconciled."""

from datetime import date

from qazyna.demonstration.days import BEGINNING, MONTH, days_later, working_day
from qazyna.demonstration.desk import Desk
from qazyna.demonstration.model import Line, Side, Stage


def bill_after_close(desk: Desk, month: date) -> None:
    """A bill that comes when its month is closed, so that the month, or for December the year, is opened again."""
    if month != desk.who.reopened:
        return
    on, supplier, tiyn = working_day(month, 26), desk.supplier("training"), 21_400_000
    owed, number = Side("3210", counterparty=supplier.code), desk.paper_number(month, "after close")
    texts = {"what": desk.say("training"), "supplier": desk.named(supplier), "number": number}
    accrual, memo = Line(desk.expense("7140", "159"), owed, tiyn), desk.say("billed", month=month, **texts)
    desk.write(on, "MO-06", memo, accrual, number=number, stage=Stage.REOPENED)
    payment = Line(owed, desk.plan("159"), tiyn)
    desk.pay(working_day(month + MONTH * 2, 9), desk.say("bill_paid", **texts), payment)


def reconciled(desk: Desk, month: date) -> None:
    """At the end of a year heat is found to have been billed too low: added in December by the chief accountant,
    once others may post there no more, and paid from the next year's plan."""
    luck = desk.luck(month, "reconciled")
    if month.month != 12 or not luck.happens(45):
        return
    supplier, tiyn = desk.supplier("heat"), luck.between(1200, 6000) * desk.who.area
    owed, texts = Side("3210", counterparty=supplier.code), {"what": desk.say("heat"), "supplier": desk.named(supplier)}
    accrual = Line(desk.expense("7080", "151"), owed, tiyn)
    memo = desk.say("reconciled", month=month, **texts)
    desk.write(working_day(month, 31), "MO-16", memo, accrual, series="memo", stage=Stage.ADJUSTMENT)
    memo = desk.say("reconciled_paid", year=month.year, **texts)
    desk.pay(working_day(month + MONTH, 24), memo, Line(owed, desk.plan("151"), tiyn))


def late_bill(desk: Desk, month: date) -> None:
    """A bill of the closed year that came too late: through the result of previous years, and paid."""
    luck = desk.luck(month, "late bill")
    if month.month != 2 or month.year == BEGINNING.year or not luck.happens(30):
        return
    what = luck.pick(("copiers", "vehicle_care" if desk.who.vehicles else "alarm", "training"))
    on, supplier, tiyn = working_day(month, 12), desk.supplier(what), luck.between(38, 240) * 100_000
    owed, number = Side("3210", counterparty=supplier.code), desk.paper_number(on, "late bill")
    texts = {"what": desk.say(what), "supplier": desk.named(supplier), "number": number}
    memo = desk.say("late_bill", year=month.year - 1, **texts)
    desk.write(on, "MO-16", memo, Line(Side("5220"), owed, tiyn), number=number)
    desk.pay(days_later(on, 9), desk.say("bill_paid", **texts), Line(owed, desk.plan("159"), tiyn))
